"""Clients for fake shops on loopback, by plain http and by TLS, under any name."""

import socket
import ssl
from contextlib import ExitStack

import pytest
import trustme

from sync2sys.connectors.woocommerce import Patience
from sync2sys.outbound import Allowed, Outbound
from tests.faults.server import FaultServer
from tests.shops.woocommerce import WooShop

NAMES = ("shop.example", "www.shop.example", "other.example")


def lookup(host, port, **options):
    """Every name leads to loopback; nothing leaves this machine."""
    return socket.getaddrinfo("127.0.0.1", port, **options)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls(authority):
    """A server's TLS context for the names above and for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES, "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def outbound(ca_file):
    with Outbound(Allowed.parse("127.0.0.0/8"), verify=ca_file, lookup=lookup, breaker=False) as made:
        yield made


class Waits(list):
    """The seconds that would have been waited."""

    def __call__(self, seconds):
        self.append(seconds)


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def patience(waits):
    """Patience that waits no time, but remembers."""
    return Patience(sleep=waits)


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def tls_server(tls):
    with FaultServer(tls=tls, name="shop.example") as running:
        yield running


class Stage(WooShop):
    """The fake shop, with something in front of it.

    Each of `hooks` is asked first: `hook(request)` gives an Answer to send instead, another Request for the
    shop to see, or None.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.hooks = []

    def answer(self, request):
        for hook in list(self.hooks):
            found = hook(request)
            if isinstance(found, type(request)):
                request = found
            elif found is not None:
                self.requests.append(request)
                return found
        return super().answer(request)


@pytest.fixture
def open_shop(tls):
    """A function that opens fake shops; `secure=True` at https://shop.example:PORT."""
    with ExitStack() as closing:

        def start(catalogue=None, secure=False, **options):
            door = {"tls": tls, "named": "shop.example"} if secure else {}
            return closing.enter_context(Stage(catalogue, **door, **options))

        yield start
