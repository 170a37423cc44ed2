"""The walks in the documentation are walked, command by command."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.service import Service, running
from tests.services import taxonomies
from tests.shops.catalogues import few
from tests.shops.conftest import authority, ca_file, shopify  # noqa: F401 - fixtures
from tests.shops.woocommerce import WooShop

DOCS = Path(__file__).parent.parent / "docs"


def commands(text):
    """The shell commands of a document or a part of one, in order."""
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")


class Walk:
    """A document whose sections are walked one by one: `walk("Publish it")`, with `known` as variables."""

    def __init__(self, document, folder=None, **known):
        self.known, self.folder = known, folder
        text = (DOCS / document).read_text("utf-8")
        parts = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        self.left = {heading: commands(part) for heading, part in parts}

    def fill_in(self, client_id, secret):
        """Put an app's names where the document has dots."""
        dots = '"clientId": "…", "clientSecret": "…"'
        names = f'"clientId": "{client_id}", "clientSecret": "{secret}"'
        for heading, left in self.left.items():
            self.left[heading] = [command.replace(dots, names) for command in left]

    def __call__(self, heading):
        """Run the section's next command; its answer, read where it is JSON. No answer may be an error."""
        command = self.left[heading].pop(0)
        environ = os.environ | self.known
        done = subprocess.run(
            ["bash", "-c", command], env=environ, cwd=self.folder, capture_output=True, check=True, text=True
        )
        if not done.stdout.startswith("{"):
            return done.stdout
        answer = json.loads(done.stdout)
        assert "statusCode" not in answer, (command, answer)
        return answer


@needs_curl
def test_a_plugin_author_can_follow_the_plugin_page(instance, database_url, forks):
    service = Service(instance, database_url, forks)
    service.start("web")
    try:
        service.await_web()
        with WooShop() as shop:
            environ = os.environ | {"BASE": service.url, "TOKEN": ""}
            answers = []
            for command in commands((DOCS / "plugins.md").read_text("utf-8")):
                command = command.replace("https://yourstore.com", shop.url)
                command = command.replace("ck_…", shop.key).replace("cs_…", shop.secret)
                run = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, check=True)
                answers.append(json.loads(run.stdout))
                environ["TOKEN"] = answers[-1].get("token", environ["TOKEN"])
    finally:
        service.stop()
    registered, connected, feed = answers
    assert registered["isNewAccount"] is True
    assert connected["success"] is True
    assert feed["url"] == f"{service.url}/api/public/feeds/google-shopping-feed"


class Merchant:
    """Somebody with a connected store, beside the walk: `call("GET", "/feeds")` gives the answer's JSON."""

    def __init__(self, service, shop):
        self.service = service
        self.token = ""
        keys = {"consumerKey": shop.key, "consumerSecret": shop.secret}
        store = {"storeUrl": shop.url, "email": "admin@yourstore.com", "platform": "woocommerce"}
        store["pluginVersion"] = "1.1.0"
        self.token = self.call("POST", "/stores/connect", store | keys)["token"]
        service.until(lambda: self.call("GET", "/sync/status")["last_sync"])

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def call(self, method, path, body=None):
        answer = requests.request(
            method, f"{self.service.url}/api{path}", json=body, headers=self.headers, timeout=20
        )
        assert answer.ok, answer.text
        return answer.json()

    def await_feed(self, feed_id, condition):
        """Wait until the feed is at rest and as it should be."""

        def settled():
            feed = self.call("GET", f"/feeds/{feed_id}")
            return not feed["isRendering"] and condition(feed)

        self.service.until(settled)


@needs_curl
def test_a_merchant_can_follow_the_page_about_feeds(app, instance, database_url, forks):
    catalogue = few(5)
    catalogue[2]["regular_price"] = "0"
    with WooShop(catalogue) as shop, running(instance, database_url, forks, API_RATE="100000") as service:
        merchant = Merchant(service, shop)
        walk = Walk("feeds.md", BASE=service.url, TOKEN=merchant.token)
        walk_through_its_definition(walk)
        walk_around_its_categories(walk, app)
        walk_to_a_complete_feed(walk, merchant, shop)
        walk_around_its_address(walk, merchant)
        walk_through_an_accident(walk, merchant, shop)
    assert not any(walk.left.values())


def walk_through_its_definition(walk):
    assert "google" in {each["name"] for each in walk("Choose a format")["items"]}
    walk.known["FEED"] = walk("Make the feed")["id"]
    assert set(walk("Say where it sells")["definition"]) == {"market", "shipping"}
    assert walk("Say where it sells")["remarks"] == []
    first, *_ = walk("Make it your own")["items"]
    title = next(line for line in first["fields"] if line["field"] == "title")
    assert title["steps"][-1]["after"] == title["value"]
    tried = walk("Make it your own")
    assert (tried["published"], tried["lookedAt"], tried["excluded"]) == (0, 5, {"filtered": 5})
    assert tried["message"].startswith("None of the 5 items looked at would be published")
    assert set(walk("Make it your own")["definition"]) == {
        *("market", "shipping", "filter", "mapping", "categories"),
    }


def walk_around_its_categories(walk, app):
    lines = ["# Google_Product_Taxonomy_Version: 1", "166 - Apparel & Accessories", "187 - Running Shoes"]
    taxonomies.load(app, "\n".join(lines))
    found = {each["path"]: each for each in walk("Map the categories")["items"]}
    assert found["Clothing"]["category"]["path"] == "Apparel & Accessories"
    assert found["Clothing > Shoes"]["category"]["isGone"] is True
    assert (found["Everything"]["items"], found["Everything"]["rule"]) == (5, None)
    asked = walk("Map the categories")
    assert (asked["version"], asked["suggestions"][0]["id"]) == ("1", 187)


def walk_to_a_complete_feed(walk, merchant, shop):
    feed = walk.known["FEED"]
    assert walk("Publish it")["published"] is True
    merchant.await_feed(feed, lambda feed: feed["render"])
    render = walk("Publish it")["render"]
    assert (render["items"], render["excluded"], render["mirrored"]) == (4, {"no_price": 1}, 5)

    report = walk("See what is wrong")
    assert (report["published"], report["publishedWithWarnings"], report["excluded"]) == (4, 0, 1)
    (item,) = report["items"]
    assert (item["title"], item["issues"][0]["value"]) == ("Product 13", "0")
    (row,) = csv.DictReader(walk("See what is wrong").splitlines())
    assert (row["title"], row["outcome"], row["code"]) == ("Product 13", "excluded", "no_price")

    walk.known["ITEM"] = "13"
    fields = {line["field"]: line for line in walk("Explain one item")["fields"]}
    assert (fields["price"]["value"], fields["price"]["found"]["price"]) == (None, "0")

    shop.set_price(13, "13.50")
    (channel,) = walk("Repair it and look again")["items"]
    walk.known["CHANNEL"] = channel["id"]
    assert walk("Repair it and look again")["sync"] is not None
    merchant.await_feed(feed, lambda feed: feed["render"]["items"] == 5)
    assert walk("Repair it and look again")["items"] == []
    assert "X-Feed-Products: 5\n" in walk("Repair it and look again")


def walk_around_its_address(walk, merchant):
    feed = walk.known["FEED"]
    merchant.service.until(lambda: merchant.call("GET", f"/feeds/{feed}/fetches")["items"])
    (fetch,) = walk("See who came")["items"]
    assert (fetch["status"], fetch["agent"][:5]) == (200, "curl/")

    secret = walk("Keep the address to yourselves")["secretUrl"]
    assert walk("Keep the address to yourselves")["url"] == secret
    assert requests.get(secret, timeout=10).ok
    assert requests.get(f"{walk.known['BASE']}/api/public/feeds/spring-offers", timeout=10).status_code == 404


def walk_through_an_accident(walk, merchant, shop):
    feed = walk.known["FEED"]
    assert walk("Decide what looks like an accident")["guard"]["drop"] == 0.3
    merchant.await_feed(feed, lambda feed: True)
    for number in (14, 15):
        shop.edit(number, status="draft")
    merchant.call("POST", f"/channels/{walk.known['CHANNEL']}/sync", {})
    merchant.await_feed(feed, lambda feed: feed["held"])

    held = walk("Let a held render go")["held"]
    assert [reason["code"] for reason in held["hold"]] == ["COUNT_DROPPED"]
    walk.known["RENDER"] = held["id"]
    assert walk("Let a held render go")["state"] == "live"

    history = walk("Go back")["items"]
    assert [(render["state"], render["items"]) for render in history] == [
        ("live", 3),
        ("superseded", 5),
        ("superseded", 4),
    ]
    walk.known["RENDER"] = history[1]["id"]
    assert (walk("Go back")["state"], walk("Go back")["pinnedSince"]) == ("live", None)


@needs_curl
@pytest.mark.shopify
def test_an_operator_can_follow_the_page_about_shopify(app, instance, database_url, shopify, ca_file):  # noqa: F811
    app.test_cli_runner().invoke(
        args=["users", "create", "you@example.com", "--password", "correct horse battery"]
    )
    ours = shopify.add_app(scopes="read_products,read_inventory")
    shop = shopify.add_shop("mystore", organization=ours.organization)
    shop.install(ours)
    keys = {"SHOPIFY_CLIENT_ID": ours.client_id, "SHOPIFY_CLIENT_SECRET": ours.secret}
    service = Service(instance, database_url, **keys)
    service.environ |= shopify.environment(ca_file)
    path = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    walk = Walk("shopify.md", **service.environ | path | {"BASE": service.url})
    service.start("web")
    try:
        service.await_web()
        printed = walk("Make the app")
        assert f"Redirect address:  {service.url}/api/shopify/oauth/callback\n" in printed
        walk.known["TOKEN"] = walk("Connect a shop")["token"]
        begun = walk("Connect a shop")["authUrl"]
        assert begun.startswith("https://mystore.myshopify.com/admin/oauth/authorize?")
        walk.fill_in(ours.client_id, ours.secret)
        assert walk("Connect a shop of your own organization")["channelId"]
    finally:
        service.stop()
    assert not any(walk.left.values())


@needs_curl
def test_a_merchant_can_follow_the_page_about_suppliers(app, instance, database_url, forks, tmp_path):
    lists = re.findall(r"```csv\n(.*?)```", (DOCS / "suppliers.md").read_text("utf-8"), re.DOTALL)
    for name, text in zip(("prices.csv", "range.csv"), lists, strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    catalogue = few(5)
    catalogue[0]["sku"] = "tr-42"
    with WooShop(catalogue) as shop, running(instance, database_url, forks, API_RATE="100000") as service:
        merchant = Merchant(service, shop)
        walk = Walk("suppliers.md", tmp_path, BASE=service.url, TOKEN=merchant.token)
        walk_to_offers(walk, merchant)
        walk_to_prices(walk, merchant)
        before = walk_to_the_shop(walk, merchant)
        walk_back_in_the_shop(walk, merchant, shop, before)
        walk_without_a_store(walk, app, service)
        walk_through_a_held_list(walk, merchant)
        walk_back_and_on(walk, merchant)
    assert not any(walk.left.values())


def await_supplier(walk, merchant):
    """Wait until the supplier is at rest."""
    path = f"/suppliers/{walk.known['SUPPLIER']}"
    merchant.service.until(lambda: not merchant.call("GET", path)["isImporting"])


def walk_to_offers(walk, merchant):
    walk.known["SUPPLIER"] = walk("Add the supplier")["id"]
    assert walk("Add the supplier")["file"] == "prices.csv"
    guess = walk("See what it is")
    assert (guess["lacks"], guess["shape"]["delimiter"], len(guess["rows"])) == ("", ";", 9)
    assert [reason["field"] for reason in guess["reasons"] if not reason["sure"]] == ["currency"]
    tried = walk("Try it")
    assert (tried["offers"], tried["refused"]) == (8, 1)
    assert {
        name: each["columns"] for name, each in guess["mapping"]["fields"].items() if "columns" in each
    } == {
        "gtin": ["EAN"],
        "sku": ["Artikelnummer"],
        "brand": ["Marke"],
        "title": ["Bezeichnung"],
        "cost": ["EK netto"],
        "price": ["UVP"],
        "quantity": ["Bestand"],
    }
    assert walk("Keep it")["isImporting"] is True
    await_supplier(walk, merchant)
    applied = walk("See what came of it")["applied"]
    assert (applied["rows"], applied["offers"], applied["refused"]) == (9, 6, 3)
    (offer,) = walk("See what came of it")["items"]
    assert (offer["cost"], offer["costTax"], offer["quantity"]) == ("49.5", "without", 12)
    walk.known["IMPORT"] = applied["id"]
    refused = walk("See what came of it")["items"]
    assert sorted(row["line"] for row in refused) == [5, 8, 10]


def walk_to_prices(walk, merchant):
    (channel,) = merchant.call("GET", "/channels")["items"]
    walk.known["CHANNEL"] = channel["id"]
    assert walk("Decide prices and stock")["taxRates"] == {"": "19"}
    merchant.service.until(lambda: merchant.call("GET", f"/channels/{channel['id']}/pricing")["decidedAt"])
    (made,) = walk("Decide prices and stock")["items"]
    # 49.50 and 19 % of tax, 40 % and 1.50 on top of that, to the next price that ends in 0.99.
    assert (made["sku"], made["price"], made["quantity"]) == ("tr-42", "83.99", 10)
    assert walk("Decide prices and stock")["total"] == 0


def walk_to_the_shop(walk, merchant):
    path = f"/channels/{walk.known['CHANNEL']}/writing/runs"

    def is_there(state):
        return any(run["state"] == state for run in merchant.call("GET", path)["items"])

    assert walk("Write them to the shop")["state"] == "dry"
    merchant.service.until(lambda: is_there("planned"))
    walk.known["RUN"] = walk("Write them to the shop")["items"][0]["id"]
    lines = walk("Write them to the shop")["items"]
    assert {line["field"]: line["after"] for line in lines} == {"price": "83.99", "quantity": "10"}
    assert walk("Write them to the shop")["state"] == "on"
    merchant.service.until(lambda: is_there("done"))
    walk.known["PRODUCT"] = lines[0]["productKey"]
    (told,) = walk("Write them to the shop")["items"]
    # What the shop says that it has, now that it was asked after the writing.
    assert {line["field"]: (line["state"], line["found"]) for line in told["lines"]} == {
        "price": ("written", "83.99"),
        "quantity": ("written", "10"),
    }
    return {line["field"]: line["before"] for line in lines}


def walk_back_in_the_shop(walk, merchant, shop, before):
    def books():
        record = shop.records[int(walk.known["PRODUCT"])]
        return record["regular_price"], str(record["stock_quantity"])

    assert books() == ("83.99", "10")
    undoing = walk("Write them to the shop")
    assert undoing["kind"] == "undo"
    path = f"/channels/{walk.known['CHANNEL']}/writing/runs/{undoing['id']}"
    merchant.service.until(lambda: merchant.call("GET", path)["state"] == "done")
    # Nobody counted this stock before, so there is no number to go back to.
    assert before["quantity"] is None
    assert books() == (before["price"], "10")
    lines = merchant.call("GET", f"{path}/lines")["items"]
    assert {line["field"]: (line["state"], line["code"]) for line in lines} == {
        "price": ("written", ""),
        "quantity": ("refused", "nothing_before"),
    }
    assert merchant.call("GET", f"/channels/{walk.known['CHANNEL']}/writing")["state"] == "dry"


class Trader(Merchant):
    """Somebody with an account and no store."""

    def __init__(self, app, service):
        self.service, self.token = service, ""
        known = {"email": "trader@example.com", "password": "correct horse battery"}
        made = ["users", "create", known["email"], "--password", known["password"]]
        assert app.test_cli_runner().invoke(args=made).exit_code == 0
        self.token = self.call("POST", "/auth/login", known)["token"]


def walk_without_a_store(walk, app, service):
    trader = Trader(app, service)
    beside, walk.known = walk.known, walk.known | {"TOKEN": trader.token}
    walk.known["SUPPLIER"] = walk("Sell without a store")["id"]
    walk("Sell without a store")
    await_supplier(walk, trader)
    assert walk("Sell without a store")["state"] == "connected"
    service.until(lambda: trader.call("GET", "/range")["sync"] is None)
    made = walk("Sell without a store")
    # The two shoes are variants of one product.
    assert (made["productCount"], made["summary"]) == (2, {"offers": 3, "decided": 3})
    walk.known["CHANNEL"] = made["channelId"]
    (shoe,) = walk("Sell without a store")["items"]
    # 49.50 and 19 % of tax, 40 % on top of that, to the next price that ends in 0.99.
    assert (shoe["price"], shoe["quantity"], shoe["differs"]) == ("81.99", 10, False)
    feed = walk("Sell without a store")["id"]
    trader.await_feed(feed, lambda feed: feed["render"])
    assert trader.call("GET", f"/feeds/{feed}")["render"]["items"] == 3
    published = walk("Sell without a store")
    for price in ("81.99 EUR", "7.99 EUR"):
        assert price in published
    assert "https://shop.example/p/TR-43" in published
    walk.known = beside


def walk_through_a_held_list(walk, merchant):
    assert walk("Decide what looks like an accident")["guard"]["gone"] == 0.3
    await_supplier(walk, merchant)
    assert walk("Let a held list go")["isImporting"] is True
    await_supplier(walk, merchant)
    held = walk("Let a held list go")
    assert (held["offers"], [reason["code"] for reason in held["held"]["hold"]]) == (6, ["OFFERS_GONE"])
    walk.known["IMPORT"] = held["held"]["id"]
    assert walk("Let a held list go")["state"] == "dropped"
    await_supplier(walk, merchant)
    assert merchant.call("GET", f"/suppliers/{walk.known['SUPPLIER']}")["offers"] == 2


def walk_back_and_on(walk, merchant):
    path = f"/suppliers/{walk.known['SUPPLIER']}"
    history = walk("Go back")["items"]
    assert [each["state"] for each in history] == ["applied", "dropped", "applied"]
    assert walk("Go back")["id"] == history[0]["id"]
    assert merchant.call("GET", path)["offers"] == 6
    assert walk("Go back")["pinnedSince"] is None
    await_supplier(walk, merchant)
    assert merchant.call("GET", path)["held"] is not None
