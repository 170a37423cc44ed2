import itertools
from itertools import pairwise
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats.chunks import LONGEST, begins, borders, grouped
from tests.formats.catalogue import item

KEYS = st.sets(
    st.integers(0, 5000).map(str) | st.text(st.characters(exclude_categories=()), max_size=4), max_size=400
)


def of(keys):
    return [tuple(chunk) for chunk in grouped(sorted(keys), key=str)]


@given(KEYS)
def test_chunks_hold_every_key_once_in_order(keys):
    assert [key for chunk in of(keys) for key in chunk] == sorted(keys)


@given(KEYS)
def test_a_chunk_begins_where_a_key_says_so_or_the_one_before_is_full(keys):
    chunks = of(keys)
    assert all(0 < len(chunk) <= LONGEST for chunk in chunks)
    assert not any(begins(key) for chunk in chunks for key in chunk[1:])
    for before, chunk in itertools.pairwise(chunks):
        assert begins(chunk[0]) or len(before) == LONGEST


@given(KEYS, st.integers(0, 5000).map(str))
def test_a_key_more_or_less_touches_only_its_neighbourhood(keys, key):
    with_it, without_it = set(of(keys | {key})), set(of(keys - {key}))
    # All that can change lies between the last key up to this one that always begins a chunk, and the next.
    starts = [other for other in keys if begins(other)]
    first = max((other for other in starts if other < key), default="")
    last = min((other for other in starts if other > key), default=None)
    for chunk in with_it ^ without_it:
        assert chunk[0] >= first
        assert last is None or chunk[-1] < last


def test_a_change_in_a_large_catalogue_touches_very_few_chunks():
    keys = {f"{number:07d}" for number in range(0, 60_000, 2)}
    before = set(of(keys))
    assert LONGEST > len(keys) / len(before) > LONGEST * 3 / 4
    for number in range(1, 60_000, 6001):
        assert len(set(of(keys | {f"{number:07d}"})) ^ before) <= 8


def test_rows_are_grouped_by_their_key():
    rows = [item(key=f"{number:03d}") for number in range(100)]
    assert [row for chunk in grouped(rows) for row in chunk] == rows
    assert list(map(list, grouped(rows, attrgetter("key")))) == list(grouped(rows))


def test_no_items_are_no_chunks():
    assert list(grouped([])) == []


@pytest.mark.parametrize("keys", [["b", "a"], ["a", "a"], ["a", "b", "B"]])
def test_keys_that_are_not_sorted_and_unique_are_refused(keys):
    with pytest.raises(ValueError, match="out of order"):
        list(grouped(keys, key=str))


@given(st.sets(st.integers(0, 10**6).map(str) | st.text(), min_size=1, max_size=400))
def test_borders_are_where_the_chunks_begin(keys):
    keys = sorted(keys)
    places = [*borders(keys), len(keys)]
    assert [keys[a:b] for a, b in pairwise(places)] == list(grouped(keys, key=str))


def test_borders_cut_a_long_run_without_a_beginning():
    keys = [key for key in (f"{number:06d}" for number in range(1000)) if not begins(key)][:200]
    assert borders(keys) == [0, 32, 64, 96, 128, 160, 192]
