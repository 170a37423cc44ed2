"""Mirroring a shop: pull it page by page, and when that is complete, change the live rows at once.

Only a complete pull of everything may remove anything, and not too much at that.
"""

import logging
from collections.abc import Generator
from contextlib import closing
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import select, update

from sync2sys.connectors.base import Page, Shop
from sync2sys.connectors.platforms import OFFERS
from sync2sys.database import transaction
from sync2sys.errors import RemoteError, StoreGarbled, StoreRefusedKeys, Sync2SysError
from sync2sys.extensions import db
from sync2sys.models import Channel, Installation, Organization, Pull
from sync2sys.models.base import now
from sync2sys.services import (
    catalog,
    connections,
    feeds,
    holds,
    jobs,
    plans,
    pulls,
    repricing,
    stores,
)
from sync2sys.services.catalog import Comparison
from sync2sys.services.records import PRODUCT, VARIANT

#: Where a job keeps the ids of products that are said to have changed.
HINTS = "products"
#: One look at so many products; with more of them, the list of changes is all that is asked.
MOST_HINTS = 250
REFUSALS = 3
REFUSED_FOR = timedelta(hours=1)
MISCOUNTED_CODE = "SYNC_MISCOUNTED"
#: What feeds are made from beside the rows.
FACTS = (
    "name",
    "home",
    "country",
    "currency",
    "prices_include_tax",
    "charges_tax",
    "tax_rates",
    "weight_unit",
    "dimension_unit",
    "timezone",
)

log = logging.getLogger(__name__)


def run(claim: jobs.Claim) -> None:
    """Mirror the channel of a claimed job, from where an earlier attempt broke off.

    Raises LostLease and Interrupted; and whatever went wrong, after it was noted on the channel.
    """
    place = None
    try:
        asked = claim.payload
        place = transaction(pulls.begin)(claim.subject, bool(asked.get("full")), asked.get(HINTS, ()))
        if place is None:
            log.info("nothing to sync", extra={"channel": claim.subject})
            return
        _mirror(place, claim)
    except pulls.Superseded as reason:
        log.info("sync given up", extra={"channel": claim.subject, "reason": reason.message})
        transaction(_give_up)(place.pull_id if place else "", reason.message)
    except Exception as error:
        if not isinstance(error, jobs.PASSING):
            transaction(_note_failure)(claim.subject, place.pull_id if place else None, error)
        raise


def _mirror(place: pulls.Place, claim: jobs.Claim) -> None:
    connector = connections.open_channel(place.channel_id, place.platform, place.capabilities)
    shop = None
    if place.is_full and place.cursor is None:
        # Everything is asked anew, so also how to ask: the shop may have been updated.
        shop = connector.shop()
        connector = connections.open_channel(place.channel_id, place.platform, shop.capabilities)
    with closing(cast(Generator[Page], connector.pull(place.since, place.cursor, place.hints))) as pages:
        for page in pages:
            pulls.stage(place, page, claim)
            claim.go_on()
    if place.is_full and shop is None:
        shop = connector.shop()
    verdict = transaction(_conclude)(place, shop, claim)
    transaction(pulls.clear)(place.pull_id)
    log.info("pull ended", extra=verdict | {"channel": place.channel_id, "pull": place.pull_id})
    if verdict["state"] == "failed":
        raise StoreGarbled(verdict["problem"])


def _conclude(place: pulls.Place, shop: Shop | None, claim: jobs.Claim) -> dict[str, Any]:
    """Apply, hold or discard a pull that has come to its end, in one transaction."""
    channel = db.session.get_one(Channel, place.channel_id)
    organization = db.session.get_one(Organization, channel.organization_id, with_for_update=True)
    db.session.refresh(channel, with_for_update=True)
    pulls.require_current(place)
    pull = db.session.get_one(Pull, place.pull_id)
    products, variants = catalog.compare(pull, PRODUCT), catalog.compare(pull, VARIANT)
    miscount = _miscount(pull, products, variants) if place.is_full else None
    objection = None
    if place.is_full and not miscount:
        objection = holds.objection(place.platform, products, variants)
    if miscount and not _is_known_to_miscount(pull):
        pulls.end(pull, "failed", miscount)
    elif objection and not holds.is_confirmed(pull, products):
        _note(channel, holds.hold(pull, products, objection), holds.CODE)
    else:
        changed = _apply(channel, organization, pull, products, variants, miscount)
        changed |= shop is not None and _describe(channel, shop)
        _note(channel, *_standing_problem(pull))
        if changed:
            _announce(channel)
    channel.refusals, channel.refused_since = 0, None
    organization.active_at = now()
    jobs.check(claim)
    return _verdict(pull)


def _miscount(pull: Pull, products: Comparison, variants: Comparison) -> str | None:
    """What the shop's own totals say against the pull, if they do."""
    for noun, total, comparison in (
        ("products", pull.product_total, products),
        ("variants", pull.variant_total, variants),
    ):
        if total is not None and total != comparison.staged:
            return f"The shop counts {total} {noun} but listed {comparison.staged}. Nothing was removed."
    return None


def _is_known_to_miscount(pull: Pull) -> bool:
    """Whether the last full pull failed with the very same list.

    Such a shop counts wrong for good: what it lists is believed, what it does not list is not.
    """
    pull.result_hash = pulls.result_hash(pull.id)
    last = _last_full(pull.channel_id, "applied", "failed")
    return last is not None and last.result_hash == pull.result_hash


def _last_full(channel_id: str, *states: str) -> Pull | None:
    query = select(Pull).filter_by(channel_id=channel_id, since=None).where(Pull.state.in_(states))
    return db.session.scalar(query.order_by(Pull.started_at.desc()).limit(1))


def _apply(
    channel: Channel,
    organization: Organization,
    pull: Pull,
    products: Comparison,
    variants: Comparison,
    miscount: str | None,
) -> bool:
    """Make the live rows what the pull found; returns whether any changed."""
    may_remove = pull.since is None and miscount is None
    room = _room(organization, products.missing if may_remove else 0)
    outcome = catalog.apply(pull, products, variants, may_remove=may_remove, room=room)
    pull.added, pull.changed, pull.removed = outcome.added, outcome.changed, outcome.removed
    pull.over_limit = outcome.over_limit
    pulls.end(pull, "applied", miscount or _limit_problem(organization, outcome.over_limit))
    channel.synced_at = pull.finished_at
    channel.known_until = pull.started_at
    if pull.since is None:
        channel.full_synced_at = pull.finished_at
    if may_remove:
        holds.drop(channel.id)
    return outcome.touched


def _room(organization: Organization, removed: int) -> int | None:
    """How many new products the plan has room for; None where it has no limit."""
    left = plans.room(organization, plans.PRODUCTS)
    return None if left is None else max(0, left + removed)


def _limit_problem(organization: Organization, over_limit: int) -> str:
    if not over_limit:
        return ""
    limit = plans.limit(organization, plans.PRODUCTS)
    return f"The plan {organization.plan} allows {limit} products: {over_limit} new ones are not mirrored."


def _describe(channel: Channel, shop: Shop) -> bool:
    """Take over what the shop says about itself; returns whether that matters to feeds."""
    before = [getattr(channel, name) for name in FACTS]
    stores.describe(channel, shop)
    channel.capabilities = shop.capabilities
    return before != [getattr(channel, name) for name in FACTS]


def _standing_problem(pull: Pull) -> tuple[str, str]:
    """What the owner should know although this sync went well, with its code.

    An incremental pull sees only a part; what the last full one said still holds then.
    """
    if pull.since is None or pull.problem:
        return pull.problem, _code_of(pull)
    held = holds.of_channel(pull.channel_id)
    if held:
        return held[0].problem, holds.CODE
    full = _last_full(pull.channel_id, "applied")
    return (full.problem, _code_of(full)) if full is not None else ("", "")


def _code_of(pull: Pull) -> str:
    if not pull.problem:
        return ""
    return plans.CODES[plans.PRODUCTS] if pull.over_limit else MISCOUNTED_CODE


def _note(channel: Channel, problem: str, code: str) -> None:
    channel.problem, channel.problem_code = problem, code


def _announce(channel: Channel) -> None:
    """Have the published feeds made anew that use the channel, for it has changed."""
    channel.catalog_version += 1
    channel.catalog_changed_at = now()
    for feed in feeds.using(channel):
        if feed.published:
            feeds.ask_render(feed)
    if channel.platform != OFFERS:
        repricing.ask(channel.id)
    repricing.ask_range_beside(channel)


def _verdict(pull: Pull) -> dict[str, Any]:
    names = ("state", "problem", "added", "changed", "removed", "over_limit")
    return {name: getattr(pull, name) for name in names}


def _give_up(pull_id: str, reason: str) -> None:
    pull = db.session.get(Pull, pull_id)
    if pull is not None and pull.state == "running":
        pulls.end(pull, "abandoned", reason)
        pulls.clear(pull_id)


def _note_failure(channel_id: str, pull_id: str | None, error: Exception) -> None:
    """Tell the owner on the channel, if it is connected still; a pull that waiting cannot help ends here."""
    channel = db.session.get(Channel, channel_id, with_for_update=True)
    if channel is None:
        return
    problem, code = _words(error)
    pull = db.session.get(Pull, pull_id) if pull_id else None
    if pull is not None and pull.state == "running":
        pull.problem = problem
        if not getattr(error, "retryable", True):
            pulls.end(pull, "failed", problem)
            pulls.clear(pull.id)
    if channel.state != "connected":
        return
    _note(channel, problem, code)
    if isinstance(error, StoreRefusedKeys):
        _count_refusal(channel, error.final)


def _words(error: Exception) -> tuple[str, str]:
    """What to tell the owner, and its code."""
    if not isinstance(error, Sync2SysError):
        return "Something went wrong here, not in the shop. It is in the log.", ""
    elsewhere = "STORE_UNREACHABLE" if isinstance(error, RemoteError) else ""
    return error.message, error.code or elsewhere


def _count_refusal(channel: Channel, is_final: bool) -> None:
    """Keys refused again and again for an hour are refused for good, as are those that a shop says are."""
    channel.refusals += 1
    channel.refused_since = channel.refused_since or now()
    is_long = channel.refusals >= REFUSALS and channel.refused_since <= now() - REFUSED_FOR
    if is_final or is_long:
        channel.state = "auth_failed"
        db.session.execute(
            update(Installation)
            .where(Installation.channel_id == channel.id, Installation.state == "connected")
            .values(state="auth_failed")
        )
