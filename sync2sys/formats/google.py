"""Google Merchant Center: product data as RSS 2.0.

Source: the product data specification, https://support.google.com/merchants/answer/7052112, as of
October 2026. Each field below names its own page. That a file has less than 4 GB is from an excerpt of
answer 14991445.
"""

from typing import Any

from sync2sys.formats import rules
from sync2sys.formats.base import Field, Format, Rule, fields_from
from sync2sys.formats.markets import Wish
from sync2sys.formats.shipping import TIMES, Delivery
from sync2sys.formats.writers import Rss, Tsv

NAMESPACE = "http://base.google.com/ns/1.0"
#: What changes most often, and may be fetched more often than the rest.
SUPPLEMENTED = frozenset(["id", "availability", "price", "sale_price", "sale_price_effective_date"])

AVAILABILITY = {
    "in_stock": "in_stock",
    "out_of_stock": "out_of_stock",
    "backorder": "backorder",
    "preorder": "preorder",
}

#: Our unit -> Google's and the most it takes.
WEIGHTS = {
    "kg": ("kg", 1000),
    "g": ("g", 1_000_000),
    "lb": ("lb", 2000),
    "lbs": ("lb", 2000),
    "oz": ("oz", 32_000),
}

WISH = Wish(
    words="wants prices with tax, in the United States and Canada without",
    source="https://support.google.com/merchants/answer/6324371",
    without=frozenset(("CA", "US")),
)

#: The parts of `shipping`, in the order of a cell, and ours.
SHIPPING = {
    "country": "country",
    "region": "region",
    "service": "service",
    "price": "price",
    "min_handling_time": "min_handling_days",
    "max_handling_time": "max_handling_days",
    "min_transit_time": "min_transit_days",
    "max_transit_time": "max_transit_days",
}
DELIVERY = Delivery(takes=("region", "service", *TIMES))

#: A brand that is none is refused, in whatever case.
NO_BRAND = frozenset(["n/a", "na", "none", "generic", "no brand", "unbranded", "does not exist", "-"])


def _names_a_color(value: str) -> bool:
    """Numbers and hexadecimal codes are refused as colours."""
    return not value.strip().startswith("#") and not value.replace(" ", "").isdigit()


def _field(name: str, rule: Rule, *source: str, about: int, **more: Any) -> Field:
    return fields_from(f"https://support.google.com/merchants/answer/{about}")(name, rule, *source, **more)


_BRAND = _field("brand", rules.branded(NO_BRAND), "brand", limit=70, recommended=True, about=6324351)
_MPN = _field("mpn", rules.part_number, "mpn", "sku", limit=70, about=6324482)
_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")

FIELDS = (
    _field("id", rules.identifier, "key", limit=50, required=True, about=6324405),
    _field(
        "title",
        rules.full_title,
        "title",
        "options",
        "has_variants",
        limit=150,
        required=True,
        about=6324415,
    ),
    _field("description", rules.long_text, "description", limit=5000, required=True, about=6324468),
    _field("link", rules.address, "link", limit=2000, required=True, about=6324416),
    _field("image_link", rules.main_image, "image", "images", limit=2000, required=True, about=6324350),
    _field(
        "additional_image_link", rules.more_images, "image", "images", limit=2000, times=10, about=6324370
    ),
    _field("availability", rules.word(AVAILABILITY), "availability", required=True, about=6324448),
    _field("price", rules.price, "price", "currency", required=True, about=6324371),
    _field("sale_price", rules.sale_price, *_SALE, given="sale_price", about=6324471),
    _field(
        "sale_price_effective_date", rules.sale_window, *_SALE, given="sale_price", limit=51, about=6324460
    ),
    _BRAND,
    _field("gtin", rules.gtin, "gtin", limit=14, recommended=True, about=6324461),
    _MPN,
    _field("identifier_exists", rules.identified(_BRAND, _MPN), "gtin", "brand", "mpn", "sku", about=6324478),
    _field("condition", rules.constant("new"), about=6324469),
    _field("item_group_id", rules.group, "group_key", "has_variants", limit=50, about=6324507),
    _field("color", rules.option("color", _names_a_color), "options", limit=40, about=6324487),
    _field("size", rules.option("size"), "options", limit=100, about=6324492),
    _field("material", rules.option("material"), "options", limit=200, about=6324410),
    _field("pattern", rules.option("pattern"), "options", limit=100, about=6324483),
    _field("gender", rules.option("gender"), "options", about=6324479),
    _field("age_group", rules.option("age_group"), "options", about=6324463),
    _field("product_type", rules.deepest_category, "categories", limit=750, recommended=True, about=6324406),
    _field("shipping_weight", rules.weight(WEIGHTS), "weight", "weight_unit", about=6324503),
    _field("google_product_category", rules.google_category, limit=750, on_demand=True, about=6324436),
    _field(
        "shipping",
        rules.shipping(SHIPPING),
        *rules.PAID,
        times=100,
        parts=tuple(SHIPPING),
        join=(",", ";"),
        on_demand=True,
        about=6324484,
    ),
    *(
        _field(name, rules.unset, limit=limit, on_demand=True, about=about)
        for name, limit, about in (
            ("custom_label_0", 100, 6324473),
            ("custom_label_1", 100, 6324473),
            ("custom_label_2", 100, 6324473),
            ("custom_label_3", 100, 6324473),
            ("custom_label_4", 100, 6324473),
            ("shipping_label", 100, 6324504),
            ("promotion_id", 50, 7050148),
            ("adult", 3, 6324508),
            ("multipack", 10, 6324488),
            ("is_bundle", 3, 6324449),
            ("energy_efficiency_class", 4, 7562785),
            ("unit_pricing_measure", 50, 6324455),
            ("unit_pricing_base_measure", 50, 6324490),
            ("short_title", 150, 6324415),
            ("mobile_link", 2000, 6324459),
            ("ads_redirect", 2000, 6324450),
            ("availability_date", 25, 6324470),
            ("expiration_date", 25, 6324499),
            ("cost_of_goods_sold", 50, 9017895),
        )
    ),
)

_SOURCE = "support.google.com/merchants, answer 7052112"
_MOST_BYTES = 4_000_000_000

FORMAT = Format(
    name="google",
    version="google-2026-10",
    label="Google Merchant Center",
    content_type="application/xml; charset=utf-8",
    extension="xml",
    # Google takes title, link and description without the prefix, and readers of RSS want them so.
    syntax=Rss("g", NAMESPACE, frozenset(["title", "link", "description"])),
    fields=FIELDS,
    source=_SOURCE,
    standing="official",
    most_bytes=_MOST_BYTES,
    wish=WISH,
    delivery=DELIVERY,
)

TSV = Format(
    name="google-tsv",
    version="google-tsv-2026-10",
    label="Google Merchant Center, tab-separated",
    content_type="text/tab-separated-values; charset=utf-8",
    extension="txt",
    syntax=Tsv(),
    fields=FIELDS,
    source=_SOURCE,
    standing="official",
    most_bytes=_MOST_BYTES,
    wish=WISH,
    delivery=DELIVERY,
)

SUPPLEMENTAL = Format(
    name="google-supplemental",
    version="google-supplemental-2026-10",
    label="Google supplemental feed: price and stock",
    content_type="text/tab-separated-values; charset=utf-8",
    extension="txt",
    syntax=Tsv(),
    fields=tuple(field for field in FIELDS if field.name in SUPPLEMENTED),
    source="support.google.com/merchants, answer 15157604",
    standing="excerpt",
    most_bytes=_MOST_BYTES,
    wish=WISH,
    remark="It changes items that exist in a primary feed; it can neither add nor remove any.",
)

FORMATS = (FORMAT, TSV, SUPPLEMENTAL)
