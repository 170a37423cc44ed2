"""What lies about on the machine, and what servers leave behind, changes nothing."""

import subprocess
import sys

import pytest

from sync2sys.errors import Unreachable
from tests.faults.server import FaultServer, answer
from tests.outbound.conftest import Names

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture
def proxy():
    """A proxy that would be glad of requests."""
    with FaultServer() as running:
        yield running


@pytest.fixture
def everything(monkeypatch, tmp_path, proxy, ca_file):
    """An environment that tells requests to do something else in every way it listens to."""
    for name in VARIABLES:
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password netrc-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, ca_file)


@pytest.mark.usefixtures("everything")
def test_proxies_and_netrc_have_no_effect(outbound, server, proxy):
    outbound().get(server.url)

    assert len(server.requests) == 1
    assert "Authorization" not in server.requests[0].headers
    assert proxy.connections == 0


@pytest.mark.usefixtures("everything")
def test_certificate_authorities_of_the_environment_are_not_trusted(outbound, tls_server):
    with pytest.raises(Unreachable, match="certificate"):
        outbound(verify=True, lookup=Names(shop_example=["127.0.0.1"])).get(tls_server.url)
    assert tls_server.requests == []


@pytest.mark.usefixtures("everything")
def test_the_same_environment_does_lead_requests_astray(server, proxy):
    """Else the tests above would show nothing. In its own process: requests remembers the environment."""
    code = f"import requests; requests.get({server.url!r}, timeout=5)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)

    assert server.connections == 0
    assert "Authorization" in proxy.requests[0].headers


def test_cookies_are_not_kept(outbound, server):
    server.on("/", answer(b"ok", headers={"Set-Cookie": "session=1; Path=/"}))
    client = outbound()
    client.get(server.url)
    client.get(server.url)

    assert "Cookie" not in server.requests[1].headers


def test_we_say_who_we_are(outbound, server):
    outbound().get(server.url)
    outbound(user_agent="Sync2Sys/9 (+https://feeds.example)").get(server.url)

    assert [request.headers["User-Agent"].partition("/")[0] for request in server.requests] == [
        "Sync2Sys"
    ] * 2
    assert server.requests[1].headers["User-Agent"] == "Sync2Sys/9 (+https://feeds.example)"
