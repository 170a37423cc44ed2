"""What differs between two renders of a feed, item by item and field by field.

Renders share the pieces that did not change, so only those are read that are in one of them alone, and
of these only the items whose bytes are not the same on the other side. What an item said is read back
from its rendered bytes: nothing else is kept of how it was.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, select

from sync2sys.errors import BadRequest, NotFound
from sync2sys.formats import reading
from sync2sys.formats.base import Format, Found
from sync2sys.formats.parts import unpack
from sync2sys.models import Render
from sync2sys.services import items, pieces, render_plans

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
KINDS = (CHANGED, REMOVED, ADDED)
#: Pieces of each render whose items are remembered: items that belong together are seldom further apart.
RECENT = 16
#: A report compares no more, counted in items that are read; taking a piece apart is as much work as four.
#: That is 20,000 items that all changed, or 1 % of a million, and takes some three seconds.
LOOKED_AT, A_PIECE = 100_000, 4
#: Items of one render that wait for their like in the other one, at most: some 75 MB.
WAITING = 250_000

#: A field's name with its old and its new value; None: it was not there.
Difference = tuple[str, Found | None, Found | None]


class Change(NamedTuple):
    """An item that is not in both renders as it is in the other."""

    #: the value of the format's first field
    key: str
    #: one of KINDS
    kind: str
    #: the fields that differ, in the order of the format: all that it has of an item that came or went
    fields: list[Difference]

    def has(self, field: str) -> bool:
        """Whether this field differs."""
        return any(name == field for name, _, _ in self.fields)


@dataclass(frozen=True)
class Wanted:
    """Which changes are asked for; None: whatever it is. A field takes only items that both renders have."""

    kind: str | None = None
    field: str | None = None

    def takes(self, change: "Change | _Lone") -> bool:
        if self.kind not in (None, change.kind):
            return False
        return self.field is None or (isinstance(change, Change) and change.has(self.field))


class Standing(NamedTuple):
    """One of the two renders."""

    id: str
    generation: int
    state: str
    version: str
    items: int
    changed_at: datetime


class Report(NamedTuple):
    """What differs: counts of all of it, and some of what was asked for."""

    old: Standing
    new: Standing
    #: by kind, each of KINDS
    counts: dict[str, int]
    #: how many changed items differ in a field, most first
    fields: list[tuple[str, int]]
    found: list[Change]
    #: how many changes there are of those asked for
    total: int
    #: False: so much differs that only the first part was compared, and all of this is about that part;
    #: what was removed and added cannot be told then
    is_complete: bool


#: A render is named by its generation or its id.
Name = int | str | None


def report(feed_id: str, old: Name, new: Name, wanted: Wanted, first: int, count: int) -> Report:
    """Counts of all changes, and so many of the wanted ones. Raises as `compare`."""
    with items.snapshot() as connection:
        pair = _pair(connection, feed_id, old, new)
        comparison = _Comparison(connection, *pair, limit=LOOKED_AT)
        kinds: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        fields: Counter[str] = Counter()
        found: list[Change] = []
        total = 0
        for change in comparison.changes():
            kinds[change.kind] += 1
            if isinstance(change, Change):
                fields.update(name for name, *_ in change.fields)
            if wanted.takes(change):
                if first <= total < first + count:
                    found.append(comparison.told(change))
                total += 1
    by_field = sorted(fields.items(), key=lambda each: (-each[1], each[0]))
    return Report(*pair, dict(kinds), by_field, found, total, comparison.is_complete)


def compare(feed_id: str, old: Name, new: Name, wanted: Wanted) -> Iterator[Change]:
    """The wanted changes from one render of a feed to another, each named by generation or id.

    Without a new one it is the live render, or the held one of a feed that was never live; without an old
    one the last that was live before the new one. Changed items come first, then removed ones, then added
    ones, each in the order of the feed; the same two renders always give the same. Items that share an id
    are compared in their order.

    Raises NotFound: no such feed, no such render, or one that is no longer kept. Raises BadRequest for
    renders that were made in formats too different, or that have too little in common.
    """
    with items.snapshot() as connection:
        comparison = _Comparison(connection, *_pair(connection, feed_id, old, new))
        for change in comparison.changes():
            if wanted.takes(change):
                yield comparison.told(change)


# Which two


def _pair(connection: Connection, feed_id: str, old: Name, new: Name) -> tuple[Standing, Standing]:
    render_plans.row_of(connection, feed_id)
    columns = Render.__table__.c
    query = select(*(columns[name] for name in Standing._fields)).where(
        columns.feed_id == feed_id, columns.state != "removed"
    )
    rows = connection.execute(query.order_by(columns.generation.desc()))
    renders = [Standing._make(row) for row in rows]
    newer = _live(renders) if new is None else _named(renders, new)
    return _before(renders, newer) if old is None else _named(renders, old), newer


def _live(renders: list[Standing]) -> Standing:
    for state in ("live", "held"):
        for render in renders:
            if render.state == state:
                return render
    raise NotFound("The feed was not rendered yet. Publish it, or ask for a render.")


def _before(renders: list[Standing], newer: Standing) -> Standing:
    """What a render takes, or took, the place of: the live one for one that is held."""
    for render in renders:
        is_before = render.generation < newer.generation and render.state in ("live", "superseded")
        if render.state == "live" if newer.state == "held" else is_before:
            return render
    raise NotFound(f"No render is kept that was live before generation {newer.generation}. Name another one.")


def _named(renders: list[Standing], name: int | str) -> Standing:
    for render in renders:
        if name in (render.generation, render.id):
            return render
    kept = ", ".join(str(render.generation) for render in renders) or "none"
    raise NotFound(f"There is no render {name}, or it is no longer kept. Generations that are: {kept}.")


# What differs


class _Seen(NamedTuple):
    """Where an item was read that the other render has not shown yet."""

    place: int
    digest: bytes
    #: other items with the same id that came after it
    later: "tuple[_Seen, ...]" = ()


class _Step(NamedTuple):
    """A piece was taken apart. By the first two the renders are kept in step."""

    #: pieces before it that both renders have
    shared: int
    #: own pieces since the last of those
    near: int
    side: "_Side"
    place: int
    #: its items as they are written
    parts: list[bytes]


class _Side:
    """One of the two renders: those of its pieces that the other one has not."""

    def __init__(self, connection: Connection, render: Standing, format: Format) -> None:
        self._connection = connection
        self._render = render
        self._format = reading.as_written(format, _prologue(connection, render.id))
        self.names = [field.name for field in self._format.fields]
        #: id -> what of it the other side has not shown yet
        self.waiting: dict[str, _Seen] = {}
        self._ids = array("q")
        self._recent: dict[int, list[dict[str, Found]]] = {}

    def walk(self, ids: "array[int]", shared: set[int]) -> Iterator["_Step"]:
        """Take the own pieces apart, a step each."""
        self._ids = array("q", (each for each in ids if each not in shared))
        packed = pieces.packed_of(self._connection, self._ids)
        before = near = place = 0
        for each in ids:
            if each in shared:
                before, near = before + 1, 0
                continue
            yield _Step(before, near, self, place, self._format.syntax.split(unpack(next(packed))))
            near, place = near + 1, place + 1

    def read(self, place: int, parts: list[bytes]) -> list[dict[str, Found]]:
        """The items of an own piece, or some of them."""
        if len(self._recent) >= RECENT:
            del self._recent[next(iter(self._recent))]
        text = self._format.syntax.separator.join(parts)
        found = self._recent[place] = list(reading.read(self._format, text))
        return found

    def item(self, key: str, seen: _Seen) -> dict[str, Found]:
        """An item that was read before."""
        items = self._recent.get(seen.place)
        if items is None:
            (packed,) = pieces.packed_of(self._connection, self._ids[seen.place : seen.place + 1])
            items = self.read(seen.place, [unpack(packed)])
        return next(item for item in items if self.key(item) == key and _digest(item) == seen.digest)

    def key(self, item: dict[str, Found]) -> str:
        key = item.get(self.names[0])
        if not isinstance(key, str):
            raise BadRequest(
                f"Items of generation {self._render.generation} have no {self.names[0]}: the format "
                f"{self._render.version} named them otherwise. It cannot be compared field by field."
            )
        return key

    def wait(self, key: str, seen: _Seen) -> None:
        if len(self.waiting) >= WAITING:
            raise BadRequest(
                f"More than {WAITING} items are in one of the two renders only. They have too little in "
                "common to be compared; choose two that are nearer to each other."
            )
        first = self.waiting.get(key)
        self.waiting[key] = seen if first is None else first._replace(later=(*first.later, seen))

    def take(self, key: str) -> _Seen | None:
        seen = self.waiting.pop(key, None)
        if seen is not None and seen.later:
            self.waiting[key] = seen.later[0]._replace(later=seen.later[1:])
        return seen

    def left(self) -> Iterator[tuple[str, _Seen]]:
        """What the other side has not, in the order of the feed."""
        for key, seen in self.waiting.items():
            yield key, seen
            for another in seen.later:
                yield key, another


class _Lone(NamedTuple):
    """An item that is in one of the renders only."""

    key: str
    kind: str
    seen: _Seen


class _Comparison:
    """Finds what differs in one walk over both renders.

    Of an item that the other render has not shown yet, only its place and a digest are kept. With a limit,
    the walk ends where so much was looked at, and is not complete.
    """

    def __init__(
        self, connection: Connection, old: Standing, new: Standing, limit: float = float("inf")
    ) -> None:
        format = _common_format(old, new)
        self._old, self._new = (_Side(connection, render, format) for render in (old, new))
        self._all_ids = [pieces.ids_with_items(connection, render.id) for render in (old, new)]
        self._names = list(dict.fromkeys(self._new.names + self._old.names))
        self._left = limit
        self.is_complete = True

    def changes(self) -> Iterator[Change | _Lone]:
        """Every change, in the order that `compare` promises."""
        # Equal bytes say the same only where both name their fields alike.
        are_alike = self._old.names == self._new.names
        for steps in self._steps():
            same = _in_both(*(step.parts for step in steps)) if are_alike and len(steps) == 2 else Counter()
            for step in steps:
                yield from self._changed(step, same.copy())
            if self._left < 0:
                self.is_complete = False
                return
        for kind, lonely in ((REMOVED, self._old), (ADDED, self._new)):
            for key, seen in lonely.left():
                yield _Lone(key, kind, seen)

    def _steps(self) -> Iterator[list[_Step]]:
        """The steps over both renders; two at once where each has a piece in the same place."""
        shared = set(self._all_ids[0]).intersection(self._all_ids[1])
        sides = zip((self._old, self._new), self._all_ids, strict=True)
        place = itemgetter(0, 1)
        walk = merge(*(side.walk(ids, shared) for side, ids in sides), key=place)
        return (list(steps) for _, steps in groupby(walk, key=place))

    def _changed(self, step: _Step, same: "Counter[bytes]") -> Iterator[Change]:
        """What changed in the items of a piece, without those that are the same on the other side."""
        side, other = step.side, self._new if step.side is self._old else self._old
        items = side.read(step.place, _without(step.parts, same))
        self._left -= len(items) + A_PIECE
        for item in items:
            key, digest = side.key(item), _digest(item)
            twin = other.take(key)
            if twin is None:
                side.wait(key, _Seen(step.place, digest))
            elif twin.digest != digest:
                theirs = other.item(key, twin)
                pair = (item, theirs) if side is self._old else (theirs, item)
                yield Change(key, CHANGED, self._differences(*pair))

    def told(self, change: Change | _Lone) -> Change:
        """The change with all its fields."""
        if isinstance(change, Change):
            return change
        if change.kind == REMOVED:
            fields = self._differences(self._old.item(change.key, change.seen), {})
        else:
            fields = self._differences({}, self._new.item(change.key, change.seen))
        return Change(change.key, change.kind, fields)

    def _differences(self, old: dict[str, Found], new: dict[str, Found]) -> list[Difference]:
        # An older version of the format may have had other fields, which come last.
        names = dict.fromkeys([*self._names, *old, *new])
        return [(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def _common_format(old: Standing, new: Standing) -> Format:
    formats = [reading.format_of(render.version) for render in (old, new)]
    if formats[0] is None or formats[0] is not formats[1]:
        raise BadRequest(
            f"Generation {old.generation} was made as {old.version} and generation {new.generation} as "
            f"{new.version}. They cannot be compared field by field; choose two of one format."
        )
    return formats[0]


def _prologue(connection: Connection, render_id: str) -> bytes:
    (packed,) = pieces.packed(connection, render_id, 0, 1)
    return unpack(packed) if packed else b""


def _in_both(old: list[bytes], new: list[bytes]) -> "Counter[bytes]":
    """How often each part is in both."""
    return Counter(old) & Counter(new)


def _without(parts: list[bytes], same: "Counter[bytes]") -> list[bytes]:
    """The parts without so many of each, which are taken from `same`."""
    rest = []
    for part in parts:
        if same[part]:
            same[part] -= 1
        else:
            rest.append(part)
    return rest


def _digest(item: dict[str, Found]) -> bytes:
    return blake2b(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), digest_size=8).digest()
