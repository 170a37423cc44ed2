"""Lines of the log of what was written: found, and settled by their owner where that is asked for."""

from collections.abc import Sequence

from sqlalchemy import func, select

from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.models import Channel, Standing, WriteLine, WriteRun
from sync2sys.models.base import now
from sync2sys.services import write_batches, write_runs, write_settings
from sync2sys.services.write_plans import ASKED, KEPT, PLANNED, RUNNING

REFUSED_BY_OWNER = "kept_by_owner"
#: More make no number that a database has.
DIGITS = 19
#: Lines of a variant that are shown beside its decision.
LAST = 20


def page(run: WriteRun, state: str, start: int, count: int) -> tuple[Sequence[WriteLine], int]:
    """Some lines of a run, product by product, and how many there are."""
    query = select(WriteLine).filter_by(run_id=run.id)
    if state:
        query = query.where(WriteLine.state == state)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(WriteLine.product_external_id, WriteLine.external_id, WriteLine.id)
    return db.session.scalars(ordered.offset(start).limit(count)).all(), total


def page_of_all(channel: Channel, state: str, start: int, count: int) -> tuple[Sequence[WriteLine], int]:
    """Of each value the line that is the last word on it, whichever run it is of, variant by variant."""
    query = select(WriteLine).join(Standing, Standing.line_id == WriteLine.id)
    query = query.where(Standing.channel_id == channel.id)
    if state:
        query = query.where(WriteLine.state == state)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Standing.external_id, Standing.field)
    return db.session.scalars(ordered.offset(start).limit(count)).all(), total


def last_of(channel_id: str, external_id: str) -> Sequence[WriteLine]:
    """The last lines of one variant, newest first."""
    query = select(WriteLine).filter_by(channel_id=channel_id, external_id=external_id)
    return db.session.scalars(query.order_by(WriteLine.id.desc()).limit(LAST)).all()


def accept(channel: Channel, line_id: str) -> WriteLine:
    """Overwrite what somebody made it in the shop, if it still is what was shown. It goes out at once.

    Raises NotFound and BadRequest.
    """
    write_runs.require_on(channel)
    line = _of(channel, line_id)
    run = db.session.get_one(WriteRun, line.run_id, with_for_update=True)
    if line.state != ASKED and not _is_left_alone(line, run):
        raise BadRequest("This line waits for no answer.")
    line.agreed, line.before, line.state = True, line.found, PLANNED
    line.code = line.message = ""
    run.state, run.finished_at, run.passes = RUNNING, None, 0
    write_settings.go_on(channel.id)
    return line


def refuse(channel: Channel, line_id: str) -> WriteLine:
    """Leave what somebody made it in the shop; of another value its owner is asked again.

    Raises as `accept`.
    """
    line = _of(channel, line_id)
    if line.state != ASKED:
        raise BadRequest("This line waits for no answer.")
    line.state, line.code, line.settled_at = KEPT, REFUSED_BY_OWNER, now()
    line.message = "Its owner wants what the shop has."
    write_batches.stand(line)
    return line


def _of(channel: Channel, line_id: str) -> WriteLine:
    number = int(line_id) if line_id.isascii() and line_id.isdigit() and len(line_id) < DIGITS else 0
    query = select(WriteLine).filter_by(id=number, channel_id=channel.id)
    line = db.session.scalar(query.with_for_update())
    if line is None:
        raise NotFound("No such line.")
    return line


def _is_left_alone(line: WriteLine, run: WriteRun) -> bool:
    """Whether it is the last that is known of its value, which stayed as somebody made it in the shop."""
    known = db.session.get(Standing, (line.channel_id, line.external_id, line.field))
    is_last = known is not None and known.line_id == line.id
    return line.state == KEPT and is_last and run.state != write_runs.UNDONE
