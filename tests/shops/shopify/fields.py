"""How a field gets its value: by a function registered for it, or from the record it belongs to.

    @field("Product.onlineStoreUrl")
    def online_store_url(product, context): ...

Functions take the record, the context and the field's arguments under their names in the API. A field that
neither way knows raises NotModelled, rather than being null.
"""

from dataclasses import dataclass
from dataclasses import field as attribute

from graphql import is_non_null_type

from tests.shops.shopify import access, connections
from tests.shops.shopify.gids import gid
from tests.shops.shopify.refusals import NotModelled, Refused

RESOLVERS = {}
SCOPES_PAGE = "https://shopify.dev/api/usage/access-scopes"


def field(*names):
    """Register a function for fields called `Type.field`."""

    def register(function):
        for name in names:
            RESOLVERS[tuple(name.split("."))] = function
        return function

    return register


@dataclass
class Context:
    """Whose call it is: `app` is the installation, `schema` the version it speaks."""

    shop: object
    app: object
    schema: object
    #: connections without a size give everything
    is_bulk: bool = False
    #: the root field's @idempotent key
    keys: dict = attribute(default_factory=dict)
    #: the products asked for by their id, of which more variants come at once
    alone: set = attribute(default_factory=set)
    #: what `extensions.search` tells
    searches: list = attribute(default_factory=list)
    _opened: dict = attribute(default_factory=dict)

    @property
    def wants_comparison(self):
        """Setting stock needs an idempotency key and what the quantity was."""
        return self.schema.version >= "2026-04"

    def page(self, rows, longest=connections.LONGEST, **arguments):
        """A connection's answer."""
        if not self.is_bulk:
            return connections.page(rows, longest=longest, **arguments)
        if arguments.get("first") is None and arguments.get("last") is None:
            return connections.everything(rows, arguments.get("reverse") or False)
        return connections.page(rows, reach=None, **arguments)

    def lacks(self, info):
        """What the app's scopes lack for a field, None when they open it."""
        place = info.parent_type.name, info.field_name
        if place not in self._opened:
            parent, name = info.parent_type, info.field_name
            self._opened[place] = access.missing_for_field(self.schema, self.app.scopes, parent, name)
        return self._opened[place]

    def check_kind(self, kind, name):
        """Raise Refused when the scopes do not open objects of this kind, which the field called so found."""
        if needed := access.missing(self.schema, self.app.scopes, kind):
            raise denied(name, needed)


def denied(name, needed):
    return Refused(
        f"Access denied for {name} field. Required access: {needed.text}",
        "ACCESS_DENIED",
        documentation=SCOPES_PAGE,
        requiredAccess=needed.text,
    )


def resolve(record, info, **arguments):
    """The value of any field; graphql-core calls it."""
    context, kind, name = info.context, info.parent_type.name, info.field_name
    if needed := context.lacks(info):
        raise denied(name, needed)
    spoilt = context.shop.spoilt_fields
    if spoilt and (code := spoilt.get(f"{kind}.{name}")):
        return _spoilt(code, info)
    resolver = RESOLVERS.get((kind, name))
    if resolver:
        return resolver(record, context, **arguments)
    if isinstance(record, dict) and name in record:
        return record[name]
    raise NotModelled(f"{kind}.{name}")


def _spoilt(code, info):
    """Null, which the schema has to allow, or an error of the server's at this place."""
    if code != "null":
        raise Refused("Internal error. Looks like something went wrong on our end.", code)
    if is_non_null_type(info.return_type):
        raise ValueError(f"{info.parent_type.name}.{info.field_name} is never null")
    return None


def kind_of(record, info, abstract):
    """The type of a record where the schema leaves it open."""
    return record["__typename"]


def ids_of(*kinds):
    """Register `id` and, where there is one, `legacyResourceId` for kinds that go by their number."""
    for kind in kinds:
        RESOLVERS[kind, "id"] = lambda record, context: gid(record["__typename"], record["number"])
        RESOLVERS[kind, "legacyResourceId"] = lambda record, context: record["number"]


def amount(text, currency):
    """MoneyV2. Decimals are written with as few digits as they need, but one."""
    whole, _, rest = f"{text}".partition(".")
    return {"amount": f"{whole}.{rest.rstrip('0') or '0'}", "currencyCode": currency}


def count(number):
    return {"count": number, "precision": "EXACT"}
