"""The fake Shopify's Admin API: who may call, at what price, in which words it refuses, and how it fails."""

import json
import socket
from datetime import UTC, datetime

import pytest
import requests
import shopify as library

from sync2sys.errors import Unreachable
from sync2sys.outbound import Allowed, Outbound
from tests.shops.shopify.admin import CLOSED
from tests.shops.shopify.catalogue import FIRST_PRODUCT, FIRST_VARIANT, ITEM, MAIN_LOCATION
from tests.shops.shopify.catalogues import few, shirts
from tests.shops.shopify.costs import size_factor
from tests.shops.shopify.platform import VERSIONS, Shopify

pytestmark = pytest.mark.shopify

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SHOP_ID = "{ shop { id } }"
LIST = "query($first: Int!) { products(first: $first) { nodes { id title } } }"


@pytest.fixture
def shop(shopify):
    return shopify.add_shop("mystore", few())


@pytest.fixture
def still(authority, monkeypatch):
    """Shopify with a clock that stands still."""
    with Shopify(authority, now=NOW) as running:
        monkeypatch.setattr(socket, "getaddrinfo", running.lookup)
        yield running


def codes(answer):
    return [error["extensions"].get("code") for error in answer["errors"]]


# Who may call


def test_shopifys_own_client_is_answered(shop, ca_file, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    token = shop.token(shop.platform.add_app())
    with library.Session.temp(shop.domain, "2026-10", token):
        answer = json.loads(library.GraphQL().execute("{ shop { name } }"))
    assert answer["data"] == {"shop": {"name": "Mystore"}}


def test_our_own_client_is_answered_under_the_shops_name(shopify, shop, ca_file):
    token = shop.token(shopify.add_app())
    with Outbound(Allowed.parse("127.0.0.0/8"), verify=ca_file, lookup=shopify.lookup) as client:
        reply = client.request(
            "POST",
            "https://mystore.myshopify.com/admin/api/2026-10/graphql.json",
            headers={"X-Shopify-Access-Token": token, "Content-Type": "application/json"},
            body=json.dumps({"query": SHOP_ID}).encode(),
        )
    assert json.loads(reply.body)["data"]["shop"]["id"].startswith("gid://shopify/Shop/")
    assert reply.headers["X-Shopify-API-Version"] == "2026-10"


@pytest.mark.parametrize("token", ["nonsense", "shpat_" + "0" * 32])
def test_a_wrong_token_is_told_so_in_the_old_shape(shop, admin, token):
    answer = admin(shop, token=token).post(SHOP_ID)
    assert answer.status_code == 401
    assert answer.json()["errors"].startswith("[API] Invalid API key or access token")


def test_an_unknown_shop_is_a_page(shopify, shop, admin):
    api = admin(shop)
    api.url = api.url.replace("mystore", "nobody")
    answer = api.post(SHOP_ID)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(("state", "status"), [(name, status) for name, (status, _) in CLOSED.items()])
def test_a_closed_shop_says_how(shop, admin, state, status):
    api = admin(shop)
    shop.state = state
    assert api.post(SHOP_ID).status_code == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"query": 1}'])
def test_a_call_without_a_query_is_a_bad_request(shop, admin, body):
    api = admin(shop)
    headers = {"X-Shopify-Access-Token": api.token, "Content-Type": "application/json"}
    answer = api.session.post(api.url, data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["errors"]["query"]) == (
        400,
        "Required parameter missing or invalid",
    )


# Versions


def told(admin, shop, version):
    """The version that a call for this one is answered in. An empty call needs no schema."""
    return admin(shop, version=version).post("").headers["X-Shopify-API-Version"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_supported_version_is_spoken(shop, admin, version):
    assert told(admin, shop, version) == version


def test_a_version_that_has_ended_falls_forward(shopify, shop, admin):
    assert told(admin, shop, "2024-04") == "2026-01"
    shopify.versions.remove("2026-01")
    assert told(admin, shop, "2026-01") == "2026-04"


@pytest.mark.parametrize("version", ["2027-01", "2026-02", "latest"])
def test_a_version_that_never_was_is_not_found(shop, admin, version):
    assert admin(shop, version=version).post("").status_code == 404


# Scopes


def test_a_missing_scope_is_an_error_beside_the_data(shop, admin):
    answer = admin(shop, "read_inventory").answer(
        '{ shop { name } product(id: "gid://shopify/Product/1") { id } }'
    )
    assert answer["data"] == {"shop": {"name": "Mystore"}, "product": None}
    (error,) = answer["errors"]
    needed = "`read_products` access scope."
    assert error["message"] == f"Access denied for product field. Required access: {needed}"
    assert error["path"] == ["product"]
    assert error["extensions"] == {
        "code": "ACCESS_DENIED",
        "documentation": "https://shopify.dev/api/usage/access-scopes",
        "requiredAccess": needed,
    }


@pytest.mark.parametrize("scopes", ["read_products", "write_products"])
def test_writing_implies_reading(shop, admin, scopes):
    assert admin(shop, scopes).data(LIST, first=1)["products"]["nodes"]


def test_levels_and_publications_need_scopes_of_their_own(shop, admin):
    api = admin(shop)
    assert codes(api.answer("{ publications(first: 1) { nodes { id } } }")) == ["ACCESS_DENIED"]
    assert codes(api.answer("{ locations(first: 1) { nodes { id } } }")) == ["ACCESS_DENIED"]
    levels = "{ inventoryItems(first: 1) { nodes { sku inventoryLevels(first: 1) { nodes { id } } } } }"
    assert codes(api.answer(levels)) == ["ACCESS_DENIED"]


def test_a_node_is_denied_by_its_kind(shop, admin):
    ids = [f"gid://shopify/Location/{MAIN_LOCATION}"]
    answer = admin(shop).answer("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert codes(answer) == ["ACCESS_DENIED"]


# Price


@pytest.mark.parametrize(
    ("length", "cost"), [(1, 3), (2, 3), (3, 4), (5, 5), (10, 6), (20, 7), (50, 9), (100, 11), (250, 13)]
)
def test_a_list_costs_what_recorded_ones_did(shop, admin, length, cost):
    assert 2 + size_factor(length) == cost
    told = admin(shop).answer(LIST, first=length)["extensions"]["cost"]
    assert told["requestedQueryCost"] == cost


NESTED = """{ product(id: "gid://shopify/Product/1") { id
  media(first: 50) { nodes { id preview { image { url } } ... on MediaImage { image { url } } } }
  variants(first: 50) { nodes { id media(first: 10) { nodes { id } } } } } }"""
LEVELS = """{ inventoryItem(id: "gid://shopify/InventoryItem/1") { id measurement { weight { value } }
  variant { id selectedOptions { name } product { id } }
  inventoryLevels(first: 50) { nodes { location { id } quantities(names: ["available"]) { name } } } } }"""
SEED = """{ products(first: 3) { nodes { id seo { title } category { id } variants(first: 3) { nodes { id
  selectedOptions { name } inventoryItem { id measurement { weight { value } } } } } } } }"""


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        (NESTED, 82),
        (LEVELS, 27),
        (SEED, 24),
        ("{ shop { id } }", 1),
        ("{ productsCount { count precision } }", 10),
        ("{ products(first: 5) { nodes { id } } productsCount { count } }", 15),
        ("{ publications(first: 10) { edges { cursor node { id name } } pageInfo { endCursor } } }", 6),
        ("{ products(first: 2) { nodes { id } edges { node { id } } } }", 4),
    ],
)
def test_nested_ones_cost_what_recorded_ones_did(shop, admin, query, cost):
    scopes = "read_products,read_inventory,read_locations,read_publications"
    assert admin(shop, scopes).answer(query)["extensions"]["cost"]["requestedQueryCost"] == cost


def test_what_was_not_found_is_not_paid_for(still, admin):
    api = admin(still.add_shop("mystore", few(1)))
    cost = api.answer(LIST, first=250)["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (13, 3)
    assert cost["throttleStatus"] == {
        "maximumAvailable": 2000,
        "currentlyAvailable": 1997,
        "restoreRate": 100,
    }


@pytest.mark.parametrize(
    ("plan", "rate"), [("standard", 100), ("advanced", 200), ("plus", 1000), ("enterprise", 2000)]
)
def test_the_bucket_is_that_of_the_plan(still, admin, plan, rate):
    status = admin(still.add_shop("mystore", plan=plan)).answer(SHOP_ID)["extensions"]["cost"][
        "throttleStatus"
    ]
    assert (status["restoreRate"], status["maximumAvailable"]) == (rate, rate * 20)


def test_an_empty_bucket_is_an_error_of_status_200_and_fills_with_time(still, admin):
    shop = still.add_shop("mystore", few(1))
    app = still.add_app()
    api = admin(shop, token=shop.token(app))
    shop.installations[app.client_id].bucket.spend(1990)
    answer = api.answer(LIST, first=250)
    assert codes(answer) == ["THROTTLED"]
    assert "data" not in answer
    assert answer["extensions"]["cost"] == {
        "requestedQueryCost": 13,
        "actualQueryCost": None,
        "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 10, "restoreRate": 100},
    }
    still.clock.advance(0.05)
    assert "data" in api.answer(LIST, first=250)


def test_or_it_is_told_by_status_429(still, admin):
    shop = still.add_shop("mystore", few(1), throttles_by_status=True)
    app = still.add_app()
    api = admin(shop, token=shop.token(app))
    shop.installations[app.client_id].bucket.spend(2150)
    answer = api.post(LIST, first=250)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2.0")


def test_apps_have_buckets_of_their_own(still, admin):
    shop = still.add_shop("mystore", few(1))
    first, second = admin(shop), admin(shop)
    first.data(LIST, first=250)
    status = second.answer(SHOP_ID)["extensions"]["cost"]["throttleStatus"]
    assert status["currentlyAvailable"] == 1999


def test_no_single_query_may_cost_more_than_1000(shop, admin):
    asked = """{ products(first: 250) { nodes { id variants(first: 250) { nodes { id media(first: 250) {
        nodes { id } } } } } } }"""
    answer = admin(shop).answer(asked)
    assert codes(answer) == ["MAX_COST_EXCEEDED"]
    assert answer["errors"][0]["extensions"]["maxCost"] == 1000
    assert "data" not in answer


# Refusals


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (
            "{ products(first: 1) { nodes { id foo } } }",
            "undefinedField",
            "Field 'foo' doesn't exist on type 'Product'",
        ),
        ("{ shop(x: 1) { id } }", "argumentNotAccepted", "Field 'shop' doesn't accept argument 'x'"),
        (
            "{ product { id } }",
            "missingRequiredArguments",
            "Field 'product' is missing required arguments: id",
        ),
        ("query A($x: Int) { shop { id } }", "variableNotUsed", "Variable $x is declared by A but not used"),
        ("{ shop { id @foo } }", "undefinedDirective", "Directive @foo is not defined"),
        ("{ shop {", "PARSE_ERROR", "syntax error, unexpected end of file at [1, 9]"),
    ],
)
def test_a_query_that_is_wrong_is_refused_in_shopifys_words(shop, admin, query, code, message):
    answer = admin(shop).answer(query)
    assert set(answer) == {"errors"}
    assert codes(answer) == [code]
    assert answer["errors"][0]["message"] == message


def test_an_error_says_where(shop, admin):
    (error,) = admin(shop).answer("query Mine { products(first: 1) { nodes { foo } } }")["errors"]
    assert error["path"] == ["query Mine", "products", "nodes", "foo"]
    assert error["locations"] == [{"line": 1, "column": 43}]


@pytest.mark.parametrize(
    ("kind", "value", "explanation"),
    [
        ("ID!", "not-a-gid", "Invalid global id 'not-a-gid'"),
        ("ID!", None, "Expected value to not be null"),
        ("[ID!]!", ["gid://shopify/Product/1", "x"], "Invalid global id 'x'"),
    ],
)
def test_a_wrong_variable_says_what_is_wrong_with_it(shop, admin, kind, value, explanation):
    field = "nodes(ids: $x)" if kind.startswith("[") else "product(id: $x)"
    answer = admin(shop).answer(f"query($x: {kind}) {{ {field} {{ id }} }}", x=value)
    assert codes(answer) == ["INVALID_VARIABLE"]
    assert answer["errors"][0]["extensions"]["problems"][0]["explanation"] == explanation


def test_a_wrong_id_in_the_query_itself_is_refused_too(shop, admin):
    answer = admin(shop).answer('{ product(id: "123") { id } }')
    assert codes(answer) == ["argumentLiteralsIncompatible"]
    assert answer["errors"][0]["message"] == "Invalid global id '123'"


# Stock


SET = """mutation($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id reason changes { name delta quantityAfterChange } }
    userErrors { field message code } } }"""
STOCK_SCOPES = "read_products,write_inventory"


def stock(quantity, before=None, item=FIRST_VARIANT + ITEM, location=MAIN_LOCATION, **given):
    row = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{item}",
        "locationId": f"gid://shopify/Location/{location}",
        "quantity": quantity,
        "changeFromQuantity": before,
    }
    return {"name": "available", "reason": "correction", "quantities": [row]} | given


def test_stock_is_set_once_for_a_key(shop, admin):
    api = admin(shop, STOCK_SCOPES)
    first = api.data(SET, input=stock(5, before=11), key="k1")["inventorySetQuantities"]
    assert first["userErrors"] == []
    assert first["inventoryAdjustmentGroup"]["changes"] == [
        {"name": "available", "delta": -6, "quantityAfterChange": None},
        {"name": "on_hand", "delta": -6, "quantityAfterChange": None},
    ]
    assert shop.catalogue.variants[FIRST_VARIANT]["levels"] == {MAIN_LOCATION: 5}
    shop.set_stock(FIRST_VARIANT, 3)
    assert api.data(SET, input=stock(5, before=11), key="k1")["inventorySetQuantities"] == first
    assert shop.catalogue.variants[FIRST_VARIANT]["levels"] == {MAIN_LOCATION: 3}
    other = api.data(SET, input=stock(6), key="k1")["inventorySetQuantities"]
    assert other["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"before": 9}, "CHANGE_FROM_QUANTITY_STALE", ["input", "quantities", "0", "changeFromQuantity"]),
        ({"item": 1}, "INVALID_INVENTORY_ITEM", ["input", "quantities", "0", "inventoryItemId"]),
        ({"location": 1}, "INVALID_LOCATION", ["input", "quantities", "0", "locationId"]),
        ({"reason": "because"}, "INVALID_REASON", ["input", "reason"]),
        ({"name": "committed"}, "INVALID_NAME", ["input", "name"]),
    ],
)
def test_stock_that_cannot_be_set_changes_nothing(shop, admin, changes, code, field):
    data = admin(shop, STOCK_SCOPES).data(SET, input=stock(5, **changes), key="k2")["inventorySetQuantities"]
    assert data["inventoryAdjustmentGroup"] is None
    assert [(each["code"], each["field"]) for each in data["userErrors"]] == [(code, field)]
    assert shop.catalogue.variants[FIRST_VARIANT]["levels"] == {MAIN_LOCATION: 11}


def test_stock_needs_a_key_and_what_the_quantity_was(shop, admin):
    api = admin(shop, STOCK_SCOPES)
    bare = SET.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
    answer = api.answer(bare, input=stock(5))
    assert (codes(answer), answer["data"]) == (["BAD_REQUEST"], {"inventorySetQuantities": None})
    asked = stock(5)
    del asked["quantities"][0]["changeFromQuantity"]
    assert codes(api.answer(SET, input=asked, key="k3")) == ["INVALID_FIELD_ARGUMENTS"]
    old = api.answer(SET, input=stock(5, ignoreCompareQuantity=True), key="k4")
    assert codes(old) == ["INVALID_VARIABLE"]
    assert "Field is not defined on InventorySetQuantitiesInput" in old["errors"][0]["message"]


def test_one_item_at_one_location_is_set_once(shop, admin):
    rows = [stock(5)["quantities"][0], stock(6)["quantities"][0]]
    data = admin(shop, STOCK_SCOPES).data(SET, input=stock(5, quantities=rows), key="k5")
    assert codes_of(data["inventorySetQuantities"]) == ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"]


@pytest.mark.parametrize("version", ["2026-01", "2026-10"])
def test_where_an_item_is_not_stocked_only_new_versions_set_it(shop, admin, version):
    second = shop.catalogue.add_location("Warehouse")
    data = admin(shop, STOCK_SCOPES, version=version).data(SET, input=stock(5, location=second), key="k6")
    is_old = version == "2026-01"
    refused = ["ITEM_NOT_STOCKED_AT_LOCATION"] if is_old else []
    assert codes_of(data["inventorySetQuantities"]) == refused
    assert (second in shop.catalogue.variants[FIRST_VARIANT]["levels"]) is not is_old


def codes_of(payload):
    return [error["code"] for error in payload["userErrors"]]


ACTIVATE = """mutation($item: ID!, $location: ID!, $available: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available)
    @idempotent(key: $key) {
    inventoryLevel { quantities(names: ["available"]) { quantity } } userErrors { field message } } }"""


def activated(api, location, item=FIRST_VARIANT + ITEM, key="k", query=ACTIVATE):
    ids = {
        "item": f"gid://shopify/InventoryItem/{item}",
        "location": f"gid://shopify/Location/{location}",
    }
    return api.answer(query, available=4, key=key, **ids)


def test_an_item_is_stocked_at_a_location_once(shop, admin):
    api, second = admin(shop, STOCK_SCOPES), shop.catalogue.add_location("Warehouse")
    first = activated(api, second)["data"]["inventoryActivate"]
    assert first == {"inventoryLevel": {"quantities": [{"quantity": 4}]}, "userErrors": []}
    assert shop.catalogue.variants[FIRST_VARIANT]["levels"] == {MAIN_LOCATION: 11, second: 4}
    assert activated(api, second)["data"]["inventoryActivate"] == first
    (error,) = activated(api, second, key="k2")["data"]["inventoryActivate"]["userErrors"]
    assert error["field"] == ["available"]
    (error,) = activated(api, MAIN_LOCATION)["data"]["inventoryActivate"]["userErrors"]
    assert "idempotency key" in error["message"]


@pytest.mark.parametrize(
    ("given", "field"), [({"item": 1}, "inventoryItemId"), ({"location": 1}, "locationId")]
)
def test_what_is_not_there_cannot_be_stocked(shop, admin, given, field):
    data = activated(admin(shop, STOCK_SCOPES), **{"location": MAIN_LOCATION} | given)["data"]
    assert [error["field"] for error in data["inventoryActivate"]["userErrors"]] == [[field]]


def test_stocking_needs_a_key(shop, admin):
    bare = ACTIVATE.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    answer = activated(admin(shop, STOCK_SCOPES), MAIN_LOCATION, query=bare)
    assert codes(answer) == ["BAD_REQUEST"]


def test_locations_that_are_closed_are_listed_on_demand(shop, admin):
    second = shop.catalogue.add_location("Warehouse")
    shop.catalogue.change(shop.catalogue.locations, second, {"isActive": False})
    listed = admin(shop, "read_locations").data(
        "{ open: locations(first: 9) { nodes { id } } all: locations(first: 9, includeInactive: true) "
        "{ nodes { id } } }"
    )
    assert [len(listed[name]["nodes"]) for name in ("open", "all")] == [1, 2]


# Prices


PRICE = """mutation($id: ID!, $variants: [ProductVariantsBulkInput!]!, $partial: Boolean) {
  productVariantsBulkUpdate(productId: $id, variants: $variants, allowPartialUpdates: $partial) {
    productVariants { id price compareAtPrice } userErrors { field message code } } }"""


def priced(api, *variants, partial=False):
    product = f"gid://shopify/Product/{FIRST_PRODUCT}"
    return api.data(PRICE, id=product, variants=list(variants), partial=partial)["productVariantsBulkUpdate"]


def variant(place, **fields):
    return {"id": f"gid://shopify/ProductVariant/{FIRST_VARIANT + place}"} | fields


def test_prices_are_set(shopify, admin):
    shop = shopify.add_shop("mystore", shirts(1))
    data = priced(
        admin(shop, "write_products"), variant(0, price="9.9", compareAtPrice="12"), variant(1, price="8")
    )
    assert data["userErrors"] == []
    assert [each["price"] for each in data["productVariants"]] == ["9.90", "8.00"]
    assert shop.catalogue.variants[FIRST_VARIANT]["compareAtPrice"] == "12.00"


@pytest.mark.parametrize(("partial", "first"), [(False, "20.00"), (True, "5.00")])
def test_one_bad_price_stops_all_unless_partial_updates_are_allowed(shopify, admin, partial, first):
    shop = shopify.add_shop("mystore", shirts(1))
    api = admin(shop, "write_products")
    data = priced(api, variant(0, price="5"), variant(1, price="-1"), partial=partial)
    assert data["userErrors"] == [
        {
            "field": ["variants", "1", "price"],
            "message": "Price must be greater than or equal to 0",
            "code": "GREATER_THAN_OR_EQUAL_TO",
        }
    ]
    assert shop.catalogue.variants[FIRST_VARIANT]["price"] == first


def test_unknown_products_and_variants_are_user_errors(shop, admin):
    api = admin(shop, "write_products")
    assert priced(api, variant(99, price="1"))["userErrors"][0]["code"] == "PRODUCT_VARIANT_DOES_NOT_EXIST"
    assert priced(api, {"price": "1"})["userErrors"][0]["code"] == "PRODUCT_VARIANT_ID_MISSING"
    data = api.data(PRICE, id="gid://shopify/Product/1", variants=[], partial=False)
    assert data["productVariantsBulkUpdate"]["userErrors"][0]["code"] == "PRODUCT_DOES_NOT_EXIST"


# What goes wrong


def test_fields_can_be_null_where_the_schema_allows_it_and_only_there(authority, shop, admin):
    shop.spoilt_fields = {"ProductVariant.sku": "null", "Product.featuredMedia": "null"}
    asked = "{ products(first: 1) { nodes { featuredMedia { id } variants(first: 1) { nodes { sku } } } } }"
    product = admin(shop).data(asked)["products"]["nodes"][0]
    assert product == {"featuredMedia": None, "variants": {"nodes": [{"sku": None}]}}


def test_a_field_can_fail_beside_the_others(shop, admin):
    shop.spoilt_fields = {"Product.category": "INTERNAL_SERVER_ERROR", "ProductVariant.price": "TIMEOUT"}
    api = admin(shop)
    answer = api.answer("{ products(first: 1) { nodes { title category { id } } } }")
    assert answer["data"]["products"]["nodes"] == [{"title": "Product 11", "category": None}]
    assert codes(answer) == ["INTERNAL_SERVER_ERROR"]
    assert answer["errors"][0]["path"] == ["products", "nodes", 0, "category"]
    bubbled = api.answer("{ products(first: 1) { nodes { variants(first: 1) { nodes { price } } } } }")
    assert bubbled["data"] is None


@pytest.mark.parametrize(
    ("kind", "status", "type"),
    [
        ("home_page", 200, "text/html"),
        ("bad_gateway", 502, "text/html"),
        ("unavailable", 503, "text/html"),
        ("gateway_timeout", 504, "text/html"),
        ("challenge", 403, "text/html"),
        ("internal_error", 200, "application/json"),
        ("revoked", 401, "application/json"),
        ("password_page", 302, "text/html"),
    ],
)
def test_single_answers_go_wrong_as_long_as_asked(shopify, shop, admin, kind, status, type):
    api = admin(shop)
    shopify.fault(kind, path="graphql.json", after=1, times=1)
    assert api.answer(SHOP_ID)["data"]
    bad = api.post(SHOP_ID)
    assert (bad.status_code, bad.headers["Content-Type"].partition(";")[0]) == (status, type)
    assert api.answer(SHOP_ID)["data"]


def test_faults_are_for_one_shop_or_one_query(shopify, shop, admin):
    other = admin(shopify.add_shop("other"))
    api = admin(shop)
    shopify.fault("unavailable", host="other.myshopify.com")
    shopify.fault("bad_gateway", has="productsCount")
    assert other.post(SHOP_ID).status_code == 503
    assert api.post(SHOP_ID).status_code == 200
    assert api.post("{ productsCount { count } }").status_code == 502


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_lines_break(shopify, shop, admin, kind):
    api = admin(shop)
    shopify.fault(kind)
    with pytest.raises(requests.RequestException):
        api.post(SHOP_ID)


def test_a_truncated_answer_is_no_json(shopify, shop, admin):
    api = admin(shop)
    shopify.fault("garbage", body=b'{"data":{"shop":{"id":"gid://sho')
    with pytest.raises(requests.JSONDecodeError):
        api.post(SHOP_ID).json()


def test_something_can_happen_between_two_pages(shopify, shop, admin):
    api = admin(shop)
    shopify.fault("then", has='"first": 2', after=1, times=1, act=lambda: shop.remove(FIRST_PRODUCT + 2))
    assert len(api.data(LIST, first=2)["products"]["nodes"]) == 2
    api.data(LIST, first=2)
    assert FIRST_PRODUCT + 2 not in shop.catalogue.products


def test_a_renamed_shop_is_found_under_its_old_name_by_a_redirect(shopify, shop, admin):
    api = admin(shop)
    shop.rename("newname")
    moved = api.post(SHOP_ID)
    assert moved.status_code == 301
    assert moved.headers["Location"] == "https://newname.myshopify.com/admin/api/2026-10/graphql.json"
    api.url = moved.headers["Location"]
    assert api.data("{ shop { myshopifyDomain } }")["shop"] == {"myshopifyDomain": "newname.myshopify.com"}


def test_a_storefront_can_be_behind_a_password(shopify, shop, admin):
    api = admin(shop)
    shop.has_password_page = True
    url = f"https://{shop.domain}/products/product-11"
    answer = api.session.get(url, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://mystore.myshopify.com/password")


def test_requests_are_kept_in_their_order(shopify, shop, admin):
    api = admin(shop)
    for _ in range(2):
        api.data(SHOP_ID)
    assert [request.path for request in shopify.requests] == ["/admin/api/2026-10/graphql.json"] * 2
    assert shopify.asked("graphql")[0].headers["X-Shopify-Access-Token"] == api.token


def test_names_of_others_are_not_led_to_the_fake(shopify, ca_file):
    with Outbound(
        Allowed.parse("127.0.0.0/8"), verify=ca_file, lookup=shopify.lookup, breaker=False
    ) as client:
        with pytest.raises(Unreachable):
            client.get("https://localhost:1/")
        assert client.get("https://anything.myshopify.com/").status == 404
