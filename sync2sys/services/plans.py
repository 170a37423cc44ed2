"""Plans: how much of each thing an organization may have, and whether it may have more."""

from sqlalchemy import func, select

from sync2sys.errors import LimitReached
from sync2sys.extensions import db, settings
from sync2sys.models import Channel, Feed, Organization, Product, Supplier

PRODUCTS, FEEDS, SUPPLIERS = "products", "feeds", "suppliers"
#: What an error says of a limit that is reached. Source: the contract.
CODES = {PRODUCTS: "PIM_PRODUCT_LIMIT", FEEDS: "FEED_LIMIT", SUPPLIERS: "SUPPLIER_LIMIT"}

_COUNTS = {
    # Of all channels, also of those that are mirrored no more: their feeds go on.
    PRODUCTS: select(func.count(Product.id)).join(Channel, Channel.id == Product.channel_id),
    FEEDS: select(func.count(Feed.id)),
    SUPPLIERS: select(func.count(Supplier.id)),
}
_OWNERS = {
    PRODUCTS: Channel.organization_id,
    FEEDS: Feed.organization_id,
    SUPPLIERS: Supplier.organization_id,
}


def limit(organization: Organization, name: str) -> int | None:
    """How many products, feeds or suppliers it may have; None where there is no limit.

    A plan that the settings no longer know counts as the default plan.
    """
    plans = settings.PLANS
    plan: dict[str, int | None] = plans.get(organization.plan, plans[settings.DEFAULT_PLAN])
    return plan[name]


def count(organization_id: str, name: str) -> int:
    """How many it has."""
    return db.session.scalars(_COUNTS[name].where(_OWNERS[name] == organization_id)).one()


def room(organization: Organization, name: str) -> int | None:
    """How many more it may have, below zero where it has too many; None where there is no limit."""
    most = limit(organization, name)
    return None if most is None else most - count(organization.id, name)


def require_room(organization: Organization, name: str, wanted: int = 1) -> None:
    """Raise LimitReached where the organization may not have so many more.

    It stays locked until the transaction ends, so that one of two requests at the limit sees what the other
    made.
    """
    if not wanted:
        return
    db.session.refresh(organization, with_for_update=True)
    most = limit(organization, name)
    if most is None or (has := count(organization.id, name)) + wanted <= most:
        return
    told = f"The plan {organization.plan} allows {most} {name}, and there are {has}."
    raise LimitReached(told + (f" {wanted} more do not fit." if wanted > 1 else ""), code=CODES[name])
