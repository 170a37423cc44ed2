"""Bodies of the endpoints about writing prices and stock to shops."""

from marshmallow import Schema, fields, validate

from sync2sys.connectors.writing import OUTCOMES
from sync2sys.models.writing import POLICIES, STATES
from sync2sys.schemas.base import Flag, Instant, Own, PageQuery, page_of
from sync2sys.schemas.pricing import Decision, DecisionReason

_STATE = {"description": "off; dry: planned and shown, nothing is sent; on."}
_WINS = {
    "description": "Who wins where somebody changed a value in the shop since our last look. shop: it stays "
    "whatever is decided, until you accept to overwrite it; supplier: it is overwritten; ask: you are asked."
}
_LOCATION = {
    "description": "Shopify: the number of the location whose stock is written. Empty: the only one."
}
LINE_STATES = ("planned", "asked", "sending", "kept", *OUTCOMES)


class WritePolicy(Own):
    """Who wins, for each kind of value."""

    price = fields.String(required=True, validate=validate.OneOf(POLICIES), metadata=_WINS)
    quantity = fields.String(required=True, validate=validate.OneOf(POLICIES), metadata=_WINS)


class WriteCeiling(Own):
    """What one run may change without being held. null: no limit. Left out: as usual."""

    share = fields.Float(
        allow_none=True,
        validate=validate.Range(0, 1),
        metadata={"description": "Of the channel's variants. Usually 0.5."},
    )
    values = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(0, 10_000_000),
        metadata={"description": "Prices and quantities. Usually 1000."},
    )
    priceChange = fields.Float(
        allow_none=True,
        attribute="price_change",
        validate=validate.Range(0, 1_000_000),
        metadata={"description": "Of any one price, in per cent of what it was. Usually 50."},
    )


class SetUpWriting(Own):
    """Whether and how a channel is written to, wholly. A stop ends by this."""

    state = fields.String(required=True, validate=validate.OneOf(STATES), metadata=_STATE)
    policy = fields.Nested(
        WritePolicy,
        load_default=None,
        allow_none=True,
        metadata={"description": "Has to be said once before the state can be on."},
    )
    ceiling = fields.Nested(WriteCeiling, load_default=None, allow_none=True)
    countStock = Flag(
        load_default=False,
        attribute="count_stock",
        metadata={"description": "The shop may be made to count the stock of what it does not count yet."},
    )
    location = fields.String(load_default="", validate=validate.Regexp(r"[0-9]{0,30}\Z"), metadata=_LOCATION)


class Writing(Schema):
    state = fields.String(required=True, metadata=_STATE)
    policy = fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata=_WINS)
    ceiling = fields.Nested(WriteCeiling, required=True)
    countStock = fields.Boolean(required=True, attribute="count_stock")
    location = fields.String(required=True, metadata=_LOCATION)
    stopped = fields.Boolean(
        required=True, metadata={"description": "Nothing goes out until you say again how it is to be."}
    )
    problem = fields.String(required=True)
    problemCode = fields.String(required=True, attribute="problem_code")
    plannedAt = Instant(required=True, allow_none=True, attribute="planned_at")


class WriteHold(Schema):
    code = fields.String(required=True, metadata={"description": "share, values or price_change"})
    message = fields.String(required=True)


class WriteRun(Schema):
    """Values that were, or are to be, written together."""

    id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": "normal or undo"})
    state = fields.String(
        required=True,
        metadata={
            "description": "planned (nothing is sent), held, running, done, stopped, failed, dropped, undone"
        },
    )
    undoes = fields.String(required=True, allow_none=True)
    askedBy = fields.String(required=True, attribute="asked_by")
    total = fields.Integer(required=True, metadata={"description": "How many values."})
    variants = fields.Integer(required=True)
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many values are in which state."},
    )
    hold = fields.List(
        fields.Nested(WriteHold),
        required=True,
        allow_none=True,
        metadata={"description": "Why it is or was held."},
    )
    problem = fields.String(required=True)
    plannedAt = Instant(required=True, attribute="planned_at")
    startedAt = Instant(required=True, allow_none=True, attribute="started_at")
    finishedAt = Instant(required=True, allow_none=True, attribute="finished_at")


class WriteLineQuery(PageQuery):
    state = fields.String(load_default="", validate=validate.OneOf(("", *LINE_STATES)))


class WriteLine(Schema):
    """One value of one variant: what it was, was to be, why, and what became of it."""

    id = fields.String(required=True)
    runId = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "The variant's id in the shop."})
    productKey = fields.String(required=True)
    field = fields.String(required=True, metadata={"description": "price or quantity"})
    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True, allow_none=True)
    found = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What the shop had when it was last asked."},
    )
    state = fields.String(required=True, metadata={"description": ", ".join(LINE_STATES)})
    code = fields.String(required=True)
    message = fields.String(required=True)
    supplierId = fields.String(required=True, allow_none=True)
    offerKey = fields.String(required=True, allow_none=True)
    importId = fields.String(required=True, allow_none=True)
    line = fields.Integer(required=True, allow_none=True)
    reasons = fields.List(fields.Nested(DecisionReason), required=True)
    sentAt = Instant(required=True, allow_none=True)
    settledAt = Instant(required=True, allow_none=True)


class Supplied(Decision):
    """A decision, and the last values that were to be written by it and by those before."""

    lines = fields.List(fields.Nested(WriteLine), required=True)


class Supply(Schema):
    """For each variant of a product: which supplier, row and rules, when it was sent, what the shop said."""

    items = fields.List(fields.Nested(Supplied), required=True)


RunList = page_of(WriteRun)
LineList = page_of(WriteLine)
