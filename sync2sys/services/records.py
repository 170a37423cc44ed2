"""A shop's product or variant as the columns to write, its fingerprint, and its packed form.

The fingerprint is of what was received, so that an unchanged product costs a comparison; the plain text
that feeds use is made only for what changed. Whoever changes how either is made raises MAPPING_VERSION,
and the next full pull writes every row anew.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
from isal import isal_zlib
from sqlalchemy import Table

from sync2sys.connectors.base import Figure, RemoteProduct, RemoteVariant
from sync2sys.errors import StoreGarbled
from sync2sys.formats import text
from sync2sys.models import Product, Variant
from sync2sys.models.base import Moment, Money, read_money
from sync2sys.services.upserts import table_of

MAPPING_VERSION = 1
SALT = str(MAPPING_VERSION).encode()

PRODUCT, VARIANT = "product", "variant"
TABLES = {PRODUCT: table_of(Product), VARIANT: table_of(Variant)}
#: What a pull stages beside the columns: ids of all variants of a changed product.
VARIANT_IDS = "variant_ids"

ID_LENGTH = 64
MONEY_LENGTH = 40
LARGEST_QUANTITY = 2**31 - 1
LEVEL = 1

Record = dict[str, Any]


def of_product(product: RemoteProduct) -> Record:
    """Its columns as JSON values, without `text`. Raises StoreGarbled for an id that is none."""
    return {
        "external_id": _id(product.external_id),
        "kind": product.kind[:40],
        "status": product.status[:40],
        "published": product.published,
        "title": product.title,
        "link": product.link,
        "description": product.description,
        "summary": product.summary,
        "brand": product.brand,
        "categories": list(product.categories),
        "tags": list(product.tags),
        "images": list(product.images),
        "attributes": product.attributes,
        "available_at": _moment(product.available_at),
        "meta": product.meta,
        "modified_at": _moment(product.modified_at),
    }


def of_variant(variant: RemoteVariant) -> Record:
    """Its columns as JSON values, without `text`. Raises StoreGarbled for an id that is none."""
    return {
        "external_id": _id(variant.external_id),
        "product_external_id": _id(variant.product_external_id),
        "published": variant.published,
        "purchasable": variant.purchasable,
        "title": variant.title,
        "sku": variant.sku,
        "gtin": variant.gtin[:64],
        "mpn": variant.mpn,
        "description": variant.description,
        "link": variant.link,
        "image": variant.image,
        "options": variant.options,
        "price": _money(variant.price),
        "sale_price": _money(variant.sale_price),
        "sale_from": _moment(variant.sale_from),
        "sale_to": _moment(variant.sale_to),
        "availability": variant.availability[:20],
        "available_at": _moment(variant.available_at),
        "quantity": _quantity(variant.quantity),
        "weight": _money(variant.weight),
        "length": _money(variant.length),
        "width": _money(variant.width),
        "height": _money(variant.height),
        "taxable": variant.taxable,
        "tax_class": variant.tax_class[:100],
        "modified_at": _moment(variant.modified_at),
    }


def fingerprinted(record: Record) -> tuple[Record, str]:
    """The record as it can be kept, and its fingerprint: equal records, equal 32 hex digits.

    Halves of surrogate pairs, which JSON can carry and no database keeps, become question marks.
    """
    try:
        canonical = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        record = _without_surrogates(record)
        canonical = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    return record, blake2b(canonical, digest_size=16, salt=SALT).hexdigest()


def with_text(record: Record) -> Record:
    """The record with the plain text of its description, or of its summary where that is empty."""
    readable = text.plain(record["description"])
    return record | {"text": readable or text.plain(record.get("summary", ""))}


def pack(record: Record) -> bytes:
    return isal_zlib.compress(orjson.dumps(record), LEVEL)


def unpack(kind: str, packed: bytes) -> tuple[Record, int]:
    """What was packed, as values for the columns of its table, and its size in bytes."""
    plain = isal_zlib.decompress(packed)
    record: Record = orjson.loads(plain)
    for name, read in READERS[kind]:
        if record[name] is not None:
            record[name] = read(record[name])
    return record, len(plain)


def _readers(table: Table) -> list[tuple[str, Callable[[str], Any]]]:
    readers: list[tuple[str, Callable[[str], Any]]] = []
    for column in table.columns:
        if isinstance(column.type, Moment):
            readers.append((column.name, datetime.fromisoformat))
        elif isinstance(column.type, Money):
            readers.append((column.name, read_money))
    return readers


READERS = {kind: _readers(table) for kind, table in TABLES.items()}


def _id(external_id: str) -> str:
    if not 0 < len(external_id) <= ID_LENGTH:
        raise StoreGarbled(f"The shop listed something with the id {external_id[:80]!r}.")
    return external_id


def _money(amount: Figure | None) -> str | None:
    """None also for what is longer than any price can be, and for a number that is none."""
    if isinstance(amount, str):
        return amount[:MONEY_LENGTH]
    if amount is None or not amount.is_finite() or abs(amount.adjusted()) > MONEY_LENGTH:
        return None
    written = format(amount, "f")
    return written if len(written) <= MONEY_LENGTH else None


def _quantity(quantity: int | None) -> int | None:
    return None if quantity is None else max(-LARGEST_QUANTITY, min(LARGEST_QUANTITY, quantity))


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(inner) for inner in value]
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(inner) for name, inner in value.items()}
    return value
