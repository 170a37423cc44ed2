"""What holds for every page: the policy, who may send its forms, and that errors can be read."""

import pytest
from sqlalchemy.exc import OperationalError

from sync2sys.extensions import db
from tests.panel.visitor import EMAIL, PASSWORD, Visitor
from tests.test_routes import example, rules

PAGES = ("/", "/sign-in", "/sales-channels", "/sales-channels/none", "/sales-channels/none/disconnect")
SHOPS = "https://*.myshopify.com"


def snapshot(app):
    with app.app_context():
        return {
            table.name: sorted(map(repr, db.session.execute(table.select()).all()))
            for table in db.metadata.sorted_tables
        }


def posts(app):
    return [
        example(rule) for rule in rules(app) if "POST" in rule.methods and not rule.rule.startswith("/api/")
    ]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_kept_by_nobody_and_runs_no_script(alice, path):
    for visitor in (alice, Visitor(alice.client.application.test_client())):
        headers = visitor.open(path).headers
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")
        assert "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "<script" not in visitor.answer.text
        assert " style=" not in visitor.answer.text


def test_only_the_pages_that_lead_to_shopify_may_end_a_form_there(alice, add):
    for path in ("/sales-channels", f"/sales-channels/{add()}"):
        assert f"form-action 'self' {SHOPS};" in alice.open(path).headers["Content-Security-Policy"]
    for path in ("/", "/sign-in?next=/", "/sales-channels/none"):
        assert SHOPS not in alice.open(path).headers["Content-Security-Policy"]


def test_there_are_forms_to_try(app):
    assert len(posts(app)) == 7


def test_a_form_of_another_site_does_nothing(app, alice):
    """It comes with the cookie of who is signed in, but nobody else knows what has to be in it."""
    alice.open("/sales-channels")
    before = snapshot(app)
    for path in posts(app):
        for sent in ({}, {"formToken": ""}, {"formToken": "é"}, {"formToken": "x" * 32}):
            answer = alice.client.post(path, data=sent | {"email": EMAIL, "password": PASSWORD})
            assert answer.status_code == 400
            assert "This form is too old" in answer.text
            assert answer.mimetype == "text/html"
    assert snapshot(app) == before


def test_a_form_of_ones_own_page_is_of_no_use_in_another_browser(app, alice, bob):
    alice.open("/sales-channels")
    token = alice.page.xpath("//input[@name='formToken']/@value")[0]
    for path in posts(app):
        assert bob.client.post(path, data={"formToken": token}).status_code == 400


def test_without_cookies_nobody_signs_in(app, visitor):
    visitor.open("/sign-in")
    token = visitor.page.xpath("//input[@name='formToken']/@value")[0]
    form = {"formToken": token, "email": EMAIL, "password": PASSWORD}
    assert app.test_client().post("/sign-in", data=form).status_code == 400


def test_a_form_sent_after_the_sign_in_ended_leads_to_the_sign_in(app, alice):
    alice.open("/sales-channels")
    with app.app_context():
        db.session.execute(db.text("UPDATE token SET state = 'revoked'"))
        db.session.commit()
    alice.submit("/sales-channels", shopDomain="mystore")
    assert (alice.answer.status_code, alice.answer.location) == (303, "/sign-in?next=%2Fsales-channels")


def test_an_error_is_a_page_here_and_json_at_the_api(alice):
    alice.open("/sales-channels/none")
    assert (alice.answer.status_code, alice.answer.mimetype) == (404, "text/html")
    assert "No such channel." in alice.text
    assert alice.client.get("/api/channels/none").mimetype == "application/json"


def test_a_form_that_is_too_large_is_told_so(alice):
    answer = alice.client.post("/sales-channels", data={"shopDomain": "x" * 2_000_000})
    assert (answer.status_code, answer.mimetype) == (413, "text/html")


def test_a_database_that_is_away_is_told_with_when_to_come_again(alice, monkeypatch):
    def away(token):
        db.session.rollback()
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("sync2sys.services.stores.visible_channels", away)
    alice.open("/sales-channels")
    assert (alice.answer.status_code, alice.answer.mimetype) == (503, "text/html")
    assert alice.answer.headers["Retry-After"] == "5"
    assert "The database does not answer at the moment." in alice.text
    assert "Sign out" not in alice.text


def test_a_fault_of_ours_is_a_page_that_tells_nothing_of_it(app, alice, monkeypatch):
    app.testing = False

    def broken(token):
        raise RuntimeError("the password is 12345")

    monkeypatch.setattr("sync2sys.services.stores.visible_channels", broken)
    alice.open("/sales-channels")
    assert (alice.answer.status_code, alice.answer.mimetype) == (500, "text/html")
    assert "X-Request-Id" in alice.text
    assert "12345" not in alice.answer.text
