"""Suppliers as their owners make them, and their lists read as a worker reads them."""

from decimal import Decimal

from sqlalchemy import func, select

from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import (
    Import,
    Job,
    Offer,
    OfferChange,
    Organization,
    RefusedRow,
    StagedOffer,
    Supplier,
    SupplierFile,
)
from sync2sys.services import import_runs, jobs, suppliers

SHAPE = {"format": "csv", "delimiter": ";"}
MAPPING = {
    "fields": {
        "sku": "sku",
        "title": "title",
        "cost": {"columns": "cost", "numbers": "point"},
        "currency": {"constant": "EUR"},
        "quantity": {"columns": "stock", "numbers": "plain"},
    }
}


def csv_of(costs, stock=5, names="sku;title;cost;stock"):
    """A list of {sku: cost}."""
    rows = [f"{sku};Thing {sku};{cost};{stock}" for sku, cost in costs.items()]
    return "\n".join([names, *rows, ""]).encode()


def some(count, cost=10.0, start=0):
    """{sku: cost} of so many things."""
    return {f"S{number}": f"{cost * (1 + number % 50 / 100):.2f}" for number in range(start, start + count)}


@transaction
def supplier_of(organization_id, url="", *, shape=SHAPE, mapping=MAPPING, **given):
    """The id of a new supplier."""
    organization = db.session.get(Organization, organization_id)
    made = suppliers.create(
        organization, name="Wholesale Ltd", url=url, shape=shape, mapping=mapping, **given
    )
    return made.id


@transaction
def organization_of(plan="unlimited"):
    made = Organization(name="Shop Ltd", plan=plan)
    db.session.add(made)
    db.session.flush()
    return made.id


def claimed(supplier_id):
    """Queue a look at the list, unless there is one queued, and claim it."""
    transaction(lambda: suppliers.ask_import(db.session.get(Supplier, supplier_id)))()
    return jobs.claim(["import"], supplier_id)


def settle(claim):
    """Do a claimed import as a worker does: raises what it raises, after settling the job."""
    try:
        import_runs.run(claim)
    except Exception as error:
        transaction(lambda error=error: jobs.fail(claim, error).state)()
        raise
    transaction(jobs.finish)(claim)


def run(supplier_id):
    """One look at the list; the state of the import that came of it, None for none."""
    before = {each["id"] for each in imports_of(supplier_id)}
    settle(claimed(supplier_id))
    return next((each["state"] for each in imports_of(supplier_id) if each["id"] not in before), None)


def do(work, supplier_id, *arguments):
    """Call a service with the supplier, in a transaction."""
    transaction(lambda: work(db.session.get(Supplier, supplier_id), *arguments) and None)()


def offered(supplier_id):
    """{key: cost} of what stands, to the cent."""
    query = select(Offer.key, Offer.record).filter_by(supplier_id=supplier_id, gone_at=None)
    return look(lambda: {key: _cents(record["cost"]) for key, record in db.session.execute(query)})()


def _cents(amount):
    return amount and f"{Decimal(amount):.2f}"


def offer(supplier_id, key):
    """The record of one offer, gone or not."""
    query = select(Offer.record).filter_by(supplier_id=supplier_id, key=key)
    return look(lambda: db.session.scalar(query))()


def supplier(supplier_id):
    return look(lambda: _columns(db.session.get(Supplier, supplier_id)))()


def imports_of(supplier_id):
    """The columns of a supplier's imports, oldest first."""
    query = select(Import).filter_by(supplier_id=supplier_id).order_by(Import.started_at)
    return look(lambda: [_columns(each) for each in db.session.scalars(query)])()


def last(supplier_id):
    return imports_of(supplier_id)[-1]


def counts(supplier_id):
    """What the last import added, changed and removed."""
    found = last(supplier_id)
    return found["added"], found["changed"], found["removed"]


def held_for(supplier_id):
    """Codes of why the last import is held."""
    found = last(supplier_id)
    assert found["state"] == "held", found
    return [reason["code"] for reason in found["hold"]]


def refused(supplier_id):
    """[(line, code, field)] of the last import."""
    query = select(RefusedRow).filter_by(import_id=last(supplier_id)["id"]).order_by(RefusedRow.no)
    return look(lambda: [(row.line, row.code, row.field) for row in db.session.scalars(query)])()


def files_of(supplier_id):
    query = select(SupplierFile.digest).filter_by(supplier_id=supplier_id)
    return look(lambda: list(db.session.scalars(query)))()


def count_of(table):
    """Rows of StagedOffer or OfferChange, of all suppliers."""
    assert table in (StagedOffer, OfferChange)
    return look(lambda: db.session.scalar(select(func.count()).select_from(table)))()


def live_jobs(supplier_id):
    query = select(Job.payload).filter_by(live_key=f"import:{supplier_id}")
    return look(lambda: list(db.session.scalars(query)))()


def _columns(row):
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}
