"""The fake shop answers as real ones were seen to: what is written here is what they said."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
import requests

from sync2sys.demo.catalogue import build, gtin
from sync2sys.demo.records import slugify
from sync2sys.demo.shop import main
from tests.shops.catalogues import few, odd, shirts
from tests.shops.synthetic import BigShop
from tests.shops.woocommerce import WooShop

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NO_CACHE = "no-cache, must-revalidate, max-age=0, no-store, private"

OLD_PRODUCT = str.split(
    """
    id name slug permalink date_created date_created_gmt date_modified date_modified_gmt type status
    featured catalog_visibility description short_description sku price regular_price sale_price
    date_on_sale_from date_on_sale_from_gmt date_on_sale_to date_on_sale_to_gmt on_sale purchasable
    total_sales virtual downloadable downloads download_limit download_expiry external_url button_text
    tax_status tax_class manage_stock stock_quantity backorders backorders_allowed backordered
    low_stock_amount sold_individually weight dimensions shipping_required shipping_taxable
    shipping_class shipping_class_id reviews_allowed average_rating rating_count upsell_ids
    cross_sell_ids parent_id purchase_note categories tags images attributes default_attributes
    variations grouped_products menu_order price_html related_ids meta_data stock_status has_options
    post_password _links
    """
)

OLD_VARIATION = str.split(
    """
    id date_created date_created_gmt date_modified date_modified_gmt description permalink sku price
    regular_price sale_price date_on_sale_from date_on_sale_from_gmt date_on_sale_to date_on_sale_to_gmt
    on_sale status purchasable virtual downloadable downloads download_limit download_expiry tax_status
    tax_class manage_stock stock_quantity stock_status backorders backorders_allowed backordered
    low_stock_amount weight dimensions shipping_class shipping_class_id image attributes menu_order
    meta_data _links
    """
)

OLD_IMAGE = str.split(
    """
    id date_created date_created_gmt date_modified date_modified_gmt src name alt
    """
)


@pytest.fixture
def shop():
    with WooShop() as shop:
        yield shop


@pytest.fixture
def woo(shop, client):
    return client(shop)


@pytest.fixture
def odd_shop():
    with WooShop(odd(), now=NOW) as shop:
        yield shop


def assert_refused(answer, status, code, message=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    body = answer.json()
    assert set(body) == {"code", "message", "data"}
    assert (body["code"], body["data"]["status"]) == (code, status)
    if message is not None:
        assert body["message"] == message


CANNOT_VIEW = "woocommerce_rest_cannot_view"
BAD_PROOF = "woocommerce_rest_authentication_error"


# Keys


@pytest.mark.parametrize("way", ["basic", "query", "oauth", "oauth_header"])
def test_over_tls_all_four_ways_show_the_key(client, tls, way):
    with WooShop(tls=tls) as shop:
        assert client(shop, way).get("products").status_code == 200


@pytest.mark.parametrize("way", ["oauth", "oauth_header"])
def test_on_plain_http_a_signature_shows_the_key(client, shop, way):
    assert client(shop, way).get("products", per_page=1, search="ä & b").status_code == 200


@pytest.mark.parametrize("way", ["basic", "query", "none"])
def test_on_plain_http_a_secret_is_not_even_looked_at(client, shop, way):
    answer = client(shop, way).get("products")
    assert_refused(answer, 401, CANNOT_VIEW, "Sorry, you cannot list resources.")
    assert "Allow" not in answer.headers
    assert "Cache-Control" not in answer.headers
    assert "WWW-Authenticate" not in answer.headers


def test_an_unknown_key_is_told_no_more_than_no_key(client, tls):
    with WooShop(tls=tls) as shop:
        for way in ("basic", "query", "none"):
            answer = client(shop, way, key="ck_" + "0" * 40).get("system_status")
            assert_refused(answer, 401, CANNOT_VIEW, "Sorry, you cannot list resources.")


@pytest.mark.parametrize("way", ["basic", "query"])
def test_a_wrong_secret_is_named(client, tls, way):
    with WooShop(tls=tls) as shop:
        answer = client(shop, way, secret="cs_wrong").get("products")
        assert_refused(answer, 401, BAD_PROOF, "Consumer secret is invalid.")
        assert "Cache-Control" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"oauth_consumer_key": "ck_unknown"}, "Consumer key is invalid."),
        ({"url": "https://elsewhere.example/"}, "Invalid signature - provided signature does not match."),
        ({"oauth_timestamp": str(int(time.time()) - 1000)}, "Invalid timestamp."),
        ({"oauth_timestamp": "soon"}, "Invalid timestamp."),
        ({"oauth_signature_method": "PLAINTEXT"}, "Invalid signature - signature method is invalid."),
    ],
)
def test_a_bad_signature_says_what_is_wrong(client, shop, changes, message):
    woo = client(shop)
    woo.signing = changes
    assert_refused(woo.get("products"), 401, BAD_PROOF, message)


def test_a_nonce_works_once(woo):
    woo.signing = {"oauth_nonce": "again"}
    assert woo.get("products").status_code == 200
    answer = woo.get("products")
    assert_refused(answer, 401, BAD_PROOF, "Invalid nonce - nonce has already been used.")


def test_a_missing_part_of_a_signature_is_named(woo):
    woo.signing = {"oauth_nonce": None}
    answer = woo.get("products")
    assert_refused(answer, 401, "woocommerce_rest_authentication_missing_parameter")
    assert answer.json()["message"] == "Missing OAuth parameter oauth_nonce"


def test_both_digests_sign(woo):
    woo.signing = {"oauth_signature_method": "HMAC-SHA1"}
    assert woo.get("products").status_code == 200


def test_a_list_parameter_is_signed_with_its_index(woo):
    assert [each["id"] for each in woo.json("products", **{"include[0]": "12"})] == [12]
    answer = woo.get("products", **{"include[]": "12"})
    assert_refused(answer, 401, BAD_PROOF, "Invalid signature - provided signature does not match.")


def test_a_read_key_reads_and_may_not_write(client, tls):
    with WooShop(tls=tls) as shop:
        key = shop.add_key(permissions="read")
        woo = client(shop, "basic", key=key.key, secret=key.secret)
        assert woo.get("products").status_code == 200
        answer = woo.send("products/batch", {"update": [{"id": 11, "stock_quantity": 1}]})
        message = "The API key provided does not have write permissions."
        assert_refused(answer, 401, BAD_PROOF, message)
        assert answer.headers["Cache-Control"] == NO_CACHE


def test_a_write_key_may_not_read(client, shop):
    key = shop.add_key(permissions="write")
    answer = client(shop, key=key.key, secret=key.secret).get("products")
    assert_refused(answer, 401, BAD_PROOF, "The API key provided does not have read permissions.")


def test_a_customers_key_is_valid_and_may_see_nothing(client, shop):
    key = shop.add_key(user="customer")
    answer = client(shop, key=key.key, secret=key.secret).get("system_status")
    assert_refused(answer, 403, CANNOT_VIEW, "Sorry, you cannot list resources.")


def test_a_shop_managers_key_may_see_all(client, shop):
    key = shop.add_key(user="shop_manager", permissions="read")
    woo = client(shop, key=key.key, secret=key.secret)
    for path in ("system_status", "settings/general", "data/currencies/current", "products"):
        assert woo.get(path).status_code == 200


def test_a_secret_in_the_query_comes_back_in_the_link(client, tls):
    with WooShop(tls=tls) as shop:
        link = client(shop, "query").get("products", per_page=1).headers["Link"]
        assert shop.secret in link


# Sites as they are


def test_behind_a_proxy_only_a_signature_for_http_works(client, tls):
    with WooShop(tls=tls) as shop:
        shop.behind_proxy = True
        assert_refused(client(shop, "basic").get("products"), 401, CANNOT_VIEW)
        assert_refused(client(shop, "query").get("products"), 401, CANNOT_VIEW)
        woo = client(shop)
        assert_refused(woo.get("products"), 401, BAD_PROOF)
        woo.signing = {"url": f"{shop.url}/wp-json/wc/v3/products".replace("https", "http")}
        assert woo.get("products").status_code == 200
        assert woo.json("/wp-json/", _fields="home")["home"] == shop.url.replace("https", "http")


def test_where_the_header_is_lost_the_query_still_works(client, tls):
    with WooShop(tls=tls) as shop:
        shop.loses_authorization = True
        assert_refused(client(shop, "basic").get("products"), 401, CANNOT_VIEW)
        assert_refused(client(shop, "oauth_header").get("products"), 401, CANNOT_VIEW)
        assert client(shop, "query").get("products").status_code == 200
        assert client(shop, "oauth").get("products").status_code == 200


def test_a_page_cache_answers_any_key(client, shop):
    shop.accepts_any_key = True
    assert client(shop, "none").get("products").status_code == 200
    assert client(shop, "none").send("products/batch", {}).status_code == 401


def test_a_login_plugin_shows_the_index_to_nobody_and_products_to_keys(client, woo, shop):
    shop.login_required = True
    assert_refused(client(shop, "none").get("/wp-json/"), 401, "rest_not_logged_in")
    assert_refused(client(shop, "none").get("products"), 401, "rest_not_logged_in")
    assert woo.get("products").status_code == 200


def test_a_shop_in_a_folder_has_everything_below_it(client):
    with WooShop(path="/shop") as shop:
        woo = client(shop)
        assert shop.url.endswith("/shop")
        assert woo.get("products").status_code == 200
        link = woo.get("/").headers["Link"]
        assert link == f'<{shop.url}/wp-json/>; rel="https://api.w.org/"'
        root = shop.url.removesuffix("/shop")
        for path in ("/", "/wp-json/", "/shopping/"):
            answer = requests.get(root + path, timeout=60)
            assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")


def test_plain_permalinks_hide_the_api_and_never_believe_a_key_without_the_magic_text(client, tls):
    with WooShop(tls=tls, permalinks="plain") as shop:
        woo = client(shop, "basic")
        page = woo.get("products")
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
        assert page.headers["Link"] == f'<{shop.url}/index.php?rest_route=/>; rel="https://api.w.org/"'
        assert woo.json("/", rest_route="/", _fields="home")["home"] == shop.url
        assert_refused(woo.get("/", rest_route="/wc/v3/products"), 401, CANNOT_VIEW)
        answer = woo.session.get(
            f"{shop.url}/?rest_route=/wc/v3/products&per_page=1&x=wp-json/wc/",
            auth=(shop.key, shop.secret),
            timeout=60,
        )
        assert answer.status_code == 200
        assert f"{shop.url}/index.php?rest_route=/wc/v3/products&per_page=1&" in answer.headers["Link"]
        assert "&page=2>" in answer.headers["Link"]


def test_without_the_plugin_its_namespaces_and_routes_are_missing(client, woo, shop):
    shop.active = False
    namespaces = woo.json("/wp-json/", _fields="namespaces")["namespaces"]
    assert "wp/v2" in namespaces
    assert not [name for name in namespaces if name.startswith("wc")]
    assert_refused(woo.get("products"), 404, "rest_no_route")
    shop.active = True
    assert woo.get("products").status_code == 200


def test_a_move_sends_every_request_on_and_the_target_sees_what_came(client, shop):
    with WooShop() as target:
        shop.redirect_to = target.url
        answer = client(shop, "basic").get("products", per_page=1)
        assert answer.status_code == 301
        assert answer.headers["Location"] == f"{target.url}/wp-json/wc/v3/products?per_page=1"
        assert target.requests == []


def test_one_shop_may_have_a_plain_door_that_sends_to_the_other(client, tls):
    with WooShop(tls=tls, also_http=True) as shop:
        shop.canonical = shop.url
        answer = requests.get(f"{shop.http_url}/wp-json/", allow_redirects=False, timeout=60)
        assert (answer.status_code, answer.headers["Location"]) == (301, f"{shop.url}/wp-json/")
        assert client(shop, "basic").get("products").status_code == 200


# Discovery


def test_the_index_needs_no_key_and_says_who_the_shop_is(client, shop):
    answer = client(shop, "none").get(
        "/wp-json/", _fields="name,description,url,home,gmt_offset,timezone_string,namespaces"
    )
    body = answer.json()
    assert list(body) == ["name", "description", "url", "home", "gmt_offset", "timezone_string", "namespaces"]
    assert (body["home"], body["gmt_offset"]) == (shop.url, 1)
    assert {"wc/v1", "wc/v2", "wc/v3", "wc-analytics", "wc/store/v1", "wp/v2"} <= set(body["namespaces"])
    assert answer.headers["Allow"] == "GET"
    assert "Cache-Control" not in answer.headers


def test_pages_point_to_the_api_also_for_head(shop):
    for answer in (requests.get(shop.url, timeout=60), requests.head(shop.url, timeout=60)):
        assert answer.status_code == 200
        assert answer.headers["Link"] == f'<{shop.url}/wp-json/>; rel="https://api.w.org/"'


def test_system_status_knows_dots(woo, shop):
    fields = "environment.version,environment.store_id,settings.currency,post_type_counts"
    answer = woo.get("system_status", _fields=fields)
    assert answer.headers["Allow"] == "GET"
    body = answer.json()
    assert body["environment"] == {"store_id": shop.store_id, "version": "11.0.1"}
    assert body["settings"] == {"currency": "EUR"}
    assert {"type": "product", "count": "3"} in body["post_type_counts"]
    assert set(woo.json("system_status")) >= {"environment", "active_plugins", "theme", "settings", "pages"}


def test_an_old_shop_has_no_store_id(client):
    with WooShop(version="8.2.2") as shop:
        assert "store_id" not in client(shop).json("system_status")["environment"]


def test_currency_and_settings(woo):
    assert woo.json("data/currencies/current", _fields="code,symbol") == {
        "code": "EUR",
        "symbol": "&euro;",
        "_links": woo.json("data/currencies/current")["_links"],
    }
    setting = woo.json("settings/tax/woocommerce_prices_include_tax", _fields="id,value")
    assert (setting["id"], setting["value"]) == ("woocommerce_prices_include_tax", "yes")
    assert set(setting) == {"id", "value", "_links"}
    assert woo.json("settings/products/woocommerce_weight_unit")["value"] == "kg"
    assert {"id", "value"} <= set(woo.json("settings/general")[0])
    assert_refused(woo.get("settings/general/nothing"), 404, "rest_setting_setting_invalid")
    assert_refused(woo.get("settings/nothing"), 404, "rest_setting_setting_group_invalid")


TAXES = [
    {"country": "DE", "rate": "19.0000"},
    {"country": "DE", "rate": "7.0000", "class": "reduced-rate", "postcodes": ["1", "2"], "order": 1},
]


def test_the_table_of_tax_rates(client):
    with WooShop([], taxes=TAXES) as shop:
        woo = client(shop)
        answer = woo.get("taxes", per_page=1, orderby="id", order="desc")
        (last,) = answer.json()
        assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("2", "2")
        assert list(last) == [
            *("id", "country", "state", "postcode", "city", "rate", "name", "priority", "compound"),
            *("shipping", "order", "class", "postcodes", "cities", "_links"),
        ]
        assert (last["class"], last["postcode"], last["postcodes"]) == ("reduced-rate", "2", ["1", "2"])
        (standard,) = woo.json("taxes", **{"class": "standard"})
        assert (standard["rate"], standard["postcodes"]) == ("19.0000", [])
        assert_refused(woo.get("taxes", **{"class": "other"}), 400, "rest_invalid_param")


def test_an_old_shop_names_one_postcode_of_a_tax_rate(client):
    with WooShop([], version="3.9.0", taxes=TAXES) as shop:
        last = client(shop).json("taxes")[-1]
        assert (last["postcode"], "postcodes" in last) == ("2", False)


def test_tax_rates_are_not_for_customers(client):
    with WooShop([]) as shop:
        customer = shop.add_key(user="customer")
        assert client(shop).json("taxes") == []
        woo = client(shop, key=customer.key, secret=customer.secret)
        assert_refused(woo.get("taxes"), 403, CANNOT_VIEW)


@pytest.mark.parametrize(
    "path",
    [
        "/wp-json/wc/v3/products/",
        "//wp-json/wc/v3/products/",
        "/index.php/wp-json/wc/v3/products",
    ],
)
def test_sloppy_paths_are_accepted_without_a_redirect(client, shop, path):
    shop.accepts_any_key = True
    answer = requests.get(shop.url + path, allow_redirects=False, timeout=60)
    assert answer.status_code == 200


def test_unknown_routes_and_methods_are_no_route_even_without_a_key(client, shop):
    nobody = client(shop, "none")
    assert_refused(nobody.get("nothing"), 404, "rest_no_route")
    answer = nobody.call("DELETE", "products", {})
    message = "No route was found matching the URL and request method."
    assert_refused(answer, 404, "rest_no_route", message)
    assert "Allow" not in answer.headers


def test_the_old_api_is_disabled(shop):
    answer = requests.get(f"{shop.url}/wc-api/v3/products", timeout=60)
    assert answer.status_code == 404
    assert answer.json()["errors"]["code"] == "woocommerce_api_disabled"


# Lists


def test_a_page_tells_totals_and_its_neighbours(client):
    with WooShop(few(5)) as shop:
        woo = client(shop, "none")
        shop.accepts_any_key = True
        answer = woo.get("products", per_page=2, page=2, orderby="id", order="asc", _fields="id,sku")
        assert answer.json() == [{"id": 13, "sku": "SKU-13"}, {"id": 14, "sku": "SKU-14"}]
        assert answer.headers["X-WP-Total"] == "5"
        assert answer.headers["X-WP-TotalPages"] == "3"
        assert answer.headers["Allow"] == "GET, POST"
        assert answer.headers["Cache-Control"] == NO_CACHE
        query = "orderby=id&order=asc&_fields=id%2Csku"
        url = f"{shop.url}/wp-json/wc/v3/products?per_page=2&page"
        assert answer.headers["Link"] == (
            f'<{url}=1&{query}>; rel="prev", <{url}=3&{query}>; rel="next"'
        )  # the page takes the place that it had


def test_a_page_without_neighbours_links_to_the_root(woo, shop):
    link = woo.get("products", per_page=100).headers["Link"]
    assert link == f'<{shop.url}/wp-json/>; rel="https://api.w.org/"'


def test_a_page_beyond_the_end_is_an_empty_list(client, shop):
    shop.accepts_any_key = True
    answer = client(shop, "none").get("products", per_page=2, page=99)
    assert (answer.status_code, answer.json()) == (200, [])
    assert answer.headers["X-WP-Total"] == "3"
    url = f"{shop.url}/wp-json/wc/v3/products?per_page=2&page=2"
    assert answer.headers["Link"] == f'<{url}>; rel="prev"'


def test_links_do_not_escape_what_they_repeat(client, shop):
    shop.accepts_any_key = True
    link = client(shop, "none").get("products", per_page=1, search="product & co").headers["Link"]
    assert "rel=" in link
    shop.records[11]["name"] = shop.records[12]["name"] = "A Product & Co"
    link = client(shop, "none").get("products", per_page=1, search="product & co").headers["Link"]
    assert "search=product+&+co&" in link


@pytest.mark.parametrize(
    ("params", "name", "code", "message"),
    [
        (
            {"per_page": "101"},
            "per_page",
            "rest_out_of_bounds",
            "per_page must be between 1 (inclusive) and 100 (inclusive)",
        ),
        (
            {"per_page": "0"},
            "per_page",
            "rest_out_of_bounds",
            "per_page must be between 1 (inclusive) and 100 (inclusive)",
        ),
        ({"per_page": "-1"}, "per_page", "rest_out_of_bounds", None),
        ({"per_page": "many"}, "per_page", "rest_invalid_type", "per_page is not of type integer."),
        ({"page": "0"}, "page", "rest_out_of_bounds", "page must be greater than or equal to 1"),
        ({"modified_after": "2026-11-01"}, "modified_after", "rest_invalid_date", "Invalid date."),
        ({"status": "bogus"}, "status", "rest_not_in_enum", None),
        ({"type": "variation"}, "type", "rest_not_in_enum", None),
        ({"orderby": "chance"}, "orderby", "rest_not_in_enum", None),
        ({"include": "1,x"}, "include", "rest_invalid_type", None),
    ],
)
def test_a_bad_parameter_is_refused_by_name_before_anybody_asks_for_a_key(
    client, shop, params, name, code, message
):
    answer = client(shop, "none").get("products", **params)
    assert_refused(answer, 400, "rest_invalid_param", f"Invalid parameter(s): {name}")
    data = answer.json()["data"]
    assert data["details"][name]["code"] == code
    assert data["params"][name] == data["details"][name]["message"]
    if message:
        assert data["params"][name] == message
    assert answer.headers["Allow"] == "GET, POST"


def test_all_bad_parameters_are_named_and_unknown_ones_ignored(woo):
    answer = woo.get("products", page="0", per_page="500")
    assert answer.json()["message"] == "Invalid parameter(s): page, per_page"
    assert len(woo.json("products", nonsense="1", product="5")) == 3


def test_the_newest_come_first_and_everything_but_the_trash_is_listed(client, odd_shop):
    listed = client(odd_shop).json("products", per_page=100)
    dates = [each["date_created_gmt"] for each in listed]
    assert dates == sorted(dates, reverse=True)
    assert {each["status"] for each in listed} == {"draft", "pending", "private", "future", "publish"}
    assert len(listed) == len(odd()) - 1


def test_status_chooses(client, odd_shop):
    woo = client(odd_shop)

    def ids(**params):
        return {each["id"] for each in woo.json("products", per_page=100, _fields="id", **params)}

    assert ids(status="draft") == {1060}
    assert ids(status="trash") == {1064}
    assert ids(include_status="draft,pending") == {1060, 1061}
    assert not ids(exclude_status="draft,future") & {1060, 1063}
    with WooShop(odd(), version="8.2.2") as old:
        assert len(client(old).json("products", per_page=100, include_status="draft")) == len(odd()) - 1


def test_modified_after_is_the_shops_local_time_unless_told_otherwise(client):
    with WooShop(now=NOW) as shop:
        woo = client(shop)
        shop.set_price(12, "99.00")  # 12:00 GMT, 13:00 in the shop

        def ids(moment, **params):
            return [each["id"] for each in woo.json("products", modified_after=moment, **params)]

        assert ids("2026-11-23T11:59:59", dates_are_gmt="true") == [12]
        assert ids("2026-11-23T12:00:00", dates_are_gmt="true") == []
        assert ids("2026-11-23T12:00:00") == [12]
        assert ids("2026-11-23T13:00:00") == []
        # An offset is turned into local time, and then compared with GMT all the same.
        assert ids("2026-11-23T11:59:59Z", dates_are_gmt="true") == []


def test_filters_and_orders(client):
    with WooShop(few(4)) as shop:
        shop.set_price(13, "9.00", "8.00")
        shop.edit(14, stock_status="outofstock")
        woo = client(shop)

        def ids(**params):
            return [each["id"] for each in woo.json("products", order="asc", **({"orderby": "id"} | params))]

        assert ids(include="14,11,99") == [11, 14]
        assert ids(include="14,11", orderby="include") == [14, 11]
        assert ids(exclude="14,11") == [12, 13]
        assert ids(sku="SKU-12,SKU-14,SKU-1") == [12, 14]
        assert ids(on_sale="true") == [13]
        assert ids(stock_status="outofstock") == [14]
        assert ids(min_price="12", max_price="13") == [12]
        assert ids(orderby="price") == [13, 11, 12, 14]
        assert ids(search="product 12") == [12]
        assert ids(offset="3") == [14]
        assert ids(offset="1", per_page="2", page="7") == [12, 13]
        category = woo.json("products/categories")[0]["id"]
        assert ids(category=str(category)) == [11, 12, 13, 14]
        assert ids(type="variable") == []


def test_head_has_the_headers_of_get_and_no_body(woo):
    answer = woo.call("HEAD", "products", {})
    assert answer.headers["X-WP-Total"] == "3"
    assert answer.content == b""


def test_fields_choose_whole_fields_and_dots_drop_them(client, shop):
    woo = client(shop)
    listed = woo.json("products", _fields="id,images.src,name", per_page="1")
    assert listed == [{"id": 13, "name": "Product 13"}]
    assert set(woo.json("products/11", _fields="id")) == {"id", "_links"}


def test_gzip_only_when_asked_and_only_where_the_server_does(client, shop):
    shop.accepts_any_key = True
    woo = client(shop, "none")
    assert woo.get("products").headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in woo.get("products", page="0").headers
    woo.session.headers["Accept-Encoding"] = "identity"
    answer = woo.get("products")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Transfer-Encoding"] == "chunked"


def test_text_is_escaped_as_php_does(woo, shop):
    shop.edit(11, name="Größe/½ 😀")
    text = woo.get("products/11").content.decode("ascii")
    assert r'"name":"Gr\u00f6\u00dfe\/\u00bd \ud83d\ude00"' in text


# Products


def test_a_product_of_now_and_of_then(client):
    new_only = ["global_unique_id", "brands"]
    with WooShop() as new, WooShop(version="8.2.2") as old:
        told = client(new).json("products")[0]
        assert sorted(told) == sorted(OLD_PRODUCT + new_only)
        assert list(told)[-2:] == ["global_unique_id", "_links"]
        assert list(told["images"][0]) == [*OLD_IMAGE, "srcset", "sizes", "thumbnail"]
        hints = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
        assert told["_links"]["self"][0]["targetHints"] == hints
        told = client(old).json("products")[0]
        assert list(told) == OLD_PRODUCT
        assert list(told["images"][0]) == OLD_IMAGE
        assert list(told["_links"]["self"][0]) == ["href"]


def test_a_single_product_and_none(woo, shop):
    answer = woo.get("products/11")
    assert answer.headers["Allow"] == "GET, POST, PUT, PATCH, DELETE"
    told = answer.json()
    assert told["permalink"] == f"{shop.url}/product/product-11/"
    assert told["images"][0]["src"] == f"{shop.url}/wp-content/uploads/2026/01/11.png"
    assert told["categories"][0]["name"] == "Everything"
    answer = woo.get("products/99999999")
    assert_refused(answer, 404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
    assert answer.headers["Allow"] == "GET, POST, PUT, PATCH, DELETE"


def test_times_are_told_twice_and_those_of_images_are_an_offset_too_far(client):
    with WooShop([{"name": "Mug", "date_created_gmt": "2026-05-01T10:00:00", "images": ["/a.png"]}]) as shop:
        told = client(shop).json("products")[0]
        assert (told["date_created"], told["date_created_gmt"]) == (
            "2026-05-01T11:00:00",
            "2026-05-01T10:00:00",
        )
        assert told["images"][0]["date_created"] == "2026-05-01T12:00:00"


def test_addresses_follow_the_host_of_the_request(shop, client):
    shop.accepts_any_key = True
    url = f"{shop.url}/wp-json/wc/v3/products/11"
    told = requests.get(url, headers={"Host": "www.other.example"}, timeout=60).json()
    assert told["permalink"] == "http://www.other.example/product/product-11/"
    assert told["images"][0]["src"].startswith("http://www.other.example/wp-content/")


def odd_products(client, shop):
    return {each["id"]: each for each in client(shop).json("products", per_page=100)}


def test_the_odd_products_come_as_odd_as_they_are(client, odd_shop):
    told = odd_products(client, odd_shop)
    assert told[1002]["name"] == "A &amp; B"
    assert told[1003]["name"] == "Raw & Co. <Special Edition>"
    assert told[1001]["slug"] == "emoji-%f0%9f%98%80%f0%9f%9a%80-and-%c2%bd"
    assert len(told[1009]["description"]) > 100_000
    assert told[1010]["description"] == "a\x00b\x0bc\ufffe d\u2028e"
    assert (told[1020]["price"], told[1020]["purchasable"]) == ("", False)
    assert (told[1021]["price"], told[1021]["purchasable"]) == ("0", True)
    assert told[1022]["price"] == "690.8125"
    assert (told[1024]["price"], told[1024]["on_sale"]) == ("8.00", True)
    assert (told[1025]["price"], told[1025]["on_sale"]) == ("10.00", False)
    assert (told[1026]["price"], told[1026]["on_sale"]) == ("8.00", False)
    assert (told[1027]["price"], told[1027]["on_sale"]) == ("10.00", True)
    assert (told[1040]["stock_quantity"], told[1040]["stock_status"]) == (0, "outofstock")
    assert (told[1041]["stock_quantity"], told[1041]["stock_status"]) == (-3, "onbackorder")
    assert told[1041]["backordered"] is told[1042]["backordered"] is True
    assert told[1042]["stock_quantity"] is None
    assert (told[1060]["slug"], told[1060]["permalink"]) == (
        "",
        f"{odd_shop.url}/?post_type=product&p=1060",
    )
    assert (told[1062]["status"], told[1062]["purchasable"]) == ("private", True)
    assert told[1063]["date_created_gmt"] > told[1063]["date_modified_gmt"]
    assert (told[1065]["status"], told[1065]["post_password"]) == ("publish", "secret-of-the-owner")
    assert told[1066]["catalog_visibility"] == "hidden"
    assert told[1080]["images"] == []
    assert told[1081]["images"][0]["src"] == "https://cdn.example.com/p/94/gross bild-ü.jpg?v=94&w=1200"
    assert told[1082]["images"][0]["src"] == "//cdn.example.com/p/1.jpg"
    assert told[1102]["meta_data"][1]["value"] == {"a": 1, "b": {"x": "ü"}}
    assert (told[1200]["price"], told[1200]["purchasable"]) == ("10.00", False)
    grouped = told[1210]
    assert (grouped["price"], grouped["regular_price"], grouped["purchasable"]) == ("0", "", False)
    assert grouped["grouped_products"] == [1021, 1022, 999_999]
    barren = told[1220]
    assert (barren["variations"], barren["price"], barren["purchasable"]) == ([], "", False)
    assert barren["stock_status"] == "outofstock"


def test_related_ids_are_shuffled_for_every_answer(client):
    with WooShop(few(9)) as shop:
        woo = client(shop)
        seen = {tuple(woo.json("products/15")["related_ids"]) for _ in range(12)}
        assert len(seen) > 1


def test_price_lags_behind_a_sale_until_the_shops_job_runs(client):
    with WooShop(now=NOW) as shop:
        woo = client(shop)
        shop.schedule_sale(11, "8.00", NOW + timedelta(days=1), NOW + timedelta(days=2))

        def told():
            each = woo.json("products/11")
            return each["on_sale"], each["price"], each["date_modified_gmt"]

        assert told() == (False, "11.50", "2026-11-23T12:00:00")
        shop.advance(days=1, hours=1)
        assert told() == (True, "11.50", "2026-11-23T12:00:00")
        shop.run_jobs()
        assert told() == (True, "8.00", "2026-11-24T13:00:00")
        shop.advance(days=1)
        assert told() == (False, "8.00", "2026-11-24T13:00:00")
        shop.run_jobs()
        assert told() == (False, "11.50", "2026-11-25T13:00:00")


def test_what_moves_the_modification_time(client):
    with WooShop(shirts(1), now=NOW) as shop:
        woo = client(shop)

        def modified():
            return [woo.json(f"products/{number}")["date_modified_gmt"][11:] for number in (100, 101, 102)]

        before = modified()
        shop.write_directly(101, regular_price="1.00")
        shop.rename_category(15, "Renamed")
        assert modified() == before
        shop.set_price(101, "2.00")
        assert modified() == ["12:00:00", "12:00:00", before[2]]
        shop.advance(minutes=5)
        shop.delete(102)
        assert woo.json("products/100")["date_modified_gmt"][11:] == "12:05:00"


def test_an_order_takes_stock_where_it_is_counted(client, odd_shop):
    odd_shop.sell(1231, 5)
    odd_shop.sell(1232, 2)
    assert odd_shop.records[1231]["stock_quantity"] == -1
    assert odd_shop.records[1230]["stock_quantity"] == 48


def test_the_trash_and_the_end(client, shop):
    woo = client(shop)
    shop.trash(12)
    assert [each["id"] for each in woo.json("products", orderby="id", order="asc")] == [11, 13]
    told = woo.json("products/12")
    assert (told["status"], told["slug"]) == ("trash", "product-12__trashed")
    assert [each["id"] for each in woo.json("products", status="trash")] == [12]
    shop.restore(12)
    assert woo.json("products/12")["slug"] == "product-12"
    shop.delete(12)
    assert_refused(woo.get("products/12"), 404, "woocommerce_rest_product_invalid_id")


def test_categories_know_their_parents(client):
    with WooShop(build()) as shop:
        woo = client(shop)
        answer = woo.get("products/categories", per_page=100)
        assert int(answer.headers["X-WP-Total"]) > 100
        found = {each["id"]: each for page in (1, 2) for each in _categories(woo, page)}
        mugs = next(each for each in found.values() if each["name"] == "Mugs")
        tableware = found[mugs["parent"]]
        kitchen = found[tableware["parent"]]
        assert (tableware["name"], kitchen["name"]) == ("Tableware", "Kitchen &amp; Dining")
        assert kitchen["parent"] == 0
        assert woo.json(f"products/categories/{mugs['id']}")["count"] == 5
        assert_refused(woo.get("products/categories/99999"), 404, "woocommerce_rest_term_invalid")


def _categories(woo, page):
    return woo.json("products/categories", per_page=100, page=page, orderby="id", order="asc")


# Variations


def test_a_variation_of_now_and_of_then(client):
    new_only = ["type", "global_unique_id", "gallery_image_ids", "name", "parent_id"]
    with WooShop(shirts(1)) as new, WooShop(shirts(1), version="8.2.2") as old:
        told = client(new).json("products/100/variations")[0]
        assert sorted(told) == sorted(OLD_VARIATION + new_only)
        assert list(told["attributes"][0]) == ["id", "name", "slug", "option"]
        assert list(told["image"]) == OLD_IMAGE
        told = client(old).json("products/100/variations")[0]
        assert list(told) == OLD_VARIATION
        assert list(told["attributes"][0]) == ["id", "name", "option"]


def test_variations_of_one_product_and_of_none(client):
    with WooShop(shirts(2)) as shop:
        woo = client(shop)
        answer = woo.get("products/100/variations")
        assert answer.headers["Allow"] == "GET, POST"
        assert answer.headers["X-WP-Total"] == "3"
        assert [each["id"] for each in answer.json()] == [103, 102, 101]
        assert woo.json("products/999999/variations") == []
        assert woo.json("products/100/variations/101")["name"] == "0"
        code = "woocommerce_rest_product_variation_invalid_id"
        assert_refused(woo.get("products/100/variations/105"), 404, code)


@pytest.mark.parametrize(
    ("version", "status"), [("11.0.1", 200), ("10.3", 200), ("10.2.1", 404), ("8.2.2", 404)]
)
def test_all_variations_at_once_came_with_10_3(client, version, status):
    with WooShop(shirts(2), version=version) as shop:
        woo = client(shop)
        answer = woo.get("variations", per_page="4", orderby="id", order="asc")
        assert answer.status_code == status
        if status == 404:
            assert_refused(answer, 404, "rest_no_route")
        else:
            assert answer.headers["X-WP-Total"] == "6"
            assert answer.headers["Allow"] == "GET"
            assert [each["id"] for each in answer.json()] == [101, 102, 103, 105]
        assert woo.get("/wp-json/wc-analytics/variations").headers["X-WP-Total"] == "6"


def test_both_ways_to_all_variations_can_be_switched(client):
    with WooShop(shirts(1), version="8.2.2", all_variations=True, analytics=False) as shop:
        woo = client(shop)
        assert len(woo.json("variations")) == 3
        assert_refused(woo.get("/wp-json/wc-analytics/variations"), 404, "rest_no_route")


def test_analytics_names_variations_after_the_product(client):
    with WooShop(shirts(1), version="8.2.2") as shop:
        told = client(shop).json("/wp-json/wc-analytics/variations")[0]
        assert (told["name"], told["parent_id"], told["type"]) == ("Shirt 0 - 2", 100, "variation")
        assert told["_links"]["up"][0]["href"].endswith("/wp-json/wc-analytics/products/0")


def test_filters_of_all_variations(client):
    with WooShop(shirts(2), now=NOW) as shop:
        woo = client(shop)
        assert {each["id"] for each in woo.json("variations", parent="104")} == {105, 106, 107}
        assert len(woo.json("variations", product="104")) == 6
        shop.edit(106, status="private")
        assert len(woo.json("variations", status="publish")) == 5
        found = woo.json("variations", modified_after="2026-11-23T11:00:00", dates_are_gmt="true")
        assert [each["id"] for each in found] == [106]
        assert [each["id"] for each in woo.json("variations", sku="SHIRT-1-0")] == [105]
        # The products' list finds a variation by its sku too.
        assert [each["type"] for each in woo.json("products", sku="SHIRT-1-0")] == ["variation"]


def test_a_variation_takes_from_its_parent_what_it_lacks(client, odd_shop):
    woo = client(odd_shop)
    told = {each["id"]: each for each in woo.json("products/1230/variations")}
    own, bare = told[1231], told[1232]
    assert (own["sku"], own["weight"], own["manage_stock"], own["stock_quantity"]) == ("VAR-1", "2", True, 4)
    assert own["image"]["src"].endswith("/red.png")
    assert (bare["sku"], bare["weight"]) == ("VAR", "1.25")
    assert (bare["manage_stock"], bare["stock_quantity"]) == ("parent", 50)
    assert bare["image"]["src"].endswith("/var.png")
    assert [each["name"] for each in bare["attributes"]] == ["Colour", "Engraving (free)"]
    assert bare["attributes"][1] == {
        "id": 0,
        "name": "Engraving (free)",
        "slug": "engraving-free",
        "option": "with Name",
    }
    assert bare["permalink"] == (
        f"{odd_shop.url}/product/variable/?attribute_pa_colour=black-gold&attribute_engraving-free=with+Name"
    )
    assert bare["name"] == "Black &amp; Gold, with Name"
    assert (told[1233]["status"], told[1233]["purchasable"]) == ("private", False)
    assert (told[1234]["price"], told[1234]["purchasable"]) == ("", False)
    assert told[1235]["attributes"] == []
    assert woo.json("products/1240/variations")[0]["image"] is None


def test_a_variable_product_sums_up_its_public_variations(client, odd_shop):
    told = client(odd_shop).json("products/1230")
    # The private one would be cheaper.
    assert (told["price"], told["regular_price"], told["on_sale"]) == ("11.00", "", True)
    assert told["variations"] == [1231, 1232, 1233, 1234, 1235]
    assert told["has_options"] is True
    assert told["attributes"][2]["slug"] == "Engraving (free)"
    odd_shop.trash(1231)
    assert client(odd_shop).json("products/1230")["variations"] == [1232, 1233, 1234, 1235]


def test_a_variation_also_answers_as_a_product(client):
    with WooShop(shirts(1)) as shop:
        told = client(shop).json("products/101")
        assert (told["type"], told["name"], told["parent_id"]) == ("variation", "Shirt 0 - 0", 100)
        assert told["price"] == "20.00"


# Writing


@pytest.fixture
def batch(woo):
    def send(**lists):
        answer = woo.send("products/batch", lists)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return send


def test_a_batch_is_200_and_failures_stand_in_their_place(woo, shop):
    items = [
        {"id": 11, "manage_stock": True, "stock_quantity": 7},
        {"id": 99999999, "stock_quantity": 1},
        {"id": 12, "sku": "SKU-13"},
        {"stock_quantity": 1},
    ]
    answer = woo.send("products/batch", {"update": items})
    assert answer.status_code == 200
    assert answer.headers["Allow"] == "POST, PUT, PATCH"
    done, unknown, doubled, nameless = answer.json()["update"]
    assert (done["stock_quantity"], done["stock_status"]) == (7, "instock")
    assert done["generated_slug"] == "product-11"
    assert unknown == {
        "id": 99999999,
        "error": {
            "code": "woocommerce_rest_product_invalid_id",
            "message": "Invalid ID.",
            "data": {"status": 400},
        },
    }
    assert doubled["error"] == {
        "code": "product_invalid_sku",
        "message": "Invalid or duplicated SKU.",
        "data": {"status": 400, "resource_id": 13, "unique_sku": "SKU-13-1"},
    }
    assert (nameless["id"], nameless["error"]["code"]) == (None, "woocommerce_rest_product_invalid_id")


def test_a_batch_takes_a_hundred_in_all(woo):
    lists = {"update": [{"id": 99999999}] * 60, "delete": [99999999] * 41}
    answer = woo.send("products/batch", lists)
    message = "Unable to accept more than 100 items for this request."
    assert_refused(answer, 413, "woocommerce_rest_request_entity_too_large", message)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"regular_price": "12.50"}, {"regular_price": "12.50", "price": "12.50"}),
        ({"regular_price": 12.5}, {"regular_price": "12.5"}),
        ({"regular_price": "12,50"}, {"regular_price": "12.50"}),
        ({"regular_price": "1.234,56"}, {"regular_price": "1234.56"}),
        ({"regular_price": "zwölf"}, {"regular_price": "", "price": "", "purchasable": False}),
        ({"regular_price": "-5"}, {"regular_price": "-5"}),
        ({"sale_price": "9.00"}, {"sale_price": "9.00", "price": "9.00", "on_sale": True}),
        ({"sale_price": "99.00"}, {"sale_price": "", "price": "11.50"}),
        ({"price": "1.00"}, {"price": "11.50"}),
        ({"status": "bogus"}, {"status": "draft"}),
        ({"stock_quantity": 5}, {"stock_quantity": None, "manage_stock": False}),
        ({"manage_stock": True, "stock_quantity": 0}, {"stock_quantity": 0, "stock_status": "outofstock"}),
        ({"manage_stock": True, "stock_quantity": 3.7}, {"stock_quantity": 3}),
        ({"manage_stock": True, "stock_quantity": "abc"}, {"stock_quantity": 0}),
        ({"name": "A & B"}, {"name": "A &amp; B"}),
        ({"unknown": 1}, {"name": "Product 11"}),
    ],
)
def test_a_batch_believes_almost_everything(batch, fields, expected):
    told = batch(update=[{"id": 11} | fields])["update"][0]
    assert {name: told[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"regular_price": 12.5}, "rest_invalid_type"),
        ({"status": "bogus"}, "rest_not_in_enum"),
        ({"stock_quantity": "abc"}, "rest_invalid_type"),
    ],
)
def test_a_single_write_is_checked(woo, fields, code):
    answer = woo.send("products/11", fields, method="PUT")
    assert_refused(answer, 400, "rest_invalid_param")
    assert next(iter(answer.json()["data"]["details"].values()))["code"] == code


def test_writing_moves_the_time_also_with_nothing_changed(client):
    with WooShop(now=NOW) as shop:
        for method, params in (("PUT", {}), ("POST", {}), ("POST", {"_method": "PUT"})):
            shop.advance(minutes=1)
            told = client(shop).send("products/11", {}, method=method, **params).json()
            assert told["date_modified_gmt"] == shop.now_text()


def test_products_are_made_trashed_and_deleted(woo, batch):
    made = woo.send("products", {"regular_price": "5"})
    assert made.status_code == 201
    told = made.json()
    assert (told["name"], told["status"]) == ("Product", "publish")
    assert made.headers["Location"].endswith(f"/products/{told['id']}")
    path = f"products/{told['id']}"
    assert woo.call("DELETE", path, {}).status_code == 200
    assert_refused(woo.call("DELETE", path, {}), 410, "woocommerce_rest_already_trashed")
    assert woo.send(path, {"status": "publish"}, method="PUT").json()["status"] == "publish"
    assert woo.call("DELETE", path, {"force": "true"}).status_code == 200
    assert woo.get(path).status_code == 404
    assert "error" in batch(delete=[told["id"]])["delete"][0]


def test_unknown_categories_and_pictures(batch):
    told = batch(update=[{"id": 11, "categories": [{"id": 999999}]}])["update"][0]
    assert told["categories"][0]["name"] == "Uncategorized"
    pictured = {"id": 11, "images": [{"src": "https://cdn.example.com/a.jpg"}]}
    told = batch(update=[pictured])["update"][0]
    assert told["error"]["code"] == "woocommerce_product_image_upload_error"
    told = batch(update=[{"id": 11, "global_unique_id": "x12"}])["update"][0]
    assert told["error"]["code"] == "product_invalid_global_unique_id"


def test_variations_have_a_way_of_their_own(client):
    with WooShop(shirts(2)) as shop:
        woo = client(shop)
        answer = woo.send(
            "products/100/variations/batch", {"update": [{"id": 101, "regular_price": "12.50"}]}
        )
        told = answer.json()["update"][0]
        assert (told["price"], told["parent_id"]) == ("12.50", 100)
        assert told["image"] is None
        assert woo.json("products/100")["price"] == "12.50"
        stranger = woo.send("products/100/variations/batch", {"update": [{"id": 105}]}).json()["update"][0]
        assert stranger["error"]["code"] == "woocommerce_rest_product_variation_invalid_id"
        code = "woocommerce_rest_invalid_product_id"
        assert_refused(woo.send("products/101", {"sku": "x"}, method="PUT"), 404, code)
        item = woo.send("products/batch", {"update": [{"id": 101}]}).json()["update"][0]
        assert item["error"]["code"] == code
        told = woo.send("products/100", {"regular_price": "5"}, method="PUT").json()
        assert (told["regular_price"], told["price"]) == ("", "12.50")


def test_a_body_that_is_no_json_and_one_that_is_not_looked_at(client, shop):
    woo = client(shop)
    bad = woo.call("POST", "products/batch", {}, data=b"{", headers={"Content-Type": "application/json"})
    assert_refused(bad, 400, "rest_invalid_json")
    unnamed = woo.call("POST", "products/batch", {}, data=b'{"update":[{"id":11,"sku":"X"}]}')
    assert (unnamed.status_code, unnamed.json()) == (200, [])
    assert shop.records[11]["sku"] == "SKU-11"


# Faults


@pytest.mark.parametrize(
    ("kind", "options", "status", "headers"),
    [
        ("too_many_requests", {}, 429, {"Retry-After": None}),
        ("too_many_requests", {"retry_after": 7}, 429, {"Retry-After": "7"}),
        ("maintenance", {}, 503, {"Retry-After": "600"}),
        ("unavailable", {}, 503, {"Retry-After": None}),
        ("bad_gateway", {}, 502, {}),
        ("gateway_timeout", {}, 504, {}),
        ("fatal_error", {}, 500, {}),
        ("challenge", {}, 403, {"cf-mitigated": "challenge"}),
        ("home_page", {}, 200, {}),
        ("status", {"code": 418}, 418, {}),
        ("redirect", {"to": "https://www.shop.example", "code": 308}, 308, {}),
    ],
)
def test_pages_instead_of_answers(woo, shop, kind, options, status, headers):
    shop.fault(kind, times=1, **options)
    answer = woo.get("products")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert {name: answer.headers.get(name) for name in headers} == headers
    assert woo.get("products").status_code == 200


@pytest.mark.parametrize(
    ("kind", "name"), [("dropped", "Product 11"), ("reset", "New"), ("afterwards", "New")]
)
def test_a_shop_may_or_may_not_have_done_what_it_gave_no_answer_to(woo, shop, kind, name):
    shop.fault(kind, times=1)
    if kind == "afterwards":
        assert woo.send("products/11", {"name": "New"}).status_code == 500
    else:
        with pytest.raises(requests.exceptions.ConnectionError):
            woo.send("products/11", {"name": "New"})
    assert woo.json("products/11")["name"] == name


def test_faults_meet_only_the_requests_they_are_for(woo, shop):
    fault = shop.fault("bad_gateway", path="/products", method="GET", after=1, times=2)
    paths = ["products", "system_status", "products", "products", "products"]
    assert [woo.get(path).status_code for path in paths] == [200, 200, 502, 502, 200]
    assert fault.hits == 2
    lasting = shop.fault("unavailable")
    assert woo.get("products").status_code == 503
    lasting.stop()
    assert woo.get("products").status_code == 200


def test_right_answers_spoilt(woo, shop):
    def spoilt(kind, **options):
        shop.fault(kind, times=1, **options)
        return woo.get("products")

    answer = spoilt("warnings")
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.text.startswith("<br />\n<b>Warning</b>:")
    assert spoilt("bom").content.startswith(b"\xef\xbb\xbf[{")
    assert spoilt("wrong_type").headers["Content-Type"].startswith("text/html")
    assert "X-WP-Total" not in spoilt("no_total").headers
    assert spoilt("wrong_total", total=9).headers["X-WP-Total"] == "9"
    answer = spoilt("empty")
    assert (answer.json(), answer.headers["X-WP-Total"]) == ([], "0")
    assert spoilt("nested").content.startswith(b"[[[[")
    assert spoilt("distorted", change=lambda item: {"id": item["id"]}).json()[0] == {"id": 13}
    with pytest.raises(requests.exceptions.JSONDecodeError):
        spoilt("garbage").json()
    shop.fault("translated")
    assert_refused(woo.get("products/1"), 404, "woocommerce_rest_product_invalid_id")


@pytest.mark.parametrize("secure", [False, True])
def test_lines_that_break(client, tls, secure):
    with WooShop(tls=tls if secure else None) as shop:
        woo = client(shop)
        shop.fault("cut", times=1)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            woo.get("products")
        shop.fault("truncated_gzip", times=1)
        with pytest.raises((requests.exceptions.ContentDecodingError, ValueError)):
            woo.json("products")
        shop.fault("reset", times=1)
        with pytest.raises(requests.exceptions.ConnectionError):
            woo.get("products")
        assert woo.get("products").status_code == 200


@pytest.mark.parametrize("kind", ["drip", "hang"])
def test_a_shop_that_never_ends_ends_with_its_block(kind):
    started = time.monotonic()
    with WooShop() as shop:
        shop.fault(kind)
        with socket.create_connection(("127.0.0.1", shop.port)) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            line.settimeout(0.1)
            received = b""
            with contextlib.suppress(TimeoutError):
                while time.monotonic() - started < 0.3:
                    received += line.recv(1000)
            assert b"\r\n\r\n" not in received
    assert time.monotonic() - started < 30


def test_a_bomb_is_small_on_the_line(client, shop):
    shop.fault("bomb", size=8 << 20)
    answer = requests.get(shop.url, stream=True, timeout=60)
    packed = answer.raw.read(decode_content=False)
    assert len(packed) < 100_000
    assert len(zlib.decompress(packed, wbits=47)) == 8 << 20
    answer.close()


def test_things_happen_between_two_pages(client):
    with WooShop(few(6)) as shop:
        woo = client(shop)
        shop.before_page(2, lambda: shop.trash(11))
        woo.get("products", per_page=1)
        seen = []
        for page in (1, 2, 3):
            listed = woo.json("products", per_page=2, page=page, orderby="id", order="asc")
            seen += [each["id"] for each in listed]
        assert seen == [11, 12, 14, 15, 16]


def test_a_shop_may_be_deaf_to_parameters(client, shop):
    shop.deaf_to = {"offset", "page"}
    listed = client(shop).json("products", offset="2", orderby="id", order="asc")
    assert [each["id"] for each in listed] == [11, 12, 13]


def test_every_request_is_kept_as_it_came(client, shop):
    client(shop, "basic").send("products/batch", {"update": []}, x="1")
    seen = shop.requests[0]
    assert (seen.method, seen.path, seen.query) == ("POST", "/wp-json/wc/v3/products/batch", {"x": "1"})
    assert seen.headers["authorization"].startswith("Basic ")
    assert seen.body == b'{"update": []}'
    assert shop.asked("batch") == [seen]


def test_a_mistake_of_the_shop_itself_is_not_hidden():
    def fail():
        raise ZeroDivisionError

    shop = WooShop().__enter__()
    shop.fault("then", act=fail)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(shop.url, timeout=60)
    with pytest.raises(ZeroDivisionError):
        shop.__exit__(None, None, None)


# The bundled catalogue


@pytest.fixture(scope="module")
def fern():
    with WooShop(build(NOW), now=NOW) as shop:
        shop.accepts_any_key = True
        yield shop


def test_the_demo_shop_has_products_of_every_kind(fern):
    products = [each for each in fern.records.values() if each["type"] != "variation"]
    assert {each["type"] for each in products} == {"simple", "variable", "grouped", "external"}
    assert {each["status"] for each in products} == {"publish", "draft", "pending", "private", "future"}
    assert 250 < len(products) < 400
    sold = [
        each
        for each in fern.records.values()
        if each["type"] in ("simple", "variation") and each["status"] == "publish" and each["price"]
    ]
    assert 600 < len(sold) < 900
    names = [each["name"] for each in products]
    assert len(set(names)) == len(names)
    assert {each["stock_status"] for each in products} == {"instock", "outofstock", "onbackorder"}


def test_its_gtins_have_right_check_digits_and_a_prefix_of_nobody(fern):
    found = [each["global_unique_id"] for each in fern.records.values() if each["global_unique_id"]]
    assert len(found) > 600
    assert len(set(found)) == len(found)
    for code in found:
        assert re.fullmatch(r"952\d{10}", code)
        weighted = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(code))
        assert weighted % 10 == 0
    assert gtin(1) == "9520000000011"


def test_it_has_sales_before_in_and_after_their_time(fern):
    now = fern.now_text()
    sales = [each for each in fern.records.values() if each["sale_price"]]
    starts = [each["date_on_sale_from_gmt"] for each in sales]
    ends = [each["date_on_sale_to_gmt"] for each in sales]
    assert any(start is None for start in starts)
    assert any(start and start > now for start in starts)
    assert any(end and end < now for end in ends)
    assert any(start and start < now < end for start, end in zip(starts, ends, strict=True))


def test_its_links_and_pictures_can_be_opened(fern):
    with requests.Session() as browser:
        listed = f"{fern.url}/wp-json/wc/v3/products?per_page=100&status=publish"
        products = browser.get(listed, timeout=60).json()
        for told in products[::9]:
            page = browser.get(told["permalink"], timeout=60)
            assert page.status_code == 200
            assert told["name"] in page.text
            for image in told["images"]:
                picture = browser.get(image["src"], timeout=60)
                assert picture.headers["Content-Type"] == "image/png"
                assert_png(picture.content)
        assert (
            browser.get(f"{fern.url}/wp-content/uploads/2025/10/nothing.png", timeout=60).status_code == 404
        )


def assert_png(data):
    assert data.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    assert width >= 500
    assert height >= 500
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    assert len(zlib.decompress(data[start : start + length])) == height * (width + 1)


def test_a_variations_page_shows_its_price(fern):
    parent = next(each for each in fern.records.values() if each["name"] == "Dune Dinner Plate")
    child = fern.children(parent["id"])[2]
    url = f"{fern.url}/wp-json/wc/v3/products/{parent['id']}/variations/{child['id']}"
    told = requests.get(url, timeout=60).json()
    page = requests.get(told["permalink"], timeout=60).text
    assert f"<bdi>{told['price'].replace('.', ',')}&nbsp;" in page.partition("<em>")[0]


def test_it_is_the_same_every_time():
    assert build(NOW).products == build(NOW + timedelta(hours=9)).products


def test_the_demo_shop_opens_as_a_process_of_its_own_and_ends_cleanly():
    command = [sys.executable, "-m", "sync2sys.demo.shop", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        printed = "".join(process.stdout.readline() for _ in range(4))
        url = re.search(r"http://127\.0\.0\.1:\d+", printed).group()
        assert re.search(r"ck_[0-9a-f]{40}\b.*\n.*cs_[0-9a-f]{40}\b", printed)
        with requests.Session() as browser:
            assert browser.get(f"{url}/wp-json/?_fields=name", timeout=60).json() == {"name": "Fern & Hollow"}
            # A connection that is kept open does not keep the shop open.
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        assert process.stderr.read() == ""


def test_a_taken_port_is_one_plain_sentence(shop, capsys):
    assert main(["--port", str(shop.port)]) == 1
    assert capsys.readouterr() == ("", f"Cannot listen on 127.0.0.1:{shop.port}: Address already in use\n")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Großer Stuhl #162", "groser-stuhl-162"),
        ("Ökologischer Ball #160", "okologischer-ball-160"),
        ("Großer Füller #1066 🎉 ½ Preis „Best“", "groser-fuller-1066-%f0%9f%8e%89-%c2%bd-preis-best"),
        ("Smarter Schirm #930 & Co. <Sonderedition>", "smarter-schirm-930-co"),
        ("Leichter Ball #1749 &amp; &quot;entity&quot;", "leichter-ball-1749-entity"),
        ("Gelb &amp; Gold", "gelb-gold"),
        ("Throw, 130 × 180 cm", "throw-130-x-180-cm"),
    ],
)
def test_slugs_are_those_wordpress_makes(name, slug):
    assert slugify(name) == slug


# The big shop


def test_a_big_shop_holds_nothing_and_tells_everything(client):
    with BigShop(1_000_000, variable=10, variations=5) as shop:
        woo = client(shop)
        answer = woo.get("products", per_page=100, offset=999_900, orderby="id", order="asc")
        assert answer.headers["X-WP-Total"] == "1000000"
        assert len(answer.json()) == 100
        first = woo.json("products", per_page=1, orderby="id", order="asc")[0]
        assert (first["type"], len(first["variations"])) == ("variable", 5)
        answer = woo.get("variations", per_page=2, page=250_000, orderby="id", order="asc")
        assert answer.headers["X-WP-Total"] == "500000"
        last = answer.json()[-1]
        assert woo.json(f"products/{last['parent_id']}")["variations"][-1] == last["id"]
        shop.set_price(first["variations"][0], "3.00")
        changed = woo.json("variations", modified_after="2026-01-01T00:00:00", dates_are_gmt="true")
        assert [each["price"] for each in changed] == ["3.00"]
        assert len(shop.records.kept) == 2


def test_the_pages_of_a_big_shop_hold_every_id_once(client):
    with BigShop(230, variable=7, variations=2) as shop:
        woo = client(shop)
        for path, total in (("products", 230), ("variations", 66)):
            ids = []
            for page in (1, 2, 3, 4):
                listed = woo.json(path, per_page=100, page=page, orderby="id", order="asc")
                ids += [each["id"] for each in listed]
            assert len(ids) == len(set(ids)) == total
            assert ids == sorted(ids)
