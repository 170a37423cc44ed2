"""Renders: making a feed anew from what changed, and publishing it like a release.

A render reads one snapshot of the catalogue, so it never mixes two of its versions, and publishes it
even if a newer one has come meanwhile: that has queued a render of its own, and waiting for a shop
that never rests would publish nothing. Its work is kept piece by piece in short transactions; a
render that is killed is found half done by the next one, and readers never see it. The last
transaction checks that nobody else has changed the feed since, and switches.
"""

import logging
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from itertools import islice, pairwise
from operator import itemgetter, lt
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Row, func, select
from sqlalchemy.exc import IntegrityError

from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest, NotFound, Sync2SysError, Unavailable
from sync2sys.extensions import db, settings
from sync2sys.formats import FORMATS
from sync2sys.formats.base import Context, Format, Item
from sync2sys.formats.chunks import borders
from sync2sys.formats.money import amount
from sync2sys.formats.parts import NOTHING, Extent, gzip_length, pack, total, unpack
from sync2sys.formats.renderer import Renderer
from sync2sys.models import Feed, Render
from sync2sys.models.base import now
from sync2sys.services import guard, items, jobs, organizations, pieces, serving
from sync2sys.services.guard import Tally
from sync2sys.services.items import Source
from sync2sys.services.pieces import Piece

#: Part of what every piece is made from. Raised when this module or `items` makes other bytes of equal data.
VERSION = 1
#: Chunks of items that are looked up at once, and stored at once where they are missing.
BATCH = 2048
STORED = 256
#: Chunks whose items are read at once: about 500 items, with descriptions of any length.
RUN = 16
#: Different dates of sales that are remembered.
PHASES_KEPT = 10_000
#: How often a render begins again when somebody else changed the feed meanwhile.
ROUNDS = 5
#: A reader may still be at a render for so long after it was replaced.
SLOWEST_READER = timedelta(hours=1)
#: A held render is looked at again so soon after it might have been confirmed.
HELD_AGAIN = timedelta(minutes=10)

#: Why an item counts as left out where several reasons apply: what causes the others comes first.
CAUSES = ("not_published", "variant_not_published", "no_price", "no_currency", "not_purchasable")

log = logging.getLogger(__name__)
_key = itemgetter(0)
_PRICE, _CURRENCY = Item._fields.index("price"), Item._fields.index("currency")


class Overtaken(Sync2SysError):
    """Somebody else has published or changed the feed since this render began."""


class Standing(NamedTuple):
    """A finished render, as it was when a new one began."""

    id: str
    etag: str
    crc: int
    length: int
    items: int
    excluded: dict[str, int]
    hold: list[dict[str, Any]] | None
    changed_at: datetime


@dataclass(frozen=True)
class Plan:
    """All that a render is made from, as plain values."""

    feed_id: str
    #: what must still be so when it is published
    seen: tuple[Any, ...]
    format: Format
    context: Context
    sources: list[Source]
    #: equal marks, equal catalogue and definition
    mark: str
    #: neither catalogue nor definition nor a sale's beginning or end has changed it
    is_current: bool
    live: Standing | None
    held: Standing | None


@dataclass(frozen=True)
class Outcome:
    """What became of a render."""

    #: live (new content is served), unchanged (what is served is right) or held
    state: str
    render_id: str
    items: int
    excluded: dict[str, int]
    hold: list[dict[str, Any]]

    @property
    def mirrored(self) -> int:
        """Everything there is: what was published and what was left out."""
        return self.items + sum(self.excluded.values())


@dataclass
class Whole:
    """A render that is put together from stored pieces."""

    #: pieces of the render that is served now
    live_ids: set[int]
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    items: int = 0
    #: items in pieces that are served already
    kept: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    extent: Extent = NOTHING
    #: when time alone changes it next
    stale_at: datetime | None = None

    def __post_init__(self) -> None:
        self._content, self._packed = sha256(), sha256()

    def add(self, piece: Piece) -> None:
        self.ids.append(piece.id)
        self.items += piece.items
        if piece.id in self.live_ids:
            self.kept += piece.items
        if piece.excluded:
            self.excluded.update(orjson.loads(piece.excluded))
        if piece.raw_length:
            self.extent = total((self.extent, Extent(piece.raw_length, piece.crc, piece.length)))
            self._content.update(piece.digest.encode())
            self._packed.update(piece.packed_digest.encode())

    @property
    def etag(self) -> str:
        return self._content.hexdigest()[:32]

    @property
    def gzip_etag(self) -> str:
        return self._packed.hexdigest()[:32]

    @property
    def tally(self) -> Tally:
        return Tally(self.items, dict(self.excluded))


class Wanted(NamedTuple):
    """A chunk of neighbouring items, by what its bytes are made from."""

    input_hash: str
    size: int
    first_key: str
    last_key: str


class Sale(NamedTuple):
    """What of an item the clock can change."""

    sale_price: str
    sale_from: datetime | None
    sale_to: datetime | None


def run(claim: jobs.Claim) -> None:
    """Render the feed of a claimed job. Raises LostLease and Interrupted; a feed that is gone is done."""
    try:
        render(claim.subject, claim)
    except NotFound:
        log.info("nothing to render", extra={"feed": claim.subject})


def render(feed_id: str, claim: jobs.Claim | None = None) -> Outcome:
    """Make the feed from the catalogue as it is now, and publish it unless the guard holds it.

    Raises NotFound, Unavailable where others keep changing the feed, and what `jobs` raises. Commits.
    """
    for _ in range(ROUNDS):
        try:
            outcome = _round(feed_id, claim)
        except (Overtaken, IntegrityError) as reason:
            # An IntegrityError: a piece was swept that this render had found, or the feed was deleted.
            log.info("feed changed during its render", extra={"feed": feed_id, "reason": repr(reason)})
            continue
        _tidy(feed_id)
        return outcome
    raise Unavailable("The feed is being changed all the time. Try again shortly.", retry_after=10)


def is_small(feed_id: str, limit: int) -> bool:
    """Whether the feed has no more than so many variants to export, and will be rendered soon."""
    with items.snapshot() as catalogue:
        feed = _row_of(catalogue, feed_id)
        return items.is_small(catalogue, items.sources(catalogue, feed.organization_id, feed.sources), limit)


def _round(feed_id: str, claim: jobs.Claim | None) -> Outcome:
    with items.snapshot() as catalogue:
        plan = _plan(catalogue, feed_id)
        if plan.is_current:
            return transaction(_confirm)(plan, claim)
        whole = _Press(catalogue, plan, claim).whole()
    twin = next((old for old in (plan.live, plan.held) if old and _is_same(plan, old, whole)), None)
    hold = [] if twin else _objections(plan, whole)
    outcome = transaction(_publish)(plan, whole, twin, hold, claim)
    log.info("rendered", extra={"feed": feed_id, "state": outcome.state, "items": outcome.items})
    return outcome


# What to make


def _plan(catalogue: Connection, feed_id: str) -> Plan:
    feed = _row_of(catalogue, feed_id)
    format = FORMATS.get(feed.format)
    if format is None:
        raise BadRequest(f"The feed's format {feed.format} is not known here.")
    sources = items.sources(catalogue, feed.organization_id, feed.sources)
    moment = now()
    context = _context(feed, sources, moment)
    mark = _digest(_base(format, context, sources), [[s.channel_id, s.catalog_version] for s in sources])
    return Plan(
        feed_id=feed_id,
        seen=_seen(feed),
        format=format,
        context=context,
        sources=sources,
        mark=mark,
        # A render that was dropped leaves no mark, so there is one that stands.
        is_current=mark == feed.rendered_mark and (feed.stale_at is None or feed.stale_at > moment),
        live=_standing(catalogue, feed.live_render_id),
        held=_standing(catalogue, feed.held_render_id),
    )


def _row_of(catalogue: Connection, feed_id: str) -> Row[Any]:
    feed = catalogue.execute(select(Feed.__table__).where(Feed.id == feed_id)).one_or_none()
    if feed is None:
        raise NotFound("No such feed.")
    return feed


def _context(feed: Row[Any], sources: Sequence[Source], moment: datetime) -> Context:
    document = feed.document or {}
    shop = sources[0] if sources else None
    title = document.get("title") or (shop.name if shop else "") or feed.name
    link = document.get("link") or (shop.home if shop else "") or settings.PUBLIC_URL
    return Context(title, link, document.get("description") or title, moment)


def _seen(feed: Row[Any] | Feed) -> tuple[Any, ...]:
    definition = (feed.format, feed.sources, feed.document, feed.name)
    return (*definition, feed.live_render_id, feed.held_render_id, feed.rendered_mark)


def _standing(catalogue: Connection, render_id: str | None) -> Standing | None:
    if render_id is None:
        return None
    row = catalogue.execute(select(Render.__table__).where(Render.id == render_id)).one_or_none()
    return None if row is None else Standing._make(getattr(row, name) for name in Standing._fields)


def _base(format: Format, context: Context, sources: Sequence[Source]) -> list[Any]:
    """What all items of a feed share."""
    shops = [[source.prefix, source.currency, source.weight_unit] for source in sources]
    return [VERSION, format.name, format.version, list(context[:3]), shops]


def _digest(*values: Any) -> str:
    return blake2b(orjson.dumps(values), digest_size=16).hexdigest()


# Making it


class _Press:
    """Makes a render of a plan: finds the pieces that exist, makes and stores those that do not."""

    def __init__(self, catalogue: Connection, plan: Plan, claim: jobs.Claim | None) -> None:
        self._catalogue = catalogue
        self._plan = plan
        self._claim = claim
        self._renderer = Renderer(plan.format, plan.context)
        self._base = orjson.dumps(_base(plan.format, plan.context, plan.sources))
        live_ids = pieces.ids_of(catalogue, plan.live.id) if plan.live else set()
        self._whole = Whole(live_ids)
        #: dates of a sale -> the state it is in
        self._phases: dict[str, str] = {}

    def whole(self) -> Whole:
        renderer, whole = self._renderer, self._whole
        prologue, separator, epilogue = self._fixed(
            renderer.prologue(), renderer.separator, renderer.epilogue()
        )
        whole.add(prologue)
        for piece in self._item_pieces():
            if piece.items and whole.items and separator.raw_length:
                whole.add(separator)
            whole.add(piece)
        whole.add(epilogue)
        missing = items.count_without_variants(self._catalogue, self._plan.sources)
        if missing:
            whole.excluded["no_variants"] += missing
        return whole

    def _fixed(self, *texts: bytes) -> list[Piece]:
        """The pieces around and between the items."""
        hashes = [blake2b(b"fixed\0" + text, digest_size=16).hexdigest() for text in texts]
        found = look(pieces.find)(self._plan.feed_id, hashes)
        rows = [
            _row(self._plan.feed_id, input_hash, text, {}, None)
            for input_hash, text in dict(zip(hashes, texts, strict=True)).items()
            if input_hash not in found
        ]
        if rows:
            found |= self._store(rows)
        return [found[input_hash] for input_hash in hashes]

    def _item_pieces(self) -> Iterator[Piece]:
        wanted = self._wanted()
        while batch := list(islice(wanted, BATCH)):
            if self._claim is not None:
                self._claim.go_on()
            found = look(pieces.find)(self._plan.feed_id, [want.input_hash for want in batch])
            rows = self._missing(batch, found.copy())
            while some := list(islice(rows, STORED)):
                found |= self._store(some)
            for want in batch:
                yield found[want.input_hash]

    def _store(self, rows: list[dict[str, Any]]) -> dict[str, Piece]:
        return transaction(_add)(self._plan.feed_id, rows, self._claim)

    def _wanted(self) -> Iterator[Wanted]:
        """The chunks of the catalogue, by what tells whether their bytes exist already."""
        if not self._plan.sources:
            return
        # Column by column: what is done for each row in Python is most of what a scan costs.
        keys: list[str] = []
        stamps: list[str] = []
        for page in items.stamps(self._catalogue, self._plan.sources):
            more_keys, more_stamps = zip(*page, strict=True)
            keys += more_keys
            stamps += [
                stamp if len(stamp) == items.HASHES else stamp + self._phase(stamp) for stamp in more_stamps
            ]
            _check_order(keys)
            places = borders(keys)
            for begin, end in pairwise(places):
                yield self._want(keys[begin:end], stamps[begin:end])
            # The last chunk may go on in the next page.
            keys, stamps = keys[places[-1] :], stamps[places[-1] :]
        if keys:
            yield self._want(keys, stamps)

    def _want(self, keys: list[str], stamps: list[str]) -> Wanted:
        content = self._base + "\0".join(keys + stamps).encode("utf-8", "surrogatepass")
        return Wanted(blake2b(content, digest_size=16).hexdigest(), len(keys), keys[0], keys[-1])

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
            first, last = run_of[0].first_key, run_of[-1].last_key
            rows = items.items(self._catalogue, self._plan.sources, first, last)
            for want in run_of:
                yield self._chunk(want, list(islice(rows, want.size)))

    def _chunk(self, want: Wanted, rows: list[Any]) -> dict[str, Any]:
        text, left_out = self._renderer.chunk(rows)
        excluded = Counter(_cause(self._renderer.reasons(Item._make(row))) for row in left_out)
        missing = set(map(_key, left_out))
        prices = {
            row[0]: f"{amount(row[_PRICE], row[_CURRENCY])} {row[_CURRENCY]}"
            for row in rows
            if row[0] not in missing
        }
        return _row(self._plan.feed_id, want.input_hash, text, prices, excluded)


def _check_order(keys: list[str]) -> None:
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
    feed_id: str, input_hash: str, text: bytes, prices: dict[str, str], excluded: dict[str, int] | None
) -> dict[str, Any]:
    part = pack(text)
    return {
        "feed_id": feed_id,
        "input_hash": input_hash,
        "items": len(prices),
        "length": part.raw_length,
        "packed_length": len(part.data),
        "crc": part.crc,
        "digest": part.digest,
        "packed_digest": part.packed_digest,
        "excluded": excluded or None,
        "prices": prices,
        "packed": part.data,
    }


def _add(feed_id: str, rows: list[dict[str, Any]], claim: jobs.Claim | None) -> dict[str, Piece]:
    pieces.add(rows)
    stored = pieces.find(feed_id, [row["input_hash"] for row in rows])
    if claim is not None:
        jobs.progress(claim)
    return stored


# What it is worth


def _is_same(plan: Plan, old: Standing, whole: Whole) -> bool:
    """Whether the old render has the very bytes of the new one."""
    if old.etag == whole.etag:
        return True
    if (old.length, old.crc) != (whole.extent.raw_length, whole.extent.crc):
        return False
    # Items that are left out can move the borders of chunks, and with them the etag, but no byte.
    with items.snapshot() as connection:
        mine = _content(pieces.packed_of(connection, whole.ids))
        return mine == _content(pieces.packed_of_render(connection, old.id))


def _content(packed: Iterator[bytes]) -> bytes:
    content = sha256()
    for data in packed:
        content.update(unpack(data) if data else b"")
    return content.digest()


def _objections(plan: Plan, whole: Whole) -> list[dict[str, Any]]:
    live = plan.live
    if live is None:
        return guard.reasons(None, whole.tally, 0, lambda: guard.PriceChange(0, 0))

    def price_change() -> guard.PriceChange:
        with items.snapshot() as connection:
            return guard.compare_prices(
                lambda: pieces.prices_of_render(connection, live.id),
                lambda: pieces.prices_of(connection, whole.ids),
                max(live.items, whole.items),
            )

    return guard.reasons(Tally(live.items, live.excluded), whole.tally, whole.kept, price_change)


# Publishing it


def _confirm(plan: Plan, claim: jobs.Claim | None) -> Outcome:
    """Nothing has changed: what stands was found right once more."""
    feed = _locked(plan)
    standing = plan.held or plan.live
    if standing is None:
        raise Overtaken("The feed's render is gone.")
    render = db.session.get_one(Render, standing.id)
    render.generated_at = now()
    serving.changed(feed.slug)
    if claim is not None:
        jobs.check(claim)
    return _outcome(render, "unchanged" if plan.held is None else "held")


def _publish(
    plan: Plan, whole: Whole, twin: Standing | None, hold: list[dict[str, Any]], claim: jobs.Claim | None
) -> Outcome:
    """Switch to the new render, hold it, or find that it is the one that stands."""
    feed, moment = _locked(plan), now()
    feed.rendered_mark, feed.stale_at = plan.mark, whole.stale_at
    if twin is not None:
        render = db.session.get_one(Render, twin.id)
        render.generated_at, render.excluded = moment, whole.tally.excluded
    else:
        render = _new(plan, whole, moment)
    state = "unchanged"
    if twin is not None and twin is plan.live:
        _end(feed.held_render_id, "dropped", moment)
        feed.held_render_id, feed.problem = None, ""
    elif hold or (twin is plan.held and twin is not None and not _is_borne_out(plan)):
        state = "held"
        _hold(feed, render, hold or render.hold or [], moment)
    else:
        state = "live"
        _go_live(feed, render, moment)
    serving.changed(feed.slug)
    if claim is not None:
        jobs.check(claim)
    return _outcome(render, state)


def _locked(plan: Plan) -> Feed:
    feed = db.session.get(Feed, plan.feed_id, with_for_update=True, populate_existing=True)
    if feed is None:
        raise NotFound("No such feed.")
    if _seen(feed) != plan.seen:
        raise Overtaken("The feed was changed.")
    return feed


def _new(plan: Plan, whole: Whole, moment: datetime) -> Render:
    newest = db.session.scalar(select(func.max(Render.generation)).filter_by(feed_id=plan.feed_id))
    render = Render(
        feed_id=plan.feed_id,
        generation=(newest or 0) + 1,
        state="held",
        version=plan.format.version,
        content_type=plan.format.content_type,
        extension=plan.format.extension,
        items=whole.items,
        excluded=whole.tally.excluded,
        etag=whole.etag,
        gzip_etag=whole.gzip_etag,
        crc=whole.extent.crc,
        length=whole.extent.raw_length,
        gzip_length=gzip_length(whole.extent),
        changed_at=moment,
        generated_at=moment,
    )
    db.session.add(render)
    db.session.flush()
    pieces.refer(render.id, whole.ids)
    return render


def _is_borne_out(plan: Plan) -> bool:
    """Whether the shops were seen again late enough after the held render to believe it."""
    if plan.held is None:
        return False
    looks = [source.synced_at for source in plan.sources if source.is_connected]
    return guard.may_follow(plan.held.hold or [], plan.held.changed_at, looks)


def _hold(feed: Feed, render: Render, hold: list[dict[str, Any]], moment: datetime) -> None:
    if feed.held_render_id != render.id:
        _end(feed.held_render_id, "dropped", moment)
    render.state, render.hold = "held", hold
    feed.held_render_id = render.id
    feed.problem = " ".join(reason["message"] for reason in hold) + " The new render is held back."
    again = max(render.changed_at + guard.PATIENCE, moment + HELD_AGAIN)
    feed.stale_at = min(feed.stale_at, again) if feed.stale_at else again


def _go_live(feed: Feed, render: Render, moment: datetime) -> None:
    old = db.session.get(Render, feed.live_render_id) if feed.live_render_id else None
    render.state = "live"
    render.changed_at = moment
    if old is not None:
        old.state, old.superseded_at = "superseded", moment
        # Last-Modified counts in seconds: no two contents of a feed may share one.
        render.changed_at = max(moment, old.changed_at.replace(microsecond=0) + timedelta(seconds=1))
    if feed.held_render_id != render.id:
        _end(feed.held_render_id, "dropped", moment)
    feed.live_render_id, feed.held_render_id, feed.problem = render.id, None, ""
    organizations.note_activity(feed.organization_id)


def _end(render_id: str | None, state: str, moment: datetime) -> None:
    render = db.session.get(Render, render_id) if render_id else None
    if render is not None:
        render.state, render.superseded_at = state, moment


def _outcome(render: Render, state: str) -> Outcome:
    return Outcome(state, render.id, render.items, render.excluded, render.hold or [])


# What a person decides


def release(feed: Feed, render_id: str) -> Render:
    """Publish a held render after all. Raises NotFound, and BadRequest where it is not held."""
    feed, render = _held(feed, render_id)
    _go_live(feed, render, now())
    serving.changed(feed.slug)
    return render


def drop(feed: Feed, render_id: str) -> Render:
    """Give a held render up. Raises NotFound, and BadRequest where it is not held.

    The next render of the feed is judged anew.
    """
    feed, render = _held(feed, render_id)
    _end(render.id, "dropped", now())
    feed.held_render_id, feed.problem, feed.rendered_mark = None, "", ""
    return render


def _held(feed: Feed, render_id: str) -> tuple[Feed, Render]:
    db.session.refresh(feed, with_for_update=True)
    render = db.session.get(Render, render_id)
    if render is None or render.feed_id != feed.id:
        raise NotFound("No such render.")
    if feed.held_render_id != render.id:
        raise BadRequest(f"This render is not held, it is {render.state}.")
    return feed, render


# What is left behind


def _tidy(feed_id: str) -> None:
    """Remove old renders and the pieces that only they had, in steps so short that nobody waits."""
    old = look(_outdated)(feed_id)
    if not old:
        return
    for render_id in old:
        while transaction(pieces.take_apart)(render_id):
            pass
    unused = look(pieces.unused)(feed_id)
    for start in range(0, len(unused), pieces.BATCH):
        transaction(pieces.sweep)(feed_id, unused[start : start + pieces.BATCH])


def _outdated(feed_id: str) -> list[str]:
    """Renders beyond the last RENDERS_KEPT that no slow reader can be at any more."""
    recent = select(Render.id).filter_by(feed_id=feed_id).order_by(Render.generation.desc())
    kept = set(db.session.scalars(recent.limit(max(1, settings.RENDERS_KEPT))))
    ended = select(Render.id).filter_by(feed_id=feed_id).where(Render.superseded_at < now() - SLOWEST_READER)
    return [render_id for render_id in db.session.scalars(ended) if render_id not in kept]
