"""A shop with faults in a third of its products: what its owner reads of them, in the diagnostics alone.

The faults are `shops.faulty.FAULTS`. One shop, one sync and a render for each format, over real sockets.
"""

import csv
import io
import json
from urllib.parse import urlencode

import pytest
import requests

from tests.service import running
from tests.shops.faulty import FAULTS, FORMATS, MENDED, catalogue
from tests.shops.woocommerce import WooShop
from tests.test_walks import Merchant

SECURE = {"field": "link", "then": [{"replace": {"find": "http://", "with": "https://"}}]}
DEFINITIONS = {
    "openai": {
        "market": {"country": "SK"},
        "settings": {
            "sellerName": "Fern",
            "sellerUrl": "https://fern.example/",
            "returnPolicy": "https://fern.example/returns",
        },
    },
    # It takes links by https:// alone, and the shop of the tests has none.
    "skroutz": {"settings": {"vat": "24.00"}, "mapping": {"link": SECURE}},
}
#: Two products have one SKU, two a landing page that is none, and one is not for this channel.
MAPPED = {
    "filter": {"not": {"field": "tags", "is": "secret"}},
    "mapping": {"id": {"field": "sku"}, "link": {"first": [{"meta": "_landing"}, {"field": "link"}]}},
}


class Reader:
    """Somebody who reads the diagnostics of one feed and nothing else."""

    def __init__(self, merchant, feed_id):
        self._merchant, self._path = merchant, f"/feeds/{feed_id}"
        self.report = merchant.call("GET", f"{self._path}/diagnostics")
        self.listed = self._items("")
        self.hints = self._items("severity=info")

    def _items(self, query):
        """All items of a list, page by page."""
        found, page = [], 1
        while len(found) < (part := self._page(query, page))["total"]:
            found, page = found + part["items"], page + 1
        return found

    def _page(self, query, page):
        return self._merchant.call("GET", f"{self._path}/diagnostics?{query}&perPage=150&page={page}")

    def issues(self):
        """(product, code, field) -> item and issue, hints too; but not that the whole shop has no TLS."""
        return {
            (int(item["productKey"]), issue["code"], issue["field"]): (item, issue)
            for item in self.listed + self.hints
            for issue in item["issues"]
            if issue["code"] != "not_https" or "cdn.example.com" in issue["value"]
        }

    def rows(self, query=""):
        """The table for a spreadsheet."""
        address = f"{self._merchant.service.url}/api{self._path}/diagnostics.csv{query}"
        answer = requests.get(address, headers=self._merchant.headers, timeout=20)
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    def tried(self, **query):
        """A preview, asked for in an address."""
        query |= {"definition": json.dumps(query["definition"])} if "definition" in query else {}
        return self._merchant.call("GET", f"{self._path}/preview?{urlencode(query)}")

    def explained(self, key):
        return self._merchant.call("GET", f"{self._path}/items/{key}/explain")


@pytest.fixture
def shop():
    products, faults = catalogue()
    faulty = [product["id"] for product in products if product["id"] not in faults]
    with WooShop(products) as shop:
        shop.faults = faults
        shop.edit(faulty[0], sku="SAME")
        shop.edit(faulty[1], sku="SAME")
        shop.edit(faulty[2], meta_data=[{"id": 1, "key": "_landing", "value": "ftp://fern.example/"}])
        shop.edit(faulty[3], meta_data=[{"id": 2, "key": "_landing", "value": "landing/lamp"}])
        shop.edit(faulty[4], tags=[{"id": 9, "name": "secret", "slug": "secret"}])
        shop.sound = faulty
        yield shop


@pytest.fixture
def merchant(instance, database_url, shop):
    with running(instance, database_url, API_RATE="100000") as service:
        yield Merchant(service, shop)


def published(merchant, format, definition):
    """The id of a feed that the worker has rendered."""
    body = {"name": format, "format": format, "published": True, "definition": definition}
    return merchant.call("POST", "/feeds", body)["id"]


def test_the_owner_of_a_faulty_shop_is_told_what_to_repair_in_which_product(merchant, shop):
    feeds = {name: published(merchant, name, DEFINITIONS.get(name, {})) for name in FORMATS}
    mapped = published(merchant, "google", MAPPED)
    for feed_id in (*feeds.values(), mapped):
        merchant.await_feed(feed_id, lambda feed: feed["render"])
    for name, feed_id in feeds.items():
        reader = Reader(merchant, feed_id)
        assert set(reader.issues()) == set(expected(shop, name)), name
        each_fault_is_told_in_full(reader, shop, name)
        what_matters_comes_first(reader)
    what_looks_wrong_is_mended(Reader(merchant, feeds["google"]), shop)
    a_definition_can_be_tried_in_an_address(Reader(merchant, feeds["google"]))
    a_definition_is_told_of_by_its_own_words(Reader(merchant, mapped), shop)


def expected(shop, format):
    """(product, code, field) -> what must be told of it."""
    return {
        (product, told.code, told.field(format)): told
        for product, name in shop.faults.items()
        if name in FAULTS
        for told in FAULTS[name].told
        if format in told.formats
    }


def each_fault_is_told_in_full(reader, shop, format):
    found = reader.issues()
    rows = reader.rows() + reader.rows("?severity=info")
    lines = {(int(row["product_key"]), row["code"], row["field"] or None): row for row in rows}
    for place, told in expected(shop, format).items():
        item, issue = found[place]
        product = shop.records[place[0]]
        assert item["title"] == product["name"].strip()
        assert item["editLink"] == f"{shop.url}/wp-admin/post.php?post={product['id']}&action=edit"
        assert item["sku"] or not product["sku"] or product["type"] != "simple"
        assert (item["outcome"] == "excluded") == any(each["severity"] == "error" for each in item["issues"])
        assert set(issue["source"]) == set(told.source)
        assert told.words in issue["message"]
        assert issue["value"] is None if told.value is None else issue["value"].startswith(told.value)
        row = lines[place]
        assert (row["title"], row["edit_link"]) == (item["title"], item["editLink"])
        assert (row["message"], row["value"]) == (issue["message"], defused(issue["value"]))


def defused(value):
    """A cell as a spreadsheet gets it."""
    return f"'{value}" if value and value.startswith("-") else value or ""


def what_matters_comes_first(reader):
    report = reader.report
    assert report["mirrored"] == report["published"] + report["excluded"]
    assert {item["outcome"] for item in reader.listed} == {"excluded", "published_with_warnings"}
    outcomes = [item["outcome"] for item in reader.listed]
    assert outcomes == sorted(outcomes)
    assert len(outcomes) == report["publishedWithWarnings"] + report["excluded"]
    severities = [("error", "warning", "info").index(count["severity"]) for count in report["counts"]]
    assert severities == sorted(severities)
    assert all(count["message"].endswith(".") for count in report["counts"])


def what_looks_wrong_is_mended(reader, shop):
    for product, name in shop.faults.items():
        if name in MENDED:
            _, field, value = MENDED[name]
            fields = {line["field"]: line["value"] for line in reader.explained(product)["fields"]}
            assert (name, fields[field]) == (name, value)


def a_definition_can_be_tried_in_an_address(reader):
    others = [f"Brand {number:018}" for number in range(190)]
    shown = reader.tried(definition={"filter": {"field": "brand", "is": others}}, count=3)
    assert (shown["published"], shown["excluded"]) == (0, {"filtered": shown["lookedAt"]})
    assert shown["message"].startswith(f"None of the {shown['lookedAt']} items looked at")
    assert [item["outcome"] for item in reader.tried(count=2)["items"]] == ["published"] * 2


def a_definition_is_told_of_by_its_own_words(reader, shop):
    found = {(item["key"], issue["code"]): issue for item, issue in reader.issues().values()}
    first, second, third, fourth, fifth = map(str, shop.sound[:5])
    assert (first, "duplicate_id") not in found
    assert found[second, "duplicate_id"]["value"] == "SAME"
    assert found[third, "not_web"]["value"] == "ftp://fern.example/"
    assert 'meta "_landing"' in found[third, "not_web"]["message"]
    assert found[fourth, "not_absolute"]["value"] == "landing/lamp"
    assert '"secret"' in found[fifth, "filtered"]["value"]
