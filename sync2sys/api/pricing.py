"""/api/channels/…/pricing: prices and stock by what suppliers offer, and why each is what it is."""

from decimal import Decimal
from typing import Any

from flask import g

from sync2sys.api import pages
from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.errors import NotFound
from sync2sys.extensions import db
from sync2sys.models import Channel, Pricing
from sync2sys.schemas import pricing as schemas
from sync2sys.schemas.base import PageQuery
from sync2sys.services import decided, pricing, stores
from sync2sys.services.decided import Decided

bp = Blueprint("pricing", __name__, url_prefix="/api/channels", description="Prices and stock by suppliers")


@bp.get("/<string:channel_id>/pricing")
@access("plugin", "panel")
@bp.response(200, schemas.Pricing)
def show(channel_id: str) -> Pricing:
    """Show how the channel's prices and stock are decided, and what came of it."""
    found = db.session.get(Pricing, _own(channel_id).id)
    if found is None:
        raise NotFound("Prices of this channel are not decided by suppliers. PUT says how they are to be.")
    return found


@bp.put("/<string:channel_id>/pricing")
@access("plugin", "panel")
@bp.arguments(schemas.SetUp)
@bp.response(200, schemas.Pricing)
@transaction
def set_up(body: dict[str, Any], channel_id: str) -> Pricing:
    """Say how the channel's prices and stock are decided. Nothing is written to the shop by this."""
    return pricing.set_up(_own(channel_id), **body)


@bp.delete("/<string:channel_id>/pricing")
@access("plugin", "panel")
@bp.response(204)
@transaction
def turn_off(channel_id: str) -> None:
    """Decide nothing any more. The shop stays as it is."""
    pricing.turn_off(_own(channel_id))


@bp.get("/<string:channel_id>/decisions")
@access("plugin", "panel")
@bp.arguments(schemas.DecisionQuery, location="query")
@bp.response(200, schemas.DecisionList)
def list_decisions(query: dict[str, Any], channel_id: str) -> dict[str, Any]:
    """List what variants should cost and how many there are, each with its reasons."""
    channel = _own(channel_id)
    found, total = decided.page(channel, query["key"], query["differs"], *pages.bounds(query))
    return pages.answer([shown(each, channel.currency) for each in found], total, query)


@bp.get("/<string:channel_id>/quarrels")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.QuarrelList)
def list_quarrels(query: dict[str, int], channel_id: str) -> dict[str, Any]:
    """List offers that may be for one variant or another, so that they are for none."""
    found, total = decided.quarrels(_own(channel_id), *pages.bounds(query))
    return pages.answer(found, total, query)


def _own(channel_id: str) -> Channel:
    return stores.visible_channel(g.token, channel_id)


def shown(found: Decided, currency: str) -> dict[str, Any]:
    """A decision as the API has it."""
    made = found.decision
    return {
        "key": made.external_id,
        "productKey": made.product_external_id,
        "title": found.title,
        "sku": found.sku,
        "gtin": found.gtin,
        "currency": currency,
        "price": text(made.price),
        "quantity": made.quantity,
        "availability": made.availability,
        "shopPrice": text(found.shop_price),
        "shopQuantity": found.shop_quantity,
        "differs": found.price_differs or found.quantity_differs,
        "supplierId": made.supplier_id,
        "offerKey": made.offer_key,
        "importId": made.import_id,
        "line": made.line,
        "reasons": shown_reasons(made.reasons),
        "decidedAt": made.decided_at,
    }


def shown_reasons(reasons: list[list[Any]]) -> list[dict[str, Any]]:
    """The reasons of a decision, each by its parts."""
    names = ("step", "code", "before", "after", "sentence")
    return [dict(zip(names, reason, strict=True)) for reason in reasons]


def text(amount: Decimal | str | None) -> str | None:
    """An amount as the API has it."""
    return None if amount is None else str(amount)
