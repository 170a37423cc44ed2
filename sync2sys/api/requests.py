"""What happens around every request: its id, its log line, its headers."""

import logging
import re
import secrets
import time
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response, g, request

from sync2sys.config import Settings
from sync2sys.database import reading
from sync2sys.extensions import client_of, settings

log = logging.getLogger("sync2sys.access")

#: An id from the proxy in front is taken over if it cannot be mistaken for anything else.
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
POLICY = "default-src 'none'; frame-ancestors 'none'"
#: Addresses that only those know who were told: what is secret, or a slug of random bits.
SECRET = re.compile(r"[0-9A-Fa-f]{32,}")
#: Loggers of others that name the path of a request where something went wrong.
OTHERS = ("sync2sys.app", "gunicorn.error")
#: Where an answer does not say otherwise.
DEFAULTS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}


def register(app: Flask) -> None:
    """Wrap every request of the application."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)
    for name in OTHERS:
        logging.getLogger(name).addFilter(_mask)


def masked(path: str) -> str:
    """The path as it may stand in a log: what is as good as a password is cut to its beginning."""
    return SECRET.sub(lambda secret: f"{secret[0][:4]}…", path)


def _mask(record: logging.LogRecord) -> bool:
    record.msg, record.args = masked(record.getMessage()), None
    return True


def id_of(environ: WSGIEnvironment) -> str:
    """The request's id: the one it came with, or a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if GIVEN_ID.match(given) else secrets.token_hex(8)


def fixed_headers(settings: Settings) -> list[tuple[str, str]]:
    """What is the same on every answer."""
    headers = [("X-Content-Type-Options", "nosniff")]
    if settings.PUBLIC_URL.startswith("https:"):
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return headers


def log_answer(environ: WSGIEnvironment, request_id: str, status: int, started: float) -> None:
    """Write the line of a request that began at this moment of the performance counter."""
    log.info(
        "%s %s",
        environ["REQUEST_METHOD"],
        masked(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")),
        extra={
            "requestId": request_id,
            "status": status,
            "ms": round((time.perf_counter() - started) * 1000, 1),
            "client": client_of(environ.get("REMOTE_ADDR")),
            "agent": environ.get("HTTP_USER_AGENT", "")[:200],
        },
    )


def _begin() -> None:
    g.request_id = id_of(request.environ)
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
    headers.extend(fixed_headers(settings))
    for name, value in DEFAULTS.items():
        headers.setdefault(name, value)
    log_answer(request.environ, g.request_id, response.status_code, g.started)
    return response
