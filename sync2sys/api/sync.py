"""/api/sync: how far the mirror is."""

from typing import Any

from flask import g
from sqlalchemy import func, select

from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.extensions import db
from sync2sys.models import Feed, Organization, Product, Supplier, Token
from sync2sys.schemas.stores import SyncStatus
from sync2sys.services import organizations, stores

bp = Blueprint("sync", __name__, url_prefix="/api/sync", description="Synchronization")


@bp.get("/status")
@access("plugin", "panel")
@bp.response(200, SyncStatus)
def status() -> dict[str, Any]:
    """Count what is connected and mirrored, and tell when something last happened."""
    token: Token = g.token
    ids = organizations.visible_to(token)
    channels = stores.visible_channels(token)
    products = select(func.count(Product.id)).where(
        Product.channel_id.in_([channel.id for channel in channels])
    )
    synced = [channel.synced_at for channel in channels if channel.synced_at]
    active = select(func.max(Organization.active_at)).where(Organization.id.in_(ids))
    return {
        "suppliers": db.session.scalar(
            select(func.count(Supplier.id)).where(Supplier.organization_id.in_(ids))
        ),
        "feeds": db.session.scalar(select(func.count(Feed.id)).where(Feed.organization_id.in_(ids))),
        "products_synced": db.session.scalar(products),
        "last_sync": max(synced, default=None),
        "last_activity": db.session.scalar(active),
    }
