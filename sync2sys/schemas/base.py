"""Field types and the shapes that every answer shares."""

from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from sync2sys.emails import canonical_email
from sync2sys.extensions import outbound
from sync2sys.outbound import canonical_origin, is_public


class Contract(Schema):
    """A body of the published contract: fields that later plugins add are ignored."""

    #: a request without any body is one with an empty object
    optional_body = False

    class Meta:
        unknown = EXCLUDE


class Own(Schema):
    """A body of our own: a field that we do not know is an error, for it would do nothing."""

    optional_body = False
    #: the same may come as a form, with a file beside it
    may_be_form = False

    class Meta:
        unknown = RAISE


class Instant(fields.Field[datetime]):
    """A UTC time to the second, `YYYY-MM-DDTHH:MM:SSZ`."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


class Flag(fields.Boolean):
    """true or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Email(fields.String):
    """An e-mail address, loaded in its canonical form."""

    def __init__(self, **kwargs: Any) -> None:
        described = {"format": "email", "minLength": 5, "maxLength": 254}
        super().__init__(**kwargs | {"metadata": described | kwargs.get("metadata", {})})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return canonical_email(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class StoreAddress(fields.String):
    """The address of a store as its owner types it, loaded in its canonical form."""

    def __init__(self, **kwargs: Any) -> None:
        described = {"format": "store-address", "minLength": 3, "maxLength": 2048}
        super().__init__(**kwargs | {"metadata": described | kwargs.get("metadata", {})})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            origin = canonical_origin(text, outbound.allowed)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if _is_private(urlsplit(origin).hostname or ""):
            raise ValidationError("A store has a public address.")
        return origin


def _is_private(host: str) -> bool:
    """A literal address that will never be called. Names are looked up when they are called."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not is_public(address) and not outbound.allowed.permits(host, address)


class Error(Schema):
    """Every error, of every route."""

    statusCode = fields.Integer(required=True)
    message = fields.String(required=True)
    error = fields.String(
        required=True, metadata={"description": "The reason phrase, or a code in capitals."}
    )
    details = fields.Dict(keys=fields.String(), metadata={"description": "Findings by field."})


class PageQuery(Schema):
    """Which page of a list."""

    page = fields.Integer(load_default=1, validate=validate.Range(1, 100_000))
    perPage = fields.Integer(load_default=50, validate=validate.Range(1, 200))


def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a list of such items."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "page": fields.Integer(required=True),
            "perPage": fields.Integer(required=True),
            "total": fields.Integer(required=True),
        },
        name=f"{item.__name__}List",
    )
