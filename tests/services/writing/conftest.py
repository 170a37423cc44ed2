"""A merchant, and the one shop of a module that she has."""

import copy

import pytest

from tests.services.writing.merchants import DECIDED, LIST, PRODUCTS, Merchant, emptied, spared
from tests.shops.woocommerce import WooShop


@pytest.fixture(scope="module")
def opened():
    with WooShop(PRODUCTS) as shop:
        yield shop, copy.deepcopy(shop.records)


@pytest.fixture
def shop(opened):
    return emptied(*opened)


@pytest.fixture
def app(make_app, monkeypatch):
    return spared(make_app(), monkeypatch)


@pytest.fixture
def alice(app, shop, kept):
    """Her prices are decided, and nothing was said of writing."""

    def make():
        made = Merchant(app, shop)
        made.price_by()
        made.deliver(*LIST)
        return made.facts, shop.records

    return _begun(app, shop, *kept.get("alice", app, make))


@pytest.fixture
def on(alice, app, shop, kept):
    """All was written once; the shop and its mirror have it."""

    def make():
        alice.turn("on")
        assert alice.has() == DECIDED | {"22": ("30.00", 7)}
        return alice.facts, shop.records

    return _begun(app, shop, *kept.get("on", app, make))


def _begun(app, shop, facts, records):
    return Merchant.again(app, facts, shop=emptied(shop, copy.deepcopy(records)))
