"""Pinterest catalogues: CSV.

Source: help.pinterest.com, data source fields, from excerpts; issue codes from Pinterest's own API client.
"""

from sync2sys.formats import google, meta, rules
from sync2sys.formats.base import Format, Join, asked_from, fields_from
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
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)

FIELDS = (
    _field("id", rules.identifier, "key", limit=127, required=True),
    _field("title", rules.full_title, "title", "options", "has_variants", limit=500, required=True),
    _field("description", rules.description, "description", limit=10_000, required=True),
    _field("link", rules.address, "link", limit=511, required=True),
    _field("image_link", rules.comma_free_image, "image", "images", limit=2000, required=True),
    _field("price", rules.price, "price", "currency", required=True),
    _field("availability", rules.word(AVAILABILITY), "availability", required=True),
    _field(
        "availability_date",
        rules.day_of_arrival(rules.MINUTES_WITH_COLON),
        "available_at",
        "availability",
    ),
    _field("condition", rules.constant("new"), mapped=rules.one_of(*google.CONDITIONS)),
    _field("item_group_id", rules.group, "group_key", "has_variants", limit=127, mapped=rules.identifier),
    _field(
        "additional_image_link",
        rules.more_images,
        "images",
        "image",
        limit=2000,
        times=10,
        mapped=rules.several(rules.address),
    ),
    _field("product_type", rules.deepest_category, "categories", limit=1000, recommended=True),
    _field("brand", rules.branded(google.NO_BRAND), "brand", limit=100),
    _field("gtin", rules.gtin, "gtin", limit=14),
    _field("mpn", rules.part_number, "mpn", "sku", limit=100),
    _field("sale_price", rules.sale_price, *_SALE, given="sale_price"),
    _field("color", rules.option("color"), *rules.KNOWN, limit=100),
    _field("size", rules.option("size"), *rules.KNOWN, limit=100),
    _field("gender", rules.option("gender"), *rules.KNOWN, mapped=rules.known_word("gender")),
    _field("age_group", rules.option("age_group"), *rules.KNOWN, mapped=rules.known_word("age_group")),
    _field("material", rules.option("material"), *rules.KNOWN, limit=200),
    _field("pattern", rules.option("pattern"), *rules.KNOWN, limit=100),
    _asked("shipping_weight", rules.weight(google.WEIGHTS), "weight_unit"),
    _asked("shipping_width", rules.length(google.SENT_LENGTHS), "dimension_unit"),
    _asked("shipping_height", rules.length(google.SENT_LENGTHS), "dimension_unit"),
    _field(
        "shipping",
        rules.shipping(meta.SHIPPING),
        *rules.PAID,
        times=50,
        parts=tuple(meta.SHIPPING),
        join=Join(",", ";"),
        on_demand=True,
        mapped=rules.said_shipping(meta.SHIPPING),
    ),
    _asked("google_product_category", rules.google_category, limit=750),
    _asked("adult", rules.one_of("yes", "no")),
    _asked("size_type", rules.one_of(*google.SIZE_TYPES)),
    _asked("size_system", rules.one_of(*google.SIZE_SYSTEMS)),
    _asked("is_bundle", rules.one_of("yes", "no")),
    _asked("multipack", rules.whole(2)),
    _asked("ad_link", rules.address, limit=511),
    _asked("ios_deep_link", rules.text, limit=511),
    _asked("android_deep_link", rules.text, limit=511),
    _asked("expiration_date", rules.moment(rules.MINUTES_WITH_COLON)),
    _asked("min_ad_price", rules.stated_price, "currency"),
    *(_asked(f"custom_label_{number}", rules.text, limit=100) for number in range(5)),
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
