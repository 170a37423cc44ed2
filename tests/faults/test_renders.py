"""Readers of a feed while it is rendered without end by processes that are killed in the middle."""

import csv
import gzip
import io
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sync2sys.formats import FORMATS
from sync2sys.services import renders
from tests.api.test_public_feeds import add_feed
from tests.faults.endless_renders import ITEMS, PADDING
from tests.service import Service
from tests.services import catalogues
from tests.services.catalogues import plain

KILLS = 8
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(params=[ITEMS, ITEMS // 2 - 1], ids=["one file", "three files"])
def most_items(request):
    return request.param


@pytest.fixture
def place(make_app, most_items, monkeypatch):
    """A channel and a published feed of its first version, whose files have no more items."""
    monkeypatch.setitem(FORMATS, "csv", replace(FORMATS["csv"], most_items=most_items))
    app = make_app()
    with app.app_context():
        organization = catalogues.organization()
        channel = catalogues.channel(organization)
        catalogues.fill(channel, plain(ITEMS, title="Version 0", text=PADDING))
        feed = add_feed(organization, "a-feed", "csv")
        renders.render(feed)
    return channel, feed


@pytest.fixture
def web(instance, database_url, place):
    service = Service(instance, database_url, FEED_RATE="1000000", LOG_LEVEL="WARNING")
    service.start("web")
    try:
        service.await_web()
        yield service
    finally:
        service.stop()


class Reader(threading.Thread):
    """Reads the files of a feed over and over, and checks each answer whole."""

    def __init__(self, urls, done, *, coding="identity", pause=0.0):
        super().__init__()
        self.urls, self.done, self.coding, self.pause = urls, done, coding, pause
        self.versions, self.reads, self.complete, self.fault = set(), 0, 0, None

    def run(self):
        try:
            # A reader without pauses starves what it reads from.
            while not self.done.wait(0.05):
                files = [self.read(url) for url in self.urls]
                self.reads += 1
                if len({generation for generation, _ in files}) == 1:
                    self.complete += 1
                    assert len(set().union(*(ids for _, ids in files))) == ITEMS
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self.fault = error

    def read(self, url):
        """A file's generation and the ids in it."""
        with requests.get(url, headers={"Accept-Encoding": self.coding}, stream=True, timeout=60) as answer:
            assert answer.status_code == 200, answer.text
            pieces = []
            # urllib3 raises where fewer bytes come than Content-Length has promised.
            for piece in answer.raw.stream(64 * 1024, decode_content=False):
                pieces.append(piece)
                time.sleep(self.pause)
        body = b"".join(pieces)
        assert len(body) == int(answer.headers["Content-Length"])
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        rows = list(csv.DictReader(io.StringIO(body.decode())))
        ids, titles = ({row[name] for row in rows} for name in ("id", "title"))
        assert len(rows) == len(ids) == int(answer.headers["X-Feed-Products"])
        assert len(titles) == 1
        self.versions |= titles
        return answer.headers.get("X-Feed-Generation"), ids


def test_a_feed_is_never_empty_cut_or_mixed_while_its_renderers_are_killed(
    instance, database_url, place, most_items, web
):
    url = f"{web.url}/api/public/feeds/a-feed"
    urls = [url] if most_items == ITEMS else [url, f"{url}.2", f"{url}.3"]
    done = threading.Event()
    readers = [
        Reader(urls, done),
        Reader(urls, done, coding="gzip"),
        Reader([f"{url}.gz" for url in urls], done, pause=0.01),
        Reader(urls, done, pause=0.02),
    ]
    command = [sys.executable, "-m", "tests.faults.endless_renders"]
    for reader in readers:
        reader.start()
    try:
        killed = subprocess.run(
            [*command, str(instance), database_url, *place, str(KILLS), str(most_items)],
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
    assert min(reader.reads for reader in readers) >= 3
    assert sum(reader.complete for reader in readers) >= 4
    assert len(set().union(*(reader.versions for reader in readers))) >= KILLS / 2
