"""A service that finds the fake Shopify, and people with shops there."""

import pytest

from sync2sys.api.access import encode
from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Membership, User
from sync2sys.services import organizations, tokens
from tests.merchant import Merchant
from tests.shops.conftest import authority, ca_file, lead, shopify  # noqa: F401 - fixtures among them

PUBLIC_URL = "https://service.example"
CALLBACK = f"{PUBLIC_URL}/api/shopify/oauth/callback"
SCOPES = "read_products,read_inventory"


@pytest.fixture
def their_app(shopify):  # noqa: F811
    """The installation's app, as Shopify knows it."""
    return shopify.add_app([CALLBACK], SCOPES)


@pytest.fixture
def shop(shopify):  # noqa: F811
    return shopify.add_shop(
        "mystore", [{"title": "Mug", "variants": [{"price": "9.90"}]}], host="mugs.example"
    )


@pytest.fixture
def make_service(make_app, shopify, ca_file):  # noqa: F811
    """An application that finds Shopify where the tests have it."""

    def make(public_url=PUBLIC_URL, **settings):
        return lead(make_app(PUBLIC_URL=public_url, **settings), shopify, ca_file)

    return make


@pytest.fixture
def app(make_service, their_app):
    return make_service(SHOPIFY_CLIENT_ID=their_app.client_id, SHOPIFY_CLIENT_SECRET=their_app.secret)


@pytest.fixture
def sign_up(app):
    """A function that makes panel accounts with an organization each, and gives their tokens."""

    def make(email):
        user = User(email=email)
        db.session.add(user)
        db.session.flush()
        organization = organizations.create(email)
        db.session.add(Membership(user_id=user.id, organization_id=organization.id, state="active"))
        return encode(tokens.issue_panel(user).access)

    def sign_up(email):
        with app.test_request_context():
            return transaction(make)(email)

    return sign_up


@pytest.fixture
def alice(client, sign_up, ca_file, shop):  # noqa: F811
    """Owns the shop and an account."""
    return Merchant(client, sign_up("alice@example.com"), ca_file)


@pytest.fixture
def bob(app, sign_up, ca_file):  # noqa: F811
    return Merchant(app.test_client(), sign_up("bob@example.com"), ca_file)
