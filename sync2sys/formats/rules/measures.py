"""Numbers, weights, lengths and stock."""

import re
from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sync2sys.formats.base import Context, Doubt, Doubting, Field, Reader, Rule, checked
from sync2sys.formats.rules.doubts import unusable

#: Our unit of weight -> grams.
GRAMS = {"kg": "1000", "g": "1", "lb": "453.59237", "lbs": "453.59237", "oz": "28.349523125"}


def _no_measure(units: Collection[str]) -> Doubting:
    """Zero is what shops have that do not measure."""

    def doubting(field: Field, context: Context) -> Doubt:
        def doubt(found: str | None, unit: str | None = None) -> str | None:
            exact, name = _measured(found, unit)
            if not found or exact == 0:
                return None
            if name in units:
                return "not_a_number" if exact is None else "out_of_range"
            has_own_unit = name != (unit or "").casefold()
            return "not_a_number" if exact is None or has_own_unit else "unknown_unit"

        return doubt

    return doubting


def _no_number(field: Field, context: Context) -> Doubt:
    return lambda found, *rest: "not_a_number" if found and _decimal(found) is None else None


def _no_mapped_number(field: Field, context: Context) -> Doubt:
    def doubt(found: str | None) -> str | None:
        if not found:
            return None
        return "not_a_number" if _decimal(found) is None else "out_of_range"

    return doubt


def number(field: Field, context: Context) -> Reader:
    """A whole number, never below zero."""
    return lambda found: None if found is None else max(found, 0)


def whole(least: int, most: int | None = None) -> Rule:
    """A rule for a mapped whole number in this range."""

    @checked(doubt=_no_mapped_number)
    def rule(field: Field, context: Context) -> Reader:
        def read(found: str | None) -> int | None:
            exact = _decimal(found)
            if exact is None or exact != int(exact) or exact < least or (most is not None and exact > most):
                return None
            return int(exact)

        return read

    rule.__doc__ = f"A whole number {_range(least, most)}."
    return rule


def decimal(least: int, most: int | None = None) -> Rule:
    """A rule for a mapped number in this range."""

    @checked(doubt=_no_mapped_number)
    def rule(field: Field, context: Context) -> Reader:
        def read(found: str | None) -> str | None:
            exact = _decimal(found)
            if exact is None or exact < least or (most is not None and exact > most):
                return None
            return f"{exact:f}"

        return read

    rule.__doc__ = f"A number {_range(least, most)}."
    return rule


@checked(doubt=unusable)
def percent(field: Field, context: Context) -> Reader:
    """A rate in per cent, with two decimals."""

    def read(found: str | None) -> str | None:
        exact = _decimal((found or "").strip().removesuffix("%").strip())
        return f"{exact:.2f}" if exact is not None and 0 <= exact < 100 else None

    return read


def _range(least: int, most: int | None) -> str:
    return f"from {least} up" if most is None else f"from {least} to {most}"


_MEASURE = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([A-Za-z]*)\s*").fullmatch


def _measured(text: str | Decimal | None, unit: str | None) -> tuple[Decimal | None, str]:
    """Number and unit, in lower case; the text's own unit if it has one."""
    found = _MEASURE(str(text)) if text is not None else None
    if found is None:
        return _decimal(text), (unit or "").casefold()
    return _decimal(found[1]), (found[2] or unit or "").casefold()


def weight(units: Mapping[str, tuple[str, int]]) -> Rule:
    """A rule that gives `0.8 kg`; `units`: our unit -> the channel's and the most it takes."""

    def rule(field: Field, context: Context) -> Reader:
        def read(weight: str | None, unit: str | None) -> str | None:
            exact, name = _measured(weight, unit)
            known = units.get(name)
            if known is None or exact is None or not 0 < exact <= known[1]:
                return None
            return f"{exact:f} {known[0]}"

        return read

    most = ", ".join(dict.fromkeys(f"{most} {unit}" for unit, most in units.values()))
    rule.__doc__ = f"Number and unit, more than zero and at most {most}; any other is left out."
    return checked(doubt=_no_measure(units))(rule)


#: Our unit of length -> centimetres or inches, and how many.
LENGTHS = {
    "mm": ("cm", "0.1"),
    "cm": ("cm", "1"),
    "m": ("cm", "100"),
    "in": ("in", "1"),
    "inch": ("in", "1"),
    "ft": ("in", "12"),
    "yd": ("in", "36"),
}


def length(most: Mapping[str, int]) -> Rule:
    """A rule that gives `12.5 cm`; `most`: centimetres and inches that the channel takes, one at least."""

    @checked(doubt=_no_measure(LENGTHS))
    def rule(field: Field, context: Context) -> Reader:
        def read(length: str | None, unit: str | None) -> str | None:
            size = _length(length, unit, most)
            return None if size is None else " ".join(size)

        return read

    rule.__doc__ = f"{_in_words(most)}."
    return rule


def side(most: Mapping[str, int]) -> Rule:
    """A rule for one side of a box, as `length`, given the two others behind it."""
    no_length = _no_measure(LENGTHS)

    def no_side(field: Field, context: Context) -> Doubt:
        no_measure = no_length(field, context)

        def doubt(own: str | None, second: str | None, third: str | None, unit: str | None) -> str | None:
            if _length(own, unit, most) is None:
                return no_measure(own, unit)
            if not (_is_measured(second) and _is_measured(third)):
                return "incomplete"
            # A side that is measured wrongly is told of where that side stands.
            sizes = filter(None, (_length(each, unit, most) for each in (own, second, third)))
            return "invalid" if len({name for _, name in sizes}) > 1 else None

        return doubt

    @checked(doubt=no_side)
    def rule(field: Field, context: Context) -> Reader:
        def read(own: str | None, second: str | None, third: str | None, unit: str | None) -> str | None:
            size = _length(own, unit, most)
            if size is None:
                return None
            others = [_length(each, unit, most) for each in (second, third)]
            return " ".join(size) if all(each and each[1] == size[1] for each in others) else None

        return read

    rule.__doc__ = f"{_in_words(most)}; only with the two other sides."
    return rule


def _length(text: str | None, unit: str | None, most: Mapping[str, int]) -> tuple[str, str] | None:
    """A length and its unit as channels take them, if it is one of them."""
    exact, name = _measured(text, unit)
    known = LENGTHS.get(name)
    if exact is None or known is None:
        return None
    size = _decimal(exact * Decimal(known[1]))
    return (f"{size:f}", known[0]) if size and 1 <= size <= most[known[0]] else None


def _is_measured(text: str | None) -> bool:
    """Whether anything is there but the zero of shops that do not measure."""
    return bool(text) and _measured(text, None)[0] != 0


def _in_words(most: Mapping[str, int]) -> str:
    return f"Number and unit, {' or '.join(f'1 to {size} {unit}' for unit, size in most.items())}"


def _no_box(field: Field, context: Context) -> Doubt:
    def doubt(*columns: str | None) -> str | None:
        *sides, unit = columns
        if not all(map(_is_measured, sides)):
            return "incomplete" if any(map(_is_measured, sides)) else None
        sizes = [_decimal(each) for each in sides]
        if None in sizes:
            return "not_a_number"
        return "out_of_range" if (unit or "").casefold() in LENGTHS else "unknown_unit"

    return doubt


@checked(doubt=_no_box)
def dimensions(field: Field, context: Context) -> Reader:
    """Length, width and height with their unit, such as 30x20x10 cm; all of them or nothing."""

    def read(length: str | None, width: str | None, height: str | None, unit: str | None) -> str | None:
        sizes = [_decimal(each) for each in (length, width, height)]
        if not unit or unit.casefold() not in LENGTHS or not all(size and size > 0 for size in sizes):
            return None
        return f"{'x'.join(f'{size:f}' for size in sizes)} {unit.casefold()}"

    return read


@checked(doubt=_no_measure(GRAMS))
def number_of_weight(field: Field, context: Context) -> Reader:
    """The weight above zero without its unit."""

    def read(weight: str | None, unit: str | None) -> str | None:
        exact, name = _measured(weight, unit)
        return f"{exact:f}" if exact is not None and exact > 0 and name in GRAMS else None

    return read


def unit_of_weight(field: Field, context: Context) -> Reader:
    """The unit of a weight above zero."""
    number = number_of_weight(field, context)
    return lambda weight, unit: _measured(weight, unit)[1] if number(weight, unit) else None


def quantity(units: Collection[str], amounts: Collection[str] = ()) -> Rule:
    """A rule for a mapped amount in one of these units; `amounts`: the only ones, with a unit or for all."""

    @checked(doubt=unusable)
    def rule(field: Field, context: Context) -> Reader:
        def read(found: str | None) -> str | None:
            exact, unit = _measured(found, None)
            if exact is None or exact <= 0 or unit not in units:
                return None
            number = f"{exact:f}"
            allowed = not amounts or number in amounts or number + unit in amounts
            return f"{number} {unit}" if allowed else None

        return read

    only = f", and only {', '.join(sorted(amounts))}" if amounts else ""
    rule.__doc__ = f"A number with one of the units {', '.join(sorted(units))}{only}."
    return rule


@checked(doubt=_no_number)
def plain_number(field: Field, context: Context) -> Reader:
    """A number above zero."""

    def read(found: str | None) -> str | None:
        exact = _decimal(found)
        return f"{exact:f}" if exact is not None and exact > 0 else None

    return read


@checked(doubt=_no_measure(GRAMS))
def grams(field: Field, context: Context) -> Reader:
    """The weight in whole grams."""
    factors = {unit: Decimal(grams) for unit, grams in GRAMS.items()}

    def read(weight: str | None, unit: str | None) -> int | None:
        exact, name = _measured(weight, unit)
        factor = factors.get(name)
        if exact is None or factor is None or exact <= 0:
            return None
        return max(1, int((exact * factor).to_integral_value(ROUND_HALF_UP)))

    return read


@checked(doubt=_no_measure(GRAMS))
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


def orderable_number(most: int) -> Rule:
    """A rule for how many there are, where none means that it cannot be ordered."""

    def rule(field: Field, context: Context) -> Reader:
        """How many there are; one at least of what can be ordered, and none of what is sold out."""

        def read(quantity: int | None, availability: str | None) -> int:
            return 0 if availability in (None, "out_of_stock") else min(max(quantity or 1, 1), most)

        return read

    return rule


def in_stock_number(field: Field, context: Context) -> Reader:
    """How many there are: none where it is sold out, and one where the shop does not count."""

    def read(quantity: int | None, availability: str | None) -> int:
        if availability != "in_stock":
            return 0
        return 1 if quantity is None else max(quantity, 0)

    return read
