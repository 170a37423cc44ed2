"""Which category of the taxonomy a shop's category means, down the shop's own tree.

    {"Shoes": 187, "Shoes > Socks": "209"}

An item in `Shoes > Running` is 187: a rule holds for everything below its path that has no rule of
its own. Of an item's paths the one with the longest rule counts, the first of equally long ones.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sync2sys.formats import definitions, sources
from sync2sys.formats.definitions import BadDefinition, below
from sync2sys.formats.paths import LONGEST, levels
from sync2sys.formats.taxonomy import Taxonomy

#: Rules of one shop.
MOST_RULES = 10_000
#: Categories of one item that are looked at.
MOST_PATHS = 100


class CategoryRule(NamedTuple):
    """One rule, for the owner to see too."""

    #: the shop's path, as it was defined
    path: str
    #: the taxonomy's number
    id: int


class CategoryRules:
    """The rules of one shop. Never raises, whatever an item holds."""

    def __init__(self, rules: Mapping[tuple[str, ...], CategoryRule]) -> None:
        self._rules = dict(rules)
        self._depths = sorted({len(names) for names in rules}, reverse=True)
        self._kept = lru_cache(maxsize=2048)(self._longest)

    def read(self, categories: str | None) -> int | None:
        """The taxonomy's number for an item's categories, a JSON list of paths."""
        found = self.rule(categories)
        return None if found is None else found.id

    def rule(self, categories: str | None) -> CategoryRule | None:
        """The rule that `read` goes by."""
        return self._kept(sources.entries(categories)[:MOST_PATHS])

    def _longest(self, paths: tuple[str, ...]) -> CategoryRule | None:
        split = [levels(path) for path in paths]
        for depth in self._depths:
            for names in split:
                # A shorter path would be found again, whole, for each greater depth.
                if len(names) >= depth and names[:depth] in self._rules:
                    return self._rules[names[:depth]]
        return None


def parse_rules(spec: Any, taxonomy: Taxonomy | None) -> CategoryRules:
    """The rules of this definition. Raises `BadDefinition`.

    With a taxonomy only its numbers are taken; without, any number is.
    """
    definitions.limit(spec)
    given = definitions.table(spec, "")
    if len(given) > MOST_RULES:
        raise BadDefinition("", f"These are {len(given)} rules. Keep to {MOST_RULES}.")
    rules: dict[tuple[str, ...], CategoryRule] = {}
    for path, id in given.items():
        place = below("", path) or '""'
        names = levels(definitions.text(path, place, LONGEST))
        if not names:
            raise BadDefinition(place, 'This path has no names. Write it as "Shoes > Running".')
        if names in rules:
            raise BadDefinition(place, "This path stands here twice. Upper and lower case count as equal.")
        rules[names] = CategoryRule(path, _id(id, place, taxonomy))
    return CategoryRules(rules)


def _id(spec: Any, path: str, taxonomy: Taxonomy | None) -> int:
    if isinstance(spec, str) and spec.isascii() and spec.isdecimal() and len(spec) < 10:
        spec = int(spec)
    id = definitions.whole(spec, path, 1, 10**9 - 1)
    if taxonomy is not None and taxonomy.path(id) is None:
        raise BadDefinition(
            path, f"The taxonomy of {taxonomy.version} has no category {id}. Look its number up again."
        )
    return id
