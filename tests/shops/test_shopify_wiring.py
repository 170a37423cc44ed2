"""How the service is led to the fake Shopify: in this process, and in others."""

import os
import subprocess
import sys

from sync2sys.extensions import outbound
from sync2sys.outbound import Allowed, Outbound
from tests.shops.shopify.storage import HOST

ASK = """
from sync2sys.outbound import Allowed, Outbound
with Outbound(Allowed.parse("127.0.0.0/8")) as client:
    print(client.get("https://mystore.myshopify.com/").status, client.get("https://{host}/nothing").status)
"""


def test_an_application_is_led_there_by_another_client(app, shopify, ca_file):
    shopify.add_shop("mystore")
    app.extensions["sync2sys"]["outbound"].close()
    allowed = Allowed.parse("127.0.0.0/8")
    client = Outbound(allowed, verify=ca_file, lookup=shopify.lookup, breaker=False)
    app.extensions["sync2sys"]["outbound"] = client
    with app.app_context():
        assert outbound.get("https://mystore.myshopify.com/").status == 200


def test_another_process_is_led_there_by_its_environment(shopify, ca_file):
    shopify.add_shop("mystore")
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(host=HOST)],
        env=os.environ | shopify.environment(ca_file),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("200 404\n", "")
    assert [request.host for request in shopify.requests] == ["mystore.myshopify.com", HOST]
