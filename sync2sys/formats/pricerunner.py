"""PriceRunner (Klarna): CSV.

Source: docs.klarna.com, product file, from excerpts; which columns are required is second-hand.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import LOCAL, Format, asked_from, fields_from
from sync2sys.formats.markets import Wish
from sync2sys.formats.shipping import Delivery
from sync2sys.formats.writers import Csv

STOCK = {
    "in_stock": "In stock",
    "out_of_stock": "Out of stock",
    "backorder": "Backorder",
    "preorder": "Preorder",
}
_PAGE = "https://docs.klarna.com/"
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")

FORMATS = (
    Format(
        name="pricerunner",
        version="pricerunner-2026-10",
        label="PriceRunner (Klarna)",
        content_type="text/csv; charset=utf-8",
        extension="csv",
        syntax=Csv(),
        fields=(
            _field("ProductId", rules.identifier, "key", required=True),
            _field("ProductName", rules.full_title, "title", "options", "has_variants", required=True),
            _field("Price", rules.current_price, *_SOLD, required=True),
            _field("ShippingCost", rules.delivery_cost(), *rules.PAID, mapped=rules.cost),
            _field("StockStatus", rules.word(STOCK), "availability", required=True),
            _field("LeadTime", rules.setting("leadTime"), limit=100, recommended=True),
            _field("Brand", rules.branded(google.NO_BRAND), "brand", recommended=True),
            _field("Msku", rules.part_number, "mpn", "sku", recommended=True),
            _field("EAN", rules.ean, "gtin", recommended=True),
            _field("Url", rules.address, "link", required=True),
            _field("ImageUrl", rules.main_image, "image", "images", recommended=True),
            _field("Category", rules.deepest_category, "categories", required=True),
            _field("Description", rules.text, "description", recommended=True),
            _field("Condition", rules.constant("New"), mapped=rules.one_of("New", "Used", "Refurbished")),
            _field("GroupId", rules.group, "group_key", "has_variants", mapped=rules.identifier),
            _field("Color", rules.option("color"), *rules.KNOWN),
            _field("Size", rules.option("size"), *rules.KNOWN),
            _field("Gender", rules.option("gender"), *rules.KNOWN, mapped=rules.known_word("gender")),
            _field("AgeGroup", rules.option("age_group"), *rules.KNOWN, mapped=rules.known_word("age_group")),
            _field("Material", rules.option("material"), *rules.KNOWN),
            _asked("AdultContent", rules.one_of("Yes", "No")),
            _asked("Bundled", rules.one_of("Yes", "No")),
            _asked("EnergyEfficiencyClass", rules.one_of(*google.ENERGY_CLASSES)),
            _asked("Multipack", rules.whole(2)),
            _asked("SizeSystem", rules.one_of(*google.SIZE_SYSTEMS)),
            _field("Pattern", rules.option("pattern"), *rules.KNOWN),
        ),
        source="docs.klarna.com, product file",
        standing="second-hand",
        wish=Wish("wants prices with tax", _PAGE),
        currency=LOCAL,
        delivery=Delivery(most=1, is_abroad=False),
        settings={"leadTime": "1-3 days"},
        remark="The price is what the buyer pays now.",
    ),
)
