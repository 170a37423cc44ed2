"""The one client for other people's servers."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version
from typing import Any, BinaryIO, Self

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from sync2sys.errors import AddressRefused, BreakerOpen, RemoteError, TimedOut, TooLarge, Unreachable
from sync2sys.outbound import body as bodies
from sync2sys.outbound import retries, urls
from sync2sys.outbound.addresses import Allowed
from sync2sys.outbound.attempt import Attempt, Guard
from sync2sys.outbound.breaker import Breaker, NoBreaker
from sync2sys.outbound.connections import Adapter
from sync2sys.outbound.failures import broken
from sync2sys.outbound.reply import Reply
from sync2sys.outbound.resolver import Lookup, Resolver

MIB = 1024 * 1024
METHODS = retries.REPEATABLE | {"POST", "PATCH"}
PORTS = frozenset({443, 80, 8080, 8443})

_log = logging.getLogger("sync2sys.outbound")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile("(?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*)?")


def _user_agent() -> str:
    try:
        number = version("sync2sys")
    except PackageNotFoundError:  # run from a checkout
        number = "dev"
    return f"Sync2Sys/{number} (+https://sync2sys.com)"


USER_AGENT = _user_agent()


class _Busy(TimedOut):
    """All our own slots were taken; no fault of the host."""


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    wanted: urls.Target
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    seconds: float
    max_bytes: int
    into: BinaryIO | None = None
    again: Callable[[], str] | None = None

    def anew(self) -> "_Call":
        """The call as it may be sent once more."""
        return self if self.again is None else replace(self, wanted=_target(self.again(), None))

    def prepared(self) -> requests.PreparedRequest:
        url = self.wanted.origin + "/"  # the rest is put in by the connection
        return requests.Request(self.method, url, headers=dict(self.headers), data=self.body).prepare()


class Outbound:
    """Asks servers that others chose, and can be led neither inside nor astray.

    - Only public addresses over https on `ports`, and what `allowed` names. Every answer of the resolver is
      checked and the connection goes to a checked address.
    - No redirects, cookies, proxies, `.netrc` or certificates from the environment.
    - `deadline` is the whole time of one try. `max_bytes` counts the inflated body.
    - At most `concurrency` tries at a time; waiting for a free slot is part of the deadline.
    - A breaker for each origin (`breaker=False`: none).

    Safe to use from several threads. Connections are kept alive, so make it after a fork, not before.
    `verify` is a CA file or directory, for tests and private authorities. `lookup`, `clock`, `sleep` and
    `spread` stand for getaddrinfo, the breaker's clock, and the waiting and dice between tries.
    """

    def __init__(
        self,
        allowed: Allowed | None = None,
        *,
        user_agent: str = USER_AGENT,
        ports: frozenset[int] = PORTS,
        concurrency: int | None = None,
        breaker: bool = True,
        verify: str | bool = True,
        lookup: Lookup | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Any] = time.sleep,
        spread: Callable[[float, float], float] = retries.jitter,
    ) -> None:
        self.allowed = allowed or Allowed()
        self._guard = Guard(self.allowed, ports, Resolver(lookup) if lookup else Resolver())
        self._user_agent = user_agent
        self._slots = threading.BoundedSemaphore(concurrency) if concurrency else None
        self._breaker = Breaker(clock) if breaker else NoBreaker()
        self._sleep = sleep
        self._spread = spread
        self._adapter = Adapter(verify, connections=concurrency or 16)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._adapter.close()

    def get(self, url: str, **options: Any) -> Reply:
        return self.request("GET", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: urls.Params | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        deadline: float = 20.0,
        max_bytes: int = 32 * MIB,
        tries: int = 1,
        patience: float = 60.0,
        into: BinaryIO | None = None,
        again: Callable[[], str] | None = None,
    ) -> Reply:
        """The answer, whatever its status. Path and query of `url` are sent as they stand.

        With `tries` > 1, methods that may be repeated are, when the host cannot be reached or answers 429,
        500, 502, 503 or 504: with full jitter and never sooner than `Retry-After`. `patience` is how long
        all the waiting may take; a wait beyond it is not begun, and the last outcome is given or raised.

        A body of any size can go `into` a file instead of memory. Of a request that fails half-way something
        may stand there, so it is tried once and no more.

        What is signed for one request alone has another address at the next one: `again` gives it, where a
        kept connection broke and a fresh one is tried.

        Raises AddressRefused (also for a URL that is none), Unreachable, TimedOut, TooLarge or BreakerOpen;
        ValueError for a method or header that HTTP does not know.
        """
        call = _Call(
            _method(method),
            _target(url, params),
            self._headers(headers or {}),
            body,
            deadline,
            max_bytes,
            into,
            again,
        )
        outcome = self._until_settled(call, 1 if into else tries, patience)
        if isinstance(outcome, RemoteError):
            raise outcome
        return outcome

    def _headers(self, given: Mapping[str, str]) -> Mapping[str, str]:
        headers = CaseInsensitiveDict({"User-Agent": self._user_agent, "Accept": "*/*"})
        headers.update(given)
        headers["Accept-Encoding"] = "gzip"
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"header {name!r} has a name or value that HTTP does not allow")
        return headers

    def _until_settled(self, call: _Call, tries: int, patience: float) -> Reply | RemoteError:
        outcome = self._admitted(call)
        for number in range(1, tries):
            if not _worth_repeating(call, outcome):
                break
            wait = retries.wait_before(number, outcome.retry_after, self._spread)
            if wait > patience:
                break
            self._sleep(wait)
            patience -= wait
            latest = self._admitted(call)
            if isinstance(latest, BreakerOpen):
                break
            outcome = latest
        return outcome

    def _admitted(self, call: _Call) -> Reply | RemoteError:
        """One try, if the breaker lets it."""
        origin = call.wanted.origin
        try:
            self._breaker.admit(origin)
        except BreakerOpen as error:
            return error
        failed = None
        try:
            outcome = self._try(call)
            failed = _is_failure(outcome)
            return outcome
        finally:
            self._breaker.settle(origin, failed)

    def _try(self, call: _Call) -> Reply | RemoteError:
        with Attempt(call.wanted, self._guard, call.seconds) as attempt:
            outcome = self._exchange(call, attempt)
            if _is_stale(call, attempt, outcome):
                call = call.anew()
                attempt.target = call.wanted
                outcome = self._exchange(call, attempt)
            _record(call, attempt, outcome)
        return outcome

    def _exchange(self, call: _Call, attempt: Attempt) -> Reply | RemoteError:
        # Errors are returned, not raised: raised within the handler they would carry the library's error
        # along, and with it all that this prints.
        try:
            with self._slot(attempt):
                return self._answer(call, attempt)
        except RemoteError as error:
            cut_off = attempt.expired and isinstance(error, Unreachable)
            return attempt.timed_out() if cut_off else error
        except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
            return attempt.timed_out() if attempt.expired else broken(error, call.wanted.host)

    def _answer(self, call: _Call, attempt: Attempt) -> Reply:
        response = self._adapter.send(call.prepared(), stream=True, timeout=attempt.socket_timeout)
        with closing(response):
            try:
                if (response.raw.length_remaining or 0) > call.max_bytes:
                    raise bodies.too_large(call.max_bytes)
                encoding = response.headers.get("Content-Encoding", "")
                body = bodies.read(response.raw, encoding, call.max_bytes, call.into)
            finally:
                attempt.received = response.raw.tell()
        if attempt.expired:  # what looked like the end of the body was the end of our patience
            raise attempt.timed_out()
        return Reply(response.status_code, response.headers, body, call.wanted.url, attempt.elapsed)

    @contextmanager
    def _slot(self, attempt: Attempt) -> Iterator[None]:
        if self._slots is None:
            yield
            return
        if not self._slots.acquire(timeout=attempt.remaining):
            raise _Busy("Too many requests to other servers are under way.")
        try:
            yield
        finally:
            self._slots.release()


def _method(text: str) -> str:
    method = text.upper()
    if method not in METHODS:
        raise ValueError(f"method {text!r} is none of {', '.join(sorted(METHODS))}")
    return method


def _target(url: str, params: urls.Params | None) -> urls.Target:
    try:
        return urls.target(url, params)
    except ValueError as error:
        reason = str(error)
    raise AddressRefused(reason)


def _worth_repeating(call: _Call, outcome: Reply | RemoteError) -> bool:
    if call.method not in retries.REPEATABLE:
        return False
    if isinstance(outcome, Reply):
        return outcome.status in retries.STATUSES
    return isinstance(outcome, Unreachable | TimedOut)


def _is_failure(outcome: Reply | RemoteError) -> bool | None:
    """Whether the breaker counts it against the host; None if it says nothing about the host."""
    if isinstance(outcome, Reply):
        return outcome.status >= 500
    if isinstance(outcome, AddressRefused | _Busy):
        return None
    return not isinstance(outcome, TooLarge)


def _is_stale(call: _Call, attempt: Attempt, outcome: Reply | RemoteError) -> bool:
    """Whether only a connection that had been kept alive too long broke; a fresh one deserves a chance."""
    unlucky = attempt.reused and not attempt.connected and isinstance(outcome, Unreachable)
    return unlucky and call.method in retries.REPEATABLE


def _record(call: _Call, attempt: Attempt, outcome: Reply | RemoteError) -> None:
    """One record per try: who was asked and what came of it, never path, query, header or body."""
    answered = isinstance(outcome, Reply)
    details = {
        "method": call.method,
        "host": call.wanted.host,
        "port": call.wanted.port,
        "address": attempt.address,
        "resolved": list(attempt.resolved),
        "status": outcome.status if answered else None,
        "outcome": "answered" if answered else type(outcome).__name__.strip("_"),
        "bytes": attempt.received,
        "ms": round(attempt.elapsed * 1000),
    }
    summary = outcome.status if answered else details["outcome"]
    _log.info("%s %s: %s", call.method, call.wanted.host, summary, extra=details)
