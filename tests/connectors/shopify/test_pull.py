"""Pulling a Shopify catalogue over a real socket: by pages and all at once, resumably, while it changes."""

import json
import random
from datetime import UTC, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync2sys.connectors.shopify import bulk, documents
from sync2sys.connectors.shopify.pull import LARGE
from sync2sys.errors import StoreBusy, StoreGarbled
from tests.connectors.mirror import Mirror
from tests.connectors.shopify.conftest import NOON, Keys
from tests.shops.shopify import connections
from tests.shops.shopify.bulk import END
from tests.shops.shopify.catalogues import few, odd, shirts
from tests.shops.shopify.gids import gid
from tests.shops.shopify.storage import HOST
from tests.shops.shopify.synthetic import BigCatalogue

pytestmark = pytest.mark.shopify

LIVE = ("ACTIVE", "DRAFT", "UNLISTED")
#: page by page, and by a bulk operation
WAYS = [pytest.param({"first": 3}, id="pages"), pytest.param({"large": 0}, id="bulk")]
PRODUCTS, BULK, RUN, NAMED = "query Products", "query Bulk", "mutation RunBulk", "query Named"


def catalogue():
    """Three plain products, two with three variants each, and another plain one."""
    return [*few(3), *shirts(2), *few(1)]


def variant_count(count):
    sizes = [f"size {number}" for number in range(count)]
    return {"title": "Many", "options": {"Size": sizes}, "variants": [{"price": "1.00"}] * count}


def held(shop, statuses=LIVE):
    """Ids of the products and variants that a shop has now."""
    products = [each for each in shop.catalogue.products.values() if each["status"] in statuses]
    return {str(each["number"]) for each in products}, {
        str(key) for each in products for key in each["variants"]
    }


def assert_mirrors(mirror, shop):
    products, variants = held(shop)
    assert set(mirror.products) == products
    assert set(mirror.bought) == variants
    assert mirror.last.product_total == len(products)


def titled(mirror):
    return {product.title: product for product in mirror.products.values()}


def variants_of(mirror, title):
    wanted = titled(mirror)[title].external_id
    return [each for each in mirror.variants.values() if each.product_external_id == wanted]


# Everything


@pytest.mark.parametrize("options", [*WAYS, pytest.param({"first": 1}, id="one at a time"), {}])
def test_a_full_pull_is_the_whole_catalogue(connector, shopify, options):
    shop = shopify.add_shop("mystore", catalogue())
    mirror = Mirror(connector(shop, **options).pull())
    assert_mirrors(mirror, shop)
    assert mirror.last.done == mirror.last.of == len(mirror.products)


@pytest.mark.parametrize("options", WAYS)
def test_an_empty_shop_is_an_empty_pull(connector, shopify, options):
    mirror = Mirror(connector(shopify.add_shop("mystore"), **options).pull())
    assert (mirror.products, mirror.variants, mirror.last.product_total) == ({}, {}, 0)


def test_the_number_of_products_decides_how_they_are_asked_for(connector, shopify):
    shop = shopify.add_shop("mystore", few(5))
    Mirror(connector(shop, large=5).pull())
    assert not [request for request in shopify.requests if RUN.encode() in request.body]
    Mirror(connector(shop, large=4).pull())
    assert [request for request in shopify.requests if RUN.encode() in request.body]
    assert LARGE == 2_000


@pytest.mark.parametrize("version", ["2026-01", "2026-04", "2026-07", "2026-10"])
def test_products_are_the_same_in_every_version_and_either_way(connector, shopify, version):
    shop = shopify.add_shop("mystore", [*catalogue(), *odd()])
    pages = Mirror(connector(shop, version=version).pull())
    at_once = Mirror(connector(shop, version=version, large=0).pull())
    assert pages.products == at_once.products
    assert pages.variants == at_once.variants
    assert_mirrors(pages, shop)
    asked = [request for request in shopify.requests if "graphql" in request.target]
    assert {request.path for request in asked} == {f"/admin/api/{version}/graphql.json"}


def test_only_what_is_active_and_in_the_online_store_is_published(connector, shopify):
    shop = shopify.add_shop("mystore", [*odd(), {"title": "Plain"}])
    mirror = Mirror(connector(shop).pull())
    found = titled(mirror)
    assert "Archived" not in found
    states = {name: (found[name].status, found[name].published) for name in ("Draft", "Unlisted", "Plain")}
    assert states == {
        "Draft": ("draft", False),
        "Unlisted": ("unlisted", False),
        "Plain": ("active", True),
    }
    hidden = found["Not in the Online Store"]
    assert (hidden.status, hidden.published, hidden.link) == ("active", False, "")
    assert [each.published for each in variants_of(mirror, "Not in the Online Store")] == [False]
    # An unlisted one has a link, which nobody is meant to be led to.
    assert found["Unlisted"].link


def test_what_a_product_tells_arrives(connector, shopify):
    mirror = Mirror(connector(shopify.add_shop("mystore", odd(), host="shop.example")).pull())
    product = titled(mirror)["All that can be told"]
    (variant,) = variants_of(mirror, "All that can be told")
    assert product.link == "https://shop.example/products/all-that-can-be-told"
    assert product.kind == "simple"
    assert product.tags == ("new", "winter")
    assert product.meta == {"custom.gtin": "4006381333931", "custom.parts": "3"}
    assert product.categories[-1].endswith("Snowboarding > Snowboards")
    assert (variant.gtin, variant.sku, variant.weight) == ("4006381333931", "ÄRT/ 85-ü", Decimal("1.5"))
    assert titled(mirror)["A film"].images == (titled(mirror)["A film"].images[0],)
    assert titled(mirror)["Picture not ready"].images == ()


@pytest.mark.parametrize("options", WAYS)
def test_identifiers_arrive_from_wherever_they_are_kept(connector, shopify, options):
    gtins = ["4006381333931", "036000291452"]
    variants = [
        {"metafields": {"custom.gtin": gtins[0], "custom.mpn": "A-1"}},
        {"metafields": {"custom.upc": gtins[1]}},
    ]
    shop = shopify.add_shop(
        "mystore",
        [{"title": "Shirt", "options": {"Size": ["S", "M"]}, "variants": variants}],
    )
    found = Mirror(connector(shop, **options).pull())
    assert [each.gtin for each in variants_of(found, "Shirt")] == gtins
    assert [each.mpn for each in variants_of(found, "Shirt")] == ["A-1", ""]


def test_variants_have_the_pictures_of_their_own(connector, shopify):
    shop = shopify.add_shop("mystore", odd())
    for options in ({}, {"large": 0}):
        mirror = Mirror(connector(shop, **options).pull())
        red, black = titled(mirror)["Two options"].images
        found = {each.options["Colour"]: each.image for each in variants_of(mirror, "Two options")}
        assert found == {"Red": red, "Black & Gold": black}


def test_prices_have_the_digits_of_the_currency(connector, shopify):
    yen = shopify.add_shop("yen", [{"title": "Cup", "variants": [{"price": "990"}]}], currency="JPY")
    dinar = shopify.add_shop("dinar", [{"title": "Cup", "variants": [{"price": "1.25"}]}], currency="KWD")
    found = []
    for shop in (yen, dinar):
        pulling = connector(shop)
        (variant,) = Mirror(pulling.pull()).variants.values()
        found.append((pulling.shop().currency, str(variant.price)))
    assert found == [("JPY", "990"), ("KWD", "1.250")]


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("count", [20, 21, 120, 271])
def test_all_variants_of_a_product_are_there(connector, shopify, count, options):
    shop = shopify.add_shop("mystore", [few(1)[0], variant_count(count), few(1)[0]])
    mirror = Mirror(connector(shop, **options).pull())
    assert_mirrors(mirror, shop)
    assert len(titled(mirror)["Many"].variant_ids) == count


def test_a_product_may_have_2048_variants(connector, shopify):
    shop = shopify.add_shop("mystore", [variant_count(2048)])
    pulling = connector(shop)
    mirror = Mirror(pulling.pull())
    assert_mirrors(mirror, shop)
    # How many there are, the first twenty, the others by 250, and the comparison.
    assert len(shopify.requests) == 1 + 1 + 9 + 1


def test_pages_hold_no_more_than_memory_should(connector, shopify):
    shop = shopify.add_shop("big", BigCatalogue(5, 250))
    for options in ({}, {"large": 0}):
        sizes = [len(page.variants) for page in connector(shop, **options).pull()]
        assert [size for size in sizes if size] == [1000, 250]


def test_few_questions_are_asked(connector, shopify):
    shop = shopify.add_shop("mystore", few(40))
    Mirror(connector(shop).pull())
    # How many there are, pages, and the comparison.
    assert len(shopify.requests) == 1 + 2 + 1


@pytest.mark.parametrize("options", [{"first": 10}, {"large": 0}])
def test_more_products_than_shopifys_lists_reach_are_mirrored_all_the_same(
    connector, shopify, monkeypatch, options
):
    """They end after 25,000 entries; here they end after 25."""
    monkeypatch.setattr(connections, "REACH", 25)
    monkeypatch.setattr(connections.page, "__defaults__", (*connections.page.__defaults__[:-1], 25))
    shop = shopify.add_shop("big", BigCatalogue(61))
    assert_mirrors(Mirror(connector(shop, **options).pull()), shop)


# All at once


def test_the_file_is_the_same_whatever_the_order_of_its_lines(connector, shopify):
    shop = shopify.add_shop("mystore", [*catalogue(), *odd()])
    first, second = (Mirror(connector(shop, large=0).pull()) for _ in range(2))
    assert (first.products, first.variants) == (second.products, second.variants)


def test_an_operation_is_looked_at_until_it_is_complete(connector, shopify, waits):
    shop = shopify.add_shop("mystore", catalogue())
    shop.bulk.course = ("CREATED", *["RUNNING"] * 9, END)
    mirror = Mirror(connector(shop, large=0).pull())
    assert_mirrors(mirror, shop)
    assert waits[:3] == [1.0, 1.5, 2.25]
    assert waits[-1] == 15.0
    # Every look is a sign of life, and a chance to stop.
    assert len(mirror.pages) >= 10


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "TIMEOUT", "ACCESS_DENIED"])
@pytest.mark.parametrize("partial", [True, False])
def test_an_operation_that_fails_is_made_up_for_by_pages(connector, shopify, code, partial):
    shop = shopify.add_shop("mystore", catalogue())
    shop.bulk.fails(code, partial=partial)
    assert_mirrors(Mirror(connector(shop, large=0).pull()), shop)


@pytest.mark.parametrize("status", ["CANCELED", "CANCELING", "EXPIRED"])
def test_so_is_one_that_ends_otherwise(connector, shopify, status):
    shop = shopify.add_shop("mystore", catalogue())
    shop.bulk.course = ("RUNNING", status)
    assert_mirrors(Mirror(connector(shop, large=0).pull()), shop)


def test_so_is_one_that_never_ends(connector, shopify, waits, monkeypatch):
    monkeypatch.setattr(bulk, "ALL_LOOKS", 600.0)
    shop = shopify.add_shop("mystore", few(2))
    shop.bulk.course = ("RUNNING",)
    assert_mirrors(Mirror(connector(shop, large=0).pull()), shop)
    assert 600 < sum(waits) < 640


def test_so_is_one_that_shopify_does_not_begin(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue())
    shop.bulk.course = ("RUNNING",)
    keys = Keys(shop.token(shopify.add_app()))
    for _ in range(5):
        next(connector(shop, keys=keys, large=0).pull())
    assert_mirrors(Mirror(connector(shop, keys=keys, large=0).pull()), shop)


@pytest.mark.parametrize("name", ["Mutation.bulkOperationRunQuery", "QueryRoot.bulkOperation"])
@pytest.mark.parametrize("code", ["ACCESS_DENIED", "INTERNAL_SERVER_ERROR", "SOMETHING_NEW"])
def test_so_is_one_that_the_token_may_not_have(connector, shopify, name, code):
    shop = shopify.add_shop("mystore", catalogue())
    shop.spoilt_fields[name] = code
    assert_mirrors(Mirror(connector(shop, large=0).pull()), shop)


def test_a_shop_that_is_away_is_waited_for_with_its_operation(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue())
    keys, mirror = Keys(shop.token(shopify.add_app())), Mirror()
    pages = connector(shop, keys=keys, large=0).pull()
    mirror.keep(next(pages))
    away = shopify.fault("bad_gateway", path="graphql")
    with pytest.raises(StoreBusy):
        list(pages)
    away.stop()
    for page in connector(shop, keys=keys, large=0).pull(cursor=resumed(mirror)):
        mirror.keep(page)
    assert_mirrors(mirror, shop)
    assert not [request for request in shopify.requests if PRODUCTS.encode() in request.body]


def without_data(answer):
    """Fields become null, one after the other from the outside."""
    return answer | {"data": dict.fromkeys(answer["data"])}


def test_and_one_that_is_not_known_any_more(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue())
    shopify.fault("distorted", has=BULK, change=without_data)
    assert_mirrors(Mirror(connector(shop, large=0).pull()), shop)


FILE_FAULTS = {
    "cut": {},
    "reset": {},
    "truncated_gzip": {},
    "unavailable": {},
    "home_page": {},
    "status": {"code": 429, "retry_after": "2.0"},
}


@pytest.mark.parametrize("kind", FILE_FAULTS)
def test_a_download_that_breaks_off_is_begun_anew(connector, shopify, waits, kind):
    shop = shopify.add_shop("mystore", catalogue())
    shopify.fault(kind, host=HOST, times=2, **FILE_FAULTS[kind])
    assert_mirrors(Mirror(connector(shop, large=0).pull()), shop)
    assert len(shopify.asked("bulk-operation-outputs")) >= 3
    assert not [request for request in shopify.requests if PRODUCTS.encode() in request.body]


@pytest.mark.parametrize("kind", [*FILE_FAULTS, "not_found", "forbidden"])
def test_a_file_that_cannot_be_had_is_made_up_for_by_pages(connector, shopify, kind):
    shop = shopify.add_shop("mystore", catalogue())
    shopify.fault(kind, host=HOST, **FILE_FAULTS.get(kind, {}))
    assert_mirrors(Mirror(connector(shop, large=0).pull()), shop)


def test_a_file_with_other_lines_than_it_should_have_is_not_believed(connector, shopify):
    """Of the right size, that is."""
    shop = shopify.add_shop("mystore", few(2))
    pulling = connector(shop, large=0)
    shopify.fault("then", host=HOST, act=lambda: [spoil(path) for path in shopify.storage._files.values()])
    assert_mirrors(Mirror(pulling.pull()), shop)


def spoil(path):
    path.write_bytes(b" " * path.stat().st_size)


def test_what_was_read_of_a_file_that_was_lost_meanwhile_is_compared_in_the_end(connector, shopify):
    shop = shopify.add_shop("big", [*few(1), *shirts(1, sizes=[str(n) for n in range(100)]), *few(201)])
    pages, mirror = connector(shop, large=0).pull(), Mirror()
    while not mirror.products:
        mirror.keep(next(pages))
    pages.close()
    victim = next(iter(mirror.products))
    shop.remove(int(victim))
    shopify.fault("not_found", host=HOST)
    for page in connector(shop, large=0).pull(cursor=mirror.last.cursor):
        mirror.keep(page)
    assert victim in {key for page in mirror.pages for key in page.gone_products}
    assert_mirrors(mirror, shop)


# While it changes


def at_request(shopify, number, act):
    """Do something in the shop before the n-th request from now on is answered."""
    return shopify.fault("then", after=number - 1, times=1, act=act)


@pytest.mark.parametrize("options", WAYS)
def test_deletes_during_a_pull_lose_nothing_else(connector, shopify, options):
    for moment in range(1, 9):
        shop = shopify.add_shop(f"store-{moment}", catalogue())
        pulling, chance = connector(shop, **options), random.Random(moment)
        victims = chance.sample(list(shop.catalogue.products), 3)
        at_request(shopify, moment, lambda shop=shop, victims=victims: [shop.remove(key) for key in victims])
        mirror = Mirror(pulling.pull())
        products, variants = held(shop)
        assert products <= set(mirror.products)
        assert variants <= set(mirror.bought)
        assert mirror.last.product_total == len(mirror.products)


def test_what_was_seen_and_then_deleted_or_archived_is_taken_back(connector, shopify):
    for moment in range(3, 5):
        shop = shopify.add_shop(f"store-{moment}", catalogue())
        pulling = connector(shop, first=3)
        first, second, *_ = shop.catalogue.products

        def act(shop=shop, first=first, second=second):
            shop.remove(first)
            shop.edit(second, status="ARCHIVED")

        at_request(shopify, moment, act)
        assert_mirrors(Mirror(pulling.pull()), shop)


def test_what_the_search_does_not_show_yet_is_not_taken_for_deleted(connector, shopify):
    """The index may be behind for one list and ahead for the next."""
    shop = shopify.add_shop("mystore", catalogue())
    hidden = {gid("Product", key) for key in list(shop.catalogue.products)[1:3]}

    def without(answer):
        listed = answer["data"]["products"]
        return answer | {
            "data": {
                "products": listed | {"nodes": [row for row in listed["nodes"] if row["id"] not in hidden]}
            }
        }

    shopify.fault("distorted", has="query Ids", change=without)
    assert_mirrors(Mirror(connector(shop).pull()), shop)


def test_what_appears_behind_the_place_is_fetched_in_the_end(connector, shopify):
    shop = shopify.add_shop("mystore", [*few(1), {"title": "Old", "status": "ARCHIVED"}, *few(5)])
    old = next(key for key, each in shop.catalogue.products.items() if each["title"] == "Old")
    pages, mirror = connector(shop, first=3).pull(), Mirror()
    while len(mirror.products) < 3:
        mirror.keep(next(pages))
    shop.edit(old, status="ACTIVE")
    for page in pages:
        mirror.keep(page)
    assert str(old) in mirror.products
    assert_mirrors(mirror, shop)


def test_a_product_that_is_deleted_between_its_variants_is_left_out(connector, shopify):
    shop = shopify.add_shop("mystore", [variant_count(30), *few(2)])
    victim = next(iter(shop.catalogue.products))
    shopify.fault("then", has="query Variants", times=1, act=lambda: shop.remove(victim))
    assert_mirrors(Mirror(connector(shop).pull()), shop)


STEPS = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from(["remove", "archive", "add", "restore", "edit"]),
        st.integers(0, 40),
    ),
    max_size=8,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS, st.integers(1, 4), st.booleans(), st.sampled_from([0, 30]))
@example([(3, "archive", 0), (5, "restore", 0)], 2, False, 0)
def test_whatever_happens_meanwhile_nothing_that_stayed_is_missed(
    shopify, connector, steps, first, by_bulk, search_lag
):
    shop = shopify.add_shop("mystore", catalogue(), search_lag=search_lag)
    pulling = connector(shop, **({"large": 0} if by_bulk else {"first": first}))
    throughout, throughout_variants = held(shop)
    left = set()
    faults = [
        at_request(shopify, moment, lambda deed=deed, which=which: happen(shop, deed, which, left))
        for moment, deed, which in steps
    ]
    mirror = Mirror(pulling.pull())
    for fault in faults:
        fault.stop()
    assert throughout - left <= set(mirror.products)
    assert throughout_variants - left <= set(mirror.bought)
    assert mirror.last.product_total == len(mirror.products)
    assert set(mirror.products) <= throughout | held(shop)[0] | left


def happen(shop, deed, which, left):
    """A deed of the owner. What leaves the list, for good or for a while, is added to `left`."""
    products = shop.catalogue.products
    if deed == "add":
        shop.add(shirts(1)[0] if which % 2 else few(1)[0])
        return
    wanted = ("ARCHIVED",) if deed == "restore" else LIVE
    keys = [key for key, each in products.items() if each["status"] in wanted]
    if not keys:
        return
    key = keys[which % len(keys)]
    if deed == "edit":
        shop.edit(key, title=f"Edited {which}")
    elif deed == "restore":
        shop.edit(key, status="ACTIVE")
    else:
        left.update(map(str, [key, *products[key]["variants"]]))
        shop.remove(key) if deed == "remove" else shop.edit(key, status="ARCHIVED")


# Killed and resumed


def resumed(mirror):
    return json.loads(json.dumps(mirror.last.cursor)) if mirror.pages else None


@pytest.mark.parametrize("options", WAYS)
def test_a_pull_can_be_killed_after_every_page(connector, shopify, options):
    shop = shopify.add_shop("mystore", catalogue())
    whole = Mirror(connector(shop, **options).pull())
    for kept in range(len(whole.pages) + 1):
        mirror, pages = Mirror(), connector(shop, **options).pull()
        for _ in range(kept):
            mirror.keep(next(pages))
        pages.close()
        for page in connector(shop, **options).pull(cursor=resumed(mirror)):
            mirror.keep(page)
        assert_mirrors(mirror, shop)


@pytest.mark.parametrize("options", WAYS)
def test_a_pull_killed_at_every_page_ends_all_the_same(connector, shopify, options):
    shop = shopify.add_shop("mystore", catalogue())
    shop.bulk.course = ("CREATED", "RUNNING", "RUNNING", END)
    keys, mirror = Keys(shop.token(shopify.add_app())), Mirror()
    for _ in range(100):
        page = next(connector(shop, keys=keys, **options).pull(cursor=resumed(mirror)), None)
        if page is None:
            break
        mirror.keep(page)
    assert_mirrors(mirror, shop)


def test_a_resumed_file_is_the_same_operations_and_read_from_where_it_was(connector, shopify):
    shop = shopify.add_shop("big", BigCatalogue(450))
    keys = Keys(shop.token(shopify.add_app()))
    pages, mirror = connector(shop, keys=keys, large=0).pull(), Mirror()
    while not mirror.products:
        mirror.keep(next(pages))
    pages.close()
    again = Mirror(connector(shop, keys=keys, large=0).pull(cursor=resumed(mirror)))
    assert (len(mirror.products), len(again.products)) == (200, 250)
    assert len([request for request in shopify.requests if RUN.encode() in request.body]) == 1
    assert again.last.product_total == 450


def test_a_finished_pull_has_nothing_more_to_say(connector, shopify):
    pulling = connector(shopify.add_shop("mystore", few(3)))
    done = resumed(Mirror(pulling.pull()))
    shopify.requests.clear()
    assert list(pulling.pull(cursor=done)) == []
    assert shopify.requests == []


@pytest.mark.parametrize(
    "damage",
    [{"version": 99}, {"stage": "x"}, {"products": "!"}, {"products": {}}, {"after": "x"}, {"read": None}],
)
def test_a_cursor_that_cannot_be_read_begins_anew(connector, shopify, damage):
    shop = shopify.add_shop("mystore", catalogue())
    cursor = next(connector(shop).pull()).cursor | damage
    assert_mirrors(Mirror(connector(shop).pull(cursor=cursor)), shop)


def test_a_cursor_holds_no_secret_and_is_small(connector, shopify):
    shop = shopify.add_shop("big", BigCatalogue(400))
    keys = Keys(shop.token(shopify.add_app()))
    text = json.dumps(Mirror(connector(shop, keys=keys, large=0).pull()).last.cursor)
    assert keys.token not in text
    assert len(text) < 3000


# What changed


def changed(connector, shop, **options):
    return Mirror(connector(shop, **options).pull(since=NOON + timedelta(minutes=30)))


def test_only_what_changed_is_pulled(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue())
    numbers = list(shop.catalogue.products)
    shopify.clock.advance(3600)
    shop.edit(numbers[0], title="New name")
    shop.edit_variant(shop.catalogue.products[numbers[3]]["variants"][1], price="7.00")
    mirror = changed(connector, shop, first=1)
    assert set(mirror.products) == {str(numbers[0]), str(numbers[3])}
    assert len(mirror.variants) == 4
    assert (mirror.last.product_total, mirror.last.variant_total) == (None, None)


def test_nothing_changed_is_nothing_pulled(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue())
    mirror = changed(connector, shop)
    assert (mirror.products, mirror.variants) == ({}, {})
    assert len(shopify.requests) == 1


def test_what_was_archived_is_seen_going(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue())
    key = next(iter(shop.catalogue.products))
    shopify.clock.advance(3600)
    shop.edit(key, status="ARCHIVED")
    product = changed(connector, shop).products[str(key)]
    assert (product.status, product.published) == ("archived", False)


def test_the_filter_goes_back_ten_minutes_because_the_search_lags(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue(), search_lag=300)
    key = next(iter(shop.catalogue.products))
    shopify.clock.advance(3600)
    since = shopify.clock.now()
    shopify.clock.advance(-200)
    shop.edit(key, title="New name")
    shopify.clock.advance(250)
    # Changed before the time that is asked for, and not in the index yet.
    assert Mirror(connector(shop).pull(since=since)).products == {}
    shopify.clock.advance(300)
    assert set(Mirror(connector(shop).pull(since=since)).products) == {str(key)}


def test_the_time_is_asked_for_in_utc_and_quotes(connector, shopify):
    shop = shopify.add_shop("mystore", few(1))
    since = NOON.astimezone(UTC).replace(second=30)
    Mirror(connector(shop).pull(since=since))
    (request,) = shopify.requests
    assert "updated_at:>'2026-11-20T11:50:30Z'" in json.loads(request.body)["variables"]["query"]


def test_hints_are_asked_for_by_name_whatever_the_search_knows(connector, shopify):
    shop = shopify.add_shop("mystore", catalogue(), search_lag=10**6)
    shopify.clock.advance(3600)
    new = shop.add(shirts(1, sizes=[str(n) for n in range(30)])[0])
    gone = next(iter(shop.catalogue.products))
    shop.remove(gone)
    hints = [str(new), str(gone), "5", "0", "x", "²", "-1", "9" * 19, "9" * 30]
    mirror = Mirror(connector(shop).pull(since=NOON + timedelta(minutes=30), hints=hints))
    assert set(mirror.products) == {str(new)}
    assert len(mirror.variants) == 30


def test_many_hints_are_asked_for_in_parts(connector, shopify):
    shop = shopify.add_shop("mystore", few(25))
    hints = list(map(str, shop.catalogue.products))
    mirror = Mirror(connector(shop).pull(since=NOON, hints=hints))
    assert set(mirror.products) == set(hints)
    assert len([request for request in shopify.requests if NAMED.encode() in request.body]) == 3


def test_a_cursor_carries_its_own_since(connector, shopify):
    shop = shopify.add_shop("mystore", few(6))
    shopify.clock.advance(3600)
    for key in list(shop.catalogue.products)[:4]:
        shop.edit(key, title="New")
    mirror = Mirror([next(connector(shop, first=2).pull(since=NOON + timedelta(minutes=30)))])
    for page in connector(shop, first=2).pull(cursor=resumed(mirror)):
        mirror.keep(page)
    assert {each.title for each in mirror.products.values()} == {"New"}
    assert len(mirror.products) == 4


def test_more_changes_than_a_list_reaches_are_all_seen(connector, shopify, monkeypatch):
    monkeypatch.setattr(connections, "REACH", 25)
    monkeypatch.setattr(connections.page, "__defaults__", (*connections.page.__defaults__[:-1], 25))
    shop = shopify.add_shop("mystore", few(40))
    shopify.clock.advance(3600)
    for key in shop.catalogue.products:
        shop.edit(key, title="New")
    assert len(changed(connector, shop).products) == 40


def test_a_list_that_does_not_move_on_is_not_believed(connector, shopify):
    """It would be read for ever."""
    shop = shopify.add_shop("mystore", few(6))
    pulling = connector(shop, first=2)
    shopify.fault("distorted", has=PRODUCTS, change=always_the_first(shop, pulling))
    with pytest.raises(StoreGarbled):
        Mirror(pulling.pull())


def always_the_first(shop, pulling):
    kept = []

    def change(answer):
        kept.append(answer)
        return kept[0]

    return change


def test_the_questions_are_told_apart_by_their_names():
    """What the faults above go by."""
    asked = (documents.PRODUCTS, documents.BULK, documents.RUN_BULK, documents.NAMED)
    for name, document in zip((PRODUCTS, BULK, RUN, NAMED), asked, strict=True):
        assert name in document
