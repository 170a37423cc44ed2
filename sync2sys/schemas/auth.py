"""Bodies of the account endpoints."""

from marshmallow import Schema, fields, validate

from sync2sys.schemas.base import Contract, Email, Own, StoreAddress


class RegisterFromPlugin(Contract):
    email = Email(required=True, metadata={"example": "admin@yourstore.com"})
    storeUrl = StoreAddress(required=True, metadata={"example": "https://yourstore.com"})
    source = fields.String(load_default="", validate=validate.Length(max=100), allow_none=True)


class Account(Schema):
    id = fields.String(required=True)
    email = fields.String(required=True)


class Registered(Schema):
    token = fields.String(
        required=True,
        metadata={"description": "Sees only what was made with it until the store is connected."},
    )
    user = fields.Nested(Account, required=True)
    isNewAccount = fields.Boolean(
        required=True, metadata={"description": "This pair of e-mail and store is new."}
    )


class AccountStatus(Schema):
    connected = fields.Boolean(
        required=True, metadata={"description": "The store's keys were proved and are in use."}
    )
    email = fields.String(required=True)
    plan = fields.String(required=True)
    organizationName = fields.String(required=True)


class Login(Own):
    email = Email(required=True)
    password = fields.String(required=True, validate=validate.Length(1, 1024), load_only=True)


class SignedIn(Schema):
    token = fields.String(required=True)
    user = fields.Nested(Account, required=True)
    refreshToken = fields.String(required=True, metadata={"description": "Works once, for two weeks."})
    expiresIn = fields.Integer(required=True, metadata={"description": "Seconds."})
