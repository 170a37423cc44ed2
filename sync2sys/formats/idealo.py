"""idealo: CSV with semicolons.

Source: idealo.github.io/csv-importer, from excerpts; which columns are required is second-hand.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import LOCAL, Format, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.shipping import Delivery
from sync2sys.formats.writers import Csv

_field = fields_from("https://idealo.github.io/csv-importer/en/csv/")
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")
#: The carriers that have a column.
CARRIERS = tuple(
    str.split(
        "dhl ups fedex deutsche_post dhl_go_green download dpd german_express_logistics gls gls_think_green "
        "hermes pick_point spedition tnt trans_o_flex"
    )
)
#: idealo lists what can be ordered.
DELIVERY = {"in_stock": "1-3 days", "backorder": "2-3 weeks", "preorder": "on release"}

FORMATS = (
    Format(
        name="idealo",
        version="idealo-2026-10",
        label="idealo",
        content_type="text/csv; charset=utf-8",
        extension="csv",
        syntax=Csv(";"),
        fields=(
            _field("sku", rules.identifier, "key", required=True),
            _field("brand", rules.branded(google.NO_BRAND), "brand", required=True),
            _field("title", rules.full_title, "title", "options", "has_variants", required=True),
            _field("categoryPath", rules.deepest_category, "categories", required=True),
            _field("url", rules.address, "link", required=True),
            _field("eans", rules.ean, "gtin", recommended=True),
            _field("hans", rules.part_number, "mpn", "sku"),
            _field("description", rules.text, "description", limit=1000, recommended=True),
            _field("imageUrls", rules.main_image, "image", "images", recommended=True),
            _field("price", rules.current_price, *_SOLD, required=True),
            _field("formerPrice", rules.price_before, *_SOLD),
            _field("deliveryTime", rules.word(DELIVERY), "availability", required=True),
            _field("colour", rules.option("color"), "options"),
            _field("size", rules.option("size"), "options"),
            _field("gender", rules.option("gender"), "options"),
            _field("material", rules.option("material"), "options"),
            _field("deliveryCosts_dhl", rules.delivery_cost("dhl"), *rules.PAID),
            _field("paymentCosts_paypal", rules.setting("paymentCosts"), limit=20),
            *(
                _field(f"deliveryCosts_{carrier}", rules.delivery_cost(carrier), *rules.PAID, on_demand=True)
                for carrier in CARRIERS[1:]
            ),
        ),
        source="idealo.github.io/csv-importer",
        standing="second-hand",
        wish=BY_LAW,
        currency=LOCAL,
        delivery=Delivery(takes=("carrier",), carriers=CARRIERS, is_abroad=False),
        settings={"paymentCosts": "0.00, for PayPal"},
        remark="The order of the columns is fixed once a feed is registered. What is sold out is left out.",
    ),
)
