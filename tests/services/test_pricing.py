"""From suppliers' lists to decided prices and stock, each with its reasons."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Offer, Supplier
from sync2sys.services import imports, jobs, offer_lists, pricing, repricing, schedule
from sync2sys.worker import Worker
from tests.api.test_feeds import Owner
from tests.services import catalogues, lists

#: 30 per cent on top, to the next 0.99; two pieces are kept back.
POLICY = {
    "choose": "cheapest",
    "stock": {"safety": 2},
    "rules": [{"markup": "30", "round": {"ending": "0.99", "way": "up"}, "margin": "10"}],
}
SHOP = {
    "1": {"sku": "A-1", "gtin": "4006381333931", "price": "9.99", "quantity": 5},
    "2": {"sku": "A-2", "price": "20.00", "quantity": 1},
    "3": {"sku": "A-3", "price": "30.00", "quantity": 7},
}


@pytest.fixture
def alice(app):
    owner = Owner(app, "alice@shop.example")
    with app.app_context():
        catalogues.fill(owner.channel, SHOP)
    return owner


def work(app, *kinds):
    """Do all that is queued of these kinds, as a worker does."""
    with app.app_context():
        worker = Worker(app)
        while (claim := jobs.claim(kinds or ["pricing"])) is not None:
            worker.work(claim)


def supplier(app, owner, name, *rows):
    """A supplier with this list, taken over."""
    with app.app_context():
        made = lists.supplier(owner.organization, name)
    send(app, made, *rows)
    return made


def send(app, supplier_id, *rows):
    with app.app_context():
        lists.deliver(supplier_id, *rows)
    work(app)


def set_up(app, owner, **given):
    answer = owner.call("PUT", f"/channels/{owner.channel}/pricing", json={"policy": POLICY} | given)
    assert answer.status_code == 200, answer.text
    work(app)


def decisions(owner, query=""):
    answer = owner.call("GET", f"/channels/{owner.channel}/decisions{query}")
    assert answer.status_code == 200, answer.text
    return {each["key"]: each for each in answer.json["items"]}


def terms(found):
    return {key: (each["price"], each["quantity"]) for key, each in found.items()}


def codes(decision):
    return [reason["code"] for reason in decision["reasons"]]


def test_prices_and_stock_come_of_the_list_and_the_rules(app, alice):
    first = supplier(app, alice, "First", "A-1;4006381333931;5,00;10", "A-2;;7,50;2", "X-9;;1,00;5")
    set_up(app, alice, taxRates={"": "19"})
    found = decisions(alice)
    # The shop keeps prices with tax: 5.00 × 1.19 × 1.3 = 7.735.
    assert terms(found) == {"1": ("7.99", 8), "2": ("11.99", 0)}
    assert (found["1"]["supplierId"], found["1"]["offerKey"], found["1"]["line"]) == (first, "A-1", 2)
    assert (found["1"]["shopPrice"], found["1"]["shopQuantity"], found["1"]["differs"]) == ("9.99", 5, True)
    assert codes(found["1"])[0] == "gtin"
    summary = alice.call("GET", f"/channels/{alice.channel}/pricing").json["summary"]
    assert summary == {"decided": 2, "matched": 2, "not_found": 1}


def test_of_several_suppliers_the_cheapest_in_stock_is_taken(app, alice):
    supplier(app, alice, "Dear", "A-1;;6,00;10")
    cheap = supplier(app, alice, "Cheap", "A-1;;4,00;0", "A-2;;4,00;9")
    set_up(app, alice, taxRates={"": "19"})
    found = decisions(alice)
    assert found["1"]["price"] == "9.99"
    assert found["2"]["supplierId"] == cheap
    send(app, cheap, "A-1;;4,00;30", "A-2;;4,00;9")
    assert decisions(alice)["1"]["supplierId"] == cheap


def test_when_a_supplier_is_removed_what_it_offered_is_decided_by_the_others(app, alice):
    dear = supplier(app, alice, "Dear", "A-1;;6,00;10")
    cheap = supplier(app, alice, "Cheap", "A-1;;4,00;9", "A-2;;4,00;9")
    set_up(app, alice, taxRates={"": "19"})
    assert decisions(alice)["1"]["supplierId"] == cheap
    assert alice.call("DELETE", f"/suppliers/{cheap}").status_code == 204
    work(app)
    found = decisions(alice)
    assert found["1"]["supplierId"] == dear
    # Nobody offers it any more, so the shop keeps what it has.
    assert "2" not in found


def test_without_a_rate_of_tax_there_is_no_price_and_it_is_said_why(app, alice):
    supplier(app, alice, "First", "A-1;;5,00;10")
    set_up(app, alice)
    (found,) = decisions(alice).values()
    assert (found["price"], found["quantity"]) == (None, 8)
    assert any("tax" in reason["sentence"] for reason in found["reasons"])


def test_what_is_in_the_list_no_more_is_sold_out(app, alice):
    own = supplier(app, alice, "First", *(f"A-{n};;5,00;10" for n in range(1, 40)))
    set_up(app, alice, taxRates={"": "19"})
    assert decisions(alice)["3"]["quantity"] == 8
    send(app, own, *(f"A-{n};;5,00;10" for n in range(1, 40) if n != 3))
    found = decisions(alice)
    assert (found["3"]["quantity"], found["3"]["availability"]) == (0, "out_of_stock")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (["A-1;;auf Anfrage;10"], 'line 2 ("auf Anfrage"): The cost: This is not a number.'),
        (["A-1;;5,00;viele"], 'line 2 ("viele"): The quantity: This is not a number.'),
        (["A-1;;5,00;10", "A-1;;6,00;10"], 'line 2 ("A-1"): The key "A-1" stands in line 3 too'),
    ],
)
def test_a_row_that_is_refused_sells_nothing_out(app, alice, rows, why):
    own = supplier(app, alice, "First", "A-1;;5,00;10", "A-2;;7,50;9")
    set_up(app, alice, taxRates={"": "19"})
    send(app, own, *rows, "A-2;;7,50;9")
    found = decisions(alice)
    assert terms(found) == {"1": (None, None), "2": ("11.99", 7)}
    assert (found["1"]["differs"], found["1"]["supplierId"]) == (False, None)
    (told,) = [each["sentence"] for each in found["1"]["reasons"] if each["code"] == "refused"]
    assert told.startswith(f"The row of A-1 in the list of First cannot be read: {why}")
    send(app, own, "A-1;;6,00;10", "A-2;;7,50;9")
    assert terms(decisions(alice))["1"] == ("9.99", 8)


def test_what_was_refused_and_then_is_in_the_list_no_more_is_sold_out(app, alice):
    own = supplier(app, alice, "First", "A-1;;5,00;10", "A-2;;7,50;9")
    set_up(app, alice, taxRates={"": "19"})
    send(app, own, "A-1;;auf Anfrage;10", "A-2;;7,50;9")
    assert decisions(alice)["1"]["quantity"] is None
    send(app, own, "A-2;;7,50;9")
    assert decisions(alice)["1"]["quantity"] == 0
    send(app, own, "A-1;;auf Anfrage;10", "A-2;;7,50;9")
    assert decisions(alice)["1"]["quantity"] is None


def test_in_the_place_of_a_refused_row_others_are_sold_where_they_have_it(app, alice):
    cheap = supplier(app, alice, "Cheap", "A-1;;5,00;10", "A-2;;5,00;10")
    dear = supplier(app, alice, "Dear", "A-1;;6,00;9", "A-2;;6,00;0")
    set_up(app, alice, taxRates={"": "19"})
    assert terms(decisions(alice)) == {"1": ("7.99", 8), "2": ("7.99", 8)}
    send(app, cheap, "A-1;;auf Anfrage;10", "A-2;;auf Anfrage;10")
    found = decisions(alice)
    assert terms(found) == {"1": ("9.99", 7), "2": (None, None)}
    assert found["1"]["supplierId"] == dear
    assert "refused" in codes(found["1"])


def test_an_earlier_key_of_a_refused_row_is_no_reason_to_sell_it_out(app, alice):
    own = supplier(app, alice, "First", "A-1;4006381333931;5,00;10")
    set_up(app, alice, taxRates={"": "19"})
    send(app, own, "B-1;4006381333931;5,00;10")
    assert decisions(alice)["1"]["offerKey"] == "B-1"
    send(app, own, "B-1;4006381333931;auf Anfrage;10")
    assert terms(decisions(alice)) == {"1": (None, None)}


def test_a_refused_row_counts_no_more_once_its_list_is_taken_back(app, alice):
    own = supplier(app, alice, "First", "A-1;;5,00;10", "A-2;;7,50;9")
    set_up(app, alice, taxRates={"": "19"})
    send(app, own, "A-1;;auf Anfrage;10", "A-2;;7,50;9")
    with app.app_context():
        transaction(lambda: imports.undo(db.session.get_one(Supplier, own)) and None)()
    work(app)
    assert terms(decisions(alice))["1"] == ("7.99", 8)


def test_two_offers_of_one_supplier_for_one_product_are_taken_neither(app, alice):
    own = supplier(app, alice, "First", "A-1;;5,00;10", "B-1;4006381333931;4,00;10", "A-2;;5,00;10")
    set_up(app, alice, taxRates={"": "19"})
    assert list(decisions(alice)) == ["2"]
    quarrels = alice.call("GET", f"/channels/{alice.channel}/quarrels").json["items"]
    assert {(each["supplierId"], each["offerKey"], each["code"]) for each in quarrels} == {
        (own, "A-1", "contested"),
        (own, "B-1", "contested"),
    }


def test_an_offer_under_another_key_takes_the_place_of_the_one_that_is_gone(app, alice):
    own = supplier(app, alice, "First", "A-1;4006381333931;5,00;10", "A-2;;5,00;10")
    set_up(app, alice, taxRates={"": "19"})
    for key in ("N-1", "M-1"):
        send(app, own, f"{key};4006381333931;6,00;7", "A-2;;5,00;10")
        assert (decisions(alice)["1"]["offerKey"], decisions(alice)["1"]["quantity"]) == (key, 5)
    assert alice.call("GET", f"/channels/{alice.channel}/quarrels").json["items"] == []
    send(app, own, "A-2;;5,00;10")
    assert (decisions(alice)["1"]["offerKey"], decisions(alice)["1"]["quantity"]) == ("M-1", 0)


def test_what_is_in_no_list_for_long_is_forgotten_unless_a_shop_is_sold_out_by_it(app, alice, monkeypatch):
    own = supplier(app, alice, "First", *(f"A-{n};;5,00;10" for n in range(1, 9)))
    set_up(app, alice, taxRates={"": "19"})
    send(app, own, "A-1;;5,00;10")
    before = decisions(alice)
    monkeypatch.setattr(offer_lists, "CLEARED", 2)
    with app.app_context():
        assert schedule.sweep()["offers"] == 0
        monkeypatch.setattr(offer_lists, "GONE_FOR", timedelta(0))
        assert schedule.sweep()["offers"] == 5
        assert look(_keys)(own) == ["A-1", "A-2", "A-3"]
        transaction(lambda: pricing.set_up(db.session.get(Channel, alice.channel), policy=POLICY) and None)()
    work(app)
    assert {key: found["quantity"] for key, found in before.items()} == {"1": 8, "2": 0, "3": 0}
    assert {key: found["quantity"] for key, found in decisions(alice).items()} == {"1": 8, "2": 0, "3": 0}


def _keys(supplier_id):
    return list(db.session.scalars(select(Offer.key).filter_by(supplier_id=supplier_id).order_by(Offer.key)))


def test_only_what_differs_is_listed_when_asked_for(app, alice):
    supplier(app, alice, "First", "A-1;;6,20;7", "A-2;;5,00;10")
    set_up(app, alice, taxRates={"": "19"})
    assert terms(decisions(alice))["1"] == ("9.99", 5)
    assert list(decisions(alice, "?differs=true")) == ["2"]
    assert list(decisions(alice, "?differs=false")) == ["1"]
    assert list(decisions(alice, "?key=2")) == ["2"]


def test_a_list_that_is_taken_back_takes_its_prices_along(app, alice):
    own = supplier(app, alice, "First", "A-1;;5,00;10")
    set_up(app, alice, taxRates={"": "19"})
    send(app, own, "A-1;;6,00;10")
    assert decisions(alice)["1"]["price"] == "9.99"
    assert alice.call("POST", f"/suppliers/{own}/undo").status_code == 200
    work(app)
    assert decisions(alice)["1"]["price"] == "7.99"


def test_a_changed_product_is_decided_anew(app, alice):
    supplier(app, alice, "First", "A-1;;5,00;10")
    set_up(app, alice, taxRates={"": "19", "reduced-rate": "7"})
    with app.app_context():
        catalogues.fill(alice.channel, SHOP | {"1": SHOP["1"] | {"tax_class": "reduced-rate"}})
        transaction(repricing.ask)(alice.channel)  # as a sync does that changed something
    work(app)
    assert decisions(alice)["1"]["price"] == "6.99"


def test_only_the_chosen_suppliers_count(app, alice):
    supplier(app, alice, "Cheap", "A-1;;1,00;10")
    dear = supplier(app, alice, "Dear", "A-1;;6,00;10")
    set_up(app, alice, taxRates={"": "19"}, suppliers=[dear])
    assert decisions(alice)["1"]["price"] == "9.99"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"policy": {"rules": [{"markup": "a lot"}]}}, "policy.rules.0.markup"),
        ({"policy": {"rule": []}}, "policy.rule"),
        ({"matching": ["isbn"]}, "matching.0"),
        ({"suppliers": ["nobody"]}, "suppliers"),
        ({"taxRates": {"": "many"}}, "taxRates"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(alice, given, place):
    answer = alice.call("PUT", f"/channels/{alice.channel}/pricing", json=given)
    assert answer.status_code == 400, answer.text
    (found,) = answer.json["details"]
    assert found.startswith(place)
    assert alice.call("GET", f"/channels/{alice.channel}/pricing").status_code == 404


def test_turned_off_nothing_is_left(app, alice):
    supplier(app, alice, "First", "A-1;;5,00;10")
    set_up(app, alice, taxRates={"": "19"})
    assert alice.call("DELETE", f"/channels/{alice.channel}/pricing").status_code == 204
    work(app)
    assert decisions(alice) == {}


def test_of_another_organization_nothing_is_there(app, alice):
    bob = Owner(app, "bob@shop.example")
    for method, path in (("GET", "pricing"), ("PUT", "pricing"), ("GET", "decisions"), ("GET", "quarrels")):
        answer = bob.call(method, f"/channels/{alice.channel}/{path}", json={} if method == "PUT" else None)
        assert answer.status_code == 404
