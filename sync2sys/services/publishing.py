"""Publishing a render like a release: judged first, switched to in one transaction, held where in doubt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select

from sync2sys.errors import BadRequest, NotFound, Sync2SysError
from sync2sys.extensions import db
from sync2sys.formats.parts import gzip_length, unpack
from sync2sys.models import Feed, Render, RenderShard
from sync2sys.models.base import now
from sync2sys.services import guard, items, jobs, organizations, pieces, render_plans, serving, shards
from sync2sys.services.guard import Tally
from sync2sys.services.presses import Whole
from sync2sys.services.render_plans import Plan, Standing
from sync2sys.services.shards import Shard

#: A held render is looked at again so soon after it might have been confirmed.
HELD_AGAIN = timedelta(minutes=10)


class Overtaken(Sync2SysError):
    """Somebody else has published or changed the feed since this render began."""


@dataclass(frozen=True)
class Outcome:
    """What became of a render."""

    #: live (new content is served), unchanged (what is served is right) or held
    state: str
    render_id: str
    items: int
    excluded: dict[str, int]
    hold: list[dict[str, Any]]

    @property
    def mirrored(self) -> int:
        """Everything there is: what was published and what was left out."""
        return self.items + sum(self.excluded.values())


# What it is worth


def is_same(old: Standing, whole: Whole) -> bool:
    """Whether the old render has the very bytes of the new one."""
    if old.etag == whole.etag:
        return True
    if old.length != whole.length:
        return False
    # Items that are left out can move the borders of chunks, and with them the etag, but no byte.
    with items.snapshot() as connection:
        if shards.outlines(connection, old.id) != [shard.outline for shard in whole.shards]:
            return False
        mine = _content(pieces.packed_of(connection, whole.ids))
        return mine == _content(pieces.packed_of_render(connection, old.id))


def _content(packed: Iterator[bytes]) -> bytes:
    content = sha256()
    for data in packed:
        content.update(unpack(data) if data else b"")
    return content.digest()


def objections(plan: Plan, whole: Whole) -> list[dict[str, Any]]:
    """Why the render must be held back: [{code, message, …}], empty where nothing speaks against it."""
    live = plan.live
    if live is None:
        return guard.reasons(None, whole.tally, 0, lambda: guard.PriceChange(0, 0), plan.guard)

    def price_change() -> guard.PriceChange:
        with items.snapshot() as connection:
            return guard.compare_prices(
                lambda: pieces.prices_of_render(connection, live.id),
                lambda: pieces.prices_of(connection, whole.ids),
                max(live.items, whole.items),
            )

    before = Tally(live.items, live.excluded, live.in_stock)
    found = guard.reasons(before, whole.tally, whole.kept, price_change, plan.guard)
    return [guard.rolled_back(before, whole.tally), *found] if plan.is_pinned else found


# Switching to it


def confirm(plan: Plan, claim: jobs.Claim | None) -> Outcome:
    """Nothing has changed: what stands was found right once more."""
    feed = _locked(plan)
    standing = plan.held or plan.live
    if standing is None:
        raise Overtaken("The feed's render is gone.")
    render = db.session.get_one(Render, standing.id)
    render.generated_at = now()
    serving.changed(feed)
    if claim is not None:
        jobs.check(claim)
    return _outcome(render, "unchanged" if plan.held is None else "held")


def publish(
    plan: Plan, whole: Whole, twin: Standing | None, hold: list[dict[str, Any]], claim: jobs.Claim | None
) -> Outcome:
    """Switch to the new render, hold it, or find that it is the one that stands."""
    feed, moment = _locked(plan), now()
    feed.rendered_mark, feed.stale_at = plan.mark, whole.stale_at
    if twin is not None:
        render = db.session.get_one(Render, twin.id)
        render.generated_at, render.noted = moment, dict(whole.noted)
        render.excluded, render.in_stock = whole.tally.excluded, whole.in_stock
    else:
        render = _new(plan, whole, moment)
    pieces.tell(render.id, whole.told)
    state = "unchanged"
    if twin is not None and twin is plan.live:
        _end(feed.held_render_id, "dropped", moment)
        feed.held_render_id, feed.problem = None, ""
    elif hold and not (twin is not None and _is_borne_out(plan, hold)):
        state = "held"
        _hold(feed, render, hold, moment)
    else:
        state = "live"
        _go_live(feed, render, moment)
    serving.changed(feed)
    if claim is not None:
        jobs.check(claim)
    return _outcome(render, state)


def _locked(plan: Plan) -> Feed:
    feed = db.session.get(Feed, plan.feed_id, with_for_update=True, populate_existing=True)
    if feed is None:
        raise NotFound("No such feed.")
    if render_plans.seen(feed) != plan.seen:
        raise Overtaken("The feed was changed.")
    return feed


def _new(plan: Plan, whole: Whole, moment: datetime) -> Render:
    newest = db.session.scalar(select(func.max(Render.generation)).filter_by(feed_id=plan.feed_id))
    render = Render(
        feed_id=plan.feed_id,
        generation=(newest or 0) + 1,
        state="held",
        version=plan.format.version,
        content_type=plan.format.content_type,
        extension=plan.format.extension,
        items=whole.items,
        in_stock=whole.in_stock,
        excluded=whole.tally.excluded,
        noted=dict(whole.noted),
        etag=whole.etag,
        length=whole.length,
        gzip_length=sum(gzip_length(shard.extent) for shard in whole.shards),
        changed_at=moment,
        generated_at=moment,
        shards=list(_rows_of(whole.shards, moment)),
    )
    db.session.add(render)
    db.session.flush()
    pieces.refer(render.id, whole.ids)
    return render


def _rows_of(made: Sequence[Shard], moment: datetime) -> Iterator[RenderShard]:
    first = 0
    for no, shard in enumerate(made, 1):
        yield RenderShard(
            no=no,
            first_chunk=first,
            chunks=len(shard.ids),
            items=shard.items,
            etag=shard.etag,
            gzip_etag=shard.gzip_etag,
            crc=shard.extent.crc,
            length=shard.extent.raw_length,
            gzip_length=gzip_length(shard.extent),
            changed_at=moment,
        )
        first += len(shard.ids)


def _is_borne_out(plan: Plan, hold: list[dict[str, Any]]) -> bool:
    """Whether the shops were seen again late enough after the held render to believe it."""
    if plan.held is None:
        return False
    looks = [source.synced_at for source in plan.sources if source.is_connected]
    return guard.may_follow(hold, plan.held.changed_at, looks)


def _hold(feed: Feed, render: Render, hold: list[dict[str, Any]], moment: datetime) -> None:
    if feed.held_render_id != render.id:
        _end(feed.held_render_id, "dropped", moment)
    render.state, render.hold = "held", hold
    feed.held_render_id = render.id
    feed.problem = " ".join(reason["message"] for reason in hold) + " The new render is held back."
    if not guard.waits_for_a_person(hold):
        again = max(render.changed_at + guard.PATIENCE, moment + HELD_AGAIN)
        feed.stale_at = min(feed.stale_at, again) if feed.stale_at else again


def _go_live(feed: Feed, render: Render, moment: datetime) -> None:
    old = db.session.get(Render, feed.live_render_id) if feed.live_render_id else None
    render.state, render.superseded_at = "live", None
    render.changed_at = moment
    if old is not None:
        old.state, old.superseded_at = "superseded", moment
        # Last-Modified counts in seconds: no two contents of a feed may share one.
        render.changed_at = max(moment, old.changed_at.replace(microsecond=0) + timedelta(seconds=1))
    _date_shards(render, old)
    if feed.held_render_id != render.id:
        _end(feed.held_render_id, "dropped", moment)
    feed.live_render_id, feed.held_render_id, feed.problem = render.id, None, ""
    feed.pinned_at = None
    organizations.note_activity(feed.organization_id)


def _date_shards(render: Render, old: Render | None) -> None:
    """Files that are new at their addresses are as old as the render; those that stay keep their date."""
    known = {(shard.no, shard.etag, shard.gzip_etag): shard.changed_at for shard in old.shards} if old else {}
    for shard in render.shards:
        shard.changed_at = known.get((shard.no, shard.etag, shard.gzip_etag), render.changed_at)


def _end(render_id: str | None, state: str, moment: datetime) -> None:
    render = db.session.get(Render, render_id) if render_id else None
    if render is not None:
        render.state, render.superseded_at = state, moment


def _outcome(render: Render, state: str) -> Outcome:
    return Outcome(state, render.id, render.items, render.excluded, render.hold or [])


# What a person decides


def release(feed: Feed, render_id: str) -> Render:
    """Publish a held render after all, which also ends a roll back.

    Raises NotFound, and BadRequest where it is not held.
    """
    feed, render = _held(feed, render_id)
    _go_live(feed, render, now())
    serving.changed(feed)
    return render


def drop(feed: Feed, render_id: str) -> Render:
    """Give a held render up. Raises NotFound, and BadRequest where it is not held.

    The next render of the feed is judged anew.
    """
    feed, render = _held(feed, render_id)
    _end(render.id, "dropped", now())
    feed.held_render_id, feed.problem, feed.rendered_mark = None, "", ""
    return render


def roll_back(feed: Feed, render_id: str) -> Render:
    """Serve a render again that was live before, and hold newer ones until `resume` or `release`.

    Raises NotFound, and BadRequest for a render that is live now or never was.
    """
    feed, render = _locked_with(feed, render_id)
    if render.state != "superseded":
        raise BadRequest(f"Only a render that was live before can come back; this one is {render.state}.")
    moment = now()
    _go_live(feed, render, moment)
    # What comes next is looked at wholly, and held, even if nothing changes from here on.
    feed.pinned_at, feed.rendered_mark = moment, ""
    serving.changed(feed)
    return render


def resume(feed: Feed) -> None:
    """End a roll back: the feed follows its sources again. Raises BadRequest where there is none.

    What is held for the roll back alone is published by the render that is queued here.
    """
    db.session.refresh(feed, with_for_update=True)
    if feed.pinned_at is None:
        raise BadRequest("This feed is not rolled back.")
    feed.pinned_at, feed.rendered_mark = None, ""
    jobs.enqueue("render", feed.id)


def _held(feed: Feed, render_id: str) -> tuple[Feed, Render]:
    feed, render = _locked_with(feed, render_id)
    if feed.held_render_id != render.id:
        raise BadRequest(f"This render is not held, it is {render.state}.")
    return feed, render


def _locked_with(feed: Feed, render_id: str) -> tuple[Feed, Render]:
    """The feed and one of its renders, which nobody else changes meanwhile."""
    db.session.refresh(feed, with_for_update=True)
    render = db.session.get(Render, render_id, populate_existing=True)
    if render is None or render.feed_id != feed.id:
        raise NotFound("No such render.")
    return feed, render
