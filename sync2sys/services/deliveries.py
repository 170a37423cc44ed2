"""Deliveries of webhooks, taken while the shop waits for the answer, or soon after it.

Shops give up a webhook that is not answered within seconds, and while a large pull is applied nobody else
gets to write. A delivery that only hints at a change is then kept in memory and answered. If the process is
killed before it was written, the next sync finds the change all the same.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.exc import OperationalError

from sync2sys.database import hastily, transaction
from sync2sys.extensions import waiting

#: Deliveries in memory. They are small, for nothing is kept of a body but a product's number.
ROOM = 10_000
#: How often a delivery is tried, and the pause between two tries beside what the database waits itself.
TRIES, PAUSE_SECONDS = 60, 1.0

log = logging.getLogger(__name__)

Take = Callable[[Any], bool]


def take(act: Take, delivery: Any, *, is_hint: bool) -> bool:
    """What `act` makes of the verified delivery in a transaction; True for a hint that is kept for later.

    Raises OperationalError where the database does not answer and the delivery is none to be kept in memory:
    the shop sends it again.
    """
    if not is_hint:
        return transaction(act)(delivery)
    try:
        return hastily(act)(delivery)
    except OperationalError:
        if not waiting.add(act, delivery):
            raise
        return True


class Waiting:
    """The hints that one process keeps until they can be written, oldest first.

    `context` opens a context of the application.
    """

    def __init__(self, context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._context = context
        self._kept: deque[tuple[Take, Any]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, act: Take, delivery: Any) -> bool:
        """Keep a hint; False where there are too many."""
        with self._lock:
            if len(self._kept) >= ROOM:
                return False
            self._kept.append((act, delivery))
            # One of a process that this one was forked from is not alive here.
            if self._thread is None or not self._thread.is_alive():
                # No daemon: a process that ends waits for it.
                self._thread = threading.Thread(target=self._write, name="deliveries")
                self._thread.start()
        return True

    def _write(self) -> None:
        while True:
            with self._lock:
                if not self._kept:
                    self._thread = None
                    return
                act, delivery = self._kept.popleft()
            try:
                self._write_one(act, delivery)
            except Exception:
                log.exception("a delivery of a webhook could not be written; the next sync finds the change")

    def _write_one(self, act: Take, delivery: Any) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                with self._context():
                    transaction(act)(delivery)
                return
            except OperationalError:
                if not tries_left:
                    raise
                time.sleep(PAUSE_SECONDS)
