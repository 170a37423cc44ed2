"""Answers as Shopify's front sends them."""

import json
import uuid

from sync2sys.demo.web import Answer


def json_answer(data, status=200, **headers):
    """JSON with the characters as they are."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    known = {
        "Server": "cloudflare",
        "Content-Type": "application/json; charset=utf-8",
        "X-Request-Id": f"{uuid.uuid4()}-1795608000",
    }
    return Answer(status, text.encode(), known | named)
