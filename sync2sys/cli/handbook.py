"""flask feeds handbook: what the channels want."""

import click

from sync2sys.formats.handbook import markdown


@click.command("handbook")
def handbook() -> None:
    """Print what each channel wants, field by field, in Markdown."""
    click.echo(markdown(), nl=False)
