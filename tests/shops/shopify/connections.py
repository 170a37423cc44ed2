"""Connections: pages of a list, with cursors that hold their place when the list changes."""

import base64
import json
from bisect import bisect_right
from itertools import islice

from tests.shops.shopify.refusals import Refused

#: the longest page
LONGEST = 250
#: of the variants of a product that is asked for alone
LONGEST_VARIANTS = 2000
#: what lies beyond cannot be paged to
REACH = 25_000


class Rows:
    """Records to page through, sorted by `key` and then by id; without a key they come in order.

    Items are (id, value sorted by, record).
    """

    def __init__(self, records, key=None):
        self._records, self._key = records, key

    def items(self, reverse):
        if self._key is None:
            numbered = enumerate(self._records)
            found = [(record.get("number", place), place, record) for place, record in numbered]
            return found[::-1] if reverse else found
        found = [(record["number"], self._key(record), record) for record in self._records]
        return sorted(found, key=_rank, reverse=reverse)

    def after(self, place, reverse):
        """The items behind a cursor's place."""
        rank = _rank(place)
        return (
            item for item in self.items(reverse) if (_rank(item) < rank if reverse else _rank(item) > rank)
        )

    def before(self, place, reverse):
        rank = _rank(place)
        return (
            item for item in self.items(reverse) if (_rank(item) > rank if reverse else _rank(item) < rank)
        )

    def position(self, place, reverse):
        """How many items there are up to a cursor's place."""
        return sum(1 for _ in self.before(place, reverse)) + 1

    def is_long(self):
        return False


class TableRows(Rows):
    """The records of a table by id, of which `keep` says which belong. Entered anywhere, never held."""

    def __init__(self, table, keep=None):
        super().__init__(())
        self._table, self._keep = table, keep

    def items(self, reverse):
        return self._from(0, reverse)

    def after(self, place, reverse):
        return self._from(self._index(place, reverse), reverse)

    def before(self, place, reverse):
        return (
            item for item in self.items(reverse) if (item[0] > place[0] if reverse else item[0] < place[0])
        )

    def position(self, place, reverse):
        return self._index(place, reverse) if self._keep is None else super().position(place, reverse)

    def is_long(self):
        return len(self._table) > REACH

    def _index(self, place, reverse):
        behind = bisect_right(self._table.numbers, place[0])
        return len(self._table) - behind + (place[0] in self._table) if reverse else behind

    def _from(self, start, reverse):
        numbers = self._table.numbers
        for number in islice(numbers[::-1] if reverse else numbers, start, None):
            record = self._table.get(number)
            if record is not None and (self._keep is None or self._keep(record)):
                yield number, number, record


def page(rows, first=None, last=None, after=None, before=None, reverse=False, longest=LONGEST, reach=REACH):
    """What a connection answers. Raises Refused for arguments that Shopify refuses."""
    _check(first, last, longest)
    if last is not None:
        return _last(rows, last, before, reverse)
    place = _place(after)
    found = rows.after(place, reverse) if place else rows.items(reverse)
    size = min(first, _left(rows, place, reverse, reach)) if reach and rows.is_long() else first
    items = list(islice(found, size + 1))
    return _connection(items[:size], len(items) > size and size == first, place is not None)


def everything(rows, reverse=False):
    """All of it, as bulk operations see it."""
    return _connection(list(rows.items(reverse)), False, False)


def _check(first, last, longest):
    if first is not None and last is not None:
        raise Refused("providing both first and last is not supported", "BAD_REQUEST")
    size = last if first is None else first
    if size is None:
        raise Refused("you must provide one of first or last", "BAD_REQUEST")
    if not 0 <= size <= longest:
        raise Refused(f"a page has from 0 to {longest} entries, not {size}", "BAD_REQUEST")


def _last(rows, size, before, reverse):
    place = _place(before)
    items = list(rows.before(place, reverse) if place else rows.items(reverse))
    return _connection(items[max(0, len(items) - size) :], place is not None, len(items) > size)


def _left(rows, place, reverse, reach):
    """How many may still come: lists end after so many, whatever they hold."""
    return max(0, reach - (rows.position(place, reverse) if place else 0))


def _connection(items, has_next, has_previous):
    edges = [{"cursor": _cursor(*item[:2]), "node": item[2]} for item in items]
    return {
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "hasNextPage": has_next,
            "hasPreviousPage": has_previous,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _cursor(number, value):
    text = json.dumps({"last_id": number, "last_value": value}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def _place(cursor):
    if cursor is None:
        return None
    try:
        read = json.loads(base64.b64decode(cursor, validate=True))
        return read["last_id"], read["last_value"]
    except (ValueError, KeyError, TypeError):
        raise Refused("Malformed cursor", "BAD_REQUEST") from None


def _rank(item):
    """Nothing sorts first; equal values sort by id."""
    number, value = item[:2]
    return (value is not None, value if value is not None else 0, number)
