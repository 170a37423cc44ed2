"""What a decision is made from: a product, what suppliers offer for it; and the steps in which it is told."""

from decimal import Decimal
from typing import NamedTuple

from sync2sys.offers.mapping import UNKNOWN
from sync2sys.offers.rows import Offer


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
