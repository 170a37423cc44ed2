"""What the shop's database holds about a product, and what follows from it.

A record is a dict with WooCommerce's own field names. It has only what somebody entered; what the
shop works out (permalinks, `on_sale`, local times, a variable product's price) is told by
`shapes.py` when it is asked for. Times are GMT, `YYYY-MM-DDTHH:MM:SS`, so they compare as text.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

Record = dict[str, Any]

#: fields of products and variations alike
COMMON: Record = {
    "name": "",
    "slug": "",
    "type": "simple",
    "status": "publish",
    "parent_id": 0,
    "description": "",
    "sku": "",
    "global_unique_id": "",
    "price": "",
    "regular_price": "",
    "sale_price": "",
    "date_on_sale_from_gmt": None,
    "date_on_sale_to_gmt": None,
    "virtual": False,
    "downloadable": False,
    "tax_status": "taxable",
    "tax_class": "",
    "manage_stock": False,
    "stock_quantity": None,
    "stock_status": "instock",
    "backorders": "no",
    "low_stock_amount": None,
    "weight": "",
    "dimensions": {"length": "", "width": "", "height": ""},
    "shipping_class": "",
    "shipping_class_id": 0,
    "images": [],
    "attributes": [],
    "menu_order": 0,
    "meta_data": [],
}

#: fields that only products have
PRODUCT: Record = {
    **COMMON,
    "featured": False,
    "catalog_visibility": "visible",
    "short_description": "",
    "total_sales": 0,
    "external_url": "",
    "button_text": "",
    "sold_individually": False,
    "upsell_ids": [],
    "cross_sell_ids": [],
    "purchase_note": "",
    "categories": [],
    "brands": [],
    "tags": [],
    "default_attributes": [],
    "grouped_products": [],
    "post_password": "",
}

VARIATION: Record = {**COMMON, "type": "variation"}

#: A line of the table of tax rates.
TAX: Record = {
    "id": 0,
    "country": "",
    "state": "",
    "postcode": "",
    "city": "",
    "rate": "0.0000",
    "name": "Tax",
    "priority": 1,
    "compound": False,
    "shipping": True,
    "order": 0,
    "class": "standard",
    "postcodes": [],
    "cities": [],
}

TIME = "%Y-%m-%dT%H:%M:%S"


@dataclass
class Catalogue:
    """What a shop opens with: product categories, and products as `Shop.add` takes them."""

    products: Iterable[Record]
    #: id, name, slug and parent (0 for a root) of each
    categories: list[Record] = field(default_factory=list)


def stamp(moment: datetime) -> str:
    """A moment in UTC as records hold it."""
    return moment.strftime(TIME)


def slugify(name: str) -> str:
    """The slug WordPress would make: ASCII where it can, percent-encoded where it cannot."""
    plain = unicodedata.normalize("NFD", re.sub(r"&(\w+|#\d+);|<[^>]*>", "", name).replace("ß", "s"))
    plain = plain.replace("×", "x")
    kept = "".join(_slug_part(character) for character in plain.lower())
    return quote("-".join(kept.split()), safe="-").lower()


def _slug_part(character: str) -> str:
    if character in " -_/.":
        return " "
    symbol = not character.isascii() and unicodedata.category(character)[0] == "S"
    return character if character.isalnum() or symbol else ""


def has_sale(record: Record) -> bool:
    return bool(record["sale_price"]) and amount(record["sale_price"]) < amount(record["regular_price"])


def on_sale(record: Record, now: str) -> bool:
    """Whether the sale runs now. Turns on and off by the clock alone, unlike `price`."""
    starts, ends = record["date_on_sale_from_gmt"], record["date_on_sale_to_gmt"]
    return has_sale(record) and not (starts and starts > now) and not (ends and ends < now)


def price_of(record: Record, now: str) -> str:
    """What `price` becomes when the record is saved or the shop's job runs at `now`."""
    return record["sale_price"] if on_sale(record, now) else record["regular_price"]


def amount(price: str) -> float:
    """A price as PHP would compare it: what is no number counts as 0."""
    try:
        return float(price)
    except ValueError:
        return 0.0


def settle_stock(record: Record) -> None:
    """Make `stock_status` follow from the quantity, where the shop counts."""
    if record["manage_stock"] is not True:
        record["stock_quantity"] = None
        return
    quantity = record["stock_quantity"] = record["stock_quantity"] or 0
    if quantity > 0:
        record["stock_status"] = "instock"
    else:
        record["stock_status"] = "outofstock" if record["backorders"] == "no" else "onbackorder"


def backordered(record: Record) -> bool:
    allowed_and_short = record["backorders"] != "no" and (record["stock_quantity"] or 0) < 0
    return record["stock_status"] == "onbackorder" or (bool(record["manage_stock"]) and allowed_and_short)
