"""Which column of a supplier's list is which field of an offer, as a merchant defines it: JSON.

    {"fields": {
        "sku":      "Artikelnummer",                         a column
        "gtin":     ["EAN", "EAN 2"],                        the first of them that is not empty
        "cost":     {"columns": ["EK"], "numbers": "comma", "times": "0.01", "tax": "without"},
        "quantity": {"columns": ["Bestand"], "numbers": "plain", "words": {"viele": 50, "<5": 1}},
        "availability": {"columns": ["Status"], "words": {"A": "in_stock", "Z": "out_of_stock"}},
        "available_at": {"columns": ["ab"], "days": "day_first"},
        "currency": {"constant": "EUR"},
        "weight":   {"columns": ["Gewicht"], "numbers": "point", "unit": "g"}},
     "options": {"Size": "Größe"}}

`numbers` says how a column writes them, and must be said for every amount; see `figures`. `times` is what
each number is multiplied by: 0.01 where a price is for a hundred or in cents. `tax` is whether an amount
is with tax; left out, it is unknown, and nothing is priced by it.
"""

from collections import abc
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from sync2sys.formats import definitions
from sync2sys.formats.definitions import BadDefinition, below, listed
from sync2sys.formats.money import is_currency
from sync2sys.offers import fields, figures
from sync2sys.offers.fields import AVAILABILITIES, FIELDS

#: A mapping that cannot be used; refused like every other definition.
BadMapping = BadDefinition

WITH, WITHOUT, UNKNOWN = "with", "without", "unknown"
TAXES = (WITH, WITHOUT, UNKNOWN)
#: Of these a list needs one, and the first of them that is mapped is what tells its offers apart.
IDENTIFIERS = ("key", "sku", "gtin", "mpn")
#: Without one of these a list says nothing that could be sold by.
TERMS = ("cost", "price", "quantity", "availability")
#: Fallback columns of a field, images of an offer, options, words of a stock, characters of a constant.
MOST_COLUMNS, MOST_IMAGES, MOST_OPTIONS, MOST_WORDS, LONGEST_CONSTANT = 10, 30, 30, 500, 2_000
#: Characters that count of a word about a stock.
LONGEST_WORD = 200
#: Characters of a column's name; in XML and JSON it is a path.
LONGEST_COLUMN = 500

#: What can be said of each kind of field besides its columns.
_PARTS: dict[str, tuple[str, ...]] = {
    fields.MONEY: ("numbers", "times", "tax"),
    fields.FACTOR: ("numbers",),
    fields.COUNT: ("numbers", "words"),
    fields.STOCK: ("words",),
    fields.DAY: ("days",),
    fields.WEIGHT: ("numbers", "unit"),
}
#: Kinds that may be the same for a whole list.
_CONSTANT = (fields.TEXT, fields.CURRENCY, fields.STOCK, fields.FACTOR)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field's text comes from, and how it is read."""

    columns: tuple[str, ...] = ()
    constant: str = ""
    numbers: str = figures.PLAIN
    times: Decimal = Decimal(1)
    tax: str = UNKNOWN
    days: str = figures.ISO
    unit: str = "kg"
    #: folded word -> pieces, or an availability
    words: abc.Mapping[str, int | str] = field(default_factory=dict)

    def text(self, values: abc.Mapping[str, str]) -> str:
        """The first of its columns that is not blank, else its constant."""
        for column in self.columns:
            found = values.get(column, "").strip()
            if found:
                return found
        return self.constant


@dataclass(frozen=True)
class Mapping:
    """A checked mapping."""

    fields: abc.Mapping[str, Source]
    options: abc.Mapping[str, Source]

    @cached_property
    def key(self) -> str:
        """The field that tells the offers of a list apart."""
        return next(name for name in IDENTIFIERS if name in self.fields)

    def columns(self) -> set[str]:
        """All columns that it reads."""
        return {column for each in (*self.fields.values(), *self.options.values()) for column in each.columns}

    def absent(self, columns: abc.Collection[str]) -> str:
        """Which fields have none of their columns in a list with this header, in a sentence; "" for none.

        Optional elements of XML and JSON are in no header; ask only where a list has one.
        """
        gone = {
            name: each.columns
            for name, each in self.fields.items()
            if each.columns and not each.constant and not any(column in columns for column in each.columns)
        }
        if not gone:
            return ""
        missing = "; ".join(f"{listed(tried)} for {FIELDS[name].label}" for name, tried in gone.items())
        return f"These columns are not in the list any more: {missing}. There are {listed(columns)}."


def parse(spec: Any) -> Mapping:
    """The mapping of this definition. Raises `BadMapping`."""
    definitions.limit(spec)
    parts = definitions.table(spec, "")
    definitions.only(parts, ("fields", "options"), "")
    given = definitions.table(parts.get("fields"), "fields")
    found = {}
    for name, each in given.items():
        definitions.known(name, FIELDS, below("fields", name), "field")
        found[name] = _source(each, FIELDS[name].kind, below("fields", name))
    _complete(found)
    return Mapping(found, _options(parts.get("options", {})))


def _complete(found: abc.Mapping[str, Source]) -> None:
    if not any(name in found for name in IDENTIFIERS):
        raise BadMapping("fields", f"Map one of {listed(IDENTIFIERS)}: something has to tell offers apart.")
    if not any(name in found for name in TERMS):
        raise BadMapping("fields", f"Map one of {listed(TERMS)}: without them an offer offers nothing.")
    for name in ("cost", "price"):
        if name in found and "currency" not in found:
            raise BadMapping(
                "fields.currency",
                'Say in which currency the amounts are: a column, or {"constant": "EUR"}.',
            )


def _options(spec: Any) -> dict[str, Source]:
    given = definitions.table(spec, "options")
    if len(given) > MOST_OPTIONS:
        raise BadMapping("options", f"At most {MOST_OPTIONS} options can be mapped.")
    return {
        definitions.name(name, below("options", name)): _source(each, fields.CODE, below("options", name))
        for name, each in given.items()
    }


def _source(spec: Any, kind: str, path: str) -> Source:
    if not isinstance(spec, dict):
        spec = {"columns": spec}
        columns_path = path
    else:
        columns_path = below(path, "columns")
    parts = ("columns", *(("constant",) if kind in _CONSTANT else ()), *_PARTS.get(kind, ()))
    definitions.only(spec, parts, path)
    if "columns" not in spec and "constant" not in spec:
        raise BadMapping(path, 'Say which column it is: {"columns": ["its name"]}.')
    columns = _columns(spec["columns"], columns_path) if "columns" in spec else ()
    said = {part: _READERS[part](spec[part], kind, below(path, part)) for part in parts[1:] if part in spec}
    if columns and kind == fields.MONEY and "numbers" not in said:
        raise BadMapping(
            below(path, "numbers"), f"Say how the column writes numbers: {listed(figures.NUMBER_STYLES)}."
        )
    return Source(columns=columns, **said)


def _columns(spec: Any, path: str) -> tuple[str, ...]:
    found = definitions.several(spec, path, MOST_COLUMNS) if isinstance(spec, list) else [spec]
    return tuple(definitions.text(each, path, LONGEST_COLUMN) for each in found)


def _constant(spec: Any, kind: str, path: str) -> str:
    found = definitions.text(spec, path, LONGEST_CONSTANT).strip()
    if kind == fields.CURRENCY and not is_currency(found):
        raise BadMapping(path, 'Use a currency\'s three capital letters, as "EUR".')
    if kind == fields.STOCK:
        definitions.known(found, AVAILABILITIES, path, "availability")
    if kind == fields.FACTOR and definitions.number(found, path) <= 0:
        raise BadMapping(path, "A price is for at least one piece.")
    return found


def _times(spec: Any, kind: str, path: str) -> Decimal:
    found = definitions.number(spec, path)
    if found <= 0:
        raise BadMapping(path, 'Use a number above zero, as "0.01" for a price that is for a hundred.')
    return found


def _words(spec: Any, kind: str, path: str) -> dict[str, int | str]:
    given = definitions.table(spec, path)
    if len(given) > MOST_WORDS:
        raise BadMapping(path, f"At most {MOST_WORDS} words can have a meaning.")
    found: dict[str, int | str] = {}
    for word, meaning in given.items():
        place = below(path, word)
        folded = stock_key(definitions.name(word, place))
        if folded in found:
            raise BadMapping(place, "This word stands here twice. Case, accents and blanks do not count.")
        if isinstance(meaning, str):
            found[folded] = definitions.known(meaning, AVAILABILITIES, place, "availability")
        else:
            found[folded] = definitions.whole(meaning, place, 0, figures.MOST_PIECES)
    return found


def stock_key(text: str) -> str:
    """A word about a stock as it is looked up. Signs count, `<5` is not `>5`."""
    text = text[:LONGEST_WORD]
    signs = "".join(each for each in text if each in "<>=+≤≥")
    return signs + (" ".join(fields.words(text)) or " ".join(text.split()).casefold())


_READERS: dict[str, Any] = {
    "constant": _constant,
    "numbers": lambda spec, kind, path: definitions.known(
        spec, figures.NUMBER_STYLES, path, "way to write numbers"
    ),
    "times": _times,
    "tax": lambda spec, kind, path: definitions.known(spec, TAXES, path, "tax mode"),
    "days": lambda spec, kind, path: definitions.known(spec, figures.DAY_STYLES, path, "way to write days"),
    "unit": lambda spec, kind, path: definitions.known(spec, figures.WEIGHT_UNITS, path, "unit"),
    "words": _words,
}
