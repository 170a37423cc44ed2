"""Who is signed in: a signed cookie names a token's row, and the row says whether that still counts."""

import functools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request, session

from sync2sys.database import transaction
from sync2sys.models import Token
from sync2sys.services import tokens

SIGN_IN = "/sign-in"
#: Where a sign-in leads that came from nowhere.
HOME = "/sales-channels"
KEY = "jti"
#: A path here, to the letter: what else a browser would make of it, it is not.
PATH = re.compile(r"/(?:[A-Za-z0-9._~-][A-Za-z0-9._~/?&=%+-]*)?")


def register(app: Flask) -> None:
    """Make Flask's cookie one that is sent to us alone, and that only we can write."""
    settings, vault = (app.extensions["sync2sys"][name] for name in ("settings", "vault"))
    is_secure = settings.PUBLIC_URL.startswith("https:")
    app.config.update(
        SECRET_KEY=vault.cookie_keys[0],
        SECRET_KEY_FALLBACKS=vault.cookie_keys[1:],
        # By this name a browser takes it over https only, and from no neighbouring name.
        SESSION_COOKIE_NAME="__Host-sync2sys" if is_secure else "sync2sys",
        SESSION_COOKIE_SECURE=is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        # Lax: who comes back from Shopify is still signed in.
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=tokens.SESSION_LIFE,
    )


def begin(jti: str) -> None:
    """Let this browser be signed in by a token, with nothing left of what its cookie held before."""
    session.clear()
    session[KEY] = jti
    session.permanent = True


def end() -> None:
    """Let the browser forget; the token's row is the caller's."""
    session.clear()


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Only for who is signed in, `g.token`; others sign in first and come back to what they wanted to see."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        token = current()
        if token is None:
            return _to_sign_in()
        g.token = token
        if tokens.needs_touch(token):
            transaction(tokens.touch)(token.jti)
        return view(*args, **kwargs)

    guarded.access = frozenset({"session"})  # type: ignore[attr-defined]
    return guarded


def current() -> Token | None:
    """The token of this browser's sign-in, if it still counts."""
    token = tokens.find(str(session.get(KEY, "")))
    is_session = token is not None and (token.kind, token.state) == ("session", "active")
    return token if is_session else None


def _to_sign_in() -> Response:
    wanted = request.full_path.removesuffix("?") if request.method == "GET" else HOME
    return leave_for(f"{SIGN_IN}?{urlencode({'next': wanted})}")


def local(address: str | None) -> str:
    """The address if it is a path here; otherwise where one begins."""
    return address if address and PATH.fullmatch(address) else HOME


def leave_for(address: str) -> Response:
    """Send the browser there with a GET, whatever it came with."""
    response = redirect(address, 303)
    assert isinstance(response, Response)
    return response
