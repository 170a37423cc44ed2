"""A feed that is too large for one file has several: complete, disjoint, switched at once."""

import csv
import gzip
import io
from dataclasses import replace
from itertools import chain, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from sync2sys.database import look, transaction
from sync2sys.extensions import db, shelf
from sync2sys.formats import FORMATS, chunks, parts
from sync2sys.models import Feed, Render, RenderShard
from sync2sys.services import diagnostics, diffs, feeds, pieces, publishing, renders, serving
from sync2sys.services.diffs import ADDED, CHANGED, REMOVED
from sync2sys.services.pieces import Piece
from sync2sys.services.shards import Binder
from tests.services import catalogues
from tests.services.catalogues import plain

# Binding pieces to files


class Bound:
    """The files that were bound of some chunks, given as (items, bytes, key of the first product)."""

    def __init__(self, contents, most_items=None, most_bytes=None, separator=b","):
        self._data = {}
        around = [self._piece(raw, 0, place) for place, raw in enumerate((b"<", separator, b">"), -3)]
        binder = Binder(replace(FORMATS["csv"], most_items=most_items, most_bytes=most_bytes), *around)
        for place, (items, raw, first) in enumerate(contents):
            binder.add(self._piece(raw, items, place), first)
        self.shards = binder.shards()

    def _piece(self, raw, items, number):
        part = parts.pack(raw)
        self._data[number] = part.data
        sizes = (part.raw_length, len(part.data), part.crc)
        return Piece(number, "", items, 0, *sizes, part.digest, part.packed_digest, None, None)

    def texts(self):
        """The documents, read back out of their gzip files."""
        whole = [b"".join(parts.gzip(each.extent, map(self._data.get, each.ids))) for each in self.shards]
        return [gzip.decompress(file) for file in whole]

    def places(self):
        """The chunks of each file, by number."""
        return [[number for number in shard.ids if number >= 0] for shard in self.shards]


def chunk(items, length, first):
    return (items, b"x" * length if items else b"", first)


CHUNKS = st.lists(
    st.builds(chunk, st.integers(0, 40), st.integers(1, 300), st.text(min_size=1, max_size=4)), max_size=60
)


@given(CHUNKS, st.none() | st.integers(1, 300), st.none() | st.integers(10, 2000))
def test_files_have_every_chunk_once_and_hold_no_more_than_they_may(contents, most_items, most_bytes):
    bound = Bound(contents, most_items, most_bytes)
    assert list(chain.from_iterable(bound.places())) == list(range(len(contents)))
    assert len(bound.shards) == 1 or all(shard.items for shard in bound.shards)
    for shard, places, text in zip(bound.shards, bound.places(), bound.texts(), strict=True):
        filled = [contents[place] for place in places if contents[place][0]]
        assert text == b"<" + b",".join(raw for _, raw, _ in filled) + b">"
        assert shard.items == sum(items for items, _, _ in filled)
        if len(filled) > 1:
            assert shard.items <= (most_items or shard.items)
            assert len(text) <= (most_bytes or len(text))
    for one, next_ in pairwise(bound.shards):
        items, length = one.items + next_.items, one.extent.raw_length + next_.extent.raw_length
        assert (most_items and items > most_items) or (most_bytes and length > most_bytes), "cut for nothing"


@given(CHUNKS, st.integers(1, 300))
def test_equal_chunks_are_cut_alike_and_another_cut_has_another_hash(contents, most_items):
    one, two, whole = Bound(contents, most_items), Bound(contents, most_items), Bound(contents)
    assert one.shards == two.shards
    assert len(whole.shards) == 1
    assert (one.places() == whole.places()) == (one.shards == whole.shards)


def test_a_file_that_no_channel_would_take_is_not_made_smaller_than_a_chunk():
    assert Bound([chunk(9, 100, "a"), chunk(9, 100, "b"), chunk(0, 0, "c")], 5, 50).places() == [[0], [1, 2]]


def bound_catalogue(keys, most_items):
    """The files of products of one item each, cut into chunks as a render cuts them."""
    borders = [*chunks.borders(keys), len(keys)]
    some = (keys[begin:end] for begin, end in pairwise(borders))
    return Bound([(len(each), "\n".join(each).encode(), each[0]) for each in some], most_items).shards


def test_a_product_more_or_less_mostly_changes_its_own_file_alone():
    dice = Random(4711)
    keys = sorted(str(dice.randrange(10**9)) for _ in range(20_000))
    before = bound_catalogue(keys, 2000)
    assert len(before) > 10
    changed = []
    for _ in range(25):
        more = bound_catalogue(sorted([*keys, str(dice.randrange(10**9))]), 2000)
        changed.append(sum(one.etag != two.etag for one, two in zip(before, more, strict=True)))
    assert sum(count == 1 for count in changed) >= 20
    assert max(changed) <= 4


# Rendering and serving them

CAP = 500


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


@pytest.fixture(autouse=True)
def capped(monkeypatch):
    """Files of the CSV format have 500 items at most."""
    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], most_items=CAP))


@pytest.fixture
def organization():
    return catalogues.organization()


@pytest.fixture
def channel(organization):
    return catalogues.channel(organization)


@pytest.fixture
def feed(organization, channel):
    return add_feed(organization)


@transaction
def add_feed(organization, **rest):
    columns = {"name": "Feed", "slug": "offers", "format": "csv", "published": True} | rest
    feed = Feed(organization_id=organization, **columns)
    db.session.add(feed)
    db.session.flush()
    return feed.id


def render(feed, channel, items):
    catalogues.fill(channel, items)
    return renders.render(feed)


def files(slug="offers"):
    """What is served at the names of a feed's files, each checked against what is promised about it."""
    shelf.forget(slug)
    found = []
    while served := serving.find(serving.name_of(slug, len(found) + 1)):
        body = b"".join(serving.stream(served, False))
        assert gzip.decompress(b"".join(serving.stream(served, True))) == body
        rows = list(csv.DictReader(io.StringIO(body.decode())))
        assert len(rows) == served.items <= CAP
        assert served.no == len(found) + 1
        found.append((served, rows))
    assert {served.shards for served, _ in found} <= {len(found)}
    return found


def keys(found):
    return [row["id"] for _, rows in found for row in rows]


@transaction
def act(work, feed, render_id):
    work(db.session.get(Feed, feed), render_id)


def test_files_together_are_the_unsharded_feed(organization, channel, feed, monkeypatch):
    render(feed, channel, plain(2000))
    cut = files()
    assert len(cut) == 5
    monkeypatch.undo()
    renders.render(add_feed(organization, slug="whole"))
    whole = serving.find("whole")
    assert (whole.items, whole.shards) == (2000, 1)
    text = b"".join(serving.stream(whole, False)).decode()
    assert [row for _, rows in cut for row in rows] == list(csv.DictReader(io.StringIO(text)))


def test_a_product_is_never_parted(channel, feed):
    render(feed, channel, {f"{n:04}": {"product": f"{n // 7:04}"} for n in range(1400)})
    found = files()
    assert len(found) > 2
    groups = [{row["group_id"] for row in rows} for _, rows in found]
    assert sum(map(len, groups)) == len(set().union(*groups)) == 200


def test_the_whole_feed_is_counted_and_each_file_for_itself(channel, feed):
    outcome = render(feed, channel, plain(1200) | {"draft": {"published": False}})
    found = files()
    stored = look(lambda: db.session.get(Render, outcome.render_id).items)()
    assert sum(served.items for served, _ in found) == stored == outcome.items == 1200
    assert outcome.mirrored == 1201


def test_the_cap_of_bytes_counts_too(channel, feed, monkeypatch):
    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], most_items=None, most_bytes=30_000))
    render(feed, channel, plain(400))
    found = files()
    assert len(found) > 1
    assert all(served.extent.raw_length <= 30_000 for served, _ in found)
    assert len(set(keys(found))) == 400


def test_a_growing_feed_gets_a_second_file_and_a_shrinking_one_loses_it(channel, feed):
    for count, expected in ((CAP, 1), (CAP + 50, 2), (CAP - 50, 1), (CAP + 50, 2)):
        render(feed, channel, plain(count))
        found = files()
        assert [len(found), len(set(keys(found)))] == [expected, count]


def test_a_file_that_stays_keeps_its_hash_and_date_while_another_changes(channel, feed):
    render(feed, channel, plain(1200))
    before = [served for served, _ in files()]
    render(feed, channel, plain(1200) | {"1001": {"price": "11.00"}})
    after = [served for served, _ in files()]
    same = [
        (one.etag, one.changed_at) == (two.etag, two.changed_at)
        for one, two in zip(before, after, strict=True)
    ]
    assert same == [False, True, True]
    assert after[0].changed_at.replace(microsecond=0) > before[0].changed_at.replace(microsecond=0)
    assert {served.generation for served in after} == {2}


def test_what_is_left_out_changes_no_file(channel, feed):
    first = render(feed, channel, plain(1200))
    again = render(feed, channel, plain(1200) | {f"{n}x": {"published": False} for n in range(1000, 1300)})
    assert (again.state, again.render_id) == ("unchanged", first.render_id)


def test_the_same_items_cut_elsewhere_are_something_new(channel, feed, monkeypatch):
    first = render(feed, channel, plain(1200))
    before = keys(files())
    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], most_items=CAP - 100))
    again = render(feed, channel, plain(1200))
    assert again.state == "live"
    assert again.render_id != first.render_id
    found = files()
    assert max(served.items for served, _ in found) <= CAP - 100
    assert keys(found) == before


def test_the_guard_judges_all_files_together(channel, feed):
    render(feed, channel, plain(1200))
    held = render(feed, channel, plain(450))
    assert [(hold["code"], hold["before"], hold["after"]) for hold in held.hold] == [
        ("COUNT_DROPPED", 1200, 450)
    ]
    assert len(files()) == 3
    act(publishing.release, feed, held.render_id)
    assert len(files()) == 1


def test_going_back_brings_back_all_files_at_once(channel, feed):
    first = render(feed, channel, plain(1200))
    before = files()
    render(feed, channel, plain(700, title="new"))
    assert len(files()) == 2
    act(publishing.roll_back, feed, first.render_id)
    after = files()
    assert [rows for _, rows in after] == [rows for _, rows in before]
    for (old, _), (new, _) in zip(before, after, strict=True):
        assert new.etag == old.etag
        assert new.changed_at > old.changed_at


def test_a_reader_in_the_middle_of_a_file_gets_it_whole_from_one_render(channel, feed, monkeypatch):
    monkeypatch.setattr(pieces, "READ_AT_ONCE", 2)
    monkeypatch.setattr(serving, "PACKET", 1)
    render(feed, channel, plain(1200, title="old"))
    second = serving.find("offers.2")
    reading = serving.stream(second, True)
    begin = next(reading)
    render(feed, channel, plain(1100, title="new"))
    text = gzip.decompress(begin + b"".join(reading)).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["title"] for row in rows} == {"old"}
    assert len(rows) == second.items
    assert {row["title"] for _, rows in files() for row in rows} == {"new"}


def test_what_differs_and_what_is_wrong_is_told_over_all_files(channel, feed):
    priceless = {"1003": {"price": "0"}, "2100": {"price": "0"}}
    render(feed, channel, plain(1200) | priceless)
    now = plain(1200) | priceless | {"1001": {"price": "11.00"}, "2190": {"price": "12.00"}, "3000": {}}
    del now["1600"]
    render(feed, channel, now)
    changes = diffs.compare(feed, None, None, diffs.Wanted())
    assert [(change.key, change.kind) for change in changes] == [
        ("1001", CHANGED),
        ("2190", CHANGED),
        ("1600", REMOVED),
        ("3000", ADDED),
    ]
    report = diagnostics.report(feed, diagnostics.Wanted(outcome="excluded"), 0, 10)
    assert [diagnosis.item.key for diagnosis in report.found] == ["1003", "2100"]


def test_equal_data_makes_equal_files(organization, channel, feed):
    render(feed, channel, plain(1200))
    renders.render(add_feed(organization, slug="again"))
    one, two = files(), files("again")
    assert [(each.etag, each.gzip_etag) for each, _ in one] == [
        (each.etag, each.gzip_etag) for each, _ in two
    ]


def test_old_renders_and_deleted_feeds_leave_no_files_behind(channel, feed):
    for count in (1200, 1100):
        render(feed, channel, plain(count))
    counted = look(lambda: db.session.scalar(select(func.count()).select_from(RenderShard)))
    assert counted() == 6
    transaction(
        lambda: db.session.execute(db.text("UPDATE render SET state = 'removed' WHERE generation = 1"))
    )()
    renders._tidy(feed)
    assert counted() == 3
    transaction(lambda: feeds.delete(db.session.get(Feed, feed)))()
    assert counted() == 0
