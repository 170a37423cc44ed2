"""Work that takes long. The table is the truth; a worker holds a job by a lease."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import JsonText, LongText, Moment, new_id, now


class Job(Base):
    """One piece of work for one subject.

    `state`: queued, running, done or failed. A queued job is due at `due_at`; a running one whose
    `lease_until` has passed may be taken by anybody. `token` changes with every claim: whoever
    still holds an old one has lost the job and must not publish.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "state", "due_at"),
        Index("ix_job_subject", "kind", "subject"),
        TABLE,
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    #: sync, render, …; a worker has lanes by kind
    kind: Mapped[str] = mapped_column(String(30))
    #: id of the channel, feed, … it works on
    subject: Mapped[str] = mapped_column(String(64))
    #: "kind:subject" while queued or running, so that there is never a second; None afterwards
    live_key: Mapped[str | None] = mapped_column(String(100), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    due_at: Mapped[datetime] = mapped_column(Moment, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(Moment)
    token: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    #: asked for again while it was running: it is queued once more when done
    again: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str] = mapped_column(LongText, default="")
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class Worker(Base):
    """A running worker process, seen at its last heartbeat."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime] = mapped_column(Moment, default=now)
    seen_at: Mapped[datetime] = mapped_column(Moment, default=now)
