"""/api/channels: connected stores and how their mirroring goes."""

from typing import Any

from flask import g
from sqlalchemy import select

from sync2sys.api import pages
from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.models import Pull
from sync2sys.schemas import channels as schemas
from sync2sys.schemas.base import PageQuery
from sync2sys.services import holds, overviews, stores
from sync2sys.services.overviews import Overview

bp = Blueprint("channels", __name__, url_prefix="/api/channels", description="Connected stores")


@bp.get("")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ChannelList)
def channels(query: dict[str, int]) -> dict[str, Any]:
    """List the channels that the token may see."""
    visible = stores.visible_channels(g.token)
    return pages.answer(overviews.of(pages.some(visible, query)), len(visible), query)


@bp.get("/<string:channel_id>")
@access("plugin", "panel")
@bp.response(200, schemas.ChannelDetail)
def channel(channel_id: str) -> Overview:
    """Show a channel, what its store says of tax, and how far its sync is if one is under way."""
    return overviews.of([stores.visible_channel(g.token, channel_id)])[0]


@bp.post("/<string:channel_id>/sync")
@access("plugin", "panel")
@bp.arguments(schemas.StartSync, required=False)
@bp.response(200, schemas.Channel)
@transaction
def start_sync(body: dict[str, Any], channel_id: str) -> Overview:
    """Queue a sync of the channel, now."""
    channel = stores.visible_channel(g.token, channel_id)
    stores.ask_sync(channel, full=body["full"])
    return overviews.of([channel])[0]


@bp.get("/<string:channel_id>/pulls")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.PullList)
def pulls(query: dict[str, int], channel_id: str) -> dict[str, Any]:
    """List the latest looks at the store, newest first."""
    of_channel = select(Pull).filter_by(channel_id=stores.visible_channel(g.token, channel_id).id)
    found, total = pages.select_some(of_channel.order_by(Pull.started_at.desc(), Pull.id), query)
    return pages.answer(map(_pull, found), total, query)


@bp.post("/<string:channel_id>/pulls/<string:pull_id>/release")
@access("plugin", "panel")
@bp.response(200, schemas.Pull)
@transaction
def release(channel_id: str, pull_id: str) -> dict[str, Any]:
    """Agree to the removals of a held pull: the store is asked once more, and believed."""
    return _pull(holds.release_of(stores.visible_channel(g.token, channel_id), pull_id))


def _pull(pull: Pull) -> dict[str, Any]:
    names = ("id", "state", "pages_done", "pages_total", "added", "changed", "removed", "over_limit")
    shown = {name: getattr(pull, name) for name in (*names, "problem", "started_at", "finished_at")}
    return shown | {"full": pull.since is None}
