"""Making the bytes of a render: the pieces that exist are found, those that do not are made and stored."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from sync2sys.database import look, transaction
from sync2sys.extensions import scans
from sync2sys.formats.base import Item
from sync2sys.formats.money import amount
from sync2sys.formats.parts import pack
from sync2sys.services import items, jobs, pieces, render_plans, taken_ids
from sync2sys.services.guard import Tally
from sync2sys.services.pieces import Piece
from sync2sys.services.render_plans import Plan
from sync2sys.services.scans import Span
from sync2sys.services.shards import Binder, Shard, joint_etag

#: Chunks of items that are looked up at once, and stored at once where they are missing.
BATCH = 2048
STORED = 256
#: Chunks whose items are read at once: about 500 items, with descriptions of any length.
RUN = 16
#: Different dates of sales that are remembered.
PHASES_KEPT = 10_000

_PRICE, _CURRENCY = Item._fields.index("price"), Item._fields.index("currency")
_AVAILABILITY = Item._fields.index("availability")


@dataclass
class Whole:
    """A render that is put together from stored pieces."""

    #: pieces of the render that is served now
    live_ids: set[int]
    #: its files, at least one
    shards: list[Shard] = field(default_factory=list)
    #: pieces that have something to say about their items
    told: "array[int]" = field(default_factory=lambda: array("q"))
    items: int = 0
    in_stock: int = 0
    #: items in pieces that are served already
    kept: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    #: when time alone changes it next
    stale_at: datetime | None = None

    def count(self, piece: Piece) -> None:
        self.items += piece.items
        self.in_stock += piece.in_stock
        if piece.id in self.live_ids:
            self.kept += piece.items
        if piece.excluded or piece.noted:
            self.told.append(piece.id)
        if piece.excluded:
            self.excluded.update(orjson.loads(piece.excluded))
        if piece.noted:
            self.noted.update(orjson.loads(piece.noted))

    @property
    def ids(self) -> "array[int]":
        """All pieces in their order."""
        return array("q", chain.from_iterable(shard.ids for shard in self.shards))

    @property
    def etag(self) -> str:
        return joint_etag(self.shards)

    @property
    def length(self) -> int:
        return sum(shard.extent.raw_length for shard in self.shards)

    @property
    def tally(self) -> Tally:
        return Tally(self.items, dict(self.excluded), self.in_stock)


class Wanted(NamedTuple):
    """The piece of a span, by what its bytes are made from."""

    input_hash: str
    span: Span


class Sale(NamedTuple):
    """What of an item the clock can change."""

    sale_price: str
    sale_from: datetime | None
    sale_to: datetime | None


class Press:
    """Makes a render of a plan: finds the pieces that exist, makes and stores those that do not."""

    def __init__(self, catalogue: Connection, plan: Plan, claim: jobs.Claim | None) -> None:
        self._catalogue = catalogue
        self._plan = plan
        self._claim = claim
        self._renderer = plan.renderer
        self._base = orjson.dumps(render_plans.base(plan.format, plan.context, plan.sources, plan.definition))
        self._scan = scans.of(catalogue, plan.sources)
        live_ids = pieces.ids_of(catalogue, plan.live.id) if plan.live else set()
        self._whole = Whole(live_ids)
        #: first product of a span -> keys of items that are left out because another one has their id
        self._duplicates: dict[str, list[str]] = {}
        #: dates of a sale -> the state it is in
        self._phases: dict[str, int] = {}

    def whole(self) -> Whole:
        renderer, whole = self._renderer, self._whole
        if taken_ids.are_possible(self._plan):
            self._duplicates = self._with_taken_ids()
            renderer.duplicates = dict.fromkeys(chain.from_iterable(self._duplicates.values()), "")
        around = self._fixed(renderer.prologue(), renderer.separator, renderer.epilogue())
        binder = Binder(self._plan.format, *around)
        for piece, first in self._item_pieces():
            whole.count(piece)
            binder.add(piece, first)
        whole.shards = binder.shards()
        if self._scan.without_variants:
            whole.excluded["no_variants"] += self._scan.without_variants
        return whole

    def _fixed(self, *texts: bytes) -> list[Piece]:
        """The pieces around and between the items."""
        hashes = [blake2b(b"fixed\0" + text, digest_size=16).hexdigest() for text in texts]
        found = look(pieces.find)(self._plan.feed_id, hashes)
        rows = [
            _row(self._plan.feed_id, input_hash, text, {})
            for input_hash, text in dict(zip(hashes, texts, strict=True)).items()
            if input_hash not in found
        ]
        if rows:
            found |= self._store(rows)
        return [found[input_hash] for input_hash in hashes]

    def _item_pieces(self) -> Iterator[tuple[Piece, str]]:
        """The pieces of the items, each with the key of its first product."""
        wanted = self._wanted()
        while batch := list(islice(wanted, BATCH)):
            if self._claim is not None:
                self._claim.go_on()
            found = look(pieces.find)(self._plan.feed_id, [want.input_hash for want in batch])
            rows = self._missing(batch, found.copy())
            while some := list(islice(rows, STORED)):
                found |= self._store(some)
            for want in batch:
                yield found[want.input_hash], want.span.first

    def _store(self, rows: list[dict[str, Any]]) -> dict[str, Piece]:
        return transaction(_add)(self._plan.feed_id, rows, self._claim)

    def _wanted(self) -> Iterator[Wanted]:
        """The pieces that the items make, by what tells whether they exist already."""
        for span in self._scan.spans:
            state = [self._phase(dates) for dates in span.sales]
            content = orjson.dumps([state, self._duplicates.get(span.first)])
            made_from = blake2b(self._base + span.digest + content, digest_size=16)
            yield Wanted(made_from.hexdigest(), span)

    def _phase(self, dates: str) -> int:
        """The clock-dependent state of an item whose sale has dates; also notes when that changes next."""
        known = self._phases.get(dates)
        if known is not None:
            return known
        sale = Sale("1.00", *items.sale_of(dates))
        change = self._renderer.next_change(sale)
        if change is not None and (self._whole.stale_at is None or change < self._whole.stale_at):
            self._whole.stale_at = change
        if len(self._phases) >= PHASES_KEPT:
            self._phases.clear()
        phase = self._phases[dates] = self._renderer.phase(sale)
        return phase

    def _missing(self, batch: list[Wanted], found: dict[str, Piece]) -> Iterator[dict[str, Any]]:
        for run_of in _runs(batch, found):
            rows = self._rows([want.span for want in run_of])
            for want in run_of:
                yield self._chunk(want.input_hash, list(islice(rows, want.span.size)))

    def _rows(self, spans: list[Span]) -> Iterator[Any]:
        """The items of neighbouring spans."""
        plan = self._plan
        return items.items(self._catalogue, plan.sources, plan.columns, spans[0].first, spans[-1].last)

    def _with_taken_ids(self) -> dict[str, list[str]]:
        """The items whose mapped id an earlier published item has already."""
        found: dict[str, list[str]] = {}
        spans, seen = iter(self._scan.spans), set()
        while some := list(islice(spans, RUN)):
            rows = self._rows(some)
            for span in some:
                for item in map(Item._make, islice(rows, span.size)):
                    if self._renderer.reasons(item):
                        continue
                    # 64 bits are enough to tell a million ids apart, and take a tenth of their room.
                    digest = blake2b(self._renderer.id_of(item).encode(), digest_size=8).digest()
                    if digest in seen:
                        found.setdefault(span.first, []).append(item.key)
                    seen.add(digest)
        return found

    def _chunk(self, input_hash: str, rows: list[Any]) -> dict[str, Any]:
        text, left_out, notes = self._renderer.chunk(rows)
        reasons = {row[0]: self._renderer.reasons(Item._make(row)) for row in left_out}
        published = [row for row in rows if row[0] not in reasons]
        prices = {row[0]: f"{amount(row[_PRICE], row[_CURRENCY])} {row[_CURRENCY]}" for row in published}
        in_stock = sum(row[_AVAILABILITY] != "out_of_stock" for row in published)
        return _row(self._plan.feed_id, input_hash, text, prices, in_stock, reasons, notes)


def _runs(batch: list[Wanted], found: dict[str, Piece]) -> Iterator[list[Wanted]]:
    """Neighbouring chunks that do not exist yet, some at once."""
    run_of: list[Wanted] = []
    for want in batch:
        if want.input_hash in found:
            if run_of:
                yield run_of
            run_of = []
            continue
        run_of.append(want)
        if len(run_of) == RUN:
            yield run_of
            run_of = []
    if run_of:
        yield run_of


def _row(
    feed_id: str,
    input_hash: str,
    text: bytes,
    prices: dict[str, str],
    in_stock: int = 0,
    left_out: Mapping[str, list[str]] = MappingProxyType({}),
    notes: Mapping[str, list[str]] = MappingProxyType({}),
) -> dict[str, Any]:
    part = pack(text)
    return {
        "feed_id": feed_id,
        "input_hash": input_hash,
        "items": len(prices),
        "in_stock": in_stock,
        "length": part.raw_length,
        "packed_length": len(part.data),
        "crc": part.crc,
        "digest": part.digest,
        "packed_digest": part.packed_digest,
        # What is first told of an item is the cause of the rest.
        "excluded": dict(Counter(reasons[0] for reasons in left_out.values())) or None,
        "noted": dict(Counter(chain.from_iterable(notes.values()))) or None,
        "prices": prices,
        "notes": notes or None,
        "left_out": left_out or None,
        "packed": part.data,
    }


def _add(feed_id: str, rows: list[dict[str, Any]], claim: jobs.Claim | None) -> dict[str, Piece]:
    pieces.add(rows)
    stored = pieces.find(feed_id, [row["input_hash"] for row in rows])
    if claim is not None:
        jobs.progress(claim)
    return stored
