"""OpenAI product feed: the flat file of 2026, as JSON lines and CSV.

Source: developers.openai.com/commerce/specs/file-upload/products, as of July 2026, read in full; how large a
file should be at most, and that the set of files is to be kept stable, stands in the overview beside it.
Earlier descriptions with `enable_search` and `id` are out of date.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import JSON_LIST, Field, Format, Join, asked_from, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.rules import part
from sync2sys.formats.writers import Csv, JsonLines

AVAILABILITY = {
    "in_stock": "in_stock",
    "out_of_stock": "out_of_stock",
    "backorder": "backorder",
    "preorder": "pre_order",
}
_PAGE = "https://developers.openai.com/commerce/specs/file-upload/products"
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")
_TRUTH = rules.one_of("true", "false")
_SECONDS = rules.moment(rules.SECONDS)


def _page(name: str, setting: str, required: bool = False) -> Field:
    """A field for the address of a page, which is set."""
    rule = rules.setting(setting, rules.address)
    return _field(name, rule, limit=2000, required=required, mapped=rules.address)


FIELDS = (
    _field("item_id", rules.identifier, "key", limit=100, required=True),
    _field("is_eligible_search", rules.constant("true"), required=True, mapped=_TRUTH),
    _field("is_eligible_checkout", rules.constant("false"), required=True, mapped=_TRUTH),
    _field("title", rules.full_title, "title", "options", "has_variants", limit=150, required=True),
    _field("description", rules.description, "description", limit=5000, required=True),
    _field("url", rules.address, "link", required=True),
    _field("brand", rules.branded(google.NO_BRAND), "brand", limit=70, required=True),
    _field("image_url", rules.main_image, "image", "images", required=True),
    _field("additional_image_urls", rules.joined_images, "images", "image", mapped=rules.joined_addresses),
    _field("price", rules.price, "price", "currency", required=True),
    _field("sale_price", rules.dated_sale_price, *_SALE, given="sale_price"),
    _field("sale_price_start_date", rules.sale_begin, *_SALE, given="sale_price", mapped=_SECONDS),
    _field("sale_price_end_date", rules.sale_end, *_SALE, given="sale_price", mapped=_SECONDS),
    _field("availability", rules.word(AVAILABILITY), "availability", required=True),
    _field(
        "availability_date",
        rules.day_of_arrival(rules.SECONDS, "preorder"),
        "available_at",
        "availability",
    ),
    _field("gtin", rules.gtin, "gtin", limit=14, recommended=True),
    _field("mpn", rules.part_number, "mpn", "sku", limit=70),
    _field("condition", rules.constant("new"), mapped=rules.one_of(*google.CONDITIONS)),
    _field("product_category", rules.deepest_category, "categories", recommended=True),
    _field("group_id", rules.group, "group_key", "has_variants", limit=100, mapped=rules.identifier),
    _field(
        "listing_has_variations",
        rules.yes_or_no("the product has variants"),
        "has_variants",
        mapped=_TRUTH,
    ),
    _field(
        "item_group_title",
        rules.group_title,
        "title",
        "has_variants",
        limit=150,
        given="has_variants",
        mapped=rules.text,
        is_own=True,
    ),
    _field("variant_dict", rules.all_options, "options"),
    _field("color", rules.option("color"), *rules.KNOWN, limit=40),
    _field("size", rules.option("size"), *rules.KNOWN, limit=20),
    _field("gender", rules.option("gender"), *rules.KNOWN, mapped=rules.known_word("gender")),
    _field("age_group", rules.option("age_group"), *rules.KNOWN, mapped=rules.known_word("age_group")),
    _field("material", rules.option("material"), *rules.KNOWN, limit=100),
    _field("dimensions", rules.dimensions, "length", "width", "height", "dimension_unit"),
    _field("weight", rules.number_of_weight, "weight", "weight_unit", given="weight"),
    _field(
        "item_weight_unit",
        rules.unit_of_weight,
        "weight",
        "weight_unit",
        given="weight",
        mapped=rules.one_of(*rules.GRAMS),
    ),
    _field("seller_name", rules.setting("sellerName"), limit=70, required=True),
    _page("seller_url", "sellerUrl", required=True),
    _page("return_policy", "returnPolicy", required=True),
    _page("seller_privacy_policy", "privacyPolicy"),
    _page("seller_tos", "terms"),
    _field(
        "target_countries",
        rules.target_countries,
        times=50,
        required=True,
        mapped=rules.several(rules.country),
    ),
    _field("store_country", rules.home_country, limit=2, required=True, mapped=rules.country),
    _field(
        "shipping",
        rules.shipping(google.SHIPPING),
        *rules.PAID,
        times=50,
        parts=tuple(google.SHIPPING),
        join=Join(",", ";"),
        mapped=rules.said_shipping(google.SHIPPING),
    ),
    _asked("is_eligible_ads", _TRUTH),
    *(_asked(name, rules.decimal(0)) for name in ("length", "width", "height")),
    _asked("dimensions_unit", rules.one_of("mm", "cm", "m", "in", "ft")),
    _asked("ads_metadata", rules.text_object),
    _asked("video_url", rules.address),
    _asked("model_3d_url", rules.address),
    _asked("unit_pricing_measure", rules.quantity(google.UNITS)),
    _asked("base_measure", rules.quantity(google.UNITS)),
    _asked("pricing_trend", rules.text, limit=80),
    _asked("expiration_date", _SECONDS),
    _asked("pickup_method", rules.one_of("in_store", "reserve", "not_supported")),
    _asked("pickup_sla", rules.text),
    _asked("size_system", rules.country),
    _asked("offer_id", rules.text),
    _asked("is_digital", _TRUTH),
    _asked("marketplace_seller", rules.text, limit=70),
    _asked("accepts_returns", _TRUTH),
    _asked("return_deadline_in_days", rules.whole(0)),
    _asked("accepts_exchanges", _TRUTH),
    _asked("popularity_score", rules.decimal(0, 5)),
    _asked("return_rate", rules.decimal(0, 100)),
    _asked("warning", rules.text),
    _asked("warning_url", rules.address),
    _asked("age_restriction", rules.whole(0)),
    _asked("review_count", rules.whole(0)),
    _asked("star_rating", rules.decimal(0, 5)),
    _asked("store_review_count", rules.whole(0)),
    _asked("store_star_rating", rules.decimal(0, 5)),
    rules.grouped(_field, "q_and_a", part("q"), part("a"), times=100, join=JSON_LIST),
    rules.grouped(
        _field,
        "reviews",
        part("title"),
        *(part(name, None, rules.decimal(0, 10)) for name in ("minRating", "maxRating", "rating")),
        part("content"),
        times=100,
        join=JSON_LIST,
    ),
    _asked("related_product_id", rules.text),
    _asked("relationship_type", rules.one_of(*google.RELATIONS)),
    _asked("geo_price", rules.text),
    _asked("geo_availability", rules.text),
)

SETTINGS = {
    "sellerName": "The shop's name as buyers know it",
    "sellerUrl": "https://shop.example/",
    "returnPolicy": "https://shop.example/returns",
    "privacyPolicy": "https://shop.example/privacy; buying in the chat requires it",
    "terms": "https://shop.example/terms; buying in the chat requires it",
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
