"""What counts as an answer, and what is said of the rest."""

import time

import pytest
from requests.structures import CaseInsensitiveDict

from sync2sys.connectors.woocommerce import answers
from sync2sys.connectors.woocommerce.auth import Keys
from sync2sys.errors import (
    NotWooCommerce,
    StoreBusy,
    StoreError,
    StoreGarbled,
    StoreRedirects,
    StoreRefusedKeys,
    StoreUnreachable,
)
from sync2sys.outbound import Reply

KEYS = Keys("ck_0123456789abcdef", "cs_fedcba9876543210")


def reply(status=200, body=b"[]", kind="application/json; charset=UTF-8", **headers):
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    named["Content-Type"] = kind
    return Reply(status, named, body, "https://shop.example/wp-json/wc/v3/products?consumer_secret=cs_x", 0.1)


def read(*args, **options):
    return answers.read(reply(*args, **options), "shop.example", [KEYS])


WARNING = b"<br />\n<b>Warning</b>: Undefined array key [0] in <b>/a/{b}.php</b> on line <b>3</b><br />\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'[{"id":1}]', [{"id": 1}]),
        (b'\xef\xbb\xbf[{"id":1}]', [{"id": 1}]),
        (WARNING + b'[{"id":2481}]', [{"id": 2481}]),
        (WARNING + b"\xef\xbb\xbf" + b'{"id":2481}\n', {"id": 2481}),
        (b'["\\ud83d half"]', ["\ud83d half"]),
        (b"[NaN]", [None]),
        (b"  []  ", []),
        (b"[1]\n<!-- Page generated in 0.4 s -->\n<!-- Cached -->", [1]),
        (WARNING + b"[1]<!-- x -->", [1]),
    ],
    ids=[
        "plain",
        "bom",
        "warning",
        "warning and bom",
        "half a surrogate pair",
        "no number",
        "blanks",
        "comments",
        "both",
    ],
)
def test_json_is_found_behind_what_php_puts_before_it(body, expected):
    assert read(body=body).data == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[1, 2",
        b'[{"id":1}] trailing',
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b"\xff\xfe[\x00]\x00",
    ],
    ids=["empty", "text", "cut off", "trailing", "deep list", "deep object", "utf-16"],
)
def test_a_body_that_is_no_json_is_garbled(body):
    with pytest.raises(StoreGarbled) as caught:
        read(body=body)
    assert caught.value.retryable


def test_many_beginnings_in_a_long_body_do_not_take_long():
    began = time.process_time()
    with pytest.raises(StoreGarbled):
        read(body=(b"[" + b"1," * 500_000) * 3)
    assert time.process_time() - began < 3


def test_a_page_is_not_an_answer_even_if_it_would_parse():
    with pytest.raises(StoreGarbled, match="page"):
        read(body=b"[]", kind="text/html; charset=UTF-8")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON;charset=x", "application/problem+json"]
)
def test_json_types_are_recognised(kind):
    assert read(kind=kind).ok


def test_the_excerpt_is_short_on_one_line_and_without_secrets():
    body = f"<b>\n{KEYS.key} {KEYS.secret} {KEYS.basic()} ck_another12345\x00".encode() + b"x" * 5000
    with pytest.raises(StoreGarbled) as caught:
        read(body=body)
    message = caught.value.message
    for secret in (KEYS.key, KEYS.secret, KEYS.basic(), "ck_another12345", "\n", "\x00"):
        assert secret not in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "how often"),
        (500, "broke down"),
        (502, "PHP"),
        (503, "maintenance"),
        (504, "too long"),
        (522, "522"),
    ],
)
def test_trouble_has_a_sentence_of_its_own_and_can_be_waited_out(status, words):
    with pytest.raises(StoreBusy, match=words) as caught:
        read(status, b"<html>", "text/html")
    assert caught.value.retryable


def test_retry_after_is_kept():
    with pytest.raises(StoreBusy, match="600 seconds") as caught:
        read(503, b"<html>", "text/html", Retry_After="600")
    assert caught.value.retry_after == 600


@pytest.mark.parametrize("status", [403, 503])
def test_cloudflares_challenge_is_named(status):
    with pytest.raises(StoreUnreachable, match="Cloudflare"):
        read(status, b"<html>", "text/html", cf_mitigated="challenge")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_names_the_host_it_leads_to(status):
    with pytest.raises(StoreRedirects, match=r"www\.other\.example"):
        read(status, Location="https://www.other.example/path?secret=1")


@pytest.mark.parametrize("location", ["", "//", "http://[", "javascript:x", "\x00"])
def test_a_redirect_to_nowhere_is_still_one_of_ours(location):
    with pytest.raises(StoreRedirects):
        read(302, Location=location)


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (401, b'{"code":"woocommerce_rest_cannot_view"}', StoreRefusedKeys, "refuses the keys"),
        (403, b'{"code":"rest_forbidden"}', StoreRefusedKeys, "rest_forbidden"),
        (403, b"<html>", StoreUnreachable, "firewall"),
        (404, b'{"code":"rest_no_route"}', NotWooCommerce, "plugin"),
        (404, b"<html>", NotWooCommerce, "404"),
        (404, b'{"code":"woocommerce_rest_product_invalid_id"}', answers.Missing, "invalid_id"),
        (400, b'{"code":"rest_invalid_param"}', StoreError, "rest_invalid_param"),
        (410, b"", StoreError, "without a reason"),
    ],
)
def test_refusals_are_told_apart_by_their_code(status, body, expected, words):
    answer = read(status, body)
    with pytest.raises(expected, match=words):
        raise answers.refusal(answer, "shop.example")


def test_a_password_in_front_of_the_site_is_named():
    answer = read(401, b"<html>", "text/html", WWW_Authenticate='Basic realm="staging"')
    assert "password" in answers.refusal(answer, "shop.example").message


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"code":7}', b'{"code":{"a":1}}', b'"x"'])
def test_a_refusal_of_any_shape_has_no_code_rather_than_a_crash(body):
    assert read(401, body).code == ""


def test_messages_decide_nothing():
    answer = read(401, b'{"code":"woocommerce_rest_cannot_view","message":"no route was found"}')
    assert isinstance(answers.refusal(answer, "shop.example"), StoreRefusedKeys)
