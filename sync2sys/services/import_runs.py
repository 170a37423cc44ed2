"""Reading a supplier's list: staged row by row, judged as a whole, and taken over in one transaction.

Until then, and wherever it goes wrong, the offers are those of the last list that was taken. A list that
looks like an accident is held until its owner says that it is right; a broken one comes again as it is, so
it is never believed for coming twice.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from sync2sys.database import look, transaction
from sync2sys.errors import LostLease, Sync2SysError
from sync2sys.extensions import db
from sync2sys.models import Import, StagedOffer, Supplier, SupplierFile
from sync2sys.models.base import now
from sync2sys.offers import mapping as mappings
from sync2sys.offers import quality
from sync2sys.offers.mapping import Mapping
from sync2sys.offers.quality import Moves, Profile
from sync2sys.offers.rows import Offer, Refusal, offer_of, refusal_of
from sync2sys.readers.base import Read, Refused, Row, Shape, Unreadable
from sync2sys.readers.child import read_apart
from sync2sys.services import imports, jobs, offer_lists, organizations, repricing, supplier_files, suppliers
from sync2sys.services.offer_lists import Outcome, Staged
from sync2sys.services.upserts import table_of

#: Imports of a supplier that are kept, with their refused rows and what they changed: so many of those that
#: changed something, and so many others.
KEPT = 20
#: Batches of a reader that are staged in one transaction: some two thousand rows, fewer where they are long.
BATCHES = 4
HELD, PINNED, COLUMNS_GONE = "LIST_HELD", "ROLLED_BACK", "COLUMNS_GONE"

staged_offer = table_of(StagedOffer)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """An import that has begun, as plain values."""

    import_id: str
    supplier_id: str
    file_id: str
    mark: str
    shape: Shape
    mapping: Mapping
    #: of the supplier, when it began: whatever changes them meanwhile is not in this reading
    state: tuple[int, Any, Any]
    #: what the last list that was taken looked like
    before: Profile | None


@dataclass
class Tally:
    """What was found so far."""

    profile: Profile
    moves: Moves
    #: of the header; none where there is no header
    columns: Collection[str] = ()
    line: int = 0
    rows: int = 0
    offers: int = 0
    refused: int = 0
    #: what the reader says of a file without a row
    nothing: str = ""

    def add(self, refused: Sequence[Refusal], staged: Staged) -> None:
        self.profile.add([*staged.kept, *refused, *staged.refusals])
        for before, after in staged.moves:
            self.moves.add(before, after)
        self.profile.offers -= staged.disputed
        self.offers += len(staged.kept) - staged.disputed
        self.refused += len(refused) + len(staged.refusals)


def run(claim: jobs.Claim) -> None:
    """Fetch the list of a claimed job's supplier, read it if it is another one, and take it over or hold it.

    Raises LostLease and Interrupted; and what went wrong on the way to the file, after it was noted.
    """
    supplier_id, plan = claim.subject, None
    try:
        if not look(_exists)(supplier_id):
            return
        if not claim.payload.get("kept"):
            supplier_files.fetch(supplier_id)
        plan = transaction(_begin)(supplier_id)
        clear(supplier_id)
        if plan is not None:
            _read(plan, claim)
    except Unreadable as error:
        transaction(_fail)(supplier_id, plan.import_id if plan else None, error)
    except supplier_files.Replaced:
        transaction(_begin_anew)(supplier_id)
    except Exception as error:
        if not isinstance(error, jobs.PASSING):
            transaction(_fail)(supplier_id, plan.import_id if plan else None, error)
        raise
    clear(supplier_id)


def clear(supplier_id: str) -> None:
    """Delete what is staged of imports that have ended, some at a time, so that nobody waits for long."""
    for import_id in look(_ended)(supplier_id):
        while transaction(offer_lists.clear)(import_id):
            pass


def _ended(supplier_id: str) -> list[str]:
    ended = select(Import.id).where(Import.supplier_id == supplier_id, Import.state != "running")
    left = select(staged_offer.c.import_id).where(staged_offer.c.import_id == Import.id).exists()
    return list(db.session.scalars(ended.where(left)))


def _exists(supplier_id: str) -> bool:
    return db.session.get(Supplier, supplier_id) is not None


def _begin(supplier_id: str) -> Plan | None:
    """A new import; None where there is nothing to read, or nothing that was not read already."""
    supplier = db.session.get(Supplier, supplier_id, with_for_update=True)
    if supplier is None:
        return None
    _abandon_running(supplier.id)
    if supplier.shape is None or supplier.mapping is None or supplier.file_id is None:
        supplier.problem = supplier.problem_code = ""
        return None
    file = db.session.get_one(SupplierFile, supplier.file_id)
    mark = imports.mark_of(file.digest, supplier.shape, supplier.mapping)
    if _is_known(supplier, mark):
        return None
    started = Import(supplier_id=supplier.id, file_name=file.name, digest=file.digest, mark=mark)
    db.session.add(started)
    db.session.flush()
    _forget_old(supplier.id)
    return Plan(
        started.id,
        supplier.id,
        file.id,
        mark,
        Shape.from_dict(supplier.shape),
        mappings.parse(supplier.mapping),
        _state_of(supplier),
        _profile_of(supplier.applied_import_id),
    )


def _is_known(supplier: Supplier, mark: str) -> bool:
    """Whether this list stands already, or waits for its owner."""
    if mark == supplier.mark:
        imports.drop_held(supplier)
        supplier.imported_at = now()
        supplier.problem = supplier.problem_code = ""
        return True
    held = db.session.get(Import, supplier.held_import_id) if supplier.held_import_id else None
    if held is None or held.state != "held" or held.mark != mark:
        return False
    supplier.problem, supplier.problem_code = held.problem, HELD
    return True


def _state_of(supplier: Supplier) -> tuple[int, Any, Any]:
    return supplier.version, supplier.shape, supplier.mapping


def _profile_of(import_id: str | None) -> Profile | None:
    applied = db.session.get(Import, import_id) if import_id else None
    return Profile.from_dict(applied.profile) if applied is not None and applied.profile else None


def _abandon_running(supplier_id: str) -> None:
    """A worker that was killed left it behind; a list is read so fast that it begins anew."""
    for old in db.session.scalars(select(Import).filter_by(supplier_id=supplier_id, state="running")):
        _end(old, "abandoned", "The worker stopped in the middle of it.")


def _end(ended: Import, state: str, problem: str = "") -> None:
    ended.state, ended.problem, ended.finished_at = state, problem, now()


def _forget_old(supplier_id: str) -> None:
    """Counted apart, lest looks that come to nothing, one an hour, throw away what going back needs."""
    ids = select(Import.id).filter_by(supplier_id=supplier_id).order_by(Import.started_at.desc(), Import.id)
    supplier = db.session.get_one(Supplier, supplier_id)
    standing = {supplier.applied_import_id, supplier.held_import_id}
    did = Import.state.in_(("applied", "undone"))
    # One more of each: what stood before the oldest change, and the import that begins now.
    old = [each for some in (did, ~did) for each in db.session.scalars(ids.where(some).offset(KEPT + 1))]
    surplus = [each for each in old if each not in standing]
    db.session.execute(
        delete(Import).where(Import.id.in_(surplus)).execution_options(synchronize_session=False)
    )


def _read(plan: Plan, claim: jobs.Claim) -> None:
    tally = Tally(Profile(), Moves())
    with (
        supplier_files.laid_out(plan.file_id) as path,
        closing(read_apart(path, plan.shape)) as batches,
    ):
        try:
            for batch in _joined(batches):
                _stage(plan, batch, tally, claim)
                claim.go_on()
        except Unreadable as error:
            # Read to its end, and an accident like others: only a person can know that all is sold out.
            if error.code != "FILE_EMPTY":
                raise
            tally.nothing = error.message
    # Before the transaction, in which all others wait: it holds as long as the supplier's state is the same.
    outcome = look(offer_lists.compare)(plan.supplier_id, plan.import_id)
    verdict = transaction(_conclude)(plan, tally, outcome, claim)
    log.info("import ended", extra=verdict | {"supplier": plan.supplier_id, "import": plan.import_id})


def _joined(batches: Iterable[list[Read]]) -> Iterator[list[Read]]:
    """Several at once, and what there was before a fault as well."""
    rows: list[Read] = []
    try:
        for no, batch in enumerate(batches, 1):
            rows += batch
            if no % BATCHES == 0:
                yield rows
                rows = []
    except Unreadable:
        if rows:
            yield rows
        raise
    if rows:
        yield rows


def _stage(plan: Plan, batch: Sequence[Read], tally: Tally, claim: jobs.Claim) -> None:
    made = [
        refusal_of(row, plan.mapping) if isinstance(row, Refused) else offer_of(row, plan.mapping)
        for row in batch
    ]
    taken = [each for each in made if isinstance(each, Offer)]
    refused = [each for each in made if isinstance(each, Refusal)]
    if plan.shape.header and plan.shape.format in ("csv", "xlsx") and not tally.columns:
        tally.columns = next((row.values.keys() for row in batch if isinstance(row, Row)), ())
    line = max((row.line for row in batch), default=tally.line)
    staged = transaction(_keep)(plan, taken, refused, tally, line, claim)
    tally.add(refused, staged)
    tally.line, tally.rows = line, tally.rows + len(batch)


def _keep(
    plan: Plan, taken: list[Offer], refused: list[Refusal], tally: Tally, line: int, claim: jobs.Claim
) -> Staged:
    jobs.progress(claim)
    running = db.session.get(Import, plan.import_id)
    if running is None or running.state != "running":
        raise LostLease("Somebody else reads this list now, or nobody is to.")
    staged = offer_lists.stage(plan.supplier_id, plan.import_id, taken)
    offer_lists.note_refused(plan.import_id, [*refused, *staged.refusals], tally.refused)
    running.touched_at, running.line = now(), line
    running.rows = tally.rows + len(taken) + len(refused)
    return staged


def _conclude(plan: Plan, tally: Tally, outcome: Outcome, claim: jobs.Claim) -> dict[str, Any]:
    """Take the list over, or hold it, in one transaction."""
    supplier = db.session.get(Supplier, plan.supplier_id, with_for_update=True)
    if supplier is None:
        raise LostLease("The supplier was removed meanwhile.")
    ended = db.session.get_one(Import, plan.import_id)
    if _state_of(supplier) != plan.state:
        # What is staged was compared with offers that stand no more, or made by another mapping.
        _begin_anew(supplier.id)
        jobs.check(claim)
        return {"state": ended.state}
    ended.profile, ended.line, ended.rows = tally.profile.as_dict(), tally.line, tally.rows
    ended.offers, ended.refused = tally.offers, tally.refused
    ended.added, ended.changed, ended.removed = outcome.added, outcome.changed, outcome.removed
    tally.moves.common = outcome.offers - outcome.added
    objections = _objections(supplier, plan, tally)
    if objections and claim.payload.get("released") != plan.mark:
        _hold(supplier, ended, objections)
    else:
        _apply(supplier, ended, outcome)
    organizations.note_activity(supplier.organization_id)
    jobs.check(claim)
    return {
        name: getattr(ended, name) for name in ("state", "offers", "refused", "added", "changed", "removed")
    }


def _begin_anew(supplier_id: str) -> None:
    """Give the reading up for one of what there is now."""
    for old in db.session.scalars(select(Import).filter_by(supplier_id=supplier_id, state="running")):
        _end(old, "abandoned", "The file, its mapping or the offers changed meanwhile; it is read anew.")
    jobs.enqueue("import", supplier_id, {"kept": True})


def _objections(supplier: Supplier, plan: Plan, tally: Tally) -> list[dict[str, Any]]:
    found = quality.objections(plan.before, tally.profile, suppliers.thresholds(supplier), tally.moves)
    reasons = [each._asdict() for each in found]
    if tally.nothing and not tally.rows:
        reasons[0]["message"] = tally.nothing
    if tally.columns and (gone := plan.mapping.absent(tally.columns)):
        reasons.insert(0, {"code": COLUMNS_GONE, "message": gone, "before": 0, "after": 0})
    if supplier.pinned_at is not None:
        message = "You went back to an older list. Newer ones are held until you release one or resume."
        reasons.append({"code": PINNED, "message": message, "before": 0, "after": 0})
    return reasons


def _hold(supplier: Supplier, ended: Import, objections: list[dict[str, Any]]) -> None:
    imports.drop_held(supplier)
    problem = " ".join(each["message"] for each in objections)
    ended.hold = objections
    _end(ended, "held", problem)
    supplier.held_import_id = ended.id
    supplier.problem, supplier.problem_code = problem, HELD


def _apply(supplier: Supplier, ended: Import, outcome: Outcome) -> None:
    is_first = supplier.applied_import_id is None
    if outcome.changes or is_first:
        offer_lists.apply(supplier.id, ended.id, now(), outcome, remembering=not is_first)
        supplier.version += 1
        supplier.applied_import_id = ended.id
        repricing.ask_of(supplier)
        _end(ended, "applied")
    else:
        _end(ended, "unchanged")
    imports.drop_held(supplier)
    supplier.mark, supplier.pinned_at = ended.mark, None
    supplier.imported_at = ended.finished_at
    supplier.problem = supplier.problem_code = ""


def _fail(supplier_id: str, import_id: str | None, error: Exception) -> None:
    """Tell the owner; the offers stay as they are."""
    supplier = db.session.get(Supplier, supplier_id, with_for_update=True)
    if supplier is None:
        return
    known = isinstance(error, Sync2SysError)
    problem = error.message if known else "Something went wrong here, not in the list. It is in the log."  # type: ignore[attr-defined]
    supplier.problem, supplier.problem_code = problem, (error.code or "" if known else "")  # type: ignore[attr-defined]
    failed = db.session.get(Import, import_id) if import_id else None
    if failed is not None and failed.state == "running":
        _end(failed, "failed", problem)
