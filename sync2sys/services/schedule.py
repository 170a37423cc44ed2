"""What is due by the clock. Every worker asks; jobs being unique while live, nothing is done twice."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    delete,
    exists,
    false,
    literal,
    or_,
    select,
)

from sync2sys.database import look, transaction
from sync2sys.extensions import db, settings
from sync2sys.models import (
    Channel,
    Feed,
    Installation,
    Membership,
    Organization,
    Supplier,
    Token,
    User,
    Worker,
    Writing,
)
from sync2sys.models.base import now
from sync2sys.services import (
    holds,
    hooks,
    jobs,
    offer_lists,
    pulls,
    shopify_flows,
    suppliers,
    tokens,
    webhooks,
    write_runs,
    write_settings,
)

#: How often the sweep runs, and how soon a render is tried again that did not take the feed off the list.
SWEEP_EVERY = timedelta(hours=1)
RENDER_AGAIN = timedelta(minutes=5)
#: How often shops are compared with what was decided where nothing was decided anew.
WRITE_EVERY = timedelta(hours=1)
UNUSED = timedelta(days=7)
WORKER_GONE = timedelta(days=1)
#: More than that many waits for the next tick.
AT_ONCE = 200
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


def tick() -> int:
    """Queue whatever is due now; returns how many jobs."""
    queued = 0
    for channel_id in look(_due_channels)():
        queued += transaction(_queue_sync)(channel_id)
    for channel_id in look(_due_hooks)():
        queued += transaction(_queue_hooks)(channel_id)
    for supplier_id in look(_due_suppliers)():
        queued += transaction(_queue_import)(supplier_id)
    for channel_id in look(_due_writings)():
        queued += transaction(_queue_writing)(channel_id)
    for feed_id in look(_due_feeds)():
        queued += transaction(_queue_render)(feed_id)
    if look(_sweep_is_due)():
        queued += transaction(_queue_sweep)()
    return queued


def _sync_is_due() -> ColumnElement[bool]:
    """SQL: the channel is connected, and nothing was tried for SYNC_MINUTES."""
    before = now() - timedelta(minutes=settings.SYNC_MINUTES)
    return and_(
        Channel.state == "connected",
        Channel.sealed_credentials.is_not(None),
        or_(Channel.synced_at.is_(None), Channel.synced_at <= before),
        ~jobs.recent("sync", Channel.id, before),
    )


def _due_channels() -> list[str]:
    if not settings.SYNC_MINUTES:
        return []
    query = select(Channel.id).where(_sync_is_due()).order_by(Channel.synced_at, Channel.id)
    return list(db.session.scalars(query.limit(AT_ONCE)))


def _queue_sync(channel_id: str) -> int:
    """Queue it, unless another worker was faster: asked again behind the channel's lock."""
    db.session.get(Channel, channel_id, with_for_update=True)
    channel = db.session.scalar(select(Channel).where(Channel.id == channel_id, _sync_is_due()))
    if channel is None:
        return 0
    jobs.enqueue("sync", channel.id, {"full": is_full_due(channel)})
    return 1


def _due_hooks() -> list[str]:
    if not hooks.can_be_told():
        return []
    return list(
        db.session.scalars(select(Channel.id).where(hooks.is_due()).order_by(Channel.id).limit(AT_ONCE))
    )


def _queue_hooks(channel_id: str) -> int:
    db.session.get(Channel, channel_id, with_for_update=True)
    channel = db.session.scalar(select(Channel).where(Channel.id == channel_id, hooks.is_due()))
    if channel is None:
        return 0
    hooks.ask(channel)
    return 1


def _import_is_due() -> ColumnElement[bool]:
    """SQL: nothing was tried for as long as its owner said."""
    every = [minutes for minutes in db.session.scalars(select(Supplier.every_minutes).distinct()) if minutes]
    due = [
        and_(
            Supplier.every_minutes == minutes,
            ~jobs.recent("import", Supplier.id, now() - timedelta(minutes=minutes)),
        )
        for minutes in every
    ]
    return and_(Supplier.url != "", or_(*due)) if due else false()


def _due_suppliers() -> list[str]:
    query = select(Supplier.id).where(_import_is_due()).order_by(Supplier.fetched_at, Supplier.id)
    return list(db.session.scalars(query.limit(AT_ONCE)))


def _queue_import(supplier_id: str) -> int:
    db.session.get(Supplier, supplier_id, with_for_update=True)
    supplier = db.session.scalar(select(Supplier).where(Supplier.id == supplier_id, _import_is_due()))
    if supplier is None:
        return 0
    suppliers.ask_import(supplier)
    return 1


def _writings() -> Select[Any]:
    query = select(Writing.channel_id).join(Channel, Channel.id == Writing.channel_id)
    return query.where(write_settings.is_due(now() - WRITE_EVERY))


def _due_writings() -> list[str]:
    if not settings.WRITE_BACK:
        return []
    return list(
        db.session.scalars(_writings().order_by(Writing.planned_at, Writing.channel_id).limit(AT_ONCE))
    )


def _queue_writing(channel_id: str) -> int:
    db.session.get(Channel, channel_id, with_for_update=True)
    if db.session.scalar(_writings().where(Writing.channel_id == channel_id)) is None:
        return 0
    jobs.enqueue(write_settings.KIND, channel_id, {"by": write_settings.SCHEDULE})
    return 1


def is_full_due(channel: Channel) -> bool:
    """Whether the next look should be at everything.

    Once in FULL_SYNC_HOURS, at a moment of the channel's own, so that many shops are spread over the day;
    and when a held pull can be borne out.
    """
    if channel.full_synced_at is None or holds.is_ripe(channel.id):
        return True
    period = timedelta(hours=settings.FULL_SYNC_HOURS)
    return bool(period) and channel.full_synced_at < last_turn(channel.id, period, now())


def last_turn(channel_id: str, period: timedelta, moment: datetime) -> datetime:
    """The latest moment up to now at which the channel's turn began."""
    phase = int.from_bytes(blake2b(channel_id.encode(), digest_size=4).digest()) / 2**32 * period
    return moment - (moment - EPOCH - phase) % period


def _render_is_due() -> ColumnElement[bool]:
    return and_(
        Feed.published,
        Feed.stale_at <= now(),
        ~jobs.recent("render", Feed.id, now() - RENDER_AGAIN),
    )


def _due_feeds() -> list[str]:
    query = select(Feed.id).where(_render_is_due()).order_by(Feed.stale_at, Feed.id)
    return list(db.session.scalars(query.limit(AT_ONCE)))


def _queue_render(feed_id: str) -> int:
    db.session.get(Feed, feed_id, with_for_update=True)
    if db.session.scalar(select(Feed.id).where(Feed.id == feed_id, _render_is_due())) is None:
        return 0
    jobs.enqueue("render", feed_id)
    return 1


def _sweep_is_due() -> bool:
    recent = jobs.recent("sweep", literal("all"), now() - SWEEP_EVERY)
    return not db.session.scalar(select(recent))


def _queue_sweep() -> int:
    if not _sweep_is_due():
        return 0
    jobs.enqueue("sweep", "all")
    return 1


def sweep() -> dict[str, int]:
    """Delete what nobody needs any more; returns how much of what."""
    swept = {
        "tokens": transaction(_sweep_tokens)(),
        "organizations": transaction(_sweep_provisional)(),
        "installations": transaction(_sweep_installations)(),
        "users": transaction(_sweep_users)(),
        "pulls": transaction(pulls.sweep)(),
        "jobs": transaction(jobs.sweep)(),
        "deliveries": transaction(webhooks.sweep)(),
        "flows": transaction(shopify_flows.sweep)(),
        "workers": transaction(_sweep_workers)(),
        "written": _all_of(write_runs.sweep),
        "offers": _all_of(offer_lists.forget_gone),
    }
    log.info("swept", extra=swept)
    return swept


def _sweep_tokens() -> int:
    """Tokens that are refused anyway. A used refresh token is kept: coming again, it gives a thief away."""
    moment = now()
    revoked = and_(Token.state == "revoked", Token.used_at <= moment - UNUSED)
    return _delete(
        Token, or_(Token.expires_at <= moment, Token.used_at <= moment - tokens.IDLE_LIFE, revoked)
    )


def _sweep_provisional() -> int:
    """Organizations that an unproved token made, and that no token can reach any more."""
    return _delete(
        Organization,
        Organization.provisional,
        Organization.created_at <= now() - UNUSED,
        or_(Organization.active_at.is_(None), Organization.active_at <= now() - UNUSED),
        ~exists().where(Token.organization_id == Organization.id),
    )


def _sweep_installations() -> int:
    """Plugins that registered and never connected a store."""
    return _delete(
        Installation,
        Installation.state == "pending",
        Installation.created_at <= now() - UNUSED,
        ~exists().where(Token.installation_id == Installation.id),
    )


def _sweep_users() -> int:
    """E-mail addresses without password, store, token or organization: only labels of what is gone."""
    return _delete(
        User,
        User.password_hash.is_(None),
        User.created_at <= now() - UNUSED,
        ~exists().where(Installation.user_id == User.id),
        ~exists().where(Membership.user_id == User.id),
        ~exists().where(Token.user_id == User.id),
    )


def _all_of(sweep_some: Callable[[], int]) -> int:
    """In many short transactions: there may be a million rows of one day."""
    swept = 0
    while some := transaction(sweep_some)():
        swept += some
    return swept


def _sweep_workers() -> int:
    return _delete(Worker, Worker.seen_at <= now() - WORKER_GONE)


def _delete(table: type, *conditions: SQLColumnExpression[bool]) -> int:
    query = delete(table).where(*conditions).execution_options(synchronize_session=False)
    return int(db.session.execute(query).rowcount)  # type: ignore[attr-defined]
