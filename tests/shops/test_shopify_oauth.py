"""The fake Shopify's OAuth: consent, signed callbacks, codes and tokens, checked by Shopify's own library."""

import re
import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
import shopify as library

from tests.shops.shopify import oauth

CALLBACK = "https://service.example/api/shopify/oauth/callback"
DAY = 24 * 3600
UNAUTHORIZED = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}


@pytest.fixture
def app(shopify):
    return shopify.add_app([CALLBACK], "read_products,write_inventory")


@pytest.fixture
def shop(shopify):
    return shopify.add_shop("mystore")


@pytest.fixture
def browser(ca_file):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = ca_file
        yield session


@pytest.fixture
def their(app, monkeypatch, ca_file):
    """Shopify's own library, set up for the app."""
    for name, value in {"api_key": app.client_id, "secret": app.secret}.items():
        monkeypatch.setattr(library.Session, name, value)
    context = ssl.create_default_context(cafile=ca_file)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
    # The library's own name for it, which may have been looked up before.
    monkeypatch.setattr(library.session.urllib.request, "urlopen", opener.open)
    return library.Session


def consent(browser, shop, app, answer="install", **given):
    """Ask the merchant, who answers. Gives the address that the browser is sent to."""
    asked = {"client_id": app.client_id, "redirect_uri": CALLBACK, "state": "s1"} | given
    page = browser.get(
        f"https://{shop.domain}/admin/oauth/authorize", params=asked, timeout=10, allow_redirects=False
    )
    if page.status_code == 200:
        target = unescape(re.search(r'action="([^"]+)"', page.text)[1])
        page = browser.post(
            f"https://{shop.domain}{target}", data={"answer": answer}, timeout=10, allow_redirects=False
        )
    assert page.status_code == 302, page.text
    return page.headers["Location"]


def params_of(url):
    pairs = parse_qsl(urlsplit(url).query)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def exchange(browser, shop, app, headers=None, **given):
    body = {"client_id": app.client_id, "client_secret": app.secret} | given
    url = f"https://{shop.domain}/admin/oauth/access_token"
    return browser.post(url, json=body, headers=headers, timeout=10, allow_redirects=False)


def tokens(browser, shop, app, **given):
    code = params_of(oauth.callback_url(shop, app, CALLBACK, "s1"))["code"]
    return exchange(browser, shop, app, code=code, expiring="1", **given).json()


def call(browser, shop, token):
    url = f"https://{shop.domain}/admin/api/2026-10/graphql.json"
    return browser.post(url, data=b"", headers={"X-Shopify-Access-Token": token}, timeout=10)


def opens(browser, shop, token):
    """Whether the token is a good one: only then is it seen that the call asks for nothing."""
    return call(browser, shop, token).status_code == 400


def assert_refused(answer, error, status=400):
    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


# Consent and callback


def test_the_whole_way_with_shopifys_own_library(browser, shop, app, their):
    session = their(shop.domain, "2026-10")
    url = session.create_permission_url(["read_products"], CALLBACK, "my-state")
    page = browser.get(url, timeout=10)
    assert "read_products" in page.text
    target = unescape(re.search(r'action="([^"]+)"', page.text)[1])
    sent = browser.post(
        f"https://{shop.domain}{target}", data={"answer": "install"}, timeout=10, allow_redirects=False
    )
    callback = params_of(sent.headers["Location"])
    assert callback["state"] == "my-state"
    assert session.request_token(callback) in shop.installations[app.client_id].tokens
    assert str(session.access_scopes) == "read_products"


def test_a_callback_has_the_parameters_of_a_real_one(browser, shop, app):
    url = consent(browser, shop, app)
    assert url.startswith(f"{CALLBACK}?")
    params = params_of(url)
    assert set(params) == {"code", "hmac", "host", "shop", "state", "timestamp"}
    assert re.fullmatch("[0-9a-f]{32}", params["code"])
    assert re.fullmatch("[0-9a-f]{64}", params["hmac"])
    assert (params["shop"], params["state"]) == ("mystore.myshopify.com", "s1")
    assert params["host"] == "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvbXlzdG9yZQ"


def test_the_signature_is_that_of_the_published_vectors(shopify):
    app = shopify.add_app()
    app.secret = "hush"
    given = {
        "code": "0907a61c0c8d55e99db179b68161bc00",
        "shop": "some-shop.myshopify.com",
        "state": "0.6784241404160823",
        "timestamp": "1337178173",
    }
    signed = oauth.signed(app, given)
    assert signed["hmac"] == "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"


def test_their_library_takes_no_callback_that_was_changed(shop, app, their):
    params = params_of(oauth.callback_url(shop, app, CALLBACK, "s1"))
    assert their.validate_params(params)
    for name in params:
        assert not their.validate_params(params | {name: params[name][:-1] + "0"}) or params[name].endswith(
            "0"
        )


def test_callbacks_can_be_made_with_other_parameters(shop, app, their):
    params = params_of(oauth.callback_url(shop, app, CALLBACK, "s1", shop="evil.example", code=None))
    assert "code" not in params
    assert params["shop"] == "evil.example"
    assert their.validate_params(params)


def test_while_a_secret_is_rotated_the_old_one_signs_and_both_are_taken(browser, shop, app, their):
    old = app.secret
    app.rotate_secret()
    params = params_of(oauth.callback_url(shop, app, CALLBACK, "s1"))
    assert their.validate_params(params)
    assert exchange(browser, shop, app, client_secret=old, code=params["code"]).status_code == 200
    app.end_rotation()
    assert not their.validate_params(params_of(oauth.callback_url(shop, app, CALLBACK, "s1")))


def test_a_merchant_who_declines_is_sent_back_without_a_code(browser, shop, app, their):
    params = params_of(consent(browser, shop, app, answer="cancel"))
    assert (params["error"], params["state"]) == ("access_denied", "s1")
    assert "code" not in params
    assert their.validate_params(params)
    assert not shop.installations


def test_who_agreed_before_is_not_asked_again_unless_for_more(browser, shop, app):
    shop.install(app, {"read_products"})
    ask = f"https://{shop.domain}/admin/oauth/authorize"
    asked = {"client_id": app.client_id, "redirect_uri": CALLBACK, "state": "s"}
    again = browser.get(ask, params=asked | {"scope": "read_products"}, allow_redirects=False, timeout=10)
    assert again.status_code == 302
    more = browser.get(ask, params=asked | {"scope": "write_products"}, allow_redirects=False, timeout=10)
    assert more.status_code == 200


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"redirect_uri": f"{CALLBACK}/"}, "The redirect_uri is not whitelisted"),
        ({"redirect_uri": CALLBACK.replace("https", "http")}, "The redirect_uri is not whitelisted"),
        ({"client_id": "nobody"}, "Could not find Shopify API application"),
        ({"scope": "everything"}, "Oauth error invalid_scope"),
    ],
)
def test_a_wrong_question_ends_on_a_page_and_never_in_a_redirect(browser, shop, app, changes, message):
    asked = {"client_id": app.client_id, "redirect_uri": CALLBACK, "state": "s"} | changes
    url = f"https://{shop.domain}/admin/oauth/authorize"
    page = browser.get(url, params=asked, allow_redirects=False, timeout=10)
    assert page.status_code == 400
    assert page.headers["Content-Type"].startswith("text/html")
    assert message in page.text


# Codes


def test_a_code_gives_a_token_that_lasts(browser, shop, app):
    code = params_of(consent(browser, shop, app))["code"]
    answer = exchange(browser, shop, app, code=code)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "scope"}
    assert answer.json()["scope"] == "read_products,write_inventory"
    assert opens(browser, shop, answer.json()["access_token"])


def test_an_expiring_token_comes_with_its_refresh_token(browser, shop, app):
    code = params_of(consent(browser, shop, app))["code"]
    answer = exchange(browser, shop, app, code=code, expiring="1").json()
    assert re.fullmatch("shpat_[0-9a-f]{32}", answer["access_token"])
    assert re.fullmatch("shprt_[0-9a-f]{32}", answer["refresh_token"])
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (3600, 7_776_000)


def test_a_code_works_once_even_when_two_come_at_a_time(browser, shop, app):
    code = params_of(oauth.callback_url(shop, app, CALLBACK, "s1"))["code"]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: exchange(browser, shop, app, code=code).status_code, range(2)))
    assert sorted(answers) == [200, 400]


def test_codes_end_and_belong_to_one_app_with_its_secret(browser, shopify, shop, app):
    other = shopify.add_app([CALLBACK])

    def code():
        return params_of(oauth.callback_url(shop, app, CALLBACK, "s1"))["code"]

    assert_refused(exchange(browser, shop, other, code=code()), "invalid_request")
    assert_refused(exchange(browser, shop, app, code=code(), client_secret="wrong"), "invalid_client", 401)
    assert_refused(exchange(browser, shop, app, code="0" * 32), "invalid_request")
    assert_refused(exchange(browser, shop, app), "invalid_request")
    late = code()
    shopify.clock.advance(601)
    assert_refused(exchange(browser, shop, app, code=late), "invalid_request")


def test_granted_scopes_are_collapsed_and_without_what_the_merchant_took_out(browser, shop, shopify):
    app = shopify.add_app([CALLBACK], "read_products,write_products,read_inventory,read_locations")
    shop.declined_scopes = {"read_locations"}
    code = params_of(consent(browser, shop, app))["code"]
    assert exchange(browser, shop, app, code=code).json()["scope"] == "read_inventory,write_products"


def test_errors_come_as_html_to_who_does_not_speak_json_and_at_times_to_all(browser, shop, app):
    url = f"https://{shop.domain}/admin/oauth/access_token"
    form = {"client_id": app.client_id, "client_secret": app.secret, "code": "no"}
    page = browser.post(url, data=form, headers={"Accept": "*/*"}, timeout=10)
    assert (page.status_code, page.headers["Content-Type"]) == (400, "text/html; charset=UTF-8")
    assert "Oauth error invalid_request" in page.text
    shop.oauth_errors_in_html = True
    page = exchange(browser, shop, app, grant_type="refresh_token", refresh_token="no")
    assert "This request requires an active refresh_token" in page.text


def test_answers_can_lack_fields(browser, shop, app):
    shop.token_answer_lacks = {"expires_in"}
    assert set(tokens(browser, shop, app)) == {
        "access_token",
        "scope",
        "refresh_token",
        "refresh_token_expires_in",
    }


# Rotation


def refreshed(browser, shop, app, token):
    return exchange(browser, shop, app, grant_type="refresh_token", refresh_token=token)


def test_an_access_token_lasts_an_hour_and_is_replaced_by_the_refresh_token(browser, shopify, shop, app):
    first = tokens(browser, shop, app)
    shopify.clock.advance(3601)
    assert call(browser, shop, first["access_token"]).json() == UNAUTHORIZED
    second = refreshed(browser, shop, app, first["refresh_token"]).json()
    assert opens(browser, shop, second["access_token"])
    assert second["refresh_token"] != first["refresh_token"]


def test_a_refresh_ends_the_access_token_of_before(browser, shop, app):
    first = tokens(browser, shop, app)
    refreshed(browser, shop, app, first["refresh_token"])
    assert not opens(browser, shop, first["access_token"])


def test_after_a_lost_answer_the_old_refresh_token_works_until_its_successor_is_used(browser, shop, app):
    first = tokens(browser, shop, app)
    lost = refreshed(browser, shop, app, first["refresh_token"]).json()
    second = refreshed(browser, shop, app, first["refresh_token"]).json()
    assert opens(browser, shop, second["access_token"])
    assert not opens(browser, shop, lost["access_token"])
    third = refreshed(browser, shop, app, second["refresh_token"])
    assert third.status_code == 200
    assert_refused(refreshed(browser, shop, app, first["refresh_token"]), "invalid_grant")


def test_a_lost_answer_can_be_made_to_happen(browser, shopify, shop, app):
    first = tokens(browser, shop, app)
    shopify.fault("reset", has="refresh_token", times=1)
    with pytest.raises(requests.ConnectionError):
        refreshed(browser, shop, app, first["refresh_token"])
    assert not opens(browser, shop, first["access_token"])
    assert refreshed(browser, shop, app, first["refresh_token"]).status_code == 200


@pytest.mark.parametrize(("days", "works"), [(29, True), (31, False)])
def test_a_used_refresh_token_is_good_for_thirty_days(browser, shopify, shop, app, days, works):
    first = tokens(browser, shop, app)
    refreshed(browser, shop, app, first["refresh_token"])
    shopify.clock.advance(days * DAY)
    assert (refreshed(browser, shop, app, first["refresh_token"]).status_code == 200) is works


@pytest.mark.parametrize(("days", "works"), [(89, True), (91, False)])
def test_an_unused_refresh_token_is_good_for_ninety_days(browser, shopify, shop, app, days, works):
    first = tokens(browser, shop, app)
    shopify.clock.advance(days * DAY)
    assert (refreshed(browser, shop, app, first["refresh_token"]).status_code == 200) is works


# Other ways to a token


def test_an_old_token_can_be_exchanged_for_expiring_ones_and_dies(browser, shop, app):
    old = shop.token(app)
    kinds = {"subject_token_type": oauth.OFFLINE, "requested_token_type": oauth.OFFLINE}
    given = {"grant_type": oauth.EXCHANGE, "subject_token": old, "expiring": "1"} | kinds
    answer = exchange(browser, shop, app, **given).json()
    assert opens(browser, shop, answer["access_token"])
    assert not opens(browser, shop, old)
    assert_refused(exchange(browser, shop, app, **given), "invalid_subject_token")


def test_client_credentials_are_for_shops_of_the_own_organization(browser, shop, app):
    shop.install(app)
    refused = exchange(browser, shop, app, grant_type="client_credentials")
    assert_refused(refused, "shop_not_permitted")
    shop.organization = app.organization
    answer = exchange(browser, shop, app, grant_type="client_credentials").json()
    assert answer["expires_in"] == 86_399
    assert "refresh_token" not in answer
    assert opens(browser, shop, answer["access_token"])


def test_an_unknown_grant_is_refused(browser, shop, app):
    assert_refused(exchange(browser, shop, app, grant_type="password"), "unsupported_grant_type")


def test_a_public_app_is_refused_with_a_token_that_lasts(browser, shopify, shop):
    app = shopify.add_app([CALLBACK], distribution="public")
    answer = call(browser, shop, shop.token(app))
    assert answer.status_code == 403
    assert "Non-expiring access tokens are no longer accepted" in answer.json()["errors"]
    assert opens(browser, shop, tokens(browser, shop, app)["access_token"])


def test_after_an_uninstall_every_token_is_dead(browser, shop, app):
    first = tokens(browser, shop, app)
    shop.uninstall(app)
    assert call(browser, shop, first["access_token"]).json() == UNAUTHORIZED
    assert_refused(refreshed(browser, shop, app, first["refresh_token"]), "invalid_grant")


def test_a_token_opens_its_own_shop_only(browser, shopify, shop, app):
    other = shopify.add_shop("other")
    other.install(app)
    assert not opens(browser, other, shop.token(app))


def test_query_strings_may_carry_the_request_too(browser, shop, app):
    code = params_of(oauth.callback_url(shop, app, CALLBACK, "s1"))["code"]
    asked = {"client_id": app.client_id, "client_secret": app.secret, "code": code}
    answer = browser.post(f"https://{shop.domain}/admin/oauth/access_token", params=asked, timeout=10)
    assert answer.status_code == 200
    assert parse_qs(urlsplit(answer.url).query)["code"] == [code]
