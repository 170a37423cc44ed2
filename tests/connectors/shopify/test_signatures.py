"""Signatures against known answers: of Shopify's documentation, and made by its own libraries."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.connectors.shopify import signatures
from sync2sys.connectors.shopify.signatures import Unreadable, is_signed_body, is_signed_query, parsed

SECRET = "shpss_0123456789abcdef0123456789abcdef"
SHOP = {"shop": "mystore.myshopify.com", "timestamp": "1795422000"}
HOST = "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvbXlzdG9yZQ"
CODE = "41b132e6a83baa6d813353959e6d0aed"
STATE = "3f6c1f0a9d0b4c7e8a5d2b1c0f9e8d7c"

#: secret, parameters, and what is a right signature of them
KNOWN = {
    "the documentation's": (
        "hush",
        {
            "code": "0907a61c0c8d55e99db179b68161bc00",
            "shop": "some-shop.myshopify.com",
            "state": "0.6784241404160823",
            "timestamp": "1337178173",
        },
        "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf",
    ),
    "without a state": (
        "hush",
        {
            "code": "a94a110d86d2452eb3e2af4cfb8a3828",
            "shop": "some-shop.myshopify.com",
            "timestamp": "1337178173",
        },
        "2cb1a277650a659f1b11e92a4a64275b128e037f2c3390e3c8fd2d8721dac9e2",
    ),
    "with a shop only": (
        "secret",
        {"shop": "sqd-dev.myshopify.com", "timestamp": "1639749203"},
        "c0ffe062d215a3fa772aa0985dbae97db17a4c1996dc3f94ee1ae2bb097614e8",
    ),
    "with a host": (
        SECRET,
        SHOP | {"code": CODE, "host": HOST, "state": STATE},
        "39377d56e11ca0d9e2fae9bd1f386b743c3a776592a527709070fa7e7155b804",
    ),
    "padded, as ShopifyAPI": (
        SECRET,
        SHOP | {"code": CODE, "host": "bXlzdG9yZS5teXNob3BpZnkuY29tL2FkbWlu==", "state": "a+b/c=="},
        "eb7eb5f016ba2316e8c80496bd5e4c62423668c250d9e99673594c251f8cafa4",
    ),
    "padded, as shopify-api": (
        SECRET,
        SHOP | {"code": CODE, "host": "bXlzdG9yZS5teXNob3BpZnkuY29tL2FkbWlu==", "state": "a+b/c=="},
        "a4fb9c9e382edfbf03a4cd590958f5543c4eaf74cf7a73e2de3d639581bca21c",
    ),
    "special, as ShopifyAPI": (
        SECRET,
        SHOP | {"code": "abc", "next": "/products?page=2&q=red shirt 100%", "state": "s1"},
        "088cdb1067713883413999d14e829fc74ed291fe81eb3b856c183820a5b7217c",
    ),
    "special, as shopify-api": (
        SECRET,
        SHOP | {"code": "abc", "next": "/products?page=2&q=red shirt 100%", "state": "s1"},
        "390a2fa07ffbf1032f015c02384dc1abe788815073d16d1c74910b8674501e9a",
    ),
    "letters of the world, as ShopifyAPI": (
        SECRET,
        SHOP | {"code": "abc", "label": "Grüße-日本-🛒", "state": "s1"},
        "08e6e9bc11a6dc7bc262b34c16ea52035aa72edf7ff42fa48fca31e5549cc1b9",
    ),
    "letters of the world, as shopify-api": (
        SECRET,
        SHOP | {"code": "abc", "label": "Grüße-日本-🛒", "state": "s1"},
        "4ccb250a47eeacfad609a2f62fbdd20ee22fb8411438c26d2503f67aee3209ea",
    ),
    "punctuation, as ShopifyAPI": (
        SECRET,
        SHOP | {"code": "abc", "state": "a~b*c(d)e!f'g"},
        "4f0eebe007a4dbe96d37ddf680703c467b67316ecab2902fab2d4b4f7f1942d3",
    ),
    "punctuation, as shopify-api": (
        SECRET,
        SHOP | {"code": "abc", "state": "a~b*c(d)e!f'g"},
        "e727ce32e8a84e43e880d487e36f17ed2ad90394b821d1498c3766def3209099",
    ),
}
BODY = '{"id":788032119674292922,"title":"Grüße 日本 🛒","body_html":"<b>a\\/b<\\/b>","variants":[]}'.encode()
BODY_SIGNATURE = "0StyYqi2XyY52Isi7l2zaoRRJq4raUujg6LgcOqscu4="


@pytest.mark.parametrize("name", KNOWN)
def test_a_query_that_shopify_signed_is_known(name):
    secret, parameters, signature = KNOWN[name]
    assert is_signed_query(parsed(urlencode(parameters | {"hmac": signature}).encode()), [secret])
    assert is_signed_query(
        parsed(urlencode(parameters | {"hmac": signature}, quote_via=quote).encode()), ["x", secret]
    )


@pytest.mark.parametrize("name", KNOWN)
def test_a_query_with_anything_changed_is_not_signed(name):
    secret, parameters, signature = KNOWN[name]
    signed = parameters | {"hmac": signature}
    for key, value in signed.items():
        changed = signed | {key: ("0" if value[0] != "0" else "1") + value[1:]}
        assert not is_signed_query(changed, [secret])
    assert not is_signed_query(signed | {"more": ""}, [secret])
    assert not is_signed_query({key: value for key, value in signed.items() if key != "shop"}, [secret])
    assert not is_signed_query(signed | {"hmac": signature.upper()}, [secret])
    assert not is_signed_query(signed, [secret + "x"])


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_nothing_is_signed_by_a_secret_that_is_not_set(secrets):
    text = b"shop=sqd-dev.myshopify.com&timestamp=1639749203"
    forged = signatures._digest("", text).hex()
    assert not is_signed_query(parsed(text + b"&hmac=" + forged.encode()), secrets)
    assert not is_signed_body(b"{}", "", secrets)


def test_the_old_secret_counts_beside_the_new_one():
    secret, parameters, signature = KNOWN["with a host"]
    assert is_signed_query(parameters | {"hmac": signature}, ["the new one", secret])


@pytest.mark.parametrize(
    "query",
    [
        b"code=a&code=b",
        b"shop=a&%73hop=b",
        b"hmac=a&hmac=a",
        b"shop=%ff",
        b"&".join(b"n%d=1" % number for number in range(51)),
    ],
)
def test_a_query_that_can_be_read_in_two_ways_is_refused(query):
    with pytest.raises(Unreadable):
        parsed(query)


@given(st.binary(max_size=300))
def test_whatever_is_sent_as_a_query_is_read_or_refused(query):
    try:
        found = parsed(query)
    except Unreadable:
        return
    assert not is_signed_query(found, [SECRET])


def test_a_body_that_shopify_signed_is_known():
    assert is_signed_body(BODY, BODY_SIGNATURE, [SECRET])
    assert is_signed_body(BODY, BODY_SIGNATURE, ["the new one", SECRET])


@pytest.mark.parametrize("signature", ["", "Grüße", BODY_SIGNATURE[:-2], "d" * 64])
def test_a_body_without_a_right_signature_is_not_signed(signature):
    assert not is_signed_body(BODY, signature, [SECRET])
    assert not is_signed_body(BODY + b" ", BODY_SIGNATURE, [SECRET])
