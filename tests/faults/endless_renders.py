"""Render a feed anew without end, and be killed -9 in the middle again and again.

    python -m tests.faults.endless_renders INSTANCE DATABASE_URL CHANNEL FEED KILLS MOST_ITEMS

Each child changes the whole catalogue to its next version, renders it, and goes on until it is killed
at a random moment. The parent prints one line a kill.
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
        child = os.fork()
        if child == 0:
            work(instance, database_url, channel, feed)
        await_work(child, dice.uniform(0.3, 1.1))
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
    deadline = time.monotonic() + 20 * seconds
    while time.monotonic() < deadline:
        time.sleep(0.01)
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            time.sleep(seconds)  # Not on Linux: by the clock then.
            return
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= seconds:
            return


def work(instance, database_url, channel, feed):
    try:
        app = create_app(instance, DATABASE_URL=database_url, RENDERS_KEPT="1", LOG_LEVEL="WARNING")
        with app.app_context():
            while True:
                version = db.session.get_one(Channel, channel).catalog_version
                catalogues.fill(channel, catalogues.plain(ITEMS, title=f"Version {version}", text=PADDING))
                renders.render(feed)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
