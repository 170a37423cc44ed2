"""Prices and stock written to a Shopify shop: what is told is what the shop has then."""

import copy
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync2sys.connectors.base import Change, VariantRef
from sync2sys.connectors.shopify import Shopify
from sync2sys.errors import StoreBusy, StoreError, StoreRefusedKeys
from tests.connectors.mirror import Mirror
from tests.connectors.shopify.conftest import Keys
from tests.connectors.shopify.test_documents import VERSIONS
from tests.connectors.writings import agree, changes_of, outcomes, told, values
from tests.shops.shopify.catalogue import ITEM, MAIN_LOCATION

pytestmark = pytest.mark.shopify

SCOPES = "write_products,write_inventory"
PRODUCTS = [
    {"id": 1, "title": "Mug", "variants": [{"id": 11, "price": "10", "stock": 5}]},
    {"id": 2, "title": "Poster", "variants": [{"id": 12, "price": "10", "stock": 5, "tracked": False}]},
    {
        "id": 3,
        "title": "Reduced",
        "variants": [{"id": 13, "price": "8", "compareAtPrice": "10", "stock": 5}],
    },
    {
        "id": 4,
        "title": "Shirt",
        "options": {"Size": ["S", "M"]},
        "variants": [{"id": 21, "price": "10", "stock": 5}, {"id": 22, "price": "10", "stock": {}}],
    },
    {"id": 5, "title": "Once", "variants": [{"id": 15, "price": "10", "compareAtPrice": "9.99", "stock": 7}]},
]
MUG, POSTER, REDUCED, ONCE = (
    VariantRef(*pair) for pair in (("1", "11"), ("2", "12"), ("3", "13"), ("5", "15"))
)
SMALL, NEW = VariantRef("4", "21"), VariantRef("4", "22")
ALL = [MUG, POSTER, REDUCED, SMALL, NEW, ONCE]


@pytest.fixture
def shop(shopify):
    return shopify.add_shop("mystore", copy.deepcopy(PRODUCTS))


@pytest.fixture
def connect(shopify, outbound, patience):
    def make(shop, scopes=SCOPES, version="2026-10", keys=None, location=None, **options):
        keys = keys or Keys(shop.token(shopify.add_app(scopes=scopes)))
        learnt = {"domain": shop.domain, "version": version, "weight_unit": "kg", "location": location}
        return Shopify(outbound, keys, learnt, patience=patience, **options)

    return make


@pytest.fixture
def store(connect, shop):
    return connect(shop)


def write(store, *wanted, expected=None, key="a key", **options):
    """Write (ref, price, quantity), upon what the shop has now or was expected to have."""
    current = expected or store.current([ref for ref, *_ in wanted])
    changes = [
        Change(ref, price and Decimal(price), quantity, current[ref], **options)
        for ref, price, quantity in wanted
    ]
    return store.write(changes, key)


def sent(shopify, name="mutation"):
    """The variables of the mutations that were asked for, in order."""
    bodies = [json.loads(request.body) for request in shopify.asked("graphql.json")]
    return [body["variables"] for body in bodies if name in body["query"] and "mutation" in body["query"]]


def state(shop):
    """What the shop's books say of a variant: price and counted quantity."""

    def of(ref):
        row = shop.catalogue.variants.get(int(ref.variant_id))
        if row is None:
            return None, None
        price, before = Decimal(row["price"]), row["compareAtPrice"] and Decimal(row["compareAtPrice"])
        regular = before if before and before > price else price
        return regular, row["levels"].get(MAIN_LOCATION) if row["tracked"] else None

    return of


# Looking


def test_the_shop_is_asked_what_it_has(store):
    found = store.current([*ALL, VariantRef("9", "99"), VariantRef("x", "y")])
    assert set(found) == set(ALL)
    mug, reduced = found[MUG], found[REDUCED]
    assert (mug.price, mug.quantity, mug.counts_stock, mug.currency) == (Decimal("10.00"), 5, True, "EUR")
    assert (reduced.price, reduced.sale_price) == (Decimal("10.00"), Decimal("8.00"))
    assert (found[POSTER].quantity, found[POSTER].counts_stock) == (None, False)
    assert found[ONCE].sale_price is None
    json.dumps([each.handle for each in found.values()])


def test_where_all_cost_too_much_a_half_is_asked_for_at_a_time(store, shopify):
    refusal = {"errors": [{"message": "Too dear", "extensions": {"code": "MAX_COST_EXCEEDED"}}]}
    shopify.fault("status", has="query Current", times=2, code=200, body=json.dumps(refusal))
    assert set(store.current(ALL)) == set(ALL)


def test_a_shop_that_lists_something_else_is_not_believed(store, shopify):
    def swap(answer):
        answer["data"]["nodes"].reverse()
        return answer

    shopify.fault("distorted", has="query Current", change=swap)
    with pytest.raises(StoreError, match="something else"):
        store.current([MUG, SMALL])


# Writing


@pytest.mark.parametrize("version", VERSIONS)
def test_prices_and_stock_are_written_as_the_shop_takes_them(connect, shopify, shop, version):
    written = write(connect(shop, version=version), (MUG, "12.5", 7), (SMALL, "13", None))
    assert outcomes(written) == ["written"] * 3
    stock, mug, small = sent(shopify)
    assert stock["input"]["quantities"] == [
        {
            "inventoryItemId": f"gid://shopify/InventoryItem/{ITEM + 11}",
            "locationId": f"gid://shopify/Location/{MAIN_LOCATION}",
            "quantity": 7,
            "changeFromQuantity": 5,
        }
    ]
    assert mug["variants"] == [{"id": "gid://shopify/ProductVariant/11", "price": "12.50"}]
    assert small["variants"] == [{"id": "gid://shopify/ProductVariant/21", "price": "13.00"}]
    assert state(shop)(MUG) == (Decimal("12.5"), 7)


def test_what_is_written_is_what_is_mirrored_then(store):
    wanted = [(MUG, "12", 7), (REDUCED, "12", 7), (ONCE, "9", 5), (SMALL, "9", 0)]
    assert set(outcomes(write(store, *wanted))) == {"written"}
    mirror = Mirror(store.pull())
    for ref, price, quantity in wanted:
        variant = mirror.variants[ref.variant_id]
        assert (variant.price, variant.quantity) == (Decimal(price), quantity)
    assert mirror.variants["13"].sale_price == Decimal(8)
    assert mirror.variants["15"].sale_price is None


def test_what_the_shop_has_is_not_written_again(store, shopify):
    assert outcomes(write(store, (MUG, "10", 5), (REDUCED, "10.00", None))) == ["unchanged"] * 3
    assert sent(shopify) == []


@pytest.mark.parametrize(("price", "outcome"), [("1200", "written"), ("12.5", "refused")])
def test_prices_have_the_decimals_of_the_currency(connect, shopify, price, outcome):
    shop = shopify.add_shop("tokyo", copy.deepcopy(PRODUCTS), currency="JPY")
    assert outcomes(write(connect(shop), (MUG, price, None))) == [outcome]
    assert [each["variants"][0]["price"] for each in sent(shopify)] == ["1200"] * (outcome == "written")


@pytest.mark.parametrize("price", ["8.00", "7.99"])
def test_a_sale_that_the_new_price_would_end_is_told(store, shop, price):
    written = write(store, (REDUCED, price, 7))
    assert told(written) == [("price", "refused", "sale_not_below"), ("quantity", "written", "")]
    row = shop.catalogue.variants[13]
    assert (row["price"], row["compareAtPrice"]) == ("8.00", "10.00")


def test_a_sale_goes_on_below_the_new_price(store, shop):
    assert outcomes(write(store, (REDUCED, "9", None))) == ["written"]
    row = shop.catalogue.variants[13]
    assert (row["price"], row["compareAtPrice"]) == ("8.00", "9.00")


@pytest.mark.parametrize(("price", "compared"), [("12", "9.99"), ("9.99", "9.99"), ("9", None)])
def test_a_lower_price_does_not_become_a_sale(store, shop, price, compared):
    assert outcomes(write(store, (ONCE, price, None))) == ["written"]
    assert shop.catalogue.variants[15]["compareAtPrice"] == compared


# Whose stock


def test_stock_that_is_not_counted_is_told(store, shop):
    written = write(store, (POSTER, "12", 7), (NEW, None, 7))
    assert told(written) == [
        ("price", "written", ""),
        ("quantity", "refused", "stock_not_counted"),
        ("quantity", "refused", "not_stocked_here"),
    ]
    assert shop.catalogue.variants[12]["tracked"] is False
    assert shop.catalogue.variants[22]["levels"] == {}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("quantity", [7, 5, 0])
def test_counting_begins_where_the_change_says_so(connect, shop, version, quantity):
    store = connect(shop, version=version)
    written = write(store, (POSTER, None, quantity), (NEW, None, quantity), count_stock=True)
    assert outcomes(written) == ["written"] * 2
    for number in (12, 22):
        row = shop.catalogue.variants[number]
        assert (row["tracked"], row["levels"]) == (True, {MAIN_LOCATION: quantity})


def test_what_is_neither_counted_nor_stocked_becomes_both(store, shop):
    shop.edit_variant(22, tracked=False)
    assert outcomes(write(store, (NEW, None, 7), count_stock=True)) == ["written"]
    assert shop.catalogue.variants[22]["tracked"] is True


def test_stock_at_several_locations_is_told_until_one_is_chosen(connect, shop):
    second = shop.catalogue.add_location("Warehouse")
    shop.set_stock(11, 3, second)
    store = connect(shop)
    assert told(write(store, (MUG, None, 7))) == [("quantity", "refused", "several_locations")]
    assert told(write(store, (MUG, None, 7), count_stock=True)) == [
        ("quantity", "refused", "several_locations")
    ]
    assert told(write(store, (NEW, None, 7))) == [("quantity", "refused", "several_locations")]
    assert outcomes(write(store, (SMALL, None, 7))) == ["written"], "it is at one only"
    assert outcomes(write(connect(shop, location=second), (MUG, None, 7))) == ["written"]
    assert shop.catalogue.variants[11]["levels"] == {MAIN_LOCATION: 5, second: 7}


def test_a_location_that_was_chosen_is_the_only_one_that_is_written(connect, shop):
    second = shop.catalogue.add_location("Warehouse")
    store = connect(shop, location=str(second))
    assert told(write(store, (MUG, None, 7))) == [("quantity", "refused", "not_stocked_here")]
    assert outcomes(write(store, (MUG, None, 7), count_stock=True)) == ["written"]
    assert shop.catalogue.variants[11]["levels"] == {MAIN_LOCATION: 5, second: 7}


def test_a_location_that_is_closed_does_not_count(connect, shop):
    second = shop.catalogue.add_location("Warehouse")
    shop.catalogue.change(shop.catalogue.locations, second, {"isActive": False})
    assert outcomes(write(connect(shop), (NEW, None, 7), count_stock=True)) == ["written"]


# What changed meanwhile


def test_what_the_shop_sold_meanwhile_is_left_alone_and_the_rest_is_written(store, shopify, shop):
    expected = store.current([MUG, SMALL, ONCE])
    shop.set_stock(11, 4)
    written = write(store, (MUG, None, 7), (SMALL, None, 7), (ONCE, None, 5), expected=expected)
    assert told(written) == [
        ("quantity", "stale", "changed"),
        ("quantity", "written", ""),
        ("quantity", "written", ""),
    ]
    assert (written[0].quantity, state(shop)(MUG)[1]) == (4, 4)
    first, second = sent(shopify)
    assert len(first["input"]["quantities"]) == 3
    assert len(second["input"]["quantities"]) == 2
    assert first["key"] != second["key"]


def test_what_was_deleted_meanwhile_keeps_nothing_from_being_written(store, shop):
    expected = store.current(ALL)
    shop.remove(1)
    wanted = [(MUG, "12", 7), (SMALL, "12", 7), (REDUCED, "12", 7)]
    assert told(write(store, *wanted, expected=expected)) == [
        ("price", "refused", "PRODUCT_DOES_NOT_EXIST"),
        ("quantity", "refused", "INVALID_INVENTORY_ITEM"),
        *[("price", "written", ""), ("quantity", "written", "")] * 2,
    ]


def test_a_bad_variant_keeps_no_other_of_its_product_from_being_written(store, shop):
    expected = store.current([SMALL, NEW])
    del shop.catalogue.variants[22]
    shop.catalogue.change(shop.catalogue.products, 4, {"variants": [21]})
    written = write(store, (NEW, "12", None), (SMALL, "12", None), expected=expected)
    assert told(written) == [("price", "refused", "PRODUCT_VARIANT_DOES_NOT_EXIST"), ("price", "written", "")]


# Keys


def test_the_same_writing_again_has_the_same_keys_and_is_done_once(store, shopify, shop):
    expected = store.current([MUG, NEW])
    wanted = [(MUG, None, 7), (NEW, None, 7)]
    write(store, *wanted, expected=expected, count_stock=True)
    shop.set_stock(11, 6)
    write(store, *wanted, expected=expected, count_stock=True)
    calls = sent(shopify)
    assert len(calls) == 4
    assert calls[:2] == calls[2:]
    assert state(shop)(MUG)[1] == 6, "stock was set twice by one writing"
    write(store, *wanted, expected=expected, key="another key", count_stock=True)
    assert not {call["key"] for call in sent(shopify)[4:]} & {call["key"] for call in calls}


@pytest.mark.parametrize(
    "code",
    [
        "IDEMPOTENCY_CONCURRENT_REQUEST",
        "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
        "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
    ],
)
@pytest.mark.parametrize("is_done", [True, False])
def test_what_was_asked_for_before_is_looked_up(store, shopify, shop, code, is_done):
    if is_done:
        shopify.fault("then", has="SetStock", act=lambda: shop.set_stock(11, 7))
    error = {"field": ["input"], "message": "Again.", "code": code}
    payload = {"inventoryAdjustmentGroup": None, "userErrors": [error]}
    shopify.fault(
        "distorted", has="SetStock", change=lambda answer: {"data": {"inventorySetQuantities": payload}}
    )
    if not is_done:
        shopify.fault("then", has="SetStock", act=lambda: shop.set_stock(11, 4))
    written = write(store, (MUG, None, 7))
    assert outcomes(written) == ["written" if is_done else "stale"]
    assert len(sent(shopify)) == 1


# What shops take and make something else of


def test_stock_that_was_taken_and_not_set_is_found_out(store, shopify):
    """Of an item that is not stocked somewhere old versions said nothing, and did nothing."""
    payload = {"inventoryAdjustmentGroup": {"changes": []}, "userErrors": []}
    body = json.dumps({"data": {"inventorySetQuantities": payload}})
    shopify.fault("status", has="SetStock", code=200, body=body)
    assert told(write(store, (MUG, None, 7))) == [("quantity", "not_written", "not_there")]


@pytest.mark.parametrize(
    ("changed", "outcome", "code"),
    [
        ({"compareAtPrice": "13.00"}, "odd", "odd"),
        ({"price": "7.00"}, "odd", "sale_dropped"),
        ({"price": "12.00", "compareAtPrice": None}, "odd", "sale_dropped"),
        ({"compareAtPrice": 12.0}, "written", ""),
        ({"compareAtPrice": ["12"]}, "odd", "odd"),
    ],
)
def test_an_answer_that_differs_from_what_was_sent_is_odd(store, shopify, changed, outcome, code):
    def spoil(answer):
        answer["data"]["productVariantsBulkUpdate"]["productVariants"][0] |= changed
        return answer

    shopify.fault("distorted", has="SetPrices", change=spoil)
    assert told(write(store, (REDUCED, "12", None))) == [("price", outcome, code)]


# Rights


@pytest.mark.parametrize(
    ("scopes", "lacks"),
    [
        ("read_products", ["write_inventory", "write_products"]),
        ("write_products,read_inventory", ["write_inventory"]),
        ("write_products,write_inventory,read_locations", []),
    ],
)
def test_scopes_that_lack_for_writing_are_named(connect, shop, scopes, lacks):
    assert connect(shop, scopes).may_write() == lacks


def test_a_scope_that_lacks_keeps_only_what_needs_it(connect, shop):
    written = write(connect(shop, "write_products,read_inventory"), (MUG, "12", 7))
    assert told(written) == [("price", "written", ""), ("quantity", "refused", "STORE_AUTH_FAILED")]
    assert "write_inventory" in written[1].message


def test_an_app_that_may_not_see_stock_can_write_prices(connect, shop):
    store = connect(shop, "write_products")
    assert told(write(store, (MUG, "12", 7))) == [
        ("price", "written", ""),
        ("quantity", "refused", "no_access_to_stock"),
    ]


def test_a_token_that_ends_half_way_is_renewed(shopify, connect, shop):
    app = shopify.add_app(scopes=SCOPES)
    store = connect(shop, keys=Keys(shop.token(app), shop.token(app)))
    shopify.fault("revoked", has="SetPrices", times=1)
    assert outcomes(write(store, (MUG, "12", 7))) == ["written"] * 2


def test_a_token_that_is_dead_is_an_error_and_nothing_was_written(shopify, store, shop):
    expected = store.current([MUG])
    shop.uninstall(next(iter(shopify.apps.values())))
    with pytest.raises(StoreRefusedKeys):
        write(store, (MUG, "12", 7), expected=expected)


# Trouble


@pytest.mark.parametrize("by_status", [False, True], ids=["THROTTLED", "status 429"])
def test_a_shop_that_is_out_of_points_is_asked_again(shopify, store, shop, waits, by_status):
    expected = store.current([MUG])
    shop.throttles_by_status = by_status
    (installation,) = shop.installations.values()
    installation.bucket.spend(installation.bucket.available - 1)
    assert outcomes(write(store, (MUG, "12", 7), expected=expected)) == ["written"] * 2
    assert waits


def test_one_that_limits_for_good_is_an_error_and_nothing_was_written(store, shopify, shop):
    expected = store.current([MUG])
    shopify.fault("too_many_requests", path="graphql.json", retry_after=3600)
    with pytest.raises(StoreBusy) as caught:
        write(store, (MUG, "12", 7), expected=expected)
    assert caught.value.retry_after == 3600
    assert state(shop)(MUG) == (Decimal("10.00"), 5)


DONE = ["reset", "cut", "truncated_gzip", "afterwards", "garbage", "hang"]
UNDONE = ["dropped", "bad_gateway", "unavailable", "home_page", "internal_error"]


@pytest.mark.parametrize("kind", DONE)
@pytest.mark.parametrize("name", ["SetStock", "SetPrices", "StockHere"])
def test_what_was_written_without_an_answer_is_found_out(connect, shopify, shop, kind, name):
    store = connect(shop, seconds=0.5 if kind == "hang" else 10)
    shopify.fault(kind, has=name, times=1)
    written = write(store, (MUG, "12", 7), (NEW, None, 7), count_stock=True)
    assert outcomes(written) == ["written"] * 3
    assert len(sent(shopify)) == 3, "something was sent twice"


@pytest.mark.parametrize("kind", UNDONE)
@pytest.mark.parametrize("name", ["SetStock", "SetPrices", "StockHere"])
def test_what_was_not_written_is_found_out_too(store, shopify, kind, name):
    shopify.fault(kind, has=name, times=1)
    written = write(store, (MUG, "12", 7), (NEW, None, 7), count_stock=True)
    assert sorted(outcomes(written)) == ["not_written", "written", "written"]
    assert len(sent(shopify)) == 3, "something was sent twice"


@pytest.mark.parametrize("payload", [None, [], {}, {"userErrors": None}, {"userErrors": ["no"]}])
def test_answers_of_another_shape_are_not_believed(store, shopify, payload):
    def spoil(answer):
        return {"data": dict.fromkeys(answer["data"], payload)}

    shopify.fault("distorted", has="mutation", change=spoil)
    assert outcomes(write(store, (MUG, "12", 7), (NEW, None, 7), count_stock=True)) == ["written"] * 3


def test_where_nobody_says_what_the_shop_has_nobody_knows(store, shopify):
    expected = store.current([MUG])
    shopify.fault("unavailable", path="graphql.json")
    written = write(store, (MUG, "12", 7), expected=expected)
    assert told(written) == [
        ("price", "not_written", "STORE_UNREACHABLE"),
        ("quantity", "unknown", "nobody_knows"),
    ]


# Whatever happens

TROUBLE = [None, *DONE[:-1], *UNDONE, "too_many_requests", "THROTTLED", "revoked", "delete", "sell"]


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(
    wanted=values(ALL),
    trouble=st.lists(st.sampled_from(TROUBLE), max_size=4),
    key=st.sampled_from(["a", "b"]),
)
def test_whatever_happens_what_is_told_is_what_the_shop_has(store, shopify, shop, wanted, trouble, key):
    catalogue = shop.catalogue
    products, variants = dict(catalogue.products), dict(catalogue.variants)
    already = len(sent(shopify))
    faults = [befalls(shopify, shop, kind, after=place) for place, kind in enumerate(trouble) if kind]
    try:
        changes = changes_of(wanted, store.current(list(wanted)))
        moved = [ref for kind, ref in (("delete", MUG), ("sell", SMALL)) if kind in trouble]
        try:
            written = store.write(changes, key)
        except StoreError:
            untouched = {int(ref.variant_id) for ref in ALL if ref not in moved}
            assert all(catalogue.variants[number] == variants[number] for number in untouched)
        else:
            agree(written, changes, state(shop), moved)
        limited = sum(fault.hits for kind, fault in faults if kind in ("too_many_requests", "THROTTLED"))
        calls = sent(shopify)[already:]
        assert len(calls) - len({json.dumps(call, sort_keys=True) for call in calls}) <= limited
        for _, fault in faults:
            fault.stop()
        again = store.write(changes, key)
        agree(again, changes, state(shop), moved)
        assert not {"not_written", "unknown"} & set(outcomes(again))
        assert_keys_belong(sent(shopify)[already:])
        nothing_else_changed(shop, variants, wanted)
    finally:
        for _, fault in faults:
            fault.stop()
        shop._answered.clear()
        catalogue.products.clear()
        catalogue.products.update(products)
        catalogue.variants.clear()
        catalogue.variants.update(variants)


def befalls(shopify, shop, kind, after):
    """Let it happen at the next mutation but so many."""
    meant = {"has": "mutation", "after": after, "times": 1}
    acts = {"delete": lambda: shop.catalogue.products.get(1) and shop.remove(1), "sell": lambda: sell(shop)}
    if kind in acts:
        return kind, shopify.fault("then", act=acts[kind], **meant)
    if kind == "THROTTLED":
        told = {"errors": [{"message": "Throttled", "extensions": {"code": kind}}]}
        return kind, shopify.fault("status", code=200, body=json.dumps(told), **meant)
    return kind, shopify.fault(kind, **meant)


def sell(shop):
    shop.set_stock(21, shop.catalogue.variants[21]["levels"][MAIN_LOCATION] - 1)


def assert_keys_belong(calls):
    """To each thing asked for belongs one key, and to each key one thing, also when it is asked again."""
    asked = {}
    for call in calls:
        if "key" in call:
            text = json.dumps({name: value for name, value in call.items() if name != "key"}, sort_keys=True)
            assert asked.setdefault(call["key"], text) == text
    assert len(set(asked.values())) == len(asked), "the same was asked for with two keys"


def nothing_else_changed(shop, before, wanted):
    """No sale ended or began; counting began only where it was wanted; nobody else was written to."""
    touched = {int(ref.variant_id): begins for ref, (_, _, begins) in wanted.items()}
    for number, row in shop.catalogue.variants.items():
        was = before[number]
        reduced = [
            each["compareAtPrice"] is not None and Decimal(each["compareAtPrice"]) > Decimal(each["price"])
            for each in (row, was)
        ]
        assert reduced[0] == reduced[1]
        assert touched.get(number) or (row["tracked"], set(row["levels"])) == (
            was["tracked"],
            set(was["levels"]),
        )
        assert number in touched or row["price"] == was["price"]
