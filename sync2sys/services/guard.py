"""Whether a new render may go out, decided from numbers alone.

A shop that answers nonsense for an hour must not empty a feed: a channel that sees an empty feed
takes every advertisement down. So what looks like an accident is held back, with its reasons, and
the last good render is served on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zlib import crc32

#: An equal result so much later is no accident any more.
PATIENCE = timedelta(hours=1)
#: Prices are compared so many at a time, to keep the memory of a million in bounds.
SLICE = 100_000

EMPTY, ROLLED_BACK = "EMPTY", "ROLLED_BACK"
#: Held for these a render waits for a person, however often the result is the same.
FOR_A_PERSON = frozenset((EMPTY, ROLLED_BACK))
#: Why items without a usable price are left out.
NO_PRICE = frozenset(("no_price", "no_currency", "tax_unknown", "wrong_currency"))


class Thresholds(NamedTuple):
    """What a feed's owner takes for an accident. An empty render always is one."""

    #: this share of the items is gone
    drop: float = 0.5
    #: a loss counts from so many items on; small feeds change much all the time
    fewest: int = 20
    #: more than this share of the items lost their price or another required value
    missing: float = 0.9
    #: more than this share of the prices changed: no price change but a mistake
    prices: float = 0.9
    #: no item is in stock any more
    out_of_stock: bool = True


USUAL = Thresholds()


class Tally(NamedTuple):
    """What a render comes to."""

    items: int
    excluded: dict[str, int]
    #: items that are not out of stock
    in_stock: int = 0


class PriceChange(NamedTuple):
    #: items in both renders, and those of them with another price
    common: int
    changed: int


def reasons(
    live: Tally | None,
    new: Tally,
    kept: int,
    price_change: Callable[[], PriceChange],
    limits: Thresholds = USUAL,
) -> list[dict[str, Any]]:
    """Why the new render must be held, as `{"code", "message", "before", "after"}`; empty: publish it.

    `live` is what is served now, None for a feed's first render. `kept` items have the price they had for
    sure; `price_change` is asked only where that leaves a doubt, because it is expensive.
    """
    if new.items == 0:
        before = live.items if live else 0
        return [_reason(EMPTY, f"No item is left to publish{_mostly(new)}.", before, 0)]
    if live is None:
        return []
    found = [*_fewer(live, new, limits), *_incomplete(live, new, limits), *_sold_out(live, new, limits)]
    if not found and kept < (1 - limits.prices) * min(live.items, new.items):
        found += _repriced(price_change(), limits)
    return found


def _mostly(tally: Tally) -> str:
    """Why most items are left out, as the end of a sentence."""
    if not tally.excluded:
        return "; none is mirrored from the stores that it is made of"
    reason = max(tally.excluded, key=tally.excluded.__getitem__)
    return f"; {tally.excluded[reason]} are left out for {reason}, and the diagnostics say what to do"


def rolled_back(live: Tally, new: Tally) -> dict[str, Any]:
    """The reason to hold what is newer than a render that the owner went back to."""
    message = "The feed was rolled back, so newer renders wait for its owner."
    return _reason(ROLLED_BACK, message, live.items, new.items)


def waits_for_a_person(hold: Sequence[dict[str, Any]]) -> bool:
    """Whether time alone never ends this hold."""
    return any(reason["code"] in FOR_A_PERSON for reason in hold)


def may_follow(hold: Sequence[dict[str, Any]], since: datetime, looks: Iterable[datetime | None]) -> bool:
    """Whether an equal result has come late enough to be believed.

    `looks` are the times of the last look at each shop. What is FOR_A_PERSON is never believed.
    """
    if waits_for_a_person(hold):
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


def _fewer(live: Tally, new: Tally, limits: Thresholds) -> list[dict[str, Any]]:
    lost = live.items - new.items
    if lost < limits.fewest or lost / live.items < limits.drop:
        return []
    return [_reason("COUNT_DROPPED", f"{lost} of {live.items} items are gone.", live.items, new.items)]


def _incomplete(live: Tally, new: Tally, limits: Thresholds) -> list[dict[str, Any]]:
    """What the shop publishes but does not describe any more; that it took away is its own decision."""
    prices = _newly(live, new, lambda reason: reason in NO_PRICE)
    values = _newly(live, new, lambda reason: ":" in reason)
    if prices + values <= limits.missing * live.items:
        return []
    if prices >= values:
        code, message = "PRICES_GONE", f"{prices} items lost their price, of {live.items}."
    else:
        code, message = "VALUES_GONE", f"{values} items lost a required value, of {live.items}."
    return [_reason(code, message, live.items, new.items)]


def _newly(live: Tally, new: Tally, counts: Callable[[str], bool]) -> int:
    """How many more items are left out for such reasons than were."""

    def left_out(tally: Tally) -> int:
        return sum(count for reason, count in tally.excluded.items() if counts(reason))

    return max(0, left_out(new) - left_out(live))


def _sold_out(live: Tally, new: Tally, limits: Thresholds) -> list[dict[str, Any]]:
    if not limits.out_of_stock or new.in_stock or live.in_stock < limits.fewest:
        return []
    message = f"All {live.in_stock} items that were in stock are out of stock or gone."
    return [_reason("STOCK_GONE", message, live.in_stock, 0)]


def _repriced(change: PriceChange, limits: Thresholds) -> list[dict[str, Any]]:
    if change.common < limits.fewest or change.changed / change.common <= limits.prices:
        return []
    message = f"{change.changed} of {change.common} prices changed at once."
    return [_reason("PRICES_CHANGED", message, change.common, change.changed)]


def _reason(code: str, message: str, before: int, after: int) -> dict[str, Any]:
    return {"code": code, "message": message, "before": before, "after": after}
