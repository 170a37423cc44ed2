"""How each value of an item comes about: of one item, or of what a definition that is tried would make.

Nothing here depends on a render; items are looked at as they are mirrored now.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection

from sync2sys.errors import NotFound
from sync2sys.formats import custom
from sync2sys.formats.base import Item
from sync2sys.formats.issues import ERROR, EXCLUDED, PUBLISHED, WARNED, WARNING
from sync2sys.formats.renderer import Line, Renderer
from sync2sys.formats.taxonomy import Taxonomy
from sync2sys.services import diagnostics, identities, items, render_plans, taken_ids, taxonomies
from sync2sys.services.diagnostics import Diagnosis
from sync2sys.services.render_plans import Plan

#: Items that a preview looks at, to find some that would be published, and those that it reads at once.
LOOKED_AT, BATCH = 2000, 200


class Explanation(NamedTuple):
    """One item as the catalogue has it now, with what each of the feed's fields is made of."""

    diagnosis: Diagnosis
    item: Item
    lines: list[Line]


class Preview(NamedTuple):
    """What some items would become. `excluded`: how many of those looked at are left out, by reason."""

    found: list[Explanation]
    looked_at: int
    published: int
    excluded: dict[str, int]
    #: what to do where none would be published
    message: str | None


def explain(feed_id: str, key: str) -> Explanation:
    """How each field of an item comes about. Raises NotFound."""
    with items.snapshot() as catalogue:
        plan = render_plans.make(catalogue, feed_id)
        found = items.named(catalogue, plan.sources, diagnostics.columns(plan), [key])
        if key not in found:
            raise NotFound("No such item is mirrored. Items are named by their id in the shop.")
        renderer = plan.renderer
        _mark_duplicates(catalogue, plan, renderer, found.values())
        _mark_twins(catalogue, plan, renderer, found.values())
        return _explained(catalogue, plan, renderer, [found[key]])[0]


def preview(feed_id: str, unsaved: Mapping[str, Any], count: int, key: str | None = None) -> Preview:
    """What items would become; `unsaved`: format and definition to try, not kept.

    Those that would be published come first, out of the first LOOKED_AT of the catalogue; with a key, it is
    those of that product, or that item. Raises NotFound, and BadRequest as `render_plans.make`.
    """
    with items.snapshot() as catalogue:
        plan = render_plans.make(catalogue, feed_id, unsaved)
        renderer = plan.renderer
        if key is None:
            rows = taken_ids.marked(plan, renderer, _first_items(catalogue, plan))
        else:
            rows = iter(_items_of(catalogue, plan, renderer, key))
        published: list[Item] = []
        left_out: list[Item] = []
        excluded: Counter[str] = Counter()
        for item in rows:
            reasons = renderer.reasons(item)
            excluded.update(reasons[:1])
            (left_out if reasons else published).append(item)
            if len(published) == count:
                break
        shown = (published + left_out)[:count]
        _mark_twins(catalogue, plan, renderer, shown)
        found = _explained(catalogue, plan, renderer, shown)
    looked_at = len(published) + len(left_out)
    message = None if published else _of_none(excluded, looked_at)
    return Preview(found, looked_at, len(published), dict(excluded), message)


def _of_none(excluded: Counter[str], looked_at: int) -> str:
    """What to say of a preview in which nothing would be published."""
    if not looked_at:
        return "No item is mirrored yet. Synchronize the store, and try again."
    ((reason, number),) = excluded.most_common(1)
    return (
        f"None of the {looked_at} items looked at would be published; for {number} of them the reason is "
        f"{reason}. Those shown say what to do."
    )


def _first_items(catalogue: Connection, plan: Plan) -> Iterator[Item]:
    """The first items of the catalogue, some hundred read at once."""
    page = next(items.stamps(catalogue, plan.sources), [])[:LOOKED_AT]
    groups = iter(dict.fromkeys(group for group, _, _ in page))
    while some := list(islice(groups, BATCH)):
        rows = items.items(catalogue, plan.sources, diagnostics.columns(plan), some[0], some[-1])
        yield from map(Item._make, rows)


def _items_of(catalogue: Connection, plan: Plan, renderer: Renderer, key: str) -> list[Item]:
    """The items of a product, or the one with this key. Raises NotFound."""
    columns = diagnostics.columns(plan)
    found = list(map(Item._make, items.items(catalogue, plan.sources, columns, key, key)))
    found = found or list(items.named(catalogue, plan.sources, columns, [key]).values())
    if not found:
        raise NotFound("No such product or item is mirrored. They are named by their id in the shop.")
    _mark_duplicates(catalogue, plan, renderer, found)
    return found


def _mark_duplicates(catalogue: Connection, plan: Plan, renderer: Renderer, found: Iterable[Item]) -> None:
    """Make known to the renderer which of these items have an id that an earlier one has."""
    published = [item.key for item in found if not renderer.reasons(item)]
    renderer.duplicates = taken_ids.owners(catalogue, plan, published)


def _mark_twins(catalogue: Connection, plan: Plan, renderer: Renderer, found: Iterable[Item]) -> None:
    """Make known to the renderer which of these items have the options of an earlier variant."""
    twins = []
    for group in {item.group_key for item in found if item.has_variants}:
        seen: set[tuple[str, str]] = set()
        rows = map(Item._make, items.items(catalogue, plan.sources, plan.columns, group, group))
        twins += [row.key for row in rows if not renderer.reasons(row) and renderer.is_twin(row, seen)]
    renderer.twins = frozenset(twins)


def _explained(
    catalogue: Connection, plan: Plan, renderer: Renderer, found: Iterable[Item]
) -> list[Explanation]:
    name = custom.category_field(plan.format)
    taxonomy = taxonomies.current(catalogue) if name in plan.custom.mapping else None
    explained = []
    for item in found:
        lines = renderer.explain(item)
        if taxonomy is not None:
            lines = [_with_category(line, taxonomy) if line.field.name == name else line for line in lines]
        explained.append(Explanation(_diagnosis(plan, renderer, item), item, lines))
    return explained


def _diagnosis(plan: Plan, renderer: Renderer, item: Item) -> Diagnosis:
    said = renderer.issues(item)
    severities = {issue.severity for issue in said}
    outcome = EXCLUDED if ERROR in severities else WARNED if WARNING in severities else PUBLISHED
    return Diagnosis(identities.of_item(plan.sources, item), outcome, said)


def _with_category(line: Line, taxonomy: Taxonomy) -> Line:
    """The line with what the taxonomy calls the category that its value names."""
    if line.value is None:
        return line
    found = taxonomy.find(str(line.value))
    told = f"{found.id} - {found.path}" if found else f"Not in the taxonomy of {taxonomy.version}."
    return line._replace(meaning=told)
