"""What must be right before anything is served."""

from sqlalchemy import inspect

from sync2sys.config import BadSetting
from sync2sys.extensions import db
from sync2sys.services import health, keys


def check() -> None:
    """Refuse a database that a newer version made, and one whose secrets no key opens.

    An empty or older database is fine: `flask db upgrade` brings it up. Raises BadSetting, BadKeys.
    """
    if not inspect(db.engine).has_table("alembic_version"):
        return
    revision = health.revision()
    if revision is not None and not health.knows_revision(revision):
        raise BadSetting(f"The database has schema {revision}, made by a newer version. Update Sync2Sys.")
    if revision == health.newest_revision():
        keys.check_all_open()
