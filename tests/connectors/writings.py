"""What every writing of prices and stock has to be like, whatever the platform."""

from decimal import Decimal

from hypothesis import strategies as st

from sync2sys.connectors.base import Change
from sync2sys.connectors.writing import OUTCOMES, PRICE, QUANTITY

SETTLED = ("written", "unchanged")

#: Some stand in the fakes' shops already, some no shop may get.
PRICES = [None, "10.00", "20.00", "5", "12.5", "9.99", "0", "-1", "NaN", "1.234", "1000000000"]
QUANTITIES = [None, 0, 5, 7, 11, -1]


def values(names):
    """For some of the variants called so: a price, a quantity, and whether counting may begin."""
    price = st.sampled_from(PRICES).map(lambda text: None if text is None else Decimal(text))
    each = st.tuples(price, st.sampled_from(QUANTITIES), st.booleans())
    return st.dictionaries(st.sampled_from(names), each, max_size=len(names))


def changes_of(wanted, current):
    """The changes of (ref -> price, quantity, whether counting may begin), for what the shop has."""
    return [
        Change(ref, price, quantity, current[ref], count_stock=begins)
        for ref, (price, quantity, begins) in wanted.items()
        if ref in current
    ]


def told(written):
    """(field, outcome, code) of each answer."""
    return [(each.field, each.outcome, each.code) for each in written]


def outcomes(written):
    return [each.outcome for each in written]


def agree(written, changes, state, moved=()):
    """Assert that what is told is one answer for each value in order, and what the shop has.

    `state` gives (price, quantity) of a ref by the shop's own books; others were at those that are `moved`.
    """
    wanted = [
        (change.ref, field, value)
        for change in changes
        for field, value in ((PRICE, change.price), (QUANTITY, change.quantity))
        if value is not None
    ]
    assert [(each.ref, each.field) for each in written] == [(ref, field) for ref, field, _ in wanted]
    for each, (ref, field, value) in zip(written, wanted, strict=True):
        assert each.outcome in OUTCOMES
        assert (each.outcome in SETTLED) == (not each.code)
        if ref in moved:
            continue
        has = state(ref)[field == QUANTITY]
        if each.outcome in SETTLED:
            assert has == value, each
        shown = each.price if field == PRICE else each.quantity
        if shown is not None and each.outcome != "unknown":
            assert shown == has, each
