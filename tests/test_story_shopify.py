"""The story of a Shopify shop, as its owner lives it in a browser, against a Shopify on real sockets."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.browser import browsing
from tests.inprocess import serving, working
from tests.shops.conftest import authority, ca_file, lead, shopify  # noqa: F401 - fixtures among them
from tests.shops.shopify.catalogues import few

pytestmark = [pytest.mark.shopify, pytest.mark.chromium]

NAME = "service.example"
SERVICE = f"https://{NAME}"
ACCOUNT = {"email": "alice@example.com", "password": "correct horse battery"}


@pytest.fixture
def their_app(shopify):  # noqa: F811
    """The installation's app, as Shopify knows it."""
    return shopify.add_app([f"{SERVICE}/api/shopify/oauth/callback"], "read_products,read_inventory")


@pytest.fixture
def shop(shopify):  # noqa: F811
    return shopify.add_shop("mugs", few(3))


@pytest.fixture
def app(make_app, shopify, ca_file, their_app):  # noqa: F811
    app = make_app(
        PUBLIC_URL=SERVICE,
        SHOPIFY_CLIENT_ID=their_app.client_id,
        SHOPIFY_CLIENT_SECRET=their_app.secret,
    )
    return lead(app, shopify, ca_file)


class Outside:
    """Programs that call the service: a script with the account's token, Shopify, and readers of feeds."""

    def __init__(self, port, ca_file):  # noqa: F811
        self.at, self.ca_file, self.token = f"https://127.0.0.1:{port}", ca_file, None

    def call(self, method, path, **options):
        with requests.Session() as session:
            session.trust_env, session.verify = False, self.ca_file
            return session.request(method, self.at + path, timeout=10, **options)

    def make_feed(self):
        signed_in = self.call("POST", "/api/auth/login", json=ACCOUNT).json()
        feed = {"name": "Google", "format": "google", "slug": "mugs-for-google", "published": True}
        headers = {"Authorization": f"Bearer {signed_in['token']}"}
        assert self.call("POST", "/api/feeds", json=feed, headers=headers).status_code == 201

    def feed(self):
        return self.call("GET", "/api/public/feeds/mugs-for-google")

    def deliver(self, url, headers, body):
        return self.call("POST", urlsplit(url).path, headers=headers, data=body).status_code


@pytest.fixture
def outside_and_browser(app, shopify, authority, ca_file, tmp_path):  # noqa: F811
    with serving(app, authority, NAME) as port:
        rules = (f"MAP *.myshopify.com 127.0.0.1:{shopify.port}", f"MAP {NAME} 127.0.0.1:{port}")
        with browsing(tmp_path / "browser", *rules) as browser:
            yield Outside(port, ca_file), browser


def test_a_shop_is_connected_synced_published_removed_and_reconnected(
    app, outside_and_browser, shop, their_app
):
    outside, browser = outside_and_browser
    create = ["users", "create", ACCOUNT["email"], "--password", ACCOUNT["password"]]
    assert app.test_cli_runner().invoke(args=create).exit_code == 0
    sign_in(browser)
    think_better_of_it(browser)
    channel = connect(browser)
    with working(app):
        # The page looks again by itself.
        browser.until("Products 3")
        assert "Syncing" not in browser.text
        outside.make_feed()
        eventually(lambda: "Product 13" in outside.feed().text)
        eventually(lambda: "Webhooks 8 of 8 in place" in browser.open(f"{SERVICE}{channel}"))
        remove_the_app(browser, outside, shop, their_app)
        assert channel == reconnect(browser)
        browser.until("Sync now")
        assert "Product 13" in outside.feed().text


def sign_in(browser):
    """What one wanted to see is shown behind the sign-in."""
    browser.open(f"{SERVICE}/sales-channels")
    assert urlsplit(browser.url).path == "/sign-in"
    browser.fill(**ACCOUNT)
    browser.press("Sign in")
    assert urlsplit(browser.url).path == "/sales-channels"
    assert "No shop is connected yet." in browser.text
    assert not browser.is_too_wide()
    cookie = browser.cookies["__Host-sync2sys"]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")


def think_better_of_it(browser):
    browser.fill(shopDomain="mugs")
    browser.press("Connect in Shopify")
    assert urlsplit(browser.url).netloc == "mugs.myshopify.com"
    browser.press("Cancel")
    assert landing(browser) == ("/sales-channels", {"oauth": ["error"], "message": ["denied"]})
    assert "The shop was not connected. The app was not approved in Shopify." in browser.text
    assert not browser.is_too_wide()


def connect(browser):
    """Approve it; gives the place where that ends, which shows the shop and the sync that waits."""
    browser.fill(shopDomain="mugs")
    browser.press("Connect in Shopify")
    browser.press("Install")
    path, query = landing(browser)
    assert query == {"oauth": ["success"]}
    for words in ("Mugs is connected.", "Mugs Syncing", "Currency EUR", "read_products granted"):
        assert words in browser.text
    assert not browser.is_too_wide()
    return path


def remove_the_app(browser, outside, shop, their_app):
    """Shopify tells us; the owner is told what to do, and readers of the feed notice nothing."""
    before = outside.feed()
    shop.uninstall(their_app)
    assert [told.answers for told in shop.webhooks.send(post=outside.deliver)] == [[200]]
    browser.open(f"{SERVICE}/sales-channels")
    assert "Mugs Reconnect needed" in browser.text
    browser.press("Mugs")
    assert "The app was removed from the shop in Shopify." in browser.text
    assert "Nothing is lost: its feeds are still served as they were last published" in browser.text
    assert not browser.is_too_wide()
    after = outside.feed()
    assert (after.status_code, after.content) == (200, before.content)


def reconnect(browser):
    browser.press("Reconnect in Shopify")
    browser.press("Install")
    path, query = landing(browser)
    assert query == {"oauth": ["success"]}
    assert "Reconnect needed" not in browser.text
    return path


def landing(browser):
    where = urlsplit(browser.url)
    assert where.netloc == NAME
    return where.path, parse_qs(where.query)


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
