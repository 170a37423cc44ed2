"""People with accounts, and their browsers."""

import pytest

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel
from sync2sys.models.base import digest
from sync2sys.services import accounts
from tests.panel.visitor import EMAIL, PASSWORD, Visitor


@pytest.fixture
def within(app):
    """Runs a function in one transaction, and gives what it gives."""

    def run(work):
        with app.app_context():
            return transaction(work)()

    return run


@pytest.fixture
def organization_id(within):
    """That of Alice, who has an account."""
    return within(lambda: make_account(EMAIL))


def make_account(email):
    return accounts.create(email, PASSWORD, "").memberships[0].organization_id


@pytest.fixture
def visitor(app, organization_id):
    """Alice, not signed in yet."""
    return Visitor(app.test_client())


@pytest.fixture
def alice(visitor):
    return visitor.sign_in()


@pytest.fixture
def bob(app, within):
    """Has an account and an organization of his own."""
    within(lambda: make_account("bob@example.com"))
    return Visitor(app.test_client()).sign_in("bob@example.com")


@pytest.fixture
def add(within, organization_id):
    """A function that adds a channel, of Alice's where nothing else is said; gives its id."""

    def add(name="Mugs", **known):
        known = {"organization_id": organization_id, "platform": "shopify"} | known
        origin = known.setdefault("origin", f"https://{name.lower()}.myshopify.com")
        return within(lambda: insert(Channel(name=name, origin_key=digest(origin), **known)))

    return add


def insert(row):
    db.session.add(row)
    db.session.flush()
    return row.id
