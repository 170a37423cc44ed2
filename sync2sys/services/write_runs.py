"""Runs: a channel's plan is carried out batch by batch, until its end or until its owner stops it.

The job of a channel goes on with the run that is open, and plans a new one where there is none.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from sync2sys.connectors.base import Connector
from sync2sys.connectors.writing import NOT_WRITTEN, ODD, UNKNOWN, WRITTEN
from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest, NotFound, StoreBusy, StoreError, Sync2SysError
from sync2sys.extensions import db, settings
from sync2sys.models import Channel, WriteLine, WriteRun, Writing
from sync2sys.models.base import now
from sync2sys.models.writing import ON
from sync2sys.services import jobs, organizations, write_batches, write_plans, write_settings
from sync2sys.services.sync import HINTS, MOST_HINTS
from sync2sys.services.write_batches import Place
from sync2sys.services.write_plans import (
    HELD,
    MESSAGES,
    NOT_SENT,
    PLANNED,
    RUNNING,
    UNDO,
    line_rows,
)
from sync2sys.services.write_settings import DECISIONS

DONE, STOPPED, FAILED, DROPPED, UNDONE = "done", "stopped", "failed", "dropped", "undone"
#: So often all that is left is tried again, the shop being asked before; then it is left to the next run.
PASSES = 5
#: Seconds until what is left is tried again.
AGAIN_SECONDS = 30.0
#: How long the log of what was written is kept.
KEPT_FOR = timedelta(days=400)
#: Lines that are deleted at once.
SWEPT = 5000

OFF_HERE = "Writing to shops is turned off for this installation. What is left goes out when it is turned on."
NOT_CONNECTED = "This store is not connected. Connect it anew first."

log = logging.getLogger(__name__)


def run(claim: jobs.Claim) -> None:
    """Write what differs to the shop of a claimed job's channel, from where an earlier attempt broke off.

    Raises LostLease and Interrupted; and whatever went wrong, after it was noted.
    """
    try:
        _work(claim)
    except Exception as error:
        if not isinstance(error, jobs.PASSING):
            transaction(_note_failure)(claim, error)
        raise


def _work(claim: jobs.Claim) -> None:
    channel_id = claim.subject
    if not look(_is_open)(channel_id):
        write_plans.make(claim, claim.payload.get("by") or DECISIONS)
    why_not = look(_obstacle)(channel_id)
    if why_not == STOPPED:
        transaction(_stop_open)(channel_id)
    elif why_not:
        transaction(_note)(channel_id, why_not)
        return
    place = look(_place)(channel_id)
    if place is not None and look(_is_open)(channel_id):
        _go_on(place, claim)


def _go_on(place: Place, claim: jobs.Claim) -> None:
    """Find out what arrived, and send what is left of the open run."""
    connector = write_settings.open_shop(place.channel_id, place.platform, place.capabilities, place.location)
    for key in look(write_batches.unsettled_keys)(place.channel_id):
        write_batches.carry_out(place, look(write_batches.of_key)(place.channel_id, key), connector, claim)
        transaction(_recount)(key)
        claim.go_on()
    run_id = look(_open_run)(place.channel_id)
    if run_id is None or not _send_all(run_id, place, connector, claim):
        return
    left = transaction(_conclude)(run_id, claim)
    if left:
        raise StoreBusy(left, retry_after=AGAIN_SECONDS)


def _send_all(run_id: str, place: Place, connector: Connector, claim: jobs.Claim) -> bool:
    """Send the planned lines of a run; whether it came to its end."""
    may_write = False
    while (batch := look(write_batches.planned)(run_id)).line_ids:
        why_not = look(_obstacle)(place.channel_id)
        if why_not:
            transaction(_stop_open if why_not == STOPPED else _note)(place.channel_id, why_not)
            return False
        if not may_write:
            write_settings.require_rights(place.platform, connector)
            may_write = True
        write_batches.carry_out(place, batch, connector, claim)
        claim.go_on()
    return True


def _is_open(channel_id: str) -> bool:
    """Whether there is something to go on with before anything new is planned."""
    return _open_run(channel_id) is not None or bool(write_batches.unsettled_keys(channel_id))


def _open_run(channel_id: str) -> str | None:
    query = select(WriteRun.id).filter_by(channel_id=channel_id, state=RUNNING)
    return db.session.scalar(query.order_by(WriteRun.planned_at, WriteRun.id).limit(1))


def _obstacle(channel_id: str) -> str:
    """Why nothing may go out now: `stopped` where its owner wants that, else a sentence. Empty: it may."""
    writing, channel = db.session.get(Writing, channel_id), db.session.get(Channel, channel_id)
    run_id = _open_run(channel_id)
    run = db.session.get(WriteRun, run_id) if run_id else None
    if writing is None or writing.stopped or (run and run.kind != UNDO and writing.state != ON):
        return STOPPED
    if not settings.WRITE_BACK:
        return OFF_HERE if run else ""
    return "" if channel is not None and channel.state == "connected" else NOT_CONNECTED


def _place(channel_id: str) -> Place | None:
    writing, channel = db.session.get(Writing, channel_id), db.session.get(Channel, channel_id)
    if writing is None or channel is None or channel.state != "connected":
        return None
    return Place(
        channel_id,
        channel.platform,
        channel.capabilities,
        channel.currency,
        dict(writing.policy),
        writing.count_stock,
        writing.location,
    )


# How it ended --------------------------------------------------------------------------------------


def _conclude(run_id: str, claim: jobs.Claim) -> str:
    """End the run; or, where something is left that may still go, why it is to be tried again."""
    run = db.session.get_one(WriteRun, run_id, with_for_update=True)
    if run.state != RUNNING:
        return ""
    left = _left(run)
    if left and run.passes + 1 < PASSES:
        run.passes += 1
        jobs.check(claim)
        return left
    _note(run.channel_id, left)
    _end(run, FAILED if left else DONE, left)
    if run.kind == UNDO and run.undoes is not None:
        undone = db.session.get(WriteRun, run.undoes)
        if undone is not None:
            undone.state = UNDONE
    jobs.check(claim)
    return ""


def _left(run: WriteRun) -> str:
    """What the first line says that is not settled."""
    query = select(WriteLine.message).filter_by(run_id=run.id)
    is_left = WriteLine.state.in_((NOT_WRITTEN, UNKNOWN))
    found = db.session.scalar(query.where(is_left).order_by(WriteLine.id).limit(1))
    return "" if found is None else found or "The shop would not say what it has done."


def _end(run: WriteRun, state: str, problem: str = "") -> None:
    run.state, run.problem, run.finished_at = state, problem, now()
    run.counts = counts(run.id)
    _look_again(run)
    organizations.note_activity(db.session.get_one(Channel, run.channel_id).organization_id)
    log.info("writing ended", extra=run.counts | {"channel": run.channel_id, "run": run.id, "state": state})


def _look_again(run: WriteRun) -> None:
    """Have the products mirrored that were written to, so that feeds follow."""
    query = select(WriteLine.product_external_id).filter_by(run_id=run.id).distinct()
    found = list(db.session.scalars(query.where(WriteLine.state.in_((WRITTEN, ODD))).limit(MOST_HINTS + 1)))
    if found:
        jobs.enqueue("sync", run.channel_id, {HINTS: found} if len(found) <= MOST_HINTS else {})


def counts(run_id: str) -> dict[str, int]:
    """How many lines of a run are in which state."""
    query = select(WriteLine.state, func.count()).filter_by(run_id=run_id).group_by(WriteLine.state)
    return dict(db.session.execute(query).all())


def _recount(key: str) -> None:
    """Count anew what became of a run that had ended before it was known what arrived."""
    query = select(WriteRun).join(WriteLine, WriteLine.run_id == WriteRun.id).where(WriteLine.key == key)
    run = db.session.scalar(query.limit(1))
    if run is not None and run.finished_at is not None:
        run.counts = counts(run.id)
        _look_again(run)


def _stop_open(channel_id: str, why: str = "") -> None:
    """End what is open because its owner wants that. What may have been sent is asked for, not sent again."""
    query = select(WriteRun).filter_by(channel_id=channel_id, state=RUNNING).with_for_update()
    for run in db.session.scalars(query).all():
        _give_up(run, STOPPED)


def _give_up(run: WriteRun, state: str, problem: str = "") -> None:
    told = {"state": NOT_WRITTEN, "code": NOT_SENT, "message": problem or MESSAGES[NOT_SENT]}
    planned = update(line_rows).where(line_rows.c.run_id == run.id, line_rows.c.state == PLANNED)
    db.session.execute(planned.values(**told, settled_at=now()))
    _end(run, state, problem)


def _note(channel_id: str, problem: str, code: str = "") -> None:
    writing = db.session.get(Writing, channel_id)
    if writing is not None:
        writing.problem, writing.problem_code = problem, code


def _note_failure(claim: jobs.Claim, error: Exception) -> None:
    """Tell the owner; where waiting cannot help, the open run has failed."""
    channel_id = claim.subject
    message, code = "Something went wrong here, not in the shop. It is in the log.", ""
    if isinstance(error, Sync2SysError):
        message, code = error.message, error.code or ""
    _note(channel_id, message, code)
    if isinstance(error, StoreError) and not error.retryable:
        query = select(WriteRun).filter_by(channel_id=channel_id, state=RUNNING).with_for_update()
        for run in db.session.scalars(query).all():
            _give_up(run, FAILED, message)
    jobs.check(claim)


def is_running(channel_id: str) -> bool:
    """Whether a run of the channel is under way, or waits to go on."""
    return _open_run(channel_id) is not None


def written_at(channel_ids: Collection[str]) -> datetime | None:
    """When a run last came to a good end in one of these channels; None for never."""
    ended = select(WriteRun.finished_at).filter_by(state=DONE).where(WriteRun.channel_id == Channel.id)
    # They run one after the other, so what was planned last ended last.
    last = ended.order_by(WriteRun.planned_at.desc()).limit(1).scalar_subquery()
    found = db.session.scalars(select(last).where(Channel.id.in_(channel_ids)))
    return max((moment for moment in found if moment is not None), default=None)


def trouble_of(writing: Writing) -> str:
    """What its owner has to look at: what is wrong, or why a run is held. Empty: nothing."""
    if writing.problem:
        return writing.problem
    query = select(WriteRun).filter_by(channel_id=writing.channel_id, state=HELD)
    held = db.session.scalar(query.order_by(WriteRun.planned_at.desc()).limit(1))
    if held is None:
        return ""
    why = " ".join(reason["message"] for reason in held.hold or ())
    return f"A run is held. {why} Release it, or drop it."


# What its owner says -------------------------------------------------------------------------------


def find(channel: Channel, run_id: str, *, lock: bool = False) -> WriteRun:
    """One of the channel's runs. Raises NotFound."""
    query = select(WriteRun).filter_by(id=run_id, channel_id=channel.id)
    found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("No such run.")
    return found


def page(channel: Channel, start: int, count: int) -> tuple[Sequence[WriteRun], int]:
    """Some runs of a channel, newest first, and how many there are."""
    query = select(WriteRun).filter_by(channel_id=channel.id).where(WriteRun.state != write_plans.PLANNING)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(WriteRun.planned_at.desc(), WriteRun.id)
    return db.session.scalars(ordered.offset(start).limit(count)).all(), total


def release(channel: Channel, run_id: str) -> WriteRun:
    """Let a held run go out although it is more than the ceiling. Raises NotFound and BadRequest."""
    writing, found = require_on(channel), find(channel, run_id, lock=True)
    if found.state != HELD:
        raise BadRequest("This run is not held.")
    found.state, found.started_at = RUNNING, now()
    write_settings.go_on(writing.channel_id)
    return found


def require_on(channel: Channel) -> Writing:
    """How the channel is written to. Raises BadRequest where nothing may be sent."""
    writing = write_settings.find(channel)
    if writing.state != ON or writing.stopped:
        raise BadRequest("Writing to this shop is not turned on.")
    return writing


def drop(channel: Channel, run_id: str) -> WriteRun:
    """Give up a held run. The very same is not planned again until somebody asks. Raises as `release`."""
    found = find(channel, run_id, lock=True)
    if found.state != HELD:
        raise BadRequest("This run is not held.")
    _give_up(found, DROPPED)
    return found


def stop(channel: Channel, run_id: str) -> WriteRun:
    """Stop a run after the batch under way; nothing goes out until its owner says how. Raises as `drop`."""
    writing, found = write_settings.find(channel), find(channel, run_id)
    if found.state != RUNNING:
        raise BadRequest("This run is not running.")
    writing.stopped = True
    write_settings.go_on(channel.id)
    return found


def sweep() -> int:
    """Forget runs that ended long ago, a few lines at a time; returns how many lines."""
    old = select(WriteRun.id).where(WriteRun.finished_at < now() - KEPT_FOR)
    ids = db.session.scalars(select(WriteLine.id).where(WriteLine.run_id.in_(old)).limit(SWEPT)).all()
    if ids:
        db.session.execute(delete(line_rows).where(line_rows.c.id.in_(ids)))
    else:
        gone: Any = delete(WriteRun).where(WriteRun.finished_at < now() - KEPT_FOR)
        db.session.execute(gone.execution_options(synchronize_session=False))
    return len(ids)
