"""A channel's connector, with keys that are read and renewed while it is used."""

from functools import partial
from typing import Any

from sync2sys.connectors import platforms
from sync2sys.connectors.base import Connector
from sync2sys.extensions import outbound
from sync2sys.services import shopify_apps
from sync2sys.services.credentials import ChannelSecrets, Renew


def open_channel(channel_id: str, platform: str, capabilities: dict[str, Any]) -> Connector:
    """The connector of a connected channel; nothing is asked of the shop yet.

    Raises StoreRefusedKeys where the channel is not connected any more, StoreError where the shop gives
    no keys.
    """
    secrets = ChannelSecrets(channel_id, _renewal(platform, capabilities))
    return platforms.open_shop(platform, outbound, secrets, capabilities)


def _renewal(platform: str, capabilities: dict[str, Any]) -> Renew | None:
    """How the keys of a platform are renewed; None where they never change by themselves."""
    if platform != shopify_apps.PLATFORM:
        return None
    return partial(shopify_apps.renewed, str(capabilities.get("domain")))
