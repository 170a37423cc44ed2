"""Whatever comes as a body is answered in one shape, and changes nothing."""

import json
from io import BytesIO

import pytest

from sync2sys.extensions import db
from sync2sys.models import User
from tests.plugin import assert_error

REGISTER = "/api/auth/register-from-plugin"
GOOD = b'{"email": "a@b.example", "storeUrl": "https://shop.example"}'


def post(client, body, content_type="application/json", path=REGISTER):
    return client.post(path, data=body, content_type=content_type)


def test_the_good_body_is_accepted_so_that_the_bad_ones_prove_something(client):
    assert post(client, GOOD).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"true",
        b"7",
        b'"text"',
        b"not json",
        b"{} {}",
        b'{"email": NaN}',
        b'{"email": Infinity}',
        b'{"email": 1e999}',
        b"[" * 50_000 + b"]" * 50_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"email": "a@b.example", "email": "c@d.example", "storeUrl": "https://shop.example"}',
        b'{"email": "a\\u0000@b.example", "storeUrl": "https://shop.example"}',
        b'{"email": "\\ud800@b.example", "storeUrl": "https://shop.example"}',
        b'{"email": "a@b.example", "storeUrl": "https://shop.example", "source": "\\u0000"}',
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        b'{"email": "\xff@b.example", "storeUrl": "https://shop.example"}',
        b'{"email": "a@b.example", "storeUrl": 1' + b"0" * 6000 + b"}",
        json.dumps({"email": {"$gt": ""}, "storeUrl": ["x"]}).encode(),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_malformed_body_is_a_400(client, app, body):
    assert_error(post(client, body), 400)
    with app.app_context():
        assert db.session.query(User).count() == 0


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/xml"]
)
def test_another_content_type_is_a_415(client, content_type):
    assert_error(post(client, GOOD, content_type), 415)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/vnd.api+json"])
def test_json_with_parameters_is_json(client, content_type):
    assert post(client, GOOD, content_type).status_code == 200


def test_two_megabytes_are_a_413(client):
    assert_error(post(client, b'{"email": "' + b"a" * 2_000_000 + b'"}'), 413)


def test_two_megabytes_without_a_length_are_a_413(client):
    answer = client.post(
        REGISTER,
        input_stream=BytesIO(b" " * 2_000_000),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert_error(answer, 413)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/nothing",
        "/api/auth/nothing",
        "/%00",
        "/api/%2e%2e/x",
        "/api//docs",
        "/api/docs/",
        "/ä",
    ],
)
def test_an_unknown_address_is_a_404_or_a_page(client, path):
    answer = client.get(path)
    if answer.status_code != 200:
        assert_error(answer, 404, "Not Found")


def test_a_wrong_method_is_a_405_that_says_which_are_right(client):
    answer = client.get(REGISTER)
    assert_error(answer, 405, "Method Not Allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_crash_is_a_500_that_tells_nothing(make_app):
    app = make_app()
    app.testing = False
    app.add_url_rule("/crash", view_func=lambda: 1 / 0)
    body = assert_error(app.test_client().get("/crash"), 500, "Internal Server Error")
    assert "ZeroDivision" not in json.dumps(body)


def test_every_answer_has_an_id_and_takes_over_a_plain_one(client):
    assert len(client.get("/healthz").headers["X-Request-Id"]) == 16
    assert (
        client.get("/healthz", headers={"X-Request-Id": "abc-12345678"}).headers["X-Request-Id"]
        == "abc-12345678"
    )
    forged = client.get("/healthz", headers={"X-Request-Id": 'x" injected'})
    assert len(forged.headers["X-Request-Id"]) == 16


def test_answers_carry_the_protective_headers(client):
    headers = client.get("/healthz").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_https_outside_is_made_to_stay(make_app):
    headers = make_app(PUBLIC_URL="https://feeds.example").test_client().get("/healthz").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
