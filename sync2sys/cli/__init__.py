"""The `flask …` commands, one module a noun."""

from flask import Flask

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


def register(app: Flask) -> None:
    """Add our commands to `flask`."""
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
