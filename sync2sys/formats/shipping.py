"""What delivery costs, as the owner says it once for the whole feed."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sync2sys.formats import definitions, markets, money
from sync2sys.formats.definitions import BadDefinition, below
from sync2sys.formats.text import clean

MOST, MOST_DAYS, LONGEST = 50, 365, 100
#: Parts of a line, each in days.
TIMES = ("min_handling_days", "max_handling_days", "min_transit_days", "max_transit_days")
#: Parts that every channel has a use for.
ALWAYS = ("country", "price", "currency", "free_from")


class Line(NamedTuple):
    """One way to have an item delivered."""

    #: ISO 3166-1 alpha-2
    country: str
    price: Decimal
    #: ISO 4217; empty: the feed's own
    currency: str = ""
    #: an item that costs so much is delivered free
    free_from: Decimal | None = None
    region: str = ""
    service: str = ""
    #: as the channel names it
    carrier: str = ""
    #: what payment on delivery costs more
    cod_fee: Decimal | None = None
    min_handling_days: int | None = None
    max_handling_days: int | None = None
    min_transit_days: int | None = None
    max_transit_days: int | None = None

    def cost(self, pays: Decimal | None) -> Decimal:
        """What delivery of an item costs for which the buyer pays so much."""
        is_free = self.free_from is not None and pays is not None and pays >= self.free_from
        return Decimal(0) if is_free else self.price


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a channel has a use for."""

    #: parts of a line beside those of ALWAYS
    takes: tuple[str, ...] = ()
    #: lines at most
    most: int = MOST
    #: the only carriers that it knows: each line names one, and no other line the same
    carriers: Collection[str] = ()
    #: whether a feed may tell of several countries
    is_abroad: bool = True


def parse(spec: Any, delivery: Delivery, country: str) -> tuple[Line, ...]:
    """A list of lines, `{"country": "DE", "service": "Standard", "price": "4.90", "free_from": "50"}`.

    `country`: of the feed's market, which a line without one is for; empty where it is not known. Raises
    BadDefinition.
    """
    lines = [
        _line(each, str(place), delivery, country)
        for place, each in enumerate(definitions.several(spec, "", delivery.most, least=0))
    ]
    first: dict[Any, int] = {}
    for place, line in enumerate(lines):
        identity = line.carrier if delivery.carriers else (line.country, line.region, line.service)
        if first.setdefault(identity, place) != place:
            raise BadDefinition(str(place), f"Line {first[identity]} is about the same. Keep one of the two.")
        if not delivery.is_abroad and line.country != (country or lines[0].country):
            wanted = country or lines[0].country
            raise BadDefinition(
                f"{place}.country", f"This channel takes one country; the feed is for {wanted}."
            )
    return tuple(lines)


def _line(spec: Any, path: str, delivery: Delivery, country: str) -> Line:
    parts = definitions.table(spec, path)
    definitions.only(parts, (*ALWAYS, *delivery.takes), path)
    if "country" not in parts and not country:
        raise BadDefinition(below(path, "country"), "Name the country, here or as market.country.")
    found: dict[str, Any] = {"country": country}
    for name, value in ({"price": None} | parts).items():
        found[name] = _READ[name](value, below(path, name))
    if delivery.carriers:
        place = below(path, "carrier")
        found["carrier"] = definitions.known(
            parts.get("carrier"), delivery.carriers, place, "carrier of this channel"
        )
    for low, high in (TIMES[:2], TIMES[2:]):
        if low in found and high in found and found[low] > found[high]:
            raise BadDefinition(below(path, high), f"This is less than {low}.")
    return Line(**found)


def _amount(spec: Any, path: str) -> Decimal:
    found = definitions.number(spec, path)
    if found < 0:
        raise BadDefinition(path, "Use an amount that is not negative.")
    return found


def _currency(spec: Any, path: str) -> str:
    found = definitions.text(spec, path, definitions.LONGEST_NAME).strip().upper()
    if not money.is_currency(found):
        raise BadDefinition(path, 'This should be the code of a currency, as "EUR".')
    return found


def _label(spec: Any, path: str) -> str:
    found = clean(definitions.text(spec, path, LONGEST))
    if not found:
        raise BadDefinition(path, "This is blank. Write something into it, or leave it out.")
    return found


def _days(spec: Any, path: str) -> int:
    return definitions.whole(spec, path, 0, MOST_DAYS)


_READ = {
    "country": markets.country,
    "price": _amount,
    "currency": _currency,
    "free_from": _amount,
    "region": _label,
    "service": _label,
    "carrier": _label,
    "cod_fee": _amount,
    **dict.fromkeys(TIMES, _days),
}
