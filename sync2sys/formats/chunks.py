"""Grouping of sorted items by their own keys.

Where a chunk begins depends on nothing but the keys near it: an item that comes or goes changes its
own chunk and at most those up to the next key that always begins one. All other chunks of a feed
stay as they are, and so do their rendered bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeVar
from zlib import crc32

#: One key in so many begins a chunk wherever it stands.
APART = 64
#: A chunk that has so many ends in any case. Less than APART, so that most chunks have nearly one size:
#: a changed item makes its whole chunk anew, and most items are in the longest ones.
LONGEST = 32

T = TypeVar("T")


def begins(key: str) -> bool:
    """Whether this key begins a chunk wherever it stands."""
    return crc32(key.encode("utf-8", "surrogatepass")) % APART == 0


def grouped(items: Iterable[T], key: Callable[[T], str] = attrgetter("key")) -> Iterator[list[T]]:
    """Chunks of items that come sorted by key, holding one chunk at a time.

    ValueError where a key is not greater than the one before it: the order must be that of code
    points (binary collation), the same on every database, and no key may come twice.
    """
    chunk: list[T] = []
    previous: Any = None
    for item in items:
        current = key(item)
        if previous is not None and current <= previous:
            raise ValueError(f"feed items out of order: {current!r} after {previous!r}")
        if chunk and (len(chunk) >= LONGEST or begins(current)):
            yield chunk
            chunk = []
        chunk.append(item)
        previous = current
    if chunk:
        yield chunk


def borders(keys: Sequence[str]) -> list[int]:
    """The places in sorted keys at which chunks begin, where the first one begins one.

    The same chunks as those of `grouped`, in a fraction of the time.
    """
    places = [0]
    encoded = [key.encode("utf-8", "surrogatepass") for key in keys]
    for place in [place for place, key in enumerate(encoded) if not crc32(key) % APART] + [len(keys)]:
        places += range(places[-1] + LONGEST, place, LONGEST)
        if places[-1] < place < len(keys):
            places.append(place)
    return places
