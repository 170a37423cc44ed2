"""An offer as the columns to write, and back."""

from datetime import date
from decimal import Decimal
from typing import Any

from sync2sys.models.suppliers import MATCH_LENGTH
from sync2sys.offers import matching
from sync2sys.offers.rows import Offer

Record = dict[str, Any]
_NAMES = Offer._fields[1:]
_AMOUNTS = ("cost", "price", "weight")


def of_offer(offer: Offer) -> Record:
    """JSON, without the line: equal offers make equal records."""
    record: Record = dict(zip(_NAMES, offer[1:], strict=True))
    for name in _AMOUNTS:
        if (amount := record[name]) is not None:
            record[name] = format(amount, "f")
    if offer.available_at:
        record["available_at"] = offer.available_at.isoformat()
    record["images"] = list(offer.images)
    record["remarks"] = [list(each) for each in offer.remarks]
    return record


def to_terms(record: Record, line: int) -> Offer:
    """The offer of a record without what only describes it, of which there may be much."""
    return Offer(
        line,
        record["key"],
        gtin=record["gtin"],
        sku=record["sku"],
        mpn=record["mpn"],
        brand=record["brand"],
        title=record["title"],
        cost=_amount(record["cost"]),
        cost_tax=record["cost_tax"],
        price=_amount(record["price"]),
        price_tax=record["price_tax"],
        currency=record["currency"],
        quantity=record["quantity"],
        availability=record["availability"],
    )


def to_offer(record: Record, line: int) -> Offer:
    """The whole offer of a record, but for remarks on the row that made it."""
    day = record["available_at"]
    return to_terms(record, line)._replace(
        available_at=day and date.fromisoformat(day),
        description=record["description"],
        link=record["link"],
        images=tuple(record["images"]),
        category=record["category"],
        item_group=record["item_group"],
        weight=_amount(record["weight"]),
        options=record["options"],
    )


def cost(record: Record) -> Decimal | None:
    """The cost in a record alone."""
    return _amount(record["cost"])


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def row(offer: Offer, hash_: str) -> dict[str, Any]:
    """The columns that a staged and a live offer share; `hash_`: its `content_hash`."""
    return {
        "key": offer.key,
        "line": offer.line,
        "content_hash": hash_,
        "record": of_offer(offer),
        **match_keys(offer),
    }


def same(offer: Offer, hash_: str) -> dict[str, Any]:
    """These columns for an offer that stands as it is: nothing of it will be written."""
    return {
        "key": offer.key,
        "line": offer.line,
        "content_hash": hash_,
        "record": None,
        "gtin_key": "",
        "sku_key": "",
    }


def match_keys(offer: Offer) -> dict[str, str]:
    """What an offer is looked for by."""
    return {
        # It is valid already.
        "gtin_key": offer.gtin and offer.gtin.zfill(14),
        "sku_key": matching.code_key(offer.sku)[:MATCH_LENGTH],
    }
