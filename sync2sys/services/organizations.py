"""Which organizations a token may see, and in which one it makes new things."""

from sqlalchemy import select

from sync2sys.errors import Forbidden, NotFound
from sync2sys.extensions import db, settings
from sync2sys.models import Channel, Membership, Organization, Token
from sync2sys.models.base import now


def create(name: str, *, provisional: bool = False) -> Organization:
    """A new organization on the default plan."""
    organization = Organization(
        name=name[:200], plan=settings.DEFAULT_PLAN, provisional=provisional, active_at=now()
    )
    db.session.add(organization)
    db.session.flush()
    return organization


def visible_to(token: Token) -> list[str]:
    """Ids of the organizations whose objects the token may see. Everything else is not there."""
    if token.typ == "plugin":
        return [token.organization_id] if token.organization_id else []
    query = select(Membership.organization_id).filter_by(user_id=token.user_id, state="active")
    return list(db.session.scalars(query.order_by(Membership.created_at, Membership.organization_id)))


def home_of(token: Token) -> Organization:
    """The organization in which the token makes things.

    An unproved token gets a provisional one of its own with the first thing it makes. Raises
    Forbidden for an account that belongs to no organization.
    """
    if token.typ == "plugin":
        if token.organization_id is None:
            token = db.session.merge(token)
            token.organization_id = create("", provisional=True).id
        organization = db.session.get(Organization, token.organization_id)
    else:
        ids = visible_to(token)
        organization = db.session.get(Organization, ids[0]) if ids else None
    if organization is None:
        raise Forbidden("This account belongs to no organization yet.")
    return organization


def place_of(token: Token, channel_id: str | None) -> Organization:
    """The organization in which the token connects a store: that of the channel, for a new one its home.

    Raises NotFound, alike for a channel of others and for none.
    """
    if channel_id is None:
        return home_of(token)
    query = select(Organization).join(Channel, Channel.organization_id == Organization.id)
    visible = Organization.id.in_(visible_to(token))
    organization = db.session.scalar(query.where(Channel.id == channel_id, visible))
    if organization is None:
        raise NotFound("No such channel.")
    return organization


def note_activity(organization_id: str) -> None:
    """Remember that something happened in it just now."""
    organization = db.session.get(Organization, organization_id)
    if organization is not None:
        organization.active_at = now()
