"""Which channel a command is about."""

from contextlib import suppress
from typing import Any

import click
from flask.cli import ScriptInfo
from sqlalchemy import and_, or_, select

from sync2sys.database import look
from sync2sys.errors import NotFound
from sync2sys.extensions import db, outbound
from sync2sys.models import Channel
from sync2sys.models.base import digest
from sync2sys.outbound import canonical_origin


class Store(click.ParamType):
    """A store's address, or the id of its channel, which it becomes."""

    name = "store"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        assert ctx is not None
        # Words are read before a command has its application.
        with ctx.ensure_object(ScriptInfo).load_app().app_context():
            return look(_channel_id)(value)


STORE = Store()


def _channel_id(store: str) -> str:
    # As it is shown; an address in a network that may not be asked from here is one of a store, too.
    is_there = Channel.origin == store.rstrip("/")
    with suppress(ValueError):
        is_there |= Channel.origin_key == digest(canonical_origin(store, outbound.allowed))
    wanted = or_(Channel.id == store, and_(is_there, Channel.state != "moved"))
    ids = db.session.scalars(select(Channel.id).where(wanted)).all()
    if not ids:
        raise click.ClickException("No such store. `flask stores list` shows them.")
    if len(ids) > 1:
        raise click.ClickException(f"Several channels are of that store. Name one: {', '.join(ids)}.")
    return ids[0]


def channel_of(channel_id: str) -> Channel:
    """The channel with this id. Raises NotFound."""
    channel = db.session.get(Channel, channel_id)
    if channel is None:
        raise NotFound("This store was removed meanwhile.")
    return channel
