"""GTINs that owners keep in a field of their own, or a plugin in one of its."""

from collections.abc import Iterable
from typing import Any

from stdnum import ean, isbn

from sync2sys.connectors import fields


def first(candidates: Iterable[Any]) -> str:
    """The first valid one, else the first that holds anything: its owner wants to be told; else ""."""
    found = [value for value in candidates if value]
    # Plugins put zeros into empty fields.
    filled = (plain for value in found if (plain := bare(value)).strip("0"))
    return next(filter(None, map(valid, found)), "") or next(filled, "")


def bare(value: Any) -> str:
    """Without the blanks and hyphens that people put in."""
    return fields.label(value, 50).replace(" ", "").replace("-", "")


def valid(value: Any) -> str:
    """Its digits if the check digit is right, an ISBN-10 as its ISBN-13; else ""."""
    digits = fields.text(value, 40).replace(" ", "").replace("-", "").upper() if value else ""
    if not 8 <= len(digits) <= 14 or not digits.isascii() or not digits.strip("0"):
        return ""
    if digits.isdigit() and ean.is_valid(digits):
        return digits
    if len(digits) == 10 and isbn.is_valid(digits):
        return str(isbn.to_isbn13(digits))
    return ""
