"""The short way for what this process has in memory: published feeds, before Flask prepares a request.

Flask makes every request ready for any view; for a feed in memory that is most of the work (it halved
the requests a second). Here is only what a reader can see: the same count, choice, headers and log line
as in `public`. Whatever is not simply there goes on to the view, which can do everything.
"""

import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sync2sys.api import allowances, representations, requests
from sync2sys.api.representations import Representation
from sync2sys.config import Settings
from sync2sys.ratelimit import WindowStorage
from sync2sys.services import serving
from sync2sys.services.fetches import FetchLog
from sync2sys.services.serving import Shelf

PATH = "/api/public/feeds/"


class Front:
    """Answers from the shelf, and lets the application answer everything else."""

    def __init__(
        self,
        application: WSGIApplication,
        shelf: Shelf,
        storage: WindowStorage,
        fetch_log: FetchLog,
        settings: Settings,
    ) -> None:
        self._application, self._shelf, self._storage = application, shelf, storage
        self._fetch_log = fetch_log
        self._limit = settings.FEED_RATE
        self._fixed = [
            *requests.fixed_headers(settings),
            ("Content-Security-Policy", requests.POLICY),
            ("X-Cache", "HIT"),
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        if not environ["PATH_INFO"].startswith(PATH):
            return self._application(environ, start_response)
        chosen = self._choose(environ)
        body = self._body(environ, chosen) if chosen else None
        if chosen is None or body is None:
            return self._application(environ, start_response)
        verdict = allowances.take(self._storage, self._limit, environ)
        if not verdict.allowed:
            return self._application(environ, start_response)
        request_id = requests.id_of(environ)
        headers = chosen.headers + self._fixed + allowances.headers(self._limit, verdict)
        headers.append(("X-Request-Id", request_id))
        status = 304 if chosen.is_known else 200
        start_response("304 NOT MODIFIED" if chosen.is_known else "200 OK", headers)
        requests.log_answer(environ, request_id, status, started)
        representations.note(self._fetch_log, environ, chosen)
        return body

    def _choose(self, environ: WSGIEnvironment) -> Representation | None:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return None
        name, is_file = serving.requested(environ["PATH_INFO"].removeprefix(PATH))
        served = self._shelf.find(name)
        return representations.choose(environ, served, is_file) if served else None

    def _body(self, environ: WSGIEnvironment, chosen: Representation) -> list[bytes] | None:
        if chosen.is_known or environ["REQUEST_METHOD"] == "HEAD":
            return []
        body = self._shelf.body(chosen.served, chosen.is_gzip)
        return None if body is None else [body]
