"""Scans: which chunks a catalogue falls into, and what tells whether their items have changed.

That depends on the rows of some channels and on nothing that a feed says, and rows change only together
with the `catalog_version` of their channel. So it is worked out once, for all feeds of the same channels.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import islice, pairwise
from operator import lt
from sys import intern
from typing import NamedTuple

from sqlalchemy import Connection

from sync2sys.formats.chunks import borders
from sync2sys.services import items
from sync2sys.services.items import Source

#: Spans that are kept, of all scans together: those of two million items, some 20 MB.
KEPT = 65_536

#: Channels as they were at one moment: id, what begins their keys, version of the catalogue and its time,
#: because a database that is restored from a backup gives the same versions once more.
Key = tuple[tuple[str, str, int, datetime | None], ...]


class Span(NamedTuple):
    """The neighbouring items of a chunk: whole products."""

    #: of all that tells whether its items have changed
    digest: bytes
    size: int
    #: keys of the first and the last product
    first: str
    last: str
    #: the different dates of sales in it, see `items.sale_of`
    sales: tuple[str, ...]


class Scan(NamedTuple):
    """A catalogue as it is found by looking at every item's stamp."""

    spans: Sequence[Span]
    #: products that cannot be an item of any feed
    without_variants: int


class Scans:
    """What one process remembers of the catalogues in one database."""

    def __init__(self) -> None:
        #: held during a scan: who wants the same one waits for it
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Scan] = OrderedDict()

    def of(self, catalogue: Connection, sources: Sequence[Source]) -> Scan:
        """The scan of these sources, which the snapshot shows as well."""
        key = tuple(
            (each.channel_id, each.prefix, each.catalog_version, each.catalog_changed_at) for each in sources
        )
        with self._lock:
            scan = self._kept.get(key)
            if scan is None:
                scan = _scan(catalogue, sources)
            self._keep(key, scan)
        return scan

    def _keep(self, key: Key, scan: Scan) -> None:
        self._kept[key] = scan
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(len(each.spans) for each in self._kept.values()) > KEPT:
            self._kept.popitem(last=False)


def _scan(catalogue: Connection, sources: Sequence[Source]) -> Scan:
    return Scan(list(_spans(catalogue, sources)), items.count_without_variants(catalogue, sources))


def _spans(catalogue: Connection, sources: Sequence[Source]) -> Iterator[Span]:
    # Column by column: what is done for each row in Python is most of what a scan costs.
    groups: list[str] = []
    keys: list[str] = []
    stamps: list[str] = []
    for page in items.stamps(catalogue, sources):
        more_groups, more_keys, more_stamps = zip(*page, strict=True)
        groups += more_groups
        keys += more_keys
        stamps += more_stamps
        _check_order(list(zip(groups, keys, strict=True)))
        places = borders(groups)
        for begin, end in pairwise(places):
            yield _span(groups[begin:end], keys[begin:end], stamps[begin:end])
        # The last chunk may go on in the next page.
        rest = slice(places[-1], None)
        groups, keys, stamps = groups[rest], keys[rest], stamps[rest]
    if keys:
        yield _span(groups, keys, stamps)


def _span(groups: list[str], keys: list[str], stamps: list[str]) -> Span:
    content = "\0".join(keys + stamps).encode("utf-8", "surrogatepass")
    # Many sales have the same dates, so these are kept once.
    sales = {intern(stamp[items.HASHES :]): None for stamp in stamps if len(stamp) > items.HASHES}
    return Span(blake2b(content, digest_size=16).digest(), len(keys), groups[0], groups[-1], tuple(sales))


def _check_order(keys: list[tuple[str, str]]) -> None:
    """Raise ValueError where the database does not sort by code points, or a key comes twice."""
    if not all(map(lt, keys, islice(keys, 1, None))):
        raise ValueError(f"the items of a feed are not sorted between {keys[0]!r} and {keys[-1]!r}")
