"""Bringing the database schema up, before anything is served."""

import fcntl
import sqlite3
from pathlib import Path

import flask_migrate
from flask import Flask, current_app
from sqlalchemy import inspect

from sync2sys.extensions import db
from sync2sys.services import health


def create_where_empty(app: Flask) -> None:
    """Make the tables of a database that has none: there is nothing to lose, and nothing to ask."""
    with app.app_context():
        if not _has_schema():
            _upgrade()
        db.engine.dispose()


def bring_up() -> str | None:
    """Bring an older schema up too, after a copy of a SQLite database; where the copy is."""
    if not _has_schema():
        _upgrade()
        return None
    revision = health.revision()
    db.session.remove()
    if revision == health.newest_revision():
        return None
    copy = _copy(f"before-{health.newest_revision()}")
    _upgrade()
    return copy


def _has_schema() -> bool:
    return inspect(db.engine).has_table("alembic_version")


def _upgrade() -> None:
    # Several processes may start at once; the second finds the work done.
    with (Path(current_app.instance_path) / "schema.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        flask_migrate.upgrade()


def _copy(suffix: str) -> str | None:
    if db.engine.dialect.name != "sqlite" or not db.engine.url.database:
        return None
    target = Path(f"{db.engine.url.database}.{suffix}")
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(db.engine.url.database, timeout=60)
    connection.execute("VACUUM INTO ?", (str(target),))
    connection.close()
    return str(target)
