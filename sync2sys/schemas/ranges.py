"""Bodies of the endpoint of an organization's range."""

from marshmallow import Schema, fields, validate

from sync2sys.offers import links
from sync2sys.offers.articles import TAKES, UNMATCHED
from sync2sys.schemas.base import Flag, Instant
from sync2sys.schemas.channels import Progress
from sync2sys.schemas.pricing import SetUp

_LINK = "Where an article is bought, as https://shop.example/p/{sku}; names: " + ", ".join(links.NAMES)
_TAKE = "unmatched: those that no shop of the organization sells; all: all of them."


class NewRange(SetUp):
    """Which offers are products of the organization and how they are sold, wholly."""

    name = fields.String(load_default="", validate=validate.Length(max=200))
    currency = fields.String(
        required=True, validate=validate.Length(equal=3), metadata={"description": "ISO 4217."}
    )
    pricesIncludeTax = Flag(
        required=True,
        attribute="prices_include_tax",
        metadata={"description": "Whether prices are with tax, as those of a shop are or are not."},
    )
    country = fields.String(
        load_default="",
        validate=validate.Length(max=2),
        metadata={"description": "Whose tax it is: ISO 3166-1 alpha-2."},
    )
    take = fields.String(
        load_default=UNMATCHED, validate=validate.OneOf(TAKES), metadata={"description": _TAKE}
    )
    link = fields.String(
        load_default="",
        validate=validate.Length(max=links.LONGEST),
        metadata={"description": f"{_LINK}. Empty: what the lists have."},
    )


class Range(Schema):
    """Offers that are products of the organization: a channel without a shop."""

    channelId = fields.String(required=True, attribute="overview.channel.id")
    state = fields.String(
        required=True,
        attribute="overview.channel.state",
        metadata={"description": "connected or disconnected"},
    )
    name = fields.String(required=True)
    currency = fields.String(required=True)
    pricesIncludeTax = fields.Boolean(required=True)
    country = fields.String(required=True)
    take = fields.String(required=True, metadata={"description": _TAKE})
    link = fields.String(required=True, metadata={"description": _LINK})
    suppliers = fields.List(fields.String(), required=True, allow_none=True)
    policy = fields.Dict(keys=fields.String(), required=True)
    matching = fields.List(fields.Raw(), required=True)
    taxRates = fields.Dict(keys=fields.String(), required=True)
    summary = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={
            "description": "decided: articles; offers: all of them; elsewhere: those that a shop sells; "
            "unsure: those that it may sell; contested: those of which a supplier has several for an article."
        },
    )
    productCount = fields.Integer(required=True, attribute="overview.products")
    lastSync = Instant(required=True, allow_none=True, attribute="overview.channel.synced_at")
    sync = fields.Nested(Progress, required=True, allow_none=True, attribute="overview.sync")
    problem = fields.String(required=True, attribute="overview.channel.problem")
    problemCode = fields.String(required=True, attribute="overview.channel.problem_code")
