"""Installations of the plugin, and tokens. A token's rights stand in its row, never in the token."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sync2sys.extensions import TABLE, Base
from sync2sys.models.base import Moment, new_id, now
from sync2sys.models.organizations import Organization, User


class Installation(Base):
    """One plugin in one store under one e-mail address.

    `pending` until a store is proved, then `connected`; `disconnected` by the plugin; `auth_failed`
    when the shop refuses its keys for good; `moved` when another store answers at its address.
    """

    __tablename__ = "installation"
    __table_args__ = (UniqueConstraint("user_id", "origin_key"), TABLE)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    origin: Mapped[str] = mapped_column(String(2048))
    #: digest of the origin; after a move, of the origin and the old installation's id
    origin_key: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(20), default="pending")
    organization_id: Mapped[str | None] = mapped_column(
        ForeignKey("organization.id", ondelete="SET NULL"), index=True
    )
    channel_id: Mapped[str | None] = mapped_column(ForeignKey("channel.id", ondelete="SET NULL"), index=True)
    #: what the store says it is, and a fingerprint of its consumer key: either shows continuity
    store_identity: Mapped[str | None] = mapped_column(String(100))
    key_fingerprint: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    user: Mapped[User] = relationship()


class Token(Base):
    """An issued token that may still be used. No row, no rights.

    `typ` is plugin or panel; `kind` is access, refresh or session (a browser's sign-in); `state` is
    active, disconnected (may only disconnect again), revoked, or used (a refresh token whose successor
    was issued).
    """

    __tablename__ = "token"

    #: 192 random bits
    jti: Mapped[str] = mapped_column(String(32), primary_key=True)
    typ: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(10), default="access")
    proved: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20), default="active")
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    installation_id: Mapped[str | None] = mapped_column(
        ForeignKey("installation.id", ondelete="CASCADE"), index=True
    )
    #: proved: the organization it acts for. Unproved: its own provisional one, once it has made something.
    organization_id: Mapped[str | None] = mapped_column(
        ForeignKey("organization.id", ondelete="SET NULL"), index=True
    )
    #: panel tokens of one sign-in; a refresh token used twice ends them all
    family: Mapped[str | None] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    used_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)

    user: Mapped[User] = relationship()
    installation: Mapped[Installation | None] = relationship()
    organization: Mapped[Organization | None] = relationship()
