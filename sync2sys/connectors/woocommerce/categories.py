"""The tree of product categories, which products name only the leaves of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sync2sys.connectors.fields import ident, label

SEPARATOR = " > "
DEPTH = 20
LONGEST = 1000


@dataclass(slots=True)
class Categories:
    """Full paths by id. Without a tree, the leaves stand alone."""

    #: id -> name and the parent's id, None at the root
    nodes: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    _paths: dict[int, str] = field(default_factory=dict)

    def add(self, row: dict[str, Any]) -> None:
        key, name = ident(row.get("id")), label(row.get("name"))
        if key is not None and name:
            self.nodes[key] = (name, ident(row.get("parent")))

    def path(self, key: int | None, name: str) -> str:
        """ "Shoes > Running"; the name alone for a category that the tree does not hold."""
        if key is None or key not in self.nodes:
            return name
        if key not in self._paths:
            self._paths[key] = SEPARATOR.join(self._line(key))[:LONGEST]
        return self._paths[key]

    def _line(self, key: int) -> list[str]:
        names: list[str] = []
        seen: set[int] = set()
        here: int | None = key
        while here is not None and here in self.nodes and here not in seen and len(names) < DEPTH:
            seen.add(here)
            name, here = self.nodes[here]
            names.insert(0, name)
        return names


def tree(pages: Callable[[int], tuple[list[Any], int]], size: int = 100, most: int = 200) -> Categories:
    """The tree from numbered pages of `size`, each given with the total; at most `most` pages."""
    found = Categories()
    for number in range(1, most + 1):
        items, total = pages(number)
        for row in items:
            if isinstance(row, dict):
                found.add(row)
        if not items or number * size >= total:
            break
    return found
