"""A merchant with a connected WooCommerce shop whose prices and stock come from suppliers."""

import copy
import json
from decimal import Decimal

from sqlalchemy import update

from sync2sys.connectors import woocommerce
from sync2sys.connectors.line import Patience
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, Standing
from sync2sys.models.base import now
from sync2sys.outbound import Allowed, Outbound
from sync2sys.services import jobs
from sync2sys.worker import HANDLERS, Worker
from tests.api.test_feeds import Owner
from tests.services import catalogues, lists
from tests.services.test_pricing import POLICY

SIZE = {"id": 4, "name": "Size", "variation": True, "visible": True, "options": ["S", "M"]}


def counted(sku, price, pieces, **fields):
    return {
        "sku": sku,
        "regular_price": price,
        "manage_stock": True,
        "stock_quantity": pieces,
        "attributes": [],
    } | fields


def sized(number, option, **fields):
    return counted(**fields) | {"id": number, "attributes": [{"id": 4, "name": "Size", "option": option}]}


#: 11 and 12, and 21 and 22 of 20.
PRODUCTS = [
    {"id": 11, "name": "Mug"} | counted("A-1", "9.99", 5),
    {"id": 12, "name": "Poster"} | counted("A-2", "20.00", 1),
    {
        "id": 20,
        "name": "Shirt",
        "type": "variable",
        "attributes": [SIZE],
        "variations": [
            sized(21, "S", sku="A-3", price="30.00", pieces=7),
            sized(22, "M", sku="A-4", price="30.00", pieces=7),
        ],
    },
]
#: The same as a sync leaves it.
MIRROR = {
    "11": {"sku": "A-1", "price": "9.99", "quantity": 5},
    "12": {"sku": "A-2", "price": "20.00", "quantity": 1},
    "21": {"product": "20", "sku": "A-3", "price": "30.00", "quantity": 7},
    "22": {"product": "20", "sku": "A-4", "price": "30.00", "quantity": 7},
}
LEARNT = {}
#: What comes of it: 7.99 and 8, 11.99 and 0. Nobody offers A-4.
LIST = ("A-1;;5,00;10", "A-2;;7,50;2", "A-3;;20,00;9")
#: Of A-3, and of all.
DECIDED = {"11": ("7.99", 8), "12": ("11.99", 0), "21": ("30.99", 7)}
NO_CEILING = {"share": None, "values": None, "priceChange": None}


class Merchant(Owner):
    def __init__(self, app, shop, email="alice@shop.example"):
        super().__init__(app, email)
        self.app, self.shop = app, shop
        with app.app_context():
            catalogues.fill(self.channel, MIRROR)
            transaction(self._connect)()
            self.supplier = lists.supplier(self.organization)

    @property
    def facts(self):
        return super().facts | {"supplier": self.supplier}

    def _connect(self):
        channel = db.session.get_one(Channel, self.channel)
        channel.origin, channel.capabilities = self.shop.url, learnt(self.app, self.shop)
        channel.credentials = {"key": self.shop.key, "secret": self.shop.secret}
        channel.known_until = channel.full_synced_at = now()

    # What is done

    def deliver(self, *rows):
        """A list comes, and everything follows from it."""
        with self.app.app_context():
            lists.deliver(self.supplier, *rows)
        self.work()

    def decide(self, *rows):
        """A list comes, and is decided upon, and nothing is written yet."""
        with self.app.app_context():
            lists.deliver(self.supplier, *rows)
        self.work("pricing")

    def sync(self, *kinds):
        """The mirror looks at the shop, and everything follows from it, or only these kinds of jobs."""
        with self.app.app_context():
            transaction(lambda: jobs.enqueue("sync", self.channel, {"full": True}).id)()
        self.work(*kinds)

    def price_by(self, **given):
        body = {"policy": POLICY, "taxRates": {"": "19"}} | given
        self.ask("PUT", f"/channels/{self.channel}/pricing", json=body)
        self.work()

    def turn(self, state, price="shop", quantity="supplier", work=(), **given):
        body = {"state": state, "policy": {"price": price, "quantity": quantity}, "ceiling": NO_CEILING}
        self.ask("PUT", f"/channels/{self.channel}/writing", json=body | given)
        self.work(*work)

    def work(self, *kinds):
        """Do all that is queued and due, as a worker does."""
        with self.app.app_context():
            worker = Worker(self.app)
            while (claim := jobs.claim(kinds or list(HANDLERS))) is not None:
                worker.work(claim)

    def hasten(self):
        """Let what waits be due, and what a dead worker has be free."""
        with self.app.app_context():
            times = {"due_at": now(), "lease_until": now()}
            transaction(
                lambda: db.session.execute(update(Job).where(Job.live_key.is_not(None)).values(times))
            )()

    # What is seen

    def ask(self, method, path, status=None, **options):
        answer = self.call(method, path, **options)
        assert answer.status_code == status or (status is None and answer.status_code < 300), answer.text
        return answer.json

    def writing(self, path="", method="GET", **options):
        return self.ask(method, f"/channels/{self.channel}/writing{path}", **options)

    def runs(self):
        """[(kind, state, counts)], oldest first."""
        found = self.writing("/runs?perPage=200")["items"]
        return [(each["kind"], each["state"], each["counts"]) for each in reversed(found)]

    def last(self):
        return self.writing("/runs")["items"][0]

    def lines(self, run=None, query=""):
        """{(variant, field): line} of a run, of the last one where none is named."""
        found = self.writing(f"/runs/{run or self.last()['id']}/lines?perPage=200{query}")["items"]
        return {(each["key"], each["field"]): each for each in found}

    def told(self, run=None):
        """{(variant, field): (before, after, state, code)}"""
        names = ("before", "after", "state", "code")
        return {key: tuple(line[name] for name in names) for key, line in self.lines(run).items()}

    def has(self):
        """What the shop's own books say: {variant: (price, quantity)}."""
        records = {key: self.shop.records[key] for key in (11, 12, 21, 22) if key in self.shop.records}
        return {str(key): (row["regular_price"], row["stock_quantity"]) for key, row in records.items()}

    def mirrored(self, external_id):
        def found():
            query = "SELECT price, quantity FROM variant WHERE channel_id = :c AND external_id = :e"
            row = db.session.execute(db.text(query), {"c": self.channel, "e": external_id}).one()
            return Decimal(row.price), row.quantity

        with self.app.app_context():
            return look(found)()

    def sent(self):
        """The items of the batches that the shop got, in order."""
        found = []
        for request in self.shop.asked("batch"):
            if request.method == "POST":
                found += json.loads(request.body)["update"]
        return found


def age_standings(merchant, by):
    """Let what is known of each value have been noted so much earlier."""
    with merchant.app.app_context():
        transaction(lambda: db.session.execute(update(Standing).values(noted_at=now() - by)))()


def learnt(app, shop):
    """What connecting learns of the shop, which is asked once."""
    if shop.url not in LEARNT:
        outbound, sleepless = app.extensions["sync2sys"]["outbound"], Patience(sleep=no_sleep)
        found = woocommerce.connect(outbound, shop.url, shop.key, shop.secret, patience=sleepless)
        LEARNT[shop.url] = found.capabilities
    return LEARNT[shop.url]


def no_sleep(seconds):
    pass


def spared(app, monkeypatch):
    """The application without its waiting for shops that are busy, or were."""
    monkeypatch.setattr(Patience.__init__, "__defaults__", (*Patience.__init__.__defaults__[:-1], no_sleep))
    ours = app.extensions["sync2sys"]
    ours["outbound"].close()
    ours["outbound"] = Outbound(Allowed.parse("127.0.0.0/8"), breaker=False)
    return app


def emptied(shop, records):
    """The shop as it was before a test had it."""
    with shop.lock:
        shop.records.clear()
        shop.records.update(copy.deepcopy(records))
    shop._faults.clear()
    shop.requests.clear()
    for key in shop.key_ring.values():
        key.permissions = "read_write"
    return shop
