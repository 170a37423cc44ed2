"""Syntaxes: RSS 2.0, CSV (RFC 4180) and JSON. They know nothing of channels.

Values arrive legal (no control characters, no lone surrogates); what is done here is escaping.
"""

import orjson

from sync2sys.formats.addresses import encoded
from sync2sys.formats.base import Context, Field, Value, Writer
from sync2sys.formats.text import clean

LF = "\n"


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
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<rss version="2.0" xmlns:{self._prefix}="{self._namespace}">\n<channel>\n'
            f"<title>{title}</title>\n<link>{_escaped(encoded(context.link) or '')}</link>\n"
            f"<description>{description}</description>\n"
        ).encode()

    def epilogue(self) -> bytes:
        return b"</channel>\n</rss>\n"

    def writer(self, field: Field) -> Writer:
        name = field.name if field.name in self._bare else f"{self._prefix}:{field.name}"
        opening, closing, between = f"<{name}>", f"</{name}>\n", f"</{name}>\n<{name}>"
        left_out = field.left_out

        def write(value: Value) -> str:
            if value.__class__ is str:
                text = value
            elif value is None:
                return left_out("")
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
        join, left_out, quoted = field.join, field.left_out, self._cell

        def write(value: Value) -> str:
            if value is None:
                return left_out("")
            return quoted(value if value.__class__ is str else _flat(value, join))

        return write

    def _cell(self, text: str) -> str:
        if '"' in text:
            return text.replace('"', '""').join('""')
        return f'"{text}"' if self.glue in text or "\n" in text or "\r" in text else text


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


def _text(value: Value) -> str:
    """A single value as text."""
    if value.__class__ is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)


def _flat(value: Value, join: tuple[str, str]) -> str:
    """Any value as one text: a list joined, an object as JSON."""
    if isinstance(value, tuple):
        joint, substitute = join
        return joint.join(each.replace(joint, substitute) for each in value)
    return _text(value)
