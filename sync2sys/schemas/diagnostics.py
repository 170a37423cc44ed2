"""Bodies of what is said about a feed's items."""

from marshmallow import Schema, fields, validate

from sync2sys.formats import FORMATS
from sync2sys.formats.issues import EXCLUDED, PUBLISHED, SEVERITIES, WARNED
from sync2sys.schemas.base import Instant, Own, PageQuery, page_of
from sync2sys.schemas.feeds import Remark

OUTCOMES = [EXCLUDED, WARNED, PUBLISHED]


class Which(Schema):
    """Which items; whatever is left out does not matter.

    Without anything: those that have something of their own to repair.
    """

    code = fields.String(validate=validate.Length(1, 40), metadata={"description": "Such as `missing`."})
    field = fields.String(
        validate=validate.Length(1, 100),
        metadata={"description": "As the channel spells it, such as `gtin`."},
    )
    severity = fields.String(
        validate=validate.OneOf(SEVERITIES),
        metadata={"description": "Of the issue that is looked for; `info` is only listed when asked for."},
    )
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    held = fields.Boolean(
        load_default=False, metadata={"description": "Of the render that is held, not of what is served."}
    )


class Query(PageQuery, Which):
    """Which items, and which page of them."""


class Issue(Schema):
    code = fields.String(required=True)
    severity = fields.String(
        required=True,
        validate=validate.OneOf(SEVERITIES),
        metadata={
            "description": "error: the item is left out; warning: it is published with less than it could "
            "have; info: nothing is wrong, but more is possible."
        },
    )
    field = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "As the channel spells it; null: the whole item."},
    )
    source = fields.List(
        fields.String(), required=True, metadata={"description": "What of the product to look at."}
    )
    rule = fields.String(required=True, metadata={"description": "How its value is made."})
    value = fields.String(required=True, allow_none=True, metadata={"description": "What the shop has."})
    limit = fields.Integer(required=True, allow_none=True)
    message = fields.String(required=True, metadata={"description": "What to do."})
    reference = fields.String(required=True, metadata={"description": "Where the channel says so."})


class Item(Schema):
    key = fields.String(required=True, metadata={"description": "The item's id in the shop."})
    productKey = fields.String(
        required=True,
        attribute="product_key",
        metadata={"description": "The product's; equal without variants."},
    )
    title = fields.String(
        required=True, metadata={"description": "The product's; empty where it is not mirrored any more."}
    )
    variant = fields.String(
        required=True, metadata={"description": "What tells it from other variants, such as `Blue, 42`."}
    )
    sku = fields.String(required=True)
    link = fields.String(
        required=True, allow_none=True, metadata={"description": "The page that buyers see, if it has one."}
    )
    editLink = fields.String(
        required=True,
        attribute="edit_link",
        metadata={"description": "Where its owner edits the product in the shop."},
    )
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    issues = fields.List(fields.Nested(Issue), required=True)


class Count(Schema):
    code = fields.String(required=True)
    field = fields.String(required=True, allow_none=True)
    severity = fields.String(required=True)
    items = fields.Integer(required=True)
    message = fields.String(required=True, metadata={"description": "What to do."})


class Report(page_of(Item)):  # type: ignore[misc]
    """What became of the items of the render that is served. mirrored = published + excluded."""

    renderId = fields.String(required=True)
    generatedAt = Instant(required=True)
    mirrored = fields.Integer(required=True)
    published = fields.Integer(required=True)
    publishedWithWarnings = fields.Integer(required=True)
    excluded = fields.Integer(required=True)
    remarks = fields.List(
        fields.Nested(Remark), required=True, metadata={"description": "About the whole feed."}
    )
    counts = fields.List(fields.Nested(Count), required=True)


class Step(Schema):
    what = fields.String(required=True)
    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True, allow_none=True)


class Line(Schema):
    field = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True, metadata={"description": "null: it is left out."})
    meaning = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Of Google's category: its number and path, where the taxonomy is loaded."},
    )
    rule = fields.String(required=True)
    found = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "What the shop has, by column."}
    )
    limit = fields.Integer(required=True, allow_none=True)
    required = fields.Boolean(required=True)
    steps = fields.List(
        fields.Nested(Step), required=True, metadata={"description": "What the feed's mapping did."}
    )
    reference = fields.String(required=True)


class Explanation(Item):
    """One item as the catalogue has it now, field by field."""

    fields_ = fields.List(fields.Nested(Line), required=True, data_key="fields", attribute="fields")


COUNT, KEY = validate.Range(1, 100), validate.Length(1, 200)
OF_COUNT = {"description": "Items at most."}
OF_KEY = {"description": "An item or a product, by its id in the shop: only that one, or all its variants."}


class Unsaved(Own):
    """What to try instead of what the feed has; nothing of it is kept."""

    optional_body = True

    format = fields.String(validate=validate.OneOf(list(FORMATS)))
    definition = fields.Dict(keys=fields.String())
    count = fields.Integer(strict=True, load_default=20, validate=COUNT, metadata=OF_COUNT)
    key = fields.String(validate=KEY, metadata=OF_KEY)


class UnsavedQuery(Schema):
    """The same in an address."""

    format = fields.String(validate=validate.OneOf(list(FORMATS)))
    definition = fields.String(
        metadata={"description": "JSON. One that is longer than an address may be goes into a POST."}
    )
    count = fields.Integer(load_default=20, validate=COUNT, metadata=OF_COUNT)
    key = fields.String(validate=KEY, metadata=OF_KEY)


class Preview(Schema):
    """What items would become, those that would be published first. lookedAt = published + excluded."""

    items = fields.List(fields.Nested(Explanation), required=True)
    lookedAt = fields.Integer(
        required=True,
        attribute="looked_at",
        metadata={"description": "Items of the catalogue that were tried, from the first one on."},
    )
    published = fields.Integer(required=True, metadata={"description": "Of these, so many would be."})
    excluded = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many of these would be left out, by reason."},
    )
    message = fields.String(
        required=True, allow_none=True, metadata={"description": "What to do, if none would be published."}
    )
