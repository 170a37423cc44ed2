"""What it costs that a render says of each item what is wrong with it.

The same items are rendered and packed by the real renderer and by one whose fields have nothing to say:
no value is recommended, and no rule can doubt. Both make the same bytes, which is asserted. The real
one also finds all reasons of what is left out, and makes the text that is stored.

They take turns a block of a few milliseconds at a time, and of each block the best of several rounds
counts: whatever else runs on the machine disturbs some blocks of some rounds, never all of one.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import orjson

from bench.render import CONTEXT, Make, Result, catalogue, grouped
from sync2sys.formats import FORMATS, parts
from sync2sys.formats.base import Checked, Format, Item, Rule
from sync2sys.formats.renderer import Renderer

ITEMS, ROUNDS = 12_000, 6
#: Chunks in a block.
BLOCK = 16
SHOWN = ("google", "meta", "openai")
#: How every few items of a catalogue with faults are spoilt: which, and how.
FAULTS: tuple[tuple[int, dict[str, object]], ...] = (
    (3, {"gtin": ""}),
    (7, {"gtin": "4006381333932"}),
    (9, {"brand": ""}),
    (11, {"title": "Word " * 60}),
    (40, {"variant_published": 0}),
    (50, {"price": None}),
)
#: Columns that the rows do not have.
MORE = (None,) * len(Item._field_defaults)
PLACES = {name: place for place, name in enumerate(Item._fields)}


def run() -> Iterator[Result]:
    """Yield (what, measured, requirement, whether it is met)."""
    for name in SHOWN:
        for state, rows in (("no item", _clean), ("half of the items", _faulty)):
            cost = _cost(FORMATS[name], rows)
            what = f"{name}: explanations where something is wrong with {state}"
            yield what, f"{cost:.0%} of a render without", "at most 30%", cost <= 0.3


def _clean() -> Iterator[tuple]:
    return catalogue(ITEMS)


def _faulty() -> Iterator[tuple]:
    return map(_spoilt, range(ITEMS), catalogue(ITEMS))


def _spoilt(number: int, row: tuple) -> tuple:
    changed = list(row)
    for every, columns in FAULTS:
        if number % every == 0:
            for name, value in columns.items():
                changed[PLACES[name]] = value
    return tuple(changed)


def _cost(format: Format, rows: Callable[[], Iterator[tuple]]) -> float:
    makers = (_speaking(Renderer(format, CONTEXT)), _silent(Renderer(silent(format), CONTEXT)))
    best: dict[tuple[int, Make], float] = {}
    for turn in range(ROUNDS):
        # Each gets new objects, as from a database: nothing has been worked out about them.
        streams = {make: grouped(rows()) for make in makers}
        for no in range(ITEMS):
            blocks = {make: list(islice(stream, BLOCK)) for make, stream in streams.items()}
            if not all(blocks.values()):
                break
            made = {}
            for make in makers if (turn + no) % 2 else reversed(makers):
                start = time.process_time()
                made[make] = [make(group) for group in blocks[make]]
                took = time.process_time() - start
                best[no, make] = min(took, best.get((no, make), took))
            assert made[makers[0]] == made[makers[1]], "the silent renderer does not write the same"
    with_words, without = (sum(took for (_, each), took in best.items() if each is make) for make in makers)
    return with_words / without - 1


def _speaking(renderer: Renderer) -> Make:
    def make(group: list[tuple]) -> bytes:
        text, left_out, notes = renderer.chunk(group)
        reasons = {row[0]: renderer.reasons(Item._make(row + MORE)) for row in left_out}
        orjson.dumps(notes), orjson.dumps(reasons)
        return parts.pack(text).data

    return make


def _silent(renderer: Renderer) -> Make:
    return lambda group: parts.pack(renderer.chunk(group).text).data


def silent(format: Format) -> Format:
    """The format without anything to be said about an item."""
    fields = [replace(field, recommended=False, rule=_mute(field.rule)) for field in format.fields]
    return replace(format, fields=tuple(fields))


def _mute(rule: Rule) -> Rule:
    return rule.rule if isinstance(rule, Checked) else rule
