"""Several rows of one list with one key: one offer where they agree, none where they do not.

Which of two prices is meant nobody can know, so neither is taken, and both lines are named.
"""

from collections import abc
from typing import Any, NamedTuple

from sync2sys.formats.definitions import quoted, shown
from sync2sys.offers.rows import TERMS, Offer, Refusal, terms_hash

#: Lines that a sentence names.
_NAMED = 5


class Sighting(NamedTuple):
    """Where a key was seen, and with which terms: all that need be kept of each row to find such rows."""

    line: int
    #: `rows.terms_hash`
    terms: str


def sighting(offer: Offer) -> Sighting:
    """What to keep of an offer."""
    return Sighting(offer.line, terms_hash(offer))


def conflict(key: str, sightings: abc.Sequence[Sighting], field: str = "") -> list[Refusal]:
    """A refusal for each row of a key where they do not all agree; none where they do.

    `field`: in what they differ, where that is known.
    """
    if len({each.terms for each in sightings}) <= 1:
        return []
    ordered = sorted(sightings)
    return [
        _refusal(key, each.line, [other.line for other in ordered if other != each], field)
        for each in ordered
    ]


def agreed(offers: abc.Sequence[Offer]) -> Offer | list[Refusal]:
    """The one offer that rows with one key make, the first of them, or a refusal for each.

    They agree when they have the same terms; they may describe the product in other words.
    """
    first = min(offers, key=lambda offer: offer.line)
    refusals = conflict(first.key, [sighting(each) for each in offers], ", ".join(_differing(offers)))
    return refusals or first


def _differing(offers: abc.Sequence[Offer]) -> list[str]:
    def values(name: str) -> list[Any]:
        return [getattr(each, name) for each in offers]

    return [name for name in TERMS if any(value != values(name)[0] for value in values(name))]


def _refusal(key: str, line: int, others: list[int], field: str) -> Refusal:
    named = ", ".join(map(str, others[:_NAMED])) + (", …" if len(others) > _NAMED else "")
    lines = f"line {named}" if len(others) == 1 else f"lines {named}"
    what = f" with another {field}" if field else " with other terms"
    message = f"The key {quoted(key)} stands in {lines} too,{what}. None of these rows is taken; leave one."
    return Refusal(line, "duplicate_key", "key", shown(key), message, key)
