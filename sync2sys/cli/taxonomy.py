"""flask taxonomy: Google's product taxonomy, which checks and suggests categories."""

import click
from flask.cli import AppGroup

from sync2sys.cli.feeds import told
from sync2sys.database import transaction
from sync2sys.errors import BadRequest
from sync2sys.extensions import db, outbound
from sync2sys.services import categories
from sync2sys.services import taxonomies as service

#: Where Google publishes it, for people in the United States; other languages have their own.
GOOGLE = "https://www.google.com/basepages/producttype/taxonomy-with-ids.en-US.txt"
#: Of one try at an address.
DEADLINE, TRIES = 30.0, 3

taxonomy = AppGroup("taxonomy", help="Google's product taxonomy, which checks and suggests categories.")


@taxonomy.command("load")
@click.argument("source", metavar="FILE_OR_URL")
@told
def load(source: str) -> None:
    """Load the taxonomy from a file, an https address, or standard input (`-`), in place of the one there is.

    A file that is no taxonomy is refused and changes nothing. Feeds stay as they are: what of their rules
    the new taxonomy does not have is listed.
    """
    text = _text(source)
    parsed = service.parse(text)
    transaction(service.keep)(text, parsed)
    click.echo(f"{parsed.version}: {len(parsed)} categories are loaded.")
    for gone in categories.gone(parsed):
        near = "; ".join(f"{each.id} {each.path}" for each in gone.offers)
        click.echo(
            f"{gone.slug}\t{gone.rule.path}\t{gone.rule.category} is gone{near and f'; perhaps {near}'}"
        )


@taxonomy.command("show")
def show() -> None:
    """Show which version is loaded."""
    found = service.loaded(db.session.connection())
    if found is None:
        click.echo("None is loaded. Categories are taken unchecked, and none is suggested.")
        click.echo(f"Load it with `flask taxonomy load {GOOGLE}`.")
    else:
        click.echo(f"{found.version}: {found.categories} categories")
        click.echo(f"loaded at {found.loaded_at:%Y-%m-%d %H:%M:%S} UTC")


@taxonomy.command("suggest")
@click.argument("text")
@told
def suggest(text: str) -> None:
    """List the categories that are most like a title or a category, best first."""
    current = service.current(db.session.connection())
    if current is None:
        raise click.ClickException("No taxonomy is loaded: see `flask taxonomy show`.")
    for each in current.suggest(text):
        click.echo(f"{each.id}\t{each.path}\t{each.likeness:.2f}")


def _text(source: str) -> str:
    is_address = source.lower().startswith(("https://", "http://"))
    content = _fetched(source) if is_address else _read(source)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("This is no taxonomy: it is not UTF-8.") from error


def _fetched(url: str) -> bytes:
    reply = outbound.get(url, deadline=DEADLINE, max_bytes=service.MOST_BYTES, tries=TRIES)
    if 300 <= reply.status < 400:
        raise BadRequest(f"It lies elsewhere now. Name that: {reply.headers.get('Location', 'unknown')}.")
    if reply.status != 200:
        raise BadRequest(f"The server answered {reply.status} and not with a file.")
    return reply.body


def _read(path: str) -> bytes:
    try:
        with click.open_file(path, "rb") as file:
            content: bytes = file.read(service.MOST_BYTES + 1)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > service.MOST_BYTES:
        raise BadRequest(f"This is no taxonomy: it is larger than {service.MOST_BYTES:,} bytes.")
    return content


commands = [taxonomy]
