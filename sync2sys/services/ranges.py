"""Ranges: what an organization sells by its suppliers' offers, without a shop of its own.

A range is a channel whose connector reads offers instead of a shop, so what is mirrored from it is guarded,
limited, put into feeds and explained as all else is. An organization has one at most.
"""

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import select

from sync2sys.connectors.platforms import OFFERS, label_of
from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.formats import markets
from sync2sys.formats.definitions import BadDefinition, listed
from sync2sys.formats.money import is_currency
from sync2sys.models import Channel, Organization, Pricing
from sync2sys.models.base import digest
from sync2sys.offers import links, matching
from sync2sys.offers.articles import TAKES, UNMATCHED
from sync2sys.services import jobs, plans, pricing, stores

#: Where it is, in the place of an address.
ORIGIN = OFFERS


def set_up(
    organization: Organization,
    *,
    currency: str,
    prices_include_tax: bool,
    name: str = "",
    country: str = "",
    take: str = UNMATCHED,
    link: str = "",
    tax_rates: dict[str, Any] | None = None,
    supplier_ids: Sequence[str] | None = None,
    policy: dict[str, Any] | None = None,
    match_by: Sequence[Any] = matching.USUAL,
) -> Channel:
    """Say which offers are products of the organization and how they are sold, wholly. A look is queued.

    `take`: unmatched or all; `link`: as `offers.links`, empty for what the lists have; `tax_rates`: of the
    standard class alone, for offers have none. Raises BadRequest with the place of what cannot be used, and
    LimitReached (PIM_PRODUCT_LIMIT) where the plan has no room for one product of a new range.
    """
    said = {
        "name": name or label_of(OFFERS),
        "currency": currency,
        "pricesIncludeTax": prices_include_tax,
        "country": country,
        "take": take,
        "link": link,
    }
    _check(said, tax_rates or {})
    # The lock makes one of two requests see the other's range.
    db.session.refresh(organization, with_for_update=True)
    channel = of(organization.id)
    if channel is None:
        plans.require_room(organization, plans.PRODUCTS)
        origin_key = digest(f"{ORIGIN} {organization.id}")
        channel = Channel(
            organization_id=organization.id, platform=OFFERS, origin=ORIGIN, origin_key=origin_key
        )
        db.session.add(channel)
    channel.state = "connected"
    # No secret: that there are keys is how syncs know a channel which may be looked at.
    channel.credentials = {}
    channel.capabilities = said
    # Currency and tax go with the prices that are mirrored: the sync takes them over together.
    channel.name = name or label_of(OFFERS)
    channel.problem = channel.problem_code = ""
    db.session.flush()
    kept = pricing.keep(
        channel, supplier_ids=supplier_ids, policy=policy, match_by=match_by, tax_rates=tax_rates
    )
    # As with other keys: a pull that began before sees another range, and is given up.
    channel.key_fingerprint = digest(
        orjson.dumps([said, kept.policy, kept.suppliers, kept.tax_rates]).decode()
    )
    jobs.enqueue("sync", channel.id, {"full": True})
    return channel


def _check(said: dict[str, Any], tax_rates: dict[str, Any]) -> None:
    if not is_currency(said["currency"]):
        _refuse("currency", 'Use a currency\'s three capital letters, as "EUR".')
    if said["take"] not in TAKES:
        _refuse("take", f"There are {listed(TAKES)}.")
    if set(tax_rates) - {"", "standard"}:
        _refuse("taxRates", 'Offers have no tax classes: only the standard one, "", can have a rate.')
    try:
        links.parse(said["link"])
    except BadDefinition as bad:
        _refuse("link", bad.message)
    try:
        markets.parse({"country": said["country"]} if said["country"] else {})
    except BadDefinition as bad:
        _refuse("country", bad.message)


def _refuse(field: str, problem: str) -> None:
    raise BadRequest("This range cannot be kept.", details={field: [problem]})


def of(organization_id: str) -> Channel | None:
    """The organization's range, on or off; None where there never was one."""
    return db.session.scalar(select(Channel).filter_by(organization_id=organization_id, platform=OFFERS))


def find(organization_ids: Collection[str]) -> Channel:
    """The range of the first of these organizations, where new things are made. Raises NotFound."""
    found = next((of(each) for each in organization_ids), None)
    if found is None:
        raise NotFound("Offers are no products here yet. PUT says which are to be, and how they are sold.")
    return found


def turn_off(channel: Channel) -> None:
    """Follow the offers no more. Products and feeds stay as they are; `set_up` goes on with them."""
    stores.close(channel)


def pricing_of(channel: Channel) -> Pricing:
    """How the range's prices and stock are decided."""
    return db.session.get_one(Pricing, channel.id)
