"""Numbers, weights and stock."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, checked


def _no_weight(field: Field, context: Context) -> Doubt:
    def doubt(weight: str | None, *unit: str | None) -> str | None:
        exact = _decimal(weight)
        return "invalid" if weight and (exact is None or exact) else None

    return doubt


def number(field: Field, context: Context) -> Reader:
    """A whole number, never below zero."""
    return lambda found: None if found is None else max(found, 0)


def weight(units: Mapping[str, tuple[str, int]]) -> Rule:
    """A rule that gives `0.8 kg`; `units`: our unit -> the channel's and the most it takes."""

    @checked(doubt=_no_weight)
    def rule(field: Field, context: Context) -> Reader:
        """Number and unit; left out where it is zero or more than the channel takes."""

        def read(weight: str | None, unit: str | None) -> str | None:
            known, exact = units.get((unit or "").casefold()), _decimal(weight)
            if known is None or exact is None or not 0 < exact <= known[1]:
                return None
            return f"{exact:f} {known[0]}"

        return read

    return rule


def plain_weight(field: Field, context: Context) -> Reader:
    """The weight as a number."""

    def read(weight: str | None) -> str | None:
        exact = _decimal(weight)
        return f"{exact:f}" if exact is not None and exact > 0 else None

    return read


#: By unit.
GRAMS = {"kg": "1000", "g": "1", "lb": "453.59237", "lbs": "453.59237", "oz": "28.349523125"}


def grams(field: Field, context: Context) -> Reader:
    """The weight in whole grams."""
    factors = {unit: Decimal(grams) for unit, grams in GRAMS.items()}

    def read(weight: str | None, unit: str | None) -> int | None:
        exact, factor = _decimal(weight), factors.get((unit or "").casefold())
        if exact is None or factor is None or exact <= 0:
            return None
        return max(1, int((exact * factor).to_integral_value(ROUND_HALF_UP)))

    return read


def kilograms(field: Field, context: Context) -> Reader:
    """The weight in kilograms."""
    in_grams = grams(field, context)

    def read(weight: str | None, unit: str | None) -> str | None:
        found = in_grams(weight, unit)
        return f"{(Decimal(found) / 1000).normalize():f}" if isinstance(found, int) else None

    return read


def _decimal(text: str | Decimal | None) -> Decimal | None:
    """The number with at most four decimals and no idle zeros, or None."""
    try:
        exact = Decimal(text or "x")
        rounded = exact.quantize(Decimal("0.0001")) if exact.is_finite() else None
    except InvalidOperation:
        return None
    if rounded is None:
        return None
    whole = rounded.to_integral_value()
    return whole if rounded == whole else rounded.normalize()


def in_stock_number(field: Field, context: Context) -> Reader:
    """How many there are: none where it is sold out, and one where the shop does not count."""

    def read(quantity: int | None, availability: str | None) -> int:
        if availability != "in_stock":
            return 0
        return 1 if quantity is None else max(quantity, 0)

    return read
