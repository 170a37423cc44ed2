"""The `flask …` commands, one module a noun."""

from flask import Flask

from sync2sys.cli import backup, demo, doctor, feeds, keys, stores, sync, users, worker


def register(app: Flask) -> None:
    """Add our commands to `flask`."""
    for module in (worker, sync, stores, feeds, users, keys, backup, demo, doctor):
        for command in module.commands:
            app.cli.add_command(command)
