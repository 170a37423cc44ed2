"""A webhook is a hint from whoever knows the channel's secret, and nothing more."""

import base64
import hashlib
import hmac
import json

import pytest

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, WebhookDelivery
from sync2sys.models.base import now
from sync2sys.services import deliveries, webhooks
from tests.locked import being_applied
from tests.plugin import Plugin, assert_error
from tests.shops.woocommerce import WooShop

BODY = json.dumps({"id": 836, "name": "Robot", "price": "1.00"}).encode()


@pytest.fixture
def plugin(client):
    with WooShop() as shop:
        plugin = Plugin(client, shop=shop)
        plugin.connect()
        yield plugin


@pytest.fixture
def secret(app, plugin):
    with app.app_context():
        secret = transaction(lambda: webhooks.secret_for(db.session.get(Channel, plugin.channel_id)))()
        transaction(lambda: db.session.query(Job).delete())()
    return secret


@pytest.fixture
def deliver(client, plugin, secret):
    def deliver(body=BODY, signature=None, delivery="4f3a4db1", topic="product.updated", channel=None):
        if signature is None:
            signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        return client.post(
            f"/api/webhooks/woocommerce/{channel or plugin.channel_id}",
            data=body,
            content_type="application/json",
            headers={
                "X-WC-Webhook-Signature": signature,
                "X-WC-Webhook-Delivery-ID": delivery,
                "X-WC-Webhook-Topic": topic,
            },
        )

    return deliver


def jobs(app):
    with app.app_context():
        return [(job.kind, job.payload, job.due_at) for job in db.session.query(Job)]


def test_a_signed_delivery_queues_a_look_at_the_shop(app, deliver):
    answer = deliver()
    assert (answer.status_code, answer.json) == (200, {"received": True})
    [(kind, payload, due)] = jobs(app)
    assert (kind, payload) == ("sync", {"full": False})
    assert 0 < (due - now()).total_seconds() <= 5


def test_many_deliveries_are_one_job(app, deliver):
    for number in range(20):
        assert deliver(delivery=str(number)).json == {"received": True}
    assert len(jobs(app)) == 1


def test_a_deletion_asks_for_a_full_comparison(app, deliver):
    deliver(topic="product.deleted", body=b'{"id":842}')
    assert jobs(app)[0][1] == {"full": True}


def test_the_same_delivery_again_changes_nothing(app, deliver):
    deliver()
    with app.app_context():
        transaction(lambda: db.session.query(Job).delete())()
    assert (deliver().status_code, deliver().json) == (200, {"received": False})
    assert jobs(app) == []


@pytest.mark.parametrize("signature", ["", "x", "é", "AAAA", base64.b64encode(bytes(32)).decode()])
def test_a_wrong_signature_is_a_401(app, deliver, signature):
    assert_error(deliver(signature=signature), 401)
    assert jobs(app) == []


def test_a_changed_body_is_a_401(app, deliver, secret):
    good = base64.b64encode(hmac.new(secret.encode(), BODY, hashlib.sha256).digest()).decode()
    assert deliver(signature=good).status_code == 200
    assert_error(deliver(body=BODY.replace(b"1.00", b"0.01"), signature=good, delivery="other"), 401)


def test_a_delivery_without_an_id_is_a_401(deliver):
    assert_error(deliver(delivery=""), 401)


def test_five_megabytes_are_a_413(app, deliver):
    assert_error(deliver(body=b" " * 5_000_000), 413)
    assert jobs(app) == []


def test_two_megabytes_are_taken_because_some_products_are_long(deliver):
    assert deliver(body=b'"' + b"x" * 2_000_000 + b'"').json == {"received": True}


def test_what_is_signed_need_not_be_json_for_nothing_in_it_is_believed(deliver):
    assert deliver(body=b"\x00\xff not json").json == {"received": True}


def test_the_unsigned_ping_is_answered_and_does_nothing(app, client, plugin, secret):
    answer = client.post(
        f"/api/webhooks/woocommerce/{plugin.channel_id}",
        data=b"webhook_id=5",
        content_type="application/x-www-form-urlencoded",
    )
    assert (answer.status_code, answer.json) == (200, {"received": False})
    assert jobs(app) == []


def test_a_channel_that_is_not_there_looks_like_a_wrong_signature(deliver):
    assert deliver(signature="AAAA").json == deliver(channel="0" * 36).json


def test_after_a_disconnect_the_secret_is_gone(app, plugin, deliver):
    plugin.disconnect()
    assert_error(deliver(), 401)


def test_new_keys_keep_the_secret_so_that_the_shops_webhooks_go_on(plugin, deliver):
    assert plugin.connect().status_code == 200
    assert deliver().json == {"received": True}


def test_a_channel_without_a_secret_takes_nothing(app, client, plugin):
    signature = base64.b64encode(hmac.new(b"", BODY, hashlib.sha256).digest()).decode()
    answer = client.post(
        f"/api/webhooks/woocommerce/{plugin.channel_id}",
        data=BODY,
        headers={"X-WC-Webhook-Signature": signature, "X-WC-Webhook-Delivery-ID": "1"},
    )
    assert_error(answer, 401)


def test_old_deliveries_are_forgotten(app, deliver):
    deliver()
    with app.app_context():
        assert transaction(webhooks.sweep)() == 0
        transaction(
            lambda: db.session.execute(
                db.update(WebhookDelivery).values(received_at=now() - webhooks.KEPT - webhooks.SOON)
            )
        )()
        assert transaction(webhooks.sweep)() == 1


def test_what_comes_while_a_large_pull_is_applied_is_answered_then_and_written_after_it(app, deliver, plugin):
    """Each `deliver` here returns while nobody else can write, or the lock would be given up first."""
    with being_applied(app, plugin.channel_id):
        for number in range(3):
            assert deliver(delivery=str(number)).json == {"received": True}
        assert_error(deliver(signature="AAAA"), 401)
    await_written(app)
    [(kind, payload, _)] = jobs(app)
    assert (kind, payload) == ("sync", {"full": False})
    assert deliver(delivery="2").json == {"received": False}


def test_a_ping_is_answered_while_a_large_pull_is_applied(app, client, plugin, secret):
    with being_applied(app, plugin.channel_id):
        address = f"/api/webhooks/woocommerce/{plugin.channel_id}"
        answer = client.post(address, data=b"webhook_id=5", content_type="application/x-www-form-urlencoded")
        assert (answer.status_code, answer.json) == (200, {"received": False})


def test_more_than_memory_has_room_for_is_a_503_and_the_shop_comes_again(app, deliver, plugin, monkeypatch):
    monkeypatch.setattr(deliveries, "ROOM", 1)
    with being_applied(app, plugin.channel_id):
        answers = [deliver(delivery=str(number)) for number in range(3)]
        # One is with the thread that writes, one more is kept.
        assert [answer.status_code for answer in answers] == [200, 200, 503]
        assert answers[-1].headers["Retry-After"]
    await_written(app)
    assert len(jobs(app)) == 1


def await_written(app):
    thread = app.extensions["sync2sys"]["waiting"]._thread
    if thread is not None:
        thread.join(60)
        assert not thread.is_alive()
