"""flask pricing: what it says, and what it refuses."""

import json

import pytest

from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import Channel
from tests.services import catalogues, lists
from tests.services.test_pricing import POLICY, SHOP, work


@pytest.fixture
def place(app):
    """A channel and a supplier with an offer for one of its products, and with two for another."""
    with app.app_context():
        organization = catalogues.organization()
        channel = catalogues.channel(organization)
        catalogues.fill(channel, SHOP)
        lists.deliver(lists.supplier(organization), "A-1;;5,00;10", "A-2;;5,00;10", "a-2;;6,00;10")
    return channel


def flask(app, *words, given=None):
    done = app.test_cli_runner().invoke(args=["pricing", *words], input=given)
    return done.exit_code, done.output


def test_what_is_set_is_decided_and_shown(app, place):
    spec = {"policy": POLICY, "taxRates": {"": "19"}}
    code, told = flask(app, "set", place, "-", given=json.dumps(spec))
    assert (code, "flask pricing decisions" in told) == (0, True), told
    assert "Nothing was decided yet." in flask(app, "show", place)[1]
    work(app)
    told = flask(app, "decisions", place)[1]
    assert "price 7.99 EUR (in the shop 9.99)" in told
    assert "pieces 8 (in the shop 5)" in told
    assert "1 decided" in flask(app, "show", place)[1]
    assert flask(app, "quarrels", place)[1].count("contested") == 2
    assert flask(app, "off", place)[0] == 0
    assert "0 of 0." in flask(app, "decisions", place)[1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "Use an object"),
        ('{"prices": {}}', "Use an object"),
        ('{"policy": {"rules": [{}]}}', "says nothing"),
    ],
)
def test_what_cannot_be_used_is_told(app, place, given, told):
    code, answer = flask(app, "set", place, "-", given=given)
    assert (code, told in answer) == (1, True), answer
    assert "flask pricing set" in flask(app, "show", place)[1]


def test_a_channel_that_is_none_is_told(app):
    for words in (["show", "nobody"], ["decisions", "nobody"], ["off", "nobody"]):
        code, answer = flask(app, *words)
        assert (code, "No such store" in answer) == (1, True)


def test_a_store_is_named_by_its_address_as_well(app, place):
    with app.app_context():
        origin = look(lambda: db.session.get_one(Channel, place).origin)()
    spec = json.dumps({"policy": POLICY})
    assert flask(app, "set", f"{origin}/", "-", given=spec)[0] == 0
    assert flask(app, "show", origin) == flask(app, "show", place)


def test_a_store_in_a_network_that_may_not_be_asked_is_named_all_the_same(make_app, place):
    app = make_app(OUTBOUND_ALLOW="")
    with app.app_context():
        transaction(lambda: setattr(db.session.get_one(Channel, place), "origin", "http://10.1.2.3:8100"))()
    assert flask(app, "off", "http://10.1.2.3:8100")[0] == 0
