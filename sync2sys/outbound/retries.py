"""When to ask again, and how long to wait before."""

import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE = 2.0
CAP = 15 * 60.0
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
STATUSES = frozenset({429, 500, 502, 503, 504})

_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def wait_before(number: int, asked: float | None, spread: Callable[[float, float], float]) -> float:
    """Seconds to wait before try `number` + 1: full jitter, doubling, and never less than was asked for."""
    jitter = spread(0.0, min(CAP, BASE * 2 ** min(number - 1, 30)))
    return max(jitter, asked or 0.0)


def jitter(low: float, high: float) -> float:
    return random.uniform(low, high)  # noqa: S311 - spreads load, guards nothing


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds, from a number or a date; None if there is none that can be read.

    A date is compared with the answer's own `Date`, so that a server whose clock is off is still understood.
    """
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if (until := _moment(text)) is None:
        return None
    now = _moment(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
