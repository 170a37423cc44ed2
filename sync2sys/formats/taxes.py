"""Prices with or without tax, as the market wants them, of prices as the shop keeps them.

Nothing is guessed: where it is not known whether a shop's prices include tax, or at which rate, there is no
price, and the item is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import orjson

from sync2sys.formats import definitions
from sync2sys.formats.definitions import BadDefinition, below
from sync2sys.formats.markets import WITH, WITHOUT
from sync2sys.formats.sources import number

PARTS = ("prices", "rates")
MOST_RATES = 50
#: Four decimals are more than any currency has; the channel's rule rounds to the currency's own.
EXACT = Decimal("0.0001")
#: What the shop calls the class that is empty in its data.
STANDARD = "standard"


@dataclass(frozen=True)
class Tax:
    """What a feed's prices shall be: with or without tax."""

    prices: str
    #: in per cent by the shop's tax class, as the owner says; before those of the shop
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def of(
        self, price: str, taxable: Any, tax_class: str | None, included: Any, shop_rates: str | None
    ) -> str | None:
        """The price as the market wants it; None where it cannot be known."""
        if not self.differs(taxable, included):
            return None if taxable and included is None else price
        rate, exact = self.rate(tax_class, shop_rates), number(price)
        if rate is None or exact is None:
            return None
        factor = 1 + rate / 100
        found = exact * factor if self.prices == WITH else exact / factor
        return format(found.quantize(EXACT, ROUND_HALF_UP), "f")

    def differs(self, taxable: Any, included: Any) -> bool:
        """Whether the shop is known to keep the price in another way than the market wants it."""
        return bool(taxable) and included is not None and bool(included) != (self.prices == WITH)

    def doubt(self, tax_class: str | None, included: Any) -> str:
        """Why a price is not known, and what to do."""
        if included is None:
            cause = "the shop does not say whether its prices include tax"
            return f"{cause}. Connect it with an administrator's key, or leave market and tax out"
        cause = f"its tax class {definitions.quoted(_class(tax_class) or STANDARD)} has no rate"
        return f'{cause}. Give it one in the shop, or in the definition as tax.rates."{_class(tax_class)}"'

    def rate(self, tax_class: str | None, shop_rates: str | None) -> Decimal | None:
        """In per cent; None where it is not known."""
        name = _class(tax_class)
        return self.rates[name] if name in self.rates else _rates(shop_rates).get(name)


def applying(rates: Mapping[str, Mapping[str, str | None]], country: str) -> dict[str, str | None]:
    """Those of a shop's rates, by country and tax class, that hold in this country; "" is any other one."""
    return {**rates.get("", {}), **rates.get(country, {})} if country else {}


@lru_cache(maxsize=256)
def _rates(text: str | None) -> dict[str, Decimal]:
    """Rates as an item carries them. A class at which several taxes add up has none that is sure."""
    found: dict[str, str | None] = orjson.loads(text or "{}")
    return {name: Decimal(rate) for name, rate in found.items() if rate is not None}


def _class(name: str | None) -> str:
    found = (name or "").strip()
    return "" if found == STANDARD else found


def parse(spec: Any) -> tuple[str | None, dict[str, Decimal]]:
    """`{"prices": "with", "rates": {"": "19", "reduced-rate": "7"}}`; the empty class is the standard one.

    What prices shall be, None where it is left to the market, and the rates. Raises BadDefinition.
    """
    parts = definitions.table(spec, "")
    definitions.only(parts, PARTS, "")
    prices = None
    if "prices" in parts:
        prices = definitions.known(parts["prices"], (WITH, WITHOUT), "prices", "way to show prices")
    found = definitions.table(parts.get("rates", {}), "rates")
    if len(found) > MOST_RATES:
        raise BadDefinition("rates", f"At most {MOST_RATES} tax classes can have a rate.")
    return prices, {_class(name): _rate(rate, below("rates", name)) for name, rate in found.items()}


def _rate(spec: Any, path: str) -> Decimal:
    found = definitions.number(spec, path)
    if not 0 <= found <= 100:
        raise BadDefinition(path, "Use a rate between 0 and 100 per cent.")
    return found
