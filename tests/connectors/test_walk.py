"""The walk over a list that changes: nothing that existed throughout is missed."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync2sys.connectors.woocommerce.walk import Walk
from sync2sys.errors import StoreBusy, StoreGarbled

SIZE = 5


class Shelf:
    """A shop's list: what a window of it shows now."""

    def __init__(self, ids, hidden=(), ignores_offset=False, zero_past_end=True):
        self.ids = list(ids)
        self.hidden = set(hidden)
        self.ignores_offset = ignores_offset
        self.zero_past_end = zero_past_end

    def show(self, window):
        """Ids and total, as WooCommerce gives them: past the end of an offset its total may be 0."""
        start = window.offset
        if self.ignores_offset and window.page is None:
            start = 0
        shown = [key for key in self.ids[start : start + window.size] if key not in self.hidden]
        past = not self.ids[start : start + window.size] and window.page is None
        return shown, 0 if past and self.zero_past_end else len(self.ids)


def walked(shelf, changes=(), walk=None, most=2000):
    """Ids in the order seen. Before each question one of `changes` is applied to the shelf."""
    walk = walk or Walk(size=SIZE, full=SIZE)
    changes, seen = iter(changes), []
    for _ in range(most):
        window = walk.window()
        if window is None:
            return seen, walk
        for change in next(changes, ()):
            change(shelf)
        ids, total = shelf.show(window)
        if walk.accept(window, ids, total):
            seen += ids
    raise AssertionError("the walk does not end")


def delete(*keys):
    return lambda shelf: [shelf.ids.remove(key) for key in keys if key in shelf.ids]


def insert(*keys):
    return lambda shelf: setattr(shelf, "ids", sorted({*shelf.ids, *keys}))


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 9, 10, 13, 14, 100])
def test_a_list_at_rest_is_seen_once_but_for_one_entry_a_window(count):
    seen, walk = walked(Shelf(range(1, count + 1)))
    assert sorted(set(seen)) == list(range(1, count + 1))
    assert len(seen) == count + max(0, walk.done - 1)
    assert walk.steady
    assert walk.total == count


def test_a_delete_before_the_window_pulls_nothing_past_it():
    seen, walk = walked(Shelf(range(1, 21)), [[], [delete(1)]])
    assert set(seen) == set(range(1, 21))
    assert not walk.steady


def test_deletes_at_every_border_are_noticed():
    for border in range(1, 30):
        for keys in ([border], [border, border + 1], list(range(max(1, border - 6), border + 1))):
            for moment in range(8):
                gone = [[]] * moment + [[delete(*keys)]]
                seen, _ = walked(Shelf(range(1, 31)), gone)
                assert set(seen) >= set(range(1, 31)) - set(keys)


def test_most_of_a_list_may_vanish():
    seen, walk = walked(Shelf(range(1, 1001)), [[]] * 50 + [[delete(*range(1, 900))]])
    assert set(seen) >= set(range(900, 1001))
    assert walk.asked < 300


def test_all_of_a_list_may_vanish():
    _, walk = walked(Shelf(range(1, 101)), [[]] * 5 + [[delete(*range(1, 101))]])
    assert walk.ended
    assert not walk.steady


def test_entries_that_the_shop_counts_but_does_not_show_are_walked_past():
    seen, _ = walked(Shelf(range(1, 101), hidden=range(20, 60)))
    assert set(seen) == {*range(1, 20), *range(60, 101)}


def test_a_shop_that_ignores_offsets_is_read_by_pages_that_overlap():
    seen, walk = walked(Shelf(range(1, 101), ignores_offset=True))
    assert set(seen) == set(range(1, 101))
    assert walk.by_page


@settings(max_examples=400)
@given(
    st.sets(st.integers(1, 80), max_size=60),
    st.lists(
        st.lists(st.tuples(st.booleans(), st.integers(1, 80)), max_size=6),
        max_size=40,
    ),
    st.booleans(),
    st.booleans(),
    st.integers(2, 12),
)
@example({1, 2, 3, 4, 5, 6, 7, 8}, [[], [(True, 1), (True, 2), (True, 3), (True, 4)]], False, True, 5)
def test_what_existed_throughout_is_never_missed(ids, changes, by_page, zero, size):
    """Deletes and inserts anywhere, before any question."""
    throughout = set(ids)
    steps = []
    for change in changes:
        steps.append([delete(key) if is_delete else insert(key) for is_delete, key in change])
        throughout -= {key for is_delete, key in change if is_delete}
    shelf = Shelf(sorted(ids), ignores_offset=by_page, zero_past_end=zero)
    if by_page:
        steps = [[], [], [], [], *steps]  # let it be found out first
    seen, _ = walked(shelf, steps, Walk(size=size, full=size))
    assert throughout <= set(seen)


@settings(max_examples=100)
@given(st.sets(st.integers(1, 80), min_size=1, max_size=60), st.data())
def test_windows_asked_for_earlier_are_as_good(ids, data):
    """The window after the next one is on its way while deletes happen."""
    shelf, walk, seen = Shelf(sorted(ids)), Walk(size=SIZE, full=SIZE), set()
    throughout, under_way = set(ids), []
    for _ in range(500):
        if not under_way and walk.window() is None:
            break
        while len(under_way) < 2:
            window = walk.window(under_way[-1][0] if under_way else None)
            if window is None:
                break
            under_way.append((window, *shelf.show(window)))
            gone = data.draw(st.none() | st.sampled_from(range(1, 81)))
            throughout.discard(gone)
            delete(gone)(shelf)
        window, shown, total = under_way.pop(0)
        if walk.accept(window, shown, total):
            seen |= set(shown)
        else:
            under_way.clear()
    assert throughout <= seen


@pytest.mark.parametrize("count", [3, 10, 40])
def test_a_list_in_another_order_is_walked_by_position(count):
    ids = list(range(1, count + 1))
    for order in (ids[::-1], sorted(ids, key=lambda key: key * 7 % 11)):
        seen, walk = walked(Shelf(order))
        assert set(seen) == set(ids)
        assert walk.unsorted


def test_a_list_that_always_shows_its_beginning_ends_and_hides_nothing():
    class Deaf(Shelf):
        def show(self, window):
            return self.ids[: window.size], len(self.ids)

    seen, walk = walked(Deaf(range(1, 101)))
    assert len(set(seen)) < 20
    assert walk.short == 0  # so what is missing was not shown, rather than hidden


@pytest.mark.parametrize("total", [10**9, 1000])
def test_a_total_that_cannot_be_true_is_not_believed(total):
    class Boasting(Shelf):
        def show(self, window):
            return super().show(window)[0], total

    with pytest.raises(StoreGarbled, match="far fewer"):
        walked(Boasting(range(1, 31)))


def test_a_list_that_never_comes_to_rest_is_given_up():
    class Restless(Shelf):
        def show(self, window):
            self.ids = [key + 100 for key in self.ids]  # nothing ever joins on
            return super().show(window)

    with pytest.raises(StoreBusy) as caught:
        walked(Restless(range(1, 101)), most=10_000)
    assert caught.value.retryable


def test_after_trouble_windows_shrink_and_grow_again():
    walk = Walk(size=100, full=100)
    assert [(walk.shrink(), walk.size) for _ in range(4)] == [
        (True, 100),
        (True, 40),
        (True, 10),
        (False, 10),
    ]
    walked(Shelf(range(1, 1001)), walk=walk)
    assert walk.size == 100


def test_a_walk_goes_on_from_its_state():
    shelf, walk = Shelf(range(1, 31)), Walk(size=SIZE, full=SIZE)
    for _ in range(3):
        window = walk.window()
        walk.accept(window, *shelf.show(window))
    seen, _ = walked(shelf, walk=Walk.resumed(walk.state()))
    assert set(seen) == set(range(walk.last, 31))


@pytest.mark.parametrize(
    "state", [None, [], {}, {"size": 5}, {**Walk().state(), "offset": "x"}, {**Walk().state(), "y": 1}]
)
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ValueError, match="not the state"):
        Walk.resumed(state)
