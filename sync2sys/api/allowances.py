"""How many feeds one client may read, counted in one step with what the headers say of it."""

import math
from wsgiref.types import WSGIEnvironment

from sync2sys.api.representations import Headers
from sync2sys.extensions import client_of
from sync2sys.ratelimit import Verdict, WindowStorage

WINDOW_SECONDS = 60
_TAKEN = "sync2sys.allowance"


def take(storage: WindowStorage, limit: int, environ: WSGIEnvironment) -> Verdict:
    """Count this request, once for all that ask."""
    verdict: Verdict | None = environ.get(_TAKEN)
    if verdict is None:
        client = client_of(environ.get("REMOTE_ADDR"))
        verdict = environ[_TAKEN] = storage.hit(f"feed {client}", limit, WINDOW_SECONDS)
    return verdict


def headers(limit: int, verdict: Verdict) -> Headers:
    """What the reader is told of it, in requests and seconds (draft-ietf-httpapi-ratelimit-headers-06)."""
    return [
        ("RateLimit-Limit", str(limit)),
        ("RateLimit-Remaining", str(verdict.remaining)),
        ("RateLimit-Reset", str(math.ceil(verdict.reset))),
        ("RateLimit-Policy", f"{limit};w={WINDOW_SECONDS}"),
    ]
