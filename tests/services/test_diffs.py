"""What differs between two renders is what differs between the catalogues that they were made of."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from sync2sys.database import look, transaction
from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.formats import FORMATS, reading
from sync2sys.formats.parts import unpack
from sync2sys.formats.renderer import Renderer
from sync2sys.models import Feed, Render, RenderChunk
from sync2sys.services import diffs, items, publishing, render_plans, renders
from sync2sys.services.diffs import ADDED, CHANGED, KINDS, REMOVED, Change, Wanted
from tests.formats.test_reading import meant
from tests.services import catalogues
from tests.services.catalogues import plain

#: Next to nothing is held.
OPEN = {"drop": 1, "missing": 1, "prices": 1, "out_of_stock": False}


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
    def make(format="csv", **rest):
        feed = Feed(
            organization_id=organization,
            name="Feed",
            slug=format,
            format=format,
            published=True,
            **{"guard": OPEN} | rest,
        )
        db.session.add(feed)
        db.session.flush()
        return feed.id

    return make


@pytest.fixture
def feed(channel, make_feed):
    return make_feed()


@transaction
def edit(table, row_id, **values):
    db.session.execute(update(table).where(table.id == row_id).values(**values))


def render(feed, channel, shown):
    catalogues.fill(channel, shown)
    return renders.render(feed).render_id


def compare(feed, old=None, new=None, **wanted):
    return list(diffs.compare(feed, old, new, Wanted(**wanted)))


def report(feed, old=None, new=None, first=0, count=50, **wanted):
    return diffs.report(feed, old, new, Wanted(**wanted), first, count)


# What is found


def test_a_changed_a_removed_and_an_added_item_are_told_with_their_fields(channel, feed):
    render(feed, channel, {"1": {}, "2": {"price": "2.00", "brand": ""}, "3": {}})
    render(feed, channel, {"2": {"price": "2.50", "brand": "Acme"}, "3": {}, "4": {"title": "Four"}})
    changed, removed, added = compare(feed)
    assert changed == Change("2", CHANGED, [("price", "2.00", "2.50"), ("brand", None, "Acme")])
    assert (removed.key, removed.kind, added.key, added.kind) == ("1", REMOVED, "4", ADDED)
    assert ("title", "Thing 1", None) in removed.fields
    assert ("title", None, "Four") in added.fields


def test_an_item_that_is_left_out_now_was_removed(channel, feed):
    render(feed, channel, {"1": {}, "2": {}})
    render(feed, channel, {"1": {}, "2": {"published": False}})
    assert [(change.key, change.kind) for change in compare(feed)] == [("2", REMOVED)]


def test_counts_are_of_all_changes_and_a_page_is_of_the_wanted_ones(channel, feed):
    render(feed, channel, plain(100))
    later = plain(100, price="11.00") | {"1003": {"price": "12.00", "title": "New"}, "new": {}}
    del later["1050"]
    render(feed, channel, later)
    told = report(feed, first=2, count=3, field="price")
    assert told.counts == {CHANGED: 99, REMOVED: 1, ADDED: 1}
    assert told.fields == [("price", 99), ("title", 1)]
    assert told.total == 99
    assert [change.key for change in told.found] == ["1002", "1003", "1004"]
    assert [change.key for change in report(feed, kind=ADDED).found] == ["new"]
    assert [change.key for change in report(feed, field="title").found] == ["1003"]
    assert report(feed, kind=ADDED, field="title").total == 0
    assert (told.old.generation, told.new.generation) == (1, 2)
    assert (told.old.items, told.new.items) == (100, 100)


def test_one_render_differs_in_nothing_from_itself(channel, feed):
    render_id = render(feed, channel, plain(50))
    assert compare(feed, render_id, 1) == []


def test_backwards_what_was_added_is_removed(channel, feed):
    render(feed, channel, plain(3))
    render(feed, channel, plain(2) | {"x": {}})
    assert [(change.key, change.kind) for change in compare(feed, 2, 1)] == [("x", REMOVED), ("1002", ADDED)]


def test_an_item_that_moved_to_another_product_was_not_removed(channel, feed):
    others = plain(300)
    render(feed, channel, others | {"0": {}, "x": {"product": "0"}})
    render(feed, channel, others | {"0": {}, "9": {}, "x": {"product": "9"}})
    found = {(change.key, change.kind) for change in compare(feed)}
    assert found == {("x", CHANGED), ("9", ADDED)}


def test_items_that_share_an_id_are_compared_in_their_order(channel, feed):
    render(
        feed,
        channel,
        {"1": {"price": "1.00"}, "1\u200b": {"price": "2.00"}, "1\u200b\u200b": {"price": "3.00"}},
    )
    render(feed, channel, {"1": {"price": "1.00"}, "1\u200b": {"price": "5.00"}})
    assert compare(feed)[0] == Change("1", CHANGED, [("price", "2.00", "5.00")])
    assert report(feed).counts == {CHANGED: 1, REMOVED: 1, ADDED: 0}


ITEM = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Shoe", "Hat, red", 'A "b" <c> & d', "Über 🎉"]),
        "price": st.sampled_from(["1.00", "2.50", "0"]),
        "brand": st.sampled_from(["", "Acme"]),
        "options": st.sampled_from([{}, {"Color": "Red"}, {"Color": "Red", "Größe": "42"}]),
        "images": st.lists(
            st.sampled_from([f"https://shop.example/{no}.jpg" for no in range(3)]), unique=True
        ),
        "product": st.sampled_from(["p1", "p2", "p3"]),
    }
)
CATALOGUE = st.dictionaries(st.integers(0, 400).map(str), ITEM, max_size=8)


@pytest.fixture
def feeds(channel, make_feed):
    names = ("google", "xml", "csv", "tsv", "json", "jsonl", "heureka-cz")
    return {name: make_feed(name) for name in names}


@given(before=CATALOGUE, after=CATALOGUE, many=st.integers(1, 120))
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_comparing_renders_is_comparing_catalogues(channel, feeds, before, after, many):
    """By what the rules make of each item, without any bytes."""
    others = {str(1000 + no): {} for no in range(many)}
    sides = {name: [] for name in feeds}
    values = {name: [] for name in feeds}
    for changing in (before, after):
        for name, feed in feeds.items():
            sides[name].append(render(feed, channel, others | changing))
            values[name].append(values_of(feed, others | changing))
    for name, feed in feeds.items():
        old, new = values[name]
        expected = {}
        for key in old.keys() | new.keys():
            was, is_now = old.get(key, {}), new.get(key, {})
            fields = {
                field: (was.get(field), is_now.get(field))
                for field in was.keys() | is_now.keys()
                if was.get(field) != is_now.get(field)
            }
            kind = ADDED if key not in old else REMOVED if key not in new else CHANGED
            if fields:
                expected[key] = (kind, fields)
        found = compare(feed, *sides[name])
        assert {
            change.key: (change.kind, {field: (was, now) for field, was, now in change.fields})
            for change in found
        } == expected
        assert len(found) == len(expected)
        kinds = [KINDS.index(change.kind) for change in found]
        assert kinds == sorted(kinds)
        assert compare(feed, *sides[name]) == found


def values_of(feed, keys):
    """id -> values of all items that the feed has, as its syntax spells them."""
    with items.snapshot() as catalogue:
        plan = render_plans.make(catalogue, feed)
        rows = items.named(catalogue, plan.sources, plan.format.columns, list(keys)).values()
    name = plan.format.fields[0].name
    return {item[name]: item for item in meant(Renderer(plan.format, plan.context), rows)}


# What is read


@pytest.fixture
def reads(monkeypatch):
    """A list that grows with each piece that is unpacked."""
    read = []

    def note(data):
        read.append(len(data))
        return unpack(data)

    monkeypatch.setattr(diffs, "unpack", note)
    return read


def test_what_two_renders_share_is_not_read(channel, feed, reads):
    render(feed, channel, plain(3000))
    render(feed, channel, plain(3000) | {"2500": {"price": "3.00"}})
    # Each a piece with items, and the one before all items.
    assert compare(feed)
    assert len(reads) == 4


def test_each_piece_is_read_once_where_everything_changed(channel, feed, reads):
    render(feed, channel, plain(3000))
    render(feed, channel, plain(3000, price="11.00"))
    count = look(lambda: db.session.scalar(select(func.count()).select_from(RenderChunk)))()
    assert report(feed).counts[CHANGED] == 3000
    assert len(reads) <= count


def test_of_a_piece_only_the_items_are_read_that_are_not_the_same(channel, feed, monkeypatch):
    read, seen = reading.read, []
    monkeypatch.setattr(
        reading, "read", lambda *given: [seen.append(item["id"]) or item for item in read(*given)]
    )
    render(feed, channel, plain(300))
    render(feed, channel, plain(300) | {"1150": {"price": "3.00"}, "1151": {"title": "New"}})
    assert [change.key for change in compare(feed)] == ["1150", "1151"]
    assert sorted(seen) == ["1150", "1150", "1151", "1151"]


def test_rows_that_are_the_same_under_other_columns_are_not(channel, feed, monkeypatch):
    render(feed, channel, {"1": {"gtin": "", "mpn": "4006381333931"}})
    format = FORMATS["csv"]
    names = {"gtin": "mpn", "mpn": "gtin"}
    fields = tuple(replace(field, name=names.get(field.name, field.name)) for field in format.fields)
    monkeypatch.setitem(FORMATS, "csv", replace(format, version="csv-99", fields=fields))
    render(feed, channel, {"1": {"gtin": "", "mpn": "4006381333931"}})
    (change,) = compare(feed)
    assert sorted(change.fields) == [("gtin", None, "4006381333931"), ("mpn", "4006381333931", None)]


def test_a_report_of_too_much_tells_of_the_first_part_and_the_table_of_all(channel, feed, monkeypatch):
    monkeypatch.setattr(diffs, "LOOKED_AT", 500)
    render(feed, channel, plain(1000))
    render(feed, channel, dict(list(plain(1000, price="11.00").items())[:-1]))
    told = report(feed, first=10, count=5)
    assert not told.is_complete
    assert 200 < told.counts[CHANGED] < 300
    assert (told.counts[REMOVED], told.total) == (0, told.counts[CHANGED])
    assert [change.key for change in told.found] == [str(1000 + number) for number in range(10, 15)]
    assert len(compare(feed)) == 1000
    monkeypatch.setattr(diffs, "LOOKED_AT", 5000)
    assert (report(feed).is_complete, report(feed).counts) == (True, {CHANGED: 999, REMOVED: 1, ADDED: 0})


def test_renders_with_hardly_an_item_in_common_are_not_compared(channel, feed, monkeypatch):
    monkeypatch.setattr(diffs, "WAITING", 100)
    render(feed, channel, plain(101))
    render(feed, channel, {f"new-{number}": {} for number in range(101)})
    with pytest.raises(BadRequest, match="More than 100 items are in one of the two renders only"):
        compare(feed)


def test_half_of_a_catalogue_may_go(channel, feed):
    everything = plain(2000)
    render(feed, channel, everything)
    render(feed, channel, dict(list(everything.items())[1000:]))
    assert [change.key for change in compare(feed)] == list(everything)[:1000]


# Which renders


def test_a_held_render_is_compared_with_the_live_one(channel, make_feed):
    feed = make_feed(guard={})
    render(feed, channel, plain(50))
    catalogues.fill(channel, plain(5))
    assert renders.render(feed).state == "held"
    told = report(feed, None, 2)
    assert (told.old.generation, told.old.state, told.new.state) == (1, "live", "held")
    assert told.counts == {CHANGED: 0, REMOVED: 45, ADDED: 0}


def test_after_going_back_the_render_before_is_one_of_before(channel, feed):
    for count in (1, 2, 3):
        render(feed, channel, plain(count))
    transaction(lambda: publishing.roll_back(db.session.get(Feed, feed), report(feed, 1, 2).new.id))()
    told = report(feed)
    assert (told.old.generation, told.new.generation) == (1, 2)
    assert report(feed, None, 3).old.generation == 2
    assert report(feed, 2, 3).counts[ADDED] == 1


def test_renders_that_are_not_there_are_told_in_a_sentence(channel, feed, make_feed):
    with pytest.raises(NotFound, match="not rendered yet"):
        report(feed)
    render(feed, channel, plain(1))
    with pytest.raises(NotFound, match="before generation 1"):
        report(feed)
    with pytest.raises(NotFound, match=r"no render 7.*Generations that are: 1"):
        report(feed, 7)
    with pytest.raises(NotFound, match="No such feed"):
        report("none")
    other = make_feed("json")
    theirs = render(other, channel, plain(2))
    with pytest.raises(NotFound, match="no render"):
        report(feed, theirs)


def test_a_render_whose_pieces_were_swept_is_not_compared(channel, feed, monkeypatch):
    monkeypatch.setattr(renders, "SLOWEST_READER", renders.SLOWEST_READER * 0)
    for count in range(1, 9):
        render(feed, channel, plain(count))
    kept = [told.generation for told in look(lambda: _renders(feed))()]
    assert 1 not in kept
    with pytest.raises(NotFound, match="no longer kept"):
        report(feed, 1)
    assert report(feed, min(kept)).counts[ADDED] == 8 - min(kept)


def _renders(feed):
    return list(db.session.execute(select(Render.generation).filter_by(feed_id=feed)))


def test_a_render_that_is_being_taken_apart_is_no_longer_kept(channel, feed):
    first = render(feed, channel, plain(1))
    render(feed, channel, plain(2))
    edit(Render, first, state="removed")
    with pytest.raises(NotFound, match="no longer kept"):
        report(feed, first)


def test_renders_of_different_formats_are_not_compared(channel, feed):
    render(feed, channel, plain(1))
    edit(Feed, feed, format="json", rendered_mark="")
    render(feed, channel, plain(1))
    with pytest.raises(BadRequest, match="made as csv-1 and generation 2 as json-1"):
        report(feed)


def test_a_format_that_is_gone_cannot_be_read(channel, feed):
    for count in (1, 2):
        edit(Render, render(feed, channel, plain(count)), version="gone-1")
    with pytest.raises(BadRequest, match="made as gone-1"):
        report(feed)


@pytest.mark.parametrize("name", ["csv", "xml"])
def test_another_version_of_the_format_is_read_by_the_names_it_gave(channel, make_feed, monkeypatch, name):
    feed = make_feed(name)
    render(feed, channel, {"1": {"gtin": "4006381333931"}, "2": {}})
    format = FORMATS[name]
    fields = [field for field in format.fields if field.name != "gtin"]
    newer = replace(format, version=f"{name}-99", fields=(fields[0], *reversed(fields[1:])))
    monkeypatch.setitem(FORMATS, name, newer)
    render(feed, channel, {"1": {"gtin": "4006381333931"}, "2": {"price": "3.00"}})
    assert compare(feed) == [
        Change("1", CHANGED, [("gtin", "4006381333931", None)]),
        Change("2", CHANGED, [("price", "10.00", "3.00")]),
    ]


def test_a_version_that_named_its_items_otherwise_is_not_compared(channel, make_feed, monkeypatch):
    feed = make_feed("xml")
    render(feed, channel, plain(1))
    format = FORMATS["xml"]
    renamed = replace(format.fields[0], name="number")
    newer = replace(format, version="xml-99", fields=(renamed, *format.fields[1:]))
    monkeypatch.setitem(FORMATS, "xml", newer)
    render(feed, channel, plain(2))
    with pytest.raises(BadRequest, match="Items of generation 1 have no number"):
        report(feed)
