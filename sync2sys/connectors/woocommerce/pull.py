"""A pull: all of a shop's products and variations, or those that changed, page by page."""

from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from sync2sys.connectors.base import Page, RemoteProduct, RemoteVariant
from sync2sys.connectors.fields import ident
from sync2sys.connectors.ids import Ids
from sync2sys.connectors.woocommerce import categories, shop
from sync2sys.connectors.woocommerce.answers import Missing
from sync2sys.connectors.woocommerce.auth import Pairs
from sync2sys.connectors.woocommerce.categories import Categories
from sync2sys.connectors.woocommerce.client import Client
from sync2sys.connectors.woocommerce.intake import OVERLAP, Intake
from sync2sys.connectors.woocommerce.products import Reader, id_of
from sync2sys.connectors.woocommerce.state import DONE, PRODUCTS, SETTLING, VARIATIONS, State
from sync2sys.connectors.woocommerce.walk import Walk
from sync2sys.connectors.woocommerce.windows import Windows
from sync2sys.errors import StoreBusy, StoreError, StoreGarbled

PRODUCTS_ROUTE = "wc/v3/products"
CATEGORIES_ROUTE = "wc/v3/products/categories"
SORTED = (("orderby", "id"), ("order", "asc"))
#: how often a list that changes while its ids are counted is counted again
ROUNDS = 4
#: so many products whose variations are asked for one by one make a page
PARENTS = 10
GONE = 500

T = TypeVar("T")


class Pull:
    """One pull, begun anew or from a cursor. `window` is how many entries are asked for at a time."""

    def __init__(
        self,
        client: Client,
        home: str,
        route: str | None,
        since: datetime | None,
        cursor: dict[str, Any] | None,
        window: int = 100,
    ) -> None:
        self._client = client
        self._home = home
        self._window = window
        self._state = (State.resumed(cursor) if cursor else None) or self._begun(since, route)
        self._intake = Intake(self._state, Reader(home))
        self._windows = Windows(client)
        #: windows read beyond the two walks, and those expected
        self._more_done = self._more_left = 0
        #: in which lists may still be compared once more
        self._rounds_left = 0
        self._kept = self._state.cursor()

    def _begun(self, since: datetime | None, route: str | None) -> State:
        utc = since.astimezone(UTC) if since else None
        return State(utc, route or "", products=self._walk(), variations=self._walk())

    def _walk(self) -> Walk:
        return Walk(size=self._window, full=self._window)

    @property
    def _has_list(self) -> bool:
        """Whether the shop lists the variations of all products together."""
        return self._state.route != shop.PER_PARENT

    def pages(self) -> Iterator[Page]:
        state = self._state
        if state.stage == DONE:
            return
        with self._windows:
            self._prepare()
            if state.stage == PRODUCTS:
                yield from self._products()
            if state.stage == VARIATIONS:
                yield from self._variations()
            if state.is_full:
                yield from self._settle()
            state.stage = DONE
            yield self._page()

    # Before the first page -----------------------------------------------------------------------

    def _prepare(self) -> None:
        state = self._state
        self._intake = Intake(state, Reader(self._home, self._tree()))
        if state.route and state.products.done:
            return
        total = self._known_total(state.route)
        if total is None:
            state.route = shop.variations_route(self._client)
            total = self._total(state.route) if self._has_list else None
        state.variations.total = total if state.is_full else None

    def _known_total(self, route: str) -> int | None:
        """None if a route learnt earlier is gone: the shop may have another version by now."""
        if route not in shop.VARIATION_ROUTES:
            return None
        try:
            return self._total(route)
        except StoreError as error:
            if error.retryable:
                raise
            return None

    def _total(self, route: str) -> int:
        return self._client.entries(route, [("per_page", "1"), *SORTED, ("_fields", "id")]).total

    def _tree(self) -> Categories:
        """The categories; leaves alone where the key may not see the tree."""

        def page(number: int) -> tuple[list[Any], int]:
            place = [("per_page", "100"), ("page", str(number))]
            listing = self._client.entries(CATEGORIES_ROUTE, [*place, *SORTED, ("_fields", "id,name,parent")])
            return listing.items, listing.total

        try:
            return categories.tree(page)
        except StoreError as error:
            # One that is only busy must not give all products other categories until the next pull.
            if error.retryable:
                raise
            return Categories()

    # Products and variations ---------------------------------------------------------------------

    def _products(self) -> Iterator[Page]:
        state = self._state
        for listing in self._windows.of(state.products, PRODUCTS_ROUTE, self._changes()):
            if state.products.ended:
                state.stage = VARIATIONS if self._has_list else SETTLING
            yield from self._product_pages(listing.items)

    def _variations(self) -> Iterator[Page]:
        state = self._state
        for listing in self._windows.of(state.variations, state.route, self._changes()):
            if state.variations.ended:
                state.stage = SETTLING
            yield self._page(variants=self._intake.variations(listing.items))

    def _changes(self) -> Pairs:
        """The filter of an incremental pull."""
        since = self._state.since
        if since is None:
            return ()
        after = (since - OVERLAP).strftime("%Y-%m-%dT%H:%M:%S")
        return (("modified_after", after), ("dates_are_gmt", "true"))

    def _product_pages(self, items: Iterable[Any]) -> Iterator[Page]:
        """The products with their own variants, and with all others where these are not listed together."""
        products, variants, parents = self._intake.products(items)
        if not self._has_list:
            for some in _chunks(parents, PARENTS):
                # The place is only kept with the last of these pages; until then the window may come again.
                yield self._page(products, variants, cursor=self._kept)
                products, variants = [], self._of_parents(some)
        yield self._page(products, variants)

    def _of_parents(self, parents: Iterable[int]) -> list[RemoteVariant]:
        answers = self._windows.side_by_side(self._children, parents)
        return [variant for items, parent in answers for variant in self._intake.children(items, parent)]

    def _children(self, parent: int) -> tuple[list[Any], int]:
        """All variations of one product; none if it was deleted meanwhile. Runs beside others of its kind."""
        route = f"{PRODUCTS_ROUTE}/{parent}/variations"
        try:
            listings = list(self._windows.one_by_one(self._walk(), route))
        except Missing:
            return [], parent
        return [data for listing in listings for data in listing.items], parent

    # Settling: what was deleted meanwhile, and what is missing ------------------------------------

    def _settle(self) -> Iterator[Page]:
        """Compare what was seen with what the shop counts now. Raises StoreBusy if it never comes to rest."""
        for self._rounds_left in reversed(range(ROUNDS)):
            products = yield from self._settle_products()
            variations = yield from self._settle_variations()
            if products and variations:
                return
        raise StoreBusy(
            f"The products of {self._client.host} changed all the time while they were read. "
            "It is tried again later."
        )

    def _settle_products(self) -> Generator[Page, None, bool]:
        """True if all that the shop lists was seen, and nothing else."""
        state = self._state
        known = len(state.seen_products) + state.hidden_products
        if state.products.steady and known == self._total(PRODUCTS_ROUTE):
            return True
        walk, listed = self._walk(), dict[int, int | None]()
        yield from self._list_ids(walk, PRODUCTS_ROUTE, listed)
        state.hidden_products = self._hidden(walk, len(listed), "products")
        gone = [key for key in state.seen_products if key not in listed]
        missing = [key for key in listed if key not in state.seen_products]
        yield from self._drop_products(gone)
        for items in self._included(PRODUCTS_ROUTE, missing):
            yield from self._product_pages(items)
        state.products.steady = walk.steady
        state.variations.steady &= not (gone or missing)
        return walk.steady and all(key in state.seen_products for key in missing)

    def _settle_variations(self) -> Generator[Page, None, bool]:
        state = self._state
        if not self._has_list:
            return True
        known = len(state.seen_variations) + len(state.orphans) + state.hidden_variations
        if state.variations.steady and known == self._total(state.route):
            return True
        walk, listed = self._walk(), dict[int, int | None]()
        yield from self._list_ids(walk, state.route, listed)
        state.hidden_variations = self._hidden(walk, len(listed), "variations")
        wanted = {key for key, parent in listed.items() if parent and parent in state.seen_products}
        state.orphans = Ids(sorted(listed.keys() - wanted))
        yield from self._drop_variations([key for key in state.seen_variations if key not in wanted])
        missing = [key for key in sorted(wanted) if key not in state.seen_variations]
        for items in self._included(state.route, missing):
            yield self._page(variants=self._intake.variations(items))
        state.variations.steady = walk.steady
        return walk.steady and all(key in state.seen_variations for key in missing)

    def _hidden(self, walk: Walk, listed: int, noun: str) -> int:
        """How many entries the shop counts that cannot be loaded: each left its place in a window empty.

        Raises StoreGarbled for a difference that this does not explain, as of a list that always shows
        its first page: nothing may be taken for gone that such a list leaves out.
        """
        if not walk.steady:
            return 0  # What changed while it was listed is not hidden; the next round lists it.
        total = walk.total or 0
        if listed > total and self._rounds_left:
            walk.steady = False  # As many came as went meanwhile, so only the count stayed.
            return 0
        if not 0 <= total - listed <= walk.short:
            raise StoreGarbled(
                f"{self._client.host} counts {total} {noun} but lists {listed}. A plugin or a cache changes "
                "what its API answers."
            )
        return total - listed

    def _list_ids(self, walk: Walk, route: str, listed: dict[int, int | None]) -> Iterator[Page]:
        """Collect ids and parents, with an empty page after each window as a sign of life."""
        before = self._more_done
        for listing in self._windows.of(walk, route, [("_fields", "id,parent_id")]):
            listed.update({id_of(data): ident(data.get("parent_id")) for data in listing.items})
            self._more_done, self._more_left = before + walk.done, walk.left
            yield self._page()

    def _included(self, route: str, ids: Iterable[int]) -> Iterator[list[Any]]:
        for some in _chunks(sorted(ids), max(2, self._window // 2)):
            pairs = [("include", ",".join(map(str, some))), ("per_page", str(len(some))), *SORTED]
            yield self._client.entries(route, pairs).items

    def _drop_products(self, gone: list[int]) -> Iterator[Page]:
        state = self._state
        for some in _chunks(gone, GONE):
            state.seen_products.discard(some)
            state.without_own.discard(some)
            names = tuple(map(str, some))
            yield self._page(gone_products=names, gone_variants=names)  # most were a variant too

    def _drop_variations(self, gone: list[int]) -> Iterator[Page]:
        for some in _chunks(gone, GONE):
            self._state.seen_variations.discard(some)
            yield self._page(gone_variants=tuple(map(str, some)))

    # Pages ---------------------------------------------------------------------------------------

    def _page(
        self,
        products: list[RemoteProduct] | None = None,
        variants: list[RemoteVariant] | None = None,
        *,
        cursor: dict[str, Any] | None = None,
        gone_products: tuple[str, ...] = (),
        gone_variants: tuple[str, ...] = (),
    ) -> Page:
        state = self._state
        if cursor is None:
            cursor = self._kept = state.cursor()
        done = state.products.done + state.variations.done + self._more_done + (state.stage == DONE)
        left = state.products.left + state.variations.left + self._more_left + (state.stage != DONE)
        return Page(
            products=products or [],
            variants=variants or [],
            cursor=cursor,
            done=done,
            of=done + left,
            product_total=self._product_total(),
            variant_total=self._variant_total(),
            gone_products=gone_products,
            gone_variants=gone_variants,
        )

    def _product_total(self) -> int | None:
        """The shop's last word. In the end it exceeds what was yielded by what the shop does not show."""
        state = self._state
        if not state.is_full:
            return None
        return (
            len(state.seen_products) + state.hidden_products if state.stage == DONE else state.products.total
        )

    def _variant_total(self) -> int | None:
        """The same for variants; variations of products that the shop does not list are not counted."""
        state = self._state
        if not state.is_full or state.stage == PRODUCTS:
            return None
        if state.stage == DONE or state.variations.total is None:
            return state.variants + state.hidden_variations
        return state.variants - len(state.seen_variations) + state.variations.total


def _chunks(things: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
