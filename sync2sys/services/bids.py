"""What offers for a variant come to, whoever found out that they are for it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select

from sync2sys.extensions import db
from sync2sys.models import Decision, Product, Variant
from sync2sys.models.base import now
from sync2sys.offers import decision as decisions
from sync2sys.offers import matching, supplies
from sync2sys.offers.fields import OUT_OF_STOCK
from sync2sys.offers.matching import NoMatch, Target
from sync2sys.offers.policies import Policy
from sync2sys.offers.rows import Offer
from sync2sys.offers.supplies import Product as Priced
from sync2sys.offers.supplies import Supply
from sync2sys.services.upserts import table_of, upsert

#: Rows that are read at once.
PAGE = 2000
#: Quarrels that are kept; whoever has more of them has one cause for all.
MOST_QUARRELS = 10_000

PRODUCT, VARIANT = Product.__table__.c, Variant.__table__.c
decision_rows = table_of(Decision)


class Bid(NamedTuple):
    """An offer for a variant, where it stood, and why it is for that variant."""

    supply: Supply
    #: None: no list that stands has it
    import_id: str | None
    line: int
    #: the rule that found it, and a sentence
    rule: str
    why: str
    #: since when it is in no list any more
    gone_at: datetime | None


def bid(
    supplier_id: str,
    name: str,
    offer: Offer,
    import_id: str,
    gone_at: datetime | None,
    refusal: str | None,
    rule: str,
    why: str,
) -> Bid:
    """An offer as a bid. What is in the list no more is sold out, not forgotten.

    `refusal`: why nobody knows what is in the list instead, as `offer_lists.refusal` says.
    """
    if refusal is not None:
        supply = Supply(supplier_id, offer.key, name=name, refusal=refusal)
        return Bid(supply, import_id or None, offer.line, rule, why, gone_at)
    if gone_at is not None:
        offer = offer._replace(availability=OUT_OF_STOCK, quantity=0)
    supply = supplies.supply(supplier_id, offer, name)
    return Bid(supply, import_id or None, offer.line, rule, why, gone_at)


def parted(channel_id: str, external_id: str, bids: Sequence[Bid]) -> tuple[list[Bid], list[dict[str, Any]]]:
    """The bids of suppliers that have one for this variant, and the quarrels of those that have several."""
    of_supplier: dict[str, list[Bid]] = defaultdict(list)
    for each in bids:
        of_supplier[each.supply.supplier].append(each)
    alone: list[Bid] = []
    refused: list[dict[str, Any]] = []
    for supplier_id, several in of_supplier.items():
        own = _standing(several)
        if len(own) == 1:
            alone += own
            continue
        told = matching.told(external_id, [each.supply.key for each in own])
        refused += [quarrel(channel_id, supplier_id, each.supply.key, told) for each in own]
    return alone, refused


def _standing(bids: list[Bid]) -> list[Bid]:
    """Those that stand; where none does, those whose rows are refused, for one of them may.

    Else the one that went last: the others were earlier keys of it.
    """
    standing = [each for each in bids if each.gone_at is None]
    unread = [each for each in bids if each.supply.refusal]
    return standing or unread[:1] or [max(bids, key=lambda each: (each.gone_at, each.supply.key))]


def quarrel(channel_id: str, supplier_id: str, key: str, found: NoMatch) -> dict[str, Any]:
    """The row of a `Quarrel`."""
    return {
        "channel_id": channel_id,
        "supplier_id": supplier_id,
        "offer_key": key,
        "code": found.code,
        "candidates": list(found.candidates[:20]),
        "message": found.why,
    }


def decided(
    channel_id: str,
    external_id: str,
    product_external_id: str,
    product: Priced,
    bids: Sequence[Bid],
    policy: Policy,
) -> dict[str, Any]:
    """The row of a `Decision`: what the variant should cost and how many there are, and why."""
    made = decisions.decide(product, [each.supply for each in bids], policy)
    chosen = next((each for each in bids if each.supply == made.offer), None)
    why = [["match", each.rule, None, each.supply.called, each.why] for each in bids]
    found = {
        "product_external_id": product_external_id,
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
    ids = {"channel_id": channel_id, "external_id": external_id}
    return ids | found | {"content_hash": content_hash, "decided_at": now()}


def write(rows: Sequence[dict[str, Any]]) -> None:
    """Keep decisions, in place of what was decided for the same variants before."""
    upsert(decision_rows, rows, ("channel_id", "external_id"))


def targets(connection: Connection, channel_id: str) -> Iterator[Target]:
    """The channel's variants, as offers are matched with them."""
    columns = [VARIANT.external_id, VARIANT.gtin, VARIANT.sku, VARIANT.mpn, PRODUCT.brand, PRODUCT.title]
    for row in variants(connection, channel_id, [*columns, PRODUCT.meta]):
        yield Target(*row[2:])


def variants(connection: Connection, channel_id: str, columns: Sequence[Any]) -> Iterator[Any]:
    """Rows of all variants of the channel: two ids to go on by, and these columns."""
    joined = Variant.__table__.join(
        Product.__table__,
        (PRODUCT.channel_id == VARIANT.channel_id) & (PRODUCT.external_id == VARIANT.product_external_id),
    )
    query = select(VARIANT.id.label("at"), VARIANT.product_external_id.label("product_key"), *columns)
    query = query.select_from(joined).where(VARIANT.channel_id == channel_id)
    last = 0
    while page := connection.execute(query.where(VARIANT.id > last).order_by(VARIANT.id).limit(PAGE)).all():
        yield from page
        last = page[-1].at


def hashes_of(channel_id: str, external_ids: Sequence[str]) -> dict[str, str]:
    """What is decided already for some variants: equal hash, nothing to write."""
    columns = decision_rows.c
    query = select(columns.external_id, columns.content_hash)
    named = query.where(columns.channel_id == channel_id, columns.external_id.in_(external_ids))
    return dict(db.session.execute(named).all())
