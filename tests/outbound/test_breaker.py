"""A host that fails again and again is left alone, and asked again later."""

import threading

import pytest

from sync2sys.errors import AddressRefused, BreakerOpen, TimedOut, TooLarge, Unreachable
from sync2sys.outbound.breaker import FAILURES, HOSTS_KEPT, OPEN_SECONDS, Breaker
from tests.faults import server as faults
from tests.faults.server import FaultServer, answer

ORIGIN = "https://shop.example"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(outbound, clock):
    return outbound(clock=clock, sleep=lambda seconds: None)


def fail(client, url, times=FAILURES):
    for _ in range(times):
        assert client.get(url).status == 500


@pytest.fixture
def down(server):
    server.on("/down", answer(status=500))
    return server.url + "/down"


def test_five_failures_in_a_row_open_it(client, server, down, clock):
    fail(client, down)

    with pytest.raises(BreakerOpen, match="failed 5 times in a row") as caught:
        client.get(server.url)
    assert caught.value.retry_after == OPEN_SECONDS
    assert len(server.requests) == 5
    clock.now += OPEN_SECONDS - 1
    with pytest.raises(BreakerOpen) as caught:
        client.get(server.url)
    assert caught.value.retry_after == 1


@pytest.mark.parametrize(
    ("fault", "error", "deadline"), [(faults.reset, Unreachable, 5), (faults.hang, TimedOut, 0.05)]
)
def test_failures_are_whatever_keeps_a_host_from_answering(client, server, fault, error, deadline):
    server.on("/", fault)
    for _ in range(FAILURES):
        with pytest.raises(error):
            client.get(server.url, deadline=deadline)

    with pytest.raises(BreakerOpen):
        client.get(server.url)


@pytest.mark.parametrize("status", [200, 301, 401, 404, 429])
def test_an_answer_in_between_starts_the_count_anew(client, server, down, status):
    server.on("/up", answer(status=status))
    fail(client, down, 4)
    client.get(server.url + "/up")
    fail(client, down, 4)

    assert client.get(server.url + "/up").status == status


def test_a_refused_or_too_large_answer_does_not_open_it(client, server):
    for _ in range(FAILURES * 2):
        with pytest.raises(TooLarge):
            client.get(server.url, max_bytes=1)
        with pytest.raises(AddressRefused):
            client.get("https://10.0.0.1/")


def test_our_own_crowd_does_not_open_it(outbound, server):
    go_on = threading.Event()
    server.on("/slow", lambda connection, request: (go_on.wait(60), answer(b"ok")(connection, request)))
    client = outbound(concurrency=1)
    slow = threading.Thread(target=client.get, args=(server.url + "/slow",))
    slow.start()
    server.wait_for_requests(1)
    for _ in range(FAILURES + 1):
        with pytest.raises(TimedOut, match="Too many requests"):
            client.get(server.url, deadline=0.01)
    go_on.set()
    slow.join()

    assert client.get(server.url).status == 200


def test_the_way_is_free_again_after_a_probe_that_succeeds(client, server, down, clock):
    fail(client, down)
    clock.now += OPEN_SECONDS

    assert client.get(server.url).status == 200
    fail(client, down, 4)
    assert client.get(server.url).status == 200


def test_a_probe_that_fails_closes_it_off_again(client, server, down, clock):
    fail(client, down)
    clock.now += OPEN_SECONDS
    fail(client, down, 1)

    with pytest.raises(BreakerOpen):
        client.get(server.url)
    clock.now += OPEN_SECONDS
    assert client.get(server.url).status == 200


def test_only_one_request_probes(client, server, down, clock):
    fail(client, down)
    clock.now += OPEN_SECONDS
    go_on = threading.Event()
    server.on("/slow", lambda connection, request: (go_on.wait(60), answer(b"ok")(connection, request)))
    probe = threading.Thread(target=client.get, args=(server.url + "/slow",))
    probe.start()
    server.wait_for_requests(FAILURES + 1)

    with pytest.raises(BreakerOpen):
        client.get(server.url)
    go_on.set()
    probe.join()
    assert client.get(server.url).status == 200


def test_other_hosts_are_not_concerned(client, server, down):
    fail(client, down)

    with FaultServer() as other:
        assert client.get(other.url).status == 200


def test_tries_end_when_it_opens_and_the_last_outcome_is_given(client, server, down):
    assert client.get(down, tries=20, patience=10_000).status == 500
    assert len(server.requests) == FAILURES


def test_it_can_be_left_out(outbound, down):
    fail(outbound(breaker=False), down, FAILURES * 2)


class TestAlone:
    def test_an_outcome_that_says_nothing_frees_the_probe(self, clock):
        breaker = Breaker(clock)
        for _ in range(FAILURES):
            breaker.settle(ORIGIN, failed=True)
        clock.now += OPEN_SECONDS
        breaker.admit(ORIGIN)
        breaker.settle(ORIGIN, failed=None)

        breaker.admit(ORIGIN)
        with pytest.raises(BreakerOpen):
            breaker.admit(ORIGIN)

    def test_late_failures_do_not_prolong_it(self, clock):
        breaker = Breaker(clock)
        for _ in range(FAILURES):
            breaker.settle(ORIGIN, failed=True)
        clock.now += OPEN_SECONDS - 1
        breaker.settle(ORIGIN, failed=True)
        clock.now += 1

        breaker.admit(ORIGIN)

    def test_it_does_not_remember_without_end(self):
        breaker = Breaker()
        for number in range(HOSTS_KEPT + 100):
            breaker.settle(f"https://{number}.example", failed=True)

        assert len(breaker._records) == HOSTS_KEPT

    def test_it_counts_right_from_several_threads(self):
        breaker = Breaker()

        def fail_four_times(name):
            for _ in range(FAILURES - 1):
                breaker.settle(f"https://{name}.example", failed=True)

        threads = [threading.Thread(target=fail_four_times, args=(number % 2,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for name in range(2):
            with pytest.raises(BreakerOpen, match="failed 8 times"):
                breaker.admit(f"https://{name}.example")
