"""An article of an organization's range as a product that is mirrored, with what is decided of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from sync2sys.connectors.base import RemoteProduct, RemoteVariant
from sync2sys.models import Channel
from sync2sys.offers.articles import Article, Described, Listed, described
from sync2sys.offers.fields import BACKORDER, OUT_OF_STOCK, PREORDER
from sync2sys.offers.supplies import Product as Priced
from sync2sys.services import bids
from sync2sys.services.bids import VARIANT, Bid
from sync2sys.services.range_plans import Plan

#: What rows that are read decide of a variant.
SOLD_BY = ("price", "quantity", "availability", "available_at")

CHANNEL = Channel.__table__.c


class Made(NamedTuple):
    """What an article becomes."""

    product: RemoteProduct
    variant: RemoteVariant
    decision: dict[str, Any]
    #: nothing is known of it but that it is in a list, for its row is refused
    stays: bool


def bid(each: Listed, plan: Plan, article: Article) -> Bid:
    rule, why = article.identity.rule, article.identity.why
    name = plan.suppliers[each.supplier]
    return bids.bid(each.supplier, name, each.offer, each.import_id, each.gone_at, each.refusal, rule, why)


def make(article: Article, alone: Sequence[Bid], plan: Plan) -> Made:
    """The product of an article, by the bids for it that count."""
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


def as_mirrored(connection: Connection, plan: Plan, page: list[Made]) -> list[Made]:
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
