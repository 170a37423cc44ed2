"""The `flask …` commands, one module a noun."""

import click
from flask import Flask
from flask.cli import AppGroup

from sync2sys import logs
from sync2sys.cli import (
    backup,
    categories,
    definitions,
    diagnostics,
    diffs,
    doctor,
    feeds,
    keys,
    pricing,
    serve,
    shopify,
    stores,
    suppliers,
    sync,
    taxonomy,
    users,
    worker,
    writing,
)

#: What goes on until it is stopped, and tells what it does by its log.
STAYING = ("serve", "worker")


class Commands(AppGroup):
    """The commands of one application."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is not None and cmd_name not in STAYING:
            logs.hush()
        return found


def register(app: Flask) -> None:
    """Add our commands to `flask`."""
    app.cli = Commands(app.cli.name)
    for command in (
        categories.categories,
        diffs.diff,
        diagnostics.diagnose,
        diagnostics.explain,
        diagnostics.preview,
        definitions.export,
        definitions.import_,
        definitions.define,
    ):
        feeds.feeds.add_command(command)
    for module in (
        serve,
        worker,
        sync,
        stores,
        shopify,
        suppliers,
        pricing,
        writing,
        feeds,
        taxonomy,
        users,
        keys,
        backup,
        doctor,
    ):
        for command in module.commands:
            app.cli.add_command(command)
