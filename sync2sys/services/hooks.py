"""Seeing to it that shops tell of changes: their webhooks are made, looked after, and shown as they are."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, and_, or_

from sync2sys.connectors.base import Hook
from sync2sys.database import transaction
from sync2sys.errors import StoreError
from sync2sys.extensions import db, settings
from sync2sys.models import Channel
from sync2sys.models.base import now
from sync2sys.services import connections, jobs, shopify_apps, webhooks

KIND = "hooks"
#: A shop that gave a webhook up is found out within so long.
EVERY = timedelta(hours=12)
#: What WordPress and Shopify deliver to.
PORTS = {None, 443}

NO_ADDRESS = (
    "Shops can tell of changes only where this service has a public https address. Set PUBLIC_URL; until "
    "then changes are looked for every {minutes} minutes."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Place:
    """What is needed to ask a shop, as plain values."""

    platform: str
    capabilities: dict[str, Any]
    address: str
    secret: str


def run(claim: jobs.Claim) -> None:
    """See to the webhooks of a claimed job's channel, and note on it how they are."""
    place = transaction(_place)(claim.subject)
    if place is None:
        return
    try:
        hooks = connections.open_channel(claim.subject, place.platform, place.capabilities).hooks(
            place.address, place.secret
        )
    except StoreError as error:
        if error.retryable:
            raise
        log.warning("no webhooks: %s", error.message, extra={"channel": claim.subject})
        transaction(_note)(claim, [], error.message)
    else:
        transaction(_note)(claim, hooks, "")


def can_be_told() -> bool:
    """Whether a shop could reach this service at all."""
    parts = urlsplit(settings.PUBLIC_URL)
    return parts.scheme == "https" and parts.port in PORTS


def address_of(channel_id: str, platform: str) -> str:
    """Where the shop of a channel delivers to."""
    path = "shopify" if platform == shopify_apps.PLATFORM else f"{platform}/{channel_id}"
    return f"{settings.PUBLIC_URL}/api/webhooks/{path}"


def ask(channel: Channel) -> None:
    """Queue a look at the channel's webhooks, where there can be any."""
    if can_be_told():
        jobs.enqueue(KIND, channel.id)
    else:
        channel.hooks_problem = NO_ADDRESS.format(minutes=settings.SYNC_MINUTES)


def is_due() -> ColumnElement[bool]:
    """SQL: the channel is connected, and its webhooks were not looked at for long."""
    before = now() - EVERY
    return and_(
        Channel.state == "connected",
        Channel.sealed_credentials.is_not(None),
        or_(Channel.hooks_checked_at.is_(None), Channel.hooks_checked_at <= before),
        ~jobs.recent(KIND, Channel.id, before),
    )


def _place(channel_id: str) -> _Place | None:
    channel = db.session.get(Channel, channel_id, with_for_update=True)
    if channel is None or channel.state != "connected":
        return None
    secret = "" if channel.platform == shopify_apps.PLATFORM else webhooks.secret_for(channel)
    return _Place(channel.platform, channel.capabilities, address_of(channel.id, channel.platform), secret)


def _note(claim: jobs.Claim, hooks: list[Hook], problem: str) -> None:
    channel = db.session.get(Channel, claim.subject, with_for_update=True)
    if channel is not None:
        channel.hooks = [{"topic": hook.topic, "state": hook.state} for hook in hooks]
        channel.hooks_problem, channel.hooks_checked_at = problem, now()
    jobs.check(claim)
