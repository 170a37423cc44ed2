"""The steps that change a text on its way into a feed, as merchants define them: one JSON object each.

A step takes and gives text; what is blank afterwards is nothing, and no further step sees it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as Arithmetic
from typing import Any, NamedTuple

from sync2sys.formats import definitions, sources
from sync2sys.formats.definitions import BadDefinition, below, quoted
from sync2sys.formats.sources import LONGEST, Row, Scope
from sync2sys.formats.text import plain, shorten

#: Steps after one another.
MOST_STEPS = 20
#: Characters of each text in a step, and entries of a list of values.
LONGEST_TEXT, MOST_ENTRIES = 500, 2_000

_DECIMALS = Decimal("1e-12")
_EXACT = Arithmetic(prec=60, rounding=ROUND_HALF_UP)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?:^|[.!?]\s)\W{0,5}\w")


class Change(NamedTuple):
    """A step made ready."""

    words: str
    apply: Callable[[str, Row], str]


class Step(NamedTuple):
    """What a step did to one item's value, for the owner to see."""

    #: in words
    what: str
    before: str | None
    after: str | None


#: Makes a step from what its definition says: the value under its name, the scope, the value's path.
Maker = Callable[[Any, Scope, str], Change]


def parse(spec: Any, scope: Scope, path: str, makers: Mapping[str, Maker]) -> list[Change]:
    """The steps of a list; `makers`: the name of each step there is -> what makes it."""
    found = definitions.several(spec, path, MOST_STEPS, least=0)
    return [parse_step(step, scope, below(path, place), makers) for place, step in enumerate(found)]


def parse_step(spec: Any, scope: Scope, path: str, makers: Mapping[str, Maker]) -> Change:
    """One step: an object with its name as the only key."""
    kind = definitions.single(spec, makers, path, "step")
    definitions.only(spec, (kind,), path)
    return makers[kind](spec[kind], scope, below(path, kind))


def kept(value: str | None) -> str | None:
    """The value as it goes on: no longer than `LONGEST`, None where it is blank."""
    if not value:
        return None
    if len(value) > LONGEST:
        value = value[:LONGEST]
    return None if value.isspace() else value


def run(changes: Sequence[Change], value: str | None, row: Row) -> str | None:
    """The value after all steps."""
    for change in changes:
        if value is None:
            return None
        value = kept(change.apply(value, row))
    return value


def trace(changes: Sequence[Change], value: str | None, row: Row) -> list[Step]:
    """What each step does, up to the one that leaves nothing."""
    done = []
    for change in changes:
        if value is None:
            break
        after = kept(change.apply(value, row))
        done.append(Step(change.words, value, after))
        value = after
    return done


def _replace(spec: Any, scope: Scope, path: str) -> Change:
    given = definitions.table(spec, path)
    definitions.only(given, ("find", "with"), path)
    find = definitions.text(given.get("find"), below(path, "find"), LONGEST_TEXT)
    by = definitions.text(given.get("with"), below(path, "with"), LONGEST_TEXT, shortest=0)
    # After so many the value is as long as it may become.
    most = LONGEST // len(by) + 1 if by else -1
    return Change(f"replace {quoted(find)} by {quoted(by)}", lambda value, row: value.replace(find, by, most))


def _title(value: str) -> str:
    return _WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), value)


def _sentence(value: str) -> str:
    return _SENTENCE.sub(lambda begin: begin[0].upper(), value.lower())


_CASES: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": _title,
    "sentence": _sentence,
}


def _case(spec: Any, scope: Scope, path: str) -> Change:
    turn = _CASES[definitions.known(spec, _CASES, path, "case")]
    return Change(f"{spec} case", lambda value, row: turn(value))


def _strip_html(spec: Any, scope: Scope, path: str) -> Change:
    if spec is not True:
        raise BadDefinition(path, "This can only be true. Remove the step where it is not wanted.")
    return Change("without HTML", lambda value, row: plain(value))


def _truncate(spec: Any, scope: Scope, path: str) -> Change:
    limit = definitions.whole(spec, path, 1, LONGEST)
    return Change(f"at most {limit} characters", lambda value, row: shorten(value, limit))


def _values(spec: Any, scope: Scope, path: str) -> Change:
    given = definitions.table(spec, path)
    if not 1 <= len(given) <= MOST_ENTRIES:
        raise BadDefinition(path, f"Give this 1 to {MOST_ENTRIES} values.")
    table: dict[str, str] = {}
    for found, instead in given.items():
        place = below(path, found)
        folded = definitions.text(found, place, LONGEST_TEXT).strip().casefold()
        if folded in table:
            raise BadDefinition(place, "This value stands here twice. Upper and lower case count as equal.")
        table[folded] = definitions.text(instead, place, LONGEST_TEXT, shortest=0)
    entries = "one value" if len(table) == 1 else f"{len(table)} values"
    return Change(f"looked up among {entries}", lambda value, row: table.get(value.strip().casefold(), value))


def _calculated(words: str, calculate: Callable[[Decimal], Decimal]) -> Change:
    """A step for numbers, which leaves anything else as it is."""

    def apply(value: str, row: Row) -> str:
        number = sources.number(value)
        if number is None:
            return value
        result = calculate(number)
        # So many decimals that the next step still knows it as a number.
        exponent = result.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -12:
            result = result.quantize(_DECIMALS, context=_EXACT)
        # Never "-0.00".
        return format(result if result else result.copy_abs(), "f")

    return Change(words, apply)


def _add(spec: Any, scope: Scope, path: str) -> Change:
    more = definitions.number(spec, path)
    words = f"minus {-more}" if more < 0 else f"plus {more}"
    return _calculated(words, lambda number: _EXACT.add(number, more))


def _multiply(spec: Any, scope: Scope, path: str) -> Change:
    factor = definitions.number(spec, path)
    return _calculated(f"times {factor}", lambda number: _EXACT.multiply(number, factor))


def _round(spec: Any, scope: Scope, path: str) -> Change:
    kind = definitions.single(spec, ("to", "ending"), path, "way of rounding")
    definitions.only(spec, (kind,), path)
    place = below(path, kind)
    size = definitions.number(spec[kind], place)
    return _round_to(size, place) if kind == "to" else _round_ending(size, place)


def _round_to(size: Decimal, path: str) -> Change:
    if size <= 0:
        raise BadDefinition(path, 'This should be more than zero, as "0.05".')
    return _calculated(
        f"rounded to {size}", lambda number: _EXACT.multiply(_nearest(_EXACT.divide(number, size)), size)
    )


def _round_ending(ending: Decimal, path: str) -> Change:
    """The nearest number above zero that ends so: `0.99` for any amount and 99 cents, `9.99` for 19.99."""
    if ending < 0:
        raise BadDefinition(path, 'This cannot be below zero. Write an ending as "0.99".')
    whole = int(ending)
    period = Decimal(10) ** len(str(whole)) if whole else Decimal(1)

    def calculate(number: Decimal) -> Decimal:
        if number <= 0:
            return number
        times = _nearest(_EXACT.divide(_EXACT.subtract(number, ending), period))
        return _EXACT.add(_EXACT.multiply(max(times, Decimal(0)), period), ending)

    return _calculated(f"rounded to end in {ending}", calculate)


def _nearest(number: Decimal) -> Decimal:
    return number.quantize(Decimal(1), context=_EXACT)


#: The name of each step that needs nothing but the value -> what makes it.
MAKERS: dict[str, Maker] = {
    "replace": _replace,
    "case": _case,
    "strip_html": _strip_html,
    "truncate": _truncate,
    "values": _values,
    "add": _add,
    "multiply": _multiply,
    "round": _round,
}
