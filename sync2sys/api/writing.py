"""/api/channels/…/writing: prices and stock to the shop, and what became of each value."""

from typing import Any

from flask import g

from sync2sys.api import pages
from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.api.pricing import shown as shown_decision
from sync2sys.api.pricing import shown_reasons, text
from sync2sys.database import transaction
from sync2sys.errors import NotFound
from sync2sys.extensions import db
from sync2sys.models import Channel, WriteLine, WriteRun, Writing
from sync2sys.models.writing import ON
from sync2sys.schemas import writing as schemas
from sync2sys.schemas.base import PageQuery
from sync2sys.services import decided, stores, write_lines, write_runs, write_settings, write_undo

bp = Blueprint("writing", __name__, url_prefix="/api/channels", description="Prices and stock to shops")

#: Variants of a product that are shown with all that is known of them.
MOST_SHOWN = 200


@bp.get("/<string:channel_id>/writing")
@access("plugin", "panel")
@bp.response(200, schemas.Writing)
def show(channel_id: str) -> Writing:
    """Show whether and how decided prices and stock are written to the shop."""
    return write_settings.find(_own(channel_id))


@bp.put("/<string:channel_id>/writing")
@access("plugin", "panel")
@bp.arguments(schemas.SetUpWriting)
@bp.response(200, schemas.Writing)
def set_up(body: dict[str, Any], channel_id: str) -> Writing:
    """Say whether and how decided prices and stock are written to the shop.

    To turn it on, the shop is asked whether its keys may write.
    """
    if body["state"] == ON:
        _require_rights(channel_id, body["location"])
    return transaction(_set_up)(body, channel_id)


def _require_rights(channel_id: str, location: str) -> None:
    channel = _own(channel_id)
    write_settings.require_shop(channel)
    channel_id, platform, capabilities = channel.id, channel.platform, channel.capabilities
    db.session.rollback()
    connector = write_settings.open_shop(channel_id, platform, capabilities, location)
    write_settings.require_rights(platform, connector)


def _set_up(body: dict[str, Any], channel_id: str) -> Writing:
    return write_settings.set_up(_own(channel_id), **body, by=_asker())


@bp.get("/<string:channel_id>/writing/runs")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.RunList)
def list_runs(query: dict[str, int], channel_id: str) -> dict[str, Any]:
    """List what was written, and what would be, newest first."""
    found, total = write_runs.page(_own(channel_id), *pages.bounds(query))
    return pages.answer(map(_run, found), total, query)


@bp.post("/<string:channel_id>/writing/runs")
@access("plugin", "panel")
@bp.response(202, schemas.Writing)
@transaction
def ask(channel_id: str) -> Writing:
    """Ask for a comparison now: what differs is planned, and sent where writing is on."""
    channel = _own(channel_id)
    write_settings.ask(channel.id, _asker())
    return write_settings.find(channel)


@bp.get("/<string:channel_id>/writing/runs/<string:run_id>")
@access("plugin", "panel")
@bp.response(200, schemas.WriteRun)
def show_run(channel_id: str, run_id: str) -> dict[str, Any]:
    """Show one run: what it was to write, and how far it is."""
    return _run(write_runs.find(_own(channel_id), run_id))


@bp.get("/<string:channel_id>/writing/runs/<string:run_id>/lines")
@access("plugin", "panel")
@bp.arguments(schemas.WriteLineQuery, location="query")
@bp.response(200, schemas.LineList)
def list_lines(query: dict[str, Any], channel_id: str, run_id: str) -> dict[str, Any]:
    """List the values of a run: what each was and is to be, why, and what the shop answered."""
    run = write_runs.find(_own(channel_id), run_id)
    found, total = write_lines.page(run, query["state"], *pages.bounds(query))
    return pages.answer(map(_line, found), total, query)


@bp.post("/<string:channel_id>/writing/runs/<string:run_id>/release")
@access("plugin", "panel")
@bp.response(200, schemas.WriteRun)
@transaction
def release(channel_id: str, run_id: str) -> dict[str, Any]:
    """Let a held run go out although it changes more than the ceiling."""
    return _run(write_runs.release(_own(channel_id), run_id))


@bp.post("/<string:channel_id>/writing/runs/<string:run_id>/drop")
@access("plugin", "panel")
@bp.response(200, schemas.WriteRun)
@transaction
def drop(channel_id: str, run_id: str) -> dict[str, Any]:
    """Give a held run up. The very same is not planned again by itself."""
    return _run(write_runs.drop(_own(channel_id), run_id))


@bp.post("/<string:channel_id>/writing/runs/<string:run_id>/stop")
@access("plugin", "panel")
@bp.response(200, schemas.WriteRun)
@transaction
def stop(channel_id: str, run_id: str) -> dict[str, Any]:
    """Stop a run after the batch under way. Nothing goes out until PUT says again how it is to be."""
    return _run(write_runs.stop(_own(channel_id), run_id))


@bp.get("/<string:channel_id>/writing/lines")
@access("plugin", "panel")
@bp.arguments(schemas.WriteLineQuery, location="query")
@bp.response(200, schemas.LineList)
def list_last_lines(query: dict[str, Any], channel_id: str) -> dict[str, Any]:
    """List how it stands with each value: the last line of it, whichever run it is of. `state=kept`, say."""
    found, total = write_lines.page_of_all(_own(channel_id), query["state"], *pages.bounds(query))
    return pages.answer(map(_line, found), total, query)


@bp.post("/<string:channel_id>/writing/lines/<string:line_id>/accept")
@access("plugin", "panel")
@bp.response(200, schemas.WriteLine)
@transaction
def accept(channel_id: str, line_id: str) -> dict[str, Any]:
    """Overwrite what somebody made it in the shop, if it still is what was found."""
    return _line(write_lines.accept(_own(channel_id), line_id))


@bp.post("/<string:channel_id>/writing/lines/<string:line_id>/refuse")
@access("plugin", "panel")
@bp.response(200, schemas.WriteLine)
@transaction
def refuse(channel_id: str, line_id: str) -> dict[str, Any]:
    """Leave what somebody made it in the shop. Of another value you are asked again."""
    return _line(write_lines.refuse(_own(channel_id), line_id))


@bp.post("/<string:channel_id>/writing/undo")
@access("plugin", "panel")
@bp.response(200, schemas.WriteRun)
@transaction
def undo(channel_id: str) -> dict[str, Any]:
    """Take the last run back where the shop still has what it wrote. Writing is dry from then on."""
    return _run(write_undo.undo(_own(channel_id), _asker()))


@bp.get("/<string:channel_id>/products/<string:key>/supply")
@access("plugin", "panel")
@bp.response(200, schemas.Supply)
def supply(channel_id: str, key: str) -> dict[str, Any]:
    """Show where price and stock of a product, or of a variant, come from, and what was written of them."""
    channel = _own(channel_id)
    found, _ = decided.page(channel, key, None, 0, MOST_SHOWN)
    if not found:
        raise NotFound("Nothing is decided of such a product.")
    items = []
    for each in found:
        lines = write_lines.last_of(channel.id, each.decision.external_id)
        items.append(shown_decision(each, channel.currency) | {"lines": [_line(line) for line in lines]})
    return {"items": items}


def _own(channel_id: str) -> Channel:
    return stores.visible_channel(g.token, channel_id)


def _asker() -> str:
    return str(g.token.user.email)


def _run(found: WriteRun) -> dict[str, Any]:
    names = [each.attribute or name for name, each in schemas.WriteRun().fields.items()]
    values = {name: getattr(found, name) for name in names}
    return values if found.finished_at else values | {"counts": write_runs.counts(found.id)}


def _line(found: WriteLine) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "runId": found.run_id,
        "key": found.external_id,
        "productKey": found.product_external_id,
        "field": found.field,
        "before": text(found.before),
        "after": text(found.after),
        "found": text(found.found),
        "state": found.state,
        "code": found.code,
        "message": found.message,
        "supplierId": found.supplier_id,
        "offerKey": found.offer_key,
        "importId": found.import_id,
        "line": found.import_line,
        "reasons": shown_reasons(found.reasons),
        "sentAt": found.sent_at,
        "settledAt": found.settled_at,
    }
