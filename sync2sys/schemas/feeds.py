"""Bodies of the feed endpoints."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from sync2sys.formats import FORMATS
from sync2sys.schemas.base import Flag, Instant, Own, page_of

NAME = validate.Length(1, 200)
FORMAT = validate.OneOf(list(FORMATS))
SLUG = [
    validate.Length(3, 100),
    validate.Regexp("^[a-z0-9]+(-[a-z0-9]+)*$", error="Letters, digits, hyphens."),
]


def _is_web_address(value: str) -> None:
    if not value.startswith(("https://", "http://")):
        raise ValidationError("Use an address that begins with https://.")


class Document(Own):
    """What the feed says about itself. Whatever is left out comes from the shop."""

    title = fields.String(validate=validate.Length(1, 500))
    link = fields.String(validate=[validate.Length(1, 2000), _is_web_address])
    description = fields.String(validate=validate.Length(1, 5000))


class Share(fields.Float):
    """A number from 0 to 1, and no text that merely looks like one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Range(0, 1), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Guard(Own):
    """What of a new render looks like an accident, so that it is held. Left out: as usual.

    A render without items is always held.
    """

    drop = Share(metadata={"description": "This share of the items is gone. 1: never held for it."})
    fewest = fields.Integer(
        strict=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "A loss or price change counts from so many items on."},
    )
    missing = Share(
        metadata={"description": "More than this share of the items lost a price or required value."}
    )
    prices = Share(metadata={"description": "More than this share of the prices changed."})
    outOfStock = Flag(attribute="out_of_stock", metadata={"description": "No item is in stock any more."})


def _slug(**options: Any) -> fields.String:
    return fields.String(
        validate=SLUG,
        metadata={"description": "Small letters, digits and single hyphens. Left out: 128 random bits."},
        **options,
    )


def _sources(**options: Any) -> fields.List:
    return fields.List(
        fields.String(validate=validate.Length(max=64)),
        allow_none=True,
        validate=validate.Length(max=1000),
        metadata={"description": "Ids of channels. null: all channels, later ones too."},
        **options,
    )


def _definition(**options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        metadata={
            "description": "settings, filter, mapping, categories, market, tax, shipping: see docs/feeds.md."
        },
        **options,
    )


class NewFeed(Own):
    name = fields.String(required=True, validate=NAME)
    format = fields.String(required=True, validate=FORMAT, metadata={"description": "See /api/formats."})
    slug = _slug()
    published = Flag(load_default=False)
    sources = _sources(load_default=None)
    document = fields.Nested(Document, load_default=dict)
    definition = _definition(load_default=dict)
    guard = fields.Nested(Guard, load_default=dict)


class ChangedFeed(Own):
    name = fields.String(validate=NAME)
    format = fields.String(validate=FORMAT)
    slug = _slug()
    secretOnly = Flag(
        attribute="secret_only",
        metadata={"description": "Nothing is served at the slug, only at the secret address."},
    )
    published = Flag()
    sources = _sources()
    document = fields.Nested(Document)
    definition = _definition()
    guard = fields.Nested(Guard)


class Export(Schema):
    """What makes a feed what it is: the body that makes the same feed elsewhere."""

    name = fields.String(required=True)
    format = fields.String(required=True)
    document = fields.Nested(Document, required=True)
    definition = _definition(required=True)
    guard = fields.Nested(Guard, required=True)


class Reason(Schema):
    """Why a render is held."""

    code = fields.String(
        required=True,
        metadata={
            "description": "EMPTY, COUNT_DROPPED, PRICES_GONE, VALUES_GONE, STOCK_GONE, "
            "PRICES_CHANGED or ROLLED_BACK"
        },
    )
    message = fields.String(required=True)
    before = fields.Integer(required=True)
    after = fields.Integer(required=True)


class Shard(Schema):
    """A file of a render. There are several where the channel takes no more items or bytes in one."""

    no = fields.Integer(required=True, metadata={"description": "From 1."})
    url = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where it is served; null for a render that is not live."},
    )
    secretUrl = fields.String(
        required=True, allow_none=True, metadata={"description": "The same at the feed's secret address."}
    )
    items = fields.Integer(required=True)
    length = fields.Integer(required=True, metadata={"description": "In bytes."})
    gzipLength = fields.Integer(required=True)


class Render(Schema):
    """One generation of a feed. mirrored = items + all that was excluded, always."""

    id = fields.String(required=True)
    generation = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"description": "live, held, superseded or dropped"})
    version = fields.String(required=True, metadata={"description": "Of the format."})
    items = fields.Integer(required=True)
    inStock = fields.Integer(
        required=True,
        attribute="in_stock",
        metadata={"description": "Items that are not out of stock."},
    )
    excluded = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many items were left out, by reason."},
    )
    mirrored = fields.Integer(required=True)
    shards = fields.List(
        fields.Nested(Shard),
        required=True,
        metadata={"description": "Its files: one, or all that the channel has to fetch."},
    )
    length = fields.Integer(required=True, metadata={"description": "In bytes, of all files together."})
    gzipLength = fields.Integer(required=True, attribute="gzip_length")
    hold = fields.List(
        fields.Nested(Reason),
        required=True,
        allow_none=True,
        metadata={"description": "Why it is or was held."},
    )
    changedAt = Instant(required=True, attribute="changed_at")
    generatedAt = Instant(required=True, attribute="generated_at")
    supersededAt = Instant(required=True, allow_none=True, attribute="superseded_at")


class Remark(Schema):
    """What the owner should know about the whole feed."""

    code = fields.String(required=True)
    message = fields.String(required=True, metadata={"description": "What to do."})


class Feed(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    format = fields.String(required=True)
    slug = fields.String(required=True)
    url = fields.String(
        required=True, metadata={"description": "The public address, or the secret one with secretOnly."}
    )
    secretUrl = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "A second address, which you can change at any time."},
    )
    secretOnly = fields.Boolean(required=True)
    published = fields.Boolean(required=True)
    sources = fields.List(fields.String(), required=True, allow_none=True)
    document = fields.Nested(Document, required=True)
    definition = _definition(required=True)
    guard = fields.Nested(Guard, required=True, metadata={"description": "All thresholds that apply."})
    render = fields.Nested(
        Render, required=True, allow_none=True, metadata={"description": "What is served."}
    )
    held = fields.Nested(
        Render,
        required=True,
        allow_none=True,
        metadata={"description": "A newer render that waits for a second equal one, or for you."},
    )
    pinnedSince = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "It was rolled back then; newer renders are held until you resume."},
    )
    isRendering = fields.Boolean(required=True)
    problem = fields.String(required=True, metadata={"description": "For the owner; empty when all is well."})
    remarks = fields.List(
        fields.Nested(Remark),
        required=True,
        metadata={"description": "What of the market is not clear: prices with tax or without, currencies."},
    )
    createdAt = Instant(required=True)
    updatedAt = Instant(required=True)


class Fetch(Schema):
    """An answer that a reader of the feed was sent."""

    at = Instant(required=True)
    agent = fields.String(required=True, metadata={"description": "What the software calls itself."})
    bot = fields.String(
        required=True, metadata={"description": "Whose it seems to be, such as Googlebot or Meta; or empty."}
    )
    shard = fields.Integer(required=True, metadata={"description": "Which of the feed's files."})
    status = fields.Integer(required=True, metadata={"description": "200 or 304"})
    bytes = fields.Integer(required=True, metadata={"description": "Of the body."})
    gzip = fields.Boolean(required=True)


class Format(Schema):
    name = fields.String(required=True)
    label = fields.String(required=True)
    version = fields.String(required=True)
    contentType = fields.String(required=True, attribute="content_type")
    extension = fields.String(required=True)


FeedList = page_of(Feed)
FetchList = page_of(Fetch)
FormatList = page_of(Format)
RenderList = page_of(Render)
