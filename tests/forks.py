"""Processes forked from one that has done the imports, so that each of them starts at once.

    python -m tests.forks

reads orders, one JSON object a line: `start` forks a process that does what the command would do in a process
of its own, and prints its process id; `ended` prints with what such a process ended, or null. Until that is
told, the id is nobody else's.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON = [sys.executable, "-m"]
#: What web and worker spend their first second on.
IMPORTED = ("sync2sys", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "pymysql")


class Forks:
    """The process that others are forked from, with more in its environment if that is wanted."""

    def __init__(self, **environ):
        self._parent = subprocess.Popen(
            [*PYTHON, "tests.forks"],
            env=os.environ | environ,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()

    def start(self, command, environ, log):
        """Start `python -m` something with this environment, its output added to the log."""
        assert command[:2] == PYTHON, "only Python can be forked from Python"
        return Forked(
            self, self._ask(start={"words": command[2:], "environ": dict(environ), "log": str(log)})
        )

    def ended(self, pid):
        """With what a process ended, as `Popen.returncode`; None while it runs. Told once."""
        return self._ask(ended=pid)

    def _ask(self, **order):
        with self._lock:
            self._parent.stdin.write(json.dumps(order) + "\n")
            self._parent.stdin.flush()
            return json.loads(self._parent.stdout.readline())

    def close(self):
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait(30)


class Forked:
    """A process that was forked elsewhere, used as one of `subprocess.Popen`. It leads a group of its own."""

    def __init__(self, forks, pid):
        self._forks, self.pid, self.returncode = forks, pid, None

    def poll(self):
        if self.returncode is None:
            self.returncode = self._forks.ended(self.pid)
        return self.returncode

    def is_alive(self):
        return self.poll() is None

    def send_signal(self, number):
        if self.is_alive():
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout=60):
        deadline = time.monotonic() + timeout
        while self.is_alive():
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return self.returncode


def main():
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            answer(ended(order["ended"]))
            continue
        pid = os.fork()
        if pid == 0:
            work(**order["start"])
            return
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # both do, so that it is done whoever comes first
        answer(pid)


def answer(told):
    print(json.dumps(told), flush=True)


def ended(pid):
    """With what a child ended, which buries it; None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def work(words, environ, log):
    """What `python -m` does."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(environ)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for here, there in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(here, there)
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
