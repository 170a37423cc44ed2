"""Making the bytes of a render: the pieces that exist are found, those that do not are made and stored."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import chain, islice, pairwise
from operator import lt
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from sync2sys.database import look, transaction
from sync2sys.formats.base import Item
from sync2sys.formats.chunks import borders
from sync2sys.formats.issues import DUPLICATE, FILTERED, TAX_UNKNOWN, WRONG_CURRENCY
from sync2sys.formats.money import amount
from sync2sys.formats.parts import pack
from sync2sys.services import items, jobs, pieces, render_plans
from sync2sys.services.guard import Tally
from sync2sys.services.pieces import Piece
from sync2sys.services.render_plans import Plan
from sync2sys.services.shards import Binder, Shard, joint_etag

#: Chunks of items that are looked up at once, and stored at once where they are missing.
BATCH = 2048
STORED = 256
#: Chunks whose items are read at once: about 500 items, with descriptions of any length.
RUN = 16
#: Different dates of sales that are remembered.
PHASES_KEPT = 10_000

#: Why an item counts as left out where several reasons apply: what causes the others comes first.
CAUSES = (
    FILTERED,
    DUPLICATE,
    WRONG_CURRENCY,
    TAX_UNKNOWN,
    "not_published",
    "variant_not_published",
    "no_price",
    "no_currency",
    "not_purchasable",
)

_PRICE, _CURRENCY = Item._fields.index("price"), Item._fields.index("currency")
_AVAILABILITY = Item._fields.index("availability")


@dataclass
class Whole:
    """A render that is put together from stored pieces."""

    #: pieces of the render that is served now
    live_ids: set[int]
    #: its files, at least one
    shards: list[Shard] = field(default_factory=list)
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
    """A chunk of neighbouring items, by what its bytes are made from."""

    input_hash: str
    size: int
    #: keys of the first and the last product
    first: str
    last: str


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
        live_ids = pieces.ids_of(catalogue, plan.live.id) if plan.live else set()
        self._whole = Whole(live_ids)
        #: dates of a sale -> the state it is in
        self._phases: dict[str, str] = {}

    def whole(self) -> Whole:
        renderer, whole = self._renderer, self._whole
        if self._plan.format.id_field.name in self._plan.custom.mapping:
            renderer.duplicates = frozenset(self._duplicates())
        around = self._fixed(renderer.prologue(), renderer.separator, renderer.epilogue())
        binder = Binder(self._plan.format, *around)
        for piece, first in self._item_pieces():
            whole.count(piece)
            binder.add(piece, first)
        whole.shards = binder.shards()
        missing = items.count_without_variants(self._catalogue, self._plan.sources)
        if missing:
            whole.excluded["no_variants"] += missing
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
                yield found[want.input_hash], want.first

    def _store(self, rows: list[dict[str, Any]]) -> dict[str, Piece]:
        return transaction(_add)(self._plan.feed_id, rows, self._claim)

    def _wanted(self) -> Iterator[Wanted]:
        """The chunks of the catalogue, by what tells whether their bytes exist already."""
        if not self._plan.sources:
            return
        # Column by column: what is done for each row in Python is most of what a scan costs.
        groups: list[str] = []
        keys: list[str] = []
        stamps: list[str] = []
        for page in items.stamps(self._catalogue, self._plan.sources):
            more_groups, more_keys, more_stamps = zip(*page, strict=True)
            groups += more_groups
            keys += more_keys
            stamps += [
                stamp if len(stamp) == items.HASHES else stamp + self._phase(stamp) for stamp in more_stamps
            ]
            _check_order(list(zip(groups, keys, strict=True)))
            places = borders(groups)
            for begin, end in pairwise(places):
                yield self._want(groups[begin:end], keys[begin:end], stamps[begin:end])
            # The last chunk may go on in the next page.
            rest = slice(places[-1], None)
            groups, keys, stamps = groups[rest], keys[rest], stamps[rest]
        if keys:
            yield self._want(groups, keys, stamps)

    def _want(self, groups: list[str], keys: list[str], stamps: list[str]) -> Wanted:
        text = "\0".join(keys + stamps)
        if self._renderer.duplicates:
            text += "\0\0" + "\0".join(key for key in keys if key in self._renderer.duplicates)
        content = self._base + text.encode("utf-8", "surrogatepass")
        return Wanted(blake2b(content, digest_size=16).hexdigest(), len(keys), groups[0], groups[-1])

    def _phase(self, stamp: str) -> str:
        """The clock-dependent state of an item whose sale has dates; also notes when that changes next."""
        dates = stamp[items.HASHES :]
        known = self._phases.get(dates)
        if known is not None:
            return known
        sale = Sale("1.00", *items.sale_of(stamp))
        change = self._renderer.next_change(sale)
        if change is not None and (self._whole.stale_at is None or change < self._whole.stale_at):
            self._whole.stale_at = change
        if len(self._phases) >= PHASES_KEPT:
            self._phases.clear()
        phase = self._phases[dates] = f"/{self._renderer.phase(sale)}"
        return phase

    def _missing(self, batch: list[Wanted], found: dict[str, Piece]) -> Iterator[dict[str, Any]]:
        for run_of in _runs(batch, found):
            rows = self._rows(run_of, self._plan.columns)
            for want in run_of:
                yield self._chunk(want, list(islice(rows, want.size)))

    def _rows(self, run_of: list[Wanted], columns: frozenset[str]) -> Iterator[Any]:
        return items.items(self._catalogue, self._plan.sources, columns, run_of[0].first, run_of[-1].last)

    def _duplicates(self) -> Iterator[str]:
        """The keys of items whose mapped id an earlier published item has already."""
        wanted, seen = self._wanted(), set()
        while run_of := list(islice(wanted, RUN)):
            for row in self._rows(run_of, self._plan.columns):
                item = Item._make(row)
                if self._renderer.reasons(item):
                    continue
                # 64 bits are enough to tell a million ids apart, and take a tenth of their room.
                digest = blake2b(self._renderer.id_of(item).encode(), digest_size=8).digest()
                if digest in seen:
                    yield item.key
                seen.add(digest)

    def _chunk(self, want: Wanted, rows: list[Any]) -> dict[str, Any]:
        text, left_out, notes = self._renderer.chunk(rows)
        reasons = {row[0]: self._renderer.reasons(Item._make(row)) for row in left_out}
        published = [row for row in rows if row[0] not in reasons]
        prices = {row[0]: f"{amount(row[_PRICE], row[_CURRENCY])} {row[_CURRENCY]}" for row in published}
        in_stock = sum(row[_AVAILABILITY] != "out_of_stock" for row in published)
        return _row(self._plan.feed_id, want.input_hash, text, prices, in_stock, reasons, notes)


def _check_order(keys: list[tuple[str, str]]) -> None:
    """Raise ValueError where the database does not sort by code points, or a key comes twice."""
    if not all(map(lt, keys, islice(keys, 1, None))):
        raise ValueError(f"the items of a feed are not sorted between {keys[0]!r} and {keys[-1]!r}")


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


def _cause(reasons: Sequence[str]) -> str:
    return next((cause for cause in CAUSES if cause in reasons), reasons[0] if reasons else "unknown")


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
        "excluded": dict(Counter(map(_cause, left_out.values()))) or None,
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
