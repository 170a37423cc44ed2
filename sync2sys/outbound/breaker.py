"""Hosts that failed too often are left alone for a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sync2sys.errors import BreakerOpen

FAILURES = 5
OPEN_SECONDS = 15 * 60.0
HOSTS_KEPT = 10_000


@dataclass(slots=True)
class _Record:
    failures: int = 0
    opened: float | None = None
    probing: bool = False


class Breaker:
    """After `FAILURES` failures in a row an origin is closed off for `OPEN_SECONDS`; then one request probes.

    Its success opens the way for all, its failure closes it off again. Only origins that fail are
    remembered, the latest `HOSTS_KEPT` of them. Safe to use from several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, origin: str) -> None:
        """Let a request through; it must be settled afterwards. Raises BreakerOpen with `retry_after`."""
        with self._lock:
            record = self._records.get(origin)
            if record is None or record.opened is None:
                return
            left = record.opened + OPEN_SECONDS - self._clock()
            if left > 0 or record.probing:
                raise BreakerOpen(
                    f"{origin} failed {record.failures} times in a row and is not asked for a while.",
                    retry_after=max(left, 1.0),
                )
            record.probing = True

    def settle(self, origin: str, failed: bool | None) -> None:
        """Count the outcome of an admitted request; None if it says nothing about the host."""
        with self._lock:
            if failed:
                self._count(origin)
            elif failed is None and origin in self._records:
                self._records[origin].probing = False
            else:
                self._records.pop(origin, None)

    def _count(self, origin: str) -> None:
        record = self._records.setdefault(origin, _Record())
        self._records.move_to_end(origin)
        record.failures += 1
        if record.probing or (record.opened is None and record.failures >= FAILURES):
            record.opened, record.probing = self._clock(), False
        if len(self._records) > HOSTS_KEPT:
            self._records.popitem(last=False)


class NoBreaker(Breaker):
    """Lets everything through."""

    def admit(self, origin: str) -> None:
        pass

    def settle(self, origin: str, failed: bool | None) -> None:
        pass
