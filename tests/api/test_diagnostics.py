"""What an owner learns about the items of a feed."""

import csv
import io

import pytest

from tests.api.test_feeds import alice, bob, rendered  # noqa: F401 - fixtures among them
from tests.plugin import assert_error
from tests.services import catalogues

SHOP = {
    "1": {"gtin": "4006381333931"},
    "2": {"gtin": "123"},
    "3": {"gtin": "4006381333931", "title": "Word " * 60, "brand": ""},
    "4": {"price": "0"},
    "5": {"product": "5", "published": False},
    "6": {"link": "", "images": []},
    "7": {"has_variant": False, "title": "Nothing to buy"},
}


@pytest.fixture
def feed(app, alice):  # noqa: F811
    """A published Google feed of a shop with faults in it."""
    with app.app_context():
        catalogues.fill(alice.channel, SHOP)
    made = alice.make(published=True)
    rendered(app, made)
    return made


def report(owner, feed, query=""):
    answer = owner.call("GET", f"/feeds/{feed['id']}/diagnostics{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def table(owner, feed, query=""):
    with owner.call("GET", f"/feeds/{feed['id']}/diagnostics.csv{query}") as answer:
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == "attachment; filename=diagnostics.csv"
        return list(csv.DictReader(io.StringIO(answer.text)))


def test_everything_mirrored_is_published_or_left_out_with_its_reason(alice, feed):  # noqa: F811
    shown = report(alice, feed)
    assert (shown["mirrored"], shown["published"], shown["excluded"]) == (7, 3, 4)
    assert shown["publishedWithWarnings"] == 2
    counts = [(count["code"], count["field"], count["severity"], count["items"]) for count in shown["counts"]]
    assert counts == [
        ("missing", "link", "error", 1),
        ("no_price", None, "error", 1),
        ("no_variants", None, "error", 1),
        ("not_published", None, "error", 1),
        ("invalid", "gtin", "warning", 1),
        ("missing", "brand", "warning", 1),
        ("truncated", "title", "warning", 1),
    ]


def test_each_item_with_issues_is_listed_with_what_to_do(alice, feed):  # noqa: F811
    shown = report(alice, feed)
    assert shown["total"] == 6
    found = {item["key"]: item for item in shown["items"]}
    assert {key: item["outcome"] for key, item in found.items()} == {
        "2": "published_with_warnings",
        "3": "published_with_warnings",
        "4": "excluded",
        "5": "excluded",
        "6": "excluded",
        "7": "excluded",
    }
    (issue,) = found["2"]["issues"]
    assert issue == {
        "code": "invalid",
        "severity": "warning",
        "field": "gtin",
        "source": ["gtin"],
        "rule": "A GTIN whose length, check digit and prefix are right; any other is left out.",
        "value": "123",
        "limit": 14,
        "message": "gtin was left out: nothing valid can be made of the GTIN (EAN, UPC, ISBN). "
        "Correct it in the shop.",
        "reference": "https://support.google.com/merchants/answer/6324461",
    }
    assert {issue["code"] for issue in found["3"]["issues"]} == {"missing", "truncated"}
    assert found["7"]["title"] == "Nothing to buy"
    assert "needs variants" in found["7"]["issues"][0]["message"]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("?code=missing", ["3", "6"]),
        ("?code=missing&field=brand", ["3"]),
        ("?field=gtin", ["2"]),
        ("?outcome=excluded", ["4", "5", "6", "7"]),
        ("?outcome=excluded&perPage=2&page=2", ["6", "7"]),
        ("?code=never", []),
    ],
)
def test_issues_can_be_looked_for(alice, feed, query, keys):  # noqa: F811
    assert [item["key"] for item in report(alice, feed, query)["items"]] == keys


def test_the_list_is_that_of_the_render_and_says_what_was_noted_then(app, alice, feed):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, SHOP | {"2": {"gtin": "4006381333931"}})
    (item,) = report(alice, feed, "?field=gtin")["items"]
    assert (item["issues"][0]["code"], item["issues"][0]["value"]) == ("invalid", None)
    rendered(app, feed)
    assert report(alice, feed, "?field=gtin")["items"] == []


def test_a_table_for_a_spreadsheet_has_a_line_for_each_issue(app, alice, feed):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, SHOP | {"=1+1": {"brand": ""}})
    rendered(app, feed)
    rows = table(alice, feed)
    assert len(rows) == 11
    assert {row["key"] for row in rows} == {"'=1+1", "2", "3", "4", "5", "6", "7"}
    assert {row["outcome"] for row in rows} == {"excluded", "published_with_warnings"}
    assert len(table(alice, feed, "?outcome=excluded")) == 6


def test_an_item_is_explained_field_by_field(alice, feed):  # noqa: F811
    shown = alice.call("GET", f"/feeds/{feed['id']}/items/2/explain").json
    assert (shown["key"], shown["outcome"]) == ("2", "published_with_warnings")
    fields = {line["field"]: line for line in shown["fields"]}
    assert fields["price"]["value"] == "10.00 EUR"
    assert fields["price"]["found"] == {"price": "10.00", "currency": "EUR"}
    assert fields["price"]["required"] is True
    assert fields["gtin"]["value"] is None
    assert fields["title"]["limit"] == 150
    assert all(line["rule"].endswith(".") for line in shown["fields"])


def test_what_is_not_there_is_a_404(alice, bob, feed):  # noqa: F811
    assert_error(alice.call("GET", f"/feeds/{feed['id']}/items/99/explain"), 404, "Not Found")
    unrendered = alice.make(name="Another")
    assert_error(alice.call("GET", f"/feeds/{unrendered['id']}/diagnostics"), 404, "Not Found")
    for path in ("diagnostics", "diagnostics.csv", "items/2/explain"):
        assert_error(bob.call("GET", f"/feeds/{feed['id']}/{path}"), 404, "Not Found")


def test_a_question_that_is_not_understood_is_a_400(alice, feed):  # noqa: F811
    assert_error(alice.call("GET", f"/feeds/{feed['id']}/diagnostics?outcome=fine"), 400, "Bad Request")
