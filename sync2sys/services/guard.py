"""Whether a new render may go out, decided from numbers alone.

A shop that answers nonsense for an hour must not empty a feed: a channel that sees an empty feed
takes every advertisement down. So what looks like an accident is held back, with its reasons, and
the last good render is served on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zlib import crc32

#: A loss counts from so many items on; small feeds change much all the time.
FEWEST = 20
#: A share of the prices above this is no price change but a mistake.
MOST_PRICES = 0.9
#: An equal result so much later is no accident any more.
PATIENCE = timedelta(hours=1)
#: Prices are compared so many at a time, to keep the memory of a million in bounds.
SLICE = 100_000

EMPTY = "EMPTY"


class Tally(NamedTuple):
    """What a render comes to."""

    items: int
    excluded: dict[str, int]


class PriceChange(NamedTuple):
    #: items in both renders, and those of them with another price
    common: int
    changed: int


def reasons(
    live: Tally | None, new: Tally, kept: int, price_change: Callable[[], PriceChange]
) -> list[dict[str, Any]]:
    """Why the new render must be held, as `{"code", "message", "before", "after"}`; empty: publish it.

    `live` is what is served now, None for a feed's first render. `kept` items have the price they had for
    sure; `price_change` is asked only where that leaves a doubt, because it is expensive.
    """
    if new.items == 0:
        before = live.items if live else 0
        return [_reason(EMPTY, "No item is left to publish.", before, 0)]
    if live is None:
        return []
    found = [*_fewer(live, new), *_priceless(live, new)]
    if not found and kept < (1 - MOST_PRICES) * min(live.items, new.items):
        found += _repriced(price_change())
    return found


def may_follow(hold: Sequence[dict[str, Any]], since: datetime, looks: Iterable[datetime | None]) -> bool:
    """Whether an equal result has come late enough to be believed.

    `looks` are the times of the last look at each shop. An empty feed is never believed: a person decides.
    """
    if any(reason["code"] == EMPTY for reason in hold):
        return False
    seen = list(looks)
    return bool(seen) and all(look is not None and look >= since + PATIENCE for look in seen)


def compare_prices(
    old: Callable[[], Iterable[dict[str, str]]], new: Callable[[], Iterable[dict[str, str]]], items: int
) -> PriceChange:
    """Count the keys in both whose price differs. Each side is read once for every 100,000 items."""
    slices = 1 + items // SLICE
    common = changed = 0
    for number in range(slices):
        before = dict(_slice(old(), number, slices))
        for key, price in _slice(new(), number, slices):
            if key in before:
                common += 1
                changed += before[key] != price
    return PriceChange(common, changed)


def _slice(prices: Iterable[dict[str, str]], number: int, slices: int) -> Iterator[tuple[str, str]]:
    for some in prices:
        for key, price in some.items():
            if slices == 1 or crc32(key.encode("utf-8", "surrogatepass")) % slices == number:
                yield key, price


def _fewer(live: Tally, new: Tally) -> list[dict[str, Any]]:
    lost = live.items - new.items
    if lost < FEWEST or new.items * 2 > live.items:
        return []
    return [_reason("COUNT_DROPPED", f"{lost} of {live.items} items are gone.", live.items, new.items)]


def _priceless(live: Tally, new: Tally) -> list[dict[str, Any]]:
    lost = new.excluded.get("no_price", 0) - live.excluded.get("no_price", 0)
    if lost <= MOST_PRICES * live.items:
        return []
    return [_reason("PRICES_GONE", f"{lost} items lost their price, of {live.items}.", live.items, new.items)]


def _repriced(change: PriceChange) -> list[dict[str, Any]]:
    if change.common < FEWEST or change.changed <= MOST_PRICES * change.common:
        return []
    message = f"{change.changed} of {change.common} prices changed at once."
    return [_reason("PRICES_CHANGED", message, change.common, change.changed)]


def _reason(code: str, message: str, before: int, after: int) -> dict[str, Any]:
    return {"code": code, "message": message, "before": before, "after": after}
