"""What a plan allows: a request that would go past it is refused before anything changes."""

import json

import pytest

from tests.api.test_feeds import FEED, Owner
from tests.api.test_stores import snapshot
from tests.plugin import Plugin, assert_error
from tests.services import catalogues
from tests.services.test_ranges import RANGE
from tests.shops.woocommerce import WooShop

LIMITS = {"products": 3, "feeds": 2, "suppliers": 2}
FULL = "PIM_PRODUCT_LIMIT"
TOLD = "The plan starter allows 3 products, and there are 3."


@pytest.fixture
def app(make_app):
    return make_app(PLANS=json.dumps({"starter": LIMITS}))


@pytest.fixture
def alice(app):
    """Her shop has as many products as her plan allows."""
    alice = Owner(app, "alice@shop.example")
    with app.app_context():
        catalogues.fill(alice.channel, catalogues.plain(3))
    return alice


@pytest.fixture(scope="module")
def shop():
    with WooShop() as shop:
        yield shop


def connect(owner, shop, **changes):
    bearer = owner.headers["Authorization"].removeprefix("Bearer ")
    return Plugin(owner.client, "alice@shop.example", shop).connect(bearer, **changes)


def make_room(app, owner):
    """Let there be room for one product."""
    with app.app_context():
        catalogues.fill(owner.channel, catalogues.plain(2))


def refused(app, call, code, told=""):
    """The call is refused with this code, and nothing is other than before."""
    before = snapshot(app)
    answer = call()
    assert_error(answer, 403, code)
    assert told in answer.json["message"]
    assert snapshot(app) == before


# Products


def test_a_range_is_refused_where_the_plan_is_full(app, alice):
    refused(app, lambda: alice.call("PUT", "/range", json=RANGE), FULL, TOLD)
    assert alice.call("GET", "/range").status_code == 404


def test_with_room_for_one_product_a_range_is_kept_and_mirrors_what_fits(app, alice):
    make_room(app, alice)
    assert alice.call("PUT", "/range", json=RANGE).status_code == 200


def test_a_range_that_is_there_can_be_changed_and_turned_on_again_although_the_plan_is_full(app, alice):
    make_room(app, alice)
    channel = alice.call("PUT", "/range", json=RANGE).json["channelId"]
    with app.app_context():
        catalogues.fill(channel, catalogues.plain(1))
    assert alice.call("PUT", "/range", json=RANGE | {"take": "all"}).status_code == 200
    assert alice.call("DELETE", "/range").status_code == 204
    assert alice.call("PUT", "/range", json=RANGE).json["channelId"] == channel


def test_another_store_is_refused_where_the_plan_is_full(app, alice, shop):
    refused(app, lambda: connect(alice, shop), FULL, TOLD)


def test_a_store_that_is_known_is_connected_again_although_the_plan_is_full(app, alice, shop):
    make_room(app, alice)
    first = connect(alice, shop)
    assert first.status_code == 201
    with app.app_context():
        catalogues.fill(first.json["channelId"], catalogues.plain(1))
    again = connect(alice, shop)
    assert (again.status_code, again.json["channelId"]) == (200, first.json["channelId"])


def test_a_plugins_own_store_has_an_organization_and_a_plan_of_its_own(app, alice, shop):
    plugin = Plugin(app.test_client(), "alice@shop.example", shop)
    plugin.register()
    assert plugin.connect(bearer=plugin.token).status_code == 201


def test_what_a_plan_without_products_allows_is_no_store(make_app, shop):
    app = make_app(PLANS='{"starter": {"products": 0}}')
    refused(app, Plugin(app.test_client(), "new@shop.example", shop).connect, FULL, "allows 0 products")


def test_the_command_says_that_the_plan_is_full(app, alice, shop):
    keys = ["--email", "alice@shop.example", "--key", shop.key, "--secret", shop.secret]
    before = snapshot(app)
    result = app.test_cli_runner().invoke(args=["stores", "connect", shop.url, *keys])
    assert result.exit_code == 1
    assert TOLD in result.output
    assert snapshot(app) == before


# What a register token brings along


@pytest.fixture
def plugin(app, shop):
    """A connected plugin that has kept its first token, which was not proved and has made nothing yet."""
    plugin = Plugin(app.test_client(), "owner@shop.example", shop)
    plugin.register()
    plugin.first = plugin.token
    assert plugin.connect().status_code == 201
    return plugin


def make(plugin, token, path, **body):
    answer = plugin.client.post(f"/api/{path}", json=body, headers=plugin.auth(token))
    assert answer.status_code == 201, answer.text


def supplier(plugin, token):
    make(plugin, token, "suppliers", name="Wholesale Ltd")


def feed(plugin, token):
    make(plugin, token, "feeds", **FEED)


@pytest.mark.parametrize(
    ("make", "noun", "code"), [(supplier, "suppliers", "SUPPLIER_LIMIT"), (feed, "feeds", "FEED_LIMIT")]
)
def test_more_than_the_plan_allows_cannot_be_brought_along(app, plugin, make, noun, code):
    make(plugin, plugin.token)
    make(plugin, plugin.first)
    make(plugin, plugin.first)
    told = f"The plan starter allows 2 {noun}, and there are 1. 2 more do not fit."
    refused(app, lambda: plugin.connect(bearer=plugin.first), code, told)
    own = plugin.token
    # Without it the store is connected all the same, and with less of it, too.
    assert plugin.connect().status_code == 200
    listed = plugin.client.get(f"/api/{noun}", headers=plugin.auth(plugin.first)).json["items"]
    plugin.client.delete(f"/api/{noun}/{listed[0]['id']}", headers=plugin.auth(plugin.first))
    assert plugin.connect(bearer=plugin.first).status_code == 200
    for token in (own, plugin.first):
        assert plugin.sync_status(token).json[noun] == 2


def test_a_full_organization_takes_back_a_token_that_made_nothing(plugin):
    for _ in range(2):
        supplier(plugin, plugin.token)
        feed(plugin, plugin.token)
    assert plugin.connect(bearer=plugin.first).status_code == 200


def test_a_range_is_brought_along_only_if_its_products_fit(app, plugin):
    made = plugin.client.put("/api/range", json=RANGE, headers=plugin.auth(plugin.first))
    assert made.status_code == 200
    with app.app_context():
        catalogues.fill(made.json["channelId"], catalogues.plain(2))
        catalogues.fill(plugin.channel_id, catalogues.plain(2))
    told = "The plan starter allows 3 products, and there are 2. 2 more do not fit."
    refused(app, lambda: plugin.connect(bearer=plugin.first), FULL, told)
    with app.app_context():
        catalogues.fill(plugin.channel_id, catalogues.plain(1))
    assert plugin.connect(bearer=plugin.first).status_code == 200
    assert plugin.sync_status().json["products_synced"] == 3
