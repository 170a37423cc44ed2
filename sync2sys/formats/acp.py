"""The nested product feed of the Agentic Commerce Protocol: JSON lines, a product with its variants a line.

Source: agentic-commerce-protocol, spec 2026-04-17, schema.feed.json, read in full.
"""

from decimal import Decimal
from typing import Any

from sync2sys.formats import attributes, money, rules
from sync2sys.formats.base import Context, Field, Format, Reader, Variants, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.writers import JsonLines

#: status -> whether it can be had
AVAILABLE = {"in_stock": True, "out_of_stock": False, "backorder": True, "preorder": True}
_field = fields_from("https://github.com/agentic-commerce-protocol/agentic-commerce-protocol")
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")


class Products(JsonLines):
    """As JSON lines, with room for the variants before the product ends."""


def _minor(amount: Any, currency: str | None) -> Any:
    digits = money.MINOR_UNITS.get(currency or "", 2)
    return None if amount is None else {"amount": int(Decimal(amount).scaleb(digits)), "currency": currency}


@rules.current_price.lend
def price(field: Field, context: Context) -> Reader:
    """What the buyer pays now, in the currency's smallest unit."""
    current = rules.current_price(field, context)
    return lambda number, currency, *sale: _minor(current(number, currency, *sale), currency)


def list_price(field: Field, context: Context) -> Reader:
    """The regular price while a sale is on, in the currency's smallest unit."""
    before = rules.price_before(field, context)
    return lambda number, currency, *sale: _minor(before(number, currency, *sale), currency)


def description(field: Field, context: Context) -> Reader:
    """The description as plain text."""
    read = rules.long_text(field, context)
    return lambda found: {"plain": text} if (text := read(found)) else None  # type: ignore[dict-item]


@rules.main_image.lend
def media(field: Field, context: Context) -> Reader:
    """The images, the item's own first."""
    first, more = rules.main_image(field, context), rules.more_images(field, context)

    def read(own: str | None, images: str | None) -> Any:
        main, others = first(own, images), more(own, images)
        found = [main, *(others if isinstance(others, tuple) else ())] if main else []
        return [{"type": "image", "url": address} for address in found] or None

    return read


@rules.gtin.lend
def barcodes(field: Field, context: Context) -> Reader:
    """The GTIN, if it is a valid one."""
    read = rules.gtin(field, context)
    return lambda found: [{"type": "gtin", "value": str(number)}] if (number := read(found)) else None


def availability(field: Field, context: Context) -> Reader:
    """Whether it can be had, and the status."""

    def read(found: str | None) -> Any:
        return {"available": AVAILABLE[found], "status": found} if found in AVAILABLE else None

    return read


def categories(field: Field, context: Context) -> Reader:
    """The shop's own category paths."""
    read = rules.text_list(field, context)

    def read_all(found: str | None) -> Any:
        paths = read(found)
        return (
            [{"value": path, "taxonomy": "merchant"} for path in paths] if isinstance(paths, tuple) else None
        )

    return read_all


def options(field: Field, context: Context) -> Reader:
    """All options of the variant."""

    def read(found: str | None) -> Any:
        return [{"name": name, "value": text} for name, text in attributes.options(found).items()] or None

    return read


FORMATS = (
    Format(
        name="acp",
        version="acp-2026-04-17",
        label="Agentic Commerce Protocol feed, nested",
        content_type="application/x-ndjson",
        extension="jsonl",
        syntax=Products("id"),
        fields=(
            _field("id", rules.identifier, "group_key", required=True),
            _field("title", rules.text, "title", required=True),
            _field("description", description, "description"),
            _field("url", rules.address, "link"),
            _field("media", media, "image", "images"),
        ),
        variants=Variants(
            fields=(
                _field("id", rules.identifier, "key", required=True),
                _field("title", rules.full_title, "title", "options", "has_variants", required=True),
                _field("barcodes", barcodes, "gtin"),
                _field("price", price, *_SOLD, required=True),
                _field("list_price", list_price, *_SOLD),
                _field("availability", availability, "availability"),
                _field("categories", categories, "categories"),
                _field("condition", rules.listed("new")),
                _field("variant_options", options, "options"),
                _field("media", media, "image", "images"),
            ),
            syntax=Products("id", closing="}"),
            opening=',"variants":[',
            between=",",
            closing="]",
        ),
        source="agentic-commerce-protocol on GitHub, schema.feed.json of 2026-04-17",
        standing="official",
        wish=BY_LAW,
        remark="OpenAI takes it over an API of its own; fetch this address and hand on what it answers.",
    ),
)
