"""flask feeds export, import, define: what makes a feed what it is, as one JSON file."""

from typing import Any, TextIO

import click
import orjson
from flask.cli import with_appcontext
from marshmallow import ValidationError

from sync2sys.cli.feeds import find, organization_of, told
from sync2sys.database import transaction
from sync2sys.schemas.feeds import Export, NewFeed
from sync2sys.services import feeds


@click.command("export")
@click.argument("feed")
@with_appcontext
@told
def export(feed: str) -> None:
    """Print a feed's format, definition, document and guard as JSON, for `flask feeds import`."""
    shown = Export().dump(feeds.exported(find(feed)))
    click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--slug", default=None, help="The end of its address; random where left out.")
@click.option("--organization", default="", help="Id; not needed where there is only one.")
@with_appcontext
@told
def import_(file: TextIO, slug: str | None, organization: str) -> None:
    """Make a feed of what `flask feeds export` printed; `-` reads standard input."""
    body = _body(file)

    def make() -> str:
        return feeds.url(feeds.create(organization_of(organization), **body, slug=slug))

    click.echo(transaction(make)())
    click.echo("Publish it with `flask feeds publish`.")


@click.command("define")
@click.argument("feed")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@with_appcontext
@told
def define(feed: str, file: TextIO) -> None:
    """Give a feed the definition of a JSON file: settings, filter, mapping, categories, market and so on."""
    definition = json_of(file)
    transaction(lambda: feeds.change(find(feed), definition=definition))()
    click.echo("The feed is rendered anew if it is published.")


def _body(file: TextIO) -> dict[str, Any]:
    try:
        body: dict[str, Any] = NewFeed(exclude=("slug", "published", "sources")).load(json_of(file))
    except ValidationError as error:
        raise click.ClickException(f"This is no exported feed: {error.normalized_messages()}.") from error
    return body


def json_of(file: TextIO) -> Any:
    """The JSON in a file. Raises ClickException."""
    try:
        return orjson.loads(file.read())
    except (orjson.JSONDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file.name} is no JSON: {error}.") from error
