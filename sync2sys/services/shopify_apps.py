"""Shopify apps: the installation's own, and those of single channels; and how their tokens are renewed."""

from collections.abc import Mapping
from typing import Any

from sync2sys.connectors.shopify.grants import App, Grant, GrantLost, line_to, own, renew
from sync2sys.extensions import outbound, settings

PLATFORM = "shopify"
#: How a token is come by that needs no consent page: the app and the shop are of one organization.
OWN = "own"


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


def capabilities_of(domain: str) -> dict[str, Any]:
    """How to talk to the shop."""
    return {"domain": domain, "version": settings.SHOPIFY_API_VERSION}


def token_of(grant: Grant) -> dict[str, Any]:
    found: dict[str, Any] = {"access_token": grant.access_token}
    if grant.expires_at is not None:
        found["expires_at"] = grant.expires_at.isoformat()
    if grant.refresh_token is not None:
        found["refresh_token"] = grant.refresh_token
    return found


def renewed(domain: str, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """The token that follows, as credentials.

    Raises GrantLost where the owner has to agree anew, StoreError otherwise.
    """
    app = app_of(credentials["client_id"], credentials.get("client_secret"))
    if app is None:
        raise GrantLost("The Shopify app of this channel is not set up here any more. Connect it again.")
    line = line_to(outbound, domain)
    if credentials.get("way") == OWN:
        return token_of(own(line, app))
    try:
        return _followed(renew(line, app, credentials["refresh_token"]), credentials)
    except GrantLost:
        # The answer that brought this one may have been taken back: the one before may still hold.
        before = credentials.get("refresh_token_before")
        if before is None:
            raise
        return _followed(renew(line, app, before), credentials)


def _followed(grant: Grant, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """The new token; what it was got by is kept until the next one is used."""
    kept = {"refresh_token": credentials["refresh_token"]}
    return kept | token_of(grant) | {"refresh_token_before": credentials["refresh_token"]}
