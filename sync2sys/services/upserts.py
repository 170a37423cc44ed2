"""Insert-or-update in the dialect at hand: one statement for many rows, no look before."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import mysql, sqlite

from sync2sys.extensions import Base, db

#: Rows a statement; more gains nothing.
BATCH = 500


def table_of(model: type[Base]) -> Table:
    """The table behind a model: rows written through it cost no objects."""
    return cast(Table, model.__table__)


def upsert(table: Table, rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """Write the rows; one that exists by its unique `keys` keeps its id and gets the new values."""
    if not rows:
        return
    names = [name for name in rows[0] if name not in keys]
    if _is_sqlite():
        lite = sqlite.insert(table)
        values = {name: lite.excluded[name] for name in names}
        db.session.execute(lite.on_conflict_do_update(index_elements=list(keys), set_=values), list(rows))
    else:
        my = mysql.insert(table)
        db.session.execute(
            my.on_duplicate_key_update({name: my.inserted[name] for name in names}), list(rows)
        )


def insert_missing(table: Table, row: dict[str, Any], keys: Sequence[str]) -> None:
    """Write the row unless one with the same unique `keys` exists already."""
    if _is_sqlite():
        db.session.execute(sqlite.insert(table).on_conflict_do_nothing(index_elements=list(keys)), row)
    else:
        # Assigning a key to itself changes nothing; INSERT IGNORE would swallow other errors too.
        my = mysql.insert(table)
        db.session.execute(my.on_duplicate_key_update({keys[0]: my.table.c[keys[0]]}), row)


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"
