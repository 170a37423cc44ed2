"""The articles of an organization's range: its suppliers' offers, sorted by what makes them one article.

They are read page by page from one snapshot. What grows with them are the ids of those that are known by a
maker's number alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from sync2sys.models import Offer
from sync2sys.offers.articles import BY_PART, Article, Listed, articles, identity
from sync2sys.services import offer_lists, offer_records
from sync2sys.services.range_plans import Plan

#: Rows that are read at once of each supplier.
READ = 200
#: Of one supplier, for one article. They contest each other, however many there are.
MOST_OF_ONE = 20

OFFER = Offer.__table__.c


def read(connection: Connection, plan: Plan) -> Iterator[Article]:
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
