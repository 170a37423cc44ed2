"""The fake shop's webhooks behave as those of real shops did."""

import base64
import hashlib
import hmac
import json

import pytest

from tests.shops.catalogues import few, shirts
from tests.shops.test_woocommerce_fake import BAD_PROOF, assert_refused
from tests.shops.woocommerce import WooShop

TARGET = "https://service.example/told"
SECRET = "s3cret"
WEBHOOK = str.split(
    """
    id name status topic resource event hooks delivery_url date_created date_created_gmt date_modified
    date_modified_gmt _links
    """
)


class Receiver:
    """What is told: `pings`, and `deliveries` as (headers, body); it answers `status`."""

    def __init__(self):
        self.pings, self.deliveries = [], []
        self.status = 200

    def __call__(self, url, headers, body):
        (self.deliveries if "X-WC-Webhook-ID" in headers else self.pings).append((url, headers, body))
        if self.status is None:
            raise ConnectionError
        return self.status

    def told(self):
        """(topic, id) of the deliveries, and forget them."""
        told = [(each[1]["X-WC-Webhook-Topic"], json.loads(each[2])["id"]) for each in self.deliveries]
        self.deliveries.clear()
        return told


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def open_shop(receiver):
    shops = []

    def start(catalogue=None, **options):
        shop = WooShop(few() if catalogue is None else catalogue, **options).__enter__()
        shop.webhooks.post = receiver
        shops.append(shop)
        return shop

    yield start
    for shop in shops:
        shop.__exit__(None, None, None)


@pytest.fixture
def shop(open_shop):
    return open_shop()


@pytest.fixture
def woo(shop, client):
    return client(shop)


def make(woo, topic="product.updated", **changes):
    body = {"name": "Test", "topic": topic, "delivery_url": TARGET, "secret": SECRET}
    answer = woo.send("webhooks", body | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


# The API


def test_a_webhook_is_made_and_its_secret_never_shown(woo):
    made = make(woo)
    assert list(made) == WEBHOOK
    assert (made["status"], made["resource"], made["event"]) == ("active", "product", "updated")
    assert "woocommerce_update_product_variation" in made["hooks"]
    assert SECRET not in woo.get("webhooks").text + woo.get(f"webhooks/{made['id']}").text


def test_the_list_is_paged_and_filtered(woo):
    ids = [make(woo)["id"] for _ in range(3)]
    woo.send(f"webhooks/{ids[0]}", {"status": "disabled"}, method="PUT")
    answer = woo.get("webhooks", status="all", per_page=2)
    assert [row["id"] for row in answer.json()] == [ids[2], ids[1]]
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("3", "2")
    assert [row["id"] for row in woo.json("webhooks", per_page=2, page=2)] == [ids[0]]
    assert [row["id"] for row in woo.json("webhooks", status="disabled")] == [ids[0]]
    assert_refused(woo.get("webhooks", status="asleep"), 400, "rest_invalid_param")


@pytest.mark.parametrize("topic", ["", "product", "product.sold", "nothing.updated"])
def test_a_bad_topic_is_refused(woo, topic):
    body = {"topic": topic, "delivery_url": TARGET}
    assert_refused(woo.send("webhooks", body), 400, "woocommerce_rest_shop_webhook_invalid_topic")
    assert woo.json("webhooks") == []


@pytest.mark.parametrize("url", ["", "service.example", "ftp://service.example/"])
def test_a_bad_address_is_refused(woo, url):
    body = {"topic": "product.updated", "delivery_url": url}
    assert_refused(woo.send("webhooks", body), 400, "woocommerce_rest_shop_webhook_invalid_delivery_url")


@pytest.mark.parametrize(("version", "status"), [("8.2.2", 400), ("11.0.1", 201)])
def test_only_new_shops_tell_of_publishing(open_shop, client, version, status):
    body = {"topic": "product.published", "delivery_url": TARGET}
    assert client(open_shop(version=version)).send("webhooks", body).status_code == status


def test_a_read_key_may_list_and_make_none(shop, woo, client):
    made = make(woo)
    key = shop.add_key(permissions="read")
    reader = client(shop, key=key.key, secret=key.secret)
    assert [row["id"] for row in reader.json("webhooks")] == [made["id"]]
    for method, path in (("POST", "webhooks"), ("DELETE", f"webhooks/{made['id']}")):
        message = "The API key provided does not have write permissions."
        assert_refused(reader.call(method, path, {"force": "true"}), 401, BAD_PROOF, message)


def test_a_customers_key_makes_none(shop, client):
    key = shop.add_key(user="customer")
    body = {"topic": "product.updated", "delivery_url": TARGET}
    answer = client(shop, key=key.key, secret=key.secret).send("webhooks", body)
    assert_refused(answer, 403, "woocommerce_rest_cannot_create")


def test_deleting_needs_force(woo):
    path = f"webhooks/{make(woo)['id']}"
    assert_refused(woo.call("DELETE", path, {}), 501, "woocommerce_rest_trash_not_supported")
    assert woo.call("DELETE", path, {"force": "true"}).status_code == 200
    assert_refused(woo.get(path), 404, "woocommerce_rest_shop_webhook_invalid_id")


# The ping


def test_a_new_one_is_pinged_unsigned(woo, receiver):
    made = make(woo)
    [(url, headers, body)] = receiver.pings
    assert (url, body) == (TARGET, b"webhook_id=%d" % made["id"])
    assert headers == {
        "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
        "Content-Type": "application/x-www-form-urlencoded",
    }


@pytest.mark.parametrize("status", [500, 401, None])
def test_a_ping_that_fails_is_nobodys_concern(woo, receiver, status):
    receiver.status = status
    assert make(woo)["status"] == "active"
    assert len(receiver.pings) == 1


@pytest.mark.parametrize(
    ("url", "is_called"),
    [
        ("https://service.example:443/", True),
        ("http://service.example:8080/", True),
        ("https://8.8.8.8/", True),
        ("https://service.example:8443/", False),
        ("https://127.0.0.1/", False),
        ("https://localhost/", False),
        ("https://192.168.1.5/", False),
        ("https://[::1]/", False),
    ],
)
def test_what_is_not_safe_is_silently_not_called(woo, receiver, url, is_called):
    assert make(woo, delivery_url=url)["status"] == "active"
    assert len(receiver.pings) == is_called


def test_a_switch_lets_tests_be_called(shop, woo, receiver):
    shop.webhooks.reaches_loopback = True
    make(woo, delivery_url="http://127.0.0.1:5000/")
    assert len(receiver.pings) == 1


def test_without_a_way_out_nothing_leaves(shop, woo):
    shop.webhooks.post = None
    make(woo)
    shop.edit(11, name="Cup")
    assert shop.run_cron() == [None]


# Deliveries


def test_a_change_is_told_when_the_jobs_run_and_signed(shop, woo, receiver):
    hook = make(woo)
    shop.edit(11, name="Größe / XL")
    assert receiver.deliveries == []
    assert shop.run_cron() == [200]
    [(url, headers, body)] = receiver.deliveries
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    assert url == TARGET
    assert headers.pop("X-WC-Webhook-Delivery-ID")
    assert headers == {
        "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "http://localhost/",
        "X-WC-Webhook-Topic": "product.updated",
        "X-WC-Webhook-Resource": "product",
        "X-WC-Webhook-Event": "updated",
        "X-WC-Webhook-Signature": signature,
        "X-WC-Webhook-ID": str(hook["id"]),
    }
    assert b'"name":"Gr\\u00f6\\u00dfe \\/ XL"' in body
    assert json.loads(body)["regular_price"] == woo.json("products/11")["regular_price"]
    assert shop.run_cron() == []


def test_several_changes_are_one_delivery_with_the_last_state(shop, woo, receiver):
    make(woo)
    for price in ("1.00", "2.00"):
        shop.set_price(11, price)
    woo.send("products/11", {"regular_price": "3.00"}, method="PUT")
    shop.run_cron()
    [(_, _, body)] = receiver.deliveries
    assert json.loads(body)["regular_price"] == "3.00"


@pytest.fixture
def all_topics(woo):
    for event in ("created", "updated", "deleted", "restored", "published"):
        make(woo, f"product.{event}")


@pytest.mark.usefixtures("all_topics")
@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (lambda shop: shop.add({"id": 99, "name": "Cup"}), [("product.created", 99)]),
        (lambda shop: shop.sell(11), []),
        (lambda shop: shop.edit(11, status="draft"), [("product.updated", 11)]),
        (lambda shop: shop.trash(11), [("product.deleted", 11)]),
        (lambda shop: shop.delete(11), []),
        (lambda shop: (shop.edit(11, name="Cup"), shop.delete(11)), []),
        (lambda shop: shop.write_directly(11, name="Cup"), []),
        (lambda shop: shop.rename_category(15, "Other"), []),
    ],
)
def test_what_is_told_of_a_product(shop, receiver, deed, told):
    deed(shop)
    shop.run_cron()
    assert receiver.told() == told


@pytest.mark.usefixtures("all_topics")
def test_an_order_that_takes_stock_is_told(shop, receiver):
    shop.edit(11, manage_stock=True, stock_quantity=5)
    shop.run_cron()
    receiver.told()
    shop.sell(11)
    shop.run_cron()
    assert receiver.told() == [("product.updated", 11)]


@pytest.mark.usefixtures("all_topics")
def test_of_a_trashed_product_only_the_id_is_told(shop, woo, receiver):
    woo.call("DELETE", "products/11", {})
    shop.run_cron()
    assert receiver.deliveries[0][2] == b'{"id":11}'
    receiver.told()
    woo.send("products/11", {"status": "publish"}, method="PUT")
    shop.run_cron()
    assert receiver.told() == [("product.updated", 11), ("product.published", 11)]
    shop.trash(11)
    shop.restore(11)
    shop.run_cron()
    assert receiver.told() == [("product.deleted", 11), ("product.restored", 11)]


def test_a_variation_is_told_as_a_product_of_its_own(open_shop, client, receiver):
    shop = open_shop(shirts(1))
    woo = client(shop)
    for event in ("created", "updated", "deleted"):
        make(woo, f"product.{event}")
    woo.send("products/100/variations/batch", {"update": [{"id": 101, "regular_price": "12.50"}]})
    shop.run_cron()
    [(_, headers, body)] = receiver.deliveries
    told = json.loads(body)
    assert headers["X-WC-Webhook-Topic"] == "product.updated"
    assert (told["type"], told["id"], told["parent_id"], told["price"]) == ("variation", 101, 100, "12.50")
    receiver.told()
    added = shop.add_variation(100, {"regular_price": "5.00"})
    shop.trash(101)
    shop.delete(102)
    shop.run_cron()
    assert receiver.told() == [("product.created", added), ("product.deleted", 101)]


def test_a_failed_delivery_is_gone(shop, woo, receiver):
    make(woo)
    receiver.status = 500
    shop.edit(11, name="Cup")
    assert shop.run_cron() == [500]
    receiver.status = 200
    assert shop.run_cron() == []


def fail(shop, receiver, times):
    receiver.status = 500
    for _ in range(times):
        shop.edit(11, name="Cup")
        shop.run_cron()


def test_after_more_than_five_failures_in_a_row_it_is_switched_off(shop, woo, receiver):
    path = f"webhooks/{make(woo)['id']}"
    fail(shop, receiver, 5)
    receiver.status = 302
    shop.edit(11, name="Cup")
    shop.run_cron()
    fail(shop, receiver, 5)
    assert woo.json(path)["status"] == "active"
    fail(shop, receiver, 1)
    assert woo.json(path)["status"] == "disabled"
    receiver.status = 200
    shop.edit(11, name="Cup")
    assert shop.run_cron() == []


def test_switched_on_again_the_next_failure_switches_it_off(shop, woo, receiver):
    path = f"webhooks/{make(woo)['id']}"
    fail(shop, receiver, 6)
    assert woo.send(path, {"status": "active"}, method="PUT").json()["status"] == "active"
    fail(shop, receiver, 1)
    assert woo.json(path)["status"] == "disabled"
