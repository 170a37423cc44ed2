"""A bulk operation's file, put together: products with what belongs to them.

The file has an object a line, in any order: what belongs to a product or a variant names it as its parent.
The lines are kept in a temporary database, so that memory does not grow with the file.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from sync2sys.connectors.shopify.products import number
from sync2sys.errors import StoreGarbled

#: Lines written at once.
WRITTEN = 5000

VARIANT, METAFIELD = "ProductVariant", "Metafield"
_SCHEMA = """
CREATE TABLE product (no INTEGER PRIMARY KEY, line BLOB NOT NULL);
CREATE TABLE child (parent TEXT NOT NULL, no INTEGER NOT NULL, line BLOB NOT NULL);
"""

Row = dict[str, Any]


@dataclass(slots=True)
class Node:
    """An object with what belongs to it, each in the order of its numbers."""

    row: Row
    media: list[Row] = field(default_factory=list)
    metafields: list[Row] = field(default_factory=list)
    variants: list["Node"] = field(default_factory=list)


class Lines:
    """The lines of a file. A context: what it keeps is gone behind it."""

    def __init__(self) -> None:
        # An empty name is a file of SQLite's own, which nobody else sees.
        self._kept = sqlite3.connect("")
        self._kept.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._kept.close()

    def add(self, lines: Iterable[bytes]) -> None:
        """Keep the lines of a file. Raises StoreGarbled for one that cannot be read."""
        products: list[tuple[int, bytes]] = []
        children: list[tuple[str, int, bytes]] = []
        for line in lines:
            row = _row(line)
            no = number(row["id"])
            if "__parentId" in row:
                children.append((str(row["__parentId"]), no, line))
            else:
                products.append((no, line))
            if len(products) + len(children) >= WRITTEN:
                self._write(products, children)
                products, children = [], []
        self._write(products, children)
        self._kept.execute("CREATE INDEX of_parent ON child (parent, no)")

    def _write(
        self, products: Sequence[tuple[int, bytes]], children: Sequence[tuple[str, int, bytes]]
    ) -> None:
        self._kept.executemany("INSERT OR IGNORE INTO product VALUES (?, ?)", products)
        self._kept.executemany("INSERT INTO child VALUES (?, ?, ?)", children)

    def products(self, skipped: int) -> Iterator[Node]:
        """The products in the order of their numbers, but for so many of the first."""
        query = "SELECT line FROM product ORDER BY no LIMIT -1 OFFSET ?"
        with closing(self._kept.execute(query, [skipped])) as lines:
            for (line,) in lines:
                yield self._whole(_row(line))

    def _whole(self, row: Row) -> Node:
        product = Node(row)
        for child in self._children(row):
            kind = _kind(child)
            if kind == VARIANT:
                product.variants.append(Node(child, media=self._children(child)))
            elif kind == METAFIELD:
                product.metafields.append(child)
            else:
                product.media.append(child)
        return product

    def _children(self, parent: Row) -> list[Row]:
        query = "SELECT line FROM child WHERE parent = ? ORDER BY no"
        return [_row(line) for (line,) in self._kept.execute(query, [parent["id"]])]


def _row(line: bytes) -> Row:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise StoreGarbled("The shop's file has a line that cannot be read.")
    return row


def _kind(row: Row) -> str:
    """`ProductVariant` of `gid://shopify/ProductVariant/1`."""
    return str(row["id"]).rpartition("/")[0].rpartition("/")[2]
