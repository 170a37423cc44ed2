"""What can be said of a channel at a glance: its row, how much is mirrored, and a sync under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from sync2sys.extensions import db
from sync2sys.models import Channel, Job, Product, Pull
from sync2sys.services import hooks


@dataclass(frozen=True)
class Progress:
    """A sync that waits or runs, and how far it is."""

    #: queued or running
    state: str
    #: a queued one does not begin before
    due_at: datetime
    is_full: bool
    pages_done: int
    pages_total: int | None
    started_at: datetime | None


@dataclass(frozen=True)
class Overview:
    channel: Channel
    products: int
    webhooks: hooks.Health
    sync: Progress | None


def of(channels: Sequence[Channel]) -> list[Overview]:
    """An overview of each channel, in their order."""
    ids = [channel.id for channel in channels]
    counts = _counts(ids)
    syncs = {job.subject: job for job in _live_syncs(ids)}
    running = {pull.channel_id: pull for pull in _running_pulls(ids)}
    return [
        Overview(
            channel,
            counts.get(channel.id, 0),
            hooks.health_of(channel),
            _progress(syncs.get(channel.id), running.get(channel.id)),
        )
        for channel in channels
    ]


def _counts(ids: list[str]) -> dict[str, int]:
    query = select(Product.channel_id, func.count()).where(Product.channel_id.in_(ids))
    return dict(db.session.execute(query.group_by(Product.channel_id)).all())


def _live_syncs(ids: list[str]) -> Sequence[Job]:
    keys = [f"sync:{channel_id}" for channel_id in ids]
    return db.session.scalars(select(Job).where(Job.live_key.in_(keys))).all()


def _running_pulls(ids: list[str]) -> Sequence[Pull]:
    return db.session.scalars(select(Pull).where(Pull.channel_id.in_(ids), Pull.state == "running")).all()


def _progress(job: Job | None, pull: Pull | None) -> Progress | None:
    """How far a live sync is. A queued one with a pull goes on with that."""
    if job is None:
        return None
    return Progress(
        state=job.state,
        due_at=job.due_at,
        is_full=pull.since is None if pull else bool(job.payload.get("full")),
        pages_done=pull.pages_done if pull else 0,
        pages_total=pull.pages_total if pull else None,
        started_at=pull.started_at if pull else None,
    )
