"""The stored pieces of renders: found again by what they were made from, added, swept.

A piece is never changed. One that a render refers to is never swept: whoever adds references and
whoever sweeps holds the lock of the feed's row while doing so.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    or_,
    select,
)

from sync2sys.database import Prepared
from sync2sys.extensions import db
from sync2sys.models import Chunk, Feed, Render, RenderChunk, ToldChunk

#: Rows a statement.
BATCH = 500
#: Pieces whose bytes are in memory at once: some 300 KB.
READ_AT_ONCE = 32
CHUNKS = cast(Table, Chunk.__table__)
PLACES = cast(Table, RenderChunk.__table__)
TOLD = cast(Table, ToldChunk.__table__)


class Piece(NamedTuple):
    """A stored piece without its bytes. Its lengths and checksum are named as in `formats.parts`."""

    id: int
    input_hash: str
    items: int
    in_stock: int
    raw_length: int
    length: int
    crc: int
    digest: str
    packed_digest: str
    #: how many items were left out, by reason, as JSON
    excluded: str | None
    #: how many published items have each note, as JSON
    noted: str | None


_PIECE = [
    CHUNKS.c[name]
    for name in (
        "id",
        "input_hash",
        "items",
        "in_stock",
        "length",
        "packed_length",
        "crc",
        "digest",
        "packed_digest",
        "excluded",
        "noted",
    )
]


_ASKED = [f"hash{number}" for number in range(BATCH)]


def find(feed_id: str, hashes: Sequence[str]) -> dict[str, Piece]:
    """The stored pieces that were made from these inputs, by input hash."""
    found: dict[str, Piece] = {}
    for start in range(0, len(hashes), BATCH):
        some = hashes[start : start + BATCH]
        # The query always asks for as many, so that it is compiled once.
        asked: dict[str, str] = dict(zip(_ASKED, [*some, *[some[0]] * (BATCH - len(some))], strict=True))
        rows = _find_query(db.engine).rows(db.session.connection(), feed=feed_id, **asked)
        found |= {row[1]: Piece._make(row) for row in rows}
    return found


@lru_cache(maxsize=16)
def _find_query(engine: Engine) -> Prepared:
    asked: list[BindParameter[str]] = [bindparam(name) for name in _ASKED]
    return Prepared(
        select(*_PIECE).where(CHUNKS.c.feed_id == bindparam("feed"), CHUNKS.c.input_hash.in_(asked))
    )


def add(rows: list[dict[str, Any]]) -> None:
    """Store new pieces."""
    db.session.execute(insert(CHUNKS), rows)


def refer(render_id: str, ids: "array[int]") -> None:
    """Put a render together from pieces. IntegrityError where one was swept meanwhile."""
    _put(PLACES, render_id, ids)


def tell(render_id: str, ids: "array[int]") -> None:
    """Say in which pieces the last look at a render's content found something to say. Raises as `refer`."""
    before = select(TOLD.c.chunk_id).filter_by(render_id=render_id).order_by(TOLD.c.no)
    if array("q", db.session.scalars(before)) == ids:
        return
    db.session.execute(delete(TOLD).filter_by(render_id=render_id))
    _put(TOLD, render_id, ids)


def _put(table: Table, render_id: str, ids: "array[int]") -> None:
    for start in range(0, len(ids), BATCH):
        places = enumerate(ids[start : start + BATCH], start)
        db.session.execute(
            insert(table), [{"render_id": render_id, "no": no, "chunk_id": piece} for no, piece in places]
        )


def ids_of(connection: Connection, render_id: str) -> set[int]:
    """The pieces of a render."""
    return set(connection.execute(select(PLACES.c.chunk_id).filter_by(render_id=render_id)).scalars())


def ids_with_items(connection: Connection, render_id: str) -> "array[int]":
    """The pieces of a render that hold items, in its order."""
    query = select(PLACES.c.chunk_id).join(CHUNKS, PLACES.c.chunk_id == CHUNKS.c.id)
    query = query.where(PLACES.c.render_id == render_id, CHUNKS.c["items"] > 0).order_by(PLACES.c.no)
    return array("q", connection.execute(query).scalars())


def count(connection: Connection, render_id: str, places: Table = PLACES) -> int:
    """How many pieces a render has."""
    last = select(places.c.no).filter_by(render_id=render_id).order_by(places.c.no.desc()).limit(1)
    no = connection.execute(last).scalar()
    return 0 if no is None else no + 1


def packed(connection: Connection, render_id: str, first: int, after: int) -> list[bytes]:
    """The deflated bytes of some of a render's pieces: those numbered `first` up to before `after`."""
    return list(connection.execute(_of_render([CHUNKS.c.packed], render_id, first, after)).scalars())


def packed_of_render(connection: Connection, render_id: str) -> Iterator[bytes]:
    """The deflated bytes of a render, piece by piece."""
    for first in range(0, count(connection, render_id), READ_AT_ONCE):
        yield from packed(connection, render_id, first, first + READ_AT_ONCE)


def packed_of(connection: Connection, ids: "array[int]") -> Iterator[bytes]:
    """The deflated bytes of these pieces in this order, piece by piece."""
    for start in range(0, len(ids), READ_AT_ONCE):
        some = ids[start : start + READ_AT_ONCE]
        rows = connection.execute(select(CHUNKS.c.id, CHUNKS.c.packed).where(CHUNKS.c.id.in_(set(some))))
        found = {row.id: row.packed for row in rows}
        yield from (found[piece] for piece in some)


def prices_of_render(connection: Connection, render_id: str) -> Iterator[dict[str, str]]:
    """Key -> price of a render's items, piece by piece."""
    for first in range(0, count(connection, render_id), BATCH):
        query = _of_render([CHUNKS.c.prices], render_id, first, first + BATCH)
        yield from connection.execute(query).scalars()


def told_of_render(connection: Connection, render_id: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(key -> notes of published items, key -> reasons of others) of a render, piece by piece."""
    for first in range(0, count(connection, render_id, TOLD), BATCH):
        query = _of_render([CHUNKS.c.notes, CHUNKS.c.left_out], render_id, first, first + BATCH, TOLD)
        for notes, left_out in connection.execute(query):
            yield notes or {}, left_out or {}


def prices_of(connection: Connection, ids: Iterable[int]) -> Iterator[dict[str, str]]:
    """Key -> price of the items of these pieces, piece by piece."""
    rest = iter(ids)
    while some := list(islice(rest, BATCH)):
        yield from connection.execute(select(CHUNKS.c.prices).where(CHUNKS.c.id.in_(some))).scalars()


def _of_render(
    columns: list[ColumnElement[Any]], render_id: str, first: int, after: int, places: Table = PLACES
) -> Select[Any]:
    return (
        select(*columns)
        .join(places, places.c.chunk_id == CHUNKS.c.id)
        .where(places.c.render_id == render_id, places.c.no >= first, places.c.no < after)
        .order_by(places.c.no)
    )


def take_apart(render_id: str) -> bool:
    """Remove some of a render's references, and at last the render; whether there is more to do."""
    last = db.session.scalar(
        select(PLACES.c.no).filter_by(render_id=render_id).order_by(PLACES.c.no.desc()).limit(1)
    )
    if last is None:
        db.session.execute(delete(Render).filter_by(id=render_id))
        return False
    db.session.execute(delete(PLACES).filter_by(render_id=render_id).where(PLACES.c.no > last - 4 * BATCH))
    return True


def unused(feed_id: str) -> list[int]:
    """Pieces that no render refers to: of renders that were removed, or that were never finished."""
    return list(db.session.scalars(select(CHUNKS.c.id).filter_by(feed_id=feed_id).where(~_is_used())))


def sweep(feed_id: str, ids: Sequence[int]) -> None:
    """Remove those of these pieces that still are in no render."""
    db.session.get(Feed, feed_id, with_for_update=True, populate_existing=True)
    db.session.execute(delete(CHUNKS).where(CHUNKS.c.id.in_(ids), ~_is_used()))


def _is_used() -> ColumnElement[bool]:
    return or_(
        *(select(table.c.no).where(table.c.chunk_id == CHUNKS.c.id).exists() for table in (PLACES, TOLD))
    )
