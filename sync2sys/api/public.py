"""/api/public/feeds: what the whole world reads.

A request reads and computes nothing: limit, a table in memory, bytes. Only the first one for a small
feed that was never rendered makes it.
"""

import math
import re
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import cast
from wsgiref.types import WSGIEnvironment

from flask import Response, after_this_request, request
from werkzeug.http import http_date, parse_date

from sync2sys.api.access import public
from sync2sys.api.bodies import Blueprint
from sync2sys.database import transaction
from sync2sys.errors import NotFound, TooManyRequests, Unavailable
from sync2sys.extensions import client_key, limiter, settings
from sync2sys.ratelimit import Verdict, WindowStorage
from sync2sys.services import jobs, renders, serving
from sync2sys.services.serving import Served

Headers = list[tuple[str, str]]

WINDOW_SECONDS = 60
#: A feed with so many variants is rendered within a request, where it has to be.
SMALL_CATALOGUE = 20_000
#: How long a request waits for another one that renders the same feed.
PATIENCE_SECONDS = 10.0
COME_AGAIN_SECONDS = 10
UNKNOWN = "Feed not found or not published."

bp = Blueprint("public", __name__, url_prefix="/api/public", description="Public feeds")
# It counts by itself, in one step with what the headers say.
limiter.exempt(bp)

_rendering: dict[str, threading.Lock] = {}
_ETAG = re.compile(r'(?:W/)?"([^"]*)"')
_CODING = re.compile(r"\s*([^;\s]+)\s*(?:;\s*[qQ]=([01](?:\.[0-9]{0,3})?)\s*)?\Z").match

_HEADERS = {
    "Content-Disposition": "inline, with the slug as the file's name",
    "Cache-Control": "public, max-age=300",
    "X-Feed-Products": "number of items",
    "X-Feed-Generated": "when the content was last found to be right",
    "X-Cache": "HIT, or MISS where this request had to render",
    "ETag": "strong, one for each representation",
    "Last-Modified": "when the content last changed",
    "RateLimit-Limit": "requests in any 60 seconds",
    "RateLimit-Remaining": "requests left now",
    "RateLimit-Reset": "seconds until the oldest counted request no longer counts",
}
_DOC = {
    "summary": "Read a published feed",
    "parameters": [
        {"in": "header", "name": name, "required": False, "schema": {"type": "string"}}
        for name in ("If-None-Match", "If-Modified-Since", "Accept-Encoding")
    ],
    "responses": {
        "200": {
            "description": "The feed in its format, deflated for readers that ask for gzip.",
            "content": {
                kind: {"schema": {"type": "string"}}
                for kind in ("application/xml", "text/csv", "application/json", "application/gzip")
            },
            "headers": {
                name: {"description": meaning, "schema": {"type": "string"}}
                for name, meaning in _HEADERS.items()
            },
        },
        "304": {"description": "It has not changed."},
        "404": {"description": "Feed not found or not published."},
        "429": {"description": "Too many requests; Retry-After says how long to wait."},
        "503": {
            "description": "It is being rendered for the first time; Retry-After says when to come again."
        },
    },
}


@bp.route("/feeds/<slug>", methods=["GET"])
@public
@bp.doc(**_DOC)
def feed(slug: str) -> Response:
    """Send what is published at this address; with `.gz` at its end, the compressed file itself."""
    limit = settings.FEED_RATE
    verdict = _storage().hit(f"feed {client_key()}", limit, WINDOW_SECONDS)
    allowance = _allowance(limit, verdict)
    if not verdict.allowed:
        after_this_request(_telling(allowance))
        raise TooManyRequests("Too many requests. Wait before the next one.", retry_after=verdict.reset)
    is_file = slug.endswith(".gz")
    address = slug[:-3] if is_file else slug
    served, cache = serving.find(address), "HIT"
    if served is None:
        after_this_request(_telling(allowance))
        served, cache = _first(address)
    return _answer(served, is_file, [("X-Cache", cache), *allowance])


def _answer(served: Served, is_file: bool, extra: Headers) -> Response:
    environ = request.environ
    is_gzip = is_file or _wants_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
    shared, of_body = _fixed(served, is_gzip, is_file)
    if _is_known(environ, shared[0][1], served.changed_at):
        return Response(status=304, headers=shared + extra)
    body: Iterable[bytes] = ()
    if environ["REQUEST_METHOD"] != "HEAD":
        small = serving.small_body(served, is_gzip)
        body = serving.stream(served, is_gzip) if small is None else (small,)
    return Response(body, headers=of_body + shared + extra)


@lru_cache(maxsize=1024)
def _fixed(served: Served, is_gzip: bool, is_file: bool) -> tuple[Headers, Headers]:
    """The headers that are the same for all readers: of a 304, the etag first, and what a body adds."""
    length = served.gzip_length if is_gzip else served.extent.raw_length
    ending = ".gz" if is_file else ""
    shared = [
        ("ETag", f'"{served.gzip_etag if is_gzip else served.etag}"'),
        ("Cache-Control", "public, max-age=300"),
        ("Vary", "Accept-Encoding"),
        ("X-Feed-Products", str(served.items)),
        ("X-Feed-Generated", served.generated_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("X-Robots-Tag", "noindex"),
    ]
    of_body = [
        ("Content-Type", "application/gzip" if is_file else served.content_type),
        ("Content-Length", str(length)),
        ("Content-Disposition", f'inline; filename="{served.slug}.{served.extension}{ending}"'),
        ("Last-Modified", http_date(served.changed_at)),
    ]
    if is_gzip and not is_file:
        of_body.append(("Content-Encoding", "gzip"))
    return shared, of_body


def _is_known(environ: WSGIEnvironment, etag: str, changed_at: datetime) -> bool:
    """Whether the reader has this representation already (RFC 9110, 13.2.2)."""
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        return known == etag or known.strip() == "*" or etag[1:-1] in _ETAG.findall(known)
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    date = parse_date(since) if since else None
    return date is not None and changed_at.replace(microsecond=0) <= date


@lru_cache(maxsize=256)
def _wants_gzip(accepted: str) -> bool:
    """Whether gzip is accepted, and not less welcome than no coding (RFC 9110, 12.5.3)."""
    weights = {
        coding[1].lower(): float(coding[2] or 1) for coding in map(_CODING, accepted.split(",")) if coding
    }
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _first(slug: str) -> tuple[Served, str]:
    """What is published there but was never rendered. Raises NotFound, and Unavailable: come again."""
    feed_id = serving.awaits_render(slug)
    if feed_id is None:
        raise NotFound(UNKNOWN)
    if not renders.is_small(feed_id, SMALL_CATALOGUE):
        transaction(jobs.enqueue)("render", feed_id)
        raise _come_again()
    lock = _rendering.setdefault(feed_id, threading.Lock())
    if not lock.acquire(timeout=PATIENCE_SECONDS):
        raise _come_again()
    try:
        served, cache = serving.find(slug), "HIT"
        if served is None:
            renders.render(feed_id)
            served, cache = serving.find(slug), "MISS"
    finally:
        _rendering.pop(feed_id, None)
        lock.release()
    if served is None:
        raise NotFound(UNKNOWN)  # The guard holds it.
    return served, cache


def _come_again() -> Unavailable:
    return Unavailable("The feed is being rendered for the first time.", retry_after=COME_AGAIN_SECONDS)


def _storage() -> WindowStorage:
    return cast(WindowStorage, limiter.storage)


def _allowance(limit: int, verdict: Verdict) -> Headers:
    return [
        ("RateLimit-Limit", str(limit)),
        ("RateLimit-Remaining", str(verdict.remaining)),
        ("RateLimit-Reset", str(math.ceil(verdict.reset))),
        ("RateLimit-Policy", f"{limit};w={WINDOW_SECONDS}"),
    ]


def _telling(allowance: Headers) -> Callable[[Response], Response]:
    """For answers that are made elsewhere: errors."""

    def tell(response: Response) -> Response:
        if response.status_code >= 400:
            response.headers.extend(allowance)
        return response

    return tell
