"""Counting in a SQLite file, exact over all processes of one machine."""

import logging
import os
import random
import sqlite3
import threading
import time
from collections import deque
from hashlib import blake2b
from pathlib import Path

from sync2sys.ratelimit.window import Verdict

log = logging.getLogger(__name__)

MICRO = 1_000_000
#: Every so many hits of a process so many rows are looked through for expired ones: more than come in.
SWEEP_EVERY, SWEEP_ROWS = 32, 256
BUSY_SECONDS = 5
#: Greater than any key.
AFTER_ALL = b"\xff" * 17

# One statement decides and writes, so that the file is locked inside SQLite only, never while a
# thread waits for Python's lock: that made two busy processes wait milliseconds for each other.
# `upto` counts all hits of a key ever, so that a count is a subtraction however large the limit is.
_HIT = """
INSERT INTO hit (key, at, upto, mark, cost, until, used, oldest)
SELECT :key, max(:now, coalesce(last.at, 0)), coalesce(last.upto, 0) + :cost, :mark, :cost,
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
_OWN = "SELECT used, oldest FROM hit WHERE key = :key AND at >= :now AND mark = :mark"
_TABLES = """
CREATE TABLE IF NOT EXISTS hit (
    key BLOB NOT NULL, at INTEGER NOT NULL, upto INTEGER NOT NULL, mark INTEGER NOT NULL,
    cost INTEGER NOT NULL, until INTEGER NOT NULL, used INTEGER NOT NULL, oldest INTEGER NOT NULL,
    PRIMARY KEY (key, at, upto)
) WITHOUT ROWID;
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
        self._sweep_from = b""

    def hit(self, key: str, limit: int, seconds: int, cost: int = 1) -> Verdict:
        now = _now()
        parameters = {
            "key": _digest(key),
            "now": now,
            "window": seconds * MICRO,
            "limit": limit,
            "cost": cost,
            "mark": random.getrandbits(62),
        }
        connection = self._take()
        cursor = connection.execute(_HIT, parameters)
        if cursor.rowcount:
            row = connection.execute(_OWN, parameters).fetchone()
            used, oldest = row or (limit, now)
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
        # Whatever a hit changes is written as a whole page.
        connection.execute("PRAGMA page_size=1024")
        _use_wal(connection)
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
        """Forget what has expired of the next few keys."""
        start = self._sweep_from
        slice_of_keys = "SELECT key FROM hit WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?"
        end = connection.execute(slice_of_keys, (start, SWEEP_ROWS)).fetchone()
        self._sweep_from = end[0] if end else b""
        last = end[0] if end else AFTER_ALL
        connection.execute("DELETE FROM hit WHERE key > ? AND key <= ? AND until <= ?", (start, last, _now()))


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait here where two processes make the file at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _now() -> int:
    return time.monotonic_ns() // 1000


def _left(oldest: int, seconds: int) -> float:
    return max(0.0, (oldest + seconds * MICRO - _now()) / MICRO)


def _digest(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()
