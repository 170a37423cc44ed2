"""Rendering: what is made anew, what is served, what is held, and that nothing else is ever seen."""

import csv
import gzip
import io
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest, LostLease, NotFound
from sync2sys.extensions import db, fetch_log, shelf
from sync2sys.formats import parts
from sync2sys.models import Channel, Chunk, Feed, Fetch, Job, Render, RenderChunk, ToldChunk, Variant
from sync2sys.models.base import now
from sync2sys.services import (
    feeds,
    jobs,
    pieces,
    presses,
    publishing,
    render_plans,
    renders,
    schedule,
    serving,
)
from tests.services import catalogues
from tests.services.catalogues import plain


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


@pytest.fixture
def organization():
    return catalogues.organization()


@pytest.fixture
def channel(organization):
    return catalogues.channel(organization)


@pytest.fixture
def make_feed(organization):
    @transaction
    def make(format="csv", slug="a-feed", published=True, **rest):
        feed = Feed(
            organization_id=organization, name="Feed", slug=slug, format=format, published=published, **rest
        )
        db.session.add(feed)
        db.session.flush()
        return feed.id

    return make


@pytest.fixture
def feed(channel, make_feed):
    return make_feed()


def set_clock(monkeypatch, moment):
    for module in (render_plans, publishing, renders):
        monkeypatch.setattr(module, "now", lambda: moment)


def served(slug="a-feed"):
    """What a reader gets at this address, checked against what is promised about it; None for a 404."""
    shelf.forget(slug)
    found = serving.find(slug)
    if found is None:
        return None
    body = b"".join(serving.stream(found, False))
    packed = b"".join(serving.stream(found, True))
    assert gzip.decompress(packed) == body
    assert (len(body), len(packed)) == (found.extent.raw_length, found.gzip_length)
    return body


def rows(slug="a-feed"):
    """The items of the CSV feed by id."""
    return {row["id"]: row for row in csv.DictReader(io.StringIO(served(slug).decode()))}


def chunks():
    return look(lambda: set(db.session.scalars(select(Chunk.id))))()


def row_of(table, row_id):
    return look(lambda: db.session.execute(select(table.__table__).where(table.id == row_id)).one())()


@transaction
def edit(table, row_id, **values):
    db.session.execute(update(table).where(table.id == row_id).values(**values))


# What is in a feed


def test_a_feed_has_the_sellable_items_sorted_by_id(channel, feed):
    catalogues.fill(channel, {"20": {}, "3": {"title": "Three", "price": "3.50"}, "100": {}})
    outcome = renders.render(feed)
    assert (outcome.state, outcome.items, outcome.excluded) == ("live", 3, {})
    assert list(rows()) == ["100", "20", "3"]
    assert (rows()["3"]["title"], rows()["3"]["price"], rows()["3"]["currency"]) == ("Three", "3.50", "EUR")


def test_a_variant_inherits_what_it_leaves_empty_from_its_product(channel, feed):
    shared = {"product": "1", "options": {"Size": "L"}, "title": "Shirt", "weight": "0.2"}
    catalogues.fill(
        channel,
        {
            "11": shared | {"link": "https://shop.example/shirt"},
            "12": shared | {"price": "12.00", "image": "https://shop.example/12.jpg"},
        },
    )
    renders.render(feed)
    first, second = rows()["11"], rows()["12"]
    assert first["group_id"] == second["group_id"] == "1"
    assert first["title"] == second["title"] == "Shirt"
    assert first["description"] == "A thing."
    assert (first["image_link"], second["image_link"]) == (
        "https://shop.example/i.jpg",
        "https://shop.example/12.jpg",
    )
    assert (first["weight"], first["weight_unit"]) == ("0.2", "kg")


def test_what_is_ordered_ahead_is_published_with_its_own_day_or_its_products(channel, make_feed):
    day = datetime(2026, 12, 24, 9, 30, tzinfo=UTC)
    catalogues.fill(
        channel,
        {
            "11": {"product": "1", "availability": "preorder", "available_at": day},
            "12": {"product": "1", "availability": "preorder"},
            "2": {"availability": "preorder"},
        },
    )
    own = look(lambda: db.session.scalars(select(Variant.id).filter_by(external_id="11")).one())()
    edit(Variant, own, available_at=day + timedelta(days=1))
    renders.render(make_feed(format="pinterest"))
    assert [row["availability_date"] for row in rows().values()] == [
        "2026-12-25T09:30+00:00",
        "2026-12-24T09:30+00:00",
        "",
    ]


def test_everything_that_is_mirrored_is_published_or_left_out_for_a_reason(channel, feed):
    catalogues.fill(
        channel,
        plain(40)
        | {
            "draft": {"published": False},
            "priceless": {"price": None},
            "priceless-too": {"price": None, "purchasable": False},
            "not-for-sale": {"purchasable": False},
            "parent": {"has_variant": False},
        },
    )
    outcome = renders.render(feed)
    assert outcome.items == 40
    assert outcome.excluded == {"not_published": 1, "no_price": 2, "not_purchasable": 1, "no_variants": 1}
    assert outcome.mirrored == 45
    assert row_of(Render, outcome.render_id).excluded == outcome.excluded


def test_a_variant_whose_product_is_missing_is_left_out(channel, feed):
    catalogues.fill(channel, plain(3))
    transaction(lambda: db.session.execute(db.text("DELETE FROM product WHERE external_id = '1001'")))()
    assert renders.render(feed).excluded == {"not_published": 1}


@pytest.mark.parametrize("count", [0, 1, 31, 700])
def test_a_json_feed_is_whole_however_many_items_it_has_and_are_left_out(channel, make_feed, count):
    feed = make_feed("json")
    some = {f"a{number}": {"published": False} for number in range(200)}
    catalogues.fill(channel, some | {f"b{n}": {} for n in range(count)} | {"c": {}})
    assert renders.render(feed).items == count + 1
    document = json.loads(served())
    assert [item["id"] for item in document["items"]] == [*sorted(f"b{n}" for n in range(count)), "c"]
    assert document["title"] == "The Shop"


def test_ids_of_later_channels_are_marked_and_those_of_the_first_one_stay(organization, channel, feed):
    catalogues.fill(channel, plain(50, title="first"))
    renders.render(feed)
    before = rows()
    other = catalogues.channel(organization, currency="CZK", weight_unit="g")
    catalogues.fill(other, plain(50, title="second", weight="3"))
    assert renders.render(feed).items == 100
    after = rows()
    assert {number: after[number] for number in before} == before
    ours = {number: row for number, row in after.items() if number not in before}
    assert set(ours) == {f"{other[:8]}-{number}" for number in before}
    assert {(row["currency"], row["weight_unit"], row["title"]) for row in ours.values()} == {
        ("CZK", "g", "second")
    }
    assert list(after) == sorted(after)


def test_a_feed_exports_only_the_channels_it_names(organization, channel, make_feed):
    other = catalogues.channel(organization)
    catalogues.fill(channel, plain(3))
    catalogues.fill(other, plain(2, title="other"))
    feed = make_feed(sources=[other])
    renders.render(feed)
    assert {row["title"] for row in rows().values()} == {"other"}


def test_another_organizations_products_never_appear(channel, make_feed):
    stranger = catalogues.channel(catalogues.organization())
    catalogues.fill(stranger, plain(3, title="secret"))
    catalogues.fill(channel, plain(2))
    renders.render(make_feed(sources=[channel, stranger]))
    assert len(rows()) == 2


def test_the_owners_words_stand_before_the_shops(channel, make_feed):
    catalogues.fill(channel, plain(1))
    feed = make_feed("json", document={"title": "My offers"})
    renders.render(feed)
    assert json.loads(served())["title"] == "My offers"
    edit(Feed, feed, document={"title": "Better offers"})
    assert renders.render(feed).state == "live"
    assert json.loads(served())["title"] == "Better offers"


# What is made anew


def statements():
    """Every SQL statement from here on."""
    seen = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    return seen


def test_nothing_is_read_where_nothing_can_have_changed(channel, feed):
    catalogues.fill(channel, plain(100))
    first = renders.render(feed)
    seen = statements()
    again = renders.render(feed)
    assert (again.state, again.render_id, again.items) == ("unchanged", first.render_id, 100)
    assert not [statement for statement in seen if "variant" in statement or "chunk" in statement]


def test_the_time_it_was_found_right_moves_on_and_the_time_of_its_content_stays(channel, feed):
    catalogues.fill(channel, plain(3))
    first = row_of(Render, renders.render(feed).render_id)
    catalogues.fill(channel, plain(3))
    second = row_of(Render, renders.render(feed).render_id)
    assert second.id == first.id
    assert second.generated_at > first.generated_at
    assert second.changed_at == first.changed_at


def test_only_chunks_with_a_changed_item_are_made_anew(channel, feed):
    catalogues.fill(channel, plain(3000))
    renders.render(feed)
    before = chunks()
    catalogues.fill(channel, plain(3000) | {"1500": {"price": "11.00"}, "3500": {"price": "12.00"}})
    outcome = renders.render(feed)
    assert outcome.state == "live"
    assert len(chunks() - before) == 2
    assert {rows()["1500"]["price"], rows()["3500"]["price"]} == {"11.00", "12.00"}


def test_a_change_of_the_product_reaches_all_its_variants(channel, feed):
    family = {str(number): {"product": "1", "title": "old"} for number in range(100, 200)}
    catalogues.fill(channel, family)
    renders.render(feed)
    catalogues.fill(channel, {number: item | {"title": "new"} for number, item in family.items()})
    renders.render(feed)
    assert {row["title"] for row in rows().values()} == {"new"}


def test_equal_data_makes_equal_bytes_and_the_same_etag(channel, make_feed):
    catalogues.fill(channel, plain(500))
    one, two = make_feed(slug="one"), make_feed(slug="two")
    first, second = (row_of(Render, renders.render(feed).render_id) for feed in (one, two))
    assert first.etag == second.etag
    assert served("one") == served("two")
    assert serving.find("one").gzip_etag == serving.find("two").gzip_etag


def test_what_is_left_out_changes_counts_but_not_the_generation(channel, feed):
    """Items that are left out move the borders of chunks, but no byte of the feed."""
    catalogues.fill(channel, plain(300))
    first = row_of(Render, renders.render(feed).render_id)
    drafts = {f"{1000 + number}x": {"published": False} for number in range(300)}
    catalogues.fill(channel, plain(300) | drafts)
    outcome = renders.render(feed)
    second = row_of(Render, outcome.render_id)
    assert outcome.state == "unchanged"
    assert (second.id, second.etag, second.changed_at) == (first.id, first.etag, first.changed_at)
    assert second.excluded == {"not_published": 300}


def test_a_changed_currency_makes_everything_anew(channel, feed):
    catalogues.fill(channel, plain(5))
    renders.render(feed)
    edit(Channel, channel, currency="USD", catalog_version=100)
    renders.render(feed)
    assert {row["currency"] for row in rows().values()} == {"USD"}


def test_no_two_contents_share_a_second_of_last_modified(channel, feed):
    times = []
    for price in ("1.00", "2.00", "3.00"):
        catalogues.fill(channel, plain(3, price=price))
        times.append(row_of(Render, renders.render(feed).render_id).changed_at.replace(microsecond=0))
    assert len(set(times)) == 3
    assert times == sorted(times)


# Sales and the clock


def test_the_beginning_and_end_of_a_sale_change_the_feed_in_time(channel, make_feed, monkeypatch):
    start = now().replace(microsecond=0)
    sale = {
        "sale_price": "8.00",
        "sale_from": start + timedelta(hours=1),
        "sale_to": start + timedelta(hours=2),
    }
    catalogues.fill(channel, plain(100) | {"1050": sale})
    feed = make_feed()
    renders.render(feed)
    assert row_of(Feed, feed).stale_at == sale["sale_from"]
    set_clock(monkeypatch, start + timedelta(hours=1, seconds=1))
    before = chunks()
    renders.render(feed)
    assert rows()["1050"]["sale_price"] == "8.00"
    assert len(chunks() - before) <= 1
    assert row_of(Feed, feed).stale_at == sale["sale_to"]
    set_clock(monkeypatch, start + timedelta(hours=3))
    renders.render(feed)
    assert rows()["1050"]["sale_price"] == ""
    assert row_of(Feed, feed).stale_at is None


# The guard


def test_an_empty_first_render_is_held_and_there_is_no_feed(channel, feed):
    outcome = renders.render(feed)
    assert (outcome.state, outcome.hold[0]["code"]) == ("held", "EMPTY")
    assert served() is None
    assert serving.awaits_render("a-feed") is None
    catalogues.fill(channel, plain(2))
    assert renders.render(feed).state == "live"
    assert len(rows()) == 2


def test_a_shop_that_suddenly_lists_nothing_holds_the_feed(channel, feed):
    catalogues.fill(channel, plain(30))
    live = renders.render(feed)
    catalogues.fill(channel, {})
    held = renders.render(feed)
    assert (held.state, [reason["code"] for reason in held.hold]) == ("held", ["EMPTY"])
    assert len(rows()) == 30
    state = row_of(Feed, feed)
    assert (state.live_render_id, state.held_render_id) == (live.render_id, held.render_id)
    assert "No item is left" in state.problem


def test_half_of_the_items_gone_holds_the_feed_until_an_equal_result_an_hour_later(
    channel, feed, monkeypatch
):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(25))
    held = renders.render(feed)
    assert [reason["code"] for reason in held.hold] == ["COUNT_DROPPED"]
    found_at = row_of(Render, held.render_id).changed_at
    assert row_of(Feed, feed).stale_at == found_at + timedelta(hours=1)
    # The same at once is the same accident, and so is an hour without a look at the shop.
    catalogues.fill(channel, plain(25))
    assert renders.render(feed).state == "held"
    set_clock(monkeypatch, found_at + timedelta(minutes=61))
    assert renders.render(feed).state == "held"
    assert len(rows()) == 60
    edit(Channel, channel, synced_at=found_at + timedelta(minutes=60, seconds=1), catalog_version=99)
    outcome = renders.render(feed)
    assert (outcome.state, outcome.render_id) == ("live", held.render_id)
    assert len(rows()) == 25
    released = row_of(Render, held.render_id)
    assert released.changed_at == found_at + timedelta(minutes=61)
    assert row_of(Feed, feed).problem == ""


def test_an_empty_result_is_never_believed_without_a_person(channel, feed, monkeypatch):
    catalogues.fill(channel, plain(30))
    renders.render(feed)
    catalogues.fill(channel, {})
    held = renders.render(feed)
    later = now() + timedelta(days=2)
    set_clock(monkeypatch, later)
    edit(Channel, channel, synced_at=later)
    assert renders.render(feed).state == "held"
    transaction(lambda: publishing.release(db.session.get(Feed, feed), held.render_id))()
    assert rows() == {}


def test_a_shop_that_comes_back_ends_the_hold(channel, feed):
    catalogues.fill(channel, plain(60))
    live = renders.render(feed)
    catalogues.fill(channel, {})
    held = renders.render(feed)
    catalogues.fill(channel, plain(60))
    assert renders.render(feed).render_id == live.render_id
    assert row_of(Render, held.render_id).state == "dropped"
    assert row_of(Feed, feed).held_render_id is None
    assert row_of(Feed, feed).problem == ""


def test_another_accident_takes_the_place_of_the_first(channel, feed):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(20))
    first = renders.render(feed)
    catalogues.fill(channel, plain(21))
    second = renders.render(feed)
    assert second.state == "held"
    assert second.render_id != first.render_id
    assert row_of(Render, first.render_id).state == "dropped"


def test_prices_that_are_gone_hold_the_feed(channel, feed):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(60, price=None) | {"1001": {}, "1002": {}})
    outcome = renders.render(feed)
    assert "PRICES_GONE" in [reason["code"] for reason in outcome.hold]
    assert len(rows()) == 60


def test_prices_that_all_change_at_once_hold_the_feed(channel, feed):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(60, price="1.00") | {"1001": {}, "1002": {}})
    outcome = renders.render(feed)
    assert outcome.hold == [
        {
            "code": "PRICES_CHANGED",
            "message": "58 of 60 prices changed at once.",
            "before": 60,
            "after": 58,
        }
    ]
    assert rows()["1005"]["price"] == "10.00"


def test_a_sale_on_everything_is_no_accident(channel, feed):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(60, sale_price="7.00"))
    assert renders.render(feed).state == "live"
    assert rows()["1005"]["sale_price"] == "7.00"


def test_other_words_for_everything_are_no_accident(channel, feed):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(60, title="All new"))
    assert renders.render(feed).state == "live"


def test_everything_out_of_stock_at_once_holds_the_feed(channel, feed):
    catalogues.fill(channel, plain(60) | {"1001": {"availability": "out_of_stock"}})
    live = renders.render(feed)
    assert row_of(Render, live.render_id).in_stock == 59
    catalogues.fill(channel, plain(60, availability="out_of_stock"))
    outcome = renders.render(feed)
    assert outcome.hold == [
        {
            "code": "STOCK_GONE",
            "message": "All 59 items that were in stock are out of stock or gone.",
            "before": 59,
            "after": 0,
        }
    ]
    assert rows()["1005"]["availability"] == "in_stock"


@pytest.mark.parametrize("availability", ["backorder", "preorder"])
def test_what_can_be_ordered_is_in_stock_for_the_guard(channel, feed, availability):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(60, availability=availability))
    assert renders.render(feed).state == "live"


@transaction
def set_guard(feed, **thresholds):
    feeds.change(db.session.get(Feed, feed), guard=thresholds)


def test_a_feed_is_held_by_its_own_thresholds(channel, feed):
    set_guard(feed, drop=0.1, fewest=5)
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(54))
    assert [reason["code"] for reason in renders.render(feed).hold] == ["COUNT_DROPPED"]
    catalogues.fill(channel, plain(55))
    assert renders.render(feed).state == "live"


def test_other_thresholds_judge_what_is_held_once_more(channel, feed):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(10))
    held = renders.render(feed)
    set_guard(feed, drop=0.8)
    assert renders.render(feed).state == "held"
    set_guard(feed, drop=0.9)
    outcome = renders.render(feed)
    assert (outcome.state, outcome.render_id) == ("live", held.render_id)
    assert len(rows()) == 10


def test_thresholds_that_change_during_a_render_count_for_it(app, channel, feed, monkeypatch):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(50))
    original, calls = presses.Press.whole, []

    def whole(self):
        if not calls:
            calls.append(1)
            elsewhere(app, lambda: set_guard(feed, drop=0.1, fewest=1))
        return original(self)

    monkeypatch.setattr(presses.Press, "whole", whole)
    assert renders.render(feed).state == "held"


def test_a_held_render_that_is_dropped_leaves_the_feed_as_it_is(channel, feed):
    catalogues.fill(channel, plain(60))
    renders.render(feed)
    catalogues.fill(channel, plain(10))
    held = renders.render(feed)
    transaction(lambda: publishing.drop(db.session.get(Feed, feed), held.render_id))()
    assert len(rows()) == 60
    assert row_of(Render, held.render_id).state == "dropped"
    with pytest.raises(BadRequest, match="not held"):
        transaction(lambda: publishing.release(db.session.get(Feed, feed), held.render_id))()
    assert renders.render(feed).state == "held"


def test_a_render_of_another_feed_cannot_be_released(channel, feed, make_feed):
    other = make_feed(slug="other")
    held = renders.render(other)
    with pytest.raises(NotFound):
        transaction(lambda: publishing.release(db.session.get(Feed, feed), held.render_id))()


# Going back


@transaction
def roll_back(feed, render_id):
    publishing.roll_back(db.session.get(Feed, feed), render_id)


@transaction
def resume(feed):
    publishing.resume(db.session.get(Feed, feed))


@transaction
def release(feed, render_id):
    publishing.release(db.session.get(Feed, feed), render_id)


def versions(channel, feed, *prices):
    """Render the feed at each of these prices; the renders."""
    made = []
    for price in prices:
        catalogues.fill(channel, plain(3, price=price))
        made.append(renders.render(feed).render_id)
    return made


def test_an_older_render_is_served_again_at_once_as_something_new(channel, feed):
    first, second = versions(channel, feed, "1.00", "2.00")
    roll_back(feed, first)
    assert {row["price"] for row in rows().values()} == {"1.00"}
    back, before = row_of(Render, first), row_of(Render, second)
    assert (back.state, back.superseded_at, before.state) == ("live", None, "superseded")
    assert back.changed_at.replace(microsecond=0) > before.changed_at.replace(microsecond=0)
    assert row_of(Feed, feed).pinned_at is not None


def test_what_is_newer_than_a_roll_back_is_held_until_it_is_released(channel, feed, monkeypatch):
    first, _ = versions(channel, feed, "1.00", "2.00")
    roll_back(feed, first)
    again = renders.render(feed)
    assert (again.state, [reason["code"] for reason in again.hold]) == ("held", ["ROLLED_BACK"])
    assert "rolled back" in row_of(Feed, feed).problem
    [third] = versions(channel, feed, "3.00")
    assert row_of(Render, again.render_id).state == "dropped"
    # No second look at the shop ends it, however late.
    later = now() + timedelta(days=2)
    set_clock(monkeypatch, later)
    edit(Channel, channel, synced_at=later, catalog_version=99)
    assert renders.render(feed).state == "held"
    assert row_of(Feed, feed).stale_at is None
    assert {row["price"] for row in rows().values()} == {"1.00"}
    release(feed, third)
    assert {row["price"] for row in rows().values()} == {"3.00"}
    assert row_of(Feed, feed).pinned_at is None
    versions(channel, feed, "4.00")
    assert {row["price"] for row in rows().values()} == {"4.00"}


def test_a_feed_that_is_resumed_follows_its_shop_again(channel, feed):
    first, _ = versions(channel, feed, "1.00", "2.00")
    roll_back(feed, first)
    held = renders.render(feed)
    resume(feed)
    assert jobs.claim({"render"}).subject == feed
    outcome = renders.render(feed)
    assert (outcome.state, outcome.render_id) == ("live", held.render_id)
    assert {row["price"] for row in rows().values()} == {"2.00"}
    assert (row_of(Feed, feed).pinned_at, row_of(Feed, feed).problem) == (None, "")
    with pytest.raises(BadRequest, match="not rolled back"):
        resume(feed)


def test_a_feed_that_is_resumed_is_still_guarded(channel, feed):
    catalogues.fill(channel, plain(60))
    first = renders.render(feed).render_id
    catalogues.fill(channel, plain(61))
    renders.render(feed)
    roll_back(feed, first)
    catalogues.fill(channel, plain(5))
    assert [reason["code"] for reason in renders.render(feed).hold] == ["ROLLED_BACK", "COUNT_DROPPED"]
    resume(feed)
    assert [reason["code"] for reason in renders.render(feed).hold] == ["COUNT_DROPPED"]
    assert len(rows()) == 60


def test_a_shop_that_is_again_as_it_was_leaves_the_feed_rolled_back(channel, feed):
    first, _ = versions(channel, feed, "1.00", "2.00")
    roll_back(feed, first)
    renders.render(feed)
    catalogues.fill(channel, plain(3, price="1.00"))
    assert renders.render(feed).render_id == first
    state = row_of(Feed, feed)
    assert (state.held_render_id, state.problem) == (None, "")
    assert state.pinned_at is not None
    assert [versions(channel, feed, "5.00"), row_of(Feed, feed).live_render_id][1] == first


def test_a_roll_back_during_a_render_holds_it(app, channel, feed, monkeypatch):
    first, _ = versions(channel, feed, "1.00", "2.00")
    catalogues.fill(channel, plain(3, price="3.00"))
    original, calls = presses.Press.whole, []

    def whole(self):
        if not calls:
            calls.append(1)
            elsewhere(app, lambda: roll_back(feed, first))
        return original(self)

    monkeypatch.setattr(presses.Press, "whole", whole)
    assert renders.render(feed).state == "held"
    assert {row["price"] for row in rows().values()} == {"1.00"}


def test_only_what_was_live_can_come_back(channel, feed, make_feed):
    catalogues.fill(channel, plain(60))
    live = renders.render(feed).render_id
    catalogues.fill(channel, plain(5))
    held = renders.render(feed).render_id
    for render_id, state in ((live, "live"), (held, "held")):
        with pytest.raises(BadRequest, match=f"this one is {state}"):
            roll_back(feed, render_id)
    other = make_feed(slug="other")
    with pytest.raises(NotFound):
        roll_back(other, live)


@transaction
def let_time_pass():
    ended = update(Render).where(Render.superseded_at.is_not(None))
    db.session.execute(ended.values(superseded_at=now() - timedelta(hours=2)))


def test_what_is_served_or_may_be_gone_back_to_is_never_tidied_away(make_app, channel, feed):
    with make_app(RENDERS_KEPT="2").app_context():
        first, second = versions(channel, feed, "1.00", "2.00")
        roll_back(feed, first)
        for price in ("3.00", "4.00", "5.00", "6.00"):
            versions(channel, feed, price)
            let_time_pass()
        versions(channel, feed, "7.00")
        assert {row["price"] for row in rows().values()} == {"1.00"}
        states = [render.state for render in look(lambda: feeds.history(db.session.get(Feed, feed)))()]
        assert states == ["held", "dropped", "superseded", "live"]
        roll_back(feed, second)
        assert {row["price"] for row in rows().values()} == {"2.00"}


def test_one_that_came_back_is_not_removed_and_one_that_is_being_removed_cannot_come_back(
    make_app, channel, feed
):
    with make_app(RENDERS_KEPT="1").app_context():
        first, second = versions(channel, feed, "1.00", "2.00")
        let_time_pass()
        assert look(renders._outdated)(feed) == [first]
        roll_back(feed, first)
        assert transaction(renders._retire)(feed, first) is False
        roll_back(feed, second)
        assert transaction(renders._retire)(feed, first) is False  # Somebody may still be reading it.
        let_time_pass()
        assert transaction(renders._retire)(feed, first) is True
        with pytest.raises(BadRequest, match="removed"):
            roll_back(feed, first)
        assert look(lambda: len(feeds.history(db.session.get(Feed, feed))))() == 1
        renders._tidy(feed)
        assert look(lambda: db.session.get(Render, first))() is None
        assert {row["price"] for row in rows().values()} == {"2.00"}


# Others at work


@transaction
def enqueue(feed):
    jobs.enqueue("render", feed)


def test_a_job_that_was_lost_publishes_nothing(channel, feed):
    catalogues.fill(channel, plain(3))
    enqueue(feed)
    claim = jobs.claim({"render"})
    edit(Job, claim.id, token="somebody else's")
    with pytest.raises(LostLease):
        renders.run(claim)
    assert served() is None


def test_a_job_renders_its_feed_and_one_whose_feed_is_gone_is_done(channel, feed):
    catalogues.fill(channel, plain(3))
    enqueue(feed)
    claim = jobs.claim({"render"})
    renders.run(claim)
    transaction(jobs.finish)(claim)
    assert len(rows()) == 3
    enqueue(feed)
    transaction(lambda: feeds.delete(db.session.get(Feed, feed)))()
    renders.run(jobs.claim({"render"}))


def test_a_render_that_fails_for_good_is_said_to_the_owner_and_comes_up_again(channel, feed, monkeypatch):
    catalogues.fill(channel, plain(3))
    renders.render(feed)
    catalogues.fill(channel, plain(4))
    with monkeypatch.context() as broken:
        broken.setattr(pieces, "add", lambda rows: 1 / 0)
        fail_for_good(feed, ZeroDivisionError)
    assert "could not be made anew" in row_of(Feed, feed).problem
    assert len(rows()) == 3
    schedule.tick()
    assert jobs.claim(["render"]) is None
    edit(Job, only_job("failed"), finished_at=now() - schedule.RENDER_AGAIN)
    schedule.tick()
    renders.run(jobs.claim(["render"]))
    assert (row_of(Feed, feed).problem, row_of(Feed, feed).stale_at) == ("", None)
    assert len(rows()) == 4


def test_a_definition_that_does_not_fit_waits_for_its_owner(channel, feed):
    edit(Feed, feed, definition={"mapping": {"never": {"constant": "x"}}})
    fail_for_good(feed, BadRequest)
    assert "The definition does not fit" in row_of(Feed, feed).problem
    edit(Job, only_job("failed"), finished_at=now() - schedule.RENDER_AGAIN)
    schedule.tick()
    assert jobs.claim(["render"]) is None


def fail_for_good(feed, error):
    """What the worker does with a job that fails whenever it is tried."""
    transaction(lambda: jobs.enqueue("render", feed).id)()
    for _ in range(jobs.ATTEMPTS):
        edit(Job, only_job("queued"), due_at=now())
        claim = jobs.claim(["render"])
        with pytest.raises(error) as caught:
            renders.run(claim)
        transaction(lambda claim=claim, caught=caught: jobs.fail(claim, caught.value).id)()


def only_job(state):
    return look(lambda: db.session.scalars(select(Job.id).filter_by(state=state)).one())()


def test_a_worker_that_stops_in_the_middle_leaves_its_chunks_to_the_next(channel, feed, monkeypatch):
    monkeypatch.setattr(presses, "BATCH", 4)
    catalogues.fill(channel, plain(1000))
    enqueue(feed)
    claim = jobs.claim({"render"})
    stored = []

    def stop_after_two(rows):
        add(rows)
        stored.append(rows)
        if len(stored) == 3:
            claim.stop.set()

    add = pieces.add
    monkeypatch.setattr(pieces, "add", stop_after_two)
    with pytest.raises(jobs.Interrupted):
        renders.run(claim)
    assert served() is None
    before = chunks()
    renders.render(feed)
    assert before <= chunks()
    assert len(rows()) == 1000


def test_two_renders_at_once_make_one_generation(app, channel, feed):
    catalogues.fill(channel, plain(2000))
    barrier, outcomes = threading.Barrier(3), []

    def work():
        with app.app_context():
            barrier.wait()
            outcomes.append(renders.render(feed))

    threads = [threading.Thread(target=work) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(outcome.state for outcome in outcomes) == ["live", "unchanged", "unchanged"]
    assert len({outcome.render_id for outcome in outcomes}) == 1
    assert len(rows()) == 2000


def elsewhere(app, work):
    """Do it as another process would."""

    def run():
        with app.app_context():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_render_never_mixes_two_versions_of_the_catalogue(app, channel, feed, monkeypatch):
    monkeypatch.setattr(presses, "BATCH", 8)
    catalogues.fill(channel, plain(1000, title="one"))
    calls = []
    original = presses.Press._missing

    def missing(self, batch, found):
        calls.append(1)
        if len(calls) == 2:
            elsewhere(app, lambda: catalogues.fill(channel, plain(1000, title="two")))
        return original(self, batch, found)

    monkeypatch.setattr(presses.Press, "_missing", missing)
    renders.render(feed)
    assert {row["title"] for row in rows().values()} == {"one"}
    renders.render(feed)
    assert {row["title"] for row in rows().values()} == {"two"}


def test_a_feed_that_is_changed_during_its_render_is_rendered_as_changed(app, channel, feed, monkeypatch):
    catalogues.fill(channel, plain(10))
    original, calls = presses.Press.whole, []

    def whole(self):
        if not calls:
            calls.append(1)
            elsewhere(app, lambda: edit(Feed, feed, format="json"))
        return original(self)

    monkeypatch.setattr(presses.Press, "whole", whole)
    renders.render(feed)
    assert len(json.loads(served())["items"]) == 10


def test_pieces_that_are_swept_during_a_render_are_made_again(app, channel, feed, monkeypatch):
    catalogues.fill(channel, plain(100))
    original, calls = publishing.objections, []

    def objections(plan, whole):
        if not calls:
            calls.append(1)
            unused = look(pieces.unused)(feed)
            elsewhere(app, lambda: transaction(pieces.sweep)(feed, unused))
        return original(plan, whole)

    monkeypatch.setattr(publishing, "objections", objections)
    assert renders.render(feed).state == "live"
    assert len(rows()) == 100


def test_a_feed_that_is_deleted_during_its_render_is_not_found(app, channel, feed, monkeypatch):
    catalogues.fill(channel, plain(10))
    original = presses.Press.whole

    def whole(self):
        elsewhere(app, lambda: transaction(lambda: feeds.delete(db.session.get(Feed, feed)))())
        return original(self)

    monkeypatch.setattr(presses.Press, "whole", whole)
    with pytest.raises(NotFound):
        renders.render(feed)


# What is left behind


def test_the_last_renders_are_kept_and_older_ones_go_with_their_chunks(make_app, channel, feed):
    with make_app(RENDERS_KEPT="2").app_context():
        for number in range(4):
            catalogues.fill(channel, plain(100, title=f"Version {number}"))
            renders.render(feed)
            transaction(
                lambda: db.session.execute(
                    update(Render)
                    .where(Render.superseded_at.is_not(None))
                    .values(superseded_at=now() - timedelta(hours=2))
                )
            )()
        catalogues.fill(channel, plain(100, title="Last"))
        renders.render(feed)
        kept = look(lambda: db.session.execute(select(Render.generation, Render.state)).all())()
        assert sorted(map(tuple, kept)) == [(4, "superseded"), (5, "live")]
        used = look(lambda: set(db.session.scalars(select(RenderChunk.chunk_id))))()
        assert chunks() == used
        assert {row["title"] for row in rows().values()} == {"Last"}


def test_a_render_that_a_slow_reader_may_be_at_is_kept(make_app, channel, feed):
    with make_app(RENDERS_KEPT="1").app_context():
        catalogues.fill(channel, plain(500, title="old"))
        renders.render(feed)
        found = serving.find("a-feed")
        reading = serving.stream(found, True)
        begin = next(reading)
        catalogues.fill(channel, plain(500, title="new"))
        renders.render(feed)
        text = gzip.decompress(begin + b"".join(reading)).decode()
        assert {row["title"] for row in csv.DictReader(io.StringIO(text))} == {"old"}


def test_a_render_that_is_removed_while_it_is_read_breaks_off_with_an_error(channel, feed, monkeypatch):
    monkeypatch.setattr(serving.pieces, "READ_AT_ONCE", 2)
    monkeypatch.setattr(serving, "PACKET", 1)
    catalogues.fill(channel, plain(1000))
    renders.render(feed)
    found = serving.find("a-feed")
    for is_gzip in (False, True):
        reading = serving.stream(found, is_gzip)
        next(reading)
        if is_gzip:
            transaction(lambda: feeds.delete(db.session.get(Feed, feed)))()
            with pytest.raises(parts.CorruptPart):
                list(reading)


def test_a_deleted_feed_leaves_nothing_behind(channel, feed):
    catalogues.fill(channel, plain(100))
    renders.render(feed)
    fetch_log.note(feed, 1, "curl/8.5", 200, 1000, False)
    fetch_log.write()
    transaction(lambda: feeds.delete(db.session.get(Feed, feed)))()
    for table in (Feed, Render, RenderChunk, ToldChunk, Chunk, Fetch):
        assert look(lambda table=table: db.session.scalar(select(func.count()).select_from(table)))() == 0
