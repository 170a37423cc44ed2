"""/api/taxonomy and /api/feeds/…/categories: Google's categories, and those of a shop."""

from typing import Any

from flask import g

from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.extensions import db
from sync2sys.schemas import categories as schemas
from sync2sys.schemas.base import PageQuery
from sync2sys.services import categories, feeds, organizations, taxonomies
from sync2sys.services.categories import Place

bp = Blueprint("categories", __name__, url_prefix="/api", description="Categories")


@bp.get("/taxonomy")
@access("plugin", "panel")
@bp.arguments(schemas.TaxonomyQuery, location="query")
@bp.response(200, schemas.Taxonomy)
def taxonomy(query: dict[str, str]) -> dict[str, Any]:
    """Show which taxonomy of Google's is loaded, and what in it is like a text."""
    connection = db.session.connection()
    loaded = taxonomies.loaded(connection)
    current = taxonomies.current(connection) if query["q"] else None
    return {
        "version": loaded and loaded.version,
        "categories": loaded.categories if loaded else 0,
        "loadedAt": loaded and loaded.loaded_at,
        "suggestions": [each._asdict() for each in current.suggest(query["q"])] if current else [],
    }


@bp.get("/feeds/<string:feed_id>/categories")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.Categories)
def show_all(query: dict[str, int], feed_id: str) -> dict[str, Any]:
    """List the categories of a feed's sources, with what each is to Google and by which rule."""
    page, per_page = query["page"], query["perPage"]
    feed = feeds.owned(organizations.visible_to(g.token), feed_id)
    report = categories.report(feed.id, (page - 1) * per_page, per_page)
    return {
        "field": report.field,
        "taxonomy": report.version,
        "items": [_shown(place) for place in report.found],
        "page": page,
        "perPage": per_page,
        "total": report.total,
    }


def _shown(place: Place) -> dict[str, Any]:
    rule = place.rule
    return {
        "path": place.category.path,
        "products": place.category.products,
        "items": place.category.items,
        "rule": rule and {"path": rule.path, "category": rule.category, "isInherited": place.is_inherited},
        "category": rule and {"id": place.id, "path": place.path, "isGone": place.is_gone},
        "suggestions": [each._asdict() for each in place.suggestions],
    }
