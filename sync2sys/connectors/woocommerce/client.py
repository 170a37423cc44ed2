"""Asking a shop: with its keys, a deadline, patience, and no more haste than it can bear."""

import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from sync2sys.connectors.fields import ident
from sync2sys.connectors.line import Line
from sync2sys.connectors.woocommerce import answers
from sync2sys.connectors.woocommerce.answers import Answer
from sync2sys.connectors.woocommerce.auth import Keys, Pairs, Way, encoded, signed, signing_url
from sync2sys.errors import (
    StoreError,
    StoreGarbled,
)

#: seconds by which clocks may differ before signatures take the shop's time instead of ours
SKEW = 300.0

_NUMBER = re.compile("[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Root:
    """Where a shop's REST API begins."""

    #: `https://shop.example/wp-json`, or `https://shop.example/index.php` with plain permalinks
    base: str
    plain: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.base).hostname or self.base

    @property
    def site(self) -> str:
        """The address of the site itself, without a slash at the end."""
        return self.base.rpartition("/")[0]

    def request(self, route: str, pairs: Pairs) -> tuple[str, list[tuple[str, str]]]:
        """Address and query for a route such as `wc/v3/products`; "" is the index."""
        if not self.plain:
            return f"{self.base}/{route}", list(pairs)
        # WooCommerce takes notice of keys only where the address contains this text.
        return self.base, [("rest_route", f"/{route}"), *pairs, ("x", "wp-json/wc/")]


@dataclass(frozen=True, slots=True)
class Listing:
    """One window of a list, and how long the whole list is by the shop's word."""

    items: list[dict[str, Any]] = field(repr=False)
    #: of the items, in their order
    ids: list[int] = field(repr=False)
    total: int
    seconds: float


class Client:
    """A shop's API, asked in one way with one pair of keys. Safe to use from several threads."""

    def __init__(self, line: Line, root: Root, home: str, way: Way, keys: Keys) -> None:
        self.line = line
        self.root = root
        self.home = home
        self.way = way
        self._keys = keys
        self._skew = 0.0

    @property
    def host(self) -> str:
        return self.line.host

    @property
    def skew(self) -> float:
        """Seconds by which the shop's clock is ahead of ours; 0 where the difference does not matter."""
        return self._skew

    def posing_as(self, keys: Keys) -> "Client":
        """The same way in, tried with other keys."""
        other = Client(self.line, self.root, self.home, self.way, keys)
        other._skew = self._skew
        return other

    def ask(self, route: str, pairs: Pairs = (), *, method: str = "GET", body: Any = None) -> Answer:
        """The API's answer or its refusal (4xx), after as many tries as patience allows."""
        return self.line.patiently(lambda: self.once(route, pairs, method=method, body=body))

    def change(self, route: str, body: Any) -> Answer:
        """The API's answer to a POST or its refusal. It is not repeated where it may have been done.

        Raises StoreError.
        """
        return self.line.carefully(lambda: self.once(route, method="POST", body=body))

    def once(self, route: str, pairs: Pairs = (), *, method: str = "GET", body: Any = None) -> Answer:
        answer = self._exchange(method, route, pairs, body)
        if self.way.signs and answer.code == answers.BAD_AUTHENTICATION:
            # Its clock may be another, or a connection broke after it had used up the nonce: sign anew.
            self._learn_time(answer)
            answer = self._exchange(method, route, pairs, body)
        return answer

    def _exchange(self, method: str, route: str, pairs: Pairs, body: Any) -> Answer:
        url, headers = self._prepared(method, route, pairs)
        sent = None
        if body is not None:
            sent = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        return answers.read(self.line.send(method, url, headers, sent), self.host, [self._keys])

    def _prepared(self, method: str, route: str, pairs: Pairs) -> tuple[str, dict[str, str]]:
        """Address and headers of a request, with the credentials in them. Never the same twice."""
        url, query = self.root.request(route, pairs)
        headers = {"Accept": "application/json"}
        if self.way is Way.BASIC:
            headers["Authorization"] = self._keys.basic()
        elif self.way is Way.QUERY:
            query += [("consumer_key", self._keys.key), ("consumer_secret", self._keys.secret)]
        else:
            now = int(_now() + self._skew)
            query = signed(method, signing_url(url, self.home, self.way), query, self._keys, timestamp=now)
        return (f"{url}?{encoded(query)}" if query else url), headers

    def _learn_time(self, answer: Answer) -> None:
        """Take over the shop's clock if it is far from ours."""
        ahead = _ahead(answer.headers.get("Date", ""))
        if ahead is not None and abs(ahead - self._skew) >= SKEW:
            self._skew = ahead

    def entries(self, route: str, pairs: Pairs, *, at_once: tuple[type[StoreError], ...] = ()) -> Listing:
        """A part of a list. Raises StoreError for a refusal, StoreGarbled for anything that is no list."""
        return self.line.patiently(lambda: self._listed(route, pairs), at_once)

    def _listed(self, route: str, pairs: Pairs) -> Listing:
        answer = self.once(route, pairs)
        if not answer.ok:
            raise answers.refusal(answer, self.host)
        total = answer.headers.get("X-WP-Total", "")
        if not isinstance(answer.data, list) or not _NUMBER.fullmatch(total):
            raise StoreGarbled(
                f"{self.host} answered a question for a list with something else, or a proxy of its host "
                "takes the X-WP-Total header away."
            )
        ids = [ident(row.get("id")) if isinstance(row, dict) else None for row in answer.data]
        known = [key for key in ids if key is not None]
        if len(known) < len(ids):
            raise StoreGarbled(f"{self.host} listed something without an id, perhaps because of a plugin.")
        return Listing(answer.data, known, int(total), answer.seconds)

    def single(self, route: str, pairs: Pairs = ()) -> dict[str, Any] | None:
        """A single thing; None where the shop does not have it or the key may not see it."""
        answer = self.ask(route, pairs)
        return answer.data if answer.ok and isinstance(answer.data, dict) else None


def _now() -> float:
    return time.time()


def _ahead(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - _now()
    except (TypeError, ValueError, OverflowError):
        return None
