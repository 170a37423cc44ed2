"""Which network addresses may be called: the public ones, and those the operator named."""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self

from sync2sys.outbound.names import host_name

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Python calls these global, but nothing that a shop or a supplier runs on is there.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",  # AS112
        "168.63.129.16/32",  # Azure's host agent
        "2001::/23",  # IETF protocol assignments, Teredo
        "2002::/16",  # 6to4: carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# The only part of IPv6 that is given out. Translation prefixes (64:ff9b::/96), site-local
# (fec0::/10), IPv4-compatible (::/96) and segment routing (5f00::/16) are all outside.
_IPV6_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

# A wider network does not include these: they must be named themselves.
_NAMED_ONLY = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # Linux connects 0.0.0.0 to itself
        "127.0.0.0/8",
        "169.254.0.0/16",
        "100.100.100.200/32",  # Alibaba's metadata
        "168.63.129.16/32",
        "::/128",
        "::1/128",
        "fe80::/10",
        "fd00:ec2::254/128",  # AWS' metadata
    )
)


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside ::ffff:0:0/96, which is where the packets go; else the address itself."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_public(address: Address | str) -> bool:
    """Whether it is an address of the public internet. Raises ValueError for text that is no address."""
    plain = unwrapped(ip_address(address))
    if plain.is_multicast or not plain.is_global:
        return False
    if isinstance(plain, IPv6Address) and (plain.scope_id or plain not in _IPV6_UNICAST):
        return False
    return not any(plain in network for network in _NOT_PUBLIC)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One thing the operator allows: a network for every host name, or for one alone."""

    host: str | None
    network: Network

    def covers(self, address: Address) -> bool:
        named = (special for special in _NAMED_ONLY if address in special)
        return address in self.network and all(_inside(self.network, special) for special in named)


def _inside(network: Network, wider: Network) -> bool:
    return network[0] in wider and network[-1] in wider


class Allowed:
    """What `OUTBOUND_ALLOW` permits beside the public internet. The default permits nothing more."""

    def __init__(self, entries: tuple[_Entry, ...] = ()) -> None:
        self._entries = entries

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `192.168.1.0/24,store.lan=192.168.1.5/32`. Raises ValueError with a sentence for the operator.

        A network is allowed for every host name that leads there, `name=network` for that name alone.
        """
        return cls(tuple(_entry(part.strip()) for part in text.split(",") if part.strip()))

    def permits(self, host: str, address: Address) -> bool:
        """Whether `address`, found under the name `host`, was allowed in so many words."""
        plain = unwrapped(address)
        if plain in _NAT64 and not self._permits_inner(host, IPv4Address(int(plain) & 0xFFFFFFFF)):
            return False
        return any(entry.covers(plain) for entry in self._entries if entry.host in (None, host))

    def _permits_inner(self, host: str, address: IPv4Address) -> bool:
        return is_public(address) or self.permits(host, address)

    def host_may_be_plain(self, host: str) -> bool:
        """Whether http:// may be typed for it: an allowed address, or a name that has an entry.

        Asks no name server: what an owner typed means the same on every day.
        """
        try:
            return self.permits(host, ip_address(host.strip("[]")))
        except ValueError:
            return any(entry.host == host for entry in self._entries)


def _entry(text: str) -> _Entry:
    host, equals, network = (part.strip() for part in text.rpartition("="))
    if not equals and not _looks_like_network(network):
        raise ValueError(f"{text}: a name needs its network too, such as {text}=192.168.1.5/32")
    return _Entry(host_name(host) if equals else None, _network(network))


def _looks_like_network(text: str) -> bool:
    return ":" in text or text.replace(".", "").replace("/", "").isdigit()


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        wanted = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is not a network such as 192.168.1.0/24 or 192.168.1.5/32") from None
    raise ValueError(
        f"{text} is an address within a network: write {wanted}, or the address with /{wanted.max_prefixlen}"
    )
