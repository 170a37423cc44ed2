"""Leads other processes of a test to its fake Shopify; Python runs this when the folder is in PYTHONPATH.

Of the service nothing is changed but what stands under it: the resolver, and the authorities of certifi.
"""

import os
import socket

import certifi

_names, _port, _authority = os.environ["FAKE_SHOPIFY"].split(" ", 2)
_real = socket.getaddrinfo


def _lookup(host, port, *rest, **options):
    if isinstance(host, str) and host.endswith(tuple(_names.split(","))):
        host, port = "127.0.0.1", int(_port)
    return _real(host, port, *rest, **options)


socket.getaddrinfo = _lookup
certifi.where = lambda: _authority
