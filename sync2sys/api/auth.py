"""/api/auth: silent registration, account status, and signing in."""

from typing import Any

from flask import g

from sync2sys.api import rates
from sync2sys.api.access import access, encode, public
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.extensions import client_key, db, settings
from sync2sys.models import Organization, Token
from sync2sys.schemas import auth as schemas
from sync2sys.services import accounts, organizations, stores, tokens

bp = Blueprint("auth", __name__, url_prefix="/api/auth", description="Accounts and tokens")


@bp.post("/register-from-plugin")
@public
@bp.arguments(schemas.RegisterFromPlugin)
@bp.response(200, schemas.Registered)
def register(body: dict[str, Any]) -> dict[str, Any]:
    """Register a plugin's store silently.

    The token may call every endpoint, but sees only what it made itself until the store is connected.
    """
    rates.take(f"{settings.REGISTER_RATE}/hour", "register", client_key())
    return _register(body["email"], body["storeUrl"])


@transaction
def _register(email: str, origin: str) -> dict[str, Any]:
    registered = accounts.register(email, origin)
    token = tokens.issue_plugin(registered.installation, proved=False)
    return {
        "token": encode(token),
        "user": {"id": registered.user.id, "email": registered.user.email},
        "isNewAccount": registered.is_new,
    }


@bp.get("/account-status")
@access("plugin", "panel")
@bp.response(200, schemas.AccountStatus)
def account_status() -> dict[str, Any]:
    """Tell whether the store is connected, and under which plan."""
    token: Token = g.token
    organization = _organization_of(token)
    return {
        "connected": any(channel.state == "connected" for channel in stores.visible_channels(token)),
        "email": token.user.email,
        "plan": organization.plan if organization else settings.DEFAULT_PLAN,
        "organizationName": organization.name if organization else "",
    }


def _organization_of(token: Token) -> Organization | None:
    ids = organizations.visible_to(token)
    return db.session.get(Organization, ids[0]) if ids else None


@bp.post("/login")
@public
@bp.arguments(schemas.Login)
@bp.response(200, schemas.SignedIn)
def login(body: dict[str, Any]) -> dict[str, Any]:
    """Sign in to the panel account."""
    with rates.guessing(body["email"]):
        return _login(body["email"], body["password"])


@transaction
def _login(email: str, password: str) -> dict[str, Any]:
    return _signed_in(tokens.issue_panel(accounts.login(email, password)))


@bp.post("/refresh")
@access("panel", kind="refresh")
@bp.response(200, schemas.SignedIn)
def refresh() -> dict[str, Any]:
    """Exchange a refresh token for new tokens. Each refresh token works once."""
    try:
        return _refresh(g.token.jti)
    except tokens.Reused:
        transaction(tokens.end_family)(g.token.family)
        raise


@transaction
def _refresh(jti: str) -> dict[str, Any]:
    return _signed_in(tokens.refresh(jti))


@bp.post("/logout")
@access("panel")
@bp.response(204)
@transaction
def logout() -> None:
    """Sign out: every token of this sign-in ends."""
    tokens.end_family(g.token.family)


def _signed_in(issued: tokens.PanelTokens) -> dict[str, Any]:
    user = issued.access.user
    return {
        "token": encode(issued.access),
        "user": {"id": user.id, "email": user.email},
        "refreshToken": encode(issued.refresh),
        "expiresIn": int(tokens.ACCESS_LIFE.total_seconds()),
    }
