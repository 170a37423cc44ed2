"""The one place where an error becomes HTTP: {"statusCode", "message", "error"}.

`error` is the reason phrase, or a code in capitals on which a client can act.
"""

import math
import time
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, jsonify, request
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from sync2sys.api.requests import masked
from sync2sys.errors import Sync2SysError
from sync2sys.extensions import db, limiter

#: Words for the statuses that routing and parsing raise by themselves.
MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address does not know that method.",
    413: "The body is larger than this address takes.",
    429: "Too many requests. Wait before the next one.",
    500: "Something went wrong here. It was logged with this answer's X-Request-Id.",
}


def answer(
    status: int, message: str, code: str | None = None, details: dict[str, Any] | None = None
) -> Response:
    """An error in the contract's shape."""
    body: dict[str, Any] = {
        "statusCode": status,
        "message": message,
        "error": code or HTTPStatus(status).phrase,
    }
    if details:
        body["details"] = details
    response = jsonify(body)
    response.status_code = status
    return response


def register(app: Flask) -> None:
    """Answer every error of the application in one shape."""
    app.register_error_handler(Sync2SysError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)


def _ours(error: Sync2SysError) -> Response:
    db.session.rollback()
    if error.status >= 500 and error.status != 503:
        current_app.logger.error("unexpected error", exc_info=error)
    response = answer(error.status, error.message, error.code, error.details)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return response


def _http(error: HTTPException) -> Response:
    db.session.rollback()
    original = error.get_response()
    status = error.code or 500
    if isinstance(original, Response) and status < 400:
        return original
    # Validation has put its findings into `data`; everything else has a fixed sentence.
    data = getattr(error, "data", None) or {}
    details = _flat(data.get("messages"))
    message = "The request is not valid." if details else MESSAGES.get(status, error.description or "")
    response = answer(status, message, details=details)
    for name, value in original.headers:
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    if isinstance(error, RateLimitExceeded):
        response.headers["Retry-After"] = str(_seconds_to_reset())
    return response


def _database(error: OperationalError) -> Response:
    """The database is away or too busy: a passing fault, and the caller may come again."""
    db.session.rollback()
    current_app.logger.error("database error", exc_info=error, extra={"path": masked(request.path)})
    response = answer(503, "The database does not answer at the moment. Try again shortly.")
    response.headers["Retry-After"] = "5"
    return response


def _flat(messages: Any) -> dict[str, Any]:
    """marshmallow's {"json": {field: [...]}} without the location."""
    details: dict[str, Any] = {}
    for location, fields in (messages or {}).items():
        if isinstance(fields, dict) and location in {"json", "query", "path", "headers"}:
            details |= {str(name): texts for name, texts in fields.items()}
        else:
            details[str(location)] = fields
    return details


def _seconds_to_reset() -> int:
    limit = limiter.current_limit
    if limit is None:
        return 60
    return max(1, math.ceil(limit.reset_at - time.time()))
