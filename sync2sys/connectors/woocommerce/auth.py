"""The four ways in which WooCommerce lets a key and its secret in.

Basic and the query string work only where WordPress knows that it is called over TLS. OAuth 1.0a works
everywhere, but costs the shop a write to its database at every request, and a signature fits one request.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, urlsplit

Pairs = Sequence[tuple[str, str]]


class Way(StrEnum):
    BASIC = "basic"
    #: the header is lost on its way through some web servers; the query is not, but ends up in their logs
    QUERY = "query"
    OAUTH = "oauth"
    #: TLS ends at a proxy and WordPress believes that it is called by http://
    OAUTH_AS_HTTP = "oauth_http"

    @property
    def signs(self) -> bool:
        return self in (Way.OAUTH, Way.OAUTH_AS_HTTP)


def ways_for(url: str) -> tuple[Way, ...]:
    """What can be tried at an address, the best first. Nothing but signatures goes over plain http."""
    if urlsplit(url).scheme == "https":
        return (Way.BASIC, Way.QUERY, Way.OAUTH, Way.OAUTH_AS_HTTP)
    return (Way.OAUTH,)


@dataclass(frozen=True, slots=True)
class Keys:
    key: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def bogus(cls) -> "Keys":
        """A pair of the right form that no shop has."""
        return cls(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}")

    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()


def encoded(pairs: Pairs) -> str:
    """A query string. Slashes stay as they are: WooCommerce looks for them in the raw address."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='/,:')}" for name, value in pairs)


def signing_url(url: str, home: str, way: Way) -> str:
    """The address that the shop believes it was called by.

    WooCommerce puts it together from the host of its own home address, the path of the request, and
    the scheme it sees.
    """
    asked = urlsplit(url)
    host = urlsplit(home).netloc or asked.netloc
    scheme = "http" if way is Way.OAUTH_AS_HTTP else asked.scheme
    return f"{scheme}://{host}{asked.path}"


def signed(
    method: str,
    url: str,
    pairs: Pairs,
    keys: Keys,
    *,
    nonce: str | None = None,
    timestamp: int | None = None,
) -> list[tuple[str, str]]:
    """The query's pairs with OAuth 1.0a's own ones, the signature last. `url` is without a query."""
    own = [
        ("oauth_consumer_key", keys.key),
        ("oauth_nonce", nonce or secrets.token_hex(16)),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", str(int(time.time()) if timestamp is None else timestamp)),
        ("oauth_version", "1.0"),
    ]
    everything = [*pairs, *own]
    return [*everything, ("oauth_signature", signature(method, url, everything, keys.secret))]


def signature(method: str, url: str, pairs: Pairs, secret: str) -> str:
    """HMAC-SHA256 over RFC 5849's base string. There is no token, so the key ends with a bare "&"."""
    parameters = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(pairs))
    base = "&".join((method.upper(), _escaped(url), _escaped(parameters)))
    digest = hmac.new(f"{_escaped(secret)}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
