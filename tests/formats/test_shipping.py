"""What delivery costs: said once, spelled by each channel in its own way."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync2sys.formats import FORMATS, custom, shipping
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.renderer import Renderer
from sync2sys.formats.shipping import TIMES, Delivery
from tests.formats.catalogue import CONTEXT, item, sold
from tests.formats.wild import documents

POST = {"country": "DE", "service": "Post", "price": "4.9"}
ANY = Delivery(takes=("region", "service", "carrier", "cod_fee", *TIMES))


def renderer(name, *lines, **definition):
    format = FORMATS[name]
    context = CONTEXT._replace(currency="EUR")
    return Renderer(format, context, custom.parse(format, {"shipping": list(lines)} | definition))


def told(*lines, **changes):
    """What a feed for Google says of an item's shipping."""
    return shipping_of(renderer("google", *lines), **changes)


def shipping_of(made, **changes):
    return {line.field.name: line.value for line in made.explain(item(**changes))}["shipping"]


def written(name, *lines, **changes):
    made = renderer(name, *lines)
    return made.render(*sold(FORMATS[name], [item(**changes)])).decode()


def test_each_channel_spells_it_in_its_own_way():
    line = POST | {"region": "BY", "min_handling_days": 0, "max_handling_days": 1}
    assert "<g:shipping>\n<g:country>DE</g:country>\n<g:region>BY</g:region>\n" in written("google", line)
    assert written("google-tsv", line).endswith("\tDE:BY:Post:4.90 EUR:0:1\n")
    assert written("microsoft", line).endswith("\tDE:BY:Post:4.90 EUR:0:1\n")
    meta = POST | {"region": "BY"}
    assert written("meta", meta).endswith(",DE:BY:Post:4.90 EUR\r\n")
    assert written("pinterest", POST).endswith(",DE::Post:4.90 EUR\r\n")
    assert '"shipping":"DE::Post:4.90 EUR:::2:3"' in written(
        "openai", POST | {"min_transit_days": 2, "max_transit_days": 3}
    )
    assert ";4.90;" in written("idealo", {"country": "DE", "carrier": "dhl", "price": "4.90"})
    assert "<delivery-cost>4.90</delivery-cost>" in written("kelkoo", {"country": "DE", "price": "4.90"})
    assert ",89.90,0.00," in written("pricerunner", {"country": "DE", "price": 0})


def test_heureka_gets_the_carrier_and_what_payment_on_delivery_costs():
    line = {"country": "CZ", "carrier": "PPL", "price": "99", "cod_fee": "30"}
    lines = renderer("heureka-cz", line).explain(item(currency="CZK"))
    assert {line.field.name: line.value for line in lines}["DELIVERY"] == [
        {"DELIVERY_ID": "PPL", "DELIVERY_PRICE": "99.00", "DELIVERY_PRICE_COD": "129.00"}
    ]


def test_a_feed_without_shipping_has_no_such_column():
    assert "shipping" not in renderer("google-tsv").prologue().decode().split("\t")
    assert renderer("google-tsv", POST).prologue().decode().endswith("\tshipping\n")
    header = renderer("idealo", {"country": "DE", "carrier": "gls", "price": 5}).prologue().decode()
    assert header.endswith(";deliveryCosts_dhl;paymentCosts_paypal;deliveryCosts_gls\r\n")


@pytest.mark.parametrize(("price", "cost"), [("49.99", "4.90 EUR"), ("50", "0.00 EUR"), ("80", "0.00 EUR")])
def test_delivery_is_free_from_what_the_buyer_pays(price, cost):
    line = POST | {"free_from": "50"}
    assert told(line, price=price)[0]["price"] == cost
    assert told(line, price="90", sale_price=price)[0]["price"] == cost


def test_what_the_buyer_pays_is_the_price_of_the_feed_with_its_tax():
    made = renderer("google", POST | {"free_from": "50"}, tax={"prices": "with", "rates": {"": "19"}})
    assert shipping_of(made, price="42.02", prices_include_tax=0)[0]["price"] == "0.00 EUR"


def test_a_line_stands_only_beside_prices_in_its_currency():
    lines = (POST, POST | {"service": "Abroad", "currency": "chf", "price": "9.90"})
    assert [line["service"] for line in told(*lines)] == ["Post"]
    assert told(*lines, currency="CHF") == [{"country": "DE", "service": "Abroad", "price": "9.90 CHF"}]
    assert told(*lines, currency="JPY") is None


def test_a_line_without_a_country_is_for_the_market():
    made = renderer("google", {"price": "4.90"}, market={"country": "AT"})
    assert shipping_of(made) == [{"country": "AT", "price": "4.90 EUR"}]


def test_a_mapping_of_the_field_takes_its_place():
    made = renderer("google-tsv", POST, mapping={"shipping": {"constant": "AT:::1.00 EUR"}})
    assert made.render(item()).decode().endswith("\tAT:::1.00 EUR\n")
    assert "\t89.90 EUR\t" in made.render(item()).decode()


@pytest.mark.parametrize(
    ("name", "lines", "path", "hint"),
    [
        ("google", {}, "shipping", "list"),
        ("google", [{"country": "DE"}], "shipping.0.price", "number"),
        ("google", [{"price": "4.90"}], "shipping.0.country", "market.country"),
        ("google", [POST | {"price": "-1"}], "shipping.0.price", "not negative"),
        ("google", [POST | {"country": "UK"}], "shipping.0.country", 'Did you mean "GB"?'),
        ("google", [POST | {"currency": "euro"}], "shipping.0.currency", "EUR"),
        ("google", [POST | {"service": " "}], "shipping.0.service", "blank"),
        ("google", [POST | {"min_handling_days": "1"}], "shipping.0.min_handling_days", "whole number"),
        (
            "google",
            [POST | {"min_transit_days": 3, "max_transit_days": 2}],
            "shipping.0.max_transit_days",
            "less than min_transit_days",
        ),
        ("google", [POST, POST], "shipping.1", "Line 0 is about the same"),
        ("google", [POST | {"carrier": "dhl"}], "shipping.0.carrier", "Remove this"),
        ("meta", [POST | {"max_transit_days": 1}], "shipping.0.max_transit_days", "Remove this"),
        ("heureka-cz", [{"country": "CZ", "price": 9}], "shipping.0.carrier", "CESKA_POSTA"),
        (
            "heureka-cz",
            [{"country": "CZ", "price": 9, "carrier": "DPDD"}],
            "shipping.0.carrier",
            'Did you mean "DPD"?',
        ),
        ("idealo", [{"country": "DE", "price": 9, "carrier": "PPL"}], "shipping.0.carrier", "dhl"),
        (
            "idealo",
            [
                {"country": "DE", "price": 9, "carrier": "dhl"},
                {"country": "AT", "price": 9, "carrier": "gls"},
            ],
            "shipping.1.country",
            "the feed is for DE",
        ),
        ("kelkoo", [{"country": "DE", "price": 9}] * 2, "shipping", "Give it 0 to 1"),
        ("csv", [POST], "shipping", "Leave it out"),
        ("google-supplemental", [POST], "shipping", "Leave it out"),
    ],
)
def test_what_is_no_shipping_is_refused_with_its_place(name, lines, path, hint):
    with pytest.raises(BadDefinition) as refused:
        custom.parse(FORMATS[name], {"shipping": lines})
    assert refused.value.path == path
    assert hint in refused.value.message


def test_what_a_market_makes_of_a_country_is_said_where_it_is_wrong():
    lines = [{"country": "AT", "price": 9, "carrier": "dhl"}]
    with pytest.raises(BadDefinition, match="the feed is for DE"):
        custom.parse(FORMATS["idealo"], {"shipping": lines, "market": {"country": "DE"}})


KEYS = ["country", "price", "currency", "free_from", "service", "carrier", "min_transit_days"]
LEAVES = ["DE", "4.90", "EUR", "0", "Post", "dhl"]


@given(documents(KEYS, LEAVES) | st.lists(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(LEAVES))))
def test_wild_shipping_is_read_or_refused(spec):
    try:
        lines = shipping.parse(spec, ANY, "DE")
    except BadDefinition:
        pass
    else:
        assert all(line.price >= 0 for line in lines)


AMOUNTS = st.decimals(0, 9999, places=2)


@given(cost=AMOUNTS, free_from=st.none() | AMOUNTS, price=st.decimals("0.01", 9999, places=2))
@settings(max_examples=50)
def test_a_cost_is_the_lines_own_or_nothing(cost, free_from, price):
    line = POST | {"price": str(cost)} | ({} if free_from is None else {"free_from": str(free_from)})
    found = told(line, price=str(price))[0]["price"]
    is_free = free_from is not None and price >= free_from
    assert found == f"{Decimal(0) if is_free else cost:.2f} EUR"
