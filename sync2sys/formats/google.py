"""Google Merchant Center: product data as RSS 2.0 and tab-separated.

Source: the product data specification, https://support.google.com/merchants/answer/7052112, as of
October 2026. Fields that have a page of their own name it. That a file has less than 4 GB is from an
excerpt of answer 14991445.
"""

from typing import Any

from sync2sys.formats import rules
from sync2sys.formats.base import (
    TEXTS,
    Context,
    Doubt,
    Field,
    Format,
    Join,
    Reader,
    Rule,
    checked,
    fields_from,
)
from sync2sys.formats.markets import Wish
from sync2sys.formats.rules import part
from sync2sys.formats.shipping import TIMES, Delivery
from sync2sys.formats.text import clean, shorten
from sync2sys.formats.writers import Rss, Tsv

NAMESPACE = "http://base.google.com/ns/1.0"
#: What changes most often, and may be fetched more often than the rest.
SUPPLEMENTED = frozenset(
    ["id", "availability", "availability_date", "price", "sale_price", "sale_price_effective_date"]
)

AVAILABILITY = {
    "in_stock": "in_stock",
    "out_of_stock": "out_of_stock",
    "backorder": "backorder",
    "preorder": "preorder",
}

#: Our unit -> Google's and the most it takes, of what is sent.
WEIGHTS = {
    "kg": ("kg", 1000),
    "g": ("g", 1_000_000),
    "lb": ("lb", 2000),
    "lbs": ("lb", 2000),
    "oz": ("oz", 32_000),
}
#: The same of the product itself.
PRODUCT_WEIGHTS = {unit: (name, 2000) for unit, (name, _) in WEIGHTS.items()}
#: The longest of what is sent, and of the product itself.
SENT_LENGTHS, LENGTHS = {"cm": 400, "in": 150}, {"cm": 3000, "in": 3000}
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

#: What a unit price can be for, and the only amounts of it.
UNITS = frozenset(str.split("oz lb mg g kg floz pt qt gal ml cl l cbm in ft yd cm m sqft sqm ct"))
BASES = frozenset(["1", "10", "100", "2", "4", "8", "75cl", "750ml", "50kg", "1000kg"])

#: A brand that is none is refused, in whatever case.
NO_BRAND = frozenset(["n/a", "na", "none", "generic", "no brand", "unbranded", "does not exist", "-"])
#: Of one name; a colour may have several.
LONGEST_COLOR = 40
CONDITIONS = ("new", "refurbished", "used")
SIZE_TYPES = ("regular", "petite", "maternity", "big", "tall", "plus")
SIZE_SYSTEMS = ("US", "UK", "EU", "DE", "FR", "JP", "CN", "IT", "BR", "MEX", "AU")
ENERGY_CLASSES = ("A+++", "A++", "A+", "A", "B", "C", "D", "E", "F", "G")
RELATIONS = (
    "part_of_set",
    "required_part",
    "often_bought_with",
    "substitute",
    "different_brand",
    "accessory",
)
DESTINATIONS = (
    "Shopping_ads",
    "Buy_on_Google_listings",
    "Display_ads",
    "Local_inventory_ads",
    "Free_listings",
    "Free_local_listings",
    "YouTube_Shopping",
)

#: The specification itself.
_ALL = 7052112


def _field(name: str, rule: Rule, *source: str, about: int = _ALL, **more: Any) -> Field:
    return fields_from(f"https://support.google.com/merchants/answer/{about}")(name, rule, *source, **more)


def _asked(name: str, rule: Rule, about: int, *beside: str, **more: Any) -> Field:
    """A field that is there on demand."""
    return _field(name, rule, *beside, about=about, on_demand=True, **more)


def _cut_colors(field: Field, context: Context) -> Doubt:
    limit = field.limit or 0
    return lambda found: (
        "truncated"
        if len(clean(found)) > limit or any(len(clean(each)) > LONGEST_COLOR for each in found.split("/"))
        else None
    )


@checked(doubt=rules.not_a_word, remark=_cut_colors)
def color_names(field: Field, context: Context) -> Reader:
    """Names of colours with slashes between; numbers and codes are left out."""
    limit = field.limit or 0

    def read(found: str | None) -> str | None:
        names = [shorten(clean(each), LONGEST_COLOR) for each in (found or "").split("/")]
        named = [name for name in names if name and name[0] != "#" and not name.replace(" ", "").isdigit()]
        while len("/".join(named)) > limit:
            named.pop()
        return "/".join(named) or None

    return read


_SALE = ("sale_price", "sale_from", "sale_to", "price", "currency")
_SIZES = ("length", "width", "height")
_YES_OR_NO = rules.one_of("yes", "no")
_LINKS = rules.several(rules.address)
_BRAND = _field("brand", rules.branded(NO_BRAND), "brand", limit=70, recommended=True, about=6324351)
_MPN = _field("mpn", rules.part_number, "mpn", "sku", limit=70, about=6324482)
_SOURCE_TYPE = part(
    "digital_source_type", None, rules.one_of("default", "trained_algorithmic_media"), need=False
)
_DESTINATIONS = rules.several(rules.one_of(*DESTINATIONS))

FIELDS = (
    _field("id", rules.identifier, "key", limit=50, required=True, about=6324405),
    _field(
        "title", rules.full_title, "title", "options", "has_variants", limit=150, required=True, about=6324415
    ),
    _field("description", rules.description, "description", limit=5000, required=True, about=6324468),
    _field("link", rules.address, "link", limit=2000, required=True, about=6324416),
    _field("image_link", rules.main_image, "image", "images", limit=2000, required=True, about=6324350),
    _field(
        "additional_image_link",
        rules.more_images,
        "images",
        "image",
        limit=2000,
        times=10,
        mapped=_LINKS,
        about=6324370,
    ),
    _field("availability", rules.word(AVAILABILITY), "availability", required=True, about=6324448),
    _field(
        "availability_date",
        rules.day_of_arrival(rules.MINUTES, "preorder", "backorder"),
        "available_at",
        "availability",
        limit=25,
        about=6324470,
    ),
    _field("price", rules.price, "price", "currency", required=True, about=6324371),
    _field("sale_price", rules.sale_price, *_SALE, given="sale_price", about=6324471),
    _field(
        "sale_price_effective_date",
        rules.sale_window,
        *_SALE,
        given="sale_price",
        limit=51,
        mapped=rules.period(rules.MINUTES),
        about=6324460,
    ),
    _BRAND,
    _field("gtin", rules.gtin, "gtin", limit=14, recommended=True, about=6324461),
    _MPN,
    _field(
        "identifier_exists",
        rules.identified(_BRAND, _MPN),
        "gtin",
        "brand",
        "mpn",
        "sku",
        mapped=_YES_OR_NO,
        about=6324478,
    ),
    _field("condition", rules.constant("new"), mapped=rules.one_of(*CONDITIONS), about=6324469),
    _field(
        "item_group_id",
        rules.group,
        "group_key",
        "has_variants",
        limit=50,
        mapped=rules.identifier,
        about=6324507,
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
        about=17085146,
    ),
    _field(
        "color",
        rules.option("color", color_names),
        *rules.KNOWN,
        limit=100,
        mapped=color_names,
        wanted_for=rules.is_apparel,
        about=6324487,
    ),
    _field("size", rules.option("size"), *rules.KNOWN, limit=100, wanted_for=rules.is_sized, about=6324492),
    _field("material", rules.option("material"), *rules.KNOWN, limit=200, about=6324410),
    _field("pattern", rules.option("pattern"), *rules.KNOWN, limit=100, about=6324483),
    _field(
        "gender",
        rules.option("gender"),
        *rules.KNOWN,
        mapped=rules.known_word("gender"),
        wanted_for=rules.is_apparel,
        about=6324479,
    ),
    _field(
        "age_group",
        rules.option("age_group"),
        *rules.KNOWN,
        mapped=rules.known_word("age_group"),
        wanted_for=rules.is_apparel,
        about=6324463,
    ),
    rules.found_groups(
        _field,
        "variant_option",
        rules.other_options,
        "options",
        part("name", 250),
        part("value", 250),
        times=30,
        total=5000,
        about=17085214,
    ),
    _field("product_type", rules.deepest_category, "categories", limit=750, recommended=True, about=6324406),
    rules.found_groups(
        _field,
        "product_detail",
        rules.details,
        "attributes",
        part("section_name", 140, need=False),
        part("attribute_name", 140),
        part("attribute_value", 1000),
        times=100,
        given="attributes",
        about=9218260,
    ),
    _field("shipping_weight", rules.weight(WEIGHTS), "weight", "weight_unit", about=6324503),
    *(
        _field(
            f"shipping_{size}",
            # A box of which one side is not told is refused.
            rules.side(SENT_LENGTHS),
            *sorted(_SIZES, key=lambda each: each != size),
            "dimension_unit",
            given=size,
            about=6324498,
        )
        for size in _SIZES
    ),
    _field(
        "shipping",
        rules.shipping(SHIPPING),
        *rules.PAID,
        times=100,
        parts=tuple(SHIPPING),
        join=Join(",", ";"),
        on_demand=True,
        mapped=rules.said_shipping(SHIPPING),
        about=6324484,
    ),
    rules.grouped(_field, "structured_title", _SOURCE_TYPE, part("content", 150), about=6324415),
    rules.grouped(_field, "structured_description", _SOURCE_TYPE, part("content", 5000), about=6324468),
    _asked("short_title", rules.text, 6324415, limit=150),
    _asked("google_product_category", rules.google_category, 6324436, limit=750),
    _asked("product_highlight", rules.several(rules.text, 2), 9216100, limit=150, times=100, join=TEXTS),
    *(_asked(f"product_{size}", rules.length(LENGTHS), 11018531, "dimension_unit") for size in _SIZES),
    _asked("product_weight", rules.weight(PRODUCT_WEIGHTS), 11018531, "weight_unit"),
    _asked("adult", _YES_OR_NO, 6324508),
    _asked("multipack", rules.whole(2), 6324488),
    _asked("is_bundle", _YES_OR_NO, 6324449),
    _asked("size_type", rules.several(rules.one_of(*SIZE_TYPES)), 6324497, times=2),
    _asked("size_system", rules.one_of(*SIZE_SYSTEMS), 6324502),
    rules.grouped(
        _field,
        "certification",
        *(part(f"certification_{name}") for name in ("authority", "name", "code")),
        times=20,
        about=13528839,
    ),
    *(
        _asked(f"{which}energy_efficiency_class", rules.one_of(*ENERGY_CLASSES), 7562785)
        for which in ("", "min_", "max_")
    ),
    _asked("unit_pricing_measure", rules.quantity(UNITS), 6324455),
    _asked("unit_pricing_base_measure", rules.quantity(UNITS, BASES), 6324490),
    _asked("mobile_link", rules.address, 6324459, limit=2000),
    _asked("ads_redirect", rules.address, 6324450, limit=2000),
    _asked("lifestyle_image_link", _LINKS, 9103186, limit=2000, times=10),
    _asked("video_link", _LINKS, 15216925, limit=2000, times=10),
    _asked("virtual_model_link", rules.address, 13674896, limit=2000),
    _asked("document_link", _LINKS, 17084656, limit=2000, times=5),
    _asked("expiration_date", rules.moment(rules.MINUTES), 6324499, limit=25),
    _asked("cost_of_goods_sold", rules.stated_price, 9017895, "currency"),
    _asked("auto_pricing_min_price", rules.stated_price, 10295759, "currency"),
    _asked("maximum_retail_price", rules.stated_price, _ALL, "currency"),
    rules.grouped(
        _field,
        "installment",
        part("months", None, rules.whole(1)),
        part("amount", None, rules.stated_price, "currency"),
        part("downpayment", None, rules.stated_price, "currency", need=False),
        part("credit_type", None, rules.one_of("finance", "lease"), need=False),
        about=6324474,
    ),
    rules.grouped(
        _field,
        "subscription_cost",
        part("period", None, rules.one_of("week", "month", "year")),
        part("period_length", None, rules.whole(1)),
        part("amount", None, rules.stated_price, "currency"),
    ),
    rules.grouped(
        _field,
        "loyalty_program",
        part("program_label", 50),
        part("tier_label", 50, need=False),
        part("price", None, rules.stated_price, "currency", need=False),
        part("cashback_for_future_use", None, rules.stated_price, "currency", need=False),
        part("loyalty_points", None, rules.whole(0), need=False),
        part("member_price_effective_date", 51, rules.period(rules.DAY), need=False),
        part("shipping_label", 100, need=False),
        times=30,
    ),
    *(_asked(f"custom_label_{number}", rules.text, 6324473, limit=100) for number in range(5)),
    _asked("promotion_id", rules.several(rules.text), 7050148, limit=50, times=10, join=TEXTS),
    _asked("popularity_rank", rules.decimal(0, 100), 17085297),
    rules.grouped(
        _field,
        "question_and_answer",
        part("question", 1000),
        part("answer", 1000),
        times=30,
        total=10_000,
        about=17085211,
    ),
    rules.grouped(
        _field,
        "related_product",
        part("relationship_type", None, rules.one_of(*RELATIONS)),
        part("identifier_type", None, rules.one_of("id", "gtin")),
        part("identifier", 50),
        times=30,
        about=17085213,
    ),
    _asked("included_destination", _DESTINATIONS, 7501026, times=len(DESTINATIONS)),
    _asked("excluded_destination", _DESTINATIONS, 6324486, times=len(DESTINATIONS)),
    _asked("shopping_ads_excluded_country", rules.several(rules.country), _ALL, times=100),
    _asked("pause", rules.one_of("ads"), 11909930),
    _asked("external_seller_id", rules.text, _ALL, limit=50),
    _asked("shipping_label", rules.text, 6324504, limit=100),
    _asked("return_policy_label", rules.text, 9445425, limit=100),
    _asked("ships_from_country", rules.country, _ALL),
    _asked("min_handling_time", rules.whole(0), _ALL),
    _asked("max_handling_time", rules.whole(0), _ALL),
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
    wants_distinct=True,
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
    wants_distinct=True,
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
