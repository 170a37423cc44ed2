"""Workers as processes: kill -9 of one whose batch is on its way to the shop, and two at once."""

import time
from collections import Counter

import pytest

from tests.faults.workers import Workers
from tests.services import catalogues
from tests.services.writing.merchants import DECIDED, Merchant, counted, spared
from tests.shops.woocommerce import WooShop

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


#: Three batches.
MANY = range(1001, 1251)


def test_two_workers_at_once_write_every_value_of_a_run_once(make_app, monkeypatch, workers):
    with WooShop([{"id": n, "name": f"Mug {n}"} | counted(f"A-{n}", "9.99", 5) for n in MANY]) as shop:
        merchant = Merchant(spared(make_app(), monkeypatch), shop)
        mirror = {str(n): {"sku": f"A-{n}", "price": "9.99", "quantity": 5} for n in MANY}
        with merchant.app.app_context():
            catalogues.fill(merchant.channel, mirror)
        merchant.price_by()
        merchant.deliver(*(f"A-{n};;5,00;10" for n in MANY))
        merchant.writing(method="PUT", json=BODY)
        shop.fault("slow", path="products/batch", method="POST", seconds=0.2)
        both = [workers.start(), workers.start()]

        def is_done():
            merchant.writing("/runs", "POST")
            return merchant.runs() and merchant.last()["state"] == "done"

        until(is_done, workers)
        assert all(worker.is_alive() for worker in both)
        sent = Counter((item["id"], name) for item in merchant.sent() for name in item if name != "id")
        assert sent == dict.fromkeys(
            [(n, name) for n in MANY for name in ("regular_price", "stock_quantity")], 1
        )
        assert {(row["regular_price"], row["stock_quantity"]) for row in shop.records.values()} == {
            ("7.99", 8)
        }
        assert merchant.runs() == [("normal", "done", {"written": 500})]
