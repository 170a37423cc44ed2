"""Suppliers' offers as products of an organization, with a shop beside them and without."""

import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select, update

from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, Offer, Product, Pull, Supplier, Variant
from sync2sys.models.base import now
from sync2sys.offers.articles import Listed, articles
from sync2sys.offers.rows import Offer as Listing
from sync2sys.offers.rows import Refusal
from sync2sys.services import (
    hooks,
    imports,
    jobs,
    own_offers,
    range_articles,
    range_plans,
    schedule,
    supplier_files,
)
from sync2sys.worker import Worker
from tests.api.test_feeds import Owner, signed_in
from tests.services import catalogues, lists, supplied
from tests.shops.catalogues import few
from tests.shops.woocommerce import WooShop

SHOE, SOCK, CAP = "4006381333931", "4006381333948", "4006381333955"
POLICY = {
    "choose": "cheapest",
    "stock": {"safety": 2},
    "rules": [{"markup": "30", "round": {"ending": "0.99", "way": "up"}, "margin": "10"}],
}
RANGE = {
    "currency": "EUR",
    "pricesIncludeTax": True,
    "country": "DE",
    "taxRates": {"": "19"},
    "link": "https://shop.example/p/{sku}",
    "policy": POLICY,
}


class Trader(Owner):
    """Somebody signed in at the panel, whose organization has suppliers and no shop."""

    def __init__(self, app, email, plan="starter"):
        self.app, self.client = app, app.test_client()
        with app.app_context():
            self.organization = catalogues.organization(plan)
            self.headers = {"Authorization": f"Bearer {signed_in(email, self.organization)}"}

    def supplier(self, name, *offers):
        """The id of a new supplier with this list, taken over."""
        with self.app.app_context():
            made = lists.supplier(self.organization, name)
        self.send(made, *offers)
        return made

    def send(self, supplier_id, *offers):
        with self.app.app_context():
            lists.take_over(supplier_id, offers)
        self.work()

    def set_up(self, **given):
        """Set the range up; the id of its channel."""
        answer = self.call("PUT", "/range", json=RANGE | given)
        assert answer.status_code == 200, answer.text
        self.work()
        return answer.json["channelId"]

    def range(self):
        return self.call("GET", "/range").json

    def work(self, *kinds):
        """Do all that is queued, as a worker does, and what waits for a moment too."""
        with self.app.app_context():
            worker = Worker(self.app)
            while True:
                transaction(lambda: db.session.execute(update(Job).values(due_at=now())))()
                claim = jobs.claim(kinds or ("sync", "pricing", "render"))
                if claim is None:
                    return
                worker.work(claim)

    def mirrored(self):
        """{id: (price, quantity, availability)} of the range."""
        query = select(Variant).where(Variant.channel_id == Channel.id, Channel.platform == "suppliers")
        query = query.where(Channel.organization_id == self.organization)
        with self.app.app_context():
            return look(
                lambda: {
                    each.external_id: (each.price and str(each.price), each.quantity, each.availability)
                    for each in db.session.scalars(query)
                }
            )()

    def decisions(self, query=""):
        answer = self.call("GET", f"/channels/{self.range()['channelId']}/decisions{query}")
        return {each["key"]: each for each in answer.json["items"]}


@pytest.fixture
def trader(app):
    return Trader(app, "trader@example.com")


def offer(key, cost, stock=10, **fields):
    usual = {"sku": key, "title": f"Thing {key}", "brand": "Acme", "cost_tax": "without", "currency": "EUR"}
    return Listing(2, key, quantity=stock, cost=cost and Decimal(cost), **usual | fields)


def id_of(gtin):
    return gtin.zfill(14)


def items_of(trader, slug):
    """{id: {field: [values]}} of a Google feed."""
    body = trader.client.get(f"/api/public/feeds/{slug}").text
    return {
        re.search("<g:id>(.*?)</g:id>", item)[1]: _grouped(re.findall(r"<(?:g:)?(\w+)>(.*?)</", item))
        for item in re.findall("<item>(.*?)</item>", body, re.DOTALL)
    }


def _grouped(pairs):
    found = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def test_an_organization_without_a_store_publishes_a_feed_of_its_suppliers_offers(trader):
    boot = {"item_group": "B", "images": ("https://img.example/b.jpg",), "description": "A good boot."}
    trader.supplier(
        "Dear",
        offer("B-42", "50.00", gtin=SHOE, **boot | {"title": "Boot 42", "options": {"Size": "42"}}),
        offer("B-43", "52.10", gtin=SOCK, **boot | {"title": "Boot 43", "options": {"Size": "43"}}),
    )
    trader.supplier("Cheap", offer("X/1", "41.50", 5, gtin=SHOE), offer("C-1", "7.77", 2, gtin=CAP, **boot))
    feed = {"name": "F", "format": "google", "slug": "own-range", "published": True}
    assert trader.call("POST", "/feeds", json=feed).status_code == 201
    trader.set_up()
    found = items_of(trader, "own-range")
    # 41.50 x 1.19 x 1.3 = 64.2005, 52.10 x 1.19 x 1.3 = 80.5987 and 7.77 x 1.19 x 1.3 = 12.02019.
    assert {key: item["price"] for key, item in found.items()} == {
        id_of(SHOE): ["64.99 EUR"],
        id_of(SOCK): ["80.99 EUR"],
        id_of(CAP): ["12.99 EUR"],
    }
    boot_42, boot_43, cap = found[id_of(SHOE)], found[id_of(SOCK)], found[id_of(CAP)]
    assert boot_42["title"][0].startswith("Boot")
    assert (boot_42["size"], boot_43["size"]) == (["42"], ["43"])
    assert boot_42["item_group_id"] == boot_43["item_group_id"] != cap["item_group_id"]
    assert boot_43["link"] == ["https://shop.example/p/B-43"]
    assert boot_42["image_link"] == ["https://img.example/b.jpg"]
    assert (boot_42["availability"], cap["availability"]) == (["in_stock"], ["out_of_stock"])
    assert boot_42["gtin"] == [SHOE]


def test_the_prices_of_the_range_are_explained_as_those_of_a_shop(trader):
    cheap = trader.supplier("Cheap", offer("A", "5.00", gtin=SHOE))
    trader.supplier("Dear", offer("B", "6.00", gtin=SHOE), offer("C", None, gtin=SOCK))
    trader.set_up()
    found = trader.decisions()
    assert (found[id_of(SHOE)]["price"], found[id_of(SHOE)]["supplierId"]) == ("7.99", cheap)
    assert found[id_of(SHOE)]["differs"] is False
    assert trader.mirrored() == {id_of(SHOE): ("7.99", 8, "in_stock"), id_of(SOCK): (None, 8, "in_stock")}
    assert "no_cost" in {reason["code"] for reason in found[id_of(SOCK)]["reasons"]}
    assert trader.range()["summary"] == {"offers": 3, "decided": 2}


def test_a_supplier_that_leaves_or_joins_changes_no_id(trader):
    first = trader.supplier("First", offer("A", "5.00", gtin=SHOE), offer("S", "1.00", gtin=SOCK))
    trader.set_up()
    assert trader.mirrored()[id_of(SHOE)][0] == "7.99"
    trader.supplier("Second", offer("other", "4.00", gtin="0" + SHOE, title="Another name"))
    assert trader.mirrored()[id_of(SHOE)][0] == "6.99"
    assert trader.call("DELETE", f"/suppliers/{first}").status_code == 204
    trader.work()
    assert trader.mirrored() == {id_of(SHOE): ("6.99", 8, "in_stock")}


def test_texts_come_from_the_supplier_that_its_owner_prefers(trader):
    trader.supplier("First", offer("A", "5.00", gtin=SHOE, title="Plain", description="By the first."))
    second = trader.supplier("Second", offer("B", "9.00", gtin=SHOE, title="Fine"))
    channel = trader.set_up(policy=POLICY | {"suppliers": [second]})
    with trader.app.app_context():
        query = select(Product.title, Product.description).filter_by(channel_id=channel)
        assert look(lambda: [tuple(row) for row in db.session.execute(query)])() == [
            ("Fine", "By the first.")
        ]


def test_a_held_list_changes_nothing(trader):
    with trader.app.app_context():
        own = supplied.supplier_of(trader.organization)
        suppliers_file(own, supplied.some(40))
    trader.set_up()
    before = trader.mirrored()
    assert len(before) == 40
    with trader.app.app_context():
        assert suppliers_file(own, supplied.some(3)) == "held"
        assert look(lambda: db.session.scalar(select(Job).filter_by(state="queued")))() is None
        transaction(lambda: imports.release(db.session.get(Supplier, own), supplied.last(own)["id"]).id)()
        supplied.settle(jobs.claim(["import"], own))
    assert trader.mirrored() == before
    trader.work()
    assert {terms[2] for terms in trader.mirrored().values()} == {"in_stock", "out_of_stock"}
    assert len(trader.mirrored()) == 40


def suppliers_file(supplier_id, costs):
    """Send a list and read it; the state of the import."""
    supplier_files.receive(supplier_id, io.BytesIO(supplied.csv_of(costs)), "list.csv", "text/csv")
    return supplied.run(supplier_id)


def test_what_is_in_no_list_is_sold_out_for_a_month_and_then_no_product(trader):
    own = trader.supplier("First", *(offer(f"A{n}", "5.00") for n in range(5)))
    channel = trader.set_up()
    trader.send(own, *(offer(f"A{n}", "5.00") for n in range(1, 5)))
    gone = [key for key, terms in trader.mirrored().items() if terms == ("7.99", 0, "out_of_stock")]
    assert len(gone) == 1
    with trader.app.app_context():
        long_ago = now() - range_plans.REMEMBERED - timedelta(days=1)
        old = update(Offer).where(Offer.gone_at.is_not(None)).values(gone_at=long_ago)
        transaction(lambda: db.session.execute(old))()
    trader.call("POST", f"/channels/{channel}/sync", json={"full": True})
    trader.work()
    assert gone[0] not in trader.mirrored()
    assert len(trader.mirrored()) == 4


def refusal(key):
    return Refusal(3, "not_a_number", "cost", "auf Anfrage", "The cost: This is not a number.", key)


def test_an_article_whose_row_is_refused_is_sold_as_before(trader):
    own = trader.supplier("First", offer("A", "5.00", gtin=SHOE), offer("B", "5.00", gtin=SOCK))
    trader.set_up()
    before = trader.mirrored()
    trader.send(own, refusal("A"), offer("B", "6.00", gtin=SOCK))
    assert trader.mirrored() == before | {id_of(SOCK): ("9.99", 8, "in_stock")}
    told = trader.decisions()[id_of(SHOE)]
    assert (told["price"], told["reasons"][1]["code"]) == (None, "refused")
    trader.send(own, offer("B", "6.00", gtin=SOCK))
    assert trader.mirrored()[id_of(SHOE)][1:] == (0, "out_of_stock")


def test_a_price_in_another_currency_does_not_outlive_the_change_where_a_row_is_refused(trader):
    own = trader.supplier("First", offer("A", "5.00", gtin=SHOE), offer("B", "5.00", gtin=SOCK))
    trader.set_up()
    trader.send(own, refusal("A"), offer("B", "5.00", gtin=SOCK))
    trader.set_up(currency="CHF")
    assert {terms[0] for terms in trader.mirrored().values()} == {None}


def test_what_a_list_brought_that_is_taken_back_was_never_a_product(trader):
    own = trader.supplier("First", offer("A", "5.00"))
    trader.set_up()
    trader.send(own, offer("A", "6.00"), offer("wrong", "5.00"))
    assert len(trader.mirrored()) == 2
    assert trader.call("POST", f"/suppliers/{own}/undo").status_code == 200
    trader.work()
    assert list(trader.mirrored().values()) == [("7.99", 8, "in_stock")]


def test_two_offers_of_one_supplier_for_one_article_give_it_no_price(trader):
    own = trader.supplier("First", offer("A", "5.00", gtin=SHOE), offer("B", "4.00", gtin=SHOE))
    channel = trader.set_up()
    assert trader.mirrored() == {id_of(SHOE): (None, None, "out_of_stock")}
    quarrels = trader.call("GET", f"/channels/{channel}/quarrels").json["items"]
    assert [(each["offerKey"], each["code"]) for each in quarrels] == [("A", "contested"), ("B", "contested")]
    trader.send(own, offer("B", "4.00", gtin=SHOE))  # the other key is gone, and contests nothing
    assert trader.mirrored() == {id_of(SHOE): ("6.99", 8, "in_stock")}


def test_what_a_shop_sells_is_no_product_of_the_range_unless_all_are_wanted(trader):
    trader.supplier("First", offer("A", "5.00", gtin=SHOE), offer("B", "5.00", gtin=SOCK), offer("C", "5.00"))
    trader.supplier("Second", offer("other", "4.00", gtin=SHOE))
    with trader.app.app_context():
        shop = catalogues.channel(trader.organization)
        catalogues.fill(shop, {"1": {"sku": "a", "price": "9.99"}, "2": {"gtin": SOCK}})
    trader.set_up()
    # The first supplier's number is the shop's, so the second one's offer of the same article is none either.
    assert [terms[0] for terms in trader.mirrored().values()] == ["7.99"]
    assert trader.range()["summary"] == {"offers": 4, "elsewhere": 3, "decided": 1}
    trader.set_up(take="all")
    assert len(trader.mirrored()) == 3
    trader.set_up()
    trader.call("POST", "/stores/disconnect", json={"channelId": shop})
    trader.work()
    assert len(trader.mirrored()) == 3
    assert trader.range()["state"] == "connected"


def test_what_may_be_for_a_product_of_a_shop_is_told_and_left_out(trader):
    trader.supplier("First", offer("A", "5.00"), offer("B", "5.00"))
    with trader.app.app_context():
        shop = catalogues.channel(trader.organization)
        catalogues.fill(shop, {"1": {"sku": "A"}, "2": {"sku": "A"}})
    channel = trader.set_up()
    assert len(trader.mirrored()) == 1
    (told,) = trader.call("GET", f"/channels/{channel}/quarrels").json["items"]
    assert (told["offerKey"], told["code"], told["candidates"]) == ("A", "ambiguous", ["1", "2"])


def test_a_shop_that_changes_is_looked_at_again(trader):
    trader.supplier("First", offer("A", "5.00"), offer("B", "5.00"))
    with trader.app.app_context():
        shop = catalogues.channel(trader.organization)
    trader.set_up()
    assert len(trader.mirrored()) == 2
    with trader.app.app_context():
        catalogues.fill(shop, {"1": {"sku": "A"}})
        answer = trader.call("PUT", f"/channels/{shop}/pricing", json={"matching": ["gtin"]})
        assert answer.status_code == 200
    trader.work()
    assert len(trader.mirrored()) == 2  # by the rules of that shop it sells another thing
    assert trader.call("DELETE", f"/channels/{shop}/pricing").status_code == 204
    trader.work()
    assert len(trader.mirrored()) == 1


def test_the_plans_limit_is_that_of_shops(make_app):
    app = make_app(PLANS='{"tiny": {"products": 3, "feeds": 1, "suppliers": 5}}', DEFAULT_PLAN="tiny")
    trader = Trader(app, "trader@example.com", plan="tiny")
    trader.supplier("First", *(offer(f"A{n}", "5.00") for n in range(5)))
    trader.set_up()
    assert len(trader.mirrored()) == 3
    assert trader.range()["problemCode"] == "PIM_PRODUCT_LIMIT"
    assert trader.range()["problem"] == "The plan tiny allows 3 products: 2 new ones are not mirrored."


def test_offers_of_another_organization_are_never_products_here(trader, app):
    other = Trader(app, "other@example.com")
    strange = other.supplier("Theirs", offer("X", "1.00", gtin=SHOE), offer("Y", "1.00"))
    trader.supplier("Ours", offer("A", "5.00", gtin=SHOE))
    channel = trader.set_up()
    assert trader.mirrored() == {id_of(SHOE): ("7.99", 8, "in_stock")}
    refused = trader.call("PUT", "/range", json=RANGE | {"suppliers": [strange]})
    assert (refused.status_code, list(refused.json["details"])) == (400, ["suppliers"])
    assert other.call("GET", "/range").status_code == 404
    assert other.call("DELETE", "/range").status_code == 404
    assert other.call("GET", f"/channels/{channel}/decisions").status_code == 404
    assert len(other.call("GET", "/channels").json["items"]) == 0


def test_a_great_removal_waits_for_its_owner_as_with_a_shop(trader):
    trader.supplier("First", offer("A0", "5.00"))
    second = trader.supplier("Second", *(offer(f"B{n}", "5.00") for n in range(30)))
    channel = trader.set_up()
    trader.call("DELETE", f"/suppliers/{second}")
    trader.work()
    assert len(trader.mirrored()) == 31
    assert trader.range()["problemCode"] == "SYNC_HELD"
    assert "Your suppliers no longer list 30 of the 31 products" in trader.range()["problem"]
    (held,) = [
        p for p in trader.call("GET", f"/channels/{channel}/pulls").json["items"] if p["state"] == "held"
    ]
    trader.call("POST", f"/channels/{channel}/pulls/{held['id']}/release")
    trader.work()
    assert len(trader.mirrored()) == 1


def test_another_currency_comes_with_its_prices(trader):
    trader.supplier("First", offer("A", "5.00"))
    channel = trader.set_up()
    trader.call("PUT", "/range", json=RANGE | {"currency": "USD"})
    assert trader.call("GET", f"/channels/{channel}").json["currency"] == "EUR"
    trader.work()
    assert trader.call("GET", f"/channels/{channel}").json["currency"] == "USD"
    assert [terms[0] for terms in trader.mirrored().values()] == [None]


def test_what_its_owner_says_in_the_middle_of_a_pull_is_what_comes_of_it(trader, monkeypatch):
    trader.supplier("First", *(offer(f"A{n}", "5.00", gtin=(SHOE, SOCK, CAP)[n]) for n in range(3)))
    monkeypatch.setattr(own_offers, "BATCH", 1)
    whole, said = range_articles.read, []

    def interrupted(*arguments):
        for each in whole(*arguments):
            yield each
            if not said:
                said.append(trader.call("PUT", "/range", json=RANGE | {"pricesIncludeTax": False}))

    monkeypatch.setattr(range_articles, "read", interrupted)
    channel = trader.set_up()
    assert said[0].status_code == 200
    assert {terms[0] for terms in trader.mirrored().values()} == {"6.99"}  # 5.00 x 1.3, without tax
    assert trader.call("GET", f"/channels/{channel}").json["pricesIncludeTax"] is False


def test_where_nothing_changed_a_look_reads_nothing(trader, monkeypatch):
    trader.supplier("First", offer("A", "5.00"))
    channel = trader.set_up()
    monkeypatch.setattr(range_articles, "read", lambda *_: pytest.fail("the offers were read"))
    trader.call("POST", f"/channels/{channel}/sync", json={})
    trader.work()
    assert trader.range()["problem"] == ""
    with trader.app.app_context():
        states = select(Pull.state, Pull.since).filter_by(channel_id=channel).order_by(Pull.started_at)
        last = look(lambda: db.session.execute(states).all()[-1])()
        assert (last.state, last.since is None) == ("applied", False)


def test_a_pull_that_broke_off_begins_anew(trader, monkeypatch):
    trader.supplier("First", *(offer(f"A{n}", "5.00", gtin=(SHOE, SOCK, CAP)[n]) for n in range(3)))
    monkeypatch.setattr(own_offers, "BATCH", 1)
    whole, asked = range_articles.read, []

    def broken(*arguments):
        asked.append(arguments)
        for number, each in enumerate(whole(*arguments)):
            if len(asked) == 1 and number == 2:
                raise OSError("killed")
            yield each

    monkeypatch.setattr(range_articles, "read", broken)
    own = trader.supplier("Second", offer("B", "5.00"))
    channel = trader.set_up()
    assert set(trader.mirrored()) > {id_of(SHOE), id_of(SOCK), id_of(CAP)}
    assert own
    with trader.app.app_context():
        query = select(Pull.state).filter_by(channel_id=channel).order_by(Pull.started_at)
        assert look(lambda: list(db.session.scalars(query)))() == ["abandoned", "applied"]


def test_all_offers_are_read_page_by_page_each_once(trader, monkeypatch):
    """What comes of pages of a few rows is what grouping all of them at once gives, in few queries."""
    long = "x" * 190
    first = [offer(f"G{n}", "5.00", gtin=(SHOE, SOCK, CAP)[n % 3]) for n in range(3)]
    first += [offer(f"M{n}", "5.00", mpn=f"{long}-{n % 40}", brand="Acme" * 20) for n in range(40)]
    first += [offer(f"S{n}", "5.00") for n in range(60)]
    second = [each._replace(key=f"2-{each.key}", sku="", brand=each.brand.upper()) for each in first[::2]]
    made = [trader.supplier("First", *first), trader.supplier("Second", *second)]
    monkeypatch.setattr(range_articles, "READ", 7)
    monkeypatch.setattr(own_offers, "BATCH", 5)
    queries = []
    with trader.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: queries.append(given[2]))
    trader.set_up()
    together = [Listed(made[0], 0, each) for each in first] + [Listed(made[1], 1, each) for each in second]
    assert set(trader.mirrored()) == {each.identity.id for each in articles(together)}
    assert trader.range()["summary"] == {"offers": len(together), "decided": len(articles(together))}
    read = [each for each in queries if "offer.record" in each.lower().replace("`", "")]
    assert len(read) < 2 * 3 * (len(first) / 7 + 2)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"currency": "euro"}, "currency"),
        ({"currency": "eur"}, "currency"),
        ({"pricesIncludeTax": "yes"}, "pricesIncludeTax"),
        ({"country": "XX"}, "country"),
        ({"take": "some"}, "take"),
        ({"link": "https://shop.example/"}, "link"),
        ({"taxRates": {"reduced": "7"}}, "taxRates"),
        ({"taxRates": {"": "many"}}, "taxRates."),
        ({"policy": {"rules": [{"markup": "a lot"}]}}, "policy.rules.0.markup"),
        ({"matching": ["isbn"]}, "matching.0"),
        ({"name": "x" * 201}, "name"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place_and_changes_nothing(trader, given, place):
    answer = trader.call("PUT", "/range", json=RANGE | given)
    assert answer.status_code == 400, answer.text
    (found,) = answer.json["details"]
    assert found.startswith(place)
    assert trader.call("GET", "/range").status_code == 404
    assert trader.call("GET", "/channels").json["total"] == 0


def test_a_range_has_no_shop_that_could_be_written_to_or_tell_of_changes(trader):
    channel = trader.set_up()
    for state in ("dry", "on"):
        answer = trader.call(
            "PUT",
            f"/channels/{channel}/writing",
            json={"state": state, "policy": {"price": "shop", "quantity": "shop"}},
        )
        assert answer.status_code == 400
        assert answer.json["message"] == own_offers.NO_SHOP
    for method in ("PUT", "DELETE"):
        answer = trader.call(method, f"/channels/{channel}/pricing", json={} if method == "PUT" else None)
        assert (answer.status_code, "/api/range" in answer.json["message"]) == (400, True)
    with trader.app.app_context():
        assert look(lambda: db.session.scalar(select(Channel).where(hooks.is_due())))() is None
        kept = own_offers.OwnOffers(channel, {})
        assert (kept.hooks("", ""), kept.may_write(), kept.current([])) == ([], [own_offers.NO_SHOP], {})


def test_it_is_looked_at_by_the_clock_as_any_channel(trader):
    channel = trader.set_up()
    with trader.app.app_context():
        hour = timedelta(hours=1)
        old = update(Channel).values(synced_at=now() - hour)
        transaction(lambda: db.session.execute(old))()
        transaction(lambda: db.session.execute(update(Job).values(finished_at=now() - hour)))()
        assert schedule.tick() >= 1
        assert look(lambda: jobs.live("sync", channel) is not None)()


def test_turned_off_it_stays_as_it_is_and_goes_on_in_the_same_channel(trader):
    own = trader.supplier("First", offer("A", "5.00"))
    channel = trader.set_up()
    assert trader.call("DELETE", "/range").status_code == 204
    assert trader.range()["state"] == "disconnected"
    trader.send(own, offer("A", "50.00"))
    assert [terms[0] for terms in trader.mirrored().values()] == ["7.99"]
    assert trader.call("POST", f"/channels/{channel}/sync", json={}).status_code == 400
    assert trader.set_up() == channel
    assert [terms[0] for terms in trader.mirrored().values()] == ["77.99"]


def test_to_disconnect_the_store_ends_the_range_only_where_it_is_named(trader):
    channel = trader.set_up()
    assert trader.call("POST", "/stores/disconnect").status_code == 200
    assert trader.range()["state"] == "connected"
    assert trader.call("POST", "/stores/disconnect", json={"channelId": channel}).status_code == 200
    assert trader.range()["state"] == "disconnected"


def test_what_an_unproved_plugin_set_up_comes_along_to_the_organization_of_its_store(app):
    with app.app_context(), WooShop(few(1)) as shop:
        plugin = Plugging(app, shop)
        plugin.register()
        first = plugin.range()
        assert plugin.channels() == {first: "connected"}
        store = plugin.connect()
        assert plugin.channels() == {first: "connected", store: "connected"}
        # Registered anew it is a stranger; what it makes as such joins the organization, which has a range.
        plugin.register()
        second = plugin.range()
        assert plugin.channels() == {second: "connected"}
        assert plugin.connect() == store
        assert plugin.channels() == {first: "connected", store: "connected"}
        assert look(lambda: db.session.get(Channel, second).state)() == "disconnected"
        plugin.call("/stores/disconnect")
        assert look(lambda: db.session.get(Channel, first).state)() == "connected"


class Plugging:
    """A store's plugin, with the token that it was given last."""

    def __init__(self, app, shop):
        self.client, self.headers, self.shop = app.test_client(), {}, shop
        self.known = {"storeUrl": shop.url, "email": "owner@shop.example", "pluginVersion": "1"}

    def call(self, path, method="POST", **body):
        answer = self.client.open(f"/api{path}", method=method, json=body, headers=self.headers)
        assert answer.status_code < 300, answer.text
        if "token" in answer.json:
            self.headers = {"Authorization": f"Bearer {answer.json['token']}"}
        return answer.json

    def register(self):
        self.headers = {}
        self.call("/auth/register-from-plugin", **self.known, source="woocommerce")

    def connect(self):
        keys = {"consumerKey": self.shop.key, "consumerSecret": self.shop.secret}
        return self.call("/stores/connect", **self.known, **keys)["channelId"]

    def range(self):
        return self.call("/range", "PUT", **RANGE)["channelId"]

    def channels(self):
        answer = self.client.get("/api/channels", headers=self.headers).json
        return {each["id"]: each["state"] for each in answer["items"]}
