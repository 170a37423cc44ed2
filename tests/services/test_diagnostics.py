"""What is said about a feed's items, page by page."""

from collections import Counter

import pytest

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.formats.issues import EXCLUDED, PUBLISHED, WARNED
from sync2sys.models import Channel, Feed
from sync2sys.services import diagnostics, renders
from sync2sys.services.diagnostics import Wanted
from tests.services import catalogues

WANTED = [
    Wanted(),
    Wanted(outcome=WARNED),
    Wanted(outcome=EXCLUDED),
    Wanted(code="missing"),
    Wanted(field="gtin"),
    Wanted(code="no_price"),
    Wanted(code="missing", field="brand", outcome=WARNED),
    Wanted(severity="info"),
    Wanted(code="never"),
]


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


@pytest.fixture
def channel():
    return catalogues.channel(catalogues.organization())


@transaction
def make_feed(channel, format="google", **rest):
    organization = db.session.get(Channel, channel).organization_id
    feed = Feed(organization_id=organization, name="Feed", slug=format, format=format, **rest)
    db.session.add(feed)
    db.session.flush()
    return feed.id


def spoilt(number):
    """An item that lacks something, most often."""
    return {
        "gtin": "" if number % 3 else "4006381333931",
        "brand": "" if number % 5 == 0 else "Acme",
        "price": None if number % 7 == 0 else "10.00",
        "published": number % 11 != 0,
        "has_variant": number % 97 != 0,
        "title": "Word " * 60 if number % 13 == 0 else f"Thing {number}",
    }


def test_all_pages_together_are_the_whole_list(channel):
    catalogues.fill(channel, {str(number): spoilt(number) for number in range(400)})
    feed = make_feed(channel)
    renders.render(feed)
    for wanted in WANTED:
        every = {(each.item.key, each.outcome) for each in diagnostics.every(feed, wanted)}
        whole = diagnostics.report(feed, wanted, 0, 1000)
        assert {(each.item.key, each.outcome) for each in whole.found} == every
        for size in (7, 100):
            firsts = range(0, len(every) + size, size)
            pages = [diagnostics.report(feed, wanted, first, size) for first in firsts]
            assert [each for page in pages for each in page.found] == whole.found
            assert {page.total for page in pages} == {whole.total} == {len(every)}


def test_counts_are_those_of_the_items_one_by_one(channel):
    catalogues.fill(channel, {str(number): spoilt(number) for number in range(400)})
    feed = make_feed(channel)
    outcome = renders.render(feed)
    agreed(feed)
    assert outcome.mirrored == 400


def test_of_an_item_that_is_left_out_only_the_reasons_are_listed_and_each_is_counted(channel):
    faults = {"price": "0", "gtin": "123", "link": "", "brand": ""}
    catalogues.fill(channel, {"1": faults, "2": {"gtin": "123"}, "3": {"link": ""}})
    feed = make_feed(channel)
    renders.render(feed)
    assert agreed(feed)["1"] == (EXCLUDED, ["no_price", "missing:link"])
    report = diagnostics.report(feed, Wanted(), 0, 10)
    counts = {(count.code, count.field): count.items for count in report.counts if count.severity != "info"}
    assert counts == {("missing", "link"): 2, ("no_price", None): 1, ("wrong_length", "gtin"): 1}
    assert sum(report.render.excluded.values()) == 2


def agreed(feed):
    """The list of the feed as it is now, which has just what the counts say: key -> outcome and notes."""
    told = {
        each.item.key: (each.outcome, [_note(issue) for issue in each.issues])
        for kind in (EXCLUDED, WARNED, PUBLISHED)
        for each in diagnostics.every(feed, Wanted(outcome=kind))
    }
    report = diagnostics.report(feed, Wanted(), 0, 0)
    kinds = Counter(kind for kind, _ in told.values())
    assert (kinds[EXCLUDED], kinds[WARNED]) == (sum(report.render.excluded.values()), report.warned)
    for count in report.counts:
        wanted = Wanted(count.code, count.field, count.severity)
        found = list(diagnostics.every(feed, wanted))
        said = [(issue.code, issue.field, issue.severity) for each in found for issue in each.issues]
        assert said == [count[:3]] * count.items
    return told


def _note(issue):
    return f"{issue.code}:{issue.field}" if issue.field else issue.code


def test_what_is_said_is_of_the_last_look_where_no_byte_of_the_feed_has_changed(channel):
    shop = {str(number): {"gtin": "4006381333931"} for number in range(300)}
    catalogues.fill(channel, shop)
    feed = make_feed(channel)
    first = renders.render(feed).render_id
    assert {kind for kind, _ in agreed(feed).values()} <= {PUBLISHED}
    changes = [
        {"7": {"gtin": "123"}},
        {"7": {"gtin": ""}, "8x": {"published": False}},
        {"7": {"gtin": ""}, "8x": {"price": None}} | {f"{number}x": {"price": "0"} for number in range(90)},
        {},
    ]
    # Without the GTIN the feed is another one.
    catalogues.fill(channel, shop | {"7": {"gtin": ""}})
    first = renders.render(feed).render_id
    for change in changes:
        catalogues.fill(channel, shop | {"7": {"gtin": ""}} | change)
        outcome = renders.render(feed)
        assert (outcome.state, outcome.render_id) == ("unchanged", first)
        assert outcome.mirrored == 300 + len(change) - ("7" in change)
        told = agreed(feed)
        wrong = "wrong_length:gtin" if change.get("7") == {"gtin": "123"} else "missing:gtin"
        assert wrong in told["7"][1]
        assert {key for key, (kind, _) in told.items() if kind == EXCLUDED} == set(change) - {"7"}
