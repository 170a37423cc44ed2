"""Three suppliers and two shops: from lists to prices and stock, over real sockets and processes."""

import gzip
import json
from collections import Counter

import pytest
import requests
from sqlalchemy import func, select

from sync2sys.database import look
from sync2sys.extensions import db
from sync2sys.models import Job
from tests.forks import Forks
from tests.readers.workbooks import workbook
from tests.service import running
from tests.shops.conftest import authority, ca_file, shopify  # noqa: F401 - fixtures
from tests.shops.shopify.catalogue import MAIN_LOCATION
from tests.shops.woocommerce import WooShop
from tests.wholesaler import Wholesaler

pytestmark = pytest.mark.shopify

BOWL, POT, LAMP = "4006381333931", "4006381333948", "4006381333955"
#: A user name that Basic authentication has to write somehow.
KEYS = ("händler", "geheim!")
SCOPES = "read_products,read_inventory,write_products,write_inventory"

# What the shops have ------------------------------------------------------------------------------


def counted(number, name, sku, price, pieces, **fields):
    said = {"id": number, "name": name, "sku": sku, "regular_price": price}
    return said | {"manage_stock": True, "stock_quantity": pieces} | fields


def sized(number, sku, size):
    option = {"id": 4, "name": "Size", "option": size}
    return counted(number, "", sku, "12.00", 4, attributes=[option])


SIZES = {"id": 4, "name": "Size", "variation": True, "visible": True, "options": ["S", "M"]}
MUELLER = [{"id": 9, "name": "Müller", "slug": "mueller"}]
WOO = [
    # What another supplier calls it does not matter: the number on the box is the same.
    counted(11, "Bowl", "BOWL-20", "15.00", 5, global_unique_id=BOWL, brands=MUELLER),
    counted(12, "Pot", "ka-1", "2203.99", 9, brands=MUELLER),
    counted(13, "Handmade", "OWN-1", "5.00", 1),
    {
        "id": 20,
        "name": "Shirt",
        "type": "variable",
        "attributes": [SIZES],
        "variations": [sized(21, "SH-S", "S"), sized(22, "SH-M", "M")],
    },
]
SHOPIFY = [
    {
        "id": 1,
        "title": "Bowl",
        "vendor": "Müller",
        "variants": [{"id": 11, "sku": "B-20", "barcode": BOWL, "price": "17.99", "stock": 3}],
    },
    {
        "id": 2,
        "title": "Lamp",
        "vendor": "Lux",
        "variants": [{"id": 21, "barcode": LAMP, "price": "29.00", "stock": 1}],
    },
    {
        "id": 3,
        "title": "Socks",
        "vendor": "Acme",
        "variants": [{"id": 31, "sku": "sk 3", "price": "7.99", "stock": 98}],
    },
]

# What the suppliers have --------------------------------------------------------------------------

#: What nobody sells, so that there is something to judge a list by.
MORE = [f"F-{number};;Teil {number};Müller;{number},25;9" for number in range(10, 40)]


def of_mueller(shirt="8,40;30", times=1):
    """As Windows and Excel make it."""

    def dearer(row):
        *rest, cost, stock = row.split(";")
        cost = f"{float(cost.replace('.', '').replace(',', '.')) * times:.2f}".replace(".", ",")
        return ";".join((*rest, cost, stock))

    rows = [
        f"RS-20;{BOWL};Rührschüssel 20 cm;Müller;10,00;12",
        f"KA-1;{POT};Kanne;Müller;1.234,50;7",
        f"SH-S;;Hemd S;Acme;{shirt}",
        "SH-M;;Hemd M;Acme;8,40;0",
        *MORE,
    ]
    rows = rows if times == 1 else list(map(dearer, rows))
    return "\r\n".join(["Artikelnummer;EAN;Bezeichnung;Hersteller;EK netto;Bestand", *rows, ""]).encode(
        "cp1252"
    )


def of_nord(bowl=("9.50", 0), lamp=("20.00", 3)):
    """A shape of its own, packed."""
    items = "".join(
        f'<Position nr="{number}"><Barcode>{gtin}</Barcode><Preis waehrung="EUR">{cost}</Preis>'
        f"<Lager><Menge>{pieces}</Menge></Lager></Position>"
        for number, (gtin, (cost, pieces)) in enumerate({BOWL: bowl, LAMP: lamp}.items(), 1)
    )
    return gzip.compress(
        f"<?xml version='1.0'?><Programm><Positionen>{items}</Positionen></Programm>".encode()
    )


def of_sued():
    """A workbook, whose header does not stand in the first line."""
    return workbook(
        [
            ["Preisliste Süd", None, None],
            ["SKU", "Cost", "Stock"],
            ["SH-M", 9, 6],
            ["SK-3", 4.2, 100],
        ]
    )


# What is decided -----------------------------------------------------------------------------------

#: 50 % on what Müller makes; 1.00 on what is cheap; all else to the next price that ends in 0.99.
PRICING = {
    "taxRates": {"": "19"},
    "policy": {
        "choose": "cheapest",
        "stock": {"safety": 2},
        "rules": [
            {"when": {"brand": ["Müller"]}, "markup": "50"},
            {"when": {"cost": {"from": "0", "to": "5"}}, "add": "1.00"},
            {"markup": "30", "round": {"ending": "0.99", "way": "up"}, "margin": "10", "floor": "5"},
        ],
    },
}
WRITING = {
    "policy": {"price": "shop", "quantity": "supplier"},
    "ceiling": {"share": None, "values": 20, "priceChange": 50},
}
#: (before, after) by variant and field.
IN_WOO = {
    ("11", "price"): ("15.00", "17.99"),
    ("11", "quantity"): ("5", "10"),
    ("12", "quantity"): ("9", "5"),
    ("21", "price"): ("12.00", "13.99"),
    ("21", "quantity"): ("4", "28"),
    ("22", "price"): ("12.00", "13.99"),
}
IN_SHOPIFY = {("11", "quantity"): ("3", "10"), ("21", "price"): ("29.00", "30.99")}
IN_THE_FEED = [
    ("Bowl", "16.99"),
    ("Bowl", "16.99"),
    ("Handmade", "5.00"),
    ("Lamp", "35.00"),
    ("Pot", "2203.99"),
    ("Shirt", "13.99"),
    ("Shirt", "13.99"),
    ("Socks", "7.99"),
]


class Merchant:
    """Calls the service; `settled` waits until it has nothing left to do."""

    def __init__(self, service, app):
        self.service, self.app, self.token = service, app, None

    def call(self, method, path, body=None, **options):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.service.url}/api{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=20, **options)
        assert answer.ok, answer.text
        return answer.json()

    def settled(self):
        def live():
            return db.session.scalar(select(func.count()).where(Job.live_key.is_not(None)))

        with self.app.app_context():
            self.service.until(lambda: not look(live)())

    def doctor(self):
        """What `flask doctor` finds wrong."""
        told = self.app.test_cli_runner().invoke(args=["doctor"]).output.splitlines()
        return [line.removeprefix("WRONG  ") for line in told if line.startswith("WRONG")]

    # Shops

    def sign_in(self):
        account = {"email": "alice@example.com", "password": "correct horse battery"}
        create = ["users", "create", account["email"], "--password", account["password"]]
        assert self.app.test_cli_runner().invoke(args=create).exit_code == 0
        self.token = self.call("POST", "/auth/login", account)["token"]

    def connect_woocommerce(self, shop):
        keys = {"consumerKey": shop.key, "consumerSecret": shop.secret}
        store = {"storeUrl": shop.url, "email": "alice@example.com", "platform": "woocommerce"}
        return self.call("POST", "/stores/connect", store | keys | {"pluginVersion": "1.1.0"})["channelId"]

    def connect_shopify(self, shop, app):
        keys = {"clientId": app.client_id, "clientSecret": app.secret}
        return self.call("POST", "/shopify/connect", {"shopDomain": shop.domain} | keys)["channelId"]

    def turn(self, channel, state):
        self.call("PUT", f"/channels/{channel}/writing", {"state": state} | WRITING)
        self.settled()

    def runs(self, channel):
        """What every run became, oldest first."""
        found = self.call("GET", f"/channels/{channel}/writing/runs")["items"]
        return [(run["kind"], run["state"], run["counts"]) for run in reversed(found)]

    def lines(self, channel):
        """Those of the last run: {(variant, field): line}."""
        (run, *_) = self.call("GET", f"/channels/{channel}/writing/runs")["items"]
        found = self.call("GET", f"/channels/{channel}/writing/runs/{run['id']}/lines")["items"]
        return {(line["key"], line["field"]): line for line in found}

    def changes(self, channel):
        return {key: (line["before"], line["after"]) for key, line in self.lines(channel).items()}

    def undo(self, channel):
        self.call("POST", f"/channels/{channel}/writing/undo")
        self.settled()

    # Suppliers

    def add(self, name, **given):
        supplier = self.call("POST", "/suppliers", {"name": name} | given)["id"]
        self.settled()
        return supplier

    def send(self, supplier, name, content):
        self.call("PUT", f"/suppliers/{supplier}/file", params={"name": name}, data=content)
        self.settled()

    def look(self, supplier):
        """Have the list fetched now."""
        self.call("POST", f"/suppliers/{supplier}/import")
        self.settled()
        return self.call("GET", f"/suppliers/{supplier}")

    def confirm(self, supplier):
        """Keep what was guessed; gives (offers, refused rows)."""
        guess = self.call("GET", f"/suppliers/{supplier}/guess")
        assert guess["lacks"] == ""
        kept = {name: guess[name] for name in ("shape", "mapping")}
        self.call("PATCH", f"/suppliers/{supplier}", kept)
        self.settled()
        applied = self.call("GET", f"/suppliers/{supplier}")["applied"]
        return applied["offers"], applied["refused"]


def woo_has(shop):
    """{variation or product: (price, pieces)} in its own books."""
    records = {number: shop.records[number] for number in (11, 12, 13, 21, 22)}
    return {number: (each["regular_price"], each["stock_quantity"]) for number, each in records.items()}


def woo_was_sent(shop):
    """The items of the batches that it got since this was last asked."""
    batches = [json.loads(each.body) for each in shop.asked("batch") if each.method == "POST"]
    shop.requests.clear()
    return [item for batch in batches for item in batch["update"]]


def shopify_has(shop):
    found = shop.catalogue.variants
    return {number: (found[number]["price"], found[number]["levels"][MAIN_LOCATION]) for number in found}


def shopify_was_sent(platform):
    """(variants whose price, number of items whose quantity) was sent since this was last asked."""
    bodies = [json.loads(each.body) for each in platform.asked("graphql.json")]
    platform.requests.clear()
    said = [each["variables"] for each in bodies if each["query"].lstrip().startswith("mutation")]
    prices = [row["id"] + " " + row["price"] for each in said for row in each.get("variants", ())]
    pieces = [row["quantity"] for each in said for row in each.get("input", {}).get("quantities", ())]
    return prices, sorted(pieces)


@pytest.fixture
def wholesaler():
    made = Wholesaler(of_mueller(), etag='"1"', user=KEYS)
    yield made
    made.close()


@pytest.fixture
def woo():
    with WooShop(WOO) as shop:
        yield shop


@pytest.fixture
def their_app(shopify):  # noqa: F811
    return shopify.add_app(scopes=SCOPES)


@pytest.fixture
def mugs(shopify, their_app):  # noqa: F811
    shop = shopify.add_shop("mugs", SHOPIFY, organization=their_app.organization)
    shop.install(their_app)
    return shop


@pytest.fixture
def merchant(instance, database_url, app, shopify, ca_file):  # noqa: F811
    forks = Forks(**shopify.environment(ca_file))
    with running(instance, database_url, forks, API_RATE="100000", FEED_RATE="100000") as service:
        yield Merchant(service, app)
    forks.close()


def test_from_three_suppliers_to_two_shops_and_back(merchant, wholesaler, woo, shopify, mugs, their_app):  # noqa: F811
    merchant.sign_in()
    channels = [merchant.connect_woocommerce(woo), merchant.connect_shopify(mugs, their_app)]
    merchant.settled()
    suppliers = take_lists(merchant, wholesaler)
    plan_dry(merchant, channels, woo, shopify, mugs)
    turn_on(merchant, channels, woo, shopify, mugs)
    feed = publish(merchant)
    leave_a_person_alone(merchant, channels, suppliers["Nord"], woo, shopify, mugs)
    await_prices(merchant, feed, IN_THE_FEED)
    hold_what_is_broken(merchant, wholesaler, suppliers["Müller"], woo, shopify, mugs)
    recover(merchant, channels, wholesaler, suppliers["Müller"], woo, shopify)
    take_back(merchant, channels, woo, mugs)
    status = merchant.call("GET", "/sync/status")
    assert (status["suppliers"], status["feeds"], status["products_synced"]) == (3, 1, 7)


def take_lists(merchant, wholesaler):
    keys = dict(zip(("user", "password"), KEYS, strict=True))
    suppliers = {
        "Müller": merchant.add("Müller", url=wholesaler.url, credentials=keys),
        "Nord": merchant.add("Nord"),
        "Süd": merchant.add("Süd"),
    }
    merchant.send(suppliers["Nord"], "programm.xml.gz", of_nord())
    merchant.send(suppliers["Süd"], "preise.xlsx", of_sued())
    assert [merchant.confirm(each) for each in suppliers.values()] == [(34, 0), (2, 0), (2, 0)]
    # A look at what did not change costs nothing.
    assert merchant.look(suppliers["Müller"])["problem"] == ""
    assert wholesaler.requests[-1]["If-None-Match"] == '"1"'
    assert len(merchant.call("GET", f"/suppliers/{suppliers['Müller']}/imports")["items"]) == 1
    return suppliers


def plan_dry(merchant, channels, woo, shopify, mugs):  # noqa: F811
    had = woo_has(woo), shopify_has(mugs)
    for channel in channels:
        merchant.call("PUT", f"/channels/{channel}/pricing", PRICING)
    merchant.settled()
    for channel in channels:
        merchant.turn(channel, "dry")
    assert [merchant.changes(channel) for channel in channels] == [IN_WOO, IN_SHOPIFY]
    assert [run[1] for channel in channels for run in merchant.runs(channel)] == ["planned", "planned"]
    assert (woo_was_sent(woo), shopify_was_sent(shopify)) == ([], ([], []))
    assert (woo_has(woo), shopify_has(mugs)) == had


def turn_on(merchant, channels, woo, shopify, mugs):  # noqa: F811
    for channel in channels:
        merchant.turn(channel, "on")
    assert [merchant.runs(channel) for channel in channels] == [
        [("normal", "done", {"written": 6})],
        [("normal", "done", {"written": 2})],
    ]
    assert woo_has(woo) == {
        11: ("17.99", 10),
        12: ("2203.99", 5),
        13: ("5.00", 1),
        21: ("13.99", 28),
        22: ("13.99", 4),
    }
    assert shopify_has(mugs) == {11: ("17.99", 10), 21: ("30.99", 1), 31: ("7.99", 98)}
    assert woo_was_sent(woo) == [
        {"id": 11, "regular_price": "17.99", "stock_quantity": 10},
        {"id": 12, "stock_quantity": 5},
        {"id": 21, "regular_price": "13.99", "stock_quantity": 28},
        {"id": 22, "regular_price": "13.99"},
    ]
    assert shopify_was_sent(shopify) == (["gid://shopify/ProductVariant/21 30.99"], [10])


def publish(merchant):
    feed = {"name": "All", "format": "json", "slug": "all", "published": True}
    return merchant.call("POST", "/feeds", feed)["url"]


def await_prices(merchant, feed, wanted):
    """Wait until the feed has just these (title, price), of whichever shop."""

    def has_them():
        answer = requests.get(feed, timeout=10)
        if answer.status_code != 200:
            return False
        return sorted((item["title"], item["price"]) for item in answer.json()["items"]) == wanted

    merchant.service.until(has_them, 30)


def leave_a_person_alone(merchant, channels, nord, woo, shopify, mugs):  # noqa: F811
    mugs.edit_variant(21, price="35.00")
    merchant.send(nord, "programm.xml.gz", of_nord(bowl=("9.50", 6), lamp=("21.00", 5)))
    assert woo_was_sent(woo) == [{"id": 11, "regular_price": "16.99", "stock_quantity": 4}]
    # Of the lamp only the stock.
    assert shopify_was_sent(shopify) == (["gid://shopify/ProductVariant/11 16.99"], [3, 4])
    assert shopify_has(mugs) == {11: ("16.99", 4), 21: ("35.00", 3), 31: ("7.99", 98)}
    kept = merchant.lines(channels[1])["21", "price"]
    assert [kept[name] for name in ("before", "after", "found", "state")] == [
        "30.99",
        "32.99",
        "35.00",
        "kept",
    ]


def hold_what_is_broken(merchant, wholesaler, mueller, woo, shopify, mugs):  # noqa: F811
    had = woo_has(woo), shopify_has(mugs)
    wholesaler.instead = (
        200,
        {"Content-Type": "text/csv"},
        b"<!DOCTYPE html><html><h1>Please log in</h1></html>",
    )
    said = merchant.look(mueller)
    assert (said["offers"], said["held"]) == (34, None)
    assert said["problem"].startswith("This is a web page and no list")
    assert merchant.doctor() == [f"supplier Müller: {said['problem']}"]

    wholesaler.instead = None
    wholesaler.content, wholesaler.etag = of_mueller(times=100), '"2"'
    said = merchant.look(mueller)
    assert {each["code"] for each in said["held"]["hold"]} >= {"OFF_BY_A_FACTOR"}
    assert (said["offers"], said["applied"]["state"]) == (34, "applied")
    assert merchant.doctor() == [f"supplier Müller: {said['problem']}"]
    assert (woo_was_sent(woo), shopify_was_sent(shopify)) == ([], ([], []))
    assert (woo_has(woo), shopify_has(mugs)) == had


def recover(merchant, channels, wholesaler, mueller, woo, shopify):  # noqa: F811
    wholesaler.content, wholesaler.etag = of_mueller(shirt="9,40;25"), '"3"'
    said = merchant.look(mueller)
    assert (said["problem"], said["held"], said["applied"]["changed"]) == ("", None, 1)
    assert woo_was_sent(woo) == [{"id": 21, "regular_price": "14.99", "stock_quantity": 23}]
    assert shopify_was_sent(shopify) == ([], [])
    assert woo_has(woo)[21] == ("14.99", 23)
    assert merchant.doctor() == []


def take_back(merchant, channels, woo, mugs):
    for channel in channels:
        merchant.undo(channel)
    assert woo_has(woo)[21] == ("13.99", 28)
    assert woo_has(woo)[11] == ("16.99", 4)
    assert shopify_has(mugs) == {11: ("17.99", 10), 21: ("35.00", 1), 31: ("7.99", 98)}
    # What is decided still is planned once more, and not sent: who takes back does not want it.
    assert Counter(run[:2] for run in merchant.runs(channels[0])) == {
        ("normal", "planned"): 1,
        ("normal", "done"): 2,
        ("normal", "undone"): 1,
        ("undo", "done"): 1,
    }
