"""Prices and stock written in batches: products by one route, variations by that of their product.

Source: recorded answers of WooCommerce 8.2 and 11.0. A batch has status 200 whatever became of it, its items
are not validated, and nonsense is taken without a word. So what it answers is compared with what was sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sync2sys.connectors import fields, writing
from sync2sys.connectors.base import Change, Written
from sync2sys.connectors.woocommerce import answers, rights
from sync2sys.connectors.woocommerce.answers import Answer
from sync2sys.connectors.woocommerce.client import Client
from sync2sys.connectors.woocommerce.look import PRODUCTS, Look, ids_of, leftover
from sync2sys.connectors.writing import PRICE, Call, Told, Wish
from sync2sys.errors import StoreGarbled

Item = dict[str, Any]


def write(client: Client, look: Look, changes: Sequence[Change]) -> list[Written]:
    """See `Connector.write`. WooCommerce does not compare, so the shop is looked at right before.

    It knows no keys either: a batch whose answer was lost is looked up, and never sent again.
    """
    return writing.carry_out(
        changes, look.at, lambda wishes, told: Batches(client, look).calls(wishes), compare=True
    )


class Batches:
    def __init__(self, client: Client, look: Look) -> None:
        self._client, self._look = client, look

    def calls(self, wishes: Sequence[Wish]) -> Iterator[Call]:
        """A batch for each route; what is wanted of one variant is one item."""
        by_route: dict[str, dict[int, list[Wish]]] = {}
        for wish in wishes:
            route, key = _place(wish)
            by_route.setdefault(route, {}).setdefault(key, []).append(wish)
        for route, by_key in by_route.items():
            sent = [wish for some in by_key.values() for wish in some]
            yield Call(sent, partial(self._send, route, by_key))

    def _send(self, route: str, by_key: Mapping[int, list[Wish]]) -> Told:
        body = {"update": [_item(key, wishes) for key, wishes in by_key.items()]}
        answer = self._client.change(route, body)
        if not answer.ok:
            return self._refused(answer, by_key)
        told: Told = {}
        for (key, wishes), row in zip(by_key.items(), self._rows(answer, by_key), strict=True):
            told |= {wish: self._told(wish, key, row) for wish in wishes}
        return told

    def _refused(self, answer: Answer, by_key: Mapping[int, list[Wish]]) -> Told:
        """All of them. Raises StoreError where the shop takes nothing at all of us."""
        if rights.is_denied(answer):
            raise rights.read_only(self._client.host)
        error = answers.refusal(answer, self._client.host)
        if answer.status in (401, 403) or answer.code == answers.NO_ROUTE or not answer.code:
            raise error
        code = fields.label(answer.code, 100)
        return {wish: wish.refused(code, error.message) for wishes in by_key.values() for wish in wishes}

    def _rows(self, answer: Answer, by_key: Mapping[int, list[Wish]]) -> list[Item]:
        """An answer for each item. Raises StoreGarbled for any that is not the one that was sent."""
        rows = answer.data.get("update") if isinstance(answer.data, dict) else None
        if not isinstance(rows, list) or [_key(row) for row in rows] != list(by_key):
            raise StoreGarbled(f"{self._client.host} answered something else than what was written.")
        return rows

    def _told(self, wish: Wish, key: int, row: Item) -> Written:
        error = row.get("error")
        if error is not None:
            code = fields.label(error.get("code"), 100) if isinstance(error, dict) else ""
            return wish.refused(code)
        return writing.answered(wish, self._look.current(row, key))


def _key(row: Any) -> int | None:
    return fields.ident(row.get("id")) if isinstance(row, dict) else None


def _place(wish: Wish) -> tuple[str, int]:
    """The route that takes the wish, and its item's id. What is no id was not expected from the shop."""
    product, key = ids_of(wish.ref) or (0, 0)
    if product == key:
        return f"{PRODUCTS}/batch", key
    parent = fields.ident(wish.expected.handle.get("parent")) or product
    return f"{PRODUCTS}/{parent}/variations/batch", key


def _item(key: int, wishes: Sequence[Wish]) -> Item:
    item: Item = {"id": key}
    for wish in wishes:
        item |= _price(wish) if wish.field == PRICE else _quantity(wish)
    return item


def _price(wish: Wish) -> Item:
    rest = leftover(wish.expected)
    priced: Item = {"regular_price": writing.price_text(wish.wanted, wish.expected.currency)}
    # What is no sale at the price of now would begin to be one.
    return priced | ({"sale_price": ""} if rest is not None and rest < wish.wanted else {})


def _quantity(wish: Wish) -> Item:
    counting = {} if wish.expected.counts_stock else {"manage_stock": True}
    return counting | {"stock_quantity": wish.wanted}
