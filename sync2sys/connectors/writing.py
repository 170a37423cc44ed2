"""Writing prices and stock: what is the same on every platform.

Every value that is to be written is a wish. Some are settled without asking the shop: it has the value, or
must not get it. The others go out in calls of the platform's own. A call is never repeated where it may have
been carried out; what became of one without an answer that can be believed is looked up in the shop.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sync2sys.connectors.base import Change, Current, VariantRef, Written
from sync2sys.connectors.line import NotNow
from sync2sys.currencies import digits_of
from sync2sys.errors import StoreError

#: Changes that are written, and variants that are looked at, at a time. WooCommerce takes no more in a call.
MOST = 100
HIGHEST_PRICE, HIGHEST_QUANTITY = Decimal(10) ** 9, 10**9

PRICE, QUANTITY = "price", "quantity"
WRITTEN, UNCHANGED, REFUSED, STALE, ODD, NOT_WRITTEN, UNKNOWN = OUTCOMES = (
    "written",
    "unchanged",
    "refused",
    "stale",
    "odd",
    "not_written",
    "unknown",
)

#: What a handle may have for every platform: why stock is not counted, and why there is no price.
UNCOUNTED, UNPRICED = "uncounted", "unpriced"
#: Why the stock of a variant is not counted: the first three end when a change has `count_stock`.
NOT_COUNTED, OF_PRODUCT, NOT_STOCKED = CAN_BEGIN = (
    "stock_not_counted",
    "stock_of_product",
    "not_stocked_here",
)
SEVERAL_LOCATIONS, NO_ACCESS = "several_locations", "no_access_to_stock"

MESSAGES = {
    "bad_price": "This is no price in the shop's currency: above zero, with no more decimals than it has.",
    "bad_quantity": "Pieces in stock are a whole number, from 0 to 1,000,000,000.",
    "no_currency": "The shop does not say in which currency its prices are.",
    "no_price": "A product whose variants are sold has no price of its own. Write to its variants.",
    "sale_not_below": "The shop has a sale price that would not be below the new price. End that sale first, "
    "or lower it.",
    "gone": "The shop does not have this any more.",
    "changed": "The shop has another value by now than the decision was made upon.",
    "odd": "The shop took the value, and has another one now. Look at it there.",
    "sale_dropped": "The shop took the price and dropped the sale price.",
    "not_there": "The shop has done nothing, without a word of why.",
    "nobody_knows": "The shop would not say what it has done.",
    "not_asked": "The shop was not asked for this any more.",
    NOT_COUNTED: "The shop does not count the stock of this.",
    OF_PRODUCT: "The stock of this is counted for all variants of the product together.",
    NOT_STOCKED: "This is not stocked at the location whose stock is written.",
    SEVERAL_LOCATIONS: "This may be stocked at several locations. Choose the one whose stock is written.",
    NO_ACCESS: "The app may not see the stock of this shop.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """One value of a change."""

    change: Change
    field: str

    @property
    def ref(self) -> VariantRef:
        return self.change.ref

    @property
    def expected(self) -> Current:
        return self.change.expected

    @property
    def wanted(self) -> Any:
        return self.change.price if self.field == PRICE else self.change.quantity

    @property
    def before(self) -> Any:
        return self.value_in(self.expected)

    def value_in(self, current: Current) -> Any:
        return current.price if self.field == PRICE else current.quantity

    def told(self, outcome: str, code: str = "", value: Any = None, message: str = "") -> Written:
        """What became of it; `value` is what stands in the shop."""
        return Written(
            self.ref,
            self.field,
            outcome,
            price=value if self.field == PRICE else None,
            quantity=value if self.field == QUANTITY else None,
            code=code,
            message=message or MESSAGES.get(code, ""),
        )

    def refused(self, code: str, message: str = "") -> Written:
        """It will not be written, and the shop has what it had."""
        told = message or MESSAGES.get(code) or f"The shop refuses it ({code or 'no code'})."
        return self.told(REFUSED, code, self.before, told)


#: What became of wishes. None: nothing was done about it yet. One that is left out has to be looked up.
Told = dict[Wish, Written | None]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, and the wishes that it is for. `send` raises StoreError."""

    wishes: list[Wish]
    send: Callable[[], Told]


Look = Callable[[Sequence[VariantRef]], Mapping[VariantRef, Current]]
#: The calls for wishes, made one by one: each may depend on what became of those before.
Calls = Callable[[list[Wish], Mapping[Wish, Written | None]], Iterable[Call]]


def carry_out(changes: Sequence[Change], look: Look, calls: Calls, *, compare: bool = False) -> list[Written]:
    """See `Connector.write`. With `compare` the shop is looked at first, for it does not compare itself.

    Raises StoreError while nothing was written, ValueError for changes that are no list as it should be.
    """
    _check(changes)
    wishes = [wish for change in changes for wish in _wishes(change)]
    told: Told = {wish: written for wish in wishes if (written := _settled(wish))}
    if compare and (left := _left(wishes, told)):
        fresh = look(_refs(left))
        told |= {wish: written for wish in left if (written := _compared(wish, fresh.get(wish.ref)))}
    trouble = _send_all(calls(_left(wishes, told), told), told, look)
    return [told.get(wish) or _not_asked(wish, trouble) for wish in wishes]


def _send_all(calls: Iterable[Call], told: Told, look: Look) -> StoreError | None:
    """Make the calls and note what became of them; the trouble that ended it, if any did."""
    has_begun = False
    for call in calls:
        found, why = Told(), ""
        try:
            found = call.send()
        except StoreError as error:
            if _is_undone(error):
                if has_begun:
                    return error
                raise
            why = error.message
        has_begun = True
        told |= found
        unsure = [wish for wish in call.wishes if wish not in found]
        if unsure and (trouble := _look_up(unsure, why, told, look)):
            return trouble
    return None


def checked(refs: Sequence[VariantRef]) -> list[VariantRef]:
    """Each of them once. Raises ValueError for more than are looked at, at a time."""
    if len(refs) > MOST:
        raise ValueError(f"at most {MOST} variants are looked at, at a time")
    return list(dict.fromkeys(refs))


def _check(changes: Sequence[Change]) -> None:
    if len(changes) > MOST or len({change.ref for change in changes}) < len(changes):
        raise ValueError(f"at most {MOST} changes are written at a time, each of another variant")


def _wishes(change: Change) -> Iterator[Wish]:
    if change.price is not None:
        yield Wish(change, PRICE)
    if change.quantity is not None:
        yield Wish(change, QUANTITY)


def _left(wishes: Iterable[Wish], told: Told) -> list[Wish]:
    return [wish for wish in wishes if told.get(wish) is None]


def _refs(wishes: Iterable[Wish]) -> list[VariantRef]:
    return list(dict.fromkeys(wish.ref for wish in wishes))


def _is_undone(error: StoreError) -> bool:
    """Whether what was asked for was certainly not done: somebody looked at it and turned it down."""
    return not error.retryable or isinstance(error, NotNow)


# Before anything is sent ---------------------------------------------------------------------------


def _settled(wish: Wish) -> Written | None:
    """What becomes of a wish without asking the shop; None where it has to be asked."""
    return _settled_price(wish) if wish.field == PRICE else _settled_quantity(wish)


def _settled_price(wish: Wish) -> Written | None:
    now, wanted = wish.expected, wish.wanted
    if code := now.handle.get(UNPRICED):
        return wish.refused(code)
    if not now.currency:
        return wish.refused("no_currency")
    if not is_price(wanted, now.currency):
        return wish.refused("bad_price")
    if wanted == now.price:
        return wish.told(UNCHANGED, value=wanted)
    if now.sale_price is not None and wanted <= now.sale_price:
        return wish.refused("sale_not_below")
    return None


def _settled_quantity(wish: Wish) -> Written | None:
    now, wanted = wish.expected, wish.wanted
    if isinstance(wanted, bool) or not 0 <= wanted <= HIGHEST_QUANTITY:
        return wish.refused("bad_quantity")
    if now.counts_stock:
        return wish.told(UNCHANGED, value=wanted) if wanted == now.quantity else None
    code = now.handle.get(UNCOUNTED) or NOT_COUNTED
    if wish.change.count_stock and code in CAN_BEGIN:
        return None
    return wish.refused(code)


def is_price(amount: Decimal, currency: str) -> bool:
    """Whether it is one that can be asked: above zero, with no more decimals than the currency has."""
    if not amount.is_finite() or not 0 < amount < HIGHEST_PRICE:
        return False
    return amount == amount.quantize(Decimal(1).scaleb(-digits_of(currency)))


def price_text(amount: Decimal, currency: str) -> str:
    """A price as shops take it: `12.50`, with the currency's own number of decimals. It is one."""
    return f"{amount.quantize(Decimal(1).scaleb(-digits_of(currency))):f}"


def amount_in(handle: Mapping[str, Any], name: str) -> Decimal | None:
    """An amount that a handle keeps as text."""
    try:
        return Decimal(handle[name]) if handle.get(name) else None
    except InvalidOperation:
        return None


def _compared(wish: Wish, fresh: Current | None) -> Written | None:
    """Whether the shop is as expected; None if it is."""
    if fresh is None:
        return wish.told(REFUSED, "gone")
    value = wish.value_in(fresh)
    if wish.field == PRICE:
        then = wish.expected
        is_same = (value, fresh.sale_price, fresh.currency) == (then.price, then.sale_price, then.currency)
    else:
        is_same = (value, fresh.counts_stock) == (wish.before, wish.expected.counts_stock)
    if is_same:
        return None
    is_there = value == wish.wanted and _is_whole(wish, fresh)
    return wish.told(UNCHANGED, value=value) if is_there else wish.told(STALE, "changed", value)


# After something was sent --------------------------------------------------------------------------


def answered(wish: Wish, now: Current) -> Written:
    """What became of a wish by what the shop answers that it has now."""
    return _standing(wish, now) or wish.told(ODD, "odd", wish.value_in(now))


def _standing(wish: Wish, now: Current) -> Written | None:
    """If the shop has what was wanted."""
    value = wish.value_in(now)
    if value != wish.wanted:
        return None
    if _is_whole(wish, now):
        return wish.told(WRITTEN, value=value)
    return wish.told(ODD, "sale_dropped" if wish.field == PRICE else NOT_COUNTED, value)


def _is_whole(wish: Wish, now: Current) -> bool:
    """Whether what goes with the value is as it should be: a sale goes on, stock is counted."""
    if wish.field == QUANTITY:
        return now.counts_stock
    return wish.expected.sale_price is None or now.sale_price == wish.expected.sale_price


def _look_up(wishes: list[Wish], why: str, told: Told, look: Look) -> StoreError | None:
    """Tell by what stands in the shop; `why` it has to be looked at is the message of what is not written.

    The trouble that kept from looking, if any did: nobody knows then.
    """
    try:
        found = look(_refs(wishes))
    except StoreError as error:
        told |= {wish: wish.told(UNKNOWN, "nobody_knows", message=why) for wish in wishes}
        return error
    told |= {wish: _found(wish, found.get(wish.ref), why) for wish in wishes}
    return None


def _found(wish: Wish, now: Current | None, why: str) -> Written:
    if now is None:
        return wish.told(REFUSED, "gone")
    value = wish.value_in(now)
    if value == wish.before and (wish.field == PRICE or now.counts_stock == wish.expected.counts_stock):
        return wish.told(NOT_WRITTEN, "not_there", value, why)
    return _standing(wish, now) or wish.told(STALE, "changed", value)


def _not_asked(wish: Wish, trouble: StoreError | None) -> Written:
    if trouble is None:
        return wish.told(NOT_WRITTEN, "not_asked", wish.before)
    return wish.told(NOT_WRITTEN, trouble.code or "", wish.before, trouble.message)
