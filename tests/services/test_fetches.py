"""Who read a feed is noted at no cost to him, written in batches, and never more than there is room for."""

import gzip
import logging
import os
import threading
import time

import pytest
import requests
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from sync2sys.database import look, transaction
from sync2sys.extensions import db, fetch_log
from sync2sys.models import Feed, Fetch
from sync2sys.services import bots, fetches, renders
from tests.service import Service
from tests.services import catalogues
from tests.services.catalogues import plain

ADDRESS = "/api/public/feeds/offers"


@pytest.fixture(autouse=True)
def app(make_app):
    app = make_app(FEED_RATE="10000")
    with app.app_context():
        yield app


@transaction
def add_feed(organization, slug):
    feed = Feed(organization_id=organization, name="Feed", slug=slug, format="csv", published=True)
    db.session.add(feed)
    db.session.flush()
    return feed.id


@pytest.fixture
def organization():
    return catalogues.organization()


@pytest.fixture
def feed(organization):
    """A published feed of three items, rendered."""
    catalogues.fill(catalogues.channel(organization), plain(3))
    feed = add_feed(organization, "offers")
    renders.render(feed)
    return feed


def note(feed, agent="curl/8.5", times=1):
    for _ in range(times):
        fetch_log.note(feed, 1, agent, 200, 1000, False)


def written(feed):
    """The fetches of a feed that stand in the database, newest first."""
    return look(
        lambda: [
            (fetch.agent, fetch.bot, fetch.status, fetch.bytes, fetch.gzip)
            for fetch in fetches.recent(db.session.get(Feed, feed))
        ]
    )()


def test_the_view_and_the_front_note_alike_what_they_sent(client, feed):
    curl = {"User-Agent": "curl/8.5"}
    body = client.get(ADDRESS, headers=curl)
    fetch_log.write()
    [by_view] = written(feed)
    assert client.get(ADDRESS, headers=curl).data == body.data
    fetch_log.write()
    assert written(feed) == [by_view, by_view] == [("curl/8.5", "curl", 200, len(body.data), False)] * 2


def test_what_was_sent_is_told_in_bytes(client, feed):
    plain = client.get(ADDRESS)
    packed = client.get(ADDRESS, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    client.get(f"{ADDRESS}.gz")
    client.head(ADDRESS)
    client.get(ADDRESS, headers={"If-None-Match": plain.headers["ETag"]})
    fetch_log.write()
    assert [fetch[2:] for fetch in written(feed)] == [
        (304, 0, False),
        (200, 0, False),
        (200, len(packed.data), True),
        (200, len(packed.data), True),
        (200, len(plain.data), False),
    ]


def test_what_is_not_answered_with_the_feed_is_not_noted(client, feed):
    client.get("/api/public/feeds/none")
    client.post(ADDRESS)
    fetch_log.write()
    assert written(feed) == []


def test_an_answer_from_memory_touches_no_database(client, feed):
    client.get(ADDRESS)
    seen = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    for _ in range(20):
        client.get(ADDRESS)
    assert seen == []
    fetch_log.write()
    assert len(written(feed)) == 21


def test_a_long_or_strange_name_is_cut_and_cleaned(feed):
    note(feed, "x" * 1000)
    note(feed, "Gogglebot \x1b[2J\x85\n")
    note(feed, "")
    fetch_log.write()
    assert [fetch[0] for fetch in written(feed)] == ["", "Gogglebot ?[2J??", "x" * 200]


def test_only_the_last_fetches_of_each_feed_are_kept(organization, feed, monkeypatch):
    monkeypatch.setattr(fetches, "KEPT", 5)
    other = add_feed(organization, "other")
    note(other, "first")
    for number in range(4):
        for turn in range(3):
            note(feed, f"{number}.{turn}")
        fetch_log.write()
    assert [fetch[0] for fetch in written(feed)] == ["3.2", "3.1", "3.0", "2.2", "2.1"]
    note(feed, "burst", times=100)
    fetch_log.write()
    assert {fetch[0] for fetch in written(feed)} == {"burst"}
    assert look(lambda: db.session.scalar(select(func.count(Fetch.id))))() == 6
    assert len(written(other)) == 1


def test_what_comes_too_fast_is_counted_and_forgotten(feed, monkeypatch, caplog):
    monkeypatch.setattr(fetches, "ROOM", 10)
    with caplog.at_level(logging.WARNING):
        note(feed, times=15)
        fetch_log.write()
    assert len(written(feed)) == 10
    assert "5 fetches were not noted" in caplog.text
    note(feed, times=3)
    fetch_log.write()
    assert len(written(feed)) == 13


def test_a_database_that_fails_loses_lines_and_no_answer(client, feed, monkeypatch, caplog):
    def fail(noted):
        raise OperationalError("INSERT", {}, Exception("locked"))

    client.get(ADDRESS)
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(fetches, "_add", fail)
        fetch_log.write()
    assert "1 fetches could not be written" in caplog.text
    assert client.get(ADDRESS).status_code == 200
    fetch_log.write()
    assert len(written(feed)) == 1


def test_a_feed_that_was_deleted_meanwhile_takes_nothing_along(organization, feed):
    other = add_feed(organization, "other")
    note(feed)
    note(other)
    transaction(lambda: db.session.delete(db.session.get(Feed, other)))()
    fetch_log.write()
    assert len(written(feed)) == 1


def test_notes_are_written_in_the_background(feed, monkeypatch):
    monkeypatch.setattr(fetches, "EVERY_SECONDS", 0.05)
    note(feed)
    deadline = time.monotonic() + 10
    while not written(feed):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_log_that_is_closed_has_written_all_and_can_go_on(feed):
    note(feed)
    fetch_log.close()
    assert len(written(feed)) == 1
    assert "fetches" not in [thread.name for thread in threading.enumerate()]
    note(feed)
    fetch_log.close()
    assert len(written(feed)) == 2


def test_many_threads_note_and_none_is_lost(app, feed):
    log = app.extensions["sync2sys"]["fetch_log"]

    def note_fifty():
        for _ in range(50):
            log.note(feed, 1, "curl/8.5", 200, 1, False)

    threads = [threading.Thread(target=note_fifty) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    log.write()
    assert len(written(feed)) == 400


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_writes_what_it_noted_and_not_what_its_parent_did(app, feed):
    note(feed, "parent")
    log = app.extensions["sync2sys"]["fetch_log"]
    child = os.fork()
    if not child:
        # Whatever happens, this must not go on as a second test run.
        try:
            log.note(feed, 1, "child", 200, 1, False)
            os._exit(10 * len(log._noted) + (log._thread is not None and log._thread.is_alive()))
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 11
    fetch_log.write()
    assert [fetch[0] for fetch in written(feed)] == ["parent"]


def test_each_process_of_the_service_writes_what_it_answered(instance, database_url, forks, feed):
    service = Service(instance, database_url, forks)
    service.start("web")
    try:
        service.await_web()
        for _ in range(20):
            assert requests.get(service.url + ADDRESS, timeout=10).status_code == 200
    finally:
        service.stop()
    assert len(written(feed)) == 20


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("Mozilla/5.0 (X11; Linux x86_64; Storebot-Google/1.0) AppleWebKit/537.36", "Google Storebot"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Meta"),
        ("meta-externalagent/1.1", "Meta"),
        ("Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)", "Pinterest"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Bing"),
        ("CURL/8.5.0", "curl"),
        ("Wget/1.21.4", "Wget"),
        ("python-requests/2.32", "Python"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Browser"),
        ("something of our own", ""),
        ("", ""),
    ],
)
def test_software_that_is_known_has_a_short_name(agent, name):
    assert bots.name_of(agent) == name


def test_the_short_names_fit_their_column():
    assert all(word == word.lower() and 0 < len(name) <= 40 for word, name in bots.KNOWN)
