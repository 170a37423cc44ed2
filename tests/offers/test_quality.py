"""Whether today's list looks like yesterday's."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.offers import quality
from sync2sys.offers.quality import Moves, Profile, Spread
from sync2sys.offers.rows import Offer, Refusal
from tests.offers.lists import GTIN

D = Decimal


def offers(count=100, **changes):
    made = []
    for no in range(count):
        cost = D(no % 37 + 5)
        base = Offer(
            line=no + 2,
            key=f"AC-{no}",
            gtin=GTIN,
            sku=f"AC-{no}",
            brand="Acme",
            title=f"Trail runner {no}",
            cost=cost,
            cost_tax="without",
            price=cost * 2,
            price_tax="with",
            currency="EUR",
            quantity=no % 9,
        )
        made.append(
            base._replace(**{name: each(base) if callable(each) else each for name, each in changes.items()})
        )
    return made


def profile(rows):
    found = Profile()
    found.add(rows)
    return found


def codes(after, before=None, moves=None):
    before = profile(offers()) if before is None else before
    return [each.code for each in quality.objections(before, profile(after), moves=moves)]


def undecoded(count):
    return [Refusal(no, "characters", "", "", "Bytes here are no text.") for no in range(count)]


def refusals(count):
    return [Refusal(no, "other_number_style", "cost", "1", "No.") for no in range(count)]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (offers(), []),
        (offers(110), []),
        (offers(70), []),
        (offers(cost=lambda offer: offer.cost * D("1.2")), []),
        ([], ["EMPTY"]),
        (refusals(5), ["EMPTY"]),
        (offers(40), ["OFFERS_GONE"]),
        (offers(50), ["OFFERS_GONE"]),
        (offers(51), []),
        (offers() + undecoded(5), ["ENCODING_CHANGED"]),
        (offers() + undecoded(4), []),
        (offers(title=lambda offer: f"Größe {offer.line}") + undecoded(90), []),
        (offers(90) + refusals(100), ["REFUSED"]),
        (offers(gtin=""), ["VALUES_GONE"]),
        (offers(cost=lambda offer: offer.cost / 100), ["OFF_BY_A_FACTOR"]),
        (offers(cost=lambda offer: offer.price, price=lambda offer: offer.cost), ["COST_ABOVE_PRICE"]),
        (offers(quantity=0), ["STOCK_GONE"]),
        (offers(availability="out_of_stock"), ["STOCK_GONE"]),
        (offers(quantity=lambda offer: offer.quantity * (offer.line > 90)), ["STOCK_GONE"]),
        (offers(quantity=lambda offer: offer.quantity * (offer.line > 60)), []),
        (offers(60, quantity=lambda offer: offer.quantity * (offer.line > 30)), ["STOCK_GONE"]),
        (offers(currency="CZK"), ["CURRENCY_CHANGED"]),
        (offers(brand="4006381"), ["COLUMN_MOVED"]),
        (offers(title="A long text that tells of the shoe at great length. " * 5), ["COLUMN_MOVED"]),
    ],
)
def test_a_list_that_looks_like_an_accident_is_held_and_says_why(after, expected):
    assert codes(after) == expected


def test_columns_that_moved_by_one_overnight_are_seen_without_a_header():
    moved = offers(
        sku=lambda o: o.brand,
        brand=lambda o: o.title,
        title=lambda o: str(o.cost),
        price=lambda o: D(o.quantity + 1),
    )
    found = codes(moved)
    assert "COLUMN_MOVED" in found
    assert "COST_ABOVE_PRICE" in found


def test_objections_are_sentences_for_the_owner():
    objection = quality.objection(profile(offers()), profile(offers(cost=lambda offer: offer.cost * 100)))
    assert objection == (
        "100 of 100 offers cost more than their recommended price. The two columns may have been swapped."
        " The cost was about 20.7 in the middle of the list and now is 2048. It may be in another unit"
        " or another column."
    )
    assert quality.objection(None, profile(offers())) == ""


def test_a_first_list_is_looked_at_for_what_is_wrong_in_itself():
    assert [each.code for each in quality.objections(None, profile(refusals(3)))] == ["EMPTY"]
    swapped = offers(cost=lambda offer: offer.price, price=lambda offer: offer.cost)
    assert [each.code for each in quality.objections(None, profile(swapped))] == ["COST_ABOVE_PRICE"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (10, offers(5), ["OFFERS_GONE"]),
        (10, offers(6), []),
        (8, offers(4), []),
        (10, offers(10, quantity=0), ["STOCK_GONE"]),
        (10, offers(10, quantity=lambda offer: 0 if offer.line > 6 else 3), []),
        (5, offers(5, cost=lambda offer: offer.cost / 100), ["OFF_BY_A_FACTOR"]),
        (4, offers(4, cost=lambda offer: offer.cost / 100), []),
        (10, offers(10, quantity=400), []),
        (6, offers(6, gtin=""), ["VALUES_GONE"]),
        (6, offers(6, gtin=lambda offer: "" if offer.line > 4 else GTIN), []),
        (8, offers(3) + refusals(5), ["REFUSED", "OFFERS_GONE"]),
        (8, offers(5) + refusals(3), []),
        (6, offers(6, currency="CZK"), ["CURRENCY_CHANGED"]),
    ],
)
def test_a_short_list_is_held_where_enough_of_it_looks_like_an_accident(before, after, expected):
    assert codes(after, before=profile(offers(before))) == expected


def test_a_cost_with_tax_may_be_above_a_price_without():
    rows = offers(cost=D(110), cost_tax="with", price=D(100), price_tax="without")
    assert codes(rows, before=profile(rows)) == []


def moved(factor, same=0, by=lambda no: 0):
    found = Moves()
    for no, offer in enumerate(offers()):
        found.add(
            offer.cost, offer.cost if no < same else (offer.cost * D(factor)).quantize(D("0.01")) + by(no)
        )
    return found


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        (moved("1"), []),
        (moved("1.05"), []),
        (moved("1.19"), ["CHANGED_TOGETHER"]),
        (moved("1.19", same=30), ["CHANGED_TOGETHER"]),
        (moved("1.19", same=60), []),
        (moved("0.04"), ["CHANGED_TOGETHER"]),
        (moved("1", by=lambda no: D(no)), []),
    ],
)
def test_costs_that_all_change_by_one_factor_are_a_tax_or_a_currency_and_no_new_prices(moves, expected):
    assert codes(offers(), moves=moves) == expected


def test_other_keys_in_the_place_of_the_known_ones_are_seen():
    moves = Moves()
    for _ in range(10):
        moves.add(D(1), D(1))
    assert codes(offers(key=lambda offer: f"X{offer.key}"), moves=moves) == ["KEYS_CHANGED"]


@pytest.mark.parametrize(
    ("others", "expected"), [(0, "OFFERS_GONE"), (24, "OFFERS_GONE"), (25, "KEYS_CHANGED")]
)
def test_keys_have_changed_only_where_others_stand_in_their_place(others, expected):
    moves = Moves()
    for _ in range(50):
        moves.add(D(1), D(1))
    assert codes(offers(50 + others), moves=moves) == [expected]


def test_a_profile_is_kept_as_json_and_comes_back():
    before = profile([*offers(), *refusals(3)])
    kept = json.loads(json.dumps(before.as_dict()))
    assert Profile.from_dict(kept).as_dict() == before.as_dict()
    assert codes(offers(), before=Profile.from_dict(kept)) == []


@given(st.lists(st.decimals("0.01", "100000", places=2), min_size=1, max_size=50))
def test_a_quantile_is_near_the_true_one(values):
    spread = Spread()
    spread.add(values)
    true = float(sorted(values)[(len(values) - 1) // 2])
    assert true / 1.1 <= spread.quantile(0.5) <= true * 1.1


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_amount_has_its_place_in_a_spread(value):
    spread = Spread()
    spread.add([value])
    assert spread.total() == (value > 0)
