"""XML of any shape: what stands at a path is an item, what stands below it and above it are its columns.

Expat tells of one tag after the other and keeps nothing. It never sees a DTD: a document is refused when one
begins, before there is any entity, so there is nothing to expand and nothing to fetch. It gets text that was
decoded here, in which what XML forbids stands as MARK, so that one wrong byte costs a row and not the file.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.entities import html5
from xml.parsers import expat

from sync2sys.readers import texts
from sync2sys.readers.ancestors import VALUE_COST, Ancestors
from sync2sys.readers.base import (
    LONGEST_COLUMN,
    Limits,
    Read,
    Refused,
    Row,
    Shape,
    Unreadable,
    cell_too_long,
    column_too_long,
    row_too_long,
    too_deep,
    too_many_columns,
    unreadable_characters,
)
from sync2sys.readers.columns import readable

#: Stands for what is no text, or no text that XML may have. Nobody else uses this character.
MARK = "\U0010fffd"
_FORBIDDEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff\U0010fffd]"
    "|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcBC]|0[eEfF]|[eEfF]|1[0-9a-fA-F]));"
)
#: The same without references, which is found faster.
_ODD = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010fffc]")
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
CHUNK = 64 * 1024
#: Bytes of one tag. Expat looks at an unfinished tag again with each piece that comes.
LONGEST_TAG = 1024 * 1024
RSS_PATH = "rss/channel/item"
_GOOGLE = re.compile(r"https?://base\.google\.com/(?:ns|cns)/1\.0/?")
_BROKEN_OFF = {
    expat.errors.codes[each]
    for each in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_ASYNC_ENTITY,
    )
}


def encoding(head: bytes, wanted: str) -> str:
    """The encoding of a document: as its reader wants it, else as it declares it."""
    if wanted:
        return wanted
    if head.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if head[0] else "utf-16-be"
    return declared(head) or "utf-8"


def declared(head: bytes) -> str:
    """The encoding that a document declares; empty if it does not."""
    found = _DECLARED.search(head[:1000].lstrip(b"\xef\xbb\xbf \t\r\n"))
    if found is None:
        return ""
    name = texts.known(found[1].decode())
    if not name:
        raise Unreadable("FILE_ENCODING", f"The XML is in {found[1].decode()}. Save it as UTF-8.")
    # Who could read the declaration byte by byte knows that it is wrong; a common slip of .NET programs.
    return "utf-8" if name.startswith("utf-16") else name


class Document:
    """An XML document that is fed in pieces; its handlers are told of tags and of text."""

    def __init__(
        self,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        data: Callable[[str], None],
    ) -> None:
        self._parser = parser = expat.ParserCreate("utf-8")
        self._data = data
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = data
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        # An entity such as &nbsp; that only HTML knows is then told to us instead of ending the document.
        parser.UseForeignDTD(True)
        parser.SkippedEntityHandler = self._entity

    @staticmethod
    def _refuse_dtd(*_: object) -> None:
        raise Unreadable(
            "FILE_DTD", "The XML has a document type (DTD), which no list needs. Have it written without one."
        )

    def _entity(self, name: str, _: bool) -> None:
        self._data(html5.get(f"{name};", MARK))

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def feed(self, stream: io.TextIOWrapper, *, whole: bool = True) -> Iterator[None]:
        """Goes through the text, and stops after each piece so that what was found can be taken.

        `whole`: it is all of the document, and has to be complete.
        """
        pending = 0
        while piece := stream.read(CHUNK):
            data = allowed(_completed(piece, stream)).encode()
            before = self._parser.CurrentByteIndex
            self._parse(data, final=False)
            moved = self._parser.CurrentByteIndex > before
            pending = len(data) if moved else pending + len(data)
            if pending > LONGEST_TAG:
                raise Unreadable("FILE_NOT_XML", f"Line {self.line} has a tag or comment that does not end.")
            yield
        if whole:
            self._parse(b"", final=True)
            yield

    def _parse(self, data: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            raise _unreadable(error, final=final) from None


def _completed(piece: str, stream: io.TextIOWrapper) -> str:
    """The piece without a reference at its end that is cut."""
    for _ in range(8):
        if "&" not in piece[-12:]:
            break
        piece += stream.read(12)
    return piece


def allowed(text: str) -> str:
    """The text with MARK in the place of what XML forbids."""
    if "&#" in text or _ODD.search(text):
        return _FORBIDDEN.sub(MARK, text)
    return text


def _unreadable(error: expat.ExpatError, *, final: bool) -> Unreadable:
    if final and error.code in _BROKEN_OFF:
        return Unreadable(
            "FILE_TRUNCATED", f"The XML ends early, in line {error.lineno}. Download or export it again."
        )
    reason = expat.ErrorString(error.code)
    hint = " Perhaps there is an & that should be written &amp;." if "token" in reason else ""
    return Unreadable("FILE_NOT_XML", f"The XML is broken in line {error.lineno}: {reason}.{hint}")


class Items:
    """The rows of one document, collected from its tags. `done` has those that are complete."""

    def __init__(self, path: str, limits: Limits, *, google: bool = False) -> None:
        self._path = path.split("/") if path else ["*"]
        self._limits, self._google = limits, google
        self.document = Document(self._start, self._end, self._data)
        self._above = Ancestors(len(self._path) - 1, limits)
        self.done = self._above.done
        self._depth = self._matched = 0
        #: the part of an ancestor that we are in, instead of an item
        self._part = ""
        #: a prefix that is bound to Google's names -> g
        self._prefixes: dict[str, str] = {}
        self._refused: Refused | None = None
        self._line = self._size = 0
        #: columns and texts of the elements around the one that we are in, from the item on
        self._around: list[tuple[str, list[str]]] = []
        self._column, self._is_leaf = "", True
        self._text: list[str] = []
        self._values: dict[str, list[str]] = {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._google:
            self._bind(attributes)
            name = self._renamed(name)
        if self._around:
            self._enter(name, attributes)
        elif self._is_next(name):
            self._matched = self._depth
            if self._depth == len(self._path):
                self._begin(attributes)
            else:
                self._open(attributes)
        elif 0 < self._matched == self._depth - 1 and not self._google:
            if self._above.takes(name, self.document.line):
                self._part = name
                self._begin({})
                self._enter(name, attributes)
        elif self._depth > 10 * self._limits.depth:
            raise Unreadable("FILE_TOO_DEEP", f"Elements are nested more than {self._depth - 1} deep.")

    def _is_next(self, name: str) -> bool:
        """Whether this element is the next one on the path, with all above it."""
        depth = self._depth
        return self._matched == depth - 1 < len(self._path) and self._path[depth - 1] in (name, "*")

    def _bind(self, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            if name.startswith("xmlns:") and _GOOGLE.fullmatch(value) and len(self._prefixes) < 10:
                self._prefixes[name[6:]] = "g"

    def _renamed(self, name: str) -> str:
        prefix, colon, local = name.partition(":")
        return f"{self._prefixes.get(prefix, prefix)}:{local}" if colon else name

    def _open(self, attributes: dict[str, str]) -> None:
        # What stands above Google's items is the channel, which says nothing of an offer.
        self._above.open(is_one=self._depth == 1 or self._google)
        for name, value in attributes.items() if not self._google else ():
            if not name.startswith("xmlns"):
                wrong = unreadable_characters(self.document.line) if MARK in value else None
                self._above.add(f"@{name}", wrong or {f"@{name}": [value.strip()]})

    def _begin(self, attributes: dict[str, str]) -> None:
        self._line = self.document.line
        self._values, self._refused, self._size = {}, None, 0
        self._go_in("", attributes)

    def _enter(self, name: str, attributes: dict[str, str]) -> None:
        # Of a row that is refused nothing is kept, long names of deep elements among it.
        column = "" if self._refused else f"{self._column}/{name}" if self._column else name
        if len(column) > LONGEST_COLUMN:
            self._refuse(column_too_long(self._line))
            column = ""
        if len(self._around) > self._limits.depth:
            self._refuse(too_deep(self._line, self._limits))
            if self._depth > 10 * self._limits.depth:
                raise Unreadable("FILE_TOO_DEEP", f"Line {self._line}: elements are nested too deeply.")
        self._go_in(column, attributes)

    def _go_in(self, column: str, attributes: dict[str, str]) -> None:
        self._around.append((self._column, self._text))
        self._column, self._text, self._is_leaf = column, [], True
        for name, value in attributes.items():
            if not name.startswith("xmlns"):
                self._size += len(value)
                self._keep(f"{column}/@{name}" if column else f"@{name}", value.strip())

    def _data(self, text: str) -> None:
        if self._around and self._refused is None:
            self._text.append(text)
            self._size += len(text)
            if self._size > self._limits.row_characters:
                self._refuse(row_too_long(self._line, self._limits))

    def _refuse(self, refused: Refused) -> None:
        """The item is refused for this, if it was not yet; what it had is told, and let go."""
        if self._refused is None:
            told = (each for each in self._joined().items() if MARK not in each[1])
            self._refused = replace(refused, values=readable(told))
        self._values, self._text = {}, []
        self._around = [("", [])] * len(self._around)

    def _keep(self, column: str, value: str) -> None:
        if self._refused is not None:
            return
        self._size += VALUE_COST
        self._values.setdefault(column, []).append(value)
        if self._size > self._limits.row_characters:
            self._refuse(row_too_long(self._line, self._limits))
        elif not value.isascii() and MARK in value:
            self._refuse(unreadable_characters(self._line))

    def _end(self, _: str) -> None:
        if self._around:
            self._leave()
        if self._matched == self._depth:
            self._matched -= 1
            if self._depth < len(self._path):
                self._above.close()
        self._depth -= 1

    def _leave(self) -> None:
        text, column = "".join(self._text).strip(), self._column
        was_leaf, self._is_leaf = self._is_leaf, False
        self._column, self._text = self._around.pop()
        if self._around:
            if text or was_leaf:
                self._keep(column, text)
            if self._part and len(self._around) == 1:
                self._end_part()
        else:
            if text:
                self._keep(".", text)
            self._above.give(self._finished())

    def _end_part(self) -> None:
        self._above.add(self._part, self._refused or self._values)
        self._part, self._around, self._values = "", [], {}

    def _finished(self) -> Read:
        if self._refused is not None:
            return self._refused
        joined = self._joined()
        self._values = {}
        wrong = self._objection(joined)
        return replace(wrong, values=readable(joined.items())) if wrong else Row(self._line, joined)

    def _joined(self) -> dict[str, str]:
        return {name: "\n".join(filter(None, each)) for name, each in self._values.items()}

    def _objection(self, joined: dict[str, str]) -> Refused | None:
        if len(joined) > self._limits.columns:
            return too_many_columns(self._line, self._limits)
        if any(len(name) > LONGEST_COLUMN for name in joined):
            return column_too_long(self._line)
        if self._size > self._limits.cell_characters:
            longest = max(map(len, joined.values()), default=0)
            if longest > self._limits.cell_characters:
                return cell_too_long(self._line, self._limits)
        return None


def rows(stream: io.BufferedReader, shape: Shape, limits: Limits) -> Iterator[Read]:
    """The items of a document, one by one."""
    head = stream.peek(texts.HEAD)[: texts.HEAD]
    wrapped = texts.text(stream, encoding(head, shape.encoding))
    texts.refuse_html(head)
    google = shape.format == "rss"
    items = Items(shape.item_path or (RSS_PATH if google else ""), limits, google=google)
    for _ in items.document.feed(wrapped):
        yield from items.done
        items.done.clear()
