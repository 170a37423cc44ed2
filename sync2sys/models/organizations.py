"""Who uses the service: accounts, organizations, and who belongs to which."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sync2sys.extensions import Base
from sync2sys.models.base import Moment, new_id, now


class Organization(Base):
    """Owns channels, feeds, suppliers and products. Nothing crosses its border."""

    __tablename__ = "organization"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    plan: Mapped[str] = mapped_column(String(50))
    #: made for an unproved token; goes with it unless a store is proved
    provisional: Mapped[bool] = mapped_column(default=False)
    #: the last thing that happened in it: a connect, a pulled page, a list that came, a run of writing that
    #: ended, a change to a feed or a supplier
    active_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class User(Base):
    """An e-mail address. A label until it is confirmed: it grants nothing by itself."""

    __tablename__ = "user"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    email_verified_at: Mapped[datetime | None] = mapped_column(Moment)
    #: argon2id; None for an account that only a plugin made
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    memberships: Mapped[list["Membership"]] = relationship(back_populates="user")


class Membership(Base):
    """A user's place in an organization. Rights come from an active one only."""

    __tablename__ = "membership"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[str] = mapped_column(
        ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    #: owner or member
    role: Mapped[str] = mapped_column(String(20), default="owner")
    #: pending or active
    state: Mapped[str] = mapped_column(String(20), default="pending")
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    user: Mapped[User] = relationship(back_populates="memberships")
    organization: Mapped[Organization] = relationship()
