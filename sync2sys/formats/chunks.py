"""Grouping of sorted items by their own keys.

Items come sorted by product and then by their own key, and a product is never parted. Where a chunk
begins depends on nothing but the products near it: one that comes or goes changes its own chunk and at
most those up to the next product that always begins one. All other chunks of a feed stay as they are,
and so do their rendered bytes.
"""

from collections.abc import Sequence
from itertools import count, islice
from operator import ne
from zlib import crc32

#: One product in so many begins a chunk wherever it stands.
APART = 64
#: A chunk that has so many items ends with its product. Less than APART, so that most chunks have nearly
#: one size: a changed item makes its whole chunk anew, and most items are in the longest ones.
LONGEST = 32


def rank(group: str) -> int:
    """A number of this product's own, which says nothing about it but is always the same."""
    return crc32(group.encode("utf-8", "surrogatepass"))


def begins(group: str) -> bool:
    """Whether this product begins a chunk wherever it stands."""
    return rank(group) % APART == 0


def borders(groups: Sequence[str]) -> list[int]:
    """The places at which chunks begin, where the first item begins one.

    `groups` are the products of sorted items, one for each item.
    """
    places = [0]
    changes = map(ne, groups, islice(groups, 1, None))
    for place in (place for place, differs in zip(count(1), changes, strict=False) if differs):
        if place - places[-1] >= LONGEST or begins(groups[place]):
            places.append(place)
    return places
