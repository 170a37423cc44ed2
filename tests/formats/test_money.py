from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats.money import amount, is_currency, reduced


@pytest.mark.parametrize(
    ("price", "currency", "text"),
    [
        ("19.9", "EUR", "19.90"),
        ("19.90", "EUR", "19.90"),
        ("0019.90", "EUR", "19.90"),
        ("690.8125", "EUR", "690.81"),
        ("1.005", "EUR", "1.01"),
        ("0.005", "EUR", "0.01"),
        ("1234.5", "JPY", "1235"),
        ("1234.50", "JPY", "1235"),
        ("1.2345", "KWD", "1.235"),
        ("5.00", "KWD", "5.000"),
        ("1e3", "EUR", "1000.00"),
        (Decimal("7.5"), "EUR", "7.50"),
        ("0", "EUR", None),
        ("0.00", "EUR", None),
        ("0.0049", "EUR", None),
        ("-1.00", "EUR", None),
        ("", "EUR", None),
        (None, "EUR", None),
        ("NaN", "EUR", None),
        ("Infinity", "EUR", None),
        ("1e400", "EUR", None),
        ("12,50", "EUR", None),
        ("free", "EUR", None),
        ("19.90", "", None),
        ("19.90", None, None),
        ("19.90", "eur", None),
        ("19.90", "EURO", None),
        ("19.90", "€€€", None),
    ],
)
def test_a_price_is_exact_and_has_the_digits_of_its_currency(price, currency, text):
    assert amount(price, currency) == text


@given(st.decimals("0.01", "999999999", places=4))
def test_any_price_is_rounded_half_up(price):
    assert amount(format(price, "f"), "EUR") == str(price.quantize(Decimal("0.01"), ROUND_HALF_UP))


def test_only_a_lower_price_is_a_sale_price():
    assert reduced("10.00", "9.99", "EUR") == "9.99"
    assert reduced("10.00", "9.999", "EUR") is None
    assert reduced("10.00", "10.01", "EUR") is None
    assert reduced("10.00", "0", "EUR") is None
    assert reduced(None, "9", "EUR") is None
    assert reduced("9", "10", "EUR") is None
    assert reduced("100", "20", "EUR") == "20.00"


def test_a_currency_is_three_capital_letters():
    assert is_currency("EUR")
    assert not any(map(is_currency, ["", None, "eur", "EU", "EURO", "E R", "ÄÖÜ", "12A"]))
