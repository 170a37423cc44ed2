"""Sales and the clock: all that time alone changes in a feed.

These functions read `sale_price`, `sale_from` and `sale_to` of an item and nothing else, so that
whoever wants to know whether time has changed a feed need not load the items.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

NONE, PENDING, ACTIVE, ENDED = range(4)

#: The beginning of a sale that says only when it ends. Channels want both; any past day will do, and
#: a fixed one keeps equal data equal.
SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def phase(item: Any, now: datetime) -> int:
    """NONE, PENDING, ACTIVE or ENDED. A sale that ends before it begins has ended."""
    return NONE if item.sale_price is None else phase_of(item.sale_from, item.sale_to, now)


def phase_of(begin: datetime | None, end: datetime | None, now: datetime) -> int:
    """PENDING, ACTIVE or ENDED: the phase of a sale with these bounds."""
    if end is not None and (end <= now or (begin is not None and end <= begin)):
        return ENDED
    return PENDING if begin is not None and begin > now else ACTIVE


def next_change(item: Any, now: datetime) -> datetime | None:
    """When the phase of this item changes next, or None if it never will."""
    changes: dict[int, datetime | None] = {PENDING: item.sale_from, ACTIVE: item.sale_to}
    return changes.get(phase(item, now))


@lru_cache(maxsize=1024)
def window(begin: datetime | None, end: datetime | None) -> str | None:
    """`2026-11-01T00:00+0000/2026-12-01T00:00+0000`, or None for a sale without an end.

    To the minute, and never wider than the sale itself: a promised price must be given. None too
    where nothing is left of it then.
    """
    if end is None:
        return None
    begin = SINCE_EVER if begin is None else max(begin.astimezone(UTC), SINCE_EVER)
    end = end.astimezone(UTC).replace(second=0, microsecond=0)
    if end - begin < _MINUTE:
        return None
    if begin.second or begin.microsecond:
        begin = begin.replace(second=0, microsecond=0) + _MINUTE
    return f"{begin:%Y-%m-%dT%H:%M}+0000/{end:%Y-%m-%dT%H:%M}+0000" if begin < end else None


def moment(time: datetime | None) -> str | None:
    """`2026-11-01T00:00:00Z`, UTC to the second."""
    if time is None:
        return None
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
