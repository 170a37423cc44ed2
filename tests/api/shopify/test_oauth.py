"""Connecting Shopify shops by OAuth: what Shopify demands, and what an attacker may try."""

import logging
import threading
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select

from sync2sys import services
from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, ShopifyFlow
from sync2sys.models.base import now
from sync2sys.services import organizations, shopify_reasons
from tests.api.shopify.conftest import CALLBACK, PUBLIC_URL, SCOPES
from tests.api.shopify.rows import channels, rows
from tests.connectors.shopify.test_names import BAD
from tests.merchant import Merchant, landed, landing
from tests.plugin import Plugin, assert_error
from tests.services import catalogues
from tests.shops.shopify import oauth

pytestmark = pytest.mark.shopify

ANYBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def way_back(alice, shop, their_app):
    """A function that begins anew and gives the signed query of the way back, with changes if wanted."""

    def make(shop=shop, named=None, **changes):
        changes |= {"shop": named} if named is not None else {}
        url = alice.begin().json["authUrl"]
        state = parse_qs(urlsplit(url).query)["state"][0]
        return urlsplit(
            oauth.callback_url(shop, their_app, CALLBACK, changes.pop("state", state), **changes)
        ).query

    return make


def exchanges(shopify):
    return [request for request in shopify.requests if request.path == "/admin/oauth/access_token"]


def changed(query, **changes):
    return urlencode([*((name, changes.get(name, value)) for name, value in parse_qsl(query))])


def assert_refused(app, response, code):
    """The way back ended at the fixed page with this code, and nothing came of it."""
    path, told = landing(response)
    assert told == {"oauth": "error", "message": code}
    assert path == "/sales-channels"
    assert code in shopify_reasons.REASONS
    assert channels(app) == []


# There and back


def test_a_shop_is_connected_by_its_owners_consent(app, alice, shop):
    channel_id = alice.connect()
    [channel] = channels(app)
    assert (channel.id, channel.platform, channel.state) == (channel_id, "shopify", "connected")
    assert (channel.origin, channel.home) == ("https://mystore.myshopify.com", "https://mugs.example")
    assert (channel.name, channel.currency, channel.weight_unit) == ("Mystore", "EUR", "kg")
    assert channel.prices_include_tax is True
    assert channel.capabilities["scopes"] == ["read_inventory", "read_products"]
    queued = {job.kind: (job.subject, job.payload) for job in rows(app, Job)}
    assert queued == {"sync": (channel_id, {"full": True}), "hooks": (channel_id, {})}


def test_the_consent_page_is_asked_as_shopify_documents_it(alice, their_app):
    url = urlsplit(alice.begin("MyStore").json["authUrl"])
    query = parse_qs(url.query)
    assert (url.scheme, url.netloc, url.path) == ("https", "mystore.myshopify.com", "/admin/oauth/authorize")
    assert query["client_id"] == [their_app.client_id]
    assert query["redirect_uri"] == [CALLBACK]
    assert query["scope"] == ["read_inventory,read_products"]
    assert len(query["state"][0]) >= 43
    assert set(query) == {"client_id", "redirect_uri", "scope", "state"}


def test_the_tokens_are_sealed_and_nobody_is_shown_them(app, alice, shop):
    alice.connect()
    [channel] = channels(app)
    with app.app_context():
        secret = db.session.merge(channel).credentials["access_token"]
    assert secret.startswith("shpat_")
    assert secret not in channel.sealed_credentials
    shown = alice.client.get("/api/channels", headers={"Authorization": f"Bearer {alice.token}"})
    assert secret not in shown.text
    assert shown.json["items"][0]["platform"] == "shopify"


def test_connecting_again_gives_the_same_channel(app, alice):
    first = alice.connect()
    assert alice.connect() == first
    assert alice.connect(channelId=first) == first
    assert len(channels(app)) == 1


def test_tokens_expire_where_shopify_wants_it_and_their_end_is_kept(app, alice):
    alice.connect()
    with app.app_context():
        credentials = db.session.query(Channel).one().credentials
    assert credentials["refresh_token"]
    assert credentials["expires_at"] > now().isoformat()


def test_a_shop_that_gives_less_is_connected_all_the_same(app, alice, shop):
    shop.declined_scopes = {"read_inventory"}
    alice.connect()
    assert channels(app)[0].capabilities["scopes"] == ["read_products"]


def test_a_register_token_connects_a_shop_for_itself_alone(app, client, alice, ca_file):
    plugin = Plugin(client)
    plugin.register()
    stranger = Merchant(client, plugin.token, ca_file)
    channel_id = stranger.connect()
    seen = client.get("/api/channels", headers=plugin.auth()).json["items"]
    assert [channel["id"] for channel in seen] == [channel_id]
    assert client.get("/api/channels", headers={"Authorization": f"Bearer {alice.token}"}).json["items"] == []


def test_an_app_of_ones_own_needs_no_app_of_the_installation(make_service, shopify, shop, ca_file):
    own = shopify.add_app([CALLBACK], SCOPES)
    app = make_service()
    client = app.test_client()
    plugin = Plugin(client)
    plugin.register()
    merchant = Merchant(client, plugin.token, ca_file)
    assert_error(merchant.begin(), 400, "SHOPIFY_NOT_CONFIGURED")
    channel_id = merchant.connect(clientId=own.client_id, clientSecret=own.secret)
    with app.app_context():
        channel = db.session.get(Channel, channel_id)
        assert channel.credentials["client_secret"] == own.secret
        assert own.secret not in channel.sealed_credentials
    # Connected again, the channel's own app is used without being told anew.
    assert merchant.connect(channelId=channel_id) == channel_id


def test_shops_of_ones_own_organization_need_no_consent(app, alice, shop, shopify):
    own = shopify.add_app([], SCOPES, organization=shop.organization)
    body = {"shopDomain": "mystore", "clientId": own.client_id, "clientSecret": own.secret}
    headers = {"Authorization": f"Bearer {alice.token}"}
    refused = alice.client.post("/api/shopify/connect", json=body, headers=headers)
    assert "Install the app" in assert_error(refused, 400, "STORE_AUTH_FAILED")["message"]
    shop.install(own)
    answer = alice.client.post("/api/shopify/connect", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert [channel.id for channel in channels(app)] == [answer.json["channelId"]]


def test_shops_of_another_organization_are_told_the_other_way(app, alice, shop, their_app):
    body = {"shopDomain": "mystore", "clientId": their_app.client_id, "clientSecret": their_app.secret}
    headers = {"Authorization": f"Bearer {alice.token}"}
    refused = alice.client.post("/api/shopify/connect", json=body, headers=headers)
    assert "approval" in assert_error(refused, 400, "STORE_AUTH_FAILED")["message"]
    assert channels(app) == []


# Whether it is set up


def test_the_status_says_whether_there_is_an_app(alice):
    answer = alice.client.get("/api/shopify/oauth/status", headers={"Authorization": f"Bearer {alice.token}"})
    assert answer.json == {"configured": True}


@pytest.mark.parametrize("given", [{}, {"SHOPIFY_CLIENT_ID": "abc"}, {"SHOPIFY_CLIENT_SECRET": "abc"}])
def test_without_an_app_nothing_is_begun_and_nothing_comes_back(make_service, shopify, given):
    app = make_service(**given)
    client = app.test_client()
    plugin = Plugin(client)
    plugin.register()
    status = client.get("/api/shopify/oauth/status", headers=plugin.auth())
    assert status.json == {"configured": False}
    refused = client.post("/api/shopify/oauth/init", json={"shopDomain": "mystore"}, headers=plugin.auth())
    assert_error(refused, 400, "SHOPIFY_NOT_CONFIGURED")
    assert landing(client.get("/api/shopify/oauth/callback?code=1"))[1]["oauth"] == "error"
    assert shopify.requests == []


# A23 - A27: attackers


@pytest.mark.parametrize("name", ["code", "hmac", "host", "shop", "state", "timestamp"])
def test_a23_a_changed_or_missing_parameter_is_refused(app, alice, way_back, shopify, name):
    query = way_back()
    given = dict(parse_qsl(query))
    flipped = ("0" if given[name][-1] != "0" else "1").join([given[name][:-1], ""])
    for spoilt in (
        changed(query, **{name: flipped}),
        urlencode([(key, value) for key, value in given.items() if key != name]),
    ):
        _, told = landing(alice.come_back(spoilt))
        assert told["message"] in ("invalid_signature", "flow_over")
    assert channels(app) == []
    assert exchanges(shopify) == []
    # None of it used the way up.
    assert landed(alice.come_back(query))


@pytest.mark.parametrize("name", ["code", "hmac", "host", "shop", "state", "timestamp"])
def test_a23_a_parameter_that_comes_twice_is_refused(app, alice, way_back, name):
    query = way_back()
    for twice in (f"{query}&{name}=evil", f"{name}=evil&{query}"):
        assert_refused(app, alice.come_back(twice), "invalid_request")


@pytest.mark.parametrize("hmac", ["", "0" * 64, "é" * 64, "[]", "a" * 10_000, "%00"])
def test_a23_a_signature_that_is_none_is_refused(app, alice, way_back, hmac):
    _, told = landing(alice.come_back(changed(way_back(), hmac=hmac)))
    assert told == {"oauth": "error", "message": "invalid_signature"}
    assert channels(app) == []


def test_a23_a_signature_in_capitals_is_refused(app, alice, way_back):
    query = way_back()
    shouted = changed(query, hmac=dict(parse_qsl(query))["hmac"].upper())
    assert landing(alice.come_back(shouted))[1]["message"] == "invalid_signature"


def test_a23_a_signature_of_another_app_is_refused(app, alice, shop, shopify):
    evil = shopify.add_app([CALLBACK], SCOPES)
    state = parse_qs(urlsplit(alice.begin().json["authUrl"]).query)["state"][0]
    query = urlsplit(oauth.callback_url(shop, evil, CALLBACK, state)).query
    assert landing(alice.come_back(query))[1]["message"] == "invalid_signature"
    assert exchanges(shopify) == []


def test_a23_another_shop_with_a_right_signature_is_refused(app, alice, way_back, shopify):
    other = shopify.add_shop("other")
    assert landing(alice.come_back(way_back(shop=other)))[1]["message"] == "wrong_shop"
    assert exchanges(shopify) == []


@pytest.mark.parametrize(
    "named",
    [
        "mystore",
        "MyStore.myshopify.com",
        "mystore.myshopify.com/",
        "mystore.myshopify.com.evil.com",
        "evil.com/.myshopify.com",
        "a.b.myshopify.com",
        "mystore.myshopify.com:443",
        "user@mystore.myshopify.com",
        "mystore.myshopify.com#@evil.com",
        "https://mystore.myshopify.com/admin",
        "mystore.myshopify.com\n",
        "",
    ],
)
def test_a23_what_is_no_shop_is_refused_even_signed_and_nobody_is_asked(app, alice, way_back, shopify, named):
    query = way_back(named=named)
    before = len(shopify.requests)
    assert_refused(app, alice.come_back(query), "wrong_shop")
    assert len(shopify.requests) == before


@pytest.mark.parametrize("seconds", [-24 * 3600, -601, 120, 10 * 365 * 24 * 3600])
def test_a23_a_way_back_of_another_time_is_refused(app, alice, way_back, seconds):
    timestamp = str(int((now() + timedelta(seconds=seconds)).timestamp()))
    assert landing(alice.come_back(way_back(timestamp=timestamp)))[1]["message"] == "expired"


@pytest.mark.parametrize("timestamp", [None, "", "abc", "NaN", "1e9", "-1", "9" * 13])
def test_a23_a_time_that_is_none_is_refused(app, alice, way_back, timestamp):
    assert landing(alice.come_back(way_back(timestamp=timestamp)))[1]["message"] == "expired"


def test_a23_a_state_is_good_once(app, alice, way_back, shopify):
    query = way_back()
    landed(alice.come_back(query))
    _, told = landing(alice.come_back(query))
    assert told == {"oauth": "error", "message": "flow_over"}
    assert len(exchanges(shopify)) == 1


def test_a23_a_state_ends_after_ten_minutes(app, alice, way_back, shopify):
    query = way_back()
    with app.app_context():
        transaction(lambda: db.session.query(ShopifyFlow).update({"expires_at": now()}))()
    assert_refused(app, alice.come_back(query), "flow_over")
    assert exchanges(shopify) == []


def test_two_ways_back_at_once_make_one_exchange(app, alice, way_back, shopify):
    query, answers = way_back(), []

    def come_back():
        answers.append(landing(app.test_client().get(f"/api/shopify/oauth/callback?{query}"))[1])

    threads = [threading.Thread(target=come_back) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["oauth"] for answer in answers) == ["error"] * 3 + ["success"]
    assert len(exchanges(shopify)) == 1
    assert len(channels(app)) == 1


def test_states_are_kept_as_digests_only(app, alice):
    state = parse_qs(urlsplit(alice.begin().json["authUrl"]).query)["state"][0]
    [flow] = rows(app, ShopifyFlow)
    assert state not in [getattr(flow, column.key) for column in ShopifyFlow.__table__.columns]


@pytest.mark.parametrize("domain", [*BAD, None, 7, [], {}, "a" * 10_000])
def test_a24_what_is_no_shop_is_refused_before_anything_is_asked(app, alice, domain, shopify):
    assert_error(alice.begin(domain), 400)
    assert rows(app, ShopifyFlow) == []
    assert shopify.requests == []


def test_a25_a_channel_of_somebody_else_is_not_there(app, alice, bob):
    channel_id = alice.connect()
    alike = [bob.begin(channelId=name) for name in (channel_id, ANYBODY)]
    assert [assert_error(answer, 404)["message"] for answer in alike] == ["No such channel."] * 2


def test_a25_a_channel_is_looked_at_again_on_the_way_back(app, alice, bob, shopify):
    channel_id = alice.connect()
    query = alice.consent(alice.begin(channelId=channel_id).json["authUrl"])
    with app.app_context():
        channel = db.session.get(Channel, channel_id)
        [other] = [
            row.id for row in db.session.query(organizations.Organization) if row.name == "bob@example.com"
        ]
        channel.organization_id = other
        db.session.commit()
    _, told = landing(alice.come_back(query))
    assert told["message"] in ("channel_gone", "shop_taken")


def test_a_channel_of_another_shop_is_no_place_for_this_one(app, alice, shopify):
    shopify.add_shop("other")
    channel_id = alice.connect()
    assert_error(alice.begin("other", channelId=channel_id), 400)


def test_a26_another_browser_cannot_finish_what_a_page_of_ours_began(app, alice, bob, shop):
    began = alice.begin(headers={"Sec-Fetch-Site": "same-origin"})
    [cookie] = began.headers.getlist("Set-Cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/api/shopify/oauth"} <= {
        part.strip() for part in cookie.split(";")
    }
    query = alice.consent(began.json["authUrl"])
    assert_refused(app, bob.come_back(query), "other_browser")


def test_a26_the_browser_that_began_finishes(alice, app):
    # The test client keeps the cookie only if it is told that it speaks TLS.
    began = alice.client.post(
        "/api/shopify/oauth/init",
        json={"shopDomain": "mystore"},
        headers={"Authorization": f"Bearer {alice.token}", "Sec-Fetch-Site": "same-origin"},
        base_url=PUBLIC_URL,
    )
    query = alice.consent(began.json["authUrl"])
    back = alice.client.get(f"/api/shopify/oauth/callback?{query}", base_url=PUBLIC_URL)
    assert landed(back)


def test_a26_the_shop_goes_to_whoever_began_not_to_whoever_comes_back(app, alice, bob):
    query = alice.consent(alice.begin().json["authUrl"])
    channel_id = landed(bob.come_back(query))
    seen = bob.client.get("/api/channels", headers={"Authorization": f"Bearer {bob.token}"}).json["items"]
    assert seen == []
    seen = alice.client.get("/api/channels", headers={"Authorization": f"Bearer {alice.token}"}).json["items"]
    assert [channel["id"] for channel in seen] == [channel_id]


def test_a27_what_comes_along_is_never_repeated(app, alice, way_back):
    evil = "<script>alert(1)</script>"
    for query in (urlencode({"message": evil, "error": evil, "state": evil}), changed(way_back(), host=evil)):
        response = alice.come_back(query)
        assert "script" not in response.headers["Location"]
        assert landing(response)[1]["message"] in shopify_reasons.REASONS


def test_a_shop_that_somebody_has_proved_is_not_taken_over(app, alice, bob, shop):
    alice.connect()
    query = bob.consent(bob.begin().json["authUrl"])
    _, told = landing(bob.come_back(query))
    assert told == {"oauth": "error", "message": "shop_taken"}
    assert len(channels(app)) == 1


def test_a_strangers_register_token_keeps_nobody_from_ones_own_shop(app, client, alice, ca_file):
    plugin = Plugin(client)
    plugin.register()
    strangers = Merchant(client, plugin.token, ca_file).connect()
    own = alice.connect()
    assert own != strangers
    states = {channel.id: channel.state for channel in channels(app)}
    assert states == {own: "connected", strangers: "moved"}


# A plan without room for another product


@pytest.fixture
def full(app, alice):
    """A function that lets Alice's organization have as many products as its plan allows."""
    app.extensions["sync2sys"]["settings"]._values |= {"PLANS": {"starter": {"products": 2}}}

    def fill():
        with app.app_context():
            [owner] = db.session.scalars(select(organizations.Organization.id)).all()
            catalogues.fill(catalogues.channel(owner), catalogues.plain(2))

    return fill


def test_a_full_plan_refuses_another_shop_before_its_owner_goes_to_shopify(app, alice, full):
    full()
    refused = assert_error(alice.begin(), 403, "PIM_PRODUCT_LIMIT")
    assert refused["message"] == "The plan starter allows 2 products, and there are 2."
    assert rows(app, ShopifyFlow) == []


def test_a_full_plan_refuses_another_shop_of_ones_own_app(app, alice, shop, shopify, full):
    own = shopify.add_app([], SCOPES, organization=shop.organization)
    shop.install(own)
    full()
    body = {"shopDomain": "mystore", "clientId": own.client_id, "clientSecret": own.secret}
    headers = {"Authorization": f"Bearer {alice.token}"}
    answer = alice.client.post("/api/shopify/connect", json=body, headers=headers)
    assert_error(answer, 403, "PIM_PRODUCT_LIMIT")
    assert [channel.platform for channel in channels(app)] == ["woocommerce"]


def test_a_plan_that_became_full_on_the_way_is_told_at_its_end(app, alice, full):
    query = alice.consent(alice.begin().json["authUrl"])
    full()
    assert landing(alice.come_back(query)) == ("/sales-channels", {"oauth": "error", "message": "plan_full"})
    assert [channel.platform for channel in channels(app)] == ["woocommerce"]


def test_a_shop_that_is_known_is_connected_again_although_the_plan_is_full(alice, full):
    first = alice.connect()
    full()
    assert alice.connect() == first


# Bad days


def test_an_owner_who_does_not_agree_is_told_so(app, alice):
    query = alice.consent(alice.begin().json["authUrl"], answer="cancel")
    _, told = landing(alice.come_back(query))
    assert told["oauth"] == "error"
    assert channels(app) == []


def test_without_the_right_to_read_products_there_is_nothing_to_connect(app, alice, shop):
    shop.declined_scopes = {"read_products"}
    query = alice.consent(alice.begin().json["authUrl"])
    assert_refused(app, alice.come_back(query), "missing_scope")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("unavailable", "shop_unreachable"),
        ("too_many_requests", "shop_unreachable"),
        ("home_page", "shop_unreachable"),
        # It came too late: the code was used up by the answer that could not be read.
        ("garbage", "exchange_failed"),
        ("cut", "shop_unreachable"),
        ("reset", "shop_unreachable"),
        ("not_found", "exchange_failed"),
        ("forbidden", "exchange_failed"),
        ("password_page", "exchange_failed"),
    ],
)
def test_a_shop_that_is_in_trouble_gives_no_token(app, alice, shopify, way_back, fault, code):
    query = way_back()
    shopify.fault(fault, has="client_secret")
    assert_refused(app, alice.come_back(query), code)


def test_a_shop_that_does_not_answer_in_time_gives_no_token(app, alice, shopify, way_back, monkeypatch):
    monkeypatch.setattr(services.shopify, "SECONDS", 0.5)
    query = way_back()
    shopify.fault("slow", has="client_secret", seconds=2)
    assert_refused(app, alice.come_back(query), "shop_unreachable")


def test_an_answer_without_an_end_gives_no_token(app, alice, shopify, way_back):
    query = way_back()
    shopify.fault("endless", has="client_secret")
    assert landing(alice.come_back(query))[1]["message"] in ("shop_unreachable", "exchange_failed")
    assert channels(app) == []


@pytest.mark.parametrize("token", [None, "", 1, ["shpat_1"], "a b", "x" * 5000])
def test_an_answer_without_a_token_gives_none(app, alice, shopify, way_back, token):
    query = way_back()
    shopify.fault("distorted", has="client_secret", change=lambda answer: answer | {"access_token": token})
    assert landing(alice.come_back(query))[1]["oauth"] == "error"
    assert channels(app) == []


def test_who_may_write_products_may_read_them(app, alice, shopify, way_back):
    """Shopify does not name what is implied."""
    query = way_back()
    shopify.fault(
        "distorted", has="client_secret", change=lambda answer: answer | {"scope": "write_products"}
    )
    assert landed(alice.come_back(query))


def test_errors_as_pages_are_understood_and_not_repeated(app, alice, shop, way_back):
    shop.oauth_errors_in_html = True
    query = way_back()
    shop.codes.clear()
    _, told = landing(alice.come_back(query))
    assert told == {"oauth": "error", "message": "exchange_failed"}


def test_nothing_secret_stands_in_the_log(app, alice, their_app, caplog):
    query = alice.consent(alice.begin().json["authUrl"])
    caplog.set_level(logging.DEBUG)
    landed(alice.come_back(query))
    alice.come_back(query)
    with app.app_context():
        credentials = db.session.query(Channel).one().credentials
    given = dict(parse_qsl(query))
    secrets = [given["code"], given["hmac"], given["state"], their_app.secret]
    secrets += [credentials["access_token"], credentials["refresh_token"]]
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "mystore" in logged
    assert [secret for secret in secrets if secret in logged] == []
