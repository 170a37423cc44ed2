"""The rows that feeds are made of, read from one snapshot of the catalogue.

Every query here goes through a connection of `snapshot`, so all that a render reads is of one
moment, however long it takes and whatever is synced meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    String,
    bindparam,
    case,
    func,
    literal,
    null,
    select,
    type_coerce,
)

from sync2sys.database import Prepared, reading
from sync2sys.extensions import db
from sync2sys.formats import taxes
from sync2sys.formats.base import Item
from sync2sys.models import Channel, Product, Variant

#: Rows a query. They are fetched page by page and not through a cursor, because MySQL has only one
#: open result a connection, and its client would read all of it into memory.
#: Small ones, because Python's garbage collector looks at all that are in memory again and again.
PAGE = 2000

PRODUCT = Product.__table__.c
VARIANT = Variant.__table__.c
#: Digits in a stamp: the hash of the variant and the one of its product.
HASHES = 64
#: Behind every key.
_LAST = "\U0010ffff"
_SALE_FROM, _SALE_TO, _AVAILABLE_AT = map(Item._fields.index, ("sale_from", "sale_to", "available_at"))
_by_keys = itemgetter(Item._fields.index("group_key"), Item._fields.index("key"))


@dataclass(frozen=True)
class Source:
    """A channel whose variants a feed exports, as it is in the snapshot."""

    channel_id: str
    platform: str
    #: begins the keys of its items; empty for a feed's first source, so that ids are the shop's own
    prefix: str
    country: str
    currency: str
    weight_unit: str
    dimension_unit: str
    prices_include_tax: bool | None
    charges_tax: bool | None
    #: JSON, tax class -> rate in per cent: of the country whose tax the feed puts on or takes out; or empty
    tax_rates: str
    catalog_version: int
    catalog_changed_at: datetime | None
    name: str
    home: str
    synced_at: datetime | None
    is_connected: bool


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection that sees the database as it is now, until it is left, and keeps no writer waiting."""
    with db.engine.connect() as connection:
        if db.engine.dialect.name != "sqlite":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        token = reading.set(True)
        try:
            begun = connection.begin()
        finally:
            reading.reset(token)
        with begun:
            yield connection


def sources(
    connection: Connection, organization_id: str, chosen: Sequence[str] | None, market: str | None = None
) -> list[Source]:
    """The organization's channels, or those of them that were chosen, oldest first.

    Disconnected ones too: their products stay in the feeds until they are removed. `market`: the country
    whose tax a feed may put on prices, empty for that of the shop; None where prices stay as they are.
    """
    columns = Channel.__table__.c
    query = select(Channel.__table__).where(columns.organization_id == organization_id)
    if chosen is not None:
        query = query.where(columns.id.in_(chosen))
    rows = connection.execute(query.order_by(columns.created_at, columns.id)).all()
    return [
        Source(
            channel_id=row.id,
            platform=row.platform,
            prefix=f"{row.id[:8]}-" if place else "",
            country=row.country,
            currency=row.currency,
            weight_unit=row.weight_unit,
            dimension_unit=row.dimension_unit,
            prices_include_tax=row.prices_include_tax,
            charges_tax=row.charges_tax,
            tax_rates=_rates(row, market),
            catalog_version=row.catalog_version,
            catalog_changed_at=row.catalog_changed_at,
            name=row.name,
            home=row.home or row.origin,
            synced_at=row.synced_at,
            is_connected=row.state == "connected",
        )
        for place, row in enumerate(rows)
    ]


def _rates(channel: Row[Any], market: str | None) -> str:
    """What prices include is the tax of the shop's own country, wherever it sells."""
    if market is None:
        return ""
    country = channel.country if channel.prices_include_tax else market or channel.country
    found = taxes.applying(channel.tax_rates, country)
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def count_without_variants(connection: Connection, sources: Sequence[Source]) -> int:
    """Products that have no variant and so cannot be an item of any feed."""
    ids = [source.channel_id for source in sources]
    query = select(func.count()).select_from(Product).where(PRODUCT.channel_id.in_(ids), ~_has_variant())
    return connection.execute(query).scalar_one()


def without_variants(connection: Connection, sources: Sequence[Source]) -> list[str]:
    """The keys of those products."""
    found = []
    for source in sources:
        query = select(PRODUCT.external_id).where(PRODUCT.channel_id == source.channel_id, ~_has_variant())
        ids = connection.execute(query.order_by(PRODUCT.external_id)).scalars()
        found += [source.prefix + external_id for external_id in ids]
    return found


class Shelved(NamedTuple):
    """A product as its owner knows it."""

    title: str
    link: str
    kind: str


def products(connection: Connection, sources: Sequence[Source], keys: Sequence[str]) -> dict[str, Shelved]:
    """Those of the products with these keys that there are. One query for each source."""
    found: dict[str, Shelved] = {}
    for source, ids in _by_source(sources, keys):
        query = select(PRODUCT.external_id, PRODUCT.title, PRODUCT.link, PRODUCT.kind)
        query = query.where(PRODUCT.channel_id == source.channel_id, PRODUCT.external_id.in_(ids))
        rows = connection.execute(query)
        found |= {source.prefix + external_id: Shelved(*row) for external_id, *row in rows}
    return found


def _has_variant() -> ColumnElement[bool]:
    return (
        select(VARIANT.id)
        .where(VARIANT.channel_id == PRODUCT.channel_id, VARIANT.product_external_id == PRODUCT.external_id)
        .exists()
    )


def named(
    connection: Connection, sources: Sequence[Source], columns: frozenset[str], keys: Sequence[str]
) -> dict[str, Item]:
    """Those of the items with these keys that there are. One query for each source."""
    found: dict[str, Item] = {}
    for source, ids in _by_source(sources, keys):
        query = _items_of(source, columns)
        query = query.where(VARIANT.channel_id == source.channel_id, VARIANT.external_id.in_(ids))
        rows = map(_with_zones, connection.execute(query))
        found |= {row[0]: Item._make(row) for row in rows}
    return found


def _by_source(sources: Sequence[Source], keys: Sequence[str]) -> Iterator[tuple[Source, list[str]]]:
    """The ids that these keys may have in each source."""
    for source in sources:
        ids = [key.removeprefix(source.prefix) for key in keys if key.startswith(source.prefix)]
        if ids:
            yield source, ids


def source_of(sources: Sequence[Source], key: str) -> tuple[Source, str]:
    """Whose the item or product with this key is, and the id it has there."""
    own = next((each for each in sources if each.prefix and key.startswith(each.prefix)), sources[0])
    return own, key.removeprefix(own.prefix)


def is_small(connection: Connection, sources: Sequence[Source], limit: int) -> bool:
    """Whether there are no more than so many variants."""
    ids = [source.channel_id for source in sources]
    some = select(VARIANT.id).where(VARIANT.channel_id.in_(ids)).limit(limit + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one() <= limit


def stamps(connection: Connection, sources: Sequence[Source]) -> Iterator[Sequence[Any]]:
    """What tells whether an item has changed, of every variant, in pages.

    Its product's key, its own, and a text that is equal as long as the item is: HASHES digits, and behind
    them the dates of its sale if it has any (see `sale_of`). Sorted by both keys (code points).
    """
    if len(sources) == 1:
        return _stamps_of(connection, sources[0])
    streams = [chain.from_iterable(_stamps_of(connection, source)) for source in sources]
    return _paged(merge(*streams, key=itemgetter(0, 1)))


def _paged(rows: Iterator[Any]) -> Iterator[Sequence[Any]]:
    while page := list(islice(rows, PAGE)):
        yield page


def items(
    connection: Connection, sources: Sequence[Source], columns: frozenset[str], first: str, last: str
) -> Iterator[Any]:
    """Items, sorted by both keys: those of the products between two keys, both included.

    Rows with the columns of `Item`, or an `Item`: making one of each row costs more than it is worth.
    A column that is not asked for is empty.
    """
    found = [
        _item_query(source, columns, db.engine).rows(
            connection, channel=source.channel_id, first=low, last=high
        )
        for source in sources
        for low, high in _between(source.prefix, first, last)
    ]
    rows = found[0] if len(found) == 1 else merge(*found, key=_by_keys)
    return map(_with_zones, rows)


def every(connection: Connection, sources: Sequence[Source], columns: frozenset[str]) -> Iterator[Item]:
    """All items, sorted by both keys, read page by page. A column that is not asked for is empty."""
    streams = (_every_of(connection, source, columns) for source in sources)
    return map(Item._make, map(_with_zones, merge(*streams, key=_by_keys)))


def _every_of(connection: Connection, source: Source, columns: frozenset[str]) -> Iterator[Any]:
    query = _paged_by_keys(_items_of(source, columns | {"key", "group_key"}))

    def own_keys(row: Any) -> tuple[str, str]:
        product, variant = _by_keys(row)
        return product.removeprefix(source.prefix), variant.removeprefix(source.prefix)

    for page in _pages_of(connection, source, Prepared(query), by=own_keys):
        yield from page


def _between(prefix: str, first: str, last: str) -> Iterator[tuple[str, str]]:
    """The external ids whose prefixed keys lie between two keys; nothing where none can."""
    if prefix + _LAST < first or last < prefix:
        return
    yield (
        first.removeprefix(prefix) if first.startswith(prefix) else "",
        last.removeprefix(prefix) if last.startswith(prefix) else _LAST,
    )


def _stamps_of(connection: Connection, source: Source) -> Iterator[Sequence[Any]]:
    prefix = source.prefix
    for page in _pages_of(connection, source, Prepared(_stamp_query()), by=itemgetter(0, 1)):
        yield [(prefix + group, prefix + key, stamp) for group, key, stamp in page] if prefix else page


def _pages_of(
    connection: Connection, source: Source, query: Prepared, by: Callable[[Any], tuple[str, str]]
) -> Iterator[Sequence[Any]]:
    """What a query of `_paged_by_keys` gives, page by page; `by`: product and variant of a row."""
    product, variant = "", ""
    while True:
        page = query.rows(connection, channel=source.channel_id, product=product, variant=variant)
        if page:
            yield page
        if len(page) < PAGE:
            return
        product, variant = by(page[-1])


def _paged_by_keys(query: Select[Any]) -> Select[Any]:
    """A page of a query of a channel's variants: those behind a product's variant."""
    product, variant = bindparam("product", type_=String), bindparam("variant", type_=String)
    # The first condition alone is a range of the index, for every database.
    after = (VARIANT.product_external_id > product) | (VARIANT.external_id > variant)
    return (
        query.where(VARIANT.channel_id == bindparam("channel"))
        .where(VARIANT.product_external_id >= product, after)
        .order_by(VARIANT.product_external_id, VARIANT.external_id)
        .limit(PAGE)
    )


def _stamp_query() -> Select[Any]:
    """Three texts a row: what a scan costs is the values that become Python's."""
    text = partial(type_coerce, type_=String)
    dates = func.coalesce(text(VARIANT.sale_from), "") + "/" + func.coalesce(text(VARIANT.sale_to), "")
    has_dates = VARIANT.sale_price.is_not(None) & func.coalesce(
        text(VARIANT.sale_from), text(VARIANT.sale_to)
    ).is_not(None)
    stamp = VARIANT.content_hash + VARIANT.product_hash + case((has_dates, dates), else_="")
    return _paged_by_keys(select(VARIANT.product_external_id, VARIANT.external_id, stamp))


def sale_of(dates: str) -> tuple[datetime | None, datetime | None]:
    """Beginning and end of the sale that a stamp tells of behind its HASHES digits."""
    begin, end = dates.split("/")
    return _aware(begin), _aware(end)


@lru_cache(maxsize=64)
def _item_query(source: Source, wanted: frozenset[str], engine: Engine) -> Prepared:
    query = (
        _items_of(source, wanted)
        .where(VARIANT.channel_id == bindparam("channel"))
        .where(VARIANT.product_external_id.between(bindparam("first"), bindparam("last")))
        .order_by(VARIANT.product_external_id, VARIANT.external_id)
    )
    return Prepared(query)


def _items_of(source: Source, wanted: frozenset[str]) -> Select[Any]:
    columns = [
        (column if name in wanted else null()).label(name) for name, column in _item_columns(source).items()
    ]
    is_its = PRODUCT.external_id == VARIANT.product_external_id
    return select(*columns).select_from(
        Variant.__table__.outerjoin(Product.__table__, is_its & (PRODUCT.channel_id == VARIANT.channel_id))
    )


def _item_columns(source: Source) -> dict[str, ColumnElement[Any]]:
    """The columns of `Item` in its order. What a variant leaves empty is its product's."""
    made: dict[str, ColumnElement[Any]] = {
        "key": _prefixed(source, VARIANT.external_id),
        "group_key": _prefixed(source, VARIANT.product_external_id),
        # Some platforms have a variant with an id of its own where there is only one, and will ever be.
        "has_variants": (VARIANT.external_id != VARIANT.product_external_id)
        & (func.coalesce(PRODUCT.kind, "") != "simple"),
        "title": func.coalesce(PRODUCT.title, ""),
        "variant_title": VARIANT.title,
        "description": _inherited(VARIANT.text, PRODUCT.text),
        "link": _inherited(VARIANT.link, PRODUCT.link),
        "available_at": func.coalesce(VARIANT.available_at, PRODUCT.available_at),
        "currency": literal(source.currency),
        "weight_unit": literal(source.weight_unit),
        "dimension_unit": literal(source.dimension_unit),
        "prices_include_tax": literal(source.prices_include_tax, Boolean),
        "taxable": literal(False, Boolean) if source.charges_tax is False else VARIANT.taxable,
        "tax_rates": literal(source.tax_rates),
        "product_published": PRODUCT.published,
        "variant_published": VARIANT.published,
        "kind": func.coalesce(PRODUCT.kind, ""),
    }
    for name in ("price", "sale_price", "weight", "length", "width", "height", "options"):
        made[name] = type_coerce(VARIANT[name], String)
    for name in ("images", "categories", "tags", "attributes", "meta"):
        made[name] = type_coerce(PRODUCT[name], String)
    for name in set(Item._fields) - set(made):
        made[name] = VARIANT[name] if name in VARIANT else PRODUCT[name]
    return {name: made[name] for name in Item._fields}


def _inherited(own: ColumnElement[Any], shared: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.nullif(own, ""), shared)


def _prefixed(source: Source, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return literal(source.prefix).concat(column) if source.prefix else column


def _with_zones(row: Any) -> Any:
    if row[_SALE_FROM] is None and row[_SALE_TO] is None and row[_AVAILABLE_AT] is None:
        return row
    item = Item._make(row)
    return item._replace(
        sale_from=_aware(item.sale_from),
        sale_to=_aware(item.sale_to),
        available_at=_aware(item.available_at),
    )


def _aware(moment: str | datetime | None) -> datetime | None:
    """A time as it stands in the database, which is UTC, with its time zone."""
    if not moment:
        return None
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.replace(tzinfo=UTC)
