"""What is wrong with a feed's items.

Which items have issues stands beside the pieces of the render that is served; what each issue is in
words, with the value that caused it, is worked out for the few that are looked at.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from sync2sys.errors import NotFound
from sync2sys.formats import issues, messages
from sync2sys.formats.base import Item
from sync2sys.formats.issues import ERROR, EXCLUDED, INFO, PUBLISHED, SEVERITIES, WARNED, WARNING, Issue
from sync2sys.formats.remarks import Remark
from sync2sys.services import identities, items, pieces, render_plans, taken_ids
from sync2sys.services.identities import Identity
from sync2sys.services.items import Shelved
from sync2sys.services.render_plans import Plan, Standing

#: Items whose issues are worked out at once, for a table.
BATCH = 500


class Count(NamedTuple):
    """How many items have an issue: as many as the list has with it."""

    code: str
    field: str | None
    severity: str
    items: int
    #: what to do
    message: str


class Diagnosis(NamedTuple):
    """An item with what is to be said about it."""

    item: Identity
    outcome: str
    issues: list[Issue]


class Mark(NamedTuple):
    """An issue in short: a note, and how much it matters."""

    code: str
    field: str | None
    severity: str

    @property
    def note(self) -> str:
        return self.code if self.field is None else f"{self.code}:{self.field}"


class Told(NamedTuple):
    """What is said of an item, and of all others with the same notes."""

    outcome: str
    marks: tuple[Mark, ...]
    #: what the marks are about
    fields: frozenset[str | None]

    def only(self, wanted: Callable[[Mark], bool]) -> "Told":
        """The same with some of the marks."""
        return Told.of(self.outcome, tuple(filter(wanted, self.marks)))

    @classmethod
    def of(cls, outcome: str, marks: tuple[Mark, ...]) -> "Told":
        return cls(outcome, marks, frozenset(mark.field for mark in marks))

    @property
    def rank(self) -> tuple[int, bool]:
        """Where it stands in a list: what matters most comes first."""
        return min(map(_rank, self.marks))

    def has(self, code: str) -> bool:
        return any(mark.code == code for mark in self.marks)


#: Whether an item is left out, and its notes. A catalogue of a million items has few that differ.
Noted = tuple[bool, tuple[str, ...]]


@dataclass(frozen=True)
class Wanted:
    """Which of a feed's items are asked for; None: whatever it is.

    Mere hints have to be asked for by code, field or severity. Asked for nothing, it is the items that have
    something of their own to repair, not those that only share what is wrong with the whole feed.
    """

    code: str | None = None
    field: str | None = None
    severity: str | None = None
    outcome: str | None = None

    def takes(self, told: Told) -> bool:
        """Whether the item is asked for."""
        return self.outcome in (None, told.outcome) and any(map(self.fits, told.marks))

    def shows(self, said: Mark) -> bool:
        """Whether one thing is told of an item that is asked for: all but hints that nobody asks for."""
        return said.severity != INFO or self.fits(said)

    def fits(self, said: Mark) -> bool:
        """Whether one thing about an item is asked for."""
        if (self.code, self.field, self.severity) == (None, None, None):
            is_shared = self.outcome is None and said.code in issues.SHARED
            return self.outcome == PUBLISHED or (said.severity != INFO and not is_shared)
        return (
            self.code in (None, said.code)
            and self.field in (None, said.field)
            and self.severity in (None, said.severity)
        )


class Report(NamedTuple):
    """What became of a feed's items in the render that is served."""

    render: Standing
    #: about the whole feed
    remarks: list[Remark]
    warned: int
    counts: list[Count]
    found: list[Diagnosis]
    total: int


def columns(plan: Plan) -> frozenset[str]:
    """What is read of an item to say all about it."""
    return plan.columns | identities.COLUMNS | {"kind", "status", "tax_class"}


def report(feed_id: str, wanted: Wanted, first: int, count: int, held: bool = False) -> Report:
    """Counts of all issues, and so many of the wanted items, what matters most first.

    Of the render that is served, or of the one that is held; that too where none was ever served.
    Raises NotFound: no such feed, no such render.
    """
    with items.snapshot() as catalogue:
        subject = _Subject(catalogue, feed_id, held)
        tally = subject.tally()
        told = {noted: subject.told(noted) for noted in tally}
        places = _Places({noted: told[noted].rank for noted in tally if wanted.takes(told[noted])}, tally)
        shown = {
            key: told[noted].only(wanted.shows) for key, noted in places.window(subject.noted(), first, count)
        }
        subject.look_for_owners([key for key in shown if shown[key].has(messages.DUPLICATE)])
        found = subject.diagnosed(shown)
    warned = sum(tally[noted] for noted in tally if told[noted].outcome == WARNED)
    return Report(subject.render, subject.remarks, warned, subject.counts(tally), found, places.total)


def every(feed_id: str, wanted: Wanted, held: bool = False) -> Iterator[Diagnosis]:
    """All wanted items with what is asked for about them, for a table. Raises NotFound as `report`."""
    with items.snapshot() as catalogue:
        subject = _Subject(catalogue, feed_id, held)
        taken: dict[Noted, Told | None] = {}
        for noted in subject.tally():
            whole = subject.told(noted)
            taken[noted] = whole.only(wanted.fits) if wanted.takes(whole) else None
        asked = {noted for noted, told in taken.items() if told and told.has(messages.DUPLICATE)}
        subject.look_for_owners([key for key, noted in subject.noted() if noted in asked] if asked else [])
        found = ((key, told) for key, noted in subject.noted() if (told := taken[noted]))
        while some := dict(islice(found, BATCH)):
            yield from subject.diagnosed(some)


class _Places:
    """Where items stand in a list that is sorted by what is noted of them."""

    def __init__(self, ranks: Mapping[Noted, tuple[int, bool]], tally: Mapping[Noted, int]) -> None:
        self._ranks = ranks
        #: rank -> the place of the next item that has it
        self._next: dict[tuple[int, bool], int] = {}
        self.total = 0
        for rank in sorted(set(ranks.values())):
            self._next[rank] = self.total
            self.total += sum(tally[noted] for noted in ranks if ranks[noted] == rank)

    def window(self, items: Iterable[tuple[str, Noted]], first: int, count: int) -> list[tuple[str, Noted]]:
        """So many of these items from a place on."""
        found: dict[int, tuple[str, Noted]] = {}
        missing = max(0, min(count, self.total - first))
        for key, noted in items:
            if len(found) == missing:
                break
            rank = self._ranks.get(noted)
            if rank is not None:
                place = self._next[rank]
                self._next[rank] += 1
                if first <= place < first + count:
                    found[place] = (key, noted)
        return [found[place] for place in sorted(found)]


class _Subject:
    """A feed with one of its renders; see `report`."""

    def __init__(self, catalogue: Connection, feed_id: str, held: bool) -> None:
        self._catalogue = catalogue
        self._plan = render_plans.make(catalogue, feed_id)
        render = self._plan.held if held else self._plan.live or self._plan.held
        if render is None and held:
            raise NotFound("No render of this feed is held.")
        if render is None:
            raise NotFound("The feed was not rendered yet. Publish it, or ask for a render.")
        self.render = render
        self.remarks = self._plan.remarks
        self._renderer = self._plan.renderer
        self._told: dict[Noted, Told] = {}

    def tally(self) -> Counter[Noted]:
        """How many items there are with the same notes, of those that have any."""
        published: Counter[tuple[str, ...]] = Counter()
        excluded: Counter[tuple[str, ...]] = Counter()
        for notes, left_out in self._pieces():
            published.update(map(tuple, notes.values()))
            excluded.update(map(tuple, left_out.values()))
        return Counter({(False, notes): number for notes, number in published.items()}) + Counter(
            {(True, notes): number for notes, number in excluded.items()}
        )

    def noted(self) -> Iterator[tuple[str, Noted]]:
        """The keys of these items, with their notes, in the order of the feed."""
        for notes, left_out in self._pieces():
            for key in sorted(notes | left_out):
                yield key, (key in left_out, tuple(left_out.get(key) or notes[key]))

    def _pieces(self) -> Iterator[tuple[dict[str, list[str]], dict[str, list[str]]]]:
        """Key -> notes of items that are published, and of those that are left out, part by part."""
        yield from pieces.told_of_render(self._catalogue, self.render.id)
        bare = items.without_variants(self._catalogue, self._plan.sources)
        yield {}, {key: [messages.NO_VARIANTS] for key in bare}

    def told(self, noted: Noted) -> Told:
        """What these notes mean."""
        if noted not in self._told:
            is_left_out, notes = noted
            marks = tuple(self._mark(note, is_left_out) for note in notes)
            severities = {mark.severity for mark in marks}
            outcome = EXCLUDED if is_left_out else WARNED if WARNING in severities else PUBLISHED
            self._told[noted] = Told.of(outcome, marks)
        return self._told[noted]

    def _mark(self, note: str, is_left_out: bool) -> Mark:
        severity = ERROR if is_left_out else max(WARNING, self._of(note).severity, key=SEVERITIES.index)
        return Mark(*issues.parsed(note), severity)

    def counts(self, tally: Mapping[Noted, int]) -> list[Count]:
        """How many items have each issue, what matters most first."""
        found: Counter[Mark] = Counter()
        for noted, number in tally.items():
            found.update(dict.fromkeys(self.told(noted).marks, number))
        counts = (Count(*mark, number, self._of(mark.note).message) for mark, number in found.items())
        return sorted(counts, key=lambda each: (*_rank(each), -each.items, each.code, each.field or ""))

    def _of(self, note: str) -> Issue:
        return self._renderer.issue(note)

    def look_for_owners(self, keys: Sequence[str]) -> None:
        """Find out who has the ids of these items, which are left out for that.

        What a render has found so is told so, whatever became of the other item.
        """
        owners = taken_ids.owners(self._catalogue, self._plan, keys)
        self._renderer.duplicates = dict.fromkeys(keys, "") | owners

    def diagnosed(self, told: Mapping[str, Told]) -> list[Diagnosis]:
        """These items with what is to be said about them, each looked at as it is now."""
        known = items.named(self._catalogue, self._plan.sources, columns(self._plan), list(told))
        self._renderer.twins = frozenset(key for key in told if told[key].has(messages.SAME_OPTIONS))
        bare = items.products(self._catalogue, self._plan.sources, [key for key in told if key not in known])
        return [
            self._of_item(told[key], known[key])
            if key in known
            else self._of_product(told[key], key, bare.get(key))
            for key in told
        ]

    def _of_item(self, told: Told, item: Item) -> Diagnosis:
        now = {(issue.code, issue.field): issue for issue in self._renderer.issues(item, told.fields)}
        # Repaired since the render: what that noted stands, without the value that caused it.
        said = [now.get((mark.code, mark.field)) or self._of(mark.note) for mark in told.marks]
        if len(said) > 1:
            said.sort(key=_rank)
        return Diagnosis(identities.of_item(self._plan.sources, item), told.outcome, said)

    def _of_product(self, told: Told, key: str, product: Shelved | None) -> Diagnosis:
        """One that is no item: a product without variants, or what is not mirrored any more."""
        said = [self._of(mark.note) for mark in told.marks]
        if product is not None and told.has(messages.NO_VARIANTS):
            said = [issues.of_item(messages.NO_VARIANTS, product.kind)]
        return Diagnosis(identities.of_product(self._plan.sources, key, product), told.outcome, said)


def _rank(said: Mark | Count | Issue) -> tuple[int, bool]:
    return issues.rank(said.severity, said.code)
