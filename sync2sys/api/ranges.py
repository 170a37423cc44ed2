"""/api/range: what an organization sells by its suppliers' offers, without a shop."""

from typing import Any

from flask import g

from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.models import Channel
from sync2sys.schemas import ranges as schemas
from sync2sys.services import organizations, overviews, ranges

bp = Blueprint("ranges", __name__, url_prefix="/api/range", description="Offers as products")


@bp.get("")
@access("plugin", "panel")
@bp.response(200, schemas.Range)
def show() -> dict[str, Any]:
    """Show which offers are products of the organization, how they are sold, and what came of it."""
    return _described(ranges.find(organizations.visible_to(g.token)))


@bp.put("")
@access("plugin", "panel")
@bp.arguments(schemas.NewRange)
@bp.response(200, schemas.Range)
@transaction
def set_up(body: dict[str, Any]) -> dict[str, Any]:
    """Make offers products of the organization, so that feeds have them without a shop."""
    return _described(ranges.set_up(organizations.home_of(g.token), **body))


@bp.delete("")
@access("plugin", "panel")
@bp.response(204)
@transaction
def turn_off() -> None:
    """Follow the offers no more. Products and feeds stay as they are."""
    ranges.turn_off(ranges.find(organizations.visible_to(g.token)))


def _described(channel: Channel) -> dict[str, Any]:
    said, decided = channel.capabilities, ranges.pricing_of(channel)
    names = ("name", "currency", "pricesIncludeTax", "country", "take", "link")
    return {name: said[name] for name in names} | {
        "suppliers": decided.suppliers,
        "matching": decided.matching,
        "policy": decided.policy,
        "taxRates": decided.tax_rates,
        "summary": decided.summary,
        "overview": overviews.of([channel])[0],
    }
