"""An organization's own offers, read as a connector reads a shop: each article is a product.

They are read page by page from one snapshot, sorted by what makes them articles. What grows with them are
ids: of those that are known by a maker's number alone, and of groups of variants; and there is the index of
what other channels sell.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, and_, delete, insert, or_, select

from sync2sys.connectors.base import (
    Change,
    Current,
    Hook,
    Page,
    RemoteProduct,
    RemoteVariant,
    Shop,
    VariantRef,
    Written,
)
from sync2sys.connectors.platforms import NO_SHOP, OFFERS
from sync2sys.database import look, transaction
from sync2sys.errors import StoreError
from sync2sys.extensions import db, settings
from sync2sys.formats import taxes
from sync2sys.models import Channel, Offer, Pricing, Quarrel, Supplier, Variant
from sync2sys.models.base import now
from sync2sys.offers import links, matching, policies
from sync2sys.offers.articles import (
    BY_PART,
    UNMATCHED,
    Article,
    Described,
    Listed,
    articles,
    described,
    identity,
)
from sync2sys.offers.fields import BACKORDER, OUT_OF_STOCK, PREORDER
from sync2sys.offers.links import Link
from sync2sys.offers.matching import Index, Match, NoMatch, Rule
from sync2sys.offers.policies import Policy, Stock
from sync2sys.offers.supplies import Product as Priced
from sync2sys.services import bids, items, offer_lists, offer_records
from sync2sys.services.bids import VARIANT, Bid, decision_rows
from sync2sys.services.upserts import table_of

#: Raised by whoever changes what an article becomes: the range is read anew then.
VERSION = "2"
#: What is in no list any more is sold out for so long, and then no product any more.
REMEMBERED = timedelta(days=30)
#: Rows that are read at once of each supplier, articles that are staged at once.
READ, BATCH = 200, 250
#: Of one supplier, for one article. They contest each other, however many there are.
MOST_OF_ONE = 20
#: It may be for one variant of a shop or another: nobody knows that it is for none.
UNSURE = ("ambiguous", "contradiction")
#: Channels that sell. One whose keys are refused goes on doing so; it is only not looked at.
SELLING = ("connected", "auth_failed")

#: What rows that are read decide of a variant.
SOLD_BY = ("price", "quantity", "availability", "available_at")

OFFER, CHANNEL = Offer.__table__.c, Channel.__table__.c
quarrel_rows = table_of(Quarrel)


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


class Made(NamedTuple):
    """What an article becomes."""

    product: RemoteProduct
    variant: RemoteVariant
    decision: dict[str, Any]
    #: nothing is known of it but that it is in a list, for its row is refused
    stays: bool


class OwnOffers:
    """A `Connector` without a shop."""

    def __init__(self, channel_id: str, capabilities: dict[str, Any]) -> None:
        self._channel_id = channel_id
        #: what its owner said, as `ranges` keeps it
        self._said = capabilities
        self._tally: Counter[str] = Counter()
        self._quarrels: list[dict[str, Any]] = []

    def shop(self) -> Shop:
        """What its owner said, for there is nobody to ask."""
        plan, name = look(_plan)(self._channel_id, self._said), self._said["name"]
        country, rate = self._said["country"], plan.rate
        return Shop(
            name=name,
            home=plan.link.home or settings.PUBLIC_URL,
            currency=plan.currency,
            prices_include_tax=plan.includes_tax,
            weight_unit="kg",
            dimension_unit="",
            timezone="UTC",
            version="",
            identity=None,
            capabilities=self._said | {"mark": plan.mark},
            country=country,
            charges_tax=True,
            tax_rates={country: {"": format(rate, "f")}} if country and rate is not None else {},
        )

    def pull(
        self,
        since: datetime | None = None,
        cursor: dict[str, Any] | None = None,
        hints: Sequence[str] = (),
    ) -> Iterator[Page]:
        """Yield all articles. Between two full pulls: none where nothing has changed, or its owner has said
        something else since, which is taken over as a whole.

        It begins at the beginning whatever the cursor: a pull that broke off is not gone on with.
        """
        plan = look(_plan)(self._channel_id, self._said)
        if since is not None and self._said.get("mark") in (None, plan.mark):
            return
        transaction(_forget_unmirrored)(plan.channel_id)
        groups: set[str] = set()
        with items.snapshot() as connection:
            shops = [Index(bids.targets(connection, channel_id), rules) for channel_id, rules in plan.others]
            found = (each for each in _articles(connection, plan) if self._is_own(each, plan, shops))
            done = 0
            while some := list(islice(found, BATCH)):
                page = _as_mirrored(connection, plan, [self._sold(each, plan) for each in some])
                transaction(_keep)(plan.channel_id, [each.decision for each in page])
                new = {each.product.external_id: each.product for each in reversed(page)}
                products = [product for product in new.values() if product.external_id not in groups]
                groups.update(product.external_id for product in products if product.kind == "variable")
                done += 1
                yield Page(products, [each.variant for each in page], {"done": done}, done, None)
        transaction(_conclude)(plan.channel_id, self._quarrels, dict(self._tally))

    def _is_own(self, article: Article, plan: Plan, shops: Sequence[Index]) -> bool:
        """Whether no shop sells the article, as far as any of its offers tells."""
        self._tally["offers"] += len(article.offers)
        unsure = []
        for each in article.offers:
            for shop in shops:
                match = shop.match(each.offer)
                if isinstance(match, Match):
                    self._tally["elsewhere"] += len(article.offers)
                    return False
                if match.code in UNSURE:
                    unsure.append((each, match))
        self._tally["unsure"] += len(article.offers) if unsure else 0
        for each, match in unsure:
            self._quarrel(plan, each, match)
        return not unsure

    def _quarrel(self, plan: Plan, each: Listed, why: NoMatch) -> None:
        if len(self._quarrels) < bids.MOST_QUARRELS:
            self._quarrels.append(bids.quarrel(plan.channel_id, each.supplier, each.offer.key, why))

    def _sold(self, article: Article, plan: Plan) -> Made:
        every = [_bid(each, plan, article) for each in article.offers]
        alone, contested = bids.parted(plan.channel_id, article.identity.id, every)
        self._tally["contested"] += len(contested)
        self._quarrels += contested[: bids.MOST_QUARRELS - len(self._quarrels)]
        self._tally["decided"] += 1
        return _made(article, alone, plan)

    def hooks(self, address: str, secret: str, former: Sequence[str] = ()) -> list[Hook]:
        """None: what changes here is known here."""
        return []

    def may_write(self) -> list[str]:
        return [NO_SHOP]

    def current(self, refs: Sequence[VariantRef]) -> dict[VariantRef, Current]:
        return {}

    def write(self, changes: Sequence[Change], key: str) -> list[Written]:
        raise StoreError(NO_SHOP)


def _plan(channel_id: str, said: dict[str, Any]) -> Plan:
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


def _articles(connection: Connection, plan: Plan) -> Iterator[Article]:
    """All articles: those with a GTIN, those that nothing tells but a key, those with a maker's number.

    The database finds none by that number, so their ids are sorted here, a fifth of a kilobyte for each.
    """
    streams = [_by_gtin(connection, plan, supplier_id) for supplier_id in plan.suppliers]
    for _, several in groupby(merge(*streams, key=itemgetter(0)), itemgetter(0)):
        yield from articles(_few(each for _, each in several))
    parts: list[tuple[str, int]] = []
    for supplier_id in plan.suppliers:
        for at, each in _without_gtin(connection, plan, supplier_id):
            known = identity(supplier_id, each.offer)
            if known.rule == BY_PART:
                parts.append((known.id, at))
            else:
                yield from articles([each])
    parts.sort()
    for _, several in groupby(_named(connection, plan, parts), itemgetter(0)):
        yield from articles(_few(each for _, each in several))


def _few(several: Iterable[Listed]) -> Iterator[Listed]:
    """Not more than some of each supplier, of which none counts where there are several."""
    seen: Counter[tuple[str, bool]] = Counter()
    for each in several:
        seen[each.supplier, each.is_gone] += 1
        if seen[each.supplier, each.is_gone] <= MOST_OF_ONE:
            yield each


def _by_gtin(connection: Connection, plan: Plan, supplier_id: str) -> Iterator[tuple[str, Listed]]:
    """A supplier's offers in the order of their GTINs."""
    key, (last, at) = OFFER.gtin_key, ("", 0)
    query = _offers(plan).where(OFFER.supplier_id == supplier_id, key != "").order_by(key, OFFER.id)
    query = query.limit(READ)
    while page := connection.execute(query.where(key >= last, or_(key > last, OFFER.id > at))).all():
        yield from ((row.gtin_key, _listed(plan, row)) for row in page)
        last, at = page[-1].gtin_key, page[-1].id


def _without_gtin(connection: Connection, plan: Plan, supplier_id: str) -> Iterator[tuple[int, Listed]]:
    query = _offers(plan).where(OFFER.supplier_id == supplier_id, OFFER.gtin_key == "")
    query, at = query.order_by(OFFER.id).limit(READ), 0
    while page := connection.execute(query.where(OFFER.id > at)).all():
        yield from ((row.id, _listed(plan, row)) for row in page)
        at = page[-1].id


def _named(
    connection: Connection, plan: Plan, parts: Sequence[tuple[str, int]]
) -> Iterator[tuple[str, Listed]]:
    """The offers with these ids, in their order, each with what stands before its id."""
    for start in range(0, len(parts), READ):
        some = parts[start : start + READ]
        rows = connection.execute(_offers(plan).where(OFFER.id.in_([at for _, at in some]))).all()
        found = {row.id: _listed(plan, row) for row in rows}
        yield from ((known, found[at]) for known, at in some)


def _offers(plan: Plan) -> Any:
    """Offers, and those that are sold out; what was taken back was never in a list."""
    names = ("id", "supplier_id", "gtin_key", "line", "import_id", "gone_at", "record")
    refusal = offer_lists.refusal()
    is_remembered = and_(OFFER.gone_at > plan.since, OFFER.import_id != "")
    is_listed = or_(OFFER.gone_at.is_(None), is_remembered, refusal.is_not(None))
    return select(*(OFFER[name] for name in names), refusal.label("refusal")).where(is_listed)


def _listed(plan: Plan, row: Any) -> Listed:
    offer = offer_records.to_offer(row.record, row.line)
    return Listed(
        row.supplier_id, plan.ranks[row.supplier_id], offer, row.import_id, row.gone_at, row.refusal
    )


def _bid(each: Listed, plan: Plan, article: Article) -> Bid:
    rule, why = article.identity.rule, article.identity.why
    name = plan.suppliers[each.supplier]
    return bids.bid(each.supplier, name, each.offer, each.import_id, each.gone_at, each.refusal, rule, why)


def _made(article: Article, alone: Sequence[Bid], plan: Plan) -> Made:
    found, external_id = described(article), article.identity.id
    product_id = found.group or external_id
    categories = (found.category,) if found.category else ()
    priced = Priced(plan.currency, plan.includes_tax, plan.rate, found.brand, categories)
    decision = bids.decided(plan.channel_id, external_id, product_id, priced, alone, plan.policy)
    known = {"id": external_id, "gtin": found.gtin, "sku": found.sku, "mpn": found.mpn}
    link = plan.link.of(known) if plan.link.home else found.link
    product = RemoteProduct(
        product_id,
        kind="variable" if found.group else "simple",
        status="offered",
        published=True,
        title=found.title,
        link=link,
        description=found.description,
        brand=found.brand,
        categories=categories,
        images=found.images,
    )
    stays = decision["supplier_id"] is None and any(each.refusal for each in article.offers)
    return Made(product, _variant(article, found, product, decision), decision, stays)


def _as_mirrored(connection: Connection, plan: Plan, page: list[Made]) -> list[Made]:
    """What stays has the price and the stock that it had, as in a shop that nothing is written to.

    Where the range is sold in another currency or with other tax by now, it has no price.
    """
    ids = [each.variant.external_id for each in page if each.stays]
    if not ids:
        return page
    query = select(VARIANT.external_id, *(VARIANT[name] for name in SOLD_BY))
    query = query.join(Channel.__table__, CHANNEL.id == VARIANT.channel_id).where(
        CHANNEL.id == plan.channel_id,
        CHANNEL.currency == plan.currency,
        CHANNEL.prices_include_tax == plan.includes_tax,
        VARIANT.external_id.in_(ids),
    )
    had = {row.external_id: dict(zip(SOLD_BY, row[1:], strict=True)) for row in connection.execute(query)}
    return [
        each._replace(variant=replace(each.variant, **had.get(each.variant.external_id, {}))) for each in page
    ]


def _variant(
    article: Article, found: Described, product: RemoteProduct, decision: dict[str, Any]
) -> RemoteVariant:
    is_one_of_several = bool(found.group)
    # Nobody says that it can be had, so it cannot.
    availability = decision["availability"] or OUT_OF_STOCK
    return RemoteVariant(
        article.identity.id,
        product.external_id,
        published=True,
        purchasable=True,
        sku=found.sku,
        gtin=found.gtin,
        mpn=found.mpn,
        description=found.description if is_one_of_several else "",
        link=product.link if is_one_of_several else "",
        image=found.images[0] if is_one_of_several and found.images else "",
        options=found.options,
        price=decision["price"],
        availability=availability,
        available_at=_day_of(article, decision) if availability in (BACKORDER, PREORDER) else None,
        quantity=decision["quantity"],
        weight=found.weight,
    )


def _day_of(article: Article, decision: dict[str, Any]) -> datetime | None:
    """When the offer that is sold will be there."""
    chosen = decision["supplier_id"], decision["offer_key"]
    for each in article.offers:
        if (each.supplier, each.offer.key) == chosen and each.offer.available_at is not None:
            return datetime.combine(each.offer.available_at, time.min, UTC)
    return None


def _keep(channel_id: str, rows: Sequence[dict[str, Any]]) -> None:
    known = bids.hashes_of(channel_id, [row["external_id"] for row in rows])
    bids.write([row for row in rows if known.get(row["external_id"]) != row["content_hash"]])


def _forget_unmirrored(channel_id: str) -> None:
    """Forget why something costs what it does that is no product any more."""
    columns = decision_rows.c
    mirrored = select(Variant.id).where(
        Variant.channel_id == columns.channel_id, Variant.external_id == columns.external_id
    )
    db.session.execute(delete(decision_rows).where(columns.channel_id == channel_id, ~mirrored.exists()))


def _conclude(channel_id: str, quarrels: list[dict[str, Any]], tally: dict[str, int]) -> None:
    pricing = db.session.get(Pricing, channel_id, with_for_update=True)
    if pricing is None:
        return
    db.session.execute(delete(quarrel_rows).where(quarrel_rows.c.channel_id == channel_id))
    if quarrels:
        db.session.execute(insert(Quarrel), quarrels)
    pricing.summary = {name: count for name, count in tally.items() if count}
    pricing.decided_at = now()
