"""Bodies of what differs between two renders of a feed."""

from marshmallow import Schema, fields, validate

from sync2sys.schemas.base import Instant, PageQuery, page_of

KINDS = ["changed", "removed", "added"]
_GENERATION = validate.Range(1, 2**31 - 1)


class Which(Schema):
    """Which renders, and which of their items; whatever is left out does not matter."""

    old = fields.Integer(
        data_key="from",
        load_default=None,
        validate=_GENERATION,
        metadata={"description": "A generation; left out: the one that was live before the other."},
    )
    new = fields.Integer(
        data_key="to",
        load_default=None,
        validate=_GENERATION,
        metadata={"description": "A generation, which may be held; left out: the live one."},
    )
    kind = fields.String(validate=validate.OneOf(KINDS))
    field = fields.String(
        validate=validate.Length(1, 100),
        metadata={"description": "As the channel spells it: only changed items in which it differs."},
    )


class Query(PageQuery, Which):
    """Which changes, and which page of them."""


class Compared(Schema):
    id = fields.String(required=True)
    generation = fields.Integer(required=True)
    state = fields.String(required=True)
    version = fields.String(required=True, metadata={"description": "Of the format it was made in."})
    items = fields.Integer(required=True)
    changedAt = Instant(required=True, attribute="changed_at")


class Difference(Schema):
    field = fields.String(required=True)
    old = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "A text, a list of texts or texts by name; null: it was not there."},
    )
    new = fields.Raw(required=True, allow_none=True)


class Change(Schema):
    key = fields.String(required=True, metadata={"description": "The item's id in the feed."})
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    fields_ = fields.List(fields.Nested(Difference), required=True, data_key="fields", attribute="fields")


class Counts(Schema):
    """Of all changes, whichever are asked for."""

    changed = fields.Integer(required=True)
    removed = fields.Integer(required=True)
    added = fields.Integer(required=True)


class ChangedField(Schema):
    field = fields.String(required=True)
    items = fields.Integer(required=True)


class Comparison(page_of(Change)):  # type: ignore[misc]
    """What differs between two renders: changed items first, then removed ones, then added ones."""

    old = fields.Nested(Compared, required=True, data_key="from")
    new = fields.Nested(Compared, required=True, data_key="to")
    complete = fields.Boolean(
        required=True,
        metadata={
            "description": "false: so much differs that only the first part was compared. All of this is "
            "about that part, and removed and added items are not told; diff.csv has everything."
        },
    )
    counts = fields.Nested(Counts, required=True)
    fields_ = fields.List(
        fields.Nested(ChangedField),
        required=True,
        data_key="fields",
        attribute="fields",
        metadata={"description": "How many changed items differ in each field, most first."},
    )
