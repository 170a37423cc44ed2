"""How Alembic finds our tables: `flask db migrate`, `flask db upgrade`."""

from typing import Any

from alembic import context
from flask import current_app

from sync2sys.extensions import db


def drop_empty(context: Any, revision: Any, directives: list[Any]) -> None:
    """Write no migration where nothing changed."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def run() -> None:
    """Bring the schema up in one transaction, where the database can do that."""
    arguments = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            process_revision_directives=drop_empty,
            user_module_prefix="types.",
            **arguments,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
