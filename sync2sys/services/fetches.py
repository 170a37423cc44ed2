"""The fetch log: who read which feed, when, and what he was sent.

Answering must not wait for a database, so an answer is noted in memory, and a thread of the process
writes what was noted every few seconds. What is lost, because too much came at once, the database did
not answer or the process was killed, is lost to this log alone.
"""

import atexit
import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Feed, Fetch, RenderShard
from sync2sys.models.base import now
from sync2sys.services import bots

EVERY_SECONDS = 5.0
#: Fetches in memory, some 5 MB at most; more are counted and forgotten.
ROOM = 10_000
#: Fetches of a feed that are kept.
KEPT = 500
#: A channel that reads a feed does so at least once in this time.
SLOWEST_CHANNEL = timedelta(days=2)
#: How long a process that ends waits for a write under way.
PATIENCE_SECONDS = 15.0

log = logging.getLogger(__name__)


class Noted(NamedTuple):
    """A fetch in memory."""

    #: seconds since 1970
    at: float
    feed_id: str
    #: which of the feed's files
    shard: int
    agent: str
    status: int
    size: int
    is_gzip: bool


class FetchLog:
    """What one process has noted and not written yet. `context` opens a context of the application."""

    def __init__(self, context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._context = context
        self._noted: deque[tuple[float, str, int, str, int, int, bool]] = deque()
        self._lost = 0
        self._pid = 0
        self._beginning, self._writing = threading.Lock(), threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, feed_id: str, shard: int, agent: str, status: int, size: int, is_gzip: bool) -> None:
        """Remember an answer that is sent now. Never waits and never fails."""
        if self._pid != os.getpid():
            self._begin_process()
        if len(self._noted) < ROOM:
            # A plain tuple, because the garbage collector soon leaves those alone.
            self._noted.append((time.time(), feed_id, shard, agent[:200], status, size, is_gzip))
        else:
            self._lost += 1

    def write(self) -> None:
        """Write what was noted up to now; where that fails it is lost."""
        with self._writing:
            noted = [Noted._make(self._noted.popleft()) for _ in range(len(self._noted))]
            lost, self._lost = self._lost, 0
            if lost:
                log.warning("%s fetches were not noted, they came too fast", lost)
            if not noted:
                return
            try:
                with self._context():
                    transaction(_add)(noted)
            except Exception:
                log.exception("%s fetches could not be written", len(noted))

    def close(self) -> None:
        """Write what is left, and stop writing until something is noted again."""
        atexit.unregister(self.close)
        self._stop.set()
        if self._pid == os.getpid():
            if self._thread is not None:
                self._thread.join(PATIENCE_SECONDS)
            self.write()
        self._thread, self._pid = None, 0

    def _begin_process(self) -> None:
        """Threads do not survive a fork, so each process that answers starts its own."""
        with self._beginning:
            if self._pid == os.getpid():
                return
            if self._pid:
                # What the parent has noted it writes itself.
                self._noted.clear()
                self._writing = threading.Lock()
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name="fetches", daemon=True)
            self._pid = os.getpid()
            try:
                self._thread.start()
            except RuntimeError as error:
                # No room for a thread, or the process is ending.
                log.warning("fetches are noted, but only written at the end: %s", error)
                self._thread = None
            atexit.register(self.close)

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(EVERY_SECONDS):
            self.write()


def recent(feed: Feed) -> Sequence[Fetch]:
    """The last fetches of a feed that were written, newest first."""
    query = select(Fetch).filter_by(feed_id=feed.id).order_by(Fetch.at.desc(), Fetch.id.desc())
    return db.session.scalars(query.limit(KEPT)).all()


def unread(shown: Sequence[Feed]) -> dict[str, list[int]]:
    """By feed id, which files of a feed that has several nobody reads, as far as the log can tell.

    A channel that was not told of the address of a file does not have what is in it.
    """
    live = {feed.live_render_id: feed.id for feed in shown if feed.published and feed.live_render_id}
    files = select(RenderShard.render_id, RenderShard.no).where(
        RenderShard.render_id.in_(live), RenderShard.no > 1
    )
    found: dict[str, list[int]] = {}
    for render_id, no in db.session.execute(files.order_by(RenderShard.render_id, RenderShard.no)):
        found.setdefault(live[render_id], []).append(no)
    return {feed_id: missing for feed_id, numbers in found.items() if (missing := _unread(feed_id, numbers))}


def _unread(feed_id: str, numbers: Sequence[int]) -> list[int]:
    query = select(Fetch.shard, Fetch.at).filter_by(feed_id=feed_id).order_by(Fetch.id.desc())
    kept = db.session.execute(query.limit(KEPT)).all()
    if len(kept) == KEPT and kept[-1].at > now() - SLOWEST_CHANNEL:
        return []  # Some come so often that those who come once a day may be forgotten.
    read = {fetch.shard for fetch in kept}
    return [number for number in numbers if number not in read]


def _add(noted: Sequence[Noted]) -> None:
    """Write fetches, and forget those of the same feeds that are too old by now."""
    feeds = {fetch.feed_id for fetch in noted}
    existing = set(db.session.scalars(select(Feed.id).where(Feed.id.in_(feeds))))
    rows = [_row(fetch) for fetch in _last(noted) if fetch.feed_id in existing]
    if rows:
        db.session.execute(insert(Fetch.__table__), rows)  # type: ignore[arg-type]
    for feed_id in existing:
        _tidy(feed_id)


def _last(noted: Sequence[Noted]) -> list[Noted]:
    """Those that will be kept, oldest first."""
    counts: Counter[str] = Counter()
    kept = []
    for fetch in reversed(noted):
        counts[fetch.feed_id] += 1
        if counts[fetch.feed_id] <= KEPT:
            kept.append(fetch)
    return kept[::-1]


def _row(fetch: Noted) -> dict[str, Any]:
    agent, bot = _software(fetch.agent)
    return {
        "feed_id": fetch.feed_id,
        "shard": fetch.shard,
        "at": datetime.fromtimestamp(fetch.at, UTC),
        "agent": agent,
        "bot": bot,
        "status": fetch.status,
        "bytes": fetch.size,
        "gzip": fetch.is_gzip,
    }


@lru_cache(maxsize=1024)
def _software(agent: str) -> tuple[str, str]:
    """What calls itself so, without what could do something to a terminal, and its short name."""
    clean = "".join(character if character.isprintable() else "?" for character in agent)
    return clean, bots.name_of(clean)


def _tidy(feed_id: str) -> None:
    ids = select(Fetch.id).filter_by(feed_id=feed_id).order_by(Fetch.id.desc())
    oldest = db.session.scalar(ids.offset(KEPT).limit(1))
    if oldest is not None:
        db.session.execute(delete(Fetch).filter_by(feed_id=feed_id).where(Fetch.id <= oldest))
