"""flask doctor: what is wrong, and what to do about it."""

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from sync2sys.connectors import platforms
from sync2sys.extensions import db, settings
from sync2sys.models import Channel, Feed, Supplier, Writing
from sync2sys.models.writing import OFF
from sync2sys.services import feeds, health, hooks, write_runs


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check database, schema, disk, worker, stores, suppliers, writing and feeds; exit 1 if one is wrong."""
    findings = [(check.ok, check.name, check.detail) for check in health.checks(current_app.instance_path)]
    if findings[0][0]:
        findings += _stores() + _webhooks() + _suppliers() + _writings() + _feeds()
    if settings.ENV == "production" and not settings.PUBLIC_URL.startswith("https:"):
        findings.append((False, "public address", f"{settings.PUBLIC_URL} is not https; set PUBLIC_URL"))
    for ok, name, detail in findings:
        click.echo(f"{'ok   ' if ok else 'WRONG'}  {name}: {detail}")
    if not all(ok for ok, _, _ in findings):
        raise SystemExit(1)


def _stores() -> list[tuple[bool, str, str]]:
    channels = db.session.scalars(select(Channel).where(Channel.state.in_(["connected", "auth_failed"])))
    return [(not channel.problem, _called(channel), channel.problem or channel.state) for channel in channels]


def _called(channel: Channel) -> str:
    if not platforms.has_shop(channel.platform):
        return f"range of {channel.organization.name}"
    return f"store {channel.origin}"


def _webhooks() -> list[tuple[bool, str, str]]:
    """Where there can be any."""
    if not hooks.can_be_told():
        return []
    is_shop = Channel.platform.not_in(platforms.WITHOUT_SHOP)
    channels = db.session.scalars(select(Channel).where(Channel.state == "connected", is_shop))
    troubles = [(channel, hooks.trouble_of(channel)) for channel in channels]
    return [
        (not trouble, f"webhooks of {channel.origin}", trouble or "fine") for channel, trouble in troubles
    ]


def _suppliers() -> list[tuple[bool, str, str]]:
    """A list that is held is a problem of its supplier's too."""
    suppliers = db.session.scalars(select(Supplier).order_by(Supplier.created_at, Supplier.id))
    return [(not each.problem, f"supplier {each.name}", each.problem or "fine") for each in suppliers]


def _writings() -> list[tuple[bool, str, str]]:
    """Of shops that are written to, or whose owners try how it would be."""
    query = select(Channel, Writing).join(Writing, Writing.channel_id == Channel.id)
    chosen = query.where(Channel.state == "connected", Writing.state != OFF)
    found = db.session.execute(chosen.order_by(Channel.created_at, Channel.id)).all()
    told = [(channel, writing, write_runs.trouble_of(writing)) for channel, writing in found]
    return [
        (not trouble, f"writing to {channel.origin}", trouble or _how(writing))
        for channel, writing, trouble in told
    ]


def _how(writing: Writing) -> str:
    return "stopped" if writing.stopped else writing.state


def _feeds() -> list[tuple[bool, str, str]]:
    published = db.session.scalars(select(Feed).filter_by(published=True)).all()
    troubles = {feed.id: feed.problem for feed in published}
    for feed_id, remarks in feeds.remarks_on(published).items():
        unread = [remark.message for remark in remarks if remark.code == feeds.UNREAD]
        troubles[feed_id] = " ".join(filter(None, [troubles[feed_id], *unread]))
    return [(not troubles[feed.id], f"feed {feed.slug}", troubles[feed.id] or "fine") for feed in published]


commands = [doctor]
