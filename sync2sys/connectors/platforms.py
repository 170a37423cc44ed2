"""Which connector speaks to which platform."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

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
#: Where its owner edits a product: made of the shop's home and the product's id.
EDITORS = {
    "woocommerce": "{home}/wp-admin/post.php?post={product_id}&action=edit",
    "shopify": "{home}/admin/products/{product_id}",
}


def open_shop(platform: str, outbound: Outbound, secrets: Secrets, capabilities: dict[str, Any]) -> Connector:
    """The connector of a connected shop; nothing is asked of it yet."""
    return PLATFORMS[platform](outbound, secrets, capabilities)


def editor_of(platform: str, home: str, product_id: str) -> str:
    """The address at which a shop's owner edits a product; empty where that is not known."""
    return EDITORS.get(platform, "").format(home=home.rstrip("/"), product_id=quote(product_id, safe=""))
