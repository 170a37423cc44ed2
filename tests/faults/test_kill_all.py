"""kill -9 of web and worker by turns while the shop changes and a reader never stops reading.

Every product's name carries the number of the round in which the owner last changed the shop, so a feed
that mixes two of its versions shows it.
"""

import gzip
import random
import re
import threading
import time
import zlib
from collections import Counter

import pytest
import requests
import urllib3
from lxml import etree
from sqlalchemy import update

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Job
from sync2sys.models.base import now
from tests.faults.workers import Workers
from tests.service import Service
from tests.shops.woocommerce import WooShop

SEED = 5
ROUNDS = 6
#: Kills of the worker and of the web in each round.
WORKER_KILLS, WEB_KILLS = 4, 1
PRODUCTS = 240
#: Seconds that the shop takes for an answer, so that kills land inside a sync.
SLOW = 0.05


class Reader(threading.Thread):
    """Reads the feed all the time, in every form, and looks at each answer."""

    def __init__(self, url):
        super().__init__()
        self.url, self.stop = url, threading.Event()
        self.seen, self.wrong, self.broken = Counter(), [], 0

    def run(self):
        forms = [("", "identity"), ("", "gzip"), (".gz", "identity")]
        while not self.stop.is_set():
            for suffix, encoding in forms:
                try:
                    self._read(suffix, encoding)
                except (requests.RequestException, urllib3.exceptions.HTTPError):
                    self.broken += 1  # A web that is killed breaks connections, and says so.
                time.sleep(0.05)  # A reader without pauses starves what it reads from.

    def _read(self, suffix, encoding):
        answer = requests.get(
            self.url + suffix, headers={"Accept-Encoding": encoding}, timeout=20, stream=True
        )
        body = answer.raw.read(decode_content=False)
        if len(body) != int(answer.headers["Content-Length"]):
            self.broken += 1  # Cut, and known to be: the length was promised.
            return
        try:
            self._look_at(
                answer, body, packed=bool(suffix) or answer.headers.get("Content-Encoding") == "gzip"
            )
        except (ValueError, AssertionError, OSError, zlib.error, etree.XMLSyntaxError) as error:
            self.wrong.append(f"{answer.status_code} {suffix} {encoding}: {error!r}")

    def _look_at(self, answer, body, packed):
        assert answer.status_code == 200, body[:200]
        items = etree.fromstring(gzip.decompress(body) if packed else body).findall("channel/item")
        rounds = {re.search(r"round (\d+)", item.findtext("title")).group(1) for item in items}
        assert len(rounds) == 1, f"mixed: {rounds}"
        assert len(items) == PRODUCTS == int(answer.headers["X-Feed-Products"])
        self.seen[int(rounds.pop())] += 1


@pytest.fixture
def shop():
    with WooShop([product(number, 0) for number in range(PRODUCTS)]) as shop:
        yield shop


def product(number, round_number):
    return {
        "name": name(number, round_number),
        "type": "simple",
        "regular_price": "10.00",
        "description": f"Product {number}",
        "images": [f"https://cdn.example.com/{number}.jpg"],
    }


def name(number, round_number):
    return f"Product {number} of round {round_number}"


def rename_all(shop, round_number):
    with shop.lock:
        for place, number in enumerate(list(shop.records)):
            shop.edit(number, name=name(place, round_number))


@pytest.fixture
def service(instance, database_url, forks):
    service = Service(
        instance, database_url, forks, FEED_RATE="1000000", API_RATE="1000000", SYNC_MINUTES="0"
    )
    service.start("web")
    try:
        service.await_web()
        yield service
    finally:
        service.stop()


@pytest.fixture
def workers(forks, service, instance, database_url):
    workers = Workers(forks, instance, database_url, SYNC_MINUTES="0", PUBLIC_URL=service.url)
    yield workers
    workers.close()


def let_leases_run_out(app):
    """A minute passes."""

    def expire():
        db.session.execute(update(Job).where(Job.state == "running").values(lease_until=now()))
        db.session.execute(update(Job).where(Job.state == "queued").values(due_at=now()))

    with app.app_context():
        transaction(expire)()


def test_the_feed_is_whole_whatever_is_killed(app, service, workers, shop):
    chance = random.Random(SEED)
    api = f"{service.url}/api"
    connected = requests.post(
        f"{api}/stores/connect",
        json={
            "storeUrl": shop.url,
            "consumerKey": shop.key,
            "consumerSecret": shop.secret,
            "email": "a@b.example",
        },
        timeout=20,
    ).json()
    auth = {"Authorization": f"Bearer {connected['token']}"}
    sync_url = f"{api}/channels/{connected['channelId']}/sync"
    worker = workers.start()
    feed = requests.post(
        f"{api}/feeds",
        json={"name": "Google", "format": "google", "slug": "kill-all", "published": True},
        headers=auth,
        timeout=20,
    ).json()

    def shows(round_number):
        answer = requests.get(feed["url"], timeout=20)
        return answer.status_code == 200 and f"round {round_number}<" in answer.text

    def await_round(round_number):
        service.until(lambda: shows(round_number), 120)

    await_round(0)
    shop.fault("slow", seconds=SLOW)
    reader = Reader(feed["url"])
    reader.start()
    try:
        for round_number in range(1, ROUNDS + 1):
            rename_all(shop, round_number)
            service.until(lambda: requests.post(sync_url, json={"full": True}, headers=auth, timeout=10).ok)
            kills = ["worker"] * WORKER_KILLS + ["web"] * WEB_KILLS
            chance.shuffle(kills)
            for what in kills:
                time.sleep(chance.uniform(0.0, 0.4))
                if what == "web":
                    service.kill("web")
                    service.start("web")
                else:
                    workers.kill(worker)
                    let_leases_run_out(app)
                    worker = workers.start()
            service.await_web()
            await_round(round_number)
        service.until(lambda: max(reader.seen, default=0) == ROUNDS)
    finally:
        reader.stop.set()
        reader.join()
    assert reader.wrong == []
    assert max(reader.seen) == ROUNDS
    assert sum(reader.seen.values()) > 50
    status = requests.get(f"{api}/sync/status", headers=auth, timeout=10).json()
    assert status["products_synced"] == PRODUCTS
    with app.app_context():
        assert db.session.query(Job).filter_by(state="failed").count() == 0
