"""PriceRunner (Klarna): CSV.

Source: docs.klarna.com, product file, from excerpts; which columns are required is second-hand.
"""

from sync2sys.formats import google, values
from sync2sys.formats.base import Format, fields_from
from sync2sys.formats.writers import Csv

STOCK = {
    "in_stock": "In stock",
    "out_of_stock": "Out of stock",
    "backorder": "Backorder",
    "preorder": "Preorder",
}
_field = fields_from("https://docs.klarna.com/")
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
            _field("ProductId", values.identifier, "key", required=True),
            _field("ProductName", values.full_title, "title", "options", "has_variants", required=True),
            _field("Price", values.current_price, *_SOLD, required=True),
            _field("ShippingCost", values.setting("shippingCost"), limit=20),
            _field("StockStatus", values.word(STOCK), "availability", required=True),
            _field("LeadTime", values.setting("leadTime"), limit=100),
            _field("Brand", values.branded(google.NO_BRAND), "brand", recommended=True),
            _field("Msku", values.part_number, "mpn", "sku", recommended=True),
            _field("EAN", values.ean, "gtin", recommended=True),
            _field("Url", values.address, "link", required=True),
            _field("ImageUrl", values.main_image, "image", "images", recommended=True),
            _field("Category", values.deepest_category, "categories", required=True),
            _field("Description", values.text, "description"),
            _field("Condition", values.constant("New")),
            _field("GroupId", values.group, "group_key", "has_variants"),
            _field("Color", values.option("color"), "options"),
            _field("Size", values.option("size"), "options"),
            _field("Gender", values.option("gender"), "options"),
            _field("AgeGroup", values.option("age_group"), "options"),
            _field("Material", values.option("material"), "options"),
            _field("Pattern", values.option("pattern"), "options"),
        ),
        source="docs.klarna.com, product file",
        standing="second-hand",
        settings={"shippingCost": "49.00", "leadTime": "1-3 days"},
        remark="The price includes VAT and is what the buyer pays now.",
    ),
)
