"""/api/feeds/…/diagnostics and …/explain: what became of each item of a feed, and why."""

from collections.abc import Iterator
from typing import Any

from flask import Response, g

from sync2sys.api import tables
from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.formats import issues
from sync2sys.formats.renderer import Line
from sync2sys.schemas import diagnostics as schemas
from sync2sys.services import explanations, feeds, organizations
from sync2sys.services.explanations import Diagnosis, Wanted

bp = Blueprint("diagnostics", __name__, url_prefix="/api/feeds", description="Diagnostics")

COLUMNS = ("key", "outcome", "code", "field", "message")


@bp.get("/<string:feed_id>/diagnostics")
@access("plugin", "panel")
@bp.arguments(schemas.Query, location="query")
@bp.response(200, schemas.Report)
def diagnostics(query: dict[str, Any], feed_id: str) -> dict[str, Any]:
    """Count the issues of the render that is served, and list the items that have them."""
    page, per_page = query.pop("page"), query.pop("perPage")
    report = explanations.report(_own(feed_id), Wanted(**query), (page - 1) * per_page, per_page)
    excluded = sum(report.render.excluded.values())
    return {
        "renderId": report.render.id,
        "generatedAt": report.render.generated_at,
        "mirrored": report.render.items + excluded,
        "published": report.render.items,
        "publishedWithWarnings": report.warned,
        "excluded": excluded,
        "remarks": [remark._asdict() for remark in report.remarks],
        "counts": [count._asdict() for count in report.counts],
        "items": [_shown(diagnosis) for diagnosis in report.found],
        "page": page,
        "perPage": per_page,
        "total": report.total,
    }


@bp.get("/<string:feed_id>/diagnostics.csv")
@access("plugin", "panel")
@bp.arguments(schemas.Which, location="query")
@bp.response(200, {"type": "string"}, content_type="text/csv")
def table(query: dict[str, Any], feed_id: str) -> Response:
    """List all issues as a table for a spreadsheet, one a line."""
    lines = tables.lines(COLUMNS, _rows(explanations.every(_own(feed_id), Wanted(**query))))
    headers = {"Content-Disposition": 'attachment; filename="diagnostics.csv"'}
    return Response("".join(lines), content_type="text/csv; charset=utf-8", headers=headers)


@bp.get("/<string:feed_id>/items/<string:key>/explain")
@access("plugin", "panel")
@bp.response(200, schemas.Explanation)
def explain(feed_id: str, key: str) -> dict[str, Any]:
    """Show how each field of an item comes about."""
    return _explained(explanations.explain(_own(feed_id), key))


@bp.post("/<string:feed_id>/preview")
@access("plugin", "panel")
@bp.arguments(schemas.Unsaved, required=False)
@bp.response(200, schemas.Preview)
def preview(body: dict[str, Any], feed_id: str) -> dict[str, Any]:
    """Show what the first items would become with another format or definition. Nothing is kept."""
    count = body.pop("count")
    return {"items": [_explained(each) for each in explanations.preview(_own(feed_id), body, count)]}


def _explained(explanation: explanations.Explanation) -> dict[str, Any]:
    lines = [_line(line, explanation.item) for line in explanation.lines]
    return _shown(explanation.diagnosis) | {"fields": lines}


def _own(feed_id: str) -> str:
    return feeds.owned(organizations.visible_to(g.token), feed_id).id


def _shown(diagnosis: Diagnosis) -> dict[str, Any]:
    return diagnosis._asdict() | {"issues": [issue._asdict() for issue in diagnosis.issues]}


def _line(line: Line, item: Any) -> dict[str, Any]:
    found = {column: getattr(item, column) for column in line.field.source}
    return {
        "field": line.field.name,
        "value": line.value,
        "meaning": line.meaning,
        "rule": line.rule,
        "found": {column: value if value is None else str(value) for column, value in found.items()},
        "limit": line.field.limit,
        "required": line.field.required,
        "steps": [step._asdict() for step in line.steps],
        "reference": line.field.reference,
    }


def _rows(told: Iterator[explanations.Told]) -> Iterator[tuple[str, ...]]:
    for key, outcome, notes in told:
        for note in notes:
            code, field = issues.parsed(note)
            yield key, outcome, code, field or "", issues.in_short(code, field)
