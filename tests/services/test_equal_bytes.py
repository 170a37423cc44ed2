"""Equal data gives equal bytes in every channel, whatever order a database came by it in."""

import itertools
import random
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import orjson
import pytest
from sqlalchemy import select

from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.formats import FORMATS
from sync2sys.formats.base import EACH, LOCAL
from sync2sys.formats.issues import EXCLUDED, PUBLISHED, WARNED
from sync2sys.models import Chunk, Feed, Render, RenderShard, Variant
from sync2sys.services import diagnostics, items, pieces, render_plans, renders
from sync2sys.services.diagnostics import Wanted
from tests.formats.catalogue import CONTEXT, NASTY, NOW, marketed
from tests.services import catalogues

FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)
#: Columns of an item that a product has, and those that are kept as JSON.
SHARED = ("title", "link", "brand", "images", "categories", "tags", "kind", "attributes", "meta")
JSON = ("images", "categories", "tags", "attributes", "meta", "options")
OWN = (
    *("sku", "gtin", "mpn", "image", "options", "sale_from", "sale_to"),
    *("availability", "quantity", "purchasable"),
)
AMOUNTS = ("price", "sale_price", "weight")


def storable(item):
    """Whether a database can hold it: text that is Unicode, amounts that are numbers."""
    try:
        "".join(filter(lambda value: isinstance(value, str), item)).encode()
        return all(Decimal(getattr(item, name) or 0).is_finite() for name in AMOUNTS)
    except (UnicodeEncodeError, InvalidOperation):
        return False


def as_changes(item):
    """A nasty item as the tables hold it."""
    columns = {name: getattr(item, name) for name in SHARED + OWN if getattr(item, name) is not None}
    columns = {name: orjson.loads(value) if name in JSON else value for name, value in columns.items()}
    amounts = {name: getattr(item, name) or None for name in AMOUNTS}
    published = bool(item.product_published and item.variant_published)
    return columns | amounts | {"text": item.description, "published": published}


def shoes(number, color, size, at):
    """One of a product's variants; every few of them lack something."""
    place = number * 7 + at
    return {
        "product": f"{number}",
        "title": f"Shoe {number}",
        "brand": "" if number % 9 == 0 else "Acme",
        "categories": ["Shoes", f"Shoes > Series {number % 3}"],
        "options": {"Color": color, "Size": size},
        "sku": f"SKU-{place % 90}",
        "gtin": "4006381333931" if place % 4 else "",
        "price": None if place % 11 == 0 else f"{place}.90",
        "sale_price": f"{place}.50" if place % 5 == 0 else None,
        "sale_from": NOW - timedelta(hours=place) if place % 3 else None,
        "sale_to": NOW + timedelta(hours=place) if place % 2 else None,
        "availability": "in_stock" if place % 6 else "out_of_stock",
        "quantity": place % 6,
        "weight": "0.8",
    }


def catalogue():
    """Id -> changes: one item of each nasty sort, products with variants, and some without any."""
    nasty = {f"n{number}": as_changes(item) for number, item in enumerate(filter(storable, NASTY.values()))}
    variants = {
        f"{number}-{at}": shoes(number, color, size, at)
        for number in range(60)
        for at, (color, size) in enumerate(
            itertools.islice(itertools.product("RGB", ("42", "43")), number % 7)
        )
    }
    return nasty | variants | {f"e{number}": {"has_variant": False} for number in range(3)}


CATALOGUE = catalogue()
SMALL = {name: changes for name, changes in CATALOGUE.items() if name.startswith(("1", "e"))}
MIRRORED = len(CATALOGUE) + len(SMALL)


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch):
    monkeypatch.setattr(render_plans, "now", lambda: NOW)


@pytest.fixture
def databases(make_app, tmp_path, template):
    """Two applications with a database each; where MariaDB is under test, the other one is SQLite."""
    other = shutil.copytree(template, tmp_path / "other")
    return make_app(DATABASE_URL=f"sqlite:///{other}/sync2sys.db"), make_app()


def shuffled(given, chance):
    order = list(given)
    chance.shuffle(order)
    return {name: given[name] for name in order}


def currency_of(format):
    return "EUR" if format.currency in (EACH, LOCAL) else format.currency


#: Shops in every currency that some channel wants: name -> (currency, when it was connected, its catalogue).
SHOPS = {
    f"{name}-{currency}": (currency, moment, given)
    for currency in {currency_of(format) for format in FORMATS.values()}
    for name, moment, given in (("1st", FOUNDED, CATALOGUE), ("2nd", FOUNDED + timedelta(days=1), SMALL))
}


def fill(seed):
    """Mirror all shops, and their rows, in an order of this seed's own."""
    chance = random.Random(seed)
    for channel, (_, _, given) in shuffled(SHOPS, chance).items():
        catalogues.fill(channel, shuffled(given, chance))


def connect_shops(seed):
    """Two shops for every currency, connected in an order of this seed's own; currency -> organization."""
    organizations = {}
    for channel, (currency, moment, _) in shuffled(SHOPS, random.Random(seed)).items():
        owner = organizations.setdefault(currency, catalogues.organization())
        catalogues.channel(owner, currency, id=channel, created_at=moment, prices_include_tax=True)
    return organizations


def definitions():
    """Slug -> (format, definition): every format in a market, and one whose ids are made by a mapping."""
    made = {name: (name, marketed(format) | settings_of(format)) for name, format in FORMATS.items()}
    return made | {"by-sku": ("google", {"mapping": {"id": {"field": "sku"}}})}


def settings_of(format):
    return {"settings": {name: value for name, value in CONTEXT.settings.items() if name in format.settings}}


@transaction
def make_feeds(organizations):
    for slug, (format, definition) in shuffled(definitions(), random.Random()).items():
        owner = organizations[currency_of(FORMATS[format])]
        feed = Feed(organization_id=owner, name="Feed", slug=slug, format=format)
        feed.definition, feed.document = definition, {"title": "Both shops"}
        db.session.add(feed)


#: Every outcome of an item.
OUTCOMES = (EXCLUDED, WARNED, PUBLISHED)


def made():
    """Slug -> all that a reader or an owner can see of what is rendered now."""
    feeds = look(lambda: db.session.execute(select(Feed.slug, Feed.id)).all())()
    return {slug: of_feed(feed, renders.render(feed)) for slug, feed in feeds}


def of_feed(feed, outcome):
    columns = ("etag", "length", "gzip_length", "items", "in_stock", "excluded", "noted")
    row = look(lambda: db.session.execute(select(Render.__table__).filter_by(id=outcome.render_id)).one())()
    with items.snapshot() as connection:
        packed = list(pieces.packed_of_render(connection, outcome.render_id))
        prices = list(pieces.prices_of_render(connection, outcome.render_id))
    told = [each for kind in OUTCOMES for each in diagnostics.every(feed, Wanted(outcome=kind))]
    published = [key for some in prices for key in some]
    left_out = [each.item.key for each in told if each.outcome == EXCLUDED]
    assert len(set(published)) + len(set(left_out)) == len(published + left_out) == MIRRORED
    assert outcome.mirrored == MIRRORED
    assert (outcome.items, sum(outcome.excluded.values())) == (len(published), len(left_out))
    files = (RenderShard.no, RenderShard.items, RenderShard.etag, RenderShard.gzip_etag, RenderShard.crc)
    shards = select(*files).filter_by(render_id=outcome.render_id).order_by(RenderShard.no)
    stale_at = look(lambda: db.session.get(Feed, feed).stale_at)()
    return {name: getattr(row, name) for name in columns} | {
        "files": look(lambda: [tuple(row) for row in db.session.execute(shards)])(),
        "packed": packed,
        "prices": prices,
        "told": told,
        "stale_at": stale_at,
    }


def row_ids():
    return look(lambda: db.session.execute(select(Variant.external_id, Variant.id)).all())()


def test_two_databases_that_hold_the_same_give_the_same_in_every_channel(databases):
    found, ids = [], []
    for seed, app in enumerate(databases):
        with app.app_context():
            make_feeds(connect_shops(seed))
            fill(seed)
            ids.append(sorted(row_ids()))
            found.append(made())
    assert ids[0] != ids[1]
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []
    assert all(each["items"] > 50 and each["excluded"] for each in found[0].values())
    assert found[0]["by-sku"]["excluded"]["duplicate_id"] > 10


def test_rows_that_are_written_again_with_the_same_change_nothing_in_any_channel(app):
    with app.app_context():
        make_feeds(connect_shops(0))
        fill(0)
        before, stored, ids = made(), stored_pieces(), row_ids()
        fill(1)
        assert made() == before
        assert sorted(row_ids()) != sorted(ids)
        assert stored_pieces() == stored


def stored_pieces():
    """Every piece and generation that there is."""
    tables = ((Chunk.feed_id, Chunk.input_hash), (Render.feed_id, Render.generation))
    return look(lambda: [sorted(db.session.execute(select(*each)).all()) for each in tables])()
