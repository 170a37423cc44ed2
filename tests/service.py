"""The service as its users run it: gunicorn and a worker, as processes, on a real port."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import requests

from sync2sys.config import PREFIX
from sync2sys.processes import web_command, worker_command


def start_anew(command, environ, log):
    """Start a command as a user does, its output added to the log."""
    with log.open("ab") as output:
        return subprocess.Popen(command, env=environ, stdout=output, stderr=output, start_new_session=True)


class Service:
    """Web and worker over one instance folder. `kill` is kill -9 of a process and all its children.

    With `forks` they are forked instead of started, which does the same in a tenth of the time.
    """

    def __init__(self, instance, database_url="", forks=None, **settings):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.instance = instance
        self.log = instance / "service.log"
        given = {
            "INSTANCE": str(instance),
            "DATABASE_URL": database_url,
            "PUBLIC_URL": self.url,
            "OUTBOUND_ALLOW": "127.0.0.0/8",
        } | settings
        clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self.environ = clean | {PREFIX + name: value for name, value in given.items()}
        self.commands = {"web": web_command("127.0.0.1", self.port), "worker": worker_command()}
        self.processes = {}
        self._start = forks.start if forks else start_anew

    def start(self, name):
        self.processes[name] = self._start(self.commands[name], self.environ, self.log)

    def kill(self, name, number=signal.SIGKILL):
        process = self.processes.pop(name)
        os.killpg(process.pid, number)
        process.wait()

    def await_web(self, seconds=60):
        self.until(lambda: requests.get(f"{self.url}/healthz", timeout=2).ok, seconds)

    def until(self, condition, seconds=60):
        """Wait for a condition; a refused connection is just not yet."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                found = condition()
            except (requests.ConnectionError, requests.Timeout):
                found = None
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s:\n{self.log.read_text('utf-8', 'replace')[-4000:]}")

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()


@contextmanager
def running(instance, database_url="", forks=None, **settings):
    """A service with web and worker up, stopped at the end."""
    service = Service(instance, database_url, forks, **settings)
    try:
        service.start("web")
        service.start("worker")
        service.await_web()
        yield service
    finally:
        service.stop()
