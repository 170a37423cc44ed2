"""The worker process: takes jobs from the table and does them, until it is told to stop or killed.

Lanes are threads, each taking certain kinds of jobs one after the other, so that slow shops never keep
feeds waiting. Killing a worker at any moment is safe: its leases run out, and others go on.
"""

import logging
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TypeVar

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from sync2sys.database import transaction
from sync2sys.errors import LostLease, Sync2SysError
from sync2sys.extensions import db
from sync2sys.models import Worker as WorkerRow
from sync2sys.models.base import new_id, now
from sync2sys.services import health, hooks, import_runs, jobs, pricing, renders, schedule, sync, write_runs

IDLE_SECONDS = 0.5
TICK_SECONDS = 5.0
#: After a fault of our own, such as a database that is away.
PAUSE_SECONDS = 2.0
DISK_WARNING_SECONDS = 60.0

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def _sweep(claim: jobs.Claim) -> None:
    schedule.sweep()


HANDLERS: dict[str, Callable[[jobs.Claim], None]] = {
    "sync": sync.run,
    "hooks": hooks.run,
    "import": import_runs.run,
    "pricing": pricing.run,
    "writing": write_runs.run,
    "render": renders.run,
    "sweep": _sweep,
}
#: What asks shops and suppliers, and may have to wait for them.
SYNC_LANE = frozenset({"sync", "hooks", "import", "writing"})
OTHER_LANE = frozenset(HANDLERS) - SYNC_LANE


class Worker:
    """Works for one application. `stop` may be set from anywhere: steps under way are finished first."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.id = new_id()
        self.stop = threading.Event()
        self._claims: dict[str, jobs.Claim] = {}
        self._warned_at = float("-inf")

    def run(self) -> None:
        """Work until `stop` is set and what was begun is finished or given back."""
        settings = self.app.extensions["sync2sys"]["settings"]
        lanes = [SYNC_LANE] * settings.WORKER_SYNCS + [OTHER_LANE] * settings.WORKER_RENDERS
        threads = [threading.Thread(target=self._lane, args=(kinds,), name="lane") for kinds in lanes]
        threads.append(threading.Thread(target=self._schedule, name="schedule"))
        log.info("worker started", extra={"worker": self.id, "lanes": len(lanes)})
        with self.beating(registered=True):
            for thread in threads:
                thread.start()
            while not self.stop.wait(1.0):
                pass
            for thread in threads:
                thread.join()
        log.info("worker stopped", extra={"worker": self.id})

    @contextmanager
    def beating(self, *, registered: bool = False) -> Iterator[None]:
        """Keep the leases of what is being worked on, in a thread of its own."""
        done = threading.Event()
        thread = threading.Thread(target=self._beat, args=(done, registered), name="heartbeat")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            if registered:
                self._guarded(transaction(self._leave))

    def work(self, claim: jobs.Claim) -> None:
        """Do a claimed job and settle it."""
        claim = replace(claim, stop=self.stop)
        self._claims[claim.id] = claim
        started = time.monotonic()
        outcome = "lost"
        try:
            outcome = self._settle(claim)
        except LostLease:
            pass  # Somebody else has it now, and will say how it went.
        finally:
            self._claims.pop(claim.id, None)
            log.info(
                "job %s",
                outcome,
                extra={
                    "job": claim.id,
                    "kind": claim.kind,
                    "subject": claim.subject,
                    "attempt": claim.attempts,
                    "seconds": round(time.monotonic() - started, 3),
                },
            )

    def _settle(self, claim: jobs.Claim) -> str:
        try:
            HANDLERS[claim.kind](claim)
        except jobs.Interrupted:
            transaction(jobs.release)(claim)
            return "given back"
        except LostLease:
            raise
        except Sync2SysError as error:
            log.warning("%s of %s: %s", claim.kind, claim.subject, error.message)
            return _failed(claim, error)
        except Exception as error:
            log.exception("unexpected error in %s of %s", claim.kind, claim.subject)
            return _failed(claim, error)
        transaction(jobs.finish)(claim)
        return "done"

    def _lane(self, kinds: frozenset[str]) -> None:
        while not self.stop.is_set():
            if not self._guarded(lambda: self._step(kinds)):
                self.stop.wait(IDLE_SECONDS)

    def _step(self, kinds: frozenset[str]) -> bool:
        """Do one job of these kinds; False where there is none."""
        if kinds == SYNC_LANE and self._disk_is_full():
            return False
        claim = jobs.claim(kinds)
        if claim is None:
            return False
        self.work(claim)
        return True

    def _disk_is_full(self) -> bool:
        """Whether too little is free to take in more; what is published needs the rest."""
        free = shutil.disk_usage(self.app.instance_path).free
        if free >= health.FREE_BYTES:
            return False
        if time.monotonic() - self._warned_at > DISK_WARNING_SECONDS:
            self._warned_at = time.monotonic()
            log.error(
                "syncs are stopped: %s MiB free in %s, %s are needed",
                free // 2**20,
                self.app.instance_path,
                health.FREE_BYTES // 2**20,
            )
        return True

    def _schedule(self) -> None:
        while not self.stop.is_set():
            self._guarded(schedule.tick)
            self.stop.wait(TICK_SECONDS)

    def _beat(self, done: threading.Event, registered: bool) -> None:
        while True:
            if registered:
                self._guarded(transaction(self._be_seen))
            for claim in list(self._claims.values()):
                self._guarded(lambda claim=claim: self._renew(claim))  # type: ignore[misc]
            if done.wait(jobs.HEARTBEAT_SECONDS):
                return

    def _renew(self, claim: jobs.Claim) -> None:
        try:
            transaction(jobs.heartbeat)(claim)
        except LostLease:
            # Finished this moment, or lost; the one who works on it will find out.
            self._claims.pop(claim.id, None)

    def _be_seen(self) -> None:
        row = db.session.get(WorkerRow, self.id)
        if row is None:
            db.session.add(WorkerRow(id=self.id, name=f"{socket.gethostname()}:{os.getpid()}"))
        else:
            row.seen_at = now()

    def _leave(self) -> None:
        row = db.session.get(WorkerRow, self.id)
        if row is not None:
            db.session.delete(row)

    def _guarded(self, work: Callable[[], Result]) -> Result | None:
        """Run it in a context of the application; a fault is logged, and a lane goes on after a pause."""
        try:
            with self.app.app_context():
                return work()
        except SQLAlchemyError as error:
            log.warning("the database does not answer: %s", type(error).__name__, exc_info=error)
        except Exception:
            log.exception("unexpected error")
        self.stop.wait(PAUSE_SECONDS)
        return None


def _failed(claim: jobs.Claim, error: Exception) -> str:
    state = transaction(lambda: jobs.fail(claim, error).state)()
    return "failed for good" if state == "failed" else "to be tried again"


def run_until_signalled(worker: Worker) -> None:
    """Work until SIGTERM or SIGINT; a second one ends the process at once. For the main thread only."""
    signals: SimpleQueue[int] = SimpleQueue()
    told: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if told:
            os._exit(1)
        told.append(number)
        signals.put(number)  # the one way to wake another that is safe in a signal handler

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, handle)
    thread = threading.Thread(target=worker.run, name="worker")
    thread.start()
    while thread.is_alive():
        with suppress(Empty):
            log.info("stopping after signal %s", signals.get(timeout=1.0))
            break
    worker.stop.set()
    thread.join()
