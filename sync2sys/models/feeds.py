"""Feeds and their renders.

A render is a list of chunks, which are one file, or several where the channel takes no more in one. A
chunk holds the deflated bytes of some neighbouring items and is shared by all renders in which those
items did not change.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import JsonText, LongBytes, LongText, Moment, new_id, now
from sync2sys.models.catalog import BigId
from sync2sys.models.organizations import Organization


class Feed(Base):
    """An export of an organization's products at a public address."""

    __tablename__ = "feed"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organization.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(200))
    #: unique over the installation; chosen by the owner, or 128 random bits
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    #: another address, which its owner can change at any time: 128 random bits
    secret: Mapped[str | None] = mapped_column(String(32), unique=True)
    #: nothing is served at the slug
    secret_only: Mapped[bool] = mapped_column(default=False)
    #: name of a channel format
    format: Mapped[str] = mapped_column(String(40))
    published: Mapped[bool] = mapped_column(default=False)
    #: ids of the channels it exports; None means all of the organization's
    sources: Mapped[list[str] | None] = mapped_column(JsonText)
    #: title, link and description of the feed document; whatever is missing comes from the shop
    document: Mapped[dict[str, str]] = mapped_column(JsonText, default=dict)
    #: what its owner made of the format: settings, filter, market and so on (`formats.custom`)
    definition: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    #: thresholds that the owner set, by the names of `guard.Thresholds`; all others are the usual ones
    guard: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    #: the render that is served
    live_render_id: Mapped[str | None] = mapped_column(String(36))
    #: a finished render that the guard holds back
    held_render_id: Mapped[str | None] = mapped_column(String(36))
    #: when its owner went back to an older render; newer ones are held from then on
    pinned_at: Mapped[datetime | None] = mapped_column(Moment)
    #: what the live render was made from; equal marks, nothing to do
    rendered_mark: Mapped[str] = mapped_column(String(64), default="")
    #: when time alone will change the content: a sale begins or ends
    stale_at: Mapped[datetime | None] = mapped_column(Moment, index=True)
    problem: Mapped[str] = mapped_column(LongText, default="")
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()


class Render(Base):
    """One generation of a feed.

    `state`: live, held, superseded (was live), dropped (never was), or removed while its pieces are
    being taken away.
    """

    __tablename__ = "render"
    __table_args__ = (UniqueConstraint("feed_id", "generation"), TABLE)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    feed_id: Mapped[str] = mapped_column(ForeignKey("feed.id", ondelete="CASCADE"))
    generation: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    #: the format version it was made by
    version: Mapped[str] = mapped_column(String(40))
    content_type: Mapped[str] = mapped_column(String(100))
    extension: Mapped[str] = mapped_column(String(10))
    items: Mapped[int]
    #: those of them that are not out of stock
    in_stock: Mapped[int]
    #: how many items were left out, by reason
    excluded: Mapped[dict[str, int]] = mapped_column(JsonText, default=dict)
    #: how many published items have each note, `code:field`
    noted: Mapped[dict[str, int]] = mapped_column(JsonText, default=dict)
    #: of the content of all its files; equal content, equal hash
    etag: Mapped[str] = mapped_column(String(64))
    #: of all files together
    length: Mapped[int] = mapped_column(BigInteger)
    gzip_length: Mapped[int] = mapped_column(BigInteger)
    #: why it is held
    hold: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonText)
    #: when this content was first made, and when it was last found to be right
    changed_at: Mapped[datetime] = mapped_column(Moment, default=now)
    generated_at: Mapped[datetime] = mapped_column(Moment, default=now)
    superseded_at: Mapped[datetime | None] = mapped_column(Moment)

    shards: Mapped[list["RenderShard"]] = relationship(order_by="RenderShard.no", passive_deletes=True)


class RenderShard(Base):
    """A file of a render: some of its chunks, neighbours. Most renders have one."""

    __tablename__ = "render_shard"

    render_id: Mapped[str] = mapped_column(ForeignKey("render.id", ondelete="CASCADE"), primary_key=True)
    #: from 1
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: place of its first chunk in the render, and how many there are
    first_chunk: Mapped[int]
    chunks: Mapped[int]
    items: Mapped[int]
    #: hashes of the content and of its compressed form; equal content, equal hash
    etag: Mapped[str] = mapped_column(String(64))
    gzip_etag: Mapped[str] = mapped_column(String(64))
    crc: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column(BigInteger)
    gzip_length: Mapped[int] = mapped_column(BigInteger)
    #: since when this content is served at its address
    changed_at: Mapped[datetime] = mapped_column(Moment)


class Chunk(Base):
    """The rendered bytes of neighbouring items. Never changed, only added and swept."""

    __tablename__ = "chunk"
    __table_args__ = (Index("ix_chunk_input", "feed_id", "input_hash"), TABLE)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    feed_id: Mapped[str] = mapped_column(ForeignKey("feed.id", ondelete="CASCADE"))
    #: of all that its bytes are made from
    input_hash: Mapped[str] = mapped_column(String(32))
    items: Mapped[int]
    in_stock: Mapped[int]
    length: Mapped[int]
    packed_length: Mapped[int]
    crc: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(32))
    packed_digest: Mapped[str] = mapped_column(String(32))
    excluded: Mapped[dict[str, int] | None] = mapped_column(JsonText)
    #: how many published items have each note, `code:field`
    noted: Mapped[dict[str, int] | None] = mapped_column(JsonText)
    # The long ones are last: whoever needs only what stands above does not read their pages.
    #: key -> price of its items, for the guard and for comparing renders
    prices: Mapped[dict[str, str]] = mapped_column(JsonText)
    #: key -> notes of a published item, and key -> reasons of one that was left out
    notes: Mapped[dict[str, list[str]] | None] = mapped_column(JsonText)
    left_out: Mapped[dict[str, list[str]] | None] = mapped_column(JsonText)
    packed: Mapped[bytes] = mapped_column(LongBytes)


class RenderChunk(Base):
    """The place of a chunk in a render."""

    __tablename__ = "render_chunk"
    __table_args__ = (Index("ix_render_chunk_chunk", "chunk_id"), TABLE)

    render_id: Mapped[str] = mapped_column(ForeignKey("render.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chunk_id: Mapped[int] = mapped_column(ForeignKey("chunk.id", ondelete="CASCADE"))


class ToldChunk(Base):
    """A chunk with something to say about its items, as the last look at a render's content found it.

    It need not be one of the render's own: what is said may change where no byte does.
    """

    __tablename__ = "told_chunk"
    __table_args__ = (Index("ix_told_chunk_chunk", "chunk_id"), TABLE)

    render_id: Mapped[str] = mapped_column(ForeignKey("render.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chunk_id: Mapped[int] = mapped_column(ForeignKey("chunk.id", ondelete="CASCADE"))
