"""Pinterest catalogues: CSV.

Source: help.pinterest.com, data source fields, from excerpts; issue codes from Pinterest's own API client.
"""

from sync2sys.formats import google, meta, rules
from sync2sys.formats.base import Format, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.writers import Csv

AVAILABILITY = {
    "in_stock": "in stock",
    "out_of_stock": "out of stock",
    "backorder": "out of stock",
    "preorder": "preorder",
}
_PAGE = "https://help.pinterest.com/en/business/article/before-you-get-started-with-catalogs"
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")
_field = fields_from(_PAGE)

FIELDS = (
    _field("id", rules.identifier, "key", limit=127, required=True),
    _field("title", rules.full_title, "title", "options", "has_variants", limit=500, required=True),
    _field("description", rules.long_text, "description", limit=10_000, required=True),
    _field("link", rules.address, "link", limit=511, required=True),
    _field("image_link", rules.comma_free_image, "image", "images", limit=2000, required=True),
    _field("price", rules.price, "price", "currency", required=True),
    _field("availability", rules.word(AVAILABILITY), "availability", required=True),
    _field("condition", rules.constant("new")),
    _field("item_group_id", rules.group, "group_key", "has_variants", limit=127),
    _field("additional_image_link", rules.more_images, "image", "images", limit=2000, times=10),
    _field("product_type", rules.deepest_category, "categories", limit=1000, recommended=True),
    _field("google_product_category", rules.google_category, limit=750, on_demand=True),
    _field("brand", rules.branded(google.NO_BRAND), "brand", limit=100),
    _field("gtin", rules.gtin, "gtin", limit=14),
    _field("mpn", rules.part_number, "mpn", "sku", limit=100),
    _field("sale_price", rules.sale_price, *_SALE, given="sale_price"),
    _field("color", rules.option("color"), "options", limit=100),
    _field("size", rules.option("size"), "options", limit=100),
    _field("gender", rules.option("gender"), "options"),
    _field("age_group", rules.option("age_group"), "options"),
    _field("material", rules.option("material"), "options", limit=200),
    _field("pattern", rules.option("pattern"), "options", limit=100),
    _field(
        "shipping",
        rules.shipping(meta.SHIPPING),
        *rules.PAID,
        times=50,
        parts=tuple(meta.SHIPPING),
        join=(",", ";"),
        on_demand=True,
    ),
)

FORMATS = (
    Format(
        name="pinterest",
        version="pinterest-2026-10",
        label="Pinterest catalogue",
        content_type="text/csv; charset=utf-8",
        extension="csv",
        syntax=Csv(),
        fields=FIELDS,
        source="help.pinterest.com, data source fields",
        standing="excerpt",
        wish=BY_LAW,
        delivery=meta.DELIVERY,
        remark="A feed that does not change for 90 days is switched off by Pinterest. A catalogue has at "
        "most 20 million products, in however many files.",
    ),
)
