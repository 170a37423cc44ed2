"""Shopify apps: the installation's own, and those of single channels; and how their tokens are renewed."""

from collections.abc import Mapping
from typing import Any

from sync2sys.connectors.shopify import grants
from sync2sys.connectors.shopify.grants import App, line_to
from sync2sys.errors import StoreError, StoreRefusedKeys
from sync2sys.extensions import outbound, settings

PLATFORM = "shopify"


def configured_app() -> App | None:
    """The installation's own app; None where the settings name none."""
    if not settings.SHOPIFY_CLIENT_ID or not settings.SHOPIFY_CLIENT_SECRET:
        return None
    return App(settings.SHOPIFY_CLIENT_ID, settings.SHOPIFY_CLIENT_SECRET, settings.SHOPIFY_OLD_CLIENT_SECRET)


def app_of(client_id: str, own_secret: str | None) -> App | None:
    """The app with this id: one of a channel's own, or the installation's; None where that is another one."""
    if own_secret is not None:
        return App(client_id, own_secret)
    app = configured_app()
    return app if app is not None and app.client_id == client_id else None


def origin_of(domain: str) -> str:
    """Where the shop answers, and how a channel knows it."""
    return f"https://{domain}"


def options() -> dict[str, Any]:
    """How to talk to any shop, as the settings say."""
    return {"version": settings.SHOPIFY_API_VERSION}


def capabilities_of(domain: str) -> dict[str, Any]:
    """How to talk to the shop."""
    return {"domain": domain} | options()


def renewed(
    capabilities: Mapping[str, Any], credentials: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """The credentials that follow; see `grants.renewed`. Takes so many seconds at most."""
    domain = str(capabilities["domain"])
    app = app_of(credentials["client_id"], credentials.get("client_secret"))
    if app is None:
        raise StoreError(
            f"The Shopify app with which {domain} was connected is not set up here any more. Set "
            "SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET to it, or connect the shop again.",
            code=StoreRefusedKeys.code,
        )
    return grants.renewed(line_to(outbound, domain, total=seconds), app, credentials)
