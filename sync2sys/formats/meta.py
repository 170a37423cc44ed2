"""Meta (Facebook, Instagram) catalogue: CSV, RSS and the supplementary feed.

Source: the catalogue fields of developers.facebook.com, read in full; fetching from excerpts.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import Format, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.shipping import Delivery
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

#: The parts of `shipping`, in the order of a cell, and ours.
SHIPPING = {"country": "country", "region": "region", "service": "service", "price": "price"}
DELIVERY = Delivery(takes=("region", "service"))

_ID = _field("id", rules.identifier, "key", limit=100, required=True)
_STOCK = _field("availability", rules.word(AVAILABILITY), "availability", required=True)
_PRICE = _field("price", rules.price, "price", "currency", required=True)
_SALE_PRICE = _field("sale_price", rules.sale_price, *_SALE, given="sale_price")
_PERIOD = _field("sale_price_effective_date", rules.sale_period, *_SALE, given="sale_price")

FIELDS = (
    _ID,
    _field("title", rules.full_title, "title", "options", "has_variants", limit=200, required=True),
    _field("description", rules.long_text, "description", limit=9999, required=True),
    _STOCK,
    _field("condition", rules.constant("new"), required=True),
    _PRICE,
    _field("link", rules.address, "link", required=True),
    _field("image_link", rules.main_image, "image", "images", required=True),
    _field("brand", rules.branded(google.NO_BRAND), "brand", limit=100, recommended=True),
    _SALE_PRICE,
    _PERIOD,
    _field("item_group_id", rules.group, "group_key", "has_variants", limit=100),
    _field("additional_image_link", rules.more_images, "image", "images", times=20),
    _field("color", rules.option("color"), "options", limit=200),
    _field("size", rules.option("size"), "options", limit=200),
    _field("gender", rules.option("gender"), "options"),
    _field("age_group", rules.option("age_group"), "options"),
    _field("material", rules.option("material"), "options", limit=200),
    _field("pattern", rules.option("pattern"), "options", limit=100),
    _field("product_type", rules.deepest_category, "categories", limit=750),
    _field("google_product_category", rules.google_category, limit=750, on_demand=True),
    _field("gtin", rules.gtin, "gtin", limit=14),
    _field("mpn", rules.part_number, "mpn", "sku", limit=100),
    _field("quantity_to_sell_on_facebook", rules.number, "quantity"),
    _field("shipping_weight", rules.weight(google.WEIGHTS), "weight", "weight_unit"),
    _field(
        "shipping",
        rules.shipping(SHIPPING),
        *rules.PAID,
        times=50,
        parts=tuple(SHIPPING),
        join=(",", ";"),
        on_demand=True,
    ),
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
    wish=BY_LAW,
    delivery=DELIVERY,
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
    wish=BY_LAW,
    delivery=DELIVERY,
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
    wish=BY_LAW,
    remark="It changes items that exist in a primary feed; it can neither add nor remove any.",
)

FORMATS = (CSV, RSS, SUPPLEMENTARY)
