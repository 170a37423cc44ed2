"""What an owner is told about the whole feed, once."""

from typing import NamedTuple

import pytest

from sync2sys.formats import FORMATS, custom, remarks


class Store(NamedTuple):
    name: str = "The Shop"
    country: str = "CZ"
    currency: str = "CZK"
    charges_tax: bool | None = True
    prices_include_tax: bool | None = False


def about(name, *stores, **definition):
    format = FORMATS[name]
    return remarks.about(format, custom.parse(format, definition), stores)


def codes(name, *stores, **definition):
    return [remark.code for remark in about(name, *stores, **definition)]


def test_prices_that_go_out_as_they_are_kept_against_the_channels_wish_are_told():
    (remark,) = about("heureka-cz", Store())
    assert remark == (
        "prices_as_kept",
        "Heureka.cz wants prices with tax; The Shop keeps them without it, and so they go out. "
        "Set market.country or tax.prices.",
    )


@pytest.mark.parametrize(
    ("store", "definition"),
    [
        (Store(prices_include_tax=True), {}),
        (Store(charges_tax=False), {}),
        (Store(), {"market": {"country": "CZ"}}),
        (Store(), {"tax": {"prices": "without"}}),
    ],
)
def test_nothing_is_told_where_prices_are_right_or_their_owner_has_spoken(store, definition):
    assert codes("heureka-cz", store, **definition) == []


@pytest.mark.parametrize(
    ("name", "store", "expected"),
    [
        ("google", Store(country="US", currency="USD"), []),
        ("google", Store(country="US", currency="USD", prices_include_tax=True), ["prices_as_kept"]),
        ("google", Store(country="DE", currency="EUR"), ["prices_as_kept"]),
        ("google", Store(country=""), ["prices_as_kept"]),
        ("google", Store(country="", prices_include_tax=True), []),
        ("google", Store(country="DE", prices_include_tax=None), ["prices_as_kept"]),
        ("meta", Store(country="US"), []),
        ("meta", Store(country="DE"), ["prices_as_kept"]),
        ("csv", Store(country="DE"), []),
    ],
)
def test_without_a_market_a_store_is_judged_by_where_it_is(name, store, expected):
    assert codes(name, store) == expected


def test_each_store_of_another_currency_is_told_of_once():
    dollars = Store(name="Abroad", currency="USD", prices_include_tax=True)
    (remark,) = about("heureka-cz", Store(prices_include_tax=True), dollars)
    assert remark.code == "wrong_currency"
    assert remark.message.startswith("The feed takes prices in CZK; Abroad sells in USD")


def test_a_file_that_names_no_currency_asks_for_the_market():
    euros = Store(country="DE", currency="EUR", prices_include_tax=True)
    (remark,) = about("idealo", euros)
    assert remark.code == "currency_as_kept"
    assert "Its prices are in EUR, as those of The Shop. Set market.country" in remark.message
    assert codes("idealo", euros, market={"country": "DE"}) == []
    assert codes("idealo", euros, market={"country": "GB"}) == ["wrong_currency"]


def test_a_shipping_line_in_a_currency_that_no_store_has_is_told_of():
    euros = Store(country="DE", currency="EUR", prices_include_tax=True)
    lines = [{"country": "DE", "price": "5"}, {"country": "CH", "price": "9", "currency": "CHF"}]
    (remark,) = about("google", euros, shipping=lines)
    assert remark.code == "shipping_unused"
    assert remark.message.startswith("shipping.1 is in CHF")
    assert codes("google", euros, Store(currency="CHF", country="US"), shipping=lines) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_feed_without_stores_has_nothing_to_be_told(name):
    assert about(name) == []
