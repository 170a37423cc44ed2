"""Channels of a fake Shopify, connected as their owners' consent connects them."""

import secrets

import pytest

from sync2sys.connectors.line import Patience
from sync2sys.connectors.shopify import grants
from sync2sys.database import look, transaction
from sync2sys.extensions import db, outbound
from sync2sys.models import Channel, Organization
from sync2sys.outbound import Allowed, Outbound
from sync2sys.services import shopify as service
from tests.shops.conftest import authority, ca_file, shopify  # noqa: F401 - fixtures
from tests.shops.shopify.apps import CODE_SECONDS
from tests.shops.shopify.oauth import Code

TOKENS = "/admin/oauth/access_token"


@pytest.fixture
def their_app(shopify):  # noqa: F811
    """The installation's app, as Shopify knows it."""
    return shopify.add_app([], "read_products,read_inventory")


@pytest.fixture
def lead(shopify, ca_file, monkeypatch):  # noqa: F811
    """A function that leads an application to the fake, and spares it the waiting."""
    monkeypatch.setattr(Patience.__init__, "__defaults__", (*Patience.__init__.__defaults__[:-1], _no_sleep))

    def lead(app):
        ours = app.extensions["sync2sys"]
        ours["outbound"].close()
        allowed = Allowed.parse("127.0.0.0/8")
        ours["outbound"] = Outbound(allowed, verify=ca_file, lookup=shopify.lookup, breaker=False)
        return app

    return lead


def _no_sleep(seconds):
    pass


@pytest.fixture
def led(make_app, lead, their_app):
    """An application that knows the app and finds Shopify, entered."""
    app = lead(make_app(SHOPIFY_CLIENT_ID=their_app.client_id, SHOPIFY_CLIENT_SECRET=their_app.secret))
    with app.app_context():
        yield app


def agreed(shop, app):
    """What comes of the consent of a shop's owner."""
    code = secrets.token_hex(16)
    shop.codes[code] = Code(app, app.scopes, shop.clock.seconds() + CODE_SECONDS)
    known = grants.App(app.client_id, app.secret)
    grant = grants.exchange(grants.line_to(outbound, shop.domain), known, code)
    return service.introduced(shop.domain, known, grant, "code")


def connect(shop, app, organization_id=None):
    """Connect a shop, or connect it again; returns its channel's id."""
    return transaction(_attach)(organization_id, agreed(shop, app))


def _attach(organization_id, consent):
    if organization_id is None:
        organization = Organization(name="Org", plan="unlimited")
        db.session.add(organization)
        db.session.flush()
        organization_id = organization.id
    return service.attach(organization_id, None, consent).id


def organization_of(channel_id):
    return look(lambda: db.session.get(Channel, channel_id).organization_id)()


def credentials_of(channel_id):
    return look(lambda: db.session.get(Channel, channel_id).credentials)()


def change_credentials(channel_id, **changes):
    def change():
        channel = db.session.get(Channel, channel_id)
        channel.credentials = channel.credentials | changes

    transaction(change)()
