"""What a shop answered: believed only if it is what was asked for.

An answer counts if its status is 2xx, its type is JSON, it parses, and it has the expected shape.
A refusal is told apart by its `code`; its message is in the shop's language and decides nothing.
"""

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import orjson

from sync2sys.connectors.line import NotNow, TooLate
from sync2sys.connectors.woocommerce.auth import Keys
from sync2sys.errors import (
    NotWooCommerce,
    StoreBusy,
    StoreError,
    StoreGarbled,
    StoreRedirects,
    StoreRefusedKeys,
    StoreUnreachable,
)
from sync2sys.outbound import Reply

EXCERPT = 200
#: how many places in front of a broken answer are tried as the beginning of its JSON
BEGINNINGS = 50
#: bytes of a comment behind an answer
COMMENT = 1000

#: codes with which WooCommerce refuses a key, or who it belongs to
UNAUTHENTICATED = "woocommerce_rest_cannot_view"
BAD_AUTHENTICATION = "woocommerce_rest_authentication_error"
NO_ROUTE = "rest_no_route"


class TooHeavy(StoreBusy):
    """The shop broke down over a request; a smaller one may do."""


class TurnedAway(StoreUnreachable):
    """Something in front of the shop keeps us out, until its owner lets us in."""

    retryable = False


class Missing(StoreError):
    """The API is there, the thing asked for is not."""


#: errors after which asking for less may help: a page that ends in an error message is one of them
HEAVY: tuple[type[StoreError], ...] = (TooHeavy, TooLate, StoreGarbled)

_BOM = b"\xef\xbb\xbf"
_JSON_TYPE = re.compile(r"(?:application|text)/(?:[\w.-]+\+)?json", re.IGNORECASE)
_LOOKS_SECRET = re.compile(r"\bc[ks]_[0-9A-Za-z]{8,}")
_OPENING = re.compile(r"[\[{]")
_TROUBLE = {
    500: "broke down over the request (500); its PHP error log says why, often a plugin or too little memory",
    502: "is overloaded or its PHP is not running (502)",
    503: "is in maintenance or overloaded (503); an update is usually over in seconds",
    504: "took too long to answer its own web server (504)",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A shop's JSON, or its refusal."""

    status: int
    #: the parsed body; None where it is not JSON
    data: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    seconds: float

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The error's code; "" where the answer does not come from the REST API."""
        return self._word("code")

    @property
    def message(self) -> str:
        return self._word("message")

    def _word(self, name: str) -> str:
        word = self.data.get(name) if isinstance(self.data, dict) and not self.ok else None
        return word if isinstance(word, str) else ""


def read(reply: Reply, host: str, keys: Iterable[Keys] = ()) -> Answer:
    """Take a reply for what it is.

    Raises StoreRedirects, StoreBusy, StoreGarbled or StoreUnreachable where it is neither the API's
    answer nor its refusal.
    """
    if 300 <= reply.status < 400:
        raise redirected(reply, host)
    if reply.headers.get("cf-mitigated", "").lower() == "challenge":
        raise TurnedAway(
            f"Cloudflare in front of {host} holds us for a robot and asks for a check that only a browser "
            "can pass. Add a rule there that lets requests through whose User-Agent begins with Sync2Sys."
        )
    if reply.status in (408, 425, 429) or reply.status >= 500:
        raise _busy(reply, host)
    if reply.status < 300:
        return Answer(reply.status, _body(reply, host, keys), reply.headers, reply.seconds)
    return Answer(reply.status, _if_json(reply), reply.headers, reply.seconds)


def redirected(reply: Reply, host: str) -> StoreRedirects:
    """The error for a redirect, which nothing with credentials may follow."""
    asked, target, scheme = urlsplit(reply.url), "nowhere", ""
    with contextlib.suppress(ValueError):
        found = urlsplit(urljoin(reply.url, reply.headers.get("Location", "")))
        target, scheme = "".join(filter(str.isprintable, found.hostname or "nowhere")), found.scheme
    if target.strip(".") == asked.hostname and (asked.scheme, scheme) == ("http", "https"):
        return StoreRedirects(f"{host} redirects to https://. Connect it with its https:// address.")
    if target.strip(".") == asked.hostname:
        return StoreRedirects(
            f"{host} redirects requests for its API to another page of its own. "
            "Connect it with the address its shop pages show."
        )
    return StoreRedirects(
        f"{host} redirects to {target[:253]}. If that is your shop, connect it with that address."
    )


def _busy(reply: Reply, host: str) -> StoreBusy:
    wait = reply.retry_after
    if reply.status == 429:
        said = "limits how often it may be asked (429), or its host does"
    else:
        said = _TROUBLE.get(reply.status, f"is not available ({reply.status})")
    kinds: dict[int, type[StoreBusy]] = {429: NotNow, 500: TooHeavy, 502: TooHeavy, 504: TooHeavy}
    kind = kinds.get(reply.status, StoreBusy)
    later = f" It asks for a pause of {wait:.0f} seconds." if wait else ""
    return kind(f"{host} {said}.{later}", retry_after=wait)


def _body(reply: Reply, host: str, keys: Iterable[Keys]) -> Any:
    kind = reply.headers.get("Content-Type", "")
    if not _JSON_TYPE.match(kind.strip()):
        raise StoreGarbled(
            f"{host} answered with a page where data was expected. It began: {excerpt(reply.body, keys)}"
        )
    try:
        return document(reply.body)
    except ValueError:
        raise StoreGarbled(
            f"{host} sent data that cannot be read, mostly because a plugin prints warnings into it. "
            f"It began: {excerpt(reply.body, keys)}"
        ) from None


def _if_json(reply: Reply) -> Any:
    try:
        return document(reply.body)
    except ValueError:
        return None


def document(body: bytes) -> Any:
    """The JSON in a body: behind a BOM and what PHP printed before it, up to the end or a cache's comment.

    Raises ValueError.
    """
    body = body.removeprefix(_BOM)
    try:
        return orjson.loads(_without_comments(body))
    except ValueError:
        return _behind_noise(_without_comments(body).decode("utf-8", "replace"))


def _without_comments(body: bytes) -> bytes:
    """Without what page caches like to put behind everything."""
    while body.endswith(b"-->"):
        start = body.rfind(b"<!--", max(0, len(body) - COMMENT))
        if start < 0:
            break
        body = body[:start].rstrip()
    return body


def _behind_noise(text: str) -> Any:
    # The standard parser is slower and takes what orjson refuses, such as halves of surrogate pairs.
    openings = [match.start() for match, _ in zip(_OPENING.finditer(text), range(BEGINNINGS), strict=False)]
    for start in openings:
        try:
            return json.loads(text[start:].lstrip("\ufeff"), parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            continue
    raise ValueError("no JSON that goes on to the end")


def excerpt(body: bytes, keys: Iterable[Keys]) -> str:
    """The first characters of a body on one line, without anything that looks like a secret of ours."""
    text = body[: 20 * EXCERPT].decode("utf-8", "replace")
    for pair in keys:
        for secret in (pair.key, pair.secret, pair.basic().partition(" ")[2]):
            text = text.replace(secret, "…").replace(quote(secret, safe=""), "…")
    text = " ".join(_LOOKS_SECRET.sub("…", text).split())
    text = "".join(character for character in text if character.isprintable())
    return text[:EXCERPT] or "(nothing)"


def refusal(answer: Answer, host: str) -> StoreError:
    """The error for a 4xx that nobody had a better word for."""
    if answer.status == 404:
        if answer.code == NO_ROUTE:
            return NotWooCommerce(f"{host} has no WooCommerce API (any more). Is the plugin switched on?")
        if not answer.code:
            return NotWooCommerce(f"{host} answers that the address of its API does not exist (404).")
        return Missing(f"{host} does not have (any more) what was asked for ({answer.code[:100]}).")
    if answer.status in (401, 403):
        return _turned_away(answer, host)
    why = answer.code[:100] or "without a reason"
    return StoreError(f"{host} refused a request ({answer.status}, {why}).")


def _turned_away(answer: Answer, host: str) -> StoreError:
    if answer.code:
        return StoreRefusedKeys(
            f"{host} refuses the keys ({answer.code[:100]}). Make new ones under WooCommerce > Settings > "
            "Advanced > REST API, with read/write rights, for an administrator or shop manager."
        )
    if "WWW-Authenticate" in answer.headers:
        return TurnedAway(
            f"{host} asks for a password before it shows anything, as test sites often do. "
            "Take that protection away, at least for addresses under /wp-json/."
        )
    return TurnedAway(
        f"A firewall or a security plugin of {host} turns us away ({answer.status}). "
        "Let requests through whose User-Agent begins with Sync2Sys."
    )
