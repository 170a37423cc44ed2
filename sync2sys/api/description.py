"""What the API consists of, and its description in OpenAPI.

The description is made when somebody first asks for it: it takes as long as all else that an application
is made of, and a worker, a command or a web that only serves feeds never needs it.
"""

from functools import cache
from typing import Any

from flask import Flask
from flask_smorest import Api

from sync2sys.api import (
    auth,
    categories,
    channels,
    diagnostics,
    diffs,
    feeds,
    health,
    pricing,
    public,
    ranges,
    shopify,
    stores,
    suppliers,
    sync,
    webhooks,
    writing,
)
from sync2sys.schemas.base import Error

#: Every endpoint group, in the order of the description.
GROUPS = (
    auth,
    stores,
    shopify,
    sync,
    channels,
    feeds,
    categories,
    diagnostics,
    diffs,
    suppliers,
    pricing,
    ranges,
    writing,
    public,
    webhooks,
    health,
)


class _Described(Api):
    ERROR_SCHEMA = Error


@cache
def describe(public_url: str) -> dict[str, Any]:
    """The API at this address as an OpenAPI 3.0.3 document; not to be changed."""
    app = Flask(__name__, static_folder=None)
    described = _Described(
        app,
        spec_kwargs={
            "title": "Sync2Sys API",
            "version": "1",
            "openapi_version": "3.0.3",
            "servers": [{"url": public_url}],
            "info": {"description": "Connect stores, mirror their catalogues, publish product feeds."},
        },
    )
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    described.spec.components.security_scheme("bearer", bearer)
    for group in GROUPS:
        described.register_blueprint(group.bp)
    document: dict[str, Any] = described.spec.to_dict()
    return document
