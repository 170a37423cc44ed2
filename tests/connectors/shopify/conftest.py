"""Shopify on loopback, whose clock stands still but where a connector waits."""

from datetime import UTC, datetime

import pytest

from sync2sys.connectors.line import Patience
from sync2sys.connectors.shopify import Shopify
from sync2sys.errors import StoreRefusedKeys
from sync2sys.outbound import Allowed, Outbound
from tests.shops.shopify.platform import Shopify as FakeShopify

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def shopify(authority):
    with FakeShopify(authority, now=NOON) as running:
        yield running


@pytest.fixture
def outbound(shopify, ca_file):
    with Outbound(Allowed.parse("127.0.0.0/8"), verify=ca_file, lookup=shopify.lookup, breaker=False) as made:
        yield made


class Waits(list):
    """The seconds that were waited, by Shopify's clock."""

    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    def __call__(self, seconds):
        self.append(seconds)
        self._clock.advance(seconds)


@pytest.fixture
def waits(shopify):
    return Waits(shopify.clock)


@pytest.fixture
def patience(waits):
    return Patience(sleep=waits)


class Keys:
    """A channel's secrets: this token, and the next ones where it is refused."""

    def __init__(self, token, *following):
        self.token, self.following = token, list(following)
        self.refused = []

    def current(self):
        return {"access_token": self.token}

    def after(self, refused):
        self.refused.append(refused)
        if not self.following:
            raise StoreRefusedKeys("The store does not take our token any more.")
        self.token = self.following.pop(0)
        return self.current()


@pytest.fixture
def connector(shopify, outbound, patience):
    """A function that makes connectors of a shop, of an app with these scopes or of given keys."""

    def make(shop, scopes="read_products", version="2026-10", keys=None, **options):
        keys = keys or Keys(shop.token(shopify.add_app(scopes=scopes)))
        learnt = {"domain": shop.domain, "version": version, "weight_unit": "kg"}
        return Shopify(outbound, keys, learnt, patience=patience, **options)

    return make
