"""One batch on its way to a shop: a fresh look, what is not sent for it, what is, and the answers.

Lines are marked as on their way, with the key of their batch, before anything is sent. So a worker that is
killed leaves behind what has to be asked for, and whoever comes next asks, and sends under the same key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select

from sync2sys.connectors.base import Change, Connector, Current, VariantRef, Written
from sync2sys.connectors.writing import (
    MOST,
    NOT_WRITTEN,
    ODD,
    PRICE,
    QUANTITY,
    REFUSED,
    STALE,
    UNCHANGED,
    UNKNOWN,
    WRITTEN,
)
from sync2sys.database import transaction
from sync2sys.errors import StoreError
from sync2sys.extensions import db
from sync2sys.models import Decision, Standing, WriteLine, WriteRun
from sync2sys.models.base import new_id, now
from sync2sys.models.writing import ASK, SHOP
from sync2sys.services import jobs
from sync2sys.services.upserts import table_of, upsert
from sync2sys.services.write_plans import (
    ASKED,
    CHANGED,
    CURRENCY,
    DECIDED_ANEW,
    KEPT,
    MESSAGES,
    NORMAL,
    NOT_SENT,
    OVERTAKEN,
    PLANNED,
    RUNNING,
    Value,
    amount,
)

SENDING = "sending"
#: May have been sent, so that the shop has to be asked.
UNSURE = (SENDING, UNKNOWN)
#: After these it is known what the shop has by our writing.
SETTLES = (WRITTEN, UNCHANGED, ODD)
#: After these it has what somebody else made it. Taken for ours, the next value would overwrite it.
YIELDS = (KEPT, ASKED)
ARRIVED = "arrived"
#: What of a line tells how it was sent.
SENT_AS = (
    "run_id", "channel_id", "external_id", "product_external_id", "field", "before", "after", "found",
    "supplier_id", "offer_key", "import_id", "import_line", "reasons", "agreed", "key", "sent_at",
)  # fmt: skip
#: A base without a value; none at all means that nobody knows.
NOTHING = ""

standing_rows = table_of(Standing)


@dataclass(frozen=True)
class Place:
    """Which channel is written to, and how, as plain values."""

    channel_id: str
    platform: str
    capabilities: dict[str, Any]
    currency: str
    policy: Mapping[str, str]
    count_stock: bool
    location: str


class Batch(NamedTuple):
    """Lines of some variants. With a key they were on their way before."""

    line_ids: list[int]
    refs: list[VariantRef]
    key: str | None


class Sent(NamedTuple):
    key: str
    changes: list[Change]
    #: (variant's id, field) -> id of the line
    lines: dict[tuple[str, str], int]


class _Verdict(NamedTuple):
    """Why a line is not sent."""

    state: str
    code: str = ""


# Which lines ---------------------------------------------------------------------------------------


def unsettled_keys(channel_id: str) -> list[str]:
    """Keys of batches of which nobody knows what arrived, or that are to go once more; oldest first."""
    query = select(WriteLine.key, WriteLine.sent_at).where(WriteLine.key.is_not(None))
    unsure = query.where(WriteLine.channel_id == channel_id, WriteLine.state.in_(UNSURE))
    open_runs = select(WriteRun.id).filter_by(channel_id=channel_id, state=RUNNING)
    again = query.where(WriteLine.run_id.in_(open_runs), WriteLine.state == NOT_WRITTEN)
    found = [*db.session.execute(unsure), *db.session.execute(again)]
    return list(dict.fromkeys(key for key, _ in sorted(found, key=lambda row: row.sent_at)))


def of_key(channel_id: str, key: str) -> Batch:
    """What of this batch is not settled."""
    query = select(WriteLine).filter_by(channel_id=channel_id, key=key)
    return _batch(query.where(WriteLine.state.in_((*UNSURE, NOT_WRITTEN))), key)


def planned(run_id: str) -> Batch:
    """The next lines of a run that are to be sent, product by product; empty at its end."""
    query = select(WriteLine).filter_by(run_id=run_id, state=PLANNED)
    ordered = query.order_by(WriteLine.product_external_id, WriteLine.external_id, WriteLine.id)
    return _batch(ordered.limit(2 * MOST))


def _batch(query: Any, key: str | None = None) -> Batch:
    rows = [
        (each.id, VariantRef(each.product_external_id, each.external_id))
        for each in db.session.scalars(query)
    ]
    refs = list(dict.fromkeys(ref for _, ref in rows))[:MOST]
    taken = set(refs)
    return Batch([line_id for line_id, ref in rows if ref in taken], refs, key)


# One batch -----------------------------------------------------------------------------------------


def carry_out(place: Place, batch: Batch, connector: Connector, claim: jobs.Claim) -> None:
    """Send what of the batch is to be sent, and note what became of all of it.

    Raises StoreError where the shop cannot be asked, and LostLease; what may have been sent is marked so.
    """
    fresh = connector.current(batch.refs)
    sent = transaction(_prepare)(place, batch, fresh, claim)
    if not sent.changes:
        return
    try:
        written = connector.write(sent.changes, sent.key)
    except StoreError as error:
        transaction(_note_trouble)(sent, error, claim)
        raise
    transaction(_note)(place.channel_id, sent, written, claim)


def _prepare(place: Place, batch: Batch, fresh: Mapping[VariantRef, Current], claim: jobs.Claim) -> Sent:
    """Settle what is not sent, and mark the rest as on its way."""
    query = select(WriteLine).where(WriteLine.id.in_(batch.line_ids)).order_by(WriteLine.id)
    lines = db.session.scalars(query.with_for_update()).all()
    runs = {run_id: db.session.get_one(WriteRun, run_id) for run_id in {line.run_id for line in lines}}
    wanted, known = _wanted(place, lines), _known(place, lines)
    going: list[WriteLine] = []
    settled: list[WriteLine] = []
    for line in lines:
        now_there = fresh.get(VariantRef(line.product_external_id, line.external_id))
        verdict = _verdict(place, runs[line.run_id], line, now_there, wanted, known)
        if verdict is None:
            going.append(line)
        else:
            _settle(line, verdict.state, verdict.code, MESSAGES[verdict.code])
            settled.append(line)
    # What an undo leaves alone is no word about the next value: that goes by the policy.
    _stand([line for line in settled if line.state != KEPT or runs[line.run_id].kind == NORMAL], known)
    key = batch.key or new_id()
    moment = now()
    # Their sending before may have arrived, and somebody has changed the value since: that stays in the log.
    db.session.add_all([_earlier(line, moment) for line in going if _may_have_arrived(line)])
    for line in going:
        line.state, line.key, line.sent_at = SENDING, key, moment
        line.before, line.code, line.message = line.found, "", ""
    (jobs.progress if settled else jobs.check)(claim)
    return Sent(
        key, _changes(place, going, fresh), {(line.external_id, line.field): line.id for line in going}
    )


def _may_have_arrived(line: WriteLine) -> bool:
    return line.state in UNSURE and line.found != line.before


def _earlier(line: WriteLine, moment: datetime) -> WriteLine:
    """The line as it was sent before, settled."""
    earlier = WriteLine(**{name: getattr(line, name) for name in SENT_AS}, state=STALE, settled_at=moment)
    earlier.code, earlier.message = OVERTAKEN, MESSAGES[OVERTAKEN]
    return earlier


def _wanted(place: Place, lines: Sequence[WriteLine]) -> dict[tuple[str, str], Value]:
    """What is decided now, by variant and field."""
    query = select(Decision.external_id, Decision.price, Decision.quantity).filter_by(
        channel_id=place.channel_id
    )
    found = db.session.execute(query.where(Decision.external_id.in_({line.external_id for line in lines})))
    return {
        (row.external_id, name): amount(getattr(row, name)) for row in found for name in (PRICE, QUANTITY)
    }


def _known(place: Place, lines: Sequence[WriteLine]) -> dict[tuple[str, str], Standing]:
    query = select(Standing).filter_by(channel_id=place.channel_id)
    found = db.session.scalars(query.where(Standing.external_id.in_({line.external_id for line in lines})))
    return {(each.external_id, each.field): each for each in found}


def _verdict(
    place: Place,
    run: WriteRun,
    line: WriteLine,
    current: Current | None,
    wanted: Mapping[tuple[str, str], Value],
    known: Mapping[tuple[str, str], Standing],
) -> _Verdict | None:
    """Why the line is not sent; None: it is. Notes on it what the shop has."""
    key = (line.external_id, line.field)
    if current is None:
        return _Verdict(REFUSED, "gone")
    line.found = _value_in(current, line.field)
    if line.state in UNSURE and line.found == line.after:
        return _Verdict(WRITTEN, ARRIVED)
    if run.state != RUNNING:
        return _Verdict(NOT_WRITTEN, NOT_SENT)
    if run.kind == NORMAL and wanted.get(key) != line.after:
        return _Verdict(STALE, DECIDED_ANEW)
    if line.field == PRICE and place.currency and current.currency not in ("", place.currency):
        return _Verdict(REFUSED, CURRENCY)
    if line.found == line.after and (line.field == PRICE or current.counts_stock):
        return _Verdict(UNCHANGED)
    if _is_ours(line, current, known.get(key)):
        return None
    return _by_policy(place, run, line)


def _value_in(current: Current, name: str) -> Value:
    return current.price if name == PRICE else amount(current.quantity)


def _is_ours(line: WriteLine, current: Current, known: Standing | None) -> bool:
    """Whether the shop has what it had when we last looked, or what its owner saw."""
    if line.key is not None or line.agreed:
        return line.found == line.before
    if line.field == QUANTITY and not current.counts_stock:
        # Nobody made it another number: it has none. Only what we counted before was changed.
        return known is None or known.base is None
    base = line.before if known is None or known.base is None else known.base
    return line.found == (None if base == NOTHING else base)


def _by_policy(place: Place, run: WriteRun, line: WriteLine) -> _Verdict | None:
    """What becomes of what somebody changed in the shop."""
    policy = place.policy.get(line.field, SHOP) if run.kind == NORMAL else SHOP
    if policy == SHOP:
        return _Verdict(KEPT, CHANGED)
    return _Verdict(ASKED, CHANGED) if policy == ASK else None


def _changes(place: Place, lines: Sequence[WriteLine], fresh: Mapping[VariantRef, Current]) -> list[Change]:
    def ids_of(line: WriteLine) -> tuple[str, str]:
        return line.product_external_id, line.external_id

    made = []
    for ids, some in groupby(sorted(lines, key=ids_of), ids_of):
        ref = VariantRef(*ids)
        values = {line.field: line.after for line in some}
        price, pieces = values.get(PRICE), values.get(QUANTITY)
        quantity = int(pieces) if isinstance(pieces, Decimal) else None
        asked = price if isinstance(price, Decimal) else None
        made.append(Change(ref, asked, quantity, fresh[ref], place.count_stock))
    return made


# What became of it ---------------------------------------------------------------------------------


def _settle(line: WriteLine, state: str, code: str, message: str) -> None:
    line.state, line.code, line.message = state, code, message
    line.settled_at = None if state in (ASKED, *UNSURE) else now()


def _note(channel_id: str, sent: Sent, written: Sequence[Written], claim: jobs.Claim) -> None:
    query = select(WriteLine).where(WriteLine.id.in_(sent.lines.values()))
    by_id = {line.id: line for line in db.session.scalars(query)}
    for answer in written:
        line = by_id[sent.lines[answer.ref.variant_id, answer.field]]
        _settle(line, answer.outcome, answer.code[:100], answer.message)
        told = answer.price if answer.field == PRICE else amount(answer.quantity)
        line.found = line.found if told is None else told
    _stand(list(by_id.values()), {})
    jobs.progress(claim)


def _note_trouble(sent: Sent, error: StoreError, claim: jobs.Claim) -> None:
    """Nothing was written, and that is certain."""
    for line in db.session.scalars(select(WriteLine).where(WriteLine.id.in_(sent.lines.values()))):
        _settle(line, NOT_WRITTEN, error.code or "", error.message)
    jobs.check(claim)


def _stand(lines: Sequence[WriteLine], known: Mapping[tuple[str, str], Standing]) -> None:
    """Remember what is known of these values by now; what nobody knows, or nobody did, changes nothing."""
    moment = now()
    settled, noted, left = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
    for line in lines:
        row = _standing(line, moment)
        if line.state in SETTLES:
            settled.append(row | _based(line, moment))
        elif line.state in YIELDS and _base_of(known, line) is None:
            left.append(row | _left(line))
        elif line.state in (*YIELDS, REFUSED):
            noted.append(row)
    for rows in (settled, left, noted):
        upsert(standing_rows, rows, ("channel_id", "external_id", "field"))


def stand(line: WriteLine) -> None:
    """Remember what is known by a single line."""
    known = db.session.get(Standing, (line.channel_id, line.external_id, line.field))
    _stand([line], {(line.external_id, line.field): known} if known else {})


def _base_of(known: Mapping[tuple[str, str], Standing], line: WriteLine) -> Value:
    standing = known.get((line.external_id, line.field))
    return standing.base if standing else None


def _based(line: WriteLine, moment: datetime) -> dict[str, Any]:
    base = line.after if line.state in (WRITTEN, UNCHANGED) else line.found
    return {"base": base, "based_at": moment}


def _left(line: WriteLine) -> dict[str, Any]:
    """Where we never wrote: what the shop had before somebody changed it, so that it stays a change.

    The mirror goes on being believed about what the shop has.
    """
    return {"base": NOTHING if line.before is None else line.before, "based_at": None}


def _standing(line: WriteLine, moment: datetime) -> dict[str, Any]:
    return {
        "channel_id": line.channel_id,
        "external_id": line.external_id,
        "field": line.field,
        "wanted": line.after,
        "state": line.state,
        "line_id": line.id,
        "noted_at": moment,
    }
