"""Web and worker as child processes of one command."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
GRACE_SECONDS = 35
MAX_PAUSE = 30.0
#: Two processes use both cores of a small machine; threads wait for slow clients.
WEB_WORKERS = 2
WEB_THREADS = 4
#: Bytes of a request's first line. A definition that is tried may stand in it; proxies take no more.
LONGEST_ADDRESS = 8190


def web_command(host: str, port: int) -> list[str]:
    """gunicorn as measured best on two cores."""
    return [
        *(sys.executable, "-m", "gunicorn", "wsgi:app", "--chdir", str(ROOT)),
        *("--bind", f"{host}:{port}", "--worker-class", "gthread"),
        *("--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS)),
        *("--graceful-timeout", "30", "--log-level", "warning", "--no-control-socket"),
        *("--limit-request-line", str(LONGEST_ADDRESS)),
    ]


def worker_command() -> list[str]:
    """`flask worker`, from whatever folder."""
    return [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), "worker"]


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class Supervisor:
    """Keeps commands running, restarting what dies, until it is stopped.

    `log` takes what the children print; None leaves it on our own standard error.
    """

    def __init__(
        self, commands: Mapping[str, list[str]], environ: Mapping[str, str], log: IO[bytes] | None = None
    ) -> None:
        self._commands = commands
        self._environ = dict(environ)
        self._log = log
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._pauses = dict.fromkeys(commands, 0.5)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start every command."""
        for name in self._commands:
            self._spawn(name)

    def _spawn(self, name: str) -> None:
        # In a session of its own, Ctrl-C reaches only us, and we stop the children in order.
        self._children[name] = subprocess.Popen(  # noqa: S603 - our own commands
            self._commands[name],
            env=self._environ,
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self) -> None:
        """Restart what dies, after a growing pause, until `stop` is called or a signal comes."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stopping.set())
        while not self._stopping.wait(0.3):
            for name, child in list(self._children.items()):
                if child.poll() is not None:
                    self._restart(name, child.returncode)
        self.stop()

    def _restart(self, name: str, code: int) -> None:
        pause = self._pauses[name]
        sys.stderr.write(f"The {name} process ended with {code}; starting it again in {pause:g} s.\n")
        if not self._stopping.wait(pause):
            self._pauses[name] = min(pause * 2, MAX_PAUSE)
            self._spawn(name)

    def has_died(self) -> str | None:
        """The name of a command that ended, if one did."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def stop(self) -> None:
        """End all children: politely first, then for good."""
        self._stopping.set()
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
