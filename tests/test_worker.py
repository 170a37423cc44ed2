"""The worker: lanes, leases, settling of jobs, and stopping."""

import threading
import time

import pytest
from sqlalchemy import select, update

from sync2sys import worker as module
from sync2sys.database import look, transaction
from sync2sys.errors import LostLease, StoreBusy
from sync2sys.extensions import db, shelf
from sync2sys.models import Feed, Job, Render
from sync2sys.models import Worker as WorkerRow
from sync2sys.services import health, jobs, serving
from sync2sys.worker import Worker
from tests.services.scripted import (  # noqa: F401 - fixtures among them
    ScriptedShop,
    channel_of,
    connect,
    context,
    jobs_of,
    mirrored,
    pass_time,
    pulls_of,
    shops,
)


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def handlers(monkeypatch):
    """Handlers by kind, to be replaced."""
    replaced = dict(module.HANDLERS)
    monkeypatch.setattr(module, "HANDLERS", replaced)
    return replaced


@pytest.fixture
def worker(app, monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(module, "TICK_SECONDS", 0.1)
    worker = Worker(app)
    yield worker
    worker.stop.set()


@pytest.fixture
def running(worker):
    """The worker at work; the context is only for what the test itself asks."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stop.set()
    thread.join(60)
    assert not thread.is_alive()


def enqueue(kind, subject, payload=None):
    transaction(lambda: jobs.enqueue(kind, subject, payload).id)()


def state_of(kind):
    return [job["state"] for job in jobs_of(kind)]


def test_it_mirrors_a_connected_store_by_itself(connect, running):  # noqa: F811
    shop = ScriptedShop().fill(5)
    channel = connect(shop)
    until(lambda: mirrored(channel) == shop.shown())
    until(lambda: state_of("sync") == ["done"])


def test_it_wakes_quickly(context, running, handlers):  # noqa: F811
    done = threading.Event()
    handlers["render"] = lambda claim: done.set()
    enqueue("render", "feed")
    assert done.wait(30)


def test_a_slow_sync_does_not_keep_renders_waiting(context, running, handlers):  # noqa: F811
    entered, leave, rendered = threading.Event(), threading.Event(), threading.Event()
    handlers["sync"] = lambda claim: (entered.set(), leave.wait(60))
    handlers["render"] = lambda claim: rendered.set()
    enqueue("sync", "a")
    enqueue("sync", "b")
    assert entered.wait(30)
    enqueue("render", "feed")
    assert rendered.wait(30)
    leave.set()


def test_a_long_render_does_not_keep_those_of_others_waiting(context, running, handlers):  # noqa: F811
    entered, leave, rendered = threading.Event(), threading.Event(), threading.Event()

    def render(claim):
        if claim.subject != "huge":
            rendered.set()
            return
        entered.set()
        leave.wait(60)

    handlers["render"] = render
    enqueue("render", "huge")
    assert entered.wait(30)
    enqueue("render", "small")
    assert rendered.wait(30)
    leave.set()


#: Seconds from a finished sync to the feed of it.
PROMISED = 60


def test_all_feeds_are_fresh_within_a_minute_of_a_sync_while_other_shops_take_for_ever(
    connect,  # noqa: F811
    running,
):
    leave = threading.Event()
    endless, shop = ScriptedShop().fill(6), ScriptedShop()
    for number in range(1, 7):
        shop.put(number, images=(f"https://shop.test/{number}.jpg",))
    endless.during = lambda number: leave.wait(300)
    try:
        connect(endless)
        until(lambda: endless.pages_given == 1)
        channel = connect(shop)
        feeds = [make_feed(channel_of(channel)["organization_id"], name) for name in RENDERED]
        until(lambda: all(state_of_feed(feed) for feed in feeds))
        shop.reprice(3, "77.77")
        enqueue("sync", channel)
        until(lambda: {b"77.77" in served(name) for name in RENDERED} == {True}, PROMISED)
        synced_at = channel_of(channel)["synced_at"]
        waits = [(state_of_feed(feed) - synced_at).total_seconds() for feed in feeds]
        assert 0 <= min(waits) <= max(waits) < PROMISED
        assert endless.pages_given == 1
    finally:
        leave.set()


RENDERED = ("csv", "google", "json", "meta", "tsv", "xml")


def make_feed(organization_id, name):
    def make():
        feed = Feed(organization_id=organization_id, name=name, slug=name, format=name, published=True)
        db.session.add(feed)
        db.session.flush()
        jobs.enqueue("render", feed.id)
        return feed.id

    return transaction(make)()


def state_of_feed(feed):
    """When what is served now took its place."""
    query = select(Render.changed_at).join(Feed, Feed.live_render_id == Render.id).where(Feed.id == feed)
    return look(lambda: db.session.scalar(query))()


def served(slug):
    shelf.forget(slug)
    found = serving.find(slug)
    return b"".join(serving.stream(found, False))


def test_it_runs_no_more_syncs_at_once_than_told(make_app, handlers, monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.02)
    app = make_app(WORKER_SYNCS="2")
    lock, now, most = threading.Lock(), [0], [0]

    def sync(claim):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1

    handlers["sync"] = sync
    worker = Worker(app)
    with app.app_context():
        for number in range(6):
            enqueue("sync", str(number))
        thread = threading.Thread(target=worker.run)
        thread.start()
        until(lambda: state_of("sync") == ["done"] * 6)
    worker.stop.set()
    thread.join()
    assert most == [2]


def work(worker, kind="render", subject="feed"):
    enqueue(kind, subject)
    worker.work(jobs.claim([kind]))


def test_a_job_that_fails_is_tried_again_and_a_bug_is_logged(context, worker, handlers, caplog):  # noqa: F811
    handlers["render"] = lambda claim: 1 / 0
    work(worker)
    (job,) = jobs_of("render")
    assert (job["state"], job["problem"], job["attempts"]) == ("queued", "Unexpected: ZeroDivisionError.", 1)
    assert "ZeroDivisionError" in caplog.text


def fail_with(error):
    def handler(claim):
        raise error

    return handler


def test_a_shops_fault_is_kept_with_the_job(context, worker, handlers):  # noqa: F811
    handlers["render"] = fail_with(StoreBusy("The shop is busy."))
    work(worker)
    assert jobs_of("render")[0]["problem"] == "The shop is busy."


def test_a_lost_job_is_left_alone(context, worker, handlers):  # noqa: F811
    handlers["render"] = fail_with(LostLease("gone"))
    work(worker)
    (job,) = jobs_of("render")
    assert (job["state"], job["problem"], job["attempts"]) == ("running", "", 1)


def test_a_job_lost_while_it_was_done_is_not_settled_by_the_loser(context, worker, handlers):  # noqa: F811
    def lose(claim):
        pass_time(61)
        assert jobs.claim(["render"]) is not None

    handlers["render"] = lose
    work(worker)
    assert state_of("render") == ["running"]


def test_heartbeats_keep_the_lease_of_a_long_job(context, worker, handlers, monkeypatch):  # noqa: F811
    monkeypatch.setattr(jobs, "HEARTBEAT_SECONDS", 0.05)

    def take_long(claim):
        before = jobs_of("render")[0]["lease_until"]
        until(lambda: jobs_of("render")[0]["lease_until"] > before)

    handlers["render"] = take_long
    with worker.beating():
        work(worker)
    assert state_of("render") == ["done"]


def test_it_is_seen_while_it_runs_and_gone_afterwards(context, worker, monkeypatch):  # noqa: F811
    monkeypatch.setattr(jobs, "HEARTBEAT_SECONDS", 0.05)
    thread = threading.Thread(target=worker.run)
    thread.start()
    names = look(lambda: db.session.scalars(select(WorkerRow.name)).all())
    until(lambda: len(names()) == 1)
    worker.stop.set()
    thread.join()
    assert names() == []


def test_told_to_stop_it_gives_back_what_it_has_begun(connect, worker):  # noqa: F811
    shop = ScriptedShop().fill(10)
    shop.during = lambda number: worker.stop.set()
    channel = connect(shop)
    enqueue("sync", channel)
    worker.run()
    (job,) = jobs_of("sync")
    assert (job["state"], job["token"], job["attempts"]) == ("queued", None, 0)
    assert pulls_of(channel)[0]["pages_done"] == 2
    assert mirrored(channel) == {}
    shop.during = None
    successor = Worker(worker.app)
    successor.work(jobs.claim(["sync"]))
    assert mirrored(channel) == shop.shown()
    assert shop.pages_given == 5


def test_a_full_disk_stops_syncs_and_says_so_but_not_renders(context, worker, handlers, monkeypatch, caplog):  # noqa: F811
    monkeypatch.setattr(health, "FREE_BYTES", 2**60)
    handlers["render"] = lambda claim: None
    enqueue("sync", "a")
    enqueue("render", "b")
    for kinds in (module.SYNC_LANE, module.OTHER_LANE):
        for _ in range(3):
            worker._step(kinds)
    assert (state_of("sync"), state_of("render")) == (["queued"], ["done"])
    assert caplog.text.count("syncs are stopped") == 1


def test_a_lane_survives_a_database_that_is_away(context, running, handlers):  # noqa: F811
    done = threading.Event()
    handlers["render"] = lambda claim: done.set()
    url = db.engine.url
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE job RENAME TO away")
        connection.commit()
        time.sleep(0.1)
        connection.exec_driver_sql("ALTER TABLE away RENAME TO job")
        connection.commit()
    assert url == db.engine.url
    enqueue("render", "feed")
    assert done.wait(30)


def test_every_kind_that_is_queued_has_a_lane():
    kinds = {"hooks", "import", "pricing", "render", "sweep", "sync", "writing"}
    assert module.SYNC_LANE | module.OTHER_LANE == set(module.HANDLERS) == kinds


def test_the_settled_job_says_how_often_it_was_tried(context, worker, handlers):  # noqa: F811
    handlers["render"] = fail_with(StoreBusy("busy"))
    for expected in range(1, 9):
        transaction(lambda: db.session.execute(update(Job).values(due_at=jobs.now())))()
        if expected == 1:
            work(worker)
        else:
            worker.work(jobs.claim(["render"]))
        assert jobs_of("render")[0]["attempts"] == expected
    assert state_of("render") == ["failed"]
