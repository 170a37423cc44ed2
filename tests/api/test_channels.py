"""The channels of one's own organization: how they are, how their mirroring goes, and asking for more."""

import pytest

from sync2sys.api.access import encode
from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Installation, Membership, User
from sync2sys.models.base import digest
from sync2sys.services import jobs, sync, tokens
from tests.plugin import assert_error
from tests.services.scripted import (  # noqa: F401 - fixtures among them
    ScriptedShop,
    connect,
    context,
    jobs_of,
    mirrored,
    pass_time,
    run,
    shops,
)

ANYBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def shop():
    return ScriptedShop(page_size=50).fill(30)


@pytest.fixture
def channel(connect, shop):  # noqa: F811
    return connect(shop)


class Caller:
    """A client with a token."""

    def __init__(self, client, token):
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path):
        return self.client.get(f"/api/channels{path}", headers=self.headers)

    def post(self, path, **kwargs):
        return self.client.post(f"/api/channels{path}", headers=self.headers, **kwargs)


@pytest.fixture
def plugin(app, client, channel):
    """The plugin of the connected store."""
    return Caller(client, transaction(lambda: encode(plugin_token(channel)))())


def plugin_token(channel_id, proved=True, email="owner@shop.example"):
    channel = db.session.get(Channel, channel_id)
    user = User(email=email)
    db.session.add(user)
    db.session.flush()
    installation = Installation(
        user_id=user.id,
        origin=channel.origin,
        origin_key=digest(channel.origin),
        state="connected" if proved else "pending",
        organization_id=channel.organization_id,
        channel_id=channel.id,
    )
    db.session.add(installation)
    db.session.flush()
    return tokens.issue_plugin(installation, proved=proved)


@pytest.fixture
def owner(app, client, channel):
    """A panel account of the channel's organization."""
    return Caller(client, transaction(panel_token)(channel))


def panel_token(channel_id):
    user = User(email="panel@shop.example")
    db.session.add(user)
    db.session.flush()
    organization_id = db.session.get(Channel, channel_id).organization_id
    db.session.add(Membership(user_id=user.id, organization_id=organization_id, state="active"))
    db.session.flush()
    return encode(tokens.issue_panel(user).access)


def test_a_new_channel_shows_what_is_known_of_it(plugin, channel):
    body = plugin.get(f"/{channel}").json
    origin = body.pop("origin")
    assert origin.startswith("https://")
    assert body == {
        "id": channel,
        "state": "connected",
        "name": "",
        "platform": "scripted",
        "currency": "",
        "productCount": 0,
        "lastSync": None,
        "problem": "",
        "problemCode": "",
        "webhooks": {"items": [], "problem": "", "checkedAt": None, "heardAt": None},
        "sync": None,
        "country": "",
        "pricesIncludeTax": None,
        "chargesTax": None,
        "taxRates": {},
    }


def test_after_a_sync_it_tells_what_is_mirrored_and_since_when(plugin, channel):
    run(channel)
    body = plugin.get(f"/{channel}").json
    assert (body["productCount"], body["currency"], body["sync"]) == (30, "EUR", None)
    assert body["lastSync"].endswith("Z")


def test_the_list_holds_ones_own_channels_page_by_page(connect, owner, channel):  # noqa: F811
    organization = transaction(lambda: db.session.get(Channel, channel).organization_id)()
    second = connect(ScriptedShop(), organization)
    connect(ScriptedShop())
    body = owner.get("").json
    assert [item["id"] for item in body["items"]] == [channel, second]
    assert (body["page"], body["perPage"], body["total"]) == (1, 50, 2)
    assert [item["id"] for item in owner.get("?perPage=1&page=2").json["items"]] == [second]
    assert owner.get("?page=9").json["items"] == []
    assert_error(owner.get("?page=0"), 400)


def test_a_plugin_sees_its_own_channel_only(connect, plugin, channel):  # noqa: F811
    organization = transaction(lambda: db.session.get(Channel, channel).organization_id)()
    neighbour = connect(ScriptedShop(), organization)
    assert [item["id"] for item in plugin.get("").json["items"]] == [channel]
    assert_error(plugin.get(f"/{neighbour}"), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", ""), ("post", "/sync"), ("get", "/pulls"), ("post", f"/pulls/{ANYBODY}/release")],
)
def test_anothers_channel_is_not_there_exactly_as_none(connect, plugin, owner, method, path):  # noqa: F811
    other = connect(ScriptedShop())
    for caller in (plugin, owner):
        answers = [getattr(caller, method)(f"/{which}{path}") for which in (other, ANYBODY)]
        assert [assert_error(answer, 404) for answer in answers] == [
            {"statusCode": 404, "message": "No such channel.", "error": "Not Found"}
        ] * 2
    assert jobs_of("sync") == []


def test_an_unproved_token_sees_nothing(client, channel):
    token = transaction(lambda: encode(plugin_token(channel, proved=False)))()
    caller = Caller(client, token)
    assert caller.get("").json["items"] == []
    assert_error(caller.get(f"/{channel}"), 404)
    assert_error(caller.post(f"/{channel}/sync"), 404)


def test_without_a_token_it_is_a_401(client, channel):
    assert_error(client.get("/api/channels"), 401)
    assert_error(client.post(f"/api/channels/{channel}/sync"), 401)


def test_a_sync_is_queued_by_asking_and_seen_until_it_ends(plugin, channel, shop):
    answer = plugin.post(f"/{channel}/sync")
    assert answer.status_code == 200
    assert answer.json["sync"] == {
        "state": "queued",
        "full": False,
        "pagesDone": 0,
        "pagesTotal": None,
        "startedAt": None,
    }
    shop.page_size = 10
    seen = []
    shop.during = lambda number: seen.append(plugin.get(f"/{channel}").json["sync"])
    claim = jobs.claim(["sync"])
    sync.run(claim)
    transaction(jobs.finish)(claim)
    assert [(progress["state"], progress["pagesDone"], progress["pagesTotal"]) for progress in seen] == [
        ("running", 1, 3),
        ("running", 2, 3),
        ("running", 3, 3),
    ]
    assert all(progress["full"] and progress["startedAt"] for progress in seen)
    assert plugin.get(f"/{channel}").json["sync"] is None


def test_a_full_sync_may_be_asked_for(plugin, channel):
    assert plugin.post(f"/{channel}/sync", json={"full": True}).json["sync"]["full"] is True
    assert plugin.post(f"/{channel}/sync", json={"full": False}).json["sync"]["full"] is True
    assert [job["payload"] for job in jobs_of("sync")] == [{"full": True}]


@pytest.mark.parametrize("body", [{"full": "maybe"}, {"fool": True}, [], "full", 1])
def test_a_body_that_is_not_understood_changes_nothing(plugin, channel, body):
    assert_error(plugin.post(f"/{channel}/sync", json=body), 400)
    assert jobs_of("sync") == []


def disconnect(channel):
    def work():
        db.session.get(Channel, channel).state = "auth_failed"

    transaction(work)()


def test_a_store_that_is_not_connected_cannot_be_synced(plugin, channel):
    disconnect(channel)
    assert "not connected" in assert_error(plugin.post(f"/{channel}/sync"), 400)["message"]
    assert plugin.get(f"/{channel}").json["state"] == "auth_failed"


def test_pulls_are_listed_newest_first(plugin, channel, shop):
    run(channel)
    shop.remove(1)
    shop.put(99)
    run(channel, full=True)
    run(channel)
    body = plugin.get(f"/{channel}/pulls").json
    assert (body["total"], [pull["full"] for pull in body["items"]]) == (3, [False, True, True])
    second = body["items"][1]
    assert (second["state"], second["added"], second["changed"], second["removed"]) == ("applied", 1, 0, 1)
    assert (second["pagesDone"], second["overLimit"], second["problem"]) == (1, 0, "")
    assert second["startedAt"] <= second["finishedAt"]
    assert len(plugin.get(f"/{channel}/pulls?perPage=1&page=3").json["items"]) == 1


def test_a_held_pull_is_told_of_and_may_be_released(plugin, channel, shop):
    run(channel)
    shop.remove(*range(1, 26))
    run(channel, full=True)
    body = plugin.get(f"/{channel}").json
    assert (body["problemCode"], body["productCount"]) == ("SYNC_HELD", 30)
    assert "no longer lists 25 of the 30 products" in body["problem"]
    held = plugin.get(f"/{channel}/pulls").json["items"][0]
    assert held["state"] == "held"
    answer = plugin.post(f"/{channel}/pulls/{held['id']}/release")
    assert (answer.status_code, answer.json["state"]) == (200, "released")
    sync.run(jobs.claim(["sync"]))
    assert mirrored(channel) == shop.shown()
    assert plugin.get(f"/{channel}").json["problem"] == ""


def test_only_a_held_pull_of_the_channel_can_be_released(connect, plugin, channel):  # noqa: F811
    run(channel)
    applied = plugin.get(f"/{channel}/pulls").json["items"][0]["id"]
    assert "not held" in assert_error(plugin.post(f"/{channel}/pulls/{applied}/release"), 400)["message"]
    assert_error(plugin.post(f"/{channel}/pulls/{ANYBODY}/release"), 404)
