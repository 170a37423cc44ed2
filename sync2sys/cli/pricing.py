"""flask pricing: prices and stock by what suppliers offer."""

from typing import TextIO

import click
import orjson
from flask.cli import AppGroup

from sync2sys.cli.channels import STORE, channel_of
from sync2sys.cli.definitions import json_of
from sync2sys.cli.feeds import told
from sync2sys.database import transaction
from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.models import Pricing
from sync2sys.offers import matching
from sync2sys.services import decided
from sync2sys.services import pricing as service
from sync2sys.services.decided import Decided

pricing = AppGroup("pricing", help="Prices and stock of a channel by what suppliers offer.")

#: What a definition can say, and what it is called in the service.
PARTS = {"suppliers": "supplier_ids", "policy": "policy", "matching": "match_by", "taxRates": "tax_rates"}


@pricing.command("set")
@click.argument("channel", metavar="STORE", type=STORE)
@click.argument("file", type=click.File())
@told
def set_up(channel: str, file: TextIO) -> None:
    """Say by a JSON FILE (- for standard input) how a STORE's prices and stock are decided, wholly.

    Its parts are policy, matching, taxRates and suppliers: see docs/suppliers.md. The shop stays as it is.
    """
    spec = json_of(file)
    if not isinstance(spec, dict) or set(spec) - set(PARTS):
        raise BadRequest(f"Use an object with some of {', '.join(PARTS)}.")
    given = {PARTS[name]: value for name, value in spec.items()}
    transaction(lambda: service.set_up(channel_of(channel), **given))()
    click.echo("The worker decides now. Look at it with `flask pricing decisions`.")


@pricing.command("show")
@click.argument("channel", metavar="STORE", type=STORE)
@told
def show(channel: str) -> None:
    """Show how a STORE's prices and stock are decided, and what came of it."""
    found = _pricing(channel)
    parts = {
        "suppliers": found.suppliers,
        "policy": found.policy,
        "matching": found.matching or list(matching.USUAL),
        "taxRates": found.tax_rates,
    }
    click.echo(orjson.dumps(parts, option=orjson.OPT_INDENT_2).decode())
    counts = ", ".join(f"{count} {name}" for name, count in sorted(found.summary.items()))
    click.echo(f"Offers and variants: {counts}." if counts else "Nothing was decided yet.")


@pricing.command("decisions")
@click.argument("channel", metavar="STORE", type=STORE)
@click.option("--key", default="", help="A variant's or product's id in the shop.")
@click.option("--differs", is_flag=True, help="Only where the shop has something else.")
@click.option("--count", default=20, help="How many.")
@told
def decisions(channel: str, key: str, differs: bool, count: int) -> None:
    """Show what variants of a STORE should cost, how many there are, and why."""
    owner = channel_of(channel)
    found, total = decided.page(owner, key, True if differs else None, 0, count)
    for each in found:
        _tell(each, owner.currency)
    click.echo(f"{len(found)} of {total}.")


def _tell(found: Decided, currency: str) -> None:
    made = found.decision
    price = "left as it is" if made.price is None else f"{made.price} {currency}"
    pieces = "left as they are" if made.quantity is None else str(made.quantity)
    click.echo(f"{made.external_id}\t{found.sku}\t{found.title}")
    click.echo(f"    price {price} (in the shop {found.shop_price or 'none'})")
    click.echo(f"    pieces {pieces} (in the shop {_or_none(found.shop_quantity)})")
    for *_, sentence in made.reasons:
        click.echo(f"    {sentence}")


def _or_none(quantity: int | None) -> str:
    return "not counted" if quantity is None else str(quantity)


@pricing.command("quarrels")
@click.argument("channel", metavar="STORE", type=STORE)
@click.option("--count", default=50, help="How many.")
@told
def quarrels(channel: str, count: int) -> None:
    """Show offers that may be for one variant of a STORE or another, so that they are for none."""
    found, total = decided.quarrels(channel_of(channel), 0, count)
    for each in found:
        click.echo(f"{each.supplier_id}\t{each.offer_key}\t{each.code}\n    {each.message}")
    click.echo(f"{len(found)} of {total}.")


@pricing.command("off")
@click.argument("channel", metavar="STORE", type=STORE)
@told
def turn_off(channel: str) -> None:
    """Decide nothing for a STORE any more. The shop stays as it is."""
    transaction(lambda: service.turn_off(channel_of(channel)))()
    click.echo("Nothing is decided any more.")


def _pricing(channel_id: str) -> Pricing:
    found = db.session.get(Pricing, channel_of(channel_id).id)
    if found is None:
        raise NotFound("Prices of this channel are not decided by suppliers: `flask pricing set`.")
    return found


commands = [pricing]
