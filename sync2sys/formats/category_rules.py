"""Which category of the taxonomy a shop's category means, down the shop's own tree.

    {"Shoes": 187, "Shoes > Socks": "Apparel & Accessories > Clothing > Underwear & Socks > Socks"}

An item in `Shoes > Running` is 187: a rule holds for everything below its path that has no rule of
its own. Of an item's paths the one with the longest rule counts, the first of equally long ones.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sync2sys.formats import definitions, sources
from sync2sys.formats.definitions import BadDefinition, below, quoted
from sync2sys.formats.paths import LONGEST, levels
from sync2sys.formats.taxonomy import Suggestion, Taxonomy, spelled

#: Rules of one shop.
MOST_RULES = 10_000
#: Categories of one item that are looked at.
MOST_PATHS = 100
#: Characters of a path of the taxonomy; no channel takes more.
LONGEST_CATEGORY = 750
#: Categories that a sentence offers instead of one that is not there.
OFFERED = 3


class CategoryRule(NamedTuple):
    """One rule, for the owner to see too."""

    #: the shop's path, as it was defined
    path: str
    #: the taxonomy's number or full path, as the channel is given it
    category: int | str


class CategoryRules:
    """The rules of one shop. Reading never raises, whatever an item holds."""

    def __init__(self, rules: Mapping[tuple[str, ...], CategoryRule]) -> None:
        self._rules = dict(rules)
        self._depths = sorted({len(names) for names in rules}, reverse=True)
        self._kept = lru_cache(maxsize=2048)(self._longest)

    def __iter__(self) -> Iterator[CategoryRule]:
        return iter(self._rules.values())

    def read(self, categories: str | None) -> str | None:
        """The taxonomy's number or path for an item's categories, a JSON list of paths."""
        found = self.rule(categories)
        return None if found is None else str(found.category)

    def rule(self, categories: str | None) -> CategoryRule | None:
        """The rule that `read` goes by."""
        return self._kept(sources.entries(categories)[:MOST_PATHS])

    def rule_of(self, path: str) -> CategoryRule | None:
        """The rule that holds for a category of the shop: its own, or the nearest one above it."""
        return self._longest((path,))

    def _longest(self, paths: tuple[str, ...]) -> CategoryRule | None:
        split = [levels(path) for path in paths]
        for depth in self._depths:
            for names in split:
                # A shorter path would be found again, whole, for each greater depth.
                if len(names) >= depth and names[:depth] in self._rules:
                    return self._rules[names[:depth]]
        return None

    def settled(self, taxonomy: Taxonomy | None) -> dict[str, int | str]:
        """The rules as they are to be kept, paths spelled as the taxonomy does.

        Raises BadDefinition for a category that it does not have. Without a taxonomy any category will do.
        """
        return {rule.path: rule.category if taxonomy is None else _known(rule, taxonomy) for rule in self}


def parse_rules(spec: Any) -> CategoryRules:
    """The rules of this definition. Raises `BadDefinition`."""
    definitions.limit(spec)
    given = definitions.table(spec, "")
    if len(given) > MOST_RULES:
        raise BadDefinition("", f"These are {len(given)} rules. Keep to {MOST_RULES}.")
    rules: dict[tuple[str, ...], CategoryRule] = {}
    for path, category in given.items():
        place = _place(path)
        names = levels(definitions.text(path, place, LONGEST))
        if not names:
            raise BadDefinition(place, 'This path has no names. Write it as "Shoes > Running".')
        if names in rules:
            raise BadDefinition(place, "This path stands here twice. Upper and lower case count as equal.")
        rules[names] = CategoryRule(path, _category(category, place))
    return CategoryRules(rules)


def offers(rule: CategoryRule, taxonomy: Taxonomy) -> list[Suggestion]:
    """What the taxonomy has that is like the category of a rule, or else like the shop's path."""
    named = taxonomy.suggest(rule.category, OFFERED) if isinstance(rule.category, str) else []
    return named or taxonomy.suggest(rule.path, OFFERED)


def _place(path: str) -> str:
    return below("", path) or '""'


def _category(spec: Any, place: str) -> int | str:
    if isinstance(spec, str) and not (spec.isascii() and spec.isdecimal()):
        path = spelled(definitions.text(spec, place, LONGEST_CATEGORY))
        if path is None:
            raise BadDefinition(
                place, 'This should be a number, or a full path as "Apparel & Accessories > Clothing".'
            )
        return path
    # Ten digits are too many for a number, as all that follow would be.
    return definitions.whole(int(spec[:10]) if isinstance(spec, str) else spec, place, 1, 10**9 - 1)


def _known(rule: CategoryRule, taxonomy: Taxonomy) -> int | str:
    """The rule's category as the taxonomy spells it."""
    found = taxonomy.find(rule.category)
    if found is None:
        near = [f'{each.id} "{each.path}"' for each in offers(rule, taxonomy)]
        hint = f"Did you mean {' or '.join(near)}?" if near else "Look it up again."
        named = quoted(str(rule.category))
        raise BadDefinition(
            _place(rule.path), f"The taxonomy of {taxonomy.version} has no category {named}. {hint}"
        )
    return found.path if isinstance(rule.category, str) else found.id
