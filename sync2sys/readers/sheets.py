"""XLSX: the rows of one sheet, from the XML in the zip, one after the other.

Numbers are told as they are kept, which for dates is a number of days; whether it is a date the reader of the
column knows better than the sheet's styles. Formulas are told by their last result.
"""

import io
import re
import tempfile
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from posixpath import join, normpath
from typing import BinaryIO

from sync2sys.readers import columns, sources, texts
from sync2sys.readers.base import (
    Limits,
    Read,
    Refused,
    Row,
    Shape,
    Unreadable,
    cell_too_long,
    nul,
    row_too_long,
    too_many_columns,
    unreadable_characters,
)
from sync2sys.readers.markup import MARK, Document
from sync2sys.readers.sources import Counted

_WORKBOOK = "xl/workbook.xml"
#: Bytes of the parts that only name others.
_SMALL = Limits(inflated_bytes=8 * 1024 * 1024)
_MOST_SHEETS = 1000
#: Where Excel ends.
_LAST_ROW = 1_048_576
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LETTERS = re.compile(r"[A-Z]{1,3}")
#: Digits that a spreadsheet's number is good for.
_DIGITS = 15


class _Parts:
    """The files in an XLSX that are needed, each with its bytes counted."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._box = sources.archive(file, limits)
        self._packed = file.seek(0, io.SEEK_END)
        self._limits = limits
        names = {each.filename.lower().lstrip("/"): each for each in self._box.infolist()}
        self._names = names
        # What the zip says of itself is cheap to look at; while it is inflated it is counted all the same.
        sources.check_size(sum(each.file_size for each in names.values()), self._packed, limits)

    def has(self, name: str) -> bool:
        return name.lower() in self._names

    @contextmanager
    def open(self, name: str, limits: Limits | None = None) -> Iterator[io.TextIOWrapper]:
        """One of them as text."""
        member = self._names.get(name.lower())
        if member is None:
            raise Unreadable("FILE_NOT_XLSX", f"The Excel file has no {name}. Save it again as .xlsx.")
        with sources.entered(self._box, member) as inner:
            counted = Counted(inner, self._packed, "Excel file", limits or self._limits)
            with io.BufferedReader(counted, sources.CHUNK) as stream:
                yield io.TextIOWrapper(stream, "utf-8", errors=texts.ERRORS, newline="")


def _local(name: str) -> str:
    """A tag without the prefix that some programs write."""
    return name.rpartition(":")[2] if ":" in name else name


def _tags(parts: _Parts, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """All tags of a small part."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        found.append((_local(tag), {_local(each): value for each, value in attributes.items()}))
        if len(found) > 100_000:
            raise Unreadable("FILE_NOT_XLSX", f"The part {name} of the Excel file is too large.")

    with parts.open(name, _SMALL) as stream:
        for _ in Document(start, lambda _: None, lambda _: None).feed(stream):
            pass
    return iter(found)


def _related(parts: _Parts) -> dict[str, tuple[str, str]]:
    """What the workbook consists of: id -> kind, name."""
    found = {}
    for tag, attributes in _tags(parts, "xl/_rels/workbook.xml.rels"):
        if tag == "Relationship":
            target = attributes.get("Target", "")
            name = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
            found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], name)
    return found


def _sheets(parts: _Parts, related: dict[str, tuple[str, str]]) -> dict[str, str]:
    """The sheets that have cells: name -> part, those that can be seen first."""
    found: list[tuple[bool, str, str]] = []
    for tag, attributes in _tags(parts, _WORKBOOK):
        kind, part = related.get(attributes.get("id", ""), ("", ""))
        if tag == "sheet" and kind == "worksheet":
            found.append((attributes.get("state", "visible") != "visible", attributes.get("name", ""), part))
    return {name: part for _, name, part in sorted(found[:_MOST_SHEETS], key=lambda each: each[0])}


class _Strings:
    """The texts that cells share, on disk: there may be as many of them as cells."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._ends = array("Q", [0])
        self.text = lru_cache(4096)(self._text)

    def add(self, text: str) -> None:
        data = text.encode()
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def _text(self, number: int) -> str:
        if not 0 <= number < len(self._ends) - 1:
            raise Unreadable("FILE_NOT_XLSX", "The Excel file lacks the text of a cell. Save it again.")
        self._file.seek(self._ends[number])
        return self._file.read(self._ends[number + 1] - self._ends[number]).decode()

    def close(self) -> None:
        self._file.close()


class _StringTable:
    """Reads the shared texts: each may consist of several runs, and of readings that are no part of it."""

    def __init__(self, strings: _Strings, limits: Limits) -> None:
        self._strings, self._longest = strings, limits.cell_characters
        self._runs: list[str] = []
        self._length = 0
        self._path: list[str] = []
        self.document = Document(self._start, self._end, self._data)

    def _start(self, tag: str, _: dict[str, str]) -> None:
        self._path.append(_local(tag))
        if len(self._path) > 20:
            raise Unreadable("FILE_TOO_DEEP", "Elements of the Excel file are nested too deeply.")

    def _data(self, text: str) -> None:
        # One that is too long is kept up to where its cell is seen to be so.
        if self._path[-1] == "t" and "rPh" not in self._path and self._length <= self._longest:
            self._runs.append(text[: self._longest + 1])
            self._length += len(text)

    def _end(self, _: str) -> None:
        if self._path.pop() == "si":
            self._strings.add(_unescaped("".join(self._runs)))
            self._runs, self._length = [], 0


def _unescaped(text: str) -> str:
    """Characters that XML cannot have are written `_x000D_`."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: _character(int(found[1], 16)), text)


def _character(code: int) -> str:
    return MARK if 0xD800 <= code <= 0xDFFF else chr(code)


def number(text: str) -> str:
    """A number as a spreadsheet keeps it, as a person writes it.

    `4.006381333931E12` and `4006381333931.0` are 4006381333931, `19.989999999999998` is 19.99: fifteen digits
    are what spreadsheets keep and show. What is larger than that is told as it stands, and so is
    `4.00638E+12`: digits that are not there are not made up.
    """
    if len(text) <= _DIGITS and text.isascii() and text.isdecimal():
        return text
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text
    if exact.is_zero():
        return "0"
    # A positive exponent is left where not all digits before the point are written.
    if not exact.is_finite() or not -20 <= exact.adjusted() < _DIGITS or int(exact.as_tuple().exponent) > 0:
        return text
    rounded = format(Decimal(f"{exact:.{_DIGITS - 1}e}"), "f")
    return (rounded.rstrip("0").rstrip(".") if "." in rounded else rounded) or "0"


@lru_cache(2000)
def _place(letters: str) -> int:
    """Where the column of these letters is, from 0: `C` -> 2; -1 for what is no column."""
    if not _LETTERS.fullmatch(letters):
        return -1
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


class _Sheet:
    """Reads the cells of a sheet. `done` has the rows that are complete: number, cells by their place."""

    def __init__(self, text: Callable[[int], str], limits: Limits) -> None:
        self._text_of, self._limits = text, limits
        self.document = Document(self._start, self._end, self._data)
        self.done: list[tuple[int, dict[int, str] | Refused]] = []
        self._row = self._place = self._size = self._length = self._depth = 0
        self._cells: dict[int, str] = {}
        self._refused: Refused | None = None
        self._kind = "n"
        self._value: list[str] = []
        self._in_value = self._in_reading = False

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self._limits.depth:
            raise Unreadable("FILE_TOO_DEEP", "Elements of the Excel file are nested too deeply.")
        name = _local(tag)
        if name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t"):
            self._in_value = not self._in_reading
        elif name == "row":
            self._begin_row(attributes.get("r", ""))
        elif name == "rPh":
            self._in_reading = True

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._kind = attributes.get("t", "n")
        # Some programs write no references; then cells follow each other.
        place = _place(attributes["r"].rstrip("0123456789")) if "r" in attributes else -1
        self._place = self._place + 1 if place < 0 else place
        self._value, self._length = [], 0

    def _begin_row(self, number: str) -> None:
        after = self._row + 1
        self._row = max(after, int(number)) if number.isdecimal() and len(number) < 8 else after
        if self._row > _LAST_ROW:
            raise Unreadable("FILE_TOO_LARGE", f"The sheet has more than {_LAST_ROW:,} rows.")
        self._cells, self._refused, self._place, self._size = {}, None, -1, 0

    def _data(self, text: str) -> None:
        if self._in_value and self._refused is None:
            self._value.append(text)
            self._length += len(text)
            if self._length > self._limits.cell_characters:
                self._refuse(cell_too_long(self._row, self._limits))

    def _end(self, tag: str) -> None:
        self._depth -= 1
        name = _local(tag)
        if name in ("v", "t"):
            self._in_value = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self.done.append((self._row, self._refused or self._cells))
        elif name == "rPh":
            self._in_reading = False

    def _end_cell(self) -> None:
        kept = "".join(self._value).strip()
        self._value = []
        value = self._told(kept).strip() if kept else ""
        if not value or self._refused:
            return
        if self._place >= self._limits.columns:
            self._refuse(too_many_columns(self._row, self._limits))
            return
        self._size += len(value)
        if refused := self._objection(value):
            self._refuse(refused)
        else:
            self._cells[self._place] = value

    def _told(self, value: str) -> str:
        """What is kept for a cell of the kind that we are in."""
        if self._kind == "s":
            return self._text_of(int(value) if value.isdecimal() and len(value) < 10 else -1)
        if self._kind == "b":
            return {"1": "true", "0": "false"}.get(value, value)
        return number(value) if self._kind == "n" else _unescaped(value)

    def _objection(self, value: str) -> Refused | None:
        if len(value) > self._limits.cell_characters:
            return cell_too_long(self._row, self._limits)
        if self._size > self._limits.row_characters:
            return row_too_long(self._row, self._limits)
        if value.isascii():
            return nul(self._row) if "\0" in value else None
        return unreadable_characters(self._row) if MARK in value else None

    def _refuse(self, refused: Refused) -> None:
        self._refused = self._refused or refused
        self._cells, self._value = {}, []


@contextmanager
def _opened(
    path: Path, shape: Shape, limits: Limits
) -> Iterator[Iterator[tuple[int, dict[int, str] | Refused]]]:
    """The rows of the sheet that are not blank, from the header on."""
    with sources.seekable(path, shape, limits) as file:
        parts = _Parts(file, limits)
        related = _related(parts)
        part = _chosen(_sheets(parts, related), shape.sheet)
        with _shared(parts, related, limits) as strings:
            found = _cells(parts, part, strings, limits)
            yield ((line, cells) for line, cells in found if line >= shape.header and cells)


def rows(path: Path, shape: Shape, limits: Limits) -> Iterator[Read]:
    """The rows of a sheet, without those in which all is blank."""
    with _opened(path, shape, limits) as found:
        names = _header(found) if shape.header else columns.numbered(limits.columns)
        for line, cells in found:
            if isinstance(cells, Refused):
                yield cells
            elif max(cells) >= len(names):
                values = {names[place]: value for place, value in cells.items() if place < len(names)}
                yield columns.wrong_number(line, max(cells) + 1, names, values)
            else:
                yield Row(line, {names[place]: value for place, value in cells.items()})


def header(path: Path, shape: Shape, limits: Limits) -> list[str]:
    """The columns that the header names."""
    with _opened(path, shape, limits) as found:
        return _header(found)


def sheet_names(path: Path, shape: Shape, limits: Limits) -> list[str]:
    """The sheets that have cells, those that can be seen first."""
    with sources.seekable(path, shape, limits) as file:
        parts = _Parts(file, limits)
        return list(_sheets(parts, _related(parts)))


def _chosen(found: dict[str, str], name: str) -> str:
    if not found:
        raise Unreadable("FILE_EMPTY", "There is no sheet with cells in the Excel file.")
    if name and name not in found:
        names = ", ".join(each[:100] for each in list(found)[:10])
        raise Unreadable("FILE_NO_SHEET", f"There is no sheet {name}. The Excel file has: {names}.")
    return found[name or next(iter(found))]


@contextmanager
def _shared(parts: _Parts, related: dict[str, tuple[str, str]], limits: Limits) -> Iterator[_Strings]:
    """The texts that cells share, if they share any."""
    names = [name for kind, name in related.values() if kind == "sharedStrings" and parts.has(name)]
    strings = _Strings()
    try:
        if names:
            with parts.open(names[0]) as stream:
                for _ in _StringTable(strings, limits).document.feed(stream):
                    pass
        yield strings
    finally:
        strings.close()


def _cells(
    parts: _Parts, part: str, strings: _Strings, limits: Limits
) -> Iterator[tuple[int, dict[int, str] | Refused]]:
    sheet = _Sheet(strings.text, limits)
    with parts.open(part) as stream:
        for _ in sheet.document.feed(stream):
            yield from sheet.done
            sheet.done.clear()


def _header(found: Iterator[tuple[int, dict[int, str] | Refused]]) -> list[str]:
    for line, cells in found:
        if isinstance(cells, Refused):
            raise Unreadable("FILE_HEADER", f"The header in row {line} cannot be read. {cells.text}")
        return columns.named([cells.get(place, "") for place in range(max(cells) + 1)])
    return []
