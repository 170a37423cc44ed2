"""/sales-channels: the connected stores, and a page of each, where the way back from Shopify ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, g, request

from sync2sys.connectors import platforms
from sync2sys.connectors.shopify import domains, scopes
from sync2sys.database import transaction
from sync2sys.errors import BadRequest, LimitReached, StoreError, Sync2SysError
from sync2sys.extensions import settings
from sync2sys.formats import FORMATS
from sync2sys.models import Channel
from sync2sys.panel import connecting, standings
from sync2sys.panel.connecting import address_of
from sync2sys.panel.pages import page, pages
from sync2sys.panel.sessions import leave_for, signed_in
from sync2sys.services import (
    feeds,
    holds,
    overviews,
    shopify,
    shopify_apps,
    shopify_flows,
    stores,
    write_settings,
)
from sync2sys.services.shopify_apps import PLATFORM
from sync2sys.services.shopify_reasons import OVER, REASONS

bp = pages("sales_channels")

#: Where the forms of these pages may end: at the consent page of a shop.
SHOPS = "https://*.myshopify.com"
REFRESH_SECONDS = 4
UNKNOWN = "Why is not known here. Start again. If it happens again, the log of this service may tell."


@dataclass(frozen=True)
class Scope:
    """An access scope that a shop was asked for or has given, and what does not work without it."""

    name: str
    is_granted: bool
    #: whether the consent page asks for it; where the app's own settings decide it is taken to
    is_asked: bool
    loss: str


@bp.get("/sales-channels")
@signed_in
def show_all() -> Response:
    """List the channels of the account's organizations, and offer to connect one more."""
    return _list()


@bp.post("/sales-channels")
@signed_in
def connect() -> Response:
    """Connect the store that the form names, or lead its owner to where that goes on."""
    try:
        return leave_for(connecting.connect())
    except (BadRequest, LimitReached, StoreError) as error:
        return _list(error)


@bp.get("/sales-channels/<channel_id>")
@signed_in
def show(channel_id: str) -> Response:
    """Show a channel: how it stands, and what can be done."""
    return _shown(stores.visible_channel(g.token, channel_id))


@bp.post("/sales-channels/<channel_id>/sync")
@signed_in
def sync(channel_id: str) -> Response:
    """Queue a sync, now."""
    transaction(lambda: stores.ask_sync(stores.visible_channel(g.token, channel_id)))()
    return leave_for(address_of(channel_id))


@bp.post("/sales-channels/<channel_id>/pulls/<pull_id>/release")
@signed_in
def release(channel_id: str, pull_id: str) -> Response:
    """Agree to the removals of a held pull."""
    transaction(lambda: holds.release_of(stores.visible_channel(g.token, channel_id), pull_id))()
    return leave_for(address_of(channel_id))


@bp.post("/sales-channels/<channel_id>/reconnect")
@signed_in
def reconnect(channel_id: str) -> Response:
    """Connect the channel's store again, or lead its owner to where that goes on."""
    channel = stores.visible_channel(g.token, channel_id)
    try:
        return leave_for(connecting.reconnect(channel))
    except (BadRequest, LimitReached, StoreError) as error:
        return _shown(channel, error)


@bp.get("/sales-channels/<channel_id>/disconnect")
@signed_in
def ask_disconnect(channel_id: str) -> Response:
    """Say what disconnecting means, and ask once more."""
    channel = stores.visible_channel(g.token, channel_id)
    return page("disconnect.html", channel=channel, has_shop=platforms.has_shop(channel.platform))


@bp.post("/sales-channels/<channel_id>/disconnect")
@signed_in
def disconnect(channel_id: str) -> Response:
    """Wipe the store's keys. Its feeds stay as they are."""
    transaction(lambda: stores.disconnect(g.token, channel_id))()
    return leave_for(address_of(channel_id))


def _list(error: Sync2SysError | None = None) -> Response:
    seen = overviews.of(stores.visible_channels(g.token))
    return page(
        "sales_channels.html",
        error.status if error else 200,
        overviews=seen,
        **_common(seen, error),
    )


def _shown(channel: Channel, error: Sync2SysError | None = None) -> Response:
    [overview] = seen = overviews.of([channel])
    made = feeds.using(channel)
    return page(
        "sales_channel.html",
        error.status if error else 200,
        overview=overview,
        channel=channel,
        is_own=shopify.own_app(channel) is not None,
        held=[pull for pull in holds.of_channel(channel.id) if pull.state == "held"],
        scopes=_scopes(channel) if channel.platform == PLATFORM else [],
        feeds=[(feed, FORMATS[feed.format], feeds.url(feed)) for feed in made],
        is_served=any(feed.published and feed.live_render_id for feed in made),
        **_common(seen, error),
    )


def _common(seen: Sequence[overviews.Overview], error: Sync2SysError | None) -> dict[str, Any]:
    """What both pages show."""
    # What was answered to a form is not loaded anew: that would send it again.
    is_moving = request.method == "GET" and any(map(standings.is_syncing, seen))
    return {
        "forms_lead_to": SHOPS,
        "refresh": REFRESH_SECONDS if is_moving else None,
        "label_of": platforms.label_of,
        "has_shop": platforms.has_shop,
        "standing": standings.standing,
        "is_syncing": standings.is_syncing,
        "notice": request.args.get("oauth"),
        "reason": REASONS.get(request.args.get("message", ""), UNKNOWN),
        # Whoever loads the way back anew is connected already.
        "is_over": request.args.get("message") == OVER,
        "error": error,
        "asked": request.form.get("platform", ""),
        "typed": request.form or _named_shop(),
        "public_url": settings.PUBLIC_URL,
        "has_app": shopify_apps.configured_app() is not None,
        "redirect_address": shopify_flows.redirect_address(),
    }


def _named_shop() -> dict[str, str]:
    """The shop that Shopify sends its owner here from, by the app's install link."""
    shop = request.args.get("shop", "")
    return {"shopDomain": shop} if domains.is_domain(shop) else {}


def _scopes(channel: Channel) -> list[Scope]:
    granted, asked = channel.capabilities.get("scopes", []), settings.SHOPIFY_SCOPES
    wanted = asked | (scopes.WRITING if write_settings.is_wanted(channel.id) else frozenset())
    missing = scopes.missing(granted, wanted)
    return [
        Scope(name, name not in missing, not asked or name in asked, scopes.LOSSES.get(name, ""))
        for name in sorted({*granted, *wanted})
    ]
