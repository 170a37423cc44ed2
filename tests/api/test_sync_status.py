"""GET /api/sync/status is over all that is synchronized: pulls, suppliers' lists, and what is written."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, update

from sync2sys.database import transaction
from sync2sys.errors import ListError
from sync2sys.extensions import db
from sync2sys.models import Channel, Organization, Supplier, WriteRun
from sync2sys.models.base import now
from tests.api.test_suppliers import MAPPED, Buyer
from tests.services import catalogues
from tests.services.supplied import csv_of, some
from tests.wholesaler import Wholesaler

OLD = datetime(2024, 3, 15, 14, 30, tzinfo=UTC)
TOLD = "2024-03-15T14:30:00Z"


@pytest.fixture
def alice(app):
    return aged(Buyer(app, "alice@shop.example"))


@pytest.fixture
def shop():
    with closing(Wholesaler()) as shop:
        yield shop


def aged(buyer):
    """Let all that happened have happened long ago."""
    with buyer.app.app_context():
        transaction(_age)()
    return buyer


def _age():
    db.session.execute(update(Channel).values(synced_at=OLD))
    db.session.execute(update(Organization).values(active_at=OLD))
    db.session.execute(update(Supplier).where(Supplier.imported_at.is_not(None)).values(imported_at=OLD))


def times(buyer):
    answer = buyer.call("GET", "/sync/status")
    assert answer.status_code == 200, answer.text
    assert set(answer.json) == {"suppliers", "feeds", "products_synced", "last_sync", "last_activity"}
    return answer.json["last_sync"], answer.json["last_activity"]


def assert_lately(told):
    moment = datetime.fromisoformat(told)
    assert now() - timedelta(minutes=5) < moment <= now()


def runs(buyer, *states, at=OLD, channel=None):
    """Let runs of writing have ended so."""
    with buyer.app.app_context():
        transaction(lambda: [_run(channel or buyer.channel, state, at) for state in states] and None)()


def _run(channel, state, at):
    db.session.add(WriteRun(channel_id=channel, state=state, planned_at=at, finished_at=at))


def test_a_list_that_is_taken_over_is_a_sync_and_an_activity(alice):
    made = alice.make(**MAPPED)
    aged(alice)
    assert times(alice) == (TOLD, TOLD)
    alice.send(made, csv_of(some(30)))
    assert times(alice)[0] == TOLD  # a file that came is not taken over yet
    alice.read(made)
    for told in times(alice):
        assert_lately(told)


def test_a_look_that_finds_the_same_list_is_a_sync_too(alice):
    made = alice.make(**MAPPED)
    alice.send(made, csv_of(some(30)))
    alice.read(made)
    aged(alice)
    assert alice.read(made) is None
    for told in times(alice):
        assert_lately(told)


def test_without_a_store_the_times_are_those_of_the_lists(app, alice):
    made = alice.make(**MAPPED)
    with app.app_context():
        transaction(lambda: db.session.delete(db.session.get_one(Channel, alice.channel)))()
    assert times(alice)[0] is None
    alice.send(made, csv_of(some(30)))
    alice.read(made)
    assert_lately(times(alice)[0])


def test_a_list_that_is_held_is_an_activity_and_no_sync(alice):
    made = alice.make(**MAPPED)
    alice.send(made, csv_of(some(30)))
    alice.read(made)
    alice.send(made, csv_of(some(2)))
    aged(alice)
    assert alice.read(made) == "held"
    synced, active = times(alice)
    assert synced == TOLD
    assert_lately(active)


def test_a_list_that_cannot_be_read_or_fetched_is_neither(alice, shop):
    sent = alice.make(**MAPPED)
    alice.send(sent, b"<html><body>Sign in</body></html>")
    shop.instead = 404, {}, b"no"
    fetched = alice.make(url=shop.url, **MAPPED)
    aged(alice)
    assert alice.read(sent) == "failed"
    with pytest.raises(ListError):
        alice.read(fetched)
    assert alice.show(fetched)["problem"]
    assert times(alice) == (TOLD, TOLD)


def test_a_run_of_writing_that_came_to_a_good_end_is_a_sync(alice):
    runs(alice, "done", at=OLD + timedelta(hours=1))
    assert times(alice) == ("2024-03-15T15:30:00Z", "2024-03-15T15:30:00Z")


@pytest.mark.parametrize("state", ["failed", "stopped", "dropped", "undone"])
def test_a_run_that_did_not_is_none(alice, state):
    runs(alice, "done", at=OLD + timedelta(hours=1))
    runs(alice, state, at=OLD + timedelta(hours=2))
    assert times(alice)[0] == "2024-03-15T15:30:00Z"


def test_another_organizations_lists_and_runs_count_for_nobody_else(app, alice):
    bob = Buyer(app, "bob@shop.example")
    made = bob.make(**MAPPED)
    bob.send(made, csv_of(some(30)))
    bob.read(made)
    runs(bob, "done", at=now())
    with app.app_context():
        transaction(lambda: db.session.execute(update(Channel).values(synced_at=OLD)))()
        transaction(
            lambda: db.session.execute(
                update(Organization).where(Organization.id == alice.organization).values(active_at=OLD)
            )
        )()
    assert times(alice) == (TOLD, TOLD)


def test_the_status_asks_the_database_as_often_for_much_as_for_little(app, alice):
    few = queries_of(app, alice)
    for _ in range(5):
        alice.make()
        with app.app_context():
            channel = catalogues.channel(alice.organization)
        runs(alice, "done", "failed", "done", channel=channel)
    assert queries_of(app, alice) == few


def test_the_last_run_is_found_by_an_index_without_a_sort(app, alice):
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("asks SQLite for its plan")
        seen = statements_of(app, alice)
        [asked] = [each for each in seen if "write_run" in each[0]]
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])
        told = " ".join(row[3] for row in plan)
    assert "ix_write_run_channel" in told
    assert "SCAN" not in told
    assert "TEMP B-TREE" not in told


def queries_of(app, buyer):
    with app.app_context():
        return len(statements_of(app, buyer))


def statements_of(app, buyer):
    seen = []

    def note(connection, cursor, statement, parameters, *rest):
        seen.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert buyer.call("GET", "/sync/status").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen
