"""Ways to Shopify's consent page and back.

A way is a row that only the shop it was begun for can bring back, once. What comes of it belongs to the
organization that began it, never to whoever's browser comes along.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import delete, select, update

from sync2sys.connectors.shopify import scopes
from sync2sys.connectors.shopify.grants import App
from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db, settings
from sync2sys.models import Channel, Organization, ShopifyFlow
from sync2sys.models.base import digest, now
from sync2sys.services import plans
from sync2sys.services.shopify_apps import PLATFORM, app_of, configured_app, origin_of
from sync2sys.services.shopify_reasons import OVER, Turned

LIFE = timedelta(minutes=10)
KEPT = timedelta(days=1)
CALLBACK = "/api/shopify/oauth/callback"


@dataclass(frozen=True)
class Began:
    """A way to the consent page."""

    url: str
    #: what the browser must bring back as a cookie
    browser: str = field(repr=False)


@dataclass(frozen=True)
class Flow:
    """A way that was begun, as plain values that outlive every transaction."""

    state_hash: str
    organization_id: str
    channel_id: str | None
    domain: str
    scopes: frozenset[str]
    app: App
    browser_hash: str | None


def redirect_address() -> str:
    """Where Shopify sends people back to. It has to stand in the app's settings, to the letter."""
    return f"{settings.PUBLIC_URL}{CALLBACK}"


def begin(
    organization: Organization,
    domain: str,
    *,
    channel_id: str | None = None,
    app: App | None = None,
    from_browser: bool = False,
) -> Began:
    """Begin a way to the consent page, with an app of the channel's own or the installation's.

    Raises NotFound for a channel that the organization does not have, BadRequest where that is another
    shop's, or where there is no app, and LimitReached where a new shop would find no room in the plan.
    """
    channel = _own_channel(organization.id, channel_id, domain) if channel_id else None
    chosen = app or (_app_of_channel(channel) if channel else None) or configured_app()
    if chosen is None:
        raise Turned("not_configured")
    if not _is_known(organization.id, domain):
        plans.require_room(organization, plans.PRODUCTS)
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    is_own = chosen != configured_app()
    flow = ShopifyFlow(
        state_hash=digest(state),
        organization_id=organization.id,
        channel_id=channel_id,
        domain=domain,
        scopes=sorted(settings.SHOPIFY_SCOPES),
        client_id=chosen.client_id,
        browser_hash=digest(browser) if from_browser else None,
        expires_at=now() + LIFE,
    )
    flow.own_secret = chosen.secret if is_own else None
    db.session.add(flow)
    query = {"client_id": chosen.client_id, "redirect_uri": redirect_address(), "state": state}
    if settings.SHOPIFY_SCOPES:
        query["scope"] = scopes.told(settings.SHOPIFY_SCOPES)
    return Began(f"{origin_of(domain)}/admin/oauth/authorize?{urlencode(query)}", browser)


def _own_channel(organization_id: str, channel_id: str, domain: str) -> Channel:
    channel = db.session.scalar(select(Channel).filter_by(id=channel_id, organization_id=organization_id))
    if channel is None:
        raise NotFound("No such channel.")
    if channel.platform != PLATFORM or channel.origin != origin_of(domain):
        raise BadRequest(f"This channel is {channel.origin}. Leave channelId out to connect another shop.")
    return channel


def _is_known(organization_id: str, domain: str) -> bool:
    """Whether the organization has a channel of this name."""
    known = select(Channel.id).filter_by(organization_id=organization_id, platform=PLATFORM)
    return db.session.scalar(known.filter_by(origin_key=digest(origin_of(domain))).limit(1)) is not None


def _app_of_channel(channel: Channel) -> App | None:
    credentials = channel.credentials
    if credentials is None:
        return None
    return app_of(credentials["client_id"], credentials.get("client_secret"))


def find(state: str) -> Flow:
    """The way that a state belongs to. Raises Turned for one that is unknown, used or too old."""
    flow = db.session.get(ShopifyFlow, digest(state))
    if flow is None or flow.consumed_at is not None or flow.expires_at <= now():
        raise Turned(OVER)
    app = app_of(flow.client_id, flow.own_secret)
    if app is None:
        raise Turned("not_configured")
    return Flow(
        flow.state_hash,
        flow.organization_id,
        flow.channel_id,
        flow.domain,
        frozenset(flow.scopes),
        app,
        flow.browser_hash,
    )


def consume(flow: Flow) -> None:
    """Use the way up, before anything comes of it. Raises Turned for whoever comes second."""
    mine = (ShopifyFlow.state_hash == flow.state_hash) & ShopifyFlow.consumed_at.is_(None)
    used = db.session.execute(update(ShopifyFlow).where(mine).values(consumed_at=now()))
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise Turned(OVER)


def sweep() -> int:
    """Forget ways that are over; returns how many."""
    old = delete(ShopifyFlow).where(ShopifyFlow.expires_at < now() - KEPT)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]
