"""Finding a shop's API from what its owner types. Nothing secret is on the way yet."""

import json
from urllib.parse import urlsplit

import pytest

from sync2sys.connectors.woocommerce import find_site
from sync2sys.connectors.woocommerce.site import same_site
from sync2sys.errors import NotWooCommerce, StoreBusy, StoreRedirects, StoreUnreachable
from sync2sys.outbound import Outbound
from tests.faults.server import FaultServer, answer, hang, in_turn

JSON = {"Content-Type": "application/json; charset=UTF-8"}
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = answer(b"<html><head><title>Shop</title></head></html>", headers=HTML)
MISSING = answer(b"<html>404</html>", 404, HTML)


def index(home="https://shop.example", namespaces=("wc/v3", "wp/v2"), **more):
    return answer(
        json.dumps({"name": "Shop", "home": home, "namespaces": namespaces, **more}).encode(), headers=JSON
    )


def page(link):
    return answer(b"<html>", headers={**HTML, "Link": f'<{link}>; rel="https://api.w.org/"'})


def redirect(location, status=301):
    return answer(b"", status, {"Location": location})


@pytest.fixture
def find(outbound, patience):
    def search(url, **options):
        return find_site(outbound, url, patience=patience, **options)

    return search


def test_the_api_is_where_it_usually_is(find, server):
    server.on("/wp-json/", index(home=server.url))
    site = find(server.url)
    assert (site.root.base, site.root.plain, site.home) == (f"{server.url}/wp-json", False, server.url)
    assert site.advice == ()
    assert len(server.requests) == 1


def test_only_a_few_fields_of_the_index_are_asked_for(find, server):
    server.on("/wp-json/", index())
    find(server.url)
    assert "?_fields=name,description,url,home," in server.requests[0].target


def test_a_shop_in_a_folder_is_found_by_its_address(find, server):
    server.on("/shop/wp-json/", index())
    assert find(f"{server.url}/shop").root.base == f"{server.url}/shop/wp-json"


@pytest.mark.parametrize(
    "tail", ["/wp-admin", "/wp-admin/index.php", "/wp-login.php", "/wp-json/wc/v3", "/index.php"]
)
def test_what_owners_paste_along_is_taken_off(find, server, tail):
    server.on("/shop/wp-json/", index())
    assert find(f"{server.url}/shop{tail}").root.base == f"{server.url}/shop/wp-json"


def test_a_page_of_the_shop_names_its_api_in_a_header(find, server):
    server.on("/catalogue/wp-json/", MISSING)
    server.on("/catalogue/", page(f"{server.url}/wp-json/"))
    server.on("/wp-json/", index())
    assert find(f"{server.url}/catalogue").root.base == f"{server.url}/wp-json"


def test_a_page_of_the_shop_names_its_api_in_its_head(find, server):
    head = f"<html><link rel='https://api.w.org/' href='{server.url}/a&#47;b/wp-json/' /></html>"
    server.on("/wp-json/", MISSING)
    server.on("/", answer(head.encode(), headers=HTML))
    server.on("/a/b/wp-json/", index())
    assert find(server.url).root.base == f"{server.url}/a/b/wp-json"


def test_scheme_and_host_of_a_link_are_those_that_worked(find, tls_server):
    """Behind a proxy that ends TLS, WordPress writes http:// and its own port."""
    tls_server.on("/wp-json/", MISSING)
    tls_server.on("/", page(f"http://shop.example:{tls_server.port}/x/wp-json/"))
    tls_server.on("/x/wp-json/", index(home="http://shop.example"))
    site = find(tls_server.url)
    assert site.root.base == f"{tls_server.url}/x/wp-json"
    assert site.home == "http://shop.example"


@pytest.mark.parametrize("usual", [PAGE, redirect("/shop/"), MISSING], ids=["page", "redirect", "404"])
def test_plain_permalinks_are_usable_but_the_owner_is_told(find, server, usual):
    server.on("/wp-json/", usual)
    server.on("/shop/", PAGE)
    server.on("/", page(f"{server.url}/index.php?rest_route=/"))
    server.on("/index.php", index(home=server.url))
    site = find(server.url)
    assert (site.root.base, site.root.plain) == (f"{server.url}/index.php", True)
    assert "permalinks" in site.advice[0]
    assert server.requests[-1].target.startswith("/index.php?rest_route=/&_fields=")
    assert server.requests[-1].target.endswith("&x=wp-json/wc/")


def test_plain_permalinks_are_tried_where_the_page_names_nothing(find, server):
    server.on("/wp-json/", PAGE)
    server.on("/", PAGE)
    server.on("/index.php", index())
    assert find(server.url).root.plain


def test_a_redirect_within_the_site_is_followed(find, server):
    server.on("/wp-json/", redirect("/shop/wp-json/?_fields=x"))
    server.on("/shop/wp-json/", index())
    assert find(server.url).root.base == f"{server.url}/shop/wp-json"


def test_a_redirect_to_the_www_twin_is_followed(find, tls, tls_server):
    twin = f"https://www.shop.example:{tls_server.port}"
    tls_server.on("/wp-json/", in_turn(redirect(f"{twin}/wp-json/"), index(home=twin)))
    assert find(tls_server.url).root.base == f"{twin}/wp-json"


@pytest.mark.parametrize(
    "target",
    [
        "https://other.example/wp-json/",
        "https://shop.example.evil.example/",
        "//other.example/",
        "http://user@127.0.0.1/",
    ],
)
def test_a_redirect_to_another_site_is_named_and_not_followed(find, server, target):
    server.on("/wp-json/", redirect(target))
    with pytest.raises(StoreRedirects) as caught:
        find(server.url)
    assert (urlsplit(target).hostname in caught.value.message) or "another page" in caught.value.message
    assert len(server.requests) == 1


def test_a_link_to_another_site_is_named_and_not_followed(find, server):
    with FaultServer() as other:
        server.on("/wp-json/", MISSING)
        server.on("/", page("https://other.example/wp-json/"))
        with pytest.raises(StoreRedirects, match=r"other\.example"):
            find(server.url)
        assert not other.requests


def test_a_redirect_down_to_plain_http_is_not_followed(find, tls_server):
    tls_server.on("/wp-json/", redirect(f"http://shop.example:{tls_server.port}/wp-json/"))
    with pytest.raises(StoreRedirects, match="from https:// to http://"):
        find(tls_server.url)


def test_redirects_in_a_circle_end(find, server):
    for path in ("/wp-json/", "/", "/index.php"):
        server.on(path, redirect(path))
    with pytest.raises(StoreRedirects, match="circle"):
        find(server.url)
    assert len(server.requests) == 15


def test_a_login_page_in_a_circle_does_not_hide_the_api(find, server):
    for path in ("/wp-json/", "/", "/wp-login.php"):
        server.on(path, redirect("/wp-login.php"))
    server.on("/index.php", index())
    assert find(server.url).root.base == f"{server.url}/index.php"


@pytest.mark.parametrize(
    "location", ["", "https://[", "//", "http://127.0.0.1:99999/", "javascript:alert(1)"]
)
def test_a_redirect_to_nowhere_is_an_error_of_the_shop(find, server, location):
    server.on("/wp-json/", redirect(location))
    with pytest.raises(StoreRedirects):
        find(server.url)


def test_wordpress_without_woocommerce_is_named(find, server):
    server.on("/wp-json/", index(namespaces=["oembed/1.0", "wp/v2"]))
    with pytest.raises(NotWooCommerce, match="not active"):
        find(server.url)


@pytest.mark.parametrize("namespaces", [None, "wc/v3", {"wc/v3": 1}, []])
def test_namespaces_of_another_shape_are_not_woocommerce(find, server, namespaces):
    server.on("/wp-json/", index(namespaces=namespaces))
    with pytest.raises(NotWooCommerce):
        find(server.url)


def test_another_kind_of_site_is_named(find, server):
    for path in ("/wp-json/", "/", "/index.php"):
        server.on(path, PAGE)
    with pytest.raises(NotWooCommerce, match="no WordPress"):
        find(server.url)


def test_json_that_is_no_index_is_not_wordpress(find, server):
    for path in ("/wp-json/", "/", "/index.php"):
        server.on(path, answer(b'[{"name":"x"}]', headers=JSON))
    with pytest.raises(NotWooCommerce):
        find(server.url)


def test_an_index_for_those_who_log_in_is_still_worth_trying_keys(find, server):
    refused = json.dumps({"code": "rest_not_logged_in", "message": "x", "data": {"status": 401}}).encode()
    server.on("/wp-json/", answer(refused, 401, JSON))
    site = find(server.url)
    assert (site.root.base, site.index) == (f"{server.url}/wp-json", {})
    assert urlsplit(site.home).netloc == f"127.0.0.1:{server.port}"


def test_a_challenge_of_cloudflare_is_named(find, server):
    server.on("/wp-json/", answer(b"<html>", 403, {**HTML, "cf-mitigated": "challenge"}))
    with pytest.raises(StoreUnreachable, match="Cloudflare"):
        find(server.url)


def test_a_firewall_is_named(find, server):
    server.on("/wp-json/", answer(b"<html>", 403, HTML))
    with pytest.raises(StoreUnreachable, match="firewall"):
        find(server.url)


def test_a_password_in_front_of_the_site_is_named(find, server):
    server.on("/wp-json/", answer(b"<html>", 401, {**HTML, "WWW-Authenticate": "Basic"}))
    with pytest.raises(StoreUnreachable, match="password"):
        find(server.url)


def test_maintenance_that_ends_soon_is_waited_for(find, server, waits):
    server.on("/wp-json/", in_turn(answer(b"<html>", 503, HTML), index()))
    assert find(server.url).index["name"] == "Shop"
    assert len(waits) == 1


def test_maintenance_that_lasts_is_named_and_says_when_to_come_back(find, server, waits):
    server.on("/wp-json/", answer(b"<html>", 503, {**HTML, "Retry-After": "600"}))
    with pytest.raises(StoreBusy, match="maintenance") as caught:
        find(server.url)
    assert caught.value.retry_after == 600
    assert waits == []


@pytest.mark.parametrize("status", [429, 500, 502, 504])
def test_trouble_is_named(find, server, status):
    server.on("/wp-json/", answer(b"<html>", status, HTML))
    with pytest.raises(StoreBusy, match=str(status)):
        find(server.url)


def test_a_site_that_never_answers_is_cut_off(find, server):
    server.on("/wp-json/", hang)
    with pytest.raises(StoreUnreachable, match=r"0\.3 seconds"):
        find(server.url, deadline=0.3)


def test_refused_and_unreachable_addresses_look_alike(ca_file, outbound, patience):
    with Outbound(verify=ca_file) as strict:
        with pytest.raises(StoreUnreachable) as refused:
            find_site(strict, "https://127.0.0.1:1", patience=patience)
        with pytest.raises(StoreUnreachable) as unreachable:
            find_site(outbound, "https://127.0.0.1:1", patience=patience)
    assert refused.value.message == unreachable.value.message
    assert not refused.value.retryable
    assert unreachable.value.retryable


def test_a_hostile_home_is_not_believed(find, server):
    for home in ("http://[", 7, None, "javascript:x", {"a": 1}):
        server.on("/wp-json/", index(home=home))
        assert find(server.url).home == f"{server.url}/wp-json"


@pytest.mark.parametrize("link", ["http://[", "", "javascript:x", "http://127.0.0.1:99999/"])
def test_a_hostile_link_is_passed_over_or_named(find, server, link):
    server.on("/wp-json/", MISSING)
    server.on("/", page(link))
    server.on("/index.php", PAGE)
    with pytest.raises((NotWooCommerce, StoreRedirects)):
        find(server.url)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://shop.example", "https://shop.example/x", True),
        ("http://shop.example", "https://shop.example", True),
        ("https://shop.example", "https://WWW.shop.example.", True),
        ("https://www.shop.example", "https://shop.example:443", True),
        ("https://shop.example:8443", "https://shop.example:8443/y", True),
        ("https://shop.example:8443", "https://shop.example", False),
        ("https://shop.example", "https://shop.example:8443", False),
        ("https://shop.example", "https://evil.example", False),
        ("https://shop.example", "https://user:pw@shop.example", False),
        ("https://shop.example", "ftp://shop.example", False),
    ],
)
def test_what_counts_as_the_same_site(one, other, expected):
    assert same_site(one, other) is expected
