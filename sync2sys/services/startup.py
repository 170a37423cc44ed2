"""What must be right before anything is served."""

from sync2sys.config import BadSetting
from sync2sys.database import look
from sync2sys.services import health, keys


@look
def check() -> None:
    """Refuse a database that a newer version made, and one whose secrets no key opens.

    An empty or older database is fine: `flask db upgrade` brings it up. Raises BadSetting, BadKeys.
    """
    revision = health.revision()
    if revision == health.newest_revision():
        keys.check_all_open()
    elif revision is not None and not health.knows_revision(revision):
        raise BadSetting(f"The database has schema {revision}, made by a newer version. Update Sync2Sys.")
