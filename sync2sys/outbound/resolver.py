"""Name look-ups that end in time."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

from sync2sys.errors import TimedOut, Unreachable

SECONDS = 3.0
SLOTS = 16

Answer = tuple[Any, ...]  # one tuple of getaddrinfo
Lookup = Callable[..., list[Answer]]


class Resolver:
    """getaddrinfo with a time limit, which it has not itself.

    Each look-up has a thread of its own, which outlives a caller that gave up; `SLOTS` bounds how many
    can hang at a time. They are daemons: a name server that is silent does not keep the process from ending.
    """

    def __init__(self, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._slots = threading.BoundedSemaphore(SLOTS)

    def answers(self, host: str, port: int, seconds: float) -> list[Answer]:
        """All stream addresses of a name, at least one. Raises Unreachable, or TimedOut after `seconds`."""
        seconds = min(seconds, SECONDS)
        if not self._slots.acquire(timeout=max(0.0, seconds)):
            raise TimedOut("The name servers are too slow at the moment.")
        found: queue.SimpleQueue[list[Answer] | None] = queue.SimpleQueue()
        threading.Thread(target=self._look_up, args=(host, port, found), name="look-up", daemon=True).start()
        try:
            answers = found.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise TimedOut(f"The name servers did not say in time where {host} is.") from None
        if not answers:
            raise Unreachable(f"The name {host} could not be found.")
        return answers

    def _look_up(self, host: str, port: int, found: "queue.SimpleQueue[list[Answer] | None]") -> None:
        answers = None
        try:
            with contextlib.suppress(OSError, UnicodeError):
                answers = self._lookup(host, port, type=socket.SOCK_STREAM)
        finally:
            self._slots.release()
            found.put(answers)
