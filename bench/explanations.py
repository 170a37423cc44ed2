"""What it costs that a render says of each item what is wrong with it.

The same items are rendered and packed by the real renderer and by one whose fields have nothing to say:
no value is recommended, and no rule can doubt. Both make the same bytes, which is asserted. The real
one also finds all reasons of what is left out, and makes the text that is stored. As in `render` the rows
come from SQLite: reading them is a part of every render.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from bench import turns
from bench.render import CONTEXT, Make, Result, catalogue, grouped, stored
from sync2sys.formats import FORMATS, parts
from sync2sys.formats.base import Checked, Format, Item, Rule
from sync2sys.formats.renderer import Renderer

ITEMS = 12_000
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
    makers = {
        "with": _speaking(Renderer(format, CONTEXT)),
        "without": _silent(Renderer(silent(format), CONTEXT)),
    }
    for group in grouped(rows()):
        made = [make(group) for make in makers.values()]
        assert made[0] == made[1], "the silent renderer does not write the same"
    with stored(rows()) as read:
        took = turns.seconds(makers, lambda: grouped(read()))
    return took["with"] / took["without"] - 1


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
