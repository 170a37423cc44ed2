"""kill -9 of a worker in the middle of a supplier's list: the offers are those of one list, never of two."""

import signal
import time

import pytest
from sqlalchemy import func, select

from sync2sys.database import look
from sync2sys.extensions import db
from sync2sys.models import StagedOffer
from tests.faults.test_kill import let_leases_run_out, until
from tests.faults.workers import Workers
from tests.services import supplied
from tests.services.scripted import context  # noqa: F401 - a fixture
from tests.services.supplied import csv_of, imports_of, live_jobs, offered, some
from tests.wholesaler import Wholesaler

ROWS, KILLS = 6000, 4


@pytest.fixture
def shop():
    shop = Wholesaler(csv_of(some(ROWS)))
    yield shop
    shop.close()


@pytest.fixture
def workers(forks, instance, database_url):
    workers = Workers(forks, instance, database_url)
    yield workers
    workers.close()


def staged():
    return look(lambda: db.session.scalar(select(func.count()).select_from(StagedOffer)))()


def test_kills_leave_no_list_half_applied(context, shop, workers):  # noqa: F811
    mine = supplied.supplier_of(supplied.organization_of(), shop.url)
    supplied.run(mine)
    before = offered(mine)
    assert before == some(ROWS)
    after = some(ROWS, cost=11) | {"new": "1.00"}
    shop.content = csv_of(after)
    supplied.do(supplied.suppliers.ask_import, mine)
    inside = 0
    for number in range(KILLS):
        worker = workers.start()
        until(lambda: staged() or not live_jobs(mine), workers)
        time.sleep(0.1 * number)
        workers.kill(worker)
        inside += bool(live_jobs(mine))
        assert offered(mine) in (before, after)
        let_leases_run_out()
    worker = workers.start()
    until(lambda: not live_jobs(mine), workers)
    workers.kill(worker, signal.SIGTERM)
    assert offered(mine) == after
    assert staged() == 0
    assert inside, "no kill came in the middle of it"
    states = [each["state"] for each in imports_of(mine)]
    assert (states[0], states[-1], set(states[1:-1])) == ("applied", "applied", {"abandoned"})
