"""An offer as the columns to write, and back."""

from datetime import date
from decimal import Decimal
from typing import Any

from sync2sys.models.suppliers import MATCH_LENGTH
from sync2sys.offers import matching
from sync2sys.offers.rows import Offer, Remark, content_hash, terms_hash

Record = dict[str, Any]
_AMOUNTS = ("cost", "price", "weight")
_RULES = matching.parse(list(matching.USUAL))


def of_offer(offer: Offer) -> Record:
    """JSON, without the line: equal offers make equal records."""
    record = offer._asdict()
    del record["line"]
    for name in _AMOUNTS:
        record[name] = None if record[name] is None else format(record[name], "f")
    record["available_at"] = offer.available_at and offer.available_at.isoformat()
    record["remarks"] = [list(each) for each in offer.remarks]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in record.items()}


def to_offer(record: Record, line: int) -> Offer:
    """What `of_offer` was given."""
    values = dict(record)
    for name in _AMOUNTS:
        values[name] = None if values[name] is None else Decimal(values[name])
    found = values["available_at"]
    values["available_at"] = date.fromisoformat(found) if found else None
    values["images"] = tuple(values["images"])
    values["remarks"] = tuple(Remark(*each) for each in values["remarks"])
    return Offer(line=line, **values)


def row(offer: Offer) -> dict[str, Any]:
    """The columns that a staged and a live offer share."""
    return {
        "key": offer.key,
        "line": offer.line,
        "content_hash": content_hash(offer),
        "record": of_offer(offer),
        **match_keys(offer),
    }


def staged(offer: Offer) -> dict[str, Any]:
    """The columns of a staged offer, but for its import."""
    return row(offer) | {"terms_hash": terms_hash(offer), "disputed": False}


def match_keys(offer: Offer) -> dict[str, str]:
    """What an offer is found by; cut where no variant could have so long a one."""
    found = {key.rule: key.key for key in matching.keys_of_offer(offer, _RULES)}
    return {
        "gtin_key": found.get("gtin", ""),
        "sku_key": found.get("sku", "")[:MATCH_LENGTH],
        "part_key": found.get("brand_mpn", "")[:MATCH_LENGTH],
    }
