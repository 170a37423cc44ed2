"""Global trade item numbers. Source: GS1 General Specifications; Google's rules on prefixes:
https://support.google.com/merchants/answer/6324461
"""

import re

from sync2sys.formats.latest import latest

#: Prefixes of a 13-digit number that only count inside one shop or chain (02, 04, 2) or are coupons.
RESTRICTED = ("02", "04", "2", "98", "99")
#: Digits of a GTIN.
LENGTHS = (8, 12, 13, 14)
_ZEROS = "0" * 13

_ISBN_10 = re.compile(r"[0-9]{9}[0-9Xx]").fullmatch
#: What spreadsheets make of a long number: `4.00638E+12`, `4,00638E+12`.
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]*)?[Ee]\+?[0-9]{1,2}").fullmatch


# Several fields of one item ask for the same number.
@latest
def gtin(text: str) -> str | None:
    """The digits of a valid GTIN of 8, 12, 13 or 14 digits that may stand in a feed, or None.

    Blanks and hyphens are dropped; an ISBN-10 becomes 13 digits and a UPC-E its 12.
    """
    if len(text) == 13 and text.isdigit() and text.isascii():
        # Most are so. The sum is that of `_checks`, whose subtrahend is a multiple of ten here.
        raw = text.encode()
        is_right = not (sum(raw[::2]) + 3 * sum(raw[1::2])) % 10 and text != _ZEROS
        return text if is_right and not text.startswith(RESTRICTED) else None
    digits = _digits(text)
    if not digits.isascii() or not digits.strip("0"):
        return None
    return digits if _checks(digits) and not _as_13(digits).startswith(RESTRICTED) else None


def _checks(digits: str) -> bool:
    """Whether the check digit is right."""
    raw = digits.encode()
    # Counted from the end, the digits weigh 1, 3, 1, 3 and so on. The bytes are ASCII, 48 too many each.
    return not (sum(raw[-1::-2]) + 3 * sum(raw[-2::-2]) - 48 * (len(raw) + 2 * (len(raw) // 2))) % 10


def fault(text: str) -> str:
    """Why `gtin` refuses a text: rounded_number, not_digits, wrong_length, only_zeros, wrong_check_digit or
    restricted_number.
    """
    bare = text if text.isdigit() else re.sub(r"[\s-]", "", text)
    if not (bare.isascii() and bare.isdigit()):
        if _ROUNDED(bare):
            return "rounded_number"
        return "wrong_check_digit" if _ISBN_10(bare) else "not_digits"
    digits = bare if len(bare) in (12, 13, 14) else _digits(bare)
    if not digits:
        return "wrong_length"
    if not digits.strip("0"):
        return "only_zeros"
    return "restricted_number" if _checks(digits) else "wrong_check_digit"


def _digits(text: str) -> str:
    """The 8, 12, 13 or 14 digits that are meant, or nothing."""
    digits = re.sub(r"[\s-]", "", text)
    if len(digits) == 10 and _ISBN_10(digits):
        return _isbn_13(digits)
    # GS1 keeps 8 digits with a leading 0 for use inside a company: what shops have there is a UPC-E.
    if len(digits) == 8 and digits.isdecimal() and digits[0] == "0":
        return _upc_a(digits)
    return digits if len(digits) in LENGTHS and digits.isdecimal() else ""


def _as_13(digits: str) -> str:
    """What the prefix is looked for in: without a case's indicator, with a UPC's leading 0."""
    if len(digits) == 14:
        return digits[1:]
    return digits.zfill(13) if len(digits) == 12 else digits


def _isbn_13(isbn: str) -> str:
    values = [10 if digit in "Xx" else int(digit) for digit in isbn]
    if sum(weight * value for weight, value in zip(range(10, 0, -1), values, strict=True)) % 11:
        return ""
    body = "978" + isbn[:9]
    raw = [int(digit) for digit in body]
    return body + str(-(sum(raw[0::2]) + 3 * sum(raw[1::2])) % 10)


def _upc_a(upc_e: str) -> str:
    """The 12 digits that a UPC-E of 8 stands for; its zeros are left out by the last data digit."""
    system, data, last, check = upc_e[0], upc_e[1:6], upc_e[6], upc_e[7]
    if last in "012":
        middle = data[:2] + last + "0000" + data[2:]
    elif last == "3":
        middle = data[:3] + "00000" + data[3:]
    elif last == "4":
        middle = data[:4] + "00000" + data[4:]
    else:
        middle = data + "0000" + last
    return system + middle + check
