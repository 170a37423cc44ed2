"""Columns of what comes as cells: their names by a header, rows by these names."""

from collections.abc import Iterable, Sequence
from itertools import islice

from sync2sys.readers import texts
from sync2sys.readers.base import (
    LONGEST_COLUMN,
    Limits,
    Read,
    Refused,
    Row,
    Unreadable,
    cell_too_long,
    too_many_columns,
)

#: Columns of a refused row that are told.
MOST_TOLD = 1000


def named(header: Sequence[str]) -> list[str]:
    """A name for each column: its own, or its number.

    A name that was there before gets a number, as `price (2)`.
    """
    if any(len(each) > LONGEST_COLUMN for each in header):
        raise Unreadable("FILE_COLUMNS", "A column's name has more than 1,000 characters. Is it the header?")
    names: list[str] = []
    used: set[str] = set()
    counts: dict[str, int] = {}
    for number, cell in enumerate(header, 1):
        name = own = " ".join(cell.split()) or str(number)
        while name in used:
            counts[own] = counts.get(own, 1) + 1
            name = f"{own} ({counts[own]})"
        used.add(name)
        names.append(name)
    return names


def numbered(count: int) -> list[str]:
    """The names of so many columns that have none."""
    return [str(number) for number in range(1, count + 1)]


def row(line: int, cells: Sequence[str], names: Sequence[str]) -> Read:
    """The row of cells, one for each column. More cells than columns may follow if they are empty."""
    if len(cells) > len(names) and not any(map(str.strip, cells[len(names) :])):
        cells = cells[: len(names)]
    if len(cells) != len(names):
        return wrong_number(line, len(cells), names, legible(cells, names))
    return Row(line, dict(zip(names, map(str.strip, cells), strict=True)))


def wrong_number(line: int, cells: int, names: Sequence[str], values: dict[str, str]) -> Refused:
    text = f"The row has {cells:,} cells, and there are {len(names):,} columns."
    return Refused(line, "wrong_number_of_cells", text, values)


def legible(cells: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """What can be read of a row of cells that is refused: the first ones, as far as they have columns."""
    return readable((name, cell.strip()) for name, cell in zip(names, cells, strict=False))


def readable(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Of the columns and texts of a refused row those that are short, and texts at all; some of many."""
    found = (each for each in values if all(len(part) <= LONGEST_COLUMN for part in each))
    return {name: text for name, text in islice(found, MOST_TOLD) if texts.is_legible(name + text)}


def check_lengths(line: int, cells: Sequence[str], limits: Limits) -> Refused | None:
    """What is wrong with a row that is long."""
    if len(cells) > limits.columns:
        return too_many_columns(line, limits)
    if any(len(each) > limits.cell_characters for each in cells):
        return cell_too_long(line, limits)
    return None
