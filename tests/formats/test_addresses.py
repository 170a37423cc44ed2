import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync2sys.formats.addresses import encoded, is_encoded

#: RFC 3986, with the scheme, host and characters that feeds may have.
URI = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::[0-9]{1,5})?"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example:8443/p/?a=1&b=%20#x", "https://shop.example:8443/p/?a=1&b=%20#x"),
        ("https://shop.example/gross bild-ü.jpg?v=94&w=ä", "https://shop.example/gross%20bild-%C3%BC.jpg?v=94&w=%C3%A4"),
        ("https://shop.example/100%/50%2", "https://shop.example/100%25/50%252"),
        ("https://shop.example/%C3%BC", "https://shop.example/%C3%BC"),
        ("https://shop.example/a[b]|c\"<d>", "https://shop.example/a%5Bb%5D%7Cc%22%3Cd%3E"),
        ("https://shop.example/a#b#c", "https://shop.example/a#b%23c"),
        ("  HTTPS://shop.example/a\n\tb ", "https://shop.example/ab"),
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("https:///shop.example/a", "https://shop.example/a"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://bücher.example:81/", "https://xn--bcher-kva.example:81/"),
        ("https://shop.example./a", "https://shop.example/a"),
        ("https://shop.example/\ud800a\x00", "https://shop.example/a"),
        ("https://my_shop.example/🎁", "https://my_shop.example/%F0%9F%8E%81"),
        ("", None),
        ("shop.example/a", None),
        ("/a.jpg", None),
        ("ftp://shop.example/a", None),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,AA", None),
        ("https://", None),
        ("https:///", None),
        ("https://user:password@shop.example/", None),
        ("https://shop.example:port/", None),
        ("https://shop.example:123456/", None),
        ("https://-/", None),
        ("https://a b/", None),
        ("https://[::1]/", None),
        ("https://good.example\\@evil.example/", None),
        ("https://\u2028.example/", None),
    ],
)  # fmt: skip
def test_addresses_are_encoded_or_refused(address, result):
    assert encoded(address) == result


PIECES = st.sampled_from(
    ["/", "?", "#", "%", "%4", "%41", "&", "=", " ", "ü", "a", ":", "@", "\\", "\ud83d", "\n", "."]
)


@given(st.one_of(st.lists(PIECES).map("".join), st.text(st.characters(exclude_categories=()))))
def test_whatever_stands_behind_the_host_the_result_is_a_uri_and_stays_the_same(rest):
    address = encoded("https://shop.example/" + rest)
    assert URI.fullmatch(address)
    assert encoded(address) == address


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whatever_stands_for_the_host_the_result_is_a_uri_or_nothing(rest):
    address = encoded("http://" + rest)
    assert address is None or URI.fullmatch(address)


@given(st.lists(PIECES).map("".join))
def test_an_address_that_needs_no_work_is_a_uri(rest):
    if is_encoded("https://shop.example" + rest):
        assert URI.fullmatch("https://shop.example" + rest)
