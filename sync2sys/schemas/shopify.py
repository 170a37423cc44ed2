"""Bodies of the Shopify endpoints."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from sync2sys.connectors.shopify import domains
from sync2sys.schemas.base import Contract, Own

CLIENT_ID = validate.Regexp("[0-9A-Za-z_-]{8,100}\\Z", error="A client id has letters and digits.")
CLIENT_SECRET = validate.Regexp("[!-~]{8,200}\\Z", error="Copy the secret from the app's settings.")


class ShopDomain(fields.String):
    """A shop's name, loaded as its domain."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return domains.normal(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError(str(error)) from None


DOMAIN = {"example": "mystore.myshopify.com", "maxLength": 200}


def _channel_id() -> fields.String:
    return fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=64),
        metadata={"description": "A channel of this shop that is to be connected again."},
    )


class BeginShopify(Contract):
    shopDomain = ShopDomain(required=True, metadata=DOMAIN)
    channelId = _channel_id()
    clientId = fields.String(
        load_default=None,
        allow_none=True,
        validate=CLIENT_ID,
        metadata={"description": "Of an app of your own, with clientSecret. Left out: the installation's."},
    )
    clientSecret = fields.String(load_default=None, allow_none=True, validate=CLIENT_SECRET)

    @validates_schema
    def _both_or_none(self, data: dict[str, Any], **kwargs: Any) -> None:
        if (data.get("clientId") is None) != (data.get("clientSecret") is None):
            raise ValidationError("clientId and clientSecret go together.", "clientId")


class BegunShopify(Schema):
    authUrl = fields.String(required=True, metadata={"description": "Send the shop's owner there."})


class ConnectShopify(Own):
    """A shop of the app's own organization, which needs no consent page."""

    shopDomain = ShopDomain(required=True, metadata=DOMAIN)
    channelId = _channel_id()
    clientId = fields.String(required=True, validate=CLIENT_ID)
    clientSecret = fields.String(required=True, validate=CLIENT_SECRET)


class ConnectedShopify(Schema):
    channelId = fields.String(required=True)
    message = fields.String(required=True)


class ShopifyStatus(Schema):
    configured = fields.Boolean(required=True)
