"""What a supplier's file seems to be, and what its rows would become. Nothing is kept."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import chain, dropwhile, islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from sync2sys.database import look
from sync2sys.errors import BadRequest
from sync2sys.extensions import db
from sync2sys.models import Channel, Supplier, SupplierFile
from sync2sys.offers import guesses
from sync2sys.offers import mapping as mappings
from sync2sys.offers.guesses import Proposal
from sync2sys.offers.rows import Offer, Refusal, offer_of, refusal_of
from sync2sys.readers.base import Refused, Row, Shape
from sync2sys.readers.child import Confines, guess_apart, read_apart
from sync2sys.readers.guesses import Guess
from sync2sys.services import supplier_files, suppliers

NO_FILE = "There is no file yet. Send one, or wait until the address was asked for it."
NO_SHAPE = "Say how the file is read: `shape` and `mapping`, as proposed or your own."

#: Of a reader on whose rows somebody waits. A million rows of CSV take it some five seconds.
WAITED_FOR = Confines(seconds=30, wait=45.0)


class File(NamedTuple):
    """A file to look at, as plain values."""

    id: str
    name: str
    content_type: str
    shape: dict[str, Any] | None
    mapping: dict[str, Any] | None
    #: of the organization's stores, where they agree on one
    currency: str


class Look(NamedTuple):
    """What a file seems to be, and a first mapping."""

    guess: Guess
    proposal: Proposal


class Preview(NamedTuple):
    """Some rows of a file, and what they would become."""

    #: what each row makes, with its texts; a row that could not be read has none
    rows: list[tuple[Mapping[str, str], Offer | Refusal]]
    offers: int
    refused: int
    #: whether there are rows after these
    more: bool


def guess(supplier_id: str) -> Look:
    """What the supplier's last file seems to be. Raises BadRequest, and Unreadable for what is no list."""
    file = look(_file)(supplier_id)
    with _laid_out(file) as path:
        found = guess_apart(path, file.name, file.content_type)
        with closing(read_apart(path, found.shape)) as batches:
            read = islice(chain.from_iterable(batches), guesses.MOST_CELLS)
            sampled = [row.values for row in read if isinstance(row, Row)] if found.rows else []
    return Look(found, guesses.guess(found.columns, sampled, file.currency))


def preview(
    supplier_id: str,
    count: int,
    shape: dict[str, Any] | None = None,
    mapping: dict[str, Any] | None = None,
    *,
    line: int = 1,
    skip: int = 0,
) -> Preview:
    """What some rows would become: as the supplier's are read, or with another shape or mapping.

    They are those from `line` on, less the first `skip` of them: many rows may stand in one line. Raises
    BadRequest for what cannot be used, and Unreadable for a file that cannot be read so, or not that far
    while somebody waits.
    """
    file = look(_file)(supplier_id)
    shape = suppliers.checked_shape(shape) or file.shape
    mapping = suppliers.checked_mapping(mapping) or file.mapping
    if shape is None or mapping is None:
        raise BadRequest(NO_SHAPE)
    ready = mappings.parse(mapping)
    with (
        _laid_out(file) as path,
        closing(read_apart(path, Shape.from_dict(shape), confines=WAITED_FOR)) as batches,
    ):
        there = dropwhile(lambda row: row.line < line, chain.from_iterable(batches))
        read = list(islice(there, skip, skip + count + 1))
    rows: list[tuple[Mapping[str, str], Offer | Refusal]] = [
        ({}, refusal_of(row, ready)) if isinstance(row, Refused) else (row.values, offer_of(row, ready))
        for row in read[:count]
    ]
    offers = sum(isinstance(made, Offer) for _, made in rows)
    return Preview(rows, offers, len(rows) - offers, more=len(read) > count)


@contextmanager
def _laid_out(file: File) -> Iterator[Path]:
    try:
        with supplier_files.laid_out(file.id) as path:
            yield path
    except supplier_files.Replaced:
        raise BadRequest("A newer file came at this moment. Try again.") from None


def _file(supplier_id: str) -> File:
    supplier = db.session.get_one(Supplier, supplier_id)
    found = db.session.get(SupplierFile, supplier.file_id) if supplier.file_id else None
    if found is None:
        problem = f" {supplier.problem}" if supplier.problem else ""
        raise BadRequest(NO_FILE + problem)
    of_stores = select(Channel.currency).filter_by(organization_id=supplier.organization_id).distinct()
    currencies = [each for each in db.session.scalars(of_stores) if each]
    return File(
        found.id,
        found.name,
        found.content_type,
        supplier.shape,
        supplier.mapping,
        currencies[0] if len(currencies) == 1 else "",
    )
