"""What servers do wrong, on real sockets, and how it ends: in time, in bounds, in our words."""

import gzip
import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from sync2sys.errors import RemoteError, TimedOut, TooLarge, Unreachable
from sync2sys.outbound import Allowed
from sync2sys.outbound.attempt import Attempt, Guard
from sync2sys.outbound.resolver import Resolver
from sync2sys.outbound.urls import target
from tests.faults import server as faults
from tests.faults.server import FaultServer, answer, compressed, in_turn, raw, tls_context
from tests.outbound.conftest import Names

MIB = 1024 * 1024
SHOP = {"shop_example": ["127.0.0.1"]}


def ended_in_time(began, deadline):
    """Where there was no deadline it would take ten seconds or more."""
    return deadline * 0.9 <= time.monotonic() - began < deadline + 9


@contextmanager
def peak_memory():
    """A function that gives the most that was taken in the block, in bytes."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    most = []
    try:
        yield lambda: most[0]
    finally:
        most.append(tracemalloc.get_traced_memory()[1] - before)
        if ours:
            tracemalloc.stop()


def only_when_new(server):
    """Hangs up on the connections that there are by now."""
    known = server.connections

    def behave(connection, request):
        if server.connections == known:
            raise faults.Hangup
        answer(b"fresh")(connection, request)

    return behave


class TestDeadline:
    @pytest.mark.parametrize(
        "fault",
        [faults.hang, faults.drip_head, faults.drip_body, faults.drip_unframed_body, faults.drip_interim],
    )
    def test_it_ends_whatever_the_server_does(self, outbound, server, fault):
        server.on("/", fault)
        began = time.monotonic()

        with pytest.raises(TimedOut, match=r"did not answer within 0\.2 seconds"):
            outbound().get(server.url, deadline=0.2)
        assert ended_in_time(began, 0.2)

    @pytest.mark.parametrize("fault", [faults.hang, faults.drip_head, faults.drip_body])
    def test_it_holds_on_a_kept_connection(self, outbound, server, fault):
        server.on("/bad", fault)
        client = outbound()
        client.get(server.url)
        began = time.monotonic()

        with pytest.raises(TimedOut):
            client.get(server.url + "/bad", deadline=0.2)
        assert ended_in_time(began, 0.2)
        assert server.connections == 1

    @pytest.mark.parametrize("greeting", [faults.hang, faults.drip_handshake])
    def test_it_holds_in_the_tls_handshake(self, outbound, greeting):
        began = time.monotonic()

        with FaultServer(greeting=greeting) as server, pytest.raises(TimedOut):
            outbound().get(f"https://127.0.0.1:{server.port}/", deadline=0.2)
        assert ended_in_time(began, 0.2)

    @pytest.mark.parametrize("fault", [faults.drip_head, faults.drip_body, faults.drip_unframed_body])
    def test_it_holds_within_tls(self, outbound, tls_server, fault):
        tls_server.on("/", fault)
        began = time.monotonic()

        with pytest.raises(TimedOut):
            outbound(lookup=Names(**SHOP)).get(tls_server.url, deadline=0.2)
        assert ended_in_time(began, 0.2)

    def test_it_holds_when_the_server_does_not_read(self, outbound):
        with FaultServer(greeting=faults.hang) as server, pytest.raises(TimedOut):
            outbound().request("PUT", server.url, body=bytes(64 * MIB), deadline=0.2)

    def test_it_includes_waiting_for_a_free_slot(self, outbound, server):
        go_on = threading.Event()
        server.on("/slow", lambda connection, request: (go_on.wait(60), answer()(connection, request)))
        client = outbound(concurrency=1)
        slow = threading.Thread(target=client.get, args=(server.url + "/slow",))
        slow.start()
        server.wait_for_requests(1)

        with pytest.raises(TimedOut, match="Too many requests to other servers"):
            client.get(server.url, deadline=0.1)
        go_on.set()
        slow.join()
        assert client.get(server.url).status == 200

    def test_a_slow_answer_within_it_is_fine(self, outbound, server):
        server.on("/", faults.after(0.15, answer(b"late")))
        reply = outbound().get(server.url, deadline=5)

        assert reply.body == b"late"
        assert 0.15 <= reply.seconds < 5

    def test_a_connection_that_comes_after_it_is_shut_down_at_once(self):
        guard = Guard(Allowed(), frozenset(), Resolver())
        ours, theirs = socket.socketpair()
        with ours, theirs, Attempt(target("https://shop.example"), guard, 0.01) as attempt:
            while not attempt.expired:
                time.sleep(0.005)
            ours.settimeout(30)
            attempt.watch(ours)
            assert ours.recv(1) == b""

    def test_nothing_is_left_behind(self, outbound, server):
        server.on("/bad", faults.drip_body)
        client = outbound(breaker=False)
        threads = threading.active_count()
        for _ in range(3):
            client.get(server.url)
            with pytest.raises(TimedOut):
                client.get(server.url + "/bad", deadline=0.05)

        assert client.get(server.url).body == b"ok"
        assert threading.active_count() <= threads + 5  # the server's own, one a connection


class TestSize:
    def test_a_gzip_bomb_is_stopped_when_it_is_too_large_not_when_it_is_inflated(self, outbound, server):
        server.on("/", faults.gzip_bomb(64))
        with peak_memory() as peak, pytest.raises(TooLarge, match="larger than 4194304 bytes"):
            outbound().get(server.url, max_bytes=4 * MIB)
        assert peak() < 8 * MIB

    def test_an_endless_body_is_stopped(self, outbound, server):
        server.on("/", faults.endless_body)

        with pytest.raises(TooLarge):
            outbound().get(server.url, max_bytes=MIB)

    def test_a_long_body_that_inflates_to_nothing_is_stopped(self, outbound, server):
        empty = gzip.compress(b"") * 100_000
        server.on("/", raw(faults.head(headers={"Content-Encoding": "gzip"}) + empty))

        with pytest.raises(TooLarge):
            outbound().get(server.url, max_bytes=MIB)

    def test_an_announced_length_is_enough_to_refuse(self, outbound, server):
        server.on("/", raw(faults.head(length=10**12)))

        with pytest.raises(TooLarge):
            outbound().get(server.url)

    def test_head_may_announce_any_length(self, outbound, server):
        server.on("/", lambda connection, request: connection.send(faults.head(length=10**12)))

        assert outbound().request("HEAD", server.url).headers["content-length"] == str(10**12)

    @pytest.mark.parametrize("behaviour", [answer, compressed])
    def test_exactly_the_limit_is_not_too_large(self, outbound, server, behaviour):
        server.on("/", behaviour(bytes(MIB)))

        assert len(outbound().get(server.url, max_bytes=MIB).body) == MIB
        with pytest.raises(TooLarge):
            outbound().get(server.url, max_bytes=MIB - 1)

    def test_the_connection_of_a_body_that_was_not_read_is_not_used_again(self, outbound, server):
        server.on("/", answer(bytes(MIB)))
        client = outbound()
        with pytest.raises(TooLarge):
            client.get(server.url, max_bytes=1000)

        assert client.get(server.url + "/other").body == b"ok"
        assert server.connections == 2


class TestBrokenAnswers:
    @pytest.mark.parametrize(
        ("fault", "sentence"),
        [
            (faults.reset, "closed the connection"),
            (faults.hang_up, "closed the connection"),
            (faults.half_body, "closed the connection"),
            (faults.half_chunks, "closed the connection"),
            (faults.endless_head, "is not HTTP"),
            (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000), "is not HTTP"),
            (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "is not HTTP"),
            (raw(b"HTTP/1.1 9999 Odd\r\n\r\n"), "is not HTTP"),
            (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nabcde"), "broke off"),
            (raw(faults.head(headers={"Transfer-Encoding": "chunked"}) + b"zz\r\n"), "closed the connection"),
            (faults.truncated_gzip, "cut short"),
            (answer(b"not gzip", headers={"Content-Encoding": "gzip"}), "is broken"),
            (answer(b"x", headers={"Content-Encoding": "br"}), "was not asked for"),
            (answer(b"x", headers={"Content-Encoding": "gzip, gzip"}), "was not asked for"),
        ],
    )
    def test_they_are_never_taken_for_whole(self, outbound, server, fault, sentence):
        server.on("/", fault)

        with pytest.raises(Unreachable, match=sentence):
            outbound().get(server.url, deadline=5)

    def test_nobody_listening(self, outbound):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]

        with pytest.raises(Unreachable, match=f"127.0.0.1 does not accept connections on port {port}"):
            outbound().get(f"http://127.0.0.1:{port}/")

    def test_malformed_headers_do_not_hide_the_body(self, outbound, server):
        server.on("/", raw(b"HTTP/1.1 200 OK\r\nno colon here\r\nX-Total: 2\r\nContent-Length: 2\r\n\r\nok"))

        assert outbound().get(server.url).body == b"ok"


class TestCompression:
    def test_gzip_is_asked_for_and_inflated(self, outbound, server):
        server.on("/", compressed("Größe".encode() * 1000))

        assert outbound().get(server.url).body == "Größe".encode() * 1000
        assert server.requests[0].headers["Accept-Encoding"] == "gzip"

    def test_members_are_joined_and_padding_is_passed_over(self, outbound, server):
        body = gzip.compress(b"one,") + gzip.compress(b"two") + b"\x00" * 64
        server.on("/", answer(body, headers={"Content-Encoding": "x-gzip"}))

        assert outbound().get(server.url).body == b"one,two"

    @pytest.mark.parametrize("coding", ["identity", "none", "utf-8", ""])
    def test_names_that_are_no_compression_are_passed_over(self, outbound, server, coding):
        server.on("/", answer(b"plain", headers={"Content-Encoding": coding}))

        assert outbound().get(server.url).body == b"plain"

    @pytest.mark.parametrize(("method", "status"), [("GET", 304), ("GET", 204), ("HEAD", 200), ("GET", 200)])
    def test_no_body_is_a_body_too(self, outbound, server, method, status):
        server.on("/", answer(b"", status, {"Content-Encoding": "gzip"}))

        assert outbound().request(method, server.url).body == b""


class TestTLS:
    def test_a_certificate_of_the_right_name_is_accepted(self, outbound, tls_server):
        client = outbound(lookup=Names(**SHOP))

        assert client.get(tls_server.url).body == b"ok"
        assert client.get(tls_server.url).body == b"ok"
        assert tls_server.connections == 1

    def test_one_of_another_name_is_not(self, outbound, tls_server):
        client = outbound(lookup=Names(other_example=["127.0.0.1"]))

        with pytest.raises(
            Unreachable, match=r"certificate of other\.example is not accepted: Hostname mismatch"
        ):
            client.get(f"https://other.example:{tls_server.port}/")
        assert tls_server.requests == []

    def test_nor_one_of_an_unknown_authority(self, outbound, tls_server):
        with pytest.raises(Unreachable, match=r"certificate of shop\.example is not accepted"):
            outbound(verify=True, lookup=Names(**SHOP)).get(tls_server.url)

    def test_nor_one_that_has_expired(self, outbound, authority):
        old = authority.issue_cert("shop.example", not_after=datetime(2020, 1, 2, tzinfo=UTC))
        client = outbound(lookup=Names(**SHOP))

        with (
            FaultServer(tls=tls_context(old), name="shop.example") as server,
            pytest.raises(Unreachable, match="certificate has expired"),
        ):
            client.get(server.url)

    def test_a_server_without_tls_is_unreachable_by_https(self, outbound):
        with (
            FaultServer(greeting=raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
            pytest.raises(Unreachable, match="No TLS connection with 127"),
        ):
            outbound().get(f"https://127.0.0.1:{server.port}/")


class TestKeptConnections:
    def test_a_connection_is_kept_for_the_next_request(self, outbound, server):
        client = outbound()
        for _ in range(3):
            client.get(server.url)

        assert server.connections == 1

    def test_one_that_went_stale_is_replaced_without_a_word(self, outbound, server):
        server.on("/", in_turn(answer(b"one"), faults.hang_up, answer(b"two")))
        client = outbound()

        assert [client.get(server.url).body, client.get(server.url).body] == [b"one", b"two"]
        assert server.connections == 2

    def test_what_is_signed_for_one_request_is_signed_anew(self, outbound, server):
        server.on("/", in_turn(answer(b"one")))
        server.on("/signed", in_turn(faults.hang_up, answer(b"two")))
        client = outbound()
        client.get(server.url)

        found = client.get(f"{server.url}/signed?nonce=1", again=lambda: f"{server.url}/signed?nonce=2")
        assert found.body == b"two"
        assert found.url.endswith("nonce=2")

    def test_the_rest_of_those_kept_does_not_get_in_the_way(self, outbound, server):
        """Four kept connections, none of which still answers."""
        together = threading.Barrier(4)
        server.on("/", lambda connection, request: (together.wait(60), answer(b"ok")(connection, request)))
        client = outbound()
        threads = [threading.Thread(target=client.get, args=(server.url,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.on("/", only_when_new(server))

        assert client.get(server.url).body == b"fresh"
        assert server.connections == 5

    def test_a_new_one_that_breaks_is_an_error(self, outbound, server):
        server.on("/", in_turn(faults.hang_up, answer(b"never asked")))

        with pytest.raises(Unreachable):
            outbound().get(server.url)
        assert len(server.requests) == 1

    def test_what_may_not_be_repeated_is_not(self, outbound, server):
        server.on("/order", in_turn(faults.hang_up, answer(b"never asked")))
        client = outbound()
        client.get(server.url)

        with pytest.raises(Unreachable):
            client.request("POST", server.url + "/order", body=b"{}")
        assert [request.method for request in server.requests] == ["GET", "POST"]


def test_several_threads_share_a_client(outbound, server):
    server.on("/", lambda connection, request: answer(request.target.encode())(connection, request))
    client, wrong = outbound(), []

    def ask(number):
        for turn in range(25):
            wanted = f"/?n={number}.{turn}"
            if client.get(server.url + wanted).body != wanted.encode():
                wrong.append(wanted)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(server.requests) == 200
    assert server.connections <= 8


def test_concurrency_is_bounded(outbound, server):
    under_way, most, lock = 0, [], threading.Lock()

    def count(connection, request):
        nonlocal under_way
        with lock:
            under_way += 1
            most.append(under_way)
        connection.pause(0.02)
        with lock:
            under_way -= 1
        answer(b"ok")(connection, request)

    server.on("/", count)
    client = outbound(concurrency=2)
    threads = [threading.Thread(target=client.get, args=(server.url,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 2


def test_what_was_signed_is_what_is_sent(outbound, server):
    resource = "/wp-json//wc/v3/products?oauth_signature=a%2fb%2B%3D&include[0]=11&x=%7e~"
    outbound().get(server.url + resource)

    assert server.requests[0].target == resource


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_is_sent_as_it_is(outbound, server, method):
    outbound().request(
        method, server.url, body=b'{"a": "\xc3\xa4"}', headers={"Content-Type": "application/json"}
    )
    request = server.requests[0]

    assert (request.method, request.body) == (method, b'{"a": "\xc3\xa4"}')
    assert request.headers["Content-Type"] == "application/json"


def test_a_reply_tells_status_headers_body_address_and_time(outbound, server):
    server.on("/x", answer(b"no", 404, {"X-WP-Total": "7"}))
    reply = outbound().get(server.url + "/x", params={"a": 1})

    assert (reply.status, reply.body, reply.url) == (404, b"no", server.url + "/x?a=1")
    assert reply.headers["x-wp-total"] == "7"
    assert 0 < reply.seconds < 5


def test_errors_hold_nothing_of_the_library_that_failed(outbound, server):
    server.on("/", faults.reset)

    with pytest.raises(RemoteError) as caught:
        outbound().get(server.url + "/?consumer_secret=cs_secret")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
