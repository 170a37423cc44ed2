"""No route without a word on who may call it, none undocumented, none that leads elsewhere."""

import pytest

from tests.plugin import Plugin, assert_error

#: Groups of pages and files for people; everything else stands in the OpenAPI description.
PAGES = {"home", "sign_in", "sales_channels", "docs"}


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def example(rule):
    """An address of the route, with ids that nobody has."""
    path = rule.rule
    for argument in rule.arguments:
        path = path.replace(f"<{argument}>", "00000000-0000-0000-0000-000000000000")
        for converter in ("string", "uuid", "path"):
            path = path.replace(f"<{converter}:{argument}>", "00000000-0000-0000-0000-000000000000")
    return path


def test_every_route_says_who_may_call_it(app):
    silent = [
        rule.rule for rule in rules(app) if not getattr(app.view_functions[rule.endpoint], "access", None)
    ]
    assert silent == []


def test_every_route_that_is_not_public_wants_a_token(app, client):
    for rule in rules(app):
        access = getattr(app.view_functions[rule.endpoint], "access", {"public"})
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            if not access & {"public", "session"}:
                answer = client.open(example(rule), method=method, json={})
                assert_error(answer, 401, "Unauthorized")


def test_every_page_that_is_not_public_wants_a_sign_in(app, client):
    for rule in rules(app):
        if getattr(app.view_functions[rule.endpoint], "access", None) == {"session"}:
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                answer = client.open(example(rule), method=method)
                # A form comes from nowhere unless it comes from a page.
                assert answer.status_code == (303 if method == "GET" else 400)
                assert method != "GET" or answer.location.startswith("/sign-in?next=")


def test_the_public_routes_are_these(app):
    public = {
        f"{method} {rule.rule}"
        for rule in rules(app)
        for method in rule.methods - {"OPTIONS", "HEAD"}
        if getattr(app.view_functions[rule.endpoint], "access", None) == {"public"}
    }
    assert public == {
        "POST /api/auth/register-from-plugin",
        "POST /api/auth/login",
        "POST /api/stores/connect",
        "GET /api/shopify/oauth/callback",
        "GET /api/public/feeds/<slug>",
        "POST /api/webhooks/woocommerce/<channel_id>",
        "POST /api/webhooks/shopify",
        "GET /api/formats",
        "GET /api/docs",
        "GET /api/openapi.json",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /",
        "GET /sign-in",
        "POST /sign-in",
        "GET /static/<path:name>",
    }


def test_the_description_has_exactly_the_routes_that_exist(app, client):
    described = {
        (method.upper(), path)
        for path, operations in client.get("/api/openapi.json").json["paths"].items()
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    }
    existing = {
        (method, rule.rule.replace("<string:", "<").replace("<", "{").replace(">", "}"))
        for rule in rules(app)
        if rule.endpoint.partition(".")[0] not in PAGES
        for method in rule.methods - {"OPTIONS", "HEAD"}
    }
    assert described == existing


def test_every_description_has_a_summary(client):
    for path, operations in client.get("/api/openapi.json").json["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                assert operation.get("summary"), f"{method} {path}"


def test_every_described_protected_route_names_the_token(app, client):
    paths = client.get("/api/openapi.json").json["paths"]
    for rule in rules(app):
        access = getattr(app.view_functions[rule.endpoint], "access", {"public"})
        operations = paths.get(rule.rule.replace("<", "{").replace(">", "}"), {})
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            if method.lower() in operations:
                secured = bool(operations[method.lower()].get("security"))
                assert secured == (access != {"public"}), f"{method} {rule.rule}"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/docs", "/static/sync2sys.css"])
def test_the_pages_open_and_run_no_script(client, path):
    with client.get(path) as answer:
        assert answer.status_code == 200
        assert b"<script" not in answer.data
    assert "script" not in answer.headers["Content-Security-Policy"]


def test_the_documentation_page_shows_every_endpoint(client):
    page = client.get("/api/docs").text
    for path in client.get("/api/openapi.json").json["paths"]:
        assert path in page


def test_no_answer_is_built_from_the_host_header(client):
    for path in (
        "/",
        "/sign-in",
        "/sales-channels",
        "/api/docs",
        "/api/openapi.json",
        "/api/public/feeds/none",
    ):
        assert b"evil.example" not in client.get(path, headers={"Host": "evil.example"}).data


def test_a_token_of_the_wrong_type_is_a_403_everywhere(app, client):
    plugin = Plugin(client)
    plugin.register()
    for rule in rules(app):
        access = getattr(app.view_functions[rule.endpoint], "access", {"public"})
        if access & {"public", "plugin", "session"} or rule.endpoint == "auth.refresh":
            continue
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            assert_error(client.open(example(rule), method=method, headers=plugin.auth(), json={}), 403)
