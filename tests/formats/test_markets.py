"""The market of a feed, and what channels want there."""

import pytest
from hypothesis import given

from sync2sys.formats import FORMATS, countries, custom, markets
from sync2sys.formats.base import EACH, LOCAL
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.renderer import Renderer
from tests.formats.catalogue import CONTEXT, item, sold
from tests.formats.wild import documents

ANYWHERE = CONTEXT._replace(market=markets.Market())


def renderer(name, currency="EUR", **definition):
    context = ANYWHERE._replace(currency=currency)
    return Renderer(FORMATS[name], context, custom.parse(FORMATS[name], definition))


def test_every_country_has_a_currency_but_one():
    assert len(countries.CURRENCY) == 249
    assert [country for country, code in countries.CURRENCY.items() if not code] == ["AQ"]
    assert all(len(country) == 2 and len(code or "EUR") == 3 for country, code in countries.CURRENCY.items())


@pytest.mark.parametrize(
    ("spec", "market"),
    [
        ({}, ("", "")),
        ({"country": "DE", "language": "de"}, ("DE", "de")),
        ({"country": " at ", "language": "DE-at"}, ("AT", "de-AT")),
        ({"language": "ZH-hant-tw"}, ("", "zh-Hant-TW")),
    ],
)
def test_a_market_is_a_country_and_a_language(spec, market):
    assert markets.parse(spec) == market


@pytest.mark.parametrize(
    ("spec", "path", "hint"),
    [
        ({"country": "UK"}, "country", 'Did you mean "GB"?'),
        ({"country": "XX"}, "country", "Write two letters"),
        ({"country": "Germany"}, "country", "Write two letters"),
        ({"country": 49}, "country", "in quotes"),
        ({"language": "xx"}, "language", "Write two letters"),
        ({"language": "de_DE"}, "language", "de-AT"),
        ({"language": "german"}, "language", "Write two letters"),
        ({"currency": "EUR"}, "currency", "Remove this"),
        ([], "", "object"),
    ],
)
def test_what_is_no_market_is_refused_with_its_place(spec, path, hint):
    with pytest.raises(BadDefinition) as refused:
        markets.parse(spec)
    assert refused.value.path == path
    assert hint in refused.value.message


@given(documents(["country", "language"], ["DE", "de", "de-AT", "UK", "zz"]))
def test_a_wild_market_is_read_or_refused(spec):
    try:
        found = markets.parse(spec)
    except BadDefinition:
        pass
    else:
        assert found.country in {"", *countries.CURRENCY}
        assert found.language[:2] in {"", *countries.LANGUAGES}


def test_a_channel_of_one_country_takes_no_other():
    with pytest.raises(BadDefinition) as refused:
        renderer("heureka-cz", market={"country": "SK"})
    assert (refused.value.path, refused.value.message) == (
        "market.country",
        'This channel sells in CZ. Write "CZ".',
    )


# With tax or without


@pytest.mark.parametrize(
    ("name", "country", "wanted"),
    [
        ("google", "DE", "with"),
        ("google", "AU", "with"),
        ("google", "US", "without"),
        ("google-supplemental", "CA", "without"),
        ("google", "", None),
        ("heureka-cz", "CZ", "with"),
        ("skroutz", "", "with"),
        ("meta", "FR", "with"),
        ("meta", "GB", "with"),
        ("meta", "US", None),
        ("meta", "", None),
    ],
)
def test_a_channel_wants_prices_with_tax_or_without_by_country(name, country, wanted):
    assert FORMATS[name].wish.of(country) == wanted


def test_our_own_formats_want_nothing():
    assert {name for name, format in FORMATS.items() if format.wish is None} == {
        "csv", "tsv", "json", "jsonl", "xml"
    }  # fmt: skip


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_a_wish_says_where_it_is_written(format):
    assert format.wish is None or (format.wish.words and format.wish.source)


@pytest.mark.parametrize(
    ("definition", "included", "expected"),
    [
        ({}, 0, "100.00 EUR"),
        ({"market": {"language": "de"}}, 0, "100.00 EUR"),
        ({"market": {"country": "DE"}}, 0, "119.00 EUR"),
        ({"market": {"country": "DE"}}, 1, "100.00 EUR"),
        ({"market": {"country": "US"}}, 0, "100.00 EUR"),
        ({"market": {"country": "US"}}, 1, "84.03 EUR"),
        ({"market": {"country": "DE"}, "tax": {"prices": "without"}}, 0, "100.00 EUR"),
        ({"market": {"country": "DE"}, "tax": {"rates": {"": "20"}}}, 0, "120.00 EUR"),
        ({"tax": {"prices": "with"}}, 0, "119.00 EUR"),
    ],
)
def test_what_the_owner_says_comes_before_what_the_channel_wants_and_that_before_the_shop(
    definition, included, expected
):
    made = renderer("google", **definition)
    each = item(price="100", prices_include_tax=included, tax_rates='{"":"19"}')
    assert {line.field.name: line.value for line in made.explain(each)}["price"] == expected


def test_rates_are_no_use_where_nobody_wants_prices_in_another_way():
    with pytest.raises(BadDefinition) as refused:
        renderer("csv", market={"country": "DE"}, tax={"rates": {"": "19"}})
    assert refused.value.path == "tax.prices"


def test_an_explanation_shows_a_conversion_and_nothing_where_there_is_none():
    made = renderer("google", market={"country": "DE"})
    each = item(price="100", prices_include_tax=0, tax_rates='{"":"19"}')
    steps = {line.field.name: line.steps for line in made.explain(each)}
    assert [(step.what, step.before, step.after) for step in steps["price"]] == [
        ("with tax", "100", "119.0000")
    ]
    steps = {line.field.name: line.steps for line in made.explain(each._replace(prices_include_tax=1))}
    assert list(steps["price"]) == []


def test_what_is_not_taxed_has_a_price_whatever_the_shop_says():
    made = renderer("google", market={"country": "DE"})
    each = item(price="100", prices_include_tax=None, taxable=0)
    assert made.reasons(each) == []
    unknown = each._replace(taxable=1)
    assert made.reasons(unknown) == ["tax_unknown"]
    assert "does not say whether its prices include tax" in made.issues(unknown)[0].message


def test_a_class_at_which_several_taxes_add_up_has_no_rate():
    made = renderer("google", market={"country": "DE"})
    assert made.reasons(item(prices_include_tax=0, tax_rates='{"":null}')) == ["tax_unknown"]


def test_skroutz_gets_the_rate_of_each_item_unless_one_is_set_for_all():
    rates = {"market": {"country": "GR"}, "tax": {"rates": {"": "24"}}}
    made = Renderer(
        FORMATS["skroutz"], ANYWHERE._replace(settings={}), custom.parse(FORMATS["skroutz"], rates)
    )

    def vat(**changes):
        return {line.field.name: line.value for line in made.explain(item(**changes))}["vat"]

    assert vat() == "24.00"
    assert vat(tax_class="books", tax_rates='{"books":"6"}') == "6.00"
    assert vat(taxable=0) == "0.00"
    assert vat(tax_class="odd") is None
    assert ("setting", "vat") in [(issue.code, issue.field) for issue in made.issues(item(tax_class="odd"))]


# Language


def test_a_feed_of_one_language_says_so_in_rss():
    head = renderer("google", market={"language": "de-AT"}).prologue().decode()
    assert head.endswith("<language>de-AT</language>\n")
    assert "<language>" not in renderer("google").prologue().decode()


# Country


def test_a_channel_that_wants_the_country_takes_it_from_the_market():
    made = renderer("openai", market={"country": "AT"})
    lines = {line.field.name: line.value for line in made.explain(item())}
    assert (lines["target_countries"], lines["store_country"]) == (("AT",), "AT")
    abroad = renderer("openai", market={"country": "AT"}, settings={"storeCountry": "DE"})
    assert {line.field.name: line.value for line in abroad.explain(item())}["store_country"] == "DE"


def test_without_a_country_it_says_where_to_set_one():
    issues = {issue.field: issue for issue in renderer("openai").issues(item())}
    assert issues["target_countries"].code == "market"
    assert "Set market.country" in issues["target_countries"].message


# Currency


@pytest.mark.parametrize(("name", "takes"), [("heureka-cz", "CZK"), ("ceneo", "PLN"), ("skroutz", "EUR")])
def test_a_channel_of_one_currency_publishes_no_price_in_another(name, takes):
    made, dollars = renderer(name), item(currency="USD", brand="Acme")
    assert made.chunk([dollars]).left_out == [dollars]
    assert made.reasons(dollars) == ["wrong_currency"]
    assert f"in USD, and the feed takes {takes}." in made.issues(dollars)[0].message
    assert made.reasons(dollars._replace(currency=takes)) == []


@pytest.mark.parametrize("name", ["idealo", "kelkoo", "pricerunner"])
def test_a_file_that_names_no_currency_has_that_of_its_market(name):
    swiss = renderer(name, market={"country": "CH"})
    assert [swiss.reasons(item(currency=code)) for code in ("CHF", "EUR")] == [[], ["wrong_currency"]]


@pytest.mark.parametrize("name", ["idealo", "kelkoo", "pricerunner"])
def test_without_a_market_it_has_that_of_the_first_store(name):
    made = renderer(name, currency="SEK")
    assert [made.reasons(item(currency=code)) for code in ("SEK", "EUR")] == [[], ["wrong_currency"]]


def test_where_each_price_names_its_currency_all_are_published():
    made = renderer("google", market={"country": "DE"})
    assert made.reasons(item(currency="USD")) == []


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_a_file_that_names_no_currency_takes_one(format):
    """No format writes bare prices in whatever currency."""
    made = Renderer(format, CONTEXT)
    (only,) = sold(format, [item(price="4321")])
    text = made.render(only).decode()
    assert (format.currency == EACH) == (only.currency in text)
    assert format.currency in (EACH, LOCAL) or countries.CURRENCY[format.country] == format.currency
