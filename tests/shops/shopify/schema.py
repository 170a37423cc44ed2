"""Shopify's published schemas, ready to execute; see `fetch`."""

import functools
import gc
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from graphql import GraphQLSchema, build_client_schema

from tests.shops.shopify.fetch import FOLDER, MISSING


class Missing(Exception):
    """The schemas were not fetched."""


@dataclass(frozen=True)
class Access:
    """Which scopes open a type or a field: any one of them. `text` is how Shopify says it."""

    scopes: frozenset
    text: str


@dataclass(frozen=True)
class Schema:
    """One version: the executable schema, and what needs which scope, by (type, field or None)."""

    version: str
    graphql: GraphQLSchema
    access: dict


@functools.cache
def load(version):
    """The schema of `2026-10` or the like. Raises Missing."""
    path = FOLDER / f"{version}.json.gz"
    if not path.exists():
        raise Missing(f"{version}: {MISSING}")
    kept = orjson.loads(gzip.decompress(path.read_bytes()))
    gc.disable()  # it would look through hundreds of thousands of new objects, time and again
    try:
        graphql = build_client_schema({"__schema": kept["schema"]}, assume_valid=True)
        gc.freeze()  # nor later: they are here to stay
    finally:
        gc.enable()
    for name, written in {"DateTime": _moment, "UnsignedInt64": str, "URL": str}.items():
        graphql.type_map[name].coerce_output_value = written
    access = {(kind, field): Access(frozenset(scopes), text) for kind, field, scopes, text in kept["access"]}
    return Schema(version, graphql, access)


def _moment(value):
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
