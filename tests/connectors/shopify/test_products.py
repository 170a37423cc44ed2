"""Shopify's words made ours."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.connectors.shopify.products import Reader
from sync2sys.errors import StoreGarbled

PRODUCT = {
    "id": "gid://shopify/Product/8971842846953",
    "title": "Trail Runner & more",
    "descriptionHtml": "<p>Light.</p>",
    "vendor": "Acme",
    "productType": "Shoes",
    "status": "ACTIVE",
    "tags": ["summer", "sale", "summer"],
    "onlineStoreUrl": "https://shop.example/products/trail",
    "updatedAt": "2026-04-18T00:58:21Z",
    "hasOnlyDefaultVariant": False,
    "category": {"fullName": "Apparel & Accessories > Shoes"},
}
VARIANT = {
    "id": "gid://shopify/ProductVariant/11",
    "title": "Blue / 42",
    "sku": "TR-42",
    "barcode": "4006381333931",
    "price": "79.90",
    "compareAtPrice": "89.90",
    "availableForSale": True,
    "inventoryPolicy": "DENY",
    "inventoryQuantity": 3,
    "taxable": True,
    "updatedAt": "2026-04-18T00:58:21Z",
    "selectedOptions": [{"name": "Color", "value": "Blue"}, {"name": "Size", "value": "42"}],
    "inventoryItem": {"tracked": True, "measurement": {"weight": {"value": 0.8, "unit": "KILOGRAMS"}}},
}
ALONE = {"title": "Default Title", "selectedOptions": [{"name": "Title", "value": "Default Title"}]}
IMAGE = {"id": "gid://shopify/MediaImage/1", "image": {"url": "https://cdn.example/1.jpg"}}
VIDEO = {"id": "gid://shopify/Video/2"}


def product(media=(), metafields=(), variants=(11,), **changes):
    return Reader("kg").product(PRODUCT | changes, media, metafields, variants)


def variant(unit="kg", media=(), of=None, **changes):
    return Reader(unit).variant(VARIANT | changes, media, of or product())


def test_the_featured_image_is_the_first_whatever_the_order_of_the_others():
    other = {"id": "gid://shopify/MediaImage/2", "image": {"url": "https://cdn.example/2.jpg"}}
    found = product([other, IMAGE], featuredMedia=IMAGE)
    assert found.images == ("https://cdn.example/1.jpg", "https://cdn.example/2.jpg")


def test_a_product_is_read():
    found = product([VIDEO, IMAGE, IMAGE], variants=[11, 12])
    assert found.external_id == "8971842846953"
    assert (found.kind, found.status, found.published) == ("variable", "active", True)
    assert (found.title, found.brand) == ("Trail Runner & more", "Acme")
    assert found.categories == ("Shoes", "Apparel & Accessories > Shoes")
    assert found.tags == ("summer", "sale")
    assert found.images == ("https://cdn.example/1.jpg",)
    assert found.variant_ids == ("11", "12")
    assert found.modified_at == datetime(2026, 4, 18, 0, 58, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "link", "published"),
    [
        ("ACTIVE", "https://shop.example/products/trail", True),
        ("ACTIVE", None, False),
        ("UNLISTED", "https://shop.example/products/trail", False),
        ("DRAFT", "https://shop.example/products/trail", False),
        ("ARCHIVED", None, False),
    ],
)
def test_only_what_is_active_and_in_the_online_store_is_published(status, link, published):
    assert product(status=status, onlineStoreUrl=link).published is published


def test_a_variant_is_read():
    found = variant(media=[IMAGE])
    assert (found.external_id, found.product_external_id) == ("11", "8971842846953")
    assert (found.sku, found.gtin) == ("TR-42", "4006381333931")
    assert (found.price, found.sale_price) == (Decimal("89.90"), Decimal("79.90"))
    assert (found.availability, found.quantity) == ("in_stock", 3)
    assert found.options == {"Color": "Blue", "Size": "42"}
    assert found.link == "https://shop.example/products/trail?variant=11"
    assert found.image == "https://cdn.example/1.jpg"
    assert found.weight == Decimal("0.8")


@pytest.mark.parametrize("before", [None, "79.90", "50.00", "0.00", "", "abc"])
def test_a_price_before_that_is_not_higher_is_no_sale(before):
    found = variant(compareAtPrice=before)
    assert (found.price, found.sale_price) == (Decimal("79.90"), None)


def test_a_product_without_options_has_none_and_keeps_its_own_link():
    of = product(hasOnlyDefaultVariant=True)
    found = variant(of=of, **ALONE)
    assert of.kind == "simple"
    assert (found.options, found.title, found.link) == ({}, "", "")


@pytest.mark.parametrize(
    ("available", "policy", "tracked", "quantity", "availability", "shown"),
    [
        (True, "DENY", True, 3, "in_stock", 3),
        (False, "DENY", True, 0, "out_of_stock", 0),
        (True, "CONTINUE", True, -2, "backorder", -2),
        (True, "CONTINUE", True, 5, "in_stock", 5),
        (True, "DENY", False, 0, "in_stock", None),
        (None, "DENY", True, None, "out_of_stock", None),
        (True, "DENY", True, None, "in_stock", None),
    ],
)
def test_stock(available, policy, tracked, quantity, availability, shown):
    item = {"tracked": tracked, "measurement": None}
    found = variant(
        availableForSale=available, inventoryPolicy=policy, inventoryQuantity=quantity, inventoryItem=item
    )
    assert (found.availability, found.quantity) == (availability, shown)


@pytest.mark.parametrize(
    ("unit", "value", "given", "weight"),
    [
        ("kg", 800, "GRAMS", "0.8000"),
        ("g", 0.8, "KILOGRAMS", "800.0000"),
        ("kg", 1, "POUNDS", "0.4536"),
        ("lb", 16, "OUNCES", "1.0000"),
        ("kg", 0, "GRAMS", None),
        ("kg", 5, "STONES", None),
        ("", 5, "GRAMS", None),
    ],
)
def test_weights_are_in_the_shops_own_unit(unit, value, given, weight):
    item = {"tracked": True, "measurement": {"weight": {"value": value, "unit": given}}}
    found = variant(unit=unit, inventoryItem=item).weight
    assert found == (None if weight is None else Decimal(weight))


def test_metafields_of_text_are_kept_and_others_are_not():
    rows = [
        {"namespace": "custom", "key": "material", "type": "single_line_text_field", "value": "Leather"},
        {"namespace": "custom", "key": "size", "type": "number_integer", "value": "42"},
        {"namespace": "custom", "key": "file", "type": "file_reference", "value": "gid://shopify/File/1"},
        {"namespace": "custom", "key": "many", "type": "list.single_line_text_field", "value": '["a"]'},
        {"namespace": "custom", "key": "none", "type": "single_line_text_field", "value": None},
        None,
    ]
    assert product(metafields=rows).meta == {"custom.material": "Leather", "custom.size": "42"}


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(sorted(PRODUCT)), json),
    st.dictionaries(st.sampled_from(sorted(VARIANT)), json),
)
def test_whatever_a_field_holds_it_is_read_or_the_shop_is_garbled(of_product, of_variant):
    try:
        found = product([IMAGE, None, {"image": 7}], **of_product)
        variant(of=found, media=[None, {"image": {"url": 5}}], **of_variant)
    except StoreGarbled:
        return
    assert isinstance(found.title, str)


def test_identifiers_may_be_kept_in_metafields_of_the_variant():
    found = variant(barcode=None, ean={"value": " 4006381 333931 "}, mpn={"value": "TR-42-B"})
    assert (found.gtin, found.mpn) == ("4006381333931", "TR-42-B")


def test_the_barcode_counts_before_a_metafield_even_where_it_is_wrong():
    """Its owner wants to be told."""
    assert variant(barcode="123", gtin={"value": "4006381333931"}).gtin == "123"


def test_of_several_metafields_one_that_is_a_gtin_counts():
    found = variant(barcode="", gtin={"value": "to come"}, upc={"value": "036000291452"})
    assert found.gtin == "036000291452"
    assert variant(barcode="", gtin={"value": "to come"}).gtin == "tocome"


def test_those_of_a_product_count_where_it_is_all_there_is_to_buy():
    kept = [
        {"namespace": "custom", "key": "gtin", "type": "single_line_text_field", "value": "4006381333931"}
    ]
    alone = product(metafields=kept, hasOnlyDefaultVariant=True)
    assert variant(of=alone, barcode=None, **ALONE).gtin == "4006381333931"
    several = product(metafields=kept)
    assert variant(of=several, barcode=None).gtin == ""
