"""Worker processes to be killed."""

import os
import signal
import subprocess

from sync2sys.config import PREFIX
from sync2sys.processes import worker_command


class Workers:
    """Starts workers over one instance; `kill` is kill -9."""

    def __init__(self, forks, instance, database_url="", **settings):
        given = {"INSTANCE": str(instance), "DATABASE_URL": database_url, "OUTBOUND_ALLOW": "127.0.0.0/8"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._environ = clean | {PREFIX + name: value for name, value in (given | settings).items()}
        self._forks = forks
        self._log = instance / "workers.log"
        self._started = []

    def start(self):
        self._started.append(self._forks.start(worker_command(), self._environ, self._log))
        return self._started[-1]

    def kill(self, worker, number=signal.SIGKILL):
        """Send the signal and wait for the end."""
        worker.send_signal(number)
        try:
            worker.wait()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not die:\n{self.tail()}") from None

    def has_been_told(self):
        """Whether one has said that it was told to stop."""
        return "stopping after signal" in self._said()

    def tail(self):
        return self._said()[-4000:]

    def _said(self):
        return self._log.read_text("utf-8", "replace")

    def close(self):
        for worker in self._started:
            self.kill(worker)
