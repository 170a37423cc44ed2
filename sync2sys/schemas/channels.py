"""Bodies of the channel endpoints."""

from marshmallow import Schema, fields

from sync2sys.schemas.base import Flag, Instant, Own, page_of


class Progress(Schema):
    """A sync that waits or runs."""

    state = fields.String(required=True, metadata={"description": "queued or running"})
    full = fields.Boolean(required=True, attribute="is_full")
    pagesDone = fields.Integer(required=True, attribute="pages_done")
    pagesTotal = fields.Integer(required=True, allow_none=True, attribute="pages_total")
    startedAt = Instant(required=True, allow_none=True, attribute="started_at")


class Hook(Schema):
    """One webhook of the shop."""

    topic = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "active, made, renewed or refused"})
    since = Instant(required=True, metadata={"description": "When it was made, or first found."})


class Hooks(Schema):
    """How the shop tells of changes. Until something was heard, nothing is proved."""

    items = fields.List(fields.Nested(Hook), required=True)
    problem = fields.String(
        required=True, metadata={"description": "What is wrong with them, and what to do; else empty."}
    )
    checkedAt = Instant(required=True, allow_none=True, attribute="checked_at")
    heardAt = Instant(required=True, allow_none=True, attribute="heard_at")


class Channel(Schema):
    id = fields.String(required=True, attribute="channel.id")
    state = fields.String(
        required=True,
        attribute="channel.state",
        metadata={"description": "connected, disconnected, auth_failed or moved"},
    )
    name = fields.String(required=True, attribute="channel.name")
    platform = fields.String(required=True, attribute="channel.platform")
    origin = fields.String(required=True, attribute="channel.origin")
    currency = fields.String(required=True, attribute="channel.currency")
    productCount = fields.Integer(required=True, attribute="products")
    lastSync = Instant(required=True, allow_none=True, attribute="channel.synced_at")
    problem = fields.String(
        required=True,
        attribute="channel.problem",
        metadata={"description": "For the owner; empty when all is well."},
    )
    problemCode = fields.String(required=True, attribute="channel.problem_code")
    webhooks = fields.Nested(Hooks, required=True)
    sync = fields.Nested(Progress, required=True, allow_none=True)


class ChannelDetail(Channel):
    """A channel with what its store says of tax."""

    country = fields.String(
        required=True,
        attribute="channel.country",
        metadata={"description": "Where the store is: ISO 3166-1 alpha-2; empty: it does not say."},
    )
    pricesIncludeTax = fields.Boolean(
        required=True,
        attribute="channel.prices_include_tax",
        allow_none=True,
        metadata={"description": "null: the store does not say."},
    )
    chargesTax = fields.Boolean(
        required=True,
        attribute="channel.charges_tax",
        allow_none=True,
        metadata={"description": "null: the store does not say."},
    )
    taxRates = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.String(allow_none=True)),
        required=True,
        attribute="channel.tax_rates",
        metadata={
            "description": "Country -> tax class -> what a whole country pays, in per cent; null where "
            "several taxes add up. The class without a name is the standard one, the country without one any "
            "other."
        },
    )


class StartSync(Own):
    optional_body = True

    full = Flag(load_default=False, metadata={"description": "Compare everything, not only what changed."})


class Pull(Schema):
    """One look at the shop and what came of it; the counts are of products."""

    id = fields.String(required=True)
    state = fields.String(
        required=True, metadata={"description": "running, applied, held, released, failed or abandoned"}
    )
    full = fields.Boolean(required=True)
    pagesDone = fields.Integer(required=True, attribute="pages_done")
    pagesTotal = fields.Integer(required=True, allow_none=True, attribute="pages_total")
    added = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    removed = fields.Integer(required=True)
    overLimit = fields.Integer(required=True, attribute="over_limit")
    problem = fields.String(required=True)
    startedAt = Instant(required=True, attribute="started_at")
    finishedAt = Instant(required=True, allow_none=True, attribute="finished_at")


ChannelList = page_of(Channel)
PullList = page_of(Pull)
