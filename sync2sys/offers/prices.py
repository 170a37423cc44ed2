"""The price of what is sold: from the cost, or the recommended price, by the rules, within the limits."""

from collections import abc
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from sync2sys.formats.money import MINOR_UNITS, in_units
from sync2sys.offers.candidates import EXACT, Candidate
from sync2sys.offers.mapping import WITH
from sync2sys.offers.policies import DOWN, NEAREST, RECOMMENDED, UP, Rounding
from sync2sys.offers.supplies import Product, Reason

#: Finer than any amount: what a division leaves behind it is no reason to round up.
_NOISE = Decimal("1e-12")
_WHOLE = Decimal(1)
_SHOWN = Decimal("0.0001")


def price(
    product: Product, chosen: Candidate, counted: abc.Sequence[Candidate]
) -> tuple[Decimal | None, list[Reason]]:
    if not chosen.rules and chosen.lack is None:
        sentence = "No rules for prices: the price stays as it is."
        return None, [Reason("price", "no_rules", None, None, sentence)]
    if chosen.lack is not None or chosen.base is None:
        return None, [
            Reason("price", "no_price", None, None, "No offer can be priced: the price stays as it is.")
        ]
    steps = _Steps(product, chosen.base)
    _begin(steps, product, chosen)
    _mark_up(steps, chosen)
    rounding = _round(steps, chosen)
    price = _limit(steps, chosen, counted, rounding)
    return price, steps.reasons


class _Steps:
    """A price on its way through the rules."""

    def __init__(self, product: Product, price: Decimal) -> None:
        self.currency, self.price = product.currency, price
        self.reasons: list[Reason] = []

    def to(self, price: Decimal, code: str, sentence: str) -> None:
        before, after = self.shown(self.price), self.shown(price)
        self.reasons.append(Reason("price", code, before, after, f"{sentence}: {after}."))
        self.price = price

    def shown(self, amount: Decimal) -> str:
        """The amount in the currency's units; a finer one, as a cost of 0.125, with its own decimals."""
        units, fine = in_units(amount, self.currency), amount.quantize(_SHOWN, context=EXACT)
        return f"{units if units == fine else fine.normalize(EXACT):f} {self.currency}"


def _begin(steps: _Steps, product: Product, chosen: Candidate) -> None:
    offer, recommended = chosen.offer, chosen.said("base") == RECOMMENDED
    amount = offer.recommended if recommended else offer.cost
    tax = offer.recommended_tax if recommended else offer.cost_tax
    what = "recommended price" if recommended else "cost"
    if amount is None or chosen.base is None:  # pragma: no cover - such an offer has a lack
        return
    given = steps.shown(amount)
    steps.reasons.append(
        Reason(
            "price", "base", None, given, f"The {what} is {given} {tax} tax, as the supplier's list has it."
        )
    )
    if (tax == WITH) != product.includes_tax:
        steps.price = amount
        does = f"put on at {product.rate} %" if product.includes_tax else f"taken off at {product.rate} %"
        steps.to(chosen.base, "tax", f"Tax is {does}, as the shop keeps its prices")


def _mark_up(steps: _Steps, chosen: Candidate) -> None:
    rule = chosen.rule("markup")
    if rule is not None and rule.markup:
        raised = EXACT.multiply(steps.price, 1 + rule.markup / 100)
        does = "puts" if rule.markup > 0 else "takes"
        where = "on it" if rule.markup > 0 else "off it"
        steps.to(raised, "markup", f"Rule {rule.no} {does} {abs(rule.markup)} % {where}")
    rule = chosen.rule("add")
    if rule is not None and rule.add:
        added = EXACT.add(steps.price, rule.add)
        steps.to(added, "add", f"Rule {rule.no} adds {steps.shown(rule.add)}")


def _round(steps: _Steps, chosen: Candidate) -> Rounding | None:
    rule = chosen.rule("round")
    exact = _without_noise(steps.price)
    if rule is None or rule.round is None:
        steps.price = in_units(exact, steps.currency)
        return None
    rounded = in_units(rounded_to(exact, rule.round, rule.round.way), steps.currency)
    steps.to(rounded, "rounding", f"Rule {rule.no} rounds to {rule.round.words}")
    return rule.round


def _without_noise(exact: Decimal) -> Decimal:
    return exact.quantize(_NOISE, context=EXACT)


def rounded_to(exact: Decimal, rounding: Rounding, way: str) -> Decimal:
    """The nearest amount above zero that the rounding allows, or the next one up or down."""
    directions = {UP: ROUND_CEILING, DOWN: ROUND_FLOOR, NEAREST: ROUND_HALF_UP}
    times = EXACT.divide(EXACT.subtract(exact, rounding.ending), rounding.step)
    whole = times.quantize(_WHOLE, directions[way], context=EXACT)
    least = Decimal(0) if rounding.ending else _WHOLE
    return EXACT.add(EXACT.multiply(max(whole, least), rounding.step), rounding.ending)


class _Bound(NamedTuple):
    amount: Decimal
    code: str
    #: why, the beginning of a sentence
    words: str


def _limit(
    steps: _Steps, chosen: Candidate, counted: abc.Sequence[Candidate], rounding: Rounding | None
) -> Decimal | None:
    lowest, highest = _lowest(steps, chosen, counted), _highest(steps, chosen)
    low = lowest.amount if lowest else _unit(steps.currency)
    if highest is not None and low > highest.amount:
        why = lowest.words if lowest else "A price is above zero"
        sentence = f"{why}, but {_lower_first(highest.words)}. Both cannot be: the price stays as it is."
        steps.reasons.append(Reason("price", "limits_conflict", steps.shown(steps.price), None, sentence))
        return None
    if steps.price < low:
        if lowest is None:
            sentence = "What comes out is nothing: the price stays as it is."
            steps.reasons.append(Reason("price", "nothing", steps.shown(steps.price), None, sentence))
            return None
        steps.to(_raised(low, highest, rounding, steps.currency), lowest.code, lowest.words)
    elif highest is not None and steps.price > highest.amount:
        steps.to(_lowered(low, highest.amount, rounding, steps.currency), highest.code, highest.words)
    return steps.price


def _lower_first(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _lowest(steps: _Steps, chosen: Candidate, counted: abc.Sequence[Candidate]) -> _Bound | None:
    """The highest of what a price must not be below."""
    bounds = [_margin(steps, bid) for bid in counted]
    rule = chosen.rule("floor")
    if rule is not None and rule.floor is not None:
        floor = _in_units(rule.floor, steps.currency, ROUND_CEILING)
        bounds.append(_Bound(floor, "floor", f"Rule {rule.no} says it is at least {steps.shown(floor)}"))
    found = [bound for bound in bounds if bound is not None]
    return max(found, key=lambda bound: bound.amount) if found else None


def _margin(steps: _Steps, bid: Candidate) -> _Bound | None:
    """What leaves the margin over an offer's cost; no margin said is none at all."""
    if bid.cost is None:
        return None
    rule = bid.rule("margin")
    share = rule.margin if rule is not None and rule.margin is not None else Decimal(0)
    exact = EXACT.divide(bid.cost, 1 - share / 100)
    least = _in_units(exact, steps.currency, ROUND_CEILING)
    over = f"the cost of {steps.shown(bid.cost)} at {bid.offer.called}"
    if rule is None:
        return _Bound(least, "cost", f"It is not below {over}")
    return _Bound(least, "margin", f"Rule {rule.no} wants {share} % of it to remain over {over}")


def _highest(steps: _Steps, chosen: Candidate) -> _Bound | None:
    rule = chosen.rule("ceiling")
    if rule is None or rule.ceiling is None:
        return None
    ceiling = _in_units(rule.ceiling, steps.currency, ROUND_FLOOR)
    return _Bound(ceiling, "ceiling", f"Rule {rule.no} says it is at most {steps.shown(ceiling)}")


def _raised(low: Decimal, highest: _Bound | None, rounding: Rounding | None, currency: str) -> Decimal:
    """The lowest price, rounded up as prices are to be rounded where that stays below the highest."""
    if rounding is None:
        return low
    rounded = in_units(rounded_to(low, rounding, UP), currency)
    fits = rounded >= low and (highest is None or rounded <= highest.amount)
    return rounded if fits else low


def _lowered(low: Decimal, high: Decimal, rounding: Rounding | None, currency: str) -> Decimal:
    if rounding is None:
        return high
    rounded = in_units(rounded_to(high, rounding, DOWN), currency)
    return rounded if low <= rounded <= high else high


def _unit(currency: str) -> Decimal:
    """The smallest amount of a currency."""
    return Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))


def _in_units(exact: Decimal, currency: str, direction: str) -> Decimal:
    return exact.quantize(_unit(currency), direction, context=EXACT)
