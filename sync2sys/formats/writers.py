"""Syntaxes: RSS 2.0, plain XML, CSV (RFC 4180), TSV, JSON and JSON lines. They know nothing of channels.

Values arrive legal (no control characters, no lone surrogates); what is done here is escaping. Each
syntax also reads back what it wrote, by a standard parser and not by the writer's own rules.

Groups are objects in JSON. Elsewhere their parts are written in the order that the field gives them: as
elements inside an element, or, in a cell, with colons between them.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

import orjson

from sync2sys.formats.addresses import encoded
from sync2sys.formats.base import Context, Field, Format, Found, Join, Value, Words, Writer
from sync2sys.formats.text import clean

LF = "\n"
#: An item as it was read back, field name -> value; a field without a value is not there.
Items = Iterator[dict[str, Found]]

# The usual limit is shorter than some descriptions.
csv.field_size_limit(2**31 - 1)


def _ended(chunk: bytes, end: bytes, is_whole: Callable[[bytes], bool] = lambda part: True) -> list[bytes]:
    """The chunk in parts that end so and are whole."""
    parts = []
    held = b""
    for piece in chunk.split(end)[:-1]:
        held += piece + end
        if is_whole(held):
            parts.append(held)
            held = b""
    return [*parts, held] if held else parts


def _escaped(text: str) -> str:
    """Text inside an XML element. `>` too, because `]]>` is not allowed there."""
    # Looking is much cheaper than replacing nothing.
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


class Rss:
    """RSS 2.0 with a namespace of the channel's own for all but some elements of an item."""

    separator = b""
    opening, glue, closing = "<item>\n", "", "</item>\n"

    def __init__(self, prefix: str, namespace: str, bare: frozenset[str]) -> None:
        self._prefix = prefix
        self._namespace = namespace
        self._bare = bare

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        title, description = _escaped(clean(context.title)), _escaped(clean(context.description))
        spoken = context.market.language
        language = f"<language>{spoken}</language>\n" if spoken else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<rss version="2.0" xmlns:{self._prefix}="{self._namespace}">\n<channel>\n'
            f"<title>{title}</title>\n<link>{_escaped(encoded(context.link) or '')}</link>\n"
            f"<description>{description}</description>\n{language}"
        ).encode()

    def epilogue(self) -> bytes:
        return b"</channel>\n</rss>\n"

    def writer(self, field: Field) -> Writer:
        name = field.name if field.name in self._bare else f"{self._prefix}:{field.name}"
        opening, closing, between = f"<{name}>", f"</{name}>\n", f"</{name}>\n<{name}>"
        left_out, parts, inner = field.left_out, field.parts, f"{self._prefix}:"

        def write(value: Value) -> str:
            if value.__class__ is str:
                text = value
            elif value is None:
                return left_out("")
            elif isinstance(value, list):
                groups = (_elements(each, parts, _escaped, inner) for each in value)
                return "".join(f"{opening}\n{group}{closing}" for group in groups)
            elif isinstance(value, tuple):
                # No value among several holds a line feed.
                return f"{opening}{_escaped(LF.join(value)).replace(LF, between)}{closing}"
            else:
                text = _text(value)
            # As `_escaped`, without the call.
            if "&" in text:
                text = text.replace("&", "&amp;")
            if "<" in text:
                text = text.replace("<", "&lt;")
            if ">" in text:
                text = text.replace(">", "&gt;")
            return f"{opening}{text}{closing}"

        return write

    def split(self, chunk: bytes) -> list[bytes]:
        """The items of a chunk, a part each."""
        return _ended(chunk, self.closing.encode())

    def read(self, format: Format, chunk: bytes) -> Items:
        """The items of a chunk, as `Syntax` promises."""
        start = f'<rss xmlns:{self._prefix}="{self._namespace}">'.encode()
        spaced = f"{{{self._namespace}}}"
        for item in parsed_xml(start + chunk + b"</rss>"):
            found: dict[str, list[Any]] = {}
            for element in item:
                found.setdefault(element.tag.removeprefix(spaced), []).append(_content(element, spaced))
            yield {name: _single(values) for name, values in found.items()}


class Xml:
    """XML of plain elements: one for each value, and for pairs of name and value what the channel wants.

    `pairs` are templates by field, such as `<PARAM><NAME>{}</NAME><VAL>{}</VAL></PARAM>`, for escaped text;
    `around` are templates for all values of a field together.
    """

    separator = b""
    glue = ""

    def __init__(
        self,
        root: str,
        item: str,
        *,
        cdata: bool = False,
        pairs: Mapping[str, str] = MappingProxyType({}),
        around: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._root = root.split()
        self.opening, self.closing = f"<{item}>\n", f"</{item}>\n"
        self._pairs, self._around = pairs, around
        self._put = _in_cdata if cdata else _escaped
        #: the elements that the templates make -> their field
        self._of_pairs = {parsed_xml(template.format("", "")).tag: name for name, template in pairs.items()}
        self._of_around = {parsed_xml(template.format("")).tag: name for name, template in around.items()}

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n' + "".join(f"<{name}>\n" for name in self._root)
        ).encode()

    def epilogue(self) -> bytes:
        return "".join(f"</{name}>\n" for name in reversed(self._root)).encode()

    def writer(self, field: Field) -> Writer:
        opening, closing = f"<{field.name}>", f"</{field.name}>\n"
        left_out, pair, put = field.left_out, self._pairs.get(field.name, ""), self._put
        parts = field.parts
        before, after = self._around.get(field.name, "{}").split("{}")

        def write(value: Value) -> str:
            if value is None:
                return left_out("")
            if isinstance(value, dict) and pair:
                texts = [pair.format(_escaped(name), put(text)) for name, text in value.items()]
            elif isinstance(value, list):
                texts = [f"{opening}\n{_elements(group, parts, put)}{closing}" for group in value]
            elif isinstance(value, tuple):
                texts = [f"{opening}{put(text)}{closing}" for text in value]
            else:
                texts = [f"{opening}{put(_text(value))}{closing}"]
            return before + "".join(texts) + after

        return write

    def split(self, chunk: bytes) -> list[bytes]:
        """The items of a chunk, mostly a part each."""
        return parted_xml(chunk, self.closing)

    def read(self, format: Format, chunk: bytes) -> Items:
        """The items of a chunk, as `Syntax` promises."""
        for item in parsed_xml(b"<all>" + chunk + b"</all>"):
            found: dict[str, list[Any]] = {}
            pairs: dict[str, dict[str, str]] = {}
            for name, element in self._values(item):
                if len(element) and name in self._pairs:
                    key, text = (each.text or "" for each in element)
                    pairs.setdefault(name, {})[key] = text
                elif any(len(each) for each in element):
                    # What is around several, such as a product's variants.
                    found.setdefault(name, []).extend(_content(each) for each in element)
                else:
                    found.setdefault(name, []).append(_content(element))
            yield {name: _single(values) for name, values in found.items()} | pairs

    def _values(self, item: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
        """The name of a field with each of its values."""
        for element in item:
            if element.tag in self._of_around:
                for inner in element:
                    yield self._of_around[element.tag], inner
            else:
                yield self._of_pairs.get(element.tag, element.tag), element


def _elements(group: dict[str, str], parts: Words, put: Callable[[str], str], prefix: str = "") -> str:
    """The parts that a group has, an element each."""
    return "".join(
        f"<{prefix}{part}>{put(group[part])}</{prefix}{part}>\n" for part in parts if part in group
    )


def _content(element: ElementTree.Element, spaced: str = "") -> str | dict[str, str]:
    """The text of an element, or of each of its elements; `spaced`: what their names begin with."""
    if not len(element):
        return element.text or ""
    return {each.tag.removeprefix(spaced): each.text or "" for each in element}


def _in_cdata(text: str) -> str:
    """Text inside an XML element as it is, where it has anything to hide."""
    if "&" not in text and "<" not in text and ">" not in text:
        return text
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def parsed_xml(document: bytes | str) -> ElementTree.Element:
    """The outermost element. Where it was put around our own bytes, no document type can begin inside it,
    and so there are no entities but those of XML itself."""
    return ElementTree.fromstring(document)  # noqa: S314


def parted_xml(chunk: bytes, closing: str) -> list[bytes]:
    """The chunk in parts behind what closes an item, but not where that stands inside CDATA."""
    return _ended(chunk, closing.encode(), lambda part: part.count(b"<![CDATA[") == part.count(b"]]>"))


def _single(values: list[Any]) -> Found:
    found: Found = values[0] if len(values) == 1 else values
    return found


class Csv:
    """Comma-separated values with a header line, quoted where they must be, lines ended by CR LF.

    For machines: a leading `=` or `+` is data and stays as it is.
    """

    separator = b""
    opening, closing = "", "\r\n"

    def __init__(self, delimiter: str = ",") -> None:
        self.glue = delimiter

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        return (self.glue.join(self._cell(field.name) for field in fields) + self.closing).encode()

    def epilogue(self) -> bytes:
        return b""

    def writer(self, field: Field) -> Writer:
        left_out, quoted = field.left_out, self._cell

        def write(value: Value) -> str:
            if value is None:
                return left_out("")
            return quoted(value if value.__class__ is str else _flat(value, field))

        return write

    def split(self, chunk: bytes) -> list[bytes]:
        """The items of a chunk, a part each: what ends a line may also stand between quotes."""
        return _ended(chunk, self.closing.encode(), lambda part: part.count(b'"') % 2 == 0)

    def read(self, format: Format, chunk: bytes) -> Items:
        """The items of a chunk whose columns are the format's fields, as `Syntax` promises."""
        names = [field.name for field in format.fields]
        for row in self._rows(chunk):
            yield {name: text for name, text in zip(names, row, strict=True) if text}

    def columns(self, prologue: bytes) -> list[str]:
        """The names of the columns, from the header line."""
        return next(self._rows(prologue))

    def _rows(self, data: bytes) -> Iterator[list[str]]:
        return csv.reader(io.StringIO(data.decode(), newline=""), delimiter=self.glue, strict=True)

    def _cell(self, text: str) -> str:
        if '"' in text:
            return _quoted(text)
        return f'"{text}"' if self.glue in text or "\n" in text or "\r" in text else text


class Tsv(Csv):
    """Tab-separated values with a header line, lines ended by LF; no value holds a tab or a line break."""

    closing = "\n"

    def __init__(self) -> None:
        super().__init__("\t")

    def _cell(self, text: str) -> str:
        if "\n" in text or "\t" in text or "\r" in text:
            text = " ".join(text.split())
        return super()._cell(text)


class JsonLines:
    """An object a line; what has no value is left out. The first field must be a required one.

    `flat`: groups are texts, as in a cell.
    """

    separator = b""
    opening, glue = "{", ""

    def __init__(self, first: str, closing: str = "}\n", *, flat: bool = False) -> None:
        self._first, self.closing, self.is_flat = first, closing, flat

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        return b""

    def epilogue(self) -> bytes:
        return b""

    def writer(self, field: Field) -> Writer:
        name = ("" if field.name == self._first else ",") + orjson.dumps(field.name).decode() + ":"
        dumps, left_out, is_flat = orjson.dumps, field.left_out, self.is_flat

        def write(value: Value) -> str:
            if value is None:
                return left_out("")
            if is_flat and isinstance(value, list) and field.join.joint:
                value = _flat(value, field)
            try:
                return name + dumps(value).decode()
            except TypeError:  # A number of more than 64 bits.
                return name + json.dumps(value, ensure_ascii=False)

        return write

    def split(self, chunk: bytes) -> list[bytes]:
        """The items of a chunk, a part each."""
        return _ended(chunk, b"\n")

    def read(self, format: Format, chunk: bytes) -> Items:
        """The items of a chunk, as `Syntax` promises."""
        for line in chunk.splitlines():
            yield _as_texts(orjson.loads(line))


class Json:
    """One object: what the feed says of itself, and its items, one a line, every field in each."""

    separator = b",\n"
    opening, glue, closing = "{", ",", "}"

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        head = {
            "title": clean(context.title),
            "link": encoded(context.link),
            "description": clean(context.description),
            "version": version,
        }
        return orjson.dumps(head)[:-1] + b',"items":[\n'

    def epilogue(self) -> bytes:
        return b"\n]}\n"

    def writer(self, field: Field) -> Writer:
        name, dumps, left_out = orjson.dumps(field.name).decode() + ":", orjson.dumps, field.left_out

        def write(value: Value) -> str:
            return name + (left_out("null") if value is None else dumps(value).decode())

        return write

    def split(self, chunk: bytes) -> list[bytes]:
        """The items of a chunk, a part each: no text holds a line break as it is."""
        return chunk.split(self.separator) if chunk else []

    def read(self, format: Format, chunk: bytes) -> Items:
        """The items of a chunk, as `Syntax` promises."""
        for item in orjson.loads(b"[" + chunk + b"]"):
            yield _as_texts(item)


def _as_texts(item: dict[str, Any]) -> dict[str, Found]:
    """An object of JSON without what it says to be null."""
    return {
        name: value if isinstance(value, list | dict) else _text(value)
        for name, value in item.items()
        if value is not None
    }


def _text(value: Value) -> str:
    """A single value as text."""
    if value.__class__ is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    return orjson.dumps(value).decode() if isinstance(value, dict | list | tuple) else str(value)


def _flat(value: Value, field: Field) -> str:
    """Any value as one text: several joined, an object as JSON."""
    if isinstance(value, list) and field.join.joint:
        value = tuple(_in_colons(group, field.parts) for group in value)
    if isinstance(value, tuple) and field.join.joint:
        return _joined(value, field.join)
    return _text(value)


def _joined(texts: Words, join: Join) -> str:
    joint, substitute = join
    if substitute is None:
        return joint.join(_quoted(each) if joint in each or '"' in each else each for each in texts)
    return joint.join(each.replace(joint, substitute) for each in texts)


def _quoted(text: str) -> str:
    return text.replace('"', '""').join('""')


def _in_colons(group: dict[str, str], parts: Words) -> str:
    """A group as one text. An empty part keeps its place, and there are no colons behind the last one."""
    texts = (" ".join(group.get(part, "").replace(":", " ").split()) for part in parts)
    return ":".join(texts).rstrip(":")
