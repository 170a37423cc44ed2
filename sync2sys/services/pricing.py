"""What the products of a channel should cost and how many there are, by what its suppliers offer now.

All offers are matched and all variants decided anew whenever an offer, a product or a rule has changed; what
comes out the same is not written. Memory grows with the variants and with the offers that are for them.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, delete, insert, select

from sync2sys.connectors.platforms import OFFERS
from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest
from sync2sys.extensions import db
from sync2sys.formats import taxes
from sync2sys.formats.definitions import BadDefinition
from sync2sys.models import Channel, Decision, Offer, Pricing, Quarrel
from sync2sys.models.base import now
from sync2sys.offers import matching, policies
from sync2sys.offers.matching import Index, Match, NoMatch, Rule
from sync2sys.offers.policies import Policy
from sync2sys.offers.supplies import Product as Priced
from sync2sys.services import (
    bids,
    items,
    jobs,
    offer_lists,
    offer_records,
    organizations,
    repricing,
    suppliers,
    write_settings,
)
from sync2sys.services.bids import PRODUCT, VARIANT, Bid, decision_rows
from sync2sys.services.upserts import table_of

#: Raised by whoever changes what is decided from the same: everything is decided anew then.
VERSION = "3"
#: Rows that are read, and written, at once.
PAGE, BATCH = 2000, 500
#: What is no quarrel: a supplier offers many things that a shop does not sell.
ELSEWHERE = ("not_found", "nothing_to_compare")

OFFER = Offer.__table__.c
quarrel_rows = table_of(Quarrel)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is to be decided, and by what, as plain values."""

    channel_id: str
    currency: str
    includes_tax: bool | None
    charges_tax: bool | None
    tax: taxes.Tax
    #: JSON, tax class -> rate, as the shop has them
    shop_rates: str
    policy: Policy
    rules: tuple[Rule, ...]
    #: id -> name
    suppliers: dict[str, str]
    mark: str
    is_decided: bool


class Matched(NamedTuple):
    """All offers of the suppliers: those for each variant, and those that may be for several."""

    bids: Mapping[str, list[Bid]]
    quarrels: list[dict[str, Any]]
    summary: dict[str, int]


def set_up(channel: Channel, **given: Any) -> Pricing:
    """Say how a channel's prices and stock are decided, wholly: see `keep`. Nothing is written to the shop.

    Raises BadRequest with the place of what cannot be used.
    """
    _require_shop(channel)
    found = keep(channel, **given)
    repricing.ask(channel.id)
    # What is found in this shop may be no product of its own.
    repricing.ask_range_beside(channel)
    return found


def _require_shop(channel: Channel) -> None:
    if channel.platform == OFFERS:
        raise BadRequest("Its prices are a part of the range. Say them there: PUT /api/range.")


def keep(
    channel: Channel,
    *,
    supplier_ids: Sequence[str] | None = None,
    policy: dict[str, Any] | None = None,
    match_by: Sequence[Any] = matching.USUAL,
    tax_rates: dict[str, Any] | None = None,
) -> Pricing:
    """Keep how a channel's prices and stock are decided. Raises BadRequest."""
    chosen = _checked_suppliers(channel, supplier_ids)
    _parsed("policy", policies.parse, policy or {})
    rules = list(match_by)
    _parsed("matching", matching.parse, rules)
    rates = _parsed("taxRates", rates_of, tax_rates or {})
    found = db.session.get(Pricing, channel.id, with_for_update=True) or Pricing(channel_id=channel.id)
    found.suppliers, found.policy, found.matching = chosen, policy or {}, rules
    found.tax_rates = {name: format(rate, "f") for name, rate in rates.items()}
    db.session.add(found)
    db.session.flush()
    organizations.note_activity(channel.organization_id)
    return found


def rates_of(spec: dict[str, Any]) -> dict[str, Decimal]:
    """Rates of tax by class, in per cent. Raises BadDefinition."""
    return taxes.parse({"rates": spec})[1]


def _parsed(field: str, parse: Callable[[Any], Any], spec: Any) -> Any:
    try:
        return parse(spec)
    except BadDefinition as bad:
        place = f"{field}.{bad.path}" if bad.path else field
        raise BadRequest("This cannot be used.", details={place: [bad.message]}) from bad


def _checked_suppliers(channel: Channel, wanted: Sequence[str] | None) -> list[str] | None:
    if wanted is None:
        return None
    known = {each.id for each in suppliers.visible([channel.organization_id])}
    unknown = [each for each in wanted if each not in known]
    if unknown:
        raise BadRequest("This cannot be used.", details={"suppliers": [f"No such supplier: {unknown[0]}."]})
    return list(dict.fromkeys(wanted))


def turn_off(channel: Channel) -> None:
    """Decide nothing for the channel any more, and forget what was decided. The shop stays as it is.

    Raises BadRequest.
    """
    _require_shop(channel)
    for table in (Pricing, Decision, Quarrel):
        rows = delete(table).where(table.channel_id == channel.id)
        db.session.execute(rows.execution_options(synchronize_session=False))
    repricing.ask_range_beside(channel)


def run(claim: jobs.Claim) -> None:
    """Decide prices and stock of a claimed job's channel, if anything has changed. Raises LostLease."""
    plan = look(_plan)(claim.subject)
    if plan is None or plan.is_decided:
        return
    with items.snapshot() as connection:
        matched = _matched(connection, plan)
        claim.go_on()
        kept = _decide_all(connection, plan, matched, claim)
    transaction(_conclude)(plan, matched, kept, claim)
    log.info("prices decided", extra=matched.summary | {"channel": plan.channel_id})


def _plan(channel_id: str) -> Plan | None:
    pricing, channel = db.session.get(Pricing, channel_id), db.session.get(Channel, channel_id)
    if pricing is None or channel is None:
        return None
    every = suppliers.visible([channel.organization_id])
    used = [each for each in every if pricing.suppliers is None or each.id in pricing.suppliers]
    shop_rates = orjson.dumps(taxes.applying(channel.tax_rates, channel.country)).decode()
    facts = [channel.currency, channel.prices_include_tax, channel.charges_tax, shop_rates]
    rules = [pricing.policy, pricing.matching, pricing.tax_rates]
    versions = [(each.id, each.version) for each in used]
    made_from = [VERSION, facts, rules, versions, channel.catalog_version, channel.catalog_changed_at]
    mark = blake2b(orjson.dumps(made_from, option=orjson.OPT_SORT_KEYS), digest_size=32).hexdigest()
    return Plan(
        channel_id,
        channel.currency,
        channel.prices_include_tax,
        channel.charges_tax,
        taxes.Tax(taxes.WITH, rates_of(pricing.tax_rates)),
        shop_rates,
        policies.parse(pricing.policy),
        matching.parse(pricing.matching),
        {each.id: each.name for each in used},
        mark,
        mark == pricing.mark,
    )


def _matched(connection: Connection, plan: Plan) -> Matched:
    index = Index(bids.targets(connection, plan.channel_id), plan.rules)
    found_for: dict[str, list[Bid]] = defaultdict(list)
    quarrels: list[dict[str, Any]] = []
    summary: Counter[str] = Counter()
    for row in _offers(connection, plan):
        offer = offer_records.to_terms(row.record, row.line)
        found = index.match(offer)
        summary[found.code if isinstance(found, NoMatch) else "matched"] += 1
        if isinstance(found, Match):
            name = plan.suppliers[row.supplier_id]
            of_supplier = row.supplier_id, name, offer, row.import_id, row.gone_at, row.refusal
            found_for[found.external_id].append(bids.bid(*of_supplier, found.rule, found.why))
        elif found.code not in ELSEWHERE:
            quarrels.append(bids.quarrel(plan.channel_id, row.supplier_id, row.key, found))
    for external_id, several in found_for.items():
        alone, refused = bids.parted(plan.channel_id, external_id, several)
        found_for[external_id] = alone
        quarrels += refused
        summary["contested"] += len(refused)
        summary["matched"] -= len(refused)
    counts = {name: count for name, count in summary.items() if count}
    return Matched(found_for, quarrels[: bids.MOST_QUARRELS], counts)


def _offers(connection: Connection, plan: Plan) -> Iterator[Any]:
    """All offers, also those that are gone: what is sold out has to be told to the shop."""
    columns = (OFFER.id, OFFER.supplier_id, OFFER.key, OFFER.line, OFFER.import_id, OFFER.gone_at)
    refusal = offer_lists.refusal().label("refusal")
    for supplier_id in plan.suppliers:
        query = select(*columns, refusal, OFFER.record).where(OFFER.supplier_id == supplier_id)
        last = ""
        while page := connection.execute(query.where(OFFER.key > last).order_by(OFFER.key).limit(PAGE)).all():
            yield from page
            last = page[-1].key


def _decide_all(connection: Connection, plan: Plan, matched: Matched, claim: jobs.Claim) -> set[str]:
    """Decide every variant for which there are offers, and write what is new; returns their ids."""
    known = dict(connection.execute(_known(plan)).all())
    columns = [VARIANT.external_id, VARIANT.tax_class, VARIANT.taxable, PRODUCT.brand, PRODUCT.categories]
    rows = (
        _decided(plan, row, matched.bids[row.external_id])
        for row in bids.variants(connection, plan.channel_id, columns)
        if matched.bids.get(row.external_id)
    )
    kept: set[str] = set()
    while page := list(islice(rows, BATCH)):
        kept.update(row["external_id"] for row in page)
        new = [row for row in page if known.get(row["external_id"]) != row["content_hash"]]
        if new:
            transaction(_write)(new, claim)
        claim.go_on()
    return kept


def _known(plan: Plan) -> Any:
    columns = decision_rows.c
    query = select(columns.external_id, columns.content_hash)
    return query.where(columns.channel_id == plan.channel_id)


def _decided(plan: Plan, row: Any, found: Sequence[Bid]) -> dict[str, Any]:
    rate = Decimal(0) if not row.taxable or plan.charges_tax is False else None
    if rate is None:
        rate = plan.tax.rate(row.tax_class, plan.shop_rates)
    product = Priced(plan.currency, plan.includes_tax, rate, row.brand or "", tuple(row.categories or ()))
    ids = plan.channel_id, row.external_id, row.product_key
    return bids.decided(*ids, product, found, plan.policy)


def _write(rows: list[dict[str, Any]], claim: jobs.Claim) -> None:
    jobs.progress(claim)
    bids.write(rows)


def _conclude(plan: Plan, matched: Matched, kept: set[str], claim: jobs.Claim) -> None:
    pricing = db.session.get(Pricing, plan.channel_id, with_for_update=True)
    if pricing is None:
        return
    ids = decision_rows.c.external_id
    of_channel = decision_rows.c.channel_id == plan.channel_id
    gone = iter(set(db.session.scalars(select(ids).where(of_channel))) - kept)
    while some := list(islice(gone, BATCH)):
        db.session.execute(delete(decision_rows).where(of_channel, ids.in_(some)))
    db.session.execute(delete(quarrel_rows).where(quarrel_rows.c.channel_id == plan.channel_id))
    if matched.quarrels:
        db.session.execute(insert(Quarrel), matched.quarrels)
    pricing.mark, pricing.summary = plan.mark, matched.summary | {"decided": len(kept)}
    pricing.decided_at = now()
    write_settings.ask(plan.channel_id)
    jobs.check(claim)
