"""Nobody is led to an internal address: every probe has a real listener that must stay untouched.

The same with addresses of the whole internet, in a network of its own, is in test_network.py.
"""

import contextlib
import socket

import pytest
import requests

from sync2sys.errors import AddressRefused, RemoteError, TimedOut, Unreachable
from tests.faults.server import FaultServer, answer, in_turn
from tests.outbound.conftest import Names

# {port} is that of a listener on every loopback address
PROBES = """
    http://127.0.0.1:{port}/ https://127.0.0.1:{port}/ https://127.0.0.2:{port}/ https://127.255.255.254:{port}/
    https://localhost:{port}/ HTTPS://LOCALHOST:{port}/ https://localhost.:{port}/ https://127.0.0.1.:{port}/
    https://0.0.0.0:{port}/ https://[::]:{port}/ https://[::1]:{port}/ https://[::ffff:127.0.0.1]:{port}/
    https://[::ffff:7f00:1]:{port}/ https://[0:0:0:0:0:0:0:1]:{port}/ https://[::127.0.0.1]:{port}/
    https://2130706433:{port}/ https://0x7f000001:{port}/ https://017700000001:{port}/ https://127.1:{port}/
    https://0:{port}/ https://0x7f.0.0.1:{port}/ https://0177.0.0.1:{port}/ https://127.0.1:{port}/
    https://１２７.０.０.１:{port}/ https://127。0。0。1:{port}/ https://①②⑦.0.0.1:{port}/ https://ⓛocalhost:{port}/
    https://public.example@127.0.0.1:{port}/ https://127.0.0.1:{port}@public.example/
    https://public.example:443@127.0.0.1:{port}/ https://127.0.0.1:{port}\\\\@public.example/
    https://127.0.0.1:{port}#@public.example/ https://127.0.0.1:{port}?@public.example/
    https://%31%32%37.0.0.1:{port}/ https://127.0.0.1%2f:{port}/ https://[::1%25lo]:{port}/
    //127.0.0.1:{port}/ 127.0.0.1:{port} https:127.0.0.1:{port}/ https:/127.0.0.1:{port}/
    gopher://127.0.0.1:{port}/ ftp://127.0.0.1:{port}/ file:///etc/passwd unix:///run/docker.sock
    https://internal.example:{port}/ http://internal.example:{port}/ https://mixed.example:{port}/
    https://mapped.example:{port}/ https://six.example:{port}/
"""
ODD_PROBES = [
    "https://127.0.0.1\t:{port}/",
    "https://127.0.0.1:{port}\r\n/",
    " https://127.0.0.1:{port}/",
    "",
]
NAMES = {
    "internal_example": ["127.0.0.1"],
    "mixed_example": ["93.184.216.34", "127.0.0.1"],
    "mapped_example": ["::ffff:127.0.0.1"],
    "six_example": ["::1"],
}


class Sink:
    """A listener at one port of every loopback address that counts connections, whatever is said on them."""

    def __init__(self, four, six):
        self._listeners = {"127.0.0.1": four, "::1": six}
        self.port = four.port
        self._own = 0

    def hits(self):
        """Those that others made. Connections are accepted in order, so after our own all are counted."""
        for address, listener in self._listeners.items():
            with socket.create_connection((address, self.port)) as mine:
                listener.wait_for(mine.getsockname()[1])
            self._own += 1
        return sum(listener.connections for listener in self._listeners.values()) - self._own


@pytest.fixture(scope="module")
def sink():
    with FaultServer(host="0.0.0.0") as four, FaultServer(host="::", port=four.port) as six:
        yield Sink(four, six)


@pytest.mark.parametrize("probe", [*PROBES.split(), *ODD_PROBES])
def test_a_probe_is_refused_and_reaches_nothing(outbound, sink, probe):
    before = sink.hits()
    client = outbound("", ports=frozenset({sink.port, 443}), lookup=Names(**NAMES))

    with pytest.raises(AddressRefused):
        client.get(probe.replace("{port}", str(sink.port)))
    assert sink.hits() == before


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "0.0.0.0", "[::1]"])
def test_the_same_probes_do_reach_the_listener_without_the_guard(sink, host):
    before = sink.hits()

    with contextlib.suppress(requests.RequestException):
        requests.get(f"http://{host}:{sink.port}/", timeout=2)
    assert sink.hits() == before + 1


def test_one_internal_answer_among_public_ones_is_enough_to_refuse(outbound, sink):
    before = sink.hits()
    client = outbound(
        "", ports=frozenset({sink.port}), lookup=Names(mixed_example=["1.1.1.1", "127.0.0.1", "8.8.8.8"])
    )

    with pytest.raises(AddressRefused, match=r"mixed\.example is not a public address"):
        client.get(f"https://mixed.example:{sink.port}/")
    assert sink.hits() == before


def test_a_name_that_changes_its_mind_never_leads_inside(outbound, server):
    """127.0.0.2 plays the public address; every request makes a new connection and so a new look-up."""
    with FaultServer(host="127.0.0.2", port=server.port) as public:
        public.on("/", answer(b"ok", headers={"Connection": "close"}))
        flips = [["127.0.0.2"], ["127.0.0.1"]] * 50
        client = outbound("127.0.0.2/32", lookup=Names(flip_example=list(flips)), breaker=False)
        outcomes = []
        for _ in flips:
            try:
                outcomes.append(client.get(f"http://flip.example:{public.port}/").status)
            except AddressRefused:
                outcomes.append("refused")

    assert outcomes == [200, "refused"] * 50
    assert public.connections == 50
    assert server.connections == 0


def test_the_name_is_asked_once_for_a_connection(outbound, server):
    names = Names(shop_example=["127.0.0.1"])
    outbound(lookup=names).get(f"http://shop.example:{server.port}/")

    assert names.asked == ["shop.example"]
    assert server.requests[0].headers["Host"] == f"shop.example:{server.port}"


@pytest.mark.parametrize("host", ["my_shop.example", "xn--bcher-kva.example", "shop", "a-b.c-d.example"])
def test_names_of_all_kinds_can_be_called(outbound, server, host):
    client = outbound(lookup=Names(**{host: ["127.0.0.1"]}))

    assert client.get(f"http://{host}:{server.port}/").status == 200


def test_the_next_address_is_tried_when_one_is_dead(outbound, server):
    client = outbound(lookup=Names(shop_example=["127.0.0.9", "127.0.0.1"]))

    assert client.get(f"http://shop.example:{server.port}/").status == 200


def test_a_redirect_is_an_answer(outbound, server):
    with FaultServer() as inside:
        server.on("/", answer(status=302, headers={"Location": inside.url + "/secret"}))
        reply = outbound().get(server.url)

    assert (reply.status, reply.headers["location"]) == (302, inside.url + "/secret")
    assert inside.connections == 0
    assert len(server.requests) == 1


class TestWhatTheOperatorAllows:
    def test_only_the_allowed_network_is_opened(self, outbound, server):
        client = outbound("127.0.0.1/32")

        assert client.get(server.url).status == 200
        with FaultServer(host="127.0.0.2") as other, pytest.raises(AddressRefused):
            client.get(other.url)
        assert other.connections == 0

    def test_a_pinned_name_is_opened_and_its_address_under_another_name_is_not(self, outbound, server):
        names = Names(store_lan=["127.0.0.1"], evil_example=["127.0.0.1"])
        client = outbound("store.lan=127.0.0.1/32", lookup=names)

        assert client.get(f"http://store.lan:{server.port}/").status == 200
        for host in ("evil.example", "127.0.0.1", "localhost"):
            with pytest.raises(AddressRefused):
                client.get(f"http://{host}:{server.port}/")
        assert server.connections == 1

    def test_a_pinned_name_that_moves_elsewhere_is_refused(self, outbound, server):
        client = outbound("store.lan=192.168.1.5/32", lookup=Names(store_lan=["127.0.0.1"]))

        with pytest.raises(AddressRefused):
            client.get(f"http://store.lan:{server.port}/")
        assert server.connections == 0


class TestPublicAddresses:
    """Nothing is listening there for us, so these end before a connection is tried."""

    def test_plain_http_is_refused(self, outbound):
        with pytest.raises(AddressRefused, match="only be called by https"):
            outbound("").get("http://93.184.216.34/")

    @pytest.mark.parametrize("port", [22, 25, 3306, 6379, 8000])
    def test_other_ports_are_refused(self, outbound, port):
        with pytest.raises(AddressRefused, match=f"Port {port}"):
            outbound("").get(f"https://93.184.216.34:{port}/")


class TestNames:
    def test_an_unknown_name_is_unreachable(self, outbound):
        def nobody(*args, **options):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        with pytest.raises(Unreachable, match=r"gone\.example could not be found"):
            outbound(lookup=nobody).get("https://gone.example/")

    def test_a_name_server_that_is_silent_is_waited_for_until_the_deadline_only(self, outbound, server):
        client = outbound(lookup=lambda *args, **options: server.wait_for_end())

        with pytest.raises(TimedOut, match="name servers"):
            client.get("https://slow.example/", deadline=0.2)

    def test_silent_name_servers_cannot_pile_up_threads(self, outbound, server):
        client = outbound(lookup=lambda *args, **options: server.wait_for_end(), breaker=False)
        for _ in range(16):
            with pytest.raises(TimedOut, match="name servers did not say"):
                client.get("https://slow.example/", deadline=0.01)

        with pytest.raises(TimedOut, match="name servers are too slow"):
            client.get("https://slow.example/", deadline=0.05)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("TRACE", {}),
        ("GET / HTTP/1.1\r\nX:", {}),
        ("GET", {"X-Key": "a\r\nX-Evil: 1"}),
        ("GET", {"X-Key\r\nX-Evil": "1"}),
        ("GET", {"X-Key": "€"}),
        ("GET", {"X-Key": " a"}),
        ("GET", {"": "1"}),
    ],
)
def test_what_would_break_the_request_apart_is_not_sent(outbound, server, method, headers):
    with pytest.raises(ValueError, match=r"method|header") as caught:
        outbound().request(method, server.url, headers=headers)
    assert not isinstance(caught.value, RemoteError)
    assert server.connections == 0


def test_a_probe_does_not_open_the_breaker(outbound):
    client = outbound("")
    for _ in range(7):
        with pytest.raises(AddressRefused):
            client.get("https://127.0.0.1/")


def test_the_answer_of_a_kept_connection_is_that_of_the_checked_address(outbound):
    """A second look-up would lead elsewhere, but the connection is already where it was checked to be."""
    with FaultServer() as server:
        server.on("/", in_turn(answer(b"one"), answer(b"two")))
        client = outbound("127.0.0.1/32", lookup=Names(flip_example=[["127.0.0.1"], ["127.0.0.2"]]))
        url = f"http://flip.example:{server.port}/"

        assert [client.get(url).body, client.get(url).body] == [b"one", b"two"]
        assert server.connections == 1
