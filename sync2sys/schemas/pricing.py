"""Bodies of the endpoints about prices and stock by suppliers' offers."""

from marshmallow import Schema, fields, validate

from sync2sys.offers import matching
from sync2sys.schemas.base import Instant, Own, PageQuery, page_of

_POLICY = {"description": "Rules for price and stock: see docs/suppliers.md."}
_MATCHING = {"description": "What an offer is found by, in this order: see docs/suppliers.md."}
_RATES = {"description": "Tax class -> rate in per cent, before those of the shop."}
_SUPPLIERS = {"description": "Ids. null: all suppliers of the organization, later ones too."}


class SetUp(Own):
    """How a channel's prices and stock are decided, wholly."""

    suppliers = fields.List(
        fields.String(validate=validate.Length(max=64)),
        allow_none=True,
        load_default=None,
        validate=validate.Length(max=1000),
        attribute="supplier_ids",
        metadata=_SUPPLIERS,
    )
    policy = fields.Dict(keys=fields.String(), load_default=dict, metadata=_POLICY)
    matching = fields.List(
        fields.Raw(), load_default=list(matching.USUAL), attribute="match_by", metadata=_MATCHING
    )
    taxRates = fields.Dict(keys=fields.String(), load_default=dict, attribute="tax_rates", metadata=_RATES)


class Pricing(Schema):
    suppliers = fields.List(fields.String(), required=True, allow_none=True, metadata=_SUPPLIERS)
    policy = fields.Dict(keys=fields.String(), required=True, metadata=_POLICY)
    matching = fields.List(fields.Raw(), required=True, metadata=_MATCHING)
    taxRates = fields.Dict(keys=fields.String(), required=True, attribute="tax_rates", metadata=_RATES)
    summary = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={
            "description": "decided: variants; matched: offers; the other codes: offers that are for none."
        },
    )
    decidedAt = Instant(required=True, allow_none=True, attribute="decided_at")


class DecisionQuery(PageQuery):
    key = fields.String(
        load_default="",
        validate=validate.Length(max=64),
        metadata={"description": "A variant's or product's id in the shop; all where left out."},
    )
    differs = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={"description": "true: only where the shop has another price or quantity."},
    )


class DecisionReason(Schema):
    """One step of a decision."""

    step = fields.String(required=True, metadata={"description": "match, selection, price or stock"})
    code = fields.String(required=True)
    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True, allow_none=True)
    sentence = fields.String(required=True)


class Decision(Schema):
    """What a variant should cost and how many there are, and what the shop had at the last look."""

    key = fields.String(required=True, metadata={"description": "The variant's id in the shop."})
    productKey = fields.String(required=True)
    title = fields.String(required=True)
    sku = fields.String(required=True)
    gtin = fields.String(required=True)
    currency = fields.String(required=True)
    price = fields.String(
        required=True, allow_none=True, metadata={"description": "null: it is left as it is."}
    )
    quantity = fields.Integer(required=True, allow_none=True)
    availability = fields.String(required=True)
    shopPrice = fields.String(required=True, allow_none=True)
    shopQuantity = fields.Integer(required=True, allow_none=True)
    differs = fields.Boolean(required=True)
    supplierId = fields.String(required=True, allow_none=True)
    offerKey = fields.String(required=True, allow_none=True)
    importId = fields.String(required=True, allow_none=True)
    line = fields.Integer(required=True, allow_none=True)
    reasons = fields.List(fields.Nested(DecisionReason), required=True)
    decidedAt = Instant(required=True)


class Quarrel(Schema):
    """An offer that may be for one variant or another, so that it is for none."""

    supplierId = fields.String(required=True, attribute="supplier_id")
    offerKey = fields.String(required=True, attribute="offer_key")
    code = fields.String(
        required=True, metadata={"description": "ambiguous, contradiction, other_gtin or contested"}
    )
    candidates = fields.List(fields.String(), required=True)
    message = fields.String(required=True)


DecisionList = page_of(Decision)
QuarrelList = page_of(Quarrel)
