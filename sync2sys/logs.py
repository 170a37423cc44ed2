"""Structured logs: one JSON object a line, with the request's id, never with a secret."""

import logging
import sys
from datetime import UTC, datetime

import orjson
from flask import g, has_request_context

#: What every LogRecord has; the rest came by `extra=`.
STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line; line breaks in values cannot start a new one."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = current_request_id()
        if request_id:
            entry["requestId"] = request_id
        entry |= {key: value for key, value in record.__dict__.items() if key not in STANDARD}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(entry, default=str).decode("utf-8", "replace")


def current_request_id() -> str | None:
    """The id of the request being answered, if there is one."""
    return g.get("request_id") if has_request_context() else None


def configure(level: str, form: str) -> None:
    """Send our loggers to standard error in the form asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines() if form == "json" else logging.Formatter("%(levelname)s %(name)s: %(message)s")
    )
    ours = logging.getLogger("sync2sys")
    ours.handlers[:] = [handler]
    ours.setLevel(level.upper())
    ours.propagate = False


def hush() -> None:
    """Leave a terminal to what a command says, if nothing else than usual is to be logged."""
    ours = logging.getLogger("sync2sys")
    if sys.stderr.isatty() and ours.level == logging.INFO:
        ours.setLevel(logging.WARNING)
