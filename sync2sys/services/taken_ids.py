"""Mapped ids that several items have: the first of them that is published has it, the others are left out."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from sync2sys.formats.base import Item
from sync2sys.formats.custom import Custom
from sync2sys.formats.renderer import Renderer
from sync2sys.services import items
from sync2sys.services.render_plans import Plan

#: Items that are looked up at once.
BATCH = 500


def are_possible(plan: Plan) -> bool:
    """Whether two items can have one id: those of the shops are unique."""
    return plan.format.id_field.name in plan.custom.mapping


def owners(catalogue: Connection, plan: Plan, keys: Sequence[str]) -> dict[str, str]:
    """Those of these items whose id an earlier one has, with who that is, in words.

    Asked for items that nothing else leaves out. Reads the catalogue from its beginning up to the last of
    the earlier ones, but of most items only what their id is made of.
    """
    if not keys or not are_possible(plan):
        return {}
    name = plan.format.id_field.name
    origin = plan.custom.mapping[name]
    narrow = Renderer(plan.format, plan.context, Custom(mapping={name: origin}))
    columns = frozenset((*origin.columns, *plan.format.id_field.source))
    ids = {
        key: narrow.id_of(item)
        for start in range(0, len(keys), BATCH)
        for key, item in items.named(catalogue, plan.sources, columns, keys[start : start + BATCH]).items()
    }
    found = _first(catalogue, plan, set(ids.values()), narrow, columns)
    return {key: _words(found[own]) for key, own in ids.items() if own in found and found[own].key != key}


def _first(
    catalogue: Connection, plan: Plan, wanted: set[str], narrow: Renderer, columns: frozenset[str]
) -> dict[str, Item]:
    """Id -> the first published item that has it."""
    found: dict[str, Item] = {}
    renderer, everything = plan.renderer, plan.columns | {"title"}
    for item in items.every(catalogue, plan.sources, columns):
        if len(found) == len(wanted):
            break
        own = narrow.id_of(item)
        if own in wanted and own not in found:
            whole = items.named(catalogue, plan.sources, everything, [item.key])[item.key]
            if not renderer.reasons(whole):
                found[own] = whole
    return found


def marked(plan: Plan, renderer: Renderer, first: Iterable[Item]) -> Iterator[Item]:
    """The first items of the catalogue as they come, their duplicates made known to the renderer."""
    if not are_possible(plan):
        yield from first
        return
    found: dict[str, Item] = {}
    duplicates: dict[str, str] = {}
    renderer.duplicates = duplicates
    for item in first:
        if not renderer.reasons(item):
            other = found.setdefault(renderer.id_of(item), item)
            if other is not item:
                duplicates[item.key] = _words(other)
        yield item


def _words(item: Item) -> str:
    return f"{item.key} ({item.title})"
