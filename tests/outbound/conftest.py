"""Clients of the outbound package and servers for them, all on loopback."""

import socket

import pytest
import trustme

from sync2sys.outbound import Allowed, Outbound
from tests.faults.server import FaultServer, tls_context

LOOPBACK = "127.0.0.0/8,::1/128"


class Names:
    """A resolver for `lookup=`: names from a table, the system for the rest. Remembers what was asked.

    A list of lists gives the next list each time.
    """

    def __init__(self, **table):
        self.asked = []
        self._table = {name.replace("_", ".") if "." not in name else name: table[name] for name in table}

    def __call__(self, host, port, **options):
        self.asked.append(host)
        addresses = self._table.get(host, [host])
        if isinstance(addresses[0], list):
            addresses = addresses.pop(0)
        return [answer for address in addresses for answer in socket.getaddrinfo(address, port, **options)]


@pytest.fixture
def outbound(ca_file):
    """A function that makes clients which may call loopback; the arguments are those of Outbound.

    They trust the tests' authority unless told otherwise; reading all the real ones takes its time.
    """
    made = []

    def make(allow=LOOPBACK, verify=ca_file, **options):
        made.append(Outbound(Allowed.parse(allow), verify=verify, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def tls_server(authority):
    """A server with a certificate for shop.example."""
    with FaultServer(tls=tls_context(authority.issue_cert("shop.example")), name="shop.example") as running:
        yield running
