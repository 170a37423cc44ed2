"""An organization's own offers, read as a connector reads a shop: each article is a product.

They are read page by page from one snapshot. What grows with them are ids: of those that are known by a
maker's number alone, and of groups of variants; and there is the index of what other channels sell.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert, select

from sync2sys.connectors.base import Change, Current, Hook, Page, Shop, VariantRef, Written
from sync2sys.connectors.platforms import NO_SHOP
from sync2sys.database import look, transaction
from sync2sys.errors import StoreError
from sync2sys.extensions import db, settings
from sync2sys.models import Pricing, Quarrel, Variant
from sync2sys.models.base import now
from sync2sys.offers.articles import Article, Listed
from sync2sys.offers.matching import Index, Match, NoMatch
from sync2sys.services import bids, items, range_articles, range_plans, range_products
from sync2sys.services.bids import decision_rows
from sync2sys.services.range_plans import Plan
from sync2sys.services.range_products import Made
from sync2sys.services.upserts import table_of

#: Articles that are staged at once.
BATCH = 250
#: It may be for one variant of a shop or another: nobody knows that it is for none.
UNSURE = ("ambiguous", "contradiction")

quarrel_rows = table_of(Quarrel)


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
        plan, name = look(range_plans.make)(self._channel_id, self._said), self._said["name"]
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
        plan = look(range_plans.make)(self._channel_id, self._said)
        if since is not None and self._said.get("mark") in (None, plan.mark):
            return
        transaction(_forget_unmirrored)(plan.channel_id)
        groups: set[str] = set()
        with items.snapshot() as connection:
            shops = [Index(bids.targets(connection, channel_id), rules) for channel_id, rules in plan.others]
            found = (
                each for each in range_articles.read(connection, plan) if self._is_own(each, plan, shops)
            )
            done = 0
            while some := list(islice(found, BATCH)):
                page = range_products.as_mirrored(connection, plan, [self._sold(each, plan) for each in some])
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
        every = [range_products.bid(each, plan, article) for each in article.offers]
        alone, contested = bids.parted(plan.channel_id, article.identity.id, every)
        self._tally["contested"] += len(contested)
        self._quarrels += contested[: bids.MOST_QUARRELS - len(self._quarrels)]
        self._tally["decided"] += 1
        return range_products.make(article, alone, plan)

    def hooks(self, address: str, secret: str, former: Sequence[str] = ()) -> list[Hook]:
        """None: what changes here is known here."""
        return []

    def may_write(self) -> list[str]:
        return [NO_SHOP]

    def current(self, refs: Sequence[VariantRef]) -> dict[VariantRef, Current]:
        return {}

    def write(self, changes: Sequence[Change], key: str) -> list[Written]:
        raise StoreError(NO_SHOP)


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
