"""What every test stands on: a fresh instance with a migrated database, and a client of it.

`SYNC2SYS_TEST_DB=mariadb` runs the same tests on MariaDB (`SYNC2SYS_TEST_MARIADB` says where);
without it they run on SQLite and need no server.
"""

import gc
import os
import shutil
import socket
from contextlib import closing
from pathlib import Path

import flask_migrate
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.engine import make_url

from sync2sys import create_app
from sync2sys.extensions import db
from tests.forks import Forks
from tests.kept import Kept
from tests.shared import share
from tests.shops.shopify import fetch

MARIADB = os.environ.get("SYNC2SYS_TEST_MARIADB", "mysql+pymysql://root:@127.0.0.1:3306/test")
REDIS = os.environ.get("SYNC2SYS_TEST_REDIS", "redis://127.0.0.1:6379/15")
ON_MARIADB = os.environ.get("SYNC2SYS_TEST_DB") == "mariadb"
#: Set in CI: a server that cannot be reached is a failure there, not a reason to skip.
SERVERS_REQUIRED = os.environ.get("SYNC2SYS_TEST_SERVERS") == "required"
#: Loopback is where the fakes live; tests of the guard make their own, stricter application.
SETTINGS = {"OUTBOUND_ALLOW": "127.0.0.0/8,localhost=127.0.0.0/8", "LOG_LEVEL": "INFO"}
NO_BROWSER = "no chromium with chromedriver"

#: What takes longest, longest first: begun first, lest one process is left alone with it at the end.
SLOW = (
    "tests/test_fuzz.py",
    "tests/faults/",
    "tests/services/test_sync_model.py",
    "tests/services/writing/test_model.py",
    "tests/test_story",
    "tests/test_walks.py",
    "tests/panel/",
    "tests/formats/test_wellformed.py",
)

# Property tests are no stopwatches: a busy machine fails none of them.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


share()


def _reachable(url: str) -> bool:
    parts = make_url(url)
    try:
        socket.create_connection((parts.host, parts.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the modules out of the garbage collector's sight: they are here to stay.

    Looking at all of them again and again took a fifth of the tests' time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(10_000)


def pytest_collection_modifyitems(config, items):
    _skip_what_cannot_run(items)
    items[:] = _slow_first(items, getattr(config, "workerinput", {}).get("workercount", 1))


def _slow_first(items, processes):
    """In an order of which each process is given an equal stretch that begins with what is slow."""
    slow = [item for path in SLOW for item in items if item.nodeid.startswith(path)]
    rest = [item for item in items if not item.nodeid.startswith(SLOW)]
    ordered = []
    for number in range(processes):
        share = (len(items) - len(ordered)) // (processes - number)
        first = slow[number::processes]
        ordered += first + rest[: max(0, share - len(first))]
        del rest[: max(0, share - len(first))]
    return ordered + rest


def _skip_what_cannot_run(items):
    missing = {
        "mariadb": not _reachable(MARIADB) and "no mariadb server",
        "redis": not _reachable(REDIS) and "no redis server",
        "chromium": not (shutil.which("chromium") and shutil.which("chromedriver")) and NO_BROWSER,
        "shopify": not fetch.versions() and fetch.MISSING,
    }
    for name, reason in missing.items():
        if SERVERS_REQUIRED and reason:
            raise pytest.UsageError(f"{name} is required here: {reason}")
        for item in items:
            if item.get_closest_marker(name) and reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def worker_no(request):
    """Which of several parallel test processes this is."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A migrated, empty SQLite instance to copy from: migrating once is enough."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(folder, DATABASE_URL="", LOG_LEVEL="WARNING")
    with app.app_context():
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return folder


@pytest.fixture(scope="session")
def mariadb_url(worker_no):
    """A new database of this test process on the MariaDB server; another run has another one."""
    server = create_engine(make_url(MARIADB), isolation_level="AUTOCOMMIT", pool_recycle=-1)
    with server.connect() as holder:
        names = (f"sync2sys_test_{worker_no}_{number}" for number in range(8))
        # The lock ends with this process, however it ends.
        name = next(name for name in names if holder.scalar(select(func.get_lock(name, 0))))
        holder.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        holder.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
        # Else PyMySQL reads all the certificates of this machine for each connection, needed or not.
        plain = {"ssl_disabled": "true"} | make_url(MARIADB).query
        yield make_url(MARIADB).set(database=name, query=plain).render_as_string(hide_password=False)
    server.dispose()


@pytest.fixture(scope="session")
def migrated_mariadb_url(mariadb_url, tmp_path_factory):
    app = create_app(tmp_path_factory.mktemp("mariadb"), DATABASE_URL=mariadb_url, LOG_LEVEL="WARNING")
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
    return mariadb_url


@pytest.fixture(scope="session")
def empty_mariadb(migrated_mariadb_url):
    """A function that takes every row out of the test database."""
    engine = create_engine(migrated_mariadb_url, isolation_level="READ COMMITTED", pool_recycle=-1)
    rows = (f"SELECT '{table}' WHERE EXISTS (SELECT * FROM `{table}`)" for table in db.metadata.tables)
    filled = text(" UNION ALL ".join(rows))
    with engine.connect() as connection:
        connection.execute(text("SET foreign_key_checks = 0"))
        connection.commit()

        def empty():
            with connection.begin():
                for table in connection.scalars(filled).all():
                    connection.execute(text(f"DELETE FROM `{table}`"))

        yield empty
    engine.dispose()


@pytest.fixture
def instance(tmp_path, template) -> Path:
    """An instance folder with a migrated, empty database."""
    folder = tmp_path / "instance"
    shutil.copytree(template, folder)
    return folder


@pytest.fixture
def database_url(request) -> str:
    """The database under test: empty means SQLite in the instance folder."""
    if not ON_MARIADB:
        return ""
    request.getfixturevalue("empty_mariadb")()
    return request.getfixturevalue("migrated_mariadb_url")


@pytest.fixture(scope="session")
def forks():
    """Starts processes of the service without the second of imports that each would begin with."""
    forks = Forks()
    yield forks
    forks.close()


def spare_the_disk(engine):
    """Let SQLite not wait for the disk: what a test writes need not outlive a power cut."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _waits_for_no_disk)
        # The one that the application has looked with is kept: opening another takes longer than this.
        with closing(engine.raw_connection()) as connection:
            _waits_for_no_disk(connection.driver_connection, None)


def _waits_for_no_disk(connection, _):
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def make_app(instance, database_url):
    """Make an application of the instance with other settings: `make_app(FEED_RATE="5")`."""
    made = []

    def make(**settings):
        app = create_app(instance, **({"DATABASE_URL": database_url} | SETTINGS | settings))
        app.testing = True
        made.append(app)
        with app.app_context():
            spare_the_disk(db.engine)
        return app

    yield make
    for app in made:
        app.extensions["sync2sys"]["fetch_log"].close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        app.extensions["sync2sys"]["outbound"].close()


@pytest.fixture(scope="module")
def kept():
    """Keeps for a module what many of its tests begin with."""
    return Kept()


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def client(app):
    return app.test_client()
