"""flask backup, flask restore: a SQLite instance in one checked file."""

import os
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from sync2sys.extensions import db
from sync2sys.services import health


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@with_appcontext
def backup(target: Path) -> None:
    """Write a consistent copy of the database to TARGET while the service runs.

    Copying the .db file instead would miss what is still in its write-ahead log. The master keys are
    not in the backup: keep them elsewhere, the credentials cannot be opened without.
    """
    live = _database_file()
    if target.exists():
        raise click.ClickException(f"{target} exists already.")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    with sqlite3.connect(live, timeout=60) as connection:
        connection.execute("VACUUM INTO ?", (str(partial),))
    connection.close()
    _check(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(target)
    click.echo(f"{target}: {target.stat().st_size:,} bytes, checked. The master keys are not in it.")


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_appcontext
def restore(source: Path) -> None:
    """Put a backup in the place of the database. Stop web and worker first.

    The database that was there is kept beside it.
    """
    live = _database_file()
    revision = _check(source)
    known = health.knows_revision(revision)
    if not known:
        raise click.ClickException(f"{source} was made by a newer version (schema {revision}).")
    db.engine.dispose()
    partial = live.with_name(live.name + ".partial")
    shutil.copyfile(source, partial)
    if live.exists():
        kept = live.with_name(f"{live.name}.{datetime.now().astimezone():%Y%m%d-%H%M%S}")
        with sqlite3.connect(live, timeout=1) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        live.rename(kept)
        click.echo(f"What was there is now {kept}.")
    for suffix in ("-wal", "-shm"):
        live.with_name(live.name + suffix).unlink(missing_ok=True)
    partial.rename(live)
    click.echo(f"{live} is what {source} was. Run `flask db upgrade` if this version is newer.")


def _database_file() -> Path:
    if db.engine.dialect.name != "sqlite" or not db.engine.url.database:
        raise click.ClickException("This works for SQLite. For MySQL use mysqldump --single-transaction.")
    return Path(db.engine.url.database)


def _check(path: Path) -> str:
    """The schema revision of a sound database file."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        found = connection.execute("PRAGMA quick_check").fetchone()[0]
        revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        connection.close()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise click.ClickException(f"{path} is not a backup of this service: {error}.") from error
    if found != "ok":
        raise click.ClickException(f"{path} is damaged: {found}.")
    return str(revision)


commands = [backup, restore]
