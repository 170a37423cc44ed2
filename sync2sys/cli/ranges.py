"""flask suppliers range: what an organization sells by its suppliers' offers, without a shop."""

from typing import Any, TextIO

import click
import orjson
from flask.cli import AppGroup
from marshmallow import ValidationError

from sync2sys.cli.definitions import json_of
from sync2sys.cli.feeds import organization_of, told
from sync2sys.database import transaction
from sync2sys.errors import BadRequest
from sync2sys.models import Channel
from sync2sys.schemas.ranges import NewRange
from sync2sys.services import overviews
from sync2sys.services import ranges as service

ORGANIZATION = click.option("--organization", default="", help="Id; not needed where there is only one.")


range_ = AppGroup("range", help="Offers as products of the organization, so that it needs no shop.")


@range_.command("set")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@ORGANIZATION
@told
def set_up(file: TextIO, organization: str) -> None:
    """Say by a JSON FILE (- for standard input) which offers are products and how they are sold, wholly.

    See docs/suppliers.md.
    """
    try:
        given: dict[str, Any] = NewRange().load(json_of(file))
    except ValidationError as error:
        raise BadRequest(f"This is no range: {error.normalized_messages()}.") from error
    channel_id = transaction(lambda: service.set_up(organization_of(organization), **given).id)()
    click.echo(f"The range is channel {channel_id}. Mirror it with `flask sync {channel_id}`, or let the")
    click.echo("worker do it; then make a feed of it.")


@range_.command("show")
@ORGANIZATION
@told
def show(organization: str) -> None:
    """Show which offers are products, how they are sold, and what came of it."""
    channel = _find(organization)
    kept = service.pricing_of(channel)
    said = {name: value for name, value in channel.capabilities.items() if name != "mark"}
    rules = {"suppliers": kept.suppliers, "matching": kept.matching, "policy": kept.policy}
    shown = said | rules | {"taxRates": kept.tax_rates}
    click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
    [overview] = overviews.of([channel])
    counts = ", ".join(f"{count} {name}" for name, count in sorted(kept.summary.items()))
    click.echo(f"{channel.id}\t{channel.state}\t{overview.products} products\t{counts}")
    if channel.problem:
        click.echo(f"    {channel.problem}")


@range_.command("off")
@ORGANIZATION
@told
def turn_off(organization: str) -> None:
    """Follow the offers no more. Products and feeds stay as they are."""
    transaction(lambda: service.turn_off(_find(organization)))()
    click.echo("The offers are not followed any more. `flask suppliers range set` goes on with them.")


def _find(organization: str) -> Channel:
    return service.find([organization_of(organization).id])
