"""Decided prices and stock on their way to a Shopify shop."""

import copy
import json

import pytest
from flask import current_app
from sqlalchemy import select, update

from sync2sys.connectors.shopify import Shopify
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, WriteLine, WriteRun, Writing
from sync2sys.models.base import now
from sync2sys.services import jobs, pricing, write_batches, write_settings, write_undo
from sync2sys.worker import HANDLERS, Worker
from tests.services import lists
from tests.services.scripted import Killed
from tests.services.shopify_shops import (  # noqa: F401 - fixtures among them
    authority,
    ca_file,
    connect,
    lead,
    led,
    organization_of,
    shopify,
)
from tests.services.test_pricing import POLICY
from tests.shops.shopify.catalogue import MAIN_LOCATION

pytestmark = pytest.mark.shopify

SCOPES = "read_products,read_inventory,write_products,write_inventory"
PRODUCTS = [
    {"id": 1, "title": "Mug", "variants": [{"id": 11, "sku": "A-1", "price": "9.99", "stock": 5}]},
    {
        "id": 2,
        "title": "Shirt",
        "options": {"Size": ["S", "M"]},
        "variants": [
            {"id": 21, "sku": "A-2", "price": "20.00", "stock": 1},
            {"id": 22, "sku": "A-3", "price": "30.00", "stock": 7},
        ],
    },
]
LIST = ("A-1;;5,00;10", "A-2;;7,50;2", "A-3;;20,00;9")
DECIDED = {"11": ("7.99", 8), "21": ("11.99", 0), "22": ("30.99", 7)}
POLICIES = {"price": "shop", "quantity": "supplier"}
NO_CEILING = {"share": None, "values": None, "price_change": None}


@pytest.fixture
def their_app(shopify):  # noqa: F811
    return shopify.add_app([], SCOPES)


@pytest.fixture
def shop(shopify):  # noqa: F811
    return shopify.add_shop("mystore", copy.deepcopy(PRODUCTS), host="shop.example")


@pytest.fixture
def channel(led, shop, their_app):  # noqa: F811
    """Its prices are decided, and nothing was said of writing."""
    channel_id = connect(shop, their_app)
    work()
    supplier = lists.supplier(organization_of(channel_id))
    transaction(lambda: pricing.set_up(of(channel_id), policy=POLICY, tax_rates={"": "19"}).mark)()
    lists.deliver(supplier, *LIST)
    work()
    return channel_id


def of(channel_id):
    return db.session.get_one(Channel, channel_id)


def work():
    """Do all that is queued and due, as a worker does."""
    worker = Worker(current_app._get_current_object())
    while (claim := jobs.claim(list(HANDLERS))) is not None:
        worker.work(claim)


def hasten():
    times = {"due_at": now(), "lease_until": now()}
    transaction(lambda: db.session.execute(update(Job).where(Job.live_key.is_not(None)).values(times)))()


def turn(channel_id, state="on", **options):
    given = {"policy": POLICIES, "ceiling": NO_CEILING} | options
    transaction(lambda: write_settings.set_up(of(channel_id), state=state, **given).state)()
    work()


def has(shop):
    """What the shop's own books say: {variant: (price, quantity)}."""
    rows = shop.catalogue.variants
    return {str(key): (rows[key]["price"], rows[key]["levels"].get(MAIN_LOCATION)) for key in (11, 21, 22)}


def codes(channel_id):
    query = select(WriteLine).filter_by(channel_id=channel_id).order_by(WriteLine.id)
    return look(
        lambda: {
            (line.external_id, line.field): (line.state, line.code) for line in db.session.scalars(query)
        }
    )()


def runs(channel_id):
    query = select(WriteRun).filter_by(channel_id=channel_id).order_by(WriteRun.planned_at)
    return look(lambda: [(run.kind, run.state, run.counts) for run in db.session.scalars(query)])()


def keys_sent(shopify):  # noqa: F811
    """The keys of the calls that set stock, in order."""
    bodies = [json.loads(request.body) for request in shopify.asked("graphql.json")]
    return [body["variables"]["key"] for body in bodies if "inventorySetQuantities" in body["query"]]


def test_what_differs_goes_to_shopify_once(channel, shop):
    turn(channel, "dry")
    assert runs(channel) == [("normal", "planned", {})]
    turn(channel)
    assert has(shop) == DECIDED
    assert runs(channel) == [("normal", "done", {"written": 5})]
    hasten()
    turn(channel)
    assert len(runs(channel)) == 1


def test_a_price_that_somebody_changed_stays(channel, shop):
    turn(channel)
    shop.catalogue.variants[11]["price"] = "12.00"
    transaction(lambda: jobs.enqueue("sync", channel, {"full": True}).id)()
    work()
    assert has(shop)["11"] == ("12.00", 8)
    assert codes(channel)["11", "price"] == ("kept", "changed_in_shop")


def test_an_app_that_may_only_read_is_told_of_before_anything_is_sent_until_it_is_reconnected(
    app,
    channel,
    shop,
    shopify,  # noqa: F811
    their_app,
):
    shop.install(their_app, {"read_products", "read_inventory"})
    before = has(shop)
    turn(channel, "dry")

    def turn_on():
        words = ("--price", "shop", "--quantity", "supplier", "--share", "1", "--price-change", "100")
        return app.test_cli_runner().invoke(args=["writing", "on", channel, *words])

    refused = turn_on()
    assert refused.exit_code == 1
    assert "They lack: write_inventory, write_products." in refused.output
    assert "SYNC2SYS_SHOPIFY_SCOPES, then reconnect the shop" in refused.output
    assert look(lambda: db.session.get_one(Writing, channel).state)() == "dry"
    assert (has(shop), keys_sent(shopify)) == (before, [])

    assert connect(shop, their_app, organization_of(channel)) == channel
    assert turn_on().exit_code == 0
    work()
    assert has(shop) == DECIDED


def test_an_app_that_lost_its_right_to_write_ends_the_run_with_a_word(channel, shop, their_app):
    shop.install(their_app, {"read_products", "read_inventory"})
    before = has(shop)
    turn(channel)
    assert runs(channel) == [("normal", "failed", {"not_written": 5})]
    assert "write_inventory, write_products" in look(lambda: db.session.get_one(Writing, channel).problem)()
    assert has(shop) == before


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_was_on_its_way_as_a_worker_was_killed_is_looked_up_and_sent_once(
    channel,
    shop,
    shopify,  # noqa: F811
    monkeypatch,
    moment,
):
    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*((Shopify, "write", die) if moment == "before" else (write_batches, "_note", die)))
        with pytest.raises(Killed):
            turn(channel)
    assert {state for state, _ in codes(channel).values()} == {"sending"}
    assert (has(shop) == DECIDED) == (moment == "after")
    hasten()
    work()
    assert has(shop) == DECIDED
    assert {state for state, _ in codes(channel).values()} == {"written"}
    assert len(keys_sent(shopify)) == 1


def test_stock_whose_answer_was_lost_is_not_set_under_another_key(channel, shop, shopify):  # noqa: F811
    shopify.fault("dropped", times=1, when=lambda request: b"inventorySetQuantities" in request.body)
    turn(channel)
    for _ in range(2):
        hasten()
        work()
    assert has(shop) == DECIDED
    assert len(keys_sent(shopify)) == 2
    assert len(set(keys_sent(shopify))) == 1


def test_stock_at_one_of_several_places_needs_to_be_chosen(channel, shop):
    turn(channel, location="999")
    assert codes(channel)["11", "price"] == ("written", "")
    assert codes(channel)["11", "quantity"][0] == "refused"


def test_the_last_run_is_undone(channel, shop):
    before = has(shop)
    turn(channel)
    transaction(lambda: write_undo.undo(of(channel), "somebody").id)()
    work()
    assert has(shop) == before
    assert look(lambda: db.session.get_one(Writing, channel).state)() == "dry"
    assert [state for _, state, _ in runs(channel)][:2] == ["undone", "done"]
