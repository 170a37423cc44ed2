"""idealo: CSV with semicolons.

Source: idealo.github.io/csv-importer, from excerpts; which columns are required is second-hand.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import LOCAL, Format, Join, asked_from, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.shipping import Delivery
from sync2sys.formats.writers import Csv

_PAGE = "https://idealo.github.io/csv-importer/en/csv/"
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
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
#: A semicolon inside an address is encoded, because they part addresses.
IMAGES = Join(";", "%3B")
#: What a feed can have beside that.
PAYMENTS = tuple(
    str.split(
        "credit_card cash_in_advance cash_on_delivery giropay direct_debit google_checkout invoice "
        "postal_order paysafecard sofortueberweisung amazon_payment"
    )
)
TEXTS = (
    "merchantName",
    "merchantId",
    "voucherCode",
    "deliveryComment",
    "fulfillmentType",
    "diopter",
    "baseCurve",
)
AMOUNTS = ("deposit", "twoManHandlingFee", "disposalFee", "minimumPrice")
NUMBERS = (
    "maxOrderProcessingTime",
    "freeReturnDays",
    "quantityPerOrder",
    "packagingUnit",
    "checkoutLimitPerPeriod",
)
TRUTHS = ("checkout", "used", "download", "replica")
LISTS = ("oens", "kbas", "pzns")

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
            _field("hans", rules.part_number, "mpn", "sku", recommended=True),
            _field("description", rules.text, "description", limit=1000, recommended=True),
            _field(
                "imageUrls",
                rules.all_images,
                "images",
                "image",
                recommended=True,
                times=50,
                join=IMAGES,
                mapped=rules.several(rules.address),
            ),
            _field("price", rules.current_price, *_SOLD, required=True),
            _field("formerPrice", rules.price_before, *_SOLD, mapped=rules.cost),
            _field("deliveryTime", rules.word(DELIVERY), "availability", required=True, mapped=rules.text),
            _field("colour", rules.option("color"), *rules.KNOWN),
            _field("size", rules.option("size"), *rules.KNOWN),
            _field("gender", rules.option("gender"), *rules.KNOWN),
            _field("material", rules.option("material"), *rules.KNOWN),
            _field("deliveryCosts_dhl", rules.delivery_cost("dhl"), *rules.PAID, mapped=rules.cost),
            _field("paymentCosts_paypal", rules.setting("paymentCosts", rules.cost), mapped=rules.cost),
            *(
                _field(
                    f"deliveryCosts_{carrier}",
                    rules.delivery_cost(carrier),
                    *rules.PAID,
                    on_demand=True,
                    mapped=rules.cost,
                )
                for carrier in CARRIERS[1:]
            ),
            *(_asked(f"paymentCosts_{method}", rules.cost) for method in PAYMENTS),
            _asked("eec", rules.one_of(*google.ENERGY_CLASSES)),
            _asked("basePrice", rules.text),
            *(_asked(name, rules.text) for name in TEXTS),
            *(_asked(name, rules.cost) for name in AMOUNTS),
            *(_asked(name, rules.whole(0)) for name in NUMBERS),
            *(_asked(name, rules.one_of("true", "false")) for name in TRUTHS),
            *(_asked(name, rules.several(rules.text), times=50, join=Join(";", " ")) for name in LISTS),
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
