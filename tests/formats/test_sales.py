from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats import sales
from tests.formats.catalogue import NOW, at, item

BERLIN_IN_SUMMER, BERLIN_IN_WINTER = timezone(timedelta(hours=2)), timezone(timedelta(hours=1))
MOMENTS = st.integers(0, 100 * 365 * 86400 * 10).map(
    lambda tenths: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=tenths / 10)
)


def sale(begin, end, price="5"):
    return item(sale_price=price, sale_from=begin, sale_to=end)


@pytest.mark.parametrize(
    ("on_sale", "phase", "change"),
    [
        (item(), sales.NONE, None),
        (sale(at(1), at(2), price=None), sales.NONE, None),
        (sale(None, None), sales.ACTIVE, None),
        (sale(at(-1), None), sales.ACTIVE, None),
        (sale(NOW, at(1)), sales.ACTIVE, at(1)),
        (sale(None, at(1)), sales.ACTIVE, at(1)),
        (sale(at(1), at(2)), sales.PENDING, at(1)),
        (sale(at(1), None), sales.PENDING, at(1)),
        (sale(at(-2), NOW), sales.ENDED, None),
        (sale(None, at(-1)), sales.ENDED, None),
        (sale(at(2), at(1)), sales.ENDED, None),
    ],
)
def test_a_sale_has_a_phase_and_a_next_change(on_sale, phase, change):
    assert sales.phase(on_sale, NOW) == phase
    assert sales.next_change(on_sale, NOW) == change


@given(st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS, MOMENTS)
def test_the_phase_changes_at_the_told_moment_and_not_before(begin, end, now, later):
    on_sale = sale(begin, end)
    change = sales.next_change(on_sale, now)
    if change is None:
        assert sales.phase(on_sale, max(now, later)) == sales.phase(on_sale, now)
    else:
        assert change > now
        assert sales.phase(on_sale, change) != sales.phase(on_sale, now)
        assert sales.phase(on_sale, change - timedelta(microseconds=1)) == sales.phase(on_sale, now)


def test_a_window_is_told_in_utc_over_the_change_of_clocks():
    begin = datetime(2026, 10, 24, 0, 0, tzinfo=BERLIN_IN_SUMMER)
    end = datetime(2026, 10, 26, 0, 0, tzinfo=BERLIN_IN_WINTER)
    assert sales.window(begin, end) == "2026-10-23T22:00+0000/2026-10-25T23:00+0000"


def test_a_sale_without_an_end_has_no_window():
    assert sales.window(NOW, None) is None


def test_a_sale_without_a_beginning_has_begun_long_ago():
    assert sales.window(None, NOW) == "2000-01-01T00:00+0000/2026-10-25T00:30+0000"
    assert sales.window(datetime(1, 1, 1, tzinfo=UTC), NOW) == sales.window(None, NOW)


def test_a_sale_of_less_than_a_minute_has_no_window():
    assert sales.window(NOW + timedelta(seconds=1), NOW + timedelta(seconds=59)) is None
    assert (
        sales.window(datetime(9999, 12, 31, 23, 59, 30, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)) is None
    )


@given(MOMENTS, MOMENTS)
def test_a_window_lies_within_the_sale(begin, end):
    window = sales.window(begin, end)
    if window is not None:
        first, last = (datetime.strptime(part, "%Y-%m-%dT%H:%M%z") for part in window.split("/"))
        assert begin <= first < last <= end
        assert first - begin < timedelta(minutes=1) > end - last
        assert len(window) <= 51


def test_a_moment_is_told_in_utc():
    assert (
        sales.moment(datetime(2026, 7, 1, 2, 0, 59, 999, tzinfo=BERLIN_IN_SUMMER)) == "2026-07-01T00:00:59Z"
    )
    assert sales.moment(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"
    assert sales.moment(None) is None
