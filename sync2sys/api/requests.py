"""What happens around every request: its id, its log line, its headers."""

import logging
import re
import secrets
import time

from flask import Flask, Response, g, request

from sync2sys.database import reading
from sync2sys.extensions import client_key, settings

log = logging.getLogger("sync2sys.access")

#: An id from the proxy in front is taken over if it cannot be mistaken for anything else.
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
POLICY = "default-src 'none'; frame-ancestors 'none'"


def register(app: Flask) -> None:
    """Wrap every request of the application."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if GIVEN_ID.match(given) else secrets.token_hex(8)
    g.started = time.perf_counter()
    # Whatever reads needs no write lock; writing happens in `database.transaction` alone.
    g.reading = reading.set(True)


def _leave(error: BaseException | None) -> None:
    token = g.pop("reading", None)
    if token is not None:
        reading.reset(token)


def _end(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.request_id
    headers["X-Content-Type-Options"] = "nosniff"
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = POLICY
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if settings.PUBLIC_URL.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    log.info(
        "%s %s",
        request.method,
        request.path,
        extra={
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.started) * 1000, 1),
            "client": client_key(),
            "agent": request.headers.get("User-Agent", "")[:200],
        },
    )
    return response
