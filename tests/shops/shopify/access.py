"""Access scopes: what an app was granted, and what a field of the schema needs."""

from graphql import get_named_type


def parse(text):
    """The scopes of a comma separated list."""
    return {scope.strip() for scope in text.split(",") if scope.strip()}


def collapsed(scopes):
    """As Shopify grants them: writing implies reading, and `read_x` is not told beside `write_x`."""
    return {scope for scope in scopes if scope.replace("read_", "write_", 1) not in scopes - {scope}}


def closure(scopes):
    """All that they open."""
    return scopes | {scope.replace("write_", "read_", 1) for scope in scopes}


def missing(schema, scopes, kind, name=None):
    """What the scopes lack for objects of a type, or for its field called so; None when they open it."""
    needed = schema.access.get((kind, name))
    return needed if needed and not needed.scopes & closure(scopes) else None


def missing_for_field(schema, scopes, parent, name):
    """What they lack for the field or for what it gives."""
    found = _row(parent.fields[name].type)
    return missing(schema, scopes, parent.name, name) or missing(schema, scopes, found)


def _row(kind):
    """The type that a field is about: of a connection that of its nodes."""
    named = get_named_type(kind)
    if not named.name.endswith("Connection"):
        return named.name
    return get_named_type(named.fields["nodes"].type).name if "nodes" in named.fields else named.name
