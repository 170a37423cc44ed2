"""A channel's connector, with keys that are read and renewed while it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sync2sys.connectors import platforms
from sync2sys.connectors.base import Connector
from sync2sys.extensions import outbound
from sync2sys.services import shopify_apps
from sync2sys.services.credentials import ChannelSecrets, Credentials
from sync2sys.services.own_offers import OwnOffers


@dataclass(frozen=True)
class Upkeep:
    """What a platform needs of this installation."""

    #: how to talk to any of its shops, as the settings say; goes before what was learnt of a shop
    options: Callable[[], dict[str, Any]]
    #: by what is known of a shop, the credentials that follow these, in so many seconds at most
    renewed: Callable[[Mapping[str, Any], Credentials, float], dict[str, Any]]


#: Platforms that are not here have keys that never change by themselves.
UPKEEP: dict[str, Upkeep] = {
    shopify_apps.PLATFORM: Upkeep(options=shopify_apps.options, renewed=shopify_apps.renewed)
}


def open_channel(channel_id: str, platform: str, capabilities: dict[str, Any]) -> Connector:
    """The connector of a connected channel; nothing is asked of the shop yet.

    Raises StoreRefusedKeys where the channel is not connected any more.
    """
    if platform == platforms.OFFERS:
        return OwnOffers(channel_id, capabilities)
    upkeep = UPKEEP.get(platform)
    if upkeep is None:
        return platforms.open_shop(platform, outbound, ChannelSecrets(channel_id), capabilities)
    secrets = ChannelSecrets(channel_id, partial(upkeep.renewed, capabilities))
    return platforms.open_shop(platform, outbound, secrets, capabilities | upkeep.options())
