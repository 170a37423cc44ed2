"""Pulls: what a shop answered, staged until it is complete."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import JsonText, LongBytes, LongText, Moment, new_id, now


class Pull(Base):
    """One look at a shop. The live rows change only when it is complete.

    `state`: running; applied; held (it would remove too much, see `problem`); released (held, but the
    owner agrees: the next full pull may remove that much); failed; abandoned (too old to be resumed, or
    replaced).
    """

    __tablename__ = "pull"
    __table_args__ = (Index("ix_pull_channel", "channel_id", "started_at"), TABLE)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20), default="running")
    #: None for a full pull; else only what changed after it
    since: Mapped[datetime | None] = mapped_column(Moment)
    #: of the keys it was begun with: other keys may see another catalogue
    key_fingerprint: Mapped[str | None] = mapped_column(String(100))
    #: the connector's place; a pull resumes after it
    cursor: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    pages_done: Mapped[int] = mapped_column(default=0)
    pages_total: Mapped[int | None]
    product_total: Mapped[int | None]
    variant_total: Mapped[int | None]
    problem: Mapped[str] = mapped_column(LongText, default="")
    #: what applying it did: products added, changed, removed, left out by the plan's limit
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    removed: Mapped[int] = mapped_column(default=0)
    over_limit: Mapped[int] = mapped_column(default=0)
    #: of the staged ids, to recognize a second pull with the same result
    result_hash: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(Moment, default=now)
    touched_at: Mapped[datetime] = mapped_column(Moment, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class PullItem(Base):
    """One product or variant of a pull. Its record is kept only where the live row differs."""

    __tablename__ = "pull_item"

    pull_id: Mapped[str] = mapped_column(ForeignKey("pull.id", ondelete="CASCADE"), primary_key=True)
    #: product or variant
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(32))
    #: deflated JSON of the columns to write
    record: Mapped[bytes | None] = mapped_column(LongBytes)
