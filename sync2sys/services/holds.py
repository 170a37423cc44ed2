"""When a full pull would remove too much: it is held, and the live rows stay.

A shop that suddenly lists little is more often broken than emptied. A held pull is believed when a
second full one, at least an hour later, finds the very same, or when the owner says that it is right.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from sync2sys.connectors import platforms
from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.models import Channel, Pull
from sync2sys.models.base import now
from sync2sys.services import jobs, pulls, stores
from sync2sys.services.catalog import Comparison

CODE = "SYNC_HELD"
PATIENCE = timedelta(hours=1)
#: Who lists products, in sentences.
SHOP, SUPPLIERS = ("The shop", "lists", "it had"), ("Your suppliers", "list", "they had")
#: Fewer than that may go, even if they are more than half.
FEW = 20


def objection(platform: str, products: Comparison, variants: Comparison) -> str | None:
    """Why a full pull must not be applied as it is, in words for the owner."""
    who, lists, had = SHOP if platforms.has_shop(platform) else SUPPLIERS
    if products.live and products.missing == products.live:
        return f"{who} {lists} none of the {products.live} products that {had}."
    if products.missing >= FEW and products.missing * 2 > products.live:
        return f"{who} no longer {lists} {products.missing} of the {products.live} products that {had}."
    if variants.live and not variants.staged:
        return f"{who} {lists} none of the {variants.live} variants that {had}."
    return None


def of_channel(channel_id: str) -> Sequence[Pull]:
    """Held pulls that nothing has replaced, newest first."""
    query = select(Pull).filter_by(channel_id=channel_id).where(Pull.state.in_(("held", "released")))
    return db.session.scalars(query.order_by(Pull.finished_at.desc(), Pull.id)).all()


def is_confirmed(pull: Pull, products: Comparison) -> bool:
    """Whether an earlier held pull or its owner bears this one out. Sets its result hash."""
    pull.result_hash = pulls.result_hash(pull.id)
    return any(_bears_out(held, pull, products) for held in of_channel(pull.channel_id))


def _bears_out(held: Pull, pull: Pull, products: Comparison) -> bool:
    if held.state == "released":
        # The owner agreed to that loss, and to no greater one.
        return products.staged >= (held.product_total or 0)
    same = held.result_hash == pull.result_hash
    return same and held.finished_at is not None and held.finished_at <= now() - PATIENCE


def hold(pull: Pull, products: Comparison, reason: str) -> str:
    """Hold the pull; returns what to tell the owner.

    One that found what a held one found is only that one's echo; another result replaces it.
    """
    problem = (
        f"{reason} Nothing was removed. It will be, if that is still so after an hour, or at once when you "
        "release it."
    )
    earlier = of_channel(pull.channel_id)
    echo = any(held.result_hash == pull.result_hash for held in earlier)
    for held in earlier:
        if held.result_hash != pull.result_hash:
            pulls.end(held, "abandoned", "Another pull found something else.")
    pulls.end(pull, "abandoned" if echo else "held", "Found the same as the held one." if echo else problem)
    pull.product_total = products.staged
    return problem


def drop(channel_id: str) -> None:
    """A full pull was applied: what was held before is of the past."""
    for held in of_channel(channel_id):
        held.state = "abandoned"


def is_ripe(channel_id: str) -> bool:
    """Whether a second full pull could bear out a held one now."""
    return any(_ended_before(held, now() - PATIENCE) for held in of_channel(channel_id))


def _ended_before(pull: Pull, moment: datetime) -> bool:
    return pull.state == "released" or (pull.finished_at is not None and pull.finished_at <= moment)


def release_of(channel: Channel, pull_id: str) -> Pull:
    """`release` one of the channel's pulls. Raises NotFound, and BadRequest where it is not connected."""
    pull = db.session.scalar(select(Pull).filter_by(id=pull_id, channel_id=channel.id).with_for_update())
    if pull is None:
        raise NotFound("No such pull.")
    stores.require_connected(channel)
    return release(pull)


def release(pull: Pull) -> Pull:
    """The owner agrees: a fresh full pull may remove as much as this one would have. Raises BadRequest.

    What the held pull found may be old by now, so the shop is asked once more rather than that applied.
    """
    if pull.state not in ("held", "released"):
        raise BadRequest("This pull is not held.")
    pull.state = "released"
    jobs.enqueue("sync", pull.channel_id, {"full": True})
    return pull
