"""Reading rendered items back, for renders of today and of before."""

from collections.abc import Iterator
from dataclasses import replace

from sync2sys.formats import FORMATS
from sync2sys.formats.base import Format, Found
from sync2sys.formats.writers import Csv


def format_of(version: str) -> Format | None:
    """The format that made this version or one like it, as it is today; None where there is no such any more.

    A version is the name of its format, a hyphen, and something that begins with a digit.
    """
    for format in FORMATS.values():
        if format.version == version:
            return format
    for name, format in FORMATS.items():
        mark = version.removeprefix(f"{name}-")
        if mark != version and mark[:1].isdigit():
            return format
    return None


def as_written(format: Format, prologue: bytes) -> Format:
    """The format with the fields that a document has whose prologue is this.

    A table names its columns there, which may be others than the format has today; of such fields the name
    alone is true. All other syntaxes name the fields in each item.
    """
    if not isinstance(format.syntax, Csv):
        return format
    known = {field.name: field for field in format.fields}
    names = format.syntax.columns(prologue)
    return replace(
        format, fields=tuple(known.get(name) or replace(format.fields[0], name=name) for name in names)
    )


def read(format: Format, chunk: bytes) -> Iterator[dict[str, Found]]:
    """The items of a rendered chunk, field name -> value; see `Syntax.read`."""
    return format.syntax.read(format, chunk)
