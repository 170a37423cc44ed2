"""flask feeds: make, publish and watch feeds on the server."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import or_, select

from sync2sys.cli.handbook import handbook
from sync2sys.database import transaction
from sync2sys.errors import Sync2SysError
from sync2sys.extensions import db
from sync2sys.formats import FORMATS
from sync2sys.models import Feed, Organization, Render
from sync2sys.services import feeds as service
from sync2sys.services import fetches, publishing, renders

feeds = AppGroup("feeds", help="Feeds: what is exported, and at which address.")


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Say our errors in their own words."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except Sync2SysError as error:
            problems = (error.details or {}).values()
            found = [text for texts in problems for text in texts]
            raise click.ClickException(" ".join([error.message, *found])) from error

    return run


@feeds.command("formats")
def formats() -> None:
    """List the formats that a feed can have."""
    for format in FORMATS.values():
        click.echo(f"{format.name}\t{format.label}\t{format.version}\t{format.content_type}")


@feeds.command("list")
def show_all() -> None:
    """List all feeds with their addresses."""
    for feed in db.session.scalars(select(Feed).order_by(Feed.created_at, Feed.id)):
        live = _render(feed.live_render_id)
        state = "published" if feed.published else "not published"
        items = _amount(live) if live else "not rendered yet"
        click.echo(f"{feed.id}\t{feed.format}\t{state}\t{items}\t{service.url(feed)}")
        for no in _files(live)[1:]:
            click.echo(f"    {service.url(feed, no)}")
        if feed.problem:
            click.echo(f"    {feed.problem}")


@feeds.command("add")
@click.option("--format", "format", required=True, help="See `flask feeds formats`.")
@click.option("--name", default="", help="For people; the format's name where left out.")
@click.option("--slug", default=None, help="The end of its address; random where left out.")
@click.option("--organization", default="", help="Id; not needed where there is only one.")
@click.option("--source", "sources", multiple=True, help="Id of a channel; all of them where left out.")
@click.option("--publish", is_flag=True, help="Publish it at once.")
@told
def add(
    format: str, name: str, slug: str | None, organization: str, sources: tuple[str, ...], publish: bool
) -> None:
    """Make a feed."""

    def make() -> str:
        label = FORMATS[format].label if format in FORMATS else format
        feed = service.create(
            organization_of(organization),
            name=name or label,
            format=format,
            slug=slug,
            published=publish,
            sources=list(sources) or None,
        )
        return service.url(feed)

    click.echo(transaction(make)())
    click.echo("The worker renders it now." if publish else "Publish it with `flask feeds publish`.")


@feeds.command("show")
@click.argument("feed")
@told
def show(feed: str) -> None:
    """Show a feed with its renders: counts, what was left out and why, what is held and why."""
    found = find(feed)
    click.echo(f"{found.name}: {found.format}, {'published' if found.published else 'not published'}")
    for no in _files(_render(found.live_render_id)):
        for address in dict.fromkeys((service.url(found, no), service.secret_url(found, no))):
            if address is not None:
                click.echo(address)
    if found.problem:
        click.echo(found.problem)
    for remark in service.remarks_on([found])[found.id]:
        click.echo(remark.message)
    for render in service.history(found):
        click.echo(f"{render.id}\t{render.generated_at:%Y-%m-%d %H:%M:%S}\t{render.state}")
        left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(render.excluded.items()))
        click.echo(f"    {_amount(render)}; left out: {left_out or 'none'}")
        for reason in render.hold or ():
            click.echo(f"    held: {reason['message']}")


@feeds.command("publish")
@click.argument("feed")
@told
def publish(feed: str) -> None:
    """Make a feed public; the worker renders it."""
    click.echo(transaction(_change)(feed, published=True))


@feeds.command("unpublish")
@click.argument("feed")
@told
def unpublish(feed: str) -> None:
    """Answer 404 at a feed's address; nothing is deleted."""
    click.echo(f"{transaction(_change)(feed, published=False)} is not public any more.")


@feeds.command("render")
@click.argument("feed")
@told
def render(feed: str) -> None:
    """Render a feed here and now."""
    outcome = renders.render(find(feed).id)
    click.echo(f"{outcome.state}: {outcome.items} of {outcome.mirrored} items")
    for reason in outcome.hold if outcome.state == "held" else ():
        click.echo(f"    held: {reason['message']}")


@feeds.command("release")
@click.argument("feed")
@told
def release(feed: str) -> None:
    """Publish the held render of a feed after all."""
    click.echo(transaction(_release)(feed))


@feeds.command("history")
@click.argument("feed")
@told
def history(feed: str) -> None:
    """List the renders of a feed that are kept, newest first, by generation."""
    found = find(feed)
    if found.pinned_at is not None:
        click.echo(f"Rolled back at {found.pinned_at:%Y-%m-%d %H:%M:%S}; newer renders are held.")
    for render in service.history(found):
        left_out = sum(render.excluded.values())
        counts = f"{_amount(render)}\t{left_out} left out\t{render.length} bytes"
        click.echo(f"{render.generation}\t{render.state}\t{render.changed_at:%Y-%m-%d %H:%M:%S}\t{counts}")


@feeds.command("rollback")
@click.argument("feed")
@click.argument("generation", type=int, required=False)
@told
def roll_back(feed: str, generation: int | None) -> None:
    """Serve an older render again, at once: the one before, or GENERATION of `flask feeds history`.

    Newer renders are held until `flask feeds release` or `flask feeds resume`.
    """
    click.echo(transaction(_roll_back)(feed, generation))


@feeds.command("resume")
@click.argument("feed")
@told
def resume(feed: str) -> None:
    """Let a feed that was rolled back follow its sources again."""
    transaction(lambda: publishing.resume(find(feed)))()
    click.echo("The worker renders it now.")


@feeds.command("secret")
@click.argument("feed")
@click.argument("step", type=click.Choice(["make", "remove", "only", "both"]), default="make")
@told
def secret(feed: str, step: str) -> None:
    """Give a feed a secret address, or a new one: the old one answers 404 at once.

    `remove` takes it away; with `only` the slug answers 404, with `both` it does not.
    """
    click.echo(transaction(_set_secret)(feed, step))


@feeds.command("fetches")
@click.argument("feed")
@click.option("--limit", default=50, show_default=True, help="How many.")
@told
def list_fetches(feed: str, limit: int) -> None:
    """List who read a feed lately, newest first."""
    for fetch in fetches.recent(find(feed))[: max(0, limit)]:
        sent = f"{fetch.status}\t{fetch.bytes} bytes\t{'gzip' if fetch.gzip else 'plain'}\tfile {fetch.shard}"
        click.echo(f"{fetch.at:%Y-%m-%d %H:%M:%S}\t{sent}\t{fetch.bot or '-'}\t{fetch.agent}")


@feeds.command("guard")
@click.argument("feed")
@click.option("--drop", type=float, help="Hold where this share of the items is gone.")
@click.option("--fewest", type=int, help="A loss or price change counts from so many items on.")
@click.option("--missing", type=float, help="Hold where more than this share lost a required value.")
@click.option("--prices", type=float, help="Hold where more than this share of the prices changed.")
@click.option("--out-of-stock/--no-out-of-stock", default=None, help="Hold where nothing is in stock.")
@click.option("--usual", is_flag=True, help="Set all that is not given back to what is usual.")
@told
def guard(feed: str, usual: bool, **thresholds: Any) -> None:
    """Show or set what of a new render looks like an accident. Shares are from 0 to 1."""
    given = {name: value for name, value in thresholds.items() if value is not None}
    if given or usual:
        transaction(_set_guard)(feed, given, usual)
    for name, value in service.thresholds(find(feed))._asdict().items():
        click.echo(f"{name}\t{str(value).lower()}")


@feeds.command("delete")
@click.argument("feed")
@click.confirmation_option(prompt="Its address will answer 404 from now on. Delete it?")
@told
def delete(feed: str) -> None:
    """Remove a feed and all that was rendered of it."""
    transaction(lambda: service.delete(find(feed)))()
    click.echo("The feed is deleted.")


def find(feed: str) -> Feed:
    """By id or slug."""
    found = db.session.scalar(select(Feed).where(or_(Feed.id == feed, Feed.slug == feed)))
    if found is None:
        raise click.ClickException("No such feed. `flask feeds list` shows them.")
    return found


def organization_of(organization_id: str) -> Organization:
    """The one with this id, or the only one there is."""
    query = select(Organization)
    query = query.filter_by(id=organization_id) if organization_id else query.filter_by(provisional=False)
    found = db.session.scalars(query.limit(2)).all()
    if len(found) == 1:
        return found[0]
    if organization_id:
        raise click.ClickException("No such organization. `flask stores list` shows them.")
    if found:
        raise click.ClickException("Name one with --organization. `flask stores list` shows them.")
    raise click.ClickException(
        "There is no organization yet. `flask users create` makes an account with one, and a store that is "
        "connected has one."
    )


def _change(feed: str, **changes: Any) -> str:
    return service.url(service.change(find(feed), **changes))


def _roll_back(feed: str, generation: int | None) -> str:
    found = find(feed)
    live = _render(found.live_render_id)
    for render in service.history(found):
        is_before = live is not None and render.generation < live.generation and render.state == "superseded"
        if render.generation == generation or (generation is None and is_before):
            publishing.roll_back(found, render.id)
            return f"{service.url(found)} has {render.items} items of generation {render.generation} now."
    raise click.ClickException("There is no such render. `flask feeds history` shows those that are kept.")


def _set_secret(feed: str, step: str) -> str:
    found = find(feed)
    if step == "make":
        service.make_secret(found)
    elif step == "remove":
        service.remove_secret(found)
    else:
        service.change(found, secret_only=step == "only")
    return service.secret_url(found) or "There is no secret address."


def _set_guard(feed: str, given: dict[str, Any], usual: bool) -> None:
    found = find(feed)
    service.change(found, guard=given if usual else found.guard | given)


def _release(feed: str) -> str:
    found = find(feed)
    if found.held_render_id is None:
        raise click.ClickException("No render of this feed is held.")
    render = publishing.release(found, found.held_render_id)
    return f"{service.url(found)} has {render.items} items now."


def _files(live: Render | None) -> range:
    """The numbers of a feed's files; the first one's address is known before there is any."""
    return range(1, 1 + (len(live.shards) if live else 1))


def _amount(render: Render) -> str:
    files = f" in {len(render.shards)} files" if len(render.shards) > 1 else ""
    return f"{render.items} items{files}"


def _render(render_id: str | None) -> Render | None:
    return db.session.get(Render, render_id) if render_id else None


feeds.add_command(handbook)
commands = [feeds]
