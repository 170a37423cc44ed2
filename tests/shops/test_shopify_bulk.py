"""The fake Shopify's bulk operations: what may be asked, the way to the end, and the file of it."""

import json
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from tests.shops.shopify.bulk import END
from tests.shops.shopify.catalogue import FIRST_PRODUCT
from tests.shops.shopify.catalogues import few, shirts
from tests.shops.shopify.platform import Shopify
from tests.shops.shopify.storage import HOST, TokenLeaked
from tests.shops.shopify.synthetic import BigCatalogue

pytestmark = pytest.mark.shopify

RUN = """mutation($query: String!, $grouped: Boolean! = false) {
  bulkOperationRunQuery(query: $query, groupObjects: $grouped) {
    bulkOperation { id status url objectCount } userErrors { field message code } } }"""
POLL = """query($id: ID!) { bulkOperation(id: $id) {
  status errorCode objectCount rootObjectCount fileSize url partialDataUrl createdAt completedAt } }"""
CANCEL = """mutation($id: ID!) { bulkOperationCancel(id: $id) {
  bulkOperation { status } userErrors { field message } } }"""
PRODUCTS = """{ products(query: "status:active") { edges { node { id title
  variants { edges { node { id sku } } } media { edges { node { id alt mediaContentType } } } } } } }"""


@pytest.fixture
def shop(shopify):
    return shopify.add_shop("mystore", shirts(3))


@pytest.fixture
def api(shop, admin):
    return admin(shop)


@pytest.fixture
def fetch(ca_file):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = ca_file
        yield session


def start(api, query=PRODUCTS, **options):
    answer = api.data(RUN, query=query, **options)["bulkOperationRunQuery"]
    assert answer["userErrors"] == []
    assert answer["bulkOperation"]["status"] == "CREATED"
    return answer["bulkOperation"]["id"]


def poll(api, operation):
    return api.data(POLL, id=operation)["bulkOperation"]


def finished(api, query=PRODUCTS, **options):
    operation = start(api, query, **options)
    while (found := poll(api, operation))["status"] in ("CREATED", "RUNNING"):
        pass
    return found


def lines(fetch, found):
    reply = fetch.get(found["url"], timeout=20)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/jsonl"
    return [json.loads(line) for line in reply.content.splitlines()]


# The way to the end


def test_an_operation_is_polled_to_its_end(shop, api):
    shop.bulk.course = ("CREATED", "RUNNING", "RUNNING", END)
    operation = start(api)
    assert [poll(api, operation)["status"] for _ in range(5)] == [
        "CREATED",
        "RUNNING",
        "RUNNING",
        "COMPLETED",
        "COMPLETED",
    ]


def test_counts_and_sizes_are_texts(api, fetch):
    found = finished(api)
    assert (found["objectCount"], found["rootObjectCount"]) == ("15", "3")
    assert found["fileSize"] == str(len(fetch.get(found["url"], timeout=10).content))
    assert found["partialDataUrl"] is None
    assert found["completedAt"] >= found["createdAt"]


def test_the_last_one_is_the_current_one_and_a_node_too(api):
    operation = start(api)
    asked = (
        "query($id: ID!) { currentBulkOperation { id } node(id: $id) { ... on BulkOperation { status } } }"
    )
    data = api.data(asked, id=operation)
    assert data["currentBulkOperation"]["id"] == operation
    assert data["node"]["status"] == "COMPLETED"


def test_five_may_run_at_a_time(shop, api):
    shop.bulk.course = ("RUNNING",)
    running = [start(api) for _ in range(5)]
    (error,) = api.data(RUN, query=PRODUCTS)["bulkOperationRunQuery"]["userErrors"]
    assert (error["code"], error["field"]) == ("OPERATION_IN_PROGRESS", None)
    assert all(each in error["message"] for each in running)


def test_nothing_found_is_no_file(api):
    found = finished(api, '{ products(query: "status:draft") { edges { node { id } } } }')
    assert (found["status"], found["objectCount"], found["url"]) == ("COMPLETED", "0", None)


@pytest.mark.parametrize("partial", [True, False])
def test_an_operation_can_fail_with_half_of_it_done(shop, api, fetch, partial):
    shop.bulk.fails("TIMEOUT", partial=partial)
    found = finished(api)
    assert (found["status"], found["errorCode"], found["url"]) == ("FAILED", "TIMEOUT", None)
    assert (found["partialDataUrl"] is not None) is partial
    if partial:
        assert len(fetch.get(found["partialDataUrl"], timeout=10).content.splitlines()) == 7


def test_a_scope_that_is_missing_lets_it_fail(shop, api):
    levels = """{ productVariants { edges { node { id inventoryItem { inventoryLevels {
        edges { node { id } } } } } } } }"""
    found = finished(api, levels)
    assert (found["status"], found["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_cancelling_takes_a_moment_and_only_works_on_the_way(api):
    operation = start(api)
    assert api.data(CANCEL, id=operation)["bulkOperationCancel"]["bulkOperation"] == {"status": "CANCELING"}
    assert poll(api, operation)["status"] == "CANCELED"
    late = api.data(CANCEL, id=operation)["bulkOperationCancel"]["userErrors"]
    assert late == [{"field": None, "message": "A bulk operation cannot be canceled when it is canceled"}]
    unknown = api.data(CANCEL, id="gid://shopify/BulkOperation/0")["bulkOperationCancel"]["userErrors"]
    assert unknown == [{"field": ["id"], "message": "Bulk operation does not exist"}]


def test_what_changes_before_the_end_is_in_it(shop, api, fetch):
    operation = start(api)
    shop.edit(FIRST_PRODUCT, title="Renamed meanwhile")
    poll(api, operation)
    found = lines(fetch, poll(api, operation))
    assert "Renamed meanwhile" in [each.get("title") for each in found]


def test_another_app_does_not_see_it(shop, api, admin):
    assert poll(admin(shop), start(api)) is None


# The file


def test_children_name_their_parent_and_come_in_any_order(api, fetch):
    found = lines(fetch, finished(api))
    roots = {each["id"] for each in found if "__parentId" not in each}
    children = [each for each in found if "__parentId" in each]
    assert len(roots) == 3
    assert {each["__parentId"] for each in children} == roots
    places = {each["id"]: place for place, each in enumerate(found)}
    assert any(places[each["id"]] < places[each["__parentId"]] for each in children)


def test_grouped_children_follow_their_parent(api, fetch):
    found = lines(fetch, finished(api, grouped=True))
    parent = None
    for each in found:
        parent = each["id"] if "__parentId" not in each else parent
        assert each.get("__parentId", parent) == parent


def test_lines_are_what_pages_say(api, fetch):
    found = {each["id"]: each for each in lines(fetch, finished(api))}
    asked = "{ products(first: 3) { nodes { id title variants(first: 9) { nodes { id sku } } } } }"
    for product in api.data(asked)["products"]["nodes"]:
        assert found[product["id"]] == {"id": product["id"], "title": product["title"]}
        for variant in product["variants"]["nodes"]:
            assert found[variant["id"]] == variant | {"__parentId": product["id"]}


def test_grandchildren_and_connections_inside_of_objects_are_lines_too(shopify, admin, fetch):
    shop = shopify.add_shop("mystore", few(1))
    asked = """{ collections { edges { node { id title products { edges { node { id
        variants { edges { node { id inventoryItem { id inventoryLevels { edges { node { id } } } } } } }
        } } } } } } }"""
    refused = admin(shop).data(RUN, query=asked)["bulkOperationRunQuery"]["userErrors"]
    assert (
        refused[0]["message"]
        == "Bulk queries cannot contain connections with a nesting depth greater than 2."
    )
    asked = """{ productVariants { edges { node { id inventoryItem { id sku inventoryLevels {
        edges { node { id quantities(names: ["available"]) { quantity } } } } } } } } }"""
    found = lines(fetch, finished(admin(shop, "read_products,read_inventory"), asked, grouped=True))
    variant, level = found
    assert variant["inventoryItem"]["sku"] == "SKU-11"
    assert "inventoryLevels" not in variant["inventoryItem"]
    assert level["__parentId"] == variant["id"]
    assert level["quantities"] == [{"quantity": 11}]


def test_slashes_are_escaped_and_texts_are_not(shopify, admin, fetch):
    shop = shopify.add_shop("mystore", [{"title": "Größe ½/¼ 😀"}])
    found = finished(admin(shop), "{ products { edges { node { id title } } } }")
    body = fetch.get(found["url"], timeout=10).content.decode()
    assert body == f'{{"id":"gid:\\/\\/shopify\\/Product\\/{FIRST_PRODUCT}","title":"Größe ½\\/¼ 😀"}}\n'


def test_more_than_can_be_paged_to_is_exported_without_being_held(shopify, admin, fetch):
    shop = shopify.add_shop("mystore", BigCatalogue(26_000))
    started = time.monotonic()
    found = finished(admin(shop), "{ products { edges { node { id } } } }")
    assert found["objectCount"] == "26000"
    assert time.monotonic() - started < 60
    with fetch.get(found["url"], stream=True, timeout=10) as reply:
        assert sum(1 for _ in reply.iter_lines()) == 26_000


# The storage host


def test_addresses_are_on_another_host_and_end_after_seven_days(shopify, api, fetch):
    url = finished(api)["url"]
    assert urlsplit(url).hostname == HOST
    shopify.clock.advance(7 * 24 * 3600 + 1)
    late = fetch.get(url, timeout=10)
    assert late.status_code == 400
    assert "ExpiredToken" in late.text


def test_an_address_is_good_only_as_it_is(api, fetch):
    url = finished(api)["url"]
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {"Expires": "9999999999"}
    changed = parts._replace(query=urlencode(query)).geturl()
    assert "SignatureDoesNotMatch" in fetch.get(changed, timeout=10).text
    assert fetch.get(f"https://{HOST}/elsewhere", timeout=10).status_code == 404


def test_a_download_can_be_gone_on_with(api, fetch):
    url = finished(api)["url"]
    whole = fetch.get(url, timeout=10).content
    rest = fetch.get(url, headers={"Range": "bytes=10-"}, timeout=10)
    assert (rest.status_code, rest.content) == (206, whole[10:])
    assert rest.headers["Content-Range"] == f"bytes 10-{len(whole) - 1}/{len(whole)}"


def test_a_line_can_break_in_the_middle_of_a_download(shopify, api, fetch):
    url = finished(api)["url"]
    shopify.fault("cut", host=HOST, at=0.7, times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        fetch.get(url, timeout=10)
    assert fetch.get(url, timeout=10).status_code == 200


def test_a_token_that_is_sent_to_the_storage_host_is_a_mistake(authority, fetch, admin, monkeypatch):
    def leak():
        with Shopify(authority) as shopify:
            monkeypatch.setattr("socket.getaddrinfo", shopify.lookup)
            with pytest.raises(requests.ConnectionError):
                fetch.get(f"https://{HOST}/x", headers={"X-Shopify-Access-Token": "shpat_1"}, timeout=10)

    with pytest.raises(TokenLeaked):
        leak()


# What may be asked


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "Invalid bulk query: syntax error, unexpected end of file"),
        ("{ shop { id } }", "Bulk queries must contain at least one connection."),
        (
            '{ node(id: "gid://shopify/Product/0") { id } }',
            "Bulk queries cannot contain a top level `node` field.",
        ),
        (
            'mutation { bulkOperationCancel(id: "gid://shopify/BulkOperation/1") { userErrors { field } } }',
            "Invalid operation type. Only `query` operations are supported.",
        ),
        ("{ products { nodes { id } } }", "Invalid connection fields: 'products'."),
        (
            "{ products { edges { node { title variants { edges { node { id } } } } } } }",
            "Connection fields without 'id': products.",
        ),
        (
            """{ products { edges { node { id
            variants { edges { node { id } } } media { edges { node { id } } }
            metafields { edges { node { id } } } collections { edges { node { id } } }
            resourcePublicationsV2 { edges { node { isPublished } } } } } } }""",
            "Bulk queries cannot contain more than 5 connections.",
        ),
        (
            "{ products { edges { node { id nonsense } } } }",
            "Cannot query field 'nonsense' on type 'Product'.",
        ),
    ],
)
def test_a_query_that_cannot_run_in_bulk_is_refused_in_shopifys_words(api, query, message):
    answer = api.data(RUN, query=query)["bulkOperationRunQuery"]
    assert answer["bulkOperation"] is None
    error = answer["userErrors"][0]
    assert (error["field"], error["code"]) == (["query"], "INVALID")
    assert message in error["message"]


def test_a_query_has_its_longest(api):
    (error,) = api.data(RUN, query=PRODUCTS + " " * 65_536)["bulkOperationRunQuery"]["userErrors"]
    assert error["code"] == "INVALID"
