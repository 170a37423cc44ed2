"""What a moving window is, and the one that counts in this process alone."""

import threading
import time
from collections import deque
from typing import NamedTuple, Protocol


class Verdict(NamedTuple):
    """What became of a hit."""

    allowed: bool
    #: hits that would still be allowed now
    remaining: int
    #: seconds until the oldest counted hit leaves the window
    reset: float


class Window(Protocol):
    def hit(self, key: str, limit: int, seconds: int, cost: int = 1) -> Verdict:
        """Count one hit unless that would be more than `limit` in the last `seconds`."""

    def peek(self, key: str, seconds: int) -> tuple[int, float]:
        """How many hits count now, and in how many seconds the oldest leaves (0 where there is none)."""

    def clear(self, key: str | None = None) -> None:
        """Forget the hits of one key, or all."""


class MemoryWindow:
    """Counts in this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits: dict[str, deque[float]] = {}
        self._sweep_at = 0.0

    def hit(self, key: str, limit: int, seconds: int, cost: int = 1) -> Verdict:
        with self._lock:
            now = time.monotonic()
            self._sweep(now)
            leaving = self._leaving(key, now)
            allowed = len(leaving) + cost <= limit
            if allowed:
                leaving.extend([now + seconds] * cost)
                self._hits[key] = leaving
            return Verdict(allowed, limit - len(leaving), leaving[0] - now if leaving else 0.0)

    def peek(self, key: str, seconds: int) -> tuple[int, float]:
        with self._lock:
            now = time.monotonic()
            leaving = self._leaving(key, now)
            return len(leaving), leaving[0] - now if leaving else 0.0

    def clear(self, key: str | None = None) -> None:
        with self._lock:
            if key is None:
                self._hits.clear()
            else:
                self._hits.pop(key, None)

    def _leaving(self, key: str, now: float) -> deque[float]:
        leaving = self._hits.get(key) or deque()
        while leaving and leaving[0] <= now:
            leaving.popleft()
        return leaving

    def _sweep(self, now: float) -> None:
        if now >= self._sweep_at:
            self._sweep_at = now + 60
            self._hits = {key: leaving for key, leaving in self._hits.items() if leaving[-1] > now}
