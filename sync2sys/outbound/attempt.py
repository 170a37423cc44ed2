"""One try at one request: its deadline, its connection and what is learnt about it."""

import contextlib
import socket
import threading
import time
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Self

from sync2sys.errors import AddressRefused, TimedOut, Unreachable
from sync2sys.outbound.addresses import Allowed, is_public
from sync2sys.outbound.resolver import Answer, Resolver
from sync2sys.outbound.urls import Target

CONNECT_SECONDS = 3.0
ADDRESSES_TRIED = 6

_current: ContextVar["Attempt"] = ContextVar("outbound_attempt")


def current() -> "Attempt":
    """The attempt that this thread is at. urllib3 has no way to hand it down to a connection."""
    return _current.get()


class Guard:
    """Decides to which addresses a connection may be made."""

    def __init__(self, allowed: Allowed, ports: frozenset[int], resolver: Resolver) -> None:
        self._allowed = allowed
        self._ports = ports
        self._resolver = resolver

    def answers(self, wanted: Target, seconds: float) -> list[Answer]:
        """What the name leads to. Raises AddressRefused unless every single answer is acceptable."""
        answers = self._resolver.answers(wanted.host.strip("[]"), wanted.port, seconds)
        for answer in answers:
            self._check(wanted, answer[4][0])
        return answers

    def _check(self, wanted: Target, address: str) -> None:
        if self._allowed.permits(wanted.host, ip_address(address)):
            return
        if not is_public(address):
            raise AddressRefused(f"{wanted.host} is not a public address.")
        if wanted.scheme != "https":
            raise AddressRefused(f"{wanted.host} can only be called by https://.")
        if wanted.port not in self._ports:
            raise AddressRefused(f"Port {wanted.port} of {wanted.host} may not be called.")


class Attempt:
    """A context: within it the sockets it watches are shut down when the deadline passes.

    Timeouts of single reads would let a server drip one byte after another for ever, in headers, body or
    TLS handshake. Shutting the connection down from outside ends all of these.
    """

    def __init__(self, wanted: Target, guard: Guard, seconds: float) -> None:
        self.target = wanted
        self.address: str | None = None
        self.resolved: tuple[str, ...] = ()
        self.received = 0  # bytes of body, as they came
        self.connected = False
        self.reused = False  # a connection that was kept alive
        self.expired = False
        self._guard = guard
        self._started = time.monotonic()
        self._seconds = seconds
        self._lock = threading.Lock()
        self._watched: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    @property
    def remaining(self) -> float:
        return max(0.0, self._seconds - self.elapsed)

    @property
    def socket_timeout(self) -> float:
        """Later than the deadline, which ends the wait; this is for the case that it should not."""
        return self.remaining + 1.0

    def __enter__(self) -> Self:
        self._timer.start()
        self._token = _current.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        _current.reset(self._token)
        self._unwatch()

    def timed_out(self) -> TimedOut:
        return TimedOut(f"{self.target.host} did not answer within {self._seconds:g} seconds.")

    def connect(self) -> socket.socket:
        """A watched connection to one of the addresses that were checked, and to no other.

        Raises AddressRefused, Unreachable or TimedOut, none of which urllib3 takes for its own.
        """
        answers = self._guard.answers(self.target, self.remaining)
        self.resolved = tuple(dict.fromkeys(answer[4][0] for answer in answers))
        for answer in answers[:ADDRESSES_TRIED]:
            if connection := self._dial(answer):
                self.connected = True
                return connection
        if not self.remaining:
            raise self.timed_out()
        raise Unreachable(f"{self.target.host} does not accept connections on port {self.target.port}.")

    def reuse(self, connection: socket.socket, address: str | None) -> None:
        """Go on with a connection that was kept alive; it is watched like a new one."""
        self.reused = True
        self.address = address
        self.watch(connection)

    def _dial(self, answer: Answer) -> socket.socket | None:
        family, kind, protocol, _, address = answer
        if not self.remaining:
            return None
        connection = None
        try:
            connection = socket.socket(family, kind, protocol)
            connection.settimeout(min(CONNECT_SECONDS, self.remaining))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(self.socket_timeout)
            self.address = address[0]
            self.watch(connection)
        except OSError:
            if connection:
                connection.close()
            return None
        return connection

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down at the deadline, or now if that has passed.

        A duplicate is kept, because TLS takes the original over.
        """
        twin = socket.fromfd(connection.fileno(), connection.family, connection.type)
        with self._lock:
            self._watched, previous = twin, self._watched
            expired = self.expired
        if previous:
            previous.close()
        if expired:
            _shut(twin)

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._watched:
                _shut(self._watched)

    def _unwatch(self) -> None:
        with self._lock:
            watched, self._watched = self._watched, None
        if watched:
            watched.close()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
