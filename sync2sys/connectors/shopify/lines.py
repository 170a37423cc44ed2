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

#: Products put together at once.
BATCH = 200
#: Lines written at once.
WRITTEN = 5000

PRODUCT, VARIANT, METAFIELD = "Product", "ProductVariant", "Metafield"
_SCHEMA = """
CREATE TABLE product (no INTEGER PRIMARY KEY, id TEXT NOT NULL, line BLOB NOT NULL);
CREATE TABLE child (parent TEXT NOT NULL, line BLOB NOT NULL);
"""
#: Beneath the greatest number of variables that any build of SQLite takes.
MOST_PARENTS = 500

Row = dict[str, Any]


@dataclass(slots=True)
class Node:
    """An object with what belongs to it."""

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

    def add(self, lines: Iterable[bytes]) -> int:
        """Keep the lines of a file; returns how many there were. Raises StoreGarbled for one that is none."""
        count = 0
        products: list[tuple[int, str, bytes]] = []
        children: list[tuple[str, bytes]] = []
        for line in lines:
            row = _row(line)
            count += 1
            if "__parentId" in row:
                children.append((str(row["__parentId"]), line))
            else:
                products.append((number(row["id"]), str(row["id"]), line))
            if len(products) + len(children) >= WRITTEN:
                self._write(products, children)
                products, children = [], []
        self._write(products, children)
        self._kept.execute("CREATE INDEX of_parent ON child (parent)")
        return count

    def _write(
        self, products: Sequence[tuple[int, str, bytes]], children: Sequence[tuple[str, bytes]]
    ) -> None:
        self._kept.executemany("INSERT OR IGNORE INTO product VALUES (?, ?, ?)", products)
        self._kept.executemany("INSERT INTO child VALUES (?, ?)", children)

    def products(self, skipped: int) -> Iterator[list[Node]]:
        """The products in the order of their numbers, but for so many, in batches."""
        with closing(
            self._kept.execute("SELECT line FROM product ORDER BY no LIMIT -1 OFFSET ?", [skipped])
        ) as rows:
            while lines := rows.fetchmany(BATCH):
                yield self._whole([_row(line) for (line,) in lines])

    def _whole(self, rows: list[Row]) -> list[Node]:
        products = {str(row["id"]): Node(row) for row in rows}
        variants: dict[str, Node] = {}
        for parent, row in self._children(list(products)):
            kind = _kind(row)
            if kind == VARIANT:
                variants[str(row["id"])] = node = Node(row)
                products[parent].variants.append(node)
            elif kind == METAFIELD:
                products[parent].metafields.append(row)
            else:
                products[parent].media.append(row)
        for parent, row in self._children(list(variants)):
            variants[parent].media.append(row)
        for product in products.values():
            product.variants.sort(key=lambda node: number(node.row["id"]))
        return list(products.values())

    def _children(self, parents: list[str]) -> Iterator[tuple[str, Row]]:
        for start in range(0, len(parents), MOST_PARENTS):
            some = parents[start : start + MOST_PARENTS]
            places = ",".join("?" * len(some))
            query = f"SELECT parent, line FROM child WHERE parent IN ({places}) ORDER BY parent, rowid"  # noqa: S608
            for parent, line in self._kept.execute(query, some):
                yield parent, _row(line)


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
