"""Webhooks of a shop: made where they are missing, made anew where the shop gave them up.

WooCommerce switches a webhook off after five deliveries in a row that failed, and tells nobody. Switched on
again it would go off at the next failure; one that is made anew begins to count anew.
"""

from typing import Any

from sync2sys.connectors import fields
from sync2sys.connectors.base import Hook
from sync2sys.connectors.woocommerce import answers
from sync2sys.connectors.woocommerce.client import Client
from sync2sys.errors import ReadOnlyKey, StoreGarbled

ROUTE = "wc/v3/webhooks"
TOPICS = ("product.created", "product.updated", "product.deleted", "product.restored")
ACTIVE, RENEWED, MADE = "active", "renewed", "made"


def ensure(client: Client, address: str, secret: str) -> list[Hook]:
    """See that the shop tells this address of changes; how each webhook was found, or what was done.

    Raises ReadOnlyKey where the key may not make any, StoreError otherwise.
    """
    listing = client.entries(ROUTE, [("per_page", "100"), ("status", "all")])
    ours = [row for row in listing.items if row.get("delivery_url") == address]
    return [_ensured(client, topic, ours, address, secret) for topic in TOPICS]


def _ensured(client: Client, topic: str, ours: list[dict[str, Any]], address: str, secret: str) -> Hook:
    known = [row for row in ours if row.get("topic") == topic]
    working = [row for row in known if row.get("status") == ACTIVE]
    for row in known:
        if row not in working[:1]:
            _write(client, "DELETE", f"{ROUTE}/{fields.ident(row.get('id'))}?force=true")
    if working:
        return Hook(topic, ACTIVE)
    name = {"name": f"Sync2Sys {topic}", "topic": topic, "delivery_url": address, "secret": secret}
    made = _write(client, "POST", ROUTE, name)
    if made.get("status") != ACTIVE:
        raise StoreGarbled(f"{client.host} did not make a webhook.")
    return Hook(topic, RENEWED if known else MADE)


def _write(client: Client, method: str, route: str, body: Any = None) -> dict[str, Any]:
    path, _, force = route.partition("?")
    pairs = [("force", "true")] if force else []
    answer = client.once(path, pairs, method=method, body=body)
    if answer.ok and isinstance(answer.data, dict):
        return answer.data
    if answer.status in (401, 403) and answer.code:
        raise ReadOnlyKey(
            f"The key of {client.host} may not make webhooks. Give it read/write rights, and connect again."
        )
    raise answers.refusal(answer, client.host)
