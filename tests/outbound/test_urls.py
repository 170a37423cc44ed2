"""The one form of a store's address, and URLs taken apart."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync2sys.outbound import Allowed, canonical_origin
from sync2sys.outbound.urls import encoded, target

NOTHING = Allowed()
LAN = Allowed.parse("192.168.1.0/24,store.lan=10.0.0.5/32,::1")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://victim.example", "https://victim.example"),
        ("HTTPS://Victim.Example:443/", "https://victim.example"),
        ("victim.example", "https://victim.example"),
        ("  victim.example  ", "https://victim.example"),
        ("victim.example.", "https://victim.example"),
        ("http://victim.example", "https://victim.example"),
        ("http://victim.example:80/shop/", "https://victim.example/shop"),
        ("https://victim.example:/", "https://victim.example"),
        ("https://victim.example:0443", "https://victim.example"),
        ("https://victim.example:80", "https://victim.example:80"),
        ("victim.example:8443/shop", "https://victim.example:8443/shop"),
        ("https://victim.example//a///b//", "https://victim.example/a/b"),
        ("https://victim.example/A/b", "https://victim.example/A/b"),
        ("https://victim.example/%7eshop/%c3%a4", "https://victim.example/~shop/%C3%A4"),
        ("https://victim.example/läden", "https://victim.example/l%C3%A4den"),
        ("https://victim.example/a@b:c", "https://victim.example/a@b:c"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://XN--BCHER-KVA.example", "https://xn--bcher-kva.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://ｖｉｃｔｉｍ。example", "https://victim.example"),
        ("https://my_shop.example", "https://my_shop.example"),
        ("https://93.184.216.34/", "https://93.184.216.34"),
        ("https://93.184.216.34.", "https://93.184.216.34"),
        ("https://[2606:4700:0:0::1111]:443", "https://[2606:4700::1111]"),
        ("https://[::ffff:93.184.216.34]", "https://93.184.216.34"),
    ],
)
def test_one_store_has_one_address(typed, kept):
    assert canonical_origin(typed, NOTHING) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("http://192.168.1.5:80/shop", "http://192.168.1.5/shop"),
        ("http://store.lan:8080", "http://store.lan:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://store.lan", "https://store.lan"),
        ("store.lan", "https://store.lan"),
        ("http://10.0.0.5", "https://10.0.0.5"),
        ("http://shop.example", "https://shop.example"),
    ],
)
def test_plain_http_stays_where_the_operator_allowed_the_host(typed, kept):
    assert canonical_origin(typed, LAN) == kept


REFUSED_TABLE = """
    https:// https:///shop //shop.example /shop :443 https://:443 ://shop.example https:/shop.example
    ftp://shop.example file:///etc/passwd file:/etc/passwd javascript:alert(1) gopher://shop.example
    mailto:a@shop.example data:text/html,x
    https://user:pw@shop.example https://user@shop.example user@shop.example https://@shop.example
    https://shop.example?x=1 https://shop.example/? https://shop.example/#a https://shop.example#
    https://shop.example\\@evil.example https:\\\\shop.example https://shop.example/\\
    https://shop.example/../x https://shop.example/a/.. https://shop.example/%2e%2E/ https://shop.example/.
    https://shop.example/a%2f..%2fb https://shop.example/%00 https://shop.example/%5c https://shop.example/%0a
    https://shop.example/% https://shop.example/%zz
    https://shop.example:0 https://shop.example:65536 https://shop.example:99999 https://shop.example:x
    https://shop.example:-1 https://shop.example:+1 https://shop.example:８０
    https://a..b https://.shop.example https://shop.example.. https://-shop.example https://shop-.example
    https://sh%6fp.example https://shop,example https://shop;x.example https://shop.example／evil
    https://shop.example＠evil.example https://shop.example＃ https://shop.example：
    https://2130706433 https://0x7f000001 https://0x7f.1 https://017700000001 https://127.1 https://0
    https://0177.0.0.1 https://1.2.3.4.5 https://256.1.1.1 https://0x7f.0.0.1 https://127.0.0.1..
    https://１２７.1 https://①②⑦.0.1 https://shop.1 https://shop.0x
    https://[::1 https://::1 https://[::1]x https://[fe80::1%25eth0] https://[::g] https://[]
    https://xn--a.example https://xn--.example
"""
REFUSED_ODD = [
    "",
    " ",
    "ht tps://shop.example",
    "https://shop .example",
    "https://shop.example:4 3",
    "https://shop.example/a b",
    "https://shop.example\n",
    "https://shop.example\x00",
    "https://shop\t.example",
    "https://shop.example/\x7f",
    "https://shop.example/\x85",
    "https://shop.example/\u2028",
    "https://shop.example/\ud800",
    "https://\u200b.example",
    "https://" + "a" * 64 + ".example",
    "https://" + "a." * 127 + "example",
    "https://shop.example/" + "a" * 2048,
    "https://shop.example/" + "ä" * 400,
]


@pytest.mark.parametrize("typed", [*REFUSED_TABLE.split(), *REFUSED_ODD])
def test_what_is_no_address_of_a_store_is_refused_with_a_sentence(typed):
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        canonical_origin(typed, LAN)


def test_a_huge_text_is_refused_at_once():
    with pytest.raises(ValueError, match="longer than 2048"):
        canonical_origin("https://shop.example/" + "../" * 1_000_000, NOTHING)


SCHEMES = st.sampled_from(["", "http://", "https://", "HTTPS://"])
HOSTS = st.one_of(
    st.from_regex(r"[a-zA-Z0-9_ßäÄ。．-]{1,12}(\.[a-zA-Z0-9é-]{1,10}){0,3}\.?", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.sampled_from(["store.lan", "192.168.1.7", "[::1]"]),
)
PORTS = st.one_of(st.just(""), st.integers(0, 70_000).map(lambda port: f":{port}"))
PATHS = st.text(st.sampled_from("/aZ~ä%2fFeE0.-@:;+=&'\"<>[]|^`{}"), max_size=12).map(lambda path: "/" + path)
ADDRESSES = st.tuples(SCHEMES, HOSTS, PORTS, PATHS).map("".join)


@given(st.one_of(ADDRESSES, st.text()))
@example("http://192.168.1.5:443/%7e")
@example("https://host/%25%37%65")
def test_the_canonical_form_of_a_canonical_form_is_itself(text):
    try:
        kept = canonical_origin(text, LAN)
    except ValueError:
        return
    assert canonical_origin(kept, LAN) == kept
    assert kept.isascii()
    assert not kept.endswith("/")
    assert target(kept).url in (kept, kept + "/")


class TestTarget:
    @pytest.mark.parametrize(
        "resource",
        [
            "/",
            "/a//b/../c",
            "//x",
            "/a%2f%2F%zz",
            "/a?b=c&b=d?e=/",
            "/?",
            "/a?include[0]=1|2",
            "/~!$'()*+,;=:@\"<>^`{}",
        ],
    )
    def test_printable_ascii_is_kept_byte_for_byte(self, resource):
        assert target("https://shop.example" + resource).resource == resource

    def test_the_rest_is_percent_encoded(self):
        assert target("https://shop.example/ä b?ü=€").resource == "/%C3%A4%20b?%C3%BC=%E2%82%AC"

    def test_a_missing_path_is_a_slash_and_a_fragment_is_dropped(self):
        assert target("https://shop.example").resource == "/"
        assert target("https://shop.example?a=1#top").resource == "/?a=1"

    def test_parameters_are_appended_in_order_and_encoded_as_oauth_does(self):
        pairs = [("b", "ä b+c/~"), ("a[0]", 1), ("b", 2.5)]

        assert target("https://shop.example/x", pairs).resource == "/x?b=%C3%A4%20b%2Bc%2F~&a%5B0%5D=1&b=2.5"
        assert target("https://shop.example/x?y=1", {"z": ""}).resource == "/x?y=1&z="
        assert target("https://shop.example/x", {}).resource == "/x"

    @pytest.mark.parametrize("value", [None, True, ["a"], b"a"])
    def test_a_parameter_that_is_neither_text_nor_number_is_a_mistake(self, value):
        with pytest.raises(TypeError, match="must be text or a number"):
            encoded({"a": value})

    @pytest.mark.parametrize(
        ("url", "sentence"),
        [
            ("https://shop.example/a\\b", "control character or a backslash"),
            ("https://shop.example/a\r\nX: 1", "control character or a backslash"),
            ("https://user:pw@shop.example/", "without a user name or password"),
            ("shop.example/", "must begin with https:// or http://"),
            ("ftp://shop.example/", "must begin with https:// or http://"),
            ("https:///x", "no valid host name"),
        ],
    )
    def test_what_is_no_url_is_refused_with_a_sentence(self, url, sentence):
        with pytest.raises(ValueError, match=sentence):
            target(url)

    def test_origin_and_url_leave_the_default_port_out(self):
        assert target("https://Shop.Example:443/x").url == "https://shop.example/x"
        assert target("http://shop.example:443").origin == "http://shop.example:443"

    def test_secrets_do_not_show_in_the_repr(self):
        assert "cs_secret" not in repr(target("https://shop.example/?consumer_secret=cs_secret"))
