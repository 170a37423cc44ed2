"""The rows of a file, one after the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sync2sys.readers import delimited, documents, encodings, markup, sheets, sources, texts
from sync2sys.readers.base import Limits, Read, Refused, Row, Shape, Unreadable, begins

_STREAMED: dict[str, Callable[..., Iterator[Read]]] = {
    "csv": delimited.rows,
    "xml": markup.rows,
    "rss": markup.rows,
    "json": documents.rows,
    "jsonl": documents.line_rows,
}
DEFAULTS = Limits()


def read(path: Path, shape: Shape, limits: Limits = DEFAULTS) -> Iterator[Read]:
    """The rows of a file in its order, and those that cannot be read, in memory that does not grow with it.

    Raises Unreadable for a file that cannot be read as a whole, or that has no row; also after rows.
    """
    empty, refused = True, 0
    for count, row in enumerate(_all(path, shape, limits), 1):
        empty = empty and not (isinstance(row, Row) and row.values)
        if count > limits.rows:
            raise Unreadable(
                "FILE_TOO_LARGE", f"The list has more than {limits.rows:,} rows. Split it into several."
            )
        refused += isinstance(row, Refused)
        if refused > limits.refused:
            raise Unreadable("FILE_REFUSED", _refused(row, limits))
        # An item in which nothing stands is what a blank line is in other formats.
        if isinstance(row, Refused) or row.values:
            yield row
    if empty:
        raise Unreadable("FILE_EMPTY", _nothing(shape))


def columns(path: Path, shape: Shape, limits: Limits = DEFAULTS) -> list[str]:
    """The columns that a header names, also where no row follows; none for formats without a header.

    Raises Unreadable.
    """
    if not shape.header or shape.format not in ("csv", "xlsx"):
        return []
    if shape.format == "xlsx":
        return sheets.header(path, shape, limits)
    with sources.opened(path, shape, limits) as stream:
        return delimited.header(stream, shape, limits)


def _all(path: Path, shape: Shape, limits: Limits) -> Iterator[Read]:
    with open(path, "rb") as file:
        if _is_blank(file.read(texts.HEAD)):
            return
    if shape.format == "xlsx":
        yield from sheets.rows(path, shape, limits)
        return
    with sources.opened(path, shape, limits) as stream:
        head = stream.peek(texts.HEAD)[: texts.HEAD]
        if not _is_blank(head):
            texts.refuse_others(head)
            encoding = _encoding(head, shape)
            for row in _STREAMED[shape.format](stream, shape, limits):
                yield row if isinstance(row, Refused) else _well_read(row, encoding)


def _encoding(head: bytes, shape: Shape) -> str:
    """In which a file of text is read."""
    wanted = markup.encoding(head, shape.encoding) if shape.format in ("xml", "rss") else shape.encoding
    return texts.marked(head) or wanted or "utf-8"


def _well_read(row: Row, encoding: str) -> Read:
    """The row; refused where it is in UTF-8 and the file is not, or is not any more."""
    if all(map(str.isascii, row.values.values())):
        return row
    found = " ".join(row.values.values())
    if not encodings.is_misread(found, encoding):
        return row
    text = f'The row is in UTF-8, and the file is read as {encoding}. It begins: "{begins(found)}"'
    return Refused(row.line, "characters", text, row.values)


def _is_blank(head: bytes) -> bool:
    """Whether nothing is in the file, so that it is empty in any format and broken in none."""
    return len(head) < texts.HEAD and texts.is_blank(head)


def _refused(row: Read, limits: Limits) -> str:
    last = f" Line {row.line}: {row.text}" if isinstance(row, Refused) else ""
    return f"More than {limits.refused:,} rows cannot be read. Look how the file is to be read.{last}"


def _nothing(shape: Shape) -> str:
    where = f" at {shape.item_path}" if shape.item_path else ""
    return f"There is no row{where} that can be read. Look whether the file is the right one and complete."
