"""Tokens of a shop: given for a code, for a refresh token, or to an app of the shop's own organization.

Source: https://shopify.dev/docs/apps/build/authentication-authorization. What Shopify says when it refuses
is told by its error's name and never repeated: it may be a page, and name what is secret.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from sync2sys.connectors.line import Line, Patience
from sync2sys.connectors.shopify import scopes
from sync2sys.errors import StoreBusy, StoreError, StoreGarbled, StoreRedirects, StoreRefusedKeys
from sync2sys.outbound import Reply

PATH = "/admin/oauth/access_token"
MAX_BYTES = 64 * 1024
#: How long a token lives that can be renewed, where the shop does not say.
USUAL_LIFE = timedelta(hours=1)
LONGEST_TOKEN = 4096
#: How a token is come by that needs no consent page: the app and the shop are of one organization.
OWN = "own"

_ERROR = re.compile(
    r"\b(invalid_[a-z]{1,30}|shop_not_permitted|app_not_installed|application_cannot_be_found|access_denied)\b"
)
_TOKEN = re.compile("[!-~]+")


class GrantLost(StoreRefusedKeys):
    """Shopify will give no token any more until the owner agrees anew."""

    final = True


@dataclass(frozen=True, slots=True)
class App:
    """An app at Shopify. Its secret may be an older one, too, while the new one spreads."""

    client_id: str
    secret: str = field(repr=False)
    old_secret: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(secret for secret in (self.secret, self.old_secret) if secret)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token and what it may do."""

    access_token: str = field(repr=False)
    scopes: frozenset[str]
    #: None: it does not expire
    expires_at: datetime | None = None
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def credentials(self) -> dict[str, Any]:
        """As they are kept, sealed."""
        found: dict[str, Any] = {"access_token": self.access_token}
        if self.expires_at is not None:
            found["expires_at"] = self.expires_at.isoformat()
        if self.refresh_token is not None:
            found["refresh_token"] = self.refresh_token
        return found


def exchange(line: Line, app: App, code: str) -> Grant:
    """The first token, for the code that came back from the consent page. Raises StoreError."""
    # Tokens that expire are what Shopify demands of most apps; others get one that does not.
    return _ask(line, app, {"code": code, "expiring": "1"})


def own(line: Line, app: App) -> Grant:
    """A token for a shop of the app's own organization, without a consent page. Raises StoreError."""
    began = datetime.now(UTC)
    grant = _ask(line, app, {"grant_type": "client_credentials"})
    return replace(grant, expires_at=grant.expires_at or began + USUAL_LIFE)


def renewed(line: Line, app: App, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """The credentials that follow. Raises GrantLost where the owner has to agree anew, StoreError otherwise.

    Shopify keeps taking the same refresh token until the next one is used, so an answer that was lost is
    asked for again; and the token by which ours was got is kept, for the answer that brought ours may have
    been taken back by another one.
    """
    if credentials.get("way") == OWN:
        return own(line, app).credentials
    lost = GrantLost(f"{line.host} gave a token that ends and cannot be renewed. Connect it again.")
    for name in ("refresh_token", "refresh_token_before"):
        token = credentials.get(name)
        if token is None:
            continue
        try:
            grant = _ask(line, app, {"grant_type": "refresh_token", "refresh_token": token})
        except GrantLost as error:
            lost = error
        else:
            return {"refresh_token": token} | grant.credentials | {"refresh_token_before": token}
    raise lost


def _ask(line: Line, app: App, body: dict[str, str]) -> Grant:
    sent = orjson.dumps({"client_id": app.client_id, "client_secret": app.secret} | body)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    began = datetime.now(UTC)

    def once() -> Grant:
        return _read(line.send("POST", f"https://{line.host}{PATH}", headers, sent), line.host, began)

    return line.patiently(once)


def _read(reply: Reply, host: str, began: datetime) -> Grant:
    if reply.status != 200:
        raise _refusal(reply, host)
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        found = None
    access_token = _token(found.get("access_token")) if isinstance(found, dict) else None
    if access_token is None:
        raise StoreGarbled(f"{host} answered without a token.")
    refresh_token, life = _token(found.get("refresh_token")), _seconds(found.get("expires_in"))
    if life is None and refresh_token is not None:
        life = USUAL_LIFE
    expires_at = began + life if life is not None else None
    return Grant(access_token, _scopes(found.get("scope")), expires_at, refresh_token)


def _refusal(reply: Reply, host: str) -> StoreError:
    if 300 <= reply.status < 400:
        return StoreRedirects(f"{host} sends us elsewhere. Is this the shop's own name?")
    if reply.status == 429 or reply.status >= 500:
        return StoreBusy(
            f"{host} gives no token at the moment ({reply.status}).", retry_after=reply.retry_after
        )
    name = _ERROR.search(reply.body.decode("utf-8", "replace"))
    return REFUSALS.get(name[1] if name else "", _unknown)(host)


def _unknown(host: str) -> StoreError:
    return StoreRefusedKeys(f"{host} refused to give a token. Check the app's client id and secret.")


#: Shopify's name of an error -> what to tell.
REFUSALS: dict[str, Callable[[str], StoreError]] = {
    "invalid_client": lambda host: StoreRefusedKeys(
        f"{host} does not know this app, or its secret is another one. Copy both from the app's settings."
    ),
    "application_cannot_be_found": lambda host: StoreRefusedKeys(
        f"{host} does not know this app. Copy its client id from the app's settings."
    ),
    "invalid_grant": lambda host: GrantLost(f"{host} has withdrawn its consent. Connect it again."),
    "invalid_request": lambda host: GrantLost(f"{host} does not take this any more. Connect it again."),
    "app_not_installed": lambda host: StoreRefusedKeys(
        f"Install the app in {host} first: in the Dev Dashboard, under the app's distribution."
    ),
    "shop_not_permitted": lambda host: StoreRefusedKeys(
        f"{host} does not belong to the app's own organization. Connect it by approval in Shopify instead."
    ),
}


def _token(value: Any) -> str | None:
    is_token = isinstance(value, str) and len(value) <= LONGEST_TOKEN and _TOKEN.fullmatch(value)
    return value if is_token else None


def _seconds(value: Any) -> timedelta | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:10])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**9:
        return None
    return timedelta(seconds=value)


def _scopes(value: Any) -> frozenset[str]:
    try:
        return scopes.parse(value if isinstance(value, str) else "")
    except ValueError:
        return frozenset()


def line_to(outbound: Any, domain: str, seconds: float = 20.0, total: float | None = None) -> Line:
    """A line for asking for tokens: so many seconds for one answer, and for all of them together."""
    patience = Patience(tries=3, seconds=15.0)
    return Line(outbound, domain, seconds=seconds, total=total, max_bytes=MAX_BYTES, patience=patience)
