"""Schemathesis reads our own description and tries to find an answer that does not keep to it."""

import re
import subprocess
import sys

import pytest
import requests

from tests.service import Service
from tests.shops.woocommerce import WooShop

#: What all cases must come to; how many there are for an operation stands below.
AT_LEAST = 2000
#: It would end the token that the others are tried with.
ENDING = "/api/stores/disconnect"
#: All checks are tried everywhere, but for one where what the description allows can still be refused:
#: a store that is none, a slug that is taken, a definition that does not fit its format, a feed that is
#: not rolled back, a Shopify app that is not set up, a supplier's address or mapping that is none, a file
#: that was not sent, a list that was never taken over, a tax rate that is no number, a
#: country that is none, a range that is off, a shop to which nothing is to be, or was, written.
#:
#: Operations that only read do much the same in every case: fewer cases find what there is to find.
CONFIG = """
[generation]
max-examples = 50

[[operations]]
include-method = "GET"
generation.max-examples = 15

[[operations]]
include-path = [
    "/api/auth/register-from-plugin",
    "/api/stores/connect",
    "/api/shopify/connect",
    "/api/shopify/oauth/init",
    "/api/feeds",
    "/api/feeds/{feed_id}",
    "/api/feeds/{feed_id}/preview",
    "/api/feeds/{feed_id}/resume",
    "/api/range",
    "/api/suppliers",
    "/api/suppliers/{supplier_id}",
    "/api/suppliers/{supplier_id}/file",
    "/api/suppliers/{supplier_id}/guess",
    "/api/suppliers/{supplier_id}/preview",
    "/api/suppliers/{supplier_id}/undo",
    "/api/channels/{channel_id}/sync",
    "/api/channels/{channel_id}/pricing",
    "/api/channels/{channel_id}/writing",
    "/api/channels/{channel_id}/writing/undo",
]
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture
def service(instance, database_url, forks):
    service = Service(
        instance,
        database_url,
        forks,
        API_RATE="1000000",
        FEED_RATE="1000000",
        REGISTER_RATE="1000000",
        CONNECT_RATE="1000000",
        CONNECT_HOST_RATE="1000000",
        LOGIN_RATE="1000000",
    )
    service.start("web")
    try:
        service.await_web()
        yield service
    finally:
        service.stop()


@pytest.fixture
def token(service):
    with WooShop() as shop:
        answer = requests.post(
            f"{service.url}/api/stores/connect",
            json={
                "storeUrl": shop.url,
                "consumerKey": shop.key,
                "consumerSecret": shop.secret,
                "email": "a@b.example",
            },
            timeout=20,
        )
        yield answer.json()["token"]


def schemathesis(service, token, tmp_path, *options):
    (tmp_path / "schemathesis.toml").write_text(CONFIG, "utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/api/openapi.json"),
        # One worker: two that parse Python at once can end in `AST constructor recursion depth mismatch`.
        *("--url", service.url, "--workers", "1", "--seed", "1", "--no-color"),
        *("--header", f"Authorization: Bearer {token}", "--request-timeout", "20", "--warnings", "off"),
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)


def cases(output):
    return int(re.search(r"(\d[\d,]*) generated", output).group(1).replace(",", ""))


def test_two_thousand_requests_find_no_answer_that_breaks_the_description(service, token, tmp_path):
    run = schemathesis(service, token, tmp_path, "--exclude-path", ENDING)
    assert run.returncode == 0, run.stdout[-12000:]
    assert cases(run.stdout) >= AT_LEAST, run.stdout[-3000:]
    assert '"status":500' not in service.log.read_text("utf-8")


def test_disconnecting_keeps_to_the_description(service, token, tmp_path):
    run = schemathesis(service, token, tmp_path, "--include-path", ENDING)
    assert run.returncode == 0, run.stdout[-12000:]
    assert '"status":500' not in service.log.read_text("utf-8")
