"""/api/openapi.json and /api/docs: the API's description, for machines and as a page."""

import json
from typing import Any

from flask import Response

from sync2sys.api.access import public
from sync2sys.api.description import describe
from sync2sys.extensions import settings
from sync2sys.panel.pages import page, pages

bp = pages("docs")

METHODS = ("get", "post", "put", "patch", "delete")


@bp.get("/api/openapi.json")
@public
def openapi() -> Response:
    """Give the description in OpenAPI."""
    return Response(json.dumps(describe(settings.PUBLIC_URL), indent=2), mimetype="application/json")


@bp.get("/api/docs")
@public
def docs() -> Response:
    """Show every endpoint with its parameters, bodies and answers."""
    spec = describe(settings.PUBLIC_URL)
    return page("docs.html", groups=_groups(spec), base=settings.PUBLIC_URL, tags=spec.get("tags", []))


def _groups(spec: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, in the order of the description."""
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in spec.get("tags", [])}
    for path, operations in spec["paths"].items():
        shared = operations.get("parameters", [])
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                groups.setdefault(operation.get("tags", ["Other"])[0], []).append(
                    {
                        "method": method.upper(),
                        "path": path,
                        "summary": operation.get("summary", ""),
                        "description": operation.get("description", ""),
                        "is_public": not operation.get("security"),
                        "parameters": shared + operation.get("parameters", []),
                        "body": _fields(spec, _json_schema(operation.get("requestBody", {}))),
                        "responses": {
                            status: _fields(spec, _json_schema(response))
                            for status, response in sorted(operation["responses"].items())
                            if status != "default"
                        },
                    }
                )
    return {name: found for name, found in groups.items() if found}


def _json_schema(part: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _fields(spec: dict[str, Any], schema: dict[str, Any], depth: int = 3) -> list[dict[str, Any]]:
    """The fields of a schema, one row each; nested ones as `outer.inner`."""
    if "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    rows = []
    for name, field in schema.get("properties", {}).items():
        rows.append(
            {
                "name": name,
                "type": field.get("type", "object"),
                "required": name in schema.get("required", []),
                "description": field.get("description", ""),
                "values": field.get("enum", []),
                "example": field.get("example"),
            }
        )
        inner = field.get("items", field)
        if depth and ("$ref" in inner or "properties" in inner):
            rows += [row | {"name": f"{name}.{row['name']}"} for row in _fields(spec, inner, depth - 1)]
    return rows
