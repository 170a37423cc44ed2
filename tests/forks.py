"""Processes forked from one that has done the imports, so that each of them starts at once.

    python -m tests.forks

reads commands, one JSON object a line, forks a process that does what the command would do in a process of
its own, and prints its process id.
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

    def start(self, command, environ, log):
        """Start `python -m` something with this environment, its output added to the log."""
        assert command[:2] == PYTHON, "only Python can be forked from Python"
        order = {"words": command[2:], "environ": dict(environ), "log": str(log)}
        self._parent.stdin.write(json.dumps(order) + "\n")
        self._parent.stdin.flush()
        return Forked(int(self._parent.stdout.readline()))

    def close(self):
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait(30)


class Forked:
    """A process that was forked elsewhere, used as one of `subprocess.Popen`. It leads a group of its own."""

    def __init__(self, pid):
        self.pid = pid

    def is_alive(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def send_signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout=30):
        """Wait for its end; its status is known to nobody."""
        deadline = time.monotonic() + timeout
        while self.is_alive():
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)


def main():
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(**json.loads(line))
            return
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # both do, so that it is done whoever comes first
        print(pid, flush=True)


def work(words, environ, log):
    """What `python -m` does."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
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
