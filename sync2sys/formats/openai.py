"""OpenAI product feed: the flat file of 2026, as JSON lines and CSV.

Source: developers.openai.com/commerce/specs/file-upload/products, as of July 2026, read in full; how large a
file should be at most, and that the set of files is to be kept stable, stands in the overview beside it.
Earlier descriptions with `enable_search` and `id` are out of date.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import Format, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.writers import Csv, JsonLines

AVAILABILITY = {
    "in_stock": "in_stock",
    "out_of_stock": "out_of_stock",
    "backorder": "backorder",
    "preorder": "pre_order",
}
_field = fields_from("https://developers.openai.com/commerce/specs/file-upload/products")
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")

FIELDS = (
    _field("item_id", rules.identifier, "key", limit=100, required=True),
    _field("is_eligible_search", rules.constant("true"), required=True),
    _field("is_eligible_checkout", rules.constant("false"), required=True),
    _field("title", rules.full_title, "title", "options", "has_variants", limit=150, required=True),
    _field("description", rules.long_text, "description", limit=5000, required=True),
    _field("url", rules.address, "link", required=True),
    _field("brand", rules.branded(google.NO_BRAND), "brand", limit=70, required=True),
    _field("image_url", rules.main_image, "image", "images", required=True),
    _field("additional_image_urls", rules.joined_images, "image", "images"),
    _field("price", rules.price, "price", "currency", required=True),
    _field("sale_price", rules.sale_price, *_SALE, given="sale_price"),
    _field("sale_price_start_date", rules.sale_begin, *_SALE, given="sale_price"),
    _field("sale_price_end_date", rules.sale_end, *_SALE, given="sale_price"),
    _field("availability", rules.word(AVAILABILITY), "availability", required=True),
    _field("gtin", rules.gtin, "gtin", limit=14, recommended=True),
    _field("mpn", rules.part_number, "mpn", "sku", limit=70),
    _field("condition", rules.constant("new")),
    _field("product_category", rules.deepest_category, "categories", recommended=True),
    _field("group_id", rules.group, "group_key", "has_variants", limit=100),
    _field("listing_has_variations", rules.yes_or_no("the product has variants"), "has_variants"),
    _field("variant_dict", rules.all_options, "options"),
    _field("color", rules.option("color"), "options", limit=40),
    _field("size", rules.option("size"), "options", limit=20),
    _field("gender", rules.option("gender"), "options"),
    _field("age_group", rules.option("age_group"), "options"),
    _field("material", rules.option("material"), "options", limit=100),
    _field("seller_name", rules.setting("sellerName"), limit=70, required=True),
    _field("seller_url", rules.setting("sellerUrl"), limit=2000, required=True),
    _field("return_policy", rules.setting("returnPolicy"), limit=2000, required=True),
    _field("target_countries", rules.target_countries, required=True),
    _field("store_country", rules.home_country, limit=2, required=True),
    _field(
        "shipping",
        rules.shipping(google.SHIPPING),
        *rules.PAID,
        times=50,
        parts=tuple(google.SHIPPING),
        join=(",", ";"),
    ),
)

SETTINGS = {
    "sellerName": "The shop's name as buyers know it",
    "sellerUrl": "https://shop.example/",
    "returnPolicy": "https://shop.example/returns",
    "storeCountry": "DE, where the shop is in another country than its market",
}
_SOURCE = "developers.openai.com, product feed specification"
_REMARK = "OpenAI takes pushed files of approved partners only; fetch this address and push what it answers."

JSONL = Format(
    name="openai",
    version="openai-2026-07",
    label="OpenAI product feed, JSON lines",
    content_type="application/x-ndjson",
    extension="jsonl",
    syntax=JsonLines("item_id", flat=True),
    fields=FIELDS,
    source=_SOURCE,
    standing="official",
    wish=BY_LAW,
    delivery=google.DELIVERY,
    settings=SETTINGS,
    most_items=500_000,
    most_bytes=500_000_000,
    remark=_REMARK,
)

CSV = Format(
    name="openai-csv",
    version="openai-csv-2026-07",
    label="OpenAI product feed, CSV",
    content_type="text/csv; charset=utf-8",
    extension="csv",
    syntax=Csv(),
    fields=FIELDS,
    source=_SOURCE,
    standing="official",
    wish=BY_LAW,
    delivery=google.DELIVERY,
    settings=SETTINGS,
    most_items=500_000,
    most_bytes=500_000_000,
    remark=_REMARK,
)

FORMATS = (JSONL, CSV)
