"""Deliveries of webhooks, so that one that comes twice counts once."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import Base
from sync2sys.models.base import Moment, now


class WebhookDelivery(Base):
    """A signed delivery that was taken. Forgotten after a week, as shops repeat none that late."""

    __tablename__ = "webhook_delivery"

    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)
