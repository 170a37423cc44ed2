"""What a query costs, and the bucket it is paid from.

The rules were found by fitting the costs in some 1,500 answers that were recorded in 2025 and 2026; all of
those about products agree. An object is 1, a scalar nothing, a connection 2 and then its node for the
logarithm of its size, a count at the root 10, a mutation 10 with what it returns, and a fifth of a point for
each variant it is given.
"""

import math

from graphql import OperationType, get_named_type, is_leaf_type

#: Points a second by plan; a bucket holds twenty seconds' worth.
RATES = {"standard": 100, "advanced": 200, "plus": 1000, "enterprise": 2000}
BUCKET_SECONDS = 20
HIGHEST = 1000

#: objects that cost as little as a scalar
FREE = frozenset(
    str.split(
        """
        MoneyV2 MoneyBag MailingAddress InventoryItemMeasurement Weight CollectionRuleSet CollectionRule
        """
    )
)
_UNKNOWN, _NOTHING = object(), object()


def requested(schema, document, operation, variables):
    """What the query may cost at most: that much has to be there before it is run."""
    return _Counting(schema, document, variables).operation(operation, _UNKNOWN)


def actual(schema, document, operation, variables, data):
    """What it did cost, by what came back."""
    return _Counting(schema, document, variables).operation(operation, _NOTHING if data is None else data)


def size_factor(length):
    """How many times a connection of this length pays for its node."""
    return max(1, math.floor(2 * math.log(length))) if length else 0


class _Counting:
    def __init__(self, schema, document, variables):
        self._schema, self._variables = schema, variables
        self._fragments = {
            part.name.value: part for part in document.definitions if part.kind == "fragment_definition"
        }

    def operation(self, operation, data):
        mutates = operation.operation is OperationType.MUTATION
        root = self._schema.mutation_type if mutates else self._schema.query_type
        return sum(
            self._root(node, kind, value, mutates)
            for node, kind, value in self._fields(operation.selection_set, root, data)
        )

    def _root(self, node, kind, value, mutates):
        named = get_named_type(kind)
        if mutates:
            payload = self._fields(node.selection_set, named, value)
            variants = self._arguments(node).get("variants")
            given = len(variants) if isinstance(variants, list) else 0
            return 10 + round(given / 5) + sum(self._below(*each) for each in payload)
        return 10 if named.name == "Count" else self._field(node, kind, value)

    def _below(self, node, kind, value):
        """The objects in a mutation's payload are part of its 10; what they contain is not."""
        named = get_named_type(kind)
        return 0 if is_leaf_type(named) else self._inside(node, named, value)

    def _field(self, node, kind, value):
        named = get_named_type(kind)
        if is_leaf_type(named):
            return 0
        if named.name.endswith("Connection"):
            return self._connection(node, named, value)
        return (named.name not in FREE) + self._inside(node, named, value)

    def _inside(self, node, named, value):
        if value is None or value == []:
            return 0
        rows = value if isinstance(value, list) else [value]
        return max(
            sum(self._field(*each) for each in self._fields(node.selection_set, named, row)) for row in rows
        )

    def _connection(self, node, named, value):
        if value is None:
            return 2
        nodes, lengths = 0, []
        for part, kind, given in self._fields(node.selection_set, named, value):
            if part.name.value in ("nodes", "edges"):
                row = get_named_type(kind)
                if part.name.value == "edges":
                    nodes += self._edges(part, row, given)
                else:
                    nodes += 1 + self._inside(part, row, given)
                lengths.append(0 if given is _UNKNOWN else len(given))
        length = self._asked_for(node) if value is _UNKNOWN else max(lengths, default=0)
        return 2 + size_factor(length) * max(nodes, 1)

    def _edges(self, part, kind, given):
        rows = [given] if given is _UNKNOWN else given or [None]
        costs = []
        for row in rows:
            inner = self._fields(part.selection_set, kind, row) if row is not None else ()
            costs.append(
                sum(
                    1 + self._inside(node, get_named_type(under), value)
                    for node, under, value in inner
                    if not is_leaf_type(get_named_type(under))
                )
            )
        return max(costs)

    def _asked_for(self, node):
        given = self._arguments(node)
        return int(given.get("first") or given.get("last") or 0)

    def _arguments(self, node):
        return {argument.name.value: self._value(argument.value) for argument in node.arguments or ()}

    def _fields(self, selections, kind, data):
        """Each field selected, with its type and value, through fragments and directives."""
        for node in selections.selections if selections else ():
            if self._skipped(node):
                continue
            if node.kind == "field":
                yield from self._plain(node, kind, data)
                continue
            spread = self._fragments[node.name.value] if node.kind == "fragment_spread" else node
            wanted = spread.type_condition
            under = self._schema.type_map[wanted.name.value] if wanted else kind
            yield from self._fields(spread.selection_set, under, data)

    def _plain(self, node, kind, data):
        name = node.name.value
        if name.startswith("__"):
            return
        key = node.alias.value if node.alias else name
        if data is _UNKNOWN:
            yield node, kind.fields[name].type, data
        elif data is _NOTHING:
            yield node, kind.fields[name].type, None
        elif data is not None and key in data:
            yield node, kind.fields[name].type, data[key]

    def _skipped(self, node):
        for directive in node.directives or ():
            wanted = {"skip": True, "include": False}.get(directive.name.value)
            if wanted is not None and bool(self._value(directive.arguments[0].value)) is wanted:
                return True
        return False

    def _value(self, node):
        if node.kind == "variable":
            return self._variables.get(node.name.value)
        return getattr(node, "value", None)


class Bucket:
    """What an app may spend at a shop: it fills at the plan's rate and holds twenty seconds of it."""

    def __init__(self, shop):
        self._shop = shop
        self._spent = self._at = 0.0

    @property
    def size(self):
        return self._shop.rate * BUCKET_SECONDS

    @property
    def available(self):
        return math.floor(self.size - self._owed())

    def spend(self, points):
        self._spent = self._owed() + points

    def _owed(self):
        """What was spent and has not come back yet."""
        now = self._shop.clock.seconds()
        self._spent = max(0.0, self._spent - max(0.0, now - self._at) * self._shop.rate)
        self._at = now
        return self._spent

    def wait_for(self, points):
        """Seconds until so many are there."""
        return max(0.0, (points - self.available) / self._shop.rate)

    def status(self):
        return {
            "maximumAvailable": self.size,
            "currentlyAvailable": self.available,
            "restoreRate": self._shop.rate,
        }
