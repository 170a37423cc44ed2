"""flask writing, as an operator types it."""

import pytest

from tests.services.writing.merchants import DECIDED, LIST

ALL = DECIDED | {"22": ("30.00", 7)}


@pytest.fixture
def flask(alice, app):
    """Runs `flask writing <command> CHANNEL …`; gives its status and what it says."""

    def run(command, *words):
        result = app.test_cli_runner().invoke(args=["writing", command, alice.channel, *words])
        return result.exit_code, result.output

    return run


def said(told):
    """The lines of a run as the command shows them, without their numbers."""
    return [line.split("\t")[1:] for line in told.splitlines() if "\t" in line]


def test_from_a_plan_to_its_undoing(alice, flask):
    before = alice.has()
    status, told = flask("plan")
    assert status == 0, told
    assert said(told)[0] == ["11", "price", "9.99 -> 7.99", "planned"]
    assert (alice.sent(), "5 planned" in told) == ([], True)
    status, told = flask("on", "--price", "shop", "--quantity", "supplier", "--values", "4", "--share", "1")
    assert (status, "Writing is on" in told) == (0, True)
    status, told = flask("run")
    assert "5 values would change. The ceiling is 4." in told
    run = told.split()[0]
    status, told = flask("release", run)
    assert (status, "done" in told, alice.has()) == (0, True, ALL)
    assert said(flask("lines", run, "--state", "written")[1])[0] == ["11", "price", "9.99 -> 7.99", "written"]
    assert "on; who wins: price: shop, quantity: supplier" in flask("show")[1]
    status, told = flask("undo")
    assert (status, "undo" in told, alice.has()) == (0, True, before)
    assert flask("show")[1].startswith("dry")
    assert flask("off") == (0, "Writing is off.\n")


def test_what_cannot_be_done_is_said(alice, flask):
    assert "PUT says" in flask("show")[1]
    assert flask("run")[0] == 1
    assert flask("undo")[0] == 1
    assert "Missing option '--price'" in flask("on", "--quantity", "shop")[1]
    alice.shop.key_ring[alice.shop.key].permissions = "read"
    status, told = flask("on", "--price", "shop", "--quantity", "shop")
    assert (status, "read/write" in told) == (1, True)
    alice.turn("dry")
    assert flask("release", "no-run")[0] == 1
    alice.deliver(*LIST)
    assert flask("lines", "no-run")[0] == 1


def test_a_held_run_is_dropped(alice, flask):
    flask("on", "--price", "shop", "--quantity", "supplier", "--values", "1")
    flask("run")
    run = alice.last()["id"]
    status, told = flask("drop", run)
    assert (status, told.split()[2], "5 not_written" in told) == (0, "dropped", True)
    assert alice.sent() == []
    assert flask("drop", run) == (1, "Error: This run is not held.\n")


def test_a_run_is_stopped_without_a_worker(alice, flask):
    down = alice.shop.fault("maintenance", path="/batch", when=lambda request: b"id" in request.body)
    alice.turn("on")
    down.stop()
    run = alice.last()["id"]
    alice.hasten()
    status, told = flask("stop", run)
    assert (status, told.split()[2]) == (0, "stopped")
    assert "on, stopped" in flask("show")[1]
    assert alice.has()["11"] == ("9.99", 5)
    assert flask("stop", run) == (1, "Error: This run is not running.\n")


def test_the_doctor_tells_of_what_is_held_and_of_what_went_wrong(alice, app, flask):
    def said():
        told = app.test_cli_runner().invoke(args=["doctor"]).output.splitlines()
        return [
            line.partition(f"writing to {alice.shop.url}: ")[::2] for line in told if "writing to" in line
        ]

    assert said() == []
    alice.turn("on", ceiling={"share": 1, "values": 1})
    held = "A run is held. 5 values would change. The ceiling is 1. Release it, or drop it."
    assert said() == [("WRONG  ", held)]
    alice.shop.key_ring[alice.shop.key].permissions = "read"
    flask("release", alice.last()["id"])
    assert "read/write" in said()[0][1]
    alice.shop.key_ring[alice.shop.key].permissions = "read_write"
    alice.turn("on")
    assert said() == [("ok     ", "on")]


@pytest.mark.parametrize(
    ("answer", "said", "price"),
    [
        ("accept", ["12.00 -> 9.99", "written"], "9.99"),
        (
            "refuse",
            ["7.99 -> 9.99", "kept", "Its owner wants what the shop has. The shop has 12.00."],
            "12.00",
        ),
    ],
)
def test_its_owner_answers(on, flask, answer, said, price):
    on.turn("on", price="ask")
    on.shop.edit(11, regular_price="12.00")
    on.deliver("A-1;;6,00;10", *LIST[1:])
    assert flask("lines", "--state", "odd") == (0, "There are none.\n")
    ((number, *asked),) = [line.split("\t") for line in flask("lines", "--state", "asked")[1].splitlines()]
    assert asked[-1] == "Somebody made it another value in the shop. The shop has 12.00."
    status, told = flask(answer, number)
    assert (status, told.splitlines()[-1].split("\t")) == (0, [number, "11", "price", *said])
    assert on.has()["11"][0] == price
    assert flask(answer, number) == (1, "Error: This line waits for no answer.\n")
    assert flask(answer, "x") == (1, "Error: No such line.\n")
