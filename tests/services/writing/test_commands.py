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
