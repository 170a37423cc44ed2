"""Prices and stock that a channel's products should have by what suppliers offer, and why."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import JsonText, LongText, Moment, Money, new_id, now
from sync2sys.models.catalog import BigId
from sync2sys.models.suppliers import KEY_LENGTH


class Pricing(Base):
    """How a channel's prices and stock are decided, as its owner says."""

    __tablename__ = "pricing"

    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"), primary_key=True)
    #: ids of suppliers; None means all of the organization's
    suppliers: Mapped[list[str] | None] = mapped_column(JsonText)
    #: rules for price and stock, as `offers.policies`
    policy: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    #: what an offer is found by, as `offers.matching`
    matching: Mapped[list[Any]] = mapped_column(JsonText, default=list)
    #: tax class -> rate in per cent, before those of the shop
    tax_rates: Mapped[dict[str, str]] = mapped_column(JsonText, default=dict)
    #: what the decisions were made from; equal marks, nothing to do
    mark: Mapped[str] = mapped_column(String(64), default="")
    #: how many offers were matched, and how many were not by code
    summary: Mapped[dict[str, int]] = mapped_column(JsonText, default=dict)
    problem: Mapped[str] = mapped_column(LongText, default="")
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)


class Decision(Base):
    """What one variant should cost and how many there are to be, and why."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("channel_id", "external_id"), TABLE)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(64))
    product_external_id: Mapped[str] = mapped_column(String(64))
    #: in the shop's currency and tax mode; None: it is left as it is
    price: Mapped[Decimal | str | None] = mapped_column(Money)
    quantity: Mapped[int | None]
    availability: Mapped[str] = mapped_column(String(20))
    #: the offer that is sold, and the import and line that it stood in; None: there is none
    supplier_id: Mapped[str | None] = mapped_column(String(36))
    offer_key: Mapped[str | None] = mapped_column(String(KEY_LENGTH))
    import_id: Mapped[str | None] = mapped_column(String(36))
    line: Mapped[int | None]
    #: [[step, code, before, after, sentence]], how it was matched first
    reasons: Mapped[list[list[Any]]] = mapped_column(JsonText)
    #: of everything above; equal hash, nothing to write
    content_hash: Mapped[str] = mapped_column(String(32))
    decided_at: Mapped[datetime] = mapped_column(Moment, default=now)


class Quarrel(Base):
    """An offer that may be for one variant or another, so that it is for none."""

    __tablename__ = "quarrel"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"), index=True)
    supplier_id: Mapped[str] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    offer_key: Mapped[str] = mapped_column(String(KEY_LENGTH))
    code: Mapped[str] = mapped_column(String(40))
    #: ids of the variants that it may be for
    candidates: Mapped[list[str]] = mapped_column(JsonText)
    message: Mapped[str] = mapped_column(LongText)
