"""The guard decides from numbers alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.services import guard
from sync2sys.services.guard import PriceChange, Tally, Thresholds

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def codes(before, after, kept=0, change=None, excluded=None):
    """What is said about a render of `after` items behind one of `before`; None: there was none."""
    live = None if before is None else Tally(before, {})
    asked = []

    def price_change():
        asked.append(True)
        return change or PriceChange(0, 0)

    found = guard.reasons(live, Tally(after, excluded or {}), kept, price_change)
    assert bool(asked) <= (change is not None or kept < 0.1 * min(before or 0, after) + 1)
    return [reason["code"] for reason in found]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, 0, ["EMPTY"]),
        (None, 1, []),
        (0, 0, ["EMPTY"]),
        (1, 0, ["EMPTY"]),
        (1000, 0, ["EMPTY"]),
        (0, 100, []),
        (40, 20, ["COUNT_DROPPED"]),
        (40, 21, []),
        (39, 20, []),
        (38, 18, ["COUNT_DROPPED"]),
        (25, 6, []),
        (25, 5, ["COUNT_DROPPED"]),
        (1000, 501, []),
        (1000, 500, ["COUNT_DROPPED"]),
        (10, 1, []),
        (100, 100_000, []),
    ],
)
def test_a_loss_of_half_and_of_twenty_is_held(before, after, expected):
    assert codes(before, after) == expected


def test_the_reason_says_how_many():
    reason = guard.reasons(Tally(100, {}), Tally(30, {}), 0, lambda: PriceChange(0, 0))[0]
    assert reason == {
        "code": "COUNT_DROPPED",
        "message": "70 of 100 items are gone.",
        "before": 100,
        "after": 30,
    }


@pytest.mark.parametrize(("lost", "expected"), [(0, []), (13, []), (14, ["PRICES_GONE"]), (15, ["EMPTY"])])
def test_more_than_nine_of_ten_prices_gone_are_held_in_a_small_feed_too(lost, expected):
    assert codes(15, 15 - lost, excluded={"no_price": lost}) == expected


def test_prices_that_were_missing_before_do_not_count():
    live, new = Tally(15, {"no_price": 100}), Tally(15, {"no_price": 101})
    assert guard.reasons(live, new, 15, lambda: PriceChange(0, 0)) == []


@pytest.mark.parametrize(
    ("common", "changed", "expected"),
    [
        (20, 19, ["PRICES_CHANGED"]),
        (20, 18, []),
        (19, 19, []),
        (1000, 901, ["PRICES_CHANGED"]),
        (1000, 900, []),
    ],
)
def test_more_than_nine_of_ten_prices_changed_are_held(common, changed, expected):
    assert codes(1000, 1000, 0, PriceChange(common, changed)) == expected


@pytest.mark.parametrize(
    ("limits", "before", "after", "expected"),
    [
        ({"drop": 0.1}, 1000, 900, ["COUNT_DROPPED"]),
        ({"drop": 0.1}, 1000, 901, []),
        ({"drop": 0.07}, 300, 279, ["COUNT_DROPPED"]),
        ({"drop": 0.0}, 1000, 981, []),
        ({"drop": 0.0}, 1000, 980, ["COUNT_DROPPED"]),
        ({"drop": 1.0}, 1000, 1, []),
        ({"drop": 1.0}, 1000, 0, ["EMPTY"]),
        ({"fewest": 1}, 2, 1, ["COUNT_DROPPED"]),
        ({"fewest": 1}, 1, 1, []),
        ({"fewest": 500}, 998, 499, []),
    ],
)
def test_the_owner_says_which_loss_is_an_accident(limits, before, after, expected):
    live, new = Tally(before, {}), Tally(after, {})
    found = guard.reasons(live, new, after, lambda: PriceChange(0, 0), Thresholds(**limits))
    assert [reason["code"] for reason in found] == expected


@pytest.mark.parametrize(
    ("excluded", "expected"),
    [
        ({"missing:image_link": 10}, []),
        ({"missing:image_link": 11}, ["VALUES_GONE"]),
        ({"missing:image_link": 6, "missing:title": 5}, ["VALUES_GONE"]),
        ({"missing:title": 5, "no_price": 4, "no_currency": 3}, ["PRICES_GONE"]),
        ({"no_price": 11}, ["PRICES_GONE"]),
        ({"tax_unknown": 6, "wrong_currency": 5}, ["PRICES_GONE"]),
        ({"not_published": 50, "variant_not_published": 50, "not_purchasable": 50}, []),
    ],
)
def test_items_that_lose_what_is_required_are_an_accident_and_those_taken_away_are_not(excluded, expected):
    limits = Thresholds(missing=0.1, drop=1.0)
    found = guard.reasons(Tally(100, {}), Tally(100, excluded), 100, lambda: PriceChange(0, 0), limits)
    assert [reason["code"] for reason in found] == expected


@pytest.mark.parametrize(
    ("before", "after", "limits", "expected"),
    [
        (20, 0, {}, ["STOCK_GONE"]),
        (20, 1, {}, []),
        (19, 0, {}, []),
        (0, 0, {}, []),
        (50, 0, {"out_of_stock": False}, []),
        (19, 0, {"fewest": 19}, ["STOCK_GONE"]),
    ],
)
def test_everything_out_of_stock_at_once_is_held(before, after, limits, expected):
    live, new = Tally(100, {}, before), Tally(100, {}, after)
    found = guard.reasons(live, new, 100, lambda: PriceChange(0, 0), Thresholds(**limits))
    assert [reason["code"] for reason in found] == expected


@pytest.mark.parametrize(("limit", "expected"), [(0.3, ["PRICES_CHANGED"]), (0.4, []), (1.0, [])])
def test_the_owner_says_how_many_prices_may_change(limit, expected):
    found = guard.reasons(
        Tally(100, {}), Tally(100, {}), 0, lambda: PriceChange(100, 40), Thresholds(prices=limit)
    )
    assert [reason["code"] for reason in found] == expected


@given(
    st.builds(Tally, st.integers(0, 500), st.just({}), st.integers(0, 500)),
    st.builds(Tally, st.integers(0, 500), st.just({}), st.integers(0, 500)),
    st.builds(
        Thresholds, st.floats(0, 1), st.integers(1, 600), st.floats(0, 1), st.floats(0, 1), st.booleans()
    ),
)
def test_no_thresholds_let_an_empty_render_out_and_none_hold_an_equal_one(live, new, limits):
    found = guard.reasons(live, new, new.items, lambda: PriceChange(0, 0), limits)
    assert (new.items == 0) == ("EMPTY" in [reason["code"] for reason in found])
    same = guard.reasons(live, live, live.items, lambda: PriceChange(0, 0), limits)
    assert live.items == 0 or live.in_stock == 0 or same == []


def test_prices_are_not_compared_where_enough_items_are_as_they_were():
    def never():
        raise AssertionError("compared")

    assert guard.reasons(Tally(1000, {}), Tally(1000, {}), 100, never) == []


def test_prices_are_compared_by_key_however_they_are_cut_into_pieces(monkeypatch):
    old = [{f"{number}": "1.00" for number in range(part, 300, 3)} for part in range(3)]
    new = [{f"{number}": "2.00" if number % 2 else "1.00"} for number in range(100, 400)]
    expected = PriceChange(common=200, changed=100)
    assert guard.compare_prices(lambda: old, lambda: new, 300) == expected
    monkeypatch.setattr(guard, "SLICE", 30)
    assert guard.compare_prices(lambda: old, lambda: new, 300) == expected


@pytest.mark.parametrize(
    ("looks", "believed"),
    [
        ([], False),
        ([None], False),
        ([NOON + HOUR], True),
        ([NOON + HOUR - timedelta(seconds=1)], False),
        ([NOON + HOUR, NOON], False),
        ([NOON + HOUR, NOON + 2 * HOUR], True),
    ],
)
def test_an_equal_result_is_believed_when_every_shop_was_seen_again_an_hour_later(looks, believed):
    assert guard.may_follow([{"code": "COUNT_DROPPED"}], NOON, looks) is believed


def test_an_empty_result_is_never_believed():
    assert not guard.may_follow([{"code": "EMPTY"}], NOON, [NOON + 100 * HOUR])


def test_an_empty_render_says_why_most_items_are_left_out():
    new = Tally(0, {"no_price": 2, "setting:vat": 30})
    (reason,) = guard.reasons(Tally(100, {}), new, 0, lambda: PriceChange(0, 0))
    assert reason["message"] == (
        "No item is left to publish; 30 are left out for setting:vat, and the diagnostics say what to do."
    )


def test_an_empty_render_of_empty_stores_says_that():
    (reason,) = guard.reasons(None, Tally(0, {}), 0, lambda: PriceChange(0, 0))
    assert reason["message"] == (
        "No item is left to publish; none is mirrored from the stores that it is made of."
    )
