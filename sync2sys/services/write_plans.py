"""What would be written to a shop: decisions beside what it has, where they differ.

A plan is stored line by line, so that it can be looked at before anything is sent. One that would change
more than its owner allows is held.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from sync2sys.connectors.writing import ODD, PRICE, QUANTITY, REFUSED, STALE
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Decision, Standing, Variant, WriteLine, WriteRun, Writing
from sync2sys.models.base import now
from sync2sys.models.writing import DRY, OFF
from sync2sys.services import items, jobs
from sync2sys.services.upserts import table_of
from sync2sys.services.write_settings import AUTOMATIC, Ceiling

NORMAL, UNDO = "normal", "undo"
PLANNING, PLANNED, HELD, RUNNING = "planning", "planned", "held", "running"
ASKED, KEPT = "asked", "kept"
DECIDED_ANEW = "decided_anew"
CHANGED, CURRENCY, NOT_SENT, NOTHING_BEFORE, OVERTAKEN = (
    "changed_in_shop",
    "other_currency",
    "not_sent",
    "nothing_before",
    "overtaken",
)
MESSAGES = {
    "": "",
    DECIDED_ANEW: "It was decided anew meanwhile.",
    CHANGED: "Somebody made it another value in the shop.",
    CURRENCY: "The shop has another currency by now than it was decided in. Let it be mirrored first.",
    NOT_SENT: "It was not sent any more.",
    NOTHING_BEFORE: "There was nothing before that it could be set to.",
    OVERTAKEN: "It was sent, the answer was lost, and the shop has another value by now. It went once more.",
    "gone": "The shop does not have this any more.",
    "arrived": "The answer was lost. The shop has the value.",
}
#: What a shop would not have is tried again after so long: its owner may have mended it there.
REFUSED_AGAIN = timedelta(days=1)
#: Rows that are read, and written, at once.
PAGE, BATCH = 2000, 500

#: Columns of a decision that a plan is made of.
SHOWN = (
    "external_id",
    "product_external_id",
    "price",
    "quantity",
    "supplier_id",
    "offer_key",
    "import_id",
    "line",
)

VARIANT, DECISION = Variant.__table__.c, Decision.__table__.c
line_rows, standing_rows = table_of(WriteLine), table_of(Standing)
prices, pieces = standing_rows.alias("price_standing"), standing_rows.alias("stock_standing")

Value = Decimal | str | None


@dataclass(frozen=True)
class Terms:
    """What a plan is made by, as plain values."""

    channel_id: str
    ceiling: Ceiling
    #: the mirror knows the shop up to here
    known_until: datetime | None
    variants: int


@dataclass
class Tally:
    """What a plan comes to, counted while it is stored."""

    values: int = 0
    variants: int = 0
    #: the biggest change of a price in per cent, and its line
    biggest: Decimal = Decimal(0)
    example: dict[str, Any] = field(default_factory=dict)
    digest: Any = field(default_factory=lambda: blake2b(digest_size=16))
    last: str = ""

    def add(self, line: dict[str, Any]) -> None:
        self.values += 1
        self.variants += line["external_id"] != self.last
        self.last = line["external_id"]
        self.digest.update(f"{self.last}\n{line['field']}\n{line['after']:f}\n".encode())
        change = _change(line)
        if change > self.biggest:
            self.biggest, self.example = change, line


def make(claim: jobs.Claim, by: str) -> None:
    """Compare the channel's decisions with its shop, and keep what differs as a run. Raises LostLease.

    Nothing is sent by this. A run that never sent anything is replaced; one that its owner dropped is not
    made again as long as it would be the same.
    """
    terms = look(_terms)(claim.subject)
    if terms is None:
        return
    run_id = transaction(_begin)(terms, by, claim)
    tally, obsolete = Tally(), list[int]()
    with items.snapshot() as connection:
        lines = _differing(connection, terms, obsolete)
        while some := list(islice(lines, BATCH)):
            for line in some:
                tally.add(line)
            transaction(_keep)(run_id, some, claim)
            claim.go_on()
    transaction(_conclude)(run_id, terms, tally, obsolete, claim)


def _terms(channel_id: str) -> Terms | None:
    writing, channel = db.session.get(Writing, channel_id), db.session.get(Channel, channel_id)
    if writing is None or channel is None or writing.state == OFF or writing.stopped:
        return None
    count = select(func.count()).where(Variant.channel_id == channel_id)
    variants = db.session.scalar(count) or 0
    return Terms(channel_id, Ceiling(**writing.ceiling), channel.known_until, variants)


def _begin(terms: Terms, by: str, claim: jobs.Claim) -> str:
    """A new run without lines; one that a killed worker was planning is forgotten."""
    _forget(_of(terms.channel_id, PLANNING))
    run = WriteRun(channel_id=terms.channel_id, asked_by=by)
    db.session.add(run)
    db.session.flush()
    jobs.check(claim)
    return run.id


def _of(channel_id: str, *states: str) -> Sequence[WriteRun]:
    query = select(WriteRun).filter_by(channel_id=channel_id).where(WriteRun.state.in_(states))
    return db.session.scalars(query.order_by(WriteRun.planned_at.desc())).all()


def _forget(runs: Sequence[WriteRun]) -> None:
    """Delete runs that never sent anything."""
    for run in runs:
        db.session.execute(delete(line_rows).where(line_rows.c.run_id == run.id))
        db.session.delete(run)
    db.session.flush()


# What differs --------------------------------------------------------------------------------------


class Known(NamedTuple):
    """What is known of a value by our own writing; all None where it never was written."""

    wanted: Value
    base: Value
    based_at: datetime | None
    state: str | None
    line_id: int | None
    noted_at: datetime | None


def _differing(connection: Connection, terms: Terms, obsolete: list[int]) -> Iterator[dict[str, Any]]:
    """Lines for what differs. Those that wait for an answer which nobody needs any more become `obsolete`."""
    query, last = _query(terms.channel_id), ""
    while page := connection.execute(query.where(DECISION.external_id > last).limit(PAGE)).all():
        lines = [line for row in page for line in _lines(terms, row, obsolete)]
        yield from _explained(connection, terms.channel_id, lines)
        last = page[-1].external_id


def _lines(terms: Terms, row: Any, obsolete: list[int]) -> Iterator[dict[str, Any]]:
    for name in (PRICE, QUANTITY):
        wanted, mirrored, known = _value(row, name)
        if known.state == ASKED and known.line_id and known.wanted != wanted:
            obsolete.append(known.line_id)
        before = _believed(terms, mirrored, known)
        if wanted is not None and wanted != before and not _is_settled(wanted, known):
            yield _line(terms, row, name, wanted, before)


def _explained(
    connection: Connection, channel_id: str, lines: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The lines with their reasons, which are long and only read for these."""
    query = select(DECISION.external_id, DECISION.reasons).where(DECISION.channel_id == channel_id)
    for at in range(0, len(lines), BATCH):
        some = lines[at : at + BATCH]
        ids = {line["external_id"] for line in some}
        reasons = dict(connection.execute(query.where(DECISION.external_id.in_(ids))).all())
        yield from (line | {"reasons": reasons[line["external_id"]]} for line in some)


def _query(channel_id: str) -> Any:
    is_its = and_(VARIANT.channel_id == DECISION.channel_id, VARIANT.external_id == DECISION.external_id)
    joined = Decision.__table__.join(Variant.__table__, is_its)
    columns: list[Any] = [DECISION[name] for name in SHOWN]
    columns += [VARIANT.price.label("has_price"), VARIANT.quantity.label("has_quantity")]
    for standing, name in ((prices, PRICE), (pieces, QUANTITY)):
        is_known = and_(
            standing.c.channel_id == DECISION.channel_id,
            standing.c.external_id == DECISION.external_id,
            standing.c.field == name,
        )
        joined = joined.outerjoin(standing, is_known)
        columns += [standing.c[each].label(f"{name}_{each}") for each in Known._fields]
    query = select(*columns).select_from(joined).where(DECISION.channel_id == channel_id)
    return query.order_by(DECISION.external_id)


def _value(row: Any, name: str) -> tuple[Value, Value, Known]:
    """What is wanted, what the mirror has, and what is known of it."""
    known = Known(*(getattr(row, f"{name}_{each}") for each in Known._fields))
    return amount(getattr(row, name)), amount(getattr(row, f"has_{name}")), known


def amount(value: Value | int) -> Value:
    """A price, or a quantity as the same kind of thing."""
    return Decimal(value) if isinstance(value, int) else value


def _believed(terms: Terms, mirrored: Value, known: Known) -> Value:
    """What the shop has: what we wrote, until the mirror has looked after that."""
    if known.base is None or known.based_at is None:
        return mirrored
    is_newer = terms.known_until is None or known.based_at > terms.known_until
    return known.base if is_newer else mirrored


def _is_settled(wanted: Value, known: Known) -> bool:
    """Whether the very same was tried before, and is not to be tried again as yet."""
    if known.wanted != wanted or known.noted_at is None:
        return False
    if known.state == REFUSED:
        return known.noted_at > now() - REFUSED_AGAIN
    return known.state in (KEPT, ODD, ASKED)


def _line(terms: Terms, row: Any, name: str, wanted: Value, before: Value) -> dict[str, Any]:
    return {
        "channel_id": terms.channel_id,
        "external_id": row.external_id,
        "product_external_id": row.product_external_id,
        "field": name,
        "before": before,
        "after": wanted,
        "supplier_id": row.supplier_id,
        "offer_key": row.offer_key,
        "import_id": row.import_id,
        "import_line": row.line,
    }


def _change(line: dict[str, Any]) -> Decimal:
    """By how many per cent a price changes; 0 where nothing can be said of it."""
    before, after = line["before"], line["after"]
    if line["field"] != PRICE or not isinstance(before, Decimal) or before <= 0:
        return Decimal(0)
    return abs(after - before) / before * 100


# What becomes of the plan --------------------------------------------------------------------------


def _keep(run_id: str, lines: list[dict[str, Any]], claim: jobs.Claim) -> None:
    jobs.progress(claim)
    db.session.execute(insert(WriteLine), [line | {"run_id": run_id} for line in lines])


def _conclude(run_id: str, terms: Terms, tally: Tally, obsolete: list[int], claim: jobs.Claim) -> None:
    writing = db.session.get(Writing, terms.channel_id, with_for_update=True)
    run = db.session.get_one(WriteRun, run_id)
    run.total, run.variants, run.digest = tally.values, tally.variants, tally.digest.hexdigest()
    withdraw(run.channel_id, obsolete)
    if writing is None or writing.state == OFF:
        _forget([run])
    else:
        writing.planned_at = now()
        if not tally.values:
            writing.problem, writing.problem_code = "", ""
        _place(run, terms, tally, writing)
    jobs.check(claim)


def _place(run: WriteRun, terms: Terms, tally: Tally, writing: Writing) -> None:
    """Decide what the plan is for, and that it is the only one."""
    run.hold = objections(terms, tally) or None
    state = PLANNED if writing.state == DRY else HELD if run.hold else RUNNING
    earlier = _of(run.channel_id, PLANNED, HELD)
    is_known = any((old.state, old.digest) == (state, run.digest) for old in earlier)
    if is_known or (state != PLANNED and not tally.values) or _was_dropped(run):
        _forget([run, *([] if is_known else earlier)])
        return
    _forget(earlier)
    run.state = state
    if state == RUNNING:
        run.started_at = now()


def _was_dropped(run: WriteRun) -> bool:
    """Whether its owner gave this very plan up last, and nobody asked for it since."""
    query = select(WriteRun).filter_by(channel_id=run.channel_id).where(WriteRun.finished_at.is_not(None))
    last = db.session.scalar(query.order_by(WriteRun.finished_at.desc()).limit(1))
    if last is None or run.asked_by not in AUTOMATIC:
        return False
    return (last.state, last.digest) == ("dropped", run.digest)


def objections(terms: Terms, tally: Tally) -> list[dict[str, str]]:
    """Why a plan is more than its owner lets pass without looking."""
    ceiling, found = terms.ceiling, []
    if ceiling.share is not None and tally.variants > ceiling.share * terms.variants:
        told = f"{tally.variants} of {terms.variants} variants would change."
        found.append({"code": "share", "message": f"{told} The ceiling is {ceiling.share:.0%} of them."})
    if ceiling.values is not None and tally.values > ceiling.values:
        told = f"{tally.values} values would change. The ceiling is {ceiling.values}."
        found.append({"code": "values", "message": told})
    if ceiling.price_change is not None and tally.biggest > Decimal(str(ceiling.price_change)):
        line = tally.example
        told = (
            f"The price of {line['external_id']} would go from {line['before']} to {line['after']}, which is "
            f"{tally.biggest:.0f} %. The ceiling is {ceiling.price_change:g} %."
        )
        found.append({"code": "price_change", "message": told})
    return found


def withdraw(channel_id: str, line_ids: Sequence[int]) -> None:
    """Ask nobody any more about these lines: they are decided anew."""
    for at in range(0, len(line_ids), BATCH):
        ids = line_ids[at : at + BATCH]
        told = {"state": STALE, "code": DECIDED_ANEW, "message": MESSAGES[DECIDED_ANEW], "settled_at": now()}
        asked = update(line_rows).where(line_rows.c.id.in_(ids), line_rows.c.state == ASKED)
        db.session.execute(asked.values(**told))
        of_channel = standing_rows.c.channel_id == channel_id
        known = update(standing_rows).where(of_channel, standing_rows.c.line_id.in_(ids))
        db.session.execute(known.where(standing_rows.c.state == ASKED).values(state=STALE))
