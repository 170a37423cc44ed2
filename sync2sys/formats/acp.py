"""The nested product feed of the Agentic Commerce Protocol: JSON lines, a product with its variants a line.

Source: agentic-commerce-protocol, spec 2026-04-17, schema.feed.json, read in full.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sync2sys.currencies import digits_of
from sync2sys.formats import attributes, money, rules
from sync2sys.formats.addresses import encoded
from sync2sys.formats.base import (
    Context,
    Field,
    Format,
    Reader,
    Rule,
    Variants,
    checked,
    fields_from,
    whole,
)
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.rules import part
from sync2sys.formats.text import clean
from sync2sys.formats.writers import JsonLines

#: status -> whether it can be had
AVAILABLE = {"in_stock": True, "out_of_stock": False, "backorder": True, "preorder": True}
_field = fields_from("https://github.com/agentic-commerce-protocol/agentic-commerce-protocol")
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")


class Products(JsonLines):
    """As JSON lines, with room for the variants before the product ends."""


def _minor(amount: Any, currency: str | None) -> Any:
    digits = digits_of(currency or "")
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


@checked(doubt=rules.unusable)
def _stated(field: Field, context: Context) -> Reader:
    """An amount with its currency, such as 12.50 EUR."""

    def read(found: str | None) -> Any:
        number, _, currency = (found or "").strip().partition(" ")
        return _minor(money.amount(number, currency), currency)

    return read


def description(field: Field, context: Context) -> Reader:
    """The description as plain text."""
    read = rules.description(field, context)
    return lambda found: {"plain": text} if (text := read(found)) else None  # type: ignore[dict-item]


def _objects(rule: Rule, make: Callable[[str], dict[str, str]]) -> Rule:
    """A rule that makes an object of each of the values of another."""
    known = whole(rule)

    def maker(field: Field, context: Context) -> Reader:
        read = known.rule(field, context)

        def read_objects(*columns: Any) -> Any:
            found = read(*columns)
            return [make(each) for each in found] if isinstance(found, tuple) else None

        return read_objects

    maker.__doc__ = rule.__doc__
    return known.lend(maker)


def _image(address: str) -> dict[str, str]:
    return {"type": "image", "url": address}


def _category(path: str) -> dict[str, str]:
    return {"value": path, "taxonomy": "merchant"}


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


def _named(field: Field, context: Context) -> Reader:
    """The name of the seller."""
    read = rules.text(field, context)
    return lambda found: {"name": str(name)} if (name := read(found)) else None


def options(field: Field, context: Context) -> Reader:
    """All options of the variant."""

    def read(found: str | None) -> Any:
        return [{"name": name, "value": text} for name, text in attributes.options(found).items()] or None

    return read


def seller(field: Field, context: Context) -> Reader:
    """The shop's name and pages, as they are set."""
    said = context.settings
    links = [
        {"type": kind, "url": url} for name, kind in PAGES.items() if (url := encoded(said.get(name, "")))
    ]
    named: dict[str, Any] = {"name": clean(said.get("sellerName", "")), "links": links}
    value: Any = {name: value for name, value in named.items() if value} or None
    return lambda *columns: value


MEDIA = _objects(rules.all_images, _image)
CATEGORIES = _objects(rules.text_list, _category)
_MORE_MEDIA = _objects(rules.several(rules.address), _image)
_OPTION = (part("name"), part("value"))
#: setting -> what kind of link it is
PAGES = {"returnPolicy": "refund_policy", "privacyPolicy": "privacy_policy", "terms": "terms_of_service"}

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
            _field("media", MEDIA, "images", "image", times=50, mapped=_MORE_MEDIA),
        ),
        variants=Variants(
            fields=(
                _field("id", rules.identifier, "key", required=True),
                _field("title", rules.full_title, "title", "options", "has_variants", required=True),
                _field("barcodes", barcodes, "gtin"),
                _field("price", price, *_SOLD, required=True),
                _field("list_price", list_price, *_SOLD, mapped=_stated),
                _field("availability", availability, "availability"),
                _field(
                    "categories",
                    CATEGORIES,
                    "categories",
                    times=50,
                    mapped=_objects(rules.several(rules.text), _category),
                ),
                _field("condition", rules.listed("new"), times=5, mapped=rules.several(rules.text)),
                _field("variant_options", options, "options", times=50, mapped=rules.groups(_OPTION)),
                _field("url", rules.address, "link"),
                _field("seller", seller, mapped=_named),
                _field("media", MEDIA, "images", "image", times=50, mapped=_MORE_MEDIA),
            ),
            syntax=Products("id", closing="}"),
            opening=',"variants":[',
            between=",",
            closing="]",
        ),
        source="agentic-commerce-protocol on GitHub, schema.feed.json of 2026-04-17",
        standing="official",
        wish=BY_LAW,
        settings={
            "sellerName": "The shop's name as buyers know it",
            "returnPolicy": "https://shop.example/returns",
            "privacyPolicy": "https://shop.example/privacy",
            "terms": "https://shop.example/terms",
        },
        remark="OpenAI takes it over an API of its own; fetch this address and hand on what it answers.",
    ),
)
