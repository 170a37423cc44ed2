"""What a worker needs to mirror a large Shopify shop by a bulk operation: memory that does not grow with it.

The shop has as many products as Shopify's lists do not reach any more. It is in a process of its own, which
executes the operation on Shopify's published schema; that takes most of the time.

    python -m bench.shopify [--products 25001] [--variants 2]
"""

import argparse
import multiprocessing
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import flask_migrate

from bench.mirror import resident
from sync2sys import create_app
from sync2sys.config import PREFIX
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, Organization, Pull, Variant
from sync2sys.models.base import digest
from sync2sys.processes import worker_command
from sync2sys.services import jobs

PRODUCTS, VARIANTS = 25_001, 2
MEGABYTES = 200
VERSION = "2026-10"
LONGEST_SECONDS = 1200


def run(products: int = PRODUCTS, variants: int = VARIANTS) -> Iterator[tuple[str, str, str, bool]]:
    """Yields (what, measured, requirement, met)."""
    with (
        tempfile.TemporaryDirectory(prefix="sync2sys-bench-") as folder,
        _shop(folder, products, variants) as shop,
    ):
        app = create_app(folder, LOG_LEVEL="ERROR")
        with app.app_context():
            flask_migrate.upgrade()
            channel_id = transaction(_connect)(shop)
            idle, most, seconds = _synced(folder, shop)
            mirrored = look(_mirrored)(channel_id)
            db.session.remove()
            db.engine.dispose()
    count = products * variants
    yield (
        f"resident memory of a worker that mirrors a Shopify shop with {count:,} variants",
        f"{most:.0f} MB at most ({idle:.0f} MB before, {mirrored:,} variants in {seconds:.0f} s)",
        f"under {MEGABYTES} MB",
        most < MEGABYTES and mirrored == count,
    )


@contextmanager
def _shop(folder: str, products: int, variants: int) -> Iterator[dict[str, str]]:
    """A fake Shopify in a process of its own: its domain, a token, and the environment that leads there."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(theirs, folder, products, variants), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.send("close")
        process.join(30)


def _serve(control: Connection, folder: str, products: int, variants: int) -> None:
    import trustme

    from tests.shops.shopify import schema
    from tests.shops.shopify.bulk import BulkOperations
    from tests.shops.shopify.platform import Shopify
    from tests.shops.shopify.synthetic import BigCatalogue

    class Background(BulkOperations):
        """Works on an operation while it is looked at, as Shopify does."""

        def __init__(self, shop):
            super().__init__(shop)
            self.course = ("RUNNING",)

        def start(self, *asked):
            operation = super().start(*asked)
            threading.Thread(target=self.finish, args=(operation,), daemon=True).start()
            return operation

    schema.load(VERSION)
    authority = trustme.CA()
    ca_file = str(Path(folder) / "ca.pem")
    authority.cert_pem.write_to_path(ca_file)
    with Shopify(authority) as shopify:
        shop = shopify.add_shop("big", BigCatalogue(products, variants))
        shop.bulk = Background(shop)
        control.send(
            {"domain": shop.domain, "token": shop.token(shopify.add_app())} | shopify.environment(ca_file)
        )
        control.recv()


def _connect(shop: dict[str, str]) -> str:
    organization = Organization(name="Bench", plan="unlimited")
    db.session.add(organization)
    db.session.flush()
    origin = f"https://{shop['domain']}"
    channel = Channel(
        organization_id=organization.id,
        platform="shopify",
        origin=origin,
        origin_key=digest(origin),
        capabilities={"domain": shop["domain"], "weight_unit": "kg"},
    )
    channel.credentials = {"client_id": "bench", "access_token": shop["token"]}
    db.session.add(channel)
    db.session.flush()
    jobs.enqueue("sync", channel.id, {"full": True})
    return channel.id


def _synced(folder: str, shop: dict[str, str]) -> tuple[float, float, float]:
    """Let a worker do it: its memory in megabytes when it begins and at most, and how long it took."""
    given = {"INSTANCE": folder, "OUTBOUND_ALLOW": "127.0.0.0/8", "SYNC_MINUTES": "0", "LOG_LEVEL": "WARNING"}
    given["SHOPIFY_API_VERSION"] = VERSION
    led = {name: shop[name] for name in ("PYTHONPATH", "FAKE_SHOPIFY")}
    environ = os.environ | led | {PREFIX + name: value for name, value in given.items()}
    began = time.monotonic()
    worker = subprocess.Popen(worker_command(), env=environ)
    idle = 0.0
    try:
        while look(_is_live)():
            if time.monotonic() - began > LONGEST_SECONDS:
                raise TimeoutError("the shop was not mirrored")
            if not idle and look(_has_begun)():
                idle = resident("VmRSS", worker.pid)
            time.sleep(0.2)
        return idle, resident("VmHWM", worker.pid), time.monotonic() - began
    finally:
        worker.terminate()
        worker.wait(60)


def _is_live() -> bool:
    return db.session.query(Job.id).filter(Job.kind == "sync", Job.live_key.is_not(None)).first() is not None


def _has_begun() -> bool:
    return db.session.query(Pull.id).first() is not None


def _mirrored(channel_id: str) -> int:
    return db.session.query(Variant.id).filter_by(channel_id=channel_id).count()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--variants", type=int, default=VARIANTS)
    given = parser.parse_args()
    for what, measured, requirement, met in run(given.products, given.variants):
        print(f"{'met   ' if met else 'MISSED'}  {what}: {measured} (required: {requirement})", flush=True)
