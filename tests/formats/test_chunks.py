import itertools
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats.chunks import LONGEST, begins, borders

#: product -> how many items it has
PRODUCTS = st.dictionaries(
    st.integers(0, 5000).map(str) | st.text(st.characters(exclude_categories=()), max_size=4),
    st.integers(1, 4) | st.integers(1, 3 * LONGEST),
    min_size=1,
    max_size=200,
)


def of(products):
    """The chunks of a catalogue: tuples of (product, number of the item)."""
    items = [(product, number) for product in sorted(products) for number in range(products[product])]
    places = [*borders([product for product, _ in items]), len(items)]
    return [tuple(items[begin:end]) for begin, end in pairwise(places)]


@given(PRODUCTS)
def test_chunks_hold_every_item_once_in_order(products):
    held = [item for chunk in of(products) for item in chunk]
    assert held == [(product, n) for product in sorted(products) for n in range(products[product])]


@given(PRODUCTS)
def test_a_product_is_never_parted(products):
    for before, chunk in itertools.pairwise(of(products)):
        assert before[-1][0] != chunk[0][0]


@given(PRODUCTS)
def test_a_chunk_begins_where_a_product_says_so_or_the_one_before_is_full(products):
    for before, chunk in itertools.pairwise(of(products)):
        assert begins(chunk[0][0]) or len(before) >= LONGEST
    for chunk in of(products):
        assert not any(begins(product) for product, _ in chunk if product != chunk[0][0])
        *others, last = [len(list(items)) for _, items in itertools.groupby(chunk, key=lambda item: item[0])]
        assert sum(others) < LONGEST
        assert last == products[chunk[-1][0]]


@given(PRODUCTS, st.integers(0, 5000).map(str))
def test_a_product_more_or_less_touches_only_its_neighbourhood(products, product):
    others = {key: count for key, count in products.items() if key != product}
    with_it, without_it = set(of(others | {product: 2})), set(of(others) if others else ())
    # All that can change lies between the last product up to it that always begins a chunk, and the next.
    starts = [other for other in others if begins(other)]
    first = max((other for other in starts if other < product), default="")
    last = min((other for other in starts if other > product), default=None)
    for chunk in with_it ^ without_it:
        assert chunk[0][0] >= first
        assert last is None or chunk[-1][0] < last


def test_a_change_in_a_large_catalogue_touches_very_few_chunks():
    products = {f"{number:07d}": 1 for number in range(0, 60_000, 2)}
    before = set(of(products))
    assert LONGEST > len(products) / len(before) > LONGEST * 3 / 4
    for number in range(1, 60_000, 6001):
        assert len(set(of(products | {f"{number:07d}": 1})) ^ before) <= 8


def test_borders_cut_a_long_run_without_a_beginning():
    groups = [key for key in (f"{number:06d}" for number in range(1000)) if not begins(key)][:200]
    assert borders(groups) == [0, 32, 64, 96, 128, 160, 192]
    assert borders(["a"] * 200) == [0]
