"""Taking the last run back: what it wrote becomes what was there before, where the shop still has it."""

from sqlalchemy import case, func, insert, literal, select

from sync2sys.connectors.writing import ODD, REFUSED, WRITTEN
from sync2sys.errors import BadRequest
from sync2sys.extensions import db
from sync2sys.models import Channel, WriteLine, WriteRun, Writing
from sync2sys.models.base import now
from sync2sys.models.writing import DRY
from sync2sys.services import write_plans, write_runs, write_settings
from sync2sys.services.write_batches import UNSURE
from sync2sys.services.write_plans import (
    ASKED,
    MESSAGES,
    NORMAL,
    NOTHING_BEFORE,
    PLANNED,
    RUNNING,
    UNDO,
    line_rows,
)

#: What a line left in the shop, or may have.
LEFT = (WRITTEN, ODD, *UNSURE)
COPIED = ("channel_id", "external_id", "product_external_id", "field")


def undo(channel: Channel, by: str) -> WriteRun:
    """Queue the undoing of the last run that wrote something and was not undone. Raises BadRequest.

    From then on nothing is sent but that, until its owner turns writing on again: else the next run would
    write the same once more.
    """
    write_settings.require_shop(channel)
    writing = db.session.get(Writing, channel.id, with_for_update=True)
    if writing is None:
        raise BadRequest("Nothing was ever written to this shop.")
    if write_runs.is_running(channel.id):
        raise BadRequest("A run is under way. Stop it first, or wait for its end.")
    last = _last(channel.id)
    made = WriteRun(
        channel_id=channel.id, kind=UNDO, state=RUNNING, undoes=last.id, asked_by=by, started_at=now()
    )
    db.session.add(made)
    db.session.flush()
    _swap(last.id, made.id)
    lines = select(func.count(), func.count(WriteLine.external_id.distinct())).filter_by(run_id=made.id)
    made.total, made.variants = db.session.execute(lines).one()
    asked = select(WriteLine.id).filter_by(run_id=last.id, state=ASKED)
    write_plans.withdraw(channel.id, db.session.scalars(asked).all())
    writing.state, writing.stopped = DRY, False
    write_settings.go_on(channel.id)
    return made


def _last(channel_id: str) -> WriteRun:
    states = (write_runs.DONE, write_runs.STOPPED, write_runs.FAILED)
    query = select(WriteRun).filter_by(channel_id=channel_id, kind=NORMAL)
    wrote = select(WriteLine.id).where(WriteLine.run_id == WriteRun.id, WriteLine.state.in_(LEFT))
    ended = query.where(WriteRun.state.in_(states), wrote.exists()).order_by(WriteRun.finished_at.desc())
    found = db.session.scalar(ended.limit(1).with_for_update())
    if found is None:
        raise BadRequest("There is no run that wrote something and was not undone.")
    return found


def _swap(run_id: str, undo_id: str) -> None:
    """Lines for all that the run wrote, or may have written, before and after exchanged."""
    columns = line_rows.c
    why = [["undo", "undo", None, None, f"What run {run_id} wrote is taken back."]]
    is_nothing = columns.before.is_(None)
    values = {
        "run_id": literal(undo_id),
        "before": case((columns.state == ODD, columns.found), else_=columns.after),
        "after": columns.before,
        "reasons": literal(why, columns.reasons.type),
        # Compared is what the run left behind, whoever knew what before.
        "agreed": literal(True),
        "state": case((is_nothing, REFUSED), else_=PLANNED),
        "code": case((is_nothing, NOTHING_BEFORE), else_=""),
        "message": case((is_nothing, MESSAGES[NOTHING_BEFORE]), else_=""),
    }
    chosen = [*(columns[name] for name in COPIED), *values.values()]
    found = select(*chosen).where(columns.run_id == run_id, columns.state.in_(LEFT))
    db.session.execute(insert(line_rows).from_select([*COPIED, *values], found))
