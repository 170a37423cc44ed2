"""Tokens that end while a shop is mirrored: renewed once, whoever asks, and never lost."""

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from sync2sys.connectors.shopify.grants import GrantLost
from sync2sys.database import transaction
from sync2sys.errors import StoreError, StoreRefusedKeys, StoreUnreachable
from sync2sys.extensions import db
from sync2sys.models import Channel
from sync2sys.models.base import now
from sync2sys.services import connections, credentials
from tests.services.scripted import channel_of, mirrored, pulls_of, run
from tests.services.shopify_shops import (  # noqa: F401 - fixtures among them
    TOKENS,
    authority,
    ca_file,
    change_credentials,
    connect,
    credentials_of,
    lead,
    led,
    organization_of,
    shopify,
    their_app,
)
from tests.services.test_locks import side_by_side
from tests.shops.shopify.catalogues import few

pytestmark = pytest.mark.shopify

HOUR = 3600


@pytest.fixture
def shop(shopify):  # noqa: F811
    return shopify.add_shop("mystore", few(3))


@pytest.fixture
def channel(led, shop, their_app):  # noqa: F811
    return connect(shop, their_app)


@pytest.fixture
def installation(channel, shop, their_app):  # noqa: F811
    return shop.installations[their_app.client_id]


def opened(channel_id):
    state = channel_of(channel_id)
    return connections.open_channel(channel_id, state["platform"], state["capabilities"])


def secrets_of(channel_id):
    return opened(channel_id)._admin._secrets


def ends_in(channel_id, **time_left):
    change_credentials(channel_id, expires_at=(now() + timedelta(**time_left)).isoformat())


def renewals(shopify):  # noqa: F811
    return [request for request in shopify.requests if request.path == TOKENS and b"refresh" in request.body]


# Renewed


def test_a_token_is_used_as_long_as_it_holds(channel, shopify):  # noqa: F811
    ends_in(channel, minutes=6)
    opened(channel).shop()
    assert renewals(shopify) == []


@pytest.mark.parametrize("minutes", [4, 0, -600])
def test_a_token_that_ends_soon_is_renewed_before_it_is_used(channel, shopify, minutes):  # noqa: F811
    before = credentials_of(channel)
    ends_in(channel, minutes=minutes)
    assert opened(channel).shop().name == "Mystore"
    after = credentials_of(channel)
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] not in (before["refresh_token"], None)
    assert after["expires_at"] > (now() + timedelta(minutes=50)).isoformat()
    assert len(renewals(shopify)) == 1


def test_a_token_that_is_refused_is_renewed(channel, shopify):  # noqa: F811
    shopify.clock.advance(HOUR)
    assert opened(channel).shop().name == "Mystore"
    assert len(renewals(shopify)) == 1


def test_a_token_that_ends_during_a_sync_is_renewed_in_it(channel, shop, shopify):  # noqa: F811
    shopify.fault("then", has="query Ids", times=1, act=lambda: shopify.clock.advance(HOUR))
    run(channel)
    assert len(mirrored(channel)) == 3
    assert pulls_of(channel)[-1]["state"] == "applied"
    assert channel_of(channel)["refusals"] == 0


def test_a_channel_can_be_renewed_for_years(channel, shopify):  # noqa: F811
    for _ in range(8):
        shopify.clock.advance(20 * 24 * HOUR)
        opened(channel).shop()
    assert len(renewals(shopify)) == 8


def test_a_token_without_an_end_is_never_renewed(channel, installation, shopify):  # noqa: F811
    kept = {"client_id": installation.app.client_id, "access_token": installation.lasting_token().text}
    transaction(lambda: setattr(db.session.get(Channel, channel), "credentials", kept))()
    shopify.clock.advance(1000 * HOUR)
    opened(channel).shop()
    installation.end_lasting()
    with pytest.raises(StoreRefusedKeys, match="Connect it again"):
        opened(channel).shop()
    assert renewals(shopify) == []


def test_an_answer_that_does_not_say_how_long_is_taken_for_an_hour(channel, shop):
    shop.token_answer_lacks = {"expires_in"}
    ends_in(channel, minutes=0)
    opened(channel).shop()
    left = credentials_of(channel)["expires_at"]
    assert (now() + timedelta(minutes=59)).isoformat() < left < (now() + timedelta(minutes=61)).isoformat()


def test_a_refresh_token_that_is_not_given_anew_is_kept(channel, shop):
    before = credentials_of(channel)["refresh_token"]
    shop.token_answer_lacks = {"refresh_token"}
    ends_in(channel, minutes=0)
    opened(channel).shop()
    assert credentials_of(channel)["refresh_token"] == before


def test_a_day_of_ones_own_organization_is_followed_by_the_next(led, shop, shopify):  # noqa: F811
    own = shopify.add_app([], "read_products", organization=shop.organization)
    channel_id = connect(shop, own)
    change_credentials(channel_id, way="own", client_secret=own.secret)
    shop.token_answer_lacks = {"expires_in"}
    for _ in range(3):
        ends_in(channel_id, minutes=0)
        opened(channel_id).shop()
        assert credentials_of(channel_id)["expires_at"] > (now() + timedelta(minutes=50)).isoformat()


# Once


def test_many_who_renew_at_once_make_one_call(led, channel, shopify):  # noqa: F811
    refused = credentials_of(channel)["access_token"]
    shopify.fault("slow", path=TOKENS, seconds=0.3)
    found = []
    side_by_side(led, 6, lambda: found.append(secrets_of(channel).after(refused)["access_token"]))
    assert len(renewals(shopify)) == 1
    assert set(found) == {credentials_of(channel)["access_token"]}


RENEW = """
import sys
from sync2sys import create_app
from sync2sys.models import Channel
from sync2sys.extensions import db
from sync2sys.services import connections, credentials
credentials.LOCK_SECONDS = float(sys.argv[2])
with create_app().app_context():
    channel = db.session.get(Channel, sys.argv[1])
    connector = connections.open_channel(channel.id, channel.platform, channel.capabilities)
    db.session.rollback()
    print("ready", flush=True)
    sys.stdin.readline()
    print(connector.shop().name)
"""


@pytest.fixture
def renewer(led, instance, database_url, shopify, ca_file, their_app):  # noqa: F811
    """A function that starts a process which asks the shop who it is when it is told to."""
    settings = {
        "INSTANCE": str(instance),
        "DATABASE_URL": database_url,
        "OUTBOUND_ALLOW": "127.0.0.0/8",
        "SHOPIFY_CLIENT_ID": their_app.client_id,
        "SHOPIFY_CLIENT_SECRET": their_app.secret,
    }
    environ = {f"SYNC2SYS_{name}": value for name, value in settings.items()}
    started = []

    def start(channel_id, lock_seconds=60):
        process = subprocess.Popen(
            [sys.executable, "-c", RENEW, channel_id, str(lock_seconds)],
            env=os.environ | environ | shopify.environment(ca_file),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def tell(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def test_so_do_processes_and_one_that_is_killed_in_the_middle_keeps_nobody_for_long(
    channel,
    renewer,
    shopify,  # noqa: F811
):
    first, second, victim = renewer(channel), renewer(channel), renewer(channel, lock_seconds=2)
    assert [process.stdout.readline() for process in (first, second, victim)] == ["ready\n"] * 3
    shopify.clock.advance(HOUR)
    shopify.fault("slow", path=TOKENS, seconds=0.5, times=1)
    tell(first)
    tell(second)
    assert [process.stdout.readline() for process in (first, second)] == ["Mystore\n"] * 2
    assert len(renewals(shopify)) == 1

    shopify.clock.advance(HOUR)
    hanging = shopify.fault("hang", path=TOKENS)
    tell(victim)
    while not hanging.hits:
        assert victim.poll() is None
        time.sleep(0.01)
    victim.kill()
    hanging.stop()
    began = time.monotonic()
    assert opened(channel).shop().name == "Mystore"
    assert time.monotonic() - began < 50, "it waited as long as for a holder that lives"


# Never lost


@pytest.mark.parametrize("kind", ["cut", "reset", "garbage", "home_page", "bad_gateway"])
def test_an_answer_that_was_lost_is_asked_for_again(channel, shopify, kind):  # noqa: F811
    ends_in(channel, minutes=0)
    shopify.fault(kind, path=TOKENS, times=2)
    assert opened(channel).shop().name == "Mystore"
    asked = {request.body for request in renewals(shopify)}
    assert len(asked) == 1, "each time with the same refresh token"


def test_what_holds_is_kept_until_there_is_something_better(channel, shopify):  # noqa: F811
    ends_in(channel, minutes=0)
    before = credentials_of(channel)
    lost = shopify.fault("cut", path=TOKENS)
    with pytest.raises(StoreUnreachable):
        opened(channel).shop()
    assert credentials_of(channel) == before
    lost.stop()
    assert opened(channel).shop().name == "Mystore"


def test_a_token_that_another_one_took_the_place_of_is_made_up_for(channel, installation):
    """Two renewed in spite of all, and the one that was kept is not the one that holds."""
    first = credentials_of(channel)["refresh_token"]
    ends_in(channel, minutes=0)
    opened(channel).shop()
    assert credentials_of(channel)["refresh_token_before"] == first
    installation.refresh(first)
    assert opened(channel).shop().name == "Mystore"
    assert credentials_of(channel)["refresh_token_before"] == first
    # And from there on as ever.
    ends_in(channel, minutes=0)
    opened(channel).shop()
    assert credentials_of(channel)["refresh_token_before"] != first


def test_secrets_that_cannot_be_kept_are_asked_for_again(channel, monkeypatch):
    ends_in(channel, minutes=0)
    keep = credentials._keep

    def fail(*args):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(credentials, "_keep", fail)
    with pytest.raises(RuntimeError):
        opened(channel).shop()
    monkeypatch.setattr(credentials, "_keep", keep)
    assert opened(channel).shop().name == "Mystore"


# Withdrawn


def test_a_consent_that_was_withdrawn_ends_the_channel_at_once(channel, shop, their_app):  # noqa: F811
    run(channel)
    shop.uninstall(their_app)
    with pytest.raises(GrantLost):
        run(channel)
    state = channel_of(channel)
    assert (state["state"], state["problem_code"]) == ("auth_failed", "STORE_AUTH_FAILED")
    assert "Connect it again" in state["problem"]
    assert len(mirrored(channel)) == 3


def test_a_shop_that_is_only_away_ends_nothing(channel, shopify):  # noqa: F811
    ends_in(channel, minutes=0)
    shopify.fault("bad_gateway", path=TOKENS)
    with pytest.raises(StoreError):
        run(channel)
    assert channel_of(channel)["state"] == "connected"


def test_an_app_that_is_not_set_up_any_more_ends_nothing(channel, make_app, lead, shopify):  # noqa: F811
    ends_in(channel, minutes=0)
    with lead(make_app()).app_context():
        with pytest.raises(StoreError, match="SHOPIFY_CLIENT_ID") as caught:
            run(channel)
        assert (caught.value.retryable, caught.value.code) == (False, "STORE_AUTH_FAILED")
        state = channel_of(channel)
        assert (state["state"], state["refusals"]) == ("connected", 0)
        assert "SHOPIFY_CLIENT_ID" in state["problem"]
    assert renewals(shopify) == []


# Meanwhile


def meanwhile(led, shopify, act):  # noqa: F811
    """Do this while a token is being given."""

    def within():
        with led.app_context():
            act()

    return shopify.fault("then", path=TOKENS, times=1, act=within)


def disconnect(channel_id):
    def cut():
        channel = db.session.get(Channel, channel_id)
        channel.state, channel.credentials = "disconnected", None

    transaction(cut)()


@pytest.mark.parametrize("consent", ["holds", "withdrawn"])
def test_a_disconnect_during_a_renewal_stays_one(led, channel, shop, their_app, shopify, consent):  # noqa: F811
    def act():
        disconnect(channel)
        if consent == "withdrawn":
            shop.uninstall(their_app)

    ends_in(channel, minutes=0)
    meanwhile(led, shopify, act)
    with pytest.raises(StoreRefusedKeys, match="not connected"):
        run(channel)
    state = channel_of(channel)
    assert (state["state"], state["sealed_credentials"], state["problem"]) == ("disconnected", None, "")


@pytest.mark.parametrize("before", ["holds", "is dead"])
def test_connecting_again_during_a_renewal_is_what_counts(led, channel, shop, their_app, shopify, before):  # noqa: F811
    organization_id = organization_of(channel)
    ends_in(channel, minutes=0)
    new = []

    def act():
        if before == "is dead":
            shop.uninstall(their_app)
        connect(shop, their_app, organization_id)
        new.append(credentials_of(channel))

    meanwhile(led, shopify, act)
    run(channel)
    assert credentials_of(channel) == new[0]
    assert channel_of(channel)["state"] == "connected"
    assert len(mirrored(channel)) == 3


# Secrets and versions


def test_a_secret_that_is_rotated_goes_on_working(channel, make_app, lead, their_app, shopify):  # noqa: F811
    """The order in which an owner does it: a new secret in Shopify, then here, then the old one ends."""
    old = their_app.secret
    their_app.rotate_secret()
    ends_in(channel, minutes=0)
    opened(channel).shop()
    settings = {"SHOPIFY_CLIENT_SECRET": their_app.secret, "SHOPIFY_OLD_CLIENT_SECRET": old}
    with lead(make_app(SHOPIFY_CLIENT_ID=their_app.client_id, **settings)).app_context():
        ends_in(channel, minutes=0)
        opened(channel).shop()
        their_app.end_rotation()
        ends_in(channel, minutes=0)
        opened(channel).shop()
    assert their_app.secret.encode() in renewals(shopify)[-1].body
    ends_in(channel, minutes=0)
    with pytest.raises(StoreRefusedKeys, match="secret"):
        opened(channel).shop()
    assert channel_of(channel)["state"] == "connected"


def test_channels_of_apps_of_their_own_are_renewed_by_these(channel, shopify):  # noqa: F811
    other_shop, other_app = shopify.add_shop("other"), shopify.add_app()
    other = connect(other_shop, other_app)
    assert credentials_of(other)["client_secret"] == other_app.secret
    for channel_id in (channel, other):
        ends_in(channel_id, minutes=0)
        opened(channel_id).shop()
    first, second = renewals(shopify)
    assert other_app.client_id.encode() in second.body
    assert other_app.client_id.encode() not in first.body


def test_the_version_to_ask_for_is_that_of_the_settings_now(channel, make_app, lead, their_app, shopify):  # noqa: F811
    known = {"SHOPIFY_CLIENT_ID": their_app.client_id, "SHOPIFY_CLIENT_SECRET": their_app.secret}
    with lead(make_app(SHOPIFY_API_VERSION="2026-07", **known)).app_context():
        shopify.requests.clear()
        run(channel, full=True)
        assert {request.path for request in shopify.requests} == {"/admin/api/2026-07/graphql.json"}
        assert channel_of(channel)["version"] == "2026-07"


def test_no_token_stands_in_the_log(channel, shopify, caplog):  # noqa: F811
    caplog.set_level(0)
    ends_in(channel, minutes=0)
    shopify.fault("garbage", path=TOKENS, times=1)
    run(channel)
    known = credentials_of(channel)
    for name in ("access_token", "refresh_token", "refresh_token_before"):
        assert known[name] not in caplog.text
