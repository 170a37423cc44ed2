"""Renders: making a feed anew from what changed, and publishing it like a release.

A render reads one snapshot of the catalogue, so it never mixes two of its versions, and publishes it
even if a newer one has come meanwhile: that has queued a render of its own, and waiting for a shop
that never rests would publish nothing. Its work is kept piece by piece in short transactions; a
render that is killed is found half done by the next one, and readers never see it. The last
transaction checks that nobody else has changed the feed since, and switches.
"""

import logging
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest, NotFound, Sync2SysError, Unavailable
from sync2sys.extensions import db, settings
from sync2sys.models import Feed, Render
from sync2sys.models.base import now
from sync2sys.services import items, jobs, pieces, publishing, render_plans
from sync2sys.services.presses import Press
from sync2sys.services.publishing import Outcome, Overtaken

#: How often a render begins again when somebody else changed the feed meanwhile.
ROUNDS = 5
#: A reader may still be at a render for so long after it was replaced.
SLOWEST_READER = timedelta(hours=1)

log = logging.getLogger(__name__)


def run(claim: jobs.Claim) -> None:
    """Render the feed of a claimed job. A feed that is gone is done.

    Raises LostLease and Interrupted; and whatever went wrong, after it was noted on the feed.
    """
    try:
        render(claim.subject, claim)
    except NotFound:
        log.info("nothing to render", extra={"feed": claim.subject})
    except Exception as error:
        if not isinstance(error, jobs.PASSING):
            transaction(_note_failure)(claim.subject, error)
        raise


def render(feed_id: str, claim: jobs.Claim | None = None) -> Outcome:
    """Make the feed from the catalogue as it is now, and publish it unless the guard holds it.

    Raises NotFound, Unavailable where others keep changing the feed, and what `jobs` raises. Commits.
    """
    for _ in range(ROUNDS):
        try:
            outcome = _round(feed_id, claim)
        except (Overtaken, IntegrityError) as reason:
            # An IntegrityError: a piece was swept that this render had found, or the feed was deleted.
            log.info("feed changed during its render", extra={"feed": feed_id, "reason": repr(reason)})
            continue
        _tidy(feed_id)
        return outcome
    raise Unavailable("The feed is being changed all the time. Try again shortly.", retry_after=10)


def _note_failure(feed_id: str, error: Exception) -> None:
    """Tell the owner, and let the clock bring the feed up again when the job is given up."""
    feed = db.session.get(Feed, feed_id, with_for_update=True)
    if feed is None:
        return
    feed.problem = _words(error)
    # What a bad definition lacks is for its owner to mend, which queues a render too.
    if not isinstance(error, BadRequest):
        feed.stale_at = now()


def _words(error: Exception) -> str:
    if isinstance(error, Sync2SysError):
        return f"The feed could not be made anew: {error.message}"
    return "The feed could not be made anew. What went wrong is in the log; it is tried again."


def is_small(feed_id: str, limit: int) -> bool:
    """Whether the feed has no more than so many variants to export, and will be rendered soon."""
    with items.snapshot() as catalogue:
        feed = render_plans.row_of(catalogue, feed_id)
        return items.is_small(catalogue, items.sources(catalogue, feed.organization_id, feed.sources), limit)


def _round(feed_id: str, claim: jobs.Claim | None) -> Outcome:
    with items.snapshot() as catalogue:
        plan = render_plans.make(catalogue, feed_id)
        if plan.is_current:
            return transaction(publishing.confirm)(plan, claim)
        whole = Press(catalogue, plan, claim).whole()
    twin = next((old for old in (plan.live, plan.held) if old and publishing.is_same(old, whole)), None)
    # What is held is judged once more: its owner may have set other thresholds.
    hold = [] if twin and twin is plan.live else publishing.objections(plan, whole)
    outcome = transaction(publishing.publish)(plan, whole, twin, hold, claim)
    log.info("rendered", extra={"feed": feed_id, "state": outcome.state, "items": outcome.items})
    return outcome


def _tidy(feed_id: str) -> None:
    """Remove old renders and the pieces that only they had, in steps so short that nobody waits."""
    old = look(_outdated)(feed_id)
    if not old:
        return
    for render_id in old:
        if transaction(_retire)(feed_id, render_id):
            while transaction(pieces.take_apart)(render_id):
                pass
    unused = look(pieces.unused)(feed_id)
    for start in range(0, len(unused), pieces.BATCH):
        transaction(pieces.sweep)(feed_id, unused[start : start + pieces.BATCH])


def _outdated(feed_id: str) -> list[str]:
    """Renders that no slow reader can be at any more, beyond the last RENDERS_KEPT.

    Those that were live and those that never were are counted apart: what is held again and again must
    not take away what the owner may want to go back to.
    """
    renders = select(Render.id).filter_by(feed_id=feed_id)
    newest = renders.order_by(Render.generation.desc()).limit(max(1, settings.RENDERS_KEPT))
    kept: set[str] = set()
    for states in (("live", "superseded"), ("held", "dropped")):
        kept |= set(db.session.scalars(newest.where(Render.state.in_(states))))
    ended = renders.where(
        or_(Render.state == "removed", Render.superseded_at < now() - SLOWEST_READER),
        Render.state.not_in(("live", "held")),
    )
    return [render_id for render_id in db.session.scalars(ended) if render_id not in kept]


def _retire(feed_id: str, render_id: str) -> bool:
    """Mark a render as being taken apart, unless somebody went back to it in this moment."""
    db.session.get(Feed, feed_id, with_for_update=True)
    if render_id not in _outdated(feed_id):
        return False
    db.session.execute(update(Render).filter_by(id=render_id).values(state="removed"))
    return True
