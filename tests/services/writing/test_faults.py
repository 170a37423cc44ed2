"""Writing to a shop on bad days: trouble on the way, workers that die, nonsense; and going back."""

import dataclasses
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from sync2sys.connectors.woocommerce import WooCommerce
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import WriteLine, WriteRun
from sync2sys.models.base import now
from sync2sys.services import jobs, schedule, write_batches, write_runs
from sync2sys.worker import Worker
from tests.services.scripted import Killed
from tests.services.writing.merchants import DECIDED, LIST, age_standings

BATCH = "/batch"
ALL = DECIDED | {"22": ("30.00", 7)}


def items(merchant, number):
    """What was sent for one product or variation, in order."""
    return [item for item in merchant.sent() if item["id"] == number]


def codes(merchant):
    return {key: (state, code) for key, (_, _, state, code) in merchant.told().items()}


# Trouble on the way


@pytest.mark.parametrize("fault", ["afterwards", "dropped"])
def test_a_batch_whose_answer_is_lost_is_looked_up_and_all_arrives_once(alice, fault):
    alice.shop.fault(
        fault, path="products/batch", method="POST", times=1, when=lambda request: b"id" in request.body
    )
    alice.turn("on")
    alice.hasten()
    alice.work()
    assert alice.has() == ALL
    assert alice.last()["counts"] == {"written": 5}
    assert len(items(alice, 11)) == (1 if fault == "afterwards" else 2)


def test_what_a_shop_in_trouble_did_not_get_goes_later_under_the_same_key(alice):
    down = alice.shop.fault("maintenance", path="/batch", when=lambda request: b"id" in request.body)
    alice.turn("on")
    assert alice.last()["state"] == "running"
    assert alice.writing()["problem"]
    keys = keys_of(alice)
    down.stop()
    alice.hasten()
    alice.work()
    assert alice.has() == ALL
    assert (keys_of(alice), alice.writing()["problem"]) == (keys, "")


def keys_of(merchant):
    query = select(WriteLine.external_id, WriteLine.field, WriteLine.key).filter_by(
        channel_id=merchant.channel
    )
    with merchant.app.app_context():
        return look(lambda: sorted(map(tuple, db.session.execute(query))))()


def test_a_run_that_never_gets_through_ends_and_the_next_one_goes_on(alice):
    down = alice.shop.fault("maintenance", path="/batch", when=lambda request: b"id" in request.body)
    alice.turn("on")
    for _ in range(12):
        alice.hasten()
        alice.work()
    down.stop()
    for _ in range(3):
        alice.hasten()
        alice.writing("/runs", "POST")
        alice.work()
    assert alice.has() == ALL


def test_keys_that_are_refused_end_the_run(on):
    on.shop.key_ring[on.shop.key].permissions = ""
    on.deliver("A-1;;5,00;11", *LIST[1:])
    assert on.last()["state"] == "failed"
    assert on.writing()["problem"]


def test_what_the_shop_does_not_have_any_more_is_said_and_the_rest_goes(alice):
    alice.shop.delete(12)
    alice.turn("on")
    assert codes(alice)["12", "price"] == ("refused", "gone")
    assert alice.has()["11"] == DECIDED["11"]


def test_one_item_that_the_shop_refuses_keeps_no_other_from_going(alice):
    alice.shop.edit(12, sale_price="15.00")
    alice.turn("on", price="supplier")
    assert codes(alice)["12", "price"] == ("refused", "sale_not_below")
    assert "sale" in alice.lines()["12", "price"]["message"]
    assert (alice.has()["11"], alice.has()["12"]) == (("7.99", 8), ("20.00", 0))
    alice.shop.requests.clear()
    alice.writing("/runs", "POST")
    alice.work()
    assert len(alice.runs()) == 1


def test_stock_that_the_shop_does_not_count_is_left_alone_or_begun_to_be_counted(alice):
    alice.shop.edit(11, manage_stock=False, stock_quantity=None)
    alice.turn("on", quantity="shop")
    assert codes(alice)["11", "quantity"] == ("refused", "stock_not_counted")
    age_standings(alice, timedelta(days=2))
    alice.turn("on", quantity="shop", countStock=True)
    assert alice.has()["11"] == ("7.99", 8)


def test_nonsense_that_the_shop_takes_with_200_is_told_and_not_tried_for_ever(alice):
    def rounded(row):
        for item in row.get("update", ()):
            if item["id"] == 11:
                item["regular_price"] = "8"
        return row

    alice.shop.fault("distorted", path="products/batch", method="POST", change=rounded)
    alice.turn("on")
    assert codes(alice)["11", "price"] == ("odd", "odd")
    assert alice.lines()["11", "price"]["found"] == "8"
    assert codes(alice)["11", "quantity"] == ("written", "")
    alice.shop.edit(11, regular_price="8.00")
    alice.shop.requests.clear()
    alice.sync()
    assert items(alice, 11) == []


def test_a_shop_with_another_currency_by_now_gets_no_price(alice):
    alice.shop.currency = "USD"
    alice.turn("on")
    found = codes(alice)
    alice.shop.currency = "EUR"
    assert {state for (_, field), state in found.items() if field == "price"} == {
        ("refused", "other_currency")
    }
    assert alice.has()["11"] == ("9.99", 8)


# Workers that die


@pytest.fixture(params=["before", "after"])
def killed(request, alice, monkeypatch):
    """A worker was killed with the batch on its way: before or after the shop had it."""

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(
            *((WooCommerce, "write", die) if request.param == "before" else (write_batches, "_note", die))
        )
        with pytest.raises(Killed):
            alice.turn("on")
    assert {state for state, _ in codes(alice).values()} == {"sending"}
    assert (alice.has() == ALL) == (request.param == "after")
    alice.hasten()
    return alice


def test_what_was_on_its_way_as_a_worker_was_killed_is_looked_up_and_sent_once(killed):
    keys = keys_of(killed)
    killed.work()
    assert killed.has() == ALL
    assert killed.last()["counts"] == {"written": 5}
    assert len(items(killed, 11)) == len(items(killed, 21)) == 1
    assert keys_of(killed) == keys


def test_what_somebody_changed_after_a_worker_was_killed_is_not_overwritten(killed):
    killed.shop.edit(11, regular_price="12.00")
    killed.work()
    assert killed.has()["11"] == ("12.00", 8)
    assert codes(killed)["11", "price"] == ("kept", "changed_in_shop")


def test_what_was_sent_as_a_worker_was_killed_and_changed_since_is_in_the_log_twice(killed):
    killed.shop.sell(11, 1)
    left = str(killed.has()["11"][1])
    killed.work()
    assert killed.has()["11"] == ("7.99", 8)
    found = killed.writing(f"/runs/{killed.last()['id']}/lines?perPage=200")["items"]
    names = ("before", "after", "found", "state", "code")
    lines = [tuple(line[name] for name in names) for line in found if line["field"] == "quantity"][:2]
    assert sorted(lines) == sorted([("5", "8", left, "stale", "overtaken"), (left, "8", "8", "written", "")])
    assert len([line for line in found if line["sentAt"]]) == len(found) == 6


def test_what_is_decided_anew_after_a_worker_was_killed_is_sent_as_it_is_now(killed):
    killed.decide("A-1;;6,00;10", *LIST[1:])
    killed.work()
    killed.work()
    assert killed.has() == ALL | {"11": ("9.99", 8)}


def test_a_run_that_is_stopped_after_a_worker_was_killed_says_what_arrived(killed):
    arrived = killed.has() == ALL
    before = killed.has()
    killed.writing(f"/runs/{killed.last()['id']}/stop", "POST")
    killed.work()
    assert killed.last()["state"] == "stopped"
    assert killed.last()["counts"] == ({"written": 5} if arrived else {"not_written": 5})
    assert killed.has() == before


def test_a_plan_that_a_killed_worker_left_behind_is_made_anew(alice, monkeypatch):
    def die(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("sync2sys.services.write_plans._conclude", die)
        with pytest.raises(Killed):
            alice.turn("on")
    alice.hasten()
    alice.work()
    assert alice.has() == ALL
    with alice.app.app_context():
        assert look(lambda: db.session.scalar(select(func.count()).select_from(WriteRun)))() == 1


def test_of_two_workers_one_writes(alice, app):
    alice.shop.fault("slow", path="/batch", seconds=0.2)
    body = {"state": "on", "policy": {"price": "shop", "quantity": "shop"}, "ceiling": {"share": 1}}
    alice.writing(method="PUT", json=body)
    took = []

    def work():
        with app.app_context():
            worker = Worker(app)
            for _ in range(20):
                claim = jobs.claim(["writing"])
                if claim is not None:
                    took.append(claim.id)
                    worker.work(claim)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == 1
    assert len(alice.runs()) == 1
    assert len(items(alice, 11)) == 1


def test_a_worker_that_lost_its_job_notes_nothing(alice, monkeypatch):
    def lose(claim):
        alice.hasten()
        with alice.app.app_context():
            assert jobs.claim(["writing"]) is not None

    written = WooCommerce.write

    def slow(self, changes, key):
        answer = written(self, changes, key)
        lose(None)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(WooCommerce, "write", slow)
        alice.turn("on")
    assert {state for state, _ in codes(alice).values()} == {"sending"}
    alice.hasten()
    alice.work()
    assert alice.last()["counts"] == {"written": 5}
    assert len(items(alice, 11)) == 1


# The clock


def test_a_run_that_waits_is_gone_on_with_by_the_clock(alice, app):
    alice.turn("on")
    alice.work()
    alice.shop.edit(11, regular_price="9.99")
    with app.app_context():
        assert queued(app) == 0
        later(app, timedelta(hours=2))
        assert queued(app) == 1


def queued(app):
    schedule.tick()
    return look(lambda: 0 if jobs.claim(["writing"]) is None else 1)()


def later(app, by):
    query = "UPDATE {} SET {} = :at"
    transaction(
        lambda: [
            db.session.execute(db.text(query.format(table, name)), {"at": (now() - by).replace(tzinfo=None)})
            for table, name in (("writing", "planned_at"), ("job", "finished_at"))
        ]
    )()


def test_what_was_written_long_ago_is_forgotten_with_its_run_and_nothing_else(on, app):
    on.deliver("A-1;;5,00;11", *LIST[1:])
    old = on.writing("/runs")["items"][1]["id"]
    with app.app_context():
        ended = now() - write_runs.KEPT_FOR - timedelta(days=1)
        transaction(
            lambda: db.session.execute(update(WriteRun).filter_by(id=old).values(finished_at=ended))
        )()
        assert schedule.sweep()["written"] == 5
    assert [each["id"] == old for each in on.writing("/runs")["items"]] == [False]
    assert len(on.lines()) == 1
    on.deliver("A-1;;5,00;12", *LIST[1:])
    assert on.has()["11"] == ("7.99", 10)


# Going back


def test_the_last_run_is_undone_and_nothing_is_sent_after_that(on):
    on.deliver("A-1;;6,00;20", *LIST[1:])
    assert on.has()["11"] == ("9.99", 18)
    run = on.last()["id"]
    undone = on.writing("/undo", "POST")
    assert (undone["kind"], undone["undoes"], undone["total"]) == ("undo", run, 2)
    on.work()
    assert on.has() == ALL
    assert {(each["id"], each["state"]) for each in on.writing("/runs")["items"]} >= {
        (run, "undone"),
        (undone["id"], "done"),
    }
    assert on.writing()["state"] == "dry"
    on.deliver("A-1;;6,00;20", *LIST[1:])
    assert on.has() == ALL
    on.turn("on")
    assert on.has()["11"] == ("9.99", 18)


def test_only_what_the_shop_still_has_is_undone(on):
    on.deliver("A-1;;6,00;20", *LIST[1:])
    on.shop.edit(11, regular_price="12.00")
    undo = on.writing("/undo", "POST")["id"]
    on.work()
    assert on.has()["11"] == ("12.00", 8)
    assert on.told(undo)["11", "price"] == ("9.99", "7.99", "kept", "changed_in_shop")
    assert on.told(undo)["11", "quantity"] == ("18", "8", "written", "")


def test_the_run_before_can_be_undone_after_that(on):
    on.deliver("A-1;;6,00;20", *LIST[1:])
    for _ in range(2):
        on.writing("/undo", "POST")
        on.work()
    assert on.has()["11"] == ("9.99", 5)
    assert on.writing("/undo", "POST", status=400)["message"]


def test_what_had_no_stock_before_is_not_undone(alice):
    alice.shop.edit(11, manage_stock=False, stock_quantity=None)
    alice.turn("on", quantity="shop", countStock=True)
    undo = alice.writing("/undo", "POST")["id"]
    alice.work()
    assert alice.told(undo)["11", "quantity"][2:] == ("refused", "nothing_before")
    assert alice.has()["11"] == ("9.99", 8)


def test_a_stopped_run_can_be_undone(alice, monkeypatch):
    monkeypatch.setattr("sync2sys.services.write_batches.MOST", 1)
    stop = "/runs/{}/stop"
    alice.shop.fault(
        "then",
        path="batch",
        method="POST",
        after=1,
        times=1,
        act=lambda: alice.writing(stop.format(alice.last()["id"]), "POST"),
    )
    before = alice.has()
    alice.turn("on")
    alice.writing("/undo", "POST")
    alice.work()
    assert alice.has() == before


def test_nothing_is_undone_while_a_run_is_under_way(alice):
    alice.shop.fault("maintenance", path="/batch", when=lambda request: b"id" in request.body)
    alice.turn("on")
    assert "under way" in alice.writing("/undo", "POST", status=400)["message"]


def test_what_a_run_made_something_else_is_undone_too(alice):
    def rounded(row):
        for item in row.get("update", ()):
            if item["id"] == 11:
                item["regular_price"] = "8"
        return row

    fault = alice.shop.fault("distorted", path="products/batch", method="POST", change=rounded)
    alice.turn("on")
    fault.stop()
    alice.shop.edit(11, regular_price="8")
    alice.writing("/undo", "POST")
    alice.work()
    assert alice.has()["11"] == ("9.99", 5)


def test_what_may_have_arrived_is_undone_too(alice, monkeypatch):
    written = WooCommerce.write

    def lost(self, changes, key):
        answers = written(self, changes, key)
        return [dataclasses.replace(each, outcome="unknown", price=None, quantity=None) for each in answers]

    with monkeypatch.context() as patch:
        patch.setattr(WooCommerce, "write", lost)
        patch.setattr(write_runs, "PASSES", 1)
        alice.turn("on")
    assert alice.last()["counts"] == {"unknown": 5}
    assert alice.last()["state"] == "failed"
    alice.writing("/undo", "POST")
    alice.work()
    assert alice.has()["11"] == ("9.99", 5)
    assert [state for _, state, _ in alice.runs()][:2] == ["undone", "done"]
