"""Webhooks in a shop: made once, looked after, and only ours."""

import pytest

from sync2sys.connectors import woocommerce
from sync2sys.connectors.woocommerce import WooCommerce
from sync2sys.connectors.woocommerce.hooks import TOPICS
from sync2sys.errors import ReadOnlyKey, StoreBusy, StoreError, StoreGarbled, StoreRefusedKeys

PLACE = "https://service.example/api/webhooks/woocommerce/1"
ADDRESS = f"{PLACE}?v=1"
SECRET = "s3cret"
PRODUCTS = [{"name": "Mug", "regular_price": "9.90"}]


@pytest.fixture
def shop(open_shop):
    return open_shop(PRODUCTS)


@pytest.fixture
def ensure(outbound, patience):
    """Look after a shop's webhooks as a connected channel does; returns the states by topic."""

    def ensure(shop, address=ADDRESS, key=None):
        found = woocommerce.connect(outbound, shop.url, shop.key, shop.secret, patience=patience)
        key = key or shop.key_ring[shop.key]
        store = WooCommerce(outbound, key.key, key.secret, found.capabilities, patience=patience)
        return {hook.topic: hook.state for hook in store.hooks(address, SECRET)}

    return ensure


def all_are(state):
    return dict.fromkeys(TOPICS, state)


def held(shop):
    """(topic, status, address) of the shop's webhooks."""
    return sorted((hook.topic, hook.status, hook.delivery_url) for hook in shop.webhooks.rows.values())


GOOD = sorted((topic, "active", ADDRESS) for topic in TOPICS)


def writes(shop):
    return [request.method for request in shop.asked("webhooks") if request.method != "GET"]


def make(shop, topic="product.updated", address=ADDRESS, **fields):
    return shop.webhooks.make({"topic": topic, "delivery_url": address, **fields})


def test_they_are_made_with_the_secret(ensure, shop):
    assert ensure(shop) == all_are("made")
    assert held(shop) == GOOD
    assert {hook.secret for hook in shop.webhooks.rows.values()} == {SECRET}
    assert {hook.name.partition(" ")[0] for hook in shop.webhooks.rows.values()} == {"Sync2Sys"}


def test_found_active_they_are_left_alone(ensure, shop):
    ensure(shop)
    before = len(writes(shop))
    assert ensure(shop) == all_are("active")
    assert len(writes(shop)) == before


@pytest.mark.parametrize("status", ["disabled", "paused"])
def test_one_that_was_switched_off_is_made_anew(ensure, shop, status):
    """Switched on again it would go off at the next failure."""
    ensure(shop)
    given_up = shop.webhooks.rows[2]
    given_up.status, given_up.failures = status, 6
    assert ensure(shop) == all_are("active") | {given_up.topic: "renewed"}
    assert held(shop) == GOOD
    assert given_up not in shop.webhooks.rows.values()


def test_one_that_was_deleted_is_made_again(ensure, shop):
    ensure(shop)
    gone = shop.webhooks.rows.pop(1)
    assert ensure(shop) == all_are("active") | {gone.topic: "made"}
    assert held(shop) == GOOD


def test_duplicates_are_removed(ensure, shop):
    ensure(shop)
    make(shop)
    make(shop, status="disabled")
    assert ensure(shop) == all_are("active")
    assert held(shop) == GOOD


def test_those_for_another_secret_are_replaced(ensure, shop):
    """After a disconnect the old secret is nobody's, and what it signs would be refused."""
    ensure(shop, f"{PLACE}?v=0")
    assert ensure(shop) == all_are("renewed")
    assert held(shop) == GOOD


def test_those_of_others_are_left_alone(ensure, shop):
    others = [
        make(shop, address="https://elsewhere.example/"),
        make(shop, address="https://elsewhere.example/", status="disabled"),
        make(shop, address=f"{PLACE}2?v=1"),
        make(shop, "product.published"),
    ]
    assert ensure(shop) == all_are("made")
    ensure(shop)
    assert [hook for hook in others if shop.webhooks.rows.get(hook.id) is not hook] == []
    assert len(shop.webhooks.rows) == len(others) + len(TOPICS)


def test_ours_are_found_among_many(ensure, shop):
    ensure(shop)
    for _ in range(250):
        make(shop, address="https://elsewhere.example/")
    assert ensure(shop) == all_are("active")
    assert len(shop.webhooks.rows) == 254


def test_a_list_that_never_ends_is_an_error(ensure, shop):
    for _ in range(100):
        make(shop, address="https://elsewhere.example/")
    shop.deaf_to = {"page"}
    shop.fault("wrong_total", path="webhooks", total=5000)
    with pytest.raises(StoreGarbled, match="without an end"):
        ensure(shop)
    assert len(shop.webhooks.rows) == 100


# Who may not


def test_a_read_only_key_makes_none_and_its_owner_is_told_what_to_do(ensure, shop):
    key = shop.add_key(permissions="read")
    with pytest.raises(ReadOnlyKey) as raised:
        ensure(shop, key=key)
    assert "read/write rights" in raised.value.message
    assert "WooCommerce > Settings > Advanced > REST API" in raised.value.message
    assert not raised.value.retryable
    assert shop.webhooks.rows == {}


def test_a_read_only_key_is_enough_where_all_are_there(ensure, shop):
    """As made by hand."""
    ensure(shop)
    assert ensure(shop, key=shop.add_key(permissions="read")) == all_are("active")


def test_a_customers_key_is_refused(ensure, shop):
    with pytest.raises(StoreRefusedKeys):
        ensure(shop, key=shop.add_key(user="customer"))


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_firewall_that_lets_nobody_write_is_named(ensure, shop, method):
    make(shop, status="disabled")
    shop.fault("forbidden", path="webhooks", method=method)
    with pytest.raises(StoreError, match="firewall") as raised:
        ensure(shop)
    assert not isinstance(raised.value, ReadOnlyKey)
    assert not raised.value.retryable


# Ways in


@pytest.mark.parametrize(
    ("way", "secure", "switch"),
    [
        ("basic", True, {}),
        ("query", True, {"loses_authorization": True}),
        ("oauth", False, {}),
        ("oauth_http", True, {"behind_proxy": True}),
    ],
)
@pytest.mark.parametrize("permalinks", ["pretty", "plain"])
def test_every_way_in_can_make_and_remove_them(ensure, open_shop, way, secure, switch, permalinks):
    shop = open_shop(PRODUCTS, secure=secure, permalinks=permalinks)
    for name, value in switch.items():
        setattr(shop, name, value)
    make(shop, status="disabled")
    assert ensure(shop) == all_are("made") | {"product.updated": "renewed"}
    assert held(shop) == GOOD
    assert ensure(shop) == all_are("active")
    signed = shop.requests[-1]
    assert ("Authorization" in signed.headers) == (way == "basic")
    assert ("oauth_signature=" in signed.target) == way.startswith("oauth")


@pytest.mark.parametrize("version", ["5.9.0", "8.2.2", "11.0.1"])
def test_old_and_new_shops_have_them(ensure, open_shop, version):
    assert ensure(open_shop(PRODUCTS, version=version)) == all_are("made")


# Trouble


def test_a_busy_shop_is_asked_again_for_the_list(ensure, shop):
    shop.fault("unavailable", path="webhooks", method="GET", times=2)
    assert ensure(shop) == all_are("made")


def test_a_shop_too_busy_to_make_one_is_for_later_and_nothing_is_made_twice(ensure, shop):
    shop.fault("unavailable", path="webhooks", method="POST", after=2, times=1)
    with pytest.raises(StoreBusy):
        ensure(shop)
    assert list(ensure(shop).values()) == ["active", "active", "made", "made"]
    assert held(shop) == GOOD


def test_an_answer_that_was_lost_makes_no_second_one(ensure, shop):
    shop.fault("garbage", path="webhooks", method="POST", times=1)
    with pytest.raises(StoreGarbled):
        ensure(shop)
    assert list(ensure(shop).values()) == ["active", "made", "made", "made"]
    assert held(shop) == GOOD


def test_one_that_somebody_else_removed_meanwhile_is_no_trouble(ensure, shop):
    gone = make(shop, status="disabled")
    shop.fault("then", path=f"webhooks/{gone.id}", method="DELETE", act=lambda: shop.webhooks.rows.clear())
    assert ensure(shop)["product.updated"] == "renewed"


def test_a_shop_that_makes_them_switched_off_is_not_believed(ensure, shop):
    shop.fault("distorted", path="webhooks", method="POST", change=lambda row: row | {"status": "paused"})
    with pytest.raises(StoreGarbled, match="did not make"):
        ensure(shop)


@pytest.mark.parametrize("body", ["[]", "null", '{"id": 1}', '"made"'])
def test_an_answer_of_another_shape_is_an_error(ensure, shop, body):
    json = "application/json"
    shop.fault("status", path="webhooks", method="POST", code=201, body=body, type=json)
    with pytest.raises(StoreGarbled):
        ensure(shop)
