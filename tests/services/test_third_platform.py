"""A third platform is one file, as docs/connectors.md shows it: its example becomes a feed."""

import re
import types
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from sync2sys.connectors import platforms
from sync2sys.connectors.platforms import Platform
from sync2sys.database import transaction
from sync2sys.errors import StoreBusy, StoreRefusedKeys
from sync2sys.extensions import db, outbound
from sync2sys.models import Feed
from sync2sys.services import renders, stores
from tests.faults.server import FaultServer, answer, in_turn
from tests.services.scripted import channel_of, context, mirrored, run  # noqa: F401 - fixture among them
from tests.services.test_renders import served
from tests.services.test_shopify import items_of

PAGE = Path(__file__).parent.parent.parent / "docs/connectors.md"
KEY = "a key"


@pytest.fixture
def shelf(monkeypatch):
    """The example of the documentation as a module, and an entry of the table."""
    text = PAGE.read_text("utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (entry,) = re.findall(r'`"shelf": (Platform\(.*?\))`', text)
    module = types.ModuleType("shelf")
    exec(source, module.__dict__)
    made = eval(entry, {"Platform": Platform} | module.__dict__)
    monkeypatch.setitem(platforms.PLATFORMS, "shelf", made)
    return module


@pytest.fixture
def shop():
    """A shop of that platform: 250 caps in two sizes."""
    goods = [
        {
            "id": number,
            "title": f"Cap {number}",
            "link": f"https://shelf.example/{number}",
            "image": f"https://shelf.example/{number}.jpg",
            "description": "Warm.",
            "brand": "Acme",
            "variants": [{"id": number * 10 + each, "size": "SM"[each], "price": "7.50"} for each in (0, 1)],
        }
        for number in range(1, 251)
    ]
    with FaultServer() as server:
        server.goods = {row["id"]: row for row in goods}
        server.on("/shop", keyed(answer(b'{"name": "Shelf", "currency": "EUR"}')))
        server.on("/products", keyed(listing(server)))
        yield server


def keyed(behave):
    def check(connection, request):
        (behave if request.headers["X-Key"] == KEY else answer(status=401))(connection, request)

    return check


def listing(server):
    def behave(connection, request):
        after = int(parse_qs(urlsplit(request.target).query)["after"][0])
        rows = [row for number, row in sorted(server.goods.items()) if number > after][:100]
        answer(orjson.dumps({"products": rows}))(connection, request)

    return behave


@pytest.fixture
def channel(context, shelf, shop):  # noqa: F811
    found = platforms.prove("shelf", outbound, shop.url, KEY, "")
    proof = stores.Proof(shop.url, "shelf", KEY, "", found)
    return transaction(lambda: stores.attach(proof, "owner@example.com", None).channel.id)()


def test_its_keys_are_proved(context, shelf, shop):  # noqa: F811
    assert "shelf" in platforms.with_keys()
    with pytest.raises(StoreRefusedKeys):
        platforms.prove("shelf", outbound, shop.url, "another key", "")


def test_it_is_told_by_its_name(shelf):
    assert platforms.label_of("shelf") == "Shelf"


def test_it_is_mirrored_guarded_and_resumed_as_any_other(channel, shop):
    run(channel)
    assert len(mirrored(channel)) == 250
    shop.goods.clear()
    run(channel, full=True)
    assert channel_of(channel)["problem_code"] == "SYNC_HELD"
    assert len(mirrored(channel)) == 250


def test_trouble_ends_a_sync_where_the_next_goes_on(channel, shop, monkeypatch):
    whole = listing(shop)
    shop.on("/products", in_turn(whole, answer(status=503, headers={"Retry-After": "3600"})))
    with pytest.raises(StoreBusy):
        run(channel)
    shop.on("/products", whole)
    before = len(shop.requests)
    run(channel)
    assert len(mirrored(channel)) == 250
    asked = [request.target for request in shop.requests[before:] if request.path == "/products"]
    assert asked[0].startswith("/products?after=100&")


def test_it_becomes_a_feed(channel):
    run(channel)
    organization_id = channel_of(channel)["organization_id"]

    def publish():
        feed = Feed(organization_id=organization_id, name="F", slug="a-feed", format="google", published=True)
        db.session.add(feed)
        db.session.flush()
        return feed.id

    renders.render(transaction(publish)())
    items = items_of(served())
    assert len(items) == 500
    assert ("price", "7.50 EUR") in items["10"]
    assert ("item_group_id", "1") in items["10"]
    assert ("size", "S") in items["10"]
