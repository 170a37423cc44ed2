"""What a pull takes in: foreign entries become ours, and are noted in its state."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sync2sys.connectors.base import RemoteProduct, RemoteVariant
from sync2sys.connectors.fields import ident
from sync2sys.connectors.woocommerce.products import Reader, id_of, modified_at
from sync2sys.connectors.woocommerce.state import State

#: the filter is "modified after", and the shop's clock ticks in seconds
OVERLAP = timedelta(seconds=60)


class Intake:
    """Reads entries. What a full pull has seen is noted, for the count in the end."""

    def __init__(self, state: State, reader: Reader) -> None:
        self._state = state
        self._reader = reader

    def products(self, items: Iterable[Any]) -> tuple[list[RemoteProduct], list[RemoteVariant], list[int]]:
        """Products, the variants that some of them are themselves, and ids of those that have variations."""
        products, variants, parents = [], [], []
        for data in filter(self._is_wanted, items):
            product, variant = self._reader.product(data)
            products.append(product)
            self._note_product(id_of(data), has_own=variant is not None)
            if variant is not None:
                variants.append(variant)
            elif product.variant_ids:
                parents.append(id_of(data))
        return products, variants, parents

    def _note_product(self, key: int, has_own: bool) -> None:
        state = self._state
        if not state.is_full:
            return
        state.seen_products.add(key)
        if has_own and key in state.without_own:
            state.without_own.discard([key])
        elif not has_own:
            state.without_own.add(key)

    def variations(self, items: Iterable[Any]) -> list[RemoteVariant]:
        """Those that belong to a product. Shops keep variations of products that were deleted long ago."""
        state, found = self._state, []
        for data in filter(self._is_wanted, items):
            parent = ident(data.get("parent_id"))
            if parent is None or (state.is_full and parent not in state.seen_products):
                state.orphans.add(id_of(data))
                continue
            found.append(self._reader.variation(data))
            self._note_variation(id_of(data))
        return found

    def _note_variation(self, key: int) -> None:
        if self._state.is_full:
            self._state.seen_variations.add(key)

    def children(self, items: Iterable[Any], parent: int) -> list[RemoteVariant]:
        """The variations of one product."""
        found = []
        for data in items:
            found.append(self._reader.variation(data, parent))
            self._note_variation(id_of(data))
        return found

    def _is_wanted(self, data: Any) -> bool:
        """The filter of an incremental pull once more: old versions do not know it, and list everything."""
        since, modified = self._state.since, modified_at(data)
        return since is None or modified is None or modified >= since - OVERLAP
