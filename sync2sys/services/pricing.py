"""What the products of a channel should cost and how many there are, by what its suppliers offer now.

All offers are matched and all variants decided anew whenever an offer, a product or a rule has changed; what
comes out the same is not written. Memory grows with the variants and with the offers that are for them.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, delete, insert, select

from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest
from sync2sys.extensions import db
from sync2sys.formats import taxes
from sync2sys.formats.definitions import BadDefinition
from sync2sys.models import Channel, Decision, Offer, Pricing, Product, Quarrel, Supplier, Variant
from sync2sys.models.base import now
from sync2sys.offers import decision as decisions
from sync2sys.offers import matching, policies
from sync2sys.offers.decision import Supply
from sync2sys.offers.fields import OUT_OF_STOCK
from sync2sys.offers.matching import Index, Match, NoMatch, Rule, Target
from sync2sys.offers.policies import Policy
from sync2sys.services import items, jobs, offer_records, organizations, suppliers, write_settings
from sync2sys.services.upserts import table_of, upsert

#: Raised by whoever changes what is decided from the same: everything is decided anew then.
VERSION = "2"
#: Rows that are read, and written, at once.
PAGE, BATCH = 2000, 500
#: Quarrels that are kept; whoever has more of them has one cause for all.
MOST_QUARRELS = 10_000
#: What is no quarrel: a supplier offers many things that a shop does not sell.
ELSEWHERE = ("not_found", "nothing_to_compare")

PRODUCT, VARIANT, OFFER = Product.__table__.c, Variant.__table__.c, Offer.__table__.c
decision_rows, quarrel_rows = table_of(Decision), table_of(Quarrel)
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


class Bid(NamedTuple):
    """An offer for a variant, and where it stood."""

    supply: Supply
    import_id: str
    line: int
    match: Match
    #: since when it is in no list any more
    gone_at: datetime | None


class Matched(NamedTuple):
    """All offers of the suppliers: those for each variant, and those that may be for several."""

    bids: Mapping[str, list[Bid]]
    quarrels: list[dict[str, Any]]
    summary: dict[str, int]


def set_up(
    channel: Channel,
    *,
    supplier_ids: Sequence[str] | None = None,
    policy: dict[str, Any] | None = None,
    match_by: Sequence[Any] = matching.USUAL,
    tax_rates: dict[str, Any] | None = None,
) -> Pricing:
    """Say how a channel's prices and stock are decided, wholly. Nothing is written to the shop by this.

    Raises BadRequest with the place of what cannot be used.
    """
    chosen = _checked_suppliers(channel, supplier_ids)
    _parsed("policy", policies.parse, policy or {})
    rules = list(match_by)
    _parsed("matching", matching.parse, rules)
    rates = _parsed("taxRates", _rates, tax_rates or {})
    found = db.session.get(Pricing, channel.id, with_for_update=True) or Pricing(channel_id=channel.id)
    found.suppliers, found.policy, found.matching = chosen, policy or {}, rules
    found.tax_rates = {name: format(rate, "f") for name, rate in rates.items()}
    db.session.add(found)
    db.session.flush()
    organizations.note_activity(channel.organization_id)
    ask(channel.id)
    return found


def _rates(spec: dict[str, Any]) -> dict[str, Decimal]:
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
    """Decide nothing for the channel any more, and forget what was decided. The shop stays as it is."""
    for table in (Pricing, Decision, Quarrel):
        rows = delete(table).where(table.channel_id == channel.id)
        db.session.execute(rows.execution_options(synchronize_session=False))


def ask(channel_id: str) -> None:
    """Queue a decision for the channel, if its owner has said how."""
    if db.session.get(Pricing, channel_id) is not None:
        jobs.enqueue("pricing", channel_id)


def ask_of(supplier: Supplier) -> None:
    """Queue one for every channel that the supplier's offers may be for."""
    query = select(Pricing).join(Channel, Channel.id == Pricing.channel_id)
    for found in db.session.scalars(query.where(Channel.organization_id == supplier.organization_id)).all():
        if found.suppliers is None or supplier.id in found.suppliers:
            ask(found.channel_id)


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
        taxes.Tax(taxes.WITH, _rates(pricing.tax_rates)),
        shop_rates,
        policies.parse(pricing.policy),
        matching.parse(pricing.matching),
        {each.id: each.name for each in used},
        mark,
        mark == pricing.mark,
    )


def _matched(connection: Connection, plan: Plan) -> Matched:
    index = Index(_targets(connection, plan), plan.rules)
    bids: dict[str, list[Bid]] = defaultdict(list)
    quarrels: list[dict[str, Any]] = []
    summary: Counter[str] = Counter()
    for row in _offers(connection, plan):
        offer = offer_records.to_terms(row.record, row.line)
        found = index.match(offer)
        summary[found.code if isinstance(found, NoMatch) else "matched"] += 1
        if isinstance(found, Match):
            if row.gone_at is not None:
                offer = offer._replace(availability=OUT_OF_STOCK, quantity=0)
            supply = decisions.supply(row.supplier_id, offer, plan.suppliers[row.supplier_id])
            bids[found.external_id].append(Bid(supply, row.import_id, row.line, found, row.gone_at))
        elif found.code not in ELSEWHERE:
            quarrels.append(_quarrel(plan, row.supplier_id, row.key, found))
    for external_id, several in bids.items():
        alone, refused = _parted(plan, external_id, several)
        bids[external_id] = alone
        quarrels += refused
        summary["contested"] += len(refused)
        summary["matched"] -= len(refused)
    return Matched(bids, quarrels[:MOST_QUARRELS], {name: count for name, count in summary.items() if count})


def _parted(plan: Plan, external_id: str, bids: list[Bid]) -> tuple[list[Bid], list[dict[str, Any]]]:
    """The bids of suppliers that have one for this variant, and the quarrels of those that have several."""
    of_supplier: dict[str, list[Bid]] = defaultdict(list)
    for bid in bids:
        of_supplier[bid.supply.supplier].append(bid)
    alone, refused = [], []
    for supplier_id, several in of_supplier.items():
        own = _standing(several)
        if len(own) == 1:
            alone += own
            continue
        told = matching.told(external_id, [bid.supply.key for bid in own])
        refused += [_quarrel(plan, supplier_id, bid.supply.key, told) for bid in own]
    return alone, refused


def _standing(bids: list[Bid]) -> list[Bid]:
    """Those that stand; where none does, the one that went last: the others were earlier keys of it."""
    standing = [bid for bid in bids if bid.gone_at is None]
    return standing or [max(bids, key=lambda bid: (bid.gone_at, bid.supply.key))]


def _quarrel(plan: Plan, supplier_id: str, key: str, found: NoMatch) -> dict[str, Any]:
    return {
        "channel_id": plan.channel_id,
        "supplier_id": supplier_id,
        "offer_key": key,
        "code": found.code,
        "candidates": list(found.candidates[:20]),
        "message": found.why,
    }


def _targets(connection: Connection, plan: Plan) -> Iterator[Target]:
    columns = [VARIANT.external_id, VARIANT.gtin, VARIANT.sku, VARIANT.mpn, PRODUCT.brand, PRODUCT.title]
    for row in _variants(connection, plan, [*columns, PRODUCT.meta]):
        yield Target(*row[2:])


def _variants(connection: Connection, plan: Plan, columns: Sequence[Any]) -> Iterator[Any]:
    """Rows of all variants of the channel: two ids to go on by, and these columns."""
    joined = Variant.__table__.join(
        Product.__table__,
        (PRODUCT.channel_id == VARIANT.channel_id) & (PRODUCT.external_id == VARIANT.product_external_id),
    )
    query = select(VARIANT.id.label("at"), VARIANT.product_external_id.label("product_key"), *columns)
    query = query.select_from(joined).where(VARIANT.channel_id == plan.channel_id)
    last = 0
    while page := connection.execute(query.where(VARIANT.id > last).order_by(VARIANT.id).limit(PAGE)).all():
        yield from page
        last = page[-1].at


def _offers(connection: Connection, plan: Plan) -> Iterator[Any]:
    """All offers, also those that are gone: what is sold out has to be told to the shop."""
    columns = (OFFER.id, OFFER.supplier_id, OFFER.key, OFFER.line, OFFER.import_id, OFFER.gone_at)
    for supplier_id in plan.suppliers:
        query = select(*columns, OFFER.record).where(OFFER.supplier_id == supplier_id)
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
        for row in _variants(connection, plan, columns)
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


def _decided(plan: Plan, row: Any, bids: list[Bid]) -> dict[str, Any]:
    rate = Decimal(0) if not row.taxable or plan.charges_tax is False else None
    if rate is None:
        rate = plan.tax.rate(row.tax_class, plan.shop_rates)
    product = decisions.Product(
        plan.currency, plan.includes_tax, rate, row.brand or "", tuple(row.categories or ())
    )
    made = decisions.decide(product, [bid.supply for bid in bids], plan.policy)
    chosen = next((bid for bid in bids if bid.supply == made.offer), None)
    why = [["match", bid.match.rule, None, bid.supply.called, bid.match.why] for bid in bids]
    found = {
        "product_external_id": row.product_key,
        "price": made.price,
        "quantity": made.quantity,
        "availability": made.availability,
        "supplier_id": chosen.supply.supplier if chosen else None,
        "offer_key": chosen.supply.key if chosen else None,
        "import_id": chosen.import_id if chosen else None,
        "line": chosen.line if chosen else None,
        "reasons": [*why, *map(list, made.reasons)],
    }
    content = orjson.dumps(found, default=str, option=orjson.OPT_SORT_KEYS)
    content_hash = blake2b(content, digest_size=16).hexdigest()
    ids = {"channel_id": plan.channel_id, "external_id": row.external_id}
    return ids | found | {"content_hash": content_hash, "decided_at": now()}


def _write(rows: list[dict[str, Any]], claim: jobs.Claim) -> None:
    jobs.progress(claim)
    upsert(decision_rows, rows, ("channel_id", "external_id"))


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
