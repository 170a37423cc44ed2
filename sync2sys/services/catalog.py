"""The live rows of a channel, and how a staged pull becomes them.

All of it is set-based SQL within one transaction of the caller: unchanged rows are compared inside
the database and never leave it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    union,
    update,
)

from sync2sys.errors import StoreGarbled
from sync2sys.extensions import db
from sync2sys.models import Product, Pull, PullItem, Variant
from sync2sys.services import records
from sync2sys.services.records import PRODUCT, TABLES, VARIANT, VARIANT_IDS, Record
from sync2sys.services.upserts import BATCH, table_of, upsert

#: A batch is written when its records have so many bytes, however few they are.
BATCH_BYTES = 4 * 1024 * 1024
KEYS = ("channel_id", "external_id")

item = table_of(PullItem)
Row = TypeVarTuple("Row")


@dataclass(frozen=True)
class Comparison:
    """How the staged rows of one kind differ from the live ones."""

    staged: int
    new: int
    changed: int
    live: int

    @property
    def missing(self) -> int:
        """Live rows that are not staged: what a full pull would remove."""
        return self.live - (self.staged - self.new)


@dataclass(frozen=True)
class Outcome:
    """What applying a pull did, counted in products; `touched` is whether any row changed."""

    added: int
    changed: int
    removed: int
    over_limit: int
    touched: bool


def compare(pull: Pull, kind: str) -> Comparison:
    """Count staged, new, changed and live rows."""
    live = TABLES[kind].c
    counts = select(
        func.count(),
        func.sum(case((live.id.is_(None), 1), else_=0)),
        func.sum(case((live.content_hash != item.c.content_hash, 1), else_=0)),
    )
    staged, new, changed = db.session.execute(_joined(counts, pull, kind)).one()
    of_channel = select(func.count()).where(live.channel_id == pull.channel_id)
    return Comparison(staged, int(new or 0), int(changed or 0), db.session.scalars(of_channel).one())


def _joined(query: Select[*Row], pull: Pull, kind: str) -> Select[*Row]:
    """The query over staged rows of one kind, each with its live row where there is one."""
    table = TABLES[kind]
    twin = and_(table.c.channel_id == pull.channel_id, table.c.external_id == item.c.external_id)
    return (
        query.select_from(item.outerjoin(table, twin))
        .where(item.c.pull_id == pull.id)
        .where(item.c.kind == kind)
    )


def _differs(table: Table) -> ColumnElement[bool]:
    return or_(table.c.id.is_(None), table.c.content_hash != item.c.content_hash)


def apply(
    pull: Pull, products: Comparison, variants: Comparison, *, may_remove: bool, room: int | None
) -> Outcome:
    """Make the live rows what was staged, as far as the plan has room for new products.

    Rows that the pull does not name are removed if it may. Raises StoreGarbled (retryable) when the live
    rows have changed since their twins were staged without a record.
    """
    changed = _count_changed(pull, products, variants)
    removed = _remove_missing(pull, products, variants) if may_remove else 0
    over_limit = _leave_out(pull, products.new, room)
    touched = removed
    if products.new - over_limit or products.changed:
        touched += _write(pull, PRODUCT)
    if variants.new or variants.changed:
        touched += _write(pull, VARIANT)
    touched += may_remove and variants.missing > 0
    return Outcome(products.new - over_limit, changed, removed, over_limit, touched > 0)


def _count_changed(pull: Pull, products: Comparison, variants: Comparison) -> int:
    """Mirrored products that differ, or of which a variant does."""
    if not variants.changed:
        return products.changed
    own = _joined(select(Product.external_id), pull, PRODUCT).where(
        Product.content_hash != item.c.content_hash
    )
    of_variants = _joined(select(Variant.product_external_id), pull, VARIANT).where(
        Variant.content_hash != item.c.content_hash
    )
    return db.session.scalars(select(func.count()).select_from(union(own, of_variants).subquery())).one()


def _remove_missing(pull: Pull, products: Comparison, variants: Comparison) -> int:
    for kind, comparison in ((VARIANT, variants), (PRODUCT, products)):
        if comparison.missing:
            table = TABLES[kind]
            named = _staged(pull.id, kind).where(item.c.external_id == table.c.external_id).exists()
            db.session.execute(delete(table).where(table.c.channel_id == pull.channel_id, ~named))
    if products.missing:
        parent = (
            select(Product.id)
            .where(Product.channel_id == Variant.channel_id)
            .where(Product.external_id == Variant.product_external_id)
            .exists()
        )
        db.session.execute(
            delete(Variant)
            .where(Variant.channel_id == pull.channel_id, ~parent)
            .execution_options(synchronize_session=False)
        )
    return products.missing


def _staged(pull_id: str, kind: str) -> Select[Any]:
    return select(item.c.external_id).where(item.c.pull_id == pull_id, item.c.kind == kind)


def _leave_out(pull: Pull, new: int, room: int | None) -> int:
    """Unstage the newest of the new products beyond the room there is; returns how many."""
    surplus = max(0, new - room) if room is not None else 0
    # Ids are numbers as text: the longer, the newer.
    order = (func.length(item.c.external_id).desc(), item.c.external_id.desc())
    query = _joined(select(item.c.external_id), pull, PRODUCT).where(Product.id.is_(None)).order_by(*order)
    left = surplus
    while left:
        ids = db.session.scalars(query.limit(min(BATCH, left))).all()
        db.session.execute(
            delete(item).where(item.c.pull_id == pull.id, item.c.kind == PRODUCT, item.c.external_id.in_(ids))
        )
        left -= len(ids)
    return surplus


def _write(pull: Pull, kind: str) -> int:
    """Write the rows that differ, in batches; returns how many were written or removed."""
    touched = 0
    for batch in _batches(pull, kind):
        if kind == PRODUCT:
            touched += _remove_unnamed(pull, batch)
        else:
            batch = _of_mirrored(pull.channel_id, batch)
        for record in batch:
            record.pop(VARIANT_IDS, None)
        upsert(TABLES[kind], batch, KEYS)
        if kind == PRODUCT:
            _note_product_hashes(batch)
        touched += len(batch)
    return touched


def _batches(pull: Pull, kind: str) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for _, content_hash, packed in _differing(pull, kind):
        if packed is None:
            raise StoreGarbled("The mirror changed while the shop was being pulled; it is pulled again.")
        record, length = records.unpack(kind, packed)
        batch.append(record | {"channel_id": pull.channel_id, "content_hash": content_hash})
        size += length
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _differing(pull: Pull, kind: str) -> Iterator[tuple[str, str, bytes | None]]:
    """Staged rows without an equal live one. Asked for piece by piece: writing goes on in between."""
    table = TABLES[kind]
    query = _joined(select(item.c.external_id, item.c.content_hash, item.c.record), pull, kind)
    query = query.where(_differs(table)).order_by(item.c.external_id).limit(BATCH)
    after = ""
    while True:
        rows = db.session.execute(query.where(item.c.external_id > after)).all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _of_mirrored(channel_id: str, variants: Sequence[Record]) -> list[Record]:
    """The variants whose product is mirrored, with its hash: one that the plan left out has none here."""
    wanted = {variant["product_external_id"] for variant in variants}
    query = select(Product.external_id, Product.content_hash).where(
        Product.channel_id == channel_id, Product.external_id.in_(wanted)
    )
    mirrored = dict(db.session.execute(query).all())
    return [
        variant | {"product_hash": mirrored[variant["product_external_id"]]}
        for variant in variants
        if variant["product_external_id"] in mirrored
    ]


def _note_product_hashes(products: Sequence[Record]) -> None:
    """Write the hashes of these products at their variants that are mirrored already."""
    variant = TABLES[VARIANT]
    its = (
        variant.c.channel_id == bindparam("channel"),
        variant.c.product_external_id == bindparam("product"),
    )
    db.session.connection().execute(
        update(variant).where(*its).values(product_hash=bindparam("hash")),
        [
            {"channel": row["channel_id"], "product": row["external_id"], "hash": row["content_hash"]}
            for row in products
        ],
    )


def _remove_unnamed(pull: Pull, products: Sequence[Record]) -> int:
    """Remove variants that their changed product's own complete list no longer names."""
    named = {
        product["external_id"]: set(product[VARIANT_IDS]) for product in products if VARIANT_IDS in product
    }
    if not named:
        return 0
    query = select(Variant.id, Variant.external_id, Variant.product_external_id).where(
        Variant.channel_id == pull.channel_id, Variant.product_external_id.in_(named)
    )
    doubtful = {
        row.external_id: row.id
        for row in db.session.execute(query)
        if row.external_id not in named[row.product_external_id]
    }
    gone = 0
    ids = list(doubtful)
    for start in range(0, len(ids), BATCH):
        gone += _remove_unseen(pull, ids[start : start + BATCH], doubtful)
    return gone


def _remove_unseen(pull: Pull, ids: Sequence[str], rows: dict[str, int]) -> int:
    # What this very pull has seen exists, whatever its product says: a simple product lists none.
    seen = set(db.session.scalars(_staged(pull.id, VARIANT).where(item.c.external_id.in_(ids))))
    gone = [rows[external_id] for external_id in ids if external_id not in seen]
    db.session.execute(
        delete(Variant).where(Variant.id.in_(gone)).execution_options(synchronize_session=False)
    )
    return len(gone)


def count(channel_id: str) -> int:
    """How many products of the channel are mirrored."""
    return db.session.scalars(select(func.count()).where(Product.channel_id == channel_id)).one()
