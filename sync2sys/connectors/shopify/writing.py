"""Stock and prices written by mutations: stock by location, prices product by product.

Source: https://shopify.dev/docs/api/admin-graphql, inventorySetQuantities, inventoryActivate,
productVariantsBulkUpdate; https://shopify.dev/docs/api/usage/implementing-idempotency. What was refused
stands in `userErrors` of an answer of status 200, and one without errors may have changed nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import orjson

from sync2sys.connectors import fields, writing
from sync2sys.connectors.base import Change, Written
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin, ScopeMissing
from sync2sys.connectors.shopify.look import Look, available_in, gid, priced
from sync2sys.connectors.writing import (
    NOT_STOCKED,
    PRICE,
    UNCOUNTED,
    WRITTEN,
    Call,
    Told,
    Wish,
)
from sync2sys.errors import StoreGarbled

#: Of the keys of calls, with the caller's own.
NAMESPACE = UUID("b1b7a2f5-6f36-4c8f-9a0e-0a4c2c9e7d51")
REASON = "correction"
STALE_CODES = ("CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE")
#: What was asked for was done before, is being done, or was tried in vain: the shop has to be looked at, as
#: for what it has where that is not what was expected.
ASKED_BEFORE = (
    "IDEMPOTENCY_CONCURRENT_REQUEST",
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
)
#: One bad quantity keeps all from being set. So often they are sent again without those that were bad.
ROUNDS = 5

Row = Mapping[str, Any]


def write(admin: Admin, look: Look, changes: Sequence[Change], key: str) -> list[Written]:
    """See `Connector.write`. Stock is compared by Shopify itself, prices are not."""
    return writing.carry_out(changes, look.at, Mutations(admin, key).calls)


class Mutations:
    """The calls of one writing. `key` is the caller's; with it equal calls have equal keys, for ever."""

    def __init__(self, admin: Admin, key: str) -> None:
        self._admin, self._key = admin, key

    def calls(self, wishes: list[Wish], told: Mapping[Wish, Written | None]) -> Iterator[Call]:
        """Stock first: what is sold and not there is worse than what is sold at the price of yesterday."""
        stock = [wish for wish in wishes if wish.field != PRICE]
        yield from self._counting([wish for wish in stock if not wish.expected.handle["tracked"]])
        yield from self._stocking([wish for wish in stock if not _is_stocked(wish)], told)
        yield from self._setting([wish for wish in stock if _is_stocked(wish)], told)
        for product, some in _by_product([wish for wish in wishes if wish.field == PRICE]).items():
            yield self._call(some, partial(self._price, product, some))

    def _call(self, wishes: list[Wish], send: Callable[[], Told]) -> Call:
        def sent() -> Told:
            try:
                return send()
            except ScopeMissing as error:
                return {wish: wish.refused(error.code, error.message) for wish in wishes}

        return Call(wishes, sent)

    def _named(self, asked: Any) -> str:
        """The key of a call: the same for the same, and another for anything else."""
        text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS).decode()
        return str(uuid5(NAMESPACE, f"{self._key}\n{text}"))

    # Stock ---------------------------------------------------------------------------------------

    def _counting(self, wishes: list[Wish]) -> Iterator[Call]:
        """Let the shop count what it is to have a quantity of. Only then that can be set."""
        for product, some in _by_product(wishes).items():
            yield self._call(some, partial(self._count, product, some))

    def _count(self, product: int, wishes: list[Wish]) -> Told:
        rows = [{"id": _id_of(wish), "inventoryItem": {"tracked": True}} for wish in wishes]
        told, answers = self._updated(product, rows, wishes)
        for wish in wishes:
            item = answers.get(_id_of(wish), {}).get("inventoryItem")
            if wish not in told and isinstance(item, dict) and item.get("tracked") is True:
                told[wish] = None
        return told

    def _stocking(self, wishes: list[Wish], told: Mapping[Wish, Written | None]) -> Iterator[Call]:
        for wish in wishes:
            if told.get(wish) is None:
                yield self._call([wish], partial(self._stock, wish))

    def _stock(self, wish: Wish) -> Told:
        """Stock a variant at a location: its quantity comes with it. Looked up where that is not said."""
        handle = wish.expected.handle
        asked = {
            "item": gid("InventoryItem", handle["item"]),
            "location": handle["location"],
            "available": wish.wanted,
        }
        payload = self._changed(
            documents.STOCK_HERE, asked | {"key": self._named(asked)}, "inventoryActivate"
        )
        level = payload.get("inventoryLevel")
        if payload["userErrors"] or not isinstance(level, dict) or available_in(level) != wish.wanted:
            return {}
        return {wish: wish.told(WRITTEN, value=wish.wanted)}

    def _setting(self, wishes: list[Wish], told: Mapping[Wish, Written | None]) -> Iterator[Call]:
        for _ in range(ROUNDS):
            left = [wish for wish in wishes if told.get(wish) is None]
            if not left:
                return
            yield self._call(left, partial(self._set, left))

    def _set(self, wishes: list[Wish]) -> Told:
        """All or none: with some refused nothing was done about the others. Stale ones are looked up."""
        asked = {
            "name": "available",
            "reason": REASON,
            "quantities": [_quantity(wish) for wish in wishes],
        }
        payload = self._changed(
            documents.SET_STOCK, {"input": asked, "key": self._named(asked)}, "inventorySetQuantities"
        )
        errors = payload["userErrors"]
        if not errors:
            return _confirmed(payload, wishes)
        if any(error.get("code") in ASKED_BEFORE for error in errors):
            return {}
        told: Told = dict.fromkeys(wishes)
        for error in errors:
            place = _place(error, "quantities", len(wishes))
            for wish in wishes if place is None else [wishes[place]]:
                if error.get("code") in STALE_CODES:
                    told.pop(wish, None)
                else:
                    told[wish] = _refused(wish, error)
        return told

    # Prices --------------------------------------------------------------------------------------

    def _price(self, product: int, wishes: list[Wish]) -> Told:
        told, answers = self._updated(product, [_price(wish) for wish in wishes], wishes)
        for wish in wishes:
            if wish not in told and _id_of(wish) in answers:
                now = priced(answers[_id_of(wish)], wish.expected.currency, {})
                told[wish] = writing.answered(wish, now)
        return told

    def _updated(
        self, product: int, rows: Sequence[Row], wishes: list[Wish]
    ) -> tuple[Told, dict[str, dict[str, Any]]]:
        """Update variants of a product: the wishes that were refused, and what the others have now."""
        asked = {"product": gid("Product", product), "variants": rows}
        payload = self._changed(documents.SET_PRICES, asked, "productVariantsBulkUpdate")
        told: Told = {}
        for error in payload["userErrors"]:
            place = _place(error, "variants", len(wishes))
            for wish in wishes if place is None else [wishes[place]]:
                told[wish] = _refused(wish, error)
        listed = fields.rows(payload.get("productVariants"), writing.MOST)
        return told, {row["id"]: row for row in listed if isinstance(row.get("id"), str)}

    def _changed(self, document: str, variables: dict[str, Any], name: str) -> dict[str, Any]:
        """What a mutation answers. Raises StoreGarbled where it does not say what it refused."""
        payload: Any = self._admin.change(document, variables).get(name)
        errors = payload.get("userErrors") if isinstance(payload, dict) else None
        if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
            raise StoreGarbled(f"{self._admin.host} did not say what became of a change.")
        found: dict[str, Any] = payload
        return found


def _is_stocked(wish: Wish) -> bool:
    return wish.expected.handle.get(UNCOUNTED) != NOT_STOCKED


def _by_product(wishes: Sequence[Wish]) -> dict[int, list[Wish]]:
    found: dict[int, list[Wish]] = {}
    for wish in wishes:
        found.setdefault(wish.expected.handle["product"], []).append(wish)
    return found


def _id_of(wish: Wish) -> str:
    return gid("ProductVariant", wish.ref.variant_id)


def _quantity(wish: Wish) -> dict[str, Any]:
    handle = wish.expected.handle
    return {
        "inventoryItemId": gid("InventoryItem", handle["item"]),
        "locationId": handle["location"],
        "quantity": wish.wanted,
        "changeFromQuantity": handle["available"],
    }


def _price(wish: Wish) -> dict[str, Any]:
    """The regular price is what a reduced one is compared at."""
    text = writing.price_text(wish.wanted, wish.expected.currency)
    if wish.expected.sale_price is not None:
        return {"id": _id_of(wish), "compareAtPrice": text}
    compared = writing.amount_in(wish.expected.handle, "compared")
    # What means nothing now would make a sale of the new price.
    ended = {"compareAtPrice": None} if compared is not None and compared > wish.wanted else {}
    return {"id": _id_of(wish), "price": text} | ended


def _confirmed(payload: Row, wishes: list[Wish]) -> Told:
    """Those that the shop says it changed by as much as was wanted; the others have to be looked up."""
    group = payload.get("inventoryAdjustmentGroup")
    changed = {}
    for row in fields.rows(group.get("changes"), 10 * writing.MOST) if isinstance(group, dict) else ():
        item, place = row.get("item"), row.get("location")
        if isinstance(item, dict) and isinstance(place, dict) and row.get("name") == "available":
            changed[item.get("id"), place.get("id")] = row.get("delta")
    told: Told = {}
    for wish in wishes:
        sent = _quantity(wish)
        delta = sent["quantity"] - sent["changeFromQuantity"]
        if changed.get((sent["inventoryItemId"], sent["locationId"])) == delta:
            told[wish] = wish.told(WRITTEN, value=wish.wanted)
    return told


def _refused(wish: Wish, error: Row) -> Written:
    """By the error's code; its message is in English for developers, and not passed on."""
    return wish.refused(fields.label(error.get("code"), 100))


def _place(error: Row, name: str, most: int) -> int | None:
    """Which of so many rows an error is about; None: all of them. `["input", "quantities", "0", …]`"""
    path = error.get("field")
    parts = [str(part) for part in path] if isinstance(path, list) else []
    if name not in parts[:-1]:
        return None
    found = parts[parts.index(name) + 1]
    return int(found) if found.isascii() and found.isdecimal() and int(found) < most else None
