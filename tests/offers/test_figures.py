"""Numbers and days as suppliers write them, settled for a column and never guessed for a cell."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.offers import figures
from sync2sys.offers.figures import BadFigure
from tests.formats.wild import ANY_TEXT


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("1.234,56", "comma", "1234.56"),
        ("1,234.56", "point", "1234.56"),
        ("1 234,56", "comma", "1234.56"),
        ("1\u00a0234,56", "comma", "1234.56"),
        ("1\u202f234,56", "comma", "1234.56"),
        ("1'234.50", "point", "1234.50"),
        ("1’234.50", "point", "1234.50"),
        ("1.234.567", "comma", "1234567"),
        ("1,234", "point", "1234"),
        ("1,234", "comma", "1.234"),
        ("12,-", "comma", "12"),
        ("12,--", "comma", "12"),
        ("12.–", "point", "12"),
        ("-3", "plain", "-3"),
        ("−3,5", "comma", "-3.5"),
        ("3,5-", "comma", "-3.5"),
        (",50", "comma", "0.50"),
        (".5", "point", "0.5"),
        ("0.123", "point", "0.123"),
        ("007", "plain", "7"),
        ("+4", "plain", "4"),
        ("-0", "plain", "0"),
    ],
)
def test_a_number_is_read_as_its_column_writes_it(text, style, value):
    found = figures.number(text, style)
    assert found == Decimal(value)
    assert not found.is_signed() or found < 0


@pytest.mark.parametrize(
    ("text", "style", "code"),
    [
        ("12,50", "point", "other_number_style"),
        ("12.50", "comma", "other_number_style"),
        ("12.50", "plain", "other_number_style"),
        ("1.23,45", "comma", "not_a_number"),
        ("1.234.56", "comma", "not_a_number"),
        ("0.123", "comma", "other_number_style"),
        ("1,2E+05", "comma", "rounded_number"),
        ("4.00638E+12", "point", "rounded_number"),
        ("", "comma", "not_a_number"),
        ("auf Anfrage", "comma", "not_a_number"),
        ("1 2", "plain", "not_a_number"),
        ("١٢", "plain", "not_a_number"),
        ("9" * 16, "plain", "not_a_number"),
        ("9" * 100, "plain", "not_a_number"),
        ("NaN", "point", "not_a_number"),
        ("12;50", "comma", "not_a_number"),
    ],
)
def test_a_number_that_does_not_fit_its_column_is_refused(text, style, code):
    with pytest.raises(BadFigure) as refused:
        figures.number(text, style)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "style", "value", "mark"),
    [
        ("1 234,56 €", "comma", "1234.56", "EUR"),
        ("€12.50", "point", "12.50", "EUR"),
        ("12,50 EUR", "comma", "12.50", "EUR"),
        ("EUR 12,50", "comma", "12.50", "EUR"),
        ("199 Kč", "plain", "199", "CZK"),
        ("19,90 zł", "comma", "19.90", "PLN"),
        ("CHF 1'234.50", "point", "1234.50", "CHF"),
        ("Fr. 12.50", "point", "12.50", "fr"),
        ("12,- €", "comma", "12", "EUR"),
        ("$12.50", "point", "12.50", "$"),
        ("12.50", "point", "12.50", ""),
    ],
)
def test_an_amount_may_have_its_currency_beside_it(text, style, value, mark):
    assert figures.money(text, style) == (Decimal(value), mark)


def test_a_mark_that_several_currencies_share_can_mean_each_of_them():
    assert figures.means("$", "CAD")
    assert not figures.means("$", "EUR")
    assert figures.means("EUR", "EUR")
    assert figures.currency("€") == "EUR"
    assert figures.currency("eur") == "EUR"
    assert figures.currency("$") == ""
    with pytest.raises(BadFigure, match="Two currencies"):
        figures.money("EUR 12 CZK", "plain")


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        (["1.234,56", "12"], "comma"),
        (["1,234", "12.50"], "point"),
        (["1.234", "12,5"], "comma"),
        (["12,50 €", "1.234,00 €"], "comma"),
        (["1", "20", "300"], "plain"),
        (["1 200"], "plain"),
        (["1,234", "2,500"], None),
        (["1.234"], None),
        (["1.234,56", "1,234.56"], None),
        (["12,50", "n/a", ""], "comma"),
        (["text"], None),
        ([], None),
    ],
)
def test_how_a_column_writes_numbers_is_settled_by_all_its_cells_or_not_at_all(cells, style):
    assert figures.number_style(cells).style == style
    assert figures.number_style(reversed(cells)).style == style


def test_why_a_column_is_not_settled_is_told_with_the_cell():
    assert (
        figures.number_style(["1,234"]).why
        == '"1,234" can be read in two ways, and no other cell says which.'
    )
    assert figures.number_style(["1.234,56", "1,234.56"]).why == (
        'Both "1.234,56" and "1,234.56" stand in it.'
    )


@given(st.decimals(0, 999_999_999, places=2), st.sampled_from(["comma", "point"]))
def test_what_is_written_in_a_style_is_read_back_in_it_and_settles_it(amount, style):
    english = f"{amount:,.2f}"
    text = english if style == "point" else english.translate(str.maketrans(",.", ".,"))
    assert figures.number(text, style) == amount
    assert figures.number_style([text]).style == style
    with pytest.raises(BadFigure):
        figures.number(text, "comma" if style == "point" else "point")


@given(ANY_TEXT, st.sampled_from(figures.NUMBER_STYLES))
def test_any_text_is_a_figure_or_refused_with_a_sentence(text, style):
    told = []
    for read in (
        lambda: figures.number(text, style),
        lambda: figures.money(text, style),
        lambda: figures.count(text, style),
        lambda: figures.weight(text, style, "kg"),
        lambda: figures.day(text, "day_first"),
    ):
        try:
            read()
        except BadFigure as bad:
            told.append(bad.message)
    assert all(message.endswith(".") for message in told)
    figures.number_style([text])
    figures.day_style([text])


@pytest.mark.parametrize(
    ("text", "pieces", "at_least", "remark"),
    [
        ("5", 5, False, ""),
        (">10", 10, True, ""),
        ("> 1.000", 1000, True, ""),
        ("10+", 10, True, ""),
        ("mehr als 50", 50, True, ""),
        ("5,00", 5, False, ""),
        ("3,5", 3, False, "fraction"),
        ("-3", 0, False, "negative"),
        ("12 Stück", 12, False, ""),
        ("12 ks", 12, False, ""),
    ],
)
def test_a_count_is_what_surely_is_there(text, pieces, at_least, remark):
    assert figures.count(text, "comma") == (pieces, at_least, remark)


@pytest.mark.parametrize(
    ("text", "code"), [("<5", "below_a_number"), ("viele", "not_a_number"), ("4006381333931", "too_many")]
)
def test_what_is_no_sure_count_is_refused(text, code):
    with pytest.raises(BadFigure) as refused:
        figures.count(text, "comma")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "style", "day"),
    [
        ("2026-12-24", "iso", date(2026, 12, 24)),
        ("2026-12-24T08:00:00Z", "iso", date(2026, 12, 24)),
        ("24.12.2026", "day_first", date(2026, 12, 24)),
        ("4.2.26", "day_first", date(2026, 2, 4)),
        ("4. 2. 2026", "day_first", date(2026, 2, 4)),
        ("12/24/2026", "month_first", date(2026, 12, 24)),
        ("46380", "excel", date(2026, 12, 24)),
        ("46380.25", "excel", date(2026, 12, 24)),
        ("44918", "excel_1904", date(2026, 12, 24)),
    ],
)
def test_a_day_is_read_as_its_column_writes_it(text, style, day):
    assert figures.day(text, style) == day


@pytest.mark.parametrize("text", ["31.02.2026", "12/24/2026", "46380", "KW 12", "24.12.1889", "0.0.00"])
def test_what_is_no_day_in_its_column_is_refused(text):
    with pytest.raises(BadFigure) as refused:
        figures.day(text, "day_first")
    assert refused.value.code == "not_a_day"


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        (["24.12.2026", "01.02.2026"], "day_first"),
        (["01/02/2026", "13/02/2026"], "day_first"),
        (["01/02/2026", "02/13/2026"], "month_first"),
        (["01/02/2026"], None),
        (["13/02/2026", "02/13/2026"], None),
        (["2026-12-24", "24.12.2026"], None),
        (["13/02/2026", "02/13/2026", "01/01/2026"], None),
        (["46380"], "excel"),
        (["2026-12-24", ""], "iso"),
    ],
)
def test_how_a_column_writes_days_is_settled_by_all_its_cells_or_not_at_all(cells, style):
    assert figures.day_style(cells).style == style


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_spreadsheets_number_of_a_day_is_that_day(day):
    serial = (day - date(1899, 12, 30)) // timedelta(days=1)
    assert figures.day(str(serial), "excel") == day


@pytest.mark.parametrize(
    ("text", "unit", "kilograms"),
    [("1,5", "kg", "1.5"), ("1500", "g", "1.5"), ("250 g", "kg", "0.25"), ("2 lbs", "kg", "0.90718474")],
)
def test_a_weight_is_in_kilograms(text, unit, kilograms):
    assert figures.weight(text, "comma", unit) == Decimal(kilograms)
