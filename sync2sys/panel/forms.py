"""Forms: read by the same schemas as the API's bodies, and taken only from our own pages."""

import hmac
import secrets
from typing import Any

from flask import request, session
from marshmallow import Schema, ValidationError

from sync2sys.errors import BadRequest

#: Of the hidden field, and where the browser's session keeps what has to be in it.
FIELD = "formToken"


def token() -> str:
    """What this browser's forms carry, and no other site can know."""
    found: str = session.setdefault(FIELD, secrets.token_urlsafe(24))
    return found


def check() -> None:
    """Raise BadRequest for a form that is not one of this browser's own."""
    known, sent = session.get(FIELD, ""), request.form.get(FIELD, "")
    if not known or not hmac.compare_digest(known.encode(), sent.encode("utf-8", "replace")):
        raise BadRequest("This form is too old, or cookies are switched off. Open the page again and repeat.")


def read(schema: Schema, **known: str) -> dict[str, Any]:
    """The form, with what is known already, as the schema loads it. Raises BadRequest with details by field.

    What is left empty was left out; a blank around a value came from copying.
    """
    given = {
        name: text if field.load_only else text.strip()
        for name, field in schema.load_fields.items()
        if (text := known.get(name, request.form.get(name, ""))) or field.required
    }
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise BadRequest(
            "Something is missing or not right: look at what is marked.", details=error.messages_dict
        ) from None
    return loaded
