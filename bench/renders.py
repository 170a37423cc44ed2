"""What a render costs, from the catalogue's rows to the published generation, on SQLite.

python -m bench.renders [--items 100000] [--million]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator

from bench import mirror
from bench.render import SETTINGS
from sync2sys.extensions import db
from sync2sys.formats import FORMATS
from sync2sys.models import Feed
from sync2sys.services import renders

ITEMS = 100_000
MILLION = 1_000_000
ROUNDS = 3
FEEDS = 5


def run() -> Iterator[tuple[str, str, str, bool]]:
    """Yield (what, measured, requirement, whether it is met)."""
    with mirror.service(ITEMS):
        full = _seconds()
        print(f"    a full render of {ITEMS} items: {full:.2f} s", flush=True)
        nothing = min(_seconds() for _ in range(ROUNDS))
        yield "a render where nothing changed", f"1/{full / nothing:.0f} of full", "1/15", full > 15 * nothing
        scan = min(_seconds(changed=0) for _ in range(ROUNDS))
        print(f"    where only a scan can tell that: 1/{full / scan:.0f} of full", flush=True)
        yield from _changes("google", full)
        for name in ("meta", "openai"):
            _become(name)
            full = _seconds()
            print(f"    {name}: a full render of {ITEMS} items: {ITEMS / full:,.0f} items/s", flush=True)
            yield from _changes(name, full)
        yield from _together()
    peak = _peak(MILLION)
    yield f"peak memory of a render of {MILLION} items", f"{peak:.0f} MB", "150 MB", peak < 150


def _changes(name: str, full: float) -> Iterator[tuple[str, str, str, bool]]:
    few = min(_seconds(changed=0.001) for _ in range(ROUNDS))
    yield f"{name}: a render where 0.1 % changed", f"1/{full / few:.1f} of full", "1/8", full > 8 * few
    more = min(_seconds(changed=0.01) for _ in range(ROUNDS))
    print(f"    {name}: a render where 1 % changed: 1/{full / more:.1f} of full", flush=True)


def _become(name: str) -> None:
    """Give the feed another format."""
    feed = db.session.get_one(Feed, "f")
    feed.format = name
    market = {"market": {"country": "DE"}}
    feed.definition = {"settings": SETTINGS} | market if FORMATS[name].settings else {}
    db.session.commit()


def _together() -> Iterator[tuple[str, str, str, bool]]:
    """Several feeds of one shop after a sync, in comparison with as many times one alone."""
    feed = db.session.get_one(Feed, "f")
    more = [f"f{number}" for number in range(1, FEEDS)]
    db.session.add_all(
        Feed(
            id=name,
            organization_id="o",
            name=name,
            slug=name,
            format=feed.format,
            definition=feed.definition,
        )
        for name in more
    )
    db.session.commit()
    for changed in (0, 0.001):
        one = min(_seconds(changed=changed) for _ in range(ROUNDS))
        _seconds(*more)
        all_ = min(_seconds("f", *more, changed=changed) for _ in range(ROUNDS))
        share = all_ / (FEEDS * one)
        what = f"{FEEDS} feeds of one shop of which {changed:.1%} changed"
        yield what, f"{share:.2f} of {FEEDS} times one", "at most 0.8", share <= 0.8


def _seconds(*feeds: str, changed: float | None = None) -> float:
    """The time of a render of each feed: as it is, or after a sync that changed this share of the items."""
    if changed is not None:
        mirror.reprice(changed)
    start = time.perf_counter()
    outcomes = [renders.render(feed) for feed in feeds or ("f",)]
    took = time.perf_counter() - start
    if any(outcome.mirrored < 1 for outcome in outcomes):
        raise RuntimeError("nothing was rendered")
    return took


def _peak(count: int) -> float:
    """Resident megabytes at most of a process that does nothing but render so many items."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.renders", "--memory", str(count)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def _memory(count: int) -> None:
    """Render and print the peak."""
    with mirror.service(count):
        before = mirror.resident("VmRSS")
        start = time.perf_counter()
        outcome = renders.render("f")
        took = time.perf_counter() - start
    print(
        f"{outcome.items} items in {took:.0f} s, {before:.0f} MB before, "
        f"at most {mirror.resident('VmHWM'):.0f}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", type=int, default=0)
    given = parser.parse_args()
    if given.memory:
        _memory(given.memory)
    else:
        for row in run():
            print(*row, sep="\t")
