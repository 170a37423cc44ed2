"""kill -9 of a worker at random moments of a sync: nothing lost, nothing doubled, nothing half done."""

import random
import signal
import threading
import time
from decimal import Decimal

import pytest
from sqlalchemy import update

from sync2sys.connectors import woocommerce
from sync2sys.database import transaction
from sync2sys.demo.shop import Shop
from sync2sys.extensions import db, outbound
from sync2sys.models import Job
from sync2sys.models.base import now
from sync2sys.services import jobs
from tests.faults.workers import Workers
from tests.services.scripted import (  # noqa: F401 - fixtures among them
    connected,
    context,
    jobs_of,
    mirrored,
    pulls_of,
    staged,
)

SEED = 20261123
KILLS, KILLS_ON_A_SERVER = 32, 12
SIMPLE, VARIABLE = 450, 40
#: What the shop takes for an answer, so that most of a sync is waiting and kills land everywhere.
LATENCY = 0.04


class SlowShop(Shop):
    """A shop that takes its time, and notes what it was asked."""

    def __init__(self, *args, **kwargs):
        self.asked = []
        #: cleared, it keeps whoever wants more than `freely` windows of products waiting
        self.open = threading.Event()
        self.open.set()
        self.freely = 0
        super().__init__(*args, **kwargs)

    def answer(self, request):
        self.asked.append(request.target)
        time.sleep(LATENCY)
        if _is_window(request.target) and len(self.windows()) > self.freely:
            self.open.wait(120)
        return super().answer(request)

    def asked_so_far(self):
        return len(self.asked)

    def close_after(self, windows):
        self.freely = windows
        self.open.clear()

    def windows(self):
        """How often whole products were asked for, by where the window begins."""
        found = [
            target.partition("offset=")[2].partition("&")[0] for target in self.asked if _is_window(target)
        ]
        return {int(offset): found.count(offset) for offset in found}


def _is_window(target):
    return "/products?" in target and "per_page=100" in target and "_fields=id" not in target


@pytest.fixture
def shop():
    shop = SlowShop()
    for number in range(SIMPLE):
        shop.add({"name": f"Simple {number}", "type": "simple", "regular_price": "1.00"})
    for number in range(VARIABLE):
        variations = [{"regular_price": "1.00"} for _ in range(3)]
        shop.add({"name": f"Variable {number}", "type": "variable", "variations": variations})
    shop.url = shop.start()
    yield shop
    shop.stop()


@pytest.fixture
def channel(context, shop):  # noqa: F811
    learnt = woocommerce.connect(outbound, shop.url, shop.key, shop.secret)
    shop.asked.clear()
    return transaction(connected)(
        shop.key, secret=shop.secret, platform="woocommerce", capabilities=learnt.capabilities
    )


@pytest.fixture
def workers(forks, instance, database_url):
    workers = Workers(forks, instance, database_url)
    yield workers
    workers.close()


def reprice(shop, price):
    for number, record in list(shop.records.items()):
        if record["type"] != "variable":
            shop.set_price(number, price)


def prices(channel):
    return {price for _, variants in mirrored(channel).values() for price in variants.values()}


def ask(channel, full=True):
    transaction(lambda: jobs.enqueue("sync", channel, {"full": full}).id)()


def until(condition, workers, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen:\n{workers.tail()}"
        time.sleep(0.05)


def live():
    return [job for job in jobs_of("sync") if job["live_key"]]


def step(channel):
    """Which pull is at which page."""
    last = pulls_of(channel)[-1]
    return last["id"], last["pages_done"]


def kill_one(workers, delay, moving):
    """Start a worker and kill it so many seconds after something has begun to move."""
    before = moving()
    worker = workers.start()
    until(lambda: moving() != before or not live(), workers)
    time.sleep(delay)
    workers.kill(worker)


def let_leases_run_out():
    """A minute passes."""
    transaction(
        lambda: db.session.execute(update(Job).where(Job.state == "running").values(lease_until=now()))
    )()


def work_to_the_end(workers):
    """A worker that is left in peace, then told to stop."""
    worker = workers.start()
    until(lambda: not live(), workers)
    workers.kill(worker, signal.SIGTERM)


def assert_whole(shop, channel, allowed):
    """Every product is there once, with all its variants, and all of one moment."""
    found = mirrored(channel)
    assert len(found) == SIMPLE + VARIABLE
    assert sum(len(variants) for _, variants in found.values()) == SIMPLE + 3 * VARIABLE
    assert prices(channel) in [{Decimal(price)} for price in allowed]


def test_kills_lose_nothing_and_leave_nothing_half_done(shop, channel, workers, database_url):
    kills = KILLS_ON_A_SERVER if database_url else KILLS
    chance = random.Random(SEED)
    ask(channel)
    work_to_the_end(workers)
    assert_whole(shop, channel, ["1.00"])
    price, inside = 1, 0
    for number in range(4 * kills):
        if number >= kills and inside >= kills * 0.6:
            break
        if not live():
            assert {job["state"] for job in jobs_of("sync")} == {"done"}
            assert_whole(shop, channel, [price])
            assert staged() == 0
            price += 1
            reprice(shop, f"{price}.00")
            ask(channel, full=number % 3 != 0)
        # Every other time it gets at least one page further, lest it be taken for a job that kills workers.
        kill_one(
            workers, chance.uniform(0, 0.4), (lambda: step(channel)) if number % 2 else shop.asked_so_far
        )
        inside += bool(live())
        assert_whole(shop, channel, [price - 1, price])
        assert len(live()) <= 1
        let_leases_run_out()
    work_to_the_end(workers)
    assert_whole(shop, channel, [price])
    assert staged() == 0
    assert {job["state"] for job in jobs_of("sync")} == {"done"}
    assert inside >= kills * 0.6, "hardly any kill came in the middle of a sync"
    assert price >= 2


def test_after_a_kill_it_goes_on_where_it_was(shop, channel, workers):
    shop.close_after(4)
    ask(channel)
    worker = workers.start()
    until(lambda: pulls_of(channel) and pulls_of(channel)[0]["pages_done"] >= 3, workers)
    workers.kill(worker)
    shop.open.set()
    let_leases_run_out()
    work_to_the_end(workers)
    assert_whole(shop, channel, ["1.00"])
    asked = shop.windows()
    assert asked[0] == 1
    assert sum(asked.values()) <= len(asked) + 2, "more than what was under way was asked for again"
    assert len(pulls_of(channel)) == 1


def test_told_to_stop_it_stops_after_the_page_and_the_next_one_goes_on_at_once(shop, channel, workers):
    shop.close_after(3)
    ask(channel)
    worker = workers.start()
    until(lambda: pulls_of(channel) and pulls_of(channel)[0]["pages_done"] >= 2, workers)
    worker.terminate()
    until(workers.has_been_told, workers)
    shop.open.set()
    until(lambda: not worker.is_alive(), workers)
    (job,) = live()
    assert (job["state"], job["token"]) == ("queued", None)
    work_to_the_end(workers)
    assert_whole(shop, channel, ["1.00"])
    assert shop.windows()[0] == 1


def test_told_twice_it_ends_at_once_and_the_job_is_free_when_its_lease_runs_out(shop, channel, workers):
    shop.close_after(0)
    ask(channel)
    worker = workers.start()
    until(shop.windows, workers)
    worker.terminate()
    until(workers.has_been_told, workers)
    assert worker.is_alive()
    workers.kill(worker, signal.SIGTERM)
    assert [job["state"] for job in live()] == ["running"]
    shop.open.set()
    let_leases_run_out()
    work_to_the_end(workers)
    assert_whole(shop, channel, ["1.00"])


def test_two_workers_and_a_kill_of_one_do_a_sync_once(shop, channel, workers):
    first, second = workers.start(), workers.start()
    ask(channel)
    until(lambda: pulls_of(channel) and pulls_of(channel)[0]["pages_done"] >= 1, workers)
    workers.kill(first)
    let_leases_run_out()
    until(lambda: not live(), workers)
    assert_whole(shop, channel, ["1.00"])
    assert [pull["state"] for pull in pulls_of(channel)] == ["applied"]
    assert second.is_alive()
    workers.kill(second, signal.SIGTERM)
