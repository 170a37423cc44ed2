"""Webhooks of a shop: made where they are missing. Shopify takes one away after eight failed deliveries.

The three topics that the law demands are no subscriptions: they stand in the app's own settings.
"""

from collections.abc import Sequence
from typing import Any

from sync2sys.connectors.base import Hook
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin
from sync2sys.errors import StoreError, StoreGarbled

TOPICS = {
    "PRODUCTS_CREATE": "products/create",
    "PRODUCTS_UPDATE": "products/update",
    "PRODUCTS_DELETE": "products/delete",
    "INVENTORY_LEVELS_UPDATE": "inventory_levels/update",
    "SHOP_UPDATE": "shop/update",
    "BULK_OPERATIONS_FINISH": "bulk_operations/finish",
    "APP_SCOPES_UPDATE": "app/scopes_update",
    "APP_UNINSTALLED": "app/uninstalled",
}
#: A delivery is a hint: which product is all that is wanted to be told.
FIELDS = {
    "PRODUCTS_CREATE": ["id", "admin_graphql_api_id"],
    "PRODUCTS_UPDATE": ["id", "admin_graphql_api_id"],
}
ACTIVE, MADE, REFUSED = "active", "made", "refused"


def ensure(admin: Admin, address: str, former: Sequence[str] = ()) -> list[Hook]:
    """See that the shop tells this address of changes; how each webhook was found, or what was done.

    One that the app may not have is `refused`, the others are made all the same. Those for the former
    addresses are taken away; others may be of another service that uses the app. Raises StoreError.
    """
    rows = _listed(admin)
    known = {row.get("topic") for row in rows if row.get("uri") == address}
    hooks = [
        Hook(name, ACTIVE if topic in known else _made(admin, topic, address))
        for topic, name in TOPICS.items()
    ]
    # Last of all, so that the shop is never without one.
    for row in rows:
        if row.get("uri") in former and row.get("topic") in TOPICS:
            admin.ask(documents.REMOVE_HOOK, {"id": row.get("id")})
    return hooks


def _listed(admin: Admin) -> list[dict[str, Any]]:
    """The webhooks that the app has in the shop."""
    found = admin.ask(documents.HOOKS).get("webhookSubscriptions")
    nodes = found.get("nodes") if isinstance(found, dict) else None
    if not isinstance(nodes, list):
        raise StoreGarbled(f"{admin.host} did not list its webhooks.")
    return [row for row in nodes if isinstance(row, dict)]


def _made(admin: Admin, topic: str, address: str) -> str:
    wanted: dict[str, Any] = {"uri": address, "format": "JSON"}
    if topic in FIELDS:
        wanted["includeFields"] = FIELDS[topic]
    try:
        answer = admin.ask(documents.MAKE_HOOK, {"topic": topic, "hook": wanted})
    except StoreError as error:
        if error.retryable:
            raise
        return REFUSED
    made = answer.get("webhookSubscriptionCreate")
    return MADE if isinstance(made, dict) and made.get("webhookSubscription") else REFUSED
