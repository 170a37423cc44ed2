"""Which bytes of a feed a reader is sent, and with which headers: by what its request takes and knows."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from wsgiref.types import WSGIEnvironment

from werkzeug.http import http_date, parse_date

from sync2sys.services import serving
from sync2sys.services.fetches import FetchLog
from sync2sys.services.serving import Served

Headers = list[tuple[str, str]]

_ETAG = re.compile(r'(?:W/)?"([^"]*)"')
_CODING = re.compile(r"\s*([^;\s]+)\s*(?:;\s*[qQ]=([01](?:\.[0-9]{0,3})?)\s*)?\Z").match


@dataclass(frozen=True)
class Representation:
    """One way to send a file of a feed, and whether this reader has it already."""

    served: Served
    is_gzip: bool
    is_known: bool
    headers: Headers


def choose(environ: WSGIEnvironment, served: Served, is_file: bool) -> Representation:
    """What this request is answered with; `is_file` where the compressed file itself is asked for."""
    is_gzip = is_file or _wants_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
    shared, of_body = _fixed(served, is_gzip, is_file)
    is_known = _is_known(environ, shared[0][1], served.changed_at)
    return Representation(served, is_gzip, is_known, shared if is_known else of_body + shared)


def note(fetch_log: FetchLog, environ: WSGIEnvironment, chosen: Representation) -> None:
    """Write down that this request was answered so."""
    served, size = chosen.served, 0
    if not chosen.is_known and environ["REQUEST_METHOD"] != "HEAD":
        size = served.gzip_length if chosen.is_gzip else served.extent.raw_length
    agent = environ.get("HTTP_USER_AGENT", "")
    status = 304 if chosen.is_known else 200
    fetch_log.note(served.feed_id, served.no, agent, status, size, chosen.is_gzip)


@lru_cache(maxsize=1024)
def _fixed(served: Served, is_gzip: bool, is_file: bool) -> tuple[Headers, Headers]:
    """The headers that are the same for all readers: of a 304, the etag first, and what a body adds."""
    length = served.gzip_length if is_gzip else served.extent.raw_length
    file = f"{serving.name_of(served.slug, served.no)}.{served.extension}{'.gz' if is_file else ''}"
    shared = [
        ("ETag", f'"{served.gzip_etag if is_gzip else served.etag}"'),
        # What others keep would outlive a secret address that was changed.
        ("Cache-Control", f"{'private' if served.is_secret else 'public'}, max-age=300"),
        ("Vary", "Accept-Encoding"),
        ("X-Feed-Products", str(served.items)),
        ("X-Feed-Generated", served.generated_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("X-Robots-Tag", "noindex"),
    ]
    if served.shards > 1:
        shared.append(("X-Feed-Shards", str(served.shards)))
        shared.append(("X-Feed-Generation", str(served.generation)))
    of_body = [
        ("Content-Type", "application/gzip" if is_file else served.content_type),
        ("Content-Length", str(length)),
        ("Content-Disposition", f'inline; filename="{file}"'),
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
