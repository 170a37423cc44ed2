"""Transactions: whole or not at all, and a connection that somebody spoiled spoils nothing."""

import threading

import pytest

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Organization
from tests.conftest import ON_MARIADB


def add(name="Ours"):
    db.session.add(Organization(name=name, plan="starter"))
    db.session.flush()


def count():
    found = db.session.query(Organization).count()
    db.session.rollback()
    return found


def test_what_fails_half_way_leaves_nothing(app):
    def work():
        add()
        raise ValueError("half way")

    with app.app_context():
        with pytest.raises(ValueError, match="half way"):
            transaction(work)()
        assert count() == 0


def test_eight_writers_wait_for_each_other(app):
    def write():
        with app.app_context():
            for _ in range(10):
                transaction(add)()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert count() == 80


@pytest.mark.skipif(ON_MARIADB, reason="about SQLite")
def test_a_half_read_cursor_left_on_a_connection_does_not_stop_the_next_writer(app):
    with app.app_context():
        for number in range(5):
            transaction(add)(f"Number {number}")
        spoiled = db.engine.raw_connection()
        cursor = spoiled.cursor()
        cursor.execute("SELECT * FROM organization")
        cursor.fetchone()
        other = db.engine.raw_connection()
        other.cursor().execute("UPDATE organization SET plan = 'other'")
        other.detach()
        other.close()
        spoiled.close()
        for _ in range(3):
            transaction(add)()
        assert transaction(count)() == 8
        del cursor
