"""The shop's table of tax rates, as far as it says what a whole country pays."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from sync2sys.connectors.fields import amount, ident, label, rows
from sync2sys.connectors.woocommerce.client import Client

FIELDS = "id,country,state,postcode,city,postcodes,cities,rate,priority,class"
PAGE = 100
#: A shop in the United States may have a rate for each of its thousands of postcodes.
MOST_PAGES = 20
HIGHEST = Decimal(1000)

Rates = dict[str, dict[str, str | None]]
#: Empty for all countries.
_COUNTRY = re.compile(r"(?:[A-Z]{2})?").fullmatch


class _Rate(NamedTuple):
    country: str
    tax_class: str
    priority: int
    #: not of a state, some postcodes or some cities
    is_everywhere: bool
    id: int
    rate: Decimal


def rates(client: Client) -> Rates:
    """Country -> tax class -> rate; see `Shop.tax_rates`. Empty where the key may not see them.

    Raises StoreError.
    """
    found: list[dict[str, Any]] = []
    for page in range(1, MOST_PAGES + 1):
        pairs = [("per_page", str(PAGE)), ("page", str(page)), ("orderby", "id"), ("order", "asc")]
        answer = client.ask("wc/v3/taxes", [*pairs, ("_fields", FIELDS)])
        if not answer.ok or not isinstance(answer.data, list):
            break
        found += rows(answer.data, PAGE)
        if len(answer.data) < PAGE:
            break
    return standing([rate for row in found if (rate := _rate(row))])


def standing(rates: Iterable[_Rate]) -> Rates:
    """The rate that a whole country pays, by tax class.

    As WooCommerce reckons: of each priority the first that fits counts, a country's own before one of all
    countries; and what is of several priorities adds up, which no single rate can say.
    """
    by_class: dict[str, list[_Rate]] = {}
    for rate in rates:
        by_class.setdefault(rate.tax_class, []).append(rate)
    found: Rates = {}
    for name, of_class in by_class.items():
        for country in {rate.country for rate in of_class}:
            fitting = [rate for rate in of_class if rate.country in (country, "")]
            everywhere = sorted(
                (rate for rate in fitting if rate.is_everywhere), key=lambda rate: (not rate.country, rate.id)
            )
            if everywhere:
                is_single = len({rate.priority for rate in fitting}) == 1
                found.setdefault(country, {})[name] = _in_short(everywhere[0].rate) if is_single else None
    return found


def _rate(row: dict[str, Any]) -> _Rate | None:
    """A row of the table; None for what is none."""
    rate, number, priority = amount(row.get("rate")), ident(row.get("id")), ident(row.get("priority"))
    country, name = label(row.get("country"), 10).upper(), label(row.get("class"))
    if rate is None or rate > HIGHEST or number is None or not _COUNTRY(country):
        return None
    places = ("state", "postcode", "city", "postcodes", "cities")
    return _Rate(
        country=country,
        tax_class="" if name == "standard" else name,
        priority=priority or 1,
        # One of all states is "*" or empty.
        is_everywhere=not any(row.get(place) not in (None, "", "*", []) for place in places),
        id=number,
        rate=rate,
    )


def _in_short(rate: Decimal) -> str:
    """`19` for `19.0000`."""
    return format(rate.normalize(), "f")
