"""The whole story once, as a plugin and a feed reader live it, over real sockets and processes."""

import csv
import gzip
import io
import json
import re

import pytest
import requests
from lxml import etree

from sync2sys.demo.catalogue import build
from tests.service import running
from tests.shops.woocommerce import WooShop

JSON = {"Content-Type": "application/json"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
G = "{http://base.google.com/ns/1.0}"


@pytest.fixture
def shop():
    with WooShop(build()) as shop:
        yield shop


@pytest.fixture
def service(instance, database_url):
    # The reader below polls faster than a real one may.
    with running(instance, database_url, FEED_RATE="100000") as service:
        yield service


def test_a_store_is_registered_connected_mirrored_published_fetched_and_disconnected(service, shop):
    api = f"{service.url}/api"

    # Register: silent, at once, blind.
    registered = requests.post(
        f"{api}/auth/register-from-plugin",
        json={"email": "admin@yourstore.com", "storeUrl": shop.url, "source": "woo-plugin"},
        timeout=10,
    )
    assert registered.status_code == 200
    first = {"Authorization": f"Bearer {registered.json()['token']}"}
    assert requests.get(f"{api}/auth/account-status", headers=first, timeout=10).json()["connected"] is False

    # Connect: the keys prove the store.
    connected = requests.post(
        f"{api}/stores/connect",
        json={
            "storeUrl": shop.url,
            "consumerKey": shop.key,
            "consumerSecret": shop.secret,
            "email": "admin@yourstore.com",
            "platform": "woocommerce",
            "pluginVersion": "1.1.0",
        },
        headers=first,
        timeout=20,
    )
    assert connected.status_code == 201
    auth = {"Authorization": f"Bearer {connected.json()['token']}"}
    status = requests.get(f"{api}/auth/account-status", headers=auth, timeout=10).json()
    assert status == {
        "connected": True,
        "email": "admin@yourstore.com",
        "plan": "starter",
        "organizationName": shop.name,
    }

    # Sync: the worker mirrors everything the shop lists.
    def synced():
        answer = requests.get(f"{api}/sync/status", headers=auth, timeout=10).json()
        return answer if answer["last_sync"] else None

    sync = service.until(synced, 60)
    assert set(sync) == {"suppliers", "feeds", "products_synced", "last_sync", "last_activity"}
    assert sync["products_synced"] == shop.count("product")
    assert TIME.match(sync["last_sync"])
    assert TIME.match(sync["last_activity"])

    # Publish three feeds.
    feeds = {}
    for form in ("google", "csv", "json"):
        made = requests.post(
            f"{api}/feeds",
            json={"name": form, "format": form, "slug": f"{form}-feed", "published": True},
            headers=auth,
            timeout=10,
        )
        assert made.status_code == 201, made.text
        feeds[form] = made.json()["url"]
    assert requests.get(f"{api}/sync/status", headers=auth, timeout=10).json()["feeds"] == 3

    # Google's fetcher comes.
    fetched = requests.get(feeds["google"], headers={"Accept-Encoding": "identity"}, timeout=20)
    assert fetched.status_code == 200
    assert fetched.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert fetched.headers["Content-Disposition"] == 'inline; filename="google-feed.xml"'
    assert fetched.headers["Cache-Control"] == "public, max-age=300"
    assert fetched.headers["X-Cache"] in {"HIT", "MISS"}
    assert TIME.match(fetched.headers["X-Feed-Generated"])
    items = etree.fromstring(fetched.content).findall("channel/item")
    assert len(items) == int(fetched.headers["X-Feed-Products"]) > 300
    assert all(item.findtext(f"{G}price").endswith(" EUR") for item in items)
    assert len({item.findtext(f"{G}id") for item in items}) == len(items)

    rows = list(csv.DictReader(io.StringIO(requests.get(feeds["csv"], timeout=20).text)))
    assert len(rows) == int(requests.get(feeds["csv"], timeout=20).headers["X-Feed-Products"])
    requests.get(feeds["json"], timeout=20)
    document = requests.get(feeds["json"], timeout=20)
    assert document.headers["X-Cache"] == "HIT"
    assert len(json.loads(document.content)["items"]) == len(rows)

    # It comes again, and nothing has changed.
    etag = fetched.headers["ETag"]
    for conditions in (
        {"If-None-Match": etag, "Accept-Encoding": "identity"},
        {"If-Modified-Since": fetched.headers["Last-Modified"]},
    ):
        again = requests.get(feeds["google"], headers=conditions, timeout=10)
        assert (again.status_code, again.content) == (304, b"")
    packed = requests.get(feeds["google"] + ".gz", timeout=10)
    assert gzip.decompress(packed.content) == fetched.content

    # A price changes in the shop; an incremental sync brings it into the feed.
    target = next(item for item in items if item.find(f"{G}item_group_id") is None)
    number = int(target.findtext(f"{G}id"))
    shop.set_price(number, "1234.50")
    channel = connected.json()["channelId"]
    asked = requests.post(f"{api}/channels/{channel}/sync", json={}, headers=auth | JSON, timeout=10)
    assert asked.ok, asked.text

    def repriced():
        answer = requests.get(feeds["google"], headers={"If-None-Match": etag}, timeout=10)
        return answer if answer.status_code == 200 and b"1234.50 EUR" in answer.content else None

    service.until(repriced, 25)

    # Disconnect: the keys are gone, the token is dead, the feed stays.
    gone = requests.post(f"{api}/stores/disconnect", headers=auth, timeout=10)
    assert gone.json() == {"success": True, "message": "Store disconnected"}
    assert requests.get(f"{api}/auth/account-status", headers=auth, timeout=10).status_code == 401
    assert requests.get(feeds["google"], timeout=10).status_code == 200
    assert shop.secret not in service.log.read_text("utf-8")


PUBLIC_URL = "https://service.example"


def test_a_change_in_the_shop_is_told_mirrored_and_published(instance, database_url):
    """What a proxy does with the public address is done by `reach`."""
    settings = {"PUBLIC_URL": PUBLIC_URL, "FEED_RATE": "100000", "API_RATE": "100000"}
    with WooShop() as shop, running(instance, database_url, **settings) as service:

        def reach(url):
            assert url.startswith(PUBLIC_URL)
            return url.replace(PUBLIC_URL, service.url)

        delivered = []

        def post(url, headers, body):
            answer = requests.post(reach(url), data=body, headers=headers, timeout=60)
            delivered.append((url, headers, body, answer))
            return answer.status_code

        shop.webhooks.post = post

        # Connect: the webhooks are made, and the shop's pings arrive.
        connected = requests.post(
            f"{service.url}/api/stores/connect",
            json={
                "storeUrl": shop.url,
                "consumerKey": shop.key,
                "consumerSecret": shop.secret,
                "email": "admin@yourstore.com",
                "platform": "woocommerce",
                "pluginVersion": "1.1.0",
            },
            timeout=20,
        ).json()
        auth = {"Authorization": f"Bearer {connected['token']}"}

        def channel():
            url = f"{service.url}/api/channels/{connected['channelId']}"
            return requests.get(url, headers=auth, timeout=10).json()

        def settled():
            found = channel()
            return found if found["lastSync"] and found["webhooks"]["checkedAt"] else None

        webhooks = service.until(settled, 60)["webhooks"]
        assert {item["state"] for item in webhooks["items"]} == {"made"}
        assert [each[2] for each in delivered] == [b"webhook_id=%d" % hook for hook in shop.webhooks.rows]
        assert webhooks["heardAt"] is not None
        assert webhooks["problem"] == ""

        made = requests.post(
            f"{service.url}/api/feeds",
            json={"name": "All", "format": "json", "slug": "all", "published": True},
            headers=auth,
            timeout=10,
        )
        feed = reach(made.json()["url"])

        def priced(price):
            answer = requests.get(feed, timeout=10)
            return answer.status_code == 200 and price in answer.text

        service.until(lambda: priced("11.50"))

        # An edit: told at the shop's next visitor, answered at once and without asking the shop anything.
        shop.set_price(11, "1234.50")
        asked = len(shop.requests)
        assert shop.run_cron() == [200]
        assert len(shop.requests) == asked
        *_, answer = delivered[-1]
        assert answer.json() == {"received": True}
        assert answer.elapsed.total_seconds() < 1

        # The product is fetched again, and published.
        service.until(lambda: priced("1234.50"), 25)
        assert len(shop.requests) > asked
        before = channel()["lastSync"]

        # The same delivery again is taken and changes nothing.
        url, headers, body, _ = delivered[-1]
        asked = len(shop.requests)
        post(url, headers, body)
        assert delivered[-1][3].json() == {"received": False}
        assert channel()["sync"] is None
        assert (channel()["lastSync"], len(shop.requests)) == (before, asked)
