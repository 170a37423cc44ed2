"""A line to one host: a deadline, patience, and its breakdowns in words for the shop's owner."""

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

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

T = TypeVar("T")


class TooLate(StoreUnreachable):
    """The shop took too long over a request; a smaller one may do."""


class NotNow(StoreBusy):
    """The shop was asked too often, or was not asked at all: whatever was wanted of it was not done."""


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
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        into: BinaryIO | None = None,
    ) -> Reply:
        """One request, asked once; the answer's body goes `into` a file if one is given.

        Raises StoreUnreachable, StoreBusy or StoreGarbled.
        """
        if not self.left:
            raise self._late()
        try:
            return self._request(
                method,
                url,
                headers=headers or {},
                body=body,
                deadline=self.left,
                max_bytes=self._max_bytes,
                into=into,
            )
        except RemoteError as error:
            # Not chained: what the library knows of the request may hold its secrets.
            raise self._in_words(error) from None

    def _in_words(self, error: RemoteError) -> RemoteError:
        if isinstance(error, TimedOut):
            return self._late()
        if isinstance(error, BreakerOpen):
            return NotNow(
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

    def carefully(self, ask: Callable[[], T]) -> T:
        """Ask for what must not be done twice: again only after the shop has said that it did nothing."""
        return self.patiently(ask, only=(NotNow,))

    def patiently(
        self,
        ask: Callable[[], T],
        at_once: tuple[type[StoreError], ...] = (),
        only: tuple[type[StoreError], ...] = (StoreError,),
    ) -> T:
        """Ask again while that can help, with growing waits, never sooner than the shop wishes.

        A wait that patience or the deadline does not allow is not begun; the error says when to come back.
        Errors of the types in `at_once`, and those that are none of `only`, are not waited out.
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
                is_last = (
                    number >= patience.tries or isinstance(error, at_once) or not isinstance(error, only)
                )
                if is_last or waited + wait > patience.seconds or self._too_late_for(wait):
                    raise
            patience.sleep(wait)
            waited += wait
        raise AssertionError("unreachable")  # pragma: no cover

    def _too_late_for(self, wait: float) -> bool:
        return self._ends is not None and time.monotonic() + wait >= self._ends
