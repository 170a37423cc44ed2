"""Meta (Facebook, Instagram) catalogue: CSV, RSS and the supplementary feed.

Source: the catalogue fields of developers.facebook.com, read in full; fetching from excerpts.
"""

from sync2sys.formats import google, values
from sync2sys.formats.base import Format, fields_from
from sync2sys.formats.writers import Csv, Rss

AVAILABILITY = {
    "in_stock": "in stock",
    "out_of_stock": "out of stock",
    "backorder": "available for order",
    "preorder": "preorder",
}

_PAGE = "https://developers.facebook.com/docs/marketing-api/catalog/reference/"
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")
_field = fields_from(_PAGE)

_ID = _field("id", values.identifier, "key", limit=100, required=True)
_STOCK = _field("availability", values.word(AVAILABILITY), "availability", required=True)
_PRICE = _field("price", values.price, "price", "currency", required=True)
_SALE_PRICE = _field("sale_price", values.sale_price, *_SALE, given="sale_price")
_PERIOD = _field("sale_price_effective_date", values.sale_period, *_SALE, given="sale_price")

FIELDS = (
    _ID,
    _field("title", values.full_title, "title", "options", "has_variants", limit=200, required=True),
    _field("description", values.long_text, "description", limit=9999, required=True),
    _STOCK,
    _field("condition", values.constant("new"), required=True),
    _PRICE,
    _field("link", values.address, "link", required=True),
    _field("image_link", values.main_image, "image", "images", required=True),
    _field("brand", values.branded(google.NO_BRAND), "brand", limit=100, recommended=True),
    _SALE_PRICE,
    _PERIOD,
    _field("item_group_id", values.group, "group_key", "has_variants", limit=100),
    _field("additional_image_link", values.more_images, "image", "images", times=20),
    _field("color", values.option("color"), "options", limit=200),
    _field("size", values.option("size"), "options", limit=200),
    _field("gender", values.option("gender"), "options"),
    _field("age_group", values.option("age_group"), "options"),
    _field("material", values.option("material"), "options", limit=200),
    _field("pattern", values.option("pattern"), "options", limit=100),
    _field("product_type", values.deepest_category, "categories", limit=750),
    _field("gtin", values.gtin, "gtin", limit=14),
    _field("mpn", values.part_number, "mpn", "sku", limit=100),
    _field("quantity_to_sell_on_facebook", values.number, "quantity"),
    _field("shipping_weight", values.weight(google.WEIGHTS), "weight", "weight_unit"),
)

_SOURCE = "developers.facebook.com, catalogue fields"
_REMARK = "Meta ignores all copies of an id that stands in a feed twice."

CSV = Format(
    name="meta",
    version="meta-2026-10",
    label="Meta catalogue (Facebook, Instagram)",
    content_type="text/csv; charset=utf-8",
    extension="csv",
    syntax=Csv(),
    fields=FIELDS,
    source=_SOURCE,
    standing="official",
    remark=_REMARK,
)

RSS = Format(
    name="meta-rss",
    version="meta-rss-2026-10",
    label="Meta catalogue as RSS",
    content_type="application/xml; charset=utf-8",
    extension="xml",
    syntax=Rss("g", google.NAMESPACE, frozenset(["title", "link", "description"])),
    fields=FIELDS,
    source=_SOURCE,
    standing="official",
    remark=_REMARK,
)

SUPPLEMENTARY = Format(
    name="meta-supplementary",
    version="meta-supplementary-2026-10",
    label="Meta supplementary feed: price and stock",
    content_type="text/csv; charset=utf-8",
    extension="csv",
    syntax=Csv(),
    fields=(_ID, _STOCK, _PRICE, _SALE_PRICE, _PERIOD),
    source="developers.facebook.com, supplementary feeds",
    standing="excerpt",
    remark="It changes items that exist in a primary feed; it can neither add nor remove any.",
)

FORMATS = (CSV, RSS, SUPPLEMENTARY)
