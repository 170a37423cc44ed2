"""What stands where in a document, and which of it are the items."""

import io
from collections import defaultdict
from dataclasses import dataclass, field

from sync2sys.readers.base import Limits, Unreadable
from sync2sys.readers.documents import Cutter
from sync2sys.readers.markup import Document

#: Different paths that are looked at.
MOST_PATHS = 5000
#: Names of items, and names that are at best those of their lists.
_ITEMS = frozenset({
    "product", "item", "offer", "artikel", "article", "shopitem", "produkt", "produit", "producto",
    "prodotto", "good",
})  # fmt: skip
_LISTS = frozenset({
    "products", "items", "offers", "articles", "produkte", "produkty", "productos", "goods", "rows",
    "records", "data", "results",
})  # fmt: skip
#: What may be an item, and is a part of one where there are others.
_PARTS = frozenset({"entry", "variant", "row", "record", "node", "position", "o"})


@dataclass
class _Kind:
    """All that stands at one path."""

    count: int = 0
    fields: set[str] = field(default_factory=set)


class Outline:
    """Counts what a document has at which path, while its tags or brackets pass by."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, ...], _Kind] = {}

    def add(self, path: tuple[str, ...]) -> None:
        """There is something with parts at this path."""
        kind = self._kind(path)
        if kind:
            kind.count += 1

    def add_field(self, path: tuple[str, ...]) -> None:
        """There is a text at this path."""
        kind = self._kind(path[:-1])
        if kind and len(kind.fields) < 1000:
            kind.fields.add(path[-1])

    def _kind(self, path: tuple[str, ...]) -> _Kind | None:
        if len(self._kinds) < MOST_PATHS:
            return self._kinds.setdefault(path, _Kind())
        return self._kinds.get(path)

    def item_path(self) -> str | None:
        """The path of what are most likely the items; None where nothing has fields.

        Items have several fields of their own and are many. What has parts that are many, too, such as a
        product with variants, comes before its parts; what only groups them, as a category, has few fields.
        """
        kinds = self._kinds | self._keyed()
        likely = [(path, kind) for path, kind in kinds.items() if kind.count and kind.fields]
        if not likely:
            return None
        path, _ = max(likely, key=lambda each: _likelihood(*each))
        return "/".join(path)

    def _keyed(self) -> dict[tuple[str, ...], _Kind]:
        """Objects that stand under names of their own, such as their numbers, as what they are together."""
        below: dict[tuple[str, ...], list[_Kind]] = defaultdict(list)
        for path, kind in self._kinds.items():
            if path and kind.count == 1 and kind.fields:
                below[path[:-1]].append(kind)
        return {
            (*path, "*"): _Kind(len(kinds), set.union(*(each.fields for each in kinds)))
            for path, kinds in below.items()
            if len(kinds) > 2 and set.intersection(*(each.fields for each in kinds))
        }


def _likelihood(path: tuple[str, ...], kind: _Kind) -> tuple[bool, bool, int, int, int]:
    name = path[-1].lower().rpartition(":")[2] if path else ""
    many = kind.count > 1
    return (
        len(kind.fields) > 2 and (many or name in _ITEMS or name in _PARTS),
        many and len(kind.fields) > 1,
        2 if name in _ITEMS or name in _LISTS else 1 if name in _PARTS else 0,
        -len(path),
        kind.count,
    )


class Members(Cutter):
    """Tells an outline of the objects of a JSON document."""

    def __init__(self, outline: Outline, limits: Limits) -> None:
        super().__init__("", limits)
        self._outline = outline

    def _begins_item(self, sign: str) -> bool:
        if self._is_value(sign) and sign != "[":
            path = tuple(self._place())
            if sign == "{":
                self._outline.add(path)
            elif path:
                self._outline.add_field(path)
        return False


class Elements:
    """Tells an outline of the elements of an XML document."""

    def __init__(self, outline: Outline, deepest: int) -> None:
        self._outline, self._deepest = outline, deepest
        self.document = Document(self._start, self._end, lambda _: None)
        #: the name of the outermost element
        self.root = ""
        self._path: list[str] = []
        self._has_parts = [False]

    def look(self, text: io.TextIOWrapper, *, whole: bool) -> None:
        """Goes through a document, or the beginning of one."""
        for _ in self.document.feed(text, whole=whole):
            pass

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        own = [each for each in attributes if not each.startswith("xmlns")]
        if len(self._path) > 10 * self._deepest:
            raise Unreadable("FILE_TOO_DEEP", f"Elements are nested more than {len(self._path)} deep.")
        self._has_parts[-1] = True
        self.root = self.root or name
        self._path.append(name)
        self._has_parts.append(bool(own))
        if len(self._path) <= self._deepest:
            for each in own[:100]:
                self._outline.add_field((*self._path, f"@{each}"))

    def _end(self, _: str) -> None:
        parts = self._has_parts.pop()
        path = tuple(self._path)
        self._path.pop()
        if len(path) > self._deepest:
            return
        if parts:
            self._outline.add(path)
        else:
            self._outline.add_field(path)
