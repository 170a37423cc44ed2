"""Which connector speaks to which platform."""

from collections.abc import Callable
from typing import Any

from sync2sys.connectors.base import Connector, Secrets
from sync2sys.connectors.shopify import Shopify
from sync2sys.connectors.woocommerce import WooCommerce
from sync2sys.outbound import Outbound

#: An outbound client, the shop's keys, and what was learnt about how to talk to it.
Make = Callable[[Outbound, Secrets, dict[str, Any]], Connector]


def _woocommerce(outbound: Outbound, secrets: Secrets, capabilities: dict[str, Any]) -> Connector:
    keys = secrets.current()
    return WooCommerce(outbound, keys["key"], keys["secret"], capabilities)


PLATFORMS: dict[str, Make] = {"woocommerce": _woocommerce, "shopify": Shopify}


def open_shop(platform: str, outbound: Outbound, secrets: Secrets, capabilities: dict[str, Any]) -> Connector:
    """The connector of a connected shop; nothing is asked of it yet."""
    return PLATFORMS[platform](outbound, secrets, capabilities)
