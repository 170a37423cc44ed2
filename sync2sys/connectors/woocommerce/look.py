"""What stands in the shop now: prices and stock of a few products and variations, asked for by their ids."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sync2sys.connectors import fields, writing
from sync2sys.connectors.base import Current, VariantRef
from sync2sys.connectors.woocommerce import shop
from sync2sys.connectors.woocommerce.answers import Missing
from sync2sys.connectors.woocommerce.client import Client
from sync2sys.errors import NotWooCommerce

PRODUCTS = "wc/v3/products"
FIELDS = "id,parent_id,type,regular_price,sale_price,date_on_sale_to_gmt,manage_stock,stock_quantity"
#: Products of these kinds are sold by their parts.
WITHOUT_PRICE = ("variable", "grouped")

Row = Mapping[str, Any]


class Look:
    """Looks at one shop. `route` is the one to the variations of all products, where there is one."""

    def __init__(self, client: Client, route: str | None) -> None:
        self._client = client
        self._route = route if route in shop.VARIATION_ROUTES else None
        self._currency: str | None = None

    def at(self, refs: Sequence[VariantRef]) -> dict[VariantRef, Current]:
        """What the shop has of them; those that it does not have are left out. Raises StoreError."""
        named = {ids: ref for ref in writing.checked(refs) if (ids := ids_of(ref))}
        alone = {key: ref for (product, key), ref in named.items() if product == key}
        rows = self._listed(PRODUCTS, alone)
        found = {alone[key]: self.current(row, key) for key, row in rows.items()}
        return found | self._variations({ids: ref for ids, ref in named.items() if ids[0] != ids[1]})

    def current(self, row: Row, parent: int) -> Current:
        """What an answer says; `parent` is whose it is, where the answer does not say."""
        counted = row.get("manage_stock")
        kind = fields.label(row.get("type"), 50)
        sale = fields.amount(row.get("sale_price"))
        price = fields.amount(row.get("regular_price"))
        is_sale = sale is not None and price is not None and sale < price and not _has_ended(row)
        handle: dict[str, Any] = {"parent": fields.ident(row.get("parent_id")) or parent}
        if counted is not True:
            handle[writing.UNCOUNTED] = writing.OF_PRODUCT if counted == "parent" else writing.NOT_COUNTED
        if kind.startswith(WITHOUT_PRICE):
            handle[writing.UNPRICED] = "no_price"
        if sale is not None and not is_sale and not _has_ended(row):
            handle["leftover"] = str(sale)
        return Current(
            price=price,
            # That of the product, which a variation without its own tells, is written to the product.
            quantity=fields.quantity(row.get("stock_quantity")) if counted is True else None,
            counts_stock=counted is True,
            handle=handle,
            currency=self._in_currency(),
            sale_price=sale if is_sale else None,
        )

    def _in_currency(self) -> str:
        """The shop's currency, asked for once; empty where the key may not see it."""
        if self._currency is None:
            self._currency = shop.current_currency(self._client)
        return self._currency

    def _variations(self, named: Mapping[tuple[int, int], VariantRef]) -> dict[VariantRef, Current]:
        by_key = {key: (parent, ref) for (parent, key), ref in named.items()}
        rows = self._all_together(by_key)
        if rows is None:
            rows = self._one_by_one(list(named))
        return {by_key[key][1]: self.current(row, by_key[key][0]) for key, row in rows.items()}

    def _all_together(self, keys: Iterable[int]) -> dict[int, Row] | None:
        """Variations of any products; None where the shop has no list of these (any more)."""
        if self._route is None:
            return None
        try:
            return self._listed(self._route, keys)
        except NotWooCommerce:
            self._route = None
            return None

    def _one_by_one(self, named: Sequence[tuple[int, int]]) -> dict[int, Row]:
        """The same, asked for product by product."""
        rows: dict[int, Row] = {}
        for parent in dict.fromkeys(parent for parent, _ in named):
            with suppress(Missing):
                own = [key for each, key in named if each == parent]
                rows |= self._listed(f"{PRODUCTS}/{parent}/variations", own)
        return rows

    def _listed(self, route: str, keys: Iterable[int]) -> dict[int, Row]:
        """The rows with these ids, whatever else the shop lists."""
        wanted = list(keys)
        if not wanted:
            return {}
        pairs = [("include", ",".join(map(str, wanted))), ("per_page", str(len(wanted))), ("_fields", FIELDS)]
        listing = self._client.entries(route, pairs)
        return {key: row for key, row in zip(listing.ids, listing.items, strict=True) if key in set(wanted)}


def ids_of(ref: VariantRef) -> tuple[int, int] | None:
    """The product's and the variant's number; None where they are none."""
    product, variant = fields.ident(ref.product_id), fields.ident(ref.variant_id)
    return None if product is None or variant is None else (product, variant)


def _has_ended(row: Row) -> bool:
    """Whether the sale is over. One whose end cannot be read is not."""
    end = fields.moment(row.get("date_on_sale_to_gmt"))
    return end is not None and end < datetime.now(UTC)


def leftover(current: Current) -> Decimal | None:
    """A sale price that is none at the price of now."""
    return writing.amount_in(current.handle, "leftover")
