"""kill -9 of a worker whose batch is on its way to the shop."""

import time

import pytest

from tests.faults.workers import Workers
from tests.services.writing.merchants import DECIDED

BODY = {"state": "on", "policy": {"price": "shop", "quantity": "supplier"}, "ceiling": {"share": 1}}


@pytest.fixture
def workers(forks, instance, database_url):
    workers = Workers(forks, instance, database_url, WORKER_SYNCS="1", WORKER_RENDERS="1", SYNC_MINUTES="0")
    yield workers
    workers.close()


def until(condition, workers, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen:\n{workers.tail()}"
        time.sleep(0.05)


@pytest.mark.parametrize("fault", ["ignored", "hang"])
def test_what_a_killed_worker_had_on_its_way_arrives_once(alice, workers, fault):
    """The shop never saw the batch, or carried it out and was not heard."""
    met = alice.shop.fault(
        fault, path="products/batch", method="POST", times=1, when=lambda request: b"id" in request.body
    )
    alice.writing(method="PUT", json=BODY)
    first = workers.start()
    until(lambda: met.hits, workers)
    time.sleep(0.2)
    workers.kill(first)
    assert {line["state"] for line in alice.lines().values()} == {"sending"}
    assert (alice.has()["11"] == DECIDED["11"]) == (fault == "hang")
    keys = alice.lines().keys()
    alice.hasten()
    workers.start()
    until(lambda: alice.last()["state"] == "done", workers)
    assert alice.last()["counts"] == {"written": len(keys)}
    assert alice.has() == DECIDED | {"22": ("30.00", 7)}
    sent = [item for item in alice.sent() if item["id"] == 11]
    assert len(sent) == (2 if fault == "ignored" else 1)
