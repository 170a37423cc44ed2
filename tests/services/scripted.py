"""A shop that does what the test says, behind the same seam as the real connectors, and a mirror of it."""

import dataclasses
import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, select, update

from sync2sys.connectors import platforms
from sync2sys.connectors.base import Page, RemoteProduct, RemoteVariant, Shop
from sync2sys.database import look, transaction
from sync2sys.extensions import db, vault
from sync2sys.models import Channel, Job, Organization, Product, Pull, PullItem, Variant
from sync2sys.models.base import digest, now
from sync2sys.services import jobs, sync

keys = itertools.count(1)


class Killed(BaseException):
    """What kill -9 is to a transaction: no handler runs."""


class ScriptedShop:
    """Products in a dictionary; `fail_at` breaks its pulls off at a page."""

    def __init__(self, page_size=2):
        self.products = {}
        self.variants = {}
        self.page_size = page_size
        self.facts = Shop(
            "Shop", "https://shop.test", "EUR", True, "kg", "cm", "Europe/Berlin", "1.0", None, {"way": 1}
        )
        self.error = None
        self.fail_at = None
        self.product_total = self.variant_total = None
        self.pulls = []
        self.snapshots = []
        self.pages_given = 0
        self.during = None
        #: variants that are listed though their product is not
        self.strays = []
        #: by page, ids of products that the shop says are gone by then
        self.gone = {}

    # What the shop's owner does

    def put(self, number, variants=1, *, at=None, **changes):
        """Add or replace a product with that many variants (0: a simple product)."""
        product_id, at = str(number), at or now()
        ids = [f"{number}-{letter}" for letter in "abcdefgh"[:variants]] or [product_id]
        self.products[product_id] = RemoteProduct(
            product_id,
            kind="variable" if variants else "simple",
            status="publish",
            published=True,
            title=changes.pop("title", f"Product {number}"),
            link=f"https://shop.test/{number}",
            description=changes.pop("description", f"<p>About {number}</p>"),
            variant_ids=tuple(ids) if variants else (),
            modified_at=at,
            **{name: changes.pop(name) for name in list(changes) if name in ("tags", "meta", "images")},
        )
        self.variants[product_id] = [
            RemoteVariant(
                variant_id,
                product_id,
                published=True,
                purchasable=True,
                price=changes.get("price", Decimal("9.90")),
                modified_at=at,
                **{name: value for name, value in changes.items() if name != "price"},
            )
            for variant_id in ids
        ]

    def fill(self, count, variants=1):
        for number in range(1, count + 1):
            self.put(number, variants)
        return self

    def remove(self, *numbers):
        for number in numbers:
            del self.products[str(number)], self.variants[str(number)]

    def reprice(self, number, price):
        """Change the price of all variants of a product, as a shop would: both get a new date."""
        product_id, at = str(number), now()
        self.products[product_id] = dataclasses.replace(self.products[product_id], modified_at=at)
        self.variants[product_id] = [
            dataclasses.replace(variant, price=Decimal(price), modified_at=at)
            for variant in self.variants[product_id]
        ]

    def drop_variant(self, number):
        """Delete the last variant of a product."""
        product_id = str(number)
        self.variants[product_id] = self.variants[product_id][:-1]
        self.products[product_id] = dataclasses.replace(
            self.products[product_id],
            variant_ids=tuple(variant.external_id for variant in self.variants[product_id]),
            modified_at=now(),
        )

    def shown(self):
        """The catalogue as `mirrored` shows it."""
        return {
            product_id: (product.title, {v.external_id: v.price for v in self.variants[product_id]})
            for product_id, product in self.products.items()
        }

    # What the service sees

    def shop(self):
        if self.error is not None and self.fail_at is None:
            raise self.error
        return self.facts

    def pull(self, since=None, cursor=None, hints=()):
        """A pull that goes on sees the catalogue as it was when it began."""
        self.pulls.append((since, cursor))
        if cursor is None:
            self.snapshots.append((dict(self.products), dict(self.variants)))
        done = cursor["done"] if cursor is not None else 0
        products, variants = self.snapshots[cursor["snapshot"] if cursor is not None else -1]
        ids = [i for i in sorted(products, key=int) if since is None or products[i].modified_at > since]
        chunks = [ids[at : at + self.page_size] for at in range(0, len(ids), self.page_size)] or [[]]
        for number in range(done, len(chunks)):
            if self.fail_at is not None and number >= self.fail_at:
                raise self.error
            self.pages_given += 1
            gone = self.gone.get(number, [])
            yield Page(
                products=[products[i] for i in chunks[number]],
                variants=[variant for i in chunks[number] for variant in variants[i]] + self.strays,
                gone_products=tuple(gone),
                gone_variants=tuple(variant.external_id for i in gone for variant in variants[i]),
                cursor={"done": number + 1, "snapshot": len(self.snapshots) - 1},
                done=number + 1,
                of=len(chunks),
                **self._totals(ids, variants, since),
            )
            if self.during is not None:
                self.during(number)

    def _totals(self, ids, variants, since):
        if since is not None:
            return {}
        gone = {i for each in self.gone.values() for i in each}
        ids = [i for i in ids if i not in gone]
        counted = sum(len(variants[i]) for i in ids) + len(self.strays)
        return {
            "product_total": len(ids) if self.product_total is None else self.product_total,
            "variant_total": counted if self.variant_total is None else self.variant_total,
        }


@pytest.fixture
def context(app):
    """The application's context, as a worker's lane has it."""
    with app.app_context():
        yield app


@pytest.fixture
def shops(monkeypatch):
    """Scripted shops by key, as a platform of their own."""
    known = {}
    scripted = platforms.Platform(
        "Scripted", lambda outbound, secrets, learnt: known[secrets.current()["key"]]
    )
    monkeypatch.setitem(platforms.PLATFORMS, "scripted", scripted)
    return known


@pytest.fixture
def connect(context, shops):
    """Connect a scripted shop; returns its channel's id."""

    def connect(shop, organization_id=None, plan="unlimited"):
        key = f"ck_{next(keys)}"
        shops[key] = shop
        return transaction(connected)(key, organization_id, plan)

    return connect


def connected(
    key, organization_id=None, plan="unlimited", platform="scripted", capabilities=None, secret="cs"
):
    if organization_id is None:
        organization = Organization(name="Org", plan=plan)
        db.session.add(organization)
        db.session.flush()
        organization_id = organization.id
    origin = f"https://{key.replace('_', '-')}.test"
    channel = Channel(
        organization_id=organization_id,
        platform=platform,
        origin=origin,
        origin_key=digest(origin),
        capabilities=capabilities or {},
        key_fingerprint=vault.fingerprint(key),
    )
    channel.credentials = {"key": key, "secret": secret}
    db.session.add(channel)
    db.session.flush()
    return channel.id


def claimed(channel_id, full=False):
    """Queue a sync and claim it."""
    transaction(lambda: jobs.enqueue("sync", channel_id, {"full": full}).id)()
    return jobs.claim(["sync"], channel_id)


def run(channel_id, full=False):
    """One sync as a worker does it: raises what it raises, after settling the job."""
    claim = claimed(channel_id, full)
    try:
        sync.run(claim)
    except Exception as error:
        fail(claim, error)
        raise
    transaction(jobs.finish)(claim)


def fail(claim, error):
    transaction(lambda: jobs.fail(claim, error).state)()


def mirrored(channel_id):
    """{product id: (title, {variant id: price})} of the live rows, whose hashes agree."""
    return look(_mirrored)(channel_id)


def _mirrored(channel_id):
    if db.engine.dialect.name != "sqlite":
        # Else a worker's commit could come between the two queries.
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    products = db.session.scalars(select(Product).where(Product.channel_id == channel_id)).all()
    hashes = {product.external_id: product.content_hash for product in products}
    found = {product.external_id: (product.title, {}) for product in products}
    for variant in db.session.scalars(select(Variant).where(Variant.channel_id == channel_id)):
        assert variant.product_hash == hashes[variant.product_external_id]
        found[variant.product_external_id][1][variant.external_id] = variant.price
    return found


def channel_of(channel_id):
    """The columns of a channel, as a dictionary."""
    return look(lambda: _columns(db.session.get(Channel, channel_id)))()


def pulls_of(channel_id):
    """The columns of a channel's pulls, oldest first."""
    query = select(Pull).filter_by(channel_id=channel_id).order_by(Pull.started_at)
    return look(lambda: [_columns(pull) for pull in db.session.scalars(query)])()


def jobs_of(kind):
    query = select(Job).filter_by(kind=kind).order_by(Job.created_at)
    return look(lambda: [_columns(job) for job in db.session.scalars(query)])()


def staged():
    return look(lambda: len(db.session.execute(select(PullItem.external_id)).all()))()


def _columns(row):
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def pass_time(seconds):
    """Let all that is measured by the clock be that much older."""
    transaction(_pass_time)(timedelta(seconds=seconds))


def _pass_time(by):
    for table, names in (
        (Job, ("due_at", "lease_until", "finished_at")),
        (Pull, ("started_at", "touched_at", "finished_at")),
        (Channel, ("synced_at", "full_synced_at", "known_until", "refused_since")),
    ):
        rows = table.__table__
        found = db.session.execute(select(rows.c.id, *(rows.c[name] for name in names))).all()
        moved = [
            {"row": row} | {name: at and at - by for name, at in zip(names, times, strict=True)}
            for row, *times in found
        ]
        if moved:
            db.session.execute(update(rows).where(rows.c.id == bindparam("row")), moved)


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
