"""What a merchant makes of a format: its settings, which items, and where values come from instead."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sync2sys.formats import category_rules, definitions, filters, mapping, markets, rules, shipping, taxes
from sync2sys.formats.base import Format, Item
from sync2sys.formats.category_rules import CategoryRules
from sync2sys.formats.definitions import BadDefinition, below
from sync2sys.formats.filters import Filter
from sync2sys.formats.markets import Market
from sync2sys.formats.shipping import Line
from sync2sys.formats.steps import Step
from sync2sys.formats.taxes import Tax
from sync2sys.formats.taxonomy import Taxonomy

PARTS = ("settings", "filter", "mapping", "categories", "market", "tax", "shipping")
#: Columns that are amounts the buyer pays, and those that say what tax does to them.
PRICES = ("price", "sale_price")
TAXED_BY = ("taxable", "tax_class", "prices_include_tax", "tax_rates")
LONGEST_SETTING, MOST_MAPPED = 2000, 200

#: Columns that definitions may read: all that are values and not decisions.
COLUMNS = frozenset(Item._fields) - {
    "has_variants",
    "sale_from",
    "sale_to",
    "product_published",
    "variant_published",
    "purchasable",
    "prices_include_tax",
    "taxable",
    "tax_rates",
    "status",
}
#: Columns of plain text that a mapping may replace: whatever else is made of them follows.
REPLACEABLE = COLUMNS - {
    "group_key", "images", "categories", "options", "tags", "attributes", "meta", "quantity", "currency"
}  # fmt: skip


class Origin(Protocol):
    """Where a field's value comes from, if not from its own rule."""

    #: what it reads, in the order in which it is given
    columns: tuple[str, ...]
    #: all of it in one line
    words: str

    def read(self, *columns: Any) -> str | None:
        """The value, never blank, or None."""

    def texts(self, *columns: Any) -> Sequence[str]:
        """The values, for a field that takes several."""
        value = self.read(*columns)
        return [] if value is None else [value]

    def trace(self, *columns: Any) -> list[Step]:
        """How the value comes about."""


class ByCategory(Origin):
    """The channel's category by that of the shop."""

    columns = ("categories",)
    words = "the category rules"

    def __init__(self, rules: CategoryRules) -> None:
        self._rules = rules

    def read(self, *columns: Any) -> str | None:
        return self._rules.read(columns[0])

    def trace(self, *columns: Any) -> list[Step]:
        rule = self._rules.rule(columns[0])
        return [] if rule is None else [Step(f"the rule for {rule.path}", None, str(rule.category))]


class Taxed(Origin):
    """An amount as the market wants it: the shop's own, or what a mapping made of it, with or without tax."""

    def __init__(self, tax: Tax, amount: str, mapped: Origin | None) -> None:
        self._tax, self.mapped = tax, mapped
        self._own = (amount,) if mapped is None else mapped.columns
        self.columns = (*self._own, *TAXED_BY)
        before = amount if mapped is None else mapped.words
        self.words = f"{before}, {tax.prices} tax"

    def read(self, *columns: Any) -> str | None:
        own = columns[: len(self._own)]
        amount = own[0] if self.mapped is None else self.mapped.read(*own)
        return None if amount is None or amount == "" else self._tax.of(amount, *columns[len(self._own) :])

    def trace(self, *columns: Any) -> list[Step]:
        own, (taxable, _, included, _) = columns[: len(self._own)], columns[len(self._own) :]
        before = [] if self.mapped is None else self.mapped.trace(*own)
        if not self._tax.differs(taxable, included):
            return before
        amount = before[-1].after if before else own[0]
        return [*before, Step(f"{self._tax.prices} tax", amount, self.read(*columns))]


@dataclass(frozen=True)
class Custom:
    """A checked definition."""

    settings: Mapping[str, str] = field(default_factory=dict)
    filter: Filter | None = None
    #: field of the format -> where its value comes from
    mapping: Mapping[str, Origin] = field(default_factory=dict)
    market: Market | None = None
    #: what its prices shall be; None: as the shop keeps them
    tax: Tax | None = None
    #: what fills the field for Google's category, in the mapping too
    categories: CategoryRules | None = None
    #: what delivery costs
    shipping: tuple[Line, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """What it reads."""
        found = set(self.filter.columns if self.filter else ())
        for expression in self.mapping.values():
            found.update(expression.columns)
        return frozenset(found.union(PRICES, TAXED_BY) if self.tax else found)


#: The format as it is.
PLAIN = Custom()


def parse(format: Format, spec: Any) -> Custom:
    """The definition for this format: an object of PARTS, each optional. Raises BadDefinition."""
    definitions.limit(spec)
    parts = definitions.table(spec, "")
    definitions.only(parts, PARTS, "")
    categories = _part("categories", lambda spec, _: category_rules.parse_rules(spec), parts)
    market = _part("market", lambda spec, _: markets.parse(spec, format.country), parts)
    return Custom(
        settings=_settings(format, parts.get("settings", {})),
        filter=_part("filter", filters.parse, parts),
        mapping=_mapping(format, parts.get("mapping", {})) | _filled(format, categories, parts),
        market=market,
        tax=_tax(format, market or Market(), parts),
        shipping=_shipping(format, market or Market(), parts),
        categories=categories,
    )


def settled(format: Format, spec: Any, taxonomy: Taxonomy | None) -> dict[str, Any]:
    """A definition for this format as it is to be kept: its categories as the taxonomy spells them.

    Raises BadDefinition as `parse`, and for a category that the taxonomy does not have.
    """
    found = parse(format, spec).categories
    kept = dict(spec)
    if found is not None:
        with _within("categories"):
            kept["categories"] = found.settled(taxonomy)
    return kept


def category_field(format: Format) -> str | None:
    """The name of the field that category rules fill, if the format has one."""
    names = (each.name for each in format.all_fields if each.rule is rules.google_category)
    return next(names, None)


def _settings(format: Format, spec: Any) -> dict[str, str]:
    found = definitions.table(spec, "settings")
    definitions.only(found, list(format.settings), "settings")
    return {
        name: definitions.text(value, below("settings", name), LONGEST_SETTING)
        for name, value in found.items()
    }


def _mapping(format: Format, spec: Any) -> dict[str, Origin]:
    found = definitions.table(spec, "mapping")
    names = [each.name for each in format.all_fields]
    if len(found) > MOST_MAPPED:
        raise BadDefinition("mapping", f"At most {MOST_MAPPED} fields can be mapped.")
    for name in found:
        definitions.known(name, names, below("mapping", name), "field of this format")
    return {name: _part(name, mapping.parse, found, "mapping") for name in found}


def _filled(format: Format, found: CategoryRules | None, parts: Mapping[str, Any]) -> dict[str, Origin]:
    """What category rules fill."""
    if found is None:
        return {}
    name = category_field(format)
    if name is None:
        raise BadDefinition("categories", "This format has no field for Google's category. Leave them out.")
    if name in parts.get("mapping", {}):
        raise BadDefinition("categories", f"The mapping has {name}, too. Leave one of them out.")
    return {name: ByCategory(found)}


def _tax(format: Format, market: Market, parts: Mapping[str, Any]) -> Tax | None:
    """What the owner says comes before what the channel wants in the market."""
    said, rates = _part("tax", lambda spec, _: taxes.parse(spec), parts) or (None, {})
    wanted = format.wish.of(market.country) if format.wish and market.country else None
    prices = said or wanted
    if prices is None and "tax" in parts:
        raise BadDefinition("tax.prices", 'Say whether prices are "with" or "without" tax.')
    return Tax(prices, rates) if prices else None


def _shipping(format: Format, market: Market, parts: Mapping[str, Any]) -> tuple[Line, ...]:
    delivery = format.delivery
    if delivery is None and "shipping" in parts:
        raise BadDefinition("shipping", "This format tells nothing of shipping. Leave it out.")
    if delivery is None:
        return ()
    return _part("shipping", lambda spec, _: shipping.parse(spec, delivery, market.country), parts) or ()


def _part(name: str, parse: Any, parts: Mapping[str, Any], path: str = "") -> Any:
    """One part by its own parser, whose findings get the path in the whole."""
    if name not in parts:
        return None
    with _within(below(path, name)):
        return parse(parts[name], COLUMNS)


@contextmanager
def _within(place: str) -> Iterator[None]:
    """What is found wrong in a part gets its path in the whole."""
    try:
        yield
    except BadDefinition as bad:
        raise BadDefinition(f"{place}.{bad.path}" if bad.path else place, bad.message) from None
