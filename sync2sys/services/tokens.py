"""Tokens as rows: what one may do is read from its row at every call.

A register token is unproved: it sees only what it made itself. Connecting a store proves a
token; nobody else's proof ever does. The edge turns a row into a JWT and back.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from sync2sys.errors import Unauthorized
from sync2sys.extensions import db
from sync2sys.models import Installation, Token, User
from sync2sys.models.base import now

UNPROVED_LIFE = timedelta(days=7)
PROVED_LIFE = timedelta(days=5 * 365)
IDLE_LIFE = timedelta(days=180)
ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=14)
SESSION_LIFE = timedelta(days=14)
#: How precisely the last use is known; keeps reading from writing at every request.
TOUCH_EVERY = timedelta(hours=1)
ACTIVE_PER_INSTALLATION = 5


@dataclass(frozen=True)
class PanelTokens:
    access: Token
    refresh: Token


def issue_plugin(installation: Installation, *, proved: bool) -> Token:
    """A new plugin token. More than five of its sort end the oldest."""
    token = Token(
        jti=_secret(),
        typ="plugin",
        proved=proved,
        user_id=installation.user_id,
        installation_id=installation.id,
        organization_id=installation.organization_id if proved else None,
        expires_at=now() + (PROVED_LIFE if proved else UNPROVED_LIFE),
    )
    db.session.add(token)
    db.session.flush()
    _end_oldest(installation.id, proved)
    return token


def _end_oldest(installation_id: str, proved: bool) -> None:
    # Counted by sort, so that a stranger who registers often ends only strangers' tokens.
    surplus = db.session.scalars(
        select(Token.jti)
        .filter_by(installation_id=installation_id, state="active", proved=proved)
        .order_by(Token.created_at.desc(), Token.jti)
        .offset(ACTIVE_PER_INSTALLATION)
    ).all()
    if surplus:
        db.session.execute(update(Token).where(Token.jti.in_(surplus)).values(state="revoked"))


def prove(token: Token, installation: Installation) -> None:
    """Upgrade the very token that came with a successful connect."""
    token.proved = True
    token.organization_id = installation.organization_id
    token.expires_at = now() + PROVED_LIFE


def end_installation(installation: Installation, state: str) -> None:
    """End all its live tokens: `disconnected` may still repeat the disconnect, `revoked` nothing."""
    db.session.execute(
        update(Token).filter_by(installation_id=installation.id, state="active").values(state=state)
    )


def issue_panel(user: User, family: str | None = None) -> PanelTokens:
    """An access token and the refresh token that follows it up."""
    family = family or _secret()
    access, refresh = (
        Token(
            jti=_secret(),
            typ="panel",
            kind=kind,
            proved=True,
            user_id=user.id,
            family=family,
            expires_at=now() + life,
        )
        for kind, life in (("access", ACCESS_LIFE), ("refresh", REFRESH_LIFE))
    )
    db.session.add_all([access, refresh])
    db.session.flush()
    return PanelTokens(access, refresh)


def issue_session(user: User) -> Token:
    """What a browser that signed in has: good for the pages until it signs out, or for two weeks."""
    token = Token(
        jti=_secret(),
        typ="panel",
        kind="session",
        proved=True,
        user_id=user.id,
        family=_secret(),
        expires_at=now() + SESSION_LIFE,
    )
    db.session.add(token)
    db.session.flush()
    return token


def refresh(jti: str) -> PanelTokens:
    """Exchange a refresh token, once. Raises Unauthorized.

    A second use means that somebody has a copy, and nobody can tell who: the whole sign-in ends.
    That end must be kept though the call fails, so the caller commits when `Reused` is raised.
    """
    token = db.session.get(Token, jti, with_for_update=True, populate_existing=True)
    if token is None or token.kind != "refresh" or token.expires_at <= now():
        raise Unauthorized("This refresh token is not valid. Sign in again.")
    if token.state != "active":
        end_family(token.family)
        raise Reused("This refresh token was used before. Sign in again.")
    token.state = "used"
    db.session.execute(
        update(Token).filter_by(family=token.family, kind="access", state="active").values(state="revoked")
    )
    return issue_panel(token.user, token.family)


class Reused(Unauthorized):
    """A refresh token came twice."""


def end_family(family: str | None) -> None:
    """End every token of one sign-in."""
    if family is not None:
        db.session.execute(update(Token).filter_by(family=family).values(state="revoked"))


def end_sign_ins(user: User) -> None:
    """End every sign-in of a panel account, wherever it is."""
    db.session.execute(
        update(Token).filter_by(user_id=user.id, typ="panel", state="active").values(state="revoked")
    )


def find(jti: str) -> Token | None:
    """The token's row if it may still be used for something."""
    token = db.session.get(Token, jti)
    if token is None or token.state == "revoked":
        return None
    moment = now()
    if token.expires_at <= moment or token.used_at <= moment - IDLE_LIFE:
        return None
    return token


def needs_touch(token: Token) -> bool:
    """Whether its last use was long enough ago to be written down."""
    return token.used_at <= now() - TOUCH_EVERY


def touch(jti: str) -> None:
    """Note that the token was used."""
    db.session.execute(update(Token).filter_by(jti=jti).values(used_at=now()))


def _secret() -> str:
    return secrets.token_urlsafe(24)
