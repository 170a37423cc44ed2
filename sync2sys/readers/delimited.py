"""CSV: cells between delimiters, some of them in quotes.

What stands in quotes may have line ends, so a quote that is never closed would swallow the rest of the file.
A row that went wrong over several lines is therefore refused by its first line alone, and reading goes on
with the second.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from operator import methodcaller
from typing import Literal

from sync2sys.readers import columns
from sync2sys.readers.base import (
    Limits,
    Read,
    Refused,
    Shape,
    Unreadable,
    begins,
    nul,
    row_too_long,
    unreadable_characters,
)
from sync2sys.readers.texts import HEAD, Lines, LineTooLong, is_legible, refuse_html, text

#: Characters of lines that are read again after a quote that was not closed, beyond twice those of the rows
#: so far: what happens with inches is that lines are read twice.
MOST_AGAIN = 4 * 1024 * 1024
#: Stands for a delimiter of several characters, of which Python's parser knows none. Nobody else uses it.
_STAND_IN = "\U0010fffc"
#: A limit of the whole process, so that of no file; the lines are counted before it is reached.
csv.field_size_limit(2**30)


def parsed(lines: Iterable[str], delimiter: str, quote: str, *, strict: bool = False) -> Iterator[list[str]]:
    """The rows of cells in these lines. Where `quote` is empty quotes mean nothing."""
    if len(delimiter) > 1:
        # A map goes on after an error, as a generator would not.
        short = map(methodcaller("replace", delimiter, _STAND_IN), lines)
        return map(partial(_restored, delimiter), parsed(short, _STAND_IN, quote, strict=strict))
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=delimiter, quotechar=quote or None, quoting=quoting, strict=strict)


def _restored(delimiter: str, cells: list[str]) -> list[str]:
    """The cells with the delimiters that stood in quotes."""
    return [each.replace(_STAND_IN, delimiter) for each in cells]


class Records:
    """Rows of cells, or why there are none, with the line each begins at."""

    def __init__(self, lines: Lines, shape: Shape, limits: Limits) -> None:
        self._lines, self._shape, self._limits = lines, shape, limits
        self._reader = self._parsed(lines, strict=True)
        self._again = self._passed = 0
        self.line = 0
        #: of a row that is refused, as far as they can be told
        self.cells: list[str] = []

    def _parsed(self, lines: Iterator[str], *, strict: bool) -> Iterator[list[str]]:
        return parsed(lines, self._shape.delimiter, self._shape.quote, strict=strict)

    def __iter__(self) -> Iterator[list[str] | Refused]:
        return self

    def __next__(self) -> list[str] | Refused:
        self._passed += self._lines.length
        self.line, self.cells = self._lines.begin(), []
        try:
            cells = next(self._reader)
        except LineTooLong:
            return self.refused_by_first(row_too_long(self.line, self._limits))
        except csv.Error:
            return self._leniently()
        return self._checked(cells)

    def _checked(self, cells: list[str]) -> list[str] | Refused:
        for line in self._lines.taken:
            if not is_legible(line):
                self.cells = cells
                return nul(self.line) if "\0" in line else unreadable_characters(self.line, line)
        if len(cells) > self._limits.columns or self._lines.length > self._limits.cell_characters:
            return columns.check_lengths(self.line, cells, self._limits) or cells
        return cells

    def _leniently(self) -> list[str] | Refused:
        """A row whose quotes are not as they should be: one line with inches in it may still be read."""
        taken = self._lines.taken
        if len(taken) == 1 and not self._lines.ended:
            return self._checked(next(self._parsed(iter(taken), strict=False)))
        return self.refused_by_first(self._not_closed())

    def _not_closed(self) -> Refused:
        first = self._lines.taken[0]
        start = begins(first)
        self.cells = next(self._parsed(iter([first]), strict=False))
        return Refused(
            self.line, "quote_not_closed", f'A quote in this row is not closed. The row begins: "{start}"'
        )

    def refused_by_first(self, refused: Refused) -> Refused:
        """The first line of the row as refused; the others are read anew."""
        before = self._lines.length
        self._lines.put_back()
        self._again += before - self._lines.length
        if self._again > MOST_AGAIN + 2 * self._passed:
            raise Unreadable(
                "FILE_QUOTES",
                f"Too many quotes are not closed, the last one in line {self.line}. "
                "If quotes mean nothing in this file, say so.",
            )
        return refused

    @property
    def spans_lines(self) -> bool:
        """Whether the last row has line ends in it."""
        return len(self._lines.taken) > 1


def rows(stream: io.BufferedReader, shape: Shape, limits: Limits) -> Iterator[Read]:
    """The rows of a CSV file, without those in which all is blank."""
    wrapped = text(stream, shape.encoding)
    refuse_html(stream.peek(HEAD))
    records = Records(Lines(wrapped, limits), shape, limits)
    names = _names(records, shape) if shape.header else []
    for cells in records:
        if isinstance(cells, Refused):
            yield replace(cells, values=columns.legible(records.cells, names))
        elif any(map(str.strip, cells)):
            names = names or columns.numbered(len(cells))
            yield _row(records, cells, names)


def header(stream: io.BufferedReader, shape: Shape, limits: Limits) -> list[str]:
    """The columns that the header names."""
    lines = Lines(text(stream, shape.encoding), limits)
    return _names(Records(lines, shape, limits), shape)


def _row(records: Records, cells: list[str], names: list[str]) -> Read:
    found = columns.row(records.line, cells, names)
    if isinstance(found, Refused) and records.spans_lines:
        return records.refused_by_first(found)
    return found


def _names(records: Records, shape: Shape) -> list[str]:
    for cells in records:
        if records.line < shape.header:
            continue
        if isinstance(cells, Refused):
            raise Unreadable("FILE_HEADER", f"The header in line {records.line} cannot be read. {cells.text}")
        if any(map(str.strip, cells)):
            return columns.named(cells)
    return []
