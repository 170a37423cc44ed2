"""Prices and stock written to a WooCommerce shop: what is told is what the shop has then."""

import copy
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync2sys.connectors import woocommerce
from sync2sys.connectors.base import Change, VariantRef
from sync2sys.connectors.woocommerce import WooCommerce
from sync2sys.connectors.writing import MOST
from sync2sys.errors import ReadOnlyKey, StoreBusy, StoreError, StoreUnreachable
from tests.connectors.writings import agree, changes_of, outcomes, told, values

SIZE = {"id": 4, "name": "Size", "variation": True, "visible": True, "options": ["S", "M"]}
PRICED = {"regular_price": "10.00"}
COUNTED = PRICED | {"manage_stock": True, "stock_quantity": 5}


def sized(number, option, **fields):
    return {"id": number, "attributes": [{"id": 4, "name": "Size", "option": option}]} | fields


PRODUCTS = [
    {"id": 11, "name": "Mug"} | COUNTED,
    {"id": 12, "name": "Poster"} | PRICED,
    {"id": 13, "name": "Reduced", "sale_price": "8.00"} | COUNTED,
    {
        "id": 20,
        "name": "Shirt",
        "type": "variable",
        "attributes": [SIZE],
        "manage_stock": True,
        "stock_quantity": 11,
        "variations": [sized(21, "S", **COUNTED), sized(22, "M", **PRICED)],
    },
    {
        "id": 30,
        "name": "Cap",
        "type": "variable",
        "attributes": [SIZE],
        "variations": [sized(31, "S", **COUNTED)],
    },
]
MUG, POSTER, REDUCED, SHIRT = (VariantRef(key, key) for key in ("11", "12", "13", "20"))
SMALL, MEDIUM, CAP = VariantRef("20", "21"), VariantRef("20", "22"), VariantRef("30", "31")
ALL = [MUG, POSTER, REDUCED, SHIRT, SMALL, MEDIUM, CAP]


@pytest.fixture
def shop(open_shop):
    return open_shop(PRODUCTS)


@pytest.fixture
def connect(outbound, patience):
    def make(shop, key=None, **options):
        found = woocommerce.connect(outbound, shop.url, shop.key, shop.secret, patience=patience)
        key = key or shop.key_ring[shop.key]
        options = {"patience": patience} | options
        return WooCommerce(outbound, key.key, key.secret, found.capabilities, **options)

    return make


@pytest.fixture
def store(connect, shop):
    return connect(shop)


def write(store, *wanted, expected=None, **options):
    """Write (ref, price, quantity), upon what the shop has now or was expected to have."""
    current = expected or store.current([ref for ref, *_ in wanted])
    changes = [
        Change(ref, price and Decimal(price), quantity, current[ref], **options)
        for ref, price, quantity in wanted
    ]
    return store.write(changes, "a key")


def posts(shop):
    return [
        (request.path.removeprefix("/wp-json/wc/v3/"), json.loads(request.body)["update"])
        for request in shop.asked("batch")
        if request.method == "POST" and json.loads(request.body)["update"]
    ]


def state(shop):
    """What the shop's books say of a variant: price and counted quantity."""

    def of(ref):
        record = shop.records.get(int(ref.variant_id))
        if record is None:
            return None, None
        counted = record
        if record["manage_stock"] is not True and record["parent_id"]:
            counted = shop.records[record["parent_id"]]
        price = record["regular_price"]
        return Decimal(price) if price else None, counted["stock_quantity"]

    return of


# Looking


def test_the_shop_is_asked_what_it_has(store):
    found = store.current([*ALL, VariantRef("99", "99"), VariantRef("20", "99"), VariantRef("x", "y")])
    assert set(found) == set(ALL)
    mug, reduced = found[MUG], found[REDUCED]
    assert (mug.price, mug.quantity, mug.counts_stock, mug.currency) == (Decimal("10.00"), 5, True, "EUR")
    assert (reduced.price, reduced.sale_price) == (Decimal("10.00"), Decimal("8.00"))
    assert (found[POSTER].quantity, found[POSTER].counts_stock) == (None, False)
    assert (found[MEDIUM].quantity, found[MEDIUM].counts_stock) == (None, False)
    json.dumps([each.handle for each in found.values()])


@pytest.mark.parametrize("version", ["8.2.2", "9.5.0", "11.0.1"])
@pytest.mark.parametrize("lists", [True, False])
def test_shops_of_all_versions_are_looked_at_and_written_to(open_shop, connect, version, lists):
    shop = open_shop(PRODUCTS, version=version, analytics=lists)
    store = connect(shop)
    assert set(store.current(ALL)) == set(ALL)
    written = write(store, (SMALL, "12", 7), (CAP, "12", 7), (MUG, "12", 7))
    assert outcomes(written) == ["written"] * 6


def test_a_shop_that_takes_keys_in_a_header_is_written_to(open_shop, connect):
    shop = open_shop(PRODUCTS, secure=True)
    assert outcomes(write(connect(shop), (MUG, "12", 7))) == ["written"] * 2
    assert all("Authorization" in request.headers for request in shop.asked("batch") if b"id" in request.body)


def test_a_list_that_the_shop_does_not_have_any_more_is_done_without(connect, shop):
    store = connect(shop)
    shop.features = shop.features - {"all_variations"}
    assert set(store.current(ALL)) == set(ALL)


def test_not_more_than_a_hundred_are_looked_at_or_written_at_a_time(store):
    many = [VariantRef(str(key), str(key)) for key in range(1, MOST + 2)]
    with pytest.raises(ValueError, match="100"):
        store.current(many)
    mug = store.current([MUG])[MUG]
    with pytest.raises(ValueError, match="100"):
        store.write([Change(ref, Decimal(1), None, mug) for ref in many], "a key")
    with pytest.raises(ValueError, match="another variant"):
        store.write([Change(MUG, Decimal(1), None, mug), Change(MUG, Decimal(2), None, mug)], "a key")


# Writing


def test_prices_and_stock_are_written_as_the_shop_takes_them(store, shop):
    written = write(store, (MUG, "12.5", 7), (SMALL, "13", None), (CAP, None, 0))
    assert told(written) == [
        ("price", "written", ""),
        ("quantity", "written", ""),
        ("price", "written", ""),
        ("quantity", "written", ""),
    ]
    assert posts(shop) == [
        ("products/batch", [{"id": 11, "regular_price": "12.50", "stock_quantity": 7}]),
        ("products/20/variations/batch", [{"id": 21, "regular_price": "13.00"}]),
        ("products/30/variations/batch", [{"id": 31, "stock_quantity": 0}]),
    ]
    assert [each.price or each.quantity for each in written] == [Decimal("12.50"), 7, Decimal(13), 0]
    assert state(shop)(MUG) == (Decimal("12.5"), 7)


def test_a_hundred_products_go_out_in_one_call(open_shop, connect):
    shop = open_shop([{"id": key, "name": f"Thing {key}"} | COUNTED for key in range(1, MOST + 1)])
    refs = [VariantRef(str(key), str(key)) for key in range(1, MOST + 1)]
    written = write(connect(shop), *[(ref, "12.50", 7) for ref in refs])
    assert outcomes(written) == ["written"] * 2 * MOST
    assert [len(items) for _, items in posts(shop)] == [MOST]


def test_what_the_shop_has_is_not_written_again(store, shop):
    assert outcomes(write(store, (MUG, "10", 5), (SMALL, "10.00", None))) == ["unchanged"] * 3
    assert posts(shop) == []


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "9.999", "1e9", "1e-30"])
def test_what_is_no_price_never_goes_out(store, shop, price):
    assert told(write(store, (MUG, price, None))) == [("price", "refused", "bad_price")]
    assert posts(shop) == []


@pytest.mark.parametrize("quantity", [-1, 10**10, True])
def test_what_is_no_quantity_never_goes_out(store, shop, quantity):
    assert told(write(store, (MUG, None, quantity))) == [("quantity", "refused", "bad_quantity")]
    assert posts(shop) == []


@pytest.mark.parametrize(
    ("currency", "price", "sent"),
    [("JPY", "1200", "1200"), ("KWD", "12.5", "12.500"), ("JPY", "12.5", None), ("KWD", "1.2345", None)],
)
def test_prices_have_the_decimals_of_the_currency(open_shop, connect, currency, price, sent):
    shop = open_shop(PRODUCTS, currency=currency)
    assert outcomes(write(connect(shop), (MUG, price, None))) == ["written" if sent else "refused"]
    assert [items[0]["regular_price"] for _, items in posts(shop)] == ([sent] if sent else [])


def test_stock_that_is_not_counted_is_told(store, shop):
    written = write(store, (POSTER, "12", 7), (MEDIUM, None, 7))
    assert told(written) == [
        ("price", "written", ""),
        ("quantity", "refused", "stock_not_counted"),
        ("quantity", "refused", "stock_of_product"),
    ]
    assert shop.records[12]["manage_stock"] is False
    assert shop.records[20]["stock_quantity"] == 11


def test_counting_begins_where_the_change_says_so(store, shop):
    written = write(store, (POSTER, None, 7), (MEDIUM, None, 11), count_stock=True)
    assert outcomes(written) == ["written"] * 2
    assert (shop.records[12]["manage_stock"], shop.records[12]["stock_quantity"]) == (True, 7)
    assert (shop.records[22]["manage_stock"], shop.records[22]["stock_quantity"]) == (True, 11)


@pytest.mark.parametrize("price", ["8.00", "7.99"])
def test_a_sale_that_the_new_price_would_end_is_told(store, shop, price):
    written = write(store, (REDUCED, price, 7))
    assert told(written) == [("price", "refused", "sale_not_below"), ("quantity", "written", "")]
    assert (shop.records[13]["regular_price"], shop.records[13]["sale_price"]) == ("10.00", "8.00")


def test_a_sale_goes_on_below_the_new_price(store, shop):
    assert outcomes(write(store, (REDUCED, "9", None))) == ["written"]
    assert shop.records[13]["sale_price"] == "8.00"


def test_a_sale_to_come_counts_and_one_that_is_over_does_not(store, shop):
    shop.schedule_sale(13, "8.00", shop.now() + timedelta(days=1), None)
    assert told(write(store, (REDUCED, "7", None))) == [("price", "refused", "sale_not_below")]
    shop.schedule_sale(13, "8.00", None, shop.now() - timedelta(days=1))
    assert outcomes(write(store, (REDUCED, "7", None))) == ["written"]


def test_a_sale_price_that_was_none_does_not_begin_with_a_higher_price(store, shop):
    shop.write_directly(11, sale_price="11.00")
    assert outcomes(write(store, (MUG, "12", None))) == ["written"]
    assert shop.records[11]["sale_price"] == ""


def test_a_product_that_is_sold_by_its_variations_gets_no_price(store, shop):
    assert told(write(store, (SHIRT, "12", 7))) == [
        ("price", "refused", "no_price"),
        ("quantity", "written", ""),
    ]
    assert shop.records[20]["stock_quantity"] == 7


def test_a_variation_goes_by_the_product_that_the_shop_says_it_is_of(store, shop):
    elsewhere = VariantRef("11", "21")
    assert outcomes(write(store, (elsewhere, "12", None))) == ["written"]
    assert posts(shop)[0][0] == "products/20/variations/batch"


# What changed meanwhile


def test_what_the_shop_changed_meanwhile_is_left_alone(store, shop):
    expected = store.current([MUG, SMALL, REDUCED])
    shop.sell(11)
    shop.set_price(21, "11.00")
    shop.set_price(13, "10.00", "7.00")
    written = write(store, (MUG, "12", 7), (SMALL, "12", 7), (REDUCED, "12", None), expected=expected)
    assert told(written) == [
        ("price", "written", ""),
        ("quantity", "stale", "changed"),
        ("price", "stale", "changed"),
        ("quantity", "written", ""),
        ("price", "stale", "changed"),
    ]
    assert (written[1].quantity, written[2].price) == (4, Decimal("11.00"))


def test_what_the_shop_got_meanwhile_is_unchanged(store, shop):
    expected = store.current([MUG])
    shop.edit(11, regular_price="12.00", stock_quantity=7)
    assert outcomes(write(store, (MUG, "12", 7), expected=expected)) == ["unchanged"] * 2
    assert posts(shop) == []


def test_what_was_deleted_meanwhile_is_gone(store, shop):
    expected = store.current([MUG, POSTER, SMALL])
    shop.delete(11)
    shop.trash(12)
    shop.delete(20)
    written = write(store, (MUG, "12", 7), (POSTER, "12", None), (SMALL, "12", None), expected=expected)
    assert set(told(written)) == {("price", "refused", "gone"), ("quantity", "refused", "gone")}


def test_an_item_that_fails_keeps_no_other_from_being_written(store, shop):
    shop.fault("then", method="POST", times=1, act=lambda: shop.delete(11))
    written = write(store, (MUG, "12", 7), (POSTER, "12", None))
    assert told(written) == [
        ("price", "refused", "woocommerce_rest_product_invalid_id"),
        ("quantity", "refused", "woocommerce_rest_product_invalid_id"),
        ("price", "written", ""),
    ]


# What shops take and make something else of


@pytest.mark.parametrize(
    ("changed", "code", "has"),
    [
        ({"regular_price": ""}, "odd", None),
        ({"regular_price": "1250.00"}, "odd", Decimal("1250.00")),
        ({"sale_price": ""}, "sale_dropped", Decimal("12.50")),
        ({"regular_price": {"a": 1}}, "odd", None),
    ],
)
def test_an_answer_that_differs_from_what_was_sent_is_odd(store, shop, changed, code, has):
    def spoil(answer):
        return {"update": [row | changed for row in answer["update"]]}

    shop.fault("distorted", method="POST", path="batch", change=spoil)
    written = write(store, (REDUCED, "12.50", None))
    assert told(written) == [("price", "odd", code)]
    assert written[0].price == has


def test_stock_that_the_shop_does_not_count_after_all_is_odd(store, shop):
    def spoil(answer):
        return {"update": [row | {"manage_stock": False, "stock_quantity": None} for row in answer["update"]]}

    shop.fault("distorted", method="POST", path="batch", change=spoil)
    assert told(write(store, (MUG, None, 7))) == [("quantity", "odd", "odd")]


# Rights

DENIED = {
    "code": 401,
    "type": "application/json",
    "body": json.dumps({"code": "woocommerce_rest_authentication_error", "message": "No.", "data": {}}),
}


def test_a_key_that_may_only_read_is_told(connect, shop):
    store = connect(shop, key=shop.add_key(permissions="read"))
    assert store.may_write() == ["read/write"]
    with pytest.raises(ReadOnlyKey):
        write(store, (MUG, "12", 7))
    assert state(shop)(MUG) == (Decimal("10.00"), 5)


def test_a_key_that_may_write_lacks_nothing(store):
    assert store.may_write() == []


def test_rights_that_end_half_way_are_told_of_what_is_left(store, shop):
    shop.fault("status", method="POST", after=1, **DENIED)
    written = write(store, (MUG, "12", 7), (SMALL, "12", None), (CAP, "12", None))
    assert told(written)[:2] == [("price", "written", ""), ("quantity", "written", "")]
    assert told(written)[2:] == [("price", "not_written", "STORE_READ_ONLY_KEY")] * 2
    assert "read/write" in written[2].message
    assert written[3].price == Decimal("10.00")


# Trouble


def test_a_shop_that_limits_is_asked_again(store, shop, waits):
    shop.fault("too_many_requests", method="POST", times=2, retry_after=3)
    assert outcomes(write(store, (MUG, "12", 7))) == ["written"] * 2
    assert len(posts(shop)) == 3
    assert min(waits) >= 3


def test_one_that_limits_for_good_is_an_error_and_nothing_was_written(store, shop):
    shop.fault("too_many_requests", method="POST", retry_after=3600)
    with pytest.raises(StoreBusy) as caught:
        write(store, (MUG, "12", 7))
    assert caught.value.retry_after == 3600
    assert state(shop)(MUG) == (Decimal("10.00"), 5)


DONE = ["reset", "cut", "truncated_gzip", "afterwards", "garbage", "wrong_type", "hang"]
UNDONE = ["dropped", "bad_gateway", "unavailable", "fatal_error", "home_page"]


@pytest.mark.parametrize("kind", DONE)
def test_what_was_written_without_an_answer_is_found_out(connect, shop, kind):
    store = connect(shop, seconds=0.5 if kind == "hang" else 10)
    shop.fault(kind, method="POST", times=1)
    written = write(store, (MUG, "12", 7), (CAP, "12", None))
    assert outcomes(written) == ["written"] * 3
    assert len(posts(shop)) == 2, "something was sent twice"


def test_what_is_not_written_says_why(store, shop):
    shop.fault("bad_gateway", method="POST", times=1)
    assert "502" in write(store, (MUG, "12", None))[0].message


@pytest.mark.parametrize("kind", UNDONE)
def test_what_was_not_written_is_found_out_too(store, shop, kind):
    shop.fault(kind, method="POST", times=1)
    written = write(store, (MUG, "12", 7), (CAP, "12", None))
    assert told(written) == [
        ("price", "not_written", "not_there"),
        ("quantity", "not_written", "not_there"),
        ("price", "written", ""),
    ]
    assert len(posts(shop)) == 2, "something was sent twice"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: {},
        lambda answer: {"update": []},
        lambda answer: {"update": answer["update"][::-1]},
        lambda answer: {"update": [row | {"id": 99} for row in answer["update"]]},
        lambda answer: {"update": [None, None]},
        lambda answer: {"update": {"11": {}}},
    ],
)
def test_answers_that_are_not_those_to_what_was_sent_are_not_believed(store, shop, spoil):
    shop.fault("distorted", method="POST", path="batch", change=spoil)
    written = write(store, (MUG, "12", 7), (POSTER, "12", None))
    assert outcomes(written) == ["written"] * 3
    assert len(posts(shop)) == 1


def test_where_nobody_says_what_the_shop_has_nobody_knows(store, shop):
    expected = store.current([MUG, SMALL])
    shop.fault("unavailable", after=3, path="/wc/v3/")  # what is asked before the first batch goes well
    written = write(store, (MUG, "12", None), (SMALL, "12", None), expected=expected)
    assert told(written) == [
        ("price", "unknown", "nobody_knows"),
        ("price", "not_written", "STORE_UNREACHABLE"),
    ]


def test_a_shop_that_cannot_be_reached_is_an_error(store, shop):
    expected = store.current([MUG])
    shop.fault("unavailable")
    with pytest.raises(StoreBusy):
        write(store, (MUG, "12", None), expected=expected)
    shop.fault("dropped")
    with pytest.raises(StoreUnreachable):
        store.current([MUG])


# Whatever happens

TROUBLE = [None, *DONE[:-1], *UNDONE, "too_many_requests", "denied", "delete", "sell"]


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(wanted=values(ALL), trouble=st.lists(st.sampled_from(TROUBLE), max_size=4))
def test_whatever_happens_what_is_told_is_what_the_shop_has(store, shop, wanted, trouble):
    before, was = copy.deepcopy(shop.records), {ref: state(shop)(ref) for ref in ALL}
    sent = len(posts(shop))
    faults = [
        fault
        for place, kind in enumerate(trouble)
        if kind and (fault := befalls(shop, kind, after=place)) is not None
    ]
    try:
        changes = changes_of(wanted, store.current(list(wanted)))
        moved = [ref for kind, ref in (("delete", MUG), ("sell", SMALL)) if kind in trouble]
        try:
            written = store.write(changes, "a key")
        except StoreError:
            untouched = {ref for ref in wanted if ref not in moved}
            assert {ref: state(shop)(ref) for ref in untouched} == {ref: was[ref] for ref in untouched}
        else:
            agree(written, changes, state(shop), moved)
        limited = sum(fault.hits for kind, fault in faults if kind in ("too_many_requests", "denied"))
        bodies = [json.dumps(each) for each in posts(shop)[sent:]]
        assert len(bodies) - len(set(bodies)) <= limited
        for _, fault in faults:
            fault.stop()
        again = store.write(changes, "a key")
        agree(again, changes, state(shop), moved)
        assert not {"not_written", "unknown"} & set(outcomes(again))
        nothing_else_changed(shop, before, wanted)
    finally:
        for _, fault in faults:
            fault.stop()
        shop._children = {20: [21, 22], 30: [31]}
        shop.records.clear()
        shop.records.update(before)


def befalls(shop, kind, after):
    """Let it happen at the next POST but so many."""
    acts = {"delete": lambda: shop.records.pop(11, None), "sell": lambda: shop.sell(21)}
    if kind in acts:
        return kind, shop.fault("then", method="POST", after=after, times=1, act=acts[kind])
    if kind == "denied":  # also when it is signed anew
        return kind, shop.fault("status", method="POST", after=after, times=2, **DENIED)
    return kind, shop.fault(kind, method="POST", after=after, times=1)


def nothing_else_changed(shop, before, wanted):
    """No sale ended or began; counting began only where it was wanted; nobody else was written to."""
    touched = {int(ref.variant_id) for ref in wanted}
    for key, row in shop.records.items():
        assert row["sale_price"] == before[key]["sale_price"]
        begins = any(int(ref.variant_id) == key and value[2] for ref, value in wanted.items())
        assert begins or row["manage_stock"] == before[key]["manage_stock"]
        assert key in touched or row["regular_price"] == before[key]["regular_price"]
