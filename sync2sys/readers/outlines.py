"""What stands where in a document, and which of it are the items."""

import io
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain

from sync2sys.readers.base import Limits, Unreadable, begins
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
#: Words in the names of fields that say what is sold, that number it, and that say for how much or how many
#: there are.
_CODES = frozenset({"sku", "ean", "gtin", "upc", "barcode", "mpn", "artikelnummer", "artnr"})
_NUMBERS = frozenset({"id", "code", "nr", "number", "kod", "ref", "reference", "codice", "symbol"})
_TERMS = frozenset({
    "price", "cost", "preis", "ek", "uvp", "cena", "prix", "precio", "prezzo", "prijs",
    "qty", "quantity", "stock", "inventory", "availability", "bestand", "lagerbestand", "menge", "mnozstvi",
    "skladem", "ilosc", "stan", "quantite", "cantidad", "existencias", "quantita", "giacenza", "voorraad",
    "aantal",
})  # fmt: skip
#: What is sold under a number as well as under a code.
_VARIANTS = frozenset({"variant", "variants", "variation", "variations", "variante", "varianten"})
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+")


@dataclass
class _Kind:
    """All that stands at one path."""

    count: int = 0
    #: the only one in any document
    is_one: bool = False
    #: name -> when it was first seen
    fields: dict[str, int] = field(default_factory=dict)
    #: when the first of it was seen
    begins: int = 0
    #: length of the path of what is around it -> how many of that have one inside, and which was the last
    around: dict[int, tuple[int, int]] = field(default_factory=dict)


class Outline:
    """Counts what a document has at which path, while its tags or brackets pass by."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, ...], _Kind] = {}
        self._seen = 0

    def add(self, path: tuple[str, ...]) -> None:
        """There is something with parts at this path."""
        kind = self._kind(path)
        if not kind:
            return
        kind.count += 1
        for length in range(len(path)):
            outer = self._kinds.get(path[:length])
            which = outer.count if outer else 0
            number, last = kind.around.get(length, (0, -1))
            if which != last:
                kind.around[length] = number + 1, which

    def add_field(self, path: tuple[str, ...], *, of_one: bool) -> None:
        """There is a text at this path. `of_one`: what it is in is the only one of its kind."""
        kind = self._kind(path[:-1])
        if kind and len(kind.fields) < 1000:
            kind.fields.setdefault(path[-1], self._seen)
            kind.is_one = of_one

    def _kind(self, path: tuple[str, ...]) -> _Kind | None:
        self._seen += 1
        if path not in self._kinds and len(self._kinds) < MOST_PATHS:
            self._kinds[path] = _Kind(begins=self._seen)
        return self._kinds.get(path)

    def item_path(self, remarks: list[str]) -> str | None:
        """The path of what are most likely the items; None where nothing has fields.

        Items have several fields of their own and are many. What has parts that are many, too, such as a
        product with variants, comes before its parts, unless these are what is sold; what only groups them,
        as a category, has few fields.
        """
        kinds = self._kinds | self._keyed()
        likely = [(path, kind) for path, kind in kinds.items() if kind.count and kind.fields]
        if not likely:
            return None
        path, _ = max(likely, key=lambda each: _likelihood(*each))
        path = self._sold(path, remarks)
        self._tell_late(path, remarks)
        return "/".join(path)

    def _sold(self, path: tuple[str, ...], remarks: list[str]) -> tuple[str, ...]:
        """The path of what is sold: of the items, or of parts of them that have codes of their own.

        Where the items can be sold, too, it is their parts only if none is without, for it would be lost.
        """
        words = self._words()
        outer = words.get(path, set())
        can_be_sold = bool(outer & _CODES or (outer & _NUMBERS and outer & _TERMS))
        parts = [
            each
            for each, kind in self._kinds.items()
            if len(each) > len(path) and each[: len(path)] == path and kind.count > 1
            and words[each] & (_CODES | _NUMBERS if _local(each[-1]) in _VARIANTS else _CODES)
            and (words[each] & _TERMS or not can_be_sold)
        ]  # fmt: skip
        if not parts:
            return path
        inner = max(parts, key=len)
        place = begins("/".join(inner))
        if can_be_sold and not self._are_all_around(path, inner):
            remarks.append(
                f"Some items have parts with codes of their own at {place}. Are these what is sold?"
            )
            return path
        remarks.append(f"The items are those at {place}. What stands above them is in columns as ../brand.")
        return inner

    def _words(self) -> dict[tuple[str, ...], set[str]]:
        """The words in the names of all that stands at a path."""
        found: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for path, kind in self._kinds.items():
            found[path].update(*map(_words_of, kind.fields))
            if path:
                found[path[:-1]].update(_words_of(path[-1]))
        return found

    def _are_all_around(self, path: tuple[str, ...], inner: tuple[str, ...]) -> bool:
        """Whether each of these has one of those inside. The last one may be cut where there are many."""
        lacking = self._kinds[path].count - self._kinds[inner].around[len(path)][0]
        return lacking < 1 or (lacking == 1 and self._kinds[path].count > 20)

    def _tell_late(self, path: tuple[str, ...], remarks: list[str]) -> None:
        """Say which texts of what is there once the items do not have."""
        firsts = [kind.begins for each, kind in self._kinds.items() if each[: len(path)] == path]
        around = [self._kinds.get(path[:length], _Kind()) for length in range(len(path))]
        late = [
            name
            for kind in around
            for name, seen in kind.fields.items()
            if kind.is_one and seen > min(firsts, default=seen)
        ]
        if late:
            names = ", ".join(map(begins, late[:5]))
            remarks.append(f"Behind the items stands what they therefore do not have: {names}.")

    def _keyed(self) -> dict[tuple[str, ...], _Kind]:
        """Objects that stand under names of their own, such as their numbers, as what they are together."""
        below: dict[tuple[str, ...], list[_Kind]] = defaultdict(list)
        for path, kind in self._kinds.items():
            if path and kind.count == 1 and kind.fields:
                below[path[:-1]].append(kind)
        return {
            (*path, "*"): _Kind(
                count=len(kinds),
                fields=dict.fromkeys(chain.from_iterable(each.fields for each in kinds), 0),
            )
            for path, kinds in below.items()
            if len(kinds) > 2 and set.intersection(*(set(each.fields) for each in kinds))
        }


def _local(name: str) -> str:
    return name.lower().rpartition(":")[2]


def _words_of(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name[:100])}


def _likelihood(path: tuple[str, ...], kind: _Kind) -> tuple[bool, bool, int, int, int]:
    name = _local(path[-1]) if path else ""
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
                of_one = all(bracket == "{" for bracket, _ in self._open)
                self._outline.add_field(path, of_one=of_one)
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
                self._outline.add_field((*self._path, f"@{each}"), of_one=len(self._path) == 1)

    def _end(self, _: str) -> None:
        parts = self._has_parts.pop()
        path = tuple(self._path)
        self._path.pop()
        if len(path) > self._deepest:
            return
        if parts:
            self._outline.add(path)
        else:
            self._outline.add_field(path, of_one=len(path) == 2)
