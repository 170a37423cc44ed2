"""Mirrored catalogues as a sync leaves them, written straight into the tables."""

from decimal import Decimal

from sqlalchemy import delete, insert, update

from sync2sys.database import transaction
from sync2sys.extensions import db
from sync2sys.models import Channel, Organization, Product, Variant
from sync2sys.models.base import digest, now

PRODUCT = {
    "kind": "simple",
    "status": "publish",
    "published": True,
    "link": "https://shop.example/p",
    "description": "",
    "text": "A thing.",
    "summary": "",
    "brand": "Acme",
    "categories": ["Things"],
    "tags": [],
    "images": ["https://shop.example/i.jpg"],
    "attributes": {},
    "available_at": None,
    "meta": {},
    "modified_at": None,
}
VARIANT = {
    "published": True,
    "purchasable": True,
    "title": "",
    "sku": "",
    "gtin": "",
    "mpn": "",
    "description": "",
    "text": "",
    "link": "",
    "image": "",
    "options": {},
    "price": None,
    "sale_price": None,
    "sale_from": None,
    "sale_to": None,
    "availability": "in_stock",
    "available_at": None,
    "quantity": None,
    "weight": None,
    "length": None,
    "width": None,
    "height": None,
    "taxable": True,
    "tax_class": "",
    "modified_at": None,
}


@transaction
def organization(plan="starter"):
    """The id of a new organization."""
    made = Organization(name="Shop Ltd", plan=plan)
    db.session.add(made)
    db.session.flush()
    return made.id


@transaction
def channel(organization_id, currency="EUR", **facts):
    """The id of a new, connected channel without products."""
    made = Channel(
        organization_id=organization_id,
        platform="woocommerce",
        origin="https://shop.example",
        origin_key=digest("https://shop.example"),
        currency=currency,
        synced_at=now(),
        **{"name": "The Shop", "country": "DE", "prices_include_tax": True, "weight_unit": "kg"} | facts,
    )
    db.session.add(made)
    db.session.flush()
    return made.id


@transaction
def fill(channel_id, items):
    """Make the channel's catalogue these items, as one applied pull does.

    `items`: id -> changes to PRODUCT and VARIANT, `product` being the id of another item's product.
    """
    for table in (Variant, Product):
        db.session.execute(delete(table).filter_by(channel_id=channel_id))
    products, variants = {}, []
    for number, changes in items.items():
        product_id = changes.get("product", number)
        product = PRODUCT | {"title": f"Thing {number}"} | _of(PRODUCT | {"title": ""}, changes)
        variant = VARIANT | _of(VARIANT, {"price": "10.00"} | changes, skip=("title",))
        for name in ("price", "sale_price", "weight"):
            variant[name] = None if variant[name] is None else Decimal(variant[name])
        products.setdefault(product_id, _hashed(channel_id, product_id, product))
        if changes.get("has_variant", True):
            made = _hashed(channel_id, number, variant | {"product_external_id": product_id})
            variants.append(made | {"product_hash": products[product_id]["content_hash"]})
    for table, rows in ((Product, list(products.values())), (Variant, variants)):
        if rows:
            db.session.execute(insert(table.__table__), rows)
    touch(channel_id)


def touch(channel_id):
    """Note that a pull changed the channel's rows."""
    db.session.execute(
        update(Channel)
        .filter_by(id=channel_id)
        .values(catalog_version=Channel.catalog_version + 1, synced_at=now())
    )


def _of(columns, changes, skip=()):
    return {name: value for name, value in changes.items() if name in columns and name not in skip}


def _hashed(channel_id, number, row):
    return row | {
        "channel_id": channel_id,
        "external_id": str(number),
        "content_hash": digest(repr(sorted(row.items())))[:32],
    }


def plain(count, **changes):
    """So many ordinary items."""
    return {str(1000 + number): changes for number in range(count)}
