"""What every format is to the rest of the service: rows of text, and rows and files that cannot be read."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sync2sys.errors import Sync2SysError

FORMATS = ("csv", "xml", "json", "jsonl", "xlsx", "rss")
COMPRESSIONS = ("", "gzip", "zip")
#: Encodings a list may be in. No other one is ever used, whatever a file says: some of Python's would run
#: for ever or read what nobody wrote.
ENCODINGS = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be",
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1257",
    "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15", "iso-8859-16",
    "cp437", "cp850", "cp852", "koi8-r", "mac-roman", "gb18030", "shift_jis", "big5", "euc-kr", "ascii",
)  # fmt: skip
LONGEST_TEXT = 500
LONGEST_DELIMITER = 10
#: Characters of a column's name, path and all.
LONGEST_COLUMN = 1000
_MB = 1024 * 1024


class Unreadable(Sync2SysError):
    """A file that cannot be read as a whole. `code` is one of FILE_*, the message says what to do.

    It may come after rows: what is broken at its end is found there. Rows that came before are worth nothing.
    """

    status = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


class BadShape(Exception):
    """A shape that no file can have. `path`: which of its fields it is; `message`: what to do."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is to be read. JSON by `as_dict`, checked by `from_dict`."""

    format: str = "csv"
    #: one of ENCODINGS; empty: what the file itself says, else UTF-8. A byte order mark always beats it
    encoding: str = ""
    #: one character, or a few such as `||`
    delimiter: str = ","
    #: one character; empty: quotes mean nothing
    quote: str = '"'
    #: the line of the header, from 1; 0: there is none, and columns are called "1", "2", …
    header: int = 1
    #: names of elements or keys from the root to an item, as `products/product`; `*` is any name. Lists of
    #: JSON are not counted: their members stand where the list stands. Empty: the root
    item_path: str = ""
    #: empty: the first one
    sheet: str = ""
    compression: str = ""
    #: which file of a zip; may have `*`. Empty: the largest one that can be a list
    member: str = ""

    def as_dict(self) -> dict[str, Any]:
        """What JSON can keep."""
        return asdict(self)

    @classmethod
    def from_dict(cls, spec: Any) -> "Shape":
        """What `as_dict` made, or a person. Raises BadShape."""
        if not isinstance(spec, dict):
            raise BadShape("This should be an object, in braces.", "")
        kinds = {each.name: int if each.name == "header" else str for each in fields(cls)}
        for name, value in spec.items():
            if name not in kinds:
                raise BadShape("Remove this. There is no such field.", str(name)[:60])
            _check_kind(name, value, kinds[name])
        shape = cls(**spec)
        _check(shape)
        return shape


def _check_kind(name: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        what = "a whole number" if kind is int else "a text"
        raise BadShape(f"This should be {what}.", name)
    if isinstance(value, str) and (len(value) > LONGEST_TEXT or "\0" in value):
        raise BadShape(f"Keep to {LONGEST_TEXT} characters, none of them NUL.", name)


def _check(shape: Shape) -> None:
    if shape.format not in FORMATS:
        raise BadShape(f"This should be one of {', '.join(FORMATS)}.", "format")
    if shape.encoding and shape.encoding not in ENCODINGS:
        raise BadShape(f"This should be empty or one of {', '.join(ENCODINGS)}.", "encoding")
    if shape.compression not in COMPRESSIONS:
        raise BadShape("This should be empty, gzip or zip.", "compression")
    if not 0 < len(shape.delimiter) <= LONGEST_DELIMITER or {"\r", "\n"} & set(shape.delimiter):
        raise BadShape("This should be what stands between two cells, mostly one character.", "delimiter")
    if len(shape.quote) > 1 or shape.quote in ("\r", "\n", *shape.delimiter):
        raise BadShape("This should be one other character than the delimiter, or empty.", "quote")
    if not 0 <= shape.header <= 1000:
        raise BadShape("This should be a line from 1 to 1000, or 0 for none.", "header")
    if shape.item_path and not all(shape.item_path.split("/")):
        raise BadShape("This should be names with one / between them.", "item_path")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may be. Beyond those of rows, files and inflated bytes it is Unreadable,
    beyond the others a row is Refused.
    """

    rows: int = 1_000_000
    #: rows that cannot be read; with more of them the shape is wrong, or the file
    refused: int = 100_000
    inflated_bytes: int = 1024 * _MB
    #: of inflated bytes to the file's, looked at after so many inflated bytes
    ratio: int = 200
    ratio_after: int = 50 * _MB
    cell_characters: int = 1_000_000
    #: of all cells of one row
    row_characters: int = 2_000_000
    #: of one row
    lines: int = 10_000
    columns: int = 1000
    depth: int = 64
    #: of one part above the items that each of them has; one that is more is a list of its own, and left out
    inherited_values: int = 100
    inherited_characters: int = 100_000
    #: that wait for what stands behind them
    held_rows: int = 1000
    #: in a zip
    files: int = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Its texts are as they stand there, without blanks at their ends; a missing cell is absent."""

    #: where it begins: the line, or the row of a sheet, from 1
    line: int
    #: column -> text. In XML and JSON a column is the path below the item, as `price`, `price/@currency` or
    #: `images/image`, or from the item up, as `../brand`; what is there several times is joined by line
    #: feeds, in its order, blanks left out
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that cannot be read. The file goes on after it."""

    line: int
    #: wrong_number_of_cells, quote_not_closed, characters, nul, cell_too_long, row_too_long,
    #: too_many_columns, column_too_long, too_deep, too_late, not_json or not_an_item
    code: str
    #: a sentence that says what is wrong with it
    text: str
    #: what can be read of it all the same, so that whoever knows its key knows what it is about
    values: dict[str, str] = field(default_factory=dict)


#: What reading gives, row by row.
Read = Row | Refused


def begins(text: str) -> str:
    """The beginning of a text, for a sentence."""
    line = " ".join(text[:200].split())
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line[:80])


def unreadable_characters(line: int, start: str = "") -> Refused:
    text = "Bytes here are no text in the encoding of the file."
    return Refused(line, "characters", f'{text} The row begins: "{begins(start)}"' if start else text)


def nul(line: int) -> Refused:
    return Refused(line, "nul", "There is a NUL character in the row.")


def cell_too_long(line: int, limits: Limits) -> Refused:
    return Refused(line, "cell_too_long", f"A cell has more than {limits.cell_characters:,} characters.")


def row_too_long(line: int, limits: Limits) -> Refused:
    return Refused(line, "row_too_long", f"The row has more than {limits.row_characters:,} characters.")


def too_many_columns(line: int, limits: Limits) -> Refused:
    return Refused(line, "too_many_columns", f"The row has more than {limits.columns:,} columns.")


def too_deep(line: int, limits: Limits) -> Refused:
    return Refused(line, "too_deep", f"The row is nested more than {limits.depth} deep.")


def column_too_long(line: int) -> Refused:
    return Refused(line, "column_too_long", f"A column's name has more than {LONGEST_COLUMN:,} characters.")
