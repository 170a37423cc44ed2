"""Suppliers' offers as an import leaves them, written straight into the tables."""

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Import, Supplier
from sync2sys.models.base import now
from sync2sys.offers import mapping
from sync2sys.offers.rows import Offer, Refusal, offer_of
from sync2sys.readers.base import Row
from sync2sys.services import offer_lists, repricing

MAPPING = {
    "fields": {
        "sku": "sku",
        "gtin": "ean",
        "cost": {"columns": "cost", "numbers": "comma", "tax": "without"},
        "quantity": {"columns": "stock", "numbers": "plain"},
        "currency": {"constant": "EUR"},
    }
}
COLUMNS = ("sku", "ean", "cost", "stock")


@transaction
def supplier(organization_id, name="A supplier"):
    """The id of a new supplier without offers."""
    made = Supplier(organization_id=organization_id, name=name, mapping=MAPPING)
    db.session.add(made)
    db.session.flush()
    return made.id


def deliver(supplier_id, *rows):
    """Make the supplier's offers those of these rows, `sku;ean;cost;stock`, as one applied import does."""
    ready = mapping.parse(MAPPING)
    values = [dict(zip(COLUMNS, row.split(";"), strict=True)) for row in rows]
    take_over(supplier_id, [offer_of(Row(line, each), ready) for line, each in enumerate(values, 2)])


@transaction
def take_over(supplier_id, made_of_rows):
    """The same with these offers and refusals."""
    owner = db.session.get_one(Supplier, supplier_id)
    made = Import(supplier_id=supplier_id, state="applied", finished_at=now())
    db.session.add(made)
    db.session.flush()
    staged = offer_lists.stage(
        supplier_id, made.id, [each for each in made_of_rows if isinstance(each, Offer)]
    )
    refusals = [each for each in made_of_rows if isinstance(each, Refusal)]
    offer_lists.note_refused(made.id, [*refusals, *staged.refusals], 0)
    outcome = offer_lists.compare(supplier_id, made.id)
    offer_lists.apply(supplier_id, made.id, now(), outcome, remembering=owner.applied_import_id is not None)
    made.offers, made.added, made.changed = outcome.offers, outcome.added, outcome.changed
    owner.applied_import_id = made.id
    owner.version += 1
    repricing.ask_of(owner)
