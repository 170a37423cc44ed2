"""One window in the place of another that fails."""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sync2sys.ratelimit.window import Verdict, Window

T = TypeVar("T")

log = logging.getLogger(__name__)

#: A store that failed is left alone for this long.
PAUSE_SECONDS = 5.0


class Fallback:
    """Counts in the first store, and in the second while the first one fails."""

    def __init__(
        self,
        name: str,
        first: Window,
        second: Window,
        errors: tuple[type[Exception], ...],
        note: Callable[[str], None] | None = None,
    ) -> None:
        self.name, self.first, self.second = name, first, second
        self._errors = errors
        self._note = note
        self._away_until = 0.0
        self._away = False

    def hit(self, key: str, limit: int, seconds: int, cost: int = 1) -> Verdict:
        return self._try(lambda window: window.hit(key, limit, seconds, cost))

    def peek(self, key: str, seconds: int) -> tuple[int, float]:
        return self._try(lambda window: window.peek(key, seconds))

    def clear(self, key: str | None = None) -> None:
        self.second.clear(key)
        self._try(lambda window: window.clear(key))

    def _try(self, call: Callable[[Window], T]) -> T:
        if self._away_until > time.monotonic():
            return call(self.second)
        # While away, one caller tries the first store again; the others do not wait for it.
        if self._away:
            self._away_until = time.monotonic() + PAUSE_SECONDS
        try:
            result = call(self.first)
        except self._errors as error:
            self._lost(error)
            return call(self.second)
        if self._away:
            self._away, self._away_until = False, 0.0
            log.warning("rate limits are counted in %s again", self.name)
        return result

    def _lost(self, error: Exception) -> None:
        self._away_until = time.monotonic() + PAUSE_SECONDS
        if self._away:
            return
        self._away = True
        log.error(
            "rate limits cannot be counted in %s, falling back", self.name, extra={"reason": repr(error)}
        )
        if self._note is not None:
            with suppress(sqlite3.Error):
                self._note(self.name)
