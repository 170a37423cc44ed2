"""What owners may say of fields that the rules check: as it is said, as it is published, and nonsense."""

from sync2sys.formats import FORMATS, custom
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT

#: Fields that take any text.
TEXTS = str.split(
    "GIFT ITEM_TYPE MANUFACTURER_ELECTRONIC_ADDRESS MANUFACTURER_POSTAL_ADDRESS PRODUCT SPECIAL_SERVICE "
    "CATEGORYTEXT android_deep_link ios_deep_link applink.android_app_name applink.android_package "
    "applink.android_url applink.ios_app_name applink.ios_url author baseCurve basePrice color "
    "custom_label_0 custom_label_1 custom_label_2 custom_label_3 custom_label_4 deliveryComment deliveryTime "
    "diopter external_seller_id fb_product_category fulfillmentType geo_availability geo_price "
    "google_product_category internal_label item_group_id item_group_title GroupId group_id id kbas "
    "marketplace_seller merchantId merchantName oens offer_id pickup_sla pricing_trend product_category "
    "product_highlight promotion_id pzns related_product_id return_policy_label rich_text_description season "
    "shipping_label short_title size_fit unit-price unit_price.unit vendor_id voucherCode warning warranty "
    "ITEMGROUP_ID ACCESSORY country_of_origin"
)
YES_OR_NO = ("adult", "is_bundle", "identifier_exists")
ADDRESSES = str.split(
    "additional_image_link additional_image_urls additionalimage IMGURL_ALTERNATIVE imageUrls imgs "
    "image-url-3 image-url-4 ad_link ads_redirect document_link lifestyle_image_link mobile-url mobile_link "
    "model_3d_url return_policy seller_privacy_policy seller_tos seller_url video_link video_url "
    "virtual_model_link warning_url image-url-2"
)
TRUTHS = str.split(
    "accepts_exchanges accepts_returns checkout download is_digital is_eligible_ads is_eligible_checkout "
    "is_eligible_search listing_has_variations replica used"
)
WHOLE = str.split(
    "applink.ios_app_store_id checkoutLimitPerPeriod custom_number_0 custom_number_1 custom_number_2 "
    "custom_number_3 custom_number_4 freeReturnDays maxOrderProcessingTime max_handling_time "
    "multipack Multipack packagingUnit quantityPerOrder quantity_to_sell_on_facebook return_deadline_in_days "
    "review_count store_review_count age_restriction min_handling_time"
)
COSTS = (
    *str.split(
        "ShippingCost delivery-cost deposit disposalFee ecotax formerPrice minimumPrice "
        "shipping_costs twoManHandlingFee wholesale_price"
    ),
    *(field.name for field in FORMATS["idealo"].fields if "Costs_" in field.name),
)
SIZES = str.split("product_height product_length product_width shipping_height shipping_width")
LINK = ("//shop.example/ä.jpg", "https://shop.example/%C3%A4.jpg", "shop.example")

#: field -> what is said, what is published of it, and what is left out
CHECKED = {
    **dict.fromkeys(YES_OR_NO, ("Yes", "yes", "perhaps")),
    **dict.fromkeys(("AdultContent", "Bundled"), ("yes", "Yes", "perhaps")),
    **dict.fromkeys(ADDRESSES, LINK),
    **{f"video[{number}].url": LINK for number in range(20)},
    **dict.fromkeys(TRUTHS, ("True", "true", "1")),
    **dict.fromkeys(WHOLE, ("12", 12, "1.5")),
    **dict.fromkeys(COSTS, ("4.9", "4.90", "free")),
    **dict.fromkeys(SIZES, ("12.50", "12.5 cm", "12 ell")),
    **dict.fromkeys(("height", "length", "width"), ("12.50", "12.5", "high")),
    **dict.fromkeys(("set", "basket"), ("1", "1", "yes")),
    **dict.fromkeys(("condition", "Condition"), ("Used", ("used", "Used"), "worn")),
    **dict.fromkeys(("gender", "Gender"), ("Damen", "female", "all")),
    **dict.fromkeys(("age_group", "AgeGroup"), ("Kinder", "kids", "12-14")),
    **dict.fromkeys(
        ("energy_efficiency_class", "min_energy_efficiency_class", "max_energy_efficiency_class"),
        ("a++", "A++", "H"),
    ),
    **dict.fromkeys(("eec", "EnergyEfficiencyClass"), ("a++", "A++", "H")),
    **dict.fromkeys(("ships_from_country",), ("de", "DE", "Germany")),
    **dict.fromkeys(("cost_of_goods_sold", "auto_pricing_min_price"), ("12.5", "12.50 EUR", "12,50")),
    **dict.fromkeys(("maximum_retail_price", "min_ad_price"), ("12 INR", "12.00 INR", "twelve")),
    **dict.fromkeys(("popularity_score", "star_rating", "store_star_rating"), ("4.50", "4.5", "6")),
    **dict.fromkeys(("popularity_rank", "return_rate"), ("99.50", "99.5", "101")),
    **dict.fromkeys(("unit_pricing_measure", "base_measure"), ("750ML", "750 ml", "750 sips")),
    **dict.fromkeys(
        ("sale_price_start_date", "sale_price_end_date", "sale_price_from", "sale_price_to"),
        ("2026-12-24", "2026-12-24T00:00:00Z", "soon"),
    ),
    "DELIVERY": ("PPL:99", [{"DELIVERY_ID": "PPL", "DELIVERY_PRICE": "99.00"}], "PPL:free"),
    "DELIVERY_DATE": ("007", "7", "1000"),
    "EXTENDED_WARRANTY": ("24: two: years", [{"VAL": "24", "DESC": "two: years"}], "long:two years"),
    "HEUREKA_CPC": ("0.5", "0.50", "0.001"),
    "SALES_VOUCHER": ("XMAS:ten off", [{"CODE": "XMAS", "DESC": "ten off"}], "XMAS"),
    "VAT": ("21.0", "21", "101"),
    "ads_metadata": ('{"a":"b"}', {"a": "b"}, '{"a":1}'),
    "avail": ("7", "7", "8"),
    "ISBN": ("316148410X", "9783161484100", "4006381333931"),
    "certification": (
        "EC:EPREL:123456",
        [{"certification_authority": "EC", "certification_name": "EPREL", "certification_code": "123456"}],
        "EC:EPREL",
    ),
    "dimensions_unit": ("CM", "cm", "ell"),
    "excluded_destination": ("shopping ads", "Shopping_ads", "Shopping"),
    "included_destination": ("free listings", "Free_listings", "Free"),
    "expiration_date": (
        "2026/12/24 10:00",
        ("2026-12-24T10:00+0000", "2026-12-24T10:00+00:00", "2026-12-24T10:00:00Z", "2026-12-24"),
        "24.12.2026",
    ),
    "installment": (
        "6:15::finance",
        [{"months": "6", "amount": "15.00 EUR", "credit_type": "finance"}],
        "six:15",
    ),
    "item_weight_unit": ("KG", "kg", "stone"),
    "loyalty_program": (
        "Club:Gold:79.9::20:2026-11-01/2026-12-01",
        [
            {
                "program_label": "Club",
                "tier_label": "Gold",
                "price": "79.90 EUR",
                "loyalty_points": "20",
                "member_price_effective_date": "2026-11-01/2026-12-01",
            }
        ],
        "Club:Gold:cheap",
    ),
    "outlet": ("y", "Y", "yes"),
    "pause": ("Ads", "ads", "everything"),
    "pickup_method": ("in store", "in_store", "drone"),
    "product_detail": (
        "General: Sole:Rubber",
        [{"section_name": "General", "attribute_name": "Sole", "attribute_value": "Rubber"}],
        "Sole",
    ),
    "product_weight": ("1.50", "1.5 kg", "2001"),
    "q_and_a": ("Wet?:No", [{"q": "Wet?", "a": "No"}], "Wet?"),
    "question_and_answer": ("Wet?:No: dry", [{"question": "Wet?", "answer": "No: dry"}], ":No"),
    "related_product": (
        "Accessory:ID:42",
        [{"relationship_type": "accessory", "identifier_type": "id", "identifier": "42"}],
        "friend:id:42",
    ),
    "relationship_type": ("often bought with", "often_bought_with", "friend"),
    "reviews": (
        "Good:1:5:4.50:Dry",
        [{"title": "Good", "minRating": "1", "maxRating": "5", "rating": "4.5", "content": "Dry"}],
        "Good:1:5:many:Dry",
    ),
    "sale_price_effective_date": (
        "2026-11-01T00:00+0100/2026-12-01",
        ("2026-10-31T23:00+0000/2026-12-01T00:00+0000", "2026-10-31T23:00+00:00/2026-12-01T00:00+00:00"),
        "2026-12-01/2026-11-01",
    ),
    "shipping_weight": ("1.50", "1.5 kg", "1001"),
    "shipping": (
        "de::Standard:4.9 EUR",
        [{"country": "DE", "service": "Standard", "price": "4.90 EUR"}],
        "de::Standard:4.90",
    ),
    "store_country": ("de", "DE", "Germany"),
    "target_countries": ("de", "DE", "Germany"),
    "shopping_ads_excluded_country": ("fr", "FR", "France"),
    "size_system": ("de", "DE", "German"),
    "SizeSystem": ("de", "DE", "German"),
    "size_type": ("Big", "big", "huge"),
    "status": ("Active", "active", "on"),
    "structured_description": (
        "trained algorithmic media:A shoe.",
        [{"digital_source_type": "trained_algorithmic_media", "content": "A shoe."}],
        "robot:A shoe.",
    ),
    "structured_title": (":Shoe", [{"content": "Shoe"}], "default:"),
    "subscription_cost": (
        "month:12:9.9",
        [{"period": "month", "period_length": "12", "amount": "9.90 EUR"}],
        "moon:12:9.9",
    ),
    "unit_price.currency": ("eur", "EUR", "€"),
    "unit_price.value": ("9.90", "9.9", "cheap"),
    "unit_pricing_base_measure": ("100ml", "100 ml", "300 ml"),
    "variant_option": ("Scent:Pine", [{"name": "Scent", "value": "Pine"}], "Pine"),
    "vat": ("24", "24.00", "a lot"),
}


def asked(format):
    """The fields of a format that are made of what an owner says alone."""
    fields = {field.name: field for field in format.all_fields}
    return [field for field in fields.values() if field.on_demand or field.mapped is not None]


def said(field, *texts):
    """A mapping to these texts, or to the first where the field takes one."""
    return {"list": [{"constant": text} for text in texts]} if field.times else {"constant": texts[0]}


def mapped(format, mapping):
    """A renderer of a feed with this mapping."""
    return Renderer(format, CONTEXT, custom.parse(format, {"mapping": mapping}))


def with_everything(format):
    """A renderer of a feed whose owner said something of every such field."""
    mapping = {}
    for field in asked(format):
        texts = (CHECKED[field.name][0],) if field.name in CHECKED else ("Some text", 'Text, "more"')
        mapping[field.name] = said(field, *texts)
    return mapped(format, mapping)
