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
from decimal import Decimal
from typing import Any, NamedTuple

from sync2sys.offers import prices, stocks
from sync2sys.offers.candidates import Candidate, candidate
from sync2sys.offers.policies import ALL, CHEAPEST, Policy
from sync2sys.offers.supplies import Product, Reason, Supply


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


def decide(product: Product, offers: abc.Iterable[Supply], policy: Policy) -> Decision:
    """The price and the stock of a product, and why."""
    every = list(offers)
    unread = sorted(_unread(each) for each in every if each.refusal)
    bids = [candidate(product, each, policy) for each in every if not each.refusal]
    if not bids:
        return Decision(None, None, "", None, (*unread, _UNKNOWN) if unread else (_NO_OFFERS,))
    chosen, reasons = _choose(bids, policy)
    counted = _counted(chosen, bids, policy)
    if unread and not any(bid.in_stock for bid in counted):
        return Decision(None, None, "", None, (*unread, _UNKNOWN))
    price, priced = prices.price(product, chosen, counted)
    quantity, availability, stocked = stocks.stock(chosen, counted, policy.stock)
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


def _choose(bids: abc.Sequence[Candidate], policy: Policy) -> tuple[Candidate, list[Reason]]:
    """The offer that is sold: with a price before without one, and then in stock before out of it."""
    priced = [bid for bid in bids if bid.lack is None]
    pool = priced or list(bids)
    here = [bid for bid in pool if bid.in_stock]
    order = _by_cost if policy.choose == CHEAPEST else _by_rank
    chosen = min(here or pool, key=order)
    reasons = [bid.lack for bid in sorted(bids, key=_by_rank) if bid.lack is not None]
    return chosen, [*reasons, _chosen(chosen, len(here), len(pool), policy)]


def _by_rank(bid: Candidate) -> tuple[Any, ...]:
    return (bid.rank, *_priced_first(bid), *_settled(bid))


def _by_cost(bid: Candidate) -> tuple[Any, ...]:
    return (*_priced_first(bid), bid.rank, *_settled(bid))


def _priced_first(bid: Candidate) -> tuple[bool, Decimal]:
    return bid.cost is None, bid.cost or Decimal(0)


def _settled(bid: Candidate) -> tuple[str, ...]:
    """Of offers that are as good as each other always the same one, whatever their order."""
    return (bid.offer.supplier, bid.offer.key, *(str(value) for value in bid.offer))


def _chosen(chosen: Candidate, here: int, pool: int, policy: Policy) -> Reason:
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


def _counted(chosen: Candidate, bids: abc.Sequence[Candidate], policy: Policy) -> list[Candidate]:
    """The offers whose pieces are sold at the price."""
    if policy.stock is None or policy.stock.of != ALL:
        return [chosen]
    # What has no price of its own is not sold at that of another one, whose cost is known.
    others = (bid for bid in bids if bid.in_stock and bid.lack is None)
    return sorted({chosen.offer: chosen, **{bid.offer: bid for bid in others}}.values(), key=_by_rank)
