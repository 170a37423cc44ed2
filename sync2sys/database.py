"""How the service talks to SQLite and to MySQL or MariaDB, and what a transaction is.

SQLite: WAL, a real `BEGIN IMMEDIATE` for everything that may write, so that a writer waits
for its turn at the start instead of failing in the middle; readers use a plain `BEGIN`.
MySQL: READ COMMITTED, UTC, utf8mb4.
"""

import functools
import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, Select, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from sync2sys.config import BadSetting
from sync2sys.extensions import db

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)

#: True while only reading: the transactions that begin then take no write lock.
reading: ContextVar[bool] = ContextVar("reading", default=False)

#: True in a transaction whose caller cannot wait long for those that write now.
hasty: ContextVar[bool] = ContextVar("hasty", default=False)

#: How long SQLite waits for its write lock, and how long in haste. MySQL's rows are asked for with NOWAIT
#: then, `TRIES` times.
BUSY_SECONDS, HASTY_SECONDS = 10, 0.5
TRIES = 5
#: MySQL: lock wait timeout, deadlock, record changed since last read, NOWAIT refused.
RETRYABLE = {1205, 1213, 1020, 3572}
#: f_type of statfs(2): nfs, cifs, smb2, 9p.
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p"}


def options(url: str) -> dict[str, Any]:
    """Engine options for a database address."""
    if make_url(url).get_backend_name() == "sqlite":
        return {
            "connect_args": {"timeout": BUSY_SECONDS},
            "pool_size": 16,
            "max_overflow": 16,
            # An error is logged with its query: whatever is asked for may be a secret.
            "hide_parameters": True,
        }
    return {
        "hide_parameters": True,
        "isolation_level": "READ COMMITTED",
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "pool_size": 16,
        "max_overflow": 16,
        "connect_args": {"init_command": "SET time_zone = '+00:00', innodb_lock_wait_timeout = 10"},
    }


def prepare(engine: Engine) -> None:
    """Give every SQLite connection its pragmas and explicit transactions."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-4000",  # KB, for each of many connections
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        if hasty.get():
            _wait_at_most(connection, HASTY_SECONDS)
        try:
            connection.exec_driver_sql("BEGIN" if reading.get() else "BEGIN IMMEDIATE")
        except DBAPIError as error:
            if _is_stale(error):
                connection.invalidate()
            raise
        finally:
            if hasty.get() and not connection.invalidated:
                _wait_at_most(connection, BUSY_SECONDS)


def _wait_at_most(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(1000 * seconds)}")


def refuse_network_files(path: Path) -> None:
    """Raise BadSetting where SQLite would sit on a network file system, on which WAL loses data."""
    kind = _file_system(path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise BadSetting(
            f"{path} is on {kind}; SQLite loses data on network file systems. Use a local folder, "
            "or MySQL through DATABASE_URL."
        )


def _file_system(path: Path) -> str:
    best, kind = "", ""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    target = os.path.realpath(path)
    for line in mounts:
        _, mount, name, *_ = line.split(" ")
        inside = target == mount or target.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, name
    return kind


def transaction(work: Callable[P, R]) -> Callable[P, R]:
    """Run the function in one transaction: commit what it did, or nothing at all.

    A deadlock that the database ended is tried again from the start, so the function must
    not touch the outside world.
    """

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        db.session.rollback()
        token = reading.set(False)
        try:
            for tries_left in reversed(range(TRIES)):
                try:
                    result = work(*args, **kwargs)
                    db.session.commit()
                    return result
                except DBAPIError as error:
                    db.session.rollback()
                    if not tries_left or not (_is_deadlock(error) or _is_stale(error)):
                        raise
                    log.info("trying the transaction again", extra={"work": work.__qualname__})
                    time.sleep(random.uniform(0.01, 0.2))  # noqa: S311 - no secret, only spread
                except BaseException:
                    db.session.rollback()
                    raise
            raise AssertionError("unreachable")
        finally:
            reading.reset(token)

    return run


def look(work: Callable[P, R]) -> Callable[P, R]:
    """Run the function in a transaction that only reads, and leave nothing open behind it.

    It must return plain values: an object of a table would read again, and begin anew, when touched.
    """

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        db.session.rollback()
        token = reading.set(True)
        try:
            return work(*args, **kwargs)
        finally:
            db.session.rollback()
            reading.reset(token)

    return run


def hastily(work: Callable[P, R]) -> Callable[P, R]:
    """As `transaction`, but raises OperationalError after half a second where somebody else is writing.

    On MySQL that holds for rows that the function locks with `nowait()`.
    """
    run = transaction(work)

    @functools.wraps(work)
    def run_in_haste(*args: P.args, **kwargs: P.kwargs) -> R:
        token = hasty.set(True)
        try:
            return run(*args, **kwargs)
        finally:
            hasty.reset(token)

    return run_in_haste


def nowait() -> bool:
    """Whether to lock rows by `FOR UPDATE NOWAIT`."""
    return hasty.get()


class Prepared:
    """A query that is compiled once and whose rows come as the driver makes them, in half the time.

    For text, numbers and nothing else; times are text on SQLite.
    """

    def __init__(self, query: Select[Any]) -> None:
        self._compiled = query.compile(db.engine)

    def rows(self, connection: Connection, **parameters: str) -> Sequence[tuple[Any, ...]]:
        values = self._compiled.construct_params(parameters)
        ordered = self._compiled.positiontup
        result = connection.exec_driver_sql(
            self._compiled.string, values if ordered is None else tuple(values[name] for name in ordered)
        )
        rows: Sequence[tuple[Any, ...]] = result.cursor.fetchall()
        result.close()
        return rows


def _is_deadlock(error: DBAPIError) -> bool:
    arguments: tuple[object, ...] = getattr(error.orig, "args", ())
    return bool(arguments) and arguments[0] in RETRYABLE


def _is_stale(error: DBAPIError) -> bool:
    """SQLite: somebody left a half-read cursor on this connection, so that it sees an old state for good."""
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY_SNAPSHOT
