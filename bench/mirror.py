"""A service with a mirrored catalogue of any size, for what is measured on a real database."""

import gc
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path

import flask_migrate
import orjson
from flask import Flask
from sqlalchemy import insert, text

from bench.render import catalogue
from sync2sys import create_app
from sync2sys.extensions import db
from sync2sys.models import Channel, Feed, Organization, Product, Variant
from sync2sys.models.base import digest
from sync2sys.services import renders

BATCH = 2000
SETTINGS = {"DATABASE_URL": "", "LOG_LEVEL": "ERROR"}


@contextmanager
def service(count: int, variants: int = 4) -> Iterator[Flask]:
    """An application on SQLite, entered, with so many variants and one published Google feed, "f".

    `variants`: of each product.

    Another process fills it, so that this one's memory is that of its own work.
    """
    with tempfile.TemporaryDirectory(prefix="sync2sys-bench-") as folder:
        subprocess.run([sys.executable, "-m", "bench.mirror", folder, str(count), str(variants)], check=True)
        app = create_app(folder, **SETTINGS)
        gc.collect()
        gc.freeze()  # as wsgi.py does
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def resident(name: str, pid: int | str = "self") -> float:
    """Megabytes in memory: VmRSS now, VmHWM at most since the process began to be this program."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise ValueError(name)


def fill(count: int, variants: int = 4) -> None:
    """Mirror a catalogue. Ids count up as in a shop, so their order as texts is not that of the table."""
    with db.engine.begin() as connection:
        organization = Organization(id="o", name="Bench", plan="starter").__dict__
        connection.execute(insert(Organization), _columns(organization))
        channel = Channel(
            id="c", organization_id="o", platform="woocommerce", origin="https://shop.example",
            origin_key="k", name="Demo shop", currency="EUR", prices_include_tax=True, weight_unit="kg",
        ).__dict__  # fmt: skip
        connection.execute(insert(Channel), _columns(channel))
        feed = Feed(id="f", organization_id="o", name="Bench", slug="bench", format="google", published=True)
        connection.execute(insert(Feed), _columns(feed.__dict__))
    rows = _rows(count, variants)
    while batch := list(islice(rows, BATCH)):
        with db.engine.begin() as connection:
            products = {product["external_id"]: product for product, _ in batch}
            connection.execute(insert(Product.__table__), list(products.values()))
            connection.execute(insert(Variant.__table__), [variant for _, variant in batch])


def _columns(state: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in state.items() if not name.startswith("_")}


def _rows(count: int, variants: int) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    for number, row in enumerate(catalogue(count, variants)):
        (
            _, _, _, title, _, description, link, image, images, brand, categories, gtin, _, sku, options,
            price, sale, begin, end, _, availability, quantity, weight, _, _, _, _, kind, _,
        ) = row  # fmt: skip
        product = {
            "channel_id": "c", "external_id": str(10 + number // variants), "kind": kind, "status": "publish",
            "published": True, "title": title, "link": link, "description": f"<p>{description}</p>",
            "text": description, "summary": "", "brand": brand, "categories": orjson.loads(categories),
            "tags": [], "images": orjson.loads(images), "attributes": {},
            "available_at": None, "meta": {}, "modified_at": None,
        }  # fmt: skip
        variant = {
            "channel_id": "c", "external_id": str(1_000_000 + number),
            "product_external_id": product["external_id"], "published": True, "purchasable": True,
            "title": "",
            "sku": sku, "gtin": gtin, "mpn": "", "description": "", "text": "", "link": link, "image": image,
            "options": orjson.loads(options), "price": Decimal(price), "sale_price": sale and Decimal(sale),
            "sale_from": begin, "sale_to": end, "availability": availability,
            "available_at": None, "quantity": quantity,
            "weight": Decimal(weight), "length": None, "width": None, "height": None, "taxable": True,
            "tax_class": "", "modified_at": None,
        }  # fmt: skip
        for record in (product, variant):
            record["content_hash"] = digest(repr(record))[:32]
        variant["product_hash"] = product["content_hash"]
        yield product, variant


def reprice(share: float) -> int:
    """Change the price of this share of the variants, spread at random, as one applied pull does."""
    with db.engine.begin() as connection:
        changed = connection.execute(
            text(
                "UPDATE variant SET price = price + 1, content_hash = lower(hex(randomblob(16))) "
                "WHERE abs(random()) % 1000000 < :share"
            ),
            {"share": round(share * 1_000_000)},
        )
        connection.execute(text("UPDATE channel SET catalog_version = catalog_version + 1"))
        return changed.rowcount


if __name__ == "__main__":
    with create_app(sys.argv[1], **SETTINGS).app_context():
        flask_migrate.upgrade()
        fill(int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] and sys.argv[3].isdecimal() else 4)
        if "rendered" in sys.argv:
            renders.render("f")
