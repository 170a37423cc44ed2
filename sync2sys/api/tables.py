"""Tables for a spreadsheet: CSV in which no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile

from flask import Response, send_file

#: A spreadsheet takes a cell that begins like this for a formula, in any width and behind blanks.
_FORMULA = re.compile(r" *[=+\-@\t\r\n＝＋－＠]").match
#: Without it Excel takes UTF-8 for the code page of its country.
MARK = "\ufeff"
#: Lines that are written at once.
AT_ONCE = 200


def answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A file with this name.

    It is written before it is sent: it may be long, and a slow reader must not keep the database's old state.
    """
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        file.writelines(part.encode() for part in parts(columns, rows))
        file.seek(0)
        response = send_file(file, "text/csv", as_attachment=True, download_name=name)
        stack.pop_all()  # The answer closes it.
    return response


def parts(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A byte order mark, the header line and a line for each row, some lines at once.

    What looks like a formula begins with an apostrophe.
    """
    buffer = io.StringIO()
    buffer.write(MARK)
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for place, row in enumerate(rows, 1):
        writer.writerow([f"'{text}" if _FORMULA(text) else text for text in row])
        if place % AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
