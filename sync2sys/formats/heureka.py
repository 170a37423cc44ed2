"""Heureka (Czech Republic and Slovakia): XML.

Source: heureka/xml-feed-specs, July 2025, read in full; it asks to compare with Heureka's own help pages.
How many items a file has at most is from an excerpt of the Slovak ones.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import Context, Field, Format, Reader, Rule, asked_from, checked, fields_from
from sync2sys.formats.markets import Wish
from sync2sys.formats.rules import part
from sync2sys.formats.shipping import Delivery
from sync2sys.formats.writers import Xml

#: Days until it is sent.
DAYS = {"in_stock": "0", "backorder": "14", "preorder": "30"}
#: The carriers that it knows.
CARRIERS = tuple(
    str.split(
        "CESKA_POSTA CESKA_POSTA_DOPORUCENA_ZASILKA CSAD_LOGISTIK_OSTRAVA DPD DHL DSV FOFR GEBRUDER_WEISS "
        "GEIS GLS HDS PPL SEEGMULLER TNT TOPTRANS UPS FEDEX RABEN_LOGISTICS ZASILKOVNA_NA_ADRESU 123KURIER "
        "WEDO_HOME RHENUS_LOGISTICS MESSENGER ZASILKOVNA DPD_PICKUP BALIKOVNA_DEPOTAPI WEDO_POINT "
        "CESKA_POSTA_NAPOSTU PPL_PARCELSHOP GLS_PARCELSHOP ALZAPOINT DPD_BOX Z_BOX WEDO_BOX PPL_PARCELBOX "
        "BALIKOVNA_BOX ALZABOX ONLINE VLASTNI_PREPRAVA"
    )
)
#: The parts of `DELIVERY` and ours.
SHIPPING = {"DELIVERY_ID": "carrier", "DELIVERY_PRICE": "price", "DELIVERY_PRICE_COD": "cod_price"}
_PAGE = "https://github.com/heureka/xml-feed-specs"
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")


def own_category(portal: str) -> Rule:
    """A rule for a mapped category, which begins with the portal's name."""

    def rule(field: Field, context: Context) -> Reader:
        """A category of the portal, with bars between its levels."""
        shown = rules.text(field, context)
        root = f"{portal} | "
        return lambda found: shown(root + found.removeprefix(root)) if found else None

    return rule


def _format(country: str, portal: str, currency: str) -> Format:
    name = f"heureka-{country.lower()}"
    return Format(
        name=name,
        version=f"{name}-2026-10",
        label=portal,
        content_type="application/xml; charset=utf-8",
        extension="xml",
        syntax=Xml(
            "SHOP", "SHOPITEM", pairs={"PARAM": "<PARAM><PARAM_NAME>{}</PARAM_NAME><VAL>{}</VAL></PARAM>\n"}
        ),
        fields=(
            _field("ITEM_ID", rules.narrow_identifier, "key", limit=36, required=True),
            _field(
                "PRODUCTNAME", rules.full_title, "title", "options", "has_variants", limit=200, required=True
            ),
            _field("DESCRIPTION", rules.description, "description", recommended=True),
            _field("URL", rules.address, "link", limit=300, required=True),
            _field("IMGURL", rules.main_image, "image", "images", limit=255, required=True),
            _field(
                "IMGURL_ALTERNATIVE",
                rules.more_images,
                "images",
                "image",
                limit=255,
                times=10,
                mapped=rules.several(rules.address),
            ),
            _field("PRICE_VAT", rules.current_price, *_SOLD, required=True),
            _field(
                "CATEGORYTEXT",
                rules.category_path(" | ", portal),
                "categories",
                limit=255,
                required=True,
                mapped=own_category(portal),
            ),
            _field("EAN", rules.ean, "gtin", limit=13, recommended=True),
            _field("MANUFACTURER", rules.branded(google.NO_BRAND), "brand", recommended=True),
            _field(
                "ITEMGROUP_ID",
                rules.narrow_group,
                "group_key",
                "has_variants",
                limit=36,
                mapped=rules.narrow_identifier,
            ),
            _field("PARAM", rules.options_and_attributes, *rules.KNOWN),
            _field(
                "DELIVERY_DATE",
                rules.day_of_delivery(DAYS),
                "availability",
                "available_at",
                required=True,
                mapped=rules.day_or_days,
            ),
            _field(
                "DELIVERY",
                rules.shipping(SHIPPING, plain=True),
                *rules.PAID,
                times=100,
                parts=tuple(SHIPPING),
                on_demand=True,
                mapped=rules.said_shipping(SHIPPING, plain=True),
            ),
            _field("ISBN", rules.isbn, "gtin", mapped=checked(rules.unusable)(rules.isbn)),
            _asked("PRODUCT", rules.text, limit=200),
            _asked("VAT", rules.decimal(0, 100)),
            _asked("ITEM_TYPE", rules.text),
            _asked("MANUFACTURER_POSTAL_ADDRESS", rules.text),
            _asked("MANUFACTURER_ELECTRONIC_ADDRESS", rules.text),
            _asked("HEUREKA_CPC", rules.stated_amount, "currency"),
            _asked("ACCESSORY", rules.several(rules.narrow_identifier), limit=36, times=10),
            _asked("SPECIAL_SERVICE", rules.several(rules.text), limit=128, times=5),
            rules.grouped(_field, "EXTENDED_WARRANTY", part("VAL", None, rules.whole(1)), part("DESC", 128)),
            rules.grouped(_field, "SALES_VOUCHER", part("CODE", 24), part("DESC", 128)),
            _asked("GIFT", rules.text, limit=250),
        ),
        source="heureka/xml-feed-specs on GitHub",
        standing="official",
        most_items=500_000,
        wish=Wish("wants prices with tax", _PAGE),
        currency=currency,
        country=country,
        delivery=Delivery(takes=("carrier", "cod_fee"), carriers=CARRIERS, is_abroad=False),
        remark="What is sold out is left out. The price is what the buyer pays now.",
    )


FORMATS = (_format("CZ", "Heureka.cz", "CZK"), _format("SK", "Heureka.sk", "EUR"))
