"""Bodies of what is said about a feed's items."""

from marshmallow import Schema, fields, validate

from sync2sys.formats import FORMATS
from sync2sys.formats.issues import EXCLUDED, PUBLISHED, WARNED
from sync2sys.schemas.base import Instant, Own, PageQuery, page_of
from sync2sys.schemas.feeds import Remark

OUTCOMES = [EXCLUDED, WARNED]


class Which(Schema):
    """Which items; whatever is left out does not matter."""

    code = fields.String(validate=validate.Length(1, 40), metadata={"description": "Such as `missing`."})
    field = fields.String(
        validate=validate.Length(1, 100),
        metadata={"description": "As the channel spells it, such as `gtin`."},
    )
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))


class Query(PageQuery, Which):
    """Which items, and which page of them."""


class Issue(Schema):
    code = fields.String(required=True)
    severity = fields.String(
        required=True,
        validate=validate.OneOf(["error", "warning"]),
        metadata={"description": "error: the item is left out."},
    )
    field = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "As the channel spells it; null: the whole item."},
    )
    source = fields.List(
        fields.String(), required=True, metadata={"description": "What of the product its value is made of."}
    )
    rule = fields.String(required=True, metadata={"description": "How its value is made."})
    value = fields.String(required=True, allow_none=True, metadata={"description": "What the shop has."})
    limit = fields.Integer(required=True, allow_none=True)
    message = fields.String(required=True, metadata={"description": "What to do."})
    reference = fields.String(required=True, metadata={"description": "Where the channel says so."})


class Item(Schema):
    key = fields.String(required=True, metadata={"description": "The item's id in the shop."})
    title = fields.String(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf([PUBLISHED, *OUTCOMES]))
    issues = fields.List(fields.Nested(Issue), required=True)


class Count(Schema):
    code = fields.String(required=True)
    field = fields.String(required=True, allow_none=True)
    severity = fields.String(required=True)
    items = fields.Integer(required=True)


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


class Unsaved(Own):
    """What to try instead of what the feed has; nothing of it is kept."""

    optional_body = True

    format = fields.String(validate=validate.OneOf(list(FORMATS)))
    definition = fields.Dict(keys=fields.String())
    count = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 100))


class Preview(Schema):
    items = fields.List(fields.Nested(Explanation), required=True)
