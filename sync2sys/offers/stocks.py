"""The stock of what is sold, and its availability."""

from collections import abc

from sync2sys.offers.candidates import Candidate
from sync2sys.offers.fields import IN_STOCK, OUT_OF_STOCK
from sync2sys.offers.policies import Stock
from sync2sys.offers.supplies import Reason


def stock(
    chosen: Candidate, counted: abc.Sequence[Candidate], stock: Stock | None
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


def _stocked(bid: Candidate, stock: Stock) -> Reason:
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
