"""The demo shop: a WooCommerce shop's catalogue and behaviour behind a real socket.

`python -m sync2sys.demo.shop --port 8090` opens it with the bundled catalogue. Nothing is stored:
a shop that is started again has what it had at first.
"""

import argparse
import copy
import random
import signal
import ssl
import sys
import threading
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import unquote

from sync2sys.demo import catalogue as bundled
from sync2sys.demo import keys, listing, pages, rest, shapes, versions
from sync2sys.demo.keys import Key
from sync2sys.demo.records import (
    PRODUCT,
    TAX,
    VARIATION,
    Catalogue,
    Record,
    price_of,
    settle_stock,
    slugify,
    stamp,
)
from sync2sys.demo.web import Answer, Request, Server
from sync2sys.demo.webhooks import Webhooks

DEMO_KEY = Key("ck_5d1f0c3b7a9e2468ace013579bdf02468ace1357", "cs_9b8a7c6d5e4f30211203f4e5d6c7b8a99b8a7c6d")
DEMO_ID = "6f0d5c1e-52c4-4c1e-9a53-0d3a7b1f4e20"
CET = timezone(timedelta(hours=1))

UNCATEGORIZED: Record = {"id": 15, "name": "Uncategorized", "slug": "uncategorized", "parent": 0}

#: when the products of a catalogue that names no dates were made: one a minute from here on
FOUNDED = datetime(2025, 11, 3, 8, 0, tzinfo=UTC)


class Shop:
    """A catalogue that lives: products can be added, edited, sold, put on sale, trashed, deleted.

    `version` is the WooCommerce version it claims to be; `all_variations` and `analytics` switch the
    two routes to all variations on or off against it. `path` is the folder it is installed in.
    `now` stops the shop's clock at a moment, which `advance` then moves. With `cron` the shop's own
    jobs run after every request, as a busy shop's would; without it they wait for `run_jobs`.
    `taxes` are its tax rates, such as `{"country": "DE", "rate": "19.0000"}`.
    `home` fixes the address the shop takes for its own instead of following the request's.
    """

    def __init__(
        self,
        catalogue: Catalogue | Iterable[Record] = (),
        *,
        name: str = "Fern & Hollow",
        version: str = "11.0.1",
        currency: str = "EUR",
        prices_include_tax: bool = True,
        taxes: Iterable[Record] = (),
        zone: tzinfo = CET,
        path: str = "",
        permalinks: str = "pretty",
        home: str | None = None,
        store_id: str | None = None,
        now: datetime | None = None,
        cron: bool = False,
        all_variations: bool | None = None,
        analytics: bool | None = None,
        key: Key | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.currency: str = currency
        self.prices_include_tax: bool = prices_include_tax
        self.charges_tax: bool = True
        #: as the settings have it, with the state
        self.country: str = "DE:DE-BY"
        self.taxes = [TAX | {"id": number} | fields for number, fields in enumerate(taxes, 1)]
        self.weight_unit: str = "kg"
        self.dimension_unit: str = "cm"
        self.zone = zone
        self.path = path
        self.permalinks = permalinks
        self.home = home
        self.cron = cron
        self.store_id = store_id or str(uuid.uuid4())
        self.features = versions.features(version, all_variations=all_variations, analytics=analytics)
        self.lock = threading.RLock()
        self.key_ring: dict[str, Key] = {}
        first = key or Key()
        self.key_ring[first.key] = first
        self.key, self.secret = first.key, first.secret
        self.categories: dict[int, Record] = {}
        self.records: dict[int, Record] = {}
        self.uploads: set[str] = set()
        self._children: dict[int, list[int]] = {}
        self._frozen = now
        self._shift = timedelta()
        self._last_id = 10
        self._dice = random.Random(0)  # noqa: S311 - only shuffles
        self._server: Server | None = None
        self.webhooks = Webhooks(self)
        self._open(catalogue if isinstance(catalogue, Catalogue) else Catalogue(catalogue))

    def _open(self, catalogue: Catalogue) -> None:
        self.categories = {each["id"]: dict(each) for each in (UNCATEGORIZED, *catalogue.categories)}
        for minute, product in enumerate(catalogue.products):
            founded = stamp(FOUNDED + timedelta(minutes=minute))
            self.add({"date_created_gmt": founded, **product})

    # The clock and the shop's own jobs

    def now(self) -> datetime:
        return (self._frozen or datetime.now(UTC)) + self._shift

    def now_text(self) -> str:
        return stamp(self.now())

    def advance(self, **time: float) -> None:
        """Let time pass in the shop: `advance(days=3)`. Its jobs do not run by that."""
        self._shift += timedelta(**time)

    def run_jobs(self) -> None:
        """What WP-Cron would do by now: start and end sales, publish what was scheduled.

        Until it runs, `price` lags behind `on_sale`, and `date_modified` has not moved.
        """
        with self.lock:
            now = self.now_text()
            for record in list(self.records.values()):
                price = price_of(record, now)
                if record["type"] not in ("variable", "grouped") and price != record["price"]:
                    record["price"] = price
                    self._touch(record)
                if record["status"] == "future" and record["date_created_gmt"] <= now:
                    record["status"] = "publish"

    def run_cron(self) -> list[int | None]:
        """A visit: the shop's jobs run, and its webhooks deliver. Returns the deliveries' statuses."""
        self.run_jobs()
        return self.webhooks.deliver()

    # What the shop has

    def has(self, feature: str) -> bool:
        return feature in self.features

    def children(self, product_id: int) -> list[Record]:
        """A product's variations, private ones included, trashed ones not."""
        found = (self.records[number] for number in self._children.get(product_id, ()))
        return [record for record in found if record["status"] != "trash"]

    def select(self, kind: str, given: dict[str, Any], parent: int | None = None) -> list[Record]:
        """The `product`s or `variation`s that checked list parameters ask for, in order."""
        if parent is not None:
            pool = [self.records[number] for number in self._children.get(parent, ())]
        elif kind == "product" and given.get("sku"):
            # Asked for a sku, the products' list holds variations too.
            pool = list(self.records.values())
        else:
            pool = [
                each
                for each in self.records.values()
                if (each["type"] == "variation") is (kind == "variation")
            ]
        return listing.chosen(pool, given, self._view())

    def _view(self) -> listing.View:
        now = self.now_text()
        return listing.View(
            zone=self.zone,
            local=lambda gmt: str(shapes.local(gmt, self.zone)),
            figures=lambda record: shapes.worked_out(self, record, now),
            has=self.has,
        )

    def count(self, kind: str) -> int:
        return sum(
            (record["type"] == "variation") is (kind == "variation") for record in self.records.values()
        )

    def related(self, product_id: int) -> list[int]:
        """Up to five other products, in another order each time."""
        few = [number for number in range(product_id - 4, product_id + 5) if number != product_id]
        near = [number for number in few if number in self.records and not self.records[number]["parent_id"]]
        return self._dice.sample(near, min(5, len(near)))

    # What happens to it

    def add(self, fields: Record) -> int:
        """Put a product on the shelf and return its id. Missing fields get WooCommerce's defaults.

        `variations` holds the variations themselves; images may be plain addresses, and one that
        starts with a single `/` is the shop's own; categories and other terms may be names.
        """
        with self.lock:
            variations = fields.get("variations", ())
            record = self._enter(PRODUCT, {key: fields[key] for key in fields if key != "variations"})
            record["categories"] = [self._category(each) for each in record["categories"] or [UNCATEGORIZED]]
            for variation in variations:
                self.add_variation(
                    record["id"], {"date_created_gmt": record["date_created_gmt"], **variation}
                )
            self.webhooks.happened("created", record["id"])
            return int(record["id"])

    def add_variation(self, parent_id: int, fields: Record) -> int:
        """Add a variation to a product and return its id."""
        with self.lock:
            record = self._enter(VARIATION, {**fields, "parent_id": parent_id, "type": "variation"})
            self._children.setdefault(parent_id, []).append(record["id"])
            if "date_created_gmt" not in fields:
                self._touch(record)
            self.webhooks.happened("created", record["id"])
            return int(record["id"])

    def _enter(self, defaults: Record, fields: Record) -> Record:
        record = copy.deepcopy(defaults) | copy.deepcopy(fields)
        record["id"] = record.get("id") or self._last_id + 1
        self._last_id = max(self._last_id, record["id"])
        record.setdefault("date_created_gmt", self.now_text())
        # One that is to be published later has been made already.
        record.setdefault("date_modified_gmt", min(record["date_created_gmt"], self.now_text()))
        if not record["slug"] and record["status"] not in ("draft", "pending", "future"):
            record["slug"] = slugify(record["name"])
        record["images"] = [self._image(record["id"], *each) for each in enumerate(record["images"])]
        if "price" not in fields:
            record["price"] = price_of(record, self.now_text())
        settle_stock(record)
        self.records[record["id"]] = record
        return record

    def _image(self, owner: int, place: int, image: str | Record) -> Record:
        whole = {"name": "", "alt": "", **({"src": image} if isinstance(image, str) else image)}
        whole.setdefault("id", 1_000_000 + owner * 20 + place)
        if whole["src"].startswith("/"):
            self.uploads.add(unquote(whole["src"]))
        return whole

    def _category(self, given: str | Record) -> Record:
        """A reference to a category, which is made if only its name is given."""
        name = given if isinstance(given, str) else given.get("name")
        if not isinstance(given, str) and given.get("id") in self.categories:
            return {"id": given["id"]}
        known = next((number for number, each in self.categories.items() if each["name"] == name), None)
        if known is None:
            known = max(self.categories) + 1
            self.categories[known] = {"id": known, "name": name, "slug": slugify(str(name)), "parent": 0}
        return {"id": known}

    def edit(self, number: int, **fields: Any) -> None:
        """Change a product or variation as its owner would: the modification time moves, the
        parent's too, and price and stock status follow."""
        with self.lock:
            record = self.records[number]
            was_public = record["status"] == "publish"
            self._change(record, fields)
            self.webhooks.happened("updated", number)
            if record["status"] == "publish" and not was_public:
                self.webhooks.happened("published", number)

    def _change(self, record: Record, fields: Record) -> None:
        record.update(copy.deepcopy(fields))
        if "price" not in fields:
            record["price"] = price_of(record, self.now_text())
        settle_stock(record)
        self._touch(record)

    def write_directly(self, number: int, **fields: Any) -> None:
        """Change the database behind the shop's back, as importers do: nothing else moves."""
        with self.lock:
            self.records[number].update(copy.deepcopy(fields))

    def _touch(self, record: Record) -> None:
        record["date_modified_gmt"] = self.now_text()
        if record["type"] == "variation":
            self.records[record["parent_id"]]["date_modified_gmt"] = record["date_modified_gmt"]

    def set_price(self, number: int, regular: str, sale: str = "") -> None:
        self.edit(number, regular_price=regular, sale_price=sale)

    def sell(self, number: int, quantity: int = 1) -> None:
        """An order takes stock; only counted stock changes, and may become negative."""
        with self.lock:
            record = self.records[number]
            counted = record
            if record["manage_stock"] is not True and record["parent_id"]:
                counted = self.records[record["parent_id"]]
            if counted["manage_stock"] is True:
                self.edit(counted["id"], stock_quantity=counted["stock_quantity"] - quantity)

    def schedule_sale(self, number: int, price: str, start: datetime | None, end: datetime | None) -> None:
        """A sale from `start` to `end` (None: open). `price` is right for now, and will lag later."""
        starts, ends = (moment and stamp(moment.astimezone(UTC)) for moment in (start, end))
        self.edit(number, sale_price=price, date_on_sale_from_gmt=starts, date_on_sale_to_gmt=ends)

    def trash(self, number: int) -> None:
        """Move it to the trash: gone from the default list, still there by its id."""
        with self.lock:
            record = self.records[number]
            slug = f"{record['slug'] or slugify(record['name'])}__trashed"
            self._change(record, {"status": "trash", "slug": slug})
            self.webhooks.happened("deleted", number)

    def restore(self, number: int) -> None:
        """Take it out of the trash again, as an owner does; by the API it is an edit like others."""
        with self.lock:
            record = self.records[number]
            slug = record["slug"].removesuffix("__trashed")
            self._change(record, {"status": "publish", "slug": slug})
            self.webhooks.happened("restored", number)

    def delete(self, number: int) -> None:
        """Delete for good, a product with its variations. No list ever tells."""
        with self.lock:
            for child in self._children.pop(number, ()):
                self.records.pop(child, None)
            record = self.records.pop(number)
            if record["type"] == "variation":
                self._children[record["parent_id"]].remove(number)
                self.records[record["parent_id"]]["date_modified_gmt"] = self.now_text()

    def rename_category(self, number: int, name: str) -> None:
        """No product's modification time moves by it."""
        self.categories[number]["name"] = name

    # Who may ask, and at which address

    def add_key(self, permissions: str = "read_write", user: str = "administrator") -> Key:
        """Make a key with `read`, `write` or `read_write` permissions that acts as `user`."""
        key = Key(permissions=permissions, user=user)
        self.key_ring[key.key] = key
        return key

    def authenticate(self, request: Request) -> Key | None:
        """The key the request holds, None if it holds none. Raises Refusal for a bad proof."""
        return keys.holder(self.key_ring, request, self.address(request), self.sees_tls(request))

    def sees_tls(self, request: Request) -> bool:
        """Whether WordPress knows that the request came over TLS."""
        return request.tls

    def address(self, request: Request) -> str:
        """The shop's home: what permalinks and signatures begin with. No slash at the end."""
        scheme = "https" if self.sees_tls(request) else "http"
        return self.home or f"{scheme}://{request.host}{self.path}"

    def rest_url(self, home: str, route: str) -> str:
        prefix = "/index.php?rest_route=" if self.permalinks == "plain" else "/wp-json"
        return f"{home}{prefix}{route}"

    def answer(self, request: Request) -> Answer:
        """Answer one request, whatever it asks for."""
        with self.lock:
            answer = rest.answer(self, request) or pages.answer(self, request)
            if self.cron:
                self.run_jobs()
            return answer

    # Opening and closing

    def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> str:
        """Open the shop and return its address. A port of 0 takes any free one."""
        self._server = Server(self.answer, host, port, tls)
        self._server.start()
        scheme = "https" if tls else "http"
        return f"{scheme}://{host}:{self._server.port}{self.path}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None


def demo_shop() -> Shop:
    """The bundled shop, with keys and identity that stay the same from start to start."""
    return Shop(bundled.build(), taxes=bundled.TAXES, key=DEMO_KEY, store_id=DEMO_ID, cron=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sync2sys.demo.shop", description="Open the demo shop.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 takes any free one")
    options = parser.parse_args(arguments)
    shop, closing = demo_shop(), threading.Event()
    try:
        url = shop.start(options.host, options.port)
    except OSError as error:
        sys.stderr.write(f"Cannot listen on {options.host}:{options.port}: {error.strerror}\n")
        return 1
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: closing.set())
    sys.stdout.write(
        f"{shop.name} is open. Stop it with Ctrl-C.\n"
        f"  Shop:            {url}/\n"
        f"  Consumer key:    {shop.key}\n"
        f"  Consumer secret: {shop.secret}\n"
    )
    sys.stdout.flush()
    closing.wait()
    shop.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
