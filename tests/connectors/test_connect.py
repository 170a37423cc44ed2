"""The proof that keys open a shop: every way in, every reason to be turned away."""

import base64
import json
import logging
import time
from dataclasses import replace

import pytest

from sync2sys.connectors import woocommerce
from sync2sys.connectors.woocommerce import client
from sync2sys.demo.web import Answer
from sync2sys.errors import (
    NotWooCommerce,
    ReadOnlyKey,
    StoreBusy,
    StoreError,
    StoreGarbled,
    StoreNotVerified,
    StoreRedirects,
    StoreRefusedKeys,
    StoreUnreachable,
)
from tests.faults.server import answer as plain_answer

PRODUCTS = [{"name": "Oak table", "regular_price": "100"}, {"name": "Pine chair", "regular_price": "40"}]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def connect(outbound, patience):
    def prove(shop, key=None, secret=None, **options):
        options.setdefault("patience", patience)
        return woocommerce.connect(outbound, shop.url, key or shop.key, secret or shop.secret, **options)

    return prove


def at(path, answer, method=None):
    """Another answer for one path."""

    def hook(request):
        return answer if path in request.target and method in (None, request.method) else None

    return hook


def ways_tried(shop):
    """How each request for a proof was authenticated."""
    tried = []
    for request in shop.asked("system_status"):
        if "Authorization" in request.headers:
            tried.append("basic")
        elif "consumer_secret" in request.target:
            tried.append("query")
        else:
            tried.append("oauth")
    return tried


# The ways in


def test_basic_is_enough_where_it_works(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    found = connect(shop)
    assert found.capabilities["way"] == "basic"
    assert ways_tried(shop) == ["basic", "basic"]
    assert shop.secret not in "".join(request.target for request in shop.requests)


def test_the_query_is_used_where_the_header_is_lost(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.loses_authorization = True
    assert connect(shop).capabilities["way"] == "query"


def test_signatures_are_used_where_header_and_query_fail(connect, open_shop):
    """A firewall that strips whatever looks like a secret."""
    shop = open_shop(PRODUCTS, secure=True)
    shop.loses_authorization = True
    shop.hooks.append(lambda request: replace(request, target=request.target.replace("consumer_secret", "x")))
    assert connect(shop).capabilities["way"] == "oauth"


def test_behind_a_proxy_that_ends_tls_http_is_signed(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.behind_proxy = True
    found = connect(shop)
    assert found.capabilities["way"] == "oauth_http"
    assert found.capabilities["root"].startswith("https://")
    assert found.capabilities["home"].startswith("http://")


def test_over_plain_http_only_signatures_go_out(connect, open_shop):
    shop = open_shop(PRODUCTS)
    assert connect(shop).capabilities["way"] == "oauth"
    assert not any("Authorization" in request.headers for request in shop.requests)
    assert shop.secret not in "".join(request.target for request in shop.requests)


def test_the_signed_host_is_the_one_the_shop_calls_home(connect, open_shop):
    shop = open_shop(PRODUCTS)
    shop.home = "http://www.elsewhere.example"
    assert connect(shop).capabilities["way"] == "oauth"


@pytest.mark.parametrize("secure", [True, False])
def test_a_shop_in_a_folder(connect, open_shop, secure):
    shop = open_shop(PRODUCTS, secure=secure, path="/shop")
    found = connect(shop)
    assert found.capabilities["root"] == f"{shop.url}/wp-json"
    assert found.home == shop.url


@pytest.mark.parametrize("secure", [True, False])
def test_plain_permalinks_work_and_come_with_advice(connect, open_shop, secure):
    shop = open_shop(PRODUCTS, secure=secure, permalinks="plain")
    found = connect(shop)
    assert found.capabilities["plain"] is True
    assert "permalinks" in found.capabilities["advice"][0]


def test_a_clock_that_is_off_is_made_up_for(connect, open_shop, monkeypatch):
    shop = open_shop(PRODUCTS)
    monkeypatch.setattr(client, "_now", lambda: time.time() - 7200)
    assert connect(shop).capabilities["way"] == "oauth"
    with pytest.raises(StoreRefusedKeys, match=r"secret is not the one.* differ by 120 minutes"):
        connect(shop, secret="cs_" + "0" * 40)


# What is learnt


def test_what_a_shop_tells_about_itself(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True, currency="CHF", prices_include_tax=False)
    found = connect(shop)
    assert (found.name, found.home, found.currency) == (shop.name, shop.url, "CHF")
    assert (found.prices_include_tax, found.weight_unit, found.dimension_unit) == (False, "kg", "cm")
    assert (found.version, found.identity, found.timezone) == ("11.0.1", shop.store_id, "UTC+01:00")
    assert found.capabilities["variations"] == "wc/v3/variations"
    assert found.capabilities["version"] == "11.0.1"
    assert found.capabilities["advice"] == []
    json.dumps(found.capabilities)


def test_capabilities_hold_no_secret(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.loses_authorization = True
    text = repr(connect(shop))
    assert shop.key not in text
    assert shop.secret not in text


@pytest.mark.parametrize(
    ("version", "options", "route", "has_identity"),
    [
        ("11.0.1", {}, "wc/v3/variations", True),
        ("8.2.2", {}, "wc-analytics/variations", False),
        ("8.2.2", {"analytics": False}, "per_parent", False),
        ("5.9.0", {}, "wc-analytics/variations", False),
        ("3.9.0", {"analytics": False}, "per_parent", False),
    ],
)
def test_each_version_is_read_in_its_cheapest_way(connect, open_shop, version, options, route, has_identity):
    found = connect(open_shop(PRODUCTS, secure=True, version=version, **options))
    assert found.capabilities["variations"] == route
    assert found.version == version
    assert (found.identity is not None) is has_identity


def test_a_shop_managers_key_is_enough(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    key = shop.add_key(user="shop_manager")
    assert connect(shop, key.key, key.secret).currency == "EUR"


def test_a_key_that_may_not_see_the_status_proves_itself_by_products(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    refused = {"code": "woocommerce_rest_cannot_view", "message": "Nein", "data": {"status": 403}}
    shop.hooks.append(
        lambda request: (
            Answer.json(refused, 403)
            if "system_status" in request.target and shop.authenticate(request)
            else None
        )
    )
    found = connect(shop)
    assert (found.version, found.identity, found.currency) == ("", None, "EUR")


def test_facts_that_do_not_come_in_time_are_left_out(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.hooks.append(at("/settings/", Answer.html("<html>", 500)))
    shop.hooks.append(at("/variations", Answer.html("<html>", 500)))
    found = connect(shop)
    assert (found.weight_unit, found.prices_include_tax, found.capabilities["variations"]) == ("", None, None)
    assert found.currency == "EUR"


def test_an_index_for_those_who_log_in_does_not_keep_keys_out(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.login_required = True
    found = connect(shop)
    assert (found.name, found.home, found.version) == ("", shop.url, "11.0.1")


# Who is turned away, and why


@pytest.mark.parametrize("secure", [True, False])
def test_an_unknown_key_is_named(connect, open_shop, secure):
    shop = open_shop(PRODUCTS, secure=secure)
    with pytest.raises(StoreRefusedKeys, match="does not know this consumer key"):
        connect(shop, "ck_" + "0" * 40)


@pytest.mark.parametrize(("secure", "proxied"), [(True, False), (False, False), (True, True)])
def test_a_wrong_secret_is_named(connect, open_shop, secure, proxied):
    shop = open_shop(PRODUCTS, secure=secure)
    shop.behind_proxy = proxied
    with pytest.raises(StoreRefusedKeys, match="secret is not the one"):
        connect(shop, secret="cs_" + "0" * 40)


def test_an_unknown_key_behind_a_proxy_is_named(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.behind_proxy = True
    with pytest.raises(StoreRefusedKeys, match="does not know this consumer key"):
        connect(shop, "ck_" + "0" * 40)


def test_a_wrong_secret_over_tls_is_not_tried_in_other_ways(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    with pytest.raises(StoreRefusedKeys):
        connect(shop, secret="cs_" + "0" * 40)
    assert ways_tried(shop) == ["basic"]


@pytest.mark.parametrize("secure", [True, False])
def test_a_read_only_key_is_named(connect, open_shop, secure):
    shop = open_shop(PRODUCTS, secure=secure)
    key = shop.add_key(permissions="read")
    with pytest.raises(ReadOnlyKey, match="only read"):
        connect(shop, key.key, key.secret)


@pytest.mark.parametrize("secure", [True, False])
def test_a_write_only_key_is_named(connect, open_shop, secure):
    shop = open_shop(PRODUCTS, secure=secure)
    key = shop.add_key(permissions="write")
    with pytest.raises(StoreRefusedKeys, match="not read"):
        connect(shop, key.key, key.secret)


@pytest.mark.parametrize("secure", [True, False])
def test_a_customers_key_is_named(connect, open_shop, secure):
    shop = open_shop(PRODUCTS, secure=secure)
    key = shop.add_key(user="customer")
    with pytest.raises(StoreRefusedKeys, match="may not manage the shop"):
        connect(shop, key.key, key.secret)


def test_a_name_and_password_are_no_keys(connect, open_shop):
    with pytest.raises(StoreRefusedKeys):
        connect(open_shop(PRODUCTS, secure=True), "admin", "hunter2")


@pytest.mark.parametrize(
    ("key", "secret", "words"),
    [
        ("cs_1", "ck_1", "interchanged"),
        (" ", "cs_1", "Give a consumer key"),
        ("ck_1\nX: y", "cs_1", "Give a consumer key"),
        ("ck_ü", "cs_1", "Give a consumer key"),
        ("ck_1", "c" * 300, "Give a consumer key"),
    ],
)
def test_what_cannot_be_keys_is_not_even_tried(connect, open_shop, key, secret, words):
    shop = open_shop(PRODUCTS)
    with pytest.raises(StoreRefusedKeys, match=words):
        connect(shop, key, secret)
    assert shop.requests == []


def test_keys_may_be_pasted_with_blanks_around_them(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    assert connect(shop, f" {shop.key}\n", f"\t{shop.secret} ").currency == "EUR"


def test_the_language_of_the_messages_does_not_matter(connect, open_shop):
    def translate(body):
        known = {"Consumer key is invalid.": "Clé inconnue."}
        return body | {"message": known.get(body["message"], "Refusé.")} if "message" in body else body

    shop = open_shop(PRODUCTS)
    shop.fault("distorted", change=translate)
    with pytest.raises(StoreRefusedKeys, match="does not know this consumer key"):
        connect(shop, "ck_" + "0" * 40)
    with pytest.raises(StoreRefusedKeys, match="secret is not the one"):
        connect(shop, secret="cs_" + "0" * 40)


# Shops that prove nothing


def test_a_host_that_lets_in_any_key_is_not_verified(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.accepts_any_key = True
    with pytest.raises(StoreNotVerified, match="any key"):
        connect(shop)


def test_a_cache_that_answers_everything_is_not_verified(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    status = {"environment": {"version": "11.0.1", "store_id": "x"}, "settings": {"currency": "EUR"}}
    shop.hooks.append(at("system_status", Answer.json(status)))
    with pytest.raises(StoreNotVerified, match="any key"):
        connect(shop)


@pytest.mark.parametrize(
    "shown",
    [
        Answer.html("<html>login</html>"),
        Answer(302, headers={"Location": "/wp-login.php"}),
        Answer.json({}, 404),
    ],
    ids=["page", "redirect", "404"],
)
def test_strange_keys_must_be_refused_in_so_many_words(connect, open_shop, shown):
    """An answer to the right key, and anything but a refusal to others."""
    shop = open_shop(PRODUCTS, secure=True)
    right = "Basic " + base64.b64encode(f"{shop.key}:{shop.secret}".encode()).decode()
    shop.hooks.append(
        lambda request: (
            shown if "system_status" in request.target and request.headers["Authorization"] != right else None
        )
    )
    with pytest.raises(StoreNotVerified):
        connect(shop)


@pytest.mark.parametrize("data", [[], {}, {"environment": []}, {"environment": {"version": 7}}, "x", None])
def test_a_status_of_another_shape_proves_nothing(connect, open_shop, data):
    shop = open_shop(PRODUCTS, secure=True)
    shop.hooks.append(at("system_status", Answer.json(data)))
    shop.hooks.append(at("wc/v3/products?", Answer.json({"items": []})))
    with pytest.raises(StoreNotVerified):
        connect(shop)


def test_no_two_proofs_ask_for_the_same_address(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    connect(shop)
    asked = [request.target for request in shop.asked("system_status")]
    assert len(set(asked)) == len(asked) == 2


def test_the_proof_changes_nothing_in_the_shop(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    before = json.dumps(shop.records)
    connect(shop)
    assert json.dumps(shop.records) == before
    assert [request.body for request in shop.requests if request.method != "GET"] == [b'{"update":[]}']


def test_wordpress_without_woocommerce(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.active = False
    with pytest.raises(NotWooCommerce, match="not active"):
        connect(shop)


def test_without_an_index_a_missing_route_tells_that_woocommerce_is_off(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    shop.hooks.append(at("/wp-json/?", Answer.json({"code": "rest_not_logged_in"}, 401)))
    shop.hooks.append(at("/wc/v3/", Answer.json({"code": "rest_no_route"}, 404)))
    with pytest.raises(NotWooCommerce):
        connect(shop)


# Bad days


def test_credentials_never_follow_a_redirect(connect, open_shop):
    shop, other = open_shop(PRODUCTS, secure=True), open_shop(PRODUCTS, secure=True)
    moved = Answer(
        301, headers={"Location": f"{other.url.replace('shop', 'other')}/wp-json/wc/v3/system_status"}
    )
    shop.hooks.append(at("system_status", moved))
    with pytest.raises(StoreRedirects, match=r"other\.example"):
        connect(shop)
    assert other.requests == []


def test_a_redirect_on_the_way_to_the_site_is_followed_without_credentials(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    twin = shop.url.replace("shop.example", "www.shop.example")
    shop.hooks.append(
        lambda request: (
            None
            if request.host.startswith("www.")
            else Answer(301, headers={"Location": twin + request.target})
        )
    )
    found = connect(shop)
    assert found.capabilities["root"] == f"{twin}/wp-json"
    assert [r for r in shop.requests if "Authorization" in r.headers and not r.host.startswith("www.")] == []


@pytest.mark.parametrize(
    ("fault", "expected", "words"),
    [
        ("too_many_requests", StoreBusy, "429"),
        ("fatal_error", StoreBusy, "broke down"),
        ("bad_gateway", StoreBusy, "502"),
        ("maintenance", StoreBusy, "maintenance"),
        ("gateway_timeout", StoreBusy, "504"),
        ("challenge", StoreUnreachable, "Cloudflare"),
        ("forbidden", StoreUnreachable, "firewall"),
        ("home_page", StoreGarbled, "Welcome to our shop"),
        ("garbage", StoreGarbled, "cannot be read"),
        ("nested", StoreGarbled, "cannot be read"),
        ("reset", StoreUnreachable, "cannot be reached"),
        ("cut", StoreUnreachable, "cannot be reached"),
        ("truncated_gzip", StoreUnreachable, "cannot be reached"),
        ("bomb", StoreGarbled, "more than 8 MB"),
        ("endless", StoreUnreachable, "breaks off"),
        ("hang", StoreUnreachable, "did not answer"),
        ("drip", StoreUnreachable, "did not answer"),
    ],
)
def test_each_fault_has_its_own_sentence(connect, open_shop, fault, expected, words):
    shop = open_shop(PRODUCTS, secure=True)
    shop.fault(fault, path="wc/v3/")
    with pytest.raises(expected, match=words) as caught:
        # Only those that would never end are broken off; of the others a slow machine hears the end.
        connect(shop, deadline=0.6 if fault in {"endless", "hang", "drip"} else 60.0)
    assert "shop.example" in caught.value.message
    assert shop.secret not in str(caught.value)


@pytest.mark.parametrize(
    ("shown", "expected", "words"),
    [
        (Answer.html("<html>Log in</html>"), StoreGarbled, "Log in"),
        (Answer(200, b"<b>Warning</b>", {"Content-Type": "application/json"}), StoreGarbled, "Warning"),
        (Answer.json({"code": "rest_forbidden"}, 401), StoreRefusedKeys, "rest_forbidden"),
        (Answer.json({"code": "odd"}, 400), StoreError, "odd"),
    ],
)
def test_each_odd_answer_has_its_own_sentence(connect, open_shop, shown, expected, words):
    shop = open_shop(PRODUCTS, secure=True)
    shop.hooks.append(at("wc/v3/", shown))
    with pytest.raises(expected, match=words):
        connect(shop)


def test_answers_that_are_spoilt_but_whole_do_not_matter(connect, open_shop):
    shop = open_shop(PRODUCTS, secure=True)
    for spoilt in ("warnings", "bom", "trailer"):
        shop.fault(spoilt)
    assert connect(shop).version == "11.0.1"


def test_a_shop_that_drips_is_cut_off_at_the_deadline(connect, server):
    server.key, server.secret = "ck_1", "cs_1"
    server.on("/wp-json/", plain_answer(b'{"namespaces":["wc/v3"],"home":"x"}', headers=JSON))

    def drip(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        connection.drip(b"[" * 1000, every=0.02)

    server.on("/wp-json/wc/v3/system_status", drip)
    with pytest.raises(StoreUnreachable, match=r"0\.5 seconds"):
        connect(server, deadline=0.5)


def test_secrets_are_in_no_message_and_no_log(connect, open_shop, caplog):
    shop = open_shop(PRODUCTS, secure=True)
    shop.loses_authorization = True
    secret, caplog.handler.level = shop.secret, logging.DEBUG
    with caplog.at_level(logging.DEBUG):
        connect(shop)
        shop.hooks.append(at("consumer_secret", Answer.html(f"{shop.key} {shop.secret}")))
        with pytest.raises(StoreGarbled) as caught:
            connect(shop)
    assert secret not in str(caught.value)
    assert shop.key not in str(caught.value)
    ours = [record for record in caplog.records if not record.name.startswith("sync2sys.demo")]
    assert ours
    assert not [record for record in ours if secret in record.getMessage() or secret in repr(record.__dict__)]
