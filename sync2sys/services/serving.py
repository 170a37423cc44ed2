"""What is served at public addresses: short to find, streamed in constant memory.

This process remembers for a second what it found, and the bytes of small renders for as long as
there is room. A render never changes, so its bytes cannot be stale, only no longer wanted.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, event, func, or_, select

from sync2sys.database import reading
from sync2sys.extensions import db, shelf
from sync2sys.formats import parts
from sync2sys.formats.parts import CorruptPart, Extent
from sync2sys.models import Feed, Render, RenderShard
from sync2sys.services import pieces

#: How long another process's change may go unseen.
FRESH_SECONDS = 1.0
ADDRESSES_KEPT = 4096
#: Bodies up to this are kept, as many as fit into the room.
SMALL, ROOM = 1024 * 1024, 16 * 1024 * 1024
#: What is sent at once.
PACKET = 64 * 1024
_CHANGED = "sync2sys changed feeds"
#: The name of any file of a feed but the first.
_FURTHER = re.compile(r"([^.]+)\.([2-9]|[1-9][0-9]{1,5})\Z")


@dataclass(frozen=True)
class Served:
    """A file of the live render of a published feed, as it is served at one of the feed's addresses."""

    #: as it is asked for, see `name_of`
    name: str
    slug: str
    feed_id: str
    render_id: str
    generation: int
    #: of the file, and how many the render has
    no: int
    shards: int
    #: the file's place among the render's pieces
    first_piece: int
    pieces: int
    extent: Extent
    gzip_length: int
    etag: str
    gzip_etag: str
    content_type: str
    extension: str
    items: int
    changed_at: datetime
    generated_at: datetime

    @property
    def is_secret(self) -> bool:
        """Whether only those know the address who were told."""
        return self.name != name_of(self.slug, self.no)


class Shelf:
    """What one process remembers of one database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: name -> what was found, and when by the monotonic clock
        self._found: dict[str, tuple[Served, float]] = {}
        self._bodies: OrderedDict[tuple[str, int, bool], bytes] = OrderedDict()
        self._size = 0
        #: grows whenever something is forgotten
        self.age = 0

    def find(self, name: str) -> Served | None:
        """What was found by this name less than a second ago."""
        served, at = self._found.get(name, (None, 0.0))
        return served if time.monotonic() - at < FRESH_SECONDS else None

    def keep(self, served: Served, at: float, age: int) -> Served:
        """Remember what was found, unless something changed since the shelf had that age.

        An equal one stays the same object, with all that hangs on it.
        """
        known, _ = self._found.get(served.name, (None, 0.0))
        served = known if known == served else served
        if len(self._found) >= ADDRESSES_KEPT:
            self._found.clear()
        if age == self.age:
            self._found[served.name] = (served, at)
        return served

    def forget(self, address: str) -> None:
        """Forget all files of a feed at this slug or secret."""
        self.age += 1
        further = f"{address}."
        for name in [name for name in list(self._found) if name.startswith(further)]:
            self._found.pop(name, None)
        self._found.pop(address, None)

    def body(self, served: Served, is_gzip: bool) -> bytes | None:
        """All bytes of a file, deflated or not, if they were kept."""
        key = (served.render_id, served.no, is_gzip)
        body = self._bodies.get(key)
        if body is not None:
            with self._lock:
                if key in self._bodies:
                    self._bodies.move_to_end(key)
        return body

    def keep_body(self, served: Served, is_gzip: bool, body: bytes) -> None:
        key = (served.render_id, served.no, is_gzip)
        with self._lock:
            self._size += len(body) - len(self._bodies.pop(key, b""))
            self._bodies[key] = body
            while self._size > ROOM:
                self._size -= len(self._bodies.popitem(last=False)[1])


def requested(path: str) -> tuple[str, bool]:
    """The name of what is asked for by the end of a path, and whether it is the compressed file itself."""
    return path.removesuffix(".gz"), path.endswith(".gz")


def name_of(address: str, no: int) -> str:
    """What a feed's file is asked for by at the feed's slug or secret: the first one by that alone."""
    return address if no == 1 else f"{address}.{no}"


def changed(feed: Feed) -> None:
    """What is served at the feed's addresses changes with the commit: this process shows it from then on.

    To be called before and after an address itself changes.
    """
    addresses = {feed.slug, feed.secret} - {None}
    db.session.info.setdefault(_CHANGED, set()).update(addresses)


@event.listens_for(db.session, "after_commit")
def _forget_changed(session: Any) -> None:
    for name in session.info.pop(_CHANGED, ()):
        shelf.forget(name)


def find(name: str) -> Served | None:
    """What is served by this name; None where no feed is published, none was rendered yet, or it has fewer
    files."""
    served = shelf.find(name)
    if served is not None:
        return served
    at, age = time.monotonic(), shelf.age
    with _reading(db.engine) as connection:
        served = _look_up(connection, name)
    if served is None:
        shelf.forget(name)
        return None
    return shelf.keep(served, at, age)


def awaits_render(name: str) -> str | None:
    """The id of a published feed that was never rendered; one whose first render is held is no such feed."""
    query = select(Feed.id).where(_is_at(name), Feed.published)
    query = query.where(Feed.live_render_id.is_(None), Feed.held_render_id.is_(None))
    with _reading(db.engine) as connection:
        return connection.execute(query).scalar()


def small_body(served: Served, is_gzip: bool) -> bytes | None:
    """All bytes of a file, deflated or not, where they are few enough to be kept."""
    if (served.gzip_length if is_gzip else served.extent.raw_length) > SMALL:
        return None
    body = shelf.body(served, is_gzip)
    if body is None:
        body = b"".join(stream(served, is_gzip))
        shelf.keep_body(served, is_gzip, body)
    return body


def stream(served: Served, is_gzip: bool) -> Iterator[bytes]:
    """The bytes of a file, some at a time, without keeping a transaction open in between.

    Raises CorruptPart where the render is removed meanwhile: a reader must see a broken connection,
    never a shorter feed.
    """
    data = _data(db.engine, served)
    return _packets((parts.gzip if is_gzip else parts.plain)(served.extent, data))


def _data(engine: Engine, served: Served) -> Iterator[bytes]:
    end = served.first_piece + served.pieces
    for first in range(served.first_piece, end, pieces.READ_AT_ONCE):
        after = min(first + pieces.READ_AT_ONCE, end)
        with _reading(engine) as connection:
            found = pieces.packed(connection, served.render_id, first, after)
        if len(found) != after - first:
            raise CorruptPart("The render was removed while it was being read.")
        yield from found


def _packets(data: Iterable[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for piece in data:
        waiting.append(piece)
        size += len(piece)
        if size >= PACKET:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads, for as long as a query takes."""
    token = reading.set(True)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        reading.reset(token)


def _is_at(address: str) -> ColumnElement[bool]:
    """SQL: the feed has this slug or secret."""
    return or_(and_(Feed.slug == address, Feed.secret_only.is_(False)), Feed.secret == address)


def _look_up(connection: Connection, name: str) -> Served | None:
    further = _FURTHER.match(name)
    address, no = (further[1], int(further[2])) if further else (name, 1)
    last = select(func.max(RenderShard.no)).where(RenderShard.render_id == Render.id).correlate(Render)
    query = (
        select(
            Feed.slug,
            Feed.id.label("feed_id"),
            Render.id,
            Render.generation,
            last.scalar_subquery().label("shards"),
            RenderShard.first_chunk,
            RenderShard.chunks,
            RenderShard.etag,
            RenderShard.gzip_etag,
            RenderShard.crc,
            RenderShard.length,
            RenderShard.gzip_length,
            RenderShard.items,
            RenderShard.changed_at,
            Render.content_type,
            Render.extension,
            Render.generated_at,
        )
        .join(Render, Feed.live_render_id == Render.id)
        .join(RenderShard, RenderShard.render_id == Render.id)
        .where(_is_at(address), Feed.published, RenderShard.no == no)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    around = parts.gzip_length(parts.NOTHING)
    return Served(
        name=name,
        slug=row.slug,
        feed_id=row.feed_id,
        render_id=row.id,
        generation=row.generation,
        no=no,
        shards=row.shards,
        first_piece=row.first_chunk,
        pieces=row.chunks,
        extent=Extent(row.length, row.crc, row.gzip_length - around),
        gzip_length=row.gzip_length,
        etag=row.etag,
        gzip_etag=row.gzip_etag,
        content_type=row.content_type,
        extension=row.extension,
        items=row.items,
        changed_at=row.changed_at,
        generated_at=row.generated_at,
    )
