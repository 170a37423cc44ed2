"""Bodies of the store endpoints."""

from marshmallow import Schema, fields, validate

from sync2sys.connectors import platforms
from sync2sys.schemas.base import Contract, Email, Instant, StoreAddress

#: WooCommerce makes ck_ or cs_ and 40 hex digits; other lengths are let through to the shop.
KEY = validate.Regexp(r"ck_[A-Za-z0-9]{8,128}\Z", error="A consumer key begins with ck_.")
SECRET = validate.Regexp(r"cs_[A-Za-z0-9]{8,128}\Z", error="A consumer secret begins with cs_.")


class ConnectStore(Contract):
    storeUrl = StoreAddress(required=True, metadata={"example": "https://yourstore.com"})
    consumerKey = fields.String(required=True, validate=KEY)
    consumerSecret = fields.String(required=True, validate=SECRET)
    email = Email(required=True)
    platform = fields.String(load_default="woocommerce", validate=validate.OneOf(platforms.with_keys()))
    pluginVersion = fields.String(load_default="", allow_none=True, validate=validate.Length(max=50))


class ConnectedStore(Schema):
    success = fields.Constant(True)
    token = fields.String(required=True, metadata={"description": "Has the store's rights; keep it."})
    channelId = fields.String(required=True)
    message = fields.String(required=True)


class DisconnectStore(Contract):
    optional_body = True

    channelId = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=64),
        metadata={"description": "One of several channels; a plugin has only its own."},
    )


class DisconnectedStore(Schema):
    success = fields.Constant(True)
    message = fields.String(required=True)


class SyncStatus(Schema):
    suppliers = fields.Integer(required=True)
    feeds = fields.Integer(required=True)
    products_synced = fields.Integer(required=True, metadata={"description": "Products in the mirror now."})
    last_sync = Instant(
        required=True,
        allow_none=True,
        metadata={
            "description": "When a shop was last mirrored, a supplier's list last taken over or found to "
            "stand, or a run of writing last completed; null before the first."
        },
    )
    last_activity = Instant(
        required=True,
        allow_none=True,
        metadata={
            "description": "When anything last happened: a connect, a pulled page, a list that came, a run "
            "of writing that ended, a change of a feed or a supplier."
        },
    )
