"""Meta (Facebook, Instagram) catalogue: CSV, RSS and the supplementary feed.

Source: the catalogue fields of developers.facebook.com, read in full; fetching from excerpts.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import JSON_LIST, Format, Join, asked_from, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.shipping import Delivery
from sync2sys.formats.writers import Csv, Rss

AVAILABILITY = {
    "in_stock": "in stock",
    "out_of_stock": "out of stock",
    "backorder": "available for order",
    "preorder": "preorder",
}

#: The parts of `shipping`, in the order of a cell, and ours.
SHIPPING = {"country": "country", "region": "region", "service": "service", "price": "price"}
DELIVERY = Delivery(takes=("region", "service"))

#: Parts of a price for one unit, and where an app takes over.
UNIT_PRICE = (("value", rules.decimal(0)), ("currency", rules.currency), ("unit", rules.text))
APPS = (
    ("ios_url", rules.text),
    ("ios_app_store_id", rules.whole(0)),
    ("ios_app_name", rules.text),
    ("android_url", rules.text),
    ("android_package", rules.text),
    ("android_app_name", rules.text),
)

_PAGE = "https://developers.facebook.com/docs/marketing-api/catalog/reference/"
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
_AGES = rules.known_word("age_group", "teen", "all ages")

_ID = _field("id", rules.identifier, "key", limit=100, required=True)
_STOCK = _field("availability", rules.word(AVAILABILITY, "discontinued"), "availability", required=True)
_PRICE = _field("price", rules.price, "price", "currency", required=True)
_SALE_PRICE = _field("sale_price", rules.sale_price, *_SALE, given="sale_price")
_PERIOD = _field(
    "sale_price_effective_date",
    rules.sale_period,
    *_SALE,
    given="sale_price",
    mapped=rules.period(rules.MINUTES_WITH_COLON),
)

FIELDS = (
    _ID,
    _field("title", rules.full_title, "title", "options", "has_variants", limit=200, required=True),
    _field("description", rules.prose, "description", "title", limit=9999, required=True),
    _STOCK,
    _field("condition", rules.constant("new"), required=True, mapped=rules.one_of(*google.CONDITIONS)),
    _PRICE,
    _field("link", rules.address, "link", required=True),
    _field("image_link", rules.main_image, "image", "images", required=True),
    _field("brand", rules.branded(google.NO_BRAND), "brand", limit=100, recommended=True),
    _SALE_PRICE,
    _PERIOD,
    _field("item_group_id", rules.group, "group_key", "has_variants", limit=100, mapped=rules.identifier),
    _field(
        "additional_image_link",
        rules.more_images,
        "images",
        "image",
        limit=2000,
        times=20,
        mapped=rules.several(rules.address),
    ),
    _field("color", rules.option("color"), *rules.KNOWN, limit=200),
    _field("size", rules.option("size"), *rules.KNOWN, limit=200),
    _field("gender", rules.option("gender"), *rules.KNOWN, mapped=rules.known_word("gender")),
    _field("age_group", rules.option("age_group"), *rules.KNOWN, mapped=_AGES),
    _field("material", rules.option("material"), *rules.KNOWN, limit=200),
    _field("pattern", rules.option("pattern"), *rules.KNOWN, limit=100),
    _field("additional_variant_attribute", rules.other_options_in_a_line, "options"),
    _field("product_type", rules.deepest_category, "categories", limit=750),
    _field("google_product_category", rules.google_category, limit=750, on_demand=True),
    _field("gtin", rules.gtin, "gtin", limit=14),
    _field("mpn", rules.part_number, "mpn", "sku", limit=100),
    _field("quantity_to_sell_on_facebook", rules.number, "quantity", mapped=rules.whole(0)),
    _field("shipping_weight", rules.weight(google.WEIGHTS), "weight", "weight_unit"),
    _field(
        "shipping",
        rules.shipping(SHIPPING),
        *rules.PAID,
        times=50,
        parts=tuple(SHIPPING),
        join=Join(",", ";"),
        on_demand=True,
        mapped=rules.said_shipping(SHIPPING),
    ),
    _asked("fb_product_category", rules.google_category, limit=750),
    _asked("status", rules.one_of("active", "archived")),
    _asked("rich_text_description", rules.long_text, limit=9999),
    _asked("internal_label", rules.several(rules.text), limit=110, times=5000, join=JSON_LIST),
    *(_asked(f"custom_label_{number}", rules.text, limit=100) for number in range(5)),
    *(_asked(f"custom_number_{number}", rules.whole(0, 2**32 - 1)) for number in range(5)),
    _asked("vendor_id", rules.text, limit=100),
    _asked("expiration_date", rules.moment(rules.MINUTES_WITH_COLON)),
    _asked("mobile_link", rules.address),
)
#: What only a table can have: names that are paths.
IN_TABLES = (
    *(_asked(f"video[{number}].url", rules.address) for number in range(20)),
    *(_asked(f"unit_price.{name}", rule) for name, rule in UNIT_PRICE),
    *(_asked(f"applink.{name}", rule) for name, rule in APPS),
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
    fields=FIELDS + IN_TABLES,
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
