"""Addresses of pages and images: absolute, http or https, percent-encoded (RFC 3986)."""

import re
from functools import lru_cache
from urllib.parse import quote

import idna

from sync2sys.formats.text import clean

#: Addresses longer than this are refused by browsers, caches and channels alike.
LONGEST_ADDRESS = 2000

#: An address that needs no work; any other takes the long way. Possessive, because every item has some.
_CHARACTERS = "[A-Za-z0-9._~:/?@!$&'()*+,;=-]*+"
ENCODED = (
    r"https?://[A-Za-z0-9][A-Za-z0-9._-]*+(?<=[A-Za-z0-9])(?::[0-9]{1,5}+)?+"
    rf"(?:[/?]{_CHARACTERS}(?:%[0-9A-Fa-f]{{2}}{_CHARACTERS})*+)?+"
)
is_encoded = re.compile(ENCODED).fullmatch
_PARTS = re.compile(r"(https?):/{2,}([^/?#]*)(/[^?#]*)?(\?[^#]*)?(#.*)?", re.IGNORECASE).fullmatch
_AUTHORITY = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\.?(:[0-9]{1,5})?").fullmatch
_HOST_AND_PORT = re.compile(r"([^:]*?)(:[0-9]*)?").fullmatch
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WEB = re.compile("https?:", re.IGNORECASE).match
_OTHER = re.compile("[a-z][a-z0-9+.-]*://|(?:blob|data|file|javascript|mailto):", re.IGNORECASE).match
_IN_PATH = "%/:@!$&'()*+,;=~"
_IN_QUERY = _IN_PATH + "?"


def encoded(address: str) -> str | None:
    """The address as feeds may hold it, or None where it is not an absolute web address.

    Blanks, umlauts and stray percent signs are encoded, what is encoded already stays; a host name
    in other letters becomes ASCII (UTS 46); `//host/…` is taken for https. One with a user name in
    it is refused: whatever stands there is not for the public.
    """
    return address if is_encoded(address) else _mended(address)


def fault(address: str) -> str:
    """Why `encoded` refuses an address: not_absolute, not_web or bad_address."""
    address = clean(address)
    if _WEB(address) or address.startswith("//"):
        return "bad_address"
    return "not_web" if _OTHER(address) else "not_absolute"


@lru_cache(maxsize=4096)
def _mended(address: str) -> str | None:
    # Browsers drop line breaks and tabs inside an address, and so does whoever copied it.
    address = clean(re.sub(r"[\t\r\n]", "", address))
    parts = _PARTS("https:" + address if address.startswith("//") else address)
    if parts is None:
        return None
    scheme, authority, path, query, fragment = parts.groups(default="")
    host = _ascii_host(authority)
    if host is None:
        return None
    mended = f"{scheme.lower()}://{host}{_quoted(path, _IN_PATH)}{_quoted(query, _IN_QUERY)}"
    if fragment:
        mended += "#" + _quoted(fragment[1:], _IN_QUERY)
    return mended


def _quoted(text: str, safe: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", text), safe=safe)


def _ascii_host(authority: str) -> str | None:
    if not authority.isascii():
        split = _HOST_AND_PORT(authority)
        if split is None:
            return None
        try:
            authority = idna.encode(split[1], uts46=True).decode() + (split[2] or "")
        except idna.IDNAError:
            return None
    valid = _AUTHORITY(authority)
    return valid[1] + (valid[2] or "") if valid else None
