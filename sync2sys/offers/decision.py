"""What a shop shall ask for a product and show in stock: offers and rules in, a value and its reasons out.

One pure function. Equal input gives equal output, the order of the offers does not matter, and it never
raises for what an offer holds. What it promises, whatever the offers and the rules:

- a price is never below the floor, never above the ceiling, and never leaves less than the least margin over
  the cost of anything that is sold at it; where these cannot all hold there is no price;
- a rule that says no margin means none: a price is never below the cost, unless a margin below zero is said;
- amounts of different currencies are never compared, and tax is only put on or taken off at a known rate;
- a quantity is never negative, and more pieces at the chosen supplier never make it smaller. (More pieces at
  another one can make that one the chosen one. Of all in stock together more pieces never make it smaller.)

An offer that is not in a supplier's list any more is best given with the availability `out_of_stock`: with no
offers at all nothing is changed. Of one whose row cannot be read nobody knows whether it can be had, and for
how much. Others are sold in its place where they are in stock; where none is, nothing is changed: a bad row
must not sell a product out.
"""

from collections import abc
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from decimal import Context as Arithmetic
from typing import Any, NamedTuple

from sync2sys.formats.money import MINOR_UNITS, in_units
from sync2sys.offers.fields import BACKORDER, IN_STOCK, OUT_OF_STOCK, PREORDER
from sync2sys.offers.mapping import UNKNOWN, WITH, WITHOUT
from sync2sys.offers.policies import (
    ALL,
    CHEAPEST,
    DOWN,
    NEAREST,
    RECOMMENDED,
    UP,
    Policy,
    Rounding,
    Rule,
    Stock,
)
from sync2sys.offers.rows import Offer

_EXACT = Arithmetic(prec=60, rounding=ROUND_HALF_UP)
#: Finer than any amount: what a division leaves behind it is no reason to round up.
_NOISE = Decimal("1e-12")
_WHOLE = Decimal(1)
_SHOWN = Decimal("0.0001")
#: No price of anything is lower or higher; what is, is no price.
_LEAST, _MOST = Decimal("1e-8"), Decimal(10) ** 12


class Product(NamedTuple):
    """The variant that a price is for, and how its shop keeps prices."""

    #: ISO 4217; "" where the shop does not say
    currency: str
    #: whether the shop keeps its prices with tax; None where it does not say
    includes_tax: bool | None
    #: in per cent, 0 for what is not taxed; None where it is not known
    rate: Decimal | None
    brand: str = ""
    #: full paths, "Shoes > Running"
    categories: tuple[str, ...] = ()


class Supply(NamedTuple):
    """An offer, as far as price and stock depend on it."""

    supplier: str
    key: str
    cost: Decimal | None = None
    cost_tax: str = UNKNOWN
    recommended: Decimal | None = None
    recommended_tax: str = UNKNOWN
    currency: str = ""
    quantity: int | None = None
    availability: str = ""
    #: what the merchant calls the supplier
    name: str = ""
    #: why its row cannot be read, a sentence with the line; nothing else than whose it is is known then
    refusal: str = ""

    @property
    def called(self) -> str:
        return self.name or self.supplier


class Reason(NamedTuple):
    """One step of a decision."""

    #: selection, price or stock
    step: str
    code: str
    before: str | None
    after: str | None
    #: for the merchant
    sentence: str


class Decision(NamedTuple):
    #: in the shop's currency and tax mode; None: leave it as it is, and a reason says why
    price: Decimal | None
    #: pieces to show; None likewise
    quantity: int | None
    #: in_stock, out_of_stock, backorder, preorder; "" where it is not known
    availability: str
    #: the offer that is sold; None: there is none
    offer: Supply | None
    reasons: tuple[Reason, ...]


def supply(supplier: str, offer: Offer, name: str = "") -> Supply:
    """An offer as it takes part in decisions."""
    return Supply(
        supplier=supplier,
        key=offer.key,
        cost=offer.cost,
        cost_tax=offer.cost_tax,
        recommended=offer.price,
        recommended_tax=offer.price_tax,
        currency=offer.currency,
        quantity=offer.quantity,
        availability=offer.availability,
        name=name,
    )


def decide(product: Product, offers: abc.Iterable[Supply], policy: Policy) -> Decision:
    """The price and the stock of a product, and why."""
    every = list(offers)
    unread = sorted(_unread(each) for each in every if each.refusal)
    bids = [_bid(product, each, policy) for each in every if not each.refusal]
    if not bids:
        return Decision(None, None, "", None, (*unread, _UNKNOWN) if unread else (_NO_OFFERS,))
    chosen, reasons = _choose(bids, policy)
    counted = _counted(chosen, bids, policy)
    if unread and not any(bid.in_stock for bid in counted):
        return Decision(None, None, "", None, (*unread, _UNKNOWN))
    price, priced = _price(product, chosen, counted)
    quantity, availability, stocked = _stock(chosen, counted, policy.stock)
    return Decision(price, quantity, availability, chosen.offer, (*unread, *reasons, *priced, *stocked))


_NO_OFFERS = Reason(
    "selection", "no_offers", None, None, "No supplier offers this product; nothing is changed."
)
_UNKNOWN = Reason(
    "selection",
    "unknown",
    None,
    None,
    "No other offer that could be sold is in stock: price and stock stay as they are.",
)


def _unread(offer: Supply) -> Reason:
    sentence = f"The row of {offer.key} in the list of {offer.called} cannot be read: {offer.refusal}"
    return Reason("selection", "refused", None, offer.called, sentence)


class _Bid(NamedTuple):
    """An offer with all that is known before it is compared with others."""

    offer: Supply
    #: place in the order of preference
    rank: int
    rules: tuple[Rule, ...]
    #: as the shop keeps prices; None where it cannot be known
    cost: Decimal | None
    base: Decimal | None
    #: why there can be no price for it
    lack: Reason | None
    pieces: int | None
    availability: str

    @property
    def in_stock(self) -> bool:
        return self.availability == IN_STOCK

    def rule(self, part: str) -> Rule | None:
        """The first of its rules that says this."""
        return next((rule for rule in self.rules if getattr(rule, part) is not None), None)

    def said(self, part: str) -> Any:
        rule = self.rule(part)
        return None if rule is None else getattr(rule, part)


def _bid(product: Product, offer: Supply, policy: Policy) -> _Bid:
    # A range is in the shop's currency, and says nothing of an amount in another one.
    cost = offer.cost if offer.currency == product.currency and _is_amount(offer.cost) else None
    rules = tuple(
        rule
        for rule in policy.rules
        if rule.when.holds(offer.supplier, product.brand, product.categories, cost)
    )
    pieces, availability = _sellable(offer, policy.stock or Stock())
    bid = _Bid(offer, policy.rank(offer.supplier), rules, None, None, None, pieces, availability)
    cost, lack = _as_in_the_shop(product, offer, offer.cost, offer.cost_tax, "cost")
    bid = bid._replace(cost=cost, base=cost)
    if not policy.rules:
        return bid
    if bid.said("base") == RECOMMENDED:
        base, missing = _as_in_the_shop(
            product, offer, offer.recommended, offer.recommended_tax, "recommended price"
        )
        # A cost that there is and that cannot be compared could be above any price.
        return bid._replace(base=base, lack=missing or (lack if offer.cost is not None else _unguarded(bid)))
    return bid._replace(lack=lack or _no_markup(bid))


def _no_markup(bid: _Bid) -> Reason | None:
    if bid.rule("markup") or bid.rule("add"):
        return None
    return _left_out(bid.offer, "no_rule", "no rule says what to put on its cost")


def _unguarded(bid: _Bid) -> Reason | None:
    if bid.rule("margin") is None:
        return None
    return _left_out(bid.offer, "no_cost", "without its cost the margin cannot be checked")


def _left_out(offer: Supply, code: str, why: str) -> Reason:
    sentence = f"Nothing is priced by the offer {offer.key} of {offer.called}: {why}."
    return Reason("price", code, None, None, sentence)


def _as_in_the_shop(
    product: Product, offer: Supply, amount: Decimal | None, tax: str, what: str
) -> tuple[Decimal | None, Reason | None]:
    """The amount with or without tax, as the shop keeps prices, or why that is not known."""

    def lack(code: str, why: str) -> tuple[None, Reason]:
        return None, _left_out(offer, code, why)

    if amount is None or not _is_amount(amount):
        return lack("no_cost" if what == "cost" else "no_recommended_price", f"it has no {what}")
    if not product.currency:
        return lack("no_shop_currency", "the shop does not say in which currency its prices are")
    if offer.currency != product.currency:
        given = offer.currency or "no currency"
        return lack("other_currency", f"its amounts are in {given}, the shop's in {product.currency}")
    if tax not in (WITH, WITHOUT):
        return lack("tax_unknown", f"it is not said whether its {what} is with tax. Say it in the mapping")
    if product.includes_tax is None:
        return lack("shop_tax_unknown", "the shop does not say whether its prices are with tax")
    if product.includes_tax == (tax == WITH):
        return amount, None
    if product.rate is None or product.rate < 0:
        return lack("rate_unknown", "the rate of its tax is not known. Give the product's tax class one")
    factor = 1 + product.rate / 100
    return _EXACT.multiply(amount, factor) if product.includes_tax else _EXACT.divide(amount, factor), None


def _is_amount(amount: Decimal | None) -> bool:
    return amount is not None and amount.is_finite() and _LEAST <= amount < _MOST


def _without_noise(exact: Decimal) -> Decimal:
    return exact.quantize(_NOISE, context=_EXACT)


def _sellable(offer: Supply, stock: Stock) -> tuple[int | None, str]:
    """Pieces that can be sold, None where they are not counted, and what that makes of the availability."""
    if offer.availability == OUT_OF_STOCK:
        return 0, OUT_OF_STOCK
    if offer.quantity is None:
        return (stock.uncounted if offer.availability == IN_STOCK else None), offer.availability
    pieces = max(0, offer.quantity - stock.safety)
    if offer.availability in (BACKORDER, PREORDER):
        return pieces, offer.availability
    return pieces, IN_STOCK if pieces else OUT_OF_STOCK


def _choose(bids: abc.Sequence[_Bid], policy: Policy) -> tuple[_Bid, list[Reason]]:
    """The offer that is sold: with a price before without one, and then in stock before out of it."""
    priced = [bid for bid in bids if bid.lack is None]
    pool = priced or list(bids)
    here = [bid for bid in pool if bid.in_stock]
    order = _by_cost if policy.choose == CHEAPEST else _by_rank
    chosen = min(here or pool, key=order)
    reasons = [bid.lack for bid in sorted(bids, key=_by_rank) if bid.lack is not None]
    return chosen, [*reasons, _chosen(chosen, len(here), len(pool), policy)]


def _by_rank(bid: _Bid) -> tuple[Any, ...]:
    return (bid.rank, *_priced_first(bid), *_settled(bid))


def _by_cost(bid: _Bid) -> tuple[Any, ...]:
    return (*_priced_first(bid), bid.rank, *_settled(bid))


def _priced_first(bid: _Bid) -> tuple[bool, Decimal]:
    return bid.cost is None, bid.cost or Decimal(0)


def _settled(bid: _Bid) -> tuple[str, ...]:
    """Of offers that are as good as each other always the same one, whatever their order."""
    return (bid.offer.supplier, bid.offer.key, *(str(value) for value in bid.offer))


def _chosen(chosen: _Bid, here: int, pool: int, policy: Policy) -> Reason:
    called = chosen.offer.called
    if pool == 1:
        code, why = "only_offer", "It is the only offer" + ("." if here else ", and it is not in stock.")
    elif policy.choose == CHEAPEST and chosen.cost is not None:
        code = "cheapest"
        why = (
            f"It is the cheapest of {here} in stock."
            if here
            else f"None of {pool} is in stock; it is the cheapest."
        )
    else:
        code = "first"
        why = (
            f"It comes first of {here} in stock." if here else f"None of {pool} is in stock; it comes first."
        )
    return Reason(
        "selection", code, None, called, f"The offer {chosen.offer.key} of {called} is taken. {why}"
    )


def _counted(chosen: _Bid, bids: abc.Sequence[_Bid], policy: Policy) -> list[_Bid]:
    """The offers whose pieces are sold at the price."""
    if policy.stock is None or policy.stock.of != ALL:
        return [chosen]
    # What has no price of its own is not sold at that of another one, whose cost is known.
    others = (bid for bid in bids if bid.in_stock and bid.lack is None)
    return sorted({chosen.offer: chosen, **{bid.offer: bid for bid in others}}.values(), key=_by_rank)


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
        units, fine = in_units(amount, self.currency), amount.quantize(_SHOWN, context=_EXACT)
        return f"{units if units == fine else fine.normalize(_EXACT):f} {self.currency}"


def _price(
    product: Product, chosen: _Bid, counted: abc.Sequence[_Bid]
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


def _begin(steps: _Steps, product: Product, chosen: _Bid) -> None:
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


def _mark_up(steps: _Steps, chosen: _Bid) -> None:
    rule = chosen.rule("markup")
    if rule is not None and rule.markup:
        raised = _EXACT.multiply(steps.price, 1 + rule.markup / 100)
        does = "puts" if rule.markup > 0 else "takes"
        where = "on it" if rule.markup > 0 else "off it"
        steps.to(raised, "markup", f"Rule {rule.no} {does} {abs(rule.markup)} % {where}")
    rule = chosen.rule("add")
    if rule is not None and rule.add:
        added = _EXACT.add(steps.price, rule.add)
        steps.to(added, "add", f"Rule {rule.no} adds {steps.shown(rule.add)}")


def _round(steps: _Steps, chosen: _Bid) -> Rounding | None:
    rule = chosen.rule("round")
    exact = _without_noise(steps.price)
    if rule is None or rule.round is None:
        steps.price = in_units(exact, steps.currency)
        return None
    rounded = in_units(rounded_to(exact, rule.round, rule.round.way), steps.currency)
    steps.to(rounded, "rounding", f"Rule {rule.no} rounds to {rule.round.words}")
    return rule.round


def rounded_to(exact: Decimal, rounding: Rounding, way: str) -> Decimal:
    """The nearest amount above zero that the rounding allows, or the next one up or down."""
    directions = {UP: ROUND_CEILING, DOWN: ROUND_FLOOR, NEAREST: ROUND_HALF_UP}
    times = _EXACT.divide(_EXACT.subtract(exact, rounding.ending), rounding.step)
    whole = times.quantize(_WHOLE, directions[way], context=_EXACT)
    least = Decimal(0) if rounding.ending else _WHOLE
    return _EXACT.add(_EXACT.multiply(max(whole, least), rounding.step), rounding.ending)


class _Bound(NamedTuple):
    amount: Decimal
    code: str
    #: why, the beginning of a sentence
    words: str


def _limit(
    steps: _Steps, chosen: _Bid, counted: abc.Sequence[_Bid], rounding: Rounding | None
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


def _lowest(steps: _Steps, chosen: _Bid, counted: abc.Sequence[_Bid]) -> _Bound | None:
    """The highest of what a price must not be below."""
    bounds = [_margin(steps, bid) for bid in counted]
    rule = chosen.rule("floor")
    if rule is not None and rule.floor is not None:
        floor = _in_units(rule.floor, steps.currency, ROUND_CEILING)
        bounds.append(_Bound(floor, "floor", f"Rule {rule.no} says it is at least {steps.shown(floor)}"))
    found = [bound for bound in bounds if bound is not None]
    return max(found, key=lambda bound: bound.amount) if found else None


def _margin(steps: _Steps, bid: _Bid) -> _Bound | None:
    """What leaves the margin over an offer's cost; no margin said is none at all."""
    if bid.cost is None:
        return None
    rule = bid.rule("margin")
    share = rule.margin if rule is not None and rule.margin is not None else Decimal(0)
    exact = _EXACT.divide(bid.cost, 1 - share / 100)
    least = _in_units(exact, steps.currency, ROUND_CEILING)
    over = f"the cost of {steps.shown(bid.cost)} at {bid.offer.called}"
    if rule is None:
        return _Bound(least, "cost", f"It is not below {over}")
    return _Bound(least, "margin", f"Rule {rule.no} wants {share} % of it to remain over {over}")


def _highest(steps: _Steps, chosen: _Bid) -> _Bound | None:
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
    return exact.quantize(_unit(currency), direction, context=_EXACT)


def _stock(
    chosen: _Bid, counted: abc.Sequence[_Bid], stock: Stock | None
) -> tuple[int | None, str, list[Reason]]:
    if stock is None:
        reason = Reason("stock", "no_rules", None, None, "No rules for stock: the quantity stays as it is.")
        return None, "", [reason]
    known = [bid.pieces for bid in counted if bid.pieces is not None]
    quantity = sum(known) if known else None
    availability = IN_STOCK if any(bid.in_stock for bid in counted) else chosen.availability
    reasons = [_stocked(bid, stock) for bid in counted]
    if len(counted) > 1 and quantity is not None:
        together = f"The pieces of {len(counted)} suppliers are counted together: {quantity}."
        reasons.append(Reason("stock", "together", None, str(quantity), together))
    return quantity, availability, reasons


def _stocked(bid: _Bid, stock: Stock) -> Reason:
    offer, called = bid.offer, bid.offer.called
    before = None if offer.quantity is None else str(offer.quantity)
    after = None if bid.pieces is None else str(bid.pieces)
    if offer.availability == OUT_OF_STOCK:
        counts = f", whatever its count of {before} says" if offer.quantity else ""
        return Reason(
            "stock", "out_of_stock", before, after, f"{called} says that it is out of stock{counts}."
        )
    if before is None and after is not None:
        return Reason(
            "stock", "uncounted", None, after, f"{called} has it and does not count; {after} are shown."
        )
    if before is None:
        says = (
            "has it and does not say how many there are"
            if bid.in_stock
            else "does not say how many there are"
        )
        return Reason("stock", "unknown", None, None, f"{called} {says}: the quantity stays as it is.")
    if stock.safety:
        kept = f"{called} has {before}; {stock.safety} are kept back, {after} are shown."
        return Reason("stock", "safety_stock", before, after, kept)
    return Reason("stock", "as_counted", before, after, f"{called} has {before}.")
