"""What is wrong with a feed's items.

Which items have issues stands beside the pieces of the render that is served; what each issue is in
words, with the value that caused it, is worked out for the few that are looked at.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from sync2sys.errors import NotFound
from sync2sys.formats import issues, messages
from sync2sys.formats.base import Item
from sync2sys.formats.issues import ERROR, EXCLUDED, INFO, PUBLISHED, WARNED, WARNING, Issue
from sync2sys.formats.remarks import Remark
from sync2sys.services import identities, items, pieces, render_plans
from sync2sys.services.identities import Identity
from sync2sys.services.items import Shelved
from sync2sys.services.render_plans import Plan, Standing

#: Items whose issues are worked out at once, for a table.
BATCH = 200


class Count(NamedTuple):
    """How many items have an issue. An excluded one counts by what comes first of its reasons."""

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


class Told(NamedTuple):
    """An item about which something is to be said."""

    key: str
    outcome: str
    marks: list[Mark]

    @property
    def rank(self) -> tuple[int, bool]:
        """Where it stands in a list: what matters most comes first."""
        return min(map(_rank, self.marks))

    def has(self, code: str) -> bool:
        return any(mark.code == code for mark in self.marks)


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

    def without_hints(self, diagnosis: Diagnosis) -> Diagnosis:
        """The item without hints that are not asked for."""
        said = [issue for issue in diagnosis.issues if issue.severity != INFO or self.fits(issue)]
        return diagnosis._replace(issues=said)

    def fits(self, said: Mark | Issue) -> bool:
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
        warnings: Counter[Mark] = Counter()
        ranks: Counter[tuple[int, bool]] = Counter()
        warned = 0
        for told in subject.told():
            if told.outcome != EXCLUDED:
                warnings.update(told.marks)
                warned += told.outcome == WARNED
            if wanted.takes(told):
                ranks[told.rank] += 1
        taken = (told for told in subject.told() if wanted.takes(told))
        found = list(map(wanted.without_hints, subject.diagnosed(_window(taken, ranks, first, count))))
    return Report(subject.render, subject.remarks, warned, subject.counts(warnings), found, ranks.total())


def every(feed_id: str, wanted: Wanted, held: bool = False) -> Iterator[Diagnosis]:
    """All wanted items with what is asked for about them, for a table. Raises NotFound as `report`."""
    with items.snapshot() as catalogue:
        subject = _Subject(catalogue, feed_id, held)
        taken = (told for told in subject.told() if wanted.takes(told))
        while some := list(islice(taken, BATCH)):
            for each in subject.diagnosed(some):
                yield each._replace(issues=list(filter(wanted.fits, each.issues)))


def _window(
    taken: Iterable[Told], ranks: Mapping[tuple[int, bool], int], first: int, count: int
) -> list[Told]:
    """So many of these items from a place on, in the order of their ranks; `ranks`: how many have each."""
    begins, before = {}, 0
    for rank in sorted(ranks):
        begins[rank], before = before, before + ranks[rank]
    found: dict[int, Told] = {}
    missing = max(0, min(count, before - first))
    for told in taken:
        if len(found) == missing:
            break
        place = begins[told.rank]
        begins[told.rank] += 1
        if first <= place < first + count:
            found[place] = told
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
        self._fields = {each.name: each for each in self._plan.format.all_fields}
        #: note of a published item -> what it means
        self._marks: dict[str, Mark] = {}

    def told(self) -> Iterator[Told]:
        """The items about which something is to be said, in the order of the feed."""
        for notes, left_out in pieces.told_of_render(self._catalogue, self.render.id):
            for key in sorted(notes | left_out):
                yield _excluded(key, left_out[key]) if key in left_out else self._noted(key, notes[key])
        for key in items.without_variants(self._catalogue, self._plan.sources):
            yield _excluded(key, [messages.NO_VARIANTS])

    def _noted(self, key: str, notes: list[str]) -> Told:
        marks = [self._marks.get(note) or self._mark(note) for note in notes]
        is_warned = any(mark.severity == WARNING for mark in marks)
        return Told(key, WARNED if is_warned else PUBLISHED, marks)

    def _mark(self, note: str) -> Mark:
        severity = issues.severity_if_published(note, self._fields)
        return self._marks.setdefault(note, Mark(*issues.parsed(note), severity))

    def counts(self, warnings: Mapping[Mark, int]) -> list[Count]:
        """How many items have each issue, what matters most first."""
        errors = {Mark(*issues.parsed(note), ERROR): number for note, number in self.render.excluded.items()}
        found = [
            Count(*mark, number, self._of(mark).message)
            for mark, number in [*errors.items(), *warnings.items()]
        ]
        return sorted(found, key=lambda each: (*_rank(each), -each.items, each.code, each.field or ""))

    def _of(self, mark: Mark) -> Issue:
        field = self._fields.get(mark.field or "")
        found = issues.of_item(mark.code) if field is None else issues.of_field(mark.code, field)
        return found._replace(severity=mark.severity)

    def diagnosed(self, told: list[Told]) -> list[Diagnosis]:
        """These items with what is to be said about them, each looked at as it is now."""
        keys, sources = [each.key for each in told], self._plan.sources
        known = items.named(self._catalogue, sources, columns(self._plan), keys)
        # Which items have an id that another one has, only a render knows.
        self._renderer.duplicates = frozenset(each.key for each in told if each.has(messages.DUPLICATE))
        bare = items.products(self._catalogue, sources, [key for key in keys if key not in known])
        return [
            self._of_item(each, known[each.key])
            if each.key in known
            else self._of_product(each, bare.get(each.key))
            for each in told
        ]

    def _of_item(self, told: Told, item: Item) -> Diagnosis:
        said = self._renderer.issues(item)
        known = {(issue.code, issue.field) for issue in said}
        # Repaired since the render: what that noted stands, without the value that caused it.
        said += [self._of(mark) for mark in told.marks if (mark.code, mark.field) not in known]
        said.sort(key=_rank)
        return Diagnosis(identities.of_item(self._plan.sources, item), told.outcome, said)

    def _of_product(self, told: Told, product: Shelved | None) -> Diagnosis:
        """One that is no item: a product without variants, or what is not mirrored any more."""
        said = [self._of(mark) for mark in told.marks]
        if product is not None and told.has(messages.NO_VARIANTS):
            said = [issues.of_item(messages.NO_VARIANTS, product.kind)]
        return Diagnosis(identities.of_product(self._plan.sources, told.key, product), told.outcome, said)


def _rank(said: Mark | Count | Issue) -> tuple[int, bool]:
    return issues.rank(said.severity, said.code)


def _excluded(key: str, reasons: list[str]) -> Told:
    return Told(key, EXCLUDED, [Mark(*issues.parsed(reason), ERROR) for reason in reasons])
