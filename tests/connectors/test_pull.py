"""Pulling a catalogue over a real socket: everything, resumably, while it changes, from old and new shops."""

import json
import random
import re
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync2sys.connectors import woocommerce
from sync2sys.connectors.woocommerce import Patience, WooCommerce
from sync2sys.connectors.woocommerce.pace import Pace
from sync2sys.demo.web import Answer
from sync2sys.errors import (
    NotWooCommerce,
    StoreBusy,
    StoreError,
    StoreGarbled,
    StoreNotVerified,
    StoreRedirects,
    StoreRefusedKeys,
    StoreUnreachable,
)
from sync2sys.outbound import Allowed, Outbound
from tests.connectors.mirror import Mirror
from tests.shops import catalogues

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def simple(number, **fields):
    return {"name": f"Thing {number}", "regular_price": "10", **fields}


def variable(number, count=3, **fields):
    options = [f"size {each}" for each in range(count)]
    return {
        "name": f"Variable {number}",
        "type": "variable",
        "attributes": [{"id": 4, "name": "Size", "variation": True, "visible": True, "options": options}],
        "variations": [
            {"regular_price": "20", "attributes": [{"id": 4, "name": "Size", "option": option}]}
            for option in options
        ],
        **fields,
    }


def catalogue(count=12):
    """Of every third product there are three variations, every tenth one is grouped."""
    kinds = (
        variable(n) if n % 3 == 0 else simple(n, type="grouped" if n % 10 == 9 else "simple")
        for n in range(count)
    )
    return list(kinds)


@pytest.fixture
def connector(outbound, patience):
    def make(shop, window=5, **options):
        options.setdefault("patience", patience)
        found = woocommerce.connect(outbound, shop.url, shop.key, shop.secret, patience=patience)
        return WooCommerce(outbound, shop.key, shop.secret, found.capabilities, window=window, **options)

    return make


def held(shop):
    """Ids of the products and variants that a shop lists now."""
    listed = {key: record for key, record in shop.records.items() if record["status"] != "trash"}
    products = {key: record for key, record in listed.items() if record["type"] != "variation"}
    own = {str(key) for key, record in products.items() if record["type"] not in ("variable", "grouped")}
    children = {
        str(key)
        for key, each in listed.items()
        if each["type"] == "variation" and each["parent_id"] in products
    }
    return {str(key) for key in products}, own | children


def assert_mirrors(mirror, shop):
    products, variants = held(shop)
    assert set(mirror.products) == products
    assert set(mirror.variants) == variants
    assert mirror.is_exact()


ROUTES = [
    pytest.param({}, id="all variations at once"),
    pytest.param({"version": "8.2.2"}, id="by the analytics route"),
    pytest.param({"version": "8.2.2", "analytics": False}, id="parent by parent"),
]


# Everything


@pytest.mark.parametrize("options", ROUTES)
@pytest.mark.parametrize("window", [2, 5, 100])
def test_a_full_pull_is_the_whole_catalogue(connector, open_shop, options, window):
    shop = open_shop(catalogue(), **options)
    mirror = Mirror(connector(shop, window).pull())
    assert_mirrors(mirror, shop)
    assert mirror.last.done == mirror.last.of == max(page.done for page in mirror.pages)


@pytest.mark.parametrize("options", ROUTES)
def test_an_empty_shop_is_an_empty_pull(connector, open_shop, options):
    mirror = Mirror(connector(open_shop([], **options)).pull())
    assert (mirror.products, mirror.variants) == ({}, {})
    assert (mirror.last.product_total, mirror.last.variant_total) == (0, 0)


@pytest.mark.parametrize("version", ["11.0.1", "9.3.0", "8.2.2", "5.9.0"])
def test_variants_are_the_same_whatever_the_version(connector, open_shop, version):
    shop = open_shop(catalogue(7), version=version)
    mirror = Mirror(connector(shop).pull())
    assert_mirrors(mirror, shop)
    found = next(each for each in mirror.variants.values() if each.options == {"Size": "size 1"})
    assert found.product_external_id in mirror.products
    assert found.external_id in mirror.products[found.product_external_id].variant_ids


def test_drafts_and_private_products_are_mirrored_and_trash_is_not(connector, open_shop):
    statuses = ["publish", "draft", "pending", "private", "future", "trash"]
    shop = open_shop([simple(n, status=status) for n, status in enumerate(statuses)])
    found = Counter(each.status for each in Mirror(connector(shop).pull()).products.values())
    assert found == Counter(statuses[:-1])


def test_categories_are_full_paths(connector, open_shop):
    shop = open_shop([simple(1, categories=["Shoes &amp; more"])])
    shoes = max(shop.categories)
    shop.categories[shoes + 1] = {"id": shoes + 1, "name": "Running", "slug": "running", "parent": shoes}
    shop.add(simple(2, categories=[{"id": shoes + 1}]))
    found = {each.title: each.categories for each in Mirror(connector(shop).pull()).products.values()}
    assert found == {"Thing 1": ("Shoes & more",), "Thing 2": ("Shoes & more > Running",)}


def test_without_a_tree_categories_are_leaves(connector, open_shop):
    shop = open_shop([simple(1, categories=["Shoes"])])
    pulling = connector(shop)
    shop.hooks.append(refuse("products/categories", 403, "woocommerce_rest_cannot_view"))
    assert next(iter(Mirror(pulling.pull()).products.values())).categories == ("Shoes",)


def test_a_busy_shop_does_not_lose_its_tree(connector, open_shop):
    shop = open_shop([simple(1, categories=["Shoes"])])
    pulling = connector(shop)
    shop.hooks.append(show("products/categories", Answer.html("<html>", 503)))
    with pytest.raises(StoreBusy):
        list(pulling.pull())


def test_orphaned_variations_are_left_out(connector, open_shop):
    shop = open_shop(catalogue(6))
    parent = next(key for key, record in shop.records.items() if record["type"] == "variable")
    shop.trash(parent)  # its variations stay listed
    mirror = Mirror(connector(shop).pull())
    assert_mirrors(mirror, shop)


def test_entries_that_are_counted_but_not_shown_do_not_hold_a_pull_up(connector, open_shop):
    """A product that cannot be loaded is missing in its page, but not in the total."""
    shop = open_shop(catalogue(30))
    broken = sorted(key for key, record in shop.records.items() if record["type"] == "simple")[3:9]
    pulling = connector(shop)
    shop.hooks.append(without_rows(shop, broken))
    mirror = Mirror(pulling.pull())
    products, _ = held(shop)
    assert set(mirror.products) == products - set(map(str, broken))
    # Whoever mirrors is told, and may think twice before removing what was not shown.
    assert mirror.last.product_total == len(products)


def test_a_shop_that_ignores_offsets_is_read_all_the_same(connector, open_shop):
    shop = open_shop(catalogue(30))
    pulling = connector(shop)
    shop.deaf_to = {"offset"}
    assert_mirrors(Mirror(pulling.pull()), shop)


@pytest.mark.parametrize("options", ROUTES)
def test_a_shop_that_sorts_as_it_likes_is_read_all_the_same(connector, open_shop, options):
    shop = open_shop(catalogue(30), **options)
    pulling = connector(shop)
    shop.deaf_to = {"orderby", "order"}
    assert_mirrors(Mirror(pulling.pull()), shop)


@pytest.mark.parametrize("fault", ["deaf", "wrong_total", "boasting"])
def test_a_list_that_contradicts_itself_is_not_believed(connector, open_shop, fault):
    """Whatever it leaves out would be taken for deleted."""
    shop = open_shop(catalogue(30))
    pulling = connector(shop)
    if fault == "deaf":
        shop.deaf_to = {"offset", "page"}
    else:
        total = "0" if fault == "wrong_total" else "100000"
        shop.fault("wrong_total", path="wc/v3/products?", total=total)
    with pytest.raises(StoreGarbled) as caught:
        Mirror(pulling.pull())
    assert caught.value.retryable


def test_at_most_two_questions_are_under_way(connector, open_shop):
    shop, lock, now, most = open_shop(catalogue(40)), threading.Lock(), [0], [0]
    pulling, plain = connector(shop), shop.answer

    def counting(request):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.02)
        with lock:
            now[0] -= 1
        return plain(request)

    shop._server.answer = counting
    Mirror(pulling.pull())
    assert most[0] == 2


def test_few_requests_are_made(connector, open_shop):
    shop = open_shop([simple(n) for n in range(250)])
    pulling = connector(shop, window=100)
    shop.requests.clear()
    Mirror(pulling.pull())
    assert len(shop.asked("wc/v3/products?")) == 3 + 1  # pages, and the total at the end
    assert len(shop.requests) == 8  # categories, and twice the variations: total and page


# While it changes


def at_request(number, change):
    """Do something in the shop before the n-th request of a pull is answered."""
    count = [0]

    def hook(request):
        count[0] += 1
        if count[0] == number:
            change()

    return hook


@pytest.mark.parametrize("options", ROUTES)
def test_deletes_during_a_pull_lose_nothing_else(connector, open_shop, options):
    for moment in range(1, 16):
        shop = open_shop(catalogue(), **options)
        pulling = connector(shop)
        dice = random.Random(moment)
        victims = dice.sample([key for key, each in shop.records.items() if each["type"] != "variation"], 3)
        shop.hooks.append(
            at_request(moment, lambda shop=shop, victims=victims: [shop.delete(key) for key in victims])
        )
        mirror = Mirror(pulling.pull())
        products, variants = held(shop)
        assert products <= set(mirror.products)
        assert variants <= set(mirror.variants)
        assert mirror.is_exact()


@pytest.mark.parametrize("options", ROUTES[:2])
def test_what_was_seen_and_then_deleted_is_taken_back(connector, open_shop, options):
    for moment in range(3, 16):
        shop = open_shop(catalogue(), **options)
        pulling = connector(shop)
        asked = len(shop.requests)
        first = min(key for key, each in shop.records.items() if each["type"] == "variable")
        shop.hooks.append(at_request(moment, lambda shop=shop, first=first: shop.delete(first)))
        mirror = Mirror(pulling.pull())
        if len(shop.requests) - asked > moment + 3:
            assert_mirrors(mirror, shop)


def test_a_deleted_product_is_named_with_its_variants(connector, open_shop):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    first = min(key for key, each in shop.records.items() if each["type"] == "variable")
    children = {str(each["id"]) for each in shop.children(first)}
    pages = pulling.pull()
    mirror = Mirror()
    while not any(each.product_external_id == str(first) for each in mirror.variants.values()):
        mirror.keep(next(pages))
    shop.delete(first)
    for page in pages:
        mirror.keep(page)
    gone = {key for page in mirror.pages for key in page.gone_variants}
    assert children <= gone
    assert {key for page in mirror.pages for key in page.gone_products} == {str(first)}
    assert_mirrors(mirror, shop)


@pytest.mark.parametrize("options", ROUTES)
def test_what_appears_behind_the_place_is_fetched_at_the_end(connector, open_shop, options):
    """A product restored from the trash comes back with its old id."""
    shop = open_shop(catalogue(30), **options)
    pulling = connector(shop)
    early = min(key for key, each in shop.records.items() if each["type"] == "variable")
    shop.trash(early)
    pages, mirror = pulling.pull(), Mirror()
    mirror.keep(next(pages))
    mirror.keep(next(pages))
    shop.restore(early)
    for page in pages:
        mirror.keep(page)
    assert_mirrors(mirror, shop)


def test_a_catalogue_that_never_comes_to_rest_is_tried_again_later(connector, open_shop):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.hooks.append(lambda request: shop.add(simple(len(shop.records))) and None)
    with pytest.raises(StoreBusy, match="all the time") as caught:
        Mirror(pulling.pull())
    assert caught.value.retryable


STEPS = st.lists(
    st.tuples(st.integers(1, 25), st.sampled_from(["delete", "trash", "add", "restore"]), st.integers(0, 40)),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS, st.integers(2, 7), st.sampled_from([{}, {"version": "8.2.2", "analytics": False}]))
# What comes back while the list is compared is no product that the shop hides.
@example([(1, "trash", 1), (4, "delete", 0), (16, "restore", 1)], 3, {})
# As many come as go while the list is compared.
@example([(5, "delete", 0), (11, "delete", 0), (11, "add", 0)], 4, {})
def test_whatever_happens_meanwhile_nothing_that_stayed_is_missed(
    open_shop, connector, steps, window, options
):
    shop = open_shop(catalogue(10), **options)
    pulling = connector(shop, window)
    throughout, throughout_variants = held(shop)
    left = set()
    for moment, deed, which in steps:
        shop.hooks.append(at_request(moment, lambda deed=deed, which=which: happen(shop, deed, which, left)))
    try:
        mirror = Mirror(pulling.pull())
    except StoreBusy:
        return
    finally:
        shop.stop()
    assert throughout - left <= set(mirror.products)
    assert throughout_variants - left <= set(mirror.variants)
    assert mirror.is_exact()


def happen(shop, deed, which, left):
    """A deed of the owner. What leaves the list, for good or for a while, is added to `left`."""
    keys = sorted(key for key, each in shop.records.items() if each["type"] != "variation")
    trashed = sorted(key for key, each in shop.records.items() if each["status"] == "trash")
    if deed == "add":
        shop.add(variable(which, 2) if which % 2 else simple(which))
    elif deed == "restore" and trashed:
        shop.restore(trashed[which % len(trashed)])
    elif deed in ("delete", "trash") and keys:
        key = keys[which % len(keys)]
        left.update(map(str, [key, *(each["id"] for each in shop.children(key))]))
        getattr(shop, deed)(key)


# Killed and resumed


@pytest.mark.parametrize("options", ROUTES)
def test_a_pull_can_be_killed_after_every_page(connector, open_shop, options):
    shop = open_shop(catalogue(14), **options)
    pulling = connector(shop, window=4)
    whole = Mirror(pulling.pull())
    for kept in range(len(whole.pages) + 1):
        mirror, pages = Mirror(), pulling.pull()
        for _ in range(kept):
            mirror.keep(next(pages))
        pages.close()
        cursor = json.loads(json.dumps(mirror.last.cursor)) if kept else None
        for page in connector(shop, window=4).pull(cursor=cursor):
            mirror.keep(page)
        assert_mirrors(mirror, shop)


def test_a_pull_killed_at_every_page_ends_all_the_same(connector, open_shop):
    shop = open_shop(catalogue(14))
    pulling, mirror, cursor = connector(shop), Mirror(), None
    for _ in range(100):
        page = next(pulling.pull(cursor=cursor), None)
        if page is None:
            break
        cursor = json.loads(json.dumps(mirror.keep(page).cursor))
    assert_mirrors(mirror, shop)


def test_deletes_between_two_lives_of_a_pull_are_noticed(connector, open_shop):
    shop = open_shop(catalogue(20))
    pulling, mirror = connector(shop), Mirror()
    pages = pulling.pull()
    for _ in range(3):
        mirror.keep(next(pages))
    pages.close()
    for key in list(map(int, mirror.products))[1:6]:
        shop.delete(key)
    for page in connector(shop).pull(cursor=mirror.last.cursor):
        mirror.keep(page)
    assert_mirrors(mirror, shop)


def test_a_finished_pull_has_nothing_more_to_say(connector, open_shop):
    pulling = connector(open_shop(catalogue(3)))
    done = Mirror(pulling.pull()).last.cursor
    assert list(pulling.pull(cursor=done)) == []


@pytest.mark.parametrize(
    "damage", [{"version": 99}, {"stage": "x"}, {"products": {}}, {"seen_products": "!"}, {"hidden": [1]}]
)
def test_a_cursor_that_cannot_be_read_begins_anew(connector, open_shop, damage):
    shop = open_shop(catalogue(4))
    pulling = connector(shop)
    cursor = next(pulling.pull()).cursor | damage
    assert_mirrors(Mirror(pulling.pull(cursor=cursor)), shop)


def test_a_cursor_holds_no_secret_and_is_small(connector, open_shop):
    shop = open_shop([simple(n) for n in range(300)])
    text = json.dumps(Mirror(connector(shop, window=100).pull()).last.cursor)
    assert shop.secret not in text
    assert shop.key not in text
    assert len(text) < 3000


# What changed


@pytest.mark.parametrize("options", ROUTES)
def test_only_what_changed_is_pulled(connector, open_shop, options):
    shop = open_shop(catalogue(), now=NOON, **options)
    pulling = connector(shop)
    child = next(key for key, each in shop.records.items() if each["type"] == "variation")
    thing = next(key for key, each in shop.records.items() if each["type"] == "simple")
    shop.advance(hours=1)
    shop.edit(thing, name="New name")
    shop.advance(hours=1)
    shop.edit(child, regular_price="7")
    mirror = Mirror(pulling.pull(since=NOON + timedelta(minutes=30)))
    assert set(mirror.products) == {str(thing), str(shop.records[child]["parent_id"])}
    assert str(child) in mirror.variants
    assert (mirror.last.product_total, mirror.last.variant_total) == (None, None)
    assert mirror.last.of == mirror.last.done


def test_nothing_changed_is_nothing_pulled(connector, open_shop):
    shop = open_shop(catalogue(), now=NOON)
    pulling = connector(shop)
    shop.requests.clear()
    mirror = Mirror(pulling.pull(since=NOON + timedelta(minutes=2)))
    assert (mirror.products, mirror.variants) == ({}, {})
    assert len(shop.requests) <= 4


def test_the_filter_goes_back_a_minute_and_speaks_of_gmt(connector, open_shop):
    shop = open_shop(catalogue(2), now=NOON)
    pulling = connector(shop)
    Mirror(pulling.pull(since=datetime.fromisoformat("2026-11-20T14:00:30+02:00")))
    asked = shop.asked("modified_after")
    assert asked
    assert all("modified_after=2026-11-20T11:59:30&dates_are_gmt=true" in each.target for each in asked)


def test_a_version_without_the_filter_is_filtered_here(connector, open_shop):
    shop = open_shop(catalogue(), now=NOON, version="5.7.0")
    pulling = connector(shop)
    shop.advance(hours=1)
    key = min(shop.records)
    shop.edit(key, name="New name")
    mirror = Mirror(pulling.pull(since=NOON + timedelta(minutes=30)))
    assert set(mirror.products) == {str(key)}


def test_a_cursor_carries_its_own_since(connector, open_shop):
    shop = open_shop(catalogue(20), now=NOON)
    pulling = connector(shop)
    shop.advance(hours=1)
    for key in [key for key, each in shop.records.items() if each["type"] == "simple"]:
        shop.edit(key, regular_price="3")
    mirror = Mirror()
    mirror.keep(next(pulling.pull(since=NOON + timedelta(minutes=30))))
    for page in pulling.pull(cursor=mirror.last.cursor):
        mirror.keep(page)
    assert {each.kind for each in mirror.products.values()} == {"simple"}


def test_deletes_during_an_incremental_pull_lose_nothing_else(connector, open_shop):
    shop = open_shop([simple(n) for n in range(30)], now=NOON)
    pulling = connector(shop)
    shop.advance(hours=1)
    keys = sorted(shop.records)
    for key in keys:
        shop.edit(key, regular_price="3")
    shop.hooks.append(at_request(4, lambda: [shop.delete(key) for key in keys[:6]]))
    mirror = Mirror(pulling.pull(since=NOON + timedelta(minutes=30)))
    assert set(map(str, keys[6:])) <= set(mirror.products)


# Bad days


def show(part, answer, times=None):
    """Another answer to requests that contain this, so many times."""
    left = [times if times is not None else 10**9]

    def hook(request):
        if part not in request.target or not left[0]:
            return None
        left[0] -= 1
        return answer

    return hook


def refuse(part, status, code):
    return show(part, Answer.json({"code": code, "message": "x", "data": {"status": status}}, status))


def without_rows(shop, keys):
    """The shop cannot load these products: they are counted, and missing in every answer."""

    def hook(request):
        if "wc/v3/products?" not in request.target:
            return None
        found = super(type(shop), shop).answer(request)
        rows = json.loads(found.body)
        return Answer.json([row for row in rows if row["id"] not in keys], found.status, **found.headers)

    return hook


PASSING = [
    pytest.param(Answer.html("<html>", 429), id="limit"),
    pytest.param(Answer.html("<html>", 500), id="fatal error"),
    pytest.param(Answer.html("<html>", 502), id="bad gateway"),
    pytest.param(Answer.html("<html>", 503, **{"Retry-After": "7"}), id="maintenance"),
    pytest.param(Answer.html("<html>", 504), id="gateway timeout"),
    pytest.param(Answer.html("<html>Database error</html>"), id="page"),
    pytest.param(Answer(200, b"<b>Fatal", {"Content-Type": "application/json"}), id="garbage"),
    pytest.param(Answer.json({"items": []}), id="another shape"),
    pytest.param(Answer.json([{"name": "no id"}], **{"X-WP-Total": "1"}), id="no id"),
    pytest.param(Answer.json([]), id="no total"),
]


@pytest.mark.parametrize("trouble", PASSING)
@pytest.mark.parametrize("part", ["wc/v3/products?", "variations?", "categories"])
def test_trouble_that_passes_is_waited_out(connector, open_shop, waits, part, trouble):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.hooks.append(show(part, trouble, times=2))
    assert_mirrors(Mirror(pulling.pull()), shop)
    assert waits
    if "Retry-After" in trouble.headers:
        assert min(waits) >= 7


LINES = ["reset", "cut", "truncated_gzip", "hang", "drip"]


@pytest.mark.parametrize("fault", LINES)
@pytest.mark.parametrize("part", ["wc/v3/products?", "variations?", "categories"])
def test_lines_that_break_are_tried_again(connector, open_shop, part, fault):
    shop = open_shop(catalogue())
    # What hangs is given up after a while that no good answer takes on a busy machine either.
    pulling = connector(shop, seconds=0.7) if fault in {"hang", "drip"} else connector(shop)
    shop.fault(fault, path=part, times=1)
    assert_mirrors(Mirror(pulling.pull()), shop)


@pytest.mark.parametrize("fault", ["warnings", "bom", "trailer"])
def test_answers_that_are_spoilt_but_whole_do_not_matter(connector, open_shop, fault):
    shop = open_shop(catalogue())
    shop.fault(fault)
    assert_mirrors(Mirror(connector(shop).pull()), shop)


def test_one_of_everything_odd_is_read(connector, open_shop):
    shop = open_shop(catalogues.odd())
    mirror = Mirror(connector(shop).pull())
    assert_mirrors(mirror, shop)
    priced = {key: (each.price, each.sale_price) for key, each in mirror.variants.items()}
    assert [priced[key] for key in ("1020", "1021", "1023", "1027")] == [
        (None, None),
        (0, None),
        ("-5", None),
        (10, 8),
    ]
    assert (mirror.products["1065"].status, mirror.products["1066"].published) == ("password", True)
    assert mirror.products["1082"].images == ("https://cdn.example.com/p/1.jpg",)
    assert mirror.products["1003"].title == "Raw & Co."
    assert (mirror.variants["1041"].quantity, mirror.variants["1232"].quantity) == (-3, 50)
    assert mirror.variants["1232"].options == {"Colour": "Black & Gold", "Engraving (free)": "with Name"}


@pytest.mark.parametrize("trouble", PASSING)
def test_trouble_that_lasts_is_an_error_that_can_be_tried_again(connector, open_shop, trouble):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.hooks.append(show("wc/v3/products?", trouble))
    with pytest.raises((StoreBusy, StoreGarbled)) as caught:
        Mirror(pulling.pull())
    assert caught.value.retryable


def test_waits_grow(connector, open_shop, waits):
    shop = open_shop(catalogue(3))
    pulling = connector(shop)
    shop.hooks.append(show("categories", Answer.html("<html>", 429)))
    with pytest.raises(StoreBusy):
        Mirror(pulling.pull())
    assert len(waits) == 4
    assert waits[0] <= 1 < waits[2]
    assert waits == sorted(waits)


def test_a_long_pause_is_left_to_the_caller(connector, open_shop, waits):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.hooks.append(show("wc/v3/products?", Answer.html("<html>", 503, **{"Retry-After": "600"})))
    with pytest.raises(StoreBusy) as caught:
        Mirror(pulling.pull())
    assert caught.value.retry_after == 600
    assert waits == []


def test_pages_that_are_too_much_for_the_shop_become_smaller(connector, open_shop):
    shop = open_shop([simple(n) for n in range(60)])
    pulling = connector(shop, window=50)
    too_much = Answer.html("<p>Allowed memory size exhausted</p>", 500)
    shop.hooks.append(
        lambda request: (
            too_much if "per_page=50&" in request.target or "per_page=20&" in request.target else None
        )
    )
    assert_mirrors(Mirror(pulling.pull()), shop)
    assert shop.asked("per_page=5&")


def test_pages_that_take_too_long_become_smaller(connector, open_shop):
    shop = open_shop([simple(n) for n in range(30)])
    pulling = connector(shop, window=20, seconds=0.7)
    slow = threading.Event()
    plain = shop.answer
    shop._server.answer = lambda request: (
        slow.wait(1) if "per_page=20&" in request.target else None,
        plain(request),
    )[1]
    assert_mirrors(Mirror(pulling.pull()), shop)


def test_one_heavy_entry_does_not_shrink_all_pages(connector, open_shop):
    shop = open_shop([simple(n) for n in range(400)])
    pulling = connector(shop, window=50)
    shop.hooks.append(show("per_page=50&", Answer.html("<html>", 500), times=2))
    Mirror(pulling.pull())
    assert len(shop.asked("per_page=50&")) > 4


def test_a_window_too_large_in_bytes_becomes_smaller(open_shop, connector):
    shop = open_shop([simple(n, description="x" * 1_000_000) for n in range(12)])
    pulling = connector(shop, window=12)
    pulling._client.line._max_bytes = 5_000_000
    assert_mirrors(Mirror(pulling.pull()), shop)


@pytest.mark.parametrize(
    ("hook", "expected", "words"),
    [
        (refuse("wc/v3/", 401, "woocommerce_rest_cannot_view"), StoreRefusedKeys, "refuses the keys"),
        (
            refuse("wc/v3/", 401, "woocommerce_rest_authentication_error"),
            StoreRefusedKeys,
            "refuses the keys",
        ),
        (refuse("wc/v3/", 403, "woocommerce_rest_cannot_view"), StoreRefusedKeys, "refuses the keys"),
        (refuse("wc/v3/products?", 404, "rest_no_route"), NotWooCommerce, "plugin"),
        (refuse("wc/v3/products?", 400, "rest_invalid_param"), StoreError, "rest_invalid_param"),
        (show("products?", Answer.html("<html>", 403)), StoreUnreachable, "firewall"),
        (show("products?", Answer.html("<html>", 404)), NotWooCommerce, "404"),
        (
            show("products?", Answer(302, headers={"Location": "https://other.example/"})),
            StoreRedirects,
            "other",
        ),
    ],
)
def test_what_waiting_cannot_help_is_told_at_once(connector, open_shop, waits, hook, expected, words):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.hooks.append(hook)
    with pytest.raises(expected, match=words):
        Mirror(pulling.pull())
    assert waits == []


def test_a_shop_that_fails_again_and_again_is_left_alone(ca_file, connector, open_shop, patience):
    """The breaker of the outbound client, seen from here."""
    shop = open_shop(catalogue())
    capabilities = connector(shop)._capabilities
    shop.fault("bad_gateway")
    with Outbound(Allowed.parse("127.0.0.0/8")) as outbound:
        pulling = WooCommerce(outbound, shop.key, shop.secret, capabilities, patience=patience)
        with pytest.raises(StoreBusy):
            Mirror(pulling.pull())
        asked = len(shop.requests)
        with pytest.raises(StoreBusy, match="left alone") as caught:
            Mirror(pulling.pull())
    assert caught.value.retry_after > 600
    assert len(shop.requests) == asked


def test_a_shop_that_moved_to_tls_says_so(connector, open_shop):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.fault("redirect", to=shop.url.replace("http:", "https:"))
    with pytest.raises(StoreRedirects, match="https:// address"):
        Mirror(pulling.pull())


def test_a_shop_that_is_gone_cannot_be_reached(connector, open_shop):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.stop()
    with pytest.raises(StoreUnreachable) as caught:
        Mirror(pulling.pull())
    assert caught.value.retryable


def test_a_route_that_was_learnt_and_is_gone_is_learnt_anew(connector, open_shop):
    shop = open_shop(catalogue())
    pulling = connector(shop)
    shop.features -= {"all_variations"}
    assert_mirrors(Mirror(pulling.pull()), shop)


def test_a_product_deleted_between_page_and_variations_has_none(connector, open_shop):
    shop = open_shop(catalogue(), version="8.2.2", analytics=False)
    pulling = connector(shop)
    shop.hooks.append(refuse("/variations?", 404, "woocommerce_rest_product_invalid_id"))
    mirror = Mirror(pulling.pull())
    assert mirror.is_exact()


@pytest.mark.parametrize("times", [1, 2, 4])
def test_connections_that_break_after_the_nonce_was_used_do_not_cost_the_keys(
    connector, open_shop, waits, times
):
    """A request is repeated on a fresh connection when a kept one broke; the shop saw its nonce."""
    shop = open_shop(catalogue())
    pulling = connector(shop)
    plain, broken = shop.answer, []

    def breaking(request):
        found = plain(request)
        # Every other one: what is sent on the fresh connection arrives.
        if "products?" in request.target and len(broken) < 2 * times:
            broken.append(request)
            if len(broken) % 2:
                raise ConnectionError("as if the line broke")
        return found

    shop._server.answer = breaking
    assert_mirrors(Mirror(pulling.pull()), shop)
    nonces = [re.search("oauth_nonce=([0-9a-f]+)", request.target)[1] for request in broken]
    assert len(set(nonces)) == len(broken) == 2 * times


def test_links_are_not_followed_and_secrets_not_repeated(connector, open_shop):
    """Under OAuth the Link header repeats nonce and signature."""
    shop = open_shop(catalogue(30))
    pulling = connector(shop)
    Mirror(pulling.pull())
    signatures = [
        request.query["oauth_signature"] for request in shop.requests if "oauth_signature" in request.query
    ]
    assert len(set(signatures)) == len(signatures)


def test_a_slow_shop_is_asked_slower():
    pace = Pace()
    pace.note(0.4)
    assert (pace.width, pace.pause) == (2, 0.0)
    pace.note(4.0)
    assert (pace.width, pace.pause) == (1, 2.0)
    for _ in range(5):
        pace.note(0.5)
    assert (pace.width, pace.pause) == (2, 0.0)
    pace.trouble()
    assert pace.width == 1


# The shop again


def test_the_shop_is_asked_anew(connector, open_shop):
    shop = open_shop(catalogue(2), path="/shop")
    pulling = connector(shop)
    shop.name, shop.currency, shop.weight_unit = "New name", "SEK", "g"
    found = pulling.shop()
    assert (found.name, found.currency, found.weight_unit, found.home) == ("New name", "SEK", "g", shop.url)
    assert found.capabilities["way"] == "oauth"


def test_a_shop_that_is_busy_says_so(connector, open_shop):
    shop = open_shop(catalogue(2))
    pulling = connector(shop)
    shop.hooks.append(show("settings", Answer.html("<html>", 503)))
    with pytest.raises(StoreBusy):
        pulling.shop()


@pytest.mark.parametrize("capabilities", [{}, {"root": "https://x", "way": "magic"}, {"way": "basic"}])
def test_capabilities_that_lead_nowhere_are_refused(outbound, capabilities):
    with pytest.raises(StoreNotVerified, match="Connect it again"):
        WooCommerce(outbound, "ck_1", "cs_1", capabilities)


@pytest.mark.parametrize("permalinks", ["pretty", "plain"])
@pytest.mark.parametrize("fate", ["tls", "http", "behind_proxy", "loses_authorization", "login_required"])
def test_every_way_in_pulls_everything(connector, open_shop, fate, permalinks):
    shop = open_shop(catalogue(), secure=fate != "http", permalinks=permalinks)
    setattr(shop, fate, True)
    assert_mirrors(Mirror(connector(shop).pull()), shop)


def test_patience_has_defaults():
    assert Patience().wait_before(3) <= 4
