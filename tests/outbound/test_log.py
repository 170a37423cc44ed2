"""One record a try, and no secret in any logger, ours or the libraries'."""

import logging

import pytest

from sync2sys.errors import RemoteError
from tests.faults import server as faults
from tests.faults.server import FaultServer, answer, compressed, raw
from tests.outbound.conftest import Names


def ours(caplog):
    return [record for record in caplog.records if record.name == "sync2sys.outbound"]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        yield


def test_an_answer_is_recorded_with_where_it_came_from(outbound, server, caplog):
    server.on("/", compressed(b"x" * 1000))
    outbound(lookup=Names(shop_example=["127.0.0.1", "::1"])).get(f"http://shop.example:{server.port}/")
    [record] = ours(caplog)

    assert record.getMessage() == "GET shop.example: 200"
    assert (record.method, record.host, record.port) == ("GET", "shop.example", server.port)
    assert (record.address, record.resolved) == ("127.0.0.1", ["127.0.0.1", "::1"])
    assert (record.status, record.outcome) == (200, "answered")
    assert 0 < record.bytes < 100
    assert 0 <= record.ms < 5000


def test_a_kept_connection_still_tells_its_address(outbound, server, caplog):
    client = outbound()
    client.get(server.url)
    client.get(server.url)

    assert [record.address for record in ours(caplog)] == ["127.0.0.1"] * 2
    assert [record.resolved for record in ours(caplog)] == [["127.0.0.1"], []]


def test_each_try_has_its_record(outbound, server, caplog):
    closing = answer(status=503, headers={"Connection": "close"})
    server.on("/", faults.in_turn(closing, faults.reset, answer(b"ok")))
    outbound(sleep=lambda seconds: None).get(server.url, tries=3)

    assert [record.outcome for record in ours(caplog)] == ["answered", "Unreachable", "answered"]
    assert [record.status for record in ours(caplog)] == [503, None, 200]


def test_a_refused_address_is_recorded(outbound, caplog):
    with pytest.raises(RemoteError):
        outbound("", lookup=Names(evil_example=["10.1.2.3"])).get("https://evil.example/")
    [record] = ours(caplog)

    assert (record.outcome, record.address, record.status) == ("AddressRefused", None, None)


@pytest.mark.parametrize(
    "fault",
    [
        answer(b"the-secret"),
        answer(b"", 302, {"Location": "https://the-secret.example/"}),
        raw(b"HTTP/1.1 200 OK\r\nmalformed the-secret\r\n\r\n"),
        raw(b"the-secret is not HTTP\r\n\r\n"),
        answer(b"x", headers={"Set-Cookie": "a=the-secret", "Content-Encoding": "br"}),
        faults.reset,
        faults.hang,
        faults.half_body,
    ],
)
def test_no_secret_is_ever_logged_or_told(outbound, server, caplog, fault):
    server.on("/the-secret", fault)
    try:
        told = repr(
            outbound().request(
                "POST",
                server.url + "/the-secret?consumer_secret=the-secret",
                params={"oauth_signature": "the-secret"},
                headers={"Authorization": "Basic the-secret"},
                body=b"the-secret",
                deadline=0.2,
            )
        )
    except RemoteError as error:
        told = f"{error!r} {error.__cause__!r} {error.__context__!r}"

    assert len(ours(caplog)) == 1
    assert "the-secret" not in told
    assert not [
        record for record in caplog.records if "the-secret" in repr(vars(record)) + record.getMessage()
    ]


def test_a_url_that_is_refused_is_not_repeated(outbound):
    for url in ("https://user:the-secret@shop.example/", "https://shop.example\\the-secret", "the-secret"):
        with pytest.raises(RemoteError) as caught:
            outbound().get(url)
        assert "the-secret" not in str(caught.value)
        assert caught.value.__context__ is None


def test_the_log_tells_a_failed_handshake_too(outbound, caplog):
    with FaultServer(greeting=faults.reset) as server, pytest.raises(RemoteError):
        outbound().get(f"https://127.0.0.1:{server.port}/")

    assert [record.outcome for record in ours(caplog)] == ["Unreachable"]
