"""Which connector speaks to which platform. docs/connectors.md says how another one is added."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote

from sync2sys.connectors import woocommerce
from sync2sys.connectors.base import Connector, Secrets, Shop
from sync2sys.connectors.shopify import Shopify
from sync2sys.connectors.woocommerce import WooCommerce
from sync2sys.outbound import Outbound


class Prove(Protocol):
    """How keys are proved to open a shop."""

    def __call__(self, outbound: Outbound, origin: str, key: str, secret: str, *, deadline: float) -> Shop:
        """Who the shop at this address is, and how to come back to it; within so many seconds.

        Raises a StoreError whose message tells the owner what to do.
        """


@dataclass(frozen=True)
class Platform:
    """What the service needs of a platform."""

    #: its name, for people
    label: str
    #: the connector of a connected shop, of an outbound client, its keys, and what was learnt of it
    open: Callable[[Outbound, Secrets, dict[str, Any]], Connector]
    #: None where shops are connected by their owners' consent
    prove: Prove | None = None
    #: where its owner edits a product: made of the shop's home and the product's id
    editor: str = "{home}"
    #: what its owner does where its keys may not write
    to_write: str = "Give them that in the shop, and connect it anew."


def _woocommerce(outbound: Outbound, secrets: Secrets, capabilities: dict[str, Any]) -> Connector:
    keys = secrets.current()
    return WooCommerce(outbound, keys["key"], keys["secret"], capabilities)


#: The platform of an organization's range: its suppliers' offers, with no shop behind them.
OFFERS = "suppliers"
#: What is named as a platform is and has no shop, for people.
WITHOUT_SHOP = {OFFERS: "Suppliers' offers"}
NO_SHOP = "There is no shop behind this channel that could be written to."

PLATFORMS: dict[str, Platform] = {
    "woocommerce": Platform(
        "WooCommerce",
        _woocommerce,
        prove=woocommerce.connect,
        editor="{home}/wp-admin/post.php?post={product_id}&action=edit",
        to_write="Set the key to read/write in the shop, under WooCommerce, Settings, Advanced, REST API.",
    ),
    "shopify": Platform(
        "Shopify",
        Shopify,
        editor="{home}/admin/products/{product_id}",
        to_write=(
            "Add them to the app at Shopify and to SYNC2SYS_SHOPIFY_SCOPES, then reconnect the shop, so that "
            "its owner approves them."
        ),
    ),
}


def open_shop(platform: str, outbound: Outbound, secrets: Secrets, capabilities: dict[str, Any]) -> Connector:
    """The connector of a connected shop; nothing is asked of it yet."""
    return PLATFORMS[platform].open(outbound, secrets, capabilities)


def label_of(platform: str) -> str:
    """The platform's name, for people."""
    if platform in PLATFORMS:
        return PLATFORMS[platform].label
    return WITHOUT_SHOP.get(platform, platform)


def has_shop(platform: str) -> bool:
    """Whether its channels have a shop behind them: keys, webhooks, something that can be written to."""
    return platform not in WITHOUT_SHOP


def with_keys() -> list[str]:
    """The platforms whose shops are connected by keys."""
    return [name for name, platform in PLATFORMS.items() if platform.prove is not None]


def prove(
    platform: str, outbound: Outbound, origin: str, key: str, secret: str, *, deadline: float = 10.0
) -> Shop:
    """Prove that keys open a shop; see `Prove`. For one of the platforms `with_keys`."""
    prove = PLATFORMS[platform].prove
    if prove is None:
        raise ValueError(f"shops of {platform} are not connected by keys")
    return prove(outbound, origin, key, secret, deadline=deadline)


def editor_of(platform: str, home: str, product_id: str) -> str:
    """The address at which a shop's owner edits a product; empty where that is not known."""
    if platform not in PLATFORMS:
        return ""
    before, after = _around_id(PLATFORMS[platform].editor, home)
    return f"{before}{quote(product_id, safe='')}{after}"


@lru_cache(maxsize=64)
def _around_id(editor: str, home: str) -> tuple[str, str]:
    """What stands before and behind the product's id."""
    before, _, after = editor.format(home=home.rstrip("/"), product_id="\n").partition("\n")
    return before, after
