"""/api/feeds/…/diagnostics, …/explain and …/preview: what becomes of each item of a feed, and why."""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response, g

from sync2sys.api import tables
from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint, load_json
from sync2sys.formats.renderer import Line
from sync2sys.schemas import diagnostics as schemas
from sync2sys.services import diagnostics, explanations, feeds, organizations
from sync2sys.services.diagnostics import Diagnosis, Wanted

bp = Blueprint("diagnostics", __name__, url_prefix="/api/feeds", description="Diagnostics")

COLUMNS = (
    "key",
    "product_key",
    "title",
    "variant",
    "sku",
    "outcome",
    "severity",
    "code",
    "field",
    "source",
    "value",
    "limit",
    "message",
    "link",
    "edit_link",
)


@bp.get("/<string:feed_id>/diagnostics")
@access("plugin", "panel")
@bp.arguments(schemas.Query, location="query")
@bp.response(200, schemas.Report)
def report(query: dict[str, Any], feed_id: str) -> dict[str, Any]:
    """Count the issues of the render that is served, and list the items that have them."""
    page, per_page, held = query.pop("page"), query.pop("perPage"), query.pop("held")
    found = diagnostics.report(_own(feed_id), Wanted(**query), (page - 1) * per_page, per_page, held)
    excluded = sum(found.render.excluded.values())
    return {
        "renderId": found.render.id,
        "generatedAt": found.render.generated_at,
        "mirrored": found.render.items + excluded,
        "published": found.render.items,
        "publishedWithWarnings": found.warned,
        "excluded": excluded,
        "remarks": [remark._asdict() for remark in found.remarks],
        "counts": [count._asdict() for count in found.counts],
        "items": [_shown(diagnosis) for diagnosis in found.found],
        "page": page,
        "perPage": per_page,
        "total": found.total,
    }


@bp.get("/<string:feed_id>/diagnostics.csv")
@access("plugin", "panel")
@bp.arguments(schemas.Which, location="query")
@bp.response(200, {"type": "string"}, content_type="text/csv")
def table(query: dict[str, Any], feed_id: str) -> Response:
    """List all issues as a table for a spreadsheet, one a line."""
    held = query.pop("held")
    rows = _rows(diagnostics.every(_own(feed_id), Wanted(**query), held))
    return tables.answer("diagnostics.csv", COLUMNS, rows)


@bp.get("/<string:feed_id>/items/<string:key>/explain")
@access("plugin", "panel")
@bp.response(200, schemas.Explanation)
def explain(feed_id: str, key: str) -> dict[str, Any]:
    """Show how each field of an item comes about."""
    return _explained(explanations.explain(_own(feed_id), key))


@bp.get("/<string:feed_id>/preview")
@access("plugin", "panel")
@bp.arguments(schemas.UnsavedQuery, location="query")
@bp.response(200, schemas.Preview)
def preview(query: dict[str, Any], feed_id: str) -> dict[str, Any]:
    """Show what items become, or would with another format or definition. Nothing is kept."""
    if "definition" in query:
        query["definition"] = load_json(query["definition"].encode())
    return _previewed(feed_id, query)


@bp.post("/<string:feed_id>/preview")
@access("plugin", "panel")
@bp.arguments(schemas.Unsaved, required=False)
@bp.response(200, schemas.Preview)
def preview_body(body: dict[str, Any], feed_id: str) -> dict[str, Any]:
    """Show what items would become with another format or definition of any length. Nothing is kept."""
    return _previewed(feed_id, body)


def _previewed(feed_id: str, tried: dict[str, Any]) -> dict[str, Any]:
    count, key = tried.pop("count"), tried.pop("key", None)
    found = explanations.preview(_own(feed_id), tried, count, key)
    shown = [_explained(each) for each in found.found]
    return found._asdict() | {"items": shown}


def _explained(explanation: explanations.Explanation) -> dict[str, Any]:
    lines = [_line(line, explanation.item) for line in explanation.lines]
    return _shown(explanation.diagnosis) | {"fields": lines}


def _own(feed_id: str) -> str:
    return feeds.owned(organizations.visible_to(g.token), feed_id).id


def _shown(diagnosis: Diagnosis) -> dict[str, Any]:
    issues = [issue._asdict() for issue in diagnosis.issues]
    return diagnosis.item._asdict() | {"outcome": diagnosis.outcome, "issues": issues}


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


def _rows(diagnoses: Iterable[Diagnosis]) -> Iterator[tuple[str, ...]]:
    for item, outcome, issues in diagnoses:
        named, addresses = item[:5], (item.link or "", item.edit_link)
        for issue in issues:
            limit = "" if issue.limit is None else str(issue.limit)
            about = (issue.severity, issue.code, issue.field or "", " ".join(issue.source), issue.value or "")
            yield (*named, outcome, *about, limit, issue.message, *addresses)
