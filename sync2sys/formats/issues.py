"""What is wrong with an item, or could be better: one shape for all channels.

A *note* is the short form that a render makes for each item, `code:field`; an issue says all about it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sync2sys.formats.base import Field

ERROR, WARNING = "error", "warning"
#: What became of an item.
PUBLISHED, WARNED, EXCLUDED = "published", "published_with_warnings", "excluded"
#: Characters of a value that are shown.
SHOWN = 200

NO_VARIANTS, FILTERED, DUPLICATE = "no_variants", "filtered", "duplicate_id"
TAX_UNKNOWN, WRONG_CURRENCY = "tax_unknown", "wrong_currency"
#: What is wrong with the whole item. These leave it out.
ITEM = {
    "not_published": "The product is not published. Publish it in the shop, or ignore this.",
    "variant_not_published": "This variant is switched off. Enable it in the shop, or ignore this.",
    "not_purchasable": "The shop does not sell it: it has no price, or is only part of other products.",
    "no_price": "There is no price above zero. Set a regular price in the shop.",
    "no_currency": "The shop's currency is not known. Synchronize the store, then render again.",
    FILTERED: "The feed's filter leaves it out: {detail}.",
    DUPLICATE: "Another item has the same id {detail} in this feed. Map the id to something unique.",
    TAX_UNKNOWN: "Its price with or without tax is not known: {detail}.",
    WRONG_CURRENCY: "Its price is in {detail}. Make the feed of stores that sell in its currency.",
    NO_VARIANTS: "A product of this kind needs variants, and has none. Add at least one in the shop.",
}
#: What stands in such a sentence where the item is not at hand.
DETAILS = {
    TAX_UNKNOWN: "its tax class has no rate. Give it one in the shop, or in the definition",
    WRONG_CURRENCY: "another currency than the feed takes",
}
#: What is wrong with one field. A required field without a value leaves the item out.
FIELD = {
    "missing": "{field} is empty. Fill in {source} in the shop.",
    "invalid": "{field} was left out: nothing valid can be made of {source}. Correct it in the shop.",
    "truncated": "{field} takes {limit} characters; the rest was cut off. Shorten {source} in the shop.",
    "too_many": "{field} takes {limit} values; the others were left out.",
    "too_long": "{field} takes {limit} characters and cannot be cut, so it was left out. Shorten {source}.",
    "not_a_brand": "This {field} only says that there is none, and was left out. Name the maker in the shop.",
    "sale_not_lower": "The sale price is not lower than the price, and was left out. Correct one of the two.",
    "setting": "The feed's setting {field} is missing. Set it once for the whole feed.",
    "market": "The feed does not say {field}. Set market.country in its definition.",
}

#: Of these, something is left.
SHORTENED = ("truncated", "too_many")

#: What owners call our columns.
NAMES = {
    "key": "the id",
    "group_key": "the product's id",
    "has_variants": "the variants",
    "options": "the variant's options",
    "image": "the image",
    "images": "the images",
    "categories": "the categories",
    "price": "the regular price",
    "sale_price": "the sale price",
    "sale_from": "the sale's beginning",
    "sale_to": "the sale's end",
    "gtin": "the GTIN (EAN, UPC, ISBN)",
    "mpn": "the maker's part number",
    "sku": "the SKU",
    "availability": "the stock status",
    "taxable": "the tax status",
    "tax_class": "the tax class",
    "tax_rates": "the shop's tax rates",
}


class Issue(NamedTuple):
    """One thing about one item."""

    code: str
    #: error: the item is left out; warning: it is published without this, or with less of it
    severity: str
    #: as the channel spells it; None where the whole item is meant
    field: str | None
    #: columns of `Item` that the value comes from
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


def of_item(code: str, detail: str = "") -> Issue:
    """An issue of the whole item."""
    told = detail or DETAILS.get(code, "as defined")
    message = ITEM.get(code, "The item was left out.").format(detail=told)
    return Issue(code, ERROR, None, (), "", None, None, message, "")


def of_field(code: str, field: Field, found: Any) -> Issue:
    """An issue of one field; `found` is what its first column holds."""
    is_fatal = field.required and code not in SHORTENED
    limit = field.times if code == "too_many" else field.limit
    source = " or ".join(NAMES.get(column, column.replace("_", " ")) for column in field.source)
    return Issue(
        code=code,
        severity=ERROR if is_fatal else WARNING,
        field=field.name,
        source=field.source,
        rule=in_words(field),
        value=None if found is None else str(found)[:SHOWN],
        limit=limit,
        message=FIELD[code].format(field=field.name, source=source or field.name, limit=limit),
        reference=field.reference,
    )


def in_short(code: str, field: str | None) -> str:
    """What to do, without the value and the limit."""
    if field is None:
        return of_item(code).message
    return FIELD[code].format(field=field, source="its source", limit="a limited number of")


def note(code: str, field: Field) -> str:
    """The short form."""
    return f"{code}:{field.name}"


def parsed(note: str) -> tuple[str, str | None]:
    """Code and field of a note; no field where the whole item is meant."""
    code, _, field = note.partition(":")
    return code, field or None


def of_note(note: str, fields: Mapping[str, Field]) -> Issue:
    """The issue that a note is short for, without a value; `fields` by name."""
    code, name = parsed(note)
    field = fields.get(name or "")
    return of_item(code) if field is None else of_field(code, field, None)


def in_words(field: Field) -> str:
    """The field's rule as one sentence."""
    return (field.rule.__doc__ or "").partition("\n")[0]
