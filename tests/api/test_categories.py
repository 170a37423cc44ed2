"""Google's taxonomy, and what the categories of a feed's shops are in it."""

import csv
import io

import pytest

from tests.api.test_feeds import TIME, alice, bob, rendered  # noqa: F401 - fixtures among them
from tests.plugin import assert_error
from tests.services import catalogues, taxonomies

SHOP = {
    "1": {"categories": ["Shoes"]},
    "2": {"categories": ["Shoes > Running", "Sale"]},
    "3": {"categories": ["Shoes > Running", "Sale"], "product": "2"},
    "4": {"categories": ["Shoes > Running > Trail", "Shoes"]},
    "5": {"categories": ["Kitchen > Knives"]},
    "6": {"categories": []},
}
RULES = {"Shoes": 11, "Shoes > Running": "apparel>shoes > running shoes"}


@pytest.fixture
def owner(app, alice):  # noqa: F811
    with app.app_context():
        catalogues.fill(alice.channel, SHOP)
    return alice


def listed(owner, feed, query=""):
    answer = owner.call("GET", f"/feeds/{feed['id']}/categories{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def by_path(shown):
    return {category["path"]: category for category in shown["items"]}


# The taxonomy -------------------------------------------------------------------------------------


def test_without_a_taxonomy_that_is_said_and_nothing_is_suggested(alice):  # noqa: F811
    nothing = {"version": None, "categories": 0, "loadedAt": None, "suggestions": []}
    assert alice.call("GET", "/taxonomy").json == nothing
    assert alice.call("GET", "/taxonomy?q=shoes").json == nothing


def test_the_loaded_taxonomy_says_its_version_and_suggests(app, alice):  # noqa: F811
    taxonomies.load(app)
    shown = alice.call("GET", "/taxonomy").json
    assert TIME.match(shown.pop("loadedAt"))
    assert shown == {"version": "2026-01-01", "categories": 7, "suggestions": []}
    best, *more = alice.call("GET", "/taxonomy", query_string={"q": "Trail running shoe"}).json["suggestions"]
    assert (best["id"], best["path"]) == (12, "Apparel > Shoes > Running Shoes")
    assert 0 < more[0]["likeness"] < best["likeness"] < 1
    assert_error(alice.call("GET", f"/taxonomy?q={'x' * 201}"), 400, "Bad Request")


# Rules in a definition ----------------------------------------------------------------------------


def test_rules_are_kept_as_the_taxonomy_spells_them_and_fill_the_feed(app, client, owner):
    taxonomies.load(app)
    definition = {"categories": RULES | {"Kitchen": "21"}}
    feed = owner.make(format="meta", published=True, definition=definition)
    kept = {"Shoes": 11, "Shoes > Running": "Apparel > Shoes > Running Shoes", "Kitchen": 21}
    assert feed["definition"] == {"categories": kept}
    rendered(app, feed)
    rows = csv.DictReader(io.StringIO(client.get(f"/api/public/feeds/{feed['slug']}").text))
    assert {row["id"]: row["google_product_category"] for row in rows} == {
        "1": "11",
        "2": "Apparel > Shoes > Running Shoes",
        "3": "Apparel > Shoes > Running Shoes",
        "4": "Apparel > Shoes > Running Shoes",
        "5": "21",
        "6": "",
    }


def test_without_a_taxonomy_rules_are_taken_as_they_are_written(owner):
    rules = {"Shoes": 999, "Hats": "Nobody's > Hats"}
    feed = owner.make(definition={"categories": {"Shoes": "999", "Hats": "Nobody's>Hats"}})
    assert feed["definition"] == {"categories": rules}
    shown = by_path(listed(owner, feed))
    assert shown["Shoes"]["category"] == {"id": 999, "path": None, "isGone": False}
    assert shown["Hats"]["category"] == {"id": None, "path": "Nobody's > Hats", "isGone": False}
    assert shown["Sale"]["suggestions"] == []


@pytest.mark.parametrize(
    ("category", "near"), [(99, '11 "Apparel > Shoes"'), ("Clothes > Shoes", '11 "Apparel > Shoes"')]
)
def test_a_category_that_is_not_there_is_refused_with_what_is_like_it(app, owner, category, near):
    taxonomies.load(app)
    feed = owner.make()
    wrong = {"definition": {"categories": {"Shoes": category}}}
    body = {"name": "x", "format": "google"} | wrong
    for answer in (
        owner.call("POST", "/feeds", json=body),
        owner.call("PATCH", f"/feeds/{feed['id']}", json=wrong),
        owner.call("POST", f"/feeds/{feed['id']}/preview", json=wrong),
    ):
        assert_error(answer, 400, "Bad Request")
        (message,) = answer.json["details"]["definition.categories.Shoes"]
        assert "The taxonomy of 2026-01-01 has no category" in message
        assert near in message
    assert owner.call("GET", f"/feeds/{feed['id']}").json["definition"] == {}


def test_a_preview_shows_a_path_as_it_would_be_kept(app, owner):
    taxonomies.load(app)
    feed = owner.make()
    answer = owner.call(
        "POST", f"/feeds/{feed['id']}/preview", json={"definition": {"categories": RULES}, "count": 2}
    )
    values = [category_of(item)["value"] for item in answer.json["items"]]
    assert values == ["11", "Apparel > Shoes > Running Shoes"]


def category_of(item):
    (line,) = [line for line in item["fields"] if line["field"] == "google_product_category"]
    return line


def test_an_explanation_names_the_rule_and_what_its_category_is(app, owner):
    feed = owner.make(definition={"categories": {"Shoes": 11, "Kitchen": "Home > Spoons"}})

    def explained(key):
        return category_of(owner.call("GET", f"/feeds/{feed['id']}/items/{key}/explain").json)

    assert (explained("1")["value"], explained("1")["meaning"]) == ("11", None)
    taxonomies.load(app)
    line = explained("2")
    assert line["meaning"] == "11 - Apparel > Shoes"
    assert line["steps"] == [{"what": "the rule for Shoes", "before": None, "after": "11"}]
    assert explained("5")["meaning"] == "Not in the taxonomy of 2026-01-01."
    assert (explained("6")["value"], explained("6")["meaning"]) == (None, None)


# What categories there are ------------------------------------------------------------------------


def test_each_category_has_its_counts_its_rule_and_its_place(app, owner):
    taxonomies.load(app)
    feed = owner.make(definition={"categories": RULES})
    shown = listed(owner, feed)
    assert (shown["field"], shown["taxonomy"], shown["total"]) == (
        "google_product_category",
        "2026-01-01",
        6,
    )
    assert [(each["path"], each["products"], each["items"]) for each in shown["items"]] == [
        ("Kitchen", 1, 1),
        ("Kitchen > Knives", 1, 1),
        ("Sale", 1, 2),
        ("Shoes", 3, 4),
        ("Shoes > Running", 2, 3),
        ("Shoes > Running > Trail", 1, 1),
    ]
    found = by_path(shown)
    path = "Apparel > Shoes > Running Shoes"
    assert found["Shoes"]["rule"] == {"path": "Shoes", "category": "11", "isInherited": False}
    assert found["Shoes"]["category"] == {"id": 11, "path": "Apparel > Shoes", "isGone": False}
    trail = found["Shoes > Running > Trail"]
    assert trail["rule"] == {"path": "Shoes > Running", "category": path, "isInherited": True}
    assert trail["category"] == {"id": 12, "path": path, "isGone": False}
    assert trail["suggestions"] == []
    knives = found["Kitchen > Knives"]
    assert (knives["rule"], knives["category"]) == (None, None)
    assert knives["suggestions"][0]["path"] == "Home > Kitchen Knives"
    assert found["Sale"]["suggestions"] == []


def test_a_rule_that_no_product_needs_is_listed_too(owner):
    feed = owner.make(definition={"categories": {"Socks  >Wool": 11}})
    wool = by_path(listed(owner, feed))["Socks > Wool"]
    assert (wool["products"], wool["items"]) == (0, 0)
    assert wool["rule"] == {"path": "Socks  >Wool", "category": "11", "isInherited": False}


def test_the_list_has_pages(owner):
    feed = owner.make()
    shown = listed(owner, feed, "?perPage=4&page=2")
    assert [each["path"] for each in shown["items"]] == ["Shoes > Running", "Shoes > Running > Trail"]
    assert (shown["page"], shown["perPage"], shown["total"]) == (2, 4, 6)
    assert listed(owner, feed, "?page=9")["items"] == []


def test_a_feed_whose_format_has_no_such_field_says_so(owner):
    assert listed(owner, owner.make(format="csv"))["field"] is None


def test_the_categories_of_somebody_elses_feed_are_a_404(owner, bob):  # noqa: F811
    feed = owner.make()
    assert_error(bob.call("GET", f"/feeds/{feed['id']}/categories"), 404, "Not Found")
    assert_error(owner.call("GET", "/feeds/none/categories"), 404, "Not Found")
    assert by_path(listed(bob, bob.make())) == {}


# A new taxonomy -----------------------------------------------------------------------------------


def test_a_new_taxonomy_changes_no_feed_and_shows_which_rules_it_does_not_have(app, owner):
    taxonomies.load(app)
    definition = {"categories": {"Shoes": 12, "Kitchen": "Home > Kitchen Knives", "Sale": 22}}
    feed = owner.make(published=True, definition=definition)
    assert rendered(app, feed).state == "live"
    taxonomies.load(app, taxonomies.LATER)
    assert rendered(app, feed).state == "unchanged"
    found = by_path(listed(owner, feed))
    assert found["Shoes > Running"]["category"] == {"id": 12, "path": None, "isGone": True}
    assert found["Shoes > Running"]["suggestions"][0]["path"] == "Apparel > Shoes"
    assert found["Kitchen"]["category"] == {"id": None, "path": "Home > Kitchen Knives", "isGone": True}
    assert found["Kitchen"]["suggestions"][0]["path"] == "Home > Knives"
    assert found["Sale"]["category"] == {"id": 22, "path": "Home > Lamps", "isGone": False}


def test_what_was_kept_stands_until_the_definition_itself_is_changed(app, owner):
    taxonomies.load(app)
    definition = {"categories": {"Shoes": 12}}
    feed = owner.make(definition=definition)
    taxonomies.load(app, taxonomies.LATER)
    changed = owner.call("PATCH", f"/feeds/{feed['id']}", json={"name": "Another", "format": "meta"})
    assert (changed.status_code, changed.json["definition"]) == (200, definition)
    refused = owner.call("PATCH", f"/feeds/{feed['id']}", json={"definition": definition})
    assert_error(refused, 400, "Bad Request")
