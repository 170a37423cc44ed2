"""Signing: what is signed, in which order, with which escapes."""

import base64
import hashlib
import hmac

import pytest

from sync2sys.connectors.woocommerce.auth import Keys, Way, encoded, signature, signed, signing_url, ways_for

KEYS = Keys("ck_1", "cs_2")


def _hmac(base, secret="cs_2"):
    digest = hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def test_the_base_string_is_method_address_and_sorted_parameters_each_escaped():
    pairs = [("per_page", "100"), ("oauth_nonce", "n"), ("include", "11,12"), ("search", "Stuhl & Tür")]
    written_out = (
        "GET&https%3A%2F%2Fshop.example%3A8443%2Fwp-json%2Fwc%2Fv3%2Fproducts&"
        "include%3D11%252C12%26oauth_nonce%3Dn%26per_page%3D100%26search%3DStuhl%2520%2526%2520T%25C3%25BCr"
    )
    url = "https://shop.example:8443/wp-json/wc/v3/products"
    assert signature("get", url, pairs, "cs_2") == _hmac(written_out)


def test_the_unreserved_characters_are_not_escaped_and_all_others_are():
    written_out = "GET&http%3A%2F%2Fs%2F&a%3D-._~%252A%2521%2527%2528%2529%252F%253A"
    assert signature("GET", "http://s/", [("a", "-._~*!'()/:")], "cs_2") == _hmac(written_out)


def test_a_known_signature():
    """Worked out with openssl: printf BASE | openssl dgst -sha256 -hmac 'cs_2&' -binary | base64."""
    pairs = signed(
        "GET", "http://shop.example/wp-json/wc/v3/products", [], KEYS, nonce="abc", timestamp=1700000000
    )
    assert pairs[-1] == ("oauth_signature", "vkeB5T8hXU1RW9Hq4A56MaPSY2mM0HwhAWlCx6F8QDI=")


def test_no_two_signed_requests_are_alike():
    first, second = (dict(signed("GET", "http://s/", [], KEYS)) for _ in range(2))
    assert first["oauth_nonce"] != second["oauth_nonce"]
    assert first["oauth_signature"] != second["oauth_signature"]


def test_the_parameters_of_a_signed_request_are_complete():
    names = [name for name, _ in signed("GET", "http://s/", [("page", "1")], KEYS)]
    assert names == [
        "page",
        "oauth_consumer_key",
        "oauth_nonce",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_version",
        "oauth_signature",
    ]


@pytest.mark.parametrize(
    ("way", "home", "expected"),
    [
        (Way.OAUTH, "https://shop.example", "https://shop.example/wp-json/wc/v3/products"),
        (Way.OAUTH_AS_HTTP, "http://shop.example", "http://shop.example/wp-json/wc/v3/products"),
        (
            Way.OAUTH,
            "https://www.shop.example:8443/x",
            "https://www.shop.example:8443/wp-json/wc/v3/products",
        ),
        (Way.OAUTH, "", "https://shop.example/wp-json/wc/v3/products"),
    ],
)
def test_what_is_signed_is_the_address_the_shop_believes_in(way, home, expected):
    assert signing_url("https://shop.example/wp-json/wc/v3/products", home, way) == expected


def test_slashes_commas_and_colons_go_unescaped_and_the_rest_does_not():
    pairs = [("x", "wp-json/wc/"), ("include", "1,2"), ("after", "2026-11-01T00:00:00"), ("q", "a b&ü+")]
    assert encoded(pairs) == "x=wp-json/wc/&include=1,2&after=2026-11-01T00:00:00&q=a%20b%26%C3%BC%2B"


def test_only_signatures_go_over_plain_http():
    assert ways_for("http://shop.example/wp-json") == (Way.OAUTH,)


def test_the_ways_over_tls_are_tried_in_the_order_that_costs_and_leaks_least():
    assert ways_for("https://shop.example/wp-json") == (Way.BASIC, Way.QUERY, Way.OAUTH, Way.OAUTH_AS_HTTP)


def test_bogus_keys_look_like_keys_and_are_never_the_same():
    one, other = Keys.bogus(), Keys.bogus()
    assert one != other
    assert one.key.startswith("ck_")
    assert len(one.key) == len(one.secret) == 43


def test_keys_do_not_show_in_a_traceback():
    assert "ck_1" not in repr(KEYS)
    assert "cs_2" not in repr(KEYS)
