"""flask keys: master keys."""

import click
from flask.cli import AppGroup

from sync2sys import crypto
from sync2sys.database import transaction
from sync2sys.extensions import vault
from sync2sys.services import keys as service

keys = AppGroup("keys", help="Master keys: what seals credentials and signs tokens.")


@keys.command("new")
def new() -> None:
    """Print a fresh master key for SYNC2SYS_KEYS."""
    click.echo(crypto.new_key())


@keys.command("rotate")
def rotate() -> None:
    """Seal everything anew with the newest key, so that older ones can be dropped.

    First put the new key in front of the old one in SYNC2SYS_KEYS and restart.
    """
    while left := transaction(service.reseal_some)():
        click.echo(f"{left} left")
    click.echo(
        f"Everything is sealed with {vault.kids[0]}. Tokens that older keys signed stop working when those "
        "keys are dropped; plugins then connect anew."
    )


commands = [keys]
