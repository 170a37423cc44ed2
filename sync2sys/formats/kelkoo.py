"""Kelkoo: XML.

Source: Kelkoo's product data feed page, from excerpts.
"""

from sync2sys.formats import google, rules
from sync2sys.formats.base import LOCAL, Format, asked_from, fields_from
from sync2sys.formats.markets import BY_LAW
from sync2sys.formats.shipping import Delivery
from sync2sys.formats.writers import Xml

AVAILABILITY = {"in_stock": "1", "out_of_stock": "6", "backorder": "2", "preorder": "4"}
_PAGE = "https://requestbuilder.kelkoogroup.com/"
_field, _asked = fields_from(_PAGE), asked_from(_PAGE)
_SOLD = ("price", "currency", "sale_price", "sale_from", "sale_to")

FORMATS = (
    Format(
        name="kelkoo",
        version="kelkoo-2026-10",
        label="Kelkoo",
        content_type="application/xml; charset=utf-8",
        extension="xml",
        syntax=Xml("products", "product", cdata=True),
        fields=(
            _field("offer-id", rules.identifier, "key", required=True),
            _field("title", rules.full_title, "title", "options", "has_variants", limit=80, required=True),
            _field("product-url", rules.address, "link", required=True),
            _field("landing-page-url", rules.address, "link", required=True),
            _field("price", rules.current_price, *_SOLD, required=True),
            _field("merchant-category", rules.deepest_category, "categories", required=True),
            _field("description", rules.text, "description", limit=300),
            _field("image-url", rules.main_image, "image", "images"),
            *(
                _field(f"image-url-{n + 1}", rules.other_image(n), "images", "image", mapped=rules.address)
                for n in (1, 2, 3)
            ),
            _field("brand", rules.branded(google.NO_BRAND), "brand", recommended=True),
            _field("ean", rules.ean, "gtin", limit=13, recommended=True),
            _field("mpn", rules.part_number, "mpn", "sku"),
            _field("sku", rules.text, "sku"),
            _field("availability", rules.word(AVAILABILITY, "3", "5"), "availability"),
            _field("condition", rules.constant("0")),
            _field("colour", rules.option("color"), *rules.KNOWN),
            _field("delivery-cost", rules.delivery_cost(), *rules.PAID, mapped=rules.cost),
            _field("delivery-time", rules.setting("deliveryTime"), limit=100),
            _asked("ecotax", rules.cost),
            _asked("warranty", rules.text),
            _asked("mobile-url", rules.address),
            _asked("unit-price", rules.text),
        ),
        source="requestbuilder.kelkoogroup.com, product data feed",
        standing="excerpt",
        wish=BY_LAW,
        currency=LOCAL,
        delivery=Delivery(most=1, is_abroad=False),
        settings={"deliveryTime": "1-2 days"},
        remark="The price is what the buyer pays now.",
    ),
)
