"""Sets of ids in a cursor."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.connectors.ids import Ids

SOME = st.lists(st.integers(1, 2**63 - 1), max_size=60)


@given(SOME, SOME)
def test_a_set_comes_back_from_its_text(added, discarded):
    ids = Ids(added)
    ids.discard(discarded)
    assert set(Ids.unpack(ids.pack())) == set(added) - set(discarded)


@given(st.text(max_size=30) | st.binary(max_size=30).map(lambda data: data.hex()))
def test_other_text_is_refused_with_a_value_error(text):
    with contextlib.suppress(ValueError):
        assert all(key > 0 for key in Ids.unpack(text))


def test_an_empty_set_is_an_empty_text():
    assert Ids().pack() == ""
    assert len(Ids.unpack("")) == 0


def test_a_hundred_thousand_ids_fit_into_little_text():
    assert len(Ids(range(1000, 301_000, 3)).pack()) < 10_000


def test_a_set_can_be_added_to_after_it_was_packed():
    ids = Ids([5])
    ids.pack()
    ids.update([7, 5, 3])
    assert sorted(Ids.unpack(ids.pack())) == [3, 5, 7]


@pytest.mark.parametrize("text", ["!", "AAAA", "eJwDAAAAAAE=x"])
def test_damaged_text_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        Ids.unpack(text)
