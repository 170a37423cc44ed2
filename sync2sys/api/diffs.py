"""/api/feeds/…/diff: what differs between two renders of a feed."""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Response, g

from sync2sys.api import tables
from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.formats.base import Found
from sync2sys.schemas import diffs as schemas
from sync2sys.services import diffs, feeds, organizations
from sync2sys.services.diffs import Change, Wanted

bp = Blueprint("diffs", __name__, url_prefix="/api/feeds", description="Differences")

COLUMNS = ("key", "kind", "field", "old", "new")


@bp.get("/<string:feed_id>/diff")
@access("plugin", "panel")
@bp.arguments(schemas.Query, location="query")
@bp.response(200, schemas.Comparison)
def diff(query: dict[str, Any], feed_id: str) -> dict[str, Any]:
    """Count what differs between two renders, and list the items that do, field by field."""
    old, new, page, per_page = (query.pop(name) for name in ("old", "new", "page", "perPage"))
    report = diffs.report(_own(feed_id), old, new, Wanted(**query), (page - 1) * per_page, per_page)
    return {
        "old": report.old,
        "new": report.new,
        "counts": report.counts,
        "fields": [{"field": field, "items": items} for field, items in report.fields],
        "items": [_shown(change) for change in report.found],
        "page": page,
        "perPage": per_page,
        "total": report.total,
    }


@bp.get("/<string:feed_id>/diff.csv")
@access("plugin", "panel")
@bp.arguments(schemas.Which, location="query")
@bp.response(200, {"type": "string"}, content_type="text/csv")
def table(query: dict[str, Any], feed_id: str) -> Response:
    """List all differences as a table for a spreadsheet, a field of an item a line; only `field` if given."""
    old, new = query.pop("old"), query.pop("new")
    wanted = Wanted(**query)
    rows = _rows(diffs.compare(_own(feed_id), old, new, wanted), wanted.field)
    return tables.answer("diff.csv", COLUMNS, rows)


def _own(feed_id: str) -> str:
    return feeds.owned(organizations.visible_to(g.token), feed_id).id


def _shown(change: Change) -> dict[str, Any]:
    fields = [{"field": field, "old": old, "new": new} for field, old, new in change.fields]
    return {"key": change.key, "kind": change.kind, "fields": fields}


def _rows(changes: Iterator[Change], only: str | None) -> Iterator[tuple[str, ...]]:
    for key, kind, fields in changes:
        for field, old, new in fields:
            if only in (None, field):
                yield key, kind, field, _cell(old), _cell(new)


def _cell(value: Found | None) -> str:
    """A value as one text; several, or names with texts, as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
