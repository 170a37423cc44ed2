"""/api/sync: how far the mirror is."""

from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import func, select

from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.extensions import db
from sync2sys.models import Feed, Organization, Product, Supplier, Token
from sync2sys.schemas.stores import SyncStatus
from sync2sys.services import organizations, stores, write_runs

bp = Blueprint("sync", __name__, url_prefix="/api/sync", description="Synchronization")


@bp.get("/status")
@access("plugin", "panel")
@bp.response(200, SyncStatus)
def status() -> dict[str, Any]:
    """Count what is connected and mirrored, and tell when something was last brought in step, or happened."""
    token: Token = g.token
    ids = organizations.visible_to(token)
    channels = stores.visible_channels(token)
    channel_ids = [channel.id for channel in channels]
    products = select(func.count(Product.id)).where(Product.channel_id.in_(channel_ids))
    lists = select(func.count(Supplier.id), func.max(Supplier.imported_at))
    suppliers, imported_at = db.session.execute(lists.where(Supplier.organization_id.in_(ids))).one()
    active_at = db.session.scalar(select(func.max(Organization.active_at)).where(Organization.id.in_(ids)))
    pulled_at = [channel.synced_at for channel in channels]
    synced_at = _latest(*pulled_at, imported_at, write_runs.written_at(channel_ids))
    return {
        "suppliers": suppliers,
        "feeds": db.session.scalar(select(func.count(Feed.id)).where(Feed.organization_id.in_(ids))),
        "products_synced": db.session.scalar(products),
        "last_sync": synced_at,
        # A look that finds all as it was is noted where it was taken, and nowhere else.
        "last_activity": _latest(active_at, synced_at),
    }


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
