"""The REST API: from a request to its answer, in the order in which WordPress decides.

Bad proof of a key (401), unknown route (404), bad parameter (400), missing right (401 or 403), and
only then what the request asks for.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus

from sync2sys.demo import editing, listing, shapes, webhooks
from sync2sys.demo.keys import Key
from sync2sys.demo.records import Record
from sync2sys.demo.status import CURRENCIES, NAMESPACES, SETTINGS, environment
from sync2sys.demo.web import Answer, Refusal, Request
from sync2sys.demo.webhooks import Webhook

if TYPE_CHECKING:
    from sync2sys.demo.shop import Shop

T = TypeVar("T")

NO_CACHE = "no-cache, must-revalidate, max-age=0, no-store, private"

#: what is said to somebody who may not, by what was tried
MAY_NOT = {
    "list": ("view", "Sorry, you cannot list resources."),
    "view": ("view", "Sorry, you cannot view this resource."),
    "create": ("create", "Sorry, you are not allowed to create resources."),
    "edit": ("edit", "Sorry, you are not allowed to edit this resource."),
    "delete": ("delete", "Sorry, you are not allowed to delete this resource."),
    "batch": ("batch", "Sorry, you are not allowed to batch manipulate this resource."),
}


@dataclass
class Call:
    """One request to the API: who, what, and with which parameters."""

    shop: "Shop"
    request: Request
    route: str
    home: str
    ids: list[int]
    #: the query's and the JSON body's parameters together
    given: dict[str, Any] = field(default_factory=dict)
    #: the checked ones, in lists
    checked: dict[str, Any] = field(default_factory=dict)

    @property
    def force(self) -> bool:
        return listing.truth(self.given.get("force", False))


@dataclass
class Reply:
    data: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """What a method does on a route: the handler, the right it needs, the parameters it checks."""

    run: Callable[[Call], Reply]
    right: str | None = "list"
    checks: dict[str, listing.Check] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    pattern: str
    actions: dict[str, Action]
    #: the Allow header; the methods of a single action that take the place of one another
    allow: str
    #: the feature a shop needs to have the route
    needs: str | None = None
    #: `_fields` may go below the first level
    dots: bool = False


def route_of(shop: "Shop", request: Request) -> str | None:
    """The API route that the request names, None if it is for the site. "" is never returned."""
    path = request.path.removeprefix(shop.path)
    named = request.query.get("rest_route")
    if isinstance(named, str) and named and path in ("", "/", "/index.php"):
        return "/" + named.strip("/")
    path = path.removeprefix("/index.php")
    if shop.permalinks != "plain" and (path == "/wp-json" or path.startswith("/wp-json/")):
        return "/" + path.removeprefix("/wp-json").strip("/")
    return None


def meant_for_woocommerce(request: Request) -> bool:
    """WooCommerce looks at keys only where it finds its own name in the URL, as text."""
    return "wp-json/wc/" in request.target or "wp-json/wc-" in request.target


def answer(shop: "Shop", request: Request) -> Answer | None:
    """Answer a request to the API; None if it is for something else. Never raises Refusal."""
    folder = request.path == shop.path or request.path.startswith(f"{shop.path}/")
    route = route_of(shop, request) if folder else None
    if route is None:
        return None
    home = shop.address(request)
    headers = {
        "X-Robots-Tag": "noindex",
        "Link": f'<{shop.rest_url(home, "/")}>; rel="https://api.w.org/"',
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
    }
    try:
        asks = shop.has("woocommerce") and meant_for_woocommerce(request)
        key = shop.authenticate(request) if asks else None
    except Refusal as refusal:
        return Answer.json(refusal.body, refusal.status, **headers)
    if key is not None:
        headers["Cache-Control"] = NO_CACHE
    try:
        reply = _dispatch(shop, request, route, home, key)
    except Refusal as refusal:
        reply = Reply(refusal.body, refusal.status, refusal.headers)
    return Answer.json(reply.data, reply.status, **{**headers, **reply.headers})


def _dispatch(shop: "Shop", request: Request, path: str, home: str, key: Key | None) -> Reply:
    method = _method(request)
    if key is not None:
        key.check_method(method)
    route, call = _matched(shop, request, path, home)
    action = route.actions.get("GET" if method == "HEAD" else method)
    if action is None:
        raise no_route()
    try:
        call.given = {**request.query, **_body(request)}
        call.checked = listing.checked(call.given, action.checks)
        _check_right(action, key)
        reply = action.run(call)
    except Refusal as refusal:
        # Somebody without any right is not told what would be allowed.
        if refusal.status not in (401, 403):
            refusal.headers["Allow"] = route.allow
        raise
    reply.headers = {"Allow": route.allow, **reply.headers}
    reply.data = _only_fields(reply.data, request, route.dots)
    return reply


def _method(request: Request) -> str:
    override = request.query.get("_method") or request.headers.get("X-HTTP-Method-Override")
    return str(override).upper() if override and request.method == "POST" else request.method


def _matched(shop: "Shop", request: Request, path: str, home: str) -> tuple[Route, Call]:
    for route in ROUTES:
        match = re.fullmatch(route.pattern, path)
        if match and (route.needs is None or shop.has(route.needs)):
            ids = [int(part) for part in match.groups() if part.isdigit()]
            return route, Call(shop, request, path, home, ids)
    raise no_route()


def no_route() -> Refusal:
    return Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")


def _body(request: Request) -> dict[str, Any]:
    """The JSON body. One without a JSON content type is not looked at. Raises Refusal."""
    if not request.body or "json" not in request.headers.get("Content-Type", ""):
        return {}
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        message = "Invalid JSON body passed."
        extra = {"json_error_code": 4, "json_error_message": "Syntax error"}
        raise Refusal(400, "rest_invalid_json", message, **extra) from None
    return data if isinstance(data, dict) else {}


def _check_right(action: Action, key: Key | None) -> None:
    if action.right is None or (key is not None and key.manages):
        return
    verb, message = MAY_NOT[action.right]
    raise Refusal(403 if key else 401, f"woocommerce_rest_cannot_{verb}", message)


def _only_fields(data: Any, request: Request, dots: bool) -> Any:
    """Apply `_fields`. A single object keeps its `_links`; a path into a product drops the field."""
    wanted = request.query.get("_fields")
    if not wanted:
        return data
    names = listing.items(wanted)
    if isinstance(data, list):
        return [{name: each[name] for name in each if name in names} for each in data]
    if not isinstance(data, dict):
        return data
    if dots:
        return _picked(data, [name.split(".") for name in names])
    return {name: data[name] for name in data if name in names or name == "_links"}


def _picked(data: dict[str, Any], paths: Sequence[Sequence[str]]) -> dict[str, Any]:
    picked: dict[str, Any] = {}
    for name, value in data.items():
        below = [path[1:] for path in paths if path[0] == name]
        if [] in below or (below and not isinstance(value, dict)):
            picked[name] = value
        elif below:
            picked[name] = _picked(value, below)
    return picked


# Lists


def _list(call: Call, records: Sequence[T], tell: Callable[[T], Any]) -> Reply:
    """One page of the records, with the totals and the links to the pages beside it."""
    per_page = int(float(call.checked.get("per_page", 10)))
    page = int(float(call.checked.get("page", 1)))
    start = int(float(call.checked.get("offset", (page - 1) * per_page)))
    pages = math.ceil(len(records) / per_page)
    headers = {"X-WP-Total": str(len(records)), "X-WP-TotalPages": str(pages)}
    beside = _beside(call, page, pages)
    if beside:
        headers["Link"] = beside
    return Reply([tell(record) for record in records[max(0, start) :][:per_page]], headers=headers)


def _beside(call: Call, page: int, pages: int) -> str:
    """The Link header. It repeats the query, secrets too, and leaves a `&` in a value bare."""
    found = {}
    if page > 1:
        found["prev"] = min(page - 1, pages)
    if page < pages:
        found["next"] = page + 1
    return ", ".join(f'<{_page_url(call, number)}>; rel="{name}"' for name, number in found.items())


def _page_url(call: Call, page: int) -> str:
    query = {name: value for name, value in call.request.query.items() if name != "rest_route"}
    query["page"] = str(page)
    parts = []
    for name, value in query.items():
        pairs = value.items() if isinstance(value, dict) else [("", value)]
        parts += [
            f"{name}%5B{key}%5D={_bare(item)}" if key else f"{name}={_bare(item)}" for key, item in pairs
        ]
    url = call.shop.rest_url(call.home, call.route)
    return f"{url}{'&' if '?' in url else '?'}{'&'.join(parts)}"


def _bare(value: str) -> str:
    return quote_plus(value).replace("%26", "&")


def list_products(call: Call) -> Reply:
    records = call.shop.select("product", call.checked)
    return _list(call, records, lambda record: shapes.tell_product(call.shop, record, call.home))


def list_variations(call: Call) -> Reply:
    """Those of one product; of a product that does not exist an empty list."""
    records = call.shop.select("variation", call.checked, parent=call.ids[0])
    return _list(call, records, lambda record: shapes.tell_variation(call.shop, record, call.home))


def list_all_variations(call: Call) -> Reply:
    name = "analytics" if "analytics" in call.route else "variations"
    records = call.shop.select("variation", call.checked)
    return _list(call, records, lambda record: shapes.tell_variation(call.shop, record, call.home, name))


def list_categories(call: Call) -> Reply:
    found = list(call.shop.categories.values())
    for name, value in (("include", "id"), ("parent", "parent")):
        if name in call.checked:
            wanted = set(listing.numbers(call.checked[name]))
            found = [term for term in found if term[value] in wanted]
    by = call.checked.get("orderby", "name")
    key = by if by in ("id", "slug") else "name"
    found.sort(key=lambda term: term[key], reverse=call.checked.get("order", "asc") == "desc")
    counts = _counts(call.shop)
    return _list(call, found, lambda term: _tell_category(call, term, counts))


def _counts(shop: "Shop") -> dict[int, int]:
    counts: dict[int, int] = {}
    for record in shop.select("product", {"status": "publish"}):
        for term in record["categories"]:
            counts[term["id"]] = counts.get(term["id"], 0) + 1
    return counts


def _tell_category(call: Call, term: Record, counts: dict[int, int]) -> Record:
    own = f"products/categories/{term['id']}"
    return {
        **shapes.tell_term(term),
        "parent": term["parent"],
        "description": "",
        "display": "default",
        "image": None,
        "menu_order": 0,
        "count": counts.get(term["id"], 0),
        "_links": shapes.links(call.shop, call.home, own, "products/categories", hints=True),
    }


def list_taxes(call: Call) -> Reply:
    """The table of tax rates. Where it is empty, so is the list."""
    found = [tax for tax in call.shop.taxes if call.checked.get("class", tax["class"]) == tax["class"]]
    by, order = call.checked.get("orderby", "order"), call.checked.get("order", "asc")
    found.sort(key=lambda tax: tax[by], reverse=order == "desc")
    return _list(call, found, lambda tax: shapes.tell_tax(call.shop, tax, call.home))


# Single objects


def index(call: Call) -> Reply:
    """Discovery. A real one is 1.3 MB without `_fields`: it describes every route."""
    shop = call.shop
    offset = shop.zone.utcoffset(shop.now().astimezone(shop.zone)) or timedelta()
    hours = offset / timedelta(hours=1)
    active = shop.has("woocommerce")
    return Reply(
        {
            "name": shop.name,
            "description": "",
            "url": call.home,
            "home": call.home,
            "gmt_offset": int(hours) if hours.is_integer() else hours,
            "timezone_string": getattr(shop.zone, "key", ""),
            "namespaces": [name for name in NAMESPACES if active or not name.startswith("wc")],
            "authentication": [],
            "routes": {route.pattern: {"methods": route.allow.split(", ")} for route in ROUTES},
        }
    )


def get_product(call: Call) -> Reply:
    record = call.shop.records.get(call.ids[0])
    if record is None:
        raise editing.invalid_id("product", 404)
    return Reply(shapes.tell_product(call.shop, record, call.home))


def get_variation(call: Call) -> Reply:
    record = editing.find_variation(call.shop, call.ids[0], call.ids[1], status=404)
    return Reply(shapes.tell_variation(call.shop, record, call.home))


def get_category(call: Call) -> Reply:
    term = call.shop.categories.get(call.ids[0])
    if term is None:
        raise Refusal(404, "woocommerce_rest_term_invalid", "Resource does not exist.")
    return Reply(_tell_category(call, term, _counts(call.shop)))


def system_status(call: Call) -> Reply:
    return Reply(environment(call.shop, call.home))


def current_currency(call: Call) -> Reply:
    code = call.shop.currency
    own = f"data/currencies/{code}"
    links = shapes.links(call.shop, call.home, own, "data/currencies", hints=True, methods=["GET"])
    symbol = shapes.SYMBOLS.get(code, code)
    return Reply({"code": code, "name": CURRENCIES.get(code, code), "symbol": symbol, "_links": links})


def list_settings(call: Call) -> Reply:
    group = _group(call)
    return Reply([_setting(call, group, name) for name in SETTINGS[group]])


def get_setting(call: Call) -> Reply:
    group, name = _group(call), call.route.rpartition("/")[2]
    if name not in SETTINGS[group]:
        raise Refusal(404, "rest_setting_setting_invalid", "Invalid setting.")
    return Reply(_setting(call, group, name))


def _group(call: Call) -> str:
    group = call.route.split("/")[4]
    if group not in SETTINGS:
        raise Refusal(404, "rest_setting_setting_group_invalid", "Invalid setting group.")
    return group


def _setting(call: Call, group: str, name: str) -> Record:
    kind, label, value = SETTINGS[group][name]
    own, methods = f"settings/{group}/{name}", ["GET", "POST", "PUT", "PATCH"]
    return {
        "id": name,
        "label": label,
        "description": "",
        "type": kind,
        "default": "",
        "tip": "",
        "value": value(call.shop),
        "_links": shapes.links(call.shop, call.home, own, f"settings/{group}", hints=True, methods=methods),
    }


# Writing


def create_product(call: Call) -> Reply:
    record = editing.create_product(call.shop, call.given)
    told = shapes.tell_product(call.shop, record, call.home, edit=True)
    return Reply(told, 201, {"Location": f"{call.shop.rest_url(call.home, call.route)}/{record['id']}"})


def update_product(call: Call) -> Reply:
    record = editing.update(call.shop, editing.find_product(call.shop, call.ids[0]), call.given)
    return Reply(shapes.tell_product(call.shop, record, call.home, edit=True))


def delete_product(call: Call) -> Reply:
    record = editing.find_product(call.shop, call.ids[0], status=404)
    told = shapes.tell_product(call.shop, record, call.home, edit=True)
    editing.remove(call.shop, record, call.force)
    return Reply(told)


def create_variation(call: Call) -> Reply:
    record = editing.create_variation(call.shop, call.ids[0], call.given)
    return Reply(shapes.tell_variation(call.shop, record, call.home, edit=True), 201)


def update_variation(call: Call) -> Reply:
    record = editing.find_variation(call.shop, call.ids[0], call.ids[1])
    return Reply(
        shapes.tell_variation(call.shop, editing.update(call.shop, record, call.given), call.home, edit=True)
    )


def delete_variation(call: Call) -> Reply:
    record = editing.find_variation(call.shop, call.ids[0], call.ids[1], status=404)
    told = shapes.tell_variation(call.shop, record, call.home, edit=True)
    editing.remove(call.shop, record, call.force)
    return Reply(told)


def batch_products(call: Call) -> Reply:
    shop = call.shop
    return _batch(
        call,
        find=lambda number: editing.find_product(shop, number),
        create=lambda fields: editing.create_product(shop, fields),
        tell=lambda record: shapes.tell_product(shop, record, call.home, edit=True),
    )


def batch_variations(call: Call) -> Reply:
    shop, parent = call.shop, call.ids[0]
    return _batch(
        call,
        find=lambda number: editing.find_variation(shop, parent, number),
        create=lambda fields: editing.create_variation(shop, parent, fields),
        tell=lambda record: shapes.tell_variation(shop, record, call.home, edit=True),
    )


def _batch(
    call: Call,
    find: Callable[[Any], Record],
    create: Callable[[Record], Record],
    tell: Callable[[Record], Record],
) -> Reply:
    """Run the items in order. The answer is 200 whatever became of them; failed ones say so in place."""
    given = {name: call.given.get(name) for name in ("create", "update", "delete")}
    todo = {name: found if isinstance(found, list) else [] for name, found in given.items()}
    if sum(map(len, todo.values())) > 100:
        message = "Unable to accept more than 100 items for this request."
        raise Refusal(413, "woocommerce_rest_request_entity_too_large", message)

    def update(fields: Record) -> Record:
        return tell(editing.update(call.shop, find(fields.get("id")), fields))

    def fields_of(item: Any) -> Record:
        return item if isinstance(item, dict) else {}

    def delete(number: Any) -> Record:
        record = find(number)
        told = tell(record)
        editing.remove(call.shop, record, force=True)
        return told

    done: dict[str, list[Record]] = {
        "create": [_tried(lambda each: tell(create(each)), fields_of(item), 0) for item in todo["create"]],
        "update": [_tried(update, fields_of(item), fields_of(item).get("id")) for item in todo["update"]],
        "delete": [_tried(delete, number, number) for number in todo["delete"]],
    }
    return Reply({name: items for name, items in done.items() if items} or [])


def _tried(run: Callable[[Any], Record], item: Any, number: Any) -> Record:
    try:
        return run(item)
    except Refusal as refusal:
        return {"id": number, "error": refusal.body}


# Webhooks


def list_webhooks(call: Call) -> Reply:
    """All of them, the newest first."""
    wanted, sought = call.checked.get("status", "all"), call.checked.get("search", "")
    rows = [
        hook
        for hook in reversed(call.shop.webhooks.rows.values())
        if wanted in ("all", hook.status) and sought.lower() in hook.name.lower()
    ]
    return _list(call, rows, lambda hook: webhooks.tell(call.shop, hook, call.home))


def get_webhook(call: Call) -> Reply:
    return _webhook(call, _found_webhook(call))


def create_webhook(call: Call) -> Reply:
    hook = call.shop.webhooks.make(call.checked)
    location = f"{call.shop.rest_url(call.home, call.route)}/{hook.id}"
    return Reply(webhooks.tell(call.shop, hook, call.home), 201, {"Location": location})


def update_webhook(call: Call) -> Reply:
    hook = _found_webhook(call)
    call.shop.webhooks.change(hook, call.checked)
    return _webhook(call, hook)


def delete_webhook(call: Call) -> Reply:
    hook = _found_webhook(call)
    if not call.force:
        raise Refusal(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
    del call.shop.webhooks.rows[hook.id]
    return _webhook(call, hook)


def _found_webhook(call: Call) -> Webhook:
    hook = call.shop.webhooks.rows.get(call.ids[0])
    if hook is None:
        raise webhooks.refused("id", "Invalid ID.", 404)
    return hook


def _webhook(call: Call, hook: Webhook) -> Reply:
    return Reply(webhooks.tell(call.shop, hook, call.home))


LISTED = Action(list_products, checks=listing.PRODUCTS)
ALL_VARIATIONS = {"GET": Action(list_all_variations, checks=listing.LIST)}
WRITES = ("POST", "PUT", "PATCH")
EDITABLE = "GET, POST, PUT, PATCH"
ALL = "GET, POST, PUT, PATCH, DELETE"


def _writing(run: Callable[[Call], Reply], right: str, checks: dict[str, listing.Check]) -> dict[str, Action]:
    return dict.fromkeys(WRITES, Action(run, right, checks))


ROUTES = (
    Route("/", {"GET": Action(index, right=None)}, "GET", dots=True),
    Route("/wc/v3/system_status", {"GET": Action(system_status)}, "GET", "woocommerce", dots=True),
    Route("/wc/v3/data/currencies/current", {"GET": Action(current_currency, "view")}, "GET", "woocommerce"),
    Route("/wc/v3/taxes", {"GET": Action(list_taxes, checks=listing.TAXES)}, "GET, POST", "woocommerce"),
    Route("/wc/v3/settings/([a-z]+)", {"GET": Action(list_settings)}, "GET", "woocommerce"),
    Route("/wc/v3/settings/([a-z]+)/([a-z_]+)", {"GET": Action(get_setting)}, EDITABLE, "woocommerce"),
    Route(
        "/wc/v3/products",
        {"GET": LISTED, "POST": Action(create_product, "create", editing.CHECKS)},
        "GET, POST",
        "woocommerce",
    ),
    Route("/wc/v3/products/batch", _writing(batch_products, "batch", {}), "POST, PUT, PATCH", "woocommerce"),
    Route(
        "/wc/v3/products/categories",
        {"GET": Action(list_categories, checks=listing.CATEGORIES)},
        "GET, POST",
        "woocommerce",
    ),
    Route("/wc/v3/products/categories/([0-9]+)", {"GET": Action(get_category, "view")}, ALL, "woocommerce"),
    Route(
        "/wc/v3/products/([0-9]+)",
        {
            "GET": Action(get_product, "view"),
            **_writing(update_product, "edit", editing.CHECKS),
            "DELETE": Action(delete_product, "delete"),
        },
        ALL,
        "woocommerce",
    ),
    Route(
        "/wc/v3/products/([0-9]+)/variations",
        {
            "GET": Action(list_variations, checks=listing.LIST),
            "POST": Action(create_variation, "create", editing.CHECKS),
        },
        "GET, POST",
        "woocommerce",
    ),
    Route(
        "/wc/v3/products/([0-9]+)/variations/batch",
        _writing(batch_variations, "batch", {}),
        "POST, PUT, PATCH",
        "woocommerce",
    ),
    Route(
        "/wc/v3/products/([0-9]+)/variations/([0-9]+)",
        {
            "GET": Action(get_variation, "view"),
            **_writing(update_variation, "edit", editing.CHECKS),
            "DELETE": Action(delete_variation, "delete"),
        },
        ALL,
        "woocommerce",
    ),
    Route(
        "/wc/v3/webhooks",
        {
            "GET": Action(list_webhooks, checks=webhooks.LIST),
            "POST": Action(create_webhook, "create", webhooks.CHECKS),
        },
        "GET, POST",
        "woocommerce",
    ),
    Route(
        "/wc/v3/webhooks/([0-9]+)",
        {
            "GET": Action(get_webhook, "view"),
            **_writing(update_webhook, "edit", webhooks.CHECKS),
            "DELETE": Action(delete_webhook, "delete"),
        },
        ALL,
        "woocommerce",
    ),
    Route("/wc/v3/variations", ALL_VARIATIONS, "GET", "all_variations"),
    Route("/wc-analytics/variations", ALL_VARIATIONS, "GET", "analytics"),
)
