"""Connected stores."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sync2sys.extensions import TABLE, Base, vault
from sync2sys.models.base import JsonText, LongText, Moment, new_id, now
from sync2sys.models.organizations import Organization


class Channel(Base):
    """A sales channel: one store of an organization.

    `state`: connected, disconnected (keys wiped), auth_failed (keys refused for good) or
    moved (another store answers at its address; frozen).
    """

    __tablename__ = "channel"
    __table_args__ = (
        Index("ix_channel_organization_origin", "organization_id", "origin_key"),
        TABLE,
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(String(20))
    #: the address the owner typed, in its canonical form
    origin: Mapped[str] = mapped_column(String(2048))
    origin_key: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), default="connected")
    sealed_credentials: Mapped[str | None] = mapped_column(LongText)
    #: what the connector learnt about how to talk to this shop; no secrets
    capabilities: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    plugin_version: Mapped[str] = mapped_column(String(50), default="")

    # what the shop says about itself
    name: Mapped[str] = mapped_column(String(200), default="")
    home: Mapped[str] = mapped_column(String(2048), default="")
    currency: Mapped[str] = mapped_column(String(3), default="")
    #: ISO 3166-1 alpha-2; empty: it does not say
    country: Mapped[str] = mapped_column(String(2), default="")
    prices_include_tax: Mapped[bool | None]
    #: whether it charges tax at all
    charges_tax: Mapped[bool | None]
    #: country -> tax class -> rate in per cent, as `connectors.base.Shop` has it
    tax_rates: Mapped[dict[str, dict[str, str | None]]] = mapped_column(JsonText, default=dict)
    weight_unit: Mapped[str] = mapped_column(String(10), default="")
    dimension_unit: Mapped[str] = mapped_column(String(10), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="")
    version: Mapped[str] = mapped_column(String(50), default="")
    store_identity: Mapped[str | None] = mapped_column(String(100))
    key_fingerprint: Mapped[str | None] = mapped_column(String(100))

    #: grows by one with every applied change of its products; a feed rendered at this number is fresh
    catalog_version: Mapped[int] = mapped_column(default=0)
    #: when it last grew
    catalog_changed_at: Mapped[datetime | None] = mapped_column(Moment)
    #: when the last pull was applied, and the last full one
    synced_at: Mapped[datetime | None] = mapped_column(Moment)
    full_synced_at: Mapped[datetime | None] = mapped_column(Moment)
    #: the shop's catalogue is known up to here: the next incremental pull starts at it
    known_until: Mapped[datetime | None] = mapped_column(Moment)
    #: why the last sync failed, in words for the owner; empty when it did not
    problem: Mapped[str] = mapped_column(LongText, default="")
    problem_code: Mapped[str] = mapped_column(String(50), default="")
    #: its webhooks at the last look, [{topic, state, since}]; why there are none; when that was
    hooks: Mapped[list[dict[str, str]]] = mapped_column(JsonText, default=list)
    hooks_problem: Mapped[str] = mapped_column(LongText, default="")
    #: where the shop was asked to deliver; those before the last one are still to be taken out of it
    hook_addresses: Mapped[list[str]] = mapped_column(JsonText, default=list)
    hooks_checked_at: Mapped[datetime | None] = mapped_column(Moment)
    #: when the shop last told of something
    heard_at: Mapped[datetime | None] = mapped_column(Moment)
    #: keys refused: since when and how often in a row
    refused_since: Mapped[datetime | None] = mapped_column(Moment)
    refusals: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    updated_at: Mapped[datetime] = mapped_column(Moment, default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()

    @property
    def credentials(self) -> dict[str, Any] | None:
        """The shop's keys, opened; None after disconnect. Raises BadKeys."""
        if self.sealed_credentials is None:
            return None
        return vault.open(f"channel:{self.id}", self.sealed_credentials)

    @credentials.setter
    def credentials(self, secret: dict[str, Any] | None) -> None:
        self.id = self.id or new_id()
        self.sealed_credentials = None if secret is None else vault.seal(f"channel:{self.id}", secret)
