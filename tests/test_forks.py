"""Processes that are forked are told apart from those that get their ids later."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.forks import PYTHON

#: Ends at once, and with an error.
WRONG = [*PYTHON, "calendar", "no-year"]
#: Goes on until it is told to end.
ENDLESS = [*PYTHON, "http.server", "--bind", "127.0.0.1", "0"]


@pytest.fixture
def start(forks, tmp_path):
    return lambda command: forks.start(command, os.environ, tmp_path / "log")


def test_a_process_tells_with_what_it_ended(start):
    process = start(WRONG)
    assert process.wait() == process.returncode == 2
    assert not process.is_alive()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to see the dead in")
def test_an_id_stays_its_own_until_the_end_was_told_and_gets_no_signal_after_it(start, monkeypatch):
    process = start(WRONG)
    deadline = time.monotonic() + 30
    while not is_dead(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, 0)  # dead, and not buried
    process.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("somebody else was signalled"))
    process.terminate()


def is_dead(pid):
    """Whether nothing is left of it but its id."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_process_ends_by_a_signal(start):
    process = start(ENDLESS)
    assert process.is_alive()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
