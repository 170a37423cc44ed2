"""Feeds over one catalogue look at its items once; each is still made and published on its own."""

import pytest
from sqlalchemy import select

from sync2sys.database import look, transaction
from sync2sys.extensions import db, scans
from sync2sys.models import Feed, Render
from sync2sys.services import items, renders
from sync2sys.services import scans as module
from tests.services import catalogues
from tests.services.catalogues import plain
from tests.services.test_jobs import in_threads

FORMATS = ("csv", "google", "json")


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
def feeds(organization, channel):
    return [make_feed(organization, format) for format in FORMATS]


@transaction
def make_feed(organization, format, **rest):
    feed = Feed(organization_id=organization, name="Feed", slug=f"feed-{format}", format=format, **rest)
    db.session.add(feed)
    db.session.flush()
    return feed.id


@pytest.fixture
def looks(monkeypatch):
    """The sources of every look at all items."""
    seen, real = [], items.stamps

    def stamps(connection, sources):
        seen.append([source.channel_id for source in sources])
        return real(connection, sources)

    monkeypatch.setattr(items, "stamps", stamps)
    return seen


def state_of(feed):
    query = select(Render.generation, Render.items).join(Feed, Feed.live_render_id == Render.id)
    return look(lambda: tuple(db.session.execute(query.where(Feed.id == feed)).one()))()


def test_all_feeds_of_a_shop_look_at_its_items_once_after_each_change(channel, feeds, looks):
    for generation, count in enumerate((40, 41), 1):
        catalogues.fill(channel, plain(count))
        for feed in feeds:
            renders.render(feed)
        assert [state_of(feed) for feed in feeds] == [(generation, count)] * len(feeds)
    assert looks == [[channel], [channel]]


def test_feeds_of_other_channels_look_for_themselves(organization, channel, feeds, looks):
    other = catalogues.channel(organization)
    both, alone = make_feed(organization, "meta"), make_feed(organization, "pinterest", sources=[other])
    for each in (channel, other):
        catalogues.fill(each, plain(5))
    for feed in (both, alone, *feeds):
        renders.render(feed)
    assert (state_of(both), state_of(alone)) == ((1, 10), (1, 5))
    assert looks == [[channel, other], [other]]


def test_a_render_of_an_older_state_gets_that_state_and_leaves_the_newer_one_to_others(channel, feeds):
    catalogues.fill(channel, plain(5))
    with items.snapshot() as older:
        of_older = items.sources(older, organization_of(feeds[0]), None)
        catalogues.fill(channel, plain(6))
        with items.snapshot() as newer:
            assert sizes(scans.of(newer, items.sources(newer, organization_of(feeds[0]), None))) == 6
        assert sizes(scans.of(older, of_older)) == 5
    renders.render(feeds[0])
    assert state_of(feeds[0]) == (1, 6)


def organization_of(feed):
    return look(lambda: db.session.get(Feed, feed).organization_id)()


def sizes(scan):
    return sum(span.size for span in scan.spans)


def test_a_feed_whose_render_fails_does_not_hurt_the_others(channel, feeds, looks, monkeypatch):
    catalogues.fill(channel, plain(5))
    with monkeypatch.context() as broken:
        broken.setattr(module, "borders", lambda groups: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            renders.render(feeds[0])
    for feed in feeds:
        renders.render(feed)
    assert [state_of(feed) for feed in feeds] == [(1, 5)] * len(feeds)
    assert len(looks) == 2


def test_feeds_that_are_rendered_at_once_share_one_look(app, channel, feeds, looks):
    catalogues.fill(channel, plain(200))
    waiting = list(feeds)
    in_threads(app, len(feeds), lambda: renders.render(waiting.pop()))
    assert [state_of(feed) for feed in feeds] == [(1, 200)] * len(feeds)
    assert looks == [[channel]]


def test_no_more_is_kept_than_fits_and_the_last_one_always(channel, feeds, looks, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 1)
    other = catalogues.channel(organization_of(feeds[0]))
    alone = make_feed(organization_of(feeds[0]), "meta", sources=[other])
    for each in (channel, other):
        catalogues.fill(each, plain(200))
    for feed in (feeds[0], alone, feeds[1], feeds[2]):
        renders.render(feed)
    assert looks == [[channel, other], [other], [channel, other]]
