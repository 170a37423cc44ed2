"""The job table: what is to be done, who is doing it, and how long that holds.

A worker holds a job by a lease, renewed by heartbeats. When it dies the lease runs out and
somebody else takes the job with a new token; whoever still has the old token has lost it, and finds
out by `check` in the transaction in which it wanted to publish.
"""

import logging
import random
import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, delete, or_, select, text, update

from sync2sys.database import look, transaction
from sync2sys.errors import LostLease, Sync2SysError
from sync2sys.extensions import db
from sync2sys.models import Job
from sync2sys.models.base import new_id, now
from sync2sys.services.upserts import insert_missing, table_of

LEASE = timedelta(seconds=60)
HEARTBEAT_SECONDS = 15.0
ATTEMPTS = 8
BASE_SECONDS = 2.0
CAP_SECONDS = 15 * 60.0
LONGEST_ASKED_SECONDS = 3600.0
KEPT = timedelta(days=7)
#: Others may take the oldest due jobs before we do; then the next ones are tried.
CANDIDATES = 8
#: Where a running job keeps what it was asked to do once more.
NEXT = "next"

log = logging.getLogger(__name__)


class Interrupted(Sync2SysError):
    """The worker is to stop: everything so far is kept, and the job goes on elsewhere."""


#: Not a fault of the work: nothing is to be noted, and nothing counted.
PASSING = (LostLease, Interrupted)


@dataclass(frozen=True)
class Claim:
    """A job in our hands, as plain values that outlive every transaction."""

    id: str
    kind: str
    subject: str
    payload: dict[str, Any]
    token: str
    attempts: int
    #: set when the worker is to stop; long handlers look at it between two steps
    stop: threading.Event = field(default_factory=threading.Event, compare=False)

    def go_on(self) -> None:
        """Raise Interrupted if the worker is to stop."""
        if self.stop.is_set():
            raise Interrupted("The worker stops.")


def clock() -> datetime:
    """The time that leases are measured by: the database's, where several machines share it."""
    if db.engine.dialect.name == "sqlite":
        return now()
    moment: datetime = db.session.scalars(text("SELECT UTC_TIMESTAMP(6)")).one()
    return moment.replace(tzinfo=UTC)


def enqueue(
    kind: str, subject: str, payload: dict[str, Any] | None = None, due: datetime | None = None
) -> Job:
    """Ask for a piece of work, at once or when due. There is never more than one live job for a subject.

    A queued one comes earlier if asked, and does what both asked for; a running one is queued once more
    when it is done.
    """
    due = due or clock()
    asked = payload or {}
    live_key = f"{kind}:{subject}"
    query = select(Job).filter_by(live_key=live_key).with_for_update()
    job = db.session.scalar(query)
    if job is None:
        job_id = new_id()
        insert_missing(table_of(Job), _row(job_id, kind, subject, asked, due), ["live_key"])
        job = db.session.scalars(query).one()
        if job.id == job_id:
            return job
    _ask_again(job, asked, due)
    db.session.flush()
    return job


def _row(job_id: str, kind: str, subject: str, payload: dict[str, Any], due: datetime) -> dict[str, Any]:
    return {
        "id": job_id,
        "kind": kind,
        "subject": subject,
        "live_key": f"{kind}:{subject}",
        "payload": payload,
        "state": "queued",
        "due_at": due,
        "attempts": 0,
        "again": False,
        "problem": "",
        "created_at": now(),
    }


def _ask_again(job: Job, asked: dict[str, Any], due: datetime) -> None:
    if job.state == "queued":
        job.payload = _both(job.payload, asked)
        job.due_at = min(job.due_at, due)
        return
    job.due_at = min(job.due_at, due) if job.again else due
    job.payload = job.payload | {NEXT: _both(job.payload.get(NEXT, {}), asked)}
    job.again = True


def _both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A wish once uttered stays: {"full": True} and {"full": False} is a full one; lists are joined."""
    joined = first | {name: value for name, value in second.items() if value or name not in first}
    for name, value in second.items():
        if isinstance(value, list) and isinstance(first.get(name), list):
            joined[name] = list(dict.fromkeys(first[name] + value))
    return joined


def claim(kinds: Collection[str], subject: str | None = None) -> Claim | None:
    """Take the job that has been due for longest, or None. Two workers never get the same one.

    A job whose lease ran out is due again. Unlike the other functions here this one commits: a claim
    that others cannot see is no claim.
    """
    for job_id in look(_candidates)(kinds, subject):
        claimed = transaction(_take)(job_id)
        if claimed is not None:
            return claimed
    return None


def _free(moment: datetime) -> ColumnElement[bool]:
    return or_(
        and_(Job.state == "queued", Job.due_at <= moment),
        and_(Job.state == "running", Job.lease_until < moment),
    )


def _candidates(kinds: Collection[str], subject: str | None) -> list[str]:
    query = select(Job.id).where(Job.kind.in_(kinds), _free(clock()))
    if subject is not None:
        query = query.where(Job.subject == subject)
    return list(db.session.scalars(query.order_by(Job.due_at, Job.id).limit(CANDIDATES)))


def _take(job_id: str) -> Claim | None:
    moment, token = clock(), secrets.token_hex(16)
    taken = db.session.execute(
        update(Job)
        .where(Job.id == job_id, _free(moment))
        .values(state="running", token=token, lease_until=moment + LEASE, attempts=Job.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    if _count(taken) != 1:
        return None
    job = db.session.get_one(Job, job_id, populate_existing=True)
    if job.attempts > ATTEMPTS:
        # It was never failed, so it took its worker down with it, again and again.
        _end(job, "failed", f"The worker stopped {job.attempts - 1} times in the middle of it.")
        log.error("given up: %s of %s stops its workers", job.kind, job.subject)
        return None
    return Claim(job.id, job.kind, job.subject, job.payload, token, job.attempts)


def heartbeat(claim: Claim) -> None:
    """Renew the lease. Raises LostLease."""
    _renew(claim, lease_until=clock() + LEASE)


def progress(claim: Claim) -> None:
    """Note in the transaction that keeps a step that there was one: attempts count from here.

    Raises LostLease, and the step is not kept.
    """
    _renew(claim, lease_until=clock() + LEASE, attempts=1)


def _renew(claim: Claim, **values: Any) -> None:
    renewed = db.session.execute(
        update(Job)
        .where(Job.id == claim.id, Job.token == claim.token, Job.state == "running")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if _count(renewed) != 1:
        raise LostLease(f"The {claim.kind} of {claim.subject} is somebody else's now.")


def check(claim: Claim) -> Job:
    """The job's row, locked to the end of the transaction. Raises LostLease.

    To be called in the transaction that publishes, best as its last step: heartbeats wait behind the lock.
    The lease is renewed by it: nobody may take for lost what only took its time.
    """
    job = db.session.get(Job, claim.id, with_for_update=True, populate_existing=True)
    if job is None or job.token != claim.token or job.state != "running":
        raise LostLease(f"The {claim.kind} of {claim.subject} is somebody else's now.")
    job.lease_until = clock() + LEASE
    return job


def finish(claim: Claim) -> None:
    """It is done; if it was asked for meanwhile, it is queued once more. Raises LostLease."""
    _end(check(claim), "done", "")


def fail(claim: Claim, error: Exception) -> Job:
    """Try again later, or give up: after 8 attempts, or where the error says that waiting cannot help.

    Full jitter, and never sooner than the other side asked for. Raises LostLease.
    """
    job = check(claim)
    problem = error.message if isinstance(error, Sync2SysError) else f"Unexpected: {type(error).__name__}."
    if not getattr(error, "retryable", True) or job.attempts >= ATTEMPTS:
        _end(job, "failed", problem)
        return job
    wait = _wait_after(job.attempts, getattr(error, "retry_after", None))
    job.state, job.due_at, job.problem = "queued", clock() + timedelta(seconds=wait), problem
    _let_go(job)
    return job


def _wait_after(attempts: int, asked: float | None) -> float:
    jitter = random.uniform(0, min(CAP_SECONDS, BASE_SECONDS * 2 ** (attempts - 1)))  # noqa: S311 - spread
    return max(jitter, min(asked or 0.0, LONGEST_ASKED_SECONDS))


def release(claim: Claim) -> None:
    """Give the job back unfinished: somebody else may go on with it at once. Raises LostLease."""
    job = check(claim)
    job.state, job.due_at = "queued", clock()
    job.attempts = max(0, job.attempts - 1)
    _let_go(job)


def _let_go(job: Job) -> None:
    payload = _both(job.payload, job.payload.get(NEXT, {}))
    job.payload = {name: value for name, value in payload.items() if name != NEXT}
    job.again, job.token, job.lease_until = False, None, None


def _end(job: Job, state: str, problem: str) -> None:
    job.problem = problem
    if job.again:
        job.state, job.attempts, job.payload = "queued", 0, job.payload.get(NEXT, {})
        _let_go(job)
        return
    job.state, job.live_key, job.finished_at = state, None, clock()
    job.token, job.lease_until = None, None


def live(kind: str, subject: str) -> Job | None:
    """The queued or running job of a subject."""
    return db.session.scalar(select(Job).filter_by(live_key=f"{kind}:{subject}"))


def recent(kind: str, subject: SQLColumnExpression[str], since: datetime) -> ColumnElement[bool]:
    """SQL: there is a live job for the subject, or one ended after `since`."""
    return (
        select(Job.id)
        .where(Job.kind == kind, Job.subject == subject)
        .where(or_(Job.live_key.is_not(None), Job.finished_at > since))
        .exists()
    )


def sweep() -> int:
    """Forget jobs that ended a week ago; returns how many."""
    return _count(
        db.session.execute(delete(Job).where(Job.live_key.is_(None), Job.finished_at < now() - KEPT))
    )


def _count(result: Any) -> int:
    """Rows that an UPDATE matched or a DELETE removed."""
    return int(result.rowcount)
