"""Bulk operations: a query over everything, run in the background, its result a file of JSON lines.

    shop.bulk.course = ("CREATED", "RUNNING", END)    # what the polls see in turn; the end stays
    shop.bulk.fails("TIMEOUT", partial=True)          # the next ones do

Without `groupObjects` lines come in any order: children before their parents, and apart from each other.
"""

import json
import random
from dataclasses import replace

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLSyntaxError,
    IntValueNode,
    NameNode,
    NullValueNode,
    OperationType,
    StringValueNode,
    execute_sync,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)

from tests.shops.shopify.connections import LONGEST, Rows
from tests.shops.shopify.fields import Context, field, ids_of, kind_of, resolve
from tests.shops.shopify.gids import gid, number
from tests.shops.shopify.refusals import NotModelled, Refused

END = "END"
AT_ONCE = 5
LONGEST_QUERY = 65_535
UNFINISHED = ("CREATED", "RUNNING", "CANCELING")
#: lines that are shuffled together: as many as may part a child from its parent
SHUFFLED = 2000

ids_of("BulkOperation")


class BulkOperations:
    """Those of one shop."""

    def __init__(self, shop):
        self._shop = shop
        self._all = {}
        self.course = ("RUNNING", END)
        self._fate = ("COMPLETED", None, False)
        self._random = random.Random(20261123)

    def fails(self, code="INTERNAL_SERVER_ERROR", *, partial=False):
        """From now on operations fail with this error code, and may have half of their lines to show."""
        self._fate = ("FAILED", code, partial)

    def succeeds(self):
        self._fate = ("COMPLETED", None, False)

    def of(self, installation):
        """The operations of an app, by number."""
        return {
            key: each for key, each in self._all.items() if each["client_id"] == installation.app.client_id
        }

    def unfinished(self, installation):
        return [each for each in self.of(installation).values() if each["status"] in UNFINISHED]

    def start(self, context, query, grouped):
        made = self._shop.next_number()
        self._all[made] = {
            "__typename": "BulkOperation",
            "number": made,
            "client_id": context.app.app.client_id,
            "context": context,
            "grouped": grouped,
            "left": list(self.course),
            "query": query,
            "type": "QUERY",
            "status": "CREATED",
            "errorCode": None,
            "createdAt": self._shop.clock.now(),
            "completedAt": None,
            "objectCount": 0,
            "rootObjectCount": 0,
            "fileSize": None,
            "url": None,
            "partialDataUrl": None,
        }
        return self._all[made]

    def polled(self, operation):
        """The operation, a step further on its course. What was shown before stays as it was."""
        if operation is None or operation["status"] not in UNFINISHED:
            return operation
        if operation["status"] == "CANCELING":
            operation |= {"status": "CANCELED", "completedAt": self._shop.clock.now()}
        else:
            self._advance(operation)
        return dict(operation)

    def _advance(self, operation):
        step = operation["left"].pop(0) if len(operation["left"]) > 1 else operation["left"][0]
        if step == END:
            self.finish(operation)
        else:
            operation["status"] = step

    def finish(self, operation):
        """Run it to its end and tell the app."""
        status, code, partial = self._fate
        try:
            self._write(operation, status, partial)
        except Refused as refusal:
            status, code = "FAILED", refusal.extensions["code"]
        operation |= {"status": status, "errorCode": code, "completedAt": self._shop.clock.now()}
        self._shop.webhooks.happened("bulk_operations/finish", _told(operation))

    def _write(self, operation, status, partial):
        path, roots, objects = self._shop.platform.storage.new_file(), 0, 0
        with path.open("wb") as file:
            for line, is_root in self._lines(operation):
                file.write(line)
                objects += 1
                roots += is_root
        name = "url"
        if status != "COMPLETED":
            name = "partialDataUrl"
            _halve(path)
        if objects and (status == "COMPLETED" or partial):
            file_name = f"bulk-{operation['number']}.jsonl"
            operation[name] = self._shop.platform.storage.address(path, file_name)
        operation |= {
            "objectCount": objects,
            "rootObjectCount": roots,
            "fileSize": path.stat().st_size if objects else None,
        }

    def _lines(self, operation):
        groups = Export(operation["context"], operation["query"]).groups()
        lines = ((_json_line(each), place == 0) for group in groups for place, each in enumerate(group))
        return lines if operation["grouped"] else self._shuffled(lines)

    def _shuffled(self, lines):
        held = []
        for line in lines:
            held.append(line)
            if len(held) >= SHUFFLED:
                yield self._drawn(held)
        while held:
            yield self._drawn(held)

    def _drawn(self, held):
        place = self._random.randrange(len(held))
        held[place], held[-1] = held[-1], held[place]
        return held.pop()


def _json_line(record):
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/")
    return text.encode() + b"\n"


def _halve(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))


def _told(operation):
    return {
        "admin_graphql_api_id": gid("BulkOperation", operation["number"]),
        "completed_at": operation["completedAt"].isoformat(),
        "created_at": operation["createdAt"].isoformat(),
        "error_code": operation["errorCode"] and operation["errorCode"].lower(),
        "status": operation["status"].lower(),
        "type": "query",
    }


# Running


class Export:
    """The objects of a bulk query: `groups()` gives each root object with all below it."""

    def __init__(self, context, query):
        self._context = Context(context.shop, context.app, context.schema, is_bulk=True)
        self._schema = context.schema.graphql
        self._root = self._schema.query_type
        self._document = parse(query)

    def groups(self):
        for root, owner in _fields(self._schema, self._document.definitions[0].selection_set, self._root):
            if not get_named_type(owner.fields[root.name.value].type).name.endswith("Connection"):
                raise NotModelled(f"{root.name.value} at the root of a bulk query")
            yield from self._connection(root)

    def _connection(self, root):
        key = root.alias.value if root.alias else root.name.value
        node = _node_of(root)
        after = None
        while True:
            found = self._executed(_windowed(root, after))[key]
            for edge in found["edges"]:
                yield list(self._flat(edge["node"], node, _row(self._root, root), None))
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def _executed(self, root):
        operation, *fragments = self._document.definitions
        only = replace(operation, selection_set=replace(operation.selection_set, selections=(root,)))
        result = execute_sync(
            self._schema,
            replace(self._document, definitions=(only, *fragments)),
            context_value=self._context,
            field_resolver=resolve,
            type_resolver=kind_of,
        )
        for error in result.errors or ():
            raise error.original_error or error
        return result.data

    def _flat(self, value, node, kind, parent):
        """The object itself, then everything in its connections."""
        children = list(self._cut_out(value, node.selection_set, kind))
        yield value if parent is None else value | {"__parentId": parent}
        for connection, below, rows in children:
            for row in rows:
                yield from self._flat(row["node"], _node_of(connection), below, value["id"])

    def _cut_out(self, value, selections, kind):
        """Take the connections out of an object, those in its objects too."""
        for field_node, owner in _fields(self._schema, selections, kind):
            key = field_node.alias.value if field_node.alias else field_node.name.value
            if key not in value or field_node.name.value.startswith("__"):
                continue
            named = get_named_type(owner.fields[field_node.name.value].type)
            if named.name.endswith("Connection"):
                yield field_node, _row(owner, field_node), value.pop(key)["edges"]
            elif isinstance(value[key], dict):
                yield from self._cut_out(value[key], field_node.selection_set, named)


def _fields(schema, selections, kind):
    """The fields of a selection, each with the type it belongs to."""
    for node in selections.selections if selections else ():
        if node.kind == "fragment_spread":
            raise NotModelled("a named fragment in a bulk query")
        if node.kind == "field":
            yield node, kind
        else:
            wanted = node.type_condition
            under = schema.type_map[wanted.name.value] if wanted else kind
            yield from _fields(schema, node.selection_set, under)


def _selected(node, name):
    found = (
        each for each in node.selection_set.selections if each.kind == "field" and each.name.value == name
    )
    return next(found, None)


def _node_of(connection):
    return _selected(_selected(connection, "edges"), "node")


def _row(owner, connection):
    named = get_named_type(owner.fields[connection.name.value].type)
    return get_named_type(named.fields["nodes"].type)


_PAGE_INFO = parse("{ pageInfo { hasNextPage endCursor } }").definitions[0].selection_set.selections[0]


def _windowed(root, after):
    """The root connection, a page at a time."""
    kept = [
        each for each in root.arguments or () if each.name.value not in ("first", "last", "after", "before")
    ]
    cursor = StringValueNode(value=after) if after else NullValueNode()
    window = {"first": IntValueNode(value=str(LONGEST)), "after": cursor}
    added = [ArgumentNode(name=NameNode(value=name), value=value) for name, value in window.items()]
    chosen = [each for each in root.selection_set.selections if not _is_page_info(each)]
    selections = replace(root.selection_set, selections=(*chosen, _PAGE_INFO))
    return replace(root, arguments=(*kept, *added), selection_set=selections)


def _is_page_info(node):
    return isinstance(node, FieldNode) and node.name.value == "pageInfo"


# Checking


def problems(schema, query):
    """What is wrong with a bulk query, in Shopify's words."""
    if len(query.encode()) > LONGEST_QUERY:
        return [f"Query is too long (maximum is {LONGEST_QUERY} bytes)"]
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        told = "unexpected end of file" if not query.strip() or "<EOF>" in error.message else error.message
        return [f"Invalid bulk query: syntax error, {told}"]
    operation = document.definitions[0]
    if operation.operation is not OperationType.QUERY:
        return ["Invalid operation type. Only `query` operations are supported."]
    if errors := validate(schema, document):
        return [f"Invalid bulk query: {error.message}" for error in errors]
    return list(_shape_problems(_Shape(schema, operation)))


def _shape_problems(shape):
    if "node" in shape.roots:
        yield "Bulk queries cannot contain a top level `node` field."
    if not shape.connections:
        yield "Bulk queries must contain at least one connection."
    if shape.by_nodes:
        names = ", ".join(f"'{each}'" for each in shape.by_nodes)
        yield (
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
            f"e.g: '{shape.by_nodes[0]} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: {names}."
        )
    if shape.depth > 2:
        yield "Bulk queries cannot contain connections with a nesting depth greater than 2."
    if len(shape.connections) > 5:
        yield "Bulk queries cannot contain more than 5 connections."
    if shape.without_id:
        yield (
            "The parent 'node' field for a nested connection must select the 'id' field without an alias "
            f"and must be of 'ID' return type. Connection fields without 'id': {', '.join(shape.without_id)}."
        )
    if shape.in_list:
        yield "Queries that contain a connection field within a list field are not currently supported."


class _Shape:
    """Which connections a query has, and where."""

    def __init__(self, schema, operation):
        self._schema = schema
        self.connections, self.by_nodes, self.without_id = [], [], {}
        self.depth, self.in_list = -1, False
        self.roots = [each.name.value for each in operation.selection_set.selections if each.kind == "field"]
        self._walk(operation.selection_set, schema.query_type, 0, False, None)

    def _walk(self, selections, kind, depth, in_list, parent):
        for node, owner in _fields(self._schema, selections, kind):
            if node.name.value.startswith("__"):
                continue
            given = owner.fields[node.name.value].type
            named = get_named_type(given)
            if named.name.endswith("Connection"):
                self._connection(node, owner, depth, in_list, parent)
            elif node.selection_set:
                self._walk(node.selection_set, named, depth, in_list or _is_list(given), parent)

    def _connection(self, node, owner, depth, in_list, parent):
        name = node.name.value
        self.connections.append(name)
        self.depth = max(self.depth, depth)
        self.in_list |= in_list
        if parent is not None and not _selected(_node_of(parent), "id"):
            self.without_id[parent.name.value] = True
        if _selected(node, "nodes") or not _selected(node, "edges"):
            self.by_nodes.append(name)
        elif inner := _node_of(node):
            self._walk(inner.selection_set, _row(owner, node), depth + 1, False, node)


def _is_list(given):
    return is_list_type(given.of_type if is_non_null_type(given) else given)


# Fields


@field("Mutation.bulkOperationRunQuery")
def run_query(root, context, query, groupObjects=False):
    running = context.shop.bulk.unfinished(context.app)
    if len(running) >= AT_ONCE:
        ids = ", ".join(gid("BulkOperation", each["number"]) for each in running)
        message = f"A bulk query operation for this app and shop is already in progress: {ids}."
        return _payload(None, [_error(None, message, "OPERATION_IN_PROGRESS")])
    if wrong := problems(context.schema.graphql, query):
        return _payload(None, [_error(["query"], each, "INVALID") for each in wrong])
    return _payload(dict(context.shop.bulk.start(context, query, groupObjects)), [])


@field("Mutation.bulkOperationCancel")
def cancel(root, context, id):
    operation = context.shop.bulk.of(context.app).get(number(id, "BulkOperation"))
    if operation is None:
        return _payload(None, [_plain_error(["id"], "Bulk operation does not exist")])
    if operation["status"] not in UNFINISHED:
        state = operation["status"].lower()
        message = f"A bulk operation cannot be canceled when it is {state}"
        return _payload(operation, [_plain_error(None, message)])
    operation["status"] = "CANCELING"
    return _payload(dict(operation), [])


@field("QueryRoot.bulkOperation")
def bulk_operation(root, context, id):
    return context.shop.bulk.polled(context.shop.bulk.of(context.app).get(number(id, "BulkOperation")))


@field("QueryRoot.currentBulkOperation")
def current_bulk_operation(root, context, type="QUERY"):
    operations = list(context.shop.bulk.of(context.app).values()) if type == "QUERY" else []
    return context.shop.bulk.polled(operations[-1]) if operations else None


@field("QueryRoot.bulkOperations")
def bulk_operations(root, context, query=None, sortKey="CREATED_AT", **paging):
    found = [context.shop.bulk.polled(each) for each in context.shop.bulk.of(context.app).values()]
    return context.page(Rows(found, lambda each: each["number"]), **paging)


def _payload(operation, errors):
    return {"bulkOperation": operation, "userErrors": errors}


def _error(where, message, code):
    return _plain_error(where, message) | {"__typename": "BulkOperationUserError", "code": code}


def _plain_error(where, message):
    return {"__typename": "UserError", "field": where, "message": message}
