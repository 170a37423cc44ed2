"""What many tests of a module begin with, made by the first of them and taken over by the others.

It works because all instances of a test process have the same master keys, those of the template.
"""

import copy

from sqlalchemy import text

from sync2sys.extensions import db

#: Lets rows come in any order.
UNORDERED = {"sqlite": "PRAGMA defer_foreign_keys = ON", "mysql": "SET foreign_key_checks = 0"}
ORDERED = {"sqlite": "PRAGMA defer_foreign_keys = OFF", "mysql": "SET foreign_key_checks = 1"}


class Kept:
    """Things by name, each with the rows that the database had when it was made."""

    def __init__(self):
        self._kept = {}

    def get(self, name, app, make):
        """What `make()` makes in the application's database; later, a copy of what it made the first time.

        The database then holds the rows that it held in the end, and no others: ask for this first.
        """
        with app.app_context():
            if name not in self._kept:
                made = make()
                self._kept[name] = copy.deepcopy(made), _rows()
                return made
            made, rows = self._kept[name]
            _put(rows)
            return copy.deepcopy(made)


def _rows():
    """Table -> its rows, as the driver gives them."""
    with db.engine.connect() as connection:
        found = {
            name: connection.execute(text(f"SELECT * FROM `{name}`")).mappings().all()
            for name in db.metadata.tables
        }
    return {name: [dict(row) for row in rows] for name, rows in found.items() if rows}


def _put(rows):
    """Let the database hold these rows, and no others."""
    with db.engine.begin() as connection:
        connection.execute(text(UNORDERED[db.engine.dialect.name]))
        for name in db.metadata.tables:
            connection.execute(text(f"DELETE FROM `{name}`"))
        for name, some in rows.items():
            columns = ", ".join(f"`{column}`" for column in some[0])
            values = ", ".join(f":{column}" for column in some[0])
            connection.execute(text(f"INSERT INTO `{name}` ({columns}) VALUES ({values})"), some)
        connection.execute(text(ORDERED[db.engine.dialect.name]))
