"""Asking a shop: with its keys, a deadline, patience, and no more haste than it can bear."""

import itertools
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

from sync2sys.connectors.woocommerce import answers
from sync2sys.connectors.woocommerce.answers import Answer, TooLate
from sync2sys.connectors.woocommerce.auth import Keys, Pairs, Way, encoded, signed, signing_url
from sync2sys.connectors.woocommerce.fields import ident
from sync2sys.errors import (
    AddressRefused,
    BreakerOpen,
    RemoteError,
    StoreBusy,
    StoreError,
    StoreGarbled,
    StoreUnreachable,
    TimedOut,
    TooLarge,
    Unreachable,
)
from sync2sys.outbound import Outbound, Reply

MIB = 1024 * 1024
#: seconds by which clocks may differ before signatures take the shop's time instead of ours
SKEW = 300.0

T = TypeVar("T")
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
class Patience:
    """How long trouble is borne: so many tries, and at most so many seconds of waiting between them."""

    tries: int = 5
    seconds: float = 90.0
    first: float = 1.0
    sleep: Callable[[float], Any] = time.sleep

    def wait_before(self, number: int) -> float:
        return random.uniform(0.5, 1.0) * self.first * 2.0 ** (number - 1)  # noqa: S311 - spreads load


class Line:
    """A line to one host, whose breakdowns are told in the words of its owner.

    `seconds` is the deadline of one request, `total` that of all of them together.
    """

    def __init__(
        self,
        outbound: Outbound,
        host: str,
        *,
        seconds: float = 60.0,
        total: float | None = None,
        max_bytes: int = 64 * MIB,
        patience: Patience | None = None,
    ) -> None:
        # The bound method works in other threads too, where a proxy object would be unbound.
        self._request = outbound.request
        self.host = host
        self._seconds = seconds
        self._ends = None if total is None else time.monotonic() + total
        self._total = total
        self._max_bytes = max_bytes
        self.patience = patience or Patience()
        #: told of every error after which it is tried again
        self.on_trouble: Callable[[StoreError], None] = lambda _: None

    @property
    def left(self) -> float:
        """Seconds that the next request may take."""
        if self._ends is None:
            return self._seconds
        return max(0.0, min(self._seconds, self._ends - time.monotonic()))

    def send(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """One request, asked once. Raises StoreUnreachable, StoreBusy or StoreGarbled."""
        if not self.left:
            raise self._late()
        try:
            return self._request(
                method, url, headers=headers or {}, body=body, deadline=self.left, max_bytes=self._max_bytes
            )
        except RemoteError as error:
            # Not chained: what the library knows of the request may hold its secrets.
            raise self._in_words(error) from None

    def _in_words(self, error: RemoteError) -> RemoteError:
        if isinstance(error, TimedOut):
            return self._late()
        if isinstance(error, BreakerOpen):
            return StoreBusy(
                f"{self.host} failed several times in a row and is left alone for a while.",
                retry_after=error.retry_after,
            )
        if isinstance(error, TooLarge):
            return StoreGarbled(f"{self.host} sent an answer of more than {self._max_bytes // MIB} MB.")
        if isinstance(error, AddressRefused | Unreachable):
            # One sentence for both: it must not tell which addresses exist inside.
            unreachable = StoreUnreachable(
                f"{self.host} cannot be reached, or breaks off its answers. Check the address, and that the "
                "shop is online by https:// with a valid certificate."
            )
            unreachable.retryable = error.retryable
            return unreachable
        return error

    def _late(self) -> TooLate:
        return TooLate(f"{self.host} did not answer within {self._total or self._seconds:g} seconds.")

    def patiently(self, ask: Callable[[], T], at_once: tuple[type[StoreError], ...] = ()) -> T:
        """Ask again while that can help, with growing waits, never sooner than the shop wishes.

        A wait that patience or the deadline does not allow is not begun; the error says when to come back.
        Errors of the types in `at_once` are not waited out.
        """
        patience, waited = self.patience, 0.0
        for number in itertools.count(1):
            try:
                return ask()
            except StoreError as error:
                if not error.retryable:
                    raise
                self.on_trouble(error)
                wait = max(patience.wait_before(number), error.retry_after or 0.0)
                is_last = number >= patience.tries or isinstance(error, at_once)
                if is_last or waited + wait > patience.seconds or self._too_late_for(wait):
                    raise
            patience.sleep(wait)
            waited += wait
        raise AssertionError("unreachable")  # pragma: no cover

    def _too_late_for(self, wait: float) -> bool:
        return self._ends is not None and time.monotonic() + wait >= self._ends


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
