"""What an organization's range is made from, and how it is sold, as plain values."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import select

from sync2sys.connectors.platforms import OFFERS
from sync2sys.extensions import db
from sync2sys.formats import taxes
from sync2sys.models import Channel, Pricing, Supplier
from sync2sys.models.base import now
from sync2sys.offers import links, matching, policies
from sync2sys.offers.articles import UNMATCHED
from sync2sys.offers.links import Link
from sync2sys.offers.matching import Rule
from sync2sys.offers.policies import Policy, Stock

#: Raised by whoever changes what an article becomes: the range is read anew then.
VERSION = "2"
#: What is in no list any more is sold out for so long, and then no product any more.
REMEMBERED = timedelta(days=30)
#: Channels that sell. One whose keys are refused goes on doing so; it is only not looked at.
SELLING = ("connected", "auth_failed")


@dataclass(frozen=True)
class Plan:
    """What is a product, and how it is sold, as plain values."""

    channel_id: str
    currency: str
    includes_tax: bool
    #: in per cent; None where nobody said
    rate: Decimal | None
    policy: Policy
    link: Link
    #: id -> name
    suppliers: dict[str, str]
    #: id -> place in the order in which their texts count
    ranks: dict[str, int]
    #: channels whose products are none of the range's, and how offers are matched with theirs
    others: tuple[tuple[str, tuple[Rule, ...]], ...]
    #: offers that went before are forgotten
    since: datetime
    #: of all that the products are made from; equal marks, nothing to read
    mark: str


def make(channel_id: str, said: dict[str, Any]) -> Plan:
    """The plan of a channel whose owner said this."""
    channel = db.session.get_one(Channel, channel_id)
    pricing = db.session.get_one(Pricing, channel_id)
    policy = policies.parse(pricing.policy)
    query = select(Supplier).filter_by(organization_id=channel.organization_id)
    every = db.session.scalars(query.order_by(Supplier.created_at, Supplier.id)).all()
    used = [each for each in every if pricing.suppliers is None or each.id in pricing.suppliers]
    used.sort(key=lambda each: policy.rank(each.id))
    others = _others(channel, pricing) if said["take"] == UNMATCHED else []
    rules = [pricing.policy, pricing.tax_rates, {name: said[name] for name in said if name != "mark"}]
    made_from = [
        VERSION,
        rules,
        [(each.id, each.name, each.version) for each in used],
        [(each.id, each.catalog_version, by) for each, by in others],
    ]
    rates = taxes.Tax(taxes.WITH, {name: Decimal(rate) for name, rate in pricing.tax_rates.items()})
    return Plan(
        channel_id,
        said["currency"],
        said["pricesIncludeTax"],
        rates.rate("", None),
        # There is no quantity that could stay as it is, so it is the supplier's where no rule says else.
        replace(policy, stock=policy.stock or Stock()),
        links.parse(said["link"]),
        {each.id: each.name for each in used},
        {each.id: rank for rank, each in enumerate(used)},
        tuple((each.id, matching.parse(by)) for each, by in others),
        now() - REMEMBERED,
        blake2b(orjson.dumps(made_from, option=orjson.OPT_SORT_KEYS), digest_size=32).hexdigest(),
    )


def _others(channel: Channel, pricing: Pricing) -> list[tuple[Channel, list[Any]]]:
    """The organization's shops, each with what offers are found by there."""
    query = select(Channel, Pricing).outerjoin(Pricing, Pricing.channel_id == Channel.id)
    query = query.where(Channel.organization_id == channel.organization_id, Channel.platform != OFFERS)
    rows = db.session.execute(query.where(Channel.state.in_(SELLING)).order_by(Channel.id)).all()
    return [(each, list((own or pricing).matching)) for each, own in rows]
