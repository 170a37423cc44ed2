"""/api/public/feeds: what the whole world reads.

A request reads and computes nothing: limit, a table in memory, bytes. Only the first one for a small
feed that was never rendered makes it. What is wholly in memory is answered by `front` already.
"""

import threading
from collections.abc import Callable, Iterable
from typing import cast

from flask import Response, after_this_request, request

from sync2sys.api import allowances, representations
from sync2sys.api.access import public
from sync2sys.api.bodies import Blueprint
from sync2sys.api.representations import Headers, Representation
from sync2sys.database import transaction
from sync2sys.errors import NotFound, TooManyRequests, Unavailable
from sync2sys.extensions import fetch_log, limiter, settings
from sync2sys.ratelimit import WindowStorage
from sync2sys.services import jobs, renders, serving
from sync2sys.services.serving import Served

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

_HEADERS = {
    "Content-Disposition": "inline, with the slug as the file's name",
    "X-Feed-Shards": "number of files, where one is not enough; the others are at `…/{slug}.2` and so on",
    "X-Feed-Generation": "of the render, where it has several files: those of one number belong together",
    "Cache-Control": "public, max-age=300; at a secret address private, max-age=300",
    "X-Feed-Products": "number of items in this file",
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
    """Send what is published at this address; with `.gz` at its end, the compressed file itself.

    A feed that is more than its channel takes in one file has several: this is the first, and with `.2`,
    `.3` and so on behind the slug it is the others. Each is a whole document.
    """
    storage, limit = cast(WindowStorage, limiter.storage), settings.FEED_RATE
    verdict = allowances.take(storage, limit, request.environ)
    allowance = allowances.headers(limit, verdict)
    if not verdict.allowed:
        after_this_request(_telling(allowance))
        raise TooManyRequests("Too many requests. Wait before the next one.", retry_after=verdict.reset)
    name, is_file = serving.requested(slug)
    served, cache = serving.find(name), "HIT"
    if served is None:
        after_this_request(_telling(allowance))
        served, cache = _first(name)
    chosen = representations.choose(request.environ, served, is_file)
    representations.note(fetch_log, request.environ, chosen)
    return _answer(chosen, [("X-Cache", cache), *allowance])


def _answer(chosen: Representation, more: Headers) -> Response:
    headers = chosen.headers + more
    if chosen.is_known:
        return Response(status=304, headers=headers)
    body: Iterable[bytes] = ()
    if request.method != "HEAD":
        small = serving.small_body(chosen.served, chosen.is_gzip)
        body = serving.stream(chosen.served, chosen.is_gzip) if small is None else (small,)
    return Response(body, headers=headers)


def _first(name: str) -> tuple[Served, str]:
    """What is published there but was never rendered. Raises NotFound, and Unavailable: come again."""
    feed_id = serving.awaits_render(name)
    if feed_id is None:
        raise NotFound(UNKNOWN)
    if not renders.is_small(feed_id, SMALL_CATALOGUE):
        transaction(jobs.enqueue)("render", feed_id)
        raise _come_again()
    lock = _rendering.setdefault(feed_id, threading.Lock())
    if not lock.acquire(timeout=PATIENCE_SECONDS):
        raise _come_again()
    try:
        served, cache = serving.find(name), "HIT"
        if served is None:
            renders.render(feed_id)
            served, cache = serving.find(name), "MISS"
    finally:
        _rendering.pop(feed_id, None)
        lock.release()
    if served is None:
        raise NotFound(UNKNOWN)  # The guard holds it.
    return served, cache


def _come_again() -> Unavailable:
    return Unavailable("The feed is being rendered for the first time.", retry_after=COME_AGAIN_SECONDS)


def _telling(allowance: Headers) -> Callable[[Response], Response]:
    """For answers that are made elsewhere: errors."""

    def tell(response: Response) -> Response:
        if response.status_code >= 400:
            response.headers.extend(allowance)
        return response

    return tell
