"""What is due by the clock, and that several workers asking at once queue it once."""

import secrets
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from sync2sys.database import look, transaction
from sync2sys.errors import StoreRefusedKeys
from sync2sys.extensions import db
from sync2sys.models import Channel, Feed, Installation, Job, Organization, Token, User, Worker
from sync2sys.models.base import digest, now
from sync2sys.services import jobs, schedule
from tests.services.scripted import (  # noqa: F401 - fixtures among them
    ScriptedShop,
    channel_of,
    claimed,
    connect,
    context,
    fail,
    jobs_of,
    pass_time,
    run,
    shops,
)
from tests.services.test_jobs import in_threads


@pytest.fixture
def channel(connect):  # noqa: F811
    return connect(ScriptedShop().fill(2))


def queued():
    return [(job["subject"], job["payload"]) for job in jobs_of("sync") if job["state"] == "queued"]


def test_a_new_channel_is_due_at_once_for_everything(channel):
    schedule.tick()
    schedule.tick()
    assert queued() == [(channel, {"full": True})]


def test_a_synced_channel_is_due_again_after_ten_minutes_for_what_changed(channel):
    run(channel, full=True)
    schedule.tick()
    assert queued() == []
    pass_time(9 * 60)
    schedule.tick()
    assert queued() == []
    pass_time(61)
    set_channel(channel, full_synced_at=now())
    schedule.tick()
    assert queued() == [(channel, {"full": False})]


def set_channel(channel, **values):
    transaction(lambda: db.session.execute(update(Channel).where(Channel.id == channel).values(**values)))()


def test_a_day_later_everything_is_compared(channel):
    run(channel)
    pass_time(24 * 3600)
    schedule.tick()
    assert queued() == [(channel, {"full": True})]


def test_many_shops_are_spread_over_the_day():
    day, moment = timedelta(hours=24), now()
    turns = [schedule.last_turn(f"channel {number}", day, moment) for number in range(2400)]
    assert all(moment - day < turn <= moment for turn in turns)
    by_hour = Counter(int((moment - turn).total_seconds() // 3600) for turn in turns)
    assert len(by_hour) == 24
    assert max(by_hour.values()) < 160
    again = schedule.last_turn("channel 1", day, turns[1] + timedelta(hours=23))
    assert abs(again - turns[1]) < timedelta(milliseconds=1)


@pytest.mark.parametrize("state", ["disconnected", "auth_failed", "moved"])
def test_only_connected_channels_are_due(channel, state):
    set_channel(channel, state=state)
    schedule.tick()
    assert queued() == []


def test_a_failed_sync_is_not_queued_again_at_once(channel):
    claim = claimed(channel)
    fail(claim, StoreRefusedKeys("refused"))
    schedule.tick()
    assert queued() == []
    pass_time(601)
    schedule.tick()
    assert queued() == [(channel, {"full": True})]


def test_waiting_for_another_attempt_counts_as_tried(channel):
    claim = claimed(channel)
    fail(claim, TimeoutError())
    due = jobs_of("sync")[0]["due_at"]
    schedule.tick()
    assert [job["due_at"] for job in jobs_of("sync")] == [due]


def test_a_held_pull_is_looked_at_again_after_an_hour(connect):  # noqa: F811
    shop = ScriptedShop(page_size=50).fill(30)
    channel = connect(shop)
    run(channel)
    shop.remove(*list(shop.products))
    run(channel, full=True)
    pass_time(660)
    set_channel(channel, full_synced_at=now())
    schedule.tick()
    assert queued() == [(channel, {"full": False})]
    transaction(jobs.finish)(jobs.claim(["sync"]))
    pass_time(3000)
    set_channel(channel, full_synced_at=now())
    schedule.tick()
    assert queued() == [(channel, {"full": True})]


def test_no_minutes_means_no_schedule(make_app, shops):  # noqa: F811
    with make_app(SYNC_MINUTES="0").app_context():
        assert look(schedule._due_channels)() == []


# Feeds


def make_feed(organization_id, slug, **values):
    def make():
        feed = Feed(organization_id=organization_id, name=slug, slug=slug, format="csv", **values)
        db.session.add(feed)
        db.session.flush()
        return feed.id

    return transaction(make)()


def test_a_feed_that_time_alone_changes_is_rendered_when_it_does(channel):
    own = channel_of(channel)["organization_id"]
    due = make_feed(own, "due", published=True, stale_at=now())
    make_feed(own, "later", published=True, stale_at=now() + timedelta(hours=1))
    make_feed(own, "unpublished", stale_at=now())
    make_feed(own, "never", published=True)
    schedule.tick()
    schedule.tick()
    assert [job["subject"] for job in jobs_of("render")] == [due]


def test_a_render_that_leaves_the_feed_stale_does_not_run_hot(channel):
    make_feed(channel_of(channel)["organization_id"], "due", published=True, stale_at=now())
    schedule.tick()
    transaction(jobs.finish)(jobs.claim(["render"]))
    schedule.tick()
    assert [job["state"] for job in jobs_of("render")] == ["done"]


# Several workers


def test_workers_that_ask_at_once_queue_everything_once(app, connect):  # noqa: F811
    channels = {connect(ScriptedShop()) for _ in range(5)}
    organization = channel_of(next(iter(channels)))["organization_id"]
    for number in range(3):
        make_feed(organization, f"feed-{number}", published=True, stale_at=now())

    def work():
        """Ask, and finish at once whatever there is: the moment in which a second asker could err."""
        for _ in range(3):
            schedule.tick()
            while (claim := jobs.claim(["sync", "render", "sweep"])) is not None:
                transaction(jobs.finish)(claim)

    in_threads(app, 4, work)
    rows = look(lambda: [tuple(row) for row in db.session.execute(select(Job.kind, Job.subject))])()
    assert max(Counter(rows).values()) == 1
    assert len(rows) == 5 + 3 + 1


# Sweeping


def test_it_sweeps_hourly(context):  # noqa: F811
    schedule.tick()
    transaction(jobs.finish)(jobs.claim(["sweep"]))
    schedule.tick()
    assert len(jobs_of("sweep")) == 1
    pass_time(3601)
    schedule.tick()
    assert len(jobs_of("sweep")) == 2


OLD = timedelta(days=8)


def add(*rows):
    def work():
        db.session.add_all(rows)
        db.session.flush()
        return [row.id for row in rows if hasattr(row, "id")]

    return transaction(work)()


def user(email, **values):
    return User(email=email, created_at=now() - OLD, **values)


def installation(user_id, state, age=OLD):
    return Installation(
        user_id=user_id, origin=state, origin_key=digest(state), state=state, created_at=now() - age
    )


def token(user_id, **values):
    given = {"typ": "plugin", "expires_at": now() + timedelta(days=1)} | values
    return Token(jti=secrets.token_hex(16), user_id=user_id, **given)


def count(table):
    return look(lambda: db.session.scalar(select(func.count()).select_from(table)))()


def test_a_plugin_that_never_connected_is_forgotten_with_its_address(context):  # noqa: F811
    (unused,) = add(user("unused@shop.example"))
    (pending,) = add(installation(unused, "pending"))
    add(token(unused, installation_id=pending, expires_at=now()))
    swept = schedule.sweep()
    assert (swept["tokens"], swept["installations"], swept["users"]) == (1, 1, 1)
    assert count(User) == count(Installation) == count(Token) == 0


@pytest.mark.parametrize("reason", ["connected", "new", "with a live token"])
def test_a_plugin_in_use_is_kept(context, reason):  # noqa: F811
    (owner,) = add(user("owner@shop.example"))
    state = "connected" if reason == "connected" else "pending"
    (used,) = add(installation(owner, state, timedelta(days=1) if reason == "new" else OLD))
    if reason == "with a live token":
        add(token(owner, installation_id=used))
    schedule.sweep()
    assert count(User) == count(Installation) == 1


def test_accounts_that_may_sign_in_are_kept(context):  # noqa: F811
    add(user("owner@shop.example", password_hash="argon2"))
    assert schedule.sweep()["users"] == 0


def test_a_provisional_organization_goes_with_its_last_token(context):  # noqa: F811
    reachable, _, real = add(
        *(
            Organization(
                name=name, plan="starter", provisional=name != "real", created_at=now() - OLD, active_at=None
            )
            for name in ("reachable", "unused", "real")
        )
    )
    (owner,) = add(user("owner@shop.example"))
    add(token(owner, organization_id=reachable))
    assert schedule.sweep()["organizations"] == 1
    left = look(lambda: set(db.session.scalars(select(Organization.id))))()
    assert left == {reachable, real}


def test_tokens_that_are_refused_anyway_are_swept_but_not_those_that_give_a_thief_away(context):  # noqa: F811
    (owner,) = add(user("owner@shop.example", password_hash="argon2"))
    past, future = now() - OLD, now() + timedelta(days=100)
    add(
        token(owner, state="active", expires_at=past),
        token(owner, state="revoked", used_at=past, expires_at=future),
        token(owner, state="active", used_at=now() - timedelta(days=181), expires_at=future),
        token(owner, state="used", used_at=past, expires_at=future, kind="refresh", typ="panel"),
        token(owner, state="revoked", used_at=now(), expires_at=future, typ="panel"),
    )
    assert schedule.sweep()["tokens"] == 3
    assert count(Token) == 2


def test_workers_that_died_long_ago_are_forgotten(context):  # noqa: F811
    add(Worker(name="alive"), Worker(name="dead", seen_at=now() - timedelta(days=2)))
    assert schedule.sweep()["workers"] == 1
