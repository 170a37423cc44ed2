"""The fake Shopify sells: lists, pages, searches and fields, as the Admin API was seen to answer."""

import base64
import json
import socket

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.shops.shopify import fetch
from tests.shops.shopify.catalogue import FIRST_PRODUCT, MAIN_LOCATION, ONLINE_STORE
from tests.shops.shopify.catalogues import few, odd, shirts
from tests.shops.shopify.platform import VERSIONS, Shopify
from tests.shops.shopify.refusals import NotModelled
from tests.shops.shopify.search import Search
from tests.shops.shopify.synthetic import BigCatalogue

pytestmark = pytest.mark.shopify

#: much of what a mirror asks for
MIRROR = """
query Mirror($first: Int!, $after: String, $query: String) {
  products(first: $first, after: $after, query: $query, sortKey: ID) {
    nodes {
      id legacyResourceId title descriptionHtml vendor productType handle status tags
      onlineStoreUrl publishedAt createdAt updatedAt isGiftCard
      category { id name fullName } seo { title description }
      options { id name position values } totalInventory tracksInventory hasOnlyDefaultVariant
      priceRangeV2 { minVariantPrice { amount currencyCode } maxVariantPrice { amount currencyCode } }
      variantsCount { count precision } featuredMedia { id }
      media(first: 10) {
        nodes { id alt mediaContentType ... on MediaImage { image { url width height altText } } }
        pageInfo { hasNextPage }
      }
      variants(first: 5) {
        nodes {
          id legacyResourceId title displayName sku barcode price compareAtPrice position availableForSale
          inventoryPolicy inventoryQuantity taxable updatedAt selectedOptions { name value }
          media(first: 1) { nodes { id } }
          unitPriceMeasurement { measuredType quantityUnit quantityValue referenceUnit referenceValue }
          inventoryItem {
            id sku tracked requiresShipping countryCodeOfOrigin harmonizedSystemCode
            unitCost { amount currencyCode } measurement { weight { value unit } }
          }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@pytest.fixture
def shop(shopify):
    return shopify.add_shop("mystore", few())


@pytest.fixture
def api(shop, admin):
    return admin(shop)


def titles(found):
    return [each["title"] for each in found["nodes"]]


# What a product says


def test_all_versions_answer_what_a_mirror_asks(shopify, admin):
    assert set(VERSIONS) <= set(fetch.versions())
    shop = shopify.add_shop("mystore", odd())
    for version in VERSIONS:
        found = admin(shop, version=version).data(MIRROR, first=5)["products"]
        assert len(found["nodes"]) == 5
        assert found["pageInfo"]["hasNextPage"]


def test_scalars_are_written_as_shopify_writes_them(api):
    product = api.data(MIRROR, first=1)["products"]["nodes"][0]
    assert product["id"] == f"gid://shopify/Product/{FIRST_PRODUCT}"
    assert product["legacyResourceId"] == str(FIRST_PRODUCT)
    assert product["createdAt"] == "2025-06-01T06:00:00Z"
    assert product["priceRangeV2"]["minVariantPrice"] == {"amount": "11.5", "currencyCode": "EUR"}
    variant = product["variants"]["nodes"][0]
    assert (variant["price"], variant["compareAtPrice"], variant["barcode"]) == ("11.50", None, None)
    assert variant["inventoryItem"]["measurement"] == {"weight": {"value": 0.0, "unit": "KILOGRAMS"}}


def test_a_product_without_options_has_one_variant_called_default_title(api):
    product = api.data(MIRROR, first=1)["products"]["nodes"][0]
    assert product["hasOnlyDefaultVariant"] is True
    assert [option["name"] for option in product["options"]] == ["Title"]
    variant = product["variants"]["nodes"][0]
    assert (variant["title"], variant["displayName"]) == ("Default Title", "Product 11 - Default Title")
    assert variant["selectedOptions"] == [{"name": "Title", "value": "Default Title"}]


def test_variants_have_their_own_options_pictures_and_items(shopify, admin):
    shop = shopify.add_shop("mystore", [each for each in odd() if each["title"] == "Two options"])
    product = admin(shop).data(MIRROR, first=1)["products"]["nodes"][0]
    red, black = product["variants"]["nodes"]
    assert black["title"] == "Black & Gold / 43"
    assert black["selectedOptions"] == [
        {"name": "Colour", "value": "Black & Gold"},
        {"name": "Size", "value": "43"},
    ]
    assert black["media"]["nodes"] == [{"id": product["media"]["nodes"][1]["id"]}]
    numbers = {each["id"].rpartition("/")[2] for each in (red, red["inventoryItem"], product)}
    assert len(numbers) == 3


def test_everything_odd_comes_through_unharmed(shopify, admin):
    found = admin(shopify.add_shop("mystore", odd())).data(MIRROR, first=50)["products"]["nodes"]
    assert [each["title"] for each in found] == [each["title"] for each in odd()]
    by_title = {each["title"]: each for each in found}
    assert by_title["Line separators"]["descriptionHtml"] == "a\u2028b\u2029c"
    assert by_title["Picture not ready"]["media"]["nodes"][0]["image"] is None
    assert by_title["A film"]["media"]["nodes"][0]["mediaContentType"] == "VIDEO"
    assert by_title["Sold too often"]["variants"]["nodes"][0]["inventoryQuantity"] == -3
    told = by_title["All that can be told"]["variants"]["nodes"][0]
    assert told["inventoryItem"]["unitCost"] == {"amount": "3.1", "currencyCode": "EUR"}


@pytest.mark.parametrize(
    ("fields", "has_url"),
    [
        ({}, True),
        ({"status": "UNLISTED"}, True),
        ({"status": "DRAFT"}, False),
        ({"status": "ARCHIVED"}, False),
        ({"online": False}, False),
    ],
)
def test_only_what_is_in_the_online_store_has_an_address(shopify, admin, fields, has_url):
    shop = shopify.add_shop("mystore", [{"title": "Mug"} | fields], host="shop.example")
    product = admin(shop).data(MIRROR, first=1)["products"]["nodes"][0]
    assert product["onlineStoreUrl"] == ("https://shop.example/products/mug" if has_url else None)
    assert (product["publishedAt"] is not None) is has_url


@pytest.mark.parametrize(
    ("fields", "is_for_sale"),
    [
        ({"stock": 1}, True),
        ({"stock": 0}, False),
        ({"stock": -1, "inventoryPolicy": "CONTINUE"}, True),
        ({"stock": 0, "tracked": False}, True),
    ],
)
def test_for_sale_folds_in_policy_and_tracking(shopify, admin, fields, is_for_sale):
    shop = shopify.add_shop("mystore", [{"title": "Mug", "variants": [fields]}])
    product = admin(shop).data(MIRROR, first=1)["products"]["nodes"][0]
    assert product["variants"]["nodes"][0]["availableForSale"] is is_for_sale


@pytest.mark.parametrize(("currency", "price"), [("EUR", "1234.50"), ("JPY", "1234"), ("KWD", "1234.500")])
def test_prices_have_the_digits_of_the_currency(shopify, admin, currency, price):
    shop = shopify.add_shop(
        "mystore", [{"title": "Mug", "variants": [{"price": "1234.5"}]}], currency=currency
    )
    product = admin(shop).data(MIRROR, first=1)["products"]["nodes"][0]
    assert product["variants"]["nodes"][0]["price"] == price


def test_prices_in_other_countries_are_in_their_currency(shop, api):
    shop.presentment = {"US": ("USD", "1.1")}
    asked = """{ shop { enabledPresentmentCurrencies }
        products(first: 1) { nodes { variants(first: 1) { nodes {
        us: contextualPricing(context: {country: US}) { price { amount currencyCode } }
        de: contextualPricing(context: {country: DE}) { price { amount currencyCode } } } } } } }"""
    data = api.data(asked)
    assert data["shop"]["enabledPresentmentCurrencies"] == ["EUR", "USD"]
    variant = data["products"]["nodes"][0]["variants"]["nodes"][0]
    assert variant["us"]["price"] == {"amount": "12.65", "currencyCode": "USD"}
    assert variant["de"]["price"] == {"amount": "11.5", "currencyCode": "EUR"}


def test_metafields_collections_and_publications_are_there(shopify, admin):
    described = few(1)[0] | {"metafields": {"custom.gtin": "4006381333931"}}
    api = admin(shopify.add_shop("mystore", [described]), "read_products,read_publications")
    asked = """{ products(first: 1) { nodes {
        metafield(namespace: "custom", key: "gtin") { value type }
        none: metafield(namespace: "custom", key: "no") { value }
        metafields(first: 5) { nodes { key } }
        collections(first: 5) { nodes { title productsCount { count } } }
        resourcePublicationsV2(first: 5) { nodes { publication { name } isPublished } }
        publishedOnPublication(publicationId: "gid://shopify/Publication/%d") } } }"""
    product = api.data(asked % ONLINE_STORE)["products"]["nodes"][0]
    assert product["metafield"] == {"value": "4006381333931", "type": "single_line_text_field"}
    assert product["none"] is None
    assert product["metafields"]["nodes"] == [{"key": "gtin"}]
    assert product["collections"]["nodes"] == [{"title": "Everything", "productsCount": {"count": 1}}]
    names = [each["publication"]["name"] for each in product["resourcePublicationsV2"]["nodes"]]
    assert names == ["Online Store", "Point of Sale"]
    assert product["publishedOnPublication"] is True


def test_the_shop_tells_who_it_is(shopify, admin):
    shop = shopify.add_shop("mystore", host="www.shop.example", plan="plus", timezone="America/New_York")
    told = admin(shop).data(
        """{ shop { name myshopifyDomain url currencyCode weightUnit taxesIncluded ianaTimezone
        primaryDomain { host url sslEnabled } plan { publicDisplayName shopifyPlus }
        billingAddress { countryCodeV2 } }
        currentAppInstallation { accessScopes { handle } app { title } } }"""
    )
    assert told["shop"] == {
        "name": "Mystore",
        "myshopifyDomain": "mystore.myshopify.com",
        "url": "https://www.shop.example",
        "currencyCode": "EUR",
        "weightUnit": "KILOGRAMS",
        "taxesIncluded": True,
        "ianaTimezone": "America/New_York",
        "primaryDomain": {"host": "www.shop.example", "url": "https://www.shop.example", "sslEnabled": True},
        "plan": {"publicDisplayName": "Plus", "shopifyPlus": True},
        "billingAddress": {"countryCodeV2": "DE"},
    }
    assert told["currentAppInstallation"]["accessScopes"] == [{"handle": "read_products"}]


# Pages


def test_pages_follow_one_another_to_the_end(shopify, admin):
    api = admin(shopify.add_shop("mystore", few(7)))
    found, after = [], None
    while True:
        page = api.data(MIRROR, first=3, after=after)["products"]
        found += titles(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == [f"Product {number}" for number in range(11, 18)]


def test_a_cursor_keeps_its_place_when_products_come_and_go(shop, api):
    first = api.data(MIRROR, first=2)["products"]
    shop.remove(FIRST_PRODUCT + 1)
    shop.add({"title": "New"})
    rest = api.data(MIRROR, first=5, after=first["pageInfo"]["endCursor"])["products"]
    assert titles(rest) == ["Product 13", "New"]


@pytest.mark.parametrize("order", ["TITLE", "UPDATED_AT", "VENDOR", "INVENTORY_TOTAL", "ID"])
@pytest.mark.parametrize("reverse", [False, True])
def test_every_order_pages_through_all_in_both_directions(shopify, admin, order, reverse):
    api = admin(shopify.add_shop("mystore", few(5)))
    asked = """query($after: String, $before: String, $first: Int, $last: Int, $reverse: Boolean) {
      products(first: $first, last: $last, after: $after, before: $before, sortKey: %s, reverse: $reverse) {
        nodes { title } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    asked %= order
    first = api.data(asked, first=3, reverse=reverse)["products"]
    second = api.data(asked, first=3, after=first["pageInfo"]["endCursor"], reverse=reverse)["products"]
    expected = [f"Product {number}" for number in range(11, 16)]
    assert titles(first) + titles(second) == (expected[::-1] if reverse else expected)
    back = api.data(asked, last=2, before=second["pageInfo"]["startCursor"], reverse=reverse)["products"]
    assert titles(back) == titles(first)[1:]
    assert back["pageInfo"]["hasPreviousPage"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "you must provide one of first or last"),
        ("(first: 1, last: 1)", "providing both first and last is not supported"),
        ('(first: 1, after: "nonsense")', "Malformed cursor"),
    ],
)
def test_bad_paging_is_refused_in_an_answer_of_status_200(api, arguments, message):
    answer = api.answer(f"{{ products{arguments} {{ nodes {{ id }} }} }}")
    assert answer["errors"][0]["message"] == message
    assert answer["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
    assert answer["errors"][0]["path"] == ["products"]
    assert answer["data"] is None


def test_no_page_is_longer_than_250(api):
    assert api.answer("{ products(first: 251) { nodes { id } } }")["data"] is None


def test_a_product_has_up_to_2048_variants_of_which_alone_it_gives_2000(shopify, admin):
    shop = shopify.add_shop("mystore", BigCatalogue(1, variants=2048), plan="enterprise")
    api = admin(shop)
    asked = (
        "query($id: ID!, $first: Int!, $after: String) { product(id: $id) { variantsCount { count } %s } }"
    )
    asked %= (
        "variants(first: $first, after: $after) { nodes { id position } pageInfo { hasNextPage endCursor } }"
    )
    product = api.data(asked, id=f"gid://shopify/Product/{FIRST_PRODUCT}", first=2000)["product"]
    assert product["variantsCount"] == {"count": 2048}
    after = product["variants"]["pageInfo"]["endCursor"]
    rest = api.data(asked, id=f"gid://shopify/Product/{FIRST_PRODUCT}", first=2000, after=after)["product"]
    assert [each["position"] for each in rest["variants"]["nodes"]] == list(range(2001, 2049))
    listed = api.answer("{ products(first: 1) { nodes { variants(first: 251) { nodes { id } } } } }")
    assert listed["data"] is None


def test_lists_end_after_25000_whatever_the_shop_has(shopify, admin):
    shop = shopify.add_shop("mystore", BigCatalogue(25_001), plan="enterprise")
    api = admin(shop)
    last = BigCatalogue(25_001).products.numbers[-3]
    asked = """query($after: String) {
        products(first: 250, after: $after) { nodes { id } pageInfo { hasNextPage } } }"""
    cursor = api.data("{ products(first: 1) { pageInfo { endCursor } } }")["products"]["pageInfo"][
        "endCursor"
    ]
    near_the_end = cursor_at(cursor, last)
    page = api.data(asked, after=near_the_end)["products"]
    assert len(page["nodes"]) == 1
    assert page["pageInfo"]["hasNextPage"] is False
    count = api.data("{ productsCount(limit: null) { count precision } }")["productsCount"]
    assert count == {"count": 25_001, "precision": "EXACT"}


def cursor_at(cursor, number):
    """The same cursor at another product."""
    read = json.loads(base64.b64decode(cursor))
    assert set(read) == {"last_id", "last_value"}
    return base64.b64encode(json.dumps({"last_id": number, "last_value": number}).encode()).decode()


# Searches


@pytest.fixture
def sorts(shopify, admin):
    shop = shopify.add_shop(
        "mystore",
        [
            {
                "title": "Red mug",
                "vendor": "Acme",
                "tags": ["kitchen"],
                "variants": [{"sku": "M-1", "stock": 5}],
            },
            {"title": "Blue mug", "vendor": "Big & Co", "status": "DRAFT", "tags": ["kitchen", "new"]},
            {"title": "Lamp", "vendor": "Acme", "productType": "Light", "online": False},
            {"title": "Old lamp", "vendor": "Dusk", "status": "ARCHIVED", "handle": "old"},
        ],
    )
    return admin(shop)


SEARCHES = {
    "status:active": ["Red mug", "Lamp"],
    "status:ACTIVE,draft": ["Red mug", "Blue mug", "Lamp"],
    "status:archived OR status:draft": ["Blue mug", "Old lamp"],
    "-status:active": ["Blue mug", "Old lamp"],
    "NOT status:active AND vendor:Dusk": ["Old lamp"],
    "published_status:published": ["Red mug"],
    "published_status:unpublished": ["Blue mug", "Lamp", "Old lamp"],
    "tag:kitchen tag_not:new": ["Red mug"],
    "vendor:'Big & Co'": ["Blue mug"],
    "mug": ["Red mug", "Blue mug"],
    "(vendor:Acme OR vendor:Dusk) lamp": ["Lamp", "Old lamp"],
    "title:la*": ["Lamp"],
    "sku:M-1": ["Red mug"],
    "handle:old": ["Old lamp"],
    "product_type:light": ["Lamp"],
    "inventory_total:>4": ["Red mug"],
    f"id:>{FIRST_PRODUCT + 1}": ["Lamp", "Old lamp"],
    "created_at:>'2025-06-01T05:59:59Z' status:draft": ["Blue mug"],
    "created_at:<2025": [],
    "": ["Red mug", "Blue mug", "Lamp", "Old lamp"],
}


@pytest.mark.parametrize(("query", "expected"), SEARCHES.items())
def test_searches_find_what_they_say(sorts, query, expected):
    answer = sorts.answer(MIRROR, first=10, query=query)
    assert titles(answer["data"]["products"]) == expected
    assert "search" not in answer["extensions"]


def test_an_unknown_field_is_ignored_and_only_warned_of(sorts):
    answer = sorts.answer(MIRROR, first=10, query="update_at:>'2030-01-01' status:active")
    assert titles(answer["data"]["products"]) == ["Red mug", "Lamp"]
    (told,) = answer["extensions"]["search"]
    assert told["path"] == ["products"]
    assert [each["code"] for each in told["warnings"]] == ["invalid_field"]


def test_a_time_without_quotes_is_cut_at_its_colon_and_taken_in_the_shops_zone(shopify, admin):
    shop = shopify.add_shop("mystore", few(1), timezone="America/New_York")
    api = admin(shop)
    asked = "query($query: String) { products(first: 5, query: $query) { nodes { title } } }"
    quoted = api.answer(asked, query="updated_at:>'2025-06-01T05:30:00Z'")
    assert titles(quoted["data"]["products"]) == ["Product 11"]
    bare = api.answer(asked, query="updated_at:>2025-06-01T05:30:00Z")
    assert titles(bare["data"]["products"]) == []
    assert bare["extensions"]["search"][0]["warnings"][0]["field"] == "30"


def test_a_time_that_is_none_is_refused(sorts):
    answer = sorts.answer(MIRROR, first=1, query="updated_at:>'yesterday'")
    assert answer["errors"][0]["message"] == "Invalid timestamp for query filter `updated_at`."


WORDS = ["status", ":", ">", "<=", "'", '"', "(", ")", "-", "NOT ", " OR ", "*", ",", "\\", "é", "2026", " "]


@given(st.lists(st.sampled_from(WORDS) | st.characters(), max_size=12).map("".join))
def test_no_search_is_too_odd_to_be_read(text):
    search = Search(text, {"status": lambda record: record["status"]}, lambda record: [record["title"]])
    assert search.matches({"status": "ACTIVE", "title": "Mug"}) in (True, False)


def test_the_search_index_lags_behind(shopify, shop, api):
    shop.search_lag = 300
    since = shopify.clock.now().strftime("updated_at:>='%Y-%m-%dT%H:%M:%SZ'")
    shop.edit(FIRST_PRODUCT, title="Renamed")
    new = shop.add({"title": "New"})
    assert titles(api.data(MIRROR, first=5, query=since)["products"]) == []
    assert "Renamed" in titles(api.data(MIRROR, first=5)["products"])
    assert api.data("query($id: ID!) { product(id: $id) { title } }", id=f"gid://shopify/Product/{new}")[
        "product"
    ]
    shopify.clock.advance(301)
    assert titles(api.data(MIRROR, first=5, query=since)["products"]) == ["Renamed", "New"]


# Single ones


def test_nodes_come_in_the_order_asked_for_and_null_where_there_is_none(shop, api):
    data = api.data(MIRROR, first=1)["products"]["nodes"][0]
    variant = data["variants"]["nodes"][0]
    ids = [variant["id"], "gid://shopify/Product/1", data["id"], variant["inventoryItem"]["id"]]
    found = api.data("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)["nodes"]
    assert [each and each["__typename"] for each in found] == [
        "ProductVariant",
        None,
        "Product",
        "InventoryItem",
    ]


def test_an_id_of_another_kind_finds_nothing(api):
    variant = api.data(MIRROR, first=1)["products"]["nodes"][0]["variants"]["nodes"][0]
    assert api.data("query($id: ID!) { product(id: $id) { id } }", id=variant["id"]) == {"product": None}


def test_levels_are_told_by_location(shopify, admin):
    shop = shopify.add_shop("mystore")
    second = shop.catalogue.add_location("Warehouse")
    shop.add({"title": "Mug", "variants": [{"stock": {MAIN_LOCATION: 2, second: 5}}]})
    asked = """{ locations(first: 5) { nodes { name } }
        inventoryItems(first: 1) { nodes { inventoryLevels(first: 5) { nodes {
        location { name }
        quantities(names: ["available", "on_hand", "committed"]) { name quantity } } } } } }"""
    data = admin(shop, "read_products,read_inventory,read_locations").data(asked)
    assert [each["name"] for each in data["locations"]["nodes"]] == ["Shop location", "Warehouse"]
    levels = data["inventoryItems"]["nodes"][0]["inventoryLevels"]["nodes"]
    assert [[each["quantity"] for each in level["quantities"]] for level in levels] == [[2, 2, 0], [5, 5, 0]]


def test_what_the_fake_does_not_model_is_a_crash_and_no_null(authority, monkeypatch, admin):
    def ask():
        with Shopify(authority) as shopify:
            monkeypatch.setattr(socket, "getaddrinfo", shopify.lookup)
            with pytest.raises(requests.ConnectionError):
                admin(shopify.add_shop("mystore")).answer("{ shop { features { storefront } } }")

    with pytest.raises(NotModelled, match=r"Shop\.features"):
        ask()


def test_a_shirt_has_a_variant_for_each_size(shopify, admin):
    data = admin(shopify.add_shop("mystore", shirts())).data(MIRROR, first=5)["products"]["nodes"]
    assert [[variant["title"] for variant in each["variants"]["nodes"]] for each in data] == [
        ["S", "M", "L"]
    ] * 2
