"""Bodies of the taxonomy, and of what a shop's categories are in it."""

from marshmallow import Schema, fields, validate

from sync2sys.schemas.base import Instant, page_of


class TaxonomyQuery(Schema):
    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "A title or a category, for suggestions."},
    )


class Suggestion(Schema):
    id = fields.Integer(required=True)
    path = fields.String(required=True)
    likeness = fields.Float(
        required=True, metadata={"description": "Above 0; 1 where all words fit and none is missing."}
    )


class Taxonomy(Schema):
    """What is loaded of Google's product taxonomy."""

    version = fields.String(required=True, allow_none=True, metadata={"description": "null: none is loaded."})
    categories = fields.Integer(required=True)
    loadedAt = Instant(required=True, allow_none=True)
    suggestions = fields.List(
        fields.Nested(Suggestion), required=True, metadata={"description": "For `q`, the best first."}
    )


class Rule(Schema):
    path = fields.String(required=True, metadata={"description": "The shop's category that has the rule."})
    category = fields.String(required=True, metadata={"description": "As it stands in the feed."})
    isInherited = fields.Boolean(required=True, metadata={"description": "It is that of a category above."})


class Found(Schema):
    """A category of the taxonomy; the number or the path is null where no taxonomy tells it."""

    id = fields.Integer(required=True, allow_none=True)
    path = fields.String(required=True, allow_none=True)
    isGone = fields.Boolean(
        required=True, metadata={"description": "The taxonomy that is loaded does not have it."}
    )


class Category(Schema):
    path = fields.String(required=True, metadata={"description": "Of the shop."})
    products = fields.Integer(required=True, metadata={"description": "In it and all below it, each once."})
    items = fields.Integer(required=True, metadata={"description": "Variants of these products."})
    rule = fields.Nested(
        Rule, required=True, allow_none=True, metadata={"description": "Its own, or the nearest above it."}
    )
    category = fields.Nested(
        Found, required=True, allow_none=True, metadata={"description": "What the rule gives it."}
    )
    suggestions = fields.List(
        fields.Nested(Suggestion),
        required=True,
        metadata={"description": "Where no rule holds, or what it names is gone."},
    )


class Categories(page_of(Category)):  # type: ignore[misc]
    """The categories of a feed's sources, in the order of the tree."""

    field = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What category rules fill; null: the format has no such field."},
    )
    taxonomy = fields.String(
        required=True, allow_none=True, metadata={"description": "The version that is loaded, if any."}
    )
