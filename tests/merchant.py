"""A shop's owner with a browser: goes to Shopify's consent page, answers there, and comes back."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import requests


class Merchant:
    """`client` is a Flask test client, and keeps the service's cookies as a browser would."""

    def __init__(self, client, token, ca_file):
        self.client = client
        self.token = token
        self.ca_file = ca_file

    def begin(self, shop="mystore", token=None, headers=(), **more):
        """Ask the service for the way to the consent page."""
        return self.client.post(
            "/api/shopify/oauth/init",
            json={"shopDomain": shop} | more,
            headers={"Authorization": f"Bearer {token or self.token}"} | dict(headers),
        )

    def consent(self, url, answer="install"):
        """Open the consent page and answer; gives the query with which Shopify sends the browser back."""
        with requests.Session() as browser:
            browser.trust_env, browser.verify = False, self.ca_file
            page = browser.get(url, timeout=10, allow_redirects=False)
            if page.status_code == 200:
                parts = urlsplit(url)
                target = unescape(re.search(r'action="([^"]+)"', page.text)[1])
                page = browser.post(
                    f"{parts.scheme}://{parts.netloc}{target}",
                    data={"answer": answer},
                    timeout=10,
                    allow_redirects=False,
                )
            assert page.status_code == 302, page.text
            return urlsplit(page.headers["Location"]).query

    def come_back(self, query):
        """Follow Shopify's redirect to the service, but not the service's own."""
        return self.client.get(f"/api/shopify/oauth/callback?{query}")

    def connect(self, shop="mystore", **more):
        """The whole way; gives the id of the channel."""
        answer = self.begin(shop, **more)
        assert answer.status_code == 200, answer.text
        return landed(self.come_back(self.consent(answer.json["authUrl"])))


def landed(response):
    """The channel of a successful way back."""
    where, told = landing(response)
    assert told == {"oauth": "success"}, told
    return where.removeprefix("/sales-channels/")


def landing(response):
    """Path and query of where the way back ends."""
    assert response.status_code == 302, response.text
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    parts = urlsplit(response.headers["Location"])
    assert not parts.scheme
    assert not parts.netloc
    return parts.path, dict(parse_qsl(parts.query))
