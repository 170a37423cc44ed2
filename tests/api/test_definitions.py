"""Making a feed one's own: settings, filter, mapping and categories, tried before they are kept."""

import csv
import io
import json

import pytest
from sqlalchemy import update

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel
from tests.api.test_feeds import alice, bob, rendered  # noqa: F401 - fixtures among them
from tests.plugin import assert_error
from tests.services import catalogues
from tests.services.catalogues import plain

SHOP = {
    "1": {"brand": "Acme", "sku": "A", "price": "10"},
    "2": {"brand": "Rig", "sku": "A", "price": "20"},
    "3": {"brand": "Rig", "sku": "B", "price": "30"},
    "4": {"brand": "Rig", "sku": "", "price": "40"},
}


@pytest.fixture
def owner(app, alice):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, SHOP)
    return alice


def rows(app, client, feed):
    rendered(app, feed)
    text = client.get(f"/api/public/feeds/{feed['slug']}").text
    return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_feed_is_made_as_it_is_defined(app, client, owner):
    definition = {
        "filter": {"field": "brand", "is": "rig"},
        "mapping": {"title": {"template": "{brand} {title}"}},
    }
    feed = owner.make(format="csv", published=True, definition=definition)
    assert feed["definition"] == definition
    found = rows(app, client, feed)
    assert {key: row["title"] for key, row in found.items()} == {
        key: f"Rig Thing {key}" for key in ("2", "3", "4")
    }


def test_a_changed_definition_makes_the_feed_anew(app, client, owner):
    feed = owner.make(format="csv", published=True)
    assert len(rows(app, client, feed)) == 4
    changed = owner.call(
        "PATCH", f"/feeds/{feed['id']}", json={"definition": {"filter": {"field": "price", "below": "25"}}}
    )
    assert changed.status_code == 200
    assert set(rows(app, client, feed)) == {"1", "2"}


def test_of_items_with_one_mapped_id_the_first_is_published(app, client, owner):
    feed = owner.make(format="csv", published=True, definition={"mapping": {"id": {"field": "sku"}}})
    found = rows(app, client, feed)
    assert {key: row["title"] for key, row in found.items()} == {"A": "Thing 1", "B": "Thing 3"}
    shown = owner.call("GET", f"/feeds/{feed['id']}/diagnostics").json
    assert (shown["mirrored"], shown["published"], shown["excluded"]) == (4, 2, 2)
    assert [(count["code"], count["field"]) for count in shown["counts"]][:2] == [
        ("duplicate_id", None),
        ("missing", "id"),
    ]
    others = [item for item in shown["items"] if item["key"] == "2"]
    assert [item["issues"][0]["message"].partition(".")[0] for item in others] == [
        "It has the same id in this feed as 1 (Thing 1)"
    ]
    for query in (f"items/{key}/explain" for key in ("1", "2")):
        answer = owner.call("GET", f"/feeds/{feed['id']}/{query}").json
        codes = [issue["code"] for issue in answer["issues"] if issue["severity"] == "error"]
        assert (answer["outcome"] == "excluded") == ("2" in query) == (codes == ["duplicate_id"])
    for query in ("", "?key=2"):
        tried = owner.call("GET", f"/feeds/{feed['id']}/preview{query}").json
        assert tried["excluded"]["duplicate_id"] == 1
        (item,) = (item for item in tried["items"] if item["key"] == "2")
        assert (item["outcome"], item["issues"][0]["value"]) == ("excluded", "A")
        assert "as 1 (Thing 1)" in item["issues"][0]["message"]
    with app.app_context():
        catalogues.fill(owner.channel, {key: row for key, row in SHOP.items() if key != "1"})
    assert {row["title"] for row in rows(app, client, feed).values()} == {"Thing 2", "Thing 3"}


def test_what_was_left_out_by_the_filter_says_so(app, owner):
    feed = owner.make(published=True, definition={"filter": {"field": "brand", "is": ["Rig"]}})
    rendered(app, feed)
    (item,) = owner.call("GET", f"/feeds/{feed['id']}/diagnostics?code=filtered").json["items"]
    assert item["key"] == "1"
    assert "filter leaves it out" in item["issues"][0]["message"]


@pytest.mark.parametrize(
    ("definition", "place"),
    [
        ({"mapping": {"title": {"field": "nothing"}}}, "definition.mapping.title.field"),
        ({"filter": {"any": []}}, "definition.filter.any"),
        ({"sort": "up"}, "definition.sort"),
    ],
)
def test_a_definition_that_cannot_be_used_is_refused_with_its_place(owner, definition, place):
    answer = owner.call("POST", "/feeds", json={"name": "x", "format": "google", "definition": definition})
    assert_error(answer, 400, "Bad Request")
    assert list(answer.json["details"]) == [place]


def test_a_format_that_the_definition_does_not_fit_is_refused(owner):
    feed = owner.make(definition={"mapping": {"custom_label_0": {"constant": "x"}}})
    answer = owner.call("PATCH", f"/feeds/{feed['id']}", json={"format": "csv"})
    assert_error(answer, 400, "Bad Request")
    both = owner.call("PATCH", f"/feeds/{feed['id']}", json={"format": "csv", "definition": {}})
    assert both.status_code == 200


def test_a_preview_shows_what_would_become_of_real_items_and_keeps_nothing(app, owner):
    feed = owner.make(format="csv")
    upper = {"mapping": {"title": {"field": "title", "then": [{"case": "upper"}]}}}
    answer = owner.call("POST", f"/feeds/{feed['id']}/preview", json={"definition": upper, "count": 2})
    assert [item["key"] for item in answer.json["items"]] == ["1", "2"]
    fields = {line["field"]: line for line in answer.json["items"][0]["fields"]}
    assert fields["title"]["value"] == "THING 1"
    assert [step["after"] for step in fields["title"]["steps"]] == ["Thing 1", "THING 1"]
    other = owner.call("POST", f"/feeds/{feed['id']}/preview", json={"format": "google"}).json["items"]
    assert [item["issues"][0]["code"] for item in other] == ["missing"] * 4
    assert owner.call("GET", f"/feeds/{feed['id']}").json["definition"] == {}
    assert owner.call("GET", f"/feeds/{feed['id']}").json["render"] is None


def previewed(owner, feed, **tried):
    """A preview, asked for in an address; the same is answered to a body."""
    query = tried | ({"definition": json.dumps(tried["definition"])} if "definition" in tried else {})
    got = owner.call("GET", f"/feeds/{feed['id']}/preview", query_string=query)
    posted = owner.call("POST", f"/feeds/{feed['id']}/preview", json=tried)
    assert (got.status_code, got.json) == (posted.status_code, posted.json)
    return got


@pytest.mark.parametrize(
    ("tried", "titles"),
    [
        ({}, ["Thing 1", "Thing 2", "Thing 3", "Thing 4"]),
        ({"count": 2}, ["Thing 1", "Thing 2"]),
        ({"definition": {"mapping": {"title": {"field": "brand"}}}, "count": 2}, ["Acme", "Rig"]),
        ({"format": "google", "count": 1}, ["Thing 1"]),
        ({"key": "3"}, ["Thing 3"]),
    ],
)
def test_a_preview_shows_what_is_kept_or_what_is_tried(owner, tried, titles):
    feed = owner.make(format="csv")
    shown = previewed(owner, feed, **tried).json
    lines = [{line["field"]: line["value"] for line in item["fields"]} for item in shown["items"]]
    assert [line["title"] for line in lines] == titles
    assert (shown["published"], shown["excluded"], shown["message"]) == (len(titles), {}, None)


def test_a_preview_of_a_product_shows_all_its_variants(app, owner):
    with app.app_context():
        catalogues.fill(owner.channel, {key: {"product": "7"} for key in ("71", "72")})
    feed = owner.make(format="csv")
    assert [item["key"] for item in previewed(owner, feed, key="7").json["items"]] == ["71", "72"]
    assert [item["key"] for item in previewed(owner, feed, key="72").json["items"]] == ["72"]
    assert_error(previewed(owner, feed, key="8"), 404, "Not Found")


def test_a_preview_looks_on_until_it_finds_what_would_be_published(app, owner):
    with app.app_context():
        catalogues.fill(owner.channel, plain(450) | {"last": {"brand": "Rare"}})
    feed = owner.make(format="csv")
    rare = {"filter": {"field": "brand", "is": "Rare"}}
    shown = previewed(owner, feed, definition=rare, count=2).json
    assert [(item["key"], item["outcome"]) for item in shown["items"]] == [
        ("last", "published"),
        ("1000", "excluded"),
    ]
    assert (shown["lookedAt"], shown["published"], shown["excluded"]) == (451, 1, {"filtered": 450})
    assert shown["message"] is None


def test_a_preview_in_which_nothing_would_be_published_says_so(app, owner):
    with app.app_context():
        catalogues.fill(owner.channel, plain(2100))
    feed = owner.make(format="csv")
    none = {"filter": {"field": "brand", "is": "Nobody's"}}
    shown = previewed(owner, feed, definition=none, count=3).json
    assert [item["outcome"] for item in shown["items"]] == ["excluded"] * 3
    assert (shown["lookedAt"], shown["published"], shown["excluded"]) == (2000, 0, {"filtered": 2000})
    assert shown["message"] == (
        "None of the 2000 items looked at would be published; for 2000 of them the reason is filtered. "
        "Those shown say what to do."
    )


def test_a_preview_of_an_empty_shop_says_so(app, owner):
    with app.app_context():
        catalogues.fill(owner.channel, {})
    shown = previewed(owner, owner.make()).json
    assert (shown["items"], shown["lookedAt"]) == ([], 0)
    assert "Synchronize the store" in shown["message"]


def test_a_preview_of_what_cannot_be_used_says_where(owner, bob):  # noqa: F811
    feed = owner.make()
    answer = previewed(owner, feed, definition={"mapping": {"title": {}}})
    assert_error(answer, 400, "Bad Request")
    assert list(answer.json["details"]) == ["definition.mapping.title"]
    assert_error(bob.call("POST", f"/feeds/{feed['id']}/preview", json={}), 404, "Not Found")
    assert_error(bob.call("GET", f"/feeds/{feed['id']}/preview"), 404, "Not Found")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"definition": "{"}, "not valid JSON"),
        ({"definition": '{"mapping": {}, "mapping": {}}'}, "twice"),
        ({"definition": "[]"}, "does not fit"),
        ({"definition": "NaN"}, "NaN"),
        ({"count": "0"}, ""),
        ({"format": "nonsense"}, ""),
    ],
)
def test_an_address_that_cannot_be_understood_is_a_400(owner, query, words):
    answer = owner.call("GET", f"/feeds/{owner.make()['id']}/preview", query_string=query)
    assert_error(answer, 400, "Bad Request")
    assert words in answer.json["message"]


def test_an_exported_feed_is_the_body_that_makes_it_again(owner):
    feed = owner.make(
        definition={"filter": {"field": "brand", "is": "Rig"}},
        document={"title": "Offers"},
        guard={"drop": 0.3, "outOfStock": False},
    )
    body = owner.call("GET", f"/feeds/{feed['id']}/export").json
    assert body["guard"] == {"drop": 0.3, "outOfStock": False}
    again = owner.call("POST", "/feeds", json=body).json
    assert {name: again[name] for name in body} == {name: feed[name] for name in body}


def test_prices_get_the_tax_that_the_market_wants(app, client, owner):
    with app.app_context():
        transaction(lambda: db.session.execute(update(Channel).values(prices_include_tax=False)))()
        catalogues.fill(owner.channel, SHOP | {"4": {"price": "40", "tax_class": "zero-rate"}})
    tax = {"prices": "with", "rates": {"": "25"}}
    feed = owner.make(format="csv", published=True, definition={"tax": tax})
    found = rows(app, client, feed)
    assert {key: row["price"] for key, row in found.items()} == {"1": "12.50", "2": "25.00", "3": "37.50"}
    (item,) = owner.call("GET", f"/feeds/{feed['id']}/diagnostics?code=tax_unknown").json["items"]
    assert item["key"] == "4"
