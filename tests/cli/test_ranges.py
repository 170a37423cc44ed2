"""flask suppliers range: what it says, and what it refuses."""

import json

import pytest

from tests.services.test_ranges import RANGE, SHOE, Trader, offer


@pytest.fixture
def trader(app):
    found = Trader(app, "trader@example.com")
    found.supplier("First", offer("A", "5.00", gtin=SHOE), offer("B", "5.00"), offer("C", "4.00", gtin=SHOE))
    return found


def flask(app, *words, given=None):
    done = app.test_cli_runner().invoke(args=[*words], input=given)
    return done.exit_code, done.output


def test_a_range_is_set_synced_shown_and_turned_off(app, trader):
    code, told = flask(app, "suppliers", "range", "set", "-", given=json.dumps(RANGE))
    channel = trader.range()["channelId"]
    assert (code, f"flask sync {channel}" in told) == (0, True), told
    assert flask(app, "sync", channel)[0] == 0
    told = flask(app, "suppliers", "range", "show")[1]
    assert '"currency": "EUR"' in told
    assert "connected\t2 products\t2 contested, 2 decided, 3 offers" in told
    assert '"mark":' not in told
    assert "range of Shop Ltd: connected" in flask(app, "doctor")[1]
    code, told = flask(app, "stores", "webhook", channel)
    assert (code, "no shop behind" in told) == (1, True)
    assert flask(app, "suppliers", "range", "off")[0] == 0
    assert "disconnected\t2 products" in flask(app, "suppliers", "range", "show")[1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "This is no range"),
        ("{}", "currency"),
        (json.dumps(RANGE | {"country": "Germany"}), "country"),
        (json.dumps(RANGE | {"link": "https://shop.example"}), "one address"),
    ],
)
def test_what_cannot_be_used_is_told(app, trader, given, told):
    code, answer = flask(app, "suppliers", "range", "set", "-", given=given)
    assert (code, told in answer) == (1, True), answer
    code, answer = flask(app, "suppliers", "range", "show")
    assert (code, "Offers are no products here yet." in answer) == (1, True)
