"""Consumer keys, and the ways WooCommerce lets a request prove that it holds one.

Over TLS: the Basic header or the query string. Everywhere: OAuth 1.0a with one leg, signed in the
query or in the `Authorization` header. A request that proves nothing is an anonymous one, which is
why a wrong key and a right key on plain http get the very same answer.
"""

import base64
import binascii
import hmac
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from sync2sys.demo.web import Refusal, Request

#: seconds a signed request's clock may be off
WINDOW = 15 * 60

READS = frozenset({"GET", "HEAD"})
OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
DIGESTS = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}


@dataclass
class Key:
    """A REST key. It acts with the rights of `user`: administrator, shop_manager or customer."""

    key: str = field(default_factory=lambda: f"ck_{secrets.token_hex(20)}")
    secret: str = field(default_factory=lambda: f"cs_{secrets.token_hex(20)}")
    #: read, write or read_write
    permissions: str = "read_write"
    user: str = "administrator"
    #: the nonces that OAuth used up, with their timestamps
    nonces: dict[str, int] = field(default_factory=dict)

    @property
    def manages(self) -> bool:
        return self.user in ("administrator", "shop_manager")

    def check_method(self, method: str) -> None:
        """Raise Refusal if the key's permissions do not cover the method."""
        needed = "read" if method in READS else "write"
        if method != "OPTIONS" and needed not in self.permissions:
            raise refused(f"The API key provided does not have {needed} permissions.")


def refused(message: str) -> Refusal:
    return Refusal(401, "woocommerce_rest_authentication_error", message)


def holder(
    keys: dict[str, Key], request: Request, home: str, secure: bool, now: float | None = None
) -> Key | None:
    """The key that the request proves to hold, None for an anonymous one. Raises Refusal.

    `home` is the shop's address as WordPress knows it, `secure` whether WordPress sees TLS.
    """
    fault = None
    if secure:
        try:
            key = _with_secret(keys, request)
        except Refusal as error:
            key, fault = None, error
        if key is not None:
            return key
    signed = _oauth_parameters(request)
    if signed:
        return _signed(keys, request, home, signed, time.time() if now is None else now)
    if fault is not None:
        raise fault
    return None


def _with_secret(keys: dict[str, Key], request: Request) -> Key | None:
    name, secret = request.query.get("consumer_key"), request.query.get("consumer_secret")
    if not (name and secret):
        name, secret = _basic(request.headers.get("Authorization", ""))
    key = keys.get(name) if isinstance(name, str) else None
    if key is None or not secret:
        return None
    if not hmac.compare_digest(key.secret.encode(), str(secret).encode()):
        raise refused("Consumer secret is invalid.")
    return key


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _oauth_parameters(request: Request) -> dict[str, Any]:
    """All parameters of a signed request; empty where nobody tried to sign. Raises Refusal."""
    found = {**request.query, **_oauth_header(request.headers.get("Authorization", ""))}
    missing = [name for name in OAUTH if not found.get(name)]
    if len(missing) == len(OAUTH):
        return {}
    if missing:
        plural = "s" if len(missing) > 1 else ""
        message = f"Missing OAuth parameter{plural} {', '.join(missing)}"
        raise Refusal(401, "woocommerce_rest_authentication_missing_parameter", message)
    return found


def _oauth_header(header: str) -> dict[str, str]:
    if not header.strip().lower().startswith("oauth "):
        return {}
    pairs = re.findall(r'(oauth_[a-z_-]*)=(?:"([^"]*)"|([^,]*))', header)
    return {name: unquote_plus(quoted or bare) for name, quoted, bare in pairs}


def _signed(keys: dict[str, Key], request: Request, home: str, given: dict[str, Any], now: float) -> Key:
    key = keys.get(given["oauth_consumer_key"])
    if key is None:
        raise refused("Consumer key is invalid.")
    digest = DIGESTS.get(given["oauth_signature_method"])
    if digest is None:
        raise refused("Invalid signature - signature method is invalid.")
    expected = signature(request.method, base_url(request, home), given, key.secret, digest)
    if not hmac.compare_digest(
        expected.encode(), unquote(given["oauth_signature"].replace(" ", "+")).encode()
    ):
        raise refused("Invalid signature - provided signature does not match.")
    _check_freshness(key, given, now)
    return key


def _check_freshness(key: Key, given: dict[str, Any], now: float) -> None:
    try:
        stamp = int(given["oauth_timestamp"])
    except ValueError:
        stamp = 0
    if abs(now - stamp) > WINDOW:
        raise refused("Invalid timestamp.")
    if given["oauth_nonce"] in key.nonces:
        raise refused("Invalid nonce - nonce has already been used.")
    for nonce in [nonce for nonce, used in key.nonces.items() if now - used > WINDOW]:
        del key.nonces[nonce]
    key.nonces[given["oauth_nonce"]] = stamp


def base_url(request: Request, home: str) -> str:
    """The URL that WooCommerce puts in the base string: its home, and the path below it as sent."""
    path = request.target.partition("?")[0]
    folder = "/" + home.partition("://")[2].partition("/")[2]
    if folder != "/" and path.startswith(folder):
        path = path[len(folder) :]
    path = path.lstrip("/")
    return f"{home}/{path}" if path else home


def signature(method: str, url: str, parameters: dict[str, Any], secret: str, digest: str) -> str:
    """The OAuth 1.0a signature, base64. The key of the HMAC is the consumer's secret and `&`."""
    pairs = sorted((_escape(name), _escape(value)) for name, value in _flat(parameters))
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _escape(url), _escape(joined)))
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), base.encode(), digest)).decode()


def _flat(parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in parameters.items():
        if name == "oauth_signature":
            continue
        if isinstance(value, dict):
            # PHP has numbered `a[]`, so only a client that signed `a[0]` gets the same string.
            yield from ((f"{name}[{index}]", item) for index, item in value.items())
        else:
            yield name, value


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
