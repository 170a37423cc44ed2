"""Connecting and reconnecting stores by the panel's forms."""

from urllib.parse import parse_qs, urlsplit

import pytest

from sync2sys.extensions import db
from sync2sys.models import Channel, Job, Membership, ShopifyFlow
from sync2sys.models.base import digest
from sync2sys.services import organizations
from tests.merchant import Merchant, landing
from tests.panel.visitor import Visitor
from tests.plugin import Plugin
from tests.services import catalogues
from tests.shops.conftest import authority, ca_file, lead, shopify  # noqa: F401 - fixtures among them
from tests.shops.woocommerce import WooShop

LIST = "/sales-channels"
SERVICE = "https://service.example"
CALLBACK = f"{SERVICE}/api/shopify/oauth/callback"
SCOPES = "read_products,read_inventory"
ID, SECRET = "a1b2c3d4e5f6", "shpss_0123456789abcdef"


def faults(visitor):
    return [fault.text_content().strip() for fault in visitor.page.find_class("fault")]


# Shopify: the form


def test_the_form_leads_to_the_consent_page_and_binds_the_browser(make_app, organization_id, within):
    app = make_app(PUBLIC_URL=SERVICE, SHOPIFY_CLIENT_ID=ID, SHOPIFY_CLIENT_SECRET=SECRET)
    alice = Visitor(app.test_client(), SERVICE).sign_in()
    alice.open(LIST)
    alice.submit(LIST, shopDomain=" MyStore ")
    assert alice.answer.status_code == 303
    url = urlsplit(alice.answer.location)
    assert (url.netloc, url.path) == ("mystore.myshopify.com", "/admin/oauth/authorize")
    assert parse_qs(url.query)["redirect_uri"] == [CALLBACK]
    cookie = alice.client.get_cookie("sync2sys_shopify", "service.example", "/api/shopify/oauth")
    assert (cookie.secure, cookie.http_only, cookie.same_site) == (True, True, "Lax")
    assert within(lambda: db.session.query(ShopifyFlow).one().browser_hash) == digest(cookie.value)


@pytest.mark.parametrize("shop", ["", "evil.example", "a.myshopify.com@evil.example", "<b>", "a" * 1000])
def test_what_is_no_shop_is_told_at_the_field(alice, within, shop):
    alice.open(LIST)
    alice.submit(LIST, shopDomain=shop, clientId=ID, clientSecret=SECRET)
    assert alice.answer.status_code == 400
    assert faults(alice) == ["Give the shop's own name, such as mystore or mystore.myshopify.com."]
    assert alice.page.get_element_by_id("shopDomain").value == shop
    assert SECRET not in alice.answer.text
    assert within(lambda: db.session.query(ShopifyFlow).count()) == 0


def test_an_app_of_ones_own_needs_both_its_names(alice):
    alice.open(LIST)
    alice.submit(LIST, shopDomain="mystore", clientId=ID)
    assert alice.answer.status_code == 400
    assert faults(alice) == ["clientId and clientSecret go together."]
    [details] = alice.page.iter("details")
    assert "open" in details.attrib


def test_without_an_app_one_is_told_to_give_ones_own(alice):
    alice.open(LIST)
    assert "This service has no Shopify app yet, so give one of your own." in alice.text
    assert "http://127.0.0.1:8000/api/shopify/oauth/callback" in alice.text
    alice.submit(LIST, shopDomain="mystore")
    assert alice.answer.status_code == 400
    assert "This service has no Shopify app yet." in alice.text
    alice.submit(LIST, shopDomain="mystore", clientId=ID, clientSecret=SECRET)
    assert alice.answer.status_code == 303


def test_attempts_are_limited(make_app, organization_id):
    alice = Visitor(make_app(CONNECT_RATE="2").test_client()).sign_in()
    for status in (303, 303, 429):
        alice.open(LIST)
        alice.submit(LIST, shopDomain="mystore", clientId=ID, clientSecret=SECRET)
        assert alice.answer.status_code == status
    assert "Too many attempts." in alice.text


def test_a_plan_without_room_is_told_beside_the_form(make_app, organization_id):
    app = make_app(PLANS='{"starter": {"products": 1}}', SHOPIFY_CLIENT_ID=ID, SHOPIFY_CLIENT_SECRET=SECRET)
    alice = Visitor(app.test_client()).sign_in()
    with app.app_context():
        catalogues.fill(catalogues.channel(organization_id), catalogues.plain(1))
    alice.open(LIST)
    alice.submit(LIST, shopDomain="mystore")
    assert alice.answer.status_code == 403
    assert "The plan starter allows 1 products, and there are 1." in alice.text
    assert alice.page.get_element_by_id("shopDomain").value == "mystore"


# Shopify: there and back


@pytest.fixture
def their_app(shopify):  # noqa: F811
    return shopify.add_app([CALLBACK], SCOPES)


@pytest.fixture
def shop(shopify):  # noqa: F811
    return shopify.add_shop("mystore", [{"title": "Mug", "variants": [{"price": "9.90"}]}])


@pytest.fixture
def service(make_app, shopify, ca_file, their_app, organization_id):  # noqa: F811
    app = make_app(
        PUBLIC_URL=SERVICE,
        SHOPIFY_CLIENT_ID=their_app.client_id,
        SHOPIFY_CLIENT_SECRET=their_app.secret,
    )
    return lead(app, shopify, ca_file)


@pytest.fixture
def owner(service):
    """Alice at a service that finds Shopify."""
    return Visitor(service.test_client(), SERVICE).sign_in()


def consent(visitor, ca_file, answer="install"):  # noqa: F811
    """Answer the consent page that the visitor was led to, and come back to the service."""
    query = Merchant(None, None, ca_file).consent(visitor.answer.location, answer)
    return visitor.client.get(f"/api/shopify/oauth/callback?{query}", base_url=SERVICE)


@pytest.mark.shopify
def test_a_shop_is_connected_and_its_page_shows_it(owner, shop, ca_file):  # noqa: F811
    owner.open(LIST)
    owner.submit(LIST, shopDomain="mystore")
    path, told = landing(consent(owner, ca_file))
    assert told == {"oauth": "success"}
    owner.open(f"{path}?oauth=success")
    for words in ("Mystore is connected.", "Currency EUR", "read_inventory granted", "Waiting for its turn"):
        assert words in owner.text


@pytest.mark.shopify
def test_another_browser_cannot_finish_what_this_one_began(service, owner, shop, ca_file):  # noqa: F811
    owner.open(LIST)
    owner.submit(LIST, shopDomain="mystore")
    stranger = Visitor(service.test_client(), SERVICE)
    stranger.answer = owner.answer
    assert landing(consent(stranger, ca_file)) == (LIST, {"oauth": "error", "message": "other_browser"})


@pytest.fixture
def channel_id(owner, shop, ca_file):  # noqa: F811
    """A connected channel of the shop."""
    owner.open(LIST)
    owner.submit(LIST, shopDomain="mystore")
    return landing(consent(owner, ca_file))[0].removeprefix(f"{LIST}/")


@pytest.mark.shopify
def test_a_shop_is_reconnected_without_being_named_again(owner, channel_id, within, ca_file):  # noqa: F811
    within(lambda: setattr(db.session.get(Channel, channel_id), "state", "auth_failed"))
    owner.open(f"{LIST}/{channel_id}")
    owner.submit(f"{LIST}/{channel_id}/reconnect")
    assert landing(consent(owner, ca_file)) == (f"{LIST}/{channel_id}", {"oauth": "success"})
    assert within(lambda: db.session.get(Channel, channel_id).state) == "connected"


@pytest.mark.shopify
def test_a_disconnected_shop_comes_back_to_its_channel(owner, channel_id, within, ca_file):  # noqa: F811
    owner.open(f"{LIST}/{channel_id}/disconnect")
    owner.submit(f"{LIST}/{channel_id}/disconnect")
    owner.follow()
    owner.submit(f"{LIST}/{channel_id}/reconnect")
    assert landing(consent(owner, ca_file)) == (f"{LIST}/{channel_id}", {"oauth": "success"})


@pytest.mark.shopify
def test_a_channel_of_ones_second_organization_is_reconnected_there(owner, channel_id, within, ca_file):  # noqa: F811
    def move():
        alice = db.session.query(Membership).one().user_id
        other = organizations.create("Other").id
        db.session.add(Membership(user_id=alice, organization_id=other, state="active"))
        db.session.get(Channel, channel_id).organization_id = other

    within(move)
    owner.open(f"{LIST}/{channel_id}")
    owner.submit(f"{LIST}/{channel_id}/reconnect")
    assert landing(consent(owner, ca_file)) == (f"{LIST}/{channel_id}", {"oauth": "success"})


@pytest.mark.shopify
def test_an_owner_who_declines_comes_back_to_the_channel(owner, channel_id, shop, their_app, ca_file):  # noqa: F811
    shop.uninstall(their_app)
    owner.open(f"{LIST}/{channel_id}")
    owner.submit(f"{LIST}/{channel_id}/reconnect")
    told = {"oauth": "error", "message": "denied"}
    assert landing(consent(owner, ca_file, "cancel")) == (f"{LIST}/{channel_id}", told)


@pytest.mark.shopify
def test_a_shop_of_another_organization_needs_its_owners_approval(owner, shop, their_app, within):
    owner.open(LIST)
    known = {"clientId": their_app.client_id, "clientSecret": their_app.secret}
    owner.submit(LIST, shopDomain="mystore", way="own", **known)
    assert owner.answer.status_code == 400
    assert "Connect it by approval in Shopify instead." in owner.text
    owner.submit(LIST, clientId="", way="own")
    assert owner.answer.status_code == 400
    assert faults(owner) == [
        "A client id has letters and digits.",
        "Copy the secret from the app's settings.",
    ]
    assert within(lambda: db.session.query(Channel).count()) == 0


@pytest.mark.shopify
def test_a_shop_of_ones_own_organization_is_connected_and_reconnected_without_a_consent_page(
    owner, shop, their_app, within
):
    """The webhook is one of the app's own settings."""
    own = their_app
    own.organization, own.webhooks = shop.organization, {"app/uninstalled": f"{SERVICE}/api/webhooks/shopify"}
    shop.install(own)
    owner.open(LIST)
    owner.submit(LIST, shopDomain="mystore", clientId=own.client_id, clientSecret=own.secret, way="own")
    page = owner.answer.location.removesuffix("?oauth=success")
    assert "Mystore is connected." in owner.follow().text
    shop.uninstall(own)
    shop.webhooks.send(post=lambda *sent: deliver(owner, *sent))
    assert "The app was removed from the shop in Shopify." in owner.open(page).text
    owner.submit(f"{page}/reconnect")
    assert owner.answer.status_code == 400
    assert "Install the app in mystore.myshopify.com first" in owner.text
    shop.install(own)
    owner.submit(f"{page}/reconnect")
    assert owner.answer.location == f"{page}?oauth=success"
    assert within(lambda: [(row.id, row.state) for row in db.session.query(Channel)]) == [
        (page.removeprefix(f"{LIST}/"), "connected")
    ]


def deliver(visitor, url, headers, body):
    return visitor.client.post(urlsplit(url).path, data=body, headers=headers).status_code


# WooCommerce


@pytest.fixture
def store():
    with WooShop() as store:
        yield store


def keys(store):
    return {"consumerKey": store.key, "consumerSecret": store.secret}


def woo(visitor, **fields):
    visitor.open(LIST)
    return visitor.submit(LIST, which=1, **fields)


def test_a_store_is_connected_by_its_keys(alice, store, within):
    woo(alice, storeUrl=store.url, **keys(store))
    assert alice.answer.status_code == 303
    alice.follow()
    assert "Syncing" in alice.text
    [channel] = within(lambda: [(row.platform, row.state) for row in db.session.query(Channel)])
    assert channel == ("woocommerce", "connected")
    assert within(lambda: db.session.query(Job).filter_by(kind="sync").count()) == 1


def test_keys_that_are_wrong_connect_nothing_and_are_not_shown(alice, store, within):
    wrong = "cs_" + "9" * 40
    woo(alice, storeUrl=store.url, consumerKey=store.key, consumerSecret=wrong)
    assert alice.answer.status_code == 400
    assert alice.page.xpath("//*[@role='alert']")
    assert wrong not in alice.answer.text
    assert alice.page.get_element_by_id("storeUrl").value == store.url
    assert within(lambda: db.session.query(Channel).count()) == 0


@pytest.mark.parametrize("address", ["", "ftp://a.example", "http://169.254.169.254/", "javascript:alert(1)"])
def test_what_is_no_store_is_told_at_the_field(alice, store, address):
    woo(alice, storeUrl=address, **keys(store))
    assert alice.answer.status_code == 400
    assert len(faults(alice)) == 1


def test_a_store_that_a_plugin_connected_is_reconnected_by_whoever_may_see_it(
    app, alice, store, within, organization_id
):
    plugin = Plugin(app.test_client(), "owner@shop.example", store)
    plugin.connect()
    channel_id = plugin.channel_id

    def hand_over():
        channel = db.session.get(Channel, channel_id)
        channel.organization_id, channel.state = organization_id, "auth_failed"

    within(hand_over)
    alice.open(f"{LIST}/{channel_id}")
    fresh = store.add_key()
    alice.submit(f"{LIST}/{channel_id}/reconnect", consumerKey=fresh.key, consumerSecret=fresh.secret)
    assert alice.answer.location == f"{LIST}/{channel_id}"
    assert within(lambda: [(row.id, row.state) for row in db.session.query(Channel)]) == [
        (channel_id, "connected")
    ]
