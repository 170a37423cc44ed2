"""flask feeds categories: what a shop's categories are to Google, and a start for rules."""

from typing import Any

import click
import orjson
from flask.cli import with_appcontext

from sync2sys.cli.feeds import find, told
from sync2sys.services import categories as service
from sync2sys.services.categories import Place, Report


@click.command("categories")
@click.argument("feed")
@click.option(
    "--suggest",
    is_flag=True,
    help="Print the feed's definition with the best suggestions as rules, to edit and give to "
    "`flask feeds define`. Nothing is changed.",
)
@with_appcontext
@told
def categories(feed: str, suggest: bool) -> None:
    """List the categories of a feed's sources, with what each is to Google and by which rule."""
    found = find(feed)
    report = service.report(found.id)
    problem = _problem(report)
    if suggest and problem:
        raise click.ClickException(problem)
    if suggest:
        _print_definition(found.definition, service.suggested(report.found))
        return
    if problem:
        click.echo(problem, err=True)
    _print_table(report.found)


def _problem(report: Report) -> str:
    """Why no rule can be suggested, or nothing."""
    if report.field is None:
        return "This format has no field for Google's category."
    if report.version is None:
        return "No taxonomy is loaded, so nothing is suggested: see `flask taxonomy show`."
    return ""


def _print_definition(definition: dict[str, Any], rules: dict[str, str]) -> None:
    whole = definition | {"categories": definition.get("categories", {}) | rules}
    click.echo(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode())


def _print_table(places: list[Place]) -> None:
    for place in places:
        category = place.category
        click.echo(f"{category.path}\t{category.products} products\t{category.items} items\t{_words(place)}")


def _words(place: Place) -> str:
    if place.rule is None:
        near = "; ".join(f"{each.id} {each.path} ({each.likeness:.2f})" for each in place.suggestions)
        return f"no rule; perhaps {near}" if near else "no rule"
    named = " ".join(str(part) for part in (place.id, place.path) if part is not None)
    origin = f"from {place.rule.path}" if place.is_inherited else "own rule"
    return f"{named}\t{origin}{', which the taxonomy does not have' if place.is_gone else ''}"
