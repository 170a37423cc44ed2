"""POST /api/auth/register-from-plugin and what its token may do."""

import threading

import pytest

from sync2sys.extensions import db
from sync2sys.models import Installation, Organization, Token, User
from tests.plugin import Plugin, assert_error


def test_a_new_store_registers_and_gets_a_token(client):
    answer = Plugin(client).register()
    assert answer.status_code == 200
    assert set(answer.json) == {"token", "user", "isNewAccount"}
    assert answer.json["isNewAccount"] is True
    assert answer.json["user"]["email"] == "admin@yourstore.com"


def test_registering_the_same_pair_again_is_not_new_and_keeps_the_user(client):
    first = Plugin(client).register()
    again = Plugin(client).register()
    assert again.json["isNewAccount"] is False
    assert again.json["user"] == first.json["user"]
    assert again.json["token"] != first.json["token"]


def test_the_same_address_with_another_store_is_new_but_the_same_user(client):
    first = Plugin(client).register()
    other = Plugin(client, url="https://otherstore.com").register()
    assert other.json["isNewAccount"] is True
    assert other.json["user"] == first.json["user"]


@pytest.mark.parametrize(
    ("email", "url"),
    [
        ("Admin@YourStore.com", "HTTPS://YOURSTORE.com:443/"),
        ("ADMIN@YOURSTORE.COM", "https://yourstore.com/"),
        ("admin@yourstore.com", "yourstore.com"),
        ("admin@yourstore.com", "https://yourstore.com./"),
    ],
)
def test_another_spelling_is_the_same_installation(client, email, url):
    first = Plugin(client).register()
    again = Plugin(client, email=email, url=url).register()
    assert again.json["isNewAccount"] is False
    assert again.json["user"] == first.json["user"]


def test_source_may_be_missing_and_unknown_fields_are_ignored(client):
    body = {"email": "a@b.example", "storeUrl": "https://shop.example", "wpVersion": "7.0"}
    assert client.post("/api/auth/register-from-plugin", json=body).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "ftp://shop.example",
        "file:///etc/passwd",
        "https://user:pw@shop.example",
        "https://shop.example:99999",
        "https://shop.example/?x=1",
        "https://shop.example/#top",
        "https://shop.example/../admin",
        "https://shop.example\\@evil.example",
        "https://shop\texample",
        "https://169.254.169.254",
        "https://10.0.0.1",
        "https://[::ffff:10.0.0.1]",
        "https://2130706433",
        "https://0x7f.1",
        "https://" + "a" * 3000 + ".example",
        7,
        None,
        ["https://shop.example"],
        {"url": "https://shop.example"},
    ],
)
def test_an_address_that_is_none_is_refused_by_field(client, app, url):
    answer = client.post("/api/auth/register-from-plugin", json={"email": "a@b.example", "storeUrl": url})
    assert "storeUrl" in assert_error(answer, 400, "Bad Request")["details"]
    with app.app_context():
        assert db.session.query(User).count() == 0


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@",
        "@b.example",
        "a@@b.example",
        "a b@c.example",
        "a,b@c.example",
        "a@b",
        "a" * 300 + "@b.de",
        5,
    ],
)
def test_an_email_that_is_none_is_refused_by_field(client, email):
    answer = client.post(
        "/api/auth/register-from-plugin", json={"email": email, "storeUrl": "https://shop.example"}
    )
    assert "email" in assert_error(answer, 400)["details"]


def test_registering_makes_no_organization_until_something_is_made(client, app):
    Plugin(client).register()
    with app.app_context():
        assert db.session.query(Organization).count() == 0


def test_an_unproved_token_sees_an_empty_service(client):
    plugin = Plugin(client)
    plugin.register()
    assert plugin.status().json == {
        "connected": False,
        "email": "admin@yourstore.com",
        "plan": "starter",
        "organizationName": "",
    }
    assert plugin.sync_status().json == {
        "suppliers": 0,
        "feeds": 0,
        "products_synced": 0,
        "last_sync": None,
        "last_activity": None,
    }


def test_a_stranger_who_registers_often_ends_only_strangers_tokens(client, app):
    first = Plugin(client)
    first.register()
    for _ in range(6):
        Plugin(client).register()
    assert_error(first.status(), 401)
    with app.app_context():
        assert db.session.query(Token).filter_by(state="active").count() == 5


def test_two_hundred_at_once_are_one_account_with_one_that_is_new(make_app):
    app = make_app(REGISTER_RATE="1000")
    answers = []

    def register():
        answers.append(Plugin(app.test_client()).register())

    threads = [threading.Thread(target=lambda: [register() for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 200
    assert sum(answer.json["isNewAccount"] for answer in answers) == 1
    with app.app_context():
        assert db.session.query(User).count() == 1
        assert db.session.query(Installation).count() == 1


def test_a_thousand_registrations_from_one_network_are_stopped(make_app):
    client = make_app(REGISTER_RATE="5").test_client()
    codes = []
    for number in range(20):
        answer = client.post(
            "/api/auth/register-from-plugin",
            json={"email": f"a{number}@b.example", "storeUrl": "https://shop.example"},
            environ_base={"REMOTE_ADDR": f"2001:db8:1:2::{number:x}"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
        codes.append(answer.status_code)
    assert codes == [200] * 5 + [429] * 15
    assert int(answer.headers["Retry-After"]) > 0
    assert_error(answer, 429)
