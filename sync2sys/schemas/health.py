"""Answers of the health endpoints."""

from marshmallow import Schema, fields


class Health(Schema):
    status = fields.String(required=True)


class Readiness(Schema):
    status = fields.String(required=True)
    details = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "What each check found; for an operator only."},
    )
