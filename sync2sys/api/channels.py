"""/api/channels: connected stores and how their mirroring goes."""

from collections.abc import Sequence
from typing import Any

from flask import g
from sqlalchemy import func, select

from sync2sys.api.access import access
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, Product, Pull
from sync2sys.schemas import channels as schemas
from sync2sys.schemas.base import PageQuery
from sync2sys.services import holds, hooks, jobs, stores

bp = Blueprint("channels", __name__, url_prefix="/api/channels", description="Connected stores")


@bp.get("")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ChannelList)
def channels(query: dict[str, int]) -> dict[str, Any]:
    """List the channels that the token may see."""
    visible = stores.visible_channels(g.token)
    page, per_page = query["page"], query["perPage"]
    shown = visible[(page - 1) * per_page : page * per_page]
    return {"items": _described(shown), "page": page, "perPage": per_page, "total": len(visible)}


@bp.get("/<string:channel_id>")
@access("plugin", "panel")
@bp.response(200, schemas.ChannelDetail)
def channel(channel_id: str) -> dict[str, Any]:
    """Show a channel, what its store says of tax, and how far its sync is if one is under way."""
    own = _own(channel_id)
    return _described([own])[0] | {
        "country": own.country,
        "pricesIncludeTax": own.prices_include_tax,
        "chargesTax": own.charges_tax,
        "taxRates": own.tax_rates,
    }


@bp.post("/<string:channel_id>/sync")
@access("plugin", "panel")
@bp.arguments(schemas.StartSync, required=False)
@bp.response(200, schemas.Channel)
@transaction
def start_sync(body: dict[str, Any], channel_id: str) -> dict[str, Any]:
    """Queue a sync of the channel, now."""
    channel = _own(channel_id)
    if channel.state != "connected":
        raise BadRequest("This store is not connected. Connect it anew first.")
    jobs.enqueue("sync", channel.id, {"full": body["full"]})
    return _described([channel])[0]


@bp.get("/<string:channel_id>/pulls")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.PullList)
def pulls(query: dict[str, int], channel_id: str) -> dict[str, Any]:
    """List the latest looks at the store, newest first."""
    of_channel = select(Pull).filter_by(channel_id=_own(channel_id).id)
    page, per_page = query["page"], query["perPage"]
    shown = of_channel.order_by(Pull.started_at.desc(), Pull.id).offset((page - 1) * per_page).limit(per_page)
    return {
        "items": [_pull(pull) for pull in db.session.scalars(shown)],
        "page": page,
        "perPage": per_page,
        "total": db.session.scalar(select(func.count()).select_from(of_channel.subquery())),
    }


@bp.post("/<string:channel_id>/pulls/<string:pull_id>/release")
@access("plugin", "panel")
@bp.response(200, schemas.Pull)
@transaction
def release(channel_id: str, pull_id: str) -> dict[str, Any]:
    """Agree to the removals of a held pull: the store is asked once more, and believed."""
    channel = _own(channel_id)
    pull = db.session.scalar(select(Pull).filter_by(id=pull_id, channel_id=channel.id).with_for_update())
    if pull is None:
        raise NotFound("No such pull.")
    if channel.state != "connected":
        raise BadRequest("This store is not connected. Connect it anew first.")
    return _pull(holds.release(pull))


def _own(channel_id: str) -> Channel:
    """A channel that the token may see. Raises NotFound, alike for another's and for none."""
    for channel in stores.visible_channels(g.token):
        if channel.id == channel_id:
            return channel
    raise NotFound("No such channel.")


def _described(channels: Sequence[Channel]) -> list[dict[str, Any]]:
    ids = [channel.id for channel in channels]
    counts = _counts(ids)
    syncs = {job.subject: job for job in _live_syncs(ids)}
    running = {pull.channel_id: pull for pull in _running_pulls(ids)}
    return [
        {
            "id": channel.id,
            "state": channel.state,
            "name": channel.name,
            "platform": channel.platform,
            "origin": channel.origin,
            "currency": channel.currency,
            "productCount": counts.get(channel.id, 0),
            "lastSync": channel.synced_at,
            "problem": channel.problem,
            "problemCode": channel.problem_code,
            "webhooks": {
                "items": [hook | {"since": hooks.since(hook)} for hook in channel.hooks],
                "problem": hooks.trouble_of(channel),
                "checkedAt": channel.hooks_checked_at,
                "heardAt": channel.heard_at,
            },
            "sync": _progress(syncs.get(channel.id), running.get(channel.id)),
        }
        for channel in channels
    ]


def _counts(ids: list[str]) -> dict[str, int]:
    query = select(Product.channel_id, func.count()).where(Product.channel_id.in_(ids))
    return dict(db.session.execute(query.group_by(Product.channel_id)).all())


def _live_syncs(ids: list[str]) -> Sequence[Job]:
    keys = [f"sync:{channel_id}" for channel_id in ids]
    return db.session.scalars(select(Job).where(Job.live_key.in_(keys))).all()


def _running_pulls(ids: list[str]) -> Sequence[Pull]:
    return db.session.scalars(select(Pull).where(Pull.channel_id.in_(ids), Pull.state == "running")).all()


def _progress(job: Job | None, pull: Pull | None) -> dict[str, Any] | None:
    """How far a live sync is. A queued one with a pull goes on with that."""
    if job is None:
        return None
    return {
        "state": job.state,
        "full": pull.since is None if pull else bool(job.payload.get("full")),
        "pagesDone": pull.pages_done if pull else 0,
        "pagesTotal": pull.pages_total if pull else None,
        "startedAt": pull.started_at if pull else None,
    }


def _pull(pull: Pull) -> dict[str, Any]:
    names = ("id", "state", "pages_done", "pages_total", "added", "changed", "removed", "over_limit")
    shown = {name: getattr(pull, name) for name in (*names, "problem", "started_at", "finished_at")}
    return shown | {"full": pull.since is None}
