"""The windows as a storage of the `limits` library, so that Flask-Limiter counts in the same place."""

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from limits.storage import MovingWindowSupport, Storage

from sync2sys.ratelimit.fallback import Fallback
from sync2sys.ratelimit.redis import RedisWindow
from sync2sys.ratelimit.sqlite import SqliteWindow
from sync2sys.ratelimit.window import MemoryWindow, Verdict, Window

SCHEME = "sqlite-window"


class WindowStorage(Storage, MovingWindowSupport):
    """The windows above as a storage of the `limits` library. Moving windows only.

    `sqlite-window:///folder/limits.db`, with `?redis=…` to count in Redis; `storage_uri` writes it.
    """

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        parts = urlsplit(uri)
        self.file = SqliteWindow(unquote(parts.path))
        self.window: Window = Fallback("limits.db", self.file, MemoryWindow(), (sqlite3.Error,))
        redis_url = parse_qs(parts.query).get("redis", [""])[0]
        if redis_url:
            first = RedisWindow(redis_url)
            self.window = Fallback("redis", first, self.window, first.errors, self.file.note_outage)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error,)

    def hit(self, key: str, limit: int, seconds: int) -> Verdict:
        """Count one hit and tell all about it, in one transaction."""
        return self.window.hit(key, limit, seconds)

    def outages(self) -> dict[str, int]:
        """How often Redis was found to be away since the file was made, for the metrics."""
        return self.file.outages()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        return self.window.hit(key, limit, expiry, amount).allowed

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        used, left = self.window.peek(key, expiry)
        return time.time() + (left - expiry if used else 0), used

    def check(self) -> bool:
        return True

    def clear(self, key: str) -> None:
        self.window.clear(key)

    def reset(self) -> None:
        self.window.clear()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("fixed windows are not kept here")

    def get(self, key: str) -> int:
        raise NotImplementedError("fixed windows are not kept here")

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("fixed windows are not kept here")


def storage_uri(file: Path, redis_url: str = "") -> str:
    """RATELIMIT_STORAGE_URI for counting in this file, or in Redis with the file to fall back on."""
    return f"{SCHEME}://{quote(str(file))}" + (f"?redis={quote(redis_url, safe='')}" if redis_url else "")
