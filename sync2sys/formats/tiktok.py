"""TikTok catalogue: CSV.

Source: ads.tiktok.com, help article 10001006, from excerpts. Where it gives
no limit, Meta's is taken.
"""

from sync2sys.formats import google, meta, rules
from sync2sys.formats.base import Format, asked_from, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.writers import Csv

_PAGE = "https://ads.tiktok.com/help/article?aid=10001006"
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)

FIELDS = (
    _field("sku_id", rules.identifier, "key", limit=100, required=True),
    _field("title", rules.full_title, "title", "options", "has_variants", limit=200, required=True),
    _field("description", rules.description, "description", limit=9999, required=True),
    _field("availability", rules.word(meta.AVAILABILITY, "discontinued"), "availability", required=True),
    _field("condition", rules.constant("new"), required=True, mapped=rules.one_of(*google.CONDITIONS)),
    _field("price", rules.price, "price", "currency", required=True),
    _field("link", rules.address, "link", required=True),
    _field("image_link", rules.main_image, "image", "images", required=True),
    _field("brand", rules.branded(google.NO_BRAND), "brand", limit=100, required=True),
    _field(
        "additional_image_link",
        rules.more_images,
        "images",
        "image",
        times=10,
        mapped=rules.several(rules.address),
    ),
    _field("item_group_id", rules.group, "group_key", "has_variants", limit=100, mapped=rules.identifier),
    _field("sale_price", rules.sale_price, *_SALE, given="sale_price"),
    _field(
        "sale_price_effective_date",
        rules.sale_period,
        *_SALE,
        given="sale_price",
        mapped=rules.period(rules.MINUTES_WITH_COLON),
    ),
    _field("product_type", rules.deepest_category, "categories", limit=750),
    _field("gtin", rules.gtin, "gtin", limit=14),
    _field("mpn", rules.part_number, "mpn", "sku", limit=100),
    _field("color", rules.option("color"), *rules.KNOWN, limit=200),
    _field("size", rules.option("size"), *rules.KNOWN, limit=200),
    _field("gender", rules.option("gender"), *rules.KNOWN, mapped=rules.known_word("gender")),
    _field("age_group", rules.option("age_group"), *rules.KNOWN, mapped=rules.known_word("age_group")),
    _field("material", rules.option("material"), *rules.KNOWN, limit=200),
    _field("pattern", rules.option("pattern"), *rules.KNOWN, limit=100),
    _asked("google_product_category", rules.google_category, limit=750),
    *(_asked(f"custom_label_{number}", rules.text, limit=100) for number in range(5)),
)

FORMATS = (
    Format(
        name="tiktok",
        version="tiktok-2026-10",
        label="TikTok catalogue",
        content_type="text/csv; charset=utf-8",
        extension="csv",
        syntax=Csv(),
        fields=FIELDS,
        source="ads.tiktok.com, help article 10001006",
        standing="excerpt",
        wish=BY_LAW,
        remark="A brand is required: an item without one is left out.",
    ),
)
