"""What Shopify signs with an app's secret: the way back from its consent page, and webhooks.

Source: https://shopify.dev/docs/apps/build/authentication-authorization, and Shopify's own libraries, which
differ in how they write values with special characters. Real values have none, and either way is taken.
"""

import base64
import hmac
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

Pairs = Sequence[tuple[str, str]]

MOST_PAIRS = 50
_HEX = re.compile("[0-9a-f]{64}")


class Unreadable(ValueError):
    """A query that no honest browser sends: a name that comes twice, or bytes that are no text."""


def parsed(query: bytes) -> dict[str, str]:
    """The parameters of a query string. Raises Unreadable.

    A name that comes twice is refused: what is checked and what is used might then differ.
    """
    parts = [part for part in query.split(b"&") if part]
    if len(parts) > MOST_PAIRS:
        raise Unreadable("too many parameters")
    found: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition(b"=")
        decoded = _decoded(name)
        if decoded in found:
            raise Unreadable("a parameter comes twice")
        found[decoded] = _decoded(value)
    return found


def _decoded(text: bytes) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None


def is_signed_query(parameters: dict[str, str], secrets: Iterable[str]) -> bool:
    """Whether one of the secrets signed all parameters but `hmac`, which says so. No secret, no signature."""
    given = parameters.get("hmac", "")
    if not _HEX.fullmatch(given):
        return False
    pairs = [(name, value) for name, value in parameters.items() if name != "hmac"]
    texts = (_encoded(pairs), _escaped(pairs))
    known = [_digest(secret, text).hex() for secret in secrets if secret for text in texts]
    return any(hmac.compare_digest(given, expected) for expected in known)


def is_signed_body(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets signed these very bytes; `signature` is in base64."""
    given = signature.encode("utf-8", "replace")
    known = [base64.b64encode(_digest(secret, body)) for secret in secrets if secret]
    return any(hmac.compare_digest(given, expected) for expected in known)


def _digest(secret: str, text: bytes) -> bytes:
    return hmac.new(secret.encode(), text, sha256).digest()


def _encoded(pairs: Pairs) -> bytes:
    """As @shopify/shopify-api writes them: percent-encoded, sorted by name."""
    return "&".join(f"{_form(name)}={_form(value)}" for name, value in sorted(pairs)).encode()


def _form(text: str) -> str:
    return quote(text, safe="*-._").replace("~", "%7E")


def _escaped(pairs: Pairs) -> bytes:
    """As ShopifyAPI writes them: as they are but for what parts them, sorted as wholes."""
    texts = [
        f"{name.replace('%', '%25').replace('=', '%3D')}={value.replace('%', '%25')}".replace("&", "%26")
        for name, value in pairs
    ]
    return "&".join(sorted(texts)).encode()
