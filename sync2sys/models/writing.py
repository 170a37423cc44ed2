"""Prices and stock that are written to shops: what may be, what was, and what the shop answered."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import JsonText, LongText, Moment, Money, new_id, now
from sync2sys.models.catalog import BigId
from sync2sys.models.suppliers import KEY_LENGTH

STATES = OFF, DRY, ON = "off", "dry", "on"
#: Who wins where somebody changed a value in the shop since our last look.
POLICIES = SHOP, SUPPLIER, ASK = "shop", "supplier", "ask"


class Writing(Base):
    """Whether and how a channel's decisions are written to its shop, as its owner says.

    `state`: off, dry (planned and shown, nothing is sent), on.
    """

    __tablename__ = "writing"

    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="off")
    #: field -> shop, supplier or ask: who wins where somebody changed a value in the shop
    policy: Mapped[dict[str, str]] = mapped_column(JsonText, default=dict)
    #: what one run may change without being held, as `services.write_settings.Ceiling`
    ceiling: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    #: the shop may be made to count the stock of what it does not count yet
    count_stock: Mapped[bool] = mapped_column(default=False)
    #: where the stock is that is written, for platforms that have several places; empty: the only one
    location: Mapped[str] = mapped_column(String(40), default="")
    #: nothing goes out until its owner says again how it is to be
    stopped: Mapped[bool] = mapped_column(default=False)
    #: why nothing is written, in words for the owner; empty when it is
    problem: Mapped[str] = mapped_column(LongText, default="")
    problem_code: Mapped[str] = mapped_column(String(50), default="")
    #: when decisions and shop were last compared
    planned_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)


class WriteRun(Base):
    """Values that differ, written together.

    `kind`: normal or undo. `state`: planning; planned (a dry run); held (more than the ceiling, see `hold`);
    running; then done, stopped (by its owner), failed, dropped (a plan that was given up), or undone.
    """

    __tablename__ = "write_run"
    __table_args__ = (Index("ix_write_run_channel", "channel_id", "planned_at"), TABLE)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10), default="normal")
    state: Mapped[str] = mapped_column(String(20), default="planning")
    #: the run that this one undoes
    undoes: Mapped[str | None] = mapped_column(String(36))
    #: decisions, schedule, or the e-mail of who did
    asked_by: Mapped[str] = mapped_column(String(254), default="decisions")
    #: how many values, of how many variants
    total: Mapped[int] = mapped_column(default=0)
    variants: Mapped[int] = mapped_column(default=0)
    #: of what is to be written; equal digests, equal plans
    digest: Mapped[str] = mapped_column(String(32), default="")
    #: lines by state, as of the end; until then they are counted
    counts: Mapped[dict[str, int]] = mapped_column(JsonText, default=dict)
    #: why it is or was held, [{code, message}]
    hold: Mapped[list[dict[str, str]] | None] = mapped_column(JsonText)
    problem: Mapped[str] = mapped_column(LongText, default="")
    #: how often all was tried and something was left
    passes: Mapped[int] = mapped_column(default=0)
    planned_at: Mapped[datetime] = mapped_column(Moment, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)


class WriteLine(Base):
    """One value of one variant: what it was, what it was to be, why, and what became of it.

    `state`: planned; asked (its owner is to say); sending (on its way, and nobody knows yet); kept (what
    somebody made it in the shop stays); or an outcome of `connectors.writing`.
    """

    __tablename__ = "write_line"
    __table_args__ = (
        Index("ix_write_line_run", "run_id", "state", "product_external_id", "external_id"),
        Index("ix_write_line_variant", "channel_id", "external_id", "id"),
        Index("ix_write_line_state", "channel_id", "state"),
        Index("ix_write_line_key", "key"),
        TABLE,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("write_run.id", ondelete="CASCADE"))
    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(64))
    product_external_id: Mapped[str] = mapped_column(String(64))
    #: price or quantity
    field: Mapped[str] = mapped_column(String(10))
    #: what the shop had: at the last look before, and as soon as it is on its way, right before it went
    before: Mapped[Decimal | str | None] = mapped_column(Money)
    after: Mapped[Decimal | str | None] = mapped_column(Money)
    #: what the shop had when it was last asked
    found: Mapped[Decimal | str | None] = mapped_column(Money)
    #: where it comes from; nothing of this has to be there any more
    supplier_id: Mapped[str | None] = mapped_column(String(36))
    offer_key: Mapped[str | None] = mapped_column(String(KEY_LENGTH))
    import_id: Mapped[str | None] = mapped_column(String(36))
    import_line: Mapped[int | None]
    reasons: Mapped[list[list[Any]]] = mapped_column(JsonText)
    #: its owner has seen `found` and wants it overwritten
    agreed: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20), default="planned")
    code: Mapped[str] = mapped_column(String(100), default="")
    message: Mapped[str] = mapped_column(LongText, default="")
    #: names the batch it went out with, for ever
    key: Mapped[str | None] = mapped_column(String(36))
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    settled_at: Mapped[datetime | None] = mapped_column(Moment)


class Standing(Base):
    """What is known of one value by our own writing: it outlives the lines, which are many."""

    __tablename__ = "standing"

    channel_id: Mapped[str] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    field: Mapped[str] = mapped_column(String(10), primary_key=True)
    #: what was last to be written
    wanted: Mapped[Decimal | str | None] = mapped_column(Money)
    #: what the shop had after that; another value was made by somebody else. None: the mirror knows more
    base: Mapped[Decimal | str | None] = mapped_column(Money)
    based_at: Mapped[datetime | None] = mapped_column(Moment)
    #: of the line that says so
    state: Mapped[str] = mapped_column(String(20))
    line_id: Mapped[int] = mapped_column(BigId)
    noted_at: Mapped[datetime] = mapped_column(Moment, default=now)
