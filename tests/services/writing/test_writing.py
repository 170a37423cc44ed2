"""Decided prices and stock on their way to a shop: what goes, what does not, and what became of it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import update

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, WriteRun
from tests.services.writing.merchants import DECIDED, LIST, Merchant, spared

# Nothing, a dry run, and on


def test_nothing_is_planned_before_its_owner_says_so(alice):
    alice.writing(status=404)
    alice.writing("/runs", "POST", status=404)
    assert alice.sent() == []


def test_a_dry_run_shows_what_would_be_written_and_sends_nothing(alice):
    before = alice.has()
    alice.turn("dry")
    assert alice.told() == {
        ("11", "price"): ("9.99", "7.99", "planned", ""),
        ("11", "quantity"): ("5", "8", "planned", ""),
        ("12", "price"): ("20.00", "11.99", "planned", ""),
        ("12", "quantity"): ("1", "0", "planned", ""),
        ("21", "price"): ("30.00", "30.99", "planned", ""),
    }
    assert alice.runs() == [("normal", "planned", {"planned": 5})]
    assert (alice.sent(), alice.has()) == ([], before)


def test_a_dry_run_replaces_the_one_before(alice):
    alice.turn("dry")
    alice.deliver("A-1;;5,00;10")
    assert len(alice.runs()) == 1
    assert alice.last()["variants"] == 3  # what is in the list no more is sold out
    alice.deliver(*LIST)
    assert alice.last()["total"] == 5


def test_turned_on_only_what_differs_is_sent(alice):
    alice.turn("on")
    assert alice.sent() == [
        {"id": 11, "regular_price": "7.99", "stock_quantity": 8},
        {"id": 12, "regular_price": "11.99", "stock_quantity": 0},
        {"id": 21, "regular_price": "30.99"},
    ]
    assert alice.has() == DECIDED | {"22": ("30.00", 7)}
    assert alice.runs() == [("normal", "done", {"written": 5})]
    assert alice.writing()["problem"] == ""


def test_nothing_is_sent_again_where_nothing_changed(on):
    on.deliver(*LIST)
    on.writing("/runs", "POST")
    on.work()
    assert on.sent() == []
    assert len(on.runs()) == 1


def test_only_the_change_of_a_new_list_is_sent(on):
    on.deliver("A-1;;5,00;11", *LIST[1:])
    assert on.sent() == [{"id": 11, "stock_quantity": 9}]
    assert on.told() == {("11", "quantity"): ("8", "9", "written", "")}


def test_the_mirror_follows_what_was_written(on):
    assert [on.mirrored(key) for key in ("11", "12", "21")] == [
        (Decimal(price), quantity) for price, quantity in DECIDED.values()
    ]


def test_the_status_of_the_organization_follows_what_was_written(alice):
    passed(alice)
    alice.turn("on", work=["writing"])
    assert alice.last()["state"] == "done"
    told = alice.ask("GET", "/sync/status")
    assert told["last_sync"] == told["last_activity"] == alice.last()["finishedAt"]


def test_a_run_that_failed_does_not_pass_for_a_sync(on):
    passed(on)
    on.shop.key_ring[on.shop.key].permissions = "read"
    on.decide("A-1;;5,00;11", *LIST[1:])
    on.work("writing")
    assert on.last()["state"] == "failed"
    told = on.ask("GET", "/sync/status")
    assert (told["last_sync"], told["last_activity"]) == ("2024-03-15T14:30:00Z", on.last()["finishedAt"])


def passed(merchant):
    """Let what was synced and written have been so long ago."""

    def age():
        moment = datetime(2024, 3, 15, 14, 30, tzinfo=UTC)
        db.session.execute(update(Channel).values(synced_at=moment))
        db.session.execute(update(WriteRun).values(finished_at=moment))

    with merchant.app.app_context():
        transaction(age)()


def test_a_value_that_was_written_is_not_planned_again_before_the_mirror_has_seen_it(alice):
    alice.ask(
        "PUT",
        f"/channels/{alice.channel}/writing",
        json={
            "state": "on",
            "policy": {"price": "shop", "quantity": "supplier"},
            "ceiling": {"values": 99, "share": 1},
        },
    )
    alice.work("writing")
    alice.writing("/runs", "POST")
    alice.work("writing")
    assert len(alice.runs()) == 1
    assert alice.mirrored("11")[1] == 5


def test_the_log_says_where_each_value_comes_from(on):
    line = on.lines()["11", "price"]
    assert (line["supplierId"], line["offerKey"], line["line"]) == (on.supplier, "A-1", 2)
    assert line["reasons"][0]["code"] == "sku"
    assert line["sentAt"] <= line["settledAt"]
    assert on.last()["askedBy"] == "alice@shop.example"
    (item,) = on.ask("GET", f"/channels/{on.channel}/products/11/supply")["items"]
    assert (item["price"], item["shopPrice"], item["supplierId"]) == ("7.99", "7.99", on.supplier)
    assert {(each["field"], each["state"]) for each in item["lines"]} == {
        ("price", "written"),
        ("quantity", "written"),
    }
    on.ask("GET", f"/channels/{on.channel}/products/99/supply", status=404)


def test_where_no_price_is_decided_the_shop_keeps_its_own(app, shop):
    alice = Merchant(app, shop)
    alice.price_by(taxRates={})
    alice.deliver(*LIST)
    alice.turn("on")
    assert alice.sent() == [{"id": 11, "stock_quantity": 8}, {"id": 12, "stock_quantity": 0}]


def test_what_somebody_has_set_to_what_is_decided_is_noted_and_not_sent(alice):
    alice.shop.edit(11, regular_price="7.99")
    alice.turn("on")
    assert alice.told()["11", "price"] == ("9.99", "7.99", "unchanged", "")
    assert alice.sent()[0] == {"id": 11, "stock_quantity": 8}


# What its owner has to say


def test_who_wins_has_to_be_said_before_it_is_turned_on(alice):
    answer = alice.writing(method="PUT", json={"state": "on"}, status=400)
    assert list(answer["details"]) == ["policy"]
    assert alice.writing(method="PUT", json={"state": "dry"})["policy"] == {}
    alice.writing(method="PUT", json={"state": "on"}, status=400)


def test_nothing_can_be_written_where_nothing_is_decided(app, shop):
    bob = Merchant(app, shop, "bob@shop.example")
    bob.writing(method="PUT", json={"state": "dry"}, status=400)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": "perhaps"},
        {"state": "on", "policy": {"price": "shop"}},
        {"state": "dry", "ceiling": {"share": 2}},
        {"state": "dry", "ceiling": {"values": -1}},
        {"state": "dry", "location": "here"},
        {"state": "dry", "more": 1},
    ],
)
def test_what_cannot_be_used_is_refused_and_changes_nothing(alice, body):
    assert alice.writing(method="PUT", json=body, status=400)["details"]
    alice.writing(status=404)


def test_a_key_that_may_only_read_is_found_out_before(alice):
    alice.shop.key_ring[alice.shop.key].permissions = "read"
    body = {"state": "on", "policy": {"price": "shop", "quantity": "shop"}}
    answer = alice.writing(method="PUT", json=body, status=400)
    assert answer["error"] == "STORE_READ_ONLY_KEY"
    assert "read/write" in answer["message"]
    alice.writing(status=404)


def test_a_key_that_lost_its_right_to_write_ends_the_run_with_a_word(on):
    on.shop.key_ring[on.shop.key].permissions = "read"
    on.deliver("A-1;;5,00;11", *LIST[1:])
    assert on.runs()[-1] == ("normal", "failed", {"not_written": 1})
    found = on.writing()
    assert (found["problemCode"], "read/write" in found["problem"]) == ("STORE_READ_ONLY_KEY", True)
    on.shop.key_ring[on.shop.key].permissions = "read_write"
    on.turn("on")
    assert on.has()["11"] == ("7.99", 9)
    assert on.writing()["problem"] == ""


def test_of_another_organization_nothing_is_there(app, alice, shop):
    alice.turn("on")
    bob = Merchant(app, shop, "bob@shop.example")
    run, (line, *_) = alice.last()["id"], alice.lines().values()
    for method, path in (
        ("GET", "writing"),
        ("GET", "writing/runs"),
        ("POST", "writing/runs"),
        ("GET", "writing/lines"),
        ("GET", f"writing/runs/{run}"),
        ("GET", f"writing/runs/{run}/lines"),
        ("POST", f"writing/runs/{run}/release"),
        ("POST", f"writing/lines/{line['id']}/accept"),
        ("POST", "writing/undo"),
        ("GET", "products/11/supply"),
    ):
        bob.ask(method, f"/channels/{alice.channel}/{path}", status=404)
    for path in (
        f"runs/{run}/release",
        f"lines/{line['id']}/accept",
        f"lines/{2**63}/accept",
        "lines/x/accept",
    ):
        bob.ask("POST", f"/channels/{bob.channel}/writing/{path}", status=404)


@pytest.mark.parametrize(
    "rows", [["A-1;;auf Anfrage;10"], ["A-1;;5,00;viele"], ["A-1;;5,00;10", "A-1;;6,00;3"]]
)
def test_what_is_refused_in_a_list_never_reaches_the_shop(on, rows):
    sent = len(on.sent())
    on.deliver(*rows, *LIST[1:])
    on.sync()
    assert on.has()["11"] == ("7.99", 8)
    assert len(on.sent()) == sent
    on.deliver(*LIST[1:])
    assert on.has()["11"][1] == 0


# What somebody changed in the shop


@pytest.fixture(params=["mirrored", "unseen"])
def changed(request, on):
    """A function: somebody sets the mug's price in the shop, and another one is decided."""

    def change(price="12.00", row="A-1;;6,00;10"):
        on.shop.edit(11, regular_price=price)
        if request.param == "mirrored":
            on.sync("sync")
        on.deliver(row, *LIST[1:])

    return change


def test_what_somebody_changed_in_the_shop_stays_where_the_shop_wins(on, changed):
    changed()
    assert on.has()["11"][0] == "12.00"
    line = on.lines()["11", "price"]
    assert (line["after"], line["found"], line["state"], line["code"]) == (
        "9.99",
        "12.00",
        "kept",
        "changed_in_shop",
    )
    on.writing("/runs", "POST")
    on.work()
    assert on.has()["11"][0] == "12.00"


def test_where_the_shop_wins_it_wins_whatever_is_decided_later(on, changed):
    changed()
    for cost, price in (("7,00", "10.99"), ("8,00", "11.99"), ("5,00", "7.99")):
        on.sync("sync")
        on.deliver(f"A-1;;{cost};10", *LIST[1:])
        assert on.has()["11"][0] == "12.00", price
    on.shop.edit(11, regular_price="7.99")
    on.sync()
    on.deliver("A-1;;6,00;10", *LIST[1:])
    assert on.has()["11"][0] == "9.99", "it is in step again where somebody made it what we wrote"


def test_the_shop_wins_too_where_we_never_wrote(alice):
    alice.shop.edit(11, regular_price="12.00")
    alice.turn("on")
    assert alice.has()["11"][0] == "12.00"
    for cost in ("6,00", "7,00"):
        alice.sync("sync")
        alice.deliver(f"A-1;;{cost};10", *LIST[1:])
        assert alice.has()["11"][0] == "12.00"
        assert alice.lines()["11", "price"]["state"] == "kept"


@pytest.mark.parametrize("first", ["", "9.99"])
def test_a_price_that_somebody_gave_or_took_meanwhile_stays(alice, first):
    alice.shop.edit(11, regular_price=first)
    alice.sync("sync")
    alice.turn("dry")
    alice.shop.edit(11, regular_price="" if first else "12.00")
    alice.turn("on")
    for cost in ("6,00", "7,00"):
        alice.sync("sync")
        alice.deliver(f"A-1;;{cost};10", *LIST[1:])
        assert alice.has()["11"][0] == ("" if first else "12.00")
    alice.shop.edit(11, regular_price=first)
    alice.sync("sync")
    alice.deliver("A-1;;8,00;10", *LIST[1:])
    assert alice.has()["11"][0] == "12.99"


def test_who_stopped_the_shop_counting_wins_as_long_as_the_shop_does(on):
    on.turn("on", quantity="shop", countStock=True)
    on.shop.edit(11, manage_stock=False)
    for pieces in (20, 30):
        on.deliver(f"A-1;;5,00;{pieces}", *LIST[1:])
        on.sync("sync")
        assert on.shop.records[11]["manage_stock"] is False


def test_its_owner_takes_back_what_the_shop_won(on, changed):
    changed()
    line = on.lines()["11", "price"]
    on.writing(f"/lines/{line['id']}/accept", "POST")
    on.work()
    assert on.has()["11"][0] == "9.99"
    on.deliver("A-1;;7,00;10", *LIST[1:])
    assert on.has()["11"][0] == "10.99"
    assert on.writing(f"/lines/{line['id']}/accept", "POST", status=400)["message"]


def test_a_line_that_was_left_alone_and_is_not_the_last_word_is_not_accepted(on, changed):
    changed()
    line = on.lines()["11", "price"]
    on.deliver("A-1;;7,00;10", *LIST[1:])
    assert on.writing(f"/lines/{line['id']}/accept", "POST", status=400)["message"]
    assert on.has()["11"][0] == "12.00"


def test_what_somebody_changed_in_the_shop_is_overwritten_where_suppliers_win(on, changed):
    on.turn("on", price="supplier")
    changed()
    assert on.has()["11"][0] == "9.99"
    assert on.told()["11", "price"] == ("12.00", "9.99", "written", "")


def test_a_change_in_the_shop_alone_is_kept_too(on):
    on.shop.edit(11, regular_price="12.00")
    on.sync()
    assert on.has()["11"][0] == "12.00"
    assert on.told()["11", "price"][2] == "kept"
    on.turn("on", price="supplier")
    assert on.has()["11"][0] == "7.99"


def test_what_stays_as_it_is_is_listed_whichever_run_it_is_of(on, changed):
    changed()
    line = on.lines()["11", "price"]
    on.deliver("A-1;;6,00;10", "A-2;;9,00;2", *LIST[2:])
    assert ("11", "price") not in on.lines()
    (kept,) = on.writing("/lines?state=kept")["items"]
    assert (kept["id"], kept["key"], kept["found"]) == (line["id"], "11", "12.00")
    every = on.writing("/lines?perPage=200")
    assert [(each["key"], each["field"]) for each in every["items"]] == [
        ("11", "price"), ("11", "quantity"), ("12", "price"), ("12", "quantity"), ("21", "price"),
    ]  # fmt: skip


def test_its_owner_is_asked_and_accepts(on, changed):
    on.turn("on", price="ask")
    changed()
    assert on.has()["11"][0] == "12.00"
    line = on.lines(query="&state=asked")["11", "price"]
    on.writing("/runs", "POST")
    on.work()
    assert on.has()["11"][0] == "12.00"
    on.writing(f"/lines/{line['id']}/accept", "POST")
    on.work()
    assert on.has()["11"][0] == "9.99"
    assert on.lines(line["runId"])["11", "price"]["state"] == "written"
    assert on.writing(f"/lines/{line['id']}/accept", "POST", status=400)["message"]


def test_its_owner_is_asked_and_refuses(on, changed):
    on.turn("on", price="ask")
    changed()
    line = on.lines()["11", "price"]
    assert on.writing(f"/lines/{line['id']}/refuse", "POST")["state"] == "kept"
    on.writing("/runs", "POST")
    on.work()
    assert on.has()["11"][0] == "12.00"
    on.sync("sync")
    on.deliver("A-1;;7,00;10", *LIST[1:])
    again = on.lines(query="&state=asked")["11", "price"]
    assert (again["found"], again["after"], on.has()["11"][0]) == ("12.00", "10.99", "12.00")


def test_who_accepts_what_has_changed_once_more_is_asked_again(on, changed):
    on.turn("on", price="ask")
    changed()
    line = on.lines()["11", "price"]
    on.shop.edit(11, regular_price="13.00")
    on.writing(f"/lines/{line['id']}/accept", "POST")
    on.work()
    again = on.lines(line["runId"])["11", "price"]
    assert (again["state"], again["found"], on.has()["11"][0]) == ("asked", "13.00", "13.00")


def test_once_suppliers_win_nobody_is_asked_any_more(on, changed):
    on.turn("on", price="ask")
    changed()
    line = on.lines()["11", "price"]
    on.turn("on", price="supplier")
    assert on.has()["11"][0] == "9.99"
    assert on.lines(line["runId"])["11", "price"]["code"] == "policy_changed"


def test_nobody_is_asked_any_more_about_what_is_decided_anew(on, changed):
    on.turn("on", price="ask")
    changed()
    line = on.lines()["11", "price"]
    on.deliver("A-1;;7,00;10", *LIST[1:])
    assert on.lines(line["runId"])["11", "price"]["code"] == "decided_anew"
    assert on.lines()["11", "price"]["state"] == "asked"
    assert on.lines()["11", "price"]["after"] == "10.99"


def test_what_was_sold_in_the_shop_is_set_to_what_suppliers_have(on):
    on.shop.sell(11, 3)
    on.deliver("A-1;;5,00;9", *LIST[1:])
    assert on.has()["11"] == ("7.99", 7)
    assert on.told()["11", "quantity"] == ("5", "7", "written", "")


def test_what_an_undo_left_alone_goes_by_the_policy_from_then_on(on):
    on.deliver("A-1;;5,00;7", *LIST[1:])
    on.shop.sell(11, 1)
    on.writing("/undo", "POST")
    on.work()
    assert (on.has()["11"], on.runs()[-1][2]) == (("7.99", 4), {"kept": 1})
    on.deliver("A-1;;5,00;10", *LIST[1:])
    on.turn("on")
    assert on.has()["11"] == ("7.99", 8)


# More than its owner lets pass


@pytest.mark.parametrize(
    ("ceiling", "code"),
    [
        ({"share": 0.5, "values": None, "priceChange": None}, "share"),
        ({"share": None, "values": 4, "priceChange": None}, "values"),
        ({"share": None, "values": None, "priceChange": 40}, "price_change"),
    ],
)
def test_a_run_above_the_ceiling_is_held_until_it_is_released(alice, ceiling, code):
    alice.turn("on", ceiling=ceiling)
    held = alice.last()
    assert (held["state"], [each["code"] for each in held["hold"]]) == ("held", [code])
    assert alice.sent() == []
    alice.deliver(*LIST)
    assert alice.last()["id"] == held["id"]
    alice.writing(f"/runs/{held['id']}/release", "POST")
    alice.work()
    assert alice.has() == DECIDED | {"22": ("30.00", 7)}
    alice.writing(f"/runs/{held['id']}/release", "POST", status=400)


def test_a_held_run_that_is_dropped_does_not_come_back_by_itself(alice):
    alice.turn("on", ceiling={"values": 1})
    alice.writing(f"/runs/{alice.last()['id']}/drop", "POST")
    alice.deliver(*LIST)
    assert alice.runs() == [("normal", "dropped", {"not_written": 5})]
    alice.writing("/runs", "POST")
    alice.work()
    assert [state for _, state, _ in alice.runs()] == ["dropped", "held"]
    assert alice.sent() == []


def test_a_held_run_is_replaced_by_what_is_decided_since(alice):
    alice.turn("on", ceiling={"values": 1})
    alice.deliver("A-1;;4,00;10", *LIST[1:])
    assert len(alice.runs()) == 1
    alice.writing(f"/runs/{alice.last()['id']}/release", "POST")
    alice.work()
    assert alice.has()["11"][0] == "6.99"


def test_a_released_run_sends_nothing_that_is_decided_anew(alice):
    alice.turn("on", ceiling={"values": 1})
    run = alice.last()["id"]
    alice.writing(f"/runs/{run}/release", "POST")
    alice.decide("A-1;;4,00;10", *LIST[1:])
    alice.work()
    assert alice.told(run)["11", "price"][2:] == ("stale", "decided_anew")


# Stopping


def test_a_run_is_stopped_between_two_batches(alice, monkeypatch):
    monkeypatch.setattr("sync2sys.services.write_batches.MOST", 1)
    alice.shop.fault("then", path="batch", method="POST", after=1, times=1, act=lambda: stop(alice))
    alice.turn("on")
    assert alice.runs() == [("normal", "stopped", {"written": 2, "not_written": 3})]
    assert alice.writing()["stopped"] is True
    alice.deliver("A-1;;5,00;11", *LIST[1:])
    assert len(alice.runs()) == 1
    alice.turn("on")
    assert alice.has() == DECIDED | {"11": ("7.99", 9), "22": ("30.00", 7)}


def stop(merchant):
    assert merchant.writing(f"/runs/{merchant.last()['id']}/stop", "POST")["state"] == "running"


def test_turned_off_a_run_ends_between_two_batches(alice, monkeypatch):
    monkeypatch.setattr("sync2sys.services.write_batches.MOST", 1)
    off = {"state": "off"}
    alice.shop.fault(
        "then",
        path="batch",
        method="POST",
        after=1,
        times=1,
        act=lambda: alice.writing(method="PUT", json=off),
    )
    alice.turn("on")
    assert alice.runs() == [("normal", "stopped", {"written": 2, "not_written": 3})]


def test_an_installation_can_keep_from_writing_at_all(make_app, shop, monkeypatch):
    alice = Merchant(spared(make_app(WRITE_BACK="off"), monkeypatch), shop)
    alice.price_by()
    alice.deliver(*LIST)
    alice.turn("on")
    assert alice.sent() == []
    assert "turned off for this installation" in alice.writing()["problem"]
    alice.app = spared(make_app(), monkeypatch)
    alice.client = alice.app.test_client()
    alice.writing("/runs", "POST")
    alice.work()
    assert alice.has() == DECIDED | {"22": ("30.00", 7)}
