"""Connecting and disconnecting stores.

An e-mail is a label, a store is an identity once proved. `attach` runs only after the proof
against the shop itself, which happens outside of any transaction; a failed proof never gets here.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import and_, or_, select

from sync2sys.connectors.base import Shop
from sync2sys.connectors.platforms import OFFERS
from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db, vault
from sync2sys.models import Channel, Feed, Installation, Organization, Supplier, Token
from sync2sys.models.base import digest
from sync2sys.services import accounts, catalog, hooks, jobs, organizations, plans, repricing, tokens


@dataclass(frozen=True)
class Proof:
    """What a store has proved: that these keys work at this address, and who it says it is."""

    origin: str
    platform: str
    key: str
    secret: str
    shop: Shop
    plugin_version: str = ""


@dataclass(frozen=True)
class Connected:
    channel: Channel
    token: Token
    is_new: bool


def attach(
    proof: Proof, email: str, bearer: Token | None, organization: Organization | None = None
) -> Connected:
    """Connect a proved store and queue its first sync.

    A new channel goes to the organization given (by an operator), to that of a panel account that asks, or
    to one of its own.

    The same store under the same account comes back to its channel; another store that now
    answers at that address gets a new organization, and the old channel is frozen.

    Raises LimitReached where the plan has no room for one product of a new channel, or none for what the
    bearer made elsewhere and brings along.
    """
    is_panel = bearer is not None and bearer.typ == "panel"
    user = accounts.user_of(bearer.user.email if bearer is not None and is_panel else email)
    installation, _ = accounts.installation_of(user, proof.origin)
    if installation.channel_id is not None and not _is_same_store(installation, proof):
        installation = _move(installation)
    channel = db.session.get(Channel, installation.channel_id) if installation.channel_id else None
    is_new = channel is None
    if channel is None:
        organization = organization or _organization_for(installation, proof, bearer)
        plans.require_room(organization, plans.PRODUCTS)
        channel = Channel(
            organization_id=organization.id, origin=proof.origin, origin_key=digest(proof.origin)
        )
    _fill(channel, proof)
    db.session.add(channel)
    db.session.flush()
    installation.state = "connected"
    installation.organization_id = channel.organization_id
    installation.channel_id = channel.id
    installation.store_identity = proof.shop.identity or installation.store_identity
    installation.key_fingerprint = channel.key_fingerprint
    if bearer is not None and bearer.installation_id == installation.id and bearer.state == "active":
        _adopt(bearer, channel.organization_id)
        tokens.prove(bearer, installation)
    token = tokens.issue_plugin(installation, proved=True)
    organizations.note_activity(channel.organization_id)
    jobs.enqueue("sync", channel.id, {"full": True})
    hooks.ask(channel)
    return Connected(channel, token, is_new)


def attach_again(channel: Channel, proof: Proof) -> Connected:
    """`attach` a channel's store with other keys, under the account that it was connected under before."""
    known = select(Installation).filter_by(channel_id=channel.id).order_by(Installation.created_at)
    installation = db.session.scalars(known).first()
    if installation is None:
        raise NotFound("It is not known who connected this store. Connect it as a new one.")
    return attach(proof, installation.user.email, None, channel.organization)


def _is_same_store(installation: Installation, proof: Proof) -> bool:
    """Continuity: the store's own id, or the key we knew before. Only ever asked within one account."""
    known, claimed = installation.store_identity, proof.shop.identity
    return (known is not None and known == claimed) or vault.matches(installation.key_fingerprint, proof.key)


def _move(installation: Installation) -> Installation:
    """Freeze what was at this address, and begin anew there."""
    tokens.end_installation(installation, "revoked")
    installation.state = "moved"
    installation.origin_key = digest(f"{installation.id} {installation.origin}")
    channel = db.session.get(Channel, installation.channel_id)
    if channel is not None:
        channel.state = "moved"
        channel.credentials = None
        hooks.forget(channel)
    db.session.flush()
    successor, _ = accounts.installation_of(installation.user, installation.origin)
    return successor


def _organization_for(installation: Installation, proof: Proof, bearer: Token | None) -> Organization:
    if bearer is not None and bearer.typ == "panel":
        return organizations.home_of(bearer)
    own = bearer is not None and bearer.installation_id == installation.id
    organization = bearer.organization if own and bearer is not None else None
    if organization is None or not organization.provisional:
        return organizations.create(_name_of(proof))
    organization.name = _name_of(proof)
    organization.provisional = False
    return organization


def _adopt(token: Token, organization_id: str) -> None:
    """What an unproved token made in its provisional organization moves to the proved one.

    Raises LimitReached where not all of it fits. Whoever connects without the token leaves it where it is.
    """
    if token.organization_id in (None, organization_id):
        return
    organization = db.session.get_one(Organization, organization_id)
    for kind in (plans.FEEDS, plans.SUPPLIERS):
        plans.require_room(organization, kind, plans.count(token.organization_id, kind))
    for feed in db.session.scalars(select(Feed).filter_by(organization_id=token.organization_id)):
        feed.organization_id = organization_id
    for supplier in db.session.scalars(select(Supplier).filter_by(organization_id=token.organization_id)):
        supplier.organization_id = organization_id
    _adopt_range(token.organization_id, organization)


def _adopt_range(from_id: str, organization: Organization) -> None:
    """An organization has one range at most: another one ends where there is one already."""
    query = select(Channel).filter_by(platform=OFFERS)
    has_one = db.session.scalar(query.filter_by(organization_id=organization.id)) is not None
    for channel in db.session.scalars(query.filter_by(organization_id=from_id)):
        if has_one:
            close(channel)
        else:
            plans.require_room(organization, plans.PRODUCTS, catalog.count(channel.id))
            channel.organization_id = organization.id
    db.session.flush()
    repricing.ask_range(organization.id)


def _fill(channel: Channel, proof: Proof) -> None:
    shop = proof.shop
    channel.platform = proof.platform
    channel.state = "connected"
    kept = channel.credentials or {}
    channel.credentials = kept | {"key": proof.key, "secret": proof.secret}
    channel.key_fingerprint = vault.fingerprint(proof.key)
    channel.capabilities = shop.capabilities
    channel.plugin_version = proof.plugin_version
    channel.store_identity = shop.identity or channel.store_identity
    channel.problem = channel.problem_code = ""
    channel.refusals, channel.refused_since = 0, None
    describe(channel, shop)


def describe(channel: Channel, shop: Shop) -> None:
    """Take over what the shop says about itself."""
    channel.name = shop.name[:200]
    channel.home = shop.home[:2048]
    channel.currency = shop.currency
    channel.country = shop.country[:2]
    channel.prices_include_tax = shop.prices_include_tax
    channel.charges_tax = shop.charges_tax
    if shop.tax_rates is not None:
        channel.tax_rates = shop.tax_rates
    channel.weight_unit = shop.weight_unit[:10]
    channel.dimension_unit = shop.dimension_unit[:10]
    channel.timezone = shop.timezone[:64]
    channel.version = shop.version[:50]


def _name_of(proof: Proof) -> str:
    return proof.shop.name or urlsplit(proof.origin).hostname or proof.origin


def disconnect(token: Token, channel_id: str | None) -> None:
    """Wipe a store's keys, stop its syncs and end its plugin's tokens. Repeating it changes nothing.

    An unproved token ends only itself. Feeds stay as they were last published. Raises NotFound
    for a channel that the token may not see.
    """
    if token.typ == "plugin" and not token.proved:
        token.state = "disconnected" if token.state == "active" else token.state
        return
    for channel in _disconnectable(token, channel_id):
        close(channel)
        for installation in db.session.scalars(select(Installation).filter_by(channel_id=channel.id)):
            installation.state = "disconnected" if installation.state != "moved" else installation.state
            tokens.end_installation(installation, "disconnected")


def close(channel: Channel) -> None:
    """Wipe the channel's keys and stop its syncs. Its products and feeds stay as they are."""
    channel.state = "disconnected" if channel.state != "moved" else channel.state
    channel.credentials = None
    hooks.forget(channel)
    organizations.note_activity(channel.organization_id)
    db.session.flush()
    # What this shop sold may be a product of the range now.
    repricing.ask_range_beside(channel)


def _disconnectable(token: Token, channel_id: str | None) -> list[Channel]:
    if channel_id is not None:
        return [visible_channel(token, channel_id)]
    channels = [channel for channel in visible_channels(token) if channel.platform != OFFERS]
    if token.typ == "panel" and len(channels) > 1:
        raise BadRequest("There are several channels. Name one by channelId.")
    return channels


def visible_channels(token: Token) -> list[Channel]:
    """The channels a token may see: a plugin its own, a panel account those of its organizations.

    A range is seen by its whole organization, as suppliers are. An unproved plugin's own are those that it
    made itself, in its provisional organization.
    """
    query = select(Channel).order_by(Channel.created_at, Channel.id)
    if token.typ == "plugin" and token.proved:
        own = token.installation.channel_id if token.installation is not None else None
        is_range = and_(Channel.organization_id == token.organization_id, Channel.platform == OFFERS)
        return list(db.session.scalars(query.where(or_(Channel.id == own, is_range)))) if own else []
    return list(db.session.scalars(query.where(Channel.organization_id.in_(organizations.visible_to(token)))))


def visible_channel(token: Token, channel_id: str) -> Channel:
    """A channel that the token may see. Raises NotFound, alike for another's and for none."""
    for channel in visible_channels(token):
        if channel.id == channel_id:
            return channel
    raise NotFound("No such channel.")


def ask_sync(channel: Channel, *, full: bool = False) -> None:
    """Queue a sync of the channel, now. Raises BadRequest where it is not connected."""
    require_connected(channel)
    jobs.enqueue("sync", channel.id, {"full": full})


def require_connected(channel: Channel) -> None:
    """Raise BadRequest where the channel is not connected."""
    if channel.state != "connected":
        raise BadRequest("This store is not connected. Connect it anew first.")
