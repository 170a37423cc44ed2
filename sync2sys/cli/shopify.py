"""flask shopify: what Shopify has to know of this service."""

import click
from flask.cli import AppGroup

from sync2sys.config import PREFIX
from sync2sys.connectors.shopify import scopes
from sync2sys.extensions import settings
from sync2sys.services import hooks, shopify_apps, shopify_flows, shopify_hooks

shopify = AppGroup("shopify", help="Connecting Shopify shops.")

#: What the law demands of public apps; these cannot be made by the service.
COMPLIANCE = (*shopify_hooks.NOTHING_KEPT, shopify_hooks.REDACTED)


@shopify.command("status")
def status() -> None:
    """Show whether there is an app, and what to enter in its settings at Shopify."""
    app = shopify_apps.configured_app()
    click.echo(f"Client id:         {app.client_id if app else 'none'}")
    click.echo(f"Access scopes:     {', '.join(sorted(settings.SHOPIFY_SCOPES)) or 'as in the app'}")
    if lacking := scopes.missing(settings.SHOPIFY_SCOPES or scopes.WRITING, scopes.WRITING):
        click.echo(f"                   no prices and stock are written without {', '.join(sorted(lacking))}")
    click.echo(f"API version:       {settings.SHOPIFY_API_VERSION}")
    click.echo(f"App address:       {settings.PUBLIC_URL}/sales-channels")
    click.echo(f"Redirect address:  {shopify_flows.redirect_address()}")
    click.echo(f"Webhook address:   {hooks.address_of(shopify_apps.PLATFORM)}")
    click.echo(f"Compliance topics: {', '.join(COMPLIANCE)}")
    if app is None:
        names = f"{PREFIX}SHOPIFY_CLIENT_ID and {PREFIX}SHOPIFY_CLIENT_SECRET"
        click.echo(f"No app is set up: set {names}, or let each shop bring an app of its own.")
    if not hooks.can_be_told():
        click.echo("Shopify sends webhooks to public https addresses only; set PUBLIC_URL.")


commands = [shopify]
