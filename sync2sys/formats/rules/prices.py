"""Prices and sales."""

import re
from datetime import datetime
from typing import Any

from sync2sys.formats import money, sales
from sync2sys.formats.base import Context, Doubt, Field, Reader, checked
from sync2sys.formats.rules.doubts import NOTHING, unusable


def _no_sale(field: Field, context: Context) -> Doubt:
    def doubt(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale in NOTHING:
            return None
        if begin is not None and end is not None and end <= begin:
            return "sale_backwards"
        if sales.phase_of(begin, end, context.now) == sales.ENDED:
            return None
        if money.amount(price, currency) is None or money.reduced(price, sale, currency):
            return None
        return "sale_not_lower" if money.amount(sale, currency) else "no_sale_price"

    return doubt


def _no_current_sale(field: Field, context: Context) -> Doubt:
    doubt = _no_sale(field, context)

    def remark(
        price: str | None,
        currency: str | None,
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
    ) -> str | None:
        return None if sale is None else doubt(sale, begin, end, price, currency)

    return remark


def price(field: Field, context: Context) -> Reader:
    """The regular price with its currency, rounded half up."""
    amount = money.amount

    def read(price: str | None, currency: str | None) -> str | None:
        number = amount(price, currency)
        return None if number is None else f"{number} {currency}"

    return read


def plain_price(field: Field, context: Context) -> Reader:
    """The regular price as a number, rounded half up."""
    return money.amount


@checked(doubt=unusable)
def stated_price(field: Field, context: Context) -> Reader:
    """A mapped amount above zero, in the shop's currency unless it names another: 12.50 or 12.50 EUR."""

    def read(found: str | None, currency: str | None = None) -> str | None:
        number, _, own = (found or "").strip().partition(" ")
        currency = own.strip() or currency
        made = money.amount(number, currency)
        return None if made is None else f"{made} {currency}"

    return read


@checked(doubt=unusable)
def stated_amount(field: Field, context: Context) -> Reader:
    """A mapped amount above zero, rounded half up."""
    return lambda found, currency: money.amount(found.strip(), currency) if found else None


@checked(doubt=unusable)
def cost(field: Field, context: Context) -> Reader:
    """A mapped amount that may be nothing, with two decimals."""

    def read(found: str | None) -> str | None:
        number = (found or "").strip()
        return "0.00" if _ZERO(number) else money.amount(number, "EUR")

    return read


_ZERO = re.compile(r"0+(?:\.0*)?").fullmatch


@checked(remark=_no_current_sale)
def current_price(field: Field, context: Context) -> Reader:
    """What the buyer pays now: the sale price while a sale is on, else the regular one."""
    now = context.now

    def read(
        price: str | None,
        currency: str | None,
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
    ) -> str | None:
        if sale is not None and sales.phase_of(begin, end, now) == sales.ACTIVE:
            return money.reduced(price, sale, currency) or money.amount(price, currency)
        return money.amount(price, currency)

    return read


def price_before(field: Field, context: Context) -> Reader:
    """The regular price while a sale is on."""
    current = current_price(field, context)

    def read(price: str | None, currency: str | None, *sale: Any) -> str | None:
        regular = money.amount(price, currency)
        return regular if regular != current(price, currency, *sale) else None

    return read


@checked(doubt=_no_sale)
def sale_price(field: Field, context: Context) -> Reader:
    """The sale price with its currency, if lower, until the sale ends; dates announce a coming one."""
    now = context.now

    def read(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale is None:
            return None
        state = sales.phase_of(begin, end, now)
        # A price without dates holds at once, so a coming sale is only told with its dates.
        if state == sales.ACTIVE or (state == sales.PENDING and sales.window(begin, end)):
            number = money.reduced(price, sale, currency)
            return f"{number} {currency}" if number else None
        return None

    return read


@checked(doubt=_no_sale)
def dated_sale_price(field: Field, context: Context) -> Reader:
    """The sale price with its currency, if lower, until the sale ends; when it begins stands beside it."""
    plain = plain_sale_price(field, context)

    def read(sale: str | None, begin: Any, end: Any, price: str | None, currency: str | None) -> str | None:
        number = plain(sale, begin, end, price, currency)
        return f"{number} {currency}" if number else None

    return read


@checked(doubt=_no_sale)
def plain_sale_price(field: Field, context: Context) -> Reader:
    """The sale price as a number, if lower, until the sale ends."""
    now = context.now

    def read(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale is None or sales.phase_of(begin, end, now) == sales.ENDED:
            return None
        return money.reduced(price, sale, currency)

    return read


def sale_window(field: Field, context: Context) -> Reader:
    """When the sale begins and ends, in UTC, for a sale that has an end."""
    sold = sale_price(field, context)

    def read(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale is None or not sold(sale, begin, end, price, currency):
            return None
        return sales.window(begin, end)

    return read


def sale_period(field: Field, context: Context) -> Reader:
    """When the sale begins and ends, in UTC with a colon in the offset, for a sale that has an end."""
    window = sale_window(field, context)

    def read(*columns: Any) -> str | None:
        found = window(*columns)
        return found.replace("+0000", "+00:00") if isinstance(found, str) else None

    return read


def sale_begin(field: Field, context: Context) -> Reader:
    """When the sale begins, in UTC, until it ends."""
    sold = plain_sale_price(field, context)
    return lambda sale, begin, *rest: sales.moment(begin) if sale and sold(sale, begin, *rest) else None


def sale_end(field: Field, context: Context) -> Reader:
    """When the sale ends, in UTC, until then."""
    sold = plain_sale_price(field, context)
    return lambda sale, begin, end, *rest: (
        sales.moment(end) if sale and sold(sale, begin, end, *rest) else None
    )
