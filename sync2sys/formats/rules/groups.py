"""Values that have parts. Each part is a field of its own with a rule for what stands there."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sync2sys.formats.base import TEXTS, Context, Doubt, Field, Groups, Reader, Rule, checked
from sync2sys.formats.rules.texts import text

Parts = tuple[Field, ...]
#: Makes the field of a name with a rule, columns, and whatever else there is to it.
Make = Callable[..., Field]
#: The texts of each group's parts, in their order.
Rows = Iterable[Sequence[str]]


def part(name: str, limit: int | None = None, rule: Rule = text, *beside: str, need: bool = True) -> Field:
    """A part of a group; `beside`: columns that its rule wants; `need`: without it there is no group."""
    return Field(name, rule, beside, limit=limit, required=need)


def grouped(make: Make, name: str, *parts: Field, total: int = sys.maxsize, **more: Any) -> Field:
    """A field of groups that is there on demand; `total`: characters of all of them."""
    beside = dict.fromkeys(column for each in parts for column in each.source)
    names = tuple(each.name for each in parts)
    rule = groups(parts, total)
    return make(name, rule, *beside, on_demand=True, parts=names, **{"times": 1, "join": TEXTS} | more)


def found_groups(
    make: Make,
    name: str,
    find: Callable[..., Rows],
    column: str,
    *parts: Field,
    total: int = sys.maxsize,
    **more: Any,
) -> Field:
    """A field of groups that are found in a column, or mapped."""
    names = tuple(each.name for each in parts)
    more |= {"mapped": groups(parts, total), "parts": names, "join": TEXTS}
    return make(name, groups_of(find, parts, total), column, **more)


def groups(parts: Parts, total: int = sys.maxsize) -> Rule:
    """A rule for mapped texts, each one group with colons between its parts; `total`: characters in all."""

    def split(texts: Sequence[str]) -> list[list[str]]:
        # What is behind the last colon may have colons itself.
        return [text.split(":", len(parts) - 1) for text in texts]

    rule = groups_of(split, parts, total)
    rule.__doc__ = f"Texts such as {':'.join(map(_told, parts))}; what does not fit is left out."
    return rule


def _told(part: Field) -> str:
    named = f"{part.name} (at most {part.limit})" if part.limit else part.name
    return named if part.required else f"[{named}]"


def groups_of(find: Callable[..., Rows], parts: Parts, total: int = sys.maxsize) -> Rule:
    """A rule for groups whose texts `find` finds in the first column."""

    def unusable(field: Field, context: Context) -> Doubt:
        return lambda column, *rest: "invalid" if find(column) else None

    def some_left_out(field: Field, context: Context) -> Doubt:
        read = rule(field, context)

        def doubt(column: Any, *rest: Any) -> str | None:
            rows, value = list(find(column)), read(column, *rest)
            if not isinstance(value, list) or len(value) == len(rows):
                return None
            return "too_many" if len(value) == field.times else "partly_invalid"

        return doubt

    @checked(doubt=unusable, remark=some_left_out)
    def rule(field: Field, context: Context) -> Reader:
        readers = [(part, part.rule(part, context)) for part in parts]

        def read(column: Any, *rest: Any) -> Groups | None:
            found = (_group(row, readers, rest) for row in find(column))
            return list(_fitting(filter(None, found), field.times, total)) or None

        return read

    rule.__doc__ = find.__doc__
    return rule


def _group(
    row: Sequence[str], readers: list[tuple[Field, Reader]], rest: tuple[Any, ...]
) -> dict[str, str] | None:
    """The parts that have a value; None where one that must have one has none, or none has any."""
    group: dict[str, str] = {}
    for place, (part, read) in enumerate(readers):
        found = row[place].strip() if place < len(row) else ""
        # In a cell nothing would be left of it.
        found = found if found.strip(": ") else ""
        value = read(found, *(rest if part.source else ())) if found else None
        if value is not None:
            group[part.name] = str(value)
        elif found or part.required:
            return None
    return group or None


def _fitting(groups: Iterable[dict[str, str]], times: int | None, total: int) -> Iterator[dict[str, str]]:
    for group in islice(groups, times):
        total -= sum(map(len, group.values()))
        if total < 0:
            return
        yield group
