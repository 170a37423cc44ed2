"""A shop's categories, and where each of them belongs in Google's taxonomy by a feed's rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, String, func, select, type_coerce

from sync2sys.extensions import db
from sync2sys.formats import category_rules, custom, sources
from sync2sys.formats.category_rules import OFFERED, CategoryRule, CategoryRules
from sync2sys.formats.paths import levels, names
from sync2sys.formats.taxonomy import Suggestion, Taxonomy
from sync2sys.models import Feed, Product
from sync2sys.services import items, render_plans, taxonomies
from sync2sys.services.items import PRODUCT, VARIANT, Source

#: A suggestion that is less like the category is shown, but makes no rule.
LIKELY = 0.5

#: A path as it is compared.
Levels = tuple[str, ...]
#: A list of categories, and how many products and variants have exactly this list.
Counted = tuple[Sequence[str], int, int]


@dataclass
class ShopCategory:
    """A category of the shop."""

    #: as the shop spells it
    path: str
    #: in it and in all below it, each once
    products: int = 0
    items: int = 0


class Place(NamedTuple):
    """A category of the shop, and where it belongs."""

    category: ShopCategory
    #: its own, or the nearest one above it
    rule: CategoryRule | None
    #: what the rule says, as number and as path: one is None where no taxonomy tells it
    id: int | None
    path: str | None
    #: the loaded taxonomy does not have what the rule says
    is_gone: bool
    #: what of the taxonomy is like it, where there is no rule or its category is gone
    suggestions: list[Suggestion]

    @property
    def is_inherited(self) -> bool:
        """Whether the rule is that of a category above it."""
        return self.rule is not None and levels(self.rule.path) != levels(self.category.path)


class Report(NamedTuple):
    """Some categories of a feed's sources."""

    #: the field that rules fill, as the channel spells it; None: it has no such field
    field: str | None
    #: of the loaded taxonomy
    version: str | None
    found: list[Place]
    #: how many there are
    total: int


class Gone(NamedTuple):
    """A rule whose category the taxonomy does not have."""

    slug: str
    rule: CategoryRule
    offers: list[Suggestion]


def report(feed_id: str, first: int = 0, count: int | None = None) -> Report:
    """So many of the categories, or all, in the order of the tree. Raises NotFound.

    They are those that products are in, all above them, and those that a rule names.
    """
    with items.snapshot() as catalogue:
        plan = render_plans.make(catalogue, feed_id)
        taxonomy = taxonomies.current(catalogue)
        rules = plan.custom.categories or CategoryRules({})
        tree = tree_of(_counted(catalogue, plan.sources), rules)
    return Report(
        field=custom.category_field(plan.format),
        version=None if taxonomy is None else taxonomy.version,
        found=[_place(category, rules, taxonomy) for category in tree[first:][:count]],
        total=len(tree),
    )


def suggested(places: Sequence[Place]) -> dict[str, str]:
    """Rules of the best suggestions that are likely, for those of a whole tree that have no rule.

    One that says the same as the suggested rule above it is left out.
    """
    made: dict[Levels, str] = {}
    rules = {}
    for place in places:
        best = next(iter(place.suggestions), None)
        if place.rule is None and best is not None and best.likeness >= LIKELY:
            key = levels(place.category.path)
            if _above(key, made) != best.path:
                rules[place.category.path] = made[key] = best.path
    return rules


def gone(taxonomy: Taxonomy) -> list[Gone]:
    """The rules of all feeds whose categories this taxonomy does not have."""
    feeds = db.session.execute(select(Feed.slug, Feed.definition).order_by(Feed.created_at, Feed.id))
    return [
        Gone(slug, rule, category_rules.offers(rule, taxonomy))
        for slug, definition in feeds
        for rule in category_rules.parse_rules(definition.get("categories", {}))
        if taxonomy.find(rule.category) is None
    ]


def tree_of(counted: Iterable[Counted], rules: CategoryRules) -> list[ShopCategory]:
    """All categories, those above others first: of these lists of categories, and of the rules."""
    tree: dict[Levels, ShopCategory] = {}
    for paths, products, variants in counted:
        for key, path in _with_all_above(paths).items():
            category = tree.setdefault(key, ShopCategory(path))
            # Two shops may spell it in two ways, and rows come in any order.
            category.path = min(category.path, path)
            category.products += products
            category.items += variants
    for rule in rules:
        tree.setdefault(levels(rule.path), ShopCategory(" > ".join(names(rule.path))))
    return [tree[key] for key in sorted(tree)]


def _counted(catalogue: Connection, chosen: Sequence[Source]) -> list[Counted]:
    """Every list of categories that products of these sources have, in one query."""
    of_product = (VARIANT.channel_id == PRODUCT.channel_id) & (
        VARIANT.product_external_id == PRODUCT.external_id
    )
    variants = select(func.count()).where(of_product).correlate(Product.__table__).scalar_subquery()
    query = (
        select(type_coerce(PRODUCT.categories, String), func.count(), func.sum(variants))
        .where(PRODUCT.channel_id.in_([source.channel_id for source in chosen]))
        .group_by(PRODUCT.categories)
    )
    return [(sources.entries(paths), count, int(total)) for paths, count, total in catalogue.execute(query)]


def _with_all_above(paths: Sequence[str]) -> dict[Levels, str]:
    """These categories and all above them, each once."""
    found: dict[Levels, str] = {}
    for path in paths:
        split = names(path)
        for depth in range(1, len(split) + 1):
            above = " > ".join(split[:depth])
            found.setdefault(levels(above), above)
    return found


def _place(category: ShopCategory, rules: CategoryRules, taxonomy: Taxonomy | None) -> Place:
    rule = rules.rule_of(category.path)
    if rule is None:
        suggestions = taxonomy.suggest(category.path, OFFERED) if taxonomy else []
        return Place(category, None, None, None, False, suggestions)
    found = taxonomy.find(rule.category) if taxonomy else None
    if found is not None:
        return Place(category, rule, found.id, found.path, False, [])
    id, path = (None, rule.category) if isinstance(rule.category, str) else (rule.category, None)
    offers = category_rules.offers(rule, taxonomy) if taxonomy else []
    return Place(category, rule, id, path, taxonomy is not None, offers)


def _above(key: Levels, made: Mapping[Levels, str]) -> str | None:
    """What the nearest rule above a category says."""
    return next((made[key[:depth]] for depth in range(len(key) - 1, 0, -1) if key[:depth] in made), None)
