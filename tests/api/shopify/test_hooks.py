"""What Shopify tells of: signed, once, believed only as a hint; and the end of an installation."""

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Feed, Job, Product
from sync2sys.models.base import now
from sync2sys.services import feeds, hooks, jobs, organizations
from tests.api.shopify.conftest import PUBLIC_URL
from tests.api.shopify.rows import channels, rows
from tests.locked import being_applied
from tests.plugin import assert_error

pytestmark = pytest.mark.shopify

BODY = json.dumps({"id": 1, "admin_graphql_api_id": "gid://shopify/Product/788032119674292922"}).encode()


@pytest.fixture
def channel_id(app, alice):
    channel_id = alice.connect()
    with app.app_context():
        transaction(lambda: db.session.query(Job).delete())()
    return channel_id


@pytest.fixture
def deliver(client, their_app):
    """A function that delivers what Shopify would."""

    def deliver(topic="products/update", body=BODY, secret=None, delivery="d1", **headers):
        digest = hmac.new((secret or their_app.secret).encode(), body, hashlib.sha256).digest()
        given = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Shop-Domain": "mystore.myshopify.com",
            "X-Shopify-Webhook-Id": delivery,
            "X-Shopify-Triggered-At": now().isoformat(),
            "Content-Type": "application/json",
        }
        return client.post("/api/webhooks/shopify", data=body, headers=given | headers)

    return deliver


@pytest.fixture
def sent(client):
    """A function that sends what the fake shop has to tell of, as it would itself."""

    def send(shop, **options):
        def post(url, headers, body):
            return client.post("/api/webhooks/shopify", data=body, headers=headers).status_code

        return shop.webhooks.send(post=post, **options)

    return send


def queued(app):
    return [(job.kind, job.payload) for job in rows(app, Job)]


def state_of(app, channel_id):
    with app.app_context():
        channel = db.session.get(Channel, channel_id)
        return channel.state, channel.problem


def test_a_changed_product_is_looked_at_soon_and_by_name(app, channel_id, deliver):
    assert deliver().json == {"received": True}
    assert queued(app) == [("sync", {"products": ["788032119674292922"]})]
    [channel] = channels(app)
    assert channel.heard_at is not None


@pytest.mark.parametrize("topic", ["products/update", "products/delete", "app/uninstalled", "shop/update"])
def test_nobody_is_asked_before_a_delivery_is_answered(channel_id, deliver, shopify, topic):
    """Shopify waits five seconds, and takes a webhook away that is late again and again."""
    before = len(shopify.requests)
    assert deliver(topic=topic).status_code == 200
    assert len(shopify.requests) == before


def test_several_changed_products_are_looked_at_together(app, channel_id, deliver):
    for number in (1, 2, 2, 3):
        deliver(body=json.dumps({"id": number}).encode(), delivery=f"d{number}")
    assert queued(app) == [("sync", {"products": ["1", "2", "3"]})]


def test_a30_a_delivery_that_comes_twice_counts_once(app, channel_id, deliver):
    deliver()
    with app.app_context():
        transaction(lambda: db.session.query(Job).delete())()
    assert deliver().json == {"received": False}
    assert queued(app) == []
    # Another topic may have the same id.
    assert deliver("products/create").json == {"received": True}


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Shopify-Hmac-Sha256": ""},
        {"X-Shopify-Hmac-Sha256": "d" * 64},
        {"X-Shopify-Shop-Domain": "other.myshopify.com"},
        {"X-Shopify-Shop-Domain": ""},
        {"X-Shopify-Webhook-Id": ""},
    ],
)
def test_a30_what_is_not_signed_for_a_known_shop_is_refused(app, channel_id, deliver, headers):
    is_stranger = headers.get("X-Shopify-Shop-Domain") is not None
    answer = deliver(**headers)
    if is_stranger:
        # The app's own secret signed it, so it is Shopify's; nobody here is concerned.
        assert answer.json == {"received": False}
    else:
        assert_error(answer, 401)
    assert queued(app) == []


@pytest.mark.parametrize(
    "topic", ["customers/data_request", "customers/redact", "shop/redact", "products/update"]
)
def test_a_wrong_signature_is_a_401_whatever_the_topic(app, channel_id, deliver, topic):
    assert_error(deliver(topic, secret="shpss_wrong"), 401)


def test_a30_a_changed_body_is_refused(client, channel_id, deliver, their_app):
    digest = base64.b64encode(hmac.new(their_app.secret.encode(), BODY, hashlib.sha256).digest()).decode()
    assert_error(deliver(body=BODY + b" ", **{"X-Shopify-Hmac-Sha256": digest}), 401)


def test_a30_a_body_that_is_too_large_is_refused(app, channel_id, deliver):
    assert_error(deliver(body=b"x" * (5 * 1024 * 1024)), 413)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"id": "x"}', b'{"id": {}}', b"\xff"])
def test_a_signed_body_of_any_kind_is_only_a_hint(app, channel_id, deliver, body):
    assert deliver(body=body).json == {"received": True}
    assert queued(app) == [("sync", {"products": []})]


def test_a_deleted_product_asks_for_a_full_comparison(app, channel_id, deliver):
    deliver("products/delete", body=b'{"id": 1}')
    assert queued(app) == [("sync", {"full": True})]


@pytest.mark.parametrize("topic", ["orders/create", "", "x" * 1000])
def test_topics_that_nobody_asked_for_are_taken_and_do_nothing(app, channel_id, deliver, topic):
    assert deliver(topic).status_code == 200
    assert queued(app) == []


# The end of an installation


def test_an_uninstalled_app_asks_for_reconnecting_and_the_feed_stays(
    app,
    client,
    alice,
    shop,
    their_app,
    channel_id,
    sent,
):
    their_app.webhooks["app/uninstalled"] = f"{PUBLIC_URL}/api/webhooks/shopify"
    shop.uninstall(their_app)
    sent(shop)
    state, problem = state_of(app, channel_id)
    assert state == "auth_failed"
    assert "Connect it again" in problem
    with app.app_context():
        assert "access_token" not in db.session.get(Channel, channel_id).credentials
    # Connected again, it is the same channel.
    assert alice.connect(channelId=channel_id) == channel_id
    assert state_of(app, channel_id) == ("connected", "")


def test_the_end_of_an_earlier_installation_does_not_end_this_one(app, alice, channel_id, deliver):
    before = now().isoformat()
    alice.connect(channelId=channel_id)
    deliver("app/uninstalled", body=b"{}", **{"X-Shopify-Triggered-At": before})
    assert state_of(app, channel_id)[0] == "connected"


def test_a_channel_that_is_to_be_reconnected_is_not_synced(app, channel_id, deliver):
    deliver("app/uninstalled", body=b"{}")
    deliver("products/update", delivery="d2")
    assert queued(app) == []


# What the law demands


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact"])
def test_of_customers_nothing_is_kept(app, channel_id, deliver, topic):
    assert deliver(topic, body=b'{"customer": {"id": 1}}').status_code == 200
    assert state_of(app, channel_id)[0] == "connected"


def test_a_shop_that_left_is_forgotten(app, channel_id, deliver):
    with app.app_context():

        def publish():
            organization = db.session.get(
                organizations.Organization, db.session.get(Channel, channel_id).organization_id
            )
            feeds.create(organization, name="Mugs", format="google", sources=[channel_id])
            feeds.create(organization, name="All", format="google")

        transaction(publish)()
    deliver("app/uninstalled", body=b"{}")
    assert deliver("shop/redact", body=b"{}", delivery="d2").status_code == 200
    assert channels(app) == []
    assert rows(app, Product) == []
    assert rows(app, Feed) == []


def test_a_shop_that_is_back_is_not_forgotten(app, channel_id, deliver):
    deliver("shop/redact", body=b"{}")
    assert state_of(app, channel_id)[0] == "connected"


def test_a_shop_that_nobody_here_knows_any_more_is_forgotten_already(app, deliver, their_app):
    assert deliver("shop/redact", body=b"{}").json == {"received": False}


# Making them


def work_off(app, kind):
    with app.app_context():
        claim = jobs.claim({kind})
        hooks.run(claim)
        transaction(jobs.finish)(claim)


def test_webhooks_are_made_at_connect_and_found_again(app, alice, shop, their_app):
    channel_id = alice.connect()
    work_off(app, "hooks")
    shown = alice.client.get(
        f"/api/channels/{channel_id}", headers={"Authorization": f"Bearer {alice.token}"}
    )
    items = shown.json["webhooks"]["items"]
    assert {item["state"] for item in items} == {"made"}
    assert "app/uninstalled" in [item["topic"] for item in items]
    assert shown.json["webhooks"]["heardAt"] is None
    with app.app_context():
        transaction(lambda: hooks.ask(db.session.get(Channel, channel_id)))()
    work_off(app, "hooks")
    [channel] = channels(app)
    assert {hook["state"] for hook in channel.hooks} == {"active"}
    assert {each["uri"] for each in shop.webhooks.of(shop.installations[their_app.client_id]).values()} == {
        f"{PUBLIC_URL}/api/webhooks/shopify"
    }


def test_webhooks_of_a_former_public_address_are_taken_out_of_the_shop(
    app, alice, shop, their_app, make_service
):
    """Others for the same app, of whatever else it serves, stay."""
    channel_id = alice.connect()
    work_off(app, "hooks")
    installation = shop.installations[their_app.client_id]
    other = "https://elsewhere.example/hooks"
    shop.webhooks.subscribe(installation, "PRODUCTS_UPDATE", uri=other)
    moved = make_service(
        public_url="https://new.example",
        SHOPIFY_CLIENT_ID=their_app.client_id,
        SHOPIFY_CLIENT_SECRET=their_app.secret,
    )
    with moved.app_context():
        transaction(lambda: hooks.ask(db.session.get(Channel, channel_id)))()
    work_off(moved, "hooks")
    held = [each["uri"] for each in shop.webhooks.of(installation).values()]
    assert sorted(set(held)) == [other, "https://new.example/api/webhooks/shopify"]
    assert len(held) == 9


def test_a_change_in_the_shop_is_told_and_queued(app, alice, shop, sent):
    alice.connect()
    work_off(app, "hooks")
    with app.app_context():
        transaction(lambda: db.session.query(Job).delete())()
    [number] = list(shop.catalogue.products)[:1]
    shop.edit(number, title="Cup")
    sent(shop, times=2)
    [(kind, payload)] = queued(app)
    assert (kind, payload["products"]) == ("sync", [str(number)])


def test_without_a_public_address_there_are_none_and_the_owner_is_told(make_app, shopify, shop, ca_file):
    service = make_app()
    with service.app_context():
        channel = Channel(id="c")
        hooks.ask(channel)
        assert "PUBLIC_URL" in channel.hooks_problem


def test_a_hint_is_answered_while_a_large_pull_is_applied_and_an_uninstalled_app_waits_for_its_turn(
    app, channel_id, deliver
):
    with ThreadPoolExecutor(1) as pool:
        with being_applied(app, channel_id):
            assert deliver().json == {"received": True}
            told = pool.submit(deliver, "app/uninstalled", delivery="d2")
            with pytest.raises(TimeoutError):
                told.result(1)
        # Written when it is answered: it comes once only.
        assert told.result(60).json == {"received": True}
        assert state_of(app, channel_id)[0] == "auth_failed"
    thread = app.extensions["sync2sys"]["waiting"]._thread
    if thread is not None:
        thread.join(60)
