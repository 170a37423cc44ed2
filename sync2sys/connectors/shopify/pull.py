"""A pull: all of a shop's products and variants, or those that changed.

Small catalogues are asked for page by page, large ones by a bulk operation, whose file names everything as
it was at one moment. Archived products are as good as deleted and not looked at.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sync2sys.connectors import fields
from sync2sys.connectors.base import Page, RemoteProduct, RemoteVariant
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin, TooCostly
from sync2sys.connectors.shopify.bulk import Bulk, BulkFailed
from sync2sys.connectors.shopify.lines import Node
from sync2sys.connectors.shopify.products import ARCHIVED, Reader, Row, number
from sync2sys.connectors.shopify.state import BULK, DONE, PAGES, SETTLING, State
from sync2sys.errors import StoreGarbled

#: Products that are asked for at a time, variants that come with each, and products asked for by name: what
#: may cost a thousand points is refused.
PRODUCTS, VARIANTS, NAMED = 20, 20, 10
#: Variants of a single product, and ids, asked for at a time: the longest page there is.
MORE = IDS = 250
#: A page of ours has so many products at most, and ends behind the product that makes it so many variants.
MOST_PRODUCTS, MANY_VARIANTS = 200, 1000
#: So many products count as many.
LARGE = 2_000
#: Shopify's search lags behind its data.
OVERLAP = timedelta(minutes=10)
LIVE = "status:active,draft,unlisted"

#: A product with all its variants.
Whole = tuple[RemoteProduct, list[RemoteVariant]]


class Pull:
    """One pull, begun anew or from a cursor.

    Shops with more products than `large` are asked by a bulk operation, others for `first` at a time.
    """

    def __init__(
        self,
        admin: Admin,
        bulk: Bulk,
        reader: Reader,
        since: datetime | None,
        cursor: dict[str, Any] | None,
        hints: Sequence[str] = (),
        *,
        large: int = LARGE,
        first: int = PRODUCTS,
    ) -> None:
        self._admin, self._bulk, self._reader = admin, bulk, reader
        begun = State(since.astimezone(UTC) if since else None)
        self._state = (State.resumed(cursor) if cursor else None) or begun
        self._large = large
        self._hints = sorted({named for key in hints if (named := fields.ident(key)) is not None})
        self._first = first

    def pages(self) -> Iterator[Page]:
        state = self._state
        if state.stage == DONE:
            return
        if state.is_full and state.total is None:
            self._choose()
            yield self._page()
        if state.stage == BULK:
            yield from self._all_at_once()
        if state.stage == PAGES:
            if not state.is_full:
                yield from self._hinted()
            yield from self._page_by_page()
        if state.stage == SETTLING:
            yield from self._settled()
        state.stage = DONE
        yield self._page()

    def _choose(self) -> None:
        """How to ask: by the number of products, if the shop tells it."""
        count = self._admin.ask(documents.COUNT, {"query": LIVE}).get("productsCount")
        self._state.total, is_exact = _counted(count)
        if is_exact and self._state.total <= self._large:
            return
        try:
            self._state.operation = self._bulk.begin(documents.everything(LIVE))
            self._state.stage = BULK
        except BulkFailed:
            pass

    # All at once ---------------------------------------------------------------------------------

    def _all_at_once(self) -> Iterator[Page]:
        """What the operation finds. Where nothing comes of it the pull goes on page by page.

        What was yielded of it stays: in the end it is compared with what there is.
        """
        state = self._state
        operation = str(state.operation)
        try:
            for _ in self._bulk.looks(operation):
                yield self._page()
            state.told, nodes = self._bulk.products(operation, state.read)
            for products, variants in _batches(map(self._of_node, nodes)):
                state.read += len(products)
                yield self._page(products, variants)
        except BulkFailed:
            state.stage, state.operation, state.read = PAGES, None, 0
            yield self._page()

    def _of_node(self, node: Node) -> Whole:
        numbers = [number(each.row["id"]) for each in node.variants]
        product = self._reader.product(node.row, node.media, node.metafields, numbers)
        return product, [self._reader.variant(each.row, each.media, product) for each in node.variants]

    # Page by page --------------------------------------------------------------------------------

    def _page_by_page(self) -> Iterator[Page]:
        state, more = self._state, True
        while more:
            rows, more = self._behind(state.after)
            for products, variants in _batches(self._wholes(rows)):
                state.after = int(products[-1].external_id)
                yield self._page(products, variants)
            # Also behind one that was deleted this moment.
            state.after = max([state.after, *map(_number, rows)])
        state.stage = SETTLING if state.is_full else DONE

    def _behind(self, after: int) -> tuple[list[Row], bool]:
        """The next products behind a number (fewer where many cost too much), and whether there are more."""
        while True:
            asked = {"first": self._first, "variants": VARIANTS, "query": self._query(after)}
            try:
                return _listed(self._admin.ask(documents.PRODUCTS, asked).get("products"), after)
            except TooCostly:
                if self._first == 1:
                    raise
                self._first //= 2

    def _query(self, after: int) -> str:
        since = self._state.since
        if since is None:
            return f"id:>{after} AND {LIVE}"
        # What was archived has to be seen going.
        moment = (since - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"id:>{after} AND updated_at:>'{moment}' AND {LIVE},archived"

    def _hinted(self) -> Iterator[Page]:
        """The products that were hinted at. One that is not there any more is left to a full pull."""
        for some in _tens(self._hints):
            yield self._page(*_joined(self._named(some)))

    def _named(self, numbers: Sequence[int]) -> Iterator[Whole]:
        """Those of these products that there are. Their search lags behind, they themselves do not."""
        ids = [f"gid://shopify/Product/{key}" for key in numbers]
        nodes = self._admin.ask(documents.NAMED, {"ids": ids, "variants": VARIANTS}).get("nodes")
        if not isinstance(nodes, list):
            raise StoreGarbled("The shop did not list what it was asked for.")
        return self._wholes([row for row in nodes if isinstance(row, dict) and row])

    def _wholes(self, rows: Iterable[Row]) -> Iterator[Whole]:
        return (whole for row in rows if (whole := self._whole(row)) is not None)

    def _whole(self, row: Row) -> Whole | None:
        """A product with all its variants, of which not all come with it; None if it is gone by now."""
        rows, after = _part(row.get("variants"))
        while after is not None:
            asked = {"product": row.get("id"), "first": MORE, "after": after}
            product = self._admin.ask(documents.VARIANTS, asked).get("product")
            if product is None:
                return None
            more, after = _part(product.get("variants"))
            rows += more
        read = self._reader.product(
            row, _nodes(row.get("media")), _nodes(row.get("metafields")), [_number(each) for each in rows]
        )
        return read, [self._reader.variant(each, _nodes(each.get("media")), read) for each in rows]

    # The comparison in the end -------------------------------------------------------------------

    def _settled(self) -> Iterator[Page]:
        """Where what was read differs from what is listed now, the products themselves are asked for."""
        state = self._state
        for some in _tens(sorted(set(state.products) ^ self._all_ids())):
            there = [whole for whole in self._named(some) if whole[0].status != ARCHIVED]
            gone = set(some) - {int(product.external_id) for product, _ in there}
            state.products.discard(gone)
            yield self._page(*_joined(there), gone)
        state.told = len(state.products)

    def _all_ids(self) -> set[int]:
        listed: set[int] = set()
        more = True
        while more:
            after = max(listed, default=0)
            asked = {"first": IDS, "query": f"id:>{after} AND {LIVE}"}
            rows, more = _listed(self._admin.ask(documents.IDS, asked).get("products"), after)
            listed.update(map(_number, rows))
        return listed

    # What comes of it ----------------------------------------------------------------------------

    def _page(
        self,
        products: Sequence[RemoteProduct] = (),
        variants: Sequence[RemoteVariant] = (),
        gone: Iterable[int] = (),
    ) -> Page:
        state = self._state
        if state.is_full:
            state.products.update(int(product.external_id) for product in products)
        return Page(
            products=list(products),
            variants=list(variants),
            cursor=state.cursor(),
            done=len(state.products),
            of=None if state.total is None else max(state.total, len(state.products)),
            product_total=state.told if state.stage == DONE and state.is_full else None,
            gone_products=tuple(map(str, sorted(gone))),
        )


def _batches(wholes: Iterable[Whole]) -> Iterator[tuple[list[RemoteProduct], list[RemoteVariant]]]:
    """The products and variants of our pages: never too many at a time, and whole products only."""
    some: list[Whole] = []
    count = 0
    for whole in wholes:
        some.append(whole)
        count += len(whole[1])
        if len(some) >= MOST_PRODUCTS or count >= MANY_VARIANTS:
            yield _joined(some)
            some, count = [], 0
    if some:
        yield _joined(some)


def _joined(wholes: Iterable[Whole]) -> tuple[list[RemoteProduct], list[RemoteVariant]]:
    found = list(wholes)
    return [product for product, _ in found], [variant for _, variants in found for variant in variants]


def _tens(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[start : start + NAMED] for start in range(0, len(numbers), NAMED))


def _listed(connection: Any, after: int) -> tuple[list[Row], bool]:
    """The rows of a list behind a number, and whether there are more. Raises StoreGarbled."""
    rows, info = _connection(connection)
    more = info.get("hasNextPage") is True
    if (more and not rows) or any(_number(row) <= after for row in rows):
        raise StoreGarbled("The shop lists something else than it was asked for.")
    return rows, more


def _part(connection: Any) -> tuple[list[Row], str | None]:
    """The rows of a part of a list, and where the next part begins. Raises StoreGarbled."""
    rows, info = _connection(connection)
    if info.get("hasNextPage") is not True:
        return rows, None
    if not isinstance(info.get("endCursor"), str):
        raise StoreGarbled("The shop does not say where its list goes on.")
    return rows, info["endCursor"]


def _connection(connection: Any) -> tuple[list[Row], Row]:
    found = connection if isinstance(connection, dict) else {}
    rows, info = found.get("nodes"), found.get("pageInfo")
    if not isinstance(rows, list) or not isinstance(info, dict):
        raise StoreGarbled("The shop did not list what it was asked for.")
    if not all(isinstance(row, dict) for row in rows):
        raise StoreGarbled("The shop listed something that is nothing.")
    return list(rows), info


def _nodes(connection: Any) -> list[Any]:
    nodes = connection.get("nodes") if isinstance(connection, dict) else None
    return nodes if isinstance(nodes, list) else []


def _number(row: Row) -> int:
    return number(row.get("id"))


def _counted(count: Any) -> tuple[int, bool]:
    found = count.get("count") if isinstance(count, dict) else None
    if isinstance(found, bool) or not isinstance(found, int):
        raise StoreGarbled("The shop did not say how many products it has.")
    return found, count.get("precision") == "EXACT"
