"""What is wrong with a feed's items, and how each of their values came about.

Which items have issues stands beside the pieces of the render that is served; what each issue is in
words, with the value that caused it, is worked out for the few that are looked at.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sync2sys.errors import NotFound
from sync2sys.formats import custom, issues
from sync2sys.formats.base import Item
from sync2sys.formats.issues import ERROR, EXCLUDED, PUBLISHED, WARNED, WARNING, Issue
from sync2sys.formats.remarks import Remark
from sync2sys.formats.renderer import Line, Renderer
from sync2sys.formats.taxonomy import Taxonomy
from sync2sys.services import items, pieces, render_plans, taxonomies
from sync2sys.services.render_plans import Plan, Standing


class Count(NamedTuple):
    """How many items have an issue. An excluded one counts by what comes first of its reasons."""

    code: str
    field: str | None
    severity: str
    items: int


class Diagnosis(NamedTuple):
    """An item with what is to be said about it."""

    key: str
    title: str
    outcome: str
    issues: list[Issue]


@dataclass(frozen=True)
class Wanted:
    """Which of a feed's items are asked for; None and empty: whatever it is."""

    code: str | None = None
    field: str | None = None
    outcome: str | None = None

    def takes(self, outcome: str, notes: Sequence[str]) -> bool:
        if self.outcome is not None and outcome != self.outcome:
            return False
        return any(
            self.code in (None, code) and self.field in (None, field)
            for code, field in map(issues.parsed, notes)
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


class Explanation(NamedTuple):
    """One item as the catalogue has it now, with what each of the feed's fields is made of."""

    diagnosis: Diagnosis
    item: Item
    lines: list[Line]


#: An item about which something is to be said: key, outcome, notes.
Told = tuple[str, str, list[str]]


def report(feed_id: str, wanted: Wanted, first: int, count: int) -> Report:
    """Counts of all issues, and so many of the wanted items. Raises NotFound: no such feed, no render yet."""
    with items.snapshot() as catalogue:
        plan, render = _rendered(catalogue, feed_id)
        warnings: Counter[str] = Counter()
        warned = total = 0
        shown: list[Told] = []
        for told in _told(catalogue, plan, render):
            _, outcome, notes = told
            if outcome == WARNED:
                warnings.update(notes)
                warned += 1
            if wanted.takes(outcome, notes):
                if first <= total < first + count:
                    shown.append(told)
                total += 1
        found = _diagnosed(catalogue, plan, shown)
    counts = [Count(*issues.parsed(note), ERROR, number) for note, number in render.excluded.items()]
    counts += [Count(*issues.parsed(note), WARNING, number) for note, number in warnings.items()]
    counts.sort(key=lambda each: (each.severity, -each.items, each.code, each.field or ""))
    return Report(render, plan.remarks, warned, counts, found, total)


def every(feed_id: str, wanted: Wanted) -> Iterator[Told]:
    """All wanted items, for a table. Raises NotFound as `report`."""
    with items.snapshot() as catalogue:
        plan, render = _rendered(catalogue, feed_id)
        for told in _told(catalogue, plan, render):
            if wanted.takes(told[1], told[2]):
                yield told


def explain(feed_id: str, key: str) -> Explanation:
    """How each field of an item comes about. Raises NotFound."""
    with items.snapshot() as catalogue:
        plan = render_plans.make(catalogue, feed_id)
        found = items.named(catalogue, plan.sources, plan.columns | {"title"}, [key])
        if key not in found:
            raise NotFound("No such item is mirrored. Items are named by their id in the shop.")
        return _explained(catalogue, plan, [found[key]])[0]


def preview(feed_id: str, unsaved: Mapping[str, Any], count: int) -> list[Explanation]:
    """What the first so many items would become; `unsaved`: format and definition to try, not kept.

    Raises NotFound, and BadRequest as `render_plans.make`.
    """
    with items.snapshot() as catalogue:
        plan = render_plans.make(catalogue, feed_id, unsaved)
        groups = [group for group, _, _ in next(iter(items.stamps(catalogue, plan.sources)), [])][:count]
        rows = (
            items.items(catalogue, plan.sources, plan.columns | {"title"}, groups[0], groups[-1])
            if groups
            else iter(())
        )
        return _explained(catalogue, plan, [Item._make(row) for row in islice(rows, count)])


def _explained(catalogue: Connection, plan: Plan, found: Iterable[Item]) -> list[Explanation]:
    renderer, name = plan.renderer, custom.category_field(plan.format)
    taxonomy = taxonomies.current(catalogue) if name in plan.custom.mapping else None
    explained = []
    for item in found:
        lines = renderer.explain(item)
        if taxonomy is not None:
            lines = [_with_category(line, taxonomy) if line.field.name == name else line for line in lines]
        explained.append(Explanation(_diagnosis(renderer, item), item, lines))
    return explained


def _diagnosis(renderer: Renderer, item: Item) -> Diagnosis:
    said = renderer.issues(item)
    outcome = PUBLISHED if not said else EXCLUDED if said[0].severity == ERROR else WARNED
    return Diagnosis(item.key, item.title, outcome, said)


def _with_category(line: Line, taxonomy: Taxonomy) -> Line:
    """The line with what the taxonomy calls the category that its value names."""
    if line.value is None:
        return line
    found = taxonomy.find(str(line.value))
    told = f"{found.id} - {found.path}" if found else f"Not in the taxonomy of {taxonomy.version}."
    return line._replace(meaning=told)


def _rendered(catalogue: Connection, feed_id: str) -> tuple[Plan, Standing]:
    plan = render_plans.make(catalogue, feed_id)
    render = plan.live or plan.held
    if render is None:
        raise NotFound("The feed was not rendered yet. Publish it, or ask for a render.")
    return plan, render


def _told(catalogue: Connection, plan: Plan, render: Standing) -> Iterator[Told]:
    """The items about which something is to be said, in the order of the feed."""
    for notes, left_out in pieces.told_of_render(catalogue, render.id):
        for key in sorted(notes | left_out):
            yield (key, EXCLUDED, left_out[key]) if key in left_out else (key, WARNED, notes[key])
    for key, _ in items.without_variants(catalogue, plan.sources):
        yield key, EXCLUDED, [issues.NO_VARIANTS]


def _diagnosed(catalogue: Connection, plan: Plan, told: list[Told]) -> list[Diagnosis]:
    renderer, fields = plan.renderer, {each.name: each for each in plan.format.all_fields}
    known = items.named(catalogue, plan.sources, plan.columns | {"title"}, [key for key, _, _ in told])
    titles = {key: item.title for key, item in known.items()}
    if len(titles) < len(told):
        titles |= dict(items.without_variants(catalogue, plan.sources))
    found = []
    for key, outcome, notes in told:
        # Repaired since the render, or gone: what it noted stands, without the value that caused it.
        said = renderer.issues(known[key]) if key in known else []
        said = said or [issues.of_note(note, fields) for note in notes]
        found.append(Diagnosis(key, titles.get(key, ""), outcome, said))
    return found
