"""Webhooks of a shop: made where they are missing, made anew where the shop gave them up.

WooCommerce switches a webhook off after more than five failed deliveries in a row, and tells nobody. Switched
on again it would go off at the next failure; one that is made anew begins to count anew.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sync2sys.connectors import fields
from sync2sys.connectors.base import Hook
from sync2sys.connectors.woocommerce import answers
from sync2sys.connectors.woocommerce.auth import Pairs
from sync2sys.connectors.woocommerce.client import Client
from sync2sys.errors import ReadOnlyKey, StoreGarbled

ROUTE = "wc/v3/webhooks"
TOPICS = ("product.created", "product.updated", "product.deleted", "product.restored")
ACTIVE, RENEWED, MADE = "active", "renewed", "made"
PER_PAGE = 100
#: A shop that lists more webhooks than that lists them wrongly.
PAGES = 20

Row = dict[str, Any]


def ensure(client: Client, address: str, secret: str, former: Sequence[str] = ()) -> list[Hook]:
    """See that the shop tells this address of changes; how each webhook was found, or what was done.

    Ours are those that deliver to the address, or to one of the former ones, which are replaced. So is one
    whose query differs: it was made for another secret. Raises ReadOnlyKey where the key may not make any,
    StoreError otherwise.
    """
    places = {_without_query(place) for place in (address, *former)}
    ours = [row for row in _listed(client) if _without_query(row.get("delivery_url")) in places]
    return [_ensured(client, topic, ours, address, secret) for topic in TOPICS]


def _without_query(address: Any) -> str:
    return str(address).partition("?")[0]


def _listed(client: Client) -> list[Row]:
    """All webhooks of the shop, other people's too."""
    found: list[Row] = []
    for page in range(1, PAGES + 1):
        pairs = [("status", "all"), ("per_page", str(PER_PAGE)), ("page", str(page))]
        listing = client.entries(ROUTE, pairs)
        found += listing.items
        if len(found) >= listing.total or not listing.items:
            return found
    raise StoreGarbled(f"{client.host} lists its webhooks without an end.")


def _ensured(client: Client, topic: str, ours: list[Row], address: str, secret: str) -> Hook:
    known = [row for row in ours if row.get("topic") == topic]
    working = [row for row in known if row.get("status") == ACTIVE and row.get("delivery_url") == address]
    if not working:
        # First of all, so that the shop is never without one.
        _make(client, topic, address, secret)
    for row in known:
        if row not in working[:1]:
            _remove(client, row)
    if working:
        return Hook(topic, ACTIVE)
    return Hook(topic, RENEWED if known else MADE)


def _make(client: Client, topic: str, address: str, secret: str) -> None:
    wanted = {"name": f"Sync2Sys {topic}", "topic": topic, "delivery_url": address, "secret": secret}
    made = _write(client, "POST", ROUTE, body=wanted)
    if not isinstance(made, dict) or made.get("status") != ACTIVE:
        raise StoreGarbled(f"{client.host} did not make a webhook.")


def _remove(client: Client, row: Row) -> None:
    with suppress(answers.Missing):  # if somebody else was faster
        _write(client, "DELETE", f"{ROUTE}/{fields.ident(row.get('id'))}", [("force", "true")])


def _write(client: Client, method: str, route: str, pairs: Pairs = (), body: Any = None) -> Any:
    # Not tried again at once: a webhook whose answer was lost is found by the next look.
    answer = client.once(route, pairs, method=method, body=body)
    if answer.ok:
        return answer.data
    if answer.status in (401, 403) and answer.code:
        raise ReadOnlyKey(
            f"The key of {client.host} may not make webhooks ({answer.code[:100]}). Give it read/write "
            "rights under WooCommerce > Settings > Advanced > REST API, for an administrator or shop manager."
        )
    raise answers.refusal(answer, client.host)
