"""Signing in to the panel: what it takes, how long it lasts, and what others may try."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete

from sync2sys import crypto
from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Token, User
from sync2sys.models.base import now
from sync2sys.services import accounts, tokens
from tests.panel.visitor import EMAIL, PASSWORD, Visitor
from tests.plugin import assert_error

LIST = "/sales-channels"
COOKIE = "sync2sys"


def cookie_of(visitor, name=COOKIE):
    return visitor.client.get_cookie(name)


def with_cookie(app, value):
    """Somebody else's browser that holds this cookie."""
    client = app.test_client()
    client.set_cookie(COOKIE, value)
    return Visitor(client)


def is_signed_in(visitor):
    visitor.open(LIST)
    return visitor.place[0] == LIST


def sessions(app):
    with app.app_context():
        return list(db.session.query(Token).filter_by(kind="session"))


# The way in


def test_whoever_is_not_signed_in_is_asked_to_and_comes_to_what_he_wanted(visitor):
    wanted = f"{LIST}?oauth=error&message=denied"
    visitor.open(wanted)
    assert visitor.place == ("/sign-in", {"next": wanted})
    visitor.submit("/sign-in", email=EMAIL, password=PASSWORD)
    assert visitor.answer.status_code == 303
    visitor.follow()
    assert visitor.place == (LIST, {"oauth": "error", "message": "denied"})
    assert "The app was not approved in Shopify." in visitor.text


def test_whoever_is_signed_in_needs_no_second_time(alice):
    alice.open(f"/sign-in?next={LIST}?oauth=success")
    assert alice.place == (LIST, {"oauth": "success"})


def test_the_email_may_be_written_in_any_case(visitor):
    visitor.sign_in(" Alice@Example.COM ")
    assert is_signed_in(visitor)


def test_a_wrong_password_and_an_unknown_email_are_told_alike(visitor):
    pages = []
    for email, password in ((EMAIL, "wrong horse battery"), ("bob@example.com", PASSWORD)):
        visitor.open("/sign-in")
        visitor.submit("/sign-in", email=email, password=password)
        assert visitor.answer.status_code == 401
        assert password not in visitor.answer.text
        token = visitor.page.xpath("//input[@name='formToken']/@value")[0]
        pages.append(visitor.answer.text.replace(email, "").replace(token, ""))
    assert pages[0] == pages[1]
    assert "E-mail or password is wrong." in pages[0]
    assert not is_signed_in(visitor)


@pytest.mark.parametrize("email", ["", "alice", "a@b", "<script>@example.com", "a\0@example.com"])
def test_what_is_no_email_is_a_400_and_shown_as_text_only(visitor, email):
    visitor.open("/sign-in")
    visitor.submit("/sign-in", email=email, password=PASSWORD)
    assert visitor.answer.status_code == 400
    assert "<script" not in visitor.answer.text


def test_an_account_that_only_a_plugin_has_cannot_sign_in(app, visitor):
    with app.app_context():
        transaction(accounts.user_of)("plugin@example.com")
    visitor.open("/sign-in")
    visitor.submit("/sign-in", email="plugin@example.com", password="")
    assert visitor.answer.status_code == 400
    visitor.submit("/sign-in", email="plugin@example.com", password="anything at all")
    assert visitor.answer.status_code == 401


# A34: guessing


def test_wrong_passwords_are_counted_together_with_those_at_the_api(make_app, organization_id):
    app = make_app(LOGIN_RATE="4")
    visitor = Visitor(app.test_client())
    for number in range(2):
        visitor.open("/sign-in")
        visitor.submit("/sign-in", email=EMAIL, password=f"wrong password {number}")
        assert visitor.answer.status_code == 401
        body = {"email": EMAIL, "password": f"wrong password {number}"}
        assert visitor.client.post("/api/auth/login", json=body).status_code == 401
    visitor.open("/sign-in")
    visitor.submit("/sign-in", email=EMAIL, password=PASSWORD)
    assert visitor.answer.status_code == 429
    assert int(visitor.answer.headers["Retry-After"]) > 0
    assert re.search(r"Too many attempts. Wait \d+ seconds.", visitor.text)


# Where it leads


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/@evil.example",
    "javascript:alert(1)",
    "sales-channels",
    "/sales-channels\r\nSet-Cookie: a=b",
    "",
]


def test_signing_in_never_leads_to_another_site(visitor):
    visitor.open("/sign-in")
    visitor.submit("/sign-in", email=EMAIL, password=PASSWORD, next=ELSEWHERE[0])
    assert (visitor.answer.status_code, visitor.answer.location) == (303, LIST)
    for target in ELSEWHERE:
        answer = visitor.client.get("/sign-in", query_string={"next": target})
        assert (answer.status_code, answer.location) == (303, LIST), target


# How long it lasts


def test_the_cookie_is_for_us_alone(alice):
    [header] = [each for each in alice.answer.headers.getlist("Set-Cookie") if each.startswith(f"{COOKIE}=")]
    parts = {part.strip().partition("=")[0] for part in header.split(";")[1:]}
    assert {"HttpOnly", "Path", "SameSite", "Expires"} <= parts
    assert "SameSite=Lax" in header
    assert not parts & {"Domain", "Secure"}


def test_where_the_outside_sees_https_the_cookie_is_bound_to_it(make_app, organization_id):
    app = make_app(PUBLIC_URL="https://service.example")
    visitor = Visitor(app.test_client(), "https://service.example").sign_in()
    [header] = visitor.answer.headers.getlist("Set-Cookie")
    assert header.startswith("__Host-sync2sys=")
    assert "Secure;" in header
    assert "Path=/;" in header or header.endswith("Path=/")
    assert "Domain" not in header


def test_signing_out_ends_the_sign_in_and_not_only_in_this_browser(app, alice):
    copy = cookie_of(alice).value
    assert is_signed_in(with_cookie(app, copy))
    is_signed_in(alice)
    alice.submit("/sign-out")
    assert alice.answer.location == "/sign-in"
    assert not is_signed_in(alice)
    assert not is_signed_in(with_cookie(app, copy))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "revoked"},
        {"expires_at": now() - timedelta(seconds=1)},
        {"used_at": now() - timedelta(days=181)},
        {"kind": "access"},
        {"kind": "refresh"},
        {"typ": "plugin", "kind": "access"},
    ],
    ids=["revoked", "expired", "idle", "access", "refresh", "plugin"],
)
def test_a_sign_in_counts_as_long_as_its_row_says_so(app, alice, change):
    assert is_signed_in(alice)
    with app.app_context():
        transaction(lambda: db.session.query(Token).update(change))()
    assert not is_signed_in(alice)


def test_a_sign_in_lasts_two_weeks(app, alice):
    [token] = sessions(app)
    assert token.expires_at - token.created_at <= timedelta(days=14)


def test_a_new_password_ends_every_sign_in(app, alice):
    with app.app_context():
        transaction(accounts.set_password)(EMAIL, "another horse battery")
    assert not is_signed_in(alice)


def test_somebody_elses_session_is_left_alone(app, alice, bob):
    with app.app_context():
        transaction(accounts.set_password)(EMAIL, "another horse battery")
    assert is_signed_in(bob)


def test_a_removed_account_is_signed_in_no_longer(app, alice):
    with app.app_context():
        transaction(lambda: db.session.execute(delete(User)))()
    assert not is_signed_in(alice)


# What the cookie is not


def test_a_changed_cookie_is_none(app, alice):
    value = cookie_of(alice).value
    for spoilt in (value[:-1], value[::-1], f"{value}x", "", "é", "." * 500):
        assert not is_signed_in(with_cookie(app, spoilt))


def test_a_token_of_the_api_is_no_sign_in(app, alice):
    """Not even in a cookie that only we could have signed."""
    with app.app_context():
        user = db.session.query(User).one()
        pair = transaction(lambda: tokens.issue_panel(user))()
        for token in (pair.access, pair.refresh):
            value = app.session_interface.get_signing_serializer(app).dumps({"jti": token.jti})
            assert not is_signed_in(with_cookie(app, value))


def test_the_cookie_opens_no_endpoint_of_the_api(alice):
    assert_error(alice.client.get("/api/channels"), 401)


def test_signing_in_leaves_nothing_of_the_cookie_before(visitor):
    visitor.open("/sign-in")
    before = visitor.page.xpath("//input[@name='formToken']/@value")[0]
    visitor.submit("/sign-in", email=EMAIL, password=PASSWORD)
    visitor.follow()
    after = set(visitor.page.xpath("//input[@name='formToken']/@value"))
    assert len(after) == 1
    assert before not in after


def test_sign_ins_outlive_a_new_master_key_as_long_as_the_old_one_is_kept(make_app, organization_id):
    old, new = crypto.new_key(), crypto.new_key()
    value = cookie_of(Visitor(make_app(KEYS=old).test_client()).sign_in()).value
    assert is_signed_in(with_cookie(make_app(KEYS=f"{new},{old}"), value))
    assert not is_signed_in(with_cookie(make_app(KEYS=new), value))
