"""From what an owner types to the root of the shop's REST API.

Nothing secret is sent on the way, so redirects may be followed, by hand and within the same site.
"""

import re
from dataclasses import dataclass
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from sync2sys.connectors.fields import address
from sync2sys.connectors.line import Line, Patience
from sync2sys.connectors.woocommerce import answers
from sync2sys.connectors.woocommerce.auth import encoded
from sync2sys.connectors.woocommerce.client import Root
from sync2sys.errors import NotWooCommerce, StoreGarbled, StoreRedirects
from sync2sys.outbound import Outbound, Reply

#: the whole index is more than a megabyte
INDEX = [("_fields", "name,description,url,home,gmt_offset,timezone_string,namespaces")]
NAMESPACE = "wc/v3"
HOPS = 5
REDIRECTS = (301, 302, 303, 307, 308)
HEAD = 200_000

PLAIN_PERMALINKS = (
    "The shop uses plain permalinks, with which its API is fragile. Choose any other structure under "
    "Settings > Permalinks."
)

#: what owners paste along with the address of the shop
_TAIL = re.compile(r"/(?:wp-admin|wp-json|wp-login\.php|index\.php)(?:/.*)?$", re.IGNORECASE)
_API_LINK = re.compile(r'<([^<>]{1,2000})>\s*;[^,<]*\brel\s*=\s*"?https://api\.w\.org/"?', re.IGNORECASE)
_LINK_TAG = re.compile(r"<link\b[^>]{0,2000}>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*(["'])(.{1,2000}?)\1""", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Site:
    """A WordPress with a REST API."""

    root: Root
    #: what it says about itself: name, home, timezone; empty where it only talks to those who log in
    index: dict[str, Any]
    advice: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """The site's own idea of its address, which signatures depend on."""
        return address(self.index.get("home"), "") or self.root.base


def find_site(
    outbound: Outbound, origin: str, *, deadline: float = 10.0, patience: Patience | None = None
) -> Site:
    """The site at an address in canonical form, which may also be one of its pages or its admin area.

    Raises StoreRedirects, NotWooCommerce, StoreUnreachable, StoreBusy or StoreGarbled.
    """
    host = urlsplit(origin).hostname or origin
    return Search(Line(outbound, host, total=deadline, patience=patience), origin).site()


class Search:
    def __init__(self, line: Line, origin: str) -> None:
        self._line = line
        self._in_circles = False
        self._origin = _TAIL.sub("", origin.rstrip("/"))

    def site(self) -> Site:
        for root in self._candidates():
            site = self._at(root)
            if site is not None:
                return _checked(site, self._line.host)
        if self._in_circles:
            raise StoreRedirects(
                f"{self._line.host} redirects in a circle. Check the shop's address settings."
            )
        raise NotWooCommerce(
            f"There is no WordPress with a REST API at {self._origin}. If the shop is in a folder, "
            "connect it with the address of its front page."
        )

    def _candidates(self) -> Any:
        """Roots, the likeliest first; each is only looked for when the one before it failed."""
        yield Root(f"{self._origin}/wp-json")
        page, reply = self._page()
        named = self._named_by(page, reply)
        if named is not None:
            yield named
        elif reply.status < 400:
            yield Root(f"{_TAIL.sub('', page.partition('?')[0].rstrip('/'))}/index.php", plain=True)

    def _page(self) -> tuple[str, Reply]:
        url, reply = self._follow(f"{self._origin}/")
        if reply.status >= 400:
            answers.read(reply, self._line.host)  # busy shops and challenges raise here
        return url, reply

    def _at(self, root: Root) -> Site | None:
        """The site if this is its root, None if there is no API."""
        url, pairs = root.request("", INDEX)
        landed, reply = self._follow(f"{url}?{encoded(pairs)}")
        if reply.status in REDIRECTS:
            return None
        try:
            answer = answers.read(reply, self._line.host)
        except StoreGarbled:
            return None  # a page: plain permalinks, or another kind of site
        root = self._moved(root, landed)
        advice = (PLAIN_PERMALINKS,) if root.plain else ()
        if answer.ok and isinstance(answer.data, dict) and "namespaces" in answer.data:
            return Site(root, answer.data, advice)
        if answer.code and answer.status in (401, 403):
            return Site(root, {}, advice)  # "login required" plugins; keys may well be let in
        if answer.status in (401, 403):
            raise answers.refusal(answer, self._line.host)
        return None

    @staticmethod
    def _moved(root: Root, landed: str) -> Root:
        """The root where the redirects ended."""
        return Root(landed.partition("?")[0].rstrip("/"), root.plain)

    def _follow(self, url: str) -> tuple[str, Reply]:
        """The last address and its reply, a redirect only if there was no end to them. Stays on the site."""
        for _ in range(HOPS):
            reply = self._line.patiently(partial(self._sent, url))
            if reply.status not in REDIRECTS:
                return url, reply
            url = self._next(url, reply)
        self._in_circles = True
        return url, reply

    def _sent(self, url: str) -> Reply:
        reply = self._line.send("GET", url)
        if reply.status == 429 or reply.status >= 500:
            answers.read(reply, self._line.host)  # raises, so that it is asked again
        return reply

    def _next(self, url: str, reply: Reply) -> str:
        target = _joined(url, reply.headers.get("Location", ""))
        if target is None or not same_site(url, target):
            raise answers.redirected(reply, self._line.host)
        if url.startswith("https:") and target.startswith("http:"):
            raise StoreRedirects(
                f"{self._line.host} redirects from https:// to http://, where keys can be read on the way. "
                "Let the shop use https:// (Settings > General)."
            )
        return quote(target, safe="!#$%&'()*+,/:;=?@[]~")

    def _named_by(self, page: str, reply: Reply) -> Root | None:
        """The root that a page of the site points to, in a header or in its head."""
        link = _joined(page, _api_link(reply) or "")
        if link is None or link == page:
            return None
        target = urlsplit(link)
        if not same_site(page, link):
            raise StoreRedirects(
                f"{self._line.host} says that its shop is at {str(target.hostname)[:253]}. "
                "Connect it with that address."
            )
        # Behind a proxy that ends TLS the link may say http://: host and scheme stay those that worked.
        here = urlsplit(page)
        base = f"{here.scheme}://{here.netloc}{quote(target.path, safe='/%~')}".rstrip("/")
        return Root(base, plain="rest_route" in parse_qs(target.query))


def _api_link(reply: Reply) -> str | None:
    if match := _API_LINK.search(reply.headers.get("Link", "")):
        return match[1]
    head = reply.body[:HEAD].decode("utf-8", "replace")
    for tag in _LINK_TAG.findall(head):
        if "https://api.w.org/" in tag and (href := _HREF.search(tag)):
            return unescape(href[2])
    return None


def _joined(base: str, link: str) -> str | None:
    """The absolute address of a link; None if it is none."""
    try:
        joined = urljoin(base, link)
        usable = bool(urlsplit(joined).hostname) and urlsplit(joined).port != 0
    except ValueError:
        return None
    return joined if usable else None


def same_site(one: str, other: str) -> bool:
    """Whether two addresses are one site's: the same host or its www twin, the same or the usual ports."""
    here, there = urlsplit(one), urlsplit(other)
    if there.scheme not in ("http", "https") or there.username is not None:
        return False
    if here.port != there.port and not {here.port, there.port} <= {None, 80, 443}:
        return False
    return _bare(here.hostname) == _bare(there.hostname)


def _bare(host: str | None) -> str:
    return (host or "").lower().rstrip(".").removeprefix("www.")


def _checked(site: Site, host: str) -> Site:
    namespaces = site.index.get("namespaces")
    if site.index and (not isinstance(namespaces, list) or NAMESPACE not in namespaces):
        raise NotWooCommerce(
            f"{host} is a WordPress site, but WooCommerce is not active there, or older than version 3.5."
        )
    return site
