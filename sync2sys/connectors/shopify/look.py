"""What stands in the shop now: prices and stock of a few variants, asked for by their ids.

Shopify counts stock at locations. One is written to: the one that was chosen for the shop, or else the only
one at which a variant is stocked, or the only one there is. Where several are left, nothing is guessed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sync2sys.connectors import fields, writing
from sync2sys.connectors.base import Current, VariantRef
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin, ScopeMissing, TooCostly
from sync2sys.connectors.shopify.products import number
from sync2sys.connectors.writing import NO_ACCESS, NOT_COUNTED, NOT_STOCKED, SEVERAL_LOCATIONS, UNCOUNTED
from sync2sys.errors import StoreGarbled

#: Stands where a question wants a location and there is none.
NOWHERE = "gid://shopify/Location/0"

Row = Mapping[str, Any]


def gid(kind: str, key: Any) -> str:
    return f"gid://shopify/{kind}/{key}"


class Look:
    """Looks at one shop. `location` is the number of the one that was chosen for it, if one was."""

    def __init__(self, admin: Admin, location: Any = None) -> None:
        self._admin = admin
        found = fields.ident(str(location).rpartition("/")[2]) if location else None
        self._location = gid("Location", found) if found else ""
        self._sees_stock = True

    def at(self, refs: Sequence[VariantRef]) -> dict[VariantRef, Current]:
        """What the shop has of them; those that it does not have are left out. Raises StoreError."""
        named = {gid("ProductVariant", fields.ident(ref.variant_id)): ref for ref in writing.checked(refs)}
        named.pop(gid("ProductVariant", None), None)
        return self._some(named) if named else {}

    def _some(self, named: Mapping[str, VariantRef]) -> dict[VariantRef, Current]:
        """Half of them at a time where all cost too much."""
        try:
            return self._read(self._asked(list(named)), named)
        except TooCostly:
            if len(named) == 1:
                raise
        pairs = list(named.items())
        middle = len(pairs) // 2
        return self._some(dict(pairs[:middle])) | self._some(dict(pairs[middle:]))

    def _asked(self, ids: list[str]) -> dict[str, Any]:
        asked = {
            "ids": ids,
            "location": self._location or NOWHERE,
            "chosen": self._sees_stock and bool(self._location),
            "open": self._sees_stock and not self._location,
        }
        try:
            return self._admin.ask(documents.CURRENT, asked)
        except ScopeMissing:
            if not self._sees_stock:
                raise
        # An app that may only write prices sees no stock.
        self._sees_stock = False
        return self._asked(ids)

    def _read(self, answer: Row, named: Mapping[str, VariantRef]) -> dict[VariantRef, Current]:
        shop, nodes = answer.get("shop"), answer.get("nodes")
        if not isinstance(shop, dict) or not isinstance(nodes, list) or len(nodes) != len(named):
            raise StoreGarbled(f"{self._admin.host} did not list what it was asked for.")
        currency = fields.currency(shop.get("currencyCode"))
        places = [each["id"] for each in _nodes(answer.get("locations")) if isinstance(each.get("id"), str)]
        found = {}
        for key, row in zip(named, nodes, strict=True):
            if isinstance(row, dict) and row:
                if row.get("id") != key:
                    raise StoreGarbled(f"{self._admin.host} listed something else than it was asked for.")
                found[named[key]] = self._current(row, currency, places)
        return found

    def _current(self, row: Row, currency: str, places: Sequence[str]) -> Current:
        item = _part(row, "inventoryItem")
        place, available, why = self._stock(item, places)
        handle: dict[str, Any] = {
            "product": number(_part(row, "product").get("id")),
            "item": number(item.get("id")),
            "tracked": item.get("tracked") is True,
            "location": place,
            "available": available,
        }
        return priced(row, currency, handle | ({UNCOUNTED: why} if why else {}))

    def _stock(self, item: Row, places: Sequence[str]) -> tuple[str, int | None, str]:
        """The location, what there is at it, and why that is not counted."""
        if not self._sees_stock:
            return "", None, NO_ACCESS
        level = item.get("inventoryLevel")
        levels = [level] if isinstance(level, dict) else list(_nodes(item.get("inventoryLevels")))
        if len(levels) > 1:
            return "", None, SEVERAL_LOCATIONS
        if not levels:
            only = self._location or (places[0] if len(places) == 1 else "")
            return only, None, NOT_STOCKED if only else SEVERAL_LOCATIONS
        place = _part(levels[0], "location").get("id")
        available = available_in(levels[0])
        if not isinstance(place, str) or available is None:
            raise StoreGarbled(f"{self._admin.host} did not say what it has in stock.")
        return place, available, "" if item.get("tracked") is True else NOT_COUNTED


def priced(row: Row, currency: str, handle: dict[str, Any]) -> Current:
    """What a row says of a variant's price, with what its handle says of its stock.

    As in `Reader.variant`: what is compared at is the regular price where it is the higher one.
    """
    price, before = fields.amount(row.get("price")), fields.amount(row.get("compareAtPrice"))
    is_reduced = price is not None and before is not None and before > price
    if before is not None and not is_reduced:
        handle = handle | {"compared": str(before)}
    counts_stock = writing.UNCOUNTED not in handle
    return Current(
        price=before if is_reduced else price,
        quantity=handle.get("available") if counts_stock else None,
        counts_stock=counts_stock,
        handle=handle,
        currency=currency,
        sale_price=price if is_reduced else None,
    )


def available_in(level: Row) -> int | None:
    """Pieces that can be sold, as a level says."""
    for row in fields.rows(level.get("quantities"), 10):
        if row.get("name") == "available":
            return fields.quantity(row.get("quantity"))
    return None


def _part(row: Row, name: str) -> Row:
    part = row.get(name)
    return part if isinstance(part, dict) else {}


def _nodes(connection: Any) -> Any:
    return fields.rows(connection.get("nodes"), 250) if isinstance(connection, dict) else ()
