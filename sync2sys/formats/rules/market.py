"""What the owner says of the feed's market, and of delivery there."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sync2sys.formats import money
from sync2sys.formats.base import Context, Field, Reader, Rule, Value, checked, unsaid
from sync2sys.formats.countries import CURRENCY
from sync2sys.formats.rules.groups import groups, part
from sync2sys.formats.rules.measures import whole
from sync2sys.formats.rules.prices import cost, current_price, stated_price
from sync2sys.formats.rules.settings import setting
from sync2sys.formats.rules.texts import text
from sync2sys.formats.rules.words import country
from sync2sys.formats.shipping import LONGEST, TIMES, Line

#: What the rules of delivery are given. The currency comes first, for what a field is made of first is
#: replaced where it is mapped, and a mapped cost is no price.
PAID = ("currency", "price", "sale_price", "sale_from", "sale_to")
#: Lines with what they cost for an item.
Costs = list[tuple[Line, Decimal]]


@checked(doubt=lambda field, context: lambda *columns: "market" if field.required else None)
def target_countries(field: Field, context: Context) -> Reader:
    """The country of the feed's market."""
    found = (context.market.country,) if context.market.country else None
    return lambda *columns: found


@checked(doubt=lambda field, context: lambda *columns: "market" if field.required else None)
def home_country(field: Field, context: Context) -> Reader:
    """The setting storeCountry, or else the country of the feed's market."""
    said = setting("storeCountry")(field, context)()
    found = said if said in CURRENCY else context.market.country or None
    return lambda *columns: found


@checked(doubt=lambda field, context: lambda *columns: "setting" if field.required else None, setting="vat")
def vat(field: Field, context: Context) -> Reader:
    """The setting vat, or else the rate of the item's tax class, in per cent."""
    said, tax = setting("vat")(field, context)(), context.tax

    def read(taxable: bool | int | None, tax_class: str | None, shop_rates: str | None) -> Value:
        if said or tax is None:
            return said
        rate = tax.rate(tax_class, shop_rates) if taxable else Decimal(0)
        return None if rate is None else f"{rate:.2f}"

    return read


def shipping(parts: Mapping[str, str], *, plain: bool = False) -> Rule:
    """A rule that gives a group for each line of the feed's shipping.

    `parts`: the channel's name of a part -> ours; `plain`: amounts are without their currency.
    """

    def rule(field: Field, context: Context) -> Reader:
        """The feed's shipping lines in the item's currency."""

        def groups(costs: Costs, currency: str) -> Value:
            return [_group(*each, parts, currency, plain) for each in costs][: field.times]

        return _by_price(field, context, context.shipping, groups)

    return rule


def said_shipping(parts: Mapping[str, str], *, plain: bool = False) -> Rule:
    """A rule for mapped lines, `DE::Standard:4.90 EUR` where these are the parts."""
    price = cost if plain else stated_price
    known: dict[str, Rule] = {"country": country, "price": price, "cod_price": price, "carrier": text}
    known |= dict.fromkeys(TIMES, whole(0))
    return groups(
        tuple(
            part(name, LONGEST, known.get(ours, text), need=ours in ("country", "price", "carrier"))
            for name, ours in parts.items()
        )
    )


def delivery_cost(carrier: str = "") -> Rule:
    """A rule that gives what delivery costs as a number: by this carrier, or by the only line there is."""

    def rule(field: Field, context: Context) -> Reader:
        """What delivery costs, as the feed's shipping says."""
        lines = tuple(line for line in context.shipping if line.carrier == carrier)
        return _by_price(field, context, lines, lambda costs, currency: _amount(costs[0][1], currency))

    return rule


def _by_price(
    field: Field, context: Context, lines: tuple[Line, ...], tell: Callable[[Costs, str], Value]
) -> Reader:
    """A reader of what the buyer pays, that tells of the lines in that currency with their costs."""
    if not lines:
        return unsaid
    current = current_price(field, context)
    depends = any(line.free_from is not None for line in lines)

    @lru_cache(maxsize=2048)
    def told(currency: str, pays: str | None) -> Value:
        exact = None if pays is None else Decimal(pays)
        costs = [(line, line.cost(exact)) for line in lines if _is_in(line, currency, context)]
        return tell(costs, currency) if costs else None

    def read(currency: str | None, price: str | None, *sale: Any) -> Value:
        pays = current(price, currency, *sale) if depends else None
        return told(currency or "", str(pays) if pays else None)

    return read


def _is_in(line: Line, currency: str, context: Context) -> bool:
    """Whether a line can be told beside a price in this currency. Nothing is converted."""
    return (line.currency or context.currency or currency) == currency


def _group(
    line: Line, cost: Decimal, parts: Mapping[str, str], currency: str, plain: bool = False
) -> dict[str, str]:
    unit = "" if plain else f" {currency}"
    known = line._asdict() | {"price": _amount(cost, currency) + unit}
    if line.cod_fee is not None:
        known["cod_price"] = _amount(cost + line.cod_fee, currency) + unit
    values = {part: known.get(ours) for part, ours in parts.items()}
    return {part: str(value) for part, value in values.items() if value not in (None, "")}


def _amount(exact: Decimal, currency: str) -> str:
    return format(money.in_units(exact, currency), "f")
