"""What readers get of a feed in several files: each like any feed, together like the one they stand for."""

import csv
import gzip
import io
import json
from dataclasses import replace

import feedparser
import pytest
import requests
from lxml import etree

from sync2sys.cli.backup import backup, restore
from sync2sys.database import transaction
from sync2sys.extensions import db, fetch_log, limiter, shelf
from sync2sys.formats import FORMATS
from sync2sys.models import Feed
from sync2sys.services import feeds, fetches, publishing, renders, serving
from tests.api.test_feeds import Owner
from tests.conftest import ON_MARIADB
from tests.plugin import assert_error
from tests.service import Service
from tests.services import catalogues
from tests.services.catalogues import plain

CAP = 200
PATH = "/api/public/feeds"
FIRST, SECOND, THIRD, FOURTH = (f"{PATH}/offers{end}" for end in ("", ".2", ".3", ".4"))
SELLER = {
    "sellerName": "The Shop",
    "sellerUrl": "https://shop.example/",
    "returnPolicy": "https://shop.example/returns",
}


@pytest.fixture
def app(make_app):
    app = make_app(FEED_RATE="10000")
    with app.app_context():
        yield app


@pytest.fixture
def organization(app):
    return catalogues.organization()


@pytest.fixture
def channel(organization):
    return catalogues.channel(organization)


@pytest.fixture(autouse=True)
def capped(monkeypatch):
    for name in ("csv", "google", "openai", "heureka-sk", "json"):
        monkeypatch.setitem(FORMATS, name, replace(FORMATS[name], most_items=CAP))


@transaction
def add_feed(organization, slug="offers", form="csv", **rest):
    columns = {"name": "Feed", "format": form, "published": True} | rest
    feed = Feed(organization_id=organization, slug=slug, **columns)
    db.session.add(feed)
    db.session.flush()
    return feed.id


@pytest.fixture
def feed(organization, channel):
    """A published feed of three files, rendered."""
    catalogues.fill(channel, plain(500))
    feed = add_feed(organization)
    renders.render(feed)
    return feed


@transaction
def change(feed, **changes):
    feeds.change(db.session.get(Feed, feed), **changes)


@transaction
def make_secret(feed):
    return f"{PATH}/{feeds.make_secret(db.session.get(Feed, feed)).secret}"


# Over sockets, read by others' parsers ------------------------------------------------------------


def google_ids(body):
    items = etree.fromstring(body).findall("channel/item")
    parsed = feedparser.parse(body)
    assert not parsed.bozo
    assert len(parsed.entries) == len(items)
    return [item.findtext("{http://base.google.com/ns/1.0}id") for item in items]


IDS = {
    "google": google_ids,
    "heureka-sk": lambda body: etree.fromstring(body).xpath("/SHOP/SHOPITEM/ITEM_ID/text()"),
    "openai": lambda body: [json.loads(line)["item_id"] for line in body.decode().splitlines()],
    "csv": lambda body: [row["id"] for row in csv.DictReader(io.StringIO(body.decode()), strict=True)],
    "json": lambda body: [item["id"] for item in json.loads(body)["items"]],
}


@pytest.fixture
def url(instance, database_url, organization, channel):
    """The service's address; its feeds are named after their formats and have three files each."""
    catalogues.fill(channel, plain(500))
    for form in IDS:
        said = {"settings": SELLER, "market": {"country": "DE"}}
        definition = said if FORMATS[form].settings else {}
        renders.render(add_feed(organization, form, form, definition=definition))
    service = Service(instance, database_url, FEED_RATE="10000", LOG_LEVEL="WARNING")
    service.start("web")
    try:
        service.await_web()
        yield f"{service.url}{PATH}"
    finally:
        service.stop()


def test_every_file_is_a_document_of_its_own_and_together_they_are_the_feed(url):
    everything = sorted(plain(500))
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"
        for form, ids_of in IDS.items():
            found = []
            for name in (form, f"{form}.2", f"{form}.3"):
                plain_one, packed = session.get(f"{url}/{name}"), session.get(f"{url}/{name}.gz")
                headers = plain_one.headers
                ids = ids_of(plain_one.content)
                assert 0 < len(ids) <= CAP
                assert headers["X-Feed-Products"] == str(len(ids))
                assert headers["Content-Length"] == str(len(plain_one.content))
                assert (headers["X-Feed-Shards"], headers["X-Feed-Generation"]) == ("3", "1")
                # Python's gzip checks CRC and length, and there is one member only.
                assert gzip.decompress(packed.content) == plain_one.content
                assert packed.headers["Content-Length"] == str(len(packed.content))
                assert packed.headers["Content-Type"] == "application/gzip"
                assert_conditions(session, f"{url}/{name}", headers)
                found += ids
            assert found == everything, form
            for name in (f"{form}.4", f"{form}.4.gz", f"{form}.1", f"{form}.0", f"{form}.02", f"{form}.2.2"):
                assert session.get(f"{url}/{name}").status_code == 404


def assert_conditions(session, address, headers):
    """Asked again by somebody who has it, and by HEAD, in each coding."""
    for coding in ("identity", "gzip"):
        fresh = session.head(address, headers={"Accept-Encoding": coding})
        assert (fresh.status_code, fresh.content) == (200, b"")
        got = session.get(address, headers={"Accept-Encoding": coding}, stream=True)
        assert len(got.raw.read(decode_content=False)) == int(fresh.headers["Content-Length"])
        for condition in (
            {"If-None-Match": fresh.headers["ETag"]},
            {"If-Modified-Since": fresh.headers["Last-Modified"]},
        ):
            known = session.get(address, headers={"Accept-Encoding": coding} | condition)
            assert (known.status_code, known.content) == (304, b"")
            assert known.headers["X-Feed-Shards"] == "3"


# Addresses ----------------------------------------------------------------------------------------


def statuses(client, *paths):
    return [client.get(path).status_code for path in paths]


@pytest.mark.parametrize("path", [SECOND, f"{SECOND}.gz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("known", [False, True])
def test_a_file_in_memory_is_answered_as_one_that_is_not(client, feed, path, method, known):
    headers = {"If-None-Match": client.get(path).headers["ETag"]} if known else {}
    shelf.forget("offers")
    view, front = (client.open(path, method=method, headers=headers) for _ in range(2))
    assert view.status_code == front.status_code == (304 if known else 200)
    assert view.data == front.data
    changing = {"X-Request-Id", "RateLimit-Remaining", "RateLimit-Reset"}
    assert sorted(pair for pair in view.headers if pair[0] not in changing) == sorted(
        pair for pair in front.headers if pair[0] not in changing
    )
    ending = "csv.gz" if path.endswith(".gz") else "csv"
    assert known or view.headers["Content-Disposition"] == f'inline; filename="offers.2.{ending}"'


def test_a_feed_of_one_file_says_nothing_of_files_and_has_no_second(client, organization, channel):
    catalogues.fill(channel, plain(CAP))
    renders.render(add_feed(organization))
    answer = client.get(FIRST)
    assert answer.headers["X-Feed-Products"] == str(CAP)
    assert not [name for name, _ in answer.headers if name.startswith(("X-Feed-Sh", "X-Feed-Generation"))]
    assert client.get(SECOND).data == client.get(f"{PATH}/none").data
    assert client.get(SECOND).status_code == 404


def test_files_of_unpublished_feeds_are_not_there_from_that_moment(client, feed):
    paths = (FIRST, SECOND, THIRD, f"{THIRD}.gz")
    for _ in range(2):
        assert statuses(client, *paths) == [200] * 4
    change(feed, published=False)
    assert statuses(client, *paths) == [404] * 4
    assert client.get(SECOND).data == client.get(f"{PATH}/none").data
    change(feed, published=True)
    change(feed, slug="renamed")
    assert statuses(client, *paths, f"{PATH}/renamed.2") == [*[404] * 4, 200]
    transaction(lambda: feeds.delete(db.session.get(Feed, feed)))()
    assert statuses(client, f"{PATH}/renamed", f"{PATH}/renamed.2") == [404, 404]


def test_forgetting_a_feed_keeps_others_whose_names_begin_alike(client, organization, feed):
    renders.render(add_feed(organization, "offers-2"))
    for path in (FIRST, SECOND, f"{PATH}/offers-2", f"{PATH}/offers-2.2"):
        client.get(path)
    shelf.forget("offers")
    assert [bool(shelf.find(name)) for name in ("offers", "offers.2", "offers-2", "offers-2.2")] == [
        False,
        False,
        True,
        True,
    ]


def test_a_file_that_is_gone_answers_404_at_once_and_comes_back(client, channel, feed):
    assert statuses(client, FIRST, SECOND, THIRD, FOURTH) == [200, 200, 200, 404]
    catalogues.fill(channel, plain(300))
    renders.render(feed)
    assert statuses(client, FIRST, SECOND, THIRD) == [200, 200, 404]
    catalogues.fill(channel, plain(700))
    renders.render(feed)
    assert statuses(client, FIRST, SECOND, THIRD, FOURTH) == [200] * 4
    generations = {client.get(path).headers["X-Feed-Generation"] for path in (FIRST, SECOND, THIRD, FOURTH)}
    assert generations == {"3"}


def test_files_are_served_at_the_secret_address_too_and_do_not_tell_it(client, feed):
    secret = make_secret(feed)
    for path in (f"{secret}.2", f"{secret}.3.gz"):
        for _ in range(2):
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "private, max-age=300"
            assert secret[-32:] not in str(answer.headers)
    assert client.get(f"{secret}.2").data == client.get(SECOND).data
    assert client.get(SECOND).headers["Cache-Control"] == "public, max-age=300"
    change(feed, secret_only=True)
    assert statuses(client, FIRST, SECOND, f"{secret}.2") == [404, 404, 200]
    other = make_secret(feed)
    assert statuses(client, f"{secret}.2", f"{other}.2") == [404, 200]


def test_no_secret_of_a_file_stands_in_the_log(client, feed, capfd, caplog):
    secret = make_secret(feed)[-32:]
    for ending in (".2", ".2.gz", ".9"):
        for _ in range(2):
            client.get(f"{PATH}/{secret}{ending}")
    printed = capfd.readouterr().err + caplog.text
    assert secret[:4] + "…" in printed
    assert secret not in printed


def test_only_the_feeds_own_address_has_it_rendered_for_the_first_time(client, organization, channel):
    catalogues.fill(channel, plain(500))
    add_feed(organization)
    assert_error(client.get(SECOND), 404, "Not Found")
    assert client.get(FIRST).headers["X-Cache"] == "MISS"
    assert client.get(SECOND).headers["X-Cache"] == "HIT"


def test_files_count_for_the_limit_like_feeds(make_app, organization, feed):
    client = make_app().test_client()
    limiter.storage.reset()
    answers = [client.get(path) for path in (FIRST, SECOND, f"{THIRD}.gz", FOURTH) * 8]
    assert [answer.status_code for answer in answers] == [*[200, 200, 200, 404] * 7, 200, 200, 429, 429]


def test_a_file_that_is_not_kept_in_memory_is_streamed_from_its_place(client, feed, monkeypatch):
    whole = [client.get(path).data for path in (FIRST, SECOND, THIRD)]
    monkeypatch.setattr(serving, "SMALL", 100)
    for path, body in zip((FIRST, SECOND, THIRD), whole, strict=True):
        assert client.get(path).data == body
        packed = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.data) == body


# What the owner sees ------------------------------------------------------------------------------


def test_the_log_says_which_file_was_read(client, feed):
    for path in (FIRST, SECOND, f"{THIRD}.gz", SECOND):
        for _ in range(2):
            client.get(path)
    fetch_log.write()
    found = fetches.recent(db.session.get(Feed, feed))
    assert [fetch.shard for fetch in reversed(found)] == [1, 1, 2, 2, 3, 3, 2, 2]


def test_a_file_that_nobody_reads_is_told_to_owner_and_operator(app, client, channel, feed):
    def said():
        fetch_log.write()
        told = [each.message for each in feeds.remarks_on([db.session.get(Feed, feed)])[feed]]
        output = app.test_cli_runner().invoke(args=["doctor"]).output
        assert [message for message in told if f"WRONG  feed offers: {message}" not in output] == [], output
        assert told or "ok     feed offers: fine" in output
        db.session.rollback()
        return told

    (told,) = said()
    assert "nobody was seen reading files 2, 3. Give the channel" in told
    statuses(client, FIRST, SECOND)
    (told,) = said()
    assert "reading file 3. Give" in told
    statuses(client, THIRD)
    assert said() == []
    catalogues.fill(channel, plain(700))
    renders.render(feed)
    (told,) = said()
    assert "reading file 4. Give" in told
    catalogues.fill(channel, plain(450))
    renders.render(feed)
    assert said() == []


def test_nobody_is_blamed_where_the_log_does_not_go_back_far_enough(client, feed, monkeypatch):
    monkeypatch.setattr(fetches, "KEPT", 3)
    statuses(client, *[FIRST] * 3)
    fetch_log.write()
    assert fetches.unread([db.session.get(Feed, feed)]) == {}


def test_the_api_lists_the_files_of_a_render_and_where_they_are_served(app, client):
    alice = Owner(app, "alice@shop.example")
    catalogues.fill(alice.channel, plain(500))
    feed = alice.make(published=True, format="csv", slug="offers")
    renders.render(feed["id"])
    shown = alice.call("GET", f"/feeds/{feed['id']}").json
    shards, render = shown["render"]["shards"], shown["render"]
    assert [shard["no"] for shard in shards] == [1, 2, 3]
    assert shards[0]["url"] == shown["url"]
    assert [shard["secretUrl"] for shard in shards] == [None] * 3
    for shard in shards:
        path = shard["url"].removeprefix("http://127.0.0.1:8000")
        answer = client.get(path)
        assert (len(answer.data), answer.headers["X-Feed-Products"]) == (shard["length"], str(shard["items"]))
        assert len(client.get(f"{path}.gz").data) == shard["gzipLength"]
    for name in ("items", "length", "gzipLength"):
        assert sum(shard[name] for shard in shards) == render[name]
    secret = alice.call("POST", f"/feeds/{feed['id']}/secret").json
    assert secret["render"]["shards"][1]["secretUrl"] == f"{secret['secretUrl']}.2"
    change(feed["id"], secret_only=True)
    [only] = alice.call("GET", "/feeds").json["items"]
    assert only["render"]["shards"][1]["url"] == f"{secret['secretUrl']}.2"


def test_a_render_that_is_not_served_has_files_without_addresses(app):
    alice = Owner(app, "alice@shop.example")
    feed = alice.make(published=True, format="csv", slug="offers")
    for count in (500, 100):
        catalogues.fill(alice.channel, plain(count))
        renders.render(feed["id"])
    shown = alice.call("GET", f"/feeds/{feed['id']}").json
    assert len(shown["render"]["shards"]) == 3
    assert [(shard["no"], shard["url"], shard["items"]) for shard in shown["held"]["shards"]] == [
        (1, None, 100)
    ]
    released = alice.call("POST", f"/feeds/{feed['id']}/renders/{shown['held']['id']}/release").json
    assert released["shards"][0]["url"] == shown["url"]
    history = alice.call("GET", f"/feeds/{feed['id']}/renders").json["items"]
    assert [[shard["url"] for shard in render["shards"]] for render in history] == [
        [shown["url"]],
        [None] * 3,
    ]


@pytest.mark.skipif(ON_MARIADB, reason="about SQLite")
def test_a_restored_backup_serves_the_files_that_were_backed_up(app, client, channel, feed, tmp_path):
    flask, target = app.test_cli_runner(), tmp_path / "backup.db"
    before = [client.get(path).data for path in (FIRST, SECOND, THIRD)]
    assert flask.invoke(backup, [str(target)]).exit_code == 0
    catalogues.fill(channel, plain(100, title="later"))
    held = renders.render(feed)
    transaction(lambda: publishing.release(db.session.get(Feed, feed), held.render_id))()
    assert statuses(client, SECOND) == [404]
    db.session.remove()
    assert flask.invoke(restore, [str(target)]).exit_code == 0
    shelf.forget("offers")
    assert [client.get(path).data for path in (FIRST, SECOND, THIRD)] == before
