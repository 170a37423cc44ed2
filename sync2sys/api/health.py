"""/healthz, /readyz and /metrics for whoever runs the service."""

import hmac
from typing import cast

from flask import Response, current_app, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from sync2sys.api.access import public
from sync2sys.api.bodies import Blueprint
from sync2sys.errors import Forbidden, Unavailable
from sync2sys.extensions import cache, limiter, settings
from sync2sys.ratelimit import WindowStorage
from sync2sys.schemas.health import Health, Readiness
from sync2sys.services import health

bp = Blueprint("health", __name__, description="Health")


@bp.get("/healthz")
@public
@bp.response(200, Health)
@bp.doc(summary="The process answers")
def healthz() -> dict[str, str]:
    """Answer as long as the process does; asks nobody."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
@bp.response(200, Readiness)
@bp.doc(summary="The service can do its work")
def readyz() -> dict[str, object]:
    """Try the database, the schema and the disk; 503 when one of them fails.

    Why it failed, and how worker and queue are, is told to an operator only.
    """
    found = health.checks(current_app.instance_path)
    details = {check.name: check.detail for check in found} if _is_operator() else None
    failed = [check.name for check in found if check.vital and not check.ok]
    if failed:
        raise Unavailable(f"Not ready: {', '.join(failed)}.", details=details, retry_after=10)
    return {"status": "ready"} | ({"details": details} if details else {})


@bp.get("/metrics")
@public
@bp.response(200, {"type": "string"}, content_type="text/plain")
@bp.doc(summary="Figures for Prometheus")
def metrics() -> Response:
    """Show what the database knows, the same from every process."""
    if not _is_operator():
        raise Forbidden("Set ADMIN_TOKEN and send it as Bearer to read the metrics.")
    return Response(_exposition(), content_type=CONTENT_TYPE_LATEST)


def _is_operator() -> bool:
    token = settings.ADMIN_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        return hmac.compare_digest(given.encode(), token.encode())
    return settings.ENV == "development"


@cache.memoize(5)
def _exposition() -> bytes:
    registry = CollectorRegistry()
    outages = cast(WindowStorage, limiter.storage).outages()
    for name, counts in (health.figures() | {"rate_limit_outages": outages}).items():
        gauge = Gauge(f"sync2sys_{name}", f"Number of {name} by state.", ["state"], registry=registry)
        for state, count in counts.items():
            gauge.labels(state).set(count)
    return generate_latest(registry)
