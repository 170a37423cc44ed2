"""What feed readers get: the contract's headers, conditions, codings, limits; and what attackers get."""

import csv
import gzip
import io
import re
import threading
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from sync2sys.api import public
from sync2sys.database import look, transaction
from sync2sys.extensions import db, limiter, shelf
from sync2sys.models import Feed, Job, Render
from sync2sys.models.base import now
from sync2sys.services import feeds, publishing, renders, serving
from tests.plugin import assert_error
from tests.services import catalogues
from tests.services.catalogues import plain

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
ADDRESS = "/api/public/feeds/google-shopping-feed"


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


@transaction
def add_feed(organization, slug="google-shopping-feed", form="google", published=True):
    feed = Feed(organization_id=organization, name="Feed", slug=slug, format=form, published=published)
    db.session.add(feed)
    db.session.flush()
    return feed.id


@pytest.fixture
def make_feed(organization, channel):
    return partial(add_feed, organization)


@pytest.fixture
def feed(channel, make_feed):
    """A published feed of three items, rendered."""
    catalogues.fill(channel, plain(3))
    feed = make_feed()
    renders.render(feed)
    return feed


def change(feed, **changes):
    transaction(lambda: feeds.change(db.session.get(Feed, feed), **changes))()


# The contract -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "content_type", "ending"),
    [
        ("google", "application/xml; charset=utf-8", "xml"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("json", "application/json", "json"),
    ],
)
def test_the_documented_headers_come_with_every_format(
    client, channel, make_feed, form, content_type, ending
):
    catalogues.fill(channel, plain(3))
    renders.render(make_feed(f"my-{form}", form))
    answer = client.get(f"/api/public/feeds/my-{form}")
    assert answer.status_code == 200
    headers = answer.headers
    assert headers["Content-Type"] == content_type
    assert headers["Content-Disposition"] == f'inline; filename="my-{form}.{ending}"'
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["X-Feed-Products"] == "3"
    assert TIME.match(headers["X-Feed-Generated"])
    assert headers["X-Cache"] == "HIT"
    assert re.match(r'"[0-9a-f]{32}"\Z', headers["ETag"])
    assert headers["Last-Modified"].endswith(" GMT")
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["X-Robots-Tag"] == "noindex"
    assert int(headers["Content-Length"]) == len(answer.data) > 0
    for once in ("Content-Type", "ETag", "Cache-Control", "Vary", "Content-Length", "X-Request-Id"):
        assert len(headers.getlist(once)) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [ADDRESS, f"{ADDRESS}.gz"])
@pytest.mark.parametrize("known", [False, True])
def test_what_is_in_memory_is_answered_as_what_is_not(client, feed, method, path, known):
    headers = {"If-None-Match": client.get(path).headers["ETag"]} if known else {}
    shelf.forget("google-shopping-feed")
    view, front = (client.open(path, method=method, headers=headers) for _ in range(2))
    assert view.status == front.status == ("304 NOT MODIFIED" if known else "200 OK")
    assert view.data == front.data
    changing = {"X-Request-Id", "RateLimit-Remaining", "RateLimit-Reset"}
    assert changing < set(view.headers.keys())
    assert sorted((name, value) for name, value in view.headers if name not in changing) == sorted(
        (name, value) for name, value in front.headers if name not in changing
    )


def test_only_reading_is_answered_from_memory(client, feed):
    client.get(ADDRESS)
    assert_error(client.post(ADDRESS), 405, "Method Not Allowed")
    assert client.options(ADDRESS).data == b""


def test_head_answers_as_get_without_the_body(client, feed):
    got, head = client.get(ADDRESS), client.head(ADDRESS)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.data))
    changing = {"X-Request-Id", "Ratelimit-Remaining", "Ratelimit-Reset", "Date"}
    assert {name: value for name, value in head.headers if name.title() not in changing} == {
        name: value for name, value in got.headers if name.title() not in changing
    }


def test_an_unknown_and_an_unpublished_feed_answer_alike(client, feed, make_feed):
    make_feed("never-published", published=False)
    answers = []
    for slug in ("none", "never-published", "none.gz", "x" * 5000, "%00", "..", "GOOGLE-SHOPPING-FEED"):
        answer = client.get(f"/api/public/feeds/{slug}")
        assert_error(answer, 404, "Not Found")
        answers.append((answer.data, answer.headers["Content-Type"], answer.headers["Cache-Control"]))
    assert len(set(answers)) == 1
    assert "RateLimit-Remaining" in answer.headers


def test_a_feed_that_is_unpublished_is_gone_at_once_and_comes_back_as_it_was(client, feed):
    before = client.get(ADDRESS)
    change(feed, published=False)
    assert client.get(ADDRESS).status_code == 404
    change(feed, published=True)
    again = client.get(ADDRESS)
    assert again.data == before.data
    assert again.headers["ETag"] == before.headers["ETag"]


def test_a_deleted_feed_is_gone_at_once(client, feed):
    assert client.get(ADDRESS).status_code == 200
    transaction(lambda: feeds.delete(db.session.get(Feed, feed)))()
    assert client.get(ADDRESS).status_code == 404


def test_a_new_render_is_served_at_once(client, channel, feed):
    before = client.get(ADDRESS)
    catalogues.fill(channel, plain(4))
    renders.render(feed)
    after = client.get(ADDRESS)
    assert after.headers["X-Feed-Products"] == "4"
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Last-Modified"] != before.headers["Last-Modified"]


def test_another_processs_render_is_served_within_a_second(client, channel, feed):
    client.get(ADDRESS)
    catalogues.fill(channel, plain(4))
    forget, serving.Shelf.forget = serving.Shelf.forget, lambda self, slug: None
    try:
        renders.render(feed)
    finally:
        serving.Shelf.forget = forget
    begun = time.monotonic()
    asked = begun
    while client.get(ADDRESS).headers["X-Feed-Products"] != "4":
        assert asked - begun < serving.FRESH_SECONDS, "asked more than a second later"
        time.sleep(0.05)
        asked = time.monotonic()


def test_a_changed_address_is_known_at_once_and_the_old_one_is_gone(client, feed):
    client.get(ADDRESS)
    change(feed, slug="new-address")
    assert client.get(ADDRESS).status_code == 404
    assert client.get("/api/public/feeds/new-address").status_code == 200


# Secret addresses ---------------------------------------------------------------------------------


@transaction
def make_secret(feed):
    return f"/api/public/feeds/{feeds.make_secret(db.session.get(Feed, feed)).secret}"


@transaction
def remove_secret(feed):
    feeds.remove_secret(db.session.get(Feed, feed))


def test_a_feed_is_served_at_its_secret_address_too(client, feed):
    secret = make_secret(feed)
    for path in (secret, f"{secret}.gz", ADDRESS):
        assert [client.get(path).status_code for _ in range(2)] == [200, 200]
    assert client.get(secret).data == client.get(ADDRESS).data


@pytest.mark.parametrize("turn", ["view", "front"])
def test_an_answer_at_a_secret_address_does_not_tell_it_and_is_kept_by_nobody_else(client, feed, turn):
    secret = make_secret(feed)
    if turn == "front":
        client.get(secret)
    for path, ending in ((secret, "xml"), (f"{secret}.gz", "xml.gz")):
        answer = client.get(path)
        assert secret[-32:] not in str(answer.headers)
        assert answer.headers["Content-Disposition"] == f'inline; filename="google-shopping-feed.{ending}"'
        assert answer.headers["Cache-Control"] == "private, max-age=300"
    assert client.get(ADDRESS).headers["Cache-Control"] == "public, max-age=300"


def test_a_secret_address_that_was_changed_or_removed_is_dead_at_once(client, feed):
    first = make_secret(feed)
    assert client.get(first).status_code == 200
    second = make_secret(feed)
    assert [client.get(path).status_code for path in (first, second, ADDRESS)] == [404, 200, 200]
    remove_secret(feed)
    assert [client.get(path).status_code for path in (second, ADDRESS)] == [404, 200]


def test_a_secret_address_that_another_process_changed_is_dead_within_a_second(client, feed, monkeypatch):
    first = make_secret(feed)
    client.get(first)
    with monkeypatch.context() as patch:
        patch.setattr(serving.Shelf, "forget", lambda self, address: None)
        make_secret(feed)
    begun = time.monotonic()
    asked = begun
    while client.get(first).status_code != 404:
        assert asked - begun < serving.FRESH_SECONDS, "asked more than a second later"
        time.sleep(0.05)
        asked = time.monotonic()


def test_a_feed_may_be_served_at_its_secret_address_alone(client, feed):
    secret = make_secret(feed)
    assert client.get(ADDRESS).status_code == 200
    change(feed, secret_only=True)
    assert_error(client.get(ADDRESS), 404, "Not Found")
    assert client.get(ADDRESS).data == client.get("/api/public/feeds/none").data
    assert client.get(secret).status_code == 200
    change(feed, secret_only=False)
    assert client.get(ADDRESS).status_code == 200


def test_what_changes_is_seen_at_both_addresses_at_once(client, channel, feed):
    secret = make_secret(feed)
    for path in (ADDRESS, secret):
        assert client.get(path).headers["X-Feed-Products"] == "3"
    catalogues.fill(channel, plain(4))
    renders.render(feed)
    for path in (ADDRESS, secret):
        assert client.get(path).headers["X-Feed-Products"] == "4"
    change(feed, published=False)
    for path in (ADDRESS, secret):
        assert client.get(path).status_code == 404


def test_the_first_request_at_a_secret_address_renders_a_small_feed(client, channel, make_feed):
    catalogues.fill(channel, plain(3))
    feed = make_feed()
    secret = make_secret(feed)
    change(feed, secret_only=True)
    assert client.get(ADDRESS).status_code == 404
    assert client.get(secret).headers["X-Cache"] == "MISS"


@pytest.mark.parametrize("form", ["{}", "{}.gz", "{}/", "{}.xml", "{}x", "x{}", "/{}"])
def test_no_secret_stands_in_the_log(client, feed, capfd, caplog, form):
    secret = make_secret(feed)[-32:]
    for name in (secret, secret.upper()):
        for _ in range(2):
            client.get(f"/api/public/feeds/{form.format(name)}")
    printed = capfd.readouterr().err + caplog.text
    assert secret[:4] + "…" in printed
    assert secret not in printed.lower()


def test_no_secret_stands_in_the_log_where_something_goes_wrong(
    client, app, feed, capfd, caplog, monkeypatch
):
    path = make_secret(feed)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(name):
        raise ZeroDivisionError

    def lose(name):
        with db.engine.connect() as connection:
            connection.execute(select(Feed.id).where(db.text("nonsense = :name").bindparams(name=name)))

    for broken, status in ((fail, 500), (lose, 503)):
        monkeypatch.setattr(serving, "find", broken)
        assert client.get(path).status_code == status
    printed = capfd.readouterr().err + caplog.text
    assert "ZeroDivisionError" in printed
    assert "nonsense" in printed
    assert path[-32:] not in printed


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_feed_can_only_be_read(client, feed, method):
    answer = client.open(ADDRESS, method=method)
    assert_error(answer, 405, "Method Not Allowed")
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "HEAD"}


# Conditions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{}, "other"', "*", ' W/"a,b" ,{}'])
def test_a_known_etag_is_a_304(client, feed, form):
    fresh = client.get(ADDRESS)
    answer = client.get(ADDRESS, headers={"If-None-Match": form.format(fresh.headers["ETag"])})
    assert (answer.status_code, answer.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "X-Feed-Generated", "RateLimit-Remaining", "X-Cache"):
        assert answer.headers[name]
    assert "Content-Type" not in answer.headers
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("form", ['"other"', "garbage", "", '"', "W/"])
def test_any_other_etag_gets_the_feed(client, feed, form):
    assert client.get(ADDRESS, headers={"If-None-Match": form}).status_code == 200


def test_each_representation_has_an_etag_of_its_own(client, feed):
    identity, packed = client.get(ADDRESS), client.get(ADDRESS, headers={"Accept-Encoding": "gzip"})
    assert identity.headers["ETag"] != packed.headers["ETag"]
    for asked, tag, status in (
        ("gzip", packed, 304),
        ("gzip", identity, 200),
        ("identity", packed, 200),
        ("identity", identity, 304),
    ):
        headers = {"Accept-Encoding": asked, "If-None-Match": tag.headers["ETag"]}
        assert client.get(ADDRESS, headers=headers).status_code == status


def test_an_unchanged_feed_is_a_304_by_its_date(client, feed):
    date = client.get(ADDRESS).headers["Last-Modified"]
    assert client.get(ADDRESS, headers={"If-Modified-Since": date}).status_code == 304
    assert client.head(ADDRESS, headers={"If-Modified-Since": date}).status_code == 304


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", "", "9" * 400])
def test_an_older_date_or_none_gets_the_feed(client, feed, date):
    assert client.get(ADDRESS, headers={"If-Modified-Since": date}).status_code == 200


def test_an_etag_counts_more_than_a_date(client, feed):
    date = client.get(ADDRESS).headers["Last-Modified"]
    headers = {"If-Modified-Since": date, "If-None-Match": '"other"'}
    assert client.get(ADDRESS, headers=headers).status_code == 200


def test_a_released_render_is_newer_than_what_its_readers_have(client, channel, make_feed):
    """It was made before they came, but they have not seen it."""
    catalogues.fill(channel, plain(60))
    feed = make_feed()
    renders.render(feed)
    catalogues.fill(channel, plain(3))
    held = renders.render(feed)
    long_ago = now() - timedelta(days=1)
    transaction(
        lambda: db.session.execute(update(Render).filter_by(id=held.render_id).values(changed_at=long_ago))
    )()
    seen = client.get(ADDRESS).headers["Last-Modified"]
    transaction(lambda: publishing.release(db.session.get(Feed, feed), held.render_id))()
    answer = client.get(ADDRESS, headers={"If-Modified-Since": seen})
    assert (answer.status_code, answer.headers["X-Feed-Products"]) == (200, "3")


# Codings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "is_gzip"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.5", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*", True),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("gzip ; q=0.001", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.4, identity;q=0.5", False),
        ("gzip;q=much", False),
        (",;=, q=1", False),
    ],
)
def test_gzip_comes_where_it_is_asked_for(client, feed, accepted, is_gzip):
    plain = client.get(ADDRESS).data
    answer = client.get(ADDRESS, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == ("gzip" if is_gzip else None)
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert (gzip.decompress(answer.data) if is_gzip else answer.data) == plain
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"


@pytest.mark.parametrize("accepted", ["", "gzip", "identity"])
def test_an_ending_of_gz_is_the_compressed_file_itself(client, feed, accepted):
    plain = client.get(ADDRESS).data
    answer = client.get(f"{ADDRESS}.gz", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Type"] == "application/gzip"
    assert answer.headers["Content-Disposition"] == 'inline; filename="google-shopping-feed.xml.gz"'
    assert gzip.decompress(answer.data) == plain


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_feed_that_is_not_kept_in_memory_is_streamed_whole(client, channel, make_feed, coding, monkeypatch):
    monkeypatch.setattr(serving, "SMALL", 1000)
    catalogues.fill(channel, plain(3000))
    renders.render(make_feed(form="csv"))
    answer = client.get(ADDRESS, headers={"Accept-Encoding": coding})
    assert int(answer.headers["Content-Length"]) == len(answer.data) > 30_000
    text = (gzip.decompress(answer.data) if coding == "gzip" else answer.data).decode()
    assert len(list(csv.DictReader(io.StringIO(text)))) == 3000


def test_small_bodies_are_kept_within_their_room(feed):
    shelf, found = serving.Shelf(), serving.find("google-shopping-feed")
    many = [replace(found, render_id=f"render {number}") for number in range(40)]
    for served in many:
        shelf.keep_body(served, False, bytes(1024 * 1024))
    assert [served for served in many if shelf.body(served, False)] == many[24:]


# The first request --------------------------------------------------------------------------------


def test_the_first_request_for_a_small_feed_renders_it(client, channel, make_feed):
    catalogues.fill(channel, plain(3))
    make_feed()
    first, second = client.get(ADDRESS), client.get(ADDRESS)
    assert (first.status_code, first.headers["X-Cache"]) == (200, "MISS")
    assert (second.status_code, second.headers["X-Cache"]) == (200, "HIT")
    assert first.data == second.data


def test_many_first_requests_render_it_once(app, channel, make_feed):
    catalogues.fill(channel, plain(300))
    make_feed()
    answers, barrier = [], threading.Barrier(8)

    def ask():
        client = app.test_client()
        barrier.wait()
        answer = client.get(ADDRESS)
        answers.append((answer.status_code, answer.headers["X-Cache"], answer.data))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(answer[:2] for answer in answers) == [(200, "HIT")] * 7 + [(200, "MISS")]
    assert len({answer[2] for answer in answers}) == 1


def test_the_first_request_for_a_large_feed_has_it_rendered_by_the_worker(
    client, channel, make_feed, monkeypatch
):
    monkeypatch.setattr(public, "SMALL_CATALOGUE", 2)
    catalogues.fill(channel, plain(3))
    feed = make_feed()
    answer = client.get(ADDRESS)
    assert_error(answer, 503, "Service Unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert look(lambda: db.session.scalar(select(Job.live_key)))() == f"render:{feed}"
    renders.render(feed)
    assert client.get(ADDRESS).headers["X-Cache"] == "HIT"


def test_a_feed_whose_first_render_is_held_is_not_there(client, channel, make_feed):
    make_feed()
    for _ in range(2):
        assert_error(client.get(ADDRESS), 404, "Not Found")
    assert look(lambda: len(db.session.scalars(select(Render.id)).all()))() == 1
    catalogues.fill(channel, plain(2))
    renders.render(look(lambda: db.session.scalar(select(Feed.id)))())
    assert client.get(ADDRESS).status_code == 200


# The limit ----------------------------------------------------------------------------------------


@pytest.fixture
def limited(make_app):
    """A client of an application with the documented limit, with a published feed."""
    app = make_app()
    with app.app_context():
        organization = catalogues.organization()
        catalogues.fill(catalogues.channel(organization), plain(3))
        renders.render(add_feed(organization))
        limiter.storage.reset()
        yield app.test_client()


def ask(client, address="198.51.100.7", path=ADDRESS, method="GET", **headers):
    return client.open(path, method=method, headers=headers, environ_base={"REMOTE_ADDR": address})


def test_thirty_requests_are_answered_and_the_next_is_told_to_wait(limited):
    answers = [ask(limited) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in answers] == [*reversed(range(30)), 0]
    assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"30"}
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {"30;w=60"}
    refused = answers[-1]
    assert_error(refused, 429, "Too Many Requests")
    assert 50 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"]
    assert ask(limited, "198.51.100.8").status_code == 200


def test_304_head_404_and_other_feeds_count_too(limited):
    etag = ask(limited).headers["ETag"]
    for _ in range(9):
        assert ask(limited, **{"If-None-Match": etag}).status_code == 304
        assert ask(limited, method="HEAD").status_code == 200
        assert ask(limited, path="/api/public/feeds/none").status_code == 404
    assert ask(limited, path=f"{ADDRESS}.gz").status_code == 200
    assert ask(limited, path=f"{ADDRESS}?x=1").status_code == 200
    for method in ("GET", "HEAD"):
        assert ask(limited, method=method).status_code == 429
    assert ask(limited, path="/api/public/feeds/none").status_code == 429


def test_an_ipv6_reader_is_its_whole_64_and_a_mapped_one_its_ipv4(limited):
    answers = [ask(limited, f"2001:db8:1:2:{number:x}::1").status_code for number in range(31)]
    assert answers == [200] * 30 + [429]
    assert ask(limited, "2001:db8:1:3::1").status_code == 200
    mixed = [ask(limited, f"{prefix}203.0.113.9").status_code for prefix in ["", "::ffff:"] * 16]
    assert mixed == [200] * 30 + [429] * 2


def test_a_reader_cannot_choose_its_address(limited):
    answers = [ask(limited, **{"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(31)]
    assert answers[-1] == 429


# Attacks ------------------------------------------------------------------------------------------


def test_guessing_slugs_learns_nothing_and_is_slow(limited):
    """A28: a random slug has 128 bits, and thirty guesses a minute all look the same."""
    answers = [ask(limited, path=f"/api/public/feeds/{number:032x}") for number in range(40)]
    assert [answer.status_code for answer in answers] == [404] * 30 + [429] * 10
    assert len({answer.data for answer in answers[:30]}) == 1


def test_no_query_method_or_host_makes_it_render_again(client, channel, feed, monkeypatch):
    """A29: whatever a reader varies, the stored render is what it gets."""
    catalogues.fill(channel, plain(5))
    monkeypatch.setattr(renders, "render", None)
    tried = [
        client.get(
            f"{ADDRESS}?x={number}", headers={"Host": f"host-{number}.example", "Cache-Control": "no-cache"}
        )
        for number in range(50)
    ]
    tried += [client.head(f"{ADDRESS}?x={number}") for number in range(50)]
    assert {answer.headers["X-Cache"] for answer in tried} == {"HIT"}
    assert {answer.headers["ETag"] for answer in tried} == {tried[0].headers["ETag"]}


def test_no_unknown_address_is_remembered(client, app, feed):
    for number in range(200):
        client.get(f"/api/public/feeds/guess-{number}")
    assert len(shelf._found) <= 1
