"""Foreign values made ours. Any field may have any type; a wrong one is as good as none."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from sync2sys.connectors.base import Figure

LABEL = 255
ADDRESS = 2000
FIGURE = 40
BIGGEST_ID = 2**63 - 1
BIGGEST_QUANTITY = 2**31 - 1

_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_NEGATIVE = re.compile(r"-[0-9]{1,12}(?:\.[0-9]{1,12})?")
_WHOLE = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,10})?")
_ID = re.compile(r"[0-9]{1,19}")
_CURRENCY = re.compile("[A-Z]{3}")
_COUNTRY = re.compile("[A-Z]{2}")
_CONTROL = re.compile("[\x00-\x1f\x7f]+")


def text(value: Any, limit: int) -> str:
    """As received, without NUL and halves of surrogate pairs, which no database takes."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    value = value[:limit]
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode("utf-8", "ignore").decode()
    return value.replace("\x00", "") if "\x00" in value else value


def label(value: Any, limit: int = LABEL) -> str:
    """Plain text on one line: tags stripped, then entities decoded once.

    WordPress gives names sometimes encoded and sometimes not, so `&` without a name behind it stays.
    """
    plain = text(value, 4 * limit)
    if "<" in plain:
        plain = _TAG.sub("", plain)
    if "&" in plain:
        plain = text(_ENTITY.sub(lambda entity: unescape(entity[0]), plain), 4 * limit)
    return " ".join(plain.split())[:limit]


def labels(values: Any, most: int) -> list[str]:
    """The labels of a list of strings, without empty and repeated ones."""
    found = (label(value) for value in values[:most]) if isinstance(values, list) else ()
    return [name for name in dict.fromkeys(found) if name]


def rows(value: Any, most: int) -> Iterable[dict[str, Any]]:
    """The objects of a list of objects."""
    return (row for row in value[:most] if isinstance(row, dict)) if isinstance(value, list) else ()


def amount(value: Any) -> Decimal | None:
    """A price, weight or length: not negative, with a point. None for "" and for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    plain = str(value).strip()
    return Decimal(plain) if _AMOUNT.fullmatch(plain) else None


def currency(value: Any) -> str:
    """A code of ISO 4217, or ""."""
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else ""


def figure(value: Any) -> Figure | None:
    """The amount, or the text that stands in its place. None for "" and for any other way to write numbers,
    which somebody might read as the amount that we refused.
    """
    found = amount(value)
    if found is not None:
        return found
    told = label(value, FIGURE)
    return told if told and (_NEGATIVE.fullmatch(told) or not _is_number(told)) else None


def _is_number(told: str) -> bool:
    try:
        Decimal(told)
    except InvalidOperation:
        return False
    return True


def country(value: Any) -> str:
    """A code of ISO 3166-1 alpha-2, or ""."""
    return value if isinstance(value, str) and _COUNTRY.fullmatch(value) else ""


def quantity(value: Any) -> int | None:
    """Pieces in stock, rounded towards zero; may be negative."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    plain = str(value).strip()
    pieces = int(Decimal(plain)) if _WHOLE.fullmatch(plain) else None
    return pieces if pieces is not None and abs(pieces) <= BIGGEST_QUANTITY else None


def moment(value: Any) -> datetime | None:
    """A time of one of the `*_gmt` fields."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.year < 1970:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else _in_utc(found)


def _in_utc(found: datetime) -> datetime | None:
    try:
        return found.astimezone(UTC)
    except OverflowError:
        return None


def ident(value: Any) -> int | None:
    """A positive id, also as a string."""
    if isinstance(value, str) and _ID.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= BIGGEST_ID:
        return None
    return value


def address(value: Any, home: str) -> str:
    """An absolute http(s) address, as received; what is relative becomes absolute. "" for anything else."""
    raw = _CONTROL.sub("", text(value, ADDRESS + 1)).strip()
    if raw.startswith("//"):
        raw = "https:" + raw
    elif raw.startswith("/") and home:
        raw = urljoin(home, raw)
    is_web = raw[:8].lower().startswith(("http://", "https://"))
    return raw if is_web and len(raw) <= ADDRESS and _has_host(raw) else ""


def given_address(value: Any, home: str) -> str:
    """The same, or where there is none, what stands in its place, so that its owner can be told."""
    return address(value, home) or label(value, ADDRESS + 1)


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).netloc)
    except ValueError:  # half an IPv6 address
        return False
