"""Processor time of several ways to do the same, steady also where other work disturbs it.

They take turns a block of a few milliseconds at a time, and of each block the best of several rounds
counts: whatever else runs on the machine disturbs some blocks of some rounds, never all of one.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from itertools import count, islice
from typing import Any

ROUNDS = 5
#: Groups in a block.
BLOCK = 16

Group = list[tuple]


def seconds(
    makers: Mapping[str, Callable[[Group], Any]], new_groups: Callable[[], Iterable[Group]]
) -> dict[str, float]:
    """What each needs for all groups, getting them included."""
    best: dict[tuple[int, str], float] = {}
    for turn in range(ROUNDS):
        # Each gets new objects, as from a database: nothing has been worked out about them.
        streams = {name: iter(new_groups()) for name in makers}
        for block in count():
            names = list(makers) if (turn + block) % 2 else list(makers)[::-1]
            done = [_block(makers[name], streams[name]) for name in names]
            for name, (_, took) in zip(names, done, strict=True):
                best[block, name] = min(took, best.get((block, name), took))
            if not any(groups for groups, _ in done):
                break
    return {name: sum(took for (_, each), took in best.items() if each == name) for name in makers}


def _block(make: Callable[[Group], Any], stream: Iterable[Group]) -> tuple[int, float]:
    """How many groups there were, and what they took."""
    start, groups = time.process_time(), 0
    for group in islice(stream, BLOCK):
        make(group)
        groups += 1
    return groups, time.process_time() - start
