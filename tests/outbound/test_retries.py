"""When a request is made again, and after what time. Nobody really waits here."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sync2sys.errors import TimedOut, TooLarge, Unreachable
from sync2sys.outbound.retries import CAP, asked_to_wait, jitter, wait_before
from tests.faults import server as faults
from tests.faults.server import answer, in_turn


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(outbound, waits):
    return outbound(sleep=waits.append, spread=lambda low, high: high, breaker=False)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_host_in_trouble_is_asked_again(client, server, waits, status):
    server.on("/", in_turn(answer(status=status), answer(status=status), answer(b"ok")))

    assert client.get(server.url, tries=3).body == b"ok"
    assert waits == [2, 4]


@pytest.mark.parametrize("fault", [faults.reset, faults.half_body, faults.truncated_gzip, faults.hang])
def test_so_is_one_that_breaks_off(client, server, waits, fault):
    server.on("/", in_turn(fault, answer(b"ok")))

    assert client.get(server.url, tries=2, deadline=0.5).body == b"ok"
    assert waits == [2]


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 401, 403, 404, 410, 501])
def test_other_answers_are_final(client, server, status):
    server.on("/", answer(status=status))

    assert client.get(server.url, tries=5).status == status
    assert len(server.requests) == 1


def test_too_large_is_final(client, server):
    server.on("/", answer(b"x" * 100))

    with pytest.raises(TooLarge):
        client.get(server.url, max_bytes=10, tries=5)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("method", "asked"), [("POST", 1), ("PATCH", 1), ("PUT", 3), ("DELETE", 3), ("HEAD", 3)]
)
def test_only_what_may_be_repeated_is(client, server, method, asked):
    server.on("/", answer(status=503))

    assert client.request(method, server.url, tries=3).status == 503
    assert len(server.requests) == asked


def test_one_try_is_the_default(client, server, waits):
    server.on("/", answer(status=503))

    assert client.get(server.url).status == 503
    assert (len(server.requests), waits) == (1, [])


def test_the_last_outcome_is_given_when_the_tries_are_used_up(client, server):
    server.on("/", in_turn(answer(status=503), faults.reset))
    with pytest.raises(Unreachable):
        client.get(server.url, tries=2)

    server.on("/", in_turn(faults.hang, answer(status=500)))
    assert client.get(server.url, tries=2, deadline=0.5).status == 500

    server.on("/", in_turn(answer(status=500), faults.hang))
    with pytest.raises(TimedOut):
        client.get(server.url, tries=2, deadline=0.1)


class TestRetryAfter:
    def test_seconds_are_waited_for(self, client, server, waits):
        server.on("/", in_turn(answer(status=429, headers={"Retry-After": "17"}), answer(b"ok")))

        assert client.get(server.url, tries=2).body == b"ok"
        assert waits == [17]

    def test_so_are_dates(self, client, server, waits):
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=31), usegmt=True)
        server.on("/", in_turn(answer(status=503, headers={"Retry-After": until}), answer(b"ok")))

        assert client.get(server.url, tries=2).body == b"ok"
        assert 29 < waits[0] <= 31

    def test_a_date_is_read_by_the_servers_own_clock(self):
        headers = {"Date": "Mon, 01 Jan 2001 00:00:00 GMT", "Retry-After": "Mon, 01 Jan 2001 00:02:00 GMT"}

        assert asked_to_wait(headers) == 120

    def test_it_is_never_shortened_by_the_dice(self, outbound, server, waits):
        server.on("/", in_turn(answer(status=429, headers={"Retry-After": "17"}), answer(b"ok")))
        outbound(sleep=waits.append, spread=lambda low, high: low).get(server.url, tries=2)

        assert waits == [17]

    def test_nor_does_it_shorten_our_own_wait(self, client, server, waits):
        server.on("/", in_turn(answer(status=429, headers={"Retry-After": "1"}), answer(b"ok")))
        client.get(server.url, tries=2)

        assert waits == [2]

    def test_a_wait_beyond_our_patience_is_not_begun(self, client, server, waits):
        server.on("/", answer(status=503, headers={"Retry-After": "600"}))
        reply = client.get(server.url, tries=5, patience=60)

        assert (reply.status, reply.retry_after) == (503, 600)
        assert (len(server.requests), waits) == (1, [])

    def test_patience_is_for_all_waits_together(self, client, server, waits):
        server.on("/", answer(status=503, headers={"Retry-After": "25"}))

        assert client.get(server.url, tries=9, patience=60).status == 503
        assert waits == [25, 25]

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("0", 0),
            ("120", 120),
            (" 7 ", 7),
            ("1.5", 1.5),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("-5", None),
            ("", None),
            ("soon", None),
            ("inf", None),
            ("nan", None),
            ("1e3", None),
            ("٣", None),
            ("9" * 400, None),
            ("Mon, 99 Jan 2001 00:00:00 GMT", None),
            ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ],
    )
    def test_what_cannot_be_read_counts_as_not_said(self, text, seconds):
        assert asked_to_wait({"Retry-After": text}) == seconds

    def test_the_older_ways_to_write_a_date_are_read(self):
        date = {"Date": "Sun, 06 Nov 1994 08:49:07 GMT"}

        assert asked_to_wait(date | {"Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT"}) == 30
        assert asked_to_wait(date | {"Retry-After": "Sun Nov  6 08:49:37 1994"}) == 30


class TestJitter:
    def test_waits_double_up_to_the_cap(self):
        waits = [wait_before(number, None, lambda low, high: high) for number in range(1, 13)]

        assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, CAP, CAP, CAP]
        assert wait_before(10_000, None, lambda low, high: high) == CAP

    def test_it_is_spread_over_the_whole_range(self):
        waits = [wait_before(3, None, jitter) for _ in range(500)]

        assert min(waits) < 1
        assert max(waits) > 7
        assert all(0 <= wait <= 8 for wait in waits)
