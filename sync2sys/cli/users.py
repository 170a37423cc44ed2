"""flask users: panel accounts."""

import click
from flask.cli import AppGroup
from sqlalchemy import select

from sync2sys.database import transaction
from sync2sys.emails import canonical_email
from sync2sys.errors import Sync2SysError
from sync2sys.extensions import db, settings
from sync2sys.models import Membership, Organization, User
from sync2sys.services import accounts

users = AppGroup("users", help="Panel accounts: who may sign in.")


@users.command("create")
@click.argument("email")
@click.option("--organization", default="", help="Its name; the e-mail's domain where left out.")
@click.password_option(help="Asked for where left out.")
def create(email: str, organization: str, password: str) -> None:
    """Make a panel account with an organization of its own."""
    try:
        user = transaction(accounts.create)(_canonical(email), password, organization)
    except Sync2SysError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"{user.email} may sign in now at {settings.PUBLIC_URL}/sign-in.")


@users.command("password")
@click.argument("email")
@click.password_option(help="Asked for where left out.")
def password(email: str, password: str) -> None:
    """Set an account's password."""
    try:
        transaction(accounts.set_password)(_canonical(email), password)
    except Sync2SysError as error:
        raise click.ClickException(error.message) from error
    click.echo("The password is set. Whoever was signed in has to sign in again.")


@users.command("join")
@click.argument("email")
@click.argument("organization_id")
def join(email: str, organization_id: str) -> None:
    """Make an account a member of an organization, for example of a store that a plugin connected."""
    try:
        transaction(_join)(_canonical(email), organization_id)
    except Sync2SysError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"{email} sees the organization now.")


def _join(email: str, organization_id: str) -> None:
    organization = db.session.get(Organization, organization_id)
    if organization is None:
        raise click.ClickException("No such organization. `flask stores list` shows them.")
    accounts.join(email, organization)


@users.command("list")
def show() -> None:
    """List accounts with their organizations."""
    rows = db.session.execute(
        select(User, Organization)
        .outerjoin(Membership, Membership.user_id == User.id)
        .outerjoin(Organization, Organization.id == Membership.organization_id)
        .order_by(User.email)
    )
    for user, organization in rows:
        sign_in = "may sign in" if user.password_hash else "plugin only"
        place = f"{organization.name} ({organization.id})" if organization else "-"
        click.echo(f"{user.email}\t{sign_in}\t{place}")


def _canonical(email: str) -> str:
    try:
        return canonical_email(email)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


commands = [users]
