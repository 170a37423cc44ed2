"""is_public and what OUTBOUND_ALLOW adds to it."""

from ipaddress import ip_address

import pytest
from ssrfguard import Policy

from sync2sys.outbound import Allowed, is_public

PUBLIC_TABLE = """
    1.1.1.1 8.8.8.8 93.184.216.34 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
    128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0
    198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 168.63.129.17
    2606:4700:4700::1111 2620:4f:7fff::1 2a00:1450:4001::200e 2001:200::1 2003::1 ::ffff:8.8.8.8
"""

INTERNAL_TABLE = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
    169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.2.1 192.88.99.1
    192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255 168.63.129.16
    :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
    64:ff9b::7f00:1 64:ff9b::10.1.2.3 64:ff9b:1::1 100::1 100:0:0:1::1 2001::1 2001:2::1 2001:10::1
    2001:db8::1 2002:7f00:1:: 2002:a01:203::1 3fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254
    fe80::1 fec0::1 ff02::1
"""

PUBLIC, INTERNAL = PUBLIC_TABLE.split(), INTERNAL_TABLE.split()

# What we refuse and ssrfguard permits. The other way round there must be nothing.
STRICTER = {
    "168.63.129.16": "Azure's host agent: routable, but only ever answered by the own machine",
    "192.31.196.1": "AS112, a sink for stray reverse look-ups",
    "192.52.193.1": "AMT relays",
    "192.175.48.1": "AS112",
    "192.0.0.9": "PCP anycast: the next router, not a shop",
    "192.0.0.10": "TURN anycast: the next relay",
    "2001:1::1": "PCP anycast",
    "2001:3::1": "AMT",
    "2001:4:112::1": "AS112",
    "2620:4f:8000::1": "AS112",
    "64:ff9b::8.8.8.8": "NAT64: right where that runs, but who runs it has to say so",
    "2002:808:808::1": "6to4: its relays are gone",
    "2001:20::1": "ORCHIDv2: not an address but a hash",
    "::ffff:0:10.0.0.1": "IPv4-translated (SIIT): global by the letter, never routed",
    "4000::1": "not given out to anybody yet",
    "::8.8.8.8": "IPv4-compatible, deprecated, leads nowhere",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_ordinary_addresses_of_the_internet_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", [*INTERNAL, *STRICTER])
def test_special_addresses_are_not_public(address):
    assert not is_public(address)


def test_a_scope_makes_an_address_local():
    assert not is_public("2606:4700:4700::1111%eth0")


def test_text_that_is_no_address_is_an_error():
    with pytest.raises(ValueError, match="does not appear to be"):
        is_public("shop.example")


def test_ssrfguard_agrees_but_for_the_differences_that_are_explained():
    oracle = Policy()
    addresses = {*PUBLIC, *INTERNAL, *STRICTER}
    differing = {text for text in addresses if is_public(text) != oracle.permits_address(text)}

    assert differing == set(STRICTER)


class TestAllowed:
    def test_nothing_is_allowed_by_default(self):
        assert not Allowed().permits("shop.lan", ip_address("192.168.1.5"))
        assert not Allowed.parse(" ").permits("shop.lan", ip_address("192.168.1.5"))

    def test_a_network_is_allowed_under_any_name(self):
        allowed = Allowed.parse("10.1.2.0/24, fd00:1::/64")

        assert allowed.permits("any.example", ip_address("10.1.2.3"))
        assert allowed.permits("any.example", ip_address("::ffff:10.1.2.3"))
        assert allowed.permits("any.example", ip_address("fd00:1::5"))

    @pytest.mark.parametrize("address", ["10.1.3.3", "127.0.0.1", "169.254.169.254", "fd00:2::5", "::1"])
    def test_an_allowed_network_opens_no_other(self, address):
        assert not Allowed.parse("10.1.2.0/24,fd00:1::/64").permits("any.example", ip_address(address))

    def test_a_named_entry_pins_name_and_network(self):
        allowed = Allowed.parse("Store.LAN.=192.168.1.5/32")

        assert allowed.permits("store.lan", ip_address("192.168.1.5"))
        assert not allowed.permits("store.lan", ip_address("192.168.1.6"))
        assert not allowed.permits("evil.example", ip_address("192.168.1.5"))

    @pytest.mark.parametrize(
        "address",
        ["127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "fe80::1", "fd00:ec2::254", "100.100.100.200"],
    )
    def test_loopback_link_local_and_metadata_must_be_named_themselves(self, address):
        wide = Allowed.parse("0.0.0.0/0,::/0,100.64.0.0/10,fd00::/8")

        assert not wide.permits("any.example", ip_address(address))
        assert Allowed.parse(address).permits("any.example", ip_address(address))

    def test_a_translation_prefix_opens_only_what_may_be_called_directly(self):
        allowed = Allowed.parse("64:ff9b::/96,10.1.2.0/24")

        assert allowed.permits("any.example", ip_address("64:ff9b::8.8.8.8"))
        assert allowed.permits("any.example", ip_address("64:ff9b::10.1.2.3"))
        assert not allowed.permits("any.example", ip_address("64:ff9b::169.254.169.254"))

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("store.lan", "store.lan: a name needs its network too, such as store.lan=192.168.1.5/32"),
            ("192.168.1.5/24", "write 192.168.1.0/24, or the address with /32"),
            ("192.168.1.0/33", "192.168.1.0/33 is not a network"),
            ("store.lan=", " is not a network"),
            ("=10.0.0.0/8", "host name is not valid"),
            ("bad host=10.0.0.0/8", "host name is not valid"),
            ("fd00::/200", "is not a network"),
            ("[fe80::1%eth0]=fe80::/10", "IPv6 address is not valid"),
            ("10.0.0.0/8;10.1.0.0/16", "needs its network too"),
        ],
    )
    def test_what_cannot_be_read_is_explained(self, text, sentence):
        with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
            Allowed.parse(text)

    def test_plain_http_may_be_typed_for_what_is_named(self):
        allowed = Allowed.parse("10.1.2.0/24,store.lan=192.168.1.5/32,::1")

        assert allowed.host_may_be_plain("10.1.2.3")
        assert allowed.host_may_be_plain("store.lan")
        assert allowed.host_may_be_plain("[::1]")
        assert not allowed.host_may_be_plain("10.1.3.3")
        assert not allowed.host_may_be_plain("shop.example")
