"""Tables for a spreadsheet: CSV in which no cell is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile

from flask import Response, send_file

#: A spreadsheet takes a cell that begins with these for a formula, in any width and behind blanks.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A file with this name.

    It is written before it is sent: it may be long, and a slow reader must not keep the database's old state.
    """
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        file.writelines(line.encode() for line in lines(columns, rows))
        file.seek(0)
        response = send_file(file, "text/csv", as_attachment=True, download_name=name)
        stack.pop_all()  # The answer closes it.
    return response


def lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The header line and a line for each row. What looks like a formula begins with an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        yield _taken(buffer)
        writer.writerow([_cell(text) for text in row])
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _cell(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
