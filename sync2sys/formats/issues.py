"""What is wrong with an item, or could be better: one shape for all channels.

A *note* is the short form that a render makes for each item, `code:field`; an issue says all about it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from sync2sys.formats import messages
from sync2sys.formats.base import Checked, Field, words_of
from sync2sys.formats.messages import (
    FILTERED,
    MARKET,
    MISSING,
    NO_CURRENCY,
    NOT_PUBLISHED,
    NOT_PURCHASABLE,
    SETTING,
    SWITCHED_OFF,
    WRONG_CURRENCY,
    Whole,
)
from sync2sys.formats.text import clean, shorten

#: The item is left out; it lost something; nothing is wrong, but more is possible.
ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)
#: What became of an item.
PUBLISHED, WARNED, EXCLUDED = "published", "published_with_warnings", "excluded"
#: Characters of a value that are shown.
SHOWN = 200

#: What the owner decided, most probably. It comes after what wants repair.
DELIBERATE = frozenset((FILTERED, NOT_PUBLISHED, SWITCHED_OFF, NOT_PURCHASABLE, "sold_out"))
#: One cause for all items, repaired once. Items that have nothing else are not listed until asked for.
SHARED = frozenset((SETTING, MARKET, NO_CURRENCY, WRONG_CURRENCY, "unknown_unit"))
#: A value is there all the same: the item stays, even where the field is required.
KEPT = frozenset(
    (
        "truncated",
        "too_many",
        "not_https",
        "not_a_category",
        "sale_not_lower",
        "no_sale_price",
        "sale_backwards",
        "any_choice",
        "same_options",
        "capitals",
        "symbols",
        "partly_invalid",
        "too_far",
        "as_title",
        "links",
    )
)
#: Of these, nothing is wrong.
FINE = frozenset(("too_many", "not_https", "symbols", "incomplete"))
#: What these are about, where that is not what the field is mainly made of.
ABOUT = {
    "sale_not_lower": ("sale_price",),
    "no_sale_price": ("sale_price",),
    "sale_backwards": ("sale_to",),
    "unknown_unit": ("weight_unit", "dimension_unit"),
    "incomplete": ("length", "width", "height"),
    "any_choice": ("options",),
    "same_options": ("options",),
    "apparel": ("categories",),
}
#: Columns that only help to read the others.
HELPING = frozenset(
    ("currency", "dimension_unit", "has_variants", "options", "sale_from", "sale_to", "title", "weight_unit")
)


class Issue(NamedTuple):
    """One thing about one item."""

    code: str
    #: error: the item is left out; warning: it is published without this, or with less of it;
    #: info: nothing is wrong, but more is possible
    severity: str
    #: as the channel spells it; None where the whole item is meant
    field: str | None
    #: columns of `Item` to look at
    source: tuple[str, ...]
    #: the field's rule in words
    rule: str
    #: what the shop has, shortened
    value: str | None
    limit: int | None
    #: what to do
    message: str
    #: where the channel says so
    reference: str


class Mapped(NamedTuple):
    """What a feed's mapping puts in a field's place."""

    #: the expression in words
    words: str
    columns: tuple[str, ...]
    value: str | None


def of_item(code: str, value: Any = None, detail: str = "") -> Issue:
    """An issue of the whole item; `value`: what decides it, `detail`: more about that."""
    whole = messages.ITEM.get(code, Whole("The item was left out."))
    message = messages.BY_VALUE.get((code, str(value))) or whole.message.format(detail=detail or whole.detail)
    source = (whole.column,) if whole.column else ()
    return Issue(code, ERROR, None, source, "", shown(value), None, message, "")


def of_field(code: str, field: Field, found: Sequence[Any] = (), mapped: Mapped | None = None) -> Issue:
    """An issue of one field; `found` is what its columns hold."""
    held = dict(zip(field.source, found, strict=bool(found)))
    columns, value = _about(code, field, held)
    if mapped is not None:
        return _without_value(code, field, columns, mapped.columns, mapped.words)._replace(
            value=shown(mapped.value)
        )
    blank = _without_value(code, field, columns, columns, "")
    return blank if value is None else blank._replace(value=value)


# Few issues are many items', and their sentences are long.
@lru_cache(maxsize=1024)
def _without_value(
    code: str, field: Field, columns: tuple[str, ...], source: tuple[str, ...], words: str
) -> Issue:
    if code == SETTING and isinstance(field.rule, Checked) and not words:
        words = field.rule.setting
    words = words or " or ".join(map(messages.name, columns)) or field.name
    limit = field.times if code == "too_many" else field.limit
    return Issue(
        code=code,
        severity=severity(code, field),
        field=field.name,
        source=source,
        rule=in_words(field),
        value=None,
        limit=limit,
        message=messages.of_field(code, columns[0] if columns else "", field.name, words, limit),
        reference=field.reference,
    )


def _about(code: str, field: Field, held: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """The columns that an issue is about, and what the first has: the one that is wrong, or all that could
    be filled in.
    """
    about, main = _columns(code, field.source)
    if about:
        return about, shown(held.get(about[0]))
    return next((((column,), text) for column in main if (text := shown(held.get(column)))), (main, None))


@lru_cache(maxsize=1024)
def _columns(code: str, source: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of a field's columns those that a code is always about, and those that are not only there to help."""
    about = tuple(column for column in source if column in ABOUT.get(code, ()))
    return about, source[:1] + tuple(column for column in source[1:] if column not in HELPING)


def severity(code: str, field: Field | None) -> str:
    """How much an issue of an item matters; no field: it is one of the whole item."""
    if field is None or (field.required and code not in KEPT):
        return ERROR
    # A description has no length by nature; whoever writes more than one channel takes did nothing wrong.
    is_cut_description = code == "truncated" and field.source[:1] == ("description",)
    return INFO if code in FINE or code == MISSING or is_cut_description else WARNING


def rank(severity: str, code: str) -> tuple[int, bool]:
    """What comes first: what leaves items out and wants repair, what their owner left out, and the rest."""
    return SEVERITIES.index(severity), code in DELIBERATE


def shown(value: Any) -> str | None:
    """A value of a column or field as owners see it, on one line and shortened; None for none."""
    text = "" if value is None else clean(_told(value)[: 4 * SHOWN])
    return shorten(text, SHOWN) or None


def _told(value: Any) -> str:
    """Several values and names with values are parted by commas, also those in JSON."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return _told(orjson.loads(value))
        except orjson.JSONDecodeError:
            return value
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_told(each)}" for name, each in value.items())
    return ", ".join(map(_told, value)) if isinstance(value, list | tuple) else str(value)


def note(code: str, field: Field | None) -> str:
    """The short form."""
    return code if field is None else f"{code}:{field.name}"


def parsed(note: str) -> tuple[str, str | None]:
    """Code and field of a note; no field where the whole item is meant."""
    code, _, field = note.partition(":")
    return code, field or None


def in_words(field: Field) -> str:
    """The field's rule, in a sentence or two."""
    return words_of(field.rule)
