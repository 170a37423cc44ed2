"""Looking at rows from a test."""

from sync2sys.extensions import db
from sync2sys.models import Channel


def rows(app, table):
    with app.app_context():
        return list(db.session.query(table))


def channels(app):
    return rows(app, Channel)
