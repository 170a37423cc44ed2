"""Suppliers: who delivers what an organization sells, their files, and what these offer.

An import is staged like a pull and applied in one transaction; until then the offers are the last list's.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sync2sys.extensions import TABLE, Base, vault
from sync2sys.models.base import JsonText, LongBytes, LongText, Moment, new_id, now
from sync2sys.models.catalog import BigId
from sync2sys.models.organizations import Organization

#: Characters of what tells the offers of a list apart, and of what they are found by.
KEY_LENGTH, MATCH_LENGTH = 200, 200


class Supplier(Base):
    """One who sends an organization a list of prices and stock."""

    __tablename__ = "supplier"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organization.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(200))
    #: where the list is fetched from; empty: it is sent to us
    url: Mapped[str] = mapped_column(String(2048), default="")
    #: user and password for that address
    sealed_credentials: Mapped[str | None] = mapped_column(LongText)
    #: how the file is read, as `readers.base.Shape`; None until its owner has confirmed one
    shape: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    #: which column is which field, as `offers.mapping`; None likewise
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    #: thresholds that the owner set, by the names of `offers.quality.Thresholds`
    guard: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    #: minutes between two looks at the address; 0: only when asked
    every_minutes: Mapped[int] = mapped_column(default=0)
    #: grows by one with every applied change of its offers
    version: Mapped[int] = mapped_column(default=0)
    #: the file that was last received, and the import whose offers stand
    file_id: Mapped[str | None] = mapped_column(String(36))
    applied_import_id: Mapped[str | None] = mapped_column(String(36))
    held_import_id: Mapped[str | None] = mapped_column(String(36))
    #: when its owner went back to an older list; newer ones are held from then on
    pinned_at: Mapped[datetime | None] = mapped_column(Moment)
    #: what the standing offers were made from; equal marks, nothing to do
    mark: Mapped[str] = mapped_column(String(64), default="")
    #: what the address said of the file that was last received
    etag: Mapped[str] = mapped_column(String(500), default="")
    last_modified: Mapped[str] = mapped_column(String(100), default="")
    problem: Mapped[str] = mapped_column(LongText, default="")
    problem_code: Mapped[str] = mapped_column(String(50), default="")
    #: when the address was last asked, and when the list was last found to stand
    fetched_at: Mapped[datetime | None] = mapped_column(Moment)
    imported_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()

    @property
    def credentials(self) -> dict[str, Any] | None:
        """User and password, opened. Raises BadKeys."""
        if self.sealed_credentials is None:
            return None
        return vault.open(f"supplier:{self.id}", self.sealed_credentials)

    @credentials.setter
    def credentials(self, secret: dict[str, Any] | None) -> None:
        self.id = self.id or new_id()
        self.sealed_credentials = None if secret is None else vault.seal(f"supplier:{self.id}", secret)


class SupplierFile(Base):
    """A file as it was received. A supplier's last one is kept, to be looked at and read anew."""

    __tablename__ = "supplier_file"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    supplier_id: Mapped[str] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    content_type: Mapped[str] = mapped_column(String(200), default="")
    length: Mapped[int] = mapped_column(BigInteger)
    #: of its bytes; equal files, equal digests
    digest: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(Moment, default=now)


class SupplierFilePart(Base):
    """Some of a file's bytes, deflated: a row of a size that every database takes."""

    __tablename__ = "supplier_file_part"

    file_id: Mapped[str] = mapped_column(ForeignKey("supplier_file.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    packed: Mapped[bytes] = mapped_column(LongBytes)


class Import(Base):
    """One reading of a supplier's file.

    `state`: running, then applied, unchanged (the same list once more), held (looks like an accident),
    dropped (a held one that was given up), failed, abandoned, or undone (its owner went back behind it).
    """

    __tablename__ = "supplier_import"
    __table_args__ = (Index("ix_supplier_import_supplier", "supplier_id", "started_at"), TABLE)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    supplier_id: Mapped[str] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20), default="running")
    file_name: Mapped[str] = mapped_column(String(255), default="")
    #: of the file's bytes, and of all that the offers are made from
    digest: Mapped[str] = mapped_column(String(64), default="")
    mark: Mapped[str] = mapped_column(String(64), default="")
    #: the last line that was read
    line: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    offers: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    removed: Mapped[int] = mapped_column(default=0)
    #: what the list looks like as a whole, as `offers.quality.Profile`
    profile: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    #: why it is or was held, [{code, message, before, after}]
    hold: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonText)
    problem: Mapped[str] = mapped_column(LongText, default="")
    started_at: Mapped[datetime] = mapped_column(Moment, default=now)
    touched_at: Mapped[datetime] = mapped_column(Moment, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class StagedOffer(Base):
    """An offer of an import that is not applied yet. `record` is None where the live one is the same."""

    __tablename__ = "staged_offer"

    import_id: Mapped[str] = mapped_column(
        ForeignKey("supplier_import.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    line: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(32))
    terms_hash: Mapped[str] = mapped_column(String(32))
    #: rows of this key that do not agree make none of them an offer
    disputed: Mapped[bool] = mapped_column(default=False)
    gtin_key: Mapped[str] = mapped_column(String(14), default="")
    sku_key: Mapped[str] = mapped_column(String(MATCH_LENGTH), default="")
    record: Mapped[dict[str, Any] | None] = mapped_column(JsonText)


class Offer(Base):
    """What a supplier offers now, and how it is found."""

    __tablename__ = "offer"
    __table_args__ = (
        UniqueConstraint("supplier_id", "key"),
        Index("ix_offer_gtin", "supplier_id", "gtin_key"),
        Index("ix_offer_sku", "supplier_id", "sku_key"),
        Index("ix_offer_gone", "gone_at"),
        TABLE,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    supplier_id: Mapped[str] = mapped_column(ForeignKey("supplier.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(KEY_LENGTH))
    #: the import that wrote it last, and its line there; empty: that import was taken back, and it with it
    import_id: Mapped[str] = mapped_column(String(36))
    line: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(32))
    #: as `offers.matching` makes them; empty where there is nothing to compare
    gtin_key: Mapped[str] = mapped_column(String(14), default="")
    sku_key: Mapped[str] = mapped_column(String(MATCH_LENGTH), default="")
    #: since when it is in the list no more
    gone_at: Mapped[datetime | None] = mapped_column(Moment)
    #: the offer, as `offers.rows.Offer`
    record: Mapped[dict[str, Any]] = mapped_column(JsonText)


class OfferChange(Base):
    """What an applied import did to one offer: what is needed to show it and to go back behind it."""

    __tablename__ = "offer_change"

    import_id: Mapped[str] = mapped_column(
        ForeignKey("supplier_import.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    #: None: it was not there, or not any more
    before: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    #: the import and the line that this stood in
    before_import_id: Mapped[str | None] = mapped_column(String(36))
    before_line: Mapped[int | None]
    #: and the other columns of the offer as it was, so that going back is one statement
    before_hash: Mapped[str | None] = mapped_column(String(32))
    before_gtin_key: Mapped[str | None] = mapped_column(String(14))
    before_sku_key: Mapped[str | None] = mapped_column(String(MATCH_LENGTH))
    after: Mapped[dict[str, Any] | None] = mapped_column(JsonText)


class RefusedRow(Base):
    """A row of a list that makes no offer, and why."""

    __tablename__ = "refused_row"
    __table_args__ = (Index("ix_refused_row_key", "import_id", "key"), TABLE)

    import_id: Mapped[str] = mapped_column(
        ForeignKey("supplier_import.id", ondelete="CASCADE"), primary_key=True
    )
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int]
    code: Mapped[str] = mapped_column(String(50))
    #: the field, empty for the row as a whole
    field: Mapped[str] = mapped_column(String(50), default="")
    value: Mapped[str] = mapped_column(LongText, default="")
    message: Mapped[str] = mapped_column(LongText)
    #: of the offer that it is about, empty where that cannot be told
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), default="")
