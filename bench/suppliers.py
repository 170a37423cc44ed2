"""What a supplier's list costs on its way to a shop: 100,000 rows against 50,000 products.

Reading: a whole import, against a bare pass over the same file by the `csv` module or by lxml. A bare pass
keeps nothing and looks at nothing, so the import is measured against bare writing of its rows, too. Deciding
and planning are measured against reading what they are made from out of the database. All of it is processor
time, children's included.

    python -m bench.suppliers [--rows 100000] [--products 50000]
"""

import argparse
import csv
import gc
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from lxml import etree
from sqlalchemy import insert, select

from bench.mirror import resident, service
from bench.render import gtin
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Decision, Import, Offer, Organization, Product, Supplier, Variant
from sync2sys.services import items, jobs, pricing, supplier_files, suppliers, write_settings
from sync2sys.services.upserts import table_of
from sync2sys.worker import HANDLERS

ROWS, PRODUCTS = 100_000, 50_000
ROUNDS = 3
#: Of every hundred rows of the second list one has another cost.
CHANGED = 100
COLUMNS = ("Artikelnummer", "EAN", "Bezeichnung", "Marke", "EK netto", "UVP", "Bestand")
MAPPING = {
    "fields": {
        "sku": "Artikelnummer",
        "gtin": "EAN",
        "title": "Bezeichnung",
        "brand": "Marke",
        "cost": {"columns": ["EK netto"], "numbers": "comma", "tax": "without"},
        "price": {"columns": ["UVP"], "numbers": "comma", "tax": "with"},
        "currency": {"constant": "EUR"},
        "quantity": {"columns": ["Bestand"], "numbers": "comma"},
    }
}
XML_MAPPING = orjson.loads(orjson.dumps(MAPPING).replace(b"EK netto", b"EK-netto"))
CSV_SHAPE = {"format": "csv", "delimiter": ";"}
XML_SHAPE = {"format": "xml", "item_path": "list/item"}
POLICY = {
    "stock": {"safety": 2},
    "rules": [{"markup": "30", "round": {"ending": "0.99", "way": "up"}, "margin": "10"}],
}


def rows(count: int, version: int = 1) -> Iterator[tuple[str, ...]]:
    """A wholesaler's list. Every second article is one of the shop's, by its GTIN."""
    for number in range(count):
        dearer = version - 1 if number % CHANGED == 7 else 0
        cost = 500 + number * 37 % 20_000 + dearer
        yield (
            f"ART-{number:07d}",
            gtin(number // 2 if number % 2 else 5_000_000 + number),
            f"Laufschuh „Größe {38 + number % 9}“, Modell {number % 977}",
            f"Marke {number % 41}",
            f"{cost // 100},{cost % 100:02d}",
            f"{cost // 50},99",
            str(number % 13),
        )


def write_csv(path: Path, count: int, version: int = 1) -> None:
    with path.open("w", encoding="utf-8", newline="") as target:
        written = csv.writer(target, delimiter=";", lineterminator="\n")
        written.writerow(COLUMNS)
        written.writerows(rows(count, version))


def write_xml(path: Path, count: int) -> None:
    names = [name.replace(" ", "-") for name in COLUMNS]
    with path.open("w", encoding="utf-8") as target:
        target.write("<list>\n")
        for row in rows(count):
            cells = "".join(f"<{name}>{cell}</{name}>" for name, cell in zip(names, row, strict=True))
            target.write(f"<item>{cells}</item>\n")
        target.write("</list>\n")


def read_csv(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as source:
        return sum(1 for _ in csv.reader(source, delimiter=";"))


def read_xml(path: Path) -> int:
    count = 0
    for _, item in etree.iterparse(path, tag="item"):
        count += len([cell.text for cell in item])
        item.clear(keep_tail=False)
        while item.getprevious() is not None:
            del item.getparent()[0]
    return count


def run(count: int = ROWS, products: int = PRODUCTS) -> Iterator[tuple[str, str, str, bool]]:
    """Yields (what, measured, requirement, met)."""
    with service(products, variants=1), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        transaction(_allow)()
        supplier_id = transaction(_supplier)(CSV_SHAPE, MAPPING)
        yield from _imports(folder, supplier_id, count)
        yield from _xml(folder, count)
        yield from _decision(count, products)


def _allow() -> None:
    db.session.get_one(Organization, "o").plan = "unlimited"
    db.session.get_one(Channel, "c").charges_tax = False


def _supplier(shape: dict[str, Any], mapping: dict[str, Any]) -> str:
    organization = db.session.get_one(Organization, "o")
    return suppliers.create(organization, name="Bench", shape=shape, mapping=mapping).id


def _imports(folder: Path, supplier_id: str, count: int) -> Iterator[tuple[str, str, str, bool]]:
    path = folder / "list.csv"
    write_csv(path, count)
    bare = _best(lambda: read_csv(path))
    _send(supplier_id, path)
    with peaks() as most:
        seconds = _seconds(lambda: work("import", supplier_id))
    _expect(supplier_id, "applied", count)
    yield _of_bare(f"a new list of {count:,} rows in CSV", count, bare, seconds, 0.004)
    write = bare + _bare_writing(supplier_id)
    yield (
        f"the same, of a bare read and one bare insert of the {count:,} rows",
        f"{write / seconds:.2f}",
        "at least 0.1",
        write / seconds >= 0.1,
    )
    yield (
        "memory of that import, of the worker beyond what it had, and of the reader",
        f"{most['grown']:.0f} MB and {most['child']:.0f} MB at most",
        "under 40 MB and 60 MB",
        most["grown"] < 40 and most["child"] < 60,
    )
    seconds = _seconds(lambda: work("import", supplier_id))
    yield (
        "the same file once more, of a bare read of it",
        f"{seconds / bare:.2f} ({seconds * 1000:.0f} ms)",
        "under 1",
        seconds < bare,
    )
    path.write_bytes(path.read_bytes() + b"\n")
    _send(supplier_id, path)
    seconds = _seconds(lambda: work("import", supplier_id))
    _expect(supplier_id, "unchanged", count)
    yield _of_bare(f"another file in which {count:,} rows say the same", count, bare, seconds, 0.004)
    write_csv(path, count, 2)
    _send(supplier_id, path)
    seconds = _seconds(lambda: work("import", supplier_id))
    _expect(supplier_id, "applied", count)
    yield _of_bare(f"a list of {count:,} rows of which one in {CHANGED} changed", count, bare, seconds, 0.004)


def _xml(folder: Path, count: int) -> Iterator[tuple[str, str, str, bool]]:
    path = folder / "list.xml"
    write_xml(path, count)
    bare = _best(lambda: read_xml(path))
    supplier_id = transaction(_supplier)(XML_SHAPE, XML_MAPPING)
    _send(supplier_id, path)
    seconds = _seconds(lambda: work("import", supplier_id))
    _expect(supplier_id, "applied", count)
    yield _of_bare(f"a new list of {count:,} rows in XML", count, bare, seconds, 0.02)
    transaction(lambda: suppliers.delete(db.session.get_one(Supplier, supplier_id)))()


def _of_bare(what: str, count: int, bare: float, seconds: float, least: float) -> tuple[str, str, str, bool]:
    return (
        f"{what}, of a bare read of the file",
        f"{bare / seconds:.3f} ({count / seconds:,.0f} rows/s)",
        f"at least {least}",
        bare / seconds >= least,
    )


def _decision(count: int, products: int) -> Iterator[tuple[str, str, str, bool]]:
    transaction(lambda: pricing.set_up(db.session.get_one(Channel, "c"), policy=POLICY) and None)()
    bare = _best(_read_all)
    with peaks() as most:
        seconds = _seconds(lambda: work("pricing", "c"))
    decided = look(lambda: db.session.query(Decision.id).filter_by(channel_id="c").count())()
    yield (
        f"deciding {decided:,} variants by {count:,} offers, of reading both from the database",
        f"{bare / seconds:.2f} ({count / seconds:,.0f} offers/s)",
        "at least 0.025",
        decided == products and bare / seconds >= 0.025,
    )
    yield (
        "memory of deciding, beyond what the worker had",
        f"{most['grown']:.0f} MB",
        "under 150 MB",
        most["grown"] < 150,
    )
    transaction(_write_dry)()
    bare = _best(_read_differing)
    seconds = _seconds(lambda: work("writing", "c"))
    yield (
        f"planning what differs in {decided:,} variants, of reading decisions and variants from the database",
        f"{bare / seconds:.2f} ({decided / seconds:,.0f} variants/s)",
        "at least 0.05",
        bare / seconds >= 0.05,
    )


def _write_dry() -> None:
    write_settings.set_up(db.session.get_one(Channel, "c"), state="dry")


def work(kind: str, subject: str) -> None:
    """Do a job as a worker does."""
    if kind == "import":
        transaction(lambda: suppliers.ask_import(db.session.get_one(Supplier, subject)))()
    claim = jobs.claim([kind], subject)
    assert claim is not None
    HANDLERS[kind](claim)
    transaction(jobs.finish)(claim)


def _send(supplier_id: str, path: Path) -> None:
    with path.open("rb") as stream:
        supplier_files.receive(supplier_id, stream, path.name)


def _expect(supplier_id: str, state: str, offers: int) -> None:
    query = select(Import.state, Import.offers, Import.problem).filter_by(supplier_id=supplier_id)
    last = look(lambda: db.session.execute(query.order_by(Import.started_at.desc())).first())()
    assert last is not None
    assert tuple(last)[:2] == (state, offers), tuple(last)


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    started = _spent()
    work()
    return _spent() - started


def _spent() -> float:
    """Processor time of this process and of its children: what else runs on the machine is not in it."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _best(work: Callable[[], object]) -> float:
    return min(_seconds(work) for _ in range(ROUNDS))


def _bare_writing(supplier_id: str) -> float:
    """Insert the ready rows into an empty table of the same columns and indexes, then undo it."""
    offer = table_of(Offer)
    columns = [column for column in offer.columns if column.name != "id"]

    def ready() -> list[dict[str, Any]]:
        found = db.session.execute(select(*columns).where(offer.c.supplier_id == supplier_id)).mappings()
        return [dict(row) | {"supplier_id": other} for row in found]

    other = transaction(_supplier)(CSV_SHAPE, MAPPING)
    written = look(ready)()
    seconds = _seconds(transaction(lambda: db.session.execute(insert(offer), written) and None))
    transaction(lambda: suppliers.delete(db.session.get_one(Supplier, other)))()
    return seconds


def _read_all() -> None:
    """Offers with their records and variants with their products, as Core gives them."""
    variant, product, offer = map(table_of, (Variant, Product, Offer))
    joined = variant.join(product, product.c.external_id == variant.c.product_external_id)
    asked = (
        select(offer.c.key, offer.c.record),
        select(variant.c.external_id, variant.c.gtin, variant.c.sku, product.c.brand).select_from(joined),
    )
    with items.snapshot() as connection:
        for query in asked:
            for _ in connection.execute(query.execution_options(yield_per=2000)):
                pass


def _read_differing() -> None:
    variant, decision = table_of(Variant), table_of(Decision)
    joined = decision.join(variant, variant.c.external_id == decision.c.external_id)
    query = select(decision, variant.c.price, variant.c.quantity).select_from(joined)
    with items.snapshot() as connection:
        for _ in connection.execute(query.execution_options(yield_per=2000)):
            pass


@contextmanager
def peaks() -> Iterator[dict[str, float]]:
    """Megabytes at most while this is entered: `grown`, of us beyond before; `child`, of a child."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    most = {"grown": 0.0, "child": 0.0}
    before, done = resident("VmRSS"), threading.Event()
    thread = threading.Thread(target=_watch, args=(most, done))
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()
        most["grown"] = resident("VmHWM") - before


def _watch(most: dict[str, float], done: threading.Event) -> None:
    ours = Path("/proc/self/cmdline").read_bytes()
    while not done.wait(0.05):
        for children in Path("/proc/self/task").glob("*/children"):
            for pid in children.read_text("ascii").split():
                with suppress(OSError, ValueError):  # it has just ended
                    # Until it is another program, a child has its parent's memory.
                    if Path(f"/proc/{pid}/cmdline").read_bytes() != ours:
                        most["child"] = max(most["child"], resident("VmHWM", pid))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    given = parser.parse_args()
    for what, measured, requirement, met in run(given.rows, given.products):
        print(f"{'met   ' if met else 'MISSED'}  {what}: {measured} (required: {requirement})", flush=True)
