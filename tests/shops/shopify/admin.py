"""The GraphQL endpoint: who may ask, in which version, and at what price."""

import json
import math

from tests.shops.shopify import schema
from tests.shops.shopify.answers import json_answer
from tests.shops.shopify.costs import HIGHEST
from tests.shops.shopify.execution import Invalid, Request
from tests.shops.shopify.fields import Context

LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
#: shops that do not answer, by state
CLOSED = {
    "frozen": (402, "Unavailable Shop"),
    "locked": (423, "Locked"),
    "closed": (404, "Not Found"),
    "suspected": (430, "Shopify Security Rejection"),
}


def graphql(shop, request, version):
    """The answer to one call."""
    spoken = shop.platform.spoken(version)
    if spoken is None:
        return json_answer({"errors": "Not Found"}, 404)
    if shop.state in CLOSED:
        status, told = CLOSED[shop.state]
        return json_answer({"errors": told}, status)
    installation = shop.admitted(request.headers.get("X-Shopify-Access-Token", ""))
    if installation is None:
        return json_answer({"errors": UNAUTHORIZED}, 401)
    if refusal := _refused_token(installation, request):
        return refusal
    headers = {"X_Shopify_API_Version": spoken, "X_Shopify_Stage": "production"}
    asked = _asked(request)
    if asked is None:
        return json_answer({"errors": {"query": "Required parameter missing or invalid"}}, 400, **headers)
    return _run(shop, installation, spoken, asked, headers)


def _refused_token(installation, request):
    token = installation.tokens[request.headers["X-Shopify-Access-Token"]]
    if token.expires is None and installation.app.distribution == "public":
        told = "[API] Non-expiring access tokens are no longer accepted for the Admin API."
        return json_answer({"errors": told}, 403)
    return None


def _asked(request):
    """Query, variables and operation name, None where there is no query."""
    if "application/graphql" in request.headers.get("Content-Type", ""):
        return request.body.decode(), {}, None
    try:
        read = json.loads(request.body)
    except ValueError:
        return None
    query = read.get("query") if isinstance(read, dict) else None
    if not query or not isinstance(query, str):
        return None
    return query, read.get("variables") or {}, read.get("operationName")


def _run(shop, installation, version, asked, headers):
    spoken = schema.load(version)
    try:
        wanted = Request(spoken, *asked)
    except Invalid as error:
        return json_answer({"errors": error.errors}, 200, **headers)
    cost, bucket = wanted.cost, installation.bucket
    if cost > HIGHEST:
        return json_answer({"errors": [_too_dear(cost)]}, 200, **headers)
    if cost > bucket.available:
        return _throttled(shop, bucket, cost, headers)
    context = Context(shop, installation, spoken)
    data, errors = wanted.run(context)
    spent = wanted.actual_cost(data)
    bucket.spend(spent)
    extensions = {"cost": _cost(bucket, cost, spent)}
    if context.searches:
        extensions["search"] = context.searches
    answer = ({"errors": errors} if errors else {}) | {"data": data, "extensions": extensions}
    return json_answer(answer, 200, **headers)


def _too_dear(cost):
    message = (
        f"Query cost is {cost}, which exceeds the single query max cost limit ({HIGHEST}). "
        "To query larger amounts of data with fewer limits, bulk operations should be used instead."
    )
    told = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": HIGHEST, "documentation": LIMITS_PAGE}
    return {"message": message, "extensions": told}


def _throttled(shop, bucket, cost, headers):
    if shop.throttles_by_status:
        wait = math.ceil(bucket.wait_for(cost))
        return json_answer({"errors": "Throttled"}, 429, Retry_After=f"{float(wait)}", **headers)
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": LIMITS_PAGE}}
    return json_answer({"errors": [error], "extensions": {"cost": _cost(bucket, cost, None)}}, 200, **headers)


def _cost(bucket, requested, actual):
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": bucket.status(),
    }
