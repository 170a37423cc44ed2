"""Holds what the transaction holds that applies a large pull."""

from contextlib import contextmanager

from sqlalchemy import select

from sync2sys.extensions import db
from sync2sys.models import Channel


@contextmanager
def being_applied(app, channel_id):
    """Within it the channel is locked, and with SQLite all of the database is."""
    with app.app_context(), db.engine.connect() as connection, connection.begin():
        connection.execute(select(Channel.id).filter_by(id=channel_id).with_for_update()).all()
        yield
