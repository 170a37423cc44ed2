"""The offers of a supplier, and how a staged list becomes them.

All of it is set-based SQL within one transaction of the caller, as `catalog` does it with a shop's products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Join,
    Select,
    String,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import mysql, sqlite

from sync2sys.extensions import db
from sync2sys.models import Decision, Offer, OfferChange, RefusedRow, StagedOffer, Supplier
from sync2sys.models.base import now
from sync2sys.offers import duplicates
from sync2sys.offers import rows as offers
from sync2sys.offers.duplicates import Sighting
from sync2sys.offers.rows import Refusal
from sync2sys.services import offer_records
from sync2sys.services.upserts import table_of

live, staged, change, decision = map(table_of, (Offer, StagedOffer, OfferChange, Decision))
refused, suppliers = map(table_of, (RefusedRow, Supplier))
#: What a staged row gives to the live one.
TAKEN = ("key", "line", "content_hash", "gtin_key", "sku_key", "record")
#: Where a change keeps what the live row was.
STOOD = {
    "record": "before",
    "import_id": "before_import_id",
    "line": "before_line",
    "content_hash": "before_hash",
    "gtin_key": "before_gtin_key",
    "sku_key": "before_sku_key",
}
#: Offers that are deleted in one transaction.
CLEARED = 5000
#: What is in no list for so long is forgotten.
GONE_FOR = timedelta(days=90)


@dataclass(frozen=True)
class Outcome:
    """What a list changes, counted in offers."""

    offers: int
    added: int
    changed: int
    removed: int
    #: offers that were gone before: some whose row is refused now, or was and is not any more
    turned: int

    @property
    def changes(self) -> bool:
        """Whether anything is another thing after this list."""
        return bool(self.added or self.changed or self.removed or self.turned)


@dataclass(frozen=True)
class Staged:
    """What became of some offers of a list."""

    #: one for each key that is new in the list
    kept: list[offers.Offer]
    #: rows that say the same as an earlier one
    repeated: int
    #: of all that were kept until now, those that are not taken after all
    disputed: int
    refusals: list[Refusal]
    #: costs before and after, of those that both lists have
    moves: list[tuple[Decimal | None, Decimal | None]]


@dataclass
class _Seen:
    """The first row of a key in this list."""

    line: int
    terms: str
    disputed: bool


def stage(supplier_id: str, import_id: str, found: Sequence[offers.Offer]) -> Staged:
    """Keep some offers of a list. Of several rows with one key none is kept unless all agree."""
    keys = [offer.key for offer in found]
    seen = _seen(import_id, keys)
    stored = set(seen)
    new: dict[str, offers.Offer] = {}
    refusals: list[Refusal] = []
    repeated = disputed = 0
    for offer in found:
        own = Sighting(offer.line, offers.terms_hash(offer))
        first = seen.get(offer.key)
        if first is None:
            seen[offer.key], new[offer.key] = _Seen(own.line, own.terms, disputed=False), offer
        elif first.disputed:
            refusals += _one_more(offer.key, first, own)
        elif first.terms == own.terms:
            repeated += 1
        else:
            refusals += duplicates.conflict(offer.key, [Sighting(first.line, first.terms), own])
            first.disputed, disputed = True, disputed + 1
    moves = _write(supplier_id, import_id, list(new.values()), seen)
    _dispute(import_id, [key for key in stored if seen[key].disputed])
    return Staged(list(new.values()), repeated, disputed, refusals, moves)


def note_refused(import_id: str, refusals: Sequence[Refusal], first: int) -> None:
    """Keep rows that make no offer; `first`: how many are kept already."""
    rows = [
        {"import_id": import_id, "no": no, **refusal._asdict(), "value": refusal.value[:500]}
        for no, refusal in enumerate(refusals, first)
    ]
    if rows:
        db.session.execute(insert(refused), rows)


def _seen(import_id: str, keys: list[str]) -> dict[str, _Seen]:
    query = select(staged.c.key, staged.c.line, staged.c.terms_hash, staged.c.disputed)
    rows = db.session.execute(query.where(staged.c.import_id == import_id, staged.c.key.in_(keys)))
    return {key: _Seen(line, terms, disputed) for key, line, terms, disputed in rows}


def _one_more(key: str, first: _Seen, own: Sighting) -> list[Refusal]:
    """The refusal of a row whose key is disputed already."""
    both = duplicates.conflict(key, [Sighting(first.line, ""), own])
    return [each for each in both if each.line == own.line]


def _write(
    supplier_id: str, import_id: str, new: list[offers.Offer], seen: dict[str, _Seen]
) -> list[tuple[Decimal | None, Decimal | None]]:
    """Stage offers, without the record of what the supplier offers already; returns how costs move."""
    hashes = _hashes(supplier_id, [offer.key for offer in new])
    own = {offer.key: offers.content_hash(offer) for offer in new}
    before = _costs(supplier_id, [key for key, stood in hashes.items() if stood != own[key]])
    rows, moves = [], []
    for offer in new:
        hash_, stood = own[offer.key], hashes.get(offer.key)
        row = (offer_records.same if hash_ == stood else offer_records.row)(offer, hash_)
        first = seen[offer.key]
        rows.append(row | {"import_id": import_id, "terms_hash": first.terms, "disputed": first.disputed})
        if stood is not None:
            moves.append((before.get(offer.key, offer.cost), offer.cost))
    if rows:
        db.session.execute(insert(staged), rows)
    return moves


def _hashes(supplier_id: str, keys: list[str]) -> dict[str, str]:
    """Of those offers that stand."""
    query = select(live.c.key, live.c.content_hash).where(_standing(supplier_id), live.c.key.in_(keys))
    return dict(db.session.execute(query).all())


def _costs(supplier_id: str, keys: list[str]) -> dict[str, Decimal | None]:
    query = select(live.c.key, live.c.record)
    rows = db.session.execute(query.where(live.c.supplier_id == supplier_id, live.c.key.in_(keys)))
    return {key: offer_records.cost(record) for key, record in rows}


def _dispute(import_id: str, keys: list[str]) -> None:
    if keys:
        named = staged.c.import_id == import_id, staged.c.key.in_(keys)
        db.session.execute(update(staged).where(*named).values(disputed=True))


def _standing(supplier_id: str) -> ColumnElement[bool]:
    return and_(live.c.supplier_id == supplier_id, live.c.gone_at.is_(None))


def compare(supplier_id: str, import_id: str) -> Outcome:
    """What the staged list would change, as long as the supplier's offers stand as they did."""
    of_list = _of_list(import_id)
    total = db.session.scalar(select(func.count()).where(*of_list)) or 0
    news = select(func.count(), func.count(live.c.id)).select_from(_with_standing(supplier_id))
    written, changed = db.session.execute(news.where(*of_list, _is_written())).one()
    standing = db.session.scalar(select(func.count()).where(_standing(supplier_id))) or 0
    added = written - changed
    return Outcome(total, added, changed, standing - (total - added), _turned(supplier_id, import_id))


def _turned(supplier_id: str, import_id: str) -> int:
    is_refused = _rows_of(literal(import_id)).exists()
    gone = select(func.count()).where(live.c.supplier_id == supplier_id, live.c.gone_at.is_not(None))
    others = gone.where(~_is_staged(import_id), is_refused != _rows_of(_applied()).exists())
    return db.session.scalar(others) or 0


def _rows_of(import_id: ColumnElement[Any]) -> Select[Any]:
    """SQL: the refused rows of an import that are about the offer at hand."""
    return select(refused.c.no).where(refused.c.import_id == import_id, refused.c.key == live.c.key)


def _applied() -> ColumnElement[Any]:
    """SQL: the import whose offers stand, of the supplier of the offer at hand."""
    found = select(suppliers.c.applied_import_id).where(suppliers.c.id == live.c.supplier_id)
    return found.correlate(live).scalar_subquery()


def refusal() -> ColumnElement[Any]:
    """SQL: why an offer that is gone is not sold out: its row is in the list that stands, and is refused.

    NULL where it is not; a sentence for the merchant else.
    """
    value = case((refused.c.value != "", literal(' ("') + refused.c.value + '")'), else_="")
    why = literal("line ") + cast(refused.c.line, String) + value + ": " + refused.c.message
    first = _rows_of(_applied()).with_only_columns(why).order_by(refused.c.no).limit(1)
    is_gone = and_(live.c.gone_at.is_not(None), live.c.import_id != "")
    return case((is_gone, first.scalar_subquery()), else_=null())


def _of_list(import_id: str) -> tuple[ColumnElement[bool], ...]:
    return staged.c.import_id == import_id, staged.c.disputed.is_(False)


def _is_written() -> ColumnElement[bool]:
    """SQL: the staged offer is new, or another one than stands."""
    return staged.c.record.is_not(None)


def _with_standing(supplier_id: str) -> Join:
    """Each staged offer with the one that stands, if there is one."""
    return staged.outerjoin(live, and_(_standing(supplier_id), live.c.key == staged.c.key))


def apply(supplier_id: str, import_id: str, moment: datetime, outcome: Outcome, *, remembering: bool) -> None:
    """Make the supplier's offers those of the staged list. What is in it no more is gone, not deleted.

    `outcome`: what `compare` said. `remembering`: what it does to each offer is kept, so that it can be shown
    and taken back.
    """
    if remembering:
        _remember(supplier_id, import_id, outcome)
    if outcome.removed:
        gone = update(live).where(_standing(supplier_id), ~_is_staged(import_id))
        db.session.execute(gone.values(gone_at=moment))
    if outcome.added or outcome.changed:
        source = select(literal(supplier_id), *(staged.c[name] for name in TAKEN), literal(import_id), null())
        source = source.where(*_of_list(import_id), _is_written())
        # In the order of their keys they are found where the last one was.
        _insert_or_update(source.order_by(staged.c.key), ["supplier_id", *TAKEN, "import_id", "gone_at"])


def _is_staged(import_id: str) -> ColumnElement[bool]:
    return select(literal(1)).where(*_of_list(import_id), staged.c.key == live.c.key).exists()


def _remember(supplier_id: str, import_id: str, outcome: Outcome) -> None:
    names = ["import_id", "key", *STOOD.values(), "after"]
    stood = [live.c[name] for name in STOOD]
    if outcome.added or outcome.changed:
        written = select(literal(import_id), staged.c.key, *stood, staged.c.record)
        written = written.select_from(_with_standing(supplier_id)).where(*_of_list(import_id), _is_written())
        db.session.execute(insert(change).from_select(names, written))
    if outcome.removed:
        gone = select(literal(import_id), live.c.key, *stood, null())
        gone = gone.where(_standing(supplier_id), ~_is_staged(import_id))
        db.session.execute(insert(change).from_select(names, gone))


def clear(import_id: str) -> int:
    """Delete some of what is staged of an import; returns how many offers, 0 when nothing is left."""
    keys = select(staged.c.key).where(staged.c.import_id == import_id).order_by(staged.c.key).limit(CLEARED)
    found = db.session.scalars(keys).all()
    if found:
        db.session.execute(delete(staged).where(staged.c.import_id == import_id, staged.c.key <= found[-1]))
    return len(found)


def _insert_or_update(source: Select[Any], names: list[str]) -> None:
    """Write the selected rows; one that exists by supplier and key keeps its id."""
    keys = ("supplier_id", "key")
    others = [name for name in names if name not in keys]
    if db.engine.dialect.name == "sqlite":
        lite = sqlite.insert(live).from_select(names, source)
        values = {name: lite.excluded[name] for name in others}
        db.session.execute(lite.on_conflict_do_update(index_elements=list(keys), set_=values))
    else:
        my = mysql.insert(live).from_select(names, source)
        db.session.execute(my.on_duplicate_key_update({name: my.inserted[name] for name in others}))


def take_back(supplier_id: str, import_id: str, moment: datetime) -> None:
    """Undo what an import did to each offer: what it added is gone, all else is as it was.

    What is gone by that has no import: no list that stands ever had it.
    """
    of_import = change.c.import_id == import_id
    added = select(change.c.key).where(of_import, change.c.before.is_(None))
    own = live.c.supplier_id == supplier_id
    db.session.execute(update(live).where(own, live.c.key.in_(added)).values(gone_at=moment, import_id=""))
    stood = [change.c[name] for name in STOOD.values()]
    source = select(literal(supplier_id), change.c.key, *stood, null())
    source = source.where(of_import, change.c.before.is_not(None))
    _insert_or_update(source, ["supplier_id", "key", *STOOD, "gone_at"])


def take_all_away(supplier_id: str) -> int:
    """Delete all that the supplier offers; returns how many offers."""
    return int(db.session.execute(delete(live).where(live.c.supplier_id == supplier_id)).rowcount)  # type: ignore[attr-defined]


def forget_gone() -> int:
    """Delete some offers that are in no list since `GONE_FOR`; returns how many, 0 when none is left.

    One by which a shop's variant is sold out stays: without it nothing would be decided, and a shop that was
    not written to meanwhile would sell what nobody has.
    """
    needed = select(decision.c.supplier_id, decision.c.offer_key).where(decision.c.supplier_id.is_not(None))
    rests = tuple_(live.c.supplier_id, live.c.key).in_(needed)
    old = select(live.c.id).where(live.c.gone_at < now() - GONE_FOR, ~rests, refusal().is_(None))
    old = old.order_by(live.c.gone_at)
    ids = db.session.scalars(old.limit(CLEARED)).all()
    if ids:
        db.session.execute(delete(live).where(live.c.id.in_(ids)))
    return len(ids)
