"""An offer with all that is known of it before it is compared with others: its cost as the shop keeps prices,
what can be sold of it, the rules that apply to it, and why there can be no price for it.
"""

from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as Arithmetic
from typing import Any, NamedTuple

from sync2sys.offers.fields import BACKORDER, IN_STOCK, OUT_OF_STOCK, PREORDER
from sync2sys.offers.mapping import WITH, WITHOUT
from sync2sys.offers.policies import RECOMMENDED, Policy, Rule, Stock
from sync2sys.offers.supplies import Product, Reason, Supply

#: Exact enough for whatever is done with amounts before they are rounded to a currency's units.
EXACT = Arithmetic(prec=60, rounding=ROUND_HALF_UP)
#: No price of anything is lower or higher; what is, is no price.
_LEAST, _MOST = Decimal("1e-8"), Decimal(10) ** 12


class Candidate(NamedTuple):
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


def candidate(product: Product, offer: Supply, policy: Policy) -> Candidate:
    # A range is in the shop's currency, and says nothing of an amount in another one.
    cost = offer.cost if offer.currency == product.currency and _is_amount(offer.cost) else None
    rules = tuple(
        rule
        for rule in policy.rules
        if rule.when.holds(offer.supplier, product.brand, product.categories, cost)
    )
    pieces, availability = _sellable(offer, policy.stock or Stock())
    bid = Candidate(offer, policy.rank(offer.supplier), rules, None, None, None, pieces, availability)
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


def _no_markup(bid: Candidate) -> Reason | None:
    if bid.rule("markup") or bid.rule("add"):
        return None
    return _left_out(bid.offer, "no_rule", "no rule says what to put on its cost")


def _unguarded(bid: Candidate) -> Reason | None:
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
    return EXACT.multiply(amount, factor) if product.includes_tax else EXACT.divide(amount, factor), None


def _is_amount(amount: Decimal | None) -> bool:
    return amount is not None and amount.is_finite() and _LEAST <= amount < _MOST


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
