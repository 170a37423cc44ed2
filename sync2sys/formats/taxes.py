"""Prices with or without tax, as the market wants them, of prices as the shop keeps them.

Nothing is guessed: where it is not known whether a shop's prices include tax, or at which rate, there is no
price, and the item is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sync2sys.formats import definitions
from sync2sys.formats.definitions import BadDefinition, below
from sync2sys.formats.sources import number

WITH, WITHOUT = "with", "without"
PARTS = ("prices", "rates")
MOST_RATES = 50
#: Four decimals are more than any currency has; the channel's rule rounds to the currency's own.
EXACT = Decimal("0.0001")


@dataclass(frozen=True)
class Tax:
    """What a feed's prices shall be, and the rates in per cent by the shop's tax class."""

    prices: str
    rates: Mapping[str, Decimal]

    def of(self, price: str, taxable: Any, tax_class: str | None, included: Any) -> str | None:
        """The price as the market wants it; None where it cannot be known."""
        if included is None:
            return None
        if not taxable or bool(included) == (self.prices == WITH):
            return price
        rate, exact = self.rates.get((tax_class or "").strip()), number(price)
        if rate is None or exact is None:
            return None
        factor = 1 + rate / 100
        found = exact * factor if self.prices == WITH else exact / factor
        return format(found.quantize(EXACT, ROUND_HALF_UP), "f")


def parse(spec: Any) -> Tax:
    """`{"prices": "with", "rates": {"": "19", "reduced-rate": "7"}}`; the empty class is the standard one.

    Raises BadDefinition.
    """
    parts = definitions.table(spec, "")
    definitions.only(parts, PARTS, "")
    prices = definitions.known(parts.get("prices"), (WITH, WITHOUT), "prices", "way to show prices")
    found = definitions.table(parts.get("rates", {}), "rates")
    if len(found) > MOST_RATES:
        raise BadDefinition("rates", f"At most {MOST_RATES} tax classes can have a rate.")
    rates = {name: definitions.number(rate, below("rates", name)) for name, rate in found.items()}
    for name, rate in rates.items():
        if not 0 <= rate <= 100:
            raise BadDefinition(below("rates", name), "Use a rate between 0 and 100 per cent.")
    return Tax(prices, rates)
