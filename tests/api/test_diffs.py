"""What an owner learns about the difference between two renders of a feed."""

import csv
import io

import pytest

from tests.api.test_feeds import TIME, Owner, bob, rendered  # noqa: F401 - a fixture among them
from tests.plugin import Plugin, assert_error
from tests.services import catalogues
from tests.services.catalogues import plain

FIRST = {"1": {}, "2": {"price": "2.00", "options": {"Color": "Red"}}, "3": {}}
SECOND = {"2": {"price": "2.50", "options": {"Color": "Blue"}}, "3": {}, "=4": {"title": "+Four"}}


@pytest.fixture
def alice(app, kept):
    return Owner.again(app, kept.get("alice", app, lambda: Owner(app, "alice@shop.example").facts))


@pytest.fixture
def render(app, alice):
    def run(feed, items):
        with app.app_context():
            catalogues.fill(alice.channel, items)
        return rendered(app, feed)

    return run


@pytest.fixture
def feed(alice, render, app, kept):
    """A JSON feed that was rendered twice."""

    def make():
        made = alice.make(format="json", published=True)
        for items in (FIRST, SECOND):
            render(made, items)
        return made

    return kept.get("feed", app, make)


def diff(owner, feed, query=""):
    answer = owner.call("GET", f"/feeds/{feed['id']}/diff{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def table(owner, feed, query=""):
    with owner.call("GET", f"/feeds/{feed['id']}/diff.csv{query}") as answer:
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == "attachment; filename=diff.csv"
        return answer.data.decode("utf-8-sig")


def test_the_live_render_is_compared_with_the_one_before(alice, feed):
    shown = diff(alice, feed)
    assert shown["counts"] == {"changed": 1, "removed": 1, "added": 1}
    assert shown["fields"] == [{"field": name, "items": 1} for name in ("color", "options", "price")]
    assert (shown["from"]["generation"], shown["from"]["state"]) == (1, "superseded")
    assert (shown["to"]["generation"], shown["to"]["state"]) == (2, "live")
    assert (shown["to"]["items"], shown["to"]["version"]) == (3, "json-1")
    assert TIME.match(shown["to"]["changedAt"])
    changed, removed, added = shown["items"]
    assert changed == {
        "key": "2",
        "kind": "changed",
        "fields": [
            {"field": "price", "old": "2.00", "new": "2.50"},
            {"field": "options", "old": {"Color": "Red"}, "new": {"Color": "Blue"}},
            {"field": "color", "old": "Red", "new": "Blue"},
        ],
    }
    assert (removed["key"], removed["kind"]) == ("1", "removed")
    assert (added["key"], added["kind"]) == ("=4", "added")
    assert {"field": "title", "old": None, "new": "+Four"} in added["fields"]


@pytest.mark.parametrize(
    ("query", "keys", "total"),
    [
        ("?from=2&to=1", ["2", "=4", "1"], 3),
        ("?from=2&to=2", [], 0),
        ("?to=2", ["2", "1", "=4"], 3),
        ("?kind=removed", ["1"], 1),
        ("?field=price", ["2"], 1),
        ("?field=price&kind=added", [], 0),
        ("?field=title", [], 0),
        ("?perPage=2&page=2", ["=4"], 3),
    ],
)
def test_differences_can_be_looked_for(alice, feed, query, keys, total):
    shown = diff(alice, feed, query)
    assert ([item["key"] for item in shown["items"]], shown["total"]) == (keys, total)


def test_a_held_render_can_be_looked_at_before_it_is_released(alice, render):
    feed = alice.make(published=True)
    render(feed, plain(50))
    assert render(feed, plain(5)).state == "held"
    shown = diff(alice, feed, "?to=2&kind=removed&perPage=1")
    assert shown["counts"] == {"changed": 0, "removed": 45, "added": 0}
    assert (shown["to"]["state"], shown["total"], len(shown["items"])) == ("held", 45, 1)


def test_a_table_has_a_line_for_each_field_and_no_formula(alice, feed):
    text = table(alice, feed)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[:2] == [
        {"key": "2", "kind": "changed", "field": "price", "old": "2.00", "new": "2.50"},
        {
            "key": "2",
            "kind": "changed",
            "field": "options",
            "old": '{"Color":"Red"}',
            "new": '{"Color":"Blue"}',
        },
    ]
    assert {"key": "'=4", "kind": "added", "field": "title", "old": "", "new": "'+Four"} in rows
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    some = table(alice, feed, "?from=2&to=1&field=price")
    assert some.splitlines() == ["key,kind,field,old,new", "2,changed,price,2.50,2.00"]


@pytest.mark.parametrize("path", ["diff", "diff.csv"])
def test_what_is_not_there_is_a_404(alice, feed, bob, path):  # noqa: F811
    assert_error(bob.call("GET", f"/feeds/{feed['id']}/{path}"), 404, "Not Found")
    assert_error(alice.call("GET", f"/feeds/none/{path}"), 404, "Not Found")
    told = assert_error(alice.call("GET", f"/feeds/{feed['id']}/{path}?from=9"), 404, "Not Found")
    assert told["message"].endswith("Generations that are: 2, 1.")
    never = alice.make(name="Another")
    assert_error(alice.call("GET", f"/feeds/{never['id']}/{path}"), 404, "Not Found")


@pytest.mark.parametrize("path", ["diff", "diff.csv"])
@pytest.mark.parametrize("query", ["from=0", "to=x", "kind=fine", "field=", f"from={2**40}"])
def test_a_question_that_is_not_understood_is_a_400(alice, feed, path, query):
    assert_error(alice.call("GET", f"/feeds/{feed['id']}/{path}?{query}"), 400, "Bad Request")


@pytest.mark.parametrize("path", ["diff", "diff.csv"])
def test_renders_of_two_formats_are_not_compared(alice, render, feed, path):
    alice.call("PATCH", f"/feeds/{feed['id']}", json={"format": "csv"})
    render(feed, SECOND)
    told = assert_error(alice.call("GET", f"/feeds/{feed['id']}/{path}"), 400, "Bad Request")
    assert "made as json-1 and generation 3 as csv-1" in told["message"]
    assert diff(alice, feed, "?from=1&to=2")["total"] == 3


def test_a_plugin_may_ask_and_sees_its_own_alone(client, feed):
    plugin = Plugin(client)
    plugin.register()
    answer = client.get(f"/api/feeds/{feed['id']}/diff", headers=plugin.auth())
    assert_error(answer, 404, "Not Found")
