"""flask serve: the whole service in one command."""

import os
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import exists, select

from sync2sys.cli import schema
from sync2sys.config import ADDRESS_FILE, PREFIX, SETTINGS
from sync2sys.extensions import db, settings
from sync2sys.models import User
from sync2sys.processes import Supervisor, is_free, web_command, worker_command

DEFAULT_URL = next(setting.default for setting in SETTINGS if setting.name == "PUBLIC_URL")


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@with_appcontext
def serve(host: str, port: int) -> None:
    """Run web and worker until Ctrl-C."""
    if not is_free(host, port):
        raise click.ClickException(f"Port {port} is taken. Choose another: make run PORT={port + 1000}")
    copy = schema.bring_up()
    if copy:
        click.echo(f"The database was brought up to this version; a copy from before is {copy}.")
    address = _public_url(host, port)
    click.echo(f"Sync2Sys: {address}   data: {current_app.instance_path}   Ctrl-C ends it")
    if not db.session.scalar(select(exists().where(User.password_hash.is_not(None)))):
        click.echo("There is no account yet. Make the first one in another terminal:")
        click.echo(f"  {_environment_hint()}.venv/bin/flask users create you@example.com")
    db.session.remove()
    db.engine.dispose()
    environ = os.environ | {
        f"{PREFIX}INSTANCE": current_app.instance_path,
        f"{PREFIX}PUBLIC_URL": address,
    }
    supervisor = Supervisor({"web": web_command(host, port), "worker": worker_command()}, environ)
    supervisor.start()
    supervisor.watch()


def _public_url(host: str, port: int) -> str:
    """What the settings say, or else where we listen, remembered for other commands."""
    remembered = Path(current_app.instance_path) / ADDRESS_FILE
    known = remembered.read_text("ascii") if remembered.exists() else DEFAULT_URL
    if known != settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - only shown
    address = f"http://{shown}:{port}"
    remembered.write_text(address, "ascii")
    return address


def _environment_hint() -> str:
    instance = os.environ.get(f"{PREFIX}INSTANCE", "instance")
    return "" if instance == "instance" else f"{PREFIX}INSTANCE={instance} "


commands = [serve]
