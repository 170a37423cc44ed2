"""Worker processes to be killed: forked from one that has done the imports, so that each starts at once.

    python -m tests.faults.workers

reads environments, one JSON object a line, forks a `flask worker` with each and prints its process id.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from flask.cli import ScriptInfo

from sync2sys import create_app
from sync2sys.config import PREFIX

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "tests.faults.workers"]


class Forks:
    """The process that workers are forked from, with more in its environment if that is wanted."""

    def __init__(self, log, **environ):
        self.log = log
        clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        with log.open("ab") as file:
            self._parent = subprocess.Popen(
                COMMAND,
                env=clean | environ,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )

    def fork(self, environ):
        """Start a worker; returns its process id."""
        self._parent.stdin.write(json.dumps(environ) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def close(self):
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait(30)


class Workers:
    """Starts workers over one instance; `kill` is kill -9."""

    def __init__(self, forks, instance, database_url="", **settings):
        given = {"INSTANCE": str(instance), "DATABASE_URL": database_url, "OUTBOUND_ALLOW": "127.0.0.0/8"}
        self._environ = {PREFIX + name: value for name, value in (given | settings).items()}
        self._forks = forks
        self._pids = set()

    def start(self):
        pid = self._forks.fork(self._environ)
        self._pids.add(pid)
        return pid

    def kill(self, pid, number=signal.SIGKILL):
        """Send the signal and wait for the end."""
        os.kill(pid, number)
        deadline = time.monotonic() + 30
        while is_alive(pid):
            assert time.monotonic() < deadline, f"it does not die:\n{self.tail()}"
            time.sleep(0.005)
        self._pids.discard(pid)

    def log(self):
        return self._forks.log.read_text("utf-8", "replace")

    def stops(self):
        """How often a worker has said that it was told to stop."""
        return self.log().count("stopping after signal")

    def tail(self):
        return self.log()[-4000:]

    def close(self):
        for pid in filter(is_alive, list(self._pids)):
            self.kill(pid)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(json.loads(line))
        print(pid, flush=True)


def work(environ):
    """What `flask worker` does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(environ)
    app = create_app()
    app.cli.main(["worker"], prog_name="flask", obj=ScriptInfo(create_app=lambda: app))


if __name__ == "__main__":
    main()
