"""Prices with or without tax, and none where that is not known."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats import FORMATS, custom, taxes
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, item

GERMAN = {"prices": "with", "rates": {"": "19", "reduced-rate": "7"}}


def renderer(**definition):
    return Renderer(FORMATS["google"], CONTEXT, custom.parse(FORMATS["google"], definition))


def prices(tax, **changes):
    lines = {line.field.name: line.value for line in renderer(tax=tax).explain(item(**changes))}
    return lines["price"], lines["sale_price"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prices_include_tax": 0}, "119.00 EUR"),
        ({"prices_include_tax": 1}, "100.00 EUR"),
        ({"prices_include_tax": 0, "tax_class": "reduced-rate"}, "107.00 EUR"),
        ({"prices_include_tax": 0, "taxable": 0}, "100.00 EUR"),
        ({"prices_include_tax": 0, "tax_class": "zero-rate"}, None),
        ({"prices_include_tax": None}, None),
    ],
)
def test_a_price_is_what_the_market_wants_or_not_known(changes, expected):
    assert prices(GERMAN, price="100", **changes)[0] == expected


def test_prices_without_tax_have_it_taken_out():
    assert prices(GERMAN | {"prices": "without"}, price="119", prices_include_tax=1)[0] == "100.00 EUR"


def test_a_sale_price_is_taxed_like_the_price():
    found = prices(GERMAN, price="100", sale_price="50", prices_include_tax=0)
    assert found == ("119.00 EUR", "59.50 EUR")


def test_an_item_whose_tax_is_not_known_is_left_out_and_says_so():
    made = renderer(tax=GERMAN)
    unknown = item(tax_class="zero-rate", prices_include_tax=0)
    assert made.chunk([unknown]).left_out == [unknown]
    assert made.reasons(unknown)[0] == "tax_unknown"
    (issue,) = made.issues(unknown)
    assert 'its tax class "zero-rate" has no rate. Give it one in the shop' in issue.message


def test_a_mapped_price_is_taxed_after_it_was_mapped():
    doubled = {"price": {"field": "price", "then": [{"multiply": "2"}]}}
    made = renderer(tax=GERMAN, mapping=doubled)
    lines = {line.field.name: line for line in made.explain(item(price="100", prices_include_tax=0))}
    assert lines["price"].value == "238.00 EUR"
    assert [step.after for step in lines["price"].steps] == ["100", "200", "238.0000"]


@given(st.decimals("0.01", "99999", places=2), st.integers(0, 100), st.booleans())
def test_tax_put_on_and_taken_off_again_leaves_the_price(price, rate, included):
    rates = {"": Decimal(rate)}
    gross = taxes.Tax("with", rates).of(str(price), True, "", False, None)
    back = taxes.Tax("without", rates).of(gross, True, "", True, None)
    assert abs(Decimal(back) - price) <= Decimal("0.0001")
    assert Decimal(gross) >= price


@pytest.mark.parametrize(
    ("tax", "path"),
    [
        ({}, "tax.prices"),
        ({"prices": "gross"}, "tax.prices"),
        ({"prices": "with", "rates": {"": "many"}}, "tax.rates."),
        ({"prices": "with", "rates": {"a": "101"}}, "tax.rates.a"),
        ({"prices": "with", "rate": 1}, "tax.rate"),
    ],
)
def test_what_is_no_tax_is_refused_with_its_place(tax, path):
    with pytest.raises(BadDefinition) as refused:
        renderer(tax=tax)
    assert refused.value.path == path
