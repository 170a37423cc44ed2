"""Readers of a feed while it is rendered without end by processes that are killed in the middle."""

import csv
import gzip
import io
import subprocess
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path

import pytest
import requests

from sync2sys.services import renders
from tests.api.test_public_feeds import add_feed
from tests.faults.endless_renders import ITEMS, PADDING
from tests.service import Service
from tests.services import catalogues
from tests.services.catalogues import plain

KILLS = 16
#: Seconds between two reads of a reader: without them readers take the time in which things could happen.
BREATH = 0.05
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def place(make_app):
    """A channel and a published feed of its first version."""
    app = make_app()
    with app.app_context():
        organization = catalogues.organization()
        channel = catalogues.channel(organization)
        catalogues.fill(channel, plain(ITEMS, title="Version 0", text=PADDING))
        feed = add_feed(organization, "a-feed", "csv")
        renders.render(feed)
    return channel, feed


@pytest.fixture
def web(instance, database_url, forks, place):
    service = Service(instance, database_url, forks, FEED_RATE="1000000", LOG_LEVEL="WARNING")
    service.start("web")
    try:
        service.await_web()
        yield service
    finally:
        service.stop()


class Reader(threading.Thread):
    """Reads a feed over and over, and checks each answer whole."""

    def __init__(self, url, done, *, coding="identity", pause=0.0):
        super().__init__()
        self.url, self.done, self.coding, self.pause = url, done, coding, pause
        self.versions, self.reads, self.fault = set(), 0, None

    def run(self):
        try:
            while not self.done.is_set():
                self.read()
                self.reads += 1
                time.sleep(BREATH)
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self.fault = error

    def read(self):
        with requests.get(
            self.url, headers={"Accept-Encoding": self.coding}, stream=True, timeout=30
        ) as answer:
            assert answer.status_code == 200, answer.text
            pieces = []
            # urllib3 raises where fewer bytes come than Content-Length has promised.
            for piece in answer.raw.stream(64 * 1024, decode_content=False):
                pieces.append(piece)
                time.sleep(self.pause)
        body = b"".join(pieces)
        assert len(body) == int(answer.headers["Content-Length"])
        assert answer.headers["X-Feed-Products"] == str(ITEMS)
        self.versions.add(version_of(body))


@lru_cache(maxsize=8)
def version_of(body):
    """The version of all items of a feed, which are all there. Equal bytes are not looked at again."""
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert len(rows) == len({row["id"] for row in rows}) == ITEMS
    (title,) = {row["title"] for row in rows}
    return title


def test_a_feed_is_never_empty_cut_or_mixed_while_its_renderers_are_killed(
    instance, database_url, place, web
):
    url = f"{web.url}/api/public/feeds/a-feed"
    done = threading.Event()
    readers = [
        Reader(url, done),
        Reader(url, done, coding="gzip"),
        Reader(f"{url}.gz", done, pause=0.01),
        Reader(url, done, pause=0.02),
    ]
    command = [sys.executable, "-m", "tests.faults.endless_renders"]
    for reader in readers:
        reader.start()
    try:
        killed = subprocess.run(
            [*command, str(instance), database_url, *place, str(KILLS)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    finally:
        done.set()
        for reader in readers:
            reader.join(60)
    assert killed.returncode == 0, killed.stderr[-3000:]
    assert killed.stdout.count("killed") == KILLS
    assert [reader.fault for reader in readers] == [None] * len(readers)
    assert min(reader.reads for reader in readers) >= 5
    assert len(set().union(*(reader.versions for reader in readers))) >= KILLS / 2
