"""Addresses as text: what may be asked for, and the one form in which a store's address is kept."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from sync2sys.outbound.addresses import Allowed
from sync2sys.outbound.names import host_name

LONGEST_ORIGIN = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
Params = Mapping[str, str | int | float] | Iterable[tuple[str, str | int | float]]

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:@%]+)(?::(?P<port>[0-9]{0,5}))?")
# "shop.example:8443/path" has a port there, "javascript:x", "file:/x" and "https:/x" do not
_OTHER_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?![0-9])")
_ESCAPE = re.compile("%([0-9a-fA-F]{2})")
_BROKEN_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")
_PATH_SAFE = "/:@!$&'()*+,;=-._~%"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart once; every later step uses these parts and parses nothing again."""

    scheme: str
    host: str
    port: int
    resource: str = field(repr=False)  # path and query as they are sent; may hold secrets

    @property
    def origin(self) -> str:
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def url(self) -> str:
        return self.origin + self.resource


def target(url: str, params: Params | None = None) -> Target:
    """Take a full http(s) URL apart. Raises ValueError with a sentence that repeats nothing of the URL.

    Printable ASCII of path and query is kept byte for byte, so that what was signed is what is sent;
    anything else is percent-encoded as UTF-8. `params` are appended with everything but the unreserved
    characters of RFC 3986 encoded. The fragment is dropped.
    """
    _refuse_tricks(url)
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in DEFAULT_PORTS:
        raise ValueError("The address must begin with https:// or http://.")
    rest = rest.partition("#")[0]
    end = min((rest.find(mark) for mark in "/?" if mark in rest), default=len(rest))
    host, port = _authority(rest[:end])
    resource = quote(rest[end:], safe=_PRINTABLE)
    if not resource.startswith("/"):
        resource = "/" + resource
    if extra := encoded(params or ()):
        resource += ("&" if "?" in resource else "?") + extra
    return Target(scheme.lower(), host, port or DEFAULT_PORTS[scheme.lower()], resource)


def encoded(params: Params) -> str:
    """`a=1&b=x%20y`, in the order given. Raises TypeError for a value that is neither text nor number."""
    pairs = params.items() if isinstance(params, Mapping) else params
    return "&".join(f"{quote(name, safe='')}={quote(_text(value), safe='')}" for name, value in pairs)


def canonical_origin(text: str, allowed: Allowed) -> str:
    """The one form of a store's address: `https://shop.example` or `https://shop.example:8443/path`.

    A missing scheme and http:// become https://, unless the operator allowed the host
    (`Allowed.host_may_be_plain`). Applied to its own result it changes nothing. Raises ValueError with a
    sentence for the person who typed the address.
    """
    text = text.strip(" ")
    _refuse_long(text)
    _refuse_tricks(text)
    scheme, rest = _scheme_and_rest(text)
    if " " in text or "?" in rest or "#" in rest:
        raise ValueError("Give the address without spaces, query (?) and fragment (#).")
    authority, _, path = rest.partition("/")
    host, port = _authority(authority)
    if port == DEFAULT_PORTS[scheme]:
        port = None
    if scheme == "http" and not allowed.host_may_be_plain(host):
        scheme = "https"
    origin = Target(scheme, host, port or DEFAULT_PORTS[scheme], _path(path)).url
    _refuse_long(origin)
    return origin


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST_ORIGIN:
        raise ValueError(f"The address is longer than {LONGEST_ORIGIN} characters.")


def _refuse_tricks(text: str) -> None:
    if _CONTROL.search(text) or "\\" in text:
        raise ValueError("The address contains a control character or a backslash.")


def _scheme_and_rest(text: str) -> tuple[str, str]:
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in DEFAULT_PORTS:
        return scheme.lower(), rest
    if separator or _OTHER_SCHEME.match(text):
        raise ValueError("The address must begin with https://.")
    return "https", text


def _authority(text: str) -> tuple[str, int | None]:
    if "@" in text:
        raise ValueError("Give the address without a user name or password.")
    match = _AUTHORITY.fullmatch(text)
    if not match:
        raise ValueError("The address has no valid host name and port.")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError("The port must be between 1 and 65535.")
    return host_name(match["host"]), port


def _path(text: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise ValueError("The path contains a % that is not followed by two hexadecimal digits.")
    segments = [segment for segment in text.split("/") if segment]
    for plain in map(unquote, segments):
        if {".", ".."} & set(plain.split("/")) or _CONTROL.search(plain) or "\\" in plain:
            raise ValueError('The path contains "..", a control character or a backslash.')
    return "".join("/" + _ESCAPE.sub(_plainest, quote(segment, safe=_PATH_SAFE)) for segment in segments)


def _plainest(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _text(value: str | int | float) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"a parameter must be text or a number, not {type(value).__name__}")
    return str(value)
