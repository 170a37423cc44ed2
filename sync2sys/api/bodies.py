"""Reading a JSON body, or the same as a form with a file, strictly and in one way, for every route."""

import json
from typing import Any

from flask import Request
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema, fields
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from sync2sys.errors import BadRequest

MAX_DEPTH = 32
FORM = "multipart/form-data"


def load_json(raw: bytes) -> Any:
    """The value of a JSON text (RFC 8259). Raises BadRequest for whatever readers disagree about.

    Refused: other encodings than UTF-8, a byte order mark, duplicate names, NaN and Infinity,
    NUL and lone surrogates in strings, nesting deeper than 32.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The JSON is not UTF-8.") from None
    if text.startswith("\ufeff"):
        raise BadRequest("The JSON begins with a byte order mark. Send plain UTF-8.")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError:
        raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from None
    except ValueError as error:
        raise BadRequest(f"This is not valid JSON: {error}.") from None
    _check(value, MAX_DEPTH)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadRequest("The JSON names a field twice in one object.")
    return value


def _constant(name: str) -> Any:
    raise BadRequest(f"The JSON holds {name}, which is none.")


def _check(value: Any, depth: int) -> None:
    if depth < 0:
        raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise BadRequest("The JSON holds a NUL or half a surrogate pair in a string.")
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth)
            _check(inner, depth - 1)


def load_form(form: MultiDict[str, str], schema: Schema) -> dict[str, Any]:
    """The fields of a form, as JSON would have them: texts as they stand, all else as JSON.

    Raises BadRequest as `load_json`, with the field in `details`.
    """
    found: dict[str, Any] = {}
    for name, texts in form.lists():
        try:
            if len(texts) != 1:
                raise BadRequest("The form names this twice.")
            is_text = isinstance(schema.fields.get(name), fields.String)
            found[name] = texts[0] if is_text else load_json(texts[0].encode("utf-8", "surrogatepass"))
            _check(found[name], MAX_DEPTH)
        except BadRequest as error:
            raise BadRequest("This form cannot be used.", details={name: [error.message]}) from None
    return found


class StrictParser(FlaskParser):
    """webargs with our reading of JSON; what is not valid is a 400, as the contract has no 422."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": "exclude", "path": None}

    def load_json(self, req: Request, schema: Any) -> Any:
        if getattr(schema, "may_be_form", False) and req.mimetype == FORM:
            return load_form(req.form, schema)
        raw = req.get_data()
        if not req.content_length and len(raw) >= (req.max_content_length or 0):
            # A body without a length is cut at the limit in silence, and might still parse.
            raise RequestEntityTooLarge
        if not raw:
            if getattr(schema, "optional_body", False):
                return missing
            raise BadRequest("There is no body. Send a JSON object.")
        if not req.is_json:
            raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
        return load_json(raw)


class Blueprint(SmorestBlueprint):
    """One endpoint group."""

    ARGUMENTS_PARSER = StrictParser()
