"""Running a GraphQL document on Shopify's schema, with its errors in Shopify's words."""

import functools
import re

from graphql import (
    GraphQLSyntaxError,
    OperationType,
    execute_sync,
    get_named_type,
    get_operation_ast,
    parse,
    type_from_ast,
    validate,
)
from graphql.utilities import validate_input_value

from tests.shops.shopify import (
    bulk,
    costs,
    identity,
    inventory,
    lists,
    prices,
    products,
    variants,
    webhooks,
)
from tests.shops.shopify.fields import kind_of, resolve
from tests.shops.shopify.gids import is_gid
from tests.shops.shopify.refusals import Refused

#: what of the schema there is: each of these modules registers its fields
MODELLED = (bulk, identity, inventory, lists, prices, products, variants, webhooks)


class Invalid(Exception):
    """A document that is not run at all; `errors` say why."""

    def __init__(self, errors):
        super().__init__(errors)
        self.errors = errors


class Request:
    """One document with its variables, checked. Raises Invalid."""

    def __init__(self, schema, text, variables, operation_name=None):
        self._schema = schema.graphql
        self.document, errors = _checked(self._schema, text)
        if errors:
            raise Invalid([_static(error, self.document) for error in errors])
        self.operation = get_operation_ast(self.document, operation_name)
        if self.operation is None:
            told = (
                f'No operation named "{operation_name}"'
                if operation_name
                else "An operation name is required"
            )
            raise Invalid([{"message": told}])
        self._name = operation_name
        self.variables = variables or {}
        if problems := [*self._variable_problems(), *self._bad_ids()]:
            raise Invalid(problems)

    @property
    def cost(self):
        return costs.requested(self._schema, self.document, self.operation, self._known())

    def actual_cost(self, data):
        return costs.actual(self._schema, self.document, self.operation, self._known(), data)

    def _known(self):
        """The variables with their defaults."""
        defaults = {
            each.variable.name.value: getattr(each.default_value, "value", None)
            for each in self.operation.variable_definitions or ()
            if each.default_value
        }
        return defaults | self.variables

    def run(self, context):
        """Data and errors. A mistake of the fake is raised."""
        context.keys |= self._keys()
        result = execute_sync(
            self._schema,
            self.document,
            context_value=context,
            variable_values=self.variables,
            operation_name=self._name,
            field_resolver=resolve,
            type_resolver=kind_of,
        )
        return result.data, [_refusal(error) for error in result.errors or ()]

    def _keys(self):
        """Keys of @idempotent by root field."""
        keys = {}
        if self.operation.operation is OperationType.MUTATION:
            for node in self.operation.selection_set.selections:
                for directive in getattr(node, "directives", None) or ():
                    if directive.name.value == "idempotent":
                        keys[node.name.value] = self._value(directive.arguments[0].value)
        return keys

    def _value(self, node):
        return self.variables.get(node.name.value) if node.kind == "variable" else node.value

    # Variables

    def _variable_problems(self):
        for definition in self.operation.variable_definitions or ():
            name = definition.variable.name.value
            kind = type_from_ast(self._schema, definition.type)
            if name not in self.variables and definition.default_value:
                continue
            value = self.variables.get(name)
            if name not in self.variables and not str(kind).endswith("!"):
                continue
            if found := _coercion_problems(value, kind, self._schema):
                yield _variable_error(name, kind, value, found, definition)

    def _bad_ids(self):
        for definition in self.operation.variable_definitions or ():
            name = definition.variable.name.value
            kind = type_from_ast(self._schema, definition.type)
            value = self.variables.get(name)
            if get_named_type(kind).name != "ID" or value is None:
                continue
            for each in value if isinstance(value, list) else [value]:
                if not is_gid(each):
                    told = f"Invalid global id '{each}'"
                    found = [{"path": [], "explanation": told, "message": told}]
                    yield _variable_error(name, kind, value, found, definition)


def _coercion_problems(value, kind, schema):
    found = []

    def note(error, path):
        field, told = _explained(error.message, schema)
        found.append({"path": [*path, *field], "explanation": told})

    validate_input_value(value, kind, note, hide_suggestions=True)
    return found


def _explained(message, schema):
    """The field that is meant beyond the path, and what is wrong with it."""
    if unknown := re.match(r"Expected value of type '(\w+)' not to include unknown field '(\w+)'", message):
        return [unknown[2]], f"Field is not defined on {unknown[1]}"
    if missing := re.match(r"Expected value of type '\w+' to include required field '(\w+)'", message):
        return [missing[1]], "Expected value to not be null"
    if message.startswith("Expected value of non-null type"):
        return [], "Expected value to not be null"
    if enum := re.match(r"Value '(\w+)' does not exist in '(\w+)' enum", message):
        return [], f'Expected "{enum[1]}" to be one of: {", ".join(schema.type_map[enum[2]].values)}'
    return [], message


def _variable_error(name, kind, value, problems, definition):
    where = ".".join(map(str, problems[0]["path"]))
    told = f" for {where} ({problems[0]['explanation']})" if where else ""
    return {
        "message": f"Variable ${name} of type {kind} was provided invalid value{told}",
        "locations": [_location(definition)],
        "extensions": {"code": "INVALID_VARIABLE", "value": value, "problems": problems},
    }


# Errors


@functools.lru_cache(maxsize=1000)
def _checked(schema, text):
    """A document and what is wrong with it. Clients send the same ones again and again."""
    document = _parsed(text)
    return document, validate(schema, document)


def _parsed(text):
    try:
        return parse(text)
    except GraphQLSyntaxError as error:
        line, column = error.locations[0]
        told = (
            "unexpected end of file"
            if "<EOF>" in error.message
            else error.message.removeprefix("Syntax Error: ")
        )
        raise Invalid(
            [
                {
                    "message": f"syntax error, {told} at [{line}, {column}]",
                    "locations": [{"line": line, "column": column}],
                    "extensions": {"code": "PARSE_ERROR"},
                }
            ]
        ) from None


#: graphql-core's sentences, and Shopify's with the code it gives them
_SENTENCES = [
    (
        r"Cannot query field '(?P<fieldName>\w+)' on type '(?P<typeName>\w+)'",
        "Field '{fieldName}' doesn't exist on type '{typeName}'",
        "undefinedField",
    ),
    (
        r"Unknown argument '(?P<argumentName>\w+)' on field '\w+\.(?P<name>\w+)'",
        "Field '{name}' doesn't accept argument '{argumentName}'",
        "argumentNotAccepted",
    ),
    (
        r"Expected value of type '(?P<name>\w+)' not to include unknown field '(?P<argumentName>\w+)'",
        "InputObject '{name}' doesn't accept argument '{argumentName}'",
        "argumentNotAccepted",
    ),
    (
        r"Argument '\w+\.(?P<name>\w+)\((?P<arguments>\w+):\)' of type '[^']+' is required",
        "Field '{name}' is missing required arguments: {arguments}",
        "missingRequiredArguments",
    ),
    (
        r"Expected value of type '(?P<name>\w+)' to include required field '(?P<argumentName>\w+)'",
        "Argument '{argumentName}' on InputObject '{name}' is required.",
        "missingRequiredInputObjectAttribute",
    ),
    (
        r"Field '(?P<name>\w+)' of type '\W*(?P<typeName>\w+)\W*' must have a selection",
        "Field must have selections (field '{name}' returns {typeName} but has no selections. "
        "Did you mean '{name} {{ ... }}'?)",
        "selectionMismatch",
    ),
    (
        r"Field '(?P<name>\w+)' must not have a selection since type '\W*(?P<typeName>\w+)",
        "Selections can't be made on scalars (field '{name}' returns {typeName} but has selections)",
        "selectionMismatch",
    ),
    (
        r"Variable '\$(?P<variableName>\w+)' of type '(?P<typeName>[^']+)' used in position "
        r"expecting type '(?P<wanted>[^']+)'",
        "Type mismatch on variable ${variableName} ({typeName} / {wanted})",
        "variableMismatch",
    ),
    (
        r"Unknown directive '@(?P<directiveName>\w+)'",
        "Directive @{directiveName} is not defined",
        "undefinedDirective",
    ),
    (
        r"Variable '\$(?P<variableName>\w+)' is never used(?: in operation '(?P<operation>\w+)')?",
        "Variable ${variableName} is declared by {operation} but not used",
        "variableNotUsed",
    ),
    (
        r"Value '(?P<value>\w+)' does not exist in '(?P<typeName>\w+)' enum",
        "Argument has an invalid value ({value}). Expected type '{typeName}'.",
        "argumentLiteralsIncompatible",
    ),
]


def _static(error, document):
    """A validation error in Shopify's words, or in the library's where these are not known."""
    made = {
        "message": error.message,
        "locations": [{"line": each.line, "column": each.column} for each in error.locations or ()],
        "path": _path(document, error.nodes[0]) if error.nodes else [],
        "extensions": {},
    }
    for pattern, sentence, code in _SENTENCES:
        if match := re.match(pattern, error.message):
            made["message"] = sentence.format(**match.groupdict())
            made["extensions"] = {"code": code} | match.groupdict()
            break
    return made


def _path(document, wanted):
    """The names on the way to a node."""
    for definition in document.definitions:
        kind = definition.operation.value if definition.kind == "operation_definition" else "fragment"
        start = f"{kind} {definition.name.value}" if definition.name else kind
        if (found := _way(definition, wanted)) is not None:
            return [start, *found]
    return []


def _way(node, wanted):
    if node is wanted:
        return []
    for child in _children(node):
        if (found := _way(child, wanted)) is not None:
            return [*_named(child), *found]
    return None


def _children(node):
    if selections := getattr(node, "selection_set", None):
        yield from selections.selections
    for name in ("arguments", "directives", "variable_definitions", "fields"):
        yield from getattr(node, name, None) or ()
    value = getattr(node, "value", None)
    if hasattr(value, "kind"):
        yield value


def _named(node):
    if node.kind == "field":
        return [node.alias.value if node.alias else node.name.value]
    if node.kind == "inline_fragment":
        return [f"... on {node.type_condition.name.value}" if node.type_condition else "..."]
    return [node.name.value] if node.kind in ("argument", "object_field") else []


def _location(node):
    token = node.loc.start_token
    return {"line": token.line, "column": token.column}


def _refusal(error):
    """An error of execution; what is not a refusal is the fake's own mistake."""
    original = error.original_error
    if original is not None and not isinstance(original, Refused):
        raise original
    extensions = original.extensions if original else {"code": "INTERNAL_SERVER_ERROR"}
    made = {"message": error.message}
    if error.locations:
        made["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    return made | {"extensions": extensions, "path": list(error.path or ())}
