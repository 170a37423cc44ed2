"""Pulls: a shop's answers, staged page by page until they are complete.

Each page is kept in one short transaction together with the connector's place, so a pull that was
broken off, even by kill -9, goes on after the last page that was kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from sync2sys.connectors import platforms
from sync2sys.connectors.base import Page
from sync2sys.database import look, transaction
from sync2sys.errors import Sync2SysError
from sync2sys.extensions import db
from sync2sys.models import Channel, Organization, Pull, PullItem
from sync2sys.models.base import now
from sync2sys.services import jobs, records
from sync2sys.services.records import PRODUCT, TABLES, VARIANT, VARIANT_IDS, Record
from sync2sys.services.upserts import table_of, upsert

#: A pull untouched for longer is not resumed: the shop has changed too much since.
RESUMABLE = timedelta(hours=1)
#: An incremental pull begins so much before the end of what is known: clocks differ, answers take time.
OVERLAP = timedelta(minutes=5)
#: A running pull that is so old is of a channel that nobody syncs any more.
FORGOTTEN = timedelta(days=1)
KEPT = 50
item = table_of(PullItem)
ITEM_KEYS = ("pull_id", "kind", "external_id")


class Superseded(Sync2SysError):
    """The channel was disconnected or got other keys meanwhile: this pull is of no use."""

    retryable = False


@dataclass(frozen=True)
class Place:
    """Where a pull stands, as plain values that outlive every transaction."""

    pull_id: str
    channel_id: str
    platform: str
    capabilities: dict[str, Any]
    key_fingerprint: str | None
    since: datetime | None
    cursor: dict[str, Any] | None
    #: ids of products that are said to have changed
    hints: tuple[str, ...] = ()

    @property
    def is_full(self) -> bool:
        return self.since is None


def begin(channel_id: str, full: bool, hints: Sequence[str] = ()) -> Place | None:
    """Go on with the channel's running pull, or begin a new one; None where nothing is to be pulled.

    A channel that was never mirrored is pulled whole. A running pull is replaced when it is too old, was
    begun with other keys, or is not full where a full one is wanted.
    """
    channel = db.session.get(Channel, channel_id, with_for_update=True, populate_existing=True)
    if channel is None or channel.state != "connected" or channel.sealed_credentials is None:
        return None
    full = full or channel.known_until is None
    pull = _resumable(channel, full)
    if pull is None:
        since = None if full or channel.known_until is None else channel.known_until - OVERLAP
        pull = Pull(channel_id=channel.id, since=since, key_fingerprint=channel.key_fingerprint)
        db.session.add(pull)
        db.session.flush()
        _clear_ended(Pull.channel_id == channel.id)
        _forget_old(channel.id)
    return Place(
        pull.id,
        channel.id,
        channel.platform,
        channel.capabilities,
        channel.key_fingerprint,
        pull.since,
        pull.cursor,
        tuple(hints),
    )


def _resumable(channel: Channel, full: bool) -> Pull | None:
    chosen = None
    running = select(Pull).filter_by(channel_id=channel.id, state="running").order_by(Pull.touched_at.desc())
    for pull in db.session.scalars(running).all():
        fresh = pull.touched_at > now() - RESUMABLE
        # What we have ourselves is read so fast that it is read anew, and all of it as of one moment.
        fresh = fresh and platforms.has_shop(channel.platform)
        fits = pull.key_fingerprint == channel.key_fingerprint and (pull.since is None or not full)
        if chosen is None and fresh and fits:
            chosen = pull
        else:
            end(pull, "abandoned", "Too old to go on with." if not fresh else "Replaced by another one.")
            clear(pull.id)
    return chosen


def _forget_old(channel_id: str) -> None:
    ids = select(Pull.id).filter_by(channel_id=channel_id).order_by(Pull.started_at.desc(), Pull.id)
    surplus = db.session.scalars(ids.offset(KEPT)).all()
    if surplus:
        db.session.execute(delete(item).where(item.c.pull_id.in_(surplus)))
        db.session.execute(delete(Pull).where(Pull.id.in_(surplus)))


def stage(place: Place, page: Page, claim: jobs.Claim) -> None:
    """Keep one page. Raises LostLease or Superseded, and then it is not kept."""
    rows = _rows(place, PRODUCT, [records.of_product(product) for product in page.products], page)
    rows += _rows(place, VARIANT, [records.of_variant(variant) for variant in page.variants], page)
    transaction(_keep)(place, page, rows, claim)


def _rows(place: Place, kind: str, found: Sequence[Record], page: Page) -> list[dict[str, Any]]:
    """Rows to stage. A full pull leaves out the record of what the mirror already has."""
    by_id = {record["external_id"]: record for record in found}
    known = look(_live_hashes)(kind, place.channel_id, list(by_id)) if place.is_full else {}
    lists = {} if place.is_full or kind != PRODUCT else _variant_lists(page)
    rows = []
    for external_id, received in by_id.items():
        record, content_hash = records.fingerprinted(received)
        packed = None
        if known.get(external_id) != content_hash:
            extra = {VARIANT_IDS: lists[external_id]} if external_id in lists else {}
            packed = records.pack(records.with_text(record) | extra)
        rows.append(
            {
                "pull_id": place.pull_id,
                "kind": kind,
                "external_id": external_id,
                "content_hash": content_hash,
                "record": packed,
            }
        )
    return rows


def _variant_lists(page: Page) -> dict[str, list[str]]:
    return {
        product.external_id: list(product.variant_ids)
        for product in page.products
        if product.variant_ids is not None
    }


def _live_hashes(kind: str, channel_id: str, ids: list[str]) -> dict[str, str]:
    table = TABLES[kind]
    query = select(table.c.external_id, table.c.content_hash).where(
        table.c.channel_id == channel_id, table.c.external_id.in_(ids)
    )
    return dict(db.session.execute(query).all())


def _keep(place: Place, page: Page, rows: list[dict[str, Any]], claim: jobs.Claim) -> None:
    jobs.progress(claim)
    require_current(place)
    upsert(item, rows, ITEM_KEYS)
    _drop(place.pull_id, PRODUCT, page.gone_products)
    _drop(place.pull_id, VARIANT, page.gone_variants)
    pull = db.session.get_one(Pull, place.pull_id)
    pull.cursor, pull.touched_at = page.cursor, now()
    pull.pages_done, pull.pages_total = page.done, page.of
    if page.product_total is not None:
        pull.product_total = page.product_total
    if page.variant_total is not None:
        pull.variant_total = page.variant_total
    owner = select(Channel.organization_id).filter_by(id=place.channel_id).scalar_subquery()
    db.session.execute(update(Organization).where(Organization.id == owner).values(active_at=now()))


def require_current(place: Place) -> None:
    """Raise Superseded unless the channel is still connected, and with the same keys."""
    query = select(Channel.state, Channel.key_fingerprint).filter_by(id=place.channel_id)
    row = db.session.execute(query).one_or_none()
    if row is None or row.state != "connected" or row.key_fingerprint != place.key_fingerprint:
        raise Superseded("The store was disconnected, or connected anew, while it was being mirrored.")


def _drop(pull_id: str, kind: str, ids: Sequence[str]) -> None:
    if ids:
        db.session.execute(
            delete(item).where(item.c.pull_id == pull_id, item.c.kind == kind, item.c.external_id.in_(ids))
        )


def end(pull: Pull, state: str, problem: str = "") -> None:
    """Give the pull its final state."""
    pull.state, pull.problem, pull.finished_at = state, problem, now()


def clear(pull_id: str) -> None:
    """Delete what a finished pull had staged."""
    db.session.execute(delete(item).where(item.c.pull_id == pull_id))


def result_hash(pull_id: str) -> str:
    """A fingerprint of which products and variants are staged."""
    query = select(PullItem.kind, PullItem.external_id).filter_by(pull_id=pull_id)
    rows = db.session.execute(
        query.order_by(PullItem.kind, PullItem.external_id).execution_options(yield_per=5000)
    )
    result = blake2b(digest_size=32)
    for kind, external_id in rows:
        result.update(f"{kind} {external_id}\n".encode())
    return result.hexdigest()


def sweep() -> int:
    """Give up pulls that nobody goes on with, and delete what ended ones left staged; returns how many."""
    forgotten = select(Pull).where(Pull.state == "running", Pull.touched_at < now() - FORGOTTEN)
    for pull in db.session.scalars(forgotten).all():
        end(pull, "abandoned", "Nobody went on with it.")
    db.session.flush()
    return _clear_ended(Pull.finished_at > now() - 2 * FORGOTTEN)


def _clear_ended(among: ColumnElement[bool]) -> int:
    """A worker killed between the end of a pull and its cleaning leaves rows behind."""
    leftover = select(item.c.pull_id).where(item.c.pull_id == Pull.id).exists()
    ids = db.session.scalars(select(Pull.id).where(Pull.state != "running", among, leftover)).all()
    for pull_id in ids:
        clear(pull_id)
    return len(ids)
