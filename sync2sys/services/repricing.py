"""When prices and stock are to be decided anew, because an offer, a product or a rule has changed."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from sync2sys.connectors.platforms import OFFERS
from sync2sys.extensions import db
from sync2sys.models import Channel, Pricing, Supplier
from sync2sys.offers.articles import UNMATCHED
from sync2sys.services import jobs

#: Several changes of a shop in a row are looked at together.
SOON = timedelta(seconds=10)


def ask(channel_id: str) -> None:
    """Queue a decision for the channel, if its owner has said how."""
    channel = db.session.get(Channel, channel_id)
    if channel is not None and db.session.get(Pricing, channel_id) is not None:
        _queue(channel)


def ask_of(supplier: Supplier) -> None:
    """Queue one for every channel that the supplier's offers may be for."""
    query = select(Channel, Pricing).join(Pricing, Pricing.channel_id == Channel.id)
    of_organization = query.where(Channel.organization_id == supplier.organization_id)
    for channel, found in db.session.execute(of_organization).all():
        if found.suppliers is None or supplier.id in found.suppliers:
            _queue(channel)


def _queue(channel: Channel) -> None:
    if channel.platform == OFFERS:
        # Its products are the offers: what is decided anew is what they are, too.
        jobs.enqueue("sync", channel.id, {"full": True})
    else:
        jobs.enqueue("pricing", channel.id)


def ask_range(organization_id: str) -> None:
    """Queue a look at the organization's offers, if they are products of it."""
    for channel in _ranges(organization_id):
        jobs.enqueue("sync", channel.id, {"full": True})


def ask_range_beside(shop: Channel) -> None:
    """The same where the range leaves out what this shop sells, which may be something else by now."""
    if shop.platform == OFFERS:
        return
    for channel in _ranges(shop.organization_id):
        if channel.capabilities["take"] == UNMATCHED:
            jobs.enqueue("sync", channel.id, {"full": True}, jobs.clock() + SOON)


def _ranges(organization_id: str) -> Sequence[Channel]:
    own = select(Channel).filter_by(organization_id=organization_id, platform=OFFERS, state="connected")
    return db.session.scalars(own).all()
