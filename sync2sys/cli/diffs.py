"""flask feeds diff: what differs between two renders of a feed."""

import click
import orjson
from flask.cli import with_appcontext

from sync2sys.cli.feeds import find, told
from sync2sys.formats.base import Found
from sync2sys.formats.text import shorten
from sync2sys.services import diffs
from sync2sys.services.diffs import CHANGED, KINDS, Change, Name, Wanted

#: Code points of a value that are shown.
WIDTH = 100


@click.command("diff")
@click.argument("feed")
@click.argument("old", required=False, metavar="[FROM]")
@click.argument("new", required=False, metavar="[TO]")
@click.option("--kind", type=click.Choice(KINDS), help="Only these.")
@click.option("--field", help="Only changed items in which this field differs.")
@click.option("--limit", default=50, show_default=True, help="How many items.")
@with_appcontext
@told
def diff(
    feed: str, old: str | None, new: str | None, kind: str | None, field: str | None, limit: int
) -> None:
    """Show what differs between two renders of a feed, item by item.

    FROM and TO are generations of `flask feeds history`, or ids of renders: the live one, and the one that
    was live before it, where they are left out.
    """
    wanted = Wanted(kind, field)
    report = diffs.report(find(feed).id, _name(old), _name(new), wanted, 0, max(0, limit))
    counts = ", ".join(f"{report.counts[kind]} {kind}" for kind in KINDS)
    click.echo(f"Generation {report.old.generation} to {report.new.generation}: {counts}")
    for name, count in report.fields:
        click.echo(f"    {name}\t{count}")
    for change in report.found:
        _show(change)
    if not report.is_complete:
        click.echo(
            "So much differs that only the first part was compared; diff.csv of the API has everything."
        )
    if report.total > len(report.found):
        click.echo(f"{report.total - len(report.found)} more; --limit shows them.")


def _name(given: str | None) -> Name:
    return int(given) if given is not None and given.isdecimal() else given


def _show(change: Change) -> None:
    click.echo(f"{change.kind}\t{change.key}")
    for field, old, new in change.fields if change.kind == CHANGED else ():
        click.echo(f"    {field}: {_short(old)} -> {_short(new)}")


def _short(value: Found | None) -> str:
    """A value on one line."""
    if value is None:
        return "nothing"
    text = " ".join(value.split()) if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= WIDTH else f"{shorten(text, WIDTH)} …"
