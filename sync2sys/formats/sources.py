"""What a merchant's definition can read of an item: columns, and names inside the JSON ones.

Nothing here raises for what an item holds: text that is not the JSON it should be holds nothing.
"""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from sync2sys.formats import definitions
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.latest import latest

#: The values of the columns that a definition reads, in its order.
Row = tuple[Any, ...]

#: Columns that are JSON lists of texts.
LISTS = frozenset(("categories", "images", "tags"))
#: How a definition names what is inside a column that is a JSON object -> that column.
OBJECTS = {"attribute": "attributes", "option": "options", "meta": "meta"}
#: All keys that name a source.
KINDS = ("field", *OBJECTS)
#: Characters of a column without parts that are looked at; no channel takes more of any text.
LONGEST = 20_000

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,30})?").fullmatch


class Source(NamedTuple):
    """One thing that can be read of an item."""

    #: `brand`, `option "Size"`
    words: str
    column: str
    #: whether it can have more than one text
    many: bool
    #: its texts; blank ones left out
    texts: Callable[[Row], Sequence[str]]


class Scope:
    """The columns that a definition may read, and those it does, in the order it first names them."""

    def __init__(self, columns: Collection[str]) -> None:
        self.columns = tuple(columns)
        self.read: list[str] = []

    def place(self, column: str) -> int:
        """Where the column will stand in the rows that the definition is given."""
        if column not in self.read:
            self.read.append(column)
        return self.read.index(column)


def find(kind: str, spec: Any, scope: Scope, path: str) -> Source:
    """The source of a kind (see `KINDS`) with this name."""
    name = definitions.name(spec, path)
    return _field(name, scope, path) if kind == "field" else _named(kind, name, scope, path)


def _field(name: str, scope: Scope, path: str) -> Source:
    for kind, column in OBJECTS.items():
        if name == column:
            raise BadDefinition(path, f'Say which one: {{"{kind}": "its name"}} instead of this.')
    fields = sorted(set(scope.columns).difference(OBJECTS.values()))
    definitions.known(name, fields, path, "field")
    place = scope.place(name)
    if name in LISTS:
        return Source(name, name, True, lambda row: entries(row[place]))
    return Source(name, name, False, lambda row: _scalar(row[place]))


def _named(kind: str, name: str, scope: Scope, path: str) -> Source:
    column = OBJECTS[kind]
    if column not in scope.columns:
        raise BadDefinition(path, f"Items have no {column} here. Use a field instead.")
    place, folded, read = scope.place(column), name.casefold(), _READERS[kind]
    words = f"{kind} {definitions.quoted(name)}"
    return Source(words, column, kind == "attribute", lambda row: read(row[place]).get(folded, ()))


def _scalar(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, str):
        value = value.isoformat() if isinstance(value, datetime) else str(value)
    value = value[:LONGEST]
    return (value,) if value and not value.isspace() else ()


def number(text: str) -> Decimal | None:
    """The number that a text is, or None: at most 15 digits before the point and 30 behind it."""
    text = text.strip()
    return Decimal(text) if _NUMBER(text) else None


def _json(value: Any) -> Any:
    try:
        return orjson.loads(value) if value else None
    except (orjson.JSONDecodeError, TypeError):
        return None


def _filled(values: Any) -> tuple[str, ...]:
    """The texts among the values of a JSON list; numbers count as text."""
    found = values if isinstance(values, list) else [values]
    texts = (
        str(each) if isinstance(each, int | float) and not isinstance(each, bool) else each for each in found
    )
    return tuple(text for text in texts if isinstance(text, str) and text and not text.isspace())


def _parsed_list(value: Any) -> tuple[str, ...]:
    found = _json(value)
    return _filled(found) if isinstance(found, list) else ()


def _parsed_object(value: Any) -> dict[str, tuple[str, ...]]:
    """Folded name -> its texts; the first of two equal names counts."""
    found = _json(value)
    result: dict[str, tuple[str, ...]] = {}
    if isinstance(found, dict):
        for name, values in found.items():
            if texts := _filled(values):
                result.setdefault(name.strip().casefold(), texts)
    return result


#: Texts longer than this are not worth keeping by the thousand.
_LONG = 1000
_kept_list = lru_cache(maxsize=2048)(_parsed_list)
_kept_options = lru_cache(maxsize=2048)(_parsed_object)


def entries(value: Any) -> tuple[str, ...]:
    """The texts of a column that is a JSON list; blank ones left out."""
    return _kept_list(value) if isinstance(value, str) and len(value) <= _LONG else _parsed_list(value)


def _options(value: Any) -> dict[str, tuple[str, ...]]:
    return _kept_options(value) if isinstance(value, str) and len(value) <= _LONG else _parsed_object(value)


#: Options repeat all over a shop; attributes and meta are the product's own, shared by its variants.
_READERS: dict[str, Callable[[Any], dict[str, tuple[str, ...]]]] = {
    "option": _options,
    "attribute": latest(_parsed_object),
    "meta": latest(_parsed_object),
}
