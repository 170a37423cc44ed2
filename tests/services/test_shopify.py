"""From a Shopify shop to a feed, alone and beside a WooCommerce shop."""

import csv
import io
from pathlib import Path

import pytest
from lxml import etree

from sync2sys.connectors import woocommerce
from sync2sys.connectors.shopify import pull as shopify_pull
from sync2sys.connectors.woocommerce import Patience
from sync2sys.database import look, transaction
from sync2sys.errors import StoreError, StoreRefusedKeys
from sync2sys.extensions import db, outbound
from sync2sys.models import Channel, Feed, Product
from sync2sys.services import jobs, renders, stores, sync
from tests.golden import compare
from tests.services.scripted import channel_of, connected, mirrored, pass_time, pulls_of, run, staged
from tests.services.shopify_shops import (  # noqa: F401 - fixtures among them
    authority,
    ca_file,
    connect,
    lead,
    led,
    organization_of,
    shopify,
    their_app,
)
from tests.services.test_renders import served
from tests.shops.shopify.bulk import END
from tests.shops.shopify.storage import HOST
from tests.shops.woocommerce import WooShop

pytestmark = pytest.mark.shopify

GOLDEN = Path(__file__).parent / "golden"
G = "{http://base.google.com/ns/1.0}"


@pytest.fixture
def shop(shopify):  # noqa: F811
    return shopify.add_shop("mystore", goods(), host="shop.example")


def goods():
    """What a shop sells, and what it keeps to itself; with all that Google wants to know."""
    known = {
        "descriptionHtml": "<p>Good &amp; sturdy.</p>",
        "vendor": "Acme",
        "productType": "Things",
        "images": ["/1.png", "/2.png"],
    }
    shown = [
        {
            "title": "Mug",
            "variants": [{"sku": "MUG", "price": "9.90", "barcode": "4006381333931", "stock": 7}],
        },
        {"title": "Sale", "variants": [{"price": "8.00", "compareAtPrice": "10.00", "weight": 0.4}]},
        {"title": "Sold out", "variants": [{"price": "3.00", "stock": 0}]},
        {"title": "To order", "variants": [{"price": "3.00", "stock": -1, "inventoryPolicy": "CONTINUE"}]},
        {"title": "Tagged", "tags": ["new"], "metafields": {"custom.material": "Oak"}},
        {
            "title": "Shirt & more",
            "options": {"Color": ["Red", "Black"], "Size": ["S", "M"]},
            "category": {
                "id": "gid://shopify/TaxonomyCategory/aa-1-13-8",
                "name": "T-Shirts",
                "fullName": "Apparel & Accessories > Clothing > Clothing Tops > T-Shirts",
            },
            "variants": [
                {"options": ["Red", "S"], "sku": "RED-S", "price": "20.00", "stock": 4, "image": "/2.png"},
                {"options": ["Red", "M"], "sku": "RED-M", "price": "20.00", "stock": 0},
                {"options": ["Black", "S"], "sku": "BLACK-S", "price": "22.00", "stock": 1},
            ],
        },
    ]
    hidden = [
        {"title": "Draft", "status": "DRAFT"},
        {"title": "Unlisted", "status": "UNLISTED"},
        {"title": "Archived", "status": "ARCHIVED"},
        {"title": "Not in the Online Store", "online": False},
    ]
    return [known | {"variants": [{"price": "5.00", "stock": 2}]} | each for each in [*shown, *hidden]]


@pytest.fixture
def channel(led, shop, their_app):  # noqa: F811
    return connect(shop, their_app)


@pytest.fixture(params=["pages", "bulk"])
def way(request, monkeypatch):
    """However a shop is asked, the rest is the same."""
    if request.param == "bulk":
        # What a pull is made with by default.
        monkeypatch.setitem(shopify_pull.Pull.__init__.__kwdefaults__, "large", 0)
    return request.param


@transaction
def publish(channel_id, format="google", slug="a-feed", **rest):
    organization_id = db.session.get(Channel, channel_id).organization_id
    feed = Feed(
        organization_id=organization_id, name="Feed", slug=slug, format=format, published=True, **rest
    )
    db.session.add(feed)
    db.session.flush()
    return feed.id


def rendered(channel_id, format="google", slug="a-feed", **rest):
    renders.render(publish(channel_id, format, slug, **rest))
    return served(slug)


def items_of(body):
    """The items of a Google feed by id, each as {name: text}."""
    found = etree.fromstring(body).findall("channel/item")
    return {
        item.findtext(f"{G}id"): [(child.tag.removeprefix(G), child.text) for child in item] for item in found
    }


def titles(channel_id):
    return {title for title, _ in mirrored(channel_id).values()}


# A shop alone


def test_a_shopify_catalogue_becomes_a_feed_byte_for_byte(channel, way):
    run(channel, full=True)
    compare(GOLDEN / "shopify.google.xml", rendered(channel))


def test_what_nobody_is_meant_to_find_is_mirrored_and_in_no_feed(channel):
    run(channel)
    hidden = {"Draft", "Unlisted", "Not in the Online Store"}
    assert hidden < titles(channel)
    assert "Archived" not in titles(channel)
    named = {dict(item)["title"] for item in items_of(rendered(channel)).values()}
    assert not named & hidden
    assert {"Mug", "Sale"} <= named


def test_only_products_that_come_in_several_are_groups(channel):
    """One of Shopify's plain products has a variant with an id of its own."""
    run(channel)
    items = [dict(item) for item in items_of(rendered(channel)).values()]
    grouped = {item["title"]: item["item_group_id"] for item in items if "item_group_id" in item}
    assert set(grouped) == {f"Shirt & more, {kind}" for kind in ("Red, S", "Red, M", "Black, S")}
    assert len(set(grouped.values())) == 1


def test_a_shop_that_is_synced_again_changes_nothing(channel, way):
    run(channel, full=True)
    version = channel_of(channel)["catalog_version"]
    run(channel, full=True)
    run(channel)
    assert channel_of(channel)["catalog_version"] == version
    assert staged() == 0


# Beside another one


@pytest.fixture
def woo():
    size = {"id": 4, "name": "Size", "variation": True, "visible": True, "options": ["S", "M"]}
    known = {"description": "<p>Fine.</p>", "images": ["/a.png"]}
    sizes = [{"regular_price": "7", "attributes": [size | {"option": each}]} for each in ("S", "M")]
    cap = {"name": "Cap", "type": "variable", "attributes": [size], "variations": sizes}
    with WooShop([known | {"name": "Bag", "regular_price": "30"}, known | cap]) as shop:
        yield shop


@pytest.fixture
def both(channel, woo):
    """A channel of each platform in one organization."""
    organization_id = organization_of(channel)
    learnt = woocommerce.connect(outbound, woo.url, woo.key, woo.secret, patience=Patience())
    other = transaction(connected)(
        woo.key,
        organization_id,
        secret=woo.secret,
        platform="woocommerce",
        capabilities=learnt.capabilities,
    )
    transaction(lambda: stores.describe(db.session.get(Channel, other), learnt))()
    for each in (channel, other):
        run(each)
    return channel, other


def test_a_feed_of_both_is_made_as_that_of_each(both):
    of_shopify, of_woo = both
    first = items_of(rendered(of_shopify, slug="first", sources=[of_shopify]))
    second = items_of(rendered(of_shopify, slug="second", sources=[of_woo]))
    together = items_of(rendered(of_shopify, slug="together"))
    # The older channel's ids are the shop's own, those of the other begin with its name.
    prefix = of_woo[:8] + "-"
    assert first
    assert second
    assert {key: item for key, item in together.items() if not key.startswith(prefix)} == first
    assert {
        key.removeprefix(prefix): [(name, text.removeprefix(prefix)) for name, text in item]
        for key, item in together.items()
        if key.startswith(prefix)
    } == second


def test_both_have_the_same_columns(both):
    rows = list(csv.DictReader(io.StringIO(rendered(both[0], format="csv").decode())))
    grouped = [row for row in rows if row["group_id"] and row["group_id"] != row["id"]]
    assert {row["id"].startswith(both[1][:8]) for row in grouped} == {True, False}
    assert all(row["price"] and row["link"].startswith("http") for row in rows)


def test_one_shop_that_fails_leaves_the_other_alone(both, shopify):  # noqa: F811
    of_shopify, of_woo = both
    before = rendered(of_shopify)
    shopify.fault("bad_gateway", path="graphql")
    with pytest.raises(StoreError):
        run(of_shopify, full=True)
    run(of_woo, full=True)
    assert channel_of(of_woo)["problem"] == ""
    assert channel_of(of_shopify)["problem"]
    renders.render(feed_id("a-feed"))
    assert served() == before


def feed_id(slug):
    return look(lambda: db.session.query(Feed.id).filter_by(slug=slug).scalar())()


# What changes


def test_what_changes_in_the_shop_changes_in_the_mirror(channel, shop):
    run(channel)
    first, second, third, *_, shirt = list(shop.catalogue.products)[:6]
    shop.edit(first, title="New name")
    shop.edit(second, status="ARCHIVED")
    shop.remove(third)
    size = shop.catalogue.products[shirt]["variants"][1]
    shop.edit_variant(size, price="77.00")
    added = shop.add({"title": "Added"})
    run(channel)
    found = mirrored(channel)
    assert found[str(first)][0] == "New name"
    assert found[str(added)][0] == "Added"
    assert str(found[str(shirt)][1][str(size)]) == "77.00"
    # Archived it is in no feed; deleted it is found out by the next full look.
    assert (
        look(lambda: db.session.query(Product).filter_by(external_id=str(second)).one().published)() is False
    )
    assert str(third) in found
    run(channel, full=True)
    assert not {str(second), str(third)} & set(mirrored(channel))


def test_a_variant_that_is_deleted_goes_with_the_next_look(channel, shop):
    run(channel)
    shirt = list(shop.catalogue.products)[5]
    *kept, gone = shop.catalogue.products[shirt]["variants"]
    shop.edit(shirt, variants=kept)
    run(channel)
    assert str(gone) not in mirrored(channel)[str(shirt)][1]
    assert len(mirrored(channel)[str(shirt)][1]) == len(kept)


def test_what_a_webhook_names_is_seen_before_the_search_knows_it(channel, shop):
    run(channel)
    shop.search_lag = 10**6
    new = shop.add({"title": "Told of"})
    run(channel)
    assert str(new) not in mirrored(channel)
    transaction(lambda: jobs.enqueue("sync", channel, {sync.HINTS: [str(new)]}).id)()
    run(channel)
    assert mirrored(channel)[str(new)][0] == "Told of"


# Guards


def test_a_shop_that_lists_nothing_any_more_is_not_believed_at_once(channel, shop, way):
    run(channel)
    before, kept = mirrored(channel), dict(shop.catalogue.products)
    for key in kept:
        shop.edit(key, status="ARCHIVED")
    run(channel, full=True)
    assert mirrored(channel) == before
    assert pulls_of(channel)[-1]["state"] == "held"
    assert channel_of(channel)["problem_code"] == "SYNC_HELD"
    pass_time(3700)
    run(channel, full=True)
    assert mirrored(channel) == {}


def test_feeds_of_a_shop_that_withdrew_its_consent_stay_as_they_are(channel, shop, their_app):  # noqa: F811
    run(channel)
    before = rendered(channel)
    shop.uninstall(their_app)
    with pytest.raises(StoreRefusedKeys):
        run(channel, full=True)
    assert channel_of(channel)["state"] == "auth_failed"
    renders.render(feed_id("a-feed"))
    assert served() == before


def test_a_pull_that_breaks_off_removes_nothing(channel, shop, shopify):  # noqa: F811
    run(channel)
    before = mirrored(channel)
    for key in list(shop.catalogue.products)[:3]:
        shop.remove(key)
    trouble = shopify.fault("bad_gateway", has="query Ids")
    with pytest.raises(StoreError):
        run(channel, full=True)
    assert mirrored(channel) == before
    trouble.stop()
    run(channel, full=True)
    assert len(mirrored(channel)) == len(before) - 3


@pytest.mark.parametrize("kind", ["cut", "not_found"])
def test_a_file_that_cannot_be_had_removes_nothing(channel, shop, shopify, kind, monkeypatch):  # noqa: F811
    run(channel)
    before = mirrored(channel)
    monkeypatch.setitem(shopify_pull.Pull.__init__.__kwdefaults__, "large", 0)
    shop.bulk.course = ("RUNNING", END)
    shopify.fault(kind, host=HOST)
    run(channel, full=True)
    assert mirrored(channel) == before
    assert pulls_of(channel)[-1]["state"] == "applied"
