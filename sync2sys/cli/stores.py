"""flask stores: connected stores."""

from datetime import datetime

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from sync2sys.cli.channels import STORE, channel_of
from sync2sys.connectors import platforms
from sync2sys.database import transaction
from sync2sys.emails import canonical_email
from sync2sys.errors import StoreUnreachable, Sync2SysError
from sync2sys.extensions import db, outbound
from sync2sys.models import Channel, Membership, Organization, Product, User
from sync2sys.outbound import canonical_origin
from sync2sys.services import hooks
from sync2sys.services import stores as service

stores = AppGroup("stores", help="Connected stores.")


@stores.command("connect")
@click.argument("address")
@click.option("--email", required=True, help="The account it is connected under.")
@click.option(
    "--platform", type=click.Choice(platforms.with_keys()), default="woocommerce", show_default=True
)
@click.option("--key", prompt="Consumer key (ck_…)", help="Asked for where left out.")
@click.option("--secret", prompt="Consumer secret (cs_…)", hide_input=True, help="Asked for where left out.")
def connect(address: str, email: str, platform: str, key: str, secret: str) -> None:
    """Connect a store by its keys, which in WooCommerce are those of the REST API."""
    try:
        origin = canonical_origin(address, outbound.allowed)
        shop = platforms.prove(platform, outbound, origin, key, secret)
        proof = service.Proof(origin, platform, key, secret, shop)
        channel_id, name = transaction(_attach)(proof, canonical_email(email))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except StoreUnreachable as error:
        hint = "A shop in a network of your own has to be allowed first: SYNC2SYS_OUTBOUND_ALLOW."
        raise click.ClickException(f"{error.message} {hint}") from error
    except Sync2SysError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"{name} is connected as channel {channel_id}.")
    click.echo(f"Mirror it now with `flask sync {channel_id}`, or let `flask worker` do it.")


def _attach(proof: service.Proof, email: str) -> tuple[str, str]:
    """Connect it into the account's own organization, if it has one: whoever may run this decides that."""
    own = (
        select(Organization)
        .join(Membership, Membership.organization_id == Organization.id)
        .join(User, User.id == Membership.user_id)
        .where(User.email == email, Membership.state == "active")
        .order_by(Membership.created_at)
    )
    connected = service.attach(proof, email, None, db.session.scalars(own).first())
    return connected.channel.id, connected.channel.name


@stores.command("webhook")
@click.argument("channel_id", metavar="STORE", type=STORE)
def webhook(channel_id: str) -> None:
    """Show how a store tells of changes; where it does not, why, and what to enter by hand."""
    try:
        lines = transaction(_webhook_lines)(channel_id)
    except Sync2SysError as error:
        raise click.ClickException(error.message) from error
    click.echo("\n".join(lines))


def _webhook_lines(channel_id: str) -> list[str]:
    channel = channel_of(channel_id)
    place, trouble = hooks.place_of(channel), hooks.trouble_of(channel)
    lines = [f"{hook['topic']}\t{hook['state']} since {_minute(hooks.since(hook))}" for hook in channel.hooks]
    if trouble:
        lines.append(trouble)
    elif not lines:
        lines.append("Its webhooks were not looked at yet; `flask worker` sees to them.")
    lines.append(f"Last heard from: {_minute(channel.heard_at)}" if channel.heard_at else "Never heard from.")
    return lines + (_by_hand(place) if place.secret and trouble and not channel.hooks else [])


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _by_hand(place: hooks.Place) -> list[str]:
    return [
        "To make them by hand, in WooCommerce, Settings, Advanced, Webhooks, add one for each topic:",
        "  Topics:       Product created, Product updated, Product deleted, Product restored",
        f"  Delivery URL: {place.address}",
        f"  Secret:       {place.secret}",
        "WordPress delivers only to public addresses, at port 80, 443 or 8080.",
    ]


@stores.command("list")
def show() -> None:
    """List stores with their state."""
    products = select(func.count(Product.id)).where(Product.channel_id == Channel.id).scalar_subquery()
    rows = db.session.execute(
        select(Channel, Organization, products)
        .join(Organization, Organization.id == Channel.organization_id)
        .order_by(Channel.created_at)
    )
    for channel, organization, count in rows:
        click.echo(
            f"{channel.id}\t{channel.origin}\t{channel.state}\t{count} products\t"
            f"{organization.name} ({organization.id})"
        )
        if channel.problem:
            click.echo(f"    {channel.problem}")


commands = [stores]
