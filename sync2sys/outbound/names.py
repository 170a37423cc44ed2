"""The one form of a host: lower case, ASCII, and never an address in disguise."""

import re
from ipaddress import IPv4Address, IPv6Address

import idna

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")


def host_name(text: str) -> str:
    """Lower-case ASCII name or dotted IPv4 address, or a bracketed IPv6 address.

    International names are converted (IDNA 2008, UTS 46), one trailing dot is dropped. Raises ValueError
    with a sentence that does not repeat the input when it is none of these.
    """
    if text.startswith("["):
        return _bracketed(text)
    name = (text if text.isascii() else _ascii(text)).lower().removesuffix(".")
    labels = name.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return _dotted(name)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) and _is_real(label) for label in labels):
        raise ValueError("The host name is not valid.")
    return name


def _ascii(text: str) -> str:
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise ValueError("The host name is not valid.") from None


def _is_real(label: str) -> bool:
    """A label that claims to be international must be the one spelling of something."""
    if not label.startswith("xn--"):
        return True
    try:
        return idna.alabel(idna.ulabel(label)).decode("ascii") == label
    except (idna.IDNAError, UnicodeError):
        return False


def _dotted(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise ValueError("Write an IPv4 address as four decimal numbers, such as 192.168.1.5.") from None


def _bracketed(text: str) -> str:
    try:
        if not text.endswith("]") or "%" in text:
            raise ValueError
        address = IPv6Address(text[1:-1])
    except ValueError:
        raise ValueError("The IPv6 address is not valid.") from None
    return str(address.ipv4_mapped) if address.ipv4_mapped else f"[{address}]"
