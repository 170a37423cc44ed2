"""Skroutz (Greece): XML, sizes inside their product.

Source: developer.skroutz.gr, XML feed, June 2026, read in full. Products that differ in colour, or in
anything but size, are products of their own; the sizes of one are its variations.
"""

import re
from functools import lru_cache
from hashlib import sha256

import orjson

from sync2sys.formats import attributes, google, rules
from sync2sys.formats.base import (
    Context,
    Doubt,
    Field,
    Format,
    Reader,
    Value,
    Variants,
    asked_from,
    checked,
    fields_from,
)
from sync2sys.formats.markets import Wish
from sync2sys.formats.rules.texts import cut_title
from sync2sys.formats.writers import Xml

STOCK = {
    "in_stock": "In stock",
    "backorder": "Available up to 12 days",
    "preorder": "Available up to 12 days",
}
#: What it takes beside that, where an owner says so.
SOONER = ("Available from 1 to 3 days", "Available from 4 to 6 days")
#: Of all sizes of a product together.
LONGEST_SIZES = 500
_PAGE = "https://developer.skroutz.gr/products/xml_feed/"
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")


class Shop(Xml):
    """Skroutz's document: it wants to know how old it is, and gets the time of the last change."""

    def prologue(self, context: Context, version: str, fields: tuple[Field, ...]) -> bytes:
        age = f"<created_at>{context.as_of:%Y-%m-%d %H:%M}</created_at>\n" if context.as_of else ""
        return super().prologue(context, version, fields).replace(b"<products>", f"{age}<products>".encode())


@lru_cache(maxsize=4096)
def beside_size(options: str | None) -> str:
    """What tells a product apart from others of its parent: all options but the size."""
    found = attributes.options(options)
    size = attributes.known(options).get("size")
    rest = sorted((name, value) for name, value in found.items() if value != size)
    return "/".join(f"{name}={value}" for name, value in rest)


def product_id(field: Field, context: Context) -> Reader:
    """The product's id and, where colours or the like part it, a digest of them."""
    shortened = rules.identifier(field, context)

    def read(group: str, options: str | None) -> Value:
        rest = beside_size(options)
        digest = f"-{sha256(rest.encode()).hexdigest()[:12]}" if rest else ""
        return shortened(group + digest)

    return read


def _cut_title(field: Field, context: Context) -> Doubt:
    is_cut = cut_title(field, context)
    return lambda title, options, has_variants: is_cut(title, _without_size(options), has_variants)


@checked(overflow=_cut_title, remark=rules.full_title.remark)
def product_title(field: Field, context: Context) -> Reader:
    """The product's title and all options but the size."""
    full = rules.full_title(field, context)

    def read(title: str | None, options: str | None, has_variants: bool | int) -> Value:
        return full(title, _without_size(options), has_variants)

    return read


@lru_cache(maxsize=4096)
def _without_size(options: str | None) -> str:
    size = attributes.known(options).get("size")
    return orjson.dumps(
        {name: text for name, text in attributes.options(options).items() if text != size}
    ).decode()


def _no_https(field: Field, context: Context) -> Doubt:
    refuse = rules.address.doubt and rules.address.doubt(field, context)

    def doubt(found: str | None) -> str | None:
        if found and found.startswith("http:"):
            return "https_only"
        return refuse(found) if refuse else None

    return doubt


@checked(doubt=_no_https)
def readable_address(field: Field, context: Context) -> Reader:
    """An absolute https address, not percent-encoded, as this channel wants it."""
    read_address = rules.address(field, context)

    def read(found: str | None) -> Value:
        address = read_address(found)
        if not isinstance(address, str) or not address.startswith("https:"):
            return None
        return _ENCODED_LETTERS.sub(_letters, address)

    return read


#: Signs that mean something in an address stay encoded.
_ENCODED_LETTERS = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")


def _letters(encoded: re.Match[str]) -> str:
    try:
        letters = bytes.fromhex(encoded[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        return encoded[0]
    return letters if letters.isprintable() else encoded[0]


def _sum(found: list[Value]) -> Value:
    return sum(number for number in found if isinstance(number, int))


def _listed(found: list[Value]) -> Value:
    sizes = list(dict.fromkeys(text for text in found if isinstance(text, str)))
    while len(",".join(sizes)) > LONGEST_SIZES:
        sizes.pop()
    return ",".join(sizes) or None


_SIZE = _field("size", rules.option("size"), *rules.KNOWN, limit=64)
_QUANTITY = _field("quantity", rules.orderable_number(10_000_000), "quantity", "availability")

FORMATS = (
    Format(
        name="skroutz",
        version="skroutz-2026-10",
        label="Skroutz",
        content_type="application/xml; charset=utf-8",
        extension="xml",
        syntax=Shop("mywebstore products", "product", cdata=True),
        fields=(
            _field(
                "id", product_id, "group_key", "options", limit=200, required=True, mapped=rules.identifier
            ),
            _field("name", product_title, "title", "options", "has_variants", limit=300, required=True),
            _field("link", readable_address, "link", limit=1000, required=True),
            _field("image", rules.main_image, "image", "images", limit=400, required=True),
            _field(
                "additionalimage",
                rules.more_images,
                "images",
                "image",
                limit=400,
                times=14,
                mapped=rules.several(rules.address),
            ),
            _field("category", rules.deepest_category, "categories", limit=250, required=True),
            _field("price_with_vat", rules.current_price, *_SOLD, required=True),
            _field(
                "vat",
                rules.vat,
                "taxable",
                "tax_class",
                "tax_rates",
                limit=6,
                required=True,
                mapped=rules.percent,
            ),
            _field("manufacturer", rules.branded(google.NO_BRAND), "brand", limit=100, required=True),
            _field("mpn", rules.part_number, "mpn", "sku", limit=80, required=True),
            _field("ean", rules.ean, "gtin", limit=13, recommended=True),
            _field("availability", rules.word(STOCK, *SOONER), "availability", required=True),
            _field("description", rules.description, "description", limit=10_000, required=True),
            _field("color", rules.option("color"), *rules.KNOWN, limit=100),
            _field("weight", rules.grams, "weight", "weight_unit"),
            _asked("shipping_costs", rules.cost),
            _asked("wholesale_price", rules.cost),
            _asked("season", rules.text, limit=100),
            _asked("size_fit", rules.text, limit=100),
            _asked("outlet", rules.one_of("Y", "N")),
            _asked("author", rules.text, limit=255),
            _asked("expiration_date", rules.moment(rules.DAY)),
            _asked("country_of_origin", rules.text, limit=255),
        ),
        variants=Variants(
            fields=(
                _field("variationid", rules.identifier, "key", limit=200, required=True),
                _field("availability", rules.word(STOCK, *SOONER), "availability", required=True),
                _SIZE,
                _QUANTITY,
                _field("price_with_vat", rules.current_price, *_SOLD, required=True),
                _field("link", readable_address, "link", limit=2000),
                _field("mpn", rules.part_number, "mpn", "sku", limit=80),
                _field("ean", rules.ean, "gtin", limit=13),
                _asked("outlet", rules.one_of("Y", "N")),
            ),
            syntax=Xml("", "variation", cdata=True),
            opening="<variations>\n",
            between="",
            closing="</variations>\n",
            split=beside_size,
            shown=lambda options: bool(attributes.known(options).get("size")),
            summary=((_QUANTITY, _sum), (_SIZE, _listed)),
        ),
        source="developer.skroutz.gr, XML feed",
        standing="official",
        wish=Wish("wants prices with tax", _PAGE),
        currency="EUR",
        country="GR",
        settings={"vat": "24.00, the rate in per cent, where it is the same for all products"},
        remark="What is sold out is left out. An id must never be given to another product.",
    ),
)
