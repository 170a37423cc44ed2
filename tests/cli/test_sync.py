"""flask sync and flask pulls: mirroring now, with a bar, and releasing what is held."""

import threading

import pytest

from sync2sys.database import transaction
from sync2sys.errors import StoreBusy, StoreRefusedKeys
from sync2sys.extensions import db
from sync2sys.models import Channel
from sync2sys.services import jobs
from sync2sys.worker import Worker
from tests.services.scripted import (  # noqa: F401 - fixtures among them
    ScriptedShop,
    channel_of,
    connect,
    context,
    jobs_of,
    mirrored,
    pulls_of,
    run,
    shops,
)


@pytest.fixture
def shop():
    return ScriptedShop(page_size=10).fill(30)


@pytest.fixture
def channel(connect, shop):  # noqa: F811
    return connect(shop)


@pytest.fixture
def flask(app):
    """Run a command; returns its exit code and what it printed."""

    def flask(*arguments):
        result = app.test_cli_runner().invoke(args=arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return flask


def test_it_mirrors_a_store_now_and_says_what_came_of_it(flask, channel, shop):
    code, output = flask("sync", channel)
    assert code == 0
    assert "Syncing" in output
    assert "30 products are mirrored: 30 added, 0 changed, 0 removed." in output
    assert mirrored(channel) == shop.shown()
    assert [job["state"] for job in jobs_of("sync")] == ["done"]


def test_a_store_may_be_named_by_its_address(flask, channel):
    origin = channel_of(channel)["origin"]
    for address in (origin, f"{origin}/", origin.removeprefix("https://")):
        assert flask("sync", address)[0] == 0


def test_full_compares_everything(flask, channel):
    flask("sync", channel)
    flask("sync", channel)
    flask("sync", channel, "--full")
    assert [pull["since"] is None for pull in pulls_of(channel)] == [True, False, True]


def test_a_shop_that_is_busy_is_a_clear_failure(flask, channel, shop):
    shop.error = StoreBusy("The shop is busy.")
    code, output = flask("sync", channel)
    assert code == 1
    assert "Error: The shop is busy. It will be tried again." in output


def test_keys_that_are_refused_are_a_clear_failure(flask, channel, shop):
    shop.error = StoreRefusedKeys("The shop refuses the keys.")
    code, output = flask("sync", channel)
    assert (code, output.splitlines()[-1]) == (1, "Error: The shop refuses the keys.")


def test_a_sync_that_a_worker_has_begun_is_watched(app, flask, channel, shop):
    entered, leave = threading.Event(), threading.Event()
    shop.during = lambda number: (entered.set(), leave.wait(60))
    transaction(lambda: jobs.enqueue("sync", channel).id)()
    claim = jobs.claim(["sync"])

    def work():
        with app.app_context():
            Worker(app).work(claim)

    thread = threading.Thread(target=work)
    thread.start()
    assert entered.wait(30)
    threading.Timer(0.3, leave.set).start()
    code, output = flask("sync", channel)
    thread.join()
    assert code == 0
    assert "A worker is at it." in output
    assert "30 products are mirrored" in output


def test_an_unknown_store_is_said_to_be_unknown(flask, channel):
    code, output = flask("sync", "https://elsewhere.test")
    assert (code, output) == (1, "Error: No such store. `flask stores list` shows them.\n")


def test_a_store_of_two_organizations_must_be_named_by_channel(flask, connect, channel):  # noqa: F811
    twin = connect(ScriptedShop())

    def same_address():
        first, second = db.session.get(Channel, channel), db.session.get(Channel, twin)
        second.origin, second.origin_key = first.origin, first.origin_key

    transaction(same_address)()
    code, output = flask("sync", channel_of(channel)["origin"])
    assert code == 1
    assert channel in output
    assert twin in output


def test_a_disconnected_store_is_not_synced(flask, channel):
    def disconnect():
        db.session.get(Channel, channel).state = "disconnected"

    transaction(disconnect)()
    assert flask("sync", channel) == (1, "Error: This store is not connected. Connect it anew first.\n")


def test_no_store_is_a_question(flask):
    assert flask("sync")[0] == 2


def test_the_list_shows_how_syncs_went_and_how_to_release_a_held_one(flask, channel, shop):
    assert "never synced" in flask("sync", "--list")[1]
    run(channel)
    shop.remove(*range(1, 26))
    code, output = flask("sync", channel, "--full")
    assert code == 1
    assert "no longer lists 25 of the 30 products" in output
    held = pulls_of(channel)[-1]["id"]
    assert f"release it by: flask pulls release {held}" in flask("sync", "--list")[1]
    assert flask("pulls", "release", held)[0] == 0
    assert flask("sync", channel)[0] == 0
    assert mirrored(channel) == shop.shown()
    code, output = flask("pulls", "release", held)
    assert (code, output) == (1, "Error: This pull is not held.\n")
    assert flask("pulls", "release", "nonsense")[0] == 1
