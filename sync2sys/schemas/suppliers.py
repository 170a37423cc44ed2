"""Bodies of the supplier endpoints."""

from marshmallow import Schema, fields, validate

from sync2sys.schemas.base import Instant, Own, PageQuery, page_of
from sync2sys.schemas.feeds import Share

NAME = validate.Length(1, 200)


class Credentials(Own):
    """User and password for the address. They are kept sealed and never shown again."""

    user = fields.String(required=True, validate=validate.Length(1, 200))
    password = fields.String(required=True, validate=validate.Length(1, 500))


class Thresholds(Own):
    """What of a new list looks like an accident, so that it is held. Left out: as usual.

    A list without any offer is always held.
    """

    gone = Share(metadata={"description": "This share of the offers is gone."})
    sold_out = Share(
        data_key="soldOut",
        metadata={"description": "This share of the offers that could be had cannot be had any more."},
    )
    fewest = fields.Integer(
        strict=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "What concerns fewer offers than this is no accident."},
    )
    refused = Share(metadata={"description": "More than this share of the rows is refused."})
    factor = fields.Float(
        validate=validate.Range(1, 1000),
        metadata={"description": "Amounts or stocks as a whole are so many times as high or low."},
    )
    together = Share(metadata={"description": "This share of the costs changed by one and the same factor."})
    same = fields.Float(
        validate=validate.Range(0, 100), metadata={"description": "That factor, as what is beyond 1."}
    )
    moved = Share(metadata={"description": "This share of the rows lost a value, or has another kind of it."})


def _url(**options: object) -> fields.String:
    return fields.String(
        validate=validate.Length(max=2048),
        metadata={"description": "Where the list is fetched from. Empty: you send it."},
        **options,  # type: ignore[arg-type]
    )


def _shape(**options: object) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={"description": "How the file is read: see docs/suppliers.md."},
        **options,  # type: ignore[arg-type]
    )


def _mapping(**options: object) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={"description": "Which column is which field: see docs/suppliers.md."},
        **options,  # type: ignore[arg-type]
    )


def _minutes(**options: object) -> fields.Integer:
    return fields.Integer(
        strict=True,
        attribute="every_minutes",
        validate=validate.Range(0, 7 * 24 * 60),
        metadata={
            "description": "Minutes between two looks at the address. 0: only when asked. 60 where an "
            "address is first given and this is left out."
        },
        **options,  # type: ignore[arg-type]
    )


class NewSupplier(Own):
    may_be_form = True

    name = fields.String(required=True, validate=NAME)
    url = _url(load_default="")
    credentials = fields.Nested(Credentials, allow_none=True, load_default=None)
    shape = _shape(load_default=None)
    mapping = _mapping(load_default=None)
    guard = fields.Nested(Thresholds, load_default=dict)
    everyMinutes = _minutes()


class ChangedSupplier(Own):
    name = fields.String(validate=NAME)
    url = _url()
    credentials = fields.Nested(Credentials, allow_none=True)
    shape = _shape()
    mapping = _mapping()
    guard = fields.Nested(Thresholds)
    everyMinutes = _minutes()


class FileQuery(Schema):
    name = fields.String(
        load_default="",
        validate=validate.Length(max=255),
        metadata={"description": "The file's name, which helps to see what it is."},
    )


class HoldReason(Schema):
    """Why a list is held."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    before = fields.Float(required=True)
    after = fields.Float(required=True)


class Import(Schema):
    """One reading of the supplier's list. rows = offers + refused + rows that say the same once more."""

    id = fields.String(required=True)
    state = fields.String(
        required=True,
        metadata={"description": "running, applied, held, dropped, failed, abandoned or undone"},
    )
    fileName = fields.String(required=True, attribute="file_name")
    line = fields.Integer(required=True, metadata={"description": "The last one that was read."})
    rows = fields.Integer(required=True)
    offers = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    added = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    removed = fields.Integer(required=True)
    hold = fields.List(fields.Nested(HoldReason), required=True, allow_none=True)
    problem = fields.String(required=True)
    startedAt = Instant(required=True, attribute="started_at")
    finishedAt = Instant(required=True, allow_none=True, attribute="finished_at")


class Supplier(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True)
    hasCredentials = fields.Boolean(required=True)
    shape = _shape(required=True)
    mapping = _mapping(required=True)
    guard = fields.Nested(Thresholds, required=True, metadata={"description": "All that apply."})
    everyMinutes = fields.Integer(required=True)
    offers = fields.Integer(required=True, metadata={"description": "That stand now."})
    file = fields.String(
        required=True, allow_none=True, metadata={"description": "Name of the last file; null for none."}
    )
    applied = fields.Nested(
        Import, required=True, allow_none=True, metadata={"description": "Whose offers stand."}
    )
    held = fields.Nested(
        Import, required=True, allow_none=True, metadata={"description": "A newer list that waits for you."}
    )
    pinnedSince = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "A list was taken back then; newer ones are held until you resume."},
    )
    isImporting = fields.Boolean(required=True)
    problem = fields.String(required=True, metadata={"description": "For the owner; empty when all is well."})
    problemCode = fields.String(required=True)
    fetchedAt = Instant(required=True, allow_none=True)
    importedAt = Instant(required=True, allow_none=True)
    createdAt = Instant(required=True)
    updatedAt = Instant(required=True)


class Sample(Schema):
    line = fields.Integer(required=True)
    values = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class MappingReason(Schema):
    """Why a field is proposed, or what is left to say about it."""

    field = fields.String(required=True)
    columns = fields.List(fields.String(), required=True)
    why = fields.String(required=True)
    sure = fields.Boolean(required=True, metadata={"description": "false: look at it."})


class Guess(Schema):
    """What the file seems to be. Confirm it by keeping `shape` and `mapping`, as they are or corrected."""

    shape = _shape(required=True)
    columns = fields.List(fields.String(), required=True)
    rows = fields.List(fields.Nested(Sample), required=True)
    remarks = fields.List(fields.String(), required=True)
    mapping = _mapping(required=True)
    reasons = fields.List(fields.Nested(MappingReason), required=True)
    lacks = fields.String(
        required=True, metadata={"description": "What has to be said before it is a mapping; else empty."}
    )


class Tried(Own):
    """A shape and a mapping to try; those of the supplier where left out."""

    optional_body = True
    shape = _shape(load_default=None)
    mapping = _mapping(load_default=None)
    count = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 200))
    line = fields.Integer(
        strict=True,
        load_default=1,
        validate=validate.Range(1, 2**31),
        metadata={"description": "Rows before this line of the file are passed over."},
    )
    skip = fields.Integer(
        strict=True,
        load_default=0,
        validate=validate.Range(0, 1_000_000),
        metadata={"description": "So many rows are passed over from there: a page is as many further on."},
    )


class OfferRemark(Schema):
    field = fields.String(required=True)
    code = fields.String(required=True)
    value = fields.String(required=True)
    message = fields.String(required=True)


class Offer(Schema):
    """What a supplier offers. Amounts are decimal texts, of one piece."""

    line = fields.Integer(required=True)
    key = fields.String(required=True)
    gtin = fields.String(required=True)
    sku = fields.String(required=True)
    mpn = fields.String(required=True)
    brand = fields.String(required=True)
    title = fields.String(required=True)
    cost = fields.String(required=True, allow_none=True, metadata={"description": "What you pay."})
    costTax = fields.String(required=True, attribute="cost_tax")
    price = fields.String(
        required=True, allow_none=True, metadata={"description": "What the supplier recommends to ask."}
    )
    priceTax = fields.String(required=True, attribute="price_tax")
    currency = fields.String(required=True)
    quantity = fields.Integer(required=True, allow_none=True)
    availability = fields.String(required=True)
    availableAt = fields.String(required=True, allow_none=True, attribute="available_at")
    description = fields.String(required=True)
    link = fields.String(required=True)
    images = fields.List(fields.String(), required=True)
    category = fields.String(required=True)
    itemGroup = fields.String(required=True, attribute="item_group")
    weight = fields.String(required=True, allow_none=True, metadata={"description": "In kilograms."})
    options = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    remarks = fields.List(fields.Nested(OfferRemark), required=True)


class Refusal(Schema):
    """A row that makes no offer."""

    line = fields.Integer(required=True)
    code = fields.String(required=True)
    field = fields.String(required=True, metadata={"description": "Empty: the row as a whole."})
    value = fields.String(required=True)
    message = fields.String(required=True, metadata={"description": "Why, and what to do."})
    key = fields.String(
        required=True,
        metadata={"description": "Of the offer that the row is about. Empty where that cannot be told."},
    )


class OfferPreviewRow(Schema):
    line = fields.Integer(required=True)
    values = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    offer = fields.Nested(Offer, required=True, allow_none=True)
    refusal = fields.Nested(Refusal, required=True, allow_none=True)


class OfferPreview(Schema):
    rows = fields.List(fields.Nested(OfferPreviewRow), required=True)
    offers = fields.Integer(required=True, metadata={"description": "Of these rows."})
    refused = fields.Integer(required=True, metadata={"description": "Of these rows."})
    more = fields.Boolean(required=True, metadata={"description": "There are rows after these."})


class OfferChange(Schema):
    """What an import did to one offer; no `before`: it was not there, no `after`: it is not any more."""

    key = fields.String(required=True)
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)


class OfferQuery(PageQuery):
    key = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Key, SKU or GTIN; all offers where left out."},
    )


SupplierList = page_of(Supplier)
ImportList = page_of(Import)
OfferList = page_of(Offer)
RefusalList = page_of(Refusal)
ChangeList = page_of(OfferChange)
