"""Whether the service can do its work, and what it is doing."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Feed, Job, Product, Worker
from sync2sys.models.base import now

MIGRATIONS = Path(__file__).parent.parent / "migrations"
#: Below this a sync stops, and a deployment is not ready.
FREE_BYTES = 200 * 1024 * 1024
WORKER_SILENT = timedelta(seconds=90)


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    detail: str
    #: without it no request can be answered
    vital: bool = True


def checks(instance: str) -> list[Check]:
    """All checks of readiness, the vital ones first."""
    database = _database()
    if not database.ok:
        return [database]
    return [database, _schema(), _disk(instance), _worker(), _queue()]


def _database() -> Check:
    try:
        transaction(_write_probe)()
    except SQLAlchemyError as error:
        return Check("database", False, f"cannot be written: {type(error).__name__}")
    return Check("database", True, f"{db.engine.dialect.name} can be written")


def _write_probe() -> None:
    probe = Worker(name="readiness probe", seen_at=now() - timedelta(days=1))
    db.session.add(probe)
    db.session.flush()
    db.session.delete(probe)


@cache
def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def newest_revision() -> str | None:
    """The schema that this code was written for."""
    return _script().get_current_head()


def knows_revision(revision: str) -> bool:
    """Whether this code has the schema among its own; a newer version's it has not."""
    return any(script.revision == revision for script in _script().walk_revisions())


def revision() -> str | None:
    """The schema that the database has; None for an empty one."""
    if not inspect(db.session.connection()).has_table("alembic_version"):
        return None
    # Alembic would say the same, but each process waits for that before it can serve.
    found: str | None = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _schema() -> Check:
    has, needs = revision(), newest_revision()
    detail = f"at {has}" if has == needs else f"at {has}, this version needs {needs}: run `flask db upgrade`"
    return Check("schema", has == needs, detail)


def _disk(instance: str) -> Check:
    free = shutil.disk_usage(instance).free
    return Check("disk", free >= FREE_BYTES, f"{free // 2**20} MiB free")


def _worker() -> Check:
    seen = db.session.scalar(select(func.max(Worker.seen_at)))
    if seen is None or seen < now() - WORKER_SILENT:
        return Check("worker", False, "none is running: start `flask worker`", vital=False)
    return Check("worker", True, f"seen {int((now() - seen).total_seconds())} s ago", vital=False)


def _queue() -> Check:
    oldest = db.session.scalar(select(func.min(Job.due_at)).where(Job.state == "queued"))
    waiting = int((now() - oldest).total_seconds()) if oldest is not None and oldest < now() else 0
    return Check("queue", waiting < 600, f"oldest due job has waited {waiting} s", vital=False)


def figures() -> dict[str, dict[str, int]]:
    """Counts for a dashboard: rows by state, `{figure: {label: count}}`."""
    return {
        "channels": _by_state(Channel.state),
        "jobs": _by_state(Job.state),
        "feeds": {
            "published": db.session.scalar(select(func.count()).where(Feed.published)) or 0,
            "held": db.session.scalar(select(func.count()).where(Feed.held_render_id.is_not(None))) or 0,
        },
        "products": {"mirrored": db.session.scalar(select(func.count(Product.id))) or 0},
    }


def _by_state(column: object) -> dict[str, int]:
    rows = db.session.execute(select(column, func.count()).group_by(column))  # type: ignore[call-overload]
    return {row[0]: row[1] for row in rows}
