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
def alice(app, shop):
    """Her prices are decided, and nothing was said of writing."""
    made = Merchant(app, shop)
    made.price_by()
    made.deliver(*LIST)
    return made


@pytest.fixture
def on(alice):
    """All was written once; the shop and its mirror have it."""
    alice.turn("on")
    assert alice.has() == DECIDED | {"22": ("30.00", 7)}
    alice.shop.requests.clear()
    return alice
