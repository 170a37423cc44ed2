"""Which items a feed takes, as merchants define it: conditions in JSON.

    {"all": [condition, …]}, {"any": [condition, …]}, {"not": condition}
    {"field": "brand", "is": "Acme"}      or "attribute", "option", "meta" with a name

A leaf asks about the texts of one source; where that has several (categories, tags, images, an
attribute), one of them is enough. Texts are compared without regard to case, ids exactly.

    is, is_not            one of these texts; a text or a list
    contains, starts_with likewise
    under                 a category path and everything below it; a path or a list
    above, below          a number, not included
    between               [least, most], both included
    empty                 true or false
    in                    one of these ids; a list
"""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sync2sys.formats import definitions, sources
from sync2sys.formats.definitions import BadDefinition, below, quoted
from sync2sys.formats.paths import levels
from sync2sys.formats.sources import Row, Scope, Source
from sync2sys.formats.text import shorten

#: Conditions one in another, and in all.
DEEPEST, MOST_CONDITIONS = 10, 200
#: Texts one leaf compares with, parts it searches for, characters of each, and ids it knows.
MOST_TEXTS, MOST_PARTS, LONGEST_TEXT, MOST_IDS = 1_000, 50, 500, 10_000
#: Columns that hold category paths, and those that hold numbers.
PATHS = ("categories", "tags")
NUMBERS = ("price", "sale_price", "quantity", "weight")
#: Characters of a reason.
LONGEST_REASON = 500

Texts = Sequence[str]


class _Condition(NamedTuple):
    """A condition made ready."""

    words: str
    holds: Callable[[Row], bool]
    #: why an item is left out that should meet the condition (True) or should not (False), and does not obey
    reason: Callable[[Row, bool], str]


class _Test(NamedTuple):
    """What a leaf asks about the texts of its source."""

    words: str
    holds: Callable[[Texts], bool]


class Filter:
    """Tells which items are taken. Never raises, whatever an item holds."""

    def __init__(self, condition: _Condition, columns: tuple[str, ...]) -> None:
        self._condition = condition
        #: the columns it reads; what `takes` and `reason` are given, in this order
        self.columns = columns
        #: all of it, in one line
        self.words = shorten(condition.words, LONGEST_REASON)

    def takes(self, *columns: Any) -> bool:
        """Whether the item is taken."""
        return self._condition.holds(columns)

    def reason(self, *columns: Any) -> str:
        """The condition that leaves the item out, in words; empty for an item that is taken."""
        if self._condition.holds(columns):
            return ""
        return shorten(self._condition.reason(columns, True), LONGEST_REASON)


def parse(spec: Any, columns: Collection[str]) -> Filter:
    """The filter of this definition; `columns`: those it may read. Raises `BadDefinition`."""
    definitions.limit(spec)
    parser = _Parser(Scope(columns))
    condition = parser.condition(spec, "", 1)
    return Filter(condition, tuple(parser.scope.read))


class _Parser:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.conditions = 0

    def condition(self, spec: Any, path: str, depth: int) -> _Condition:
        self.conditions += 1
        if depth > DEEPEST:
            raise BadDefinition(path, f"This is nested too deeply. Keep to {DEEPEST} levels.")
        if self.conditions > MOST_CONDITIONS:
            raise BadDefinition(path, f"These are too many conditions. Keep to {MOST_CONDITIONS}.")
        kind = definitions.single(spec, _KINDS, path, "condition")
        if kind in sources.KINDS:
            return self._leaf(spec, kind, path)
        definitions.only(spec, (kind,), path)
        inside = below(path, kind)
        if kind == "not":
            return _not(self.condition(spec[kind], inside, depth + 1))
        # No conditions at all leave nothing out, but "any of nothing" would leave out everything.
        found = definitions.several(spec[kind], inside, MOST_CONDITIONS, least=1 if kind == "any" else 0)
        parts = [self.condition(each, below(inside, no), depth + 1) for no, each in enumerate(found)]
        return _all(parts) if kind == "all" else _any(parts)

    def _leaf(self, spec: Any, kind: str, path: str) -> _Condition:
        source = sources.find(kind, spec[kind], self.scope, below(path, kind))
        rest = {key: value for key, value in spec.items() if key != kind}
        how = definitions.single(rest, _TESTS, path, "comparison")
        definitions.only(rest, (how,), path)
        return _asked(source, _TESTS[how](rest[how], source, below(path, how)))


def _asked(source: Source, test: _Test) -> _Condition:
    words, texts, holds = f"{source.words} {test.words}", source.texts, test.holds

    def reason(row: Row, wanted: bool) -> str:
        found = ", ".join(map(quoted, texts(row)[:5])) or "nothing"
        return f"{_verdict(words, wanted)} This item has {found}."

    return _Condition(words, lambda row: holds(texts(row)), reason)


def _verdict(words: str, wanted: bool) -> str:
    return f"{'Wanted' if wanted else 'Left out'}: {words}."


def _not(part: _Condition) -> _Condition:
    holds, reason = part.holds, part.reason
    return _Condition(
        f"not ({part.words})", lambda row: not holds(row), lambda row, wanted: reason(row, not wanted)
    )


def _all(parts: list[_Condition]) -> _Condition:
    words = f"({' and '.join(part.words for part in parts)})" if parts else "everything"
    tests = [part.holds for part in parts]

    def holds(row: Row) -> bool:
        return all(test(row) for test in tests)

    def reason(row: Row, wanted: bool) -> str:
        if wanted:
            return next(part for part in parts if not part.holds(row)).reason(row, True)
        return _verdict(words, False)

    return _Condition(words, holds, reason)


def _any(parts: list[_Condition]) -> _Condition:
    words = f"({' or '.join(part.words for part in parts)})"
    tests = [part.holds for part in parts]

    def holds(row: Row) -> bool:
        return any(test(row) for test in tests)

    def reason(row: Row, wanted: bool) -> str:
        if wanted:
            return _verdict(words, True)
        return next(part for part in parts if part.holds(row)).reason(row, False)

    return _Condition(words, holds, reason)


def _texts(spec: Any, path: str, most: int = MOST_TEXTS) -> list[str]:
    """One text or a list of them, none of them blank."""
    listed = isinstance(spec, list)
    found = definitions.several(spec, path, most) if listed else [spec]
    places = [below(path, no) for no in range(len(found))] if listed else [path]
    texts = [definitions.text(each, place, LONGEST_TEXT) for each, place in zip(found, places, strict=True)]
    for text, place in zip(texts, places, strict=True):
        if text.isspace():
            raise BadDefinition(place, "This text is blank. Write something into it.")
    return texts


def _told(texts: Sequence[str]) -> str:
    """`"a", "b" or "c"`: the first few texts."""
    shown = [quoted(text) for text in texts[:3]]
    if len(texts) > 3:
        shown = [", ".join(shown), f"{len(texts) - 3} more"]
    return " or ".join(shown)


def _folded(text: str) -> str:
    return text.strip().casefold()


def _is(spec: Any, source: Source, path: str) -> _Test:
    texts = _texts(spec, path)
    wanted = frozenset(map(_folded, texts))
    return _Test(f"is {_told(texts)}", lambda found: any(_folded(text) in wanted for text in found))


def _is_not(spec: Any, source: Source, path: str) -> _Test:
    test = _is(spec, source, path)
    return _Test(test.words.replace("is ", "is not ", 1), lambda found: not test.holds(found))


def _contains(spec: Any, source: Source, path: str) -> _Test:
    texts = _texts(spec, path, MOST_PARTS)
    wanted = [text.casefold() for text in texts]

    def holds(found: Texts) -> bool:
        return any(part in text for text in map(str.casefold, found) for part in wanted)

    return _Test(f"contains {_told(texts)}", holds)


def _starts_with(spec: Any, source: Source, path: str) -> _Test:
    texts = _texts(spec, path)
    wanted = tuple(map(_folded, texts))
    return _Test(
        f"starts with {_told(texts)}", lambda found: any(_folded(text).startswith(wanted) for text in found)
    )


def _under(spec: Any, source: Source, path: str) -> _Test:
    if source.column not in PATHS:
        raise BadDefinition(path, f"Only {definitions.listed(PATHS)} have paths. Use another comparison.")
    texts = _texts(spec, path)
    wanted = {levels(text) for text in texts}
    if () in wanted:
        raise BadDefinition(path, 'This path has no names. Write it as "Shoes > Running".')
    depths = sorted({len(each) for each in wanted})

    def holds(found: Texts) -> bool:
        return any(each[:depth] in wanted for each in map(levels, found) for depth in depths)

    return _Test(f"is under {_told(texts)}", holds)


def _numeric(words: str, source: Source, path: str, fits: Callable[[Decimal], bool]) -> _Test:
    if source.column not in (*NUMBERS, *sources.OBJECTS.values()):
        raise BadDefinition(path, f"Only {definitions.listed(NUMBERS)} are numbers. Use another comparison.")

    def holds(found: Texts) -> bool:
        return any(fits(number) for number in map(sources.number, found) if number is not None)

    return _Test(words, holds)


def _above(spec: Any, source: Source, path: str) -> _Test:
    bound = definitions.number(spec, path)
    return _numeric(f"is above {bound}", source, path, lambda number: number > bound)


def _below(spec: Any, source: Source, path: str) -> _Test:
    bound = definitions.number(spec, path)
    return _numeric(f"is below {bound}", source, path, lambda number: number < bound)


def _between(spec: Any, source: Source, path: str) -> _Test:
    given = definitions.several(spec, path, 2, least=2)
    least, most = (definitions.number(each, below(path, no)) for no, each in enumerate(given))
    if least > most:
        raise BadDefinition(path, "The first number is more than the second. Swap them.")
    words = f"is from {least} to {most}"
    return _numeric(words, source, path, lambda number: least <= number <= most)


def _empty(spec: Any, source: Source, path: str) -> _Test:
    if not isinstance(spec, bool):
        raise BadDefinition(path, "This should be true or false.")
    return _Test("is empty", lambda found: not found) if spec else _Test("is not empty", bool)


def _in(spec: Any, source: Source, path: str) -> _Test:
    ids = set()
    for no, each in enumerate(definitions.several(spec, path, MOST_IDS)):
        whole = isinstance(each, int) and not isinstance(each, bool) and abs(each) < 10**18
        ids.add(str(each) if whole else definitions.name(each, below(path, no)))
    words = "is in a list of one" if len(ids) == 1 else f"is in a list of {len(ids)}"
    return _Test(words, lambda found: any(text.strip() in ids for text in found))


#: The name of each comparison -> what makes it, given its value, the source and the value's path.
_TESTS: dict[str, Callable[[Any, Source, str], _Test]] = {
    "is": _is,
    "is_not": _is_not,
    "contains": _contains,
    "starts_with": _starts_with,
    "under": _under,
    "above": _above,
    "below": _below,
    "between": _between,
    "empty": _empty,
    "in": _in,
}
_KINDS = ("all", "any", "not", *sources.KINDS)
