"""Shops tell of changes: the job that sees to their webhooks, and how their health is shown."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from sync2sys.connectors.woocommerce.hooks import TOPICS
from sync2sys.database import look, transaction
from sync2sys.errors import StoreBusy
from sync2sys.extensions import db
from sync2sys.models import Channel
from sync2sys.models.base import now
from sync2sys.services import hooks, jobs, schedule
from sync2sys.worker import Worker
from tests.plugin import Plugin
from tests.services.scripted import channel_of, jobs_of, pass_time
from tests.shops.woocommerce import WooShop

PUBLIC_URL = "https://service.example"


@pytest.fixture
def app(make_app):
    return make_app(PUBLIC_URL=PUBLIC_URL)


@pytest.fixture
def shop(app):
    """A shop that reaches the service, by its test client."""

    def post(url, headers, body):
        assert url.startswith(f"{PUBLIC_URL}/api/webhooks/woocommerce/")
        path = url.removeprefix(PUBLIC_URL)
        return app.test_client().post(path, data=body, headers=headers).status_code

    with WooShop() as shop:
        shop.webhooks.post = post
        yield shop


@pytest.fixture
def plugin(client, shop):
    plugin = Plugin(client, shop=shop)
    assert plugin.connect().status_code == 201
    return plugin


@pytest.fixture
def channel(app, plugin):
    """The connected channel's id, in the application's context as a worker's lane has it."""
    with app.app_context():
        yield plugin.channel_id


def see_to(app):
    """The job, as a worker does it."""
    Worker(app).work(jobs.claim([hooks.KIND]))


def ask(channel):
    transaction(lambda: hooks.ask(db.session.get(Channel, channel)))()


def job():
    return jobs_of(hooks.KIND)[-1]


def states(channel):
    return {hook["topic"]: hook["state"] for hook in channel_of(channel)["hooks"]}


def all_are(state):
    return dict.fromkeys(TOPICS, state)


def age(channel, **by):
    """Let the channel's webhooks be that much older."""

    def change():
        row = db.session.get(Channel, channel)
        row.hooks = [
            hook | {"since": (hooks.since(hook) - timedelta(**by)).isoformat()} for hook in row.hooks
        ]

    transaction(change)()


def shown(plugin):
    return plugin.client.get(f"/api/channels/{plugin.channel_id}", headers=plugin.auth()).json["webhooks"]


# Making them


def test_connecting_queues_it_and_it_makes_them(app, channel, shop):
    assert [job["subject"] for job in jobs_of(hooks.KIND)] == [channel]
    see_to(app)
    assert job()["state"] == "done"
    assert states(channel) == all_are("made")
    assert [hook.topic for hook in shop.webhooks.rows.values()] == list(TOPICS)


def test_their_address_names_the_channel_and_which_secret_it_is_but_not_the_secret(app, channel, shop):
    see_to(app)
    place = look(lambda: hooks.place_of(db.session.get(Channel, channel)))()
    hook = shop.webhooks.rows[1]
    assert (hook.delivery_url, hook.secret) == (place.address, place.secret)
    assert place.address.startswith(f"{PUBLIC_URL}/api/webhooks/woocommerce/{channel}?v=")
    assert place.secret not in place.address
    assert place.secret not in repr(place)


def test_a_ping_shows_that_the_shop_finds_its_way(app, channel):
    assert channel_of(channel)["heard_at"] is None
    see_to(app)
    assert channel_of(channel)["heard_at"] is not None


def test_a_ping_does_not_pass_for_a_delivery_later(app, channel, shop):
    see_to(app)
    first = channel_of(channel)["heard_at"]
    shop.webhooks.post(shop.webhooks.rows[1].delivery_url, {}, b"webhook_id=1")
    assert channel_of(channel)["heard_at"] == first
    shop.edit(11, name="Cup")
    assert shop.run_cron() == [200]
    assert channel_of(channel)["heard_at"] > first


def test_a_shop_that_cannot_reach_us_has_them_all_the_same(app, channel, shop):
    shop.webhooks.post = None
    see_to(app)
    assert states(channel) == all_are("made")
    assert channel_of(channel)["heard_at"] is None


def test_what_was_switched_off_is_made_anew_at_the_next_look(app, channel, shop):
    see_to(app)
    shop.webhooks.rows[2].status = "disabled"
    pass_time(13 * 3600)
    transaction(_check_long_ago)(channel)
    assert schedule.tick()
    see_to(app)
    assert states(channel) == all_are("active") | {TOPICS[1]: "renewed"}


def _check_long_ago(channel):
    db.session.get(Channel, channel).hooks_checked_at = now() - timedelta(hours=12, seconds=1)


def test_it_is_looked_at_again_after_twelve_hours_and_not_before(app, channel):
    see_to(app)
    schedule.tick()
    assert len(jobs_of(hooks.KIND)) == 1
    transaction(_check_long_ago)(channel)
    schedule.tick()
    assert len(jobs_of(hooks.KIND)) == 1, "a job ended only just now"
    pass_time(12 * 3600 + 1)
    schedule.tick()
    schedule.tick()
    assert [job["state"] for job in jobs_of(hooks.KIND)] == ["done", "queued"]


def test_since_when_they_are_there_stays_known_until_they_are_made_anew(app, channel, shop):
    see_to(app)
    age(channel, hours=5)
    before = {hook["topic"]: hook["since"] for hook in channel_of(channel)["hooks"]}
    shop.webhooks.rows[2].status = "disabled"
    ask(channel)
    see_to(app)
    after = {hook["topic"]: hook["since"] for hook in channel_of(channel)["hooks"]}
    assert [topic for topic in TOPICS if after[topic] != before[topic]] == [TOPICS[1]]


# Trouble


def test_a_busy_shop_is_tried_again_later(app, channel, shop, monkeypatch):
    shop.fault("unavailable", path="webhooks", method="POST", times=1)
    see_to(app)
    assert (job()["state"], job()["attempts"]) == ("queued", 1)
    assert "503" in channel_of(channel)["hooks_problem"]
    pass_time(600)
    see_to(app)
    assert job()["state"] == "done"
    assert states(channel) == all_are("made")
    assert channel_of(channel)["hooks_problem"] == ""


def test_while_a_shop_is_busy_what_was_known_stays(app, channel, shop):
    see_to(app)
    shop.webhooks.rows[2].status = "disabled"
    shop.fault("unavailable", path="webhooks", method="POST", times=1)
    ask(channel)
    see_to(app)
    assert states(channel) == all_are("made")


def test_a_key_that_may_only_read_is_noted_and_not_tried_again(app, plugin, channel, shop):
    shop.key_ring[shop.key].permissions = "read"
    see_to(app)
    assert job()["state"] == "done"
    assert states(channel) == {}
    found = shown(plugin)
    assert "read/write rights" in found["problem"]
    assert found["items"] == []
    assert found["checkedAt"] is not None


def test_a_store_that_was_disconnected_meanwhile_is_left_alone(app, plugin, channel, shop):
    plugin.disconnect()
    before = len(shop.requests)
    see_to(app)
    assert job()["state"] == "done"
    assert len(shop.requests) == before


def test_one_that_is_disconnected_while_it_is_asked_keeps_nothing(app, plugin, channel, shop):
    token = plugin.token
    shop.fault("then", path="webhooks", method="GET", times=1, act=lambda: plugin.disconnect(token))
    see_to(app)
    assert channel_of(channel)["hooks"] == []
    assert channel_of(channel)["hooks_checked_at"] is None


def test_a_result_that_comes_too_late_is_not_noted(app, channel, monkeypatch):
    claim = jobs.claim([hooks.KIND])
    pass_time(3600)
    assert jobs.claim([hooks.KIND]) is not None
    Worker(app).work(claim)
    assert channel_of(channel)["hooks"] == []


# Disconnecting and connecting again


def test_after_a_disconnect_nothing_is_known_and_connected_again_they_have_the_new_secret(
    app, plugin, channel, shop
):
    see_to(app)
    plugin.disconnect()
    assert shown_of(channel) == ([], "", None, None)
    shop.edit(11, name="Cup")
    assert shop.run_cron() == [401]
    plugin.token = None
    plugin.connect()
    assert plugin.channel_id == channel
    see_to(app)
    assert states(channel) == all_are("renewed")
    assert len(shop.webhooks.rows) == len(TOPICS)
    shop.edit(11, name="Mug")
    assert shop.run_cron() == [200]


def shown_of(channel):
    row = channel_of(channel)
    return tuple(row[name] for name in ("hooks", "hooks_problem", "hooks_checked_at", "heard_at"))


def test_new_keys_of_a_connected_store_change_nothing(app, plugin, channel, shop):
    see_to(app)
    plugin.connect()
    see_to(app)
    assert states(channel) == all_are("active")


# No public address


@pytest.mark.parametrize(
    "address",
    [
        "http://service.example",
        "https://service.example:8443",
        "http://127.0.0.1:8000",
        "https://localhost",
        "https://feeds.localhost",
        "https://server",
        "https://server.local",
        "https://127.0.0.1",
        "https://192.168.1.5",
        "https://[::1]",
    ],
)
def test_without_a_public_https_address_none_are_made_and_the_owner_is_told(make_app, shop, address):
    app = make_app(PUBLIC_URL=address)
    plugin = Plugin(app.test_client(), shop=shop)
    plugin.connect()
    with app.app_context():
        schedule.tick()
        assert jobs_of(hooks.KIND) == []
    found = shown(plugin)
    assert (found["items"], found["checkedAt"]) == ([], None)
    assert "PUBLIC_URL" in found["problem"]
    assert "every 10 minutes" in found["problem"]


def test_they_are_made_as_soon_as_there_is_one(make_app, app, shop):
    plugin = Plugin(make_app(PUBLIC_URL="http://127.0.0.1:8000").test_client(), shop=shop)
    plugin.connect()
    with app.app_context():
        schedule.tick()
        see_to(app)
        assert states(plugin.channel_id) == all_are("made")
        assert channel_of(plugin.channel_id)["hooks_problem"] == ""


# Another public address


@pytest.fixture
def before(make_app):
    return make_app(PUBLIC_URL="https://before.example")


@pytest.fixture
def moved(before, shop):
    """A store that was connected at another public address."""
    shop.webhooks.post = lambda url, headers, body: 200
    plugin = Plugin(before.test_client(), shop=shop)
    plugin.connect()
    return plugin.channel_id


def test_those_of_a_former_public_address_are_taken_out_of_the_shop(before, app, shop, moved):
    other = "https://before.example/others"
    shop.webhooks.make({"topic": "product.updated", "delivery_url": other})
    with before.app_context():
        see_to(before)
    with app.app_context():
        ask(moved)
        see_to(app)
        address = look(lambda: hooks.place_of(db.session.get(Channel, moved)))().address
        assert channel_of(moved)["hook_addresses"] == [address]
    assert [hook.delivery_url for hook in shop.webhooks.rows.values()] == [other, *[address] * len(TOPICS)]


def test_an_address_that_a_shop_was_asked_for_in_vain_is_not_forgotten(before, app, shop, moved):
    """Whether the shop made some of them before the line broke is not known."""
    shop.fault("unavailable", path="webhooks", method="POST", times=1)
    with before.app_context():
        see_to(before)
    shop.fault("unavailable", path="webhooks", method="POST", times=1)
    with app.app_context():
        pass_time(600)
        see_to(app)
        addresses = channel_of(moved)["hook_addresses"]
    assert [address.partition("/api")[0] for address in addresses] == ["https://before.example", PUBLIC_URL]


# Health


def test_the_channel_shows_each_of_them(app, plugin, channel):
    assert shown(plugin) == {"items": [], "problem": "", "checkedAt": None, "heardAt": None}
    see_to(app)
    found = shown(plugin)
    assert [(item["topic"], item["state"]) for item in found["items"]] == [(each, "made") for each in TOPICS]
    assert {item["since"] for item in found["items"]} == {found["checkedAt"]}
    assert found["problem"] == ""
    assert found["heardAt"] is not None


def test_never_heard_from_for_a_day_is_a_problem(app, plugin, channel, shop):
    shop.webhooks.post, reach = None, shop.webhooks.post
    see_to(app)
    age(channel, hours=23)
    assert shown(plugin)["problem"] == ""
    age(channel, hours=2)
    assert f"See that its server reaches {PUBLIC_URL}" in shown(plugin)["problem"]
    shop.webhooks.post = reach
    shop.edit(11, name="Cup")
    shop.run_cron()
    assert shown(plugin)["problem"] == ""


def test_one_that_the_platform_refuses_is_a_problem(app, plugin, channel):
    def refuse():
        row = db.session.get(Channel, channel)
        row.hooks = [{"topic": "products/update", "state": "refused", "since": now().isoformat()}]

    transaction(refuse)()
    assert "products/update" in shown(plugin)["problem"]


def test_deliveries_are_counted_once(app, channel, shop):
    see_to(app)
    sent = []
    reach = shop.webhooks.post
    shop.webhooks.post = lambda *delivery: sent.append(delivery) or reach(*delivery)
    shop.edit(11, name="Cup")
    shop.run_cron()
    transaction(lambda: db.session.query(jobs.Job).delete())()
    assert reach(*sent[0]) == 200
    assert look(lambda: db.session.scalar(select(func.count()).select_from(jobs.Job)))() == 0


def test_the_shop_is_not_asked_while_it_tells(app, channel, shop):
    see_to(app)
    for number in (11, 12, 13):
        shop.edit(number, name="Cup")
    before = len(shop.requests)
    assert shop.run_cron() == [200, 200, 200]
    assert len(shop.requests) == before
    assert [job["state"] for job in jobs_of("sync")] == ["queued"]


def test_an_error_is_told_to_the_worker_as_it_is(app, channel, shop):
    shop.fault("unavailable", path="webhooks", method="POST")
    with pytest.raises(StoreBusy):
        hooks.run(jobs.claim([hooks.KIND]))


# The operator


@pytest.fixture
def flask(app):
    def flask(*words):
        result = app.test_cli_runner().invoke(args=words)
        return result.exit_code, result.output

    return flask


def test_the_command_shows_them_and_what_was_heard(app, flask, channel):
    assert "not looked at yet" in flask("stores", "webhook", channel)[1]
    see_to(app)
    code, output = flask("stores", "webhook", channel)
    assert code == 0
    assert "product.updated\tmade since " in output
    assert "Last heard from: " in output
    assert "Secret" not in output


def test_where_they_cannot_be_made_the_command_shows_what_to_enter_and_that_works(app, flask, channel, shop):
    shop.key_ring[shop.key].permissions = "read"
    see_to(app)
    code, output = flask("stores", "webhook", channel)
    assert code == 0
    assert "read/write rights" in output
    entered = dict(line.strip().split(": ", 1) for line in output.splitlines() if line.startswith("  "))
    for name in entered["Topics"].split(","):
        topic = name.strip().lower().replace(" ", ".")
        hook = {"topic": topic, "delivery_url": entered["Delivery URL"].strip()}
        shop.webhooks.make(hook | {"secret": entered["Secret"].strip()})
    ask(channel)
    see_to(app)
    assert states(channel) == all_are("active")
    assert channel_of(channel)["hooks_problem"] == ""
    shop.edit(11, name="Cup")
    assert shop.run_cron() == [200]
    assert "Secret" not in flask("stores", "webhook", channel)[1]


def test_the_command_knows_only_connected_stores(flask, plugin, channel):
    assert flask("stores", "webhook", "none") == (
        1,
        "Error: No such store. `flask stores list` shows them.\n",
    )
    plugin.disconnect()
    assert flask("stores", "webhook", channel) == (1, "Error: This channel is not connected.\n")


def test_the_doctor_finds_shops_that_are_never_heard_from(app, flask, channel, shop):
    shop.webhooks.post = None
    see_to(app)
    assert f"ok     webhooks of {shop.url}: fine" in flask("doctor")[1]
    age(channel, hours=25)
    code, output = flask("doctor")
    assert code == 1
    assert f"WRONG  webhooks of {shop.url}: The shop has had its webhooks for more than a day" in output


def test_the_doctor_is_silent_about_them_where_there_can_be_none(make_app, shop):
    app = make_app(PUBLIC_URL="http://127.0.0.1:8000")
    Plugin(app.test_client(), shop=shop).connect()
    assert "webhooks" not in app.test_cli_runner().invoke(args=["doctor"]).output
