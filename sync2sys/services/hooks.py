"""Seeing to it that shops tell of changes: their webhooks are made, looked after, and shown as they are."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, and_, or_

from sync2sys.connectors import platforms
from sync2sys.connectors.base import Hook
from sync2sys.database import transaction
from sync2sys.errors import NotFound, StoreError
from sync2sys.extensions import db, settings
from sync2sys.models import Channel
from sync2sys.models.base import digest, now
from sync2sys.outbound.addresses import is_public
from sync2sys.services import connections, jobs, shopify_apps, webhooks

KIND = "hooks"
#: A shop that gave a webhook up is found out within so long.
EVERY = timedelta(hours=12)
#: What WordPress and Shopify deliver to.
PORTS = {None, 443}

#: Names that lead nowhere outside of one machine or one network, as do names without a dot.
INSIDE = (".localhost", ".local", ".internal", ".lan", ".home.arpa")

#: A new webhook from which nothing came for so long, not even its ping, does not work.
QUIET = timedelta(days=1)

NO_ADDRESS = (
    "Shops can tell of changes only where this service has a public https address. Set PUBLIC_URL; until "
    "then changes are looked for every {minutes} minutes."
)
MISSING = (
    "The shop does not let us have its webhooks for {topics}. Connect it again, and grant what is asked for."
)
SILENT = (
    "The shop has had its webhooks for more than a day and was never heard from. See that its server reaches "
    "{url}: nothing there may ask for a password, and no firewall may turn the shop away."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a shop delivers to, and what it signs with."""

    address: str
    #: empty where the platform has its own
    secret: str = field(repr=False)


@dataclass(frozen=True)
class _Task:
    """What is needed to ask a shop, as plain values."""

    platform: str
    capabilities: dict[str, Any]
    place: Place
    #: where the shop was asked to deliver before PUBLIC_URL changed
    former: list[str]


def run(claim: jobs.Claim) -> None:
    """See to the webhooks of a claimed job's channel, and note on it how they are."""
    task = transaction(_task)(claim.subject)
    if task is None:
        return
    try:
        shop = connections.open_channel(claim.subject, task.platform, task.capabilities)
        hooks = shop.hooks(task.place.address, task.place.secret, task.former)
    except StoreError as error:
        transaction(_note_problem)(claim, error)
        if error.retryable:
            raise
        log.warning("no webhooks: %s", error.message, extra={"channel": claim.subject})
    else:
        transaction(_note)(claim, hooks, task.place)


def can_be_told() -> bool:
    """Whether a shop could reach this service at all."""
    parts = urlsplit(settings.PUBLIC_URL)
    return parts.scheme == "https" and parts.port in PORTS and _is_public(parts.hostname or "")


def _is_public(host: str) -> bool:
    """Whether this is the name or address of a machine that others can find."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        return "." in host and not host.endswith(INSIDE)


def address_of(platform: str) -> str:
    """Where the shops of a platform deliver to, or below which."""
    return f"{settings.PUBLIC_URL}/api/webhooks/{platform}"


def place_of(channel: Channel) -> Place:
    """Where the shop of a connected channel delivers to. Raises NotFound where there is none, or not now.

    The address tells which secret a webhook was made with: after a disconnect those in the shop have an old
    one, which it never shows.
    """
    if not platforms.has_shop(channel.platform):
        raise NotFound("There is no shop behind this channel that could tell of changes.")
    base = address_of(channel.platform)
    if channel.platform == shopify_apps.PLATFORM:
        return Place(base, secret="")
    secret = webhooks.secret_for(channel)
    return Place(f"{base}/{channel.id}?v={digest(secret)[:8]}", secret)


@dataclass(frozen=True)
class Health:
    """How a channel's shop tells of changes."""

    #: {topic, state, since}
    items: list[dict[str, Any]]
    problem: str
    checked_at: datetime | None
    heard_at: datetime | None


def health_of(channel: Channel) -> Health:
    """What is known of the channel's webhooks."""
    items = [hook | {"since": since(hook)} for hook in channel.hooks]
    return Health(items, trouble_of(channel), channel.hooks_checked_at, channel.heard_at)


def trouble_of(channel: Channel) -> str:
    """What is wrong with the channel's webhooks, in words for the owner; empty where nothing is known."""
    if channel.hooks_problem:
        return channel.hooks_problem
    missing = [hook["topic"] for hook in channel.hooks if hook["state"] == "refused"]
    if missing:
        return MISSING.format(topics=", ".join(missing))
    return SILENT.format(url=settings.PUBLIC_URL) if _is_silent(channel) else ""


def _is_silent(channel: Channel) -> bool:
    """Whether nothing ever came, not even the ping of a new webhook, which Shopify does not send."""
    if channel.platform == shopify_apps.PLATFORM or not channel.hooks or channel.heard_at is not None:
        return False
    return min(since(hook) for hook in channel.hooks) < now() - QUIET


def since(hook: dict[str, str]) -> datetime:
    """When a channel's webhook was made, or first found."""
    return datetime.fromisoformat(hook["since"])


def forget(channel: Channel) -> None:
    """Know nothing any more about the webhooks of a channel whose keys are wiped."""
    channel.hooks, channel.hooks_problem = [], ""
    channel.hooks_checked_at = channel.heard_at = None


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
        Channel.platform.not_in(platforms.WITHOUT_SHOP),
        or_(Channel.hooks_checked_at.is_(None), Channel.hooks_checked_at <= before),
        ~jobs.recent(KIND, Channel.id, before),
    )


def _task(channel_id: str) -> _Task | None:
    channel = _connected(channel_id)
    if channel is None:
        return None
    place = place_of(channel)
    former = [address for address in channel.hook_addresses if address != place.address]
    # Noted before the shop is asked: what comes of it may never be known.
    channel.hook_addresses = [*former, place.address]
    return _Task(channel.platform, channel.capabilities, place, former)


def _connected(channel_id: str) -> Channel | None:
    channel = db.session.get(Channel, channel_id, with_for_update=True)
    return channel if channel is not None and channel.state == "connected" else None


def _note(claim: jobs.Claim, hooks: list[Hook], place: Place) -> None:
    channel = _connected(claim.subject)
    if channel is not None:
        known = {hook["topic"]: hook["since"] for hook in channel.hooks if hook["state"] != "refused"}
        moment = now().isoformat()
        channel.hooks = [
            {
                "topic": hook.topic,
                "state": hook.state,
                "since": known.get(hook.topic, moment) if hook.state == "active" else moment,
            }
            for hook in hooks
        ]
        channel.hooks_problem, channel.hooks_checked_at = "", now()
        channel.hook_addresses = [place.address]
    jobs.check(claim)


def _note_problem(claim: jobs.Claim, error: StoreError) -> None:
    """Where waiting can help, what was known of the webhooks stays."""
    channel = _connected(claim.subject)
    if channel is not None:
        channel.hooks_problem = error.message
        if not error.retryable:
            channel.hooks, channel.hooks_checked_at = [], now()
    jobs.check(claim)
