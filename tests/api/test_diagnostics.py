"""What an owner learns about the items of a feed."""

import csv
import io
from contextlib import contextmanager

import pytest
from sqlalchemy import event, update

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel
from tests.api.test_feeds import alice, bob, rendered  # noqa: F401 - fixtures among them
from tests.plugin import assert_error
from tests.services import catalogues
from tests.services.catalogues import plain

SHOP = {
    "1": {"gtin": "4006381333931"},
    "2": {"gtin": "123", "sku": "A-2"},
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


def test_everything_mirrored_is_published_or_left_out_with_its_reason(alice, feed):  # noqa: F811
    shown = report(alice, feed)
    assert (shown["mirrored"], shown["published"], shown["excluded"]) == (7, 3, 4)
    assert shown["publishedWithWarnings"] == 2
    counts = [(count["code"], count["field"], count["severity"], count["items"]) for count in shown["counts"]]
    assert counts == [
        ("missing", "image_link", "error", 1),
        ("missing", "link", "error", 1),
        ("no_price", None, "error", 1),
        ("no_variants", None, "error", 1),
        ("not_published", None, "error", 1),
        ("truncated", "title", "warning", 1),
        ("wrong_length", "gtin", "warning", 1),
        ("missing", "brand", "info", 1),
    ]
    assert shown["counts"][1]["message"] == "link is empty. Fill in the link in the shop."


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
    assert list(found) == ["4", "6", "7", "5", "2", "3"]
    item = found["2"]
    (issue,) = item.pop("issues")
    assert item == {
        "key": "2",
        "productKey": "2",
        "title": "Thing 2",
        "variant": "",
        "sku": "A-2",
        "link": "https://shop.example/p",
        "editLink": "https://shop.example/wp-admin/post.php?post=2&action=edit",
        "outcome": "published_with_warnings",
    }
    assert issue == {
        "code": "wrong_length",
        "severity": "warning",
        "field": "gtin",
        "source": ["gtin"],
        "rule": "A GTIN whose length, check digit and prefix are right; any other is left out.",
        "value": "123",
        "limit": 14,
        "message": "gtin was left out: the GTIN (EAN, UPC, ISBN) does not have 8, 12, 13 or 14 digits. "
        "Copy all of it from the package.",
        "reference": "https://support.google.com/merchants/answer/6324461",
    }
    assert [issue["code"] for issue in found["3"]["issues"]] == ["truncated"]
    (item,) = report(alice, feed, "?severity=info")["items"]
    assert [issue["code"] for issue in item["issues"]] == ["truncated", "missing"]
    assert found["7"]["title"] == "Nothing to buy"
    assert "needs variants" in found["7"]["issues"][0]["message"]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("?code=missing", ["6", "3"]),
        ("?code=missing&field=brand", ["3"]),
        ("?code=missing&severity=error", ["6"]),
        ("?field=gtin", ["2"]),
        ("?severity=warning", ["2", "3"]),
        ("?severity=info", ["3"]),
        ("?outcome=excluded", ["4", "6", "7", "5"]),
        ("?outcome=excluded&perPage=2&page=2", ["7", "5"]),
        ("?perPage=2&page=3", ["2", "3"]),
        ("?perPage=4&page=3", []),
        ("?code=never", []),
    ],
)
def test_issues_can_be_looked_for(alice, feed, query, keys):  # noqa: F811
    assert [item["key"] for item in report(alice, feed, query)["items"]] == keys


def test_the_list_is_that_of_the_render_and_says_what_was_noted_then(app, alice, feed):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, SHOP | {"2": {"gtin": "4006381333931"}})
    (item,) = report(alice, feed, "?field=gtin")["items"]
    assert (item["issues"][0]["code"], item["issues"][0]["value"]) == ("wrong_length", None)
    rendered(app, feed)
    assert report(alice, feed, "?field=gtin")["items"] == []


def test_a_table_for_a_spreadsheet_has_a_line_for_each_issue(app, alice, feed):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, SHOP | {"=1+1": {"gtin": "123", "title": "＝cmd", "sku": "-1"}})
    rendered(app, feed)
    rows = table(alice, feed)
    assert len(rows) == 8
    assert {row["key"] for row in rows} == {"'=1+1", "2", "3", "4", "5", "6", "7"}
    row = next(row for row in rows if row["key"] == "'=1+1")
    assert (row["title"], row["sku"], row["value"]) == ("'＝cmd", "'-1", "123")
    assert (row["code"], row["severity"], row["limit"]) == ("wrong_length", "warning", "14")
    assert row["edit_link"] == "https://shop.example/wp-admin/post.php?post=%3D1%2B1&action=edit"
    assert {row["outcome"] for row in rows} == {"excluded", "published_with_warnings"}
    assert len(table(alice, feed, "?outcome=excluded")) == 5
    assert {row["code"] for row in table(alice, feed, "?severity=info")} == {"missing"}


def table(owner, feed, query=""):
    """The rows of the table, by column."""
    with owner.call("GET", f"/feeds/{feed['id']}/diagnostics.csv{query}") as answer:
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == "attachment; filename=diagnostics.csv"
        return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


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
    for query in ("outcome=fine", "severity=fatal", "page=0"):
        answer = alice.call("GET", f"/feeds/{feed['id']}/diagnostics?{query}")
        assert_error(answer, 400, "Bad Request")


def test_what_is_wrong_with_the_whole_feed_is_counted_and_not_listed_item_by_item(app, alice):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, plain(30, sku="A") | {"bad": {"price": "0"}})
    feed = alice.make(format="skroutz", published=True)
    rendered(app, feed)
    shown = report(alice, feed)
    assert [(count["code"], count["field"], count["items"]) for count in shown["counts"]] == [
        ("setting", "vat", 31),
        ("missing", "mpn", 1),
        ("no_price", None, 1),
    ]
    assert "setting vat is missing" in shown["counts"][0]["message"]
    assert [item["key"] for item in shown["items"]] == ["bad"]
    assert report(alice, feed, "?code=setting&perPage=1")["total"] == 31


@pytest.mark.parametrize(
    ("facts", "code", "value"),
    [({"currency": ""}, "no_currency", None), ({"weight_unit": "st"}, "unknown_unit", "st")],
)
def test_what_is_wrong_with_the_whole_shop_is_not_listed_item_by_item(app, alice, facts, code, value):  # noqa: F811
    with app.app_context():
        transaction(lambda: db.session.execute(update(Channel).values(**facts)))()
        catalogues.fill(alice.channel, plain(30, weight="2"))
    feed = alice.make(published=True)
    rendered(app, feed)
    shown = report(alice, feed)
    assert (shown["items"], shown["counts"][0]["code"], shown["counts"][0]["items"]) == ([], code, 30)
    item = report(alice, feed, f"?code={code}&perPage=1")["items"][0]
    assert [issue["value"] for issue in item["issues"]] == [value]


def test_hints_do_not_hide_what_is_wrong(app, alice):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, plain(30, gtin="") | {"bad": {"gtin": "1"}})
    feed = alice.make(published=True)
    rendered(app, feed)
    shown = report(alice, feed)
    assert (shown["published"], shown["publishedWithWarnings"]) == (31, 1)
    assert [(count["code"], count["severity"], count["items"]) for count in shown["counts"]] == [
        ("wrong_length", "warning", 1),
        ("missing", "info", 30),
    ]
    assert [item["key"] for item in shown["items"]] == ["bad"]
    assert report(alice, feed, "?outcome=published")["total"] == 30


def test_a_held_render_is_told_of_when_it_is_asked_for(app, alice, feed):  # noqa: F811
    assert_error(alice.call("GET", f"/feeds/{feed['id']}/diagnostics?held=true"), 404, "Not Found")
    nothing = {"filter": {"field": "brand", "is": "Nobody's"}}
    alice.call("PATCH", f"/feeds/{feed['id']}", json={"definition": nothing})
    rendered(app, feed)
    assert report(alice, feed)["published"] == 3
    shown = report(alice, feed, "?held=true")
    assert (shown["published"], shown["counts"][0]["code"]) == (0, "no_variants")
    assert {row["code"] for row in table(alice, feed, "?held=true")} == {"filtered", "no_variants"}
    assert "left out for filtered" in alice.call("GET", f"/feeds/{feed['id']}").json["problem"]


def test_an_item_that_is_gone_since_the_render_is_still_told_of(app, alice, feed):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, {key: row for key, row in SHOP.items() if key not in ("2", "7")})
    shown = report(alice, feed)
    (item,) = [each for each in shown["items"] if each["key"] == "2"]
    assert (item["title"], item["link"], item["editLink"]) == ("", None, "")
    assert item["issues"][0]["code"] == "wrong_length"


def test_a_variant_is_told_by_its_product_and_what_sets_it_apart(app, alice):  # noqa: F811
    shirt = {"product": "10", "kind": "variable", "title": "Shirt", "gtin": "1"}
    with app.app_context():
        catalogues.fill(
            alice.channel, {"11": shirt | {"options": {"Colour": "Blue", "Size": "42"}, "sku": "S"}}
        )
    feed = alice.make(published=True)
    rendered(app, feed)
    (item,) = report(alice, feed)["items"]
    assert (item["key"], item["productKey"], item["title"], item["variant"]) == (
        "11",
        "10",
        "Shirt",
        "Blue, 42",
    )
    assert item["editLink"].endswith("/wp-admin/post.php?post=10&action=edit")


def test_a_variant_with_the_options_of_another_one_is_told_of_wherever_one_looks(app, alice):  # noqa: F811
    shirt = {"product": "10", "kind": "variable", "gtin": "4006381333931"}
    options = {"11": "S", "12": "M", "13": "S", "14": "S", "15": ""}
    shop = {key: shirt | {"options": {"Size": size} if size else {}} for key, size in options.items()}
    with app.app_context():
        catalogues.fill(alice.channel, shop | {"12": shop["12"] | {"published": True}})
    feed = alice.make(published=True)
    rendered(app, feed)
    found = report(alice, feed, "?code=same_options")
    assert [(item["key"], item["issues"][0]["value"]) for item in found["items"]] == [
        ("13", "Size: S"),
        ("14", "Size: S"),
    ]
    assert "refuses variants that nothing tells apart" in found["items"][0]["issues"][0]["message"]
    explained = {key: alice.call("GET", f"/feeds/{feed['id']}/items/{key}/explain").json for key in options}
    tried = {item["key"]: item for item in alice.call("GET", f"/feeds/{feed['id']}/preview").json["items"]}
    for shown in (explained, tried):
        codes = {key: [issue["code"] for issue in item["issues"]] for key, item in shown.items()}
        assert {key for key in codes if "same_options" in codes[key]} == {"13", "14"}


def test_items_of_two_stores_are_edited_each_in_its_own(app, alice):  # noqa: F811
    with app.app_context():
        other = catalogues.channel(alice.organization, home="https://other.example/shop/")
        catalogues.fill(alice.channel, {"1": {"gtin": "1"}})
        catalogues.fill(other, {"1": {"gtin": "2"}, "2": {"has_variant": False}})
    feed = alice.make(published=True)
    rendered(app, feed)
    # Among the published ones the order is that of the keys, and the second store's begin with its random id.
    excluded, *published = [item["editLink"] for item in report(alice, feed)["items"]]
    assert excluded == "https://other.example/shop/wp-admin/post.php?post=2&action=edit"
    assert sorted(published) == [
        "https://other.example/shop/wp-admin/post.php?post=1&action=edit",
        "https://shop.example/wp-admin/post.php?post=1&action=edit",
    ]


def test_a_page_of_items_is_looked_up_at_once(app, alice):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, plain(150, gtin="1"))
    feed = alice.make(published=True)
    rendered(app, feed)
    few, many = (asked(app, alice, feed, per_page) for per_page in (1, 100))
    assert len(few) == len(many) < 20


def asked(app, owner, feed, per_page):
    """The queries of one report."""
    seen = []
    with app.app_context():
        engine = db.engine
    with counted(engine, seen):
        assert len(report(owner, feed, f"?perPage={per_page}")["items"]) == per_page
    return seen


@contextmanager
def counted(engine, seen):
    def note(connection, cursor, statement, *rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
