"""/api/suppliers: whose lists are read, what is in them, and what became of each row."""

from collections.abc import Callable
from functools import wraps
from os import SEEK_END
from typing import Any

from flask import g, request
from sqlalchemy import Select, func, or_, select
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from sync2sys.api import pages
from sync2sys.api.access import access
from sync2sys.api.bodies import FORM, Blueprint
from sync2sys.database import transaction
from sync2sys.errors import BadRequest
from sync2sys.extensions import db, settings
from sync2sys.models import Import, Job, Offer, OfferChange, RefusedRow, Supplier, SupplierFile
from sync2sys.offers import matching
from sync2sys.offers.rows import Refusal
from sync2sys.schemas import suppliers as schemas
from sync2sys.schemas.base import PageQuery
from sync2sys.services import (
    imports,
    offer_records,
    organizations,
    supplier_files,
    supplier_previews,
    suppliers,
)

bp = Blueprint("suppliers", __name__, url_prefix="/api/suppliers", description="Suppliers and their lists")

MIB = 1024 * 1024
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE = {
    "requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}},
}
#: The same fields beside the file; what is no text is JSON, as objects in forms are.
_FORM = {
    "requestBody": {
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["name", "file"],
                    "properties": {
                        "name": {"type": "string"},
                        "shape": {"type": "object"},
                        "mapping": {"type": "object"},
                        "guard": {"type": "object"},
                        "file": _BINARY["schema"],
                    },
                    "additionalProperties": False,
                }
            }
        }
    }
}


def may_bring_file(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a form be as long as a supplier's file."""

    @wraps(view)
    def with_room(*args: Any, **kwargs: Any) -> Any:
        if request.mimetype == FORM:
            # It may take its time: hold no transaction meanwhile.
            db.session.rollback()
            request.max_content_length = settings.SUPPLIER_FILE_MB * MIB + MIB
        return view(*args, **kwargs)

    return with_room


@bp.get("")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.SupplierList)
def list_suppliers(query: dict[str, int]) -> dict[str, Any]:
    """List the suppliers of the token's organizations, oldest first."""
    found = suppliers.visible(organizations.visible_to(g.token))
    return pages.answer(map(_described, pages.some(found, query)), len(found), query)


@bp.post("")
@access("plugin", "panel")
@may_bring_file
@bp.arguments(schemas.NewSupplier)
@bp.response(201, schemas.Supplier)
@bp.doc(**_FORM)
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Make a supplier. Its list is fetched if it has an address, and read once you have said how.

    A list that is sent may come along: then the same is a form, with the list as its part `file`.
    """
    file = _file_of_form(body["url"]) if request.mimetype == FORM else None
    made = transaction(_make)(body)
    if file is None:
        return made
    supplier_files.receive(made["id"], file.stream, file.filename or "", file.mimetype)
    return transaction(_ask_import)(made["id"])


def _make(body: dict[str, Any]) -> dict[str, Any]:
    return _described(suppliers.create(organizations.home_of(g.token), **body))


def _file_of_form(url: str) -> FileStorage:
    """The list that came along. Raises BadRequest, and RequestEntityTooLarge."""
    if url:
        raise BadRequest("A list has an address or is sent, not both.", details={"url": ["Leave this out."]})
    files = list(request.files.items(multi=True))
    if [name for name, _ in files] != ["file"]:
        raise BadRequest(
            "There is one part with a file in this form: `file`.", details={"file": ["Send one."]}
        )
    [(_, file)] = files
    length = file.stream.seek(0, SEEK_END)
    file.stream.seek(0)
    if length > settings.SUPPLIER_FILE_MB * MIB:
        raise RequestEntityTooLarge
    if not length:
        raise BadRequest("The file is empty.", details={"file": ["Send the bytes of the file."]})
    return file


@bp.get("/<string:supplier_id>")
@access("plugin", "panel")
@bp.response(200, schemas.Supplier)
def show(supplier_id: str) -> dict[str, Any]:
    """Show a supplier: how its list is read, and what the last one came to."""
    return _described(_own(supplier_id))


@bp.patch("/<string:supplier_id>")
@access("plugin", "panel")
@bp.arguments(schemas.ChangedSupplier)
@bp.response(200, schemas.Supplier)
@transaction
def change(body: dict[str, Any], supplier_id: str) -> dict[str, Any]:
    """Change a supplier. The offers stay until the list is read anew, which is queued where that matters."""
    return _described(suppliers.change(_own(supplier_id), **body))


@bp.delete("/<string:supplier_id>")
@access("plugin", "panel")
@bp.response(204)
@transaction
def delete(supplier_id: str) -> None:
    """Remove a supplier with its offers. Nothing changes in any shop."""
    suppliers.delete(_own(supplier_id))


@bp.put("/<string:supplier_id>/file")
@access("plugin", "panel")
@bp.arguments(schemas.FileQuery, location="query")
@bp.response(200, schemas.Supplier)
@bp.doc(**_FILE)
def send_file(query: dict[str, str], supplier_id: str) -> dict[str, Any]:
    """Send a supplier's list: the bytes of the file as the body. It is read once you have said how."""
    supplier = _own(supplier_id)
    if supplier.url:
        raise BadRequest("This supplier's list is fetched from its address. Take the address away first.")
    db.session.rollback()
    limit = settings.SUPPLIER_FILE_MB * MIB
    request.max_content_length = limit + 1
    with supplier_files.spooled() as target:
        _copy(target, limit)
        supplier_files.receive(supplier_id, target, query["name"], request.content_type or "")
    return transaction(_ask_import)(supplier_id)


def _copy(target: Any, limit: int) -> None:
    length = 0
    while piece := request.stream.read(MIB):
        length += len(piece)
        if length > limit:
            raise RequestEntityTooLarge
        target.write(piece)
    if not length:
        raise BadRequest("There is no body. Send the bytes of the file.")
    target.seek(0)


def _ask_import(supplier_id: str) -> dict[str, Any]:
    supplier = _own(supplier_id)
    suppliers.ask_import(supplier)
    organizations.note_activity(supplier.organization_id)
    return _described(supplier)


@bp.get("/<string:supplier_id>/guess")
@access("plugin", "panel")
@bp.response(200, schemas.Guess)
def guess(supplier_id: str) -> dict[str, Any]:
    """Show what the last file seems to be: its shape, its first rows, and a mapping to begin with."""
    found, proposal = supplier_previews.guess(_own(supplier_id).id)
    return {
        "shape": found.shape.as_dict(),
        "columns": found.columns,
        "rows": found.rows,
        "remarks": found.remarks,
        "mapping": proposal.definition,
        "reasons": proposal.reasons,
        "lacks": proposal.lacks,
    }


@bp.post("/<string:supplier_id>/preview")
@access("plugin", "panel")
@bp.arguments(schemas.Tried, required=False)
@bp.response(200, schemas.OfferPreview)
def preview(body: dict[str, Any], supplier_id: str) -> dict[str, Any]:
    """Show what the first rows, or those from a line on, would become, and why some are refused.

    Nothing is kept.
    """
    found = supplier_previews.preview(_own(supplier_id).id, **body)
    rows = []
    for values, made in found.rows:
        is_refused = isinstance(made, Refusal)
        offer = None if isinstance(made, Refusal) else _offer(offer_records.of_offer(made), made.line)
        refusal = made if is_refused else None
        rows.append({"line": made.line, "values": values, "offer": offer, "refusal": refusal})
    return {"rows": rows, "offers": found.offers, "refused": found.refused, "more": found.more}


@bp.post("/<string:supplier_id>/import")
@access("plugin", "panel")
@bp.response(200, schemas.Supplier)
@transaction
def start_import(supplier_id: str) -> dict[str, Any]:
    """Look at the supplier's list now: it is fetched if it has an address, and read if it changed."""
    return _ask_import(supplier_id)


@bp.get("/<string:supplier_id>/imports")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ImportList)
def list_imports(query: dict[str, int], supplier_id: str) -> dict[str, Any]:
    """List the imports that are kept, newest first."""
    of_supplier = select(Import).filter_by(supplier_id=_own(supplier_id).id)
    return _page(of_supplier.order_by(Import.started_at.desc(), Import.id), query)


@bp.get("/<string:supplier_id>/imports/<string:import_id>/refused")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.RefusalList)
def list_refused(query: dict[str, int], supplier_id: str, import_id: str) -> dict[str, Any]:
    """List the rows of an import that make no offer, each with its line and the reason."""
    found = imports.of_supplier(_own(supplier_id), import_id)
    return _page(select(RefusedRow).filter_by(import_id=found.id).order_by(RefusedRow.no), query)


@bp.get("/<string:supplier_id>/imports/<string:import_id>/changes")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ChangeList)
def list_changes(query: dict[str, int], supplier_id: str, import_id: str) -> dict[str, Any]:
    """List what an applied import did to each offer. A supplier's first import has nothing to compare."""
    found = imports.of_supplier(_own(supplier_id), import_id)
    return _page(select(OfferChange).filter_by(import_id=found.id).order_by(OfferChange.key), query)


@bp.post("/<string:supplier_id>/imports/<string:import_id>/release")
@access("plugin", "panel")
@bp.response(200, schemas.Import)
@transaction
def release(supplier_id: str, import_id: str) -> Import:
    """Say that a held list is right: it is read once more and taken over."""
    return imports.release(_own(supplier_id), import_id)


@bp.post("/<string:supplier_id>/imports/<string:import_id>/drop")
@access("plugin", "panel")
@bp.response(200, schemas.Import)
@transaction
def drop(supplier_id: str, import_id: str) -> Import:
    """Give a held list up; the offers stay as they are."""
    return imports.drop(_own(supplier_id), import_id)


@bp.post("/<string:supplier_id>/undo")
@access("plugin", "panel")
@bp.response(200, schemas.Import)
@transaction
def undo(supplier_id: str) -> Import:
    """Take the last list back. Newer ones are held until you release one, or resume."""
    return imports.undo(_own(supplier_id))


@bp.post("/<string:supplier_id>/resume")
@access("plugin", "panel")
@bp.response(200, schemas.Supplier)
@transaction
def resume(supplier_id: str) -> dict[str, Any]:
    """Follow the lists again after one was taken back."""
    supplier = _own(supplier_id)
    imports.resume(supplier)
    return _described(supplier)


@bp.get("/<string:supplier_id>/offers")
@access("plugin", "panel")
@bp.arguments(schemas.OfferQuery, location="query")
@bp.response(200, schemas.OfferList)
def list_offers(query: dict[str, Any], supplier_id: str) -> dict[str, Any]:
    """List what the supplier offers now."""
    found = select(Offer).filter_by(supplier_id=_own(supplier_id).id, gone_at=None)
    if wanted := query["key"]:
        gtin, sku = matching.gtin_key(wanted), matching.code_key(wanted)
        ways = [Offer.key == wanted, Offer.sku_key == sku] if sku else [Offer.key == wanted]
        found = found.where(or_(*ways, *([Offer.gtin_key == gtin] if gtin else [])))
    page = _page(found.order_by(Offer.key), query)
    return page | {"items": [_offer(each.record, each.line) for each in page["items"]]}


def _own(supplier_id: str) -> Supplier:
    return suppliers.owned(organizations.visible_to(g.token), supplier_id)


def _page(found: Select[Any], query: dict[str, Any]) -> dict[str, Any]:
    return pages.answer(*pages.select_some(found, query), query)


def _offer(record: dict[str, Any], line: int) -> dict[str, Any]:
    named = ("field", "code", "value", "message")
    remarks = [dict(zip(named, each, strict=True)) for each in record["remarks"]]
    return record | {"line": line, "remarks": remarks}


def _described(supplier: Supplier) -> dict[str, Any]:
    offers = select(func.count()).select_from(Offer).filter_by(supplier_id=supplier.id, gone_at=None)
    importing = select(Job.id).filter_by(live_key=f"import:{supplier.id}")
    file = db.session.get(SupplierFile, supplier.file_id) if supplier.file_id else None
    return {
        "id": supplier.id,
        "name": supplier.name,
        "url": supplier.url,
        "hasCredentials": supplier.sealed_credentials is not None,
        "shape": supplier.shape,
        "mapping": supplier.mapping,
        "guard": suppliers.thresholds(supplier)._asdict(),
        "everyMinutes": supplier.every_minutes,
        "offers": db.session.scalar(offers),
        "file": file.name if file else None,
        "applied": _import(supplier.applied_import_id),
        "held": _import(supplier.held_import_id),
        "pinnedSince": supplier.pinned_at,
        "isImporting": db.session.scalar(importing) is not None,
        "problem": supplier.problem,
        "problemCode": supplier.problem_code,
        "fetchedAt": supplier.fetched_at,
        "importedAt": supplier.imported_at,
        "createdAt": supplier.created_at,
        "updatedAt": supplier.updated_at,
    }


def _import(import_id: str | None) -> Import | None:
    return db.session.get(Import, import_id) if import_id else None
