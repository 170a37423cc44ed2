"""No module but sync2sys.outbound opens connections to other people's servers."""

import ast
from pathlib import Path

import pytest

import sync2sys.outbound

PACKAGE = Path(sync2sys.outbound.__file__).parents[1]
CLIENTS = {
    "aiohttp",
    "ftplib",
    "httpx",
    "pycurl",
    "requests",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "xmlrpc",
}
CALLS = {
    "HTTPConnection",
    "HTTPSConnection",
    "connect_ex",
    "create_connection",
    "getaddrinfo",
    "gethostbyname",
}
CALLS |= {"open_connection", "urlopen", "urlretrieve"}


def ways_out(source):
    """Imports of HTTP clients, and names that open connections or look names up, in the order of lines."""
    return [name for node in ast.walk(ast.parse(source)) for name in _names(node)]


def _names(node):
    if isinstance(node, ast.Import):
        imported = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        imported = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    else:
        used = getattr(node, "attr", None) or getattr(node, "id", None)
        return [used] if used in CALLS else []
    return [name for name in imported if _is_client(name) or name.rpartition(".")[2] in CALLS]


def _is_client(name):
    return any(name == client or name.startswith(client + ".") for client in CLIENTS)


def test_nothing_else_goes_out():
    modules = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "outbound"]
    found = {str(path.relative_to(PACKAGE)): ways_out(path.read_text()) for path in modules}

    assert len(modules) > 5
    assert {name: ways for name, ways in found.items() if ways} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import requests",
        "import requests.sessions as web",
        "from requests import get",
        "from urllib.request import Request",
        "from urllib import request",
        "import urllib3",
        "connection = http.client.HTTPSConnection(host)",
        "from http.client import HTTPConnection",
        "socket.create_connection((host, 80))",
        "socket.getaddrinfo(host, 80)",
        "def fetch():\n    import httpx",
    ],
)
def test_the_search_would_find_one(line):
    assert ways_out(line)


@pytest.mark.parametrize(
    "line",
    [
        "from urllib.parse import quote",
        "from flask import request",
        "from sync2sys.api import requests\nrequests.register(app)",
        "from http.client import responses",
        "# requests.get(url)",
        "from sync2sys.outbound import Outbound",
    ],
)
def test_the_search_passes_over_what_is_harmless(line):
    assert ways_out(line) == []
