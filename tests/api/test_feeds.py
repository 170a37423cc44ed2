"""Making, changing, watching and removing feeds; who may see which."""

import re
import threading

import pytest
from sqlalchemy import select

from sync2sys.api.access import encode
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Feed, Job, Organization
from sync2sys.services import accounts, renders, tokens
from tests.plugin import Plugin, assert_error
from tests.services import catalogues
from tests.services.catalogues import plain

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
GUARD = {"drop": 0.5, "fewest": 20, "missing": 0.9, "prices": 0.9, "outOfStock": True}
FEED = {"name": "Google Shopping", "format": "google"}


class Owner:
    """Somebody signed in at the panel, with an organization and a mirrored channel."""

    def __init__(self, app, email):
        self.client = app.test_client()
        with app.app_context():
            self.organization = catalogues.organization()
            self.channel = catalogues.channel(self.organization)
            self.headers = {"Authorization": f"Bearer {signed_in(email, self.organization)}"}

    @property
    def facts(self):
        """What can be given to `again`."""
        return {"organization": self.organization, "channel": self.channel, "headers": self.headers}

    @classmethod
    def again(cls, app, facts, **more):
        """Somebody who was made earlier, in an application that has the rows of that."""
        made = cls.__new__(cls)
        vars(made).update(facts, app=app, client=app.test_client(), **more)
        return made

    def call(self, method, path, **options):
        return self.client.open(f"/api{path}", method=method, headers=self.headers, **options)

    def make(self, **fields):
        answer = self.call("POST", "/feeds", json=FEED | fields)
        assert answer.status_code == 201, answer.text
        return answer.json


@transaction
def signed_in(email, organization):
    """A token as signing in gives it, without a password: those are slow to check on purpose."""
    user = accounts.user_of(email)
    accounts.join(email, db.session.get(Organization, organization))
    return encode(tokens.issue_panel(user).access)


@pytest.fixture
def alice(app):
    return Owner(app, "alice@shop.example")


@pytest.fixture
def bob(app):
    return Owner(app, "bob@shop.example")


def rendered(app, feed):
    with app.app_context():
        return renders.render(feed["id"])


def jobs_of(app, feed):
    with app.app_context():
        return look(lambda: list(db.session.scalars(select(Job.state).filter_by(subject=feed["id"]))))()


# Making -------------------------------------------------------------------------------------------


def test_a_new_feed_is_shown_as_it_was_made(alice):
    feed = alice.make(slug="google-shopping-feed", document={"title": "Offers"})
    assert feed == {
        "id": feed["id"],
        "name": "Google Shopping",
        "format": "google",
        "slug": "google-shopping-feed",
        "url": "http://127.0.0.1:8000/api/public/feeds/google-shopping-feed",
        "secretUrl": None,
        "secretOnly": False,
        "published": False,
        "sources": None,
        "document": {"title": "Offers"},
        "definition": {},
        "guard": GUARD,
        "render": None,
        "held": None,
        "pinnedSince": None,
        "isRendering": False,
        "problem": "",
        "remarks": [],
        "createdAt": feed["createdAt"],
        "updatedAt": feed["updatedAt"],
    }
    assert TIME.match(feed["createdAt"])
    assert alice.call("GET", f"/feeds/{feed['id']}").json == feed


def test_a_published_feed_is_rendered_at_once_and_another_one_is_not(app, alice):
    assert jobs_of(app, alice.make(published=True)) == ["queued"]
    assert jobs_of(app, alice.make()) == []


def test_a_feed_without_a_slug_gets_one_that_nobody_can_guess(alice):
    slugs = {alice.make()["slug"] for _ in range(5)}
    assert len(slugs) == 5
    assert all(re.fullmatch(r"[0-9a-f]{32}", slug) for slug in slugs)


@pytest.mark.parametrize("slug", ["abc", "a-b-c", "123", "x" * 100, "google-shopping-feed-2"])
def test_a_slug_may_be_chosen(alice, slug):
    assert alice.make(slug=slug)["slug"] == slug


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "ab",
        "x" * 101,
        "Upper",
        "a b",
        "-ab",
        "ab-",
        "a--b",
        "a.b",
        "feed.gz",
        "a/b",
        "ä-b",
        "abc\n",
        "a_b",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_a_slug_that_cannot_be_an_address_is_refused(alice, slug):
    body = assert_error(alice.call("POST", "/feeds", json=FEED | {"slug": slug}), 400)
    assert body["details"]["slug"]


def test_a_taken_slug_is_told_of_whatever_else_is_changed(alice):
    alice.make(slug="taken")
    feed = alice.make(slug="mine")
    answer = alice.call("PATCH", f"/feeds/{feed['id']}", json={"slug": "taken", "sources": [alice.channel]})
    assert_error(answer, 400, "SLUG_TAKEN")


def test_a_slug_belongs_to_one_feed_of_the_whole_installation(alice, bob):
    feed = alice.make(slug="offers")
    other = bob.make()
    for answer in (
        bob.call("POST", "/feeds", json=FEED | {"slug": "offers"}),
        bob.call("PATCH", f"/feeds/{other['id']}", json={"slug": "offers"}),
    ):
        assert_error(answer, 400, "SLUG_TAKEN")
    assert alice.call("DELETE", f"/feeds/{feed['id']}").status_code == 204
    assert bob.make(slug="offers")["slug"] == "offers"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"format": "csv"},
        FEED | {"name": ""},
        FEED | {"name": "x" * 201},
        FEED | {"name": None},
        FEED | {"name": ["x"]},
        FEED | {"format": "nonsense"},
        FEED | {"format": 1},
        FEED | {"published": "perhaps"},
        FEED | {"published": None},
        FEED | {"sources": "all"},
        FEED | {"sources": []},
        FEED | {"sources": ["no such channel"]},
        FEED | {"sources": [None]},
        FEED | {"slug": None},
        FEED | {"slug": 5},
        FEED | {"document": {"title": ""}},
        FEED | {"document": {"link": "javascript:alert(1)"}},
        FEED | {"document": {"colour": "red"}},
        FEED | {"document": []},
        FEED | {"guard": {"drop": 1.1}},
        FEED | {"guard": {"drop": -0.1}},
        FEED | {"guard": {"drop": "0.5"}},
        FEED | {"guard": {"drop": True}},
        FEED | {"guard": {"drop": None}},
        FEED | {"guard": {"missing": 2}},
        FEED | {"guard": {"prices": -1}},
        FEED | {"guard": {"fewest": 0}},
        FEED | {"guard": {"fewest": 1.5}},
        FEED | {"guard": {"fewest": 10_000_000}},
        FEED | {"guard": {"outOfStock": 1}},
        FEED | {"guard": {"empty": False}},
        FEED | {"guard": None},
        FEED | {"guard": []},
        FEED | {"id": "mine"},
        FEED | {"unknown": 1},
        [],
        None,
    ],
)
def test_a_wrong_body_is_a_400_and_makes_nothing(app, alice, body):
    assert_error(alice.call("POST", "/feeds", json=body), 400)
    assert alice.call("GET", "/feeds").json["total"] == 0


def test_a_format_that_is_not_known_is_told_with_those_that_are(alice):
    body = assert_error(alice.call("POST", "/feeds", json=FEED | {"format": "nonsense"}), 400, "Bad Request")
    assert "google" in body["details"]["format"][0]


def test_sources_are_channels_of_the_own_organization(alice, bob):
    assert alice.make(sources=[alice.channel])["sources"] == [alice.channel]
    assert_error(alice.call("POST", "/feeds", json=FEED | {"sources": [bob.channel]}), 400)


def test_the_plan_limits_the_number_of_feeds(make_app):
    plans = '{"starter": {"feeds": 2}}'
    alice = Owner(make_app(PLANS=plans), "alice@shop.example")
    alice.make(), alice.make()
    assert_error(alice.call("POST", "/feeds", json=FEED), 403, "FEED_LIMIT")
    first = alice.call("GET", "/feeds").json["items"][0]
    alice.call("DELETE", f"/feeds/{first['id']}")
    alice.make()


def test_two_requests_at_the_limit_do_not_both_pass(make_app):
    app = make_app(PLANS='{"starter": {"feeds": 1}}')
    alice = Owner(app, "alice@shop.example")
    barrier, statuses = threading.Barrier(4), []

    def make():
        client = app.test_client()
        barrier.wait()
        statuses.append(client.post("/api/feeds", json=FEED, headers=alice.headers).status_code)

    threads = [threading.Thread(target=make) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(statuses) == [201, 403, 403, 403]


# Changing -----------------------------------------------------------------------------------------


def test_a_change_changes_what_it_names_and_nothing_else(app, alice):
    feed = alice.make(slug="offers")
    changed = alice.call("PATCH", f"/feeds/{feed['id']}", json={"name": "New", "published": True})
    assert changed.status_code == 200
    assert changed.json | {"updatedAt": ""} == feed | {
        "name": "New",
        "published": True,
        "isRendering": True,
        "updatedAt": "",
    }
    assert jobs_of(app, feed) == ["queued"]


@pytest.mark.parametrize(
    "body", [{"id": "x"}, {"url": "x"}, {"format": "x"}, {"name": ""}, {"sources": ["x"]}, []]
)
def test_a_wrong_change_changes_nothing(alice, body):
    feed = alice.make()
    assert_error(alice.call("PATCH", f"/feeds/{feed['id']}", json=body), 400)
    assert alice.call("GET", f"/feeds/{feed['id']}").json == feed


def test_sources_can_be_all_channels_again(alice):
    feed = alice.make(sources=[alice.channel])
    assert alice.call("PATCH", f"/feeds/{feed['id']}", json={"sources": None}).json["sources"] is None


def test_thresholds_are_set_wholly_and_shown_with_the_usual_ones(alice):
    feed = alice.make(guard={"drop": 0.2, "outOfStock": False})
    assert feed["guard"] == GUARD | {"drop": 0.2, "outOfStock": False}
    path = f"/feeds/{feed['id']}"
    assert alice.call("PATCH", path, json={"guard": {"fewest": 5}}).json["guard"] == GUARD | {"fewest": 5}
    assert alice.call("PATCH", path, json={"name": "Other"}).json["guard"] == GUARD | {"fewest": 5}
    assert_error(alice.call("PATCH", path, json={"guard": {"drop": 7}}), 400)
    assert alice.call("PATCH", path, json={"guard": {}}).json["guard"] == GUARD
    assert alice.call("GET", path).json["guard"] == GUARD


def test_a_secret_address_is_made_rotated_and_removed(alice):
    path = f"/feeds/{alice.make(slug='offers')['id']}"
    first = alice.call("POST", f"{path}/secret").json
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/api/public/feeds/[0-9a-f]{32}", first["secretUrl"])
    assert first["url"].endswith("/offers")
    second = alice.call("POST", f"{path}/secret").json
    assert second["secretUrl"] != first["secretUrl"]
    assert alice.call("GET", path).json == second
    answer = alice.call("DELETE", f"{path}/secret")
    assert (answer.status_code, answer.data) == (204, b"")
    assert alice.call("GET", path).json["secretUrl"] is None
    assert alice.call("DELETE", f"{path}/secret").status_code == 204


def test_a_feed_always_has_an_address(alice):
    path = f"/feeds/{alice.make(slug='offers')['id']}"
    assert_error(alice.call("PATCH", path, json={"secretOnly": True}), 400, "NO_SECRET")
    secret = alice.call("POST", f"{path}/secret").json["secretUrl"]
    shown = alice.call("PATCH", path, json={"secretOnly": True}).json
    assert (shown["secretOnly"], shown["url"], shown["slug"]) == (True, secret, "offers")
    assert_error(alice.call("DELETE", f"{path}/secret"), 400, "SECRET_ONLY")
    assert alice.call("PATCH", path, json={"secretOnly": False}).json["url"].endswith("/offers")
    assert alice.call("DELETE", f"{path}/secret").status_code == 204


def test_a_random_slug_may_be_sent_back(alice):
    feed = alice.make()
    assert alice.call("PATCH", f"/feeds/{feed['id']}", json={"slug": feed["slug"]}).status_code == 200


def test_a_feed_can_be_rendered_on_request(app, alice):
    feed = alice.make()
    assert alice.call("POST", f"/feeds/{feed['id']}/render").json["isRendering"] is True
    assert alice.call("POST", f"/feeds/{feed['id']}/render").status_code == 200
    assert jobs_of(app, feed) == ["queued"]


# Watching -----------------------------------------------------------------------------------------


def test_a_feed_shows_what_is_served_and_what_is_held(app, alice):
    feed = alice.make(published=True)
    with app.app_context():
        catalogues.fill(alice.channel, plain(50) | {"draft": {"published": False}})
    live = rendered(app, feed)
    shown = alice.call("GET", f"/feeds/{feed['id']}").json
    assert (shown["render"]["id"], shown["held"]) == (live.render_id, None)
    assert (shown["render"]["items"], shown["render"]["mirrored"]) == (50, 51)
    assert shown["render"]["excluded"] == {"not_published": 1}
    assert TIME.match(shown["render"]["changedAt"])
    with app.app_context():
        catalogues.fill(alice.channel, plain(5))
    held = rendered(app, feed)
    shown = alice.call("GET", f"/feeds/{feed['id']}").json
    assert (shown["render"]["id"], shown["held"]["id"]) == (live.render_id, held.render_id)
    assert shown["held"]["hold"] == [
        {"code": "COUNT_DROPPED", "message": "45 of 50 items are gone.", "before": 50, "after": 5}
    ]
    assert "45 of 50" in shown["problem"]


@pytest.mark.parametrize(("verb", "served", "state"), [("release", 5, "live"), ("drop", 50, "dropped")])
def test_a_held_render_is_released_or_dropped_by_its_owner(app, alice, bob, verb, served, state):
    feed = alice.make(published=True, format="csv", slug="offers")
    with app.app_context():
        catalogues.fill(alice.channel, plain(50))
    rendered(app, feed)
    with app.app_context():
        catalogues.fill(alice.channel, plain(5))
    held = rendered(app, feed)
    path = f"/feeds/{feed['id']}/renders/{held.render_id}/{verb}"
    assert_error(bob.call("POST", path), 404)
    assert alice.call("POST", path).json["state"] == state
    assert alice.client.get("/api/public/feeds/offers").headers["X-Feed-Products"] == str(served)
    shown = alice.call("GET", f"/feeds/{feed['id']}").json
    assert (shown["held"], shown["problem"]) == (None, "")
    assert_error(alice.call("POST", path), 400)
    assert_error(alice.call("POST", f"/feeds/{feed['id']}/renders/none/{verb}"), 404)


def test_a_feed_is_rolled_back_and_resumed_by_its_owner(app, alice, bob):
    feed = alice.make(published=True, format="csv", slug="offers")
    made = []
    for count in (1, 2):
        with app.app_context():
            catalogues.fill(alice.channel, plain(count))
        made.append(rendered(app, feed).render_id)
    path = f"/feeds/{feed['id']}/renders/{made[0]}/rollback"
    address = "/api/public/feeds/offers"
    before = alice.client.get(address)
    assert_error(bob.call("POST", path), 404)
    assert alice.call("POST", path).json["state"] == "live"
    after = alice.client.get(address, headers={"If-Modified-Since": before.headers["Last-Modified"]})
    assert (after.status_code, after.headers["X-Feed-Products"]) == (200, "1")
    assert TIME.match(alice.call("GET", f"/feeds/{feed['id']}").json["pinnedSince"])
    assert_error(alice.call("POST", path), 400)
    held = rendered(app, feed)
    shown = alice.call("GET", f"/feeds/{feed['id']}").json
    assert shown["held"]["id"] == held.render_id
    assert [reason["code"] for reason in shown["held"]["hold"]] == ["ROLLED_BACK"]
    resumed = alice.call("POST", f"/feeds/{feed['id']}/resume").json
    assert (resumed["pinnedSince"], resumed["isRendering"]) == (None, True)
    rendered(app, feed)
    assert alice.client.get(address).headers["X-Feed-Products"] == "2"
    assert_error(alice.call("POST", f"/feeds/{feed['id']}/resume"), 400)


def test_the_history_lists_renders_newest_first(app, alice):
    feed = alice.make()
    for count in (1, 2, 3):
        with app.app_context():
            catalogues.fill(alice.channel, plain(count))
        rendered(app, feed)
    page = alice.call("GET", f"/feeds/{feed['id']}/renders?perPage=2").json
    assert (page["page"], page["perPage"], page["total"]) == (1, 2, 3)
    assert [render["items"] for render in page["items"]] == [3, 2]
    assert [render["state"] for render in page["items"]] == ["live", "superseded"]
    assert alice.call("GET", f"/feeds/{feed['id']}/renders?page=9").json["items"] == []


def test_fetches_are_listed_newest_first(app, alice):
    feed = alice.make(published=True, format="csv", slug="offers")
    with app.app_context():
        catalogues.fill(alice.channel, plain(3))
    rendered(app, feed)
    address = "/api/public/feeds/offers"
    first = alice.client.get(address, headers={"User-Agent": "curl/8.5"})
    known = {"If-None-Match": first.headers["ETag"], "User-Agent": "Googlebot/2.1 (+http://google.com)"}
    alice.client.get(address, headers=known)
    app.extensions["sync2sys"]["fetch_log"].write()
    page = alice.call("GET", f"/feeds/{feed['id']}/fetches?perPage=1").json
    assert (page["page"], page["perPage"], page["total"]) == (1, 1, 2)
    [newest] = page["items"]
    assert TIME.match(newest.pop("at"))
    assert newest == {
        "agent": "Googlebot/2.1 (+http://google.com)",
        "bot": "Googlebot",
        "shard": 1,
        "status": 304,
        "bytes": 0,
        "gzip": False,
    }
    [oldest] = alice.call("GET", f"/feeds/{feed['id']}/fetches?perPage=1&page=2").json["items"]
    assert (oldest["bot"], oldest["status"], oldest["bytes"]) == ("curl", 200, len(first.data))


def test_the_formats_are_listed_for_everybody(client):
    page = client.get("/api/formats").json
    assert {format["name"] for format in page["items"]} >= {"google", "csv", "json"}
    assert page["total"] == len(page["items"])
    assert set(page["items"][0]) == {"name", "label", "version", "contentType", "extension"}


def test_a_page_beyond_the_end_is_an_empty_list(alice):
    made = [alice.make()["id"] for _ in range(3)]
    page = alice.call("GET", "/feeds?perPage=2&page=2").json
    assert ([feed["id"] for feed in page["items"]], page["total"]) == (made[2:], 3)
    assert alice.call("GET", "/feeds?page=3&perPage=2").json["items"] == []
    for wrong in ("page=0", "perPage=0", "perPage=1000", "page=x", "page=-1"):
        assert_error(alice.call("GET", f"/feeds?{wrong}"), 400)


# Removing -----------------------------------------------------------------------------------------


def test_a_deleted_feed_is_gone_with_all_that_hangs_on_it(app, alice):
    feed = alice.make(slug="offers", published=True)
    with app.app_context():
        catalogues.fill(alice.channel, plain(3))
    rendered(app, feed)
    answer = alice.call("DELETE", f"/feeds/{feed['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/render"), ("GET", "/renders")):
        assert_error(alice.call(method, f"/feeds/{feed['id']}{path}"), 404)
    assert_error(alice.client.get("/api/public/feeds/offers"), 404)


# Others -------------------------------------------------------------------------------------------


def test_another_organizations_feed_is_not_there(app, alice, bob):
    feed = alice.make(slug="offers")
    nobodys = "00000000-0000-0000-0000-000000000000"
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("POST", "/render", None),
        ("GET", "/renders", None),
        ("GET", "/fetches", None),
        ("POST", "/renders/none/release", None),
        ("POST", "/renders/none/drop", None),
        ("POST", "/renders/none/rollback", None),
        ("POST", "/resume", None),
        ("POST", "/secret", None),
        ("DELETE", "/secret", None),
    ):
        theirs = bob.call(method, f"/feeds/{feed['id']}{path}", json=body)
        none = bob.call(method, f"/feeds/{nobodys}{path}", json=body)
        assert_error(theirs, 404, "Not Found")
        assert theirs.data == none.data
    assert bob.call("GET", "/feeds").json["total"] == 0
    assert alice.call("GET", f"/feeds/{feed['id']}").json == feed


def test_an_unproved_token_sees_only_the_feeds_it_made_itself(app, client, alice):
    alice.make()
    plugin = Plugin(client)
    plugin.register()
    assert client.get("/api/feeds", headers=plugin.auth()).json["total"] == 0
    made = client.post("/api/feeds", json=FEED | {"slug": "mine"}, headers=plugin.auth())
    assert made.status_code == 201
    assert client.get("/api/feeds", headers=plugin.auth()).json["total"] == 1
    other = Plugin(client, email=plugin.email)
    other.register()
    assert client.get("/api/feeds", headers=other.auth()).json["total"] == 0
    assert_error(client.get(f"/api/feeds/{made.json['id']}", headers=other.auth()), 404)
    with app.app_context():
        own = look(lambda: db.session.get(Feed, made.json["id"]).organization_id)()
        assert look(lambda: db.session.get(Organization, own).provisional)()
        assert look(lambda: db.session.scalars(select(Channel).filter_by(organization_id=own)).all())() == []
