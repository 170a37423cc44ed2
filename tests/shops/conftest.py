"""A server's TLS for the fake shops, and clients: for WooCommerce one that shows its key in every way."""

import base64
import hashlib
import hmac
import itertools
import socket
import ssl
import time
from urllib.parse import quote, urlencode

import pytest
import requests
import trustme

from sync2sys.outbound import Allowed, Outbound
from tests.shops.shopify.platform import Shopify

NONCES = itertools.count()


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


class Client:
    """Calls one shop's API with a key: `way` is basic, query, oauth, oauth_header or none."""

    def __init__(self, shop, way="oauth", ca_file=None, key=None, secret=None):
        self.shop, self.way = shop, way
        self.key, self.secret = key or shop.key, secret or shop.secret
        self.session = requests.Session()
        # Else a bundle named in the environment goes before the tests' own.
        self.session.trust_env = False
        self.session.verify = ca_file or True
        #: what the signature is made with, where that is not what is true
        self.signing = {}

    def get(self, path, **params):
        return self.call("GET", path, params)

    def json(self, path, **params):
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, path, body, method="POST", **params):
        return self.call(method, path, params, json=body)

    def call(self, method, path, params, **options):
        root = "" if path.startswith("/") else "/wp-json/wc/v3/"
        url = f"{self.shop.url}{root}{path}"
        options |= {"timeout": 10, "allow_redirects": False}
        if self.way == "basic":
            options["auth"] = (self.key, self.secret)
        elif self.way == "query":
            params = params | {"consumer_key": self.key, "consumer_secret": self.secret}
        elif self.way == "oauth":
            params = params | self.oauth(method, url, params)
        elif self.way == "oauth_header":
            proof = self.oauth(method, url, params)
            pairs = ", ".join(f'{name}="{escape(value)}"' for name, value in proof.items())
            options["headers"] = {"Authorization": f"OAuth {pairs}"}
        return self.session.request(method, url + ("?" + urlencode(params) if params else ""), **options)

    def oauth(self, method, url, params):
        given = {
            "oauth_consumer_key": self.key,
            "oauth_timestamp": str(int(time.time())),
            "oauth_nonce": f"nonce-{next(NONCES)}",
            "oauth_signature_method": "HMAC-SHA256",
        } | {name: value for name, value in self.signing.items() if name.startswith("oauth_")}
        given = {name: value for name, value in given.items() if value is not None}
        pairs = sorted((escape(name), escape(value)) for name, value in (params | given).items())
        joined = "&".join(f"{name}={value}" for name, value in pairs)
        url = self.signing.get("url", url)
        base = "&".join((method, escape(url), escape(joined)))
        digest = hashlib.sha1 if given.get("oauth_signature_method") == "HMAC-SHA1" else hashlib.sha256
        made = hmac.new(f"{self.secret}&".encode(), base.encode(), digest).digest()
        return given | {"oauth_signature": base64.b64encode(made).decode()}


def escape(value):
    return quote(str(value), safe="-._~")


@pytest.fixture
def client(ca_file):
    """A function that makes clients of a shop; they are closed at the end."""
    made = []

    def make(shop, way="oauth", **options):
        made.append(Client(shop, way, ca_file, **options))
        return made[-1]

    yield make
    for each in made:
        each.session.close()


@pytest.fixture
def shopify(authority, monkeypatch):
    """Shopify, to which its names lead in this process, whoever asks."""
    with Shopify(authority) as running:
        monkeypatch.setattr(socket, "getaddrinfo", running.lookup)
        yield running


def lead(app, shopify, ca_file):
    """The application, which finds Shopify where the tests have it."""
    ours = app.extensions["sync2sys"]
    ours["outbound"].close()
    ours["outbound"] = Outbound(
        Allowed.parse("127.0.0.0/8"), verify=ca_file, lookup=shopify.lookup, sleep=lambda seconds: None
    )
    return app


class Admin:
    """Calls one shop's GraphQL Admin API with a token."""

    def __init__(self, shop, token, version, ca_file):
        self.url = f"https://{shop.domain}/admin/api/{version}/graphql.json"
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca_file

    def post(self, query, /, **variables):
        body = {"query": query, "variables": variables}
        headers = {"X-Shopify-Access-Token": self.token}
        return self.session.post(self.url, json=body, headers=headers, timeout=20, allow_redirects=False)

    def answer(self, query, /, **variables):
        """The whole answer, which has status 200."""
        response = self.post(query, **variables)
        assert response.status_code == 200, response.text
        return response.json()

    def data(self, query, /, **variables):
        """The data of an answer without errors."""
        answer = self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@pytest.fixture
def admin(ca_file):
    """A function that makes callers of a shop for an app with these scopes, or of a given token."""
    made = []

    def make(shop, scopes="read_products", version="2026-10", token=None):
        token = token or shop.token(shop.platform.add_app(scopes=scopes))
        made.append(Admin(shop, token, version, ca_file))
        return made[-1]

    yield make
    for each in made:
        each.session.close()
