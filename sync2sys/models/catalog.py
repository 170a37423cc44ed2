"""The mirrored catalogue.

Rows are many and never addressed from outside by their own id, so that is a small integer;
(channel, external id) is what identifies them. Text is kept as received; `text` columns hold the
plain form that feeds use, made once per change because making it costs more than rendering.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import JsonText, LongText, Moment, Money

BigId = BigInteger().with_variant(Integer, "sqlite")


class Product(Base):
    """What a shop's product shares among its variants."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("channel_id", "external_id"),
        TABLE,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(40))
    published: Mapped[bool]
    title: Mapped[str] = mapped_column(LongText)
    link: Mapped[str] = mapped_column(LongText)
    description: Mapped[str] = mapped_column(LongText)
    #: plain text of the description, or of the summary where that is empty
    text: Mapped[str] = mapped_column(LongText)
    summary: Mapped[str] = mapped_column(LongText)
    brand: Mapped[str] = mapped_column(LongText)
    categories: Mapped[list[str]] = mapped_column(JsonText)
    tags: Mapped[list[str]] = mapped_column(JsonText)
    images: Mapped[list[str]] = mapped_column(JsonText)
    attributes: Mapped[dict[str, list[str]]] = mapped_column(JsonText)
    #: when what can be ordered before will be there
    available_at: Mapped[datetime | None] = mapped_column(Moment)
    meta: Mapped[dict[str, str]] = mapped_column(JsonText)
    modified_at: Mapped[datetime | None] = mapped_column(Moment)
    #: of everything above as received; equal hash, nothing to write
    content_hash: Mapped[str] = mapped_column(String(32))


class Variant(Base):
    """One thing that can be bought: a feed item. Empty means: as the product."""

    __tablename__ = "variant"
    __table_args__ = (
        UniqueConstraint("channel_id", "external_id"),
        # All that the scan of a render reads, so that it does not touch the rows.
        Index(
            "ix_variant_scan",
            "channel_id",
            "product_external_id",
            "external_id",
            "content_hash",
            "product_hash",
            "sale_price",
            "sale_from",
            "sale_to",
        ),
        TABLE,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(64))
    product_external_id: Mapped[str] = mapped_column(String(64))
    published: Mapped[bool]
    purchasable: Mapped[bool]
    title: Mapped[str] = mapped_column(LongText)
    sku: Mapped[str] = mapped_column(LongText)
    gtin: Mapped[str] = mapped_column(String(64))
    mpn: Mapped[str] = mapped_column(LongText)
    description: Mapped[str] = mapped_column(LongText)
    text: Mapped[str] = mapped_column(LongText)
    link: Mapped[str] = mapped_column(LongText)
    image: Mapped[str] = mapped_column(LongText)
    options: Mapped[dict[str, str]] = mapped_column(JsonText)
    price: Mapped[Decimal | str | None] = mapped_column(Money)
    sale_price: Mapped[Decimal | str | None] = mapped_column(Money)
    sale_from: Mapped[datetime | None] = mapped_column(Moment)
    sale_to: Mapped[datetime | None] = mapped_column(Moment)
    availability: Mapped[str] = mapped_column(String(20))
    available_at: Mapped[datetime | None] = mapped_column(Moment)
    quantity: Mapped[int | None]
    weight: Mapped[Decimal | str | None] = mapped_column(Money)
    length: Mapped[Decimal | str | None] = mapped_column(Money)
    width: Mapped[Decimal | str | None] = mapped_column(Money)
    height: Mapped[Decimal | str | None] = mapped_column(Money)
    taxable: Mapped[bool]
    tax_class: Mapped[str] = mapped_column(String(100))
    modified_at: Mapped[datetime | None] = mapped_column(Moment)
    content_hash: Mapped[str] = mapped_column(String(32))
    #: its product's content_hash: looking that up for each item would be half of a scan's time
    product_hash: Mapped[str] = mapped_column(String(32))
