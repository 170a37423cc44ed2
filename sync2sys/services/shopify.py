"""Connecting Shopify shops whose owners agreed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from sync2sys.connectors.base import Given, Shop
from sync2sys.connectors.shopify import Shopify, scopes
from sync2sys.connectors.shopify.grants import OWN, App, Grant, line_to, own
from sync2sys.extensions import db, outbound, vault
from sync2sys.models import Channel, Organization
from sync2sys.models.base import digest, now
from sync2sys.services import hooks, jobs, organizations, plans, stores
from sync2sys.services.shopify_apps import (
    PLATFORM,
    app_of,
    capabilities_of,
    configured_app,
    origin_of,
)
from sync2sys.services.shopify_reasons import Turned

#: Seconds for all that is asked of Shopify while somebody waits.
SECONDS = 10.0


@dataclass(frozen=True)
class Agreed:
    """What a shop's owner agreed to: a token, whose app it is, and who the shop is."""

    domain: str
    app: App
    grant: Grant
    shop: Shop
    #: how it was come by: code, or own for an app of the shop's own organization
    way: str = "code"


def introduced(domain: str, app: App, grant: Grant, way: str) -> Agreed:
    """Who the shop is that gave this token. Raises StoreError, or Turned where a right is missing."""
    if scopes.missing(grant.scopes, scopes.NEEDED):
        raise Turned("missing_scope")
    secrets = Given(**grant.credentials)
    shop = Shopify(outbound, secrets, capabilities_of(domain), total=SECONDS).shop()
    return Agreed(domain, app, grant, shop, way)


def owned(domain: str, app: App) -> Agreed:
    """A shop of the app's own organization, which needs no consent page. Raises StoreError, or Turned."""
    grant = own(line_to(outbound, domain, SECONDS), app)
    return introduced(domain, app, grant, OWN)


def own_app(channel: Channel) -> App | None:
    """The app by which the shop was connected without a consent page, if it was."""
    credentials = channel.credentials or {}
    if credentials.get("way") != OWN:
        return None
    return app_of(credentials["client_id"], credentials.get("client_secret"))


def attach(organization_id: str, channel_id: str | None, agreed: Agreed) -> Channel:
    """Connect the shop, or connect it again, and queue its first sync.

    Raises Turned where another organization has this shop, or the channel is gone or another shop's, and
    LimitReached where the plan has no room for one product of a new channel.
    """
    organization = db.session.get(Organization, organization_id, with_for_update=True)
    if organization is None:
        raise Turned("channel_gone")
    channel = _channel_for(organization, channel_id, agreed)
    _fill(channel, agreed)
    db.session.add(channel)
    db.session.flush()
    if not organization.name:
        organization.name = channel.name[:200]
    organizations.note_activity(organization.id)
    jobs.enqueue("sync", channel.id, {"full": True})
    hooks.ask(channel)
    return channel


def _channel_for(organization: Organization, channel_id: str | None, agreed: Agreed) -> Channel:
    """The channel that the shop has in this organization, or a new one."""
    known = select(Channel).filter_by(platform=PLATFORM, origin_key=digest(origin_of(agreed.domain)))
    channels = list(db.session.scalars(known.order_by(Channel.created_at, Channel.id).with_for_update()))
    if any(other.organization_id != organization.id and _is_in_use(other) for other in channels):
        raise Turned("shop_taken")
    own = [channel for channel in channels if channel.organization_id == organization.id]
    same = [channel for channel in own if channel.store_identity in (None, agreed.shop.identity)]
    if channel_id is not None and channel_id not in [channel.id for channel in same]:
        raise Turned("channel_gone")
    for channel in channels:
        # Another shop had the name before, or a stranger's token was first.
        if channel not in same and (channel in own or channel.organization.provisional):
            channel.state, channel.credentials = "moved", None
    chosen = [channel for channel in same if channel_id in (None, channel.id)]
    if chosen:
        return chosen[0]
    plans.require_room(organization, plans.PRODUCTS)
    origin = origin_of(agreed.domain)
    return Channel(
        organization_id=organization.id, platform=PLATFORM, origin=origin, origin_key=digest(origin)
    )


def _is_in_use(channel: Channel) -> bool:
    """Whether somebody who proved who they are has the shop; what a stranger's token made does not count."""
    return channel.state in ("connected", "auth_failed") and not channel.organization.provisional


def _fill(channel: Channel, agreed: Agreed) -> None:
    channel.state = "connected"
    channel.credentials = _credentials(agreed)
    # Another app, or other rights, may see another catalogue.
    channel.key_fingerprint = vault.fingerprint(
        " ".join([agreed.app.client_id, *sorted(agreed.grant.scopes)])
    )
    channel.capabilities = capabilities_of(agreed.domain) | agreed.shop.capabilities
    channel.store_identity = agreed.shop.identity
    channel.problem = channel.problem_code = ""
    channel.refusals, channel.refused_since = 0, None
    stores.describe(channel, agreed.shop)


def _credentials(agreed: Agreed) -> dict[str, Any]:
    is_own = agreed.app != configured_app()
    return {
        "client_id": agreed.app.client_id,
        **({"client_secret": agreed.app.secret} if is_own else {}),
        "way": agreed.way,
        "since": now().isoformat(),
        **agreed.grant.credentials,
    }
