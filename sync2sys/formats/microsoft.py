"""Microsoft Merchant Center: tab-separated.

Source: help.ads.microsoft.com 51084, from excerpts. It takes Google's feed as it is, too, and so Google's
category; `product_category` would want one of Bing's own.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import Format, Join, asked_from, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.writers import Tsv

AVAILABILITY = {
    "in_stock": "in stock",
    "out_of_stock": "out of stock",
    "backorder": "out of stock",
    "preorder": "preorder",
}
_PAGE = "https://help.ads.microsoft.com/apex/index/3/en/51084"
_field_of_google = fields_from(
    "https://learn.microsoft.com/en-us/advertising/msa-help/hlp_ba_conc_bmcgoogleattributes"
)
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)

_BRAND = _field("brand", rules.branded(google.NO_BRAND), "brand", limit=70, recommended=True)
_MPN = _field("mpn", rules.part_number, "mpn", "sku", limit=70)

FIELDS = (
    _field("id", rules.identifier, "key", limit=50, required=True),
    _field("title", rules.full_title, "title", "options", "has_variants", limit=150, required=True),
    _field("description", rules.description, "description", limit=10_000, required=True),
    _field("link", rules.address, "link", limit=2000, required=True),
    _field("image_link", rules.main_image, "image", "images", limit=2000, required=True),
    _field(
        "additional_image_link",
        rules.more_images,
        "images",
        "image",
        limit=2000,
        times=10,
        mapped=rules.several(rules.address),
    ),
    _field("price", rules.price, "price", "currency", required=True),
    _field("sale_price", rules.sale_price, *_SALE, given="sale_price"),
    _field(
        "sale_price_effective_date",
        rules.sale_window,
        *_SALE,
        given="sale_price",
        mapped=rules.period(rules.MINUTES),
    ),
    _field("availability", rules.word(AVAILABILITY), "availability", required=True),
    _field("condition", rules.constant("new"), mapped=rules.one_of(*google.CONDITIONS)),
    _BRAND,
    _field("gtin", rules.gtin, "gtin", limit=14, recommended=True),
    _MPN,
    _field(
        "identifier_exists",
        rules.identified(_BRAND, _MPN),
        "gtin",
        "brand",
        "mpn",
        "sku",
        mapped=rules.one_of("yes", "no"),
    ),
    _field("item_group_id", rules.group, "group_key", "has_variants", limit=50, mapped=rules.identifier),
    _field("product_type", rules.deepest_category, "categories", limit=750),
    _field("color", rules.option("color"), *rules.KNOWN, limit=100),
    _field("size", rules.option("size"), *rules.KNOWN, limit=100),
    _field("gender", rules.option("gender"), *rules.KNOWN, mapped=rules.known_word("gender")),
    _field("age_group", rules.option("age_group"), *rules.KNOWN, mapped=rules.known_word("age_group")),
    _field("material", rules.option("material"), *rules.KNOWN, limit=200),
    _field("pattern", rules.option("pattern"), *rules.KNOWN, limit=100),
    _field_of_google("google_product_category", rules.google_category, limit=750, on_demand=True),
    _asked("product_category", rules.text, limit=750),
    *(_asked(f"custom_label_{number}", rules.text, limit=100) for number in range(5)),
    _field(
        "shipping",
        rules.shipping(google.SHIPPING),
        *rules.PAID,
        times=50,
        parts=tuple(google.SHIPPING),
        join=Join(",", ";"),
        mapped=rules.said_shipping(google.SHIPPING),
    ),
)

FORMATS = (
    Format(
        name="microsoft",
        version="microsoft-2026-10",
        label="Microsoft Merchant Center",
        content_type="text/tab-separated-values; charset=utf-8",
        extension="txt",
        syntax=Tsv(),
        fields=FIELDS,
        source="help.ads.microsoft.com 51084",
        standing="excerpt",
        wish=BY_LAW,
        delivery=google.DELIVERY,
        remark="In Germany and Austria it wants the shipping.",
    ),
)
