"""The offers of a supplier, and how a staged list becomes them.

All of it is set-based SQL within one transaction of the caller, as `catalog` does it with a shop's products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mysql, sqlite

from sync2sys.extensions import db
from sync2sys.models import Offer, OfferChange, StagedOffer
from sync2sys.offers import duplicates
from sync2sys.offers import rows as offers
from sync2sys.offers.duplicates import Sighting
from sync2sys.offers.rows import Refusal
from sync2sys.services import offer_records
from sync2sys.services.upserts import table_of

live, staged, change = map(table_of, (Offer, StagedOffer, OfferChange))
#: What a staged row gives to the live one.
TAKEN = ("key", "line", "content_hash", "gtin_key", "sku_key", "part_key", "record")
#: Where a change keeps what the live row was.
STOOD = {
    "record": "before",
    "import_id": "before_import_id",
    "line": "before_line",
    "content_hash": "before_hash",
    "gtin_key": "before_gtin_key",
    "sku_key": "before_sku_key",
    "part_key": "before_part_key",
}


@dataclass(frozen=True)
class Outcome:
    """What a list changes, counted in offers."""

    offers: int
    added: int
    changed: int
    removed: int


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
    rows = [offer_records.staged(offer) for offer in new]
    hashes = _hashes(supplier_id, [offer.key for offer in new])
    other = [row["key"] for row in rows if hashes.get(row["key"], row["content_hash"]) != row["content_hash"]]
    before = _costs(supplier_id, other)
    moves = []
    for offer, row in zip(new, rows, strict=True):
        row["import_id"], row["disputed"] = import_id, seen[offer.key].disputed
        if offer.key in hashes:
            is_same = hashes[offer.key] == row["content_hash"]
            moves.append((offer.cost if is_same else before[offer.key], offer.cost))
            if is_same:
                row["record"] = None
    if rows:
        db.session.execute(insert(staged), rows)
    return moves


def _hashes(supplier_id: str, keys: list[str]) -> dict[str, str]:
    """Of those offers that stand."""
    query = select(live.c.key, live.c.content_hash).where(_standing(supplier_id), live.c.key.in_(keys))
    return dict(db.session.execute(query).all())


def _costs(supplier_id: str, keys: list[str]) -> dict[str, Decimal | None]:
    query = select(live.c.key, live.c.line, live.c.record)
    rows = db.session.execute(query.where(live.c.supplier_id == supplier_id, live.c.key.in_(keys)))
    return {key: offer_records.to_offer(record, line).cost for key, line, record in rows}


def _dispute(import_id: str, keys: list[str]) -> None:
    if keys:
        named = staged.c.import_id == import_id, staged.c.key.in_(keys)
        db.session.execute(update(staged).where(*named).values(disputed=True))


def _standing(supplier_id: str) -> ColumnElement[bool]:
    return and_(live.c.supplier_id == supplier_id, live.c.gone_at.is_(None))


def compare(supplier_id: str, import_id: str) -> Outcome:
    """What the staged list would change."""
    counts = select(func.count(), _sum(_is_new()), _sum(_differs()))
    total, added, changed = db.session.execute(_joined(counts, supplier_id, import_id)).one()
    standing = db.session.scalars(select(func.count()).where(_standing(supplier_id))).one()
    added = int(added or 0)
    return Outcome(total, added, int(changed or 0), standing - (total - added))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _joined(query: Select[Any], supplier_id: str, import_id: str) -> Select[Any]:
    """The query over the staged offers, each with the live one where there is one, gone or not."""
    twin = and_(live.c.supplier_id == supplier_id, live.c.key == staged.c.key)
    return (
        query.select_from(staged.outerjoin(live, twin))
        .where(staged.c.import_id == import_id)
        .where(staged.c.disputed.is_(False))
    )


def _is_new() -> ColumnElement[bool]:
    return or_(live.c.id.is_(None), live.c.gone_at.is_not(None))


def _differs() -> ColumnElement[bool]:
    return and_(live.c.gone_at.is_(None), live.c.content_hash != staged.c.content_hash)


def apply(supplier_id: str, import_id: str, moment: datetime, *, remembering: bool) -> None:
    """Make the supplier's offers those of the staged list. What is in it no more is gone, not deleted.

    `remembering`: what it does to each offer is kept, so that it can be shown and taken back.
    """
    if remembering:
        _remember(supplier_id, import_id)
    db.session.execute(
        update(live).where(_standing(supplier_id), ~_is_staged(import_id)).values(gone_at=moment)
    )
    taken = [staged.c[name] for name in TAKEN]
    source = select(literal(supplier_id), *taken, literal(import_id), null())
    source = _joined(source, supplier_id, import_id).where(or_(_is_new(), _differs()))
    _insert_or_update(source, ["supplier_id", *TAKEN, "import_id", "gone_at"])


def _is_staged(import_id: str) -> ColumnElement[bool]:
    same = staged.c.import_id == import_id, staged.c.key == live.c.key, staged.c.disputed.is_(False)
    return select(literal(1)).where(*same).exists()


def _remember(supplier_id: str, import_id: str) -> None:
    names = ["import_id", "key", *STOOD.values(), "after"]
    stood = [live.c[name] for name in STOOD]
    before = [case((live.c.gone_at.is_(None), each), else_=null()) for each in stood]
    written = select(literal(import_id), staged.c.key, *before, staged.c.record)
    written = _joined(written, supplier_id, import_id).where(or_(_is_new(), _differs()))
    db.session.execute(insert(change).from_select(names, written))
    gone = select(literal(import_id), live.c.key, *stood, null())
    gone = gone.where(_standing(supplier_id), ~_is_staged(import_id))
    db.session.execute(insert(change).from_select(names, gone))


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
    """Undo what an import did to each offer: what it added is gone, all else is as it was."""
    of_import = change.c.import_id == import_id
    added = select(change.c.key).where(of_import, change.c.before.is_(None))
    own = live.c.supplier_id == supplier_id
    db.session.execute(update(live).where(own, live.c.key.in_(added)).values(gone_at=moment))
    stood = [change.c[name] for name in STOOD.values()]
    source = select(literal(supplier_id), change.c.key, *stood, null())
    source = source.where(of_import, change.c.before.is_not(None))
    _insert_or_update(source, ["supplier_id", "key", *STOOD, "gone_at"])


def take_all_away(supplier_id: str) -> int:
    """Delete all that the supplier offers; returns how many offers."""
    return int(db.session.execute(delete(live).where(live.c.supplier_id == supplier_id)).rowcount)  # type: ignore[attr-defined]
