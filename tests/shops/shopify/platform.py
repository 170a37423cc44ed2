"""Shopify on one real socket: several shops by their names, the storage host beside them.

    with Shopify(authority) as shopify:
        app = shopify.add_app(["https://service.example/callback"], "read_products,read_inventory")
        shop = shopify.add_shop("mystore", [{"title": "Mug", "variants": [{"price": "9.90"}]}])
        token = shop.token(app)

        client = Outbound(Allowed.parse("127.0.0.0/8"), verify=ca_file, lookup=shopify.lookup)
        client.request("POST", "https://mystore.myshopify.com/admin/api/2026-10/graphql.json", …)

`authority` is the tests' own; with `lookup` in the place of getaddrinfo the names lead to the listener,
whatever the port. An application takes such a client as `app.extensions["sync2sys"]["outbound"]`; other
processes are led here by `shopify.environment(ca_file)` in their environment.

What a shop *is* are its attributes; what *happens* to single answers are faults (`fault`). A mistake of the
fake, something that it does not model, and a token sent to the storage host are raised when the block ends.
"""

import itertools
import os
import re
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from sync2sys.demo.web import Answer, Server
from tests.shops.faults import SITE_FAULTS, Faulty, page
from tests.shops.shopify import access, admin, oauth
from tests.shops.shopify.answers import json_answer
from tests.shops.shopify.apps import App
from tests.shops.shopify.clock import Clock
from tests.shops.shopify.shop import Shop
from tests.shops.shopify.storage import HOST, Storage

VERSIONS = ["2026-01", "2026-04", "2026-07", "2026-10", "unstable"]
SUFFIX = ".myshopify.com"
_VERSION = re.compile(r"20\d\d-(?:01|04|07|10)")
_GRAPHQL = re.compile(r"/admin/api/([^/]+)/graphql\.json")
_real_lookup = socket.getaddrinfo
ELSEWHERE = Path(__file__).parent / "elsewhere"


class Shopify(Faulty):
    """`shops` by domain, `apps` by client id; `requests` in the order they came."""

    def __init__(self, authority, *, now=None, versions=VERSIONS):
        super().__init__(FAULTS)
        self.clock = Clock(now)
        self.versions = list(versions)
        self.shops, self.apps = {}, {}
        self.storage = Storage(self.clock)
        self._moved = {}
        self._numbers = itertools.count(1)
        self._busy = threading.RLock()
        self._server = Server(self.answer, tls=_tls(authority))

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, kind, error, trace):
        self._server.stop()
        self.storage.close()
        if self._server.crashes and kind is None:
            raise self._server.crashes[0]

    @property
    def port(self):
        return self._server.port

    def lookup(self, host, port, *rest, **options):
        """getaddrinfo, by which all names of Shopify lead here and the others where they do."""
        if not host.endswith(SUFFIX) and host != HOST:
            return _real_lookup(host, port, *rest, **options)
        return _real_lookup("127.0.0.1", self.port, *rest, **options)

    def environment(self, ca_file):
        """Variables that lead another process here, which needs `OUTBOUND_ALLOW` for loopback beside them."""
        path = os.pathsep.join([str(ELSEWHERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {"PYTHONPATH": path, "FAKE_SHOPIFY": f"{SUFFIX},{HOST} {self.port} {ca_file}"}

    # Apps and shops

    def add_app(self, redirect_urls=(), scopes="read_products", **known):
        app = App(next(self._numbers), list(redirect_urls), access.parse(scopes), **known)
        self.apps[app.client_id] = app
        return app

    def add_shop(self, handle, catalogue=(), **known):
        shop = Shop(self, handle, catalogue, **known)
        self.shops[shop.domain] = shop
        return shop

    def move(self, shop, old):
        """A shop has another domain now."""
        self.shops[shop.domain] = self.shops.pop(old)
        self._moved[old] = shop

    def spoken(self, version):
        """The version that a call for this one is answered in: one that has ended falls forward."""
        if version in self.versions:
            return version
        return self.versions[0] if _VERSION.fullmatch(version) and version < self.versions[0] else None

    # Answering

    def fault(self, kind, *, host=None, has="", when=None, **options):
        """As for any site; also by `host`, and by what the request's body `has`."""

        def is_meant(request):
            is_there = host in (None, _host(request)) and has.encode() in request.body
            return is_there and (when is None or when(request))

        return super().fault(kind, when=is_meant, **options)

    def pause(self, seconds):
        self._server.stopping.wait(seconds)

    def answer(self, request):
        return self.spoilt(request, self._routed)

    def _routed(self, request):
        host = _host(request)
        if host == HOST:
            return self.storage.answer(request)
        if host in self._moved:
            target = f"https://{self._moved[host].domain}{request.target}"
            return Answer.html(page("Moved"), 301, Location=target)
        shop = self.shops.get(host)
        if shop is None:
            return Answer.html(page("Sorry, this shop is currently unavailable."), 404)
        with self._busy:
            return _of_shop(shop, request)


def _of_shop(shop, request):
    if request.path == "/admin/oauth/authorize" and request.method in ("GET", "POST"):
        return oauth.authorize(shop, request)
    if request.path == "/admin/oauth/access_token" and request.method == "POST":
        return oauth.access_token(shop, request)
    if request.method == "POST" and (called := _GRAPHQL.fullmatch(request.path)):
        return admin.graphql(shop, request, called[1])
    if request.path.startswith("/admin/"):
        return json_answer({"errors": "Not Found"}, 404)
    if shop.has_password_page and request.path != "/password":
        return Answer.html("", 302, Location=f"{shop.url}/password")
    return Answer.html(page(shop.name))


def _host(request):
    return urlsplit(f"//{request.host}").hostname


def _tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(f"*{SUFFIX}", HOST, "127.0.0.1").configure_cert(context)
    return context


# What goes wrong at Shopify


def internal_error(shopify, proceed, request):
    """An error in an answer of status 200, without data."""
    told = {"code": "INTERNAL_SERVER_ERROR", "requestId": "0a1b2c3d-1795608000"}
    message = "Internal error. Looks like something went wrong on our end."
    return json_answer({"errors": [{"message": message, "extensions": told}]})


def password_page(shopify, proceed, request):
    """The front sends everybody to the shop's password page."""
    return Answer.html("", 302, Location=f"https://{_host(request)}/password")


def revoked(shopify, proceed, request):
    """The token is taken for a wrong one."""
    return json_answer({"errors": admin.UNAUTHORIZED}, 401)


FAULTS = SITE_FAULTS | {
    "internal_error": internal_error,
    "password_page": password_page,
    "revoked": revoked,
}
