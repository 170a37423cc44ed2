"""Run the suite once more on MariaDB, where there is one: `python tests/mariadb.py [tests]`."""

import os
import socket
import subprocess
import sys

from sqlalchemy.engine import make_url

DEFAULT = "mysql+pymysql://root:@127.0.0.1:3306/test"

#: What does not touch the database is not run twice.
DATABASE_TESTS = [
    "tests/api",
    "tests/cli",
    "tests/services",
    "tests/faults",
    "tests/panel/test_connecting.py",
    "tests/test_story.py",
    "tests/test_story_shopify.py",
    "tests/test_story_suppliers.py",
    "tests/test_walks.py",
]


def reachable(url: str) -> bool:
    parts = make_url(url)
    try:
        socket.create_connection((parts.host, parts.port or 3306), timeout=2).close()
    except OSError:
        return False
    return True


def main() -> int:
    required = os.environ.get("SYNC2SYS_TEST_SERVERS") == "required"
    if not reachable(os.environ.get("SYNC2SYS_TEST_MARIADB", DEFAULT)):
        print("No MariaDB here: the suite ran on SQLite only.")
        return 1 if required else 0
    tests = sys.argv[1:] or DATABASE_TESTS
    environ = os.environ | {"SYNC2SYS_TEST_DB": "mariadb"}
    command = [sys.executable, "-m", "pytest", "-n", "3", "--dist", "worksteal", *tests]
    return subprocess.call(command, env=environ)


if __name__ == "__main__":
    raise SystemExit(main())
