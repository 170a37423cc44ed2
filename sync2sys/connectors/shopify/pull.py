"""A pull: all of a shop's products and variants, or those that changed.

Small catalogues are asked for page by page, large ones by a bulk operation, whose file names everything as
it was at one moment. Archived products are as good as deleted and not looked at.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sync2sys.connectors.base import Page, RemoteProduct, RemoteVariant
from sync2sys.connectors.ids import Ids
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin, TooCostly
from sync2sys.connectors.shopify.bulk import Bulk, BulkLost, BulkRefused
from sync2sys.connectors.shopify.products import Reader, number
from sync2sys.connectors.shopify.state import BULK, DONE, PAGES, SETTLING, State
from sync2sys.errors import StoreGarbled

#: Products of one page and variants that come with each: what may cost a thousand points is refused.
PRODUCTS, VARIANTS = 20, 20
#: Variants of a single product, and ids, asked for at a time.
MORE, IDS, NAMED = 100, 250, 10
#: Shops with more products are asked by a bulk operation; pages end after so many.
LARGE, LAST = 2_000, 25_000
#: Shopify's search lags behind its data.
OVERLAP = timedelta(minutes=10)
LIVE = "active,draft,unlisted"


class Pull:
    """One pull, begun anew or from a cursor. `large` is the number of products that count as many."""

    def __init__(
        self,
        admin: Admin,
        bulk: Bulk,
        reader: Reader,
        since: datetime | None,
        cursor: dict[str, Any] | None,
        hints: Sequence[str] = (),
        large: int = LARGE,
    ) -> None:
        self._admin, self._bulk, self._reader = admin, bulk, reader
        begun = State(since.astimezone(UTC) if since else None)
        self._state = (State.resumed(cursor) if cursor else None) or begun
        self._large = large
        self._hints = [key for key in hints if key.isascii() and key.isdecimal()]
        self._first = PRODUCTS

    def pages(self) -> Iterator[Page]:
        state = self._state
        if state.stage == PAGES and state.is_full and state.after is None:
            self._choose()
        if state.stage == BULK:
            yield from self._all_at_once()
        if state.stage == PAGES:
            if not state.is_full:
                yield from self._named()
            yield from self._page_by_page()
        if state.stage == SETTLING:
            yield from self._settled()
        state.stage = DONE
        yield self._page()

    def _choose(self) -> None:
        """How to ask: by the number of products, if the shop tells it."""
        count = self._admin.ask(documents.COUNT, {"query": f"status:{LIVE}"}).get("productsCount")
        products, is_exact = _counted(count)
        self._state.total = products
        if is_exact and products <= self._large:
            return
        try:
            self._begin()
        except BulkRefused:
            if not is_exact or products > LAST:
                raise

    def _begin(self) -> None:
        self._state.operation = self._bulk.begin(documents.everything(f"status:{LIVE}"))
        self._state.stage = BULK

    # Page by page --------------------------------------------------------------------------------

    def _page_by_page(self) -> Iterator[Page]:
        state, more = self._state, True
        while more:
            found = self._products(self._query(), state.after)
            more, state.after = found["pageInfo"].get("hasNextPage") is True, _cursor(found)
            products, variants = self._wholes(found["nodes"])
            if not more:
                state.stage = SETTLING if state.is_full else DONE
            yield self._page(products, variants)

    def _products(self, query: str, after: str | None) -> dict[str, Any]:
        """The next products that the query finds; fewer where so many cost too much."""
        while True:
            asked = {"first": self._first, "after": after, "variants": VARIANTS, "query": query}
            try:
                return _listed(self._admin.ask(documents.PRODUCTS, asked).get("products"))
            except TooCostly:
                if self._first == 1:
                    raise
                self._first //= 2

    def _named(self) -> Iterator[Page]:
        """The products that were hinted at. One that is not there any more is left to a full pull."""
        for start in range(0, len(self._hints), NAMED):
            ids = [f"gid://shopify/Product/{key}" for key in self._hints[start : start + NAMED]]
            nodes = self._admin.ask(documents.NAMED, {"ids": ids, "variants": VARIANTS}).get("nodes")
            found = [row for row in nodes if isinstance(row, dict) and row] if isinstance(nodes, list) else []
            yield self._page(*self._wholes(found))

    def _query(self) -> str:
        since = self._state.since
        if since is None:
            return f"status:{LIVE}"
        # What was archived has to be seen going.
        after = (since - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"updated_at:>'{after}' AND status:{LIVE},archived"

    def _wholes(self, rows: list[Any]) -> tuple[list[RemoteProduct], list[RemoteVariant]]:
        found = [self._whole(row) for row in rows]
        return [product for product, _ in found], [variant for _, variants in found for variant in variants]

    def _whole(self, row: Any) -> tuple[RemoteProduct, list[RemoteVariant]]:
        """A product with all its variants, also those that did not fit on the page."""
        found = _listed(row.get("variants"))
        rows = found["nodes"]
        while found["pageInfo"].get("hasNextPage") is True:
            asked = {"product": row.get("id"), "first": MORE, "after": _cursor(found)}
            product = self._admin.ask(documents.VARIANTS, asked).get("product")
            if not isinstance(product, dict):
                break  # Deleted this moment. Settling finds it gone.
            found = _listed(product.get("variants"))
            rows = rows + found["nodes"]
        read = self._reader.product(
            row,
            _nodes(row.get("media")),
            _nodes(row.get("metafields")),
            [number(each.get("id")) for each in rows],
        )
        return read, [self._reader.variant(each, _nodes(each.get("media")), read) for each in rows]

    # All at once ---------------------------------------------------------------------------------

    def _all_at_once(self) -> Iterator[Page]:
        state = self._state
        if state.operation is None:
            self._begin()
        yield self._page()
        try:
            for _ in self._bulk.looks(str(state.operation)):
                yield self._page()
            yield from self._read(str(state.operation))
        except BulkLost:
            yield self._forgotten()
            raise

    def _read(self, operation: str) -> Iterator[Page]:
        """The products of the operation's file that were not yielded yet."""
        state = self._state
        for batch in self._bulk.products(operation, state.read):
            products, variants = [], []
            for node in batch.nodes:
                product = self._reader.product(
                    node.row, node.media, node.metafields, [number(each.row["id"]) for each in node.variants]
                )
                products.append(product)
                variants += [self._reader.variant(each.row, each.media, product) for each in node.variants]
            state.read += len(batch.nodes)
            state.total = state.told = batch.of
            yield self._page(products, variants)

    def _forgotten(self) -> Page:
        """Everything is taken back: another operation finds the shop as it is then."""
        state = self._state
        gone, lost = list(state.products), list(state.variants)
        state.operation, state.read, state.products, state.variants = None, 0, Ids(), Ids()
        return self._page(gone=gone, lost=lost)

    # The count in the end ------------------------------------------------------------------------

    def _settled(self) -> Iterator[Page]:
        """All ids once more: what is not there any more is taken back, what was passed over is asked for."""
        state = self._state
        listed = self._ids(documents.PRODUCT_IDS, f"status:{LIVE}")
        state.told = len(listed)
        gone = sorted(set(state.products) - listed)
        if gone:
            lost = sorted(set(state.variants) - self._ids(documents.VARIANT_IDS, f"product_status:{LIVE}"))
            state.products.discard(gone)
            state.variants.discard(lost)
            yield self._page(gone=gone, lost=lost)
        missed = sorted(listed - set(state.products))
        for start in range(0, len(missed), PRODUCTS):
            some = " OR ".join(f"id:{key}" for key in missed[start : start + PRODUCTS])
            yield self._page(*self._wholes(self._products(some, None)["nodes"]))

    def _ids(self, document: str, query: str) -> set[int]:
        listed: set[int] = set()
        after, more = None, True
        while more:
            answer = self._admin.ask(document, {"first": IDS, "after": after, "query": query})
            found = _listed(answer.get("listed"))
            listed.update(number(row.get("id")) for row in found["nodes"])
            more, after = found["pageInfo"].get("hasNextPage") is True, _cursor(found)
        return listed

    # What comes of it ----------------------------------------------------------------------------

    def _page(
        self,
        products: list[RemoteProduct] | None = None,
        variants: list[RemoteVariant] | None = None,
        gone: list[int] | None = None,
        lost: list[int] | None = None,
    ) -> Page:
        state = self._state
        if state.is_full:
            state.products.update(int(product.external_id) for product in products or ())
            state.variants.update(int(variant.external_id) for variant in variants or ())
        is_over = state.stage == DONE and state.is_full
        return Page(
            products=products or [],
            variants=variants or [],
            cursor=state.cursor(),
            done=len(state.products),
            of=max(state.total, len(state.products)) if state.total is not None else None,
            product_total=state.told if is_over else None,
            gone_products=tuple(map(str, gone or ())),
            gone_variants=tuple(map(str, lost or ())),
        )


def _listed(connection: Any) -> dict[str, Any]:
    """A connection that is whole. Raises StoreGarbled."""
    nodes = connection.get("nodes") if isinstance(connection, dict) else None
    info = connection.get("pageInfo") if isinstance(connection, dict) else None
    if (
        not isinstance(nodes, list)
        or not isinstance(info, dict)
        or not all(isinstance(row, dict) for row in nodes)
    ):
        raise StoreGarbled("The shop did not list what it was asked for.")
    return {"nodes": nodes, "pageInfo": info}


def _nodes(connection: Any) -> list[Any]:
    nodes = connection.get("nodes") if isinstance(connection, dict) else None
    return nodes if isinstance(nodes, list) else []


def _cursor(found: dict[str, Any]) -> str | None:
    end = found["pageInfo"].get("endCursor")
    if found["pageInfo"].get("hasNextPage") is True and not isinstance(end, str):
        raise StoreGarbled("The shop does not say where its list goes on.")
    return end if isinstance(end, str) else None


def _counted(count: Any) -> tuple[int, bool]:
    found = count.get("count") if isinstance(count, dict) else None
    if isinstance(found, bool) or not isinstance(found, int):
        raise StoreGarbled("The shop did not say how many products it has.")
    return found, count.get("precision") == "EXACT"
