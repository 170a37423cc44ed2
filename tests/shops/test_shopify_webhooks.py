"""The fake Shopify's webhooks: subscriptions, what is sent and how it is signed, duplicates and retries."""

import json
from datetime import datetime

import pytest

from tests.faults.server import FaultServer, answer, in_turn
from tests.shops.shopify.catalogue import FIRST_PRODUCT, FIRST_VARIANT, ITEM, MAIN_LOCATION
from tests.shops.shopify.catalogues import few
from tests.shops.shopify.synthetic import BigCatalogue
from tests.shops.shopify.webhooks import COMPLIANCE, WAITS, signature

URI = "https://service.example/hooks/shopify"
CREATE = """mutation($topic: WebhookSubscriptionTopic!, $given: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $given) {
    webhookSubscription { id topic uri format includeFields } userErrors { field message } } }"""
UPDATE = """mutation($id: ID!, $given: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $given) {
    webhookSubscription { id uri } userErrors { field message } } }"""
DELETE = """mutation($id: ID!) { webhookSubscriptionDelete(id: $id) {
  deletedWebhookSubscriptionId userErrors { field message } } }"""
LIST = """{ webhookSubscriptions(first: 10) { nodes { id topic uri apiVersion { handle }
  endpoint { ... on WebhookHttpEndpoint { callbackUrl } } } } webhookSubscriptionsCount { count } }"""


@pytest.fixture
def app(shopify):
    return shopify.add_app()


@pytest.fixture
def shop(shopify, app):
    shop = shopify.add_shop("mystore", few())
    shop.install(app)
    return shop


@pytest.fixture
def listens(shop, app):
    """Subscribe the app to topics of the API, such as PRODUCTS_UPDATE."""

    def subscribe(*topics, **given):
        for topic in topics:
            shop.webhooks.subscribe(shop.installations[app.client_id], topic, uri=URI, **given)

    return subscribe


@pytest.fixture
def receiver():
    with FaultServer() as running:
        yield running


def bodies(receiver):
    return [json.loads(request.body) for request in receiver.requests]


def topics(deliveries):
    return [each.topic for each in deliveries]


# Subscriptions


@pytest.fixture
def api(shop, app, admin):
    return admin(shop, token=shop.token(app))


def subscribed(api, uri=URI, topic="PRODUCTS_UPDATE", **given):
    return api.data(CREATE, topic=topic, given={"uri": uri} | given)["webhookSubscriptionCreate"]


@pytest.mark.shopify
def test_subscriptions_are_made_listed_moved_and_deleted(shop, api):
    made = subscribed(api)["webhookSubscription"]
    assert (made["topic"], made["format"], made["includeFields"]) == ("PRODUCTS_UPDATE", "JSON", [])
    moved = api.data(UPDATE, id=made["id"], given={"uri": f"{URI}/2"})["webhookSubscriptionUpdate"]
    assert moved["webhookSubscription"] == {"id": made["id"], "uri": f"{URI}/2"}
    listed = api.data(LIST)
    assert listed["webhookSubscriptions"]["nodes"] == [
        {
            "id": made["id"],
            "topic": "PRODUCTS_UPDATE",
            "uri": f"{URI}/2",
            "apiVersion": {"handle": "2026-10"},
            "endpoint": {"callbackUrl": f"{URI}/2"},
        }
    ]
    assert listed["webhookSubscriptionsCount"] == {"count": 1}
    gone = api.data(DELETE, id=made["id"])["webhookSubscriptionDelete"]
    assert gone == {"deletedWebhookSubscriptionId": made["id"], "userErrors": []}
    assert api.data(LIST)["webhookSubscriptionsCount"] == {"count": 0}


@pytest.mark.shopify
@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://service.example/hook", "Address protocol http:// is not supported"),
        ("ftp://service.example/hook", "Address protocol ftp:// is not supported"),
        ("https://", "Address is invalid"),
        ("", "Address can't be blank"),
        ("https://localhost/hook", "Address cannot be a Shopify or an internal domain"),
        ("https://mystore.myshopify.com/hook", "Address cannot be a Shopify or an internal domain"),
    ],
)
def test_only_public_addresses_by_https_can_be_subscribed(api, uri, message):
    answer = subscribed(api, uri)
    assert answer["webhookSubscription"] is None
    assert answer["userErrors"] == [{"field": ["webhookSubscription", "callbackUrl"], "message": message}]


@pytest.mark.shopify
def test_an_address_is_taken_once_for_a_topic(api):
    subscribed(api)
    assert "already been taken" in subscribed(api)["userErrors"][0]["message"]
    assert subscribed(api, topic="PRODUCTS_CREATE")["userErrors"] == []


@pytest.mark.shopify
def test_what_does_not_exist_cannot_be_changed(api):
    unknown = "gid://shopify/WebhookSubscription/1"
    expected = [{"field": ["id"], "message": "Webhook subscription does not exist"}]
    assert api.data(DELETE, id=unknown)["webhookSubscriptionDelete"]["userErrors"] == expected
    assert api.data(UPDATE, id=unknown, given={})["webhookSubscriptionUpdate"]["userErrors"] == expected


@pytest.mark.shopify
def test_compliance_topics_are_none_of_the_api(api):
    answer = api.answer(CREATE, topic="CUSTOMERS_REDACT", given={"uri": URI})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


# What is sent


def test_a_change_of_a_product_is_told_with_the_headers_of_a_real_delivery(shop, listens, receiver, app):
    listens("PRODUCTS_UPDATE")
    shop.edit(FIRST_PRODUCT, title="Größe 😀 a/b")
    shop.webhooks.send(to=receiver.url)
    (request,) = receiver.requests
    assert request.path == "/hooks/shopify"
    headers = request.headers
    assert headers["X-Shopify-Topic"] == "products/update"
    assert headers["X-Shopify-Shop-Domain"] == "mystore.myshopify.com"
    assert headers["X-Shopify-API-Version"] == "2026-10"
    assert headers["Content-Type"] == "application/json"
    assert datetime.fromisoformat(headers["X-Shopify-Triggered-At"])
    assert headers["X-Shopify-Webhook-Id"] != headers["X-Shopify-Event-Id"]
    assert headers["X-Shopify-Hmac-Sha256"] == signature(app.secret, request.body)
    assert "Größe 😀 a\\/b".encode() in request.body


def test_the_signature_is_that_of_the_published_vector():
    body = r'{"id":788032119674292922,"title":"Grüße 日本 🛒","body_html":"<b>a\/b<\/b>","variants":[]}'
    secret = "shpss_0123456789abcdef0123456789abcdef"
    assert signature(secret, body.encode()) == "0StyYqi2XyY52Isi7l2zaoRRJq4raUujg6LgcOqscu4="


def test_a_product_is_told_in_the_shape_of_the_old_api(shop, listens, receiver):
    listens("PRODUCTS_UPDATE", "PRODUCTS_CREATE", "PRODUCTS_DELETE")
    number = shop.add({"title": "Mug", "tags": ["a", "b"], "variants": [{"price": "9.9"}]})
    shop.edit(number, descriptionHtml="<p>New</p>")
    shop.remove(number)
    assert topics(shop.webhooks.send(to=receiver.url)) == [
        "products/create",
        "products/update",
        "products/delete",
    ]
    created, updated, deleted = bodies(receiver)
    assert (created["id"], created["status"], created["tags"]) == (number, "active", "a, b")
    assert created["admin_graphql_api_id"] == f"gid://shopify/Product/{number}"
    assert created["variants"][0]["price"] == "9.90"
    assert updated["body_html"] == "<p>New</p>"
    assert updated["updated_at"] > created["updated_at"] or updated["updated_at"] == created["updated_at"]
    assert deleted == {"id": number}


def test_of_many_variants_only_a_hundred_are_told_in_full(shopify, app, receiver):
    shop = shopify.add_shop("bigstore", BigCatalogue(1, variants=120))
    shop.webhooks.subscribe(shop.install(app), "PRODUCTS_UPDATE", uri=URI)
    shop.edit(FIRST_PRODUCT, title="Renamed")
    shop.webhooks.send(to=receiver.url)
    (told,) = bodies(receiver)
    assert (len(told["variants"]), len(told["variant_gids"])) == (100, 120)


def test_stock_prices_and_publishing_tell_of_themselves(shop, listens):
    listens("PRODUCTS_UPDATE", "INVENTORY_LEVELS_UPDATE")
    shop.set_stock(FIRST_VARIANT, 3)
    shop.edit_variant(FIRST_VARIANT, price="1.00")
    shop.unpublish(FIRST_PRODUCT)
    told = topics(shop.webhooks.outbox)
    assert told == ["products/update", "inventory_levels/update", "products/update", "products/update"]
    level = json.loads(shop.webhooks.outbox[1].body)
    assert level["inventory_item_id"] == FIRST_VARIANT + ITEM
    assert (level["location_id"], level["available"]) == (MAIN_LOCATION, 3)


def test_a_subscription_can_ask_for_some_fields(shop, listens, receiver):
    listens("PRODUCTS_UPDATE", includeFields=["id", "updated_at"])
    shop.edit(FIRST_PRODUCT, title="Renamed")
    shop.webhooks.send(to=receiver.url)
    assert set(bodies(receiver)[0]) == {"id", "updated_at"}


def test_only_who_subscribed_and_is_installed_is_told(shopify, shop, listens, app):
    listens("PRODUCTS_DELETE")
    shop.edit(FIRST_PRODUCT, title="Renamed")
    assert shop.webhooks.outbox == []


@pytest.mark.shopify
def test_the_end_of_a_bulk_operation_is_told(shop, listens, api):
    listens("BULK_OPERATIONS_FINISH")
    query = "{ products { edges { node { id } } } }"
    api.data(f'mutation {{ bulkOperationRunQuery(query: "{query}") {{ userErrors {{ code }} }} }}')
    for _ in range(2):
        api.data("{ currentBulkOperation { status } }")
    (delivery,) = shop.webhooks.outbox
    assert delivery.topic == "bulk_operations/finish"
    assert json.loads(delivery.body)["status"] == "completed"


# The app and the law


def test_an_uninstall_is_told_after_the_tokens_have_died_and_ends_the_subscriptions(
    shop, listens, receiver, app
):
    listens("APP_UNINSTALLED", "PRODUCTS_UPDATE")
    token = shop.token(app)
    shop.uninstall(app)
    shop.edit(FIRST_PRODUCT, title="Renamed")
    assert shop.admitted(token) is None
    assert topics(shop.webhooks.send(to=receiver.url)) == ["app/uninstalled"]
    assert bodies(receiver)[0]["myshopify_domain"] == "mystore.myshopify.com"


def test_changed_scopes_are_told(shop, listens, app):
    listens("APP_SCOPES_UPDATE")
    shop.install(app, {"read_products", "write_inventory"})
    (delivery,) = shop.webhooks.outbox
    told = json.loads(delivery.body)
    assert (told["previous"], told["current"]) == (["read_products"], ["read_products", "write_inventory"])


@pytest.mark.parametrize("topic", COMPLIANCE)
def test_compliance_comes_from_the_apps_configuration(shop, app, receiver, topic):
    app.webhooks = dict.fromkeys(COMPLIANCE, URI)
    shop.uninstall(app)
    shop.webhooks.comply(topic, app)
    shop.webhooks.send(to=receiver.url)
    (request,) = receiver.requests
    assert request.headers["X-Shopify-Topic"] == topic
    assert request.headers["X-Shopify-Hmac-Sha256"] == signature(app.secret, request.body)
    assert json.loads(request.body)["shop_domain"] == "mystore.myshopify.com"


def test_while_a_secret_is_rotated_the_old_one_signs(shop, listens, app):
    listens("PRODUCTS_UPDATE")
    old = app.secret
    app.rotate_secret()
    shop.edit(FIRST_PRODUCT, title="Renamed")
    (delivery,) = shop.webhooks.outbox
    assert delivery.headers["X-Shopify-Hmac-Sha256"] == signature(old, delivery.body)


# How it is sent


def test_deliveries_can_come_twice_and_in_any_order(shop, listens, receiver):
    listens("PRODUCTS_UPDATE")
    for title in ("First", "Second"):
        shop.edit(FIRST_PRODUCT, title=title)
    shop.webhooks.send(to=receiver.url, times=2, order=reversed)
    assert [body["title"] for body in bodies(receiver)] == ["Second", "Second", "First", "First"]
    ids = [request.headers["X-Shopify-Webhook-Id"] for request in receiver.requests]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert shop.webhooks.outbox == []


def test_subscriptions_to_one_event_share_its_id(shop, listens):
    listens("PRODUCTS_UPDATE", "PRODUCTS_UPDATE")
    shop.edit(FIRST_PRODUCT, title="Renamed")
    first, second = shop.webhooks.outbox
    assert first.headers["X-Shopify-Event-Id"] == second.headers["X-Shopify-Event-Id"]
    assert first.headers["X-Shopify-Webhook-Id"] != second.headers["X-Shopify-Webhook-Id"]


def test_what_was_not_taken_comes_again_later_as_it_was(shopify, shop, listens, receiver):
    listens("PRODUCTS_UPDATE")
    receiver.on("/hooks/shopify", in_turn(answer(status=503), answer(status=302), answer(b"")))
    shop.edit(FIRST_PRODUCT, title="Renamed")
    for wait in (0, WAITS[0], WAITS[1]):
        shopify.clock.advance(wait)
        shop.webhooks.send(to=receiver.url)
        assert shop.webhooks.send(to=receiver.url) == []
    assert len({request.body for request in receiver.requests}) == 1
    assert len({request.headers["X-Shopify-Webhook-Id"] for request in receiver.requests}) == 1
    assert (len(receiver.requests), shop.webhooks.outbox) == (3, [])


def test_after_eight_tries_again_it_is_given_up_with_its_subscription(shopify, shop, listens):
    listens("PRODUCTS_UPDATE")
    shop.edit(FIRST_PRODUCT, title="Renamed")
    sent = []
    while shop.webhooks.outbox:
        sent += shop.webhooks.send(post=lambda url, headers, body: None)
        shopify.clock.advance(max(WAITS))
    assert len(sent) == 9
    shop.edit(FIRST_PRODUCT, title="Again")
    assert shop.webhooks.outbox == []


def test_a_test_client_can_take_the_place_of_the_line(shop, listens):
    listens("PRODUCTS_UPDATE")
    shop.edit(FIRST_PRODUCT, title="Renamed")
    taken = []

    def post(url, headers, body):
        taken.append((url, headers["X-Shopify-Topic"]))
        return 200

    shop.webhooks.send(post=post)
    assert taken == [(URI, "products/update")]
