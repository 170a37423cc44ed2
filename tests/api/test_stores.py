"""Connecting, disconnecting and coming back; who may see what. The attacks are tried as attacks."""

import re
import threading
import time

import pytest

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Installation, Organization, Token
from sync2sys.services import accounts
from tests.plugin import Plugin, assert_error
from tests.shops.woocommerce import WooShop


@pytest.fixture
def shop():
    with WooShop() as shop:
        yield shop


@pytest.fixture
def plugin(client, shop):
    """The owner's own plugin, registered and connected."""
    plugin = Plugin(client, "owner@shop.example", shop)
    plugin.register()
    assert plugin.connect(bearer=plugin.token).status_code == 201
    return plugin


def snapshot(app):
    """Everything that a failed call must leave as it was."""
    with app.app_context():
        return {
            table.name: sorted(map(repr, db.session.execute(table.select()).all()))
            for table in db.metadata.sorted_tables
        }


# The plugin's own way -----------------------------------------------------------------------------


def test_a_store_connects_and_the_answer_is_that_of_the_contract(client, shop):
    answer = Plugin(client, shop=shop).connect()
    assert answer.status_code == 201
    assert set(answer.json) == {"success", "token", "channelId", "message"}
    assert answer.json["success"] is True
    assert answer.json["message"] == "Store connected successfully"


def test_the_status_of_a_connected_store_names_plan_and_shop(plugin, shop):
    assert plugin.status().json == {
        "connected": True,
        "email": "owner@shop.example",
        "plan": "starter",
        "organizationName": shop.name,
    }


def test_a_connect_queues_the_first_sync(app, plugin):
    with app.app_context():
        rows = db.session.execute(db.text("SELECT kind, subject FROM job")).all()
    assert ("sync", plugin.channel_id) in [tuple(row) for row in rows]


def test_the_register_token_that_came_along_has_the_rights_too(client, shop):
    plugin = Plugin(client, shop=shop)
    plugin.register()
    first = plugin.token
    plugin.connect(bearer=first)
    assert plugin.status(first).json["connected"] is True
    assert plugin.status(plugin.token).json["connected"] is True


def test_without_bearer_only_the_new_token_has_the_rights(client, shop):
    plugin = Plugin(client, shop=shop)
    plugin.register()
    first = plugin.token
    plugin.connect()
    assert plugin.status(first).json["connected"] is False
    assert plugin.status().json["connected"] is True


def test_connecting_again_is_200_with_the_same_channel(plugin):
    channel = plugin.channel_id
    assert plugin.connect().status_code == 200
    assert plugin.channel_id == channel


def test_other_keys_of_the_same_store_keep_the_channel(plugin, shop):
    channel = plugin.channel_id
    key = shop.add_key()
    plugin.key, plugin.secret = key.key, key.secret
    assert plugin.connect().status_code == 200
    assert plugin.channel_id == channel


def test_disconnecting_wipes_the_keys_and_may_be_repeated(app, plugin):
    answer = plugin.disconnect()
    assert (answer.status_code, answer.json) == (200, {"success": True, "message": "Store disconnected"})
    assert plugin.disconnect().status_code == 200
    with app.app_context():
        channel = db.session.query(Channel).one()
        assert (channel.state, channel.sealed_credentials) == ("disconnected", None)


def test_disconnect_needs_no_body(plugin):
    answer = plugin.client.post("/api/stores/disconnect", headers=plugin.auth())
    assert answer.status_code == 200


def test_after_a_disconnect_the_tokens_open_nothing_else(plugin):
    plugin.disconnect()
    assert_error(plugin.status(), 401)
    assert_error(plugin.sync_status(), 401)


def test_a_store_that_comes_back_finds_its_channel_and_old_tokens_stay_dead(plugin):
    old, channel = plugin.token, plugin.channel_id
    plugin.disconnect()
    assert plugin.connect(bearer=old).status_code == 200
    assert plugin.channel_id == channel
    assert plugin.status().json["connected"] is True
    assert_error(plugin.status(old), 401)


def test_a_channel_id_that_is_not_ones_own_is_a_404(plugin):
    assert_error(plugin.disconnect(channelId="00000000-0000-0000-0000-000000000000"), 404)
    assert plugin.status().json["connected"] is True
    assert plugin.disconnect(channelId=plugin.channel_id).status_code == 200


def test_another_platform_is_a_400(plugin):
    assert "platform" in assert_error(plugin.connect(platform="magento"), 400)["details"]


def test_platform_and_version_may_be_missing(client, shop):
    body = {
        "storeUrl": shop.url,
        "consumerKey": shop.key,
        "consumerSecret": shop.secret,
        "email": "a@b.example",
    }
    assert client.post("/api/stores/connect", json=body).status_code == 201


@pytest.mark.parametrize("field", ["consumerKey", "consumerSecret"])
@pytest.mark.parametrize(
    "value", ["", "x", "ck_", "cs_", "ck_" + "a" * 500, "ck_é", "ck_a b", 5, None, ["ck_1"]]
)
def test_keys_that_are_none_are_refused_by_field(plugin, field, value):
    assert field in assert_error(plugin.connect(**{field: value}), 400)["details"]


def test_forty_at_once_make_one_channel(app, shop):
    answers = []

    def connect():
        for _ in range(5):
            answers.append(Plugin(app.test_client(), shop=shop).connect())

    app.extensions["sync2sys"]["settings"]._values |= {"CONNECT_RATE": 1000, "CONNECT_HOST_RATE": 1000}
    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 39 + [201]
    assert len({answer.json["channelId"] for answer in answers}) == 1


# Attacks ------------------------------------------------------------------------------------------


def test_a1_who_registered_before_the_owner_stays_blind(client, shop):
    attacker = Plugin(client, "owner@shop.example", shop)
    attacker.register()
    owner = Plugin(client, "owner@shop.example", shop)
    owner.register()
    owner.connect(bearer=owner.token)
    assert attacker.status().json["connected"] is False
    assert attacker.status().json["organizationName"] == ""
    assert attacker.sync_status().json["last_activity"] is None


def test_a2_who_registers_afterwards_is_blind_too(client, plugin, shop):
    attacker = Plugin(client, "owner@shop.example", shop)
    assert attacker.register().status_code == 200
    assert attacker.status().json["connected"] is False
    assert attacker.sync_status().json["products_synced"] == 0


def test_a3_an_unproved_token_disconnects_only_itself(client, plugin, shop):
    attacker = Plugin(client, "owner@shop.example", shop)
    attacker.register()
    assert attacker.disconnect().status_code == 200
    assert attacker.disconnect(channelId=plugin.channel_id).status_code == 200
    assert_error(attacker.status(), 401)
    assert plugin.status().json["connected"] is True


def test_a4_wrong_keys_for_a_known_store_change_nothing(app, client, plugin, shop):
    before = snapshot(app)
    attacker = Plugin(client, "owner@shop.example", shop, key="ck_" + "1" * 40, secret="cs_" + "1" * 40)
    assert_error(attacker.connect(), 400, "STORE_AUTH_FAILED")
    assert snapshot(app) == before


def test_a5_the_owners_email_with_another_store_joins_nothing(client, plugin):
    with WooShop() as other:
        attacker = Plugin(client, "owner@shop.example", other)
        assert attacker.connect().status_code == 201
        assert attacker.channel_id != plugin.channel_id
        assert attacker.status().json["organizationName"] == other.name
        assert_error(attacker.disconnect(channelId=plugin.channel_id), 404)
    assert plugin.status().json["connected"] is True


def test_a6_another_email_with_a_leaked_key_gets_an_organization_of_its_own(app, client, plugin, shop):
    attacker = Plugin(client, "attacker@evil.example", shop)
    assert attacker.connect().status_code == 201
    assert attacker.channel_id != plugin.channel_id
    with app.app_context():
        assert db.session.query(Organization).count() == 2


def test_a6_a_leaked_read_key_is_not_enough(app, client, plugin, shop):
    before = snapshot(app)
    key = shop.add_key(permissions="read")
    attacker = Plugin(client, "attacker@evil.example", shop, key=key.key, secret=key.secret)
    assert_error(attacker.connect(), 400, "STORE_READ_ONLY_KEY")
    assert snapshot(app) == before


def test_a7_a_store_that_accepts_any_key_proves_nothing(app, client):
    with WooShop() as shop:
        shop.accepts_any_key = True
        before = snapshot(app)
        assert_error(Plugin(client, shop=shop).connect(), 400, "STORE_NOT_VERIFIED")
        assert snapshot(app) == before


def test_a8_a_store_that_redirects_elsewhere_gets_no_credentials_sent_there(app, client):
    with WooShop() as target, WooShop() as shop:
        shop.redirect_to = target.url.replace("127.0.0.1", "localhost")
        before = snapshot(app)
        body = assert_error(Plugin(client, shop=shop).connect(), 400, "STORE_REDIRECTS")
        assert "localhost" in body["message"]
        assert snapshot(app) == before
        assert target.requests == []


def test_a9_a_domain_in_new_hands_begins_anew_and_ends_the_old_tokens(app, client, plugin, shop):
    old_token, old_channel = plugin.token, plugin.channel_id
    shop.become_another()
    buyer = Plugin(client, "owner@shop.example", shop)
    assert buyer.connect().status_code == 201
    assert buyer.channel_id != old_channel
    assert_error(plugin.status(old_token), 401)
    with app.app_context():
        old = db.session.get(Channel, old_channel)
        assert (old.state, old.sealed_credentials) == ("moved", None)
        assert db.session.get(Channel, buyer.channel_id).organization_id != old.organization_id
    assert buyer.connect().status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "https://10.1.2.3",
        "https://[::ffff:10.0.0.1]",
        "https://2130706433",
        "https://user:pw@shop.example",
        "https://shop.example:22",
        "https://shop.example:99999",
        "file:///etc/passwd",
        "gopher://shop.example",
        "https://shop.example\\.evil.example",
        "https://shop.example/?a=b",
        "https://shop.example/\u0000",
        "https://0/",
        "https://[::1]",
    ],
)
def test_a10_an_address_that_is_not_a_shops_is_refused_alike(app, client, url):
    before = snapshot(app)
    body = assert_error(Plugin(client, url=url).connect(), 400)
    assert body["error"] in {"Bad Request", "STORE_UNREACHABLE"}
    assert snapshot(app) == before


def test_a11_loopback_is_unreachable_like_any_dead_host_and_is_not_called(make_app, shop):
    client = make_app(OUTBOUND_ALLOW="").test_client()
    port = shop.url.rsplit(":", 1)[1]
    inside = Plugin(client, url=f"https://localhost:{port}", key=shop.key, secret=shop.secret).connect()
    dead = Plugin(client, url="https://no-such-shop.invalid", key=shop.key, secret=shop.secret).connect()
    assert assert_error(inside, 400)["error"] == assert_error(dead, 400)["error"] == "STORE_UNREACHABLE"
    assert inside.json["message"].replace("localhost", "HOST") == dead.json["message"].replace(
        "no-such-shop.invalid", "HOST"
    )
    assert shop.requests == []


def test_a12_no_key_stands_in_clear_in_the_database(app, instance, plugin, shop):
    if db_file := next(instance.glob("sync2sys.db"), None):
        everything = b"".join(path.read_bytes() for path in instance.glob(db_file.name + "*"))
        assert shop.key.encode() not in everything
        assert shop.secret.encode() not in everything
    assert shop.secret not in repr(snapshot(app))


def test_a13_a_store_that_never_ends_is_cut_at_the_deadline(client, monkeypatch):
    monkeypatch.setattr("sync2sys.api.stores.PROOF_SECONDS", 0.5)
    with WooShop() as shop:
        shop.fault("drip")
        started = time.monotonic()
        assert_error(Plugin(client, shop=shop).connect(), 400, "STORE_UNREACHABLE")
        assert 0.5 <= time.monotonic() - started < 9, "the deadline is another one"


def test_a15_claiming_the_victims_store_id_gains_nothing(client, plugin, shop):
    with WooShop(store_id=shop.store_id) as liar:
        attacker = Plugin(client, "owner@shop.example", liar)
        assert attacker.connect().status_code == 201
        assert attacker.channel_id != plugin.channel_id


def test_a16_another_spelling_of_the_address_is_the_same_channel(plugin):
    channel = plugin.channel_id
    plugin.url = plugin.url.upper().replace("HTTP:", "http:") + "/"
    plugin.email = "OWNER@SHOP.example"
    assert plugin.connect().status_code == 200
    assert plugin.channel_id == channel


def test_a18_tokens_end_with_the_disconnect_and_with_the_account(app, plugin):
    plugin.disconnect()
    assert_error(plugin.status(), 401)


NOBODY = "00000000-0000-0000-0000-000000000000"
#: What has to be in a body, so that it is looked at whose the object is.
NEEDED = {"/api/channels/<string:channel_id>/writing": {"state": "dry"}}


def filled(rule, ids):
    """The path of a rule with these ids in it, and nobody's where none is given."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: ids.get(part[1], NOBODY), rule)
    assert "<" not in path
    return path


def test_a20_every_object_of_another_organization_is_a_404_like_one_that_never_was(app, client, plugin):
    with WooShop() as other:
        stranger = Plugin(client, "stranger@other.example", other)
        stranger.connect()
        feed = client.post(
            "/api/feeds", json={"name": "Theirs", "format": "csv"}, headers=plugin.auth()
        ).json["id"]
        supplier = client.post("/api/suppliers", json={"name": "Theirs"}, headers=plugin.auth()).json["id"]
        mine = {"channel_id": plugin.channel_id, "feed_id": feed, "supplier_id": supplier}
        for rule in app.url_map.iter_rules():
            # Pages for people know nothing of tokens; what they show to whom is tested with them.
            if not rule.rule.startswith("/api/") or not rule.arguments & set(mine):
                continue
            if "public" in app.view_functions[rule.endpoint].access:
                continue
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                answers = []
                for wanted in (mine, dict.fromkeys(mine, NOBODY)):
                    path = filled(rule.rule, wanted)
                    body = NEEDED.get(rule.rule, {})
                    answers.append(client.open(path, method=method, headers=stranger.auth(), json=body))
                theirs, none = answers
                assert_error(theirs, 404)
                assert theirs.json == none.json, f"{method} {rule.rule}"


def test_a22_one_address_cannot_try_many_stores(make_app):
    client = make_app(CONNECT_RATE="3", OUTBOUND_ALLOW="").test_client()
    codes = [Plugin(client, url=f"https://shop{number}.invalid").connect().status_code for number in range(6)]
    assert codes == [400] * 3 + [429] * 3


def test_a22_one_store_cannot_be_tried_with_many_keys_from_many_addresses(make_app, shop):
    client = make_app(CONNECT_HOST_RATE="2").test_client()
    codes = []
    for number in range(4):
        body = {
            "storeUrl": shop.url,
            "consumerKey": "ck_" + str(number) * 40,
            "consumerSecret": "cs_" + "0" * 40,
            "email": "a@b.example",
        }
        answer = client.post(
            "/api/stores/connect", json=body, environ_base={"REMOTE_ADDR": f"198.51.100.{number}"}
        )
        codes.append(answer.status_code)
    assert codes == [400, 400, 429, 429]
    assert int(answer.headers["Retry-After"]) > 0


def test_a35_no_secret_of_the_run_stands_in_the_log(client, plugin, shop, capfd, caplog):
    plugin.email = "crlf\r\nX-Evil: 1@shop.example"
    plugin.connect()
    plugin.email = "owner@shop.example"
    plugin.connect(consumerSecret="cs_" + "9" * 40)
    client.get("/api/auth/account-status", headers=plugin.auth() | {"User-Agent": "x\\r\\ny"})
    plugin.disconnect()
    printed = capfd.readouterr().err + caplog.text
    assert "/api/stores/connect" in printed
    for secret in (shop.key, shop.secret, plugin.token, plugin.token.split(".")[2], "cs_" + "9" * 40):
        assert secret not in printed


# Panel accounts -----------------------------------------------------------------------------------


def test_a_panel_account_connects_into_its_own_organization(app, client, shop):
    with app.app_context():
        transaction(accounts.create)("alice@example.com", "correct horse battery", "Alice Ltd")
    signed_in = client.post(
        "/api/auth/login", json={"email": "alice@example.com", "password": "correct horse battery"}
    ).json
    plugin = Plugin(client, "somebody@else.example", shop)
    assert plugin.connect(bearer=signed_in["token"]).status_code == 201
    status = plugin.status(signed_in["token"]).json
    assert status["connected"] is True
    assert status["organizationName"] == "Alice Ltd"
    with app.app_context():
        assert db.session.query(Organization).count() == 1


def test_a_plugin_with_the_panel_accounts_email_does_not_join_its_organization(app, client, shop):
    with app.app_context():
        transaction(accounts.create)("alice@example.com", "correct horse battery", "Alice Ltd")
    plugin = Plugin(client, "alice@example.com", shop)
    plugin.connect()
    assert plugin.status().json["organizationName"] == shop.name
    signed_in = client.post(
        "/api/auth/login", json={"email": "alice@example.com", "password": "correct horse battery"}
    ).json
    assert plugin.status(signed_in["token"]).json["connected"] is False


def test_what_was_made_before_the_proof_comes_along(client, shop):
    plugin = Plugin(client, shop=shop)
    plugin.register()
    first = plugin.token
    made = client.post("/api/feeds", json={"name": "Early", "format": "csv"}, headers=plugin.auth())
    assert made.status_code == 201
    plugin.connect(bearer=first)
    feeds = client.get("/api/feeds", headers=plugin.auth()).json
    assert [feed["id"] for feed in feeds["items"]] == [made.json["id"]]


def test_rows_of_the_run_are_few(app, plugin):
    with app.app_context():
        counts = [db.session.query(table).count() for table in (Installation, Channel, Organization, Token)]
    assert counts == [1, 1, 1, 2]
