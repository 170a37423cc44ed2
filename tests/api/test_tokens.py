"""Whatever is wrong with a token is a 401 in the contract's shape; rights stand in its row."""

import base64
import json
from datetime import timedelta

import jwt
import pytest

from sync2sys.database import transaction
from sync2sys.extensions import db, vault
from sync2sys.models import Token, User
from sync2sys.models.base import now
from sync2sys.services import accounts, tokens
from tests.plugin import Plugin, assert_error

STATUS = "/api/auth/account-status"


@pytest.fixture
def plugin(client):
    plugin = Plugin(client)
    plugin.register()
    return plugin


@pytest.fixture
def forge(app, plugin):
    """A token as ours, with some claims and headers changed (None leaves one out)."""
    with app.app_context():
        kid = vault.kids[0]
        key = vault.token_keys[kid]
    claims = jwt.decode(plugin.token, options={"verify_signature": False})

    def make(algorithm="HS256", key=key, headers=None, **changes):
        body = {name: value for name, value in (claims | changes).items() if value is not None}
        head = {"kid": kid} | (headers or {})
        return jwt.encode(
            body, key, algorithm, headers={name: value for name, value in head.items() if value is not None}
        )

    return make


def test_the_forged_copy_of_a_good_token_works_so_that_the_others_prove_something(client, forge):
    assert client.get(STATUS, headers={"Authorization": f"Bearer {forge()}"}).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "HS512"},
        {"key": "0" * 64},
        {"headers": {"kid": "other"}},
        {"headers": {"kid": "../../etc/passwd"}},
        {"headers": {"kid": None}},
        {"aud": "somebody-else"},
        {"aud": None},
        {"iss": "somebody-else"},
        {"iss": None},
        {"type": "refresh"},
        {"typ": "panel"},
        {"typ": None},
        {"exp": 1},
        {"nbf": 4_000_000_000},
        {"jti": None},
        {"jti": "0" * 32},
        {"jti": 5},
        {"jti": ["a"]},
        {"sub": None},
        {"sub": 5},
        {"sub": "0" * 36},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_that_is_wrong_in_anything_is_refused(client, forge, changes):
    answer = client.get(STATUS, headers={"Authorization": f"Bearer {forge(**changes)}"})
    assert_error(answer, 401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unsigned_token_is_refused(client, plugin):
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=")
    body = plugin.token.split(".")[1]
    for token in (f"{header.decode()}.{body}.", f"{header.decode()}.{body}.x"):
        assert_error(client.get(STATUS, headers={"Authorization": f"Bearer {token}"}), 401)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Basic dTpw",
        "Token abc",
        "bearer",
        "Bearer " + "a" * 9000,
    ],
)
def test_a_header_that_holds_no_token_is_a_401(client, header):
    assert_error(client.get(STATUS, headers={"Authorization": header}), 401)


def test_a_token_in_the_query_or_a_cookie_is_not_looked_at(client, plugin):
    assert_error(client.get(f"{STATUS}?jwt={plugin.token}"), 401)
    client.set_cookie("access_token_cookie", plugin.token)
    assert_error(client.get(STATUS), 401)


def test_a_revoked_row_ends_the_token_at_once(app, plugin):
    _change(app, state="revoked")
    assert_error(plugin.status(), 401)


def test_an_expired_row_ends_the_token_before_its_claim_does(app, plugin):
    _change(app, expires_at=now() - timedelta(seconds=1))
    assert_error(plugin.status(), 401)


def test_a_token_unused_for_half_a_year_is_dead(app, plugin):
    _change(app, used_at=now() - timedelta(days=181))
    assert_error(plugin.status(), 401)


def test_use_is_written_down_at_most_every_hour(app, plugin):
    long_ago = now() - timedelta(hours=2)
    _change(app, used_at=long_ago)
    assert plugin.status().status_code == 200
    with app.app_context():
        assert db.session.query(Token).one().used_at > long_ago + timedelta(hours=1)


def test_a_deleted_account_takes_its_tokens_with_it(app, plugin):
    with app.app_context():
        transaction(lambda: db.session.delete(db.session.query(User).one()))()
    assert_error(plugin.status(), 401)


def test_an_older_key_verifies_until_it_is_dropped(make_app):
    old, new = "old:" + "YWFh" * 11, "new:" + "YmJi" * 11
    plugin = Plugin(make_app(KEYS=old).test_client())
    plugin.register()
    plugin.client = make_app(KEYS=f"{new},{old}").test_client()
    assert plugin.status().status_code == 200
    plugin.client = make_app(KEYS=new).test_client()
    assert_error(plugin.status(), 401)


def _change(app, **values):
    def change():
        db.session.execute(db.update(Token).values(**values))

    with app.app_context():
        transaction(change)()


# Panel accounts ----------------------------------------------------------------------------------


@pytest.fixture
def alice(app):
    """Alice has a panel account and an organization."""
    with app.app_context():
        transaction(accounts.create)("alice@example.com", "correct horse battery", "Alice Ltd")
    return {"email": "alice@example.com", "password": "correct horse battery"}


def test_signing_in_gives_tokens(client, alice):
    answer = client.post("/api/auth/login", json=alice)
    assert answer.status_code == 200
    assert set(answer.json) == {"token", "user", "refreshToken", "expiresIn"}
    status = client.get(STATUS, headers={"Authorization": f"Bearer {answer.json['token']}"})
    assert status.json == {
        "connected": False,
        "email": "alice@example.com",
        "plan": "starter",
        "organizationName": "Alice Ltd",
    }


def test_a_wrong_password_and_an_unknown_account_look_alike(client, alice):
    wrong = client.post("/api/auth/login", json=alice | {"password": "wrong password"})
    unknown = client.post("/api/auth/login", json=alice | {"email": "bob@example.com"})
    assert assert_error(wrong, 401) == assert_error(unknown, 401)


def test_an_unknown_account_costs_a_hash_too(client, alice, monkeypatch):
    hashes = []
    verify = accounts.HASHER.verify
    monkeypatch.setattr(
        type(accounts.HASHER), "verify", lambda self, *given: hashes.append(given[0]) or verify(*given)
    )
    client.post("/api/auth/login", json=alice | {"email": "bob@example.com"})
    assert len(hashes) == 1


def test_a_plugin_account_without_password_cannot_sign_in(client, plugin):
    answer = client.post("/api/auth/login", json={"email": plugin.email, "password": "anything at all"})
    assert_error(answer, 401)


def test_twenty_wrong_passwords_are_stopped(client, alice):
    codes = [
        client.post("/api/auth/login", json=alice | {"password": f"wrong password {number}"}).status_code
        for number in range(20)
    ]
    assert codes == [401] * 10 + [429] * 10
    assert_error(client.post("/api/auth/login", json=alice), 429)


def test_many_addresses_cannot_guess_one_account_for_ever(make_app):
    client = make_app(LOGIN_RATE="2").test_client()
    codes = [
        client.post(
            "/api/auth/login",
            json={"email": "alice@example.com", "password": "guess number one"},
            environ_base={"REMOTE_ADDR": f"198.51.100.{number}"},
        ).status_code
        for number in range(12)
    ]
    assert codes == [401] * 10 + [429] * 2


def test_a_refresh_token_works_once_and_its_second_use_ends_the_sign_in(client, alice):
    first = client.post("/api/auth/login", json=alice).json
    second = client.post("/api/auth/refresh", headers={"Authorization": f"Bearer {first['refreshToken']}"})
    assert second.status_code == 200
    assert_error(client.get(STATUS, headers={"Authorization": f"Bearer {first['token']}"}), 401)
    stolen = client.post("/api/auth/refresh", headers={"Authorization": f"Bearer {first['refreshToken']}"})
    assert_error(stolen, 401)
    for token in (second.json["token"],):
        assert_error(client.get(STATUS, headers={"Authorization": f"Bearer {token}"}), 401)
    again = client.post(
        "/api/auth/refresh", headers={"Authorization": f"Bearer {second.json['refreshToken']}"}
    )
    assert_error(again, 401)


def test_signing_out_ends_both_tokens(client, alice):
    signed_in = client.post("/api/auth/login", json=alice).json
    auth = {"Authorization": f"Bearer {signed_in['token']}"}
    assert client.post("/api/auth/logout", headers=auth).status_code == 204
    assert_error(client.get(STATUS, headers=auth), 401)
    auth = {"Authorization": f"Bearer {signed_in['refreshToken']}"}
    assert_error(client.post("/api/auth/refresh", headers=auth), 401)


def test_an_access_token_does_not_refresh_and_a_refresh_token_opens_nothing_else(client, alice):
    signed_in = client.post("/api/auth/login", json=alice).json
    auth = {"Authorization": f"Bearer {signed_in['token']}"}
    assert_error(client.post("/api/auth/refresh", headers=auth), 401)
    auth = {"Authorization": f"Bearer {signed_in['refreshToken']}"}
    assert_error(client.get(STATUS, headers=auth), 401)


def test_a_plugin_token_does_not_open_panel_routes(client, plugin):
    assert_error(client.post("/api/auth/logout", headers=plugin.auth()), 403, "Forbidden")


def test_a_password_is_kept_as_argon2id(app, alice):
    with app.app_context():
        assert db.session.query(User).one().password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_ending_the_oldest_tokens_spares_the_other_sort(app, client):
    plugin = Plugin(client)
    plugin.register()
    with app.app_context():
        token = db.session.query(Token).one()
        transaction(
            lambda: [
                tokens.issue_plugin(db.session.get(Token, token.jti).installation, proved=True)
                for _ in range(7)
            ]
        )()
        states = db.session.query(Token.proved, Token.state).all()
    assert states.count((True, "active")) == 5
    assert states.count((False, "active")) == 1
