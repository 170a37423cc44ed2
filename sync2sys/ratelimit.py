"""Moving windows: at most so many hits in any so many seconds, exact over all processes.

Counted in a SQLite file on one machine, or in Redis over several. When Redis does not answer, this
machine counts in its file until it does, and in its own memory when the file cannot be written
either: a limit is then too generous by the number of machines or processes, but never gone.

Registered with the `limits` library, so that Flask-Limiter counts in the same place.
"""

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from limits.storage import MovingWindowSupport, Storage

T = TypeVar("T")

log = logging.getLogger(__name__)

SCHEME = "sqlite-window"
MICRO = 1_000_000
#: A store that failed is left alone for this long.
PAUSE_SECONDS = 5.0
#: Every so many hits of a process so many rows are looked through for expired ones: more than come in.
SWEEP_EVERY, SWEEP_ROWS = 32, 256
REDIS_TIMEOUT_SECONDS = 0.25
BUSY_SECONDS = 5


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


# One statement decides and writes, so that the file is locked inside SQLite only, never while a
# thread waits for Python's lock: that made two busy processes wait milliseconds for each other.
# `upto` counts all hits of a key ever, so that a count is a subtraction however large the limit is.
_HIT = """
INSERT INTO hit (key, at, upto, cost, until, used, oldest)
SELECT :key, max(:now, coalesce(last.at, 0)), coalesce(last.upto, 0) + :cost, :cost,
       max(:now, coalesce(last.at, 0)) + :window,
       coalesce(last.upto - first.upto + first.cost, 0) + :cost, coalesce(first.at, :now)
FROM (SELECT 1)
LEFT JOIN (SELECT at, upto FROM hit WHERE key = :key ORDER BY at DESC, upto DESC LIMIT 1) AS last
LEFT JOIN (
    SELECT at, upto, cost FROM hit WHERE key = :key AND at > :now - :window ORDER BY at, upto LIMIT 1
) AS first
WHERE coalesce(last.upto - first.upto + first.cost, 0) + :cost <= :limit
"""
_PEEK = """
SELECT last.upto - first.upto + first.cost, first.at
FROM (SELECT upto FROM hit WHERE key = :key ORDER BY at DESC, upto DESC LIMIT 1) AS last
JOIN (
    SELECT at, upto, cost FROM hit WHERE key = :key AND at > :now - :window ORDER BY at, upto LIMIT 1
) AS first
"""
_TABLES = """
CREATE TABLE IF NOT EXISTS hit (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, at INTEGER NOT NULL, upto INTEGER NOT NULL,
    cost INTEGER NOT NULL, until INTEGER NOT NULL, used INTEGER NOT NULL, oldest INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS hit_key ON hit (key, at, upto);
CREATE TABLE IF NOT EXISTS outage (store TEXT PRIMARY KEY, times INTEGER NOT NULL);
"""


class SqliteWindow:
    """Counts in a file that all processes of one machine share.

    The clock is the machine's monotonic one: nobody sets it, and it is the same in all processes. The
    file is worth nothing after a minute, so it is never synced, and made anew when it is damaged.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._pid = 0
        self._opening = threading.Lock()
        self._hits = 0
        self._sweep_from = 0

    def hit(self, key: str, limit: int, seconds: int, cost: int = 1) -> Verdict:
        now = _now()
        parameters = {
            "key": _digest(key),
            "now": now,
            "window": seconds * MICRO,
            "limit": limit,
            "cost": cost,
        }
        connection = self._take()
        cursor = connection.execute(_HIT, parameters)
        if cursor.rowcount:
            row = ("SELECT used, oldest FROM hit WHERE id = ?", (cursor.lastrowid,))
            used, oldest = connection.execute(*row).fetchone() or (limit, now)
            verdict = Verdict(True, limit - used, _left(oldest, seconds))
        else:
            used, oldest = connection.execute(_PEEK, parameters).fetchone() or (0, now)
            verdict = Verdict(False, max(0, limit - used), _left(oldest, seconds))
        self._hits += 1
        if self._hits % SWEEP_EVERY == 0:
            self._sweep(connection)
        self._idle.append(connection)
        return verdict

    def peek(self, key: str, seconds: int) -> tuple[int, float]:
        connection = self._take()
        parameters = {"key": _digest(key), "now": _now(), "window": seconds * MICRO}
        row = connection.execute(_PEEK, parameters).fetchone()
        self._idle.append(connection)
        return (row[0], _left(row[1], seconds)) if row else (0, 0.0)

    def clear(self, key: str | None = None) -> None:
        connection = self._take()
        if key is None:
            connection.execute("DELETE FROM hit")
        else:
            connection.execute("DELETE FROM hit WHERE key = ?", (_digest(key),))
        self._idle.append(connection)

    def note_outage(self, store: str) -> None:
        """Remember that a better store was away, for the metrics of whichever process is asked."""
        connection = self._take()
        connection.execute(
            "INSERT INTO outage VALUES (?, 1) ON CONFLICT (store) DO UPDATE SET times = times + 1", (store,)
        )
        self._idle.append(connection)

    def outages(self) -> dict[str, int]:
        """How often each better store was found to be away."""
        connection = self._take()
        rows = connection.execute("SELECT store, times FROM outage").fetchall()
        self._idle.append(connection)
        return dict(rows)

    def _take(self) -> sqlite3.Connection:
        """An idle connection of this process, or a new one. One that failed is not put back."""
        if self._pid != os.getpid():
            with self._opening:
                self._begin_process()
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _begin_process(self) -> None:
        if self._pid == os.getpid():
            return
        # Connections do not survive a fork; closing the parent's here would break its locks.
        self._inherited, self._idle = self._idle, deque()
        try:
            connection = self._prepare()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            log.exception("the rate limits' file is damaged and is made anew", extra={"file": self._path})
            for suffix in ("", "-wal", "-shm"):
                Path(self._path + suffix).unlink(missing_ok=True)
            connection = self._prepare()
        self._idle.append(connection)
        self._pid = os.getpid()

    def _prepare(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_TABLES)
        # A time in the future is one of before the machine started anew; somebody who is counting
        # at this moment is ahead by as long as this process waited for the file.
        now = _now()
        connection.execute("DELETE FROM hit WHERE until <= ? OR at > ?", (now, now + 60 * MICRO))
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-512")
        return connection

    def _sweep(self, connection: sqlite3.Connection) -> None:
        start = self._sweep_from
        slice_of_ids = "SELECT id FROM hit WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
        end = connection.execute(slice_of_ids, (start, SWEEP_ROWS)).fetchone()
        self._sweep_from = end[0] if end else 0
        last = end[0] if end else 2**62
        connection.execute(
            "DELETE FROM hit WHERE id > ? AND id <= ? AND until <= ?",
            (start, last, _now()),
        )


_HIT_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local limit, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], -1)
while oldest and tonumber(oldest) <= now - window do
    redis.call('RPOP', KEYS[1])
    oldest = redis.call('LINDEX', KEYS[1], -1)
end
local used = redis.call('LLEN', KEYS[1])
local allowed = cost > 0 and used + cost <= limit
if allowed then
    for _ = 1, cost do redis.call('LPUSH', KEYS[1], string.format('%.0f', now)) end
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
    used = used + cost
end
local left = 0
if used > 0 then left = tonumber(oldest or now) + window - now end
return {allowed and 1 or 0, used, left}
"""


class RedisWindow:
    """Counts in Redis, by its clock, for any number of machines."""

    PREFIX = "sync2sys:window:"

    def __init__(self, url: str) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise RuntimeError("REDIS_URL needs the redis package: pip install sync2sys[redis]") from None
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            # Once more at once, for a connection that was closed while it was idle.
            retry=Retry(NoBackoff(), 1),
        )
        self._script = self._client.register_script(_HIT_SCRIPT)

    def hit(self, key: str, limit: int, seconds: int, cost: int = 1) -> Verdict:
        allowed, used, left = self._run(key, limit, seconds, cost)
        return Verdict(bool(allowed), max(0, limit - used), left / MICRO)

    def peek(self, key: str, seconds: int) -> tuple[int, float]:
        _, used, left = self._run(key, 0, seconds, 0)
        return used, left / MICRO

    def clear(self, key: str | None = None) -> None:
        if key is not None:
            self._client.delete(self.PREFIX + key)
            return
        for name in self._client.scan_iter(match=f"{self.PREFIX}*", count=1000):
            self._client.delete(name)

    def _run(self, key: str, limit: int, seconds: int, cost: int) -> tuple[int, int, int]:
        allowed, used, left = self._script(keys=[self.PREFIX + key], args=[limit, seconds * MICRO, cost])
        return allowed, used, left


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


def _now() -> int:
    return time.monotonic_ns() // 1000


def _left(oldest: int, seconds: int) -> float:
    return max(0.0, (oldest + seconds * MICRO - _now()) / MICRO)


def _digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
