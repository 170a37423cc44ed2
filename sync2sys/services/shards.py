"""The files of a render: one, or several where the channel takes no more in one file.

Each is a whole document. Several are cut between two chunks, so that no product is parted, and where
nothing but the products nearby says so: one that comes or goes changes its own file and mostly no other,
and equal items are cut alike.
"""

from array import array
from collections.abc import Sequence
from copy import copy
from hashlib import sha256
from math import inf
from typing import NamedTuple

from sqlalchemy import Connection, select

from sync2sys.formats import chunks
from sync2sys.formats.base import Format
from sync2sys.formats.parts import NOTHING, Extent, total
from sync2sys.models import RenderShard
from sync2sys.services.pieces import Piece

#: A file that must be cut is cut when it is filled at least so far.
FILLED = 0.9


class Shard(NamedTuple):
    """A file, put together from stored pieces."""

    ids: "array[int]"
    items: int
    extent: Extent
    #: of its content, and of its compressed form
    etag: str
    gzip_etag: str

    @property
    def outline(self) -> tuple[int, int]:
        """Its length and CRC-32."""
        return self.extent.raw_length, self.extent.crc


def joint_etag(shards: Sequence[Shard]) -> str:
    """The hash of all files: equal hashes, equal files. A single file's is its own."""
    if len(shards) == 1:
        return shards[0].etag
    return sha256(b"".join(shard.etag.encode() for shard in shards)).hexdigest()[:32]


def outlines(connection: Connection, render_id: str) -> list[tuple[int, int]]:
    """The outline of each file of a stored render."""
    query = select(RenderShard.length, RenderShard.crc).filter_by(render_id=render_id)
    return [(row.length, row.crc) for row in connection.execute(query.order_by(RenderShard.no))]


class Binder:
    """Binds pieces, as they come, to files that hold no more than the format allows.

    A file of a single chunk may hold more: there is no smaller one.
    """

    def __init__(self, format: Format, prologue: Piece, separator: Piece, epilogue: Piece) -> None:
        self._prologue, self._separator, self._epilogue = prologue, separator, epilogue
        self._most_items: float = format.most_items or inf
        self._most_bytes: float = (format.most_bytes or inf) - separator.raw_length - epilogue.raw_length
        self._done: list[Shard] = []
        self._open = self._new()
        self._cut: _Cut | None = None

    def add(self, piece: Piece, first: str) -> None:
        """Put a chunk behind the others; `first` is the key of its first product."""
        while piece.items and self._open.items and not self._has_room(piece, 1):
            self._begin_next()
        if not self._has_room(piece, FILLED) and chunks.begins(first):
            self._propose(chunks.rank(first))
        self._open.add(piece, self._separator)
        if self._cut is not None:
            self._cut.behind.add(piece, self._separator)

    def shards(self) -> list[Shard]:
        """The files of all that was added; one where that fits into one."""
        return [*self._done, self._open.ended(self._epilogue)]

    def _has_room(self, piece: Piece, share: float) -> bool:
        """Whether the open file is filled to no more than this share with the piece in it."""
        items, length = self._open.items + piece.items, self._open.extent.raw_length + piece.raw_length
        return items <= share * self._most_items and length <= share * self._most_bytes

    def _propose(self, rank: int) -> None:
        """The open file can end here. Of all such places the lowest rank counts, not the first or the last:
        a little more or less before them does not change which one that is."""
        if self._open.items and (self._cut is None or rank < self._cut.rank):
            self._cut = _Cut(rank, self._open.ended(self._epilogue), self._new())

    def _begin_next(self) -> None:
        cut = self._cut or _Cut(0, self._open.ended(self._epilogue), self._new())
        self._done.append(cut.before)
        self._open, self._cut = cut.behind, None

    def _new(self) -> "_Growing":
        return _Growing(self._prologue)


class _Growing:
    """A file that has no end yet."""

    def __init__(self, prologue: Piece) -> None:
        self.items = 0
        self.extent = NOTHING
        self._ids = array("q")
        self._content, self._packed = sha256(), sha256()
        self._put(prologue)

    def add(self, piece: Piece, separator: Piece) -> None:
        if piece.items and self.items and separator.raw_length:
            self._put(separator)
        self._put(piece)

    def ended(self, epilogue: Piece) -> Shard:
        """What it is with this at its end. It may grow on."""
        end = copy(self)
        end._ids, end._content, end._packed = self._ids[:], self._content.copy(), self._packed.copy()
        end._put(epilogue)
        etags = (each.hexdigest()[:32] for each in (end._content, end._packed))
        return Shard(end._ids, end.items, end.extent, *etags)

    def _put(self, piece: Piece) -> None:
        self._ids.append(piece.id)
        self.items += piece.items
        if piece.raw_length:
            self.extent = total((self.extent, Extent(piece.raw_length, piece.crc, piece.length)))
            self._content.update(piece.digest.encode())
            self._packed.update(piece.packed_digest.encode())


class _Cut(NamedTuple):
    """Where the open file would be cut."""

    rank: int
    before: Shard
    #: what came since
    behind: _Growing
