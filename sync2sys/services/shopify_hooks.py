"""What Shopify tells of: hints that something changed, the end of an installation, and demands of the law.

Signed with the app's secret, by which the shop is believed to have said it; what it says is looked up.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson
from sqlalchemy import select

from sync2sys.connectors.shopify.signatures import is_signed_body
from sync2sys.database import nowait
from sync2sys.errors import Unauthorized
from sync2sys.extensions import db
from sync2sys.models import Channel
from sync2sys.models.base import digest, now
from sync2sys.services import feeds, jobs, shopify_apps, webhooks
from sync2sys.services.sync import HINTS

CHANGED = ("products/create", "products/update")
DELETED = "products/delete"
NUDGES = ("inventory_levels/update", "shop/update", "bulk_operations/finish")
SCOPES, UNINSTALLED, REDACTED = "app/scopes_update", "app/uninstalled", "shop/redact"
#: We keep nothing of a shop's customers.
NOTHING_KEPT = ("customers/data_request", "customers/redact")

REMOVED = "The app was removed from the shop in Shopify. Its feeds stay as they are. Connect it again."

log = logging.getLogger(__name__)


class Delivery(NamedTuple):
    """A delivery that Shopify has signed with the app's secret: it is believed to come from there."""

    #: the shop's channels that are connected by that app
    channel_ids: list[str]
    topic: str
    delivery_id: str
    #: numbers of products that it is about
    hints: list[str]
    triggered_at: datetime | None

    @property
    def is_hint(self) -> bool:
        """Whether nothing is lost with it but time."""
        return self.topic not in (UNINSTALLED, REDACTED)


def verified(
    domain: str, topic: str, body: bytes, signature: str, delivery_id: str, triggered_at: datetime | None
) -> Delivery:
    """The delivery, if its signature is right; only reads.

    Raises Unauthorized alike for a wrong signature and for a shop that is not known.
    """
    concerned = _concerned(domain, body, signature)
    if not delivery_id:
        raise Unauthorized("This delivery says not which one it is.")
    return Delivery(concerned, topic, delivery_id, _hints(body), triggered_at)


def take(delivery: Delivery) -> bool:
    """Do what it asks for; False for one that came before, or that nobody here is concerned by."""
    # Locked, so that of two deliveries with one id the second finds the first.
    query = select(Channel).where(Channel.id.in_(delivery.channel_ids)).order_by(Channel.id)
    taken = False
    for channel in db.session.scalars(query.with_for_update(nowait=nowait())).all():
        # A topic and its delivery: one of Shopify's ids may come with several topics.
        if webhooks.is_new(channel.id, digest(f"{delivery.topic} {delivery.delivery_id}")):
            channel.heard_at = now()
            _act(channel, delivery)
            taken = True
    return taken


def _concerned(domain: str, body: bytes, signature: str) -> list[str]:
    """The channels of the shop whose app's secret signed this."""
    origin_key = digest(shopify_apps.origin_of(domain))
    channels = db.session.scalars(
        select(Channel).filter_by(platform=shopify_apps.PLATFORM, origin_key=origin_key)
    ).all()
    found = [channel.id for channel in channels if is_signed_body(body, signature, _secrets_of(channel))]
    app = shopify_apps.configured_app()
    if not found and not (app is not None and is_signed_body(body, signature, app.secrets)):
        raise Unauthorized("This delivery is not signed with the app's secret.")
    return found


def _secrets_of(channel: Channel) -> Sequence[str]:
    """Those of the app it was connected with; after a disconnect, of the installation's app."""
    credentials = channel.credentials or {}
    configured = shopify_apps.configured_app()
    if "client_id" not in credentials:
        return configured.secrets if configured is not None else ()
    app = shopify_apps.app_of(credentials["client_id"], credentials.get("client_secret"))
    return app.secrets if app is not None else ()


def _act(channel: Channel, delivery: Delivery) -> None:
    topic = delivery.topic
    if topic == REDACTED:
        _redact(channel)
    elif topic in NOTHING_KEPT:
        log.info("nothing of customers is kept", extra={"topic": topic, "channel": channel.id})
    elif channel.state != "connected":
        log.info("a channel that is not connected was told of something", extra={"topic": topic})
    elif topic == UNINSTALLED:
        _lose(channel, delivery.triggered_at)
    elif topic in CHANGED:
        jobs.enqueue("sync", channel.id, {HINTS: delivery.hints}, now() + webhooks.SOON)
    elif topic == DELETED:
        jobs.enqueue("sync", channel.id, {"full": True}, now() + webhooks.DELETED)
    elif topic == SCOPES:
        jobs.enqueue("sync", channel.id, {"full": True}, now() + webhooks.SOON)
    elif topic in NUDGES:
        jobs.enqueue("sync", channel.id, {}, now() + webhooks.SOON)


def _hints(body: bytes) -> list[str]:
    """The number of the product that it is about, which may be more than JSON's numbers hold elsewhere."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(content, dict):
        return []
    gid = content.get("admin_graphql_api_id")
    number = gid.rpartition("/")[2] if isinstance(gid, str) else str(content.get("id", ""))
    return [number] if number.isascii() and number.isdecimal() and len(number) < 20 else []


def _lose(channel: Channel, triggered_at: datetime | None) -> None:
    """The app is gone from the shop: its token is dead. What was mirrored and published stays."""
    credentials = channel.credentials or {}
    since = credentials.get("since")
    if triggered_at is not None and since is not None and triggered_at < datetime.fromisoformat(since):
        return  # It was installed again since.
    # The app's own names are kept, and how it was connected: nobody has to type them to connect again.
    channel.credentials = {
        name: credentials[name] for name in ("client_id", "client_secret", "way") if name in credentials
    }
    channel.state = "auth_failed"
    channel.problem, channel.problem_code = REMOVED, "STORE_AUTH_FAILED"


def _redact(channel: Channel) -> None:
    """What the law demands two days after the app was removed: forget the shop, unless it is back."""
    if channel.state == "connected":
        return
    others = select(Channel.id).where(
        Channel.organization_id == channel.organization_id, Channel.id != channel.id
    )
    has_others = db.session.scalars(others.limit(1)).first() is not None
    for feed in feeds.using(channel):
        if feed.sources == [channel.id] or (feed.sources is None and not has_others):
            feeds.delete(feed)
        else:
            feeds.ask_render(feed)
    db.session.delete(channel)
