"""A merchant's rules for price and stock: JSON in, checked.

    {"suppliers": ["a", "b"],                     the order in which they are preferred; others come behind
     "choose": "cheapest",                        or "priority"; among offers that are in stock, if any is
     "stock": {"safety": 2, "uncounted": 5, "of": "chosen"},
     "rules": [
        {"when": {"brand": ["Acme"]}, "markup": "25"},
        {"when": {"cost": {"from": "0", "to": "50"}}, "markup": "40", "add": "1.50"},
        {"markup": "30", "round": {"ending": "0.99"}, "margin": "10", "floor": "5", "ceiling": "2000"}]}

Of each thing that a rule can say, the first rule that says it and whose conditions hold counts. So special
rules stand before general ones, and no two markups add up.

    base        cost, or recommended: what the markup is put on; cost where no rule says it
    markup      per cent of the base; below zero only on a recommended price
    add         an amount on top
    round       {"ending": "0.99"} or {"step": "0.05"}, and {"way": "nearest", "up" or "down"}
    margin      the least share of the price that remains over the cost, in per cent; where no rule says it,
                none: nothing is sold below its cost unless a margin below zero is said
    floor       the lowest price, and `ceiling` the highest

All amounts are in the shop's currency and, as its prices, with or without tax. Without `rules` no price is
decided, without `stock` no quantity.
"""

from collections import abc
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from sync2sys.formats import definitions
from sync2sys.formats.definitions import BadDefinition, below
from sync2sys.formats.paths import levels

PRIORITY, CHEAPEST = "priority", "cheapest"
CHOSEN, ALL = "chosen", "all"
COST, RECOMMENDED = "cost", "recommended"
NEAREST, UP, DOWN = "nearest", "up", "down"
MOST_RULES, MOST_SUPPLIERS, MOST_NAMES, MOST_PIECES = 200, 200, 1_000, 1_000_000
LONGEST_NAME = 500

_SAYS = ("base", "markup", "add", "round", "margin", "floor", "ceiling")


class Rounding(NamedTuple):
    """To the multiples of `step`, moved by `ending`: 0.99 and 1 are 0.99, 1.99, 2.99 and so on."""

    ending: Decimal
    step: Decimal
    way: str

    @property
    def words(self) -> str:
        to = f"a price that ends in {self.ending}" if self.ending else f"steps of {self.step}"
        return to if self.way == NEAREST else f"{to}, {self.way}"


@dataclass(frozen=True, slots=True)
class Stock:
    #: pieces that are kept back
    safety: int = 0
    #: pieces to show of what is in stock and not counted; None: the quantity is left as it is
    uncounted: int | None = None
    #: of the chosen offer, or of all of them together
    of: str = CHOSEN


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule applies; what is not said always holds."""

    suppliers: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    #: paths, with everything below them
    categories: frozenset[tuple[str, ...]] = frozenset()
    #: cost of one piece as the supplier asks it, `least` included and `most` not
    least: Decimal | None = None
    most: Decimal | None = None

    def holds(self, supplier: str, brand: str, categories: abc.Iterable[str], cost: Decimal | None) -> bool:
        """Whether it does for this offer of this product. A cost that is not known is in no range."""
        if self.suppliers and supplier not in self.suppliers:
            return False
        if self.brands and brand.strip().casefold() not in self.brands:
            return False
        if self.categories and not any(self._has(levels(path)) for path in categories):
            return False
        if self.least is None and self.most is None:
            return True
        if cost is None:
            return False
        return (self.least is None or cost >= self.least) and (self.most is None or cost < self.most)

    def _has(self, path: tuple[str, ...]) -> bool:
        return any(path[:depth] in self.categories for depth in range(1, len(path) + 1))


@dataclass(frozen=True, slots=True)
class Rule:
    #: its place in the list, from 1, for sentences
    no: int
    when: Condition = Condition()
    base: str | None = None
    markup: Decimal | None = None
    add: Decimal | None = None
    round: Rounding | None = None
    margin: Decimal | None = None
    floor: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy."""

    #: supplier -> its place in the order of preference, from 0
    suppliers: abc.Mapping[str, int] = field(default_factory=dict)
    choose: str = PRIORITY
    #: None: quantities are not decided
    stock: Stock | None = None
    #: none: prices are not decided
    rules: tuple[Rule, ...] = ()

    def rank(self, supplier: str) -> int:
        return self.suppliers.get(supplier, len(self.suppliers))


def parse(spec: Any) -> Policy:
    """The policy of this definition. Raises BadDefinition."""
    definitions.limit(spec)
    parts = definitions.table(spec, "")
    definitions.only(parts, ("suppliers", "choose", "stock", "rules"), "")
    names = definitions.several(parts.get("suppliers", []), "suppliers", MOST_SUPPLIERS, least=0)
    suppliers = [definitions.name(name, below("suppliers", no)) for no, name in enumerate(names)]
    if len(set(suppliers)) < len(suppliers):
        raise BadDefinition("suppliers", "A supplier stands here twice. Remove one.")
    rules = definitions.several(parts.get("rules", []), "rules", MOST_RULES, least=0)
    return Policy(
        suppliers={name: no for no, name in enumerate(suppliers)},
        choose=definitions.known(parts.get("choose", PRIORITY), (PRIORITY, CHEAPEST), "choose", "choice"),
        stock=_stock(parts["stock"]) if parts.get("stock") is not None else None,
        rules=tuple(_rule(each, no, below("rules", no)) for no, each in enumerate(rules)),
    )


def _stock(spec: Any) -> Stock:
    parts = definitions.table(spec, "stock")
    definitions.only(parts, ("safety", "uncounted", "of"), "stock")
    uncounted = parts.get("uncounted")
    return Stock(
        safety=definitions.whole(parts.get("safety", 0), "stock.safety", 0, MOST_PIECES),
        uncounted=None
        if uncounted is None
        else definitions.whole(uncounted, "stock.uncounted", 0, MOST_PIECES),
        of=definitions.known(parts.get("of", CHOSEN), (CHOSEN, ALL), "stock.of", "stock"),
    )


def _rule(spec: Any, no: int, path: str) -> Rule:
    parts = definitions.table(spec, path)
    definitions.only(parts, ("when", *_SAYS), path)
    if not any(part in parts for part in _SAYS):
        raise BadDefinition(path, f"This rule says nothing. It can say {definitions.listed(_SAYS)}.")
    said = {part: _READERS[part](parts[part], below(path, part)) for part in _SAYS if part in parts}
    markup = said.get("markup")
    if markup is not None and markup < 0 and said.get("base") != RECOMMENDED:
        raise BadDefinition(
            below(path, "markup"), 'Only on the base "recommended" it can be below zero: that is a discount.'
        )
    if None not in (said.get("floor"), said.get("ceiling")) and said["floor"] > said["ceiling"]:
        raise BadDefinition(below(path, "floor"), "The floor is above the ceiling. Swap them.")
    return Rule(no=no + 1, when=_when(parts.get("when", {}), below(path, "when")), **said)


def _when(spec: Any, path: str) -> Condition:
    parts = definitions.table(spec, path)
    definitions.only(parts, ("supplier", "brand", "category", "cost"), path)
    categories = frozenset(map(levels, _names(parts, "category", path)))
    if () in categories:
        raise BadDefinition(below(path, "category"), 'This path has no names. Write it as "Shoes > Running".')
    least, most = _range(parts["cost"], below(path, "cost")) if "cost" in parts else (None, None)
    return Condition(
        suppliers=frozenset(_names(parts, "supplier", path)),
        brands=frozenset(name.casefold() for name in _names(parts, "brand", path)),
        categories=categories,
        least=least,
        most=most,
    )


def _names(parts: abc.Mapping[str, Any], part: str, path: str) -> list[str]:
    if part not in parts:
        return []
    place, spec = below(path, part), parts[part]
    found = definitions.several(spec, place, MOST_NAMES) if isinstance(spec, list) else [spec]
    return [definitions.text(each, place, LONGEST_NAME).strip() for each in found]


def _range(spec: Any, path: str) -> tuple[Decimal | None, Decimal | None]:
    parts = definitions.table(spec, path)
    definitions.only(parts, ("from", "to"), path)
    least, most = (
        definitions.number(parts[part], below(path, part)) if part in parts else None
        for part in ("from", "to")
    )
    if least is None and most is None:
        raise BadDefinition(path, 'Give this "from", "to" or both.')
    if least is not None and most is not None and least >= most:
        raise BadDefinition(path, "No cost is in this range: its end is not above its beginning.")
    return least, most


def _base(spec: Any, path: str) -> str:
    return definitions.known(spec, (COST, RECOMMENDED), path, "base")


def _markup(spec: Any, path: str) -> Decimal:
    return _within(spec, path, Decimal(-99), Decimal(10_000))


def _add(spec: Any, path: str) -> Decimal:
    return _within(spec, path, Decimal(0), Decimal(1_000_000))


def _margin(spec: Any, path: str) -> Decimal:
    return _within(spec, path, Decimal(-900), Decimal(99))


def _limit(spec: Any, path: str) -> Decimal:
    found = definitions.number(spec, path)
    if found <= 0:
        raise BadDefinition(path, "Use an amount above zero.")
    return found


def _within(spec: Any, path: str, least: Decimal, most: Decimal) -> Decimal:
    found = definitions.number(spec, path)
    if not least <= found <= most:
        raise BadDefinition(path, f"Use a number from {least} to {most}.")
    return found


def _round(spec: Any, path: str) -> Rounding:
    parts = definitions.table(spec, path)
    definitions.only(parts, ("ending", "step", "way"), path)
    kind = definitions.single(
        {key: value for key, value in parts.items() if key != "way"},
        ("ending", "step"),
        path,
        "way of rounding",
    )
    way = definitions.known(parts.get("way", NEAREST), (NEAREST, UP, DOWN), below(path, "way"), "direction")
    size = definitions.number(parts[kind], below(path, kind))
    if size <= 0:
        raise BadDefinition(below(path, kind), 'Use an amount above zero, as "0.99" or "0.05".')
    return Rounding(Decimal(0), size, way) if kind == "step" else Rounding(size, _period(size), way)


def _period(ending: Decimal) -> Decimal:
    """After how much the same ending comes again: 0.99 each 1, 9.99 each 10."""
    whole = int(ending)
    return Decimal(10) ** len(str(whole)) if whole else Decimal(1)


_READERS: dict[str, abc.Callable[[Any, str], Any]] = {
    "base": _base,
    "markup": _markup,
    "add": _add,
    "round": _round,
    "margin": _margin,
    "floor": _limit,
    "ceiling": _limit,
}
