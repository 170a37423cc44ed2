"""Render a feed anew without end, and be killed -9 in the middle again and again.

    python -m tests.faults.endless_renders INSTANCE DATABASE_URL CHANNEL FEED KILLS MOST_ITEMS

Each child changes the whole catalogue to its next version, renders it, and goes on until it is killed
at a random moment; every second one is left alone until it has published a version. The parent prints one
line a kill.
"""

import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from sync2sys import create_app
from sync2sys.extensions import db
from sync2sys.formats import FORMATS
from sync2sys.models import Channel
from sync2sys.services import renders
from tests.services import catalogues

ITEMS = 3000
PADDING = "A description of a useful length. " * 15


def main(instance, database_url, channel, feed, kills, most_items):
    cap(int(most_items))
    dice = random.Random(4711)
    for number in range(int(kills)):
        here, there = os.pipe()
        child = os.fork()
        if child == 0:
            work(instance, database_url, channel, feed, os.fdopen(there, "w"))
        os.close(there)
        with os.fdopen(here) as told:
            assert told.readline() == "begun\n"
            if number % 2 == 0:
                # How fast the machine is, is nobody's promise: so a version's time is measured.
                cycle = float(told.readline())
            await_work(child, used(child) + dice.uniform(0, 1.2) * cycle)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"the renderer ended by itself: {status}")
        print(f"killed {number + 1}", flush=True)


def cap(most_items):
    """Let files of the CSV format have no more items."""
    FORMATS["csv"] = replace(FORMATS["csv"], most_items=most_items)


def await_work(pid, seconds):
    """Wait until the process has worked so long: how far it is then depends on no other process."""
    deadline = time.monotonic() + 300
    while used(pid) < seconds and time.monotonic() < deadline:
        time.sleep(0.005)


def used(pid):
    """Seconds of processor time that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return time.monotonic()  # Not on Linux: by the clock then.
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(instance, database_url, channel, feed, told):
    """Make one version after the other, and tell the processor time that each took."""
    parent = os.getppid()
    try:
        app = create_app(instance, DATABASE_URL=database_url, RENDERS_KEPT="1", LOG_LEVEL="WARNING")
        print("begun", file=told, flush=True)
        with app.app_context():
            # A parent that was killed takes its child along.
            while os.getppid() == parent:
                start = time.process_time()
                version = db.session.get_one(Channel, channel).catalog_version
                catalogues.fill(channel, catalogues.plain(ITEMS, title=f"Version {version}", text=PADDING))
                renders.render(feed)
                print(time.process_time() - start, file=told, flush=True)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
