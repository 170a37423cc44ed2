"""What was decided, beside what the shop had at the last look."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Numeric, String, and_, cast, func, or_, select, type_coerce

from sync2sys.extensions import db
from sync2sys.models import Channel, Decision, Product, Quarrel, Variant


class Decided(NamedTuple):
    """A decision, and the variant that it is for."""

    decision: Decision
    title: str
    sku: str
    gtin: str
    shop_price: Decimal | str | None
    shop_quantity: int | None

    @property
    def price_differs(self) -> bool:
        return self.decision.price is not None and self.decision.price != self.shop_price

    @property
    def quantity_differs(self) -> bool:
        return self.decision.quantity is not None and self.decision.quantity != self.shop_quantity


def differing() -> ColumnElement[bool]:
    """SQL: the shop had another price or quantity."""
    is_other = _number(Variant.price) != _number(Decision.price)
    price = and_(Decision.price.is_not(None), or_(Variant.price.is_(None), is_other))
    quantity = and_(
        Decision.quantity.is_not(None),
        or_(Variant.quantity.is_(None), Variant.quantity != Decision.quantity),
    )
    return or_(price, quantity)


def _number(amount: Any) -> ColumnElement[Any]:
    """An amount that is kept as text, so that 1.5 is 1.50."""
    return cast(type_coerce(amount, String), Numeric(20, 6))


def query(channel_id: str) -> Any:
    """The channel's decisions, each with its variant."""
    columns = (Decision, Product.title, Variant.sku, Variant.gtin, Variant.price, Variant.quantity)
    is_its = and_(Variant.channel_id == Decision.channel_id, Variant.external_id == Decision.external_id)
    is_product = and_(
        Product.channel_id == Decision.channel_id, Product.external_id == Decision.product_external_id
    )
    found = select(*columns).join(Variant, is_its).join(Product, is_product)
    return found.where(Decision.channel_id == channel_id)


def page(
    channel: Channel, key: str, differs: bool | None, start: int, count: int
) -> tuple[list[Decided], int]:
    """Some decisions of a channel in the order of their ids, and how many there are."""
    found = query(channel.id)
    if key:
        found = found.where(or_(Decision.external_id == key, Decision.product_external_id == key))
    if differs is not None:
        found = found.where(differing() if differs else ~differing())
    total = db.session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0
    rows = db.session.execute(found.order_by(Decision.external_id).offset(start).limit(count))
    return [Decided(*row) for row in rows], total


def quarrels(channel: Channel, start: int, count: int) -> tuple[Sequence[Quarrel], int]:
    """Some offers that may be for several variants, and how many there are."""
    found = select(Quarrel).filter_by(channel_id=channel.id)
    total = db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
    ordered = found.order_by(Quarrel.supplier_id, Quarrel.offer_key, Quarrel.id)
    return db.session.scalars(ordered.offset(start).limit(count)).all(), total
