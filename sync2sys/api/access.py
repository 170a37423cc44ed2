"""Who may call a route. Every route says so, by `@public` or `@access(…)`; a test sees to it.

A JWT only names a row; what it may do stands in that row, so a change of rights counts at once.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jwt as pyjwt
from flask import Flask, Response, g
from flask_jwt_extended import create_access_token, create_refresh_token, verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException

from sync2sys.api import errors
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.errors import Forbidden, Unauthorized
from sync2sys.extensions import db, jwt, vault
from sync2sys.models import Token
from sync2sys.services import tokens

View = TypeVar("View", bound=Callable[..., Any])

ISSUER = "sync2sys"
AUDIENCE = "sync2sys-api"
REFUSED = "A valid token is needed: Authorization: Bearer <token>."


def public(view: View) -> View:
    """Anybody may call it."""
    view.access = frozenset({"public"})  # type: ignore[attr-defined]
    return view


def access(*typs: str, kind: str = "access", after_disconnect: bool = False) -> Callable[..., Any]:
    """Only tokens of these types: plugin, panel. The token's row is `g.token`.

    `after_disconnect` also lets the tokens of a disconnected installation in.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            verify_jwt_in_request(refresh=kind == "refresh")
            token = g.token
            if token.state == "disconnected" and not after_disconnect:
                raise Unauthorized(REFUSED)
            if token.typ not in typs:
                raise Forbidden("This token is not for this address.")
            if tokens.needs_touch(token):
                transaction(tokens.touch)(token.jti)
            return view(*args, **kwargs)

        guarded.access = frozenset(typs)  # type: ignore[attr-defined]
        return Blueprint.doc(security=[{"bearer": []}])(guarded)

    return decorate


def presented() -> Token | None:
    """The token that came along with a public call, if it may be used; a faulty one is ignored.

    A plugin that connects again sends the token it has, and that one may be long dead.
    """
    try:
        verify_jwt_in_request(optional=True)
    except (JWTExtendedException, pyjwt.PyJWTError, RuntimeError):
        return None
    token: Token | None = g.get("token")
    return token if token is not None and token.state == "active" else None


def encode(token: Token) -> str:
    """The JWT that names this row."""
    subject = token.installation_id if token.typ == "plugin" else token.user_id
    make = create_refresh_token if token.kind == "refresh" else create_access_token
    # The plugin's claim outlives its row on purpose: the row can be proved later, the claim cannot change.
    life = tokens.PROVED_LIFE if token.typ == "plugin" else token.expires_at - token.created_at
    return make(
        identity=subject,
        expires_delta=life,
        additional_claims={"jti": token.jti, "typ": token.typ},
        additional_headers={"kid": vault.kids[0]},
    )


def register(app: Flask) -> None:
    """Teach flask-jwt-extended our keys, our rows and our one answer to whatever is wrong."""
    app.config.update(
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_TOKEN_LOCATION=["headers"],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_LEEWAY=30,
    )
    jwt.init_app(app)
    jwt.encode_key_loader(lambda identity: vault.token_keys[vault.kids[0]])
    jwt.decode_key_loader(_key_of)
    jwt.token_in_blocklist_loader(_is_refused)
    jwt.unauthorized_loader(_refuse)
    jwt.invalid_token_loader(_refuse)
    jwt.expired_token_loader(_refuse)
    jwt.revoked_token_loader(_refuse)
    jwt.needs_fresh_token_loader(_refuse)
    jwt.user_lookup_error_loader(_refuse)
    jwt.token_verification_failed_loader(_refuse)


def _key_of(headers: dict[str, Any], claims: dict[str, Any]) -> str:
    key = vault.token_keys.get(str(headers.get("kid")))
    if key is None:
        raise pyjwt.InvalidTokenError("unknown key")
    return key


def _is_refused(headers: dict[str, Any], claims: dict[str, Any]) -> bool:
    """An allow-list: no row, no rights. The row has to say the same as the token."""
    token = tokens.find(str(claims.get("jti")))
    if token is None or token.typ != claims.get("typ") or token.kind != claims.get("type"):
        return True
    if claims.get("sub") != (token.installation_id if token.typ == "plugin" else token.user_id):
        return True
    g.token = token
    return False


def _refuse(*reason: object) -> Response:
    db.session.rollback()
    response = errors.answer(401, REFUSED)
    response.headers["WWW-Authenticate"] = 'Bearer realm="sync2sys"'
    return response
