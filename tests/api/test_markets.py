"""A feed for a market: what its shop says of tax and what its owner says of the market, in its file."""

import csv
import io
import re

import pytest
from sqlalchemy import update

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel
from tests.api.test_feeds import alice, rendered  # noqa: F401 - a fixture among them
from tests.plugin import assert_error
from tests.services import catalogues

SHOP = {
    "1": {"price": "10"},
    "2": {"price": "100", "tax_class": "reduced-rate"},
    "3": {"price": "1000", "tax_class": "odd"},
}
RATES = {"DE": {"": "19", "reduced-rate": "7"}, "AT": {"": "20", "reduced-rate": "10"}}
GERMANY = {"market": {"country": "DE", "language": "de"}}


def set_facts(app, owner, **facts):
    with app.app_context():
        transaction(
            lambda: db.session.execute(update(Channel).where(Channel.id == owner.channel).values(**facts))
        )()
        catalogues.touch(owner.channel)


@pytest.fixture
def owner(app, alice):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, SHOP)
    set_facts(app, alice, prices_include_tax=False, charges_tax=True, tax_rates=RATES)
    return alice


def text_of(app, client, feed):
    rendered(app, feed)
    return client.get(f"/api/public/feeds/{feed['slug']}").text


def prices(app, client, feed):
    found = csv.DictReader(io.StringIO(text_of(app, client, feed)), delimiter="\t")
    return {row["id"]: row["price"] for row in found}


def test_prices_get_the_tax_of_the_market_at_the_rates_of_the_shop(app, client, owner):
    feed = owner.make(format="google-tsv", published=True, definition=GERMANY)
    assert prices(app, client, feed) == {"1": "11.90 EUR", "2": "107.00 EUR"}
    austria = owner.make(format="google-tsv", published=True, definition={"market": {"country": "AT"}})
    assert prices(app, client, austria) == {"1": "12.00 EUR", "2": "110.00 EUR"}


def test_a_class_without_a_rate_is_named_with_what_to_do(app, owner):
    feed = owner.make(format="google-tsv", published=True, definition=GERMANY)
    rendered(app, feed)
    shown = owner.call("GET", f"/feeds/{feed['id']}/diagnostics?code=tax_unknown").json
    (item,) = shown["items"]
    assert item["key"] == "3"
    (message,) = [issue["message"] for issue in item["issues"] if issue["severity"] == "error"]
    assert message.endswith(
        'its tax class "odd" has no rate. Give it one in the shop, or in the definition as tax.rates."odd".'
    )
    assert shown["counts"][0]["code"] == "tax_unknown"


def test_what_the_owner_says_of_a_rate_comes_first(app, client, owner):
    definition = GERMANY | {"tax": {"rates": {"": "25", "odd": "0"}}}
    feed = owner.make(format="google-tsv", published=True, definition=definition)
    assert prices(app, client, feed) == {"1": "12.50 EUR", "2": "107.00 EUR", "3": "1000.00 EUR"}


def test_tax_that_prices_include_is_that_of_the_shops_own_country(app, client, owner):
    set_facts(app, owner, prices_include_tax=True)
    feed = owner.make(format="google-tsv", published=True, definition={"market": {"country": "US"}})
    assert prices(app, client, feed) == {"1": "8.40 EUR", "2": "93.46 EUR"}


def test_a_shop_that_charges_no_tax_has_one_price(app, client, owner):
    set_facts(app, owner, charges_tax=False, tax_rates={})
    feed = owner.make(format="google-tsv", published=True, definition=GERMANY)
    assert prices(app, client, feed) == {"1": "10.00 EUR", "2": "100.00 EUR", "3": "1000.00 EUR"}


def test_a_changed_rate_makes_the_feeds_anew_that_use_it_and_no_others(app, client, owner):
    with_tax = owner.make(format="google-tsv", published=True, definition=GERMANY)
    as_kept = owner.make(format="google-tsv", published=True)
    before = [text_of(app, client, feed) for feed in (with_tax, as_kept)]
    set_facts(app, owner, tax_rates=RATES | {"DE": {"": "16", "reduced-rate": "5"}})
    after = [text_of(app, client, feed) for feed in (with_tax, as_kept)]
    assert "11.60 EUR" in after[0]
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_without_a_market_prices_stay_as_they_are_and_the_owner_is_told_once(app, client, owner):
    feed = owner.make(format="google-tsv", published=True)
    assert prices(app, client, feed) == {"1": "10.00 EUR", "2": "100.00 EUR", "3": "1000.00 EUR"}
    remarks = owner.call("GET", f"/feeds/{feed['id']}").json["remarks"]
    assert [remark["code"] for remark in remarks] == ["prices_as_kept"]
    assert remarks[0]["message"].endswith("Set market.country or tax.prices.")
    assert owner.call("GET", f"/feeds/{feed['id']}/diagnostics").json["remarks"] == remarks
    (listed,) = owner.call("GET", "/feeds").json["items"]
    assert listed["remarks"] == remarks
    changed = owner.call("PATCH", f"/feeds/{feed['id']}", json={"definition": GERMANY}).json
    assert changed["remarks"] == []


def test_stores_of_several_currencies_keep_theirs_where_prices_name_them(app, client, owner):
    with app.app_context():
        other = catalogues.channel(owner.organization, currency="USD", name="Abroad")
        catalogues.fill(other, {"9": {"price": "5"}})
    google = owner.make(format="google-tsv", published=True)
    assert sorted(prices(app, client, google).values())[-1] == "5.00 USD"
    kelkoo = owner.make(format="kelkoo", published=True)
    text = text_of(app, client, kelkoo)
    assert re.findall("<price>(.*)</price>", text) == ["10.00", "100.00", "1000.00"]
    (item,) = owner.call("GET", f"/feeds/{kelkoo['id']}/diagnostics?code=wrong_currency").json["items"]
    assert (item["key"][8:], item["outcome"]) == ("-9", "excluded")
    codes = [each["code"] for each in owner.call("GET", f"/feeds/{kelkoo['id']}").json["remarks"]]
    assert codes == ["prices_as_kept", "currency_as_kept", "wrong_currency"]


def test_a_feed_for_one_country_tells_its_language_and_what_delivery_costs(app, client, owner):
    lines = [{"service": "Post", "price": "4.90", "free_from": "100"}]
    feed = owner.make(format="google", published=True, definition=GERMANY | {"shipping": lines})
    text = text_of(app, client, feed)
    assert "<language>de</language>" in text
    assert re.findall(
        "<g:country>DE</g:country>\n<g:service>Post</g:service>\n<g:price>(.*)</g:price>", text
    ) == [
        "4.90 EUR",
        "0.00 EUR",
    ]
    explained = owner.call("GET", f"/feeds/{feed['id']}/items/1/explain").json["fields"]
    (shipping,) = [line for line in explained if line["field"] == "shipping"]
    assert shipping["value"] == [{"country": "DE", "service": "Post", "price": "4.90 EUR"}]


@pytest.mark.parametrize(
    ("format", "definition", "place", "hint"),
    [
        ("google", {"market": {"country": "UK"}}, "definition.market.country", 'Did you mean "GB"?'),
        ("google", {"market": {"language": "xx"}}, "definition.market.language", "Write two letters"),
        ("heureka-sk", {"market": {"country": "CZ"}}, "definition.market.country", 'Write "SK".'),
        ("csv", {"tax": {"rates": {"": "19"}}}, "definition.tax.prices", '"with" or "without"'),
        ("csv", {"shipping": []}, "definition.shipping", "Leave it out"),
        ("google", {"shipping": [{"price": "4.90"}]}, "definition.shipping.0.country", "market.country"),
        (
            "heureka-cz",
            {"shipping": [{"country": "CZ", "price": "99", "carrier": "DHLL"}]},
            "definition.shipping.0.carrier",
            'Did you mean "DHL"?',
        ),
        ("microsoft", {"settings": {"shipping": "DE:::4.90"}}, "definition.settings.shipping", "Remove this"),
    ],
)
def test_what_cannot_be_of_a_market_is_refused_with_its_place(owner, format, definition, place, hint):
    answer = owner.call("POST", "/feeds", json={"name": "x", "format": format, "definition": definition})
    assert_error(answer, 400, "Bad Request")
    ((found, messages),) = answer.json["details"].items()
    assert found == place
    assert hint in messages[0]


def test_a_channel_shows_what_its_shop_says_of_tax(owner):
    shown = owner.call("GET", f"/channels/{owner.channel}").json
    assert shown["taxRates"] == RATES
    assert (shown["country"], shown["pricesIncludeTax"], shown["chargesTax"]) == ("DE", False, True)
