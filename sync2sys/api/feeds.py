"""/api/feeds: what an organization exports, and what became of its renders."""

from collections.abc import Sequence
from typing import Any

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from sync2sys.api import pages
from sync2sys.api.access import access, public
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.formats import FORMATS
from sync2sys.models import Feed, Job, Render, RenderShard
from sync2sys.schemas import feeds as schemas
from sync2sys.schemas.base import PageQuery
from sync2sys.services import feeds, fetches, organizations, publishing

bp = Blueprint("feeds", __name__, url_prefix="/api", description="Feeds")


@bp.get("/formats")
@public
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.FormatList)
def formats(query: dict[str, int]) -> dict[str, Any]:
    """List the formats that a feed can have."""
    return _page(list(FORMATS.values()), query)


@bp.get("/feeds")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.FeedList)
def show_all(query: dict[str, int]) -> dict[str, Any]:
    """List the feeds that the token may see."""
    page = _page(feeds.visible(organizations.visible_to(g.token)), query)
    return page | {"items": _described(page["items"])}


@bp.post("/feeds")
@access("plugin", "panel")
@bp.arguments(schemas.NewFeed)
@bp.response(201, schemas.Feed)
@transaction
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Make a feed; a published one is rendered at once."""
    feed = feeds.create(organizations.home_of(g.token), **body)
    return _described([feed])[0]


@bp.get("/feeds/<string:feed_id>")
@access("plugin", "panel")
@bp.response(200, schemas.Feed)
def show(feed_id: str) -> dict[str, Any]:
    """Show a feed with what is served and what is held."""
    return _described([_own(feed_id)])[0]


@bp.get("/feeds/<string:feed_id>/export")
@access("plugin", "panel")
@bp.response(200, schemas.Export)
def export(feed_id: str) -> dict[str, Any]:
    """Show what makes the feed what it is: a body for POST /api/feeds, here or elsewhere."""
    return feeds.exported(_own(feed_id))


@bp.patch("/feeds/<string:feed_id>")
@access("plugin", "panel")
@bp.arguments(schemas.ChangedFeed)
@bp.response(200, schemas.Feed)
@transaction
def change(body: dict[str, Any], feed_id: str) -> dict[str, Any]:
    """Change a feed. What is served stays as it is until the next render."""
    return _described([feeds.change(_own(feed_id), **body)])[0]


@bp.delete("/feeds/<string:feed_id>")
@access("plugin", "panel")
@bp.response(204)
@transaction
def delete(feed_id: str) -> None:
    """Remove a feed and all that was rendered of it."""
    feeds.delete(_own(feed_id))


@bp.post("/feeds/<string:feed_id>/render")
@access("plugin", "panel")
@bp.response(200, schemas.Feed)
@transaction
def render(feed_id: str) -> dict[str, Any]:
    """Queue a render of the feed, now."""
    feed = _own(feed_id)
    feeds.ask_render(feed)
    return _described([feed])[0]


@bp.get("/feeds/<string:feed_id>/renders")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.RenderList)
def history(query: dict[str, int], feed_id: str) -> dict[str, Any]:
    """List the renders of a feed, newest first, with counts and reasons."""
    feed = _own(feed_id)
    page = _page(feeds.history(feed), query)
    return page | {"items": [_counted(feed, render) for render in page["items"]]}


@bp.post("/feeds/<string:feed_id>/renders/<string:render_id>/release")
@access("plugin", "panel")
@bp.response(200, schemas.Render)
@transaction
def release(feed_id: str, render_id: str) -> dict[str, Any] | None:
    """Publish a held render after all."""
    feed = _own(feed_id)
    return _counted(feed, publishing.release(feed, render_id))


@bp.post("/feeds/<string:feed_id>/renders/<string:render_id>/drop")
@access("plugin", "panel")
@bp.response(200, schemas.Render)
@transaction
def drop(feed_id: str, render_id: str) -> dict[str, Any] | None:
    """Give a held render up; what is served stays."""
    feed = _own(feed_id)
    return _counted(feed, publishing.drop(feed, render_id))


@bp.post("/feeds/<string:feed_id>/renders/<string:render_id>/rollback")
@access("plugin", "panel")
@bp.response(200, schemas.Render)
@transaction
def roll_back(feed_id: str, render_id: str) -> dict[str, Any] | None:
    """Serve an older render again, at once. Newer ones are held until one is released, or you resume."""
    feed = _own(feed_id)
    return _counted(feed, publishing.roll_back(feed, render_id))


@bp.post("/feeds/<string:feed_id>/resume")
@access("plugin", "panel")
@bp.response(200, schemas.Feed)
@transaction
def resume(feed_id: str) -> dict[str, Any]:
    """Let a feed that was rolled back follow its sources again; a render is queued."""
    feed = _own(feed_id)
    publishing.resume(feed)
    return _described([feed])[0]


@bp.get("/feeds/<string:feed_id>/fetches")
@access("plugin", "panel")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.FetchList)
def list_fetches(query: dict[str, int], feed_id: str) -> dict[str, Any]:
    """List who read the feed lately, newest first. It takes some seconds until a fetch stands here."""
    return _page(fetches.recent(_own(feed_id)), query)


@bp.post("/feeds/<string:feed_id>/secret")
@access("plugin", "panel")
@bp.response(200, schemas.Feed)
@transaction
def make_secret(feed_id: str) -> dict[str, Any]:
    """Give a feed a secret address, in place of the one it may have, which is dead at once."""
    return _described([feeds.make_secret(_own(feed_id))])[0]


@bp.delete("/feeds/<string:feed_id>/secret")
@access("plugin", "panel")
@bp.response(204)
@transaction
def remove_secret(feed_id: str) -> None:
    """Take the secret address of a feed away."""
    feeds.remove_secret(_own(feed_id))


def _own(feed_id: str) -> Feed:
    return feeds.owned(organizations.visible_to(g.token), feed_id)


def _page(everything: Sequence[Any], query: dict[str, int]) -> dict[str, Any]:
    return pages.answer(pages.some(everything, query), len(everything), query)


def _described(shown: Sequence[Feed]) -> list[dict[str, Any]]:
    ids = {feed.live_render_id for feed in shown} | {feed.held_render_id for feed in shown}
    renders = select(Render).where(Render.id.in_(ids)).options(selectinload(Render.shards))
    found = {render.id: render for render in db.session.scalars(renders)}
    keys = [f"render:{feed.id}" for feed in shown]
    rendering = set(db.session.scalars(select(Job.subject).where(Job.live_key.in_(keys))))
    remarks = feeds.remarks_on(shown)
    return [
        {
            "id": feed.id,
            "name": feed.name,
            "format": feed.format,
            "slug": feed.slug,
            "url": feeds.url(feed),
            "secretUrl": feeds.secret_url(feed),
            "secretOnly": feed.secret_only,
            "published": feed.published,
            "sources": feed.sources,
            "document": feed.document,
            "definition": feed.definition,
            "guard": feeds.thresholds(feed)._asdict(),
            "render": _counted(feed, found.get(feed.live_render_id or "")),
            "held": _counted(feed, found.get(feed.held_render_id or "")),
            "pinnedSince": feed.pinned_at,
            "isRendering": feed.id in rendering,
            "problem": feed.problem,
            "remarks": [remark._asdict() for remark in remarks[feed.id]],
            "createdAt": feed.created_at,
            "updatedAt": feed.updated_at,
        }
        for feed in shown
    ]


def _counted(feed: Feed, render: Render | None) -> dict[str, Any] | None:
    if render is None:
        return None
    shown = {column.key: getattr(render, column.key) for column in Render.__table__.columns}
    return shown | {
        "mirrored": render.items + sum(render.excluded.values()),
        "shards": [_placed(feed, shard, render.id == feed.live_render_id) for shard in render.shards],
    }


def _placed(feed: Feed, shard: RenderShard, is_live: bool) -> dict[str, Any]:
    return {
        "no": shard.no,
        "url": feeds.url(feed, shard.no) if is_live else None,
        "secretUrl": feeds.secret_url(feed, shard.no) if is_live else None,
        "items": shard.items,
        "length": shard.length,
        "gzipLength": shard.gzip_length,
    }
