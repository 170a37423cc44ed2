"""Moving windows, exact over processes, in each of the places where they are counted."""

import logging
import multiprocessing
import os
import socket
import sqlite3
import subprocess
import threading
import time
import uuid

import pytest
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from sync2sys.ratelimit import (
    Fallback,
    MemoryWindow,
    RedisWindow,
    SqliteWindow,
    fallback,
    sqlite,
    storage_uri,
)
from tests.conftest import REDIS

FORK = multiprocessing.get_context("fork")
KINDS = ["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)]


def open_window(kind, place):
    if kind == "sqlite":
        return SqliteWindow(str(place))
    return RedisWindow(str(place)) if kind == "redis" else MemoryWindow()


@pytest.fixture
def place(request, tmp_path):
    return REDIS if "redis" in request.node.name else tmp_path / "limits.db"


@pytest.fixture
def key():
    return f"somebody-{uuid.uuid4()}"


@pytest.fixture
def told():
    """What is logged about it; the application's loggers do not pass it on to pytest's."""
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = logging.getLogger("sync2sys.ratelimit")
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


@pytest.fixture(params=KINDS)
def window(request, place):
    return open_window(request.param, place)


def test_a_limit_allows_so_many_hits_and_refuses_the_next(window, key):
    verdicts = [window.hit(key, 3, 60) for _ in range(5)]
    assert [verdict.allowed for verdict in verdicts] == [True, True, True, False, False]
    assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0, 0]
    assert all(50 < verdict.reset <= 60 for verdict in verdicts)


def test_keys_are_counted_apart(window, key):
    assert not [window.hit(key, 2, 60).allowed for _ in range(3)][-1]
    assert window.hit(key + "x", 2, 60).allowed


def test_the_window_moves(window, key):
    """A fixed window would allow twice the limit around its border."""
    assert window.hit(key, 2, 2).allowed
    time.sleep(1)
    assert window.hit(key, 2, 2).allowed
    refused = window.hit(key, 2, 2)
    assert not refused.allowed
    assert 0 < refused.reset <= 1
    time.sleep(refused.reset + 0.02)
    assert window.hit(key, 2, 2).allowed
    assert not window.hit(key, 2, 2).allowed


def test_a_refused_hit_does_not_count(window, key):
    for _ in range(10):
        window.hit(key, 2, 60)
    assert window.peek(key, 60)[0] == 2


def test_a_hit_can_cost_more_than_one(window, key):
    assert window.hit(key, 10, 60, cost=7) == pytest.approx((True, 3, 60), abs=1)
    assert not window.hit(key, 10, 60, cost=4).allowed
    assert window.hit(key, 10, 60, cost=3).remaining == 0


def test_looking_does_not_count(window, key):
    assert window.peek(key, 60) == (0, 0.0)
    window.hit(key, 5, 60)
    used, left = window.peek(key, 60)
    assert (used, window.peek(key, 60)[0]) == (1, 1)
    assert 50 < left <= 60


def test_clearing_forgets_one_key_or_all(window, key):
    other = key + "x"
    window.PREFIX = f"{key}:"  # in Redis other tests are counting at this moment
    window.hit(key, 1, 60)
    window.hit(other, 1, 60)
    window.clear(key)
    assert window.hit(key, 1, 60).allowed
    assert not window.hit(other, 1, 60).allowed
    window.clear()
    assert window.hit(other, 1, 60).allowed


def _hit_often(kind, place, key, times, ready, go, results):
    window = open_window(kind, place)
    ready.release()
    go.wait(30)
    allowed = []

    def work():
        allowed.extend(window.hit(key, 30, 60).allowed for _ in range(times))

    threads = [threading.Thread(target=work) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    results.put(sum(allowed))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS[1:])
def test_exactly_thirty_pass_over_four_processes_of_three_threads(kind, place, key):
    ready, go, results = FORK.Semaphore(0), FORK.Event(), FORK.Queue()
    workers = [
        FORK.Process(target=_hit_often, args=(kind, place, key, 20, ready, go, results)) for _ in range(4)
    ]
    [worker.start() for worker in workers]
    for _ in workers:
        assert ready.acquire(timeout=30)
    go.set()
    allowed = [results.get(timeout=30) for _ in workers]
    [worker.join(10) for worker in workers]
    assert sum(allowed) == 30


def test_a_window_that_was_used_before_a_fork_counts_on_in_the_child(place, key):
    window = SqliteWindow(str(place))
    window.hit(key, 2, 60)
    child = os.fork()
    if child == 0:
        verdict = window.hit(key, 2, 60)
        os._exit(0 if verdict.allowed and verdict.remaining == 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert not window.hit(key, 2, 60).allowed


def test_who_makes_the_file_at_once_waits_for_the_others(tmp_path):
    def make(place, ready, allowed):
        window = SqliteWindow(str(place))
        ready.wait()
        allowed.append(window.hit("somebody", 30, 60).allowed)

    for attempt in range(20):
        ready, allowed = threading.Barrier(8), []
        place = tmp_path / f"{attempt}.db"
        threads = [threading.Thread(target=make, args=(place, ready, allowed)) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert allowed == [True] * 8


def test_expired_hits_are_swept_out_of_the_file(place, monkeypatch):
    window = SqliteWindow(str(place))
    for number in range(400):
        window.hit(f"visitor {number}", 1, 60)
    later = sqlite._now() + 61_000_000
    monkeypatch.setattr(sqlite, "_now", lambda: later)
    for _ in range(150):
        window.hit("somebody", 1000, 60)
    assert sqlite3.connect(place).execute("SELECT count(*) FROM hit").fetchone()[0] <= 150


def test_hits_from_before_the_machine_started_anew_do_not_count(place, key):
    SqliteWindow(str(place)).hit(key, 1, 60)
    with sqlite3.connect(place) as file:
        file.execute("UPDATE hit SET at = at + 10000000000, until = until + 10000000000")
    assert SqliteWindow(str(place)).hit(key, 1, 60).allowed


def test_a_damaged_file_is_made_anew(place, key):
    place.write_bytes(b"this is no database, it only stands where one was" * 100)
    window = SqliteWindow(str(place))
    assert window.hit(key, 1, 60).allowed
    assert not window.hit(key, 1, 60).allowed


def test_a_file_that_cannot_be_written_leaves_the_limit_in_memory(tmp_path, key, told):
    (tmp_path / "limits.db").mkdir()
    storage = storage_from_string(storage_uri(tmp_path / "limits.db"))
    assert [storage.hit(key, 2, 60).allowed for _ in range(3)] == [True, True, False]
    assert told == ["rate limits cannot be counted in limits.db, falling back"]


def test_while_redis_is_away_the_file_counts_and_the_outage_is_told(tmp_path, key, told):
    storage = storage_from_string(storage_uri(tmp_path / "limits.db", "redis://127.0.0.1:1/0"))
    assert [storage.hit(key, 2, 60).allowed for _ in range(30)].count(True) == 2
    assert storage.outages() == {"redis": 1}
    assert told == ["rate limits cannot be counted in redis, falling back"]


def test_a_redis_that_never_answers_delays_one_caller_only(tmp_path, key):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        storage = storage_from_string(storage_uri(tmp_path / "limits.db", url))
        started = time.monotonic()
        for _ in range(50):
            storage.hit(key, 100, 60)
        assert time.monotonic() - started < 10


@pytest.mark.redis
def test_counting_goes_back_to_redis_when_it_is_there_again(tmp_path, key, monkeypatch, told):
    monkeypatch.setattr(fallback, "PAUSE_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    storage = storage_from_string(storage_uri(tmp_path / "limits.db", f"redis://127.0.0.1:{port}/0"))
    assert storage.hit(key, 2, 60).allowed
    server = subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while "again" not in told[-1] and time.monotonic() < deadline:
            storage.hit(key, 1000, 60)
            time.sleep(0.05)
        assert "rate limits are counted in redis again" in told[-1]
        assert storage.window.first.peek(key, 60)[0] > 0
    finally:
        server.terminate()
        server.wait(60)


def test_only_the_named_errors_fall_back():
    class Broken(MemoryWindow):
        def hit(self, key, limit, seconds, cost=1):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Fallback("broken", Broken(), MemoryWindow(), (OSError,)).hit("a", 1, 1)


def test_the_limits_library_counts_in_the_same_windows(tmp_path, key):
    storage = storage_from_string(storage_uri(tmp_path / "a folder % with signs" / ".." / "limits.db"))
    limiter, thirty = MovingWindowRateLimiter(storage), parse("30/minute")
    assert limiter.test(thirty, key)
    assert [limiter.hit(thirty, key) for _ in range(31)].count(True) == 30
    assert not limiter.test(thirty, key)
    stats = limiter.get_window_stats(thirty, key)
    assert stats.remaining == 0
    assert stats.reset_time == pytest.approx(time.time() + 60, abs=10)
    limiter.clear(thirty, key)
    assert limiter.get_window_stats(thirty, key).remaining == 30
