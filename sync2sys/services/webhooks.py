"""Webhooks of shops: hints that something changed, never a source of what.

Whoever can send one may at most make us look at a shop a little earlier.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, select

from sync2sys.database import nowait
from sync2sys.errors import NotFound, Unauthorized
from sync2sys.extensions import db
from sync2sys.models import Channel, WebhookDelivery
from sync2sys.models.base import now
from sync2sys.services import jobs

#: Several changes in a row are looked at together.
SOON = timedelta(seconds=5)
#: A deleted product is in no list of changes: only a full comparison finds it gone.
DELETED = timedelta(minutes=2)
KEPT = timedelta(days=7)


def secret_for(channel: Channel) -> str:
    """The secret with which the shop signs, made at first use and wiped with the credentials.

    Raises NotFound where the channel is not connected.
    """
    credentials = channel.credentials
    if credentials is None or channel.state != "connected":
        raise NotFound("This channel is not connected.")
    if "webhook_secret" not in credentials:
        credentials["webhook_secret"] = secrets.token_urlsafe(32)
        channel.credentials = credentials
    return str(credentials["webhook_secret"])


class Delivery(NamedTuple):
    """A delivery that the channel's shop has signed: it is believed to come from there, and no more."""

    channel_id: str
    delivery_id: str
    topic: str


def verified(channel_id: str, body: bytes, signature: str, delivery_id: str, topic: str) -> Delivery:
    """The delivery, if its signature is right; only reads.

    `signature` is base64 of HMAC-SHA256 over the raw body, as WooCommerce sends it. Raises
    Unauthorized alike for a wrong signature and for a channel that is not there.
    """
    channel = db.session.get(Channel, channel_id)
    credentials = channel.credentials if channel is not None and channel.state == "connected" else None
    secret = str((credentials or {}).get("webhook_secret", ""))
    if not _is_signed(body, secret, signature) or not delivery_id:
        raise Unauthorized("This delivery is not signed with the channel's secret.")
    return Delivery(channel_id, delivery_id[:64], topic)


def take(delivery: Delivery) -> bool:
    """Queue a look at the shop; False for a delivery that came before, or whose channel is gone meanwhile."""
    # Locked, so that of two deliveries with one id the second finds the first.
    channel = db.session.get(Channel, delivery.channel_id, with_for_update={"nowait": nowait()})
    if channel is None or channel.state != "connected" or not is_new(channel.id, delivery.delivery_id):
        return False
    channel.heard_at = now()
    is_deletion = delivery.topic.endswith(".deleted")
    jobs.enqueue("sync", channel.id, {"full": is_deletion}, now() + (DELETED if is_deletion else SOON))
    return True


def accept_ping(channel_id: str) -> None:
    """Note that the shop finds its way here. A ping is not signed, so it counts only before all else."""
    unheard = select(Channel).filter_by(id=channel_id, state="connected", heard_at=None)
    channel = db.session.scalar(unheard.with_for_update(nowait=nowait()))
    if channel is not None:
        channel.heard_at = now()


def is_new(channel_id: str, delivery_id: str) -> bool:
    """Note a delivery to a (locked) channel; False where it was noted before."""
    if db.session.get(WebhookDelivery, (channel_id, delivery_id)) is not None:
        return False
    db.session.add(WebhookDelivery(channel_id=channel_id, delivery_id=delivery_id))
    return True


def _is_signed(body: bytes, secret: str, signature: str) -> bool:
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    given = signature.encode("utf-8", "replace")
    # Compared even without a secret, so that an unknown channel takes as long as a known one.
    return hmac.compare_digest(expected, given) and bool(secret)


def sweep() -> int:
    """Forget deliveries that are a week old; returns how many."""
    old = delete(WebhookDelivery).where(WebhookDelivery.received_at < now() - KEPT)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]
