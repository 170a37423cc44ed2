"""Limits that count something else than requests: registrations, attempts on a host, wrong passwords."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItem, parse

from sync2sys.errors import TooManyRequests, Unauthorized
from sync2sys.extensions import client_key, limiter, settings


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


@contextmanager
def guessing(email: str) -> Iterator[None]:
    """Around the look at a password: wrong ones are counted, and too many raise TooManyRequests."""
    by_address = (f"{settings.LOGIN_RATE}/15 minutes", "login", client_key())
    # Wider for the e-mail, so that one stranger cannot lock the owner out from elsewhere.
    by_email = (f"{settings.LOGIN_RATE * 5}/15 minutes", "login", email)
    check(*by_address)
    check(*by_email)
    try:
        yield
    except Unauthorized:
        take(*by_address)
        take(*by_email)
        raise


def _refusal(item: RateLimitItem, who: tuple[str, ...]) -> TooManyRequests:
    reset = limiter.limiter.get_window_stats(item, *who).reset_time
    wait = max(1, math.ceil(reset - time.time()))
    return TooManyRequests(f"Too many attempts. Wait {wait} seconds.", retry_after=wait)
