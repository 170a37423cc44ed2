"""Prices as text: the currency's own number of decimals, rounded half up, exact."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from sync2sys.currencies import MINOR_UNITS, digits_of


@lru_cache(maxsize=512)
def is_currency(code: str | None) -> bool:
    """Whether this can be an ISO 4217 code: three capital letters."""
    return code is not None and len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def amount(price: str | Decimal | None, currency: str | None) -> str | None:
    """`19.90`, or None where it is no number, not above zero or without a currency."""
    if price.__class__ is str and _READY(price) and _has_cents(currency):
        return price
    return _rounded(price, currency)


#: A price that needs no work, which most do not.
_READY = re.compile(r"[1-9][0-9]{0,9}\.[0-9]{2}").fullmatch


@lru_cache(maxsize=512)
def _has_cents(currency: str | None) -> bool:
    return currency is not None and is_currency(currency) and currency not in MINOR_UNITS


@lru_cache(maxsize=8192)
def _rounded(price: str | Decimal | None, currency: str | None) -> str | None:
    if price is None or currency is None or not is_currency(currency):
        return None
    try:
        exact = Decimal(price)
        rounded = in_units(exact, currency) if exact.is_finite() else Decimal(0)
    except InvalidOperation:
        return None
    return format(rounded, "f") if rounded > 0 else None


def in_units(exact: Decimal, currency: str) -> Decimal:
    """The amount with the currency's own number of decimals, rounded half up."""
    return exact.quantize(Decimal(1).scaleb(-digits_of(currency)), ROUND_HALF_UP)


@lru_cache(maxsize=8192)
def reduced(price: str | None, sale_price: str | None, currency: str | None) -> str | None:
    """The sale price as `amount` has it, or None where it is not lower than the price."""
    number, regular = amount(sale_price, currency), amount(price, currency)
    if number is None or regular is None or Decimal(number) >= Decimal(regular):
        return None
    return number
