"""Limits that count something else than requests: registrations, attempts on a host, wrong passwords."""

import math
import time

from limits import RateLimitItem, parse

from sync2sys.errors import TooManyRequests
from sync2sys.extensions import limiter


def take(rate: str, *who: str) -> None:
    """Count one more for `who`. Raises TooManyRequests when the rate ("30/hour") is used up."""
    item = parse(rate)
    if not limiter.limiter.hit(item, *who):
        raise _refusal(item, who)


def check(rate: str, *who: str) -> None:
    """Raise TooManyRequests when the rate is used up, without counting."""
    item = parse(rate)
    if not limiter.limiter.test(item, *who):
        raise _refusal(item, who)


def _refusal(item: RateLimitItem, who: tuple[str, ...]) -> TooManyRequests:
    reset = limiter.limiter.get_window_stats(item, *who).reset_time
    wait = max(1, math.ceil(reset - time.time()))
    return TooManyRequests(f"Too many attempts. Wait {wait} seconds.", retry_after=wait)
