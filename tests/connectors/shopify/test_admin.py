"""The Admin API on bad days: out of points, out of rights, out of order."""

import pytest

from sync2sys.connectors.shopify.pull import PRODUCTS
from sync2sys.errors import (
    StoreBusy,
    StoreError,
    StoreGarbled,
    StoreNotVerified,
    StoreRedirects,
    StoreRefusedKeys,
    StoreUnreachable,
)
from tests.connectors.mirror import Mirror
from tests.connectors.shopify.conftest import Keys
from tests.shops.shopify import admin
from tests.shops.shopify.catalogues import few, shirts
from tests.shops.shopify.gids import gid

pytestmark = pytest.mark.shopify

ADMIN = "graphql.json"


@pytest.fixture
def shop(shopify):
    return shopify.add_shop("mystore", [*few(6), *shirts(1, sizes=[str(n) for n in range(30)])])


@pytest.fixture
def bucket(shopify, shop):
    """The app's points in the shop, and keys of it."""
    app = shopify.add_app()
    keys = Keys(shop.token(app))
    bucket = shop.installations[app.client_id].bucket
    bucket.keys = keys
    return bucket


def asked_for_products(shopify):
    return [request for request in shopify.requests if b"query Products" in request.body]


def assert_whole(mirror):
    assert (len(mirror.products), len(mirror.variants)) == (7, 36)
    assert mirror.last.product_total == 7


# Points


def test_a_question_waits_until_it_can_be_afforded(connector, shopify, shop, bucket, waits):
    bucket.spend(bucket.available - 200)  # enough for the first question, whose cost is not known yet
    assert_whole(Mirror(connector(shop, keys=bucket.keys, first=1).pull()))
    bodies = [request.body for request in asked_for_products(shopify)]
    assert len(bodies) == len(set(bodies)), "something was asked in vain"
    assert waits


@pytest.mark.parametrize("by_status", [False, True], ids=["THROTTLED", "status 429"])
def test_one_that_is_refused_for_want_of_points_is_asked_again(connector, shop, bucket, waits, by_status):
    shop.throttles_by_status = by_status
    bucket.spend(bucket.available - 1)
    assert_whole(Mirror(connector(shop, keys=bucket.keys).pull()))
    assert waits


def test_a_wait_that_shopify_wishes_may_be_a_broken_number(connector, shopify, shop, waits):
    shopify.fault("too_many_requests", path=ADMIN, times=1, retry_after="2.0")
    assert_whole(Mirror(connector(shop).pull()))
    assert waits[0] == 2.0


def test_a_page_that_costs_too_much_is_made_smaller(connector, shopify, shop, monkeypatch):
    monkeypatch.setattr(admin, "HIGHEST", 200)
    assert_whole(Mirror(connector(shop).pull()))
    sizes = [
        int(request.body.partition(b'"first":')[2].partition(b",")[0])
        for request in asked_for_products(shopify)
    ]
    assert sizes[0] == PRODUCTS
    assert sizes[-1] < sizes[0]


def test_a_single_product_that_costs_too_much_is_an_end(connector, shop, monkeypatch):
    monkeypatch.setattr(admin, "HIGHEST", 20)
    with pytest.raises(StoreError, match="so much at once") as caught:
        Mirror(connector(shop).pull())
    assert not caught.value.retryable


def test_the_points_are_each_apps_own(connector, shop, waits):
    for _ in range(3):
        assert_whole(Mirror(connector(shop).pull()))
    assert waits == []


# Rights


@pytest.mark.parametrize("large", [0, 100])
def test_a_missing_right_is_named(connector, shop, large):
    with pytest.raises(StoreError, match="read_products") as caught:
        Mirror(connector(shop, scopes="read_inventory", large=large).pull())
    assert (caught.value.retryable, caught.value.code) == (False, "STORE_AUTH_FAILED")


def test_a_token_that_is_refused_is_renewed_once_and_the_question_asked_again(connector, shopify, shop):
    keys = Keys("shpat_dead", shop.token(shopify.add_app()))
    assert_whole(Mirror(connector(shop, keys=keys).pull()))
    assert keys.refused == ["shpat_dead"]


def test_a_token_may_be_renewed_in_the_middle_of_a_pull(connector, shopify, shop):
    app = shopify.add_app()
    token = shop.token(app)
    keys = Keys(token, token)
    shopify.fault("revoked", path=ADMIN, after=3, times=1)
    assert_whole(Mirror(connector(shop, keys=keys, first=1).pull()))
    assert keys.refused == [token]


def test_a_token_that_is_refused_twice_is_no_more_tried(connector, shopify, shop):
    keys = Keys("shpat_dead", "shpat_dead_too", "shpat_never_asked_for")
    with pytest.raises(StoreRefusedKeys, match="Connect it again"):
        Mirror(connector(shop, keys=keys).pull())
    assert keys.refused == ["shpat_dead"]
    assert len(shopify.requests) == 2


def test_no_secret_stands_in_an_error(connector, shopify, shop):
    keys = Keys(shop.token(shopify.add_app()))
    shopify.fault("garbage", path=ADMIN)
    with pytest.raises(StoreGarbled) as caught:
        Mirror(connector(shop, keys=keys).pull())
    assert keys.token not in f"{caught.value.message}{caught.value.__cause__}{caught.value.__context__}"


REFUSALS = [
    ("frozen", StoreUnreachable, "frozen"),
    ("locked", StoreUnreachable, "locked"),
    ("closed", StoreNotVerified, "no shop"),
]


@pytest.mark.parametrize(("state", "kind", "told"), REFUSALS)
def test_a_shop_that_is_closed_is_not_asked_again(connector, shopify, shop, state, kind, told):
    shop.state = state
    with pytest.raises(kind, match=told) as caught:
        Mirror(connector(shop).pull())
    assert not caught.value.retryable
    assert len(shopify.requests) == 1


def test_a_shop_that_takes_us_for_a_danger_is_left_alone_for_a_while(connector, shop, waits):
    shop.state = "suspected"
    with pytest.raises(StoreBusy) as caught:
        Mirror(connector(shop).pull())
    assert min(waits) >= 60
    assert caught.value.retry_after >= 60


def test_an_app_that_must_have_other_tokens_is_told_to_connect_again(connector, shopify, shop):
    keys = Keys(shop.token(shopify.add_app(distribution="public")))
    with pytest.raises(StoreRefusedKeys, match="Connect it again"):
        Mirror(connector(shop, keys=keys).pull())


def test_a_shop_with_another_name_says_so(connector, shopify, shop):
    keys = Keys(shop.token(shopify.add_app()))
    pulling = connector(shop, keys=keys)
    shop.rename("newname")
    with pytest.raises(StoreRedirects, match="another name"):
        Mirror(pulling.pull())


# Versions


def test_a_version_that_has_ended_is_answered_in_another_one_and_that_is_told(connector, shop):
    facts = connector(shop, version="2024-01").shop()
    assert facts.version == "2026-01"
    # It is still the one to ask for: which one that is the settings say.
    assert facts.capabilities["version"] == "2024-01"


def test_a_version_that_never_was_is_not_found(connector, shop):
    with pytest.raises(StoreNotVerified, match="version"):
        connector(shop, version="2027-99").shop()


# Who the shop is


def test_the_shop_says_who_it_is(connector, shopify):
    shop = shopify.add_shop("mystore", host="mugs.example", currency="GBP", timezone="Europe/London")
    facts = connector(shop, scopes="read_products,write_inventory").shop()
    assert (facts.name, facts.home, facts.currency) == ("Mystore", "https://mugs.example", "GBP")
    assert (facts.weight_unit, facts.timezone, facts.prices_include_tax) == ("kg", "Europe/London", True)
    assert facts.country == "DE"
    assert facts.identity == gid("Shop", shop.number)
    assert facts.capabilities["scopes"] == ["read_products", "write_inventory"]


@pytest.mark.parametrize(
    ("unit", "ours"), [("GRAMS", "g"), ("KILOGRAMS", "kg"), ("OUNCES", "oz"), ("POUNDS", "lb")]
)
def test_it_weighs_in_a_unit_of_its_own(connector, shopify, unit, ours):
    shop = shopify.add_shop("mystore", weight_unit=unit)
    facts = connector(shop).shop()
    assert (facts.weight_unit, facts.capabilities["weight_unit"]) == (ours, ours)


# Out of order


def other_shape(answer):
    return {"data": dict.fromkeys(answer["data"])} if isinstance(answer.get("data"), dict) else answer


def without_id(answer):
    for row in (answer["data"].get("products") or {}).get("nodes", []):
        row.pop("id", None)
    return answer


PASSING = {
    "page": ("home_page", {}),
    "half of it": ("garbage", {}),
    "deeply nested": ("nested", {}),
    "an error of theirs": ("internal_error", {}),
    "no data": ("distorted", {"change": lambda answer: {"extensions": {}}}),
    "a list": ("distorted", {"change": lambda answer: [answer]}),
    "limit": ("too_many_requests", {}),
    "fatal": ("status", {"code": 500}),
    "bad gateway": ("bad_gateway", {}),
    "maintenance": ("unavailable", {"retry_after": "7"}),
    "timeout": ("gateway_timeout", {}),
    "of the front": ("status", {"code": 520}),
    "teapot": ("status", {"code": 418}),
}


@pytest.mark.parametrize("trouble", PASSING)
@pytest.mark.parametrize("question", ["query Products", "query Count", "query Ids"])
def test_trouble_that_passes_is_waited_out(connector, shopify, shop, waits, question, trouble):
    kind, options = PASSING[trouble]
    shopify.fault(kind, has=question, times=2, **options)
    assert_whole(Mirror(connector(shop).pull()))
    assert len(waits) == 2
    if "retry_after" in options:
        assert min(waits) >= 7


@pytest.mark.parametrize("change", [other_shape, without_id])
@pytest.mark.parametrize("question", ["query Products", "query Ids"])
def test_answers_of_another_shape_are_no_answers(connector, shopify, shop, question, change):
    """Not even an empty list: what is not in it would be taken for deleted."""
    shopify.fault("distorted", has=question, change=change)
    with pytest.raises(StoreGarbled) as caught:
        Mirror(connector(shop).pull())
    assert caught.value.retryable


@pytest.mark.parametrize("kind", ["reset", "cut", "truncated_gzip", "hang", "drip"])
@pytest.mark.parametrize("question", ["query Products", "query Variants", "query Ids"])
def test_lines_that_break_are_tried_again(connector, shopify, shop, kind, question):
    shopify.fault(kind, has=question, times=1)
    assert_whole(Mirror(connector(shop, seconds=0.5 if kind in ("hang", "drip") else 10).pull()))


def test_trouble_that_stays_ends_the_pull_at_its_last_page(connector, shopify, shop):
    pulling, mirror = connector(shop, first=2), Mirror()
    shopify.fault("bad_gateway", has="query Products", after=2)
    pages = map(mirror.keep, pulling.pull())
    with pytest.raises(StoreBusy) as caught:
        list(pages)
    assert caught.value.retryable
    assert len(mirror.products) == 4


@pytest.mark.parametrize("code", ["null", "INTERNAL_SERVER_ERROR"])
def test_an_error_within_an_answer_is_never_taken_for_a_value(connector, shop, code):
    """A null that comes with an error is no null."""
    shop.spoilt_fields["Product.onlineStoreUrl"] = code
    if code == "null":
        assert not any(each.published for each in Mirror(connector(shop).pull()).products.values())
        return
    with pytest.raises(StoreGarbled):
        Mirror(connector(shop).pull())


NULLABLE = ["Product.category", "Product.featuredMedia", "ProductVariant.sku", "ProductVariant.barcode"]


@pytest.mark.parametrize("name", NULLABLE)
def test_what_may_be_null_may_be_null(connector, shop, name):
    shop.spoilt_fields[name] = "null"
    assert_whole(Mirror(connector(shop).pull()))


def test_the_error_of_a_stranger_tells_its_code_only(connector, shopify, shop):
    told = {"message": "<script>", "extensions": {"code": "SOMETHING_NEW"}}
    shopify.fault("distorted", path=ADMIN, change=lambda answer: {"errors": [told]})
    with pytest.raises(StoreGarbled, match="SOMETHING_NEW") as caught:
        Mirror(connector(shop).pull())
    assert "script" not in caught.value.message
