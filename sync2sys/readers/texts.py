"""Bytes as text: what their encoding is, and their lines with numbers.

Bytes that are no text in the encoding become lone surrogates, so that a row with such bytes can be refused
and the others read.
"""

import codecs
import io
import re
from collections import deque
from collections.abc import Iterator

from sync2sys.readers.base import ENCODINGS, Limits, Unreadable

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MARK_BYTES = b"\xef\xbb\xbf\xff\xfe"
_UTF_32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
#: What begins so is no list. The last ones are packed, but not in a way that is read.
_OTHERS = (
    (b"%PDF", "a PDF"), (b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"), (b"GIF8", "an image"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file, or one with a password"), (b"{\\rtf", "a text document"),
    (b"BZh", "packed by bzip2"), (b"\xfd7zXZ", "packed by xz"), (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"), (b"\x28\xb5\x2f\xfd", "packed by zstd"), (b"SQLite format 3\0", "a database"),
)  # fmt: skip
_undecoded = re.compile("[\ud800-\udfff]").search
_HTML = re.compile(
    r"\s*+(?><\?xml[^>]*+>\s*+)?+(?><!--.*?-->\s*+)*+<(?:!doctype\s++html|html|head|body)\b", re.I | re.S
)
HEAD = 8192
#: What to do with bytes that are no text, for `open` and its like.
ERRORS = "sync2sys-lone-surrogate"
LINE_LONGEST = 64 * 1024


def _lone(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udc80", error.end


codecs.register_error(ERRORS, _lone)


def marked(head: bytes) -> str:
    """The encoding that a byte order mark tells; empty without one."""
    if head.startswith(_UTF_32):
        raise Unreadable("FILE_ENCODING", "The file is in UTF-32. Save it as UTF-8.")
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")


def text(stream: io.BufferedReader, encoding: str) -> io.TextIOWrapper:
    """The stream as text, line ends as they are. Its own mark beats the encoding; without any it is UTF-8.

    UTF-16 without a mark is that of Windows.
    """
    encoding = marked(stream.peek(4)) or {"utf-16": "utf-16-le"}.get(encoding, encoding) or "utf-8"
    return io.TextIOWrapper(stream, encoding=encoding, errors=ERRORS, newline="")


def known(encoding: str) -> str:
    """The encoding as we spell it; empty if it is none in which lists are read."""
    name = encoding.strip().lower().replace("_", "-")
    name = re.sub(r"^(?:cp-?|windows-?)(?=125\d$)", "windows-", name)
    name = {"utf8": "utf-8", "latin-1": "iso-8859-1", "latin1": "iso-8859-1", "latin-2": "iso-8859-2",
            "latin2": "iso-8859-2", "us-ascii": "ascii", "utf16": "utf-16", "shift-jis": "shift_jis",
            "gbk": "gb18030", "gb2312": "gb18030"}.get(name, name)  # fmt: skip
    return name if name in ENCODINGS else ""


def is_blank(head: bytes) -> bool:
    """Whether there is nothing in these first bytes, as in a file of a byte order mark alone."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return not head[2:].strip(b" \t\r\n\0")
    return not head.removeprefix(b"\xef\xbb\xbf").strip()


def is_whole(line: str) -> bool:
    """Whether all its bytes were text."""
    return line.isascii() or _undecoded(line) is None


def is_legible(cell: str) -> bool:
    """Whether it is text that can be kept."""
    return is_whole(cell) and "\0" not in cell


def refuse_html(head: bytes) -> None:
    """Raises Unreadable for a web page in the place of a list, whatever encoding its first bytes are in."""
    if _HTML.match(head[:HEAD].replace(b"\0", b"").lstrip(_MARK_BYTES).decode("latin-1")):
        raise Unreadable(
            "FILE_HTML",
            "This is a web page and no list, perhaps one that asks to sign in or tells of an error. "
            "Open the address in a browser and look what is there.",
        )


def refuse_others(head: bytes) -> None:
    """Raises Unreadable for what begins as something else than a list does."""
    for start, what in _OTHERS:
        if head.startswith(start):
            raise Unreadable("FILE_NO_LIST", f"This is {what}. Send a CSV, XML, JSON or .xlsx.")


class LineTooLong(Exception):
    """A line, or the lines of one row, of more characters than a row may have."""


class Lines:
    """The lines of a text one by one, with those of the row that is being read.

    Raises LineTooLong in the place of a line that is too long; the next one comes after it.
    """

    def __init__(self, text: io.TextIOWrapper, limits: Limits) -> None:
        self._text, self._longest, self._most = text, limits.row_characters, limits.lines
        self._waiting: deque[str] = deque()
        #: lines given since `begin`
        self.taken: list[str] = []
        #: characters of them
        self.length = 0
        #: of the last line that was given
        self.number = 0
        #: somebody asked for a line, and there was none
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._text.readline(LINE_LONGEST)
        if not line:
            self.ended = True
            raise StopIteration
        if line[-1] not in "\r\n":
            line = self._rest(line)
        self.number += 1
        self.taken.append(line)
        self.length += len(line)
        if self.length > self._longest or len(self.taken) > self._most:
            raise LineTooLong
        return line

    def _rest(self, beginning: str) -> str:
        """A long line whole, or cut where it is too long."""
        parts, length = [beginning], len(beginning)
        while part := self._text.readline(LINE_LONGEST):
            if length <= self._longest:
                parts.append(part)
                length += len(part)
            if part[-1] in "\r\n":
                break
        return "".join(parts)

    def begin(self) -> int:
        """Forget the lines given so far; the number of the next one."""
        self.taken, self.length = [], 0
        return self.number + 1

    def put_back(self) -> None:
        """Give the lines since `begin` again, but for the first one."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        self.taken = self.taken[:1]
        self.length = sum(map(len, self.taken))
        self.ended = False
