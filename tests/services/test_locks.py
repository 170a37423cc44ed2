"""One at a time, whoever else wants the same."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync2sys.database import transaction
from sync2sys.errors import Unavailable
from sync2sys.extensions import db
from sync2sys.models import Lock
from sync2sys.services import locks
from tests.services.scripted import context  # noqa: F401 - fixture


def side_by_side(app, count, work):
    """Run it in so many threads, each in a context of its own; raises what went wrong in one."""

    def one(number):
        with app.app_context():
            work()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))


def rows():
    return transaction(lambda: db.session.query(Lock).count())()


def test_only_one_holds_a_lock_at_a_time(context):  # noqa: F811
    inside, most = [], []

    def work():
        with locks.held("it", 30):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    side_by_side(context, 6, work)
    assert most == [1] * 6
    assert rows() == 0


def test_locks_of_other_names_are_free(context):  # noqa: F811
    with locks.held("one", 30), locks.held("two", 30):
        assert rows() == 2


def test_who_waits_gets_it_as_soon_as_it_is_given_back(context):  # noqa: F811
    got = []

    def wait():
        with context.app_context(), locks.held("it", 30):
            got.append(time.monotonic())

    with locks.held("it", 30):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.3)
        assert got == []
        given_back = time.monotonic()
    thread.join()
    assert got[0] - given_back < 25, "it waited until the time was up"


def test_a_lock_is_given_back_when_things_go_wrong(context):  # noqa: F811
    with pytest.raises(ZeroDivisionError), locks.held("it", 30):
        _ = 1 / 0
    assert rows() == 0


def test_a_lock_whose_holder_was_killed_is_free_when_its_time_is_up(context):  # noqa: F811
    began = time.monotonic()
    transaction(locks._take)("it", "somebody who is dead", 0.5)
    with locks.held("it", 30):
        assert time.monotonic() - began >= 0.45


def test_who_was_too_slow_does_not_take_it_from_the_next(context):  # noqa: F811
    with locks.held("it", 0.1):
        time.sleep(0.2)
        transaction(locks._take)("it", "the next", 30)
    assert rows() == 1
    assert not transaction(locks._take)("it", "a third", 30)


def test_waiting_has_an_end(context):  # noqa: F811
    transaction(locks._take)("it", "somebody", 30)
    with pytest.raises(Unavailable) as caught, locks.held("it", 0.3):
        pytest.fail("two hold it")
    assert caught.value.retry_after
