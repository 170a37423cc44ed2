"""A supplier's imports as its owner sees them: looked at, released, dropped, taken back."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import select

from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.models import Import, Supplier, SupplierFile
from sync2sys.models.base import now
from sync2sys.services import jobs, offer_lists, organizations, repricing, suppliers

#: Raised by whoever changes what a row becomes: every list is read anew then.
VERSION = "3"


def mark_of(digest: str, shape: dict[str, Any], mapping: dict[str, Any]) -> str:
    """A fingerprint of all that the offers are made from."""
    made_from = orjson.dumps([VERSION, digest, shape, mapping], option=orjson.OPT_SORT_KEYS)
    return blake2b(made_from, digest_size=32).hexdigest()


def history(supplier: Supplier) -> Sequence[Import]:
    """The supplier's imports that are kept, newest first."""
    query = select(Import).filter_by(supplier_id=supplier.id)
    return db.session.scalars(query.order_by(Import.started_at.desc(), Import.id)).all()


def of_supplier(supplier: Supplier, import_id: str) -> Import:
    """One of them. Raises NotFound."""
    found = db.session.get(Import, import_id)
    if found is None or found.supplier_id != supplier.id:
        raise NotFound("No such import of this supplier.")
    return found


def release(supplier: Supplier, import_id: str) -> Import:
    """Say that a held list is right: it is read once more and taken over. Raises NotFound and BadRequest."""
    held = _held(supplier, import_id)
    file = db.session.get(SupplierFile, supplier.file_id) if supplier.file_id else None
    shape, mapping = supplier.shape or {}, supplier.mapping or {}
    if file is None or mark_of(file.digest, shape, mapping) != held.mark:
        raise BadRequest("A newer list has come, or it is read in another way now. Look at that one.")
    supplier.held_import_id, held.state = None, "dropped"
    jobs.enqueue("import", supplier.id, {"kept": True, "released": held.mark})
    return held


def drop(supplier: Supplier, import_id: str) -> Import:
    """Give a held list up; the offers stay as they are. Raises NotFound and BadRequest."""
    held = _held(supplier, import_id)
    supplier.held_import_id, held.state = None, "dropped"
    supplier.problem = supplier.problem_code = ""
    return held


def _held(supplier: Supplier, import_id: str) -> Import:
    db.session.refresh(supplier, with_for_update=True)
    held = of_supplier(supplier, import_id)
    if held.state != "held":
        raise BadRequest("This list is not held.")
    return held


def drop_held(supplier: Supplier) -> None:
    """Let a list that is held wait no more."""
    held = db.session.get(Import, supplier.held_import_id) if supplier.held_import_id else None
    if held is not None and held.state == "held":
        held.state = "dropped"
    supplier.held_import_id = None


def undo(supplier: Supplier) -> Import:
    """Take the last list that was taken over back; newer ones are held from then on, until one is released.

    Raises BadRequest where there is none, or what it changed is not kept any more.
    """
    db.session.refresh(supplier, with_for_update=True)
    applied = db.session.get(Import, supplier.applied_import_id) if supplier.applied_import_id else None
    if applied is None:
        raise BadRequest("There is no list to take back.")
    before = _applied_before(applied)
    if before is not None:
        offer_lists.take_back(supplier.id, applied.id, now())
    elif _is_first(applied):
        offer_lists.take_all_away(supplier.id)
    else:
        raise BadRequest("The lists before this one are not kept any more.")
    applied.state = "undone"
    supplier.applied_import_id = before.id if before else None
    supplier.mark, supplier.pinned_at = "", now()
    supplier.version += 1
    repricing.ask_of(supplier)
    organizations.note_activity(supplier.organization_id)
    return applied


def _applied_before(applied: Import) -> Import | None:
    query = select(Import).filter_by(supplier_id=applied.supplier_id, state="applied")
    earlier = query.where(Import.started_at < applied.started_at).order_by(Import.started_at.desc())
    return db.session.scalar(earlier.limit(1))


def _is_first(applied: Import) -> bool:
    """It took over all that it had, so nothing was there before."""
    return applied.added == applied.offers and not applied.changed and not applied.removed


def resume(supplier: Supplier) -> None:
    """Follow the lists again after one was taken back; the newest is read now."""
    db.session.refresh(supplier, with_for_update=True)
    supplier.pinned_at = None
    # It was held for the pin alone, perhaps; whatever else speaks against it is found once more.
    if supplier.held_import_id is not None:
        drop_held(supplier)
        supplier.problem = supplier.problem_code = ""
    suppliers.ask_import(supplier)
