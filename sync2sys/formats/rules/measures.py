"""Numbers, weights and stock."""

from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sync2sys.formats.base import Context, Doubt, Doubting, Field, Reader, Rule, checked


def _no_weight(units: Collection[str]) -> Doubting:
    """Zero is what shops have that do not weigh."""

    def doubting(field: Field, context: Context) -> Doubt:
        def doubt(weight: str | None, unit: str | None) -> str | None:
            exact = _decimal(weight)
            if not weight or exact == 0:
                return None
            if exact is None:
                return "not_a_number"
            return "out_of_range" if (unit or "").casefold() in units else "unknown_unit"

        return doubt

    return doubting


def number(field: Field, context: Context) -> Reader:
    """A whole number, never below zero."""
    return lambda found: None if found is None else max(found, 0)


def weight(units: Mapping[str, tuple[str, int]]) -> Rule:
    """A rule that gives `0.8 kg`; `units`: our unit -> the channel's and the most it takes."""

    def rule(field: Field, context: Context) -> Reader:
        def read(weight: str | None, unit: str | None) -> str | None:
            known, exact = units.get((unit or "").casefold()), _decimal(weight)
            if known is None or exact is None or not 0 < exact <= known[1]:
                return None
            return f"{exact:f} {known[0]}"

        return read

    most = ", ".join(dict.fromkeys(f"{most} {unit}" for unit, most in units.values()))
    rule.__doc__ = f"Number and unit, more than zero and at most {most}; any other is left out."
    return checked(doubt=_no_weight(units))(rule)


def _no_plain_weight(field: Field, context: Context) -> Doubt:
    return lambda weight: "not_a_number" if weight and _decimal(weight) is None else None


@checked(doubt=_no_plain_weight)
def plain_weight(field: Field, context: Context) -> Reader:
    """The weight as a number."""

    def read(weight: str | None) -> str | None:
        exact = _decimal(weight)
        return f"{exact:f}" if exact is not None and exact > 0 else None

    return read


#: By unit.
GRAMS = {"kg": "1000", "g": "1", "lb": "453.59237", "lbs": "453.59237", "oz": "28.349523125"}


@checked(doubt=_no_weight(GRAMS))
def grams(field: Field, context: Context) -> Reader:
    """The weight in whole grams."""
    factors = {unit: Decimal(grams) for unit, grams in GRAMS.items()}

    def read(weight: str | None, unit: str | None) -> int | None:
        exact, factor = _decimal(weight), factors.get((unit or "").casefold())
        if exact is None or factor is None or exact <= 0:
            return None
        return max(1, int((exact * factor).to_integral_value(ROUND_HALF_UP)))

    return read


@checked(doubt=_no_weight(GRAMS))
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
