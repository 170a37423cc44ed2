"""Ways to Shopify's consent page that were begun, and have not come back yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sync2sys.extensions import TABLE, Base, vault
from sync2sys.models.base import JsonText, LongText, Moment, now


class ShopifyFlow(Base):
    """One way to the consent page and back. Good for one return, by the shop it was begun for."""

    __tablename__ = "shopify_flow"
    __table_args__ = (TABLE,)

    #: digest of the state that Shopify brings back
    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    #: the channel that is to be connected again; None for a new one
    channel_id: Mapped[str | None] = mapped_column(ForeignKey("channel.id", ondelete="CASCADE"))
    domain: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]] = mapped_column(JsonText)
    client_id: Mapped[str] = mapped_column(String(100))
    #: the secret of an app of the channel's own; None for the installation's
    sealed_secret: Mapped[str | None] = mapped_column(LongText)
    #: digest of the cookie of the browser that has to come back; None where it began outside of one
    browser_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def own_secret(self) -> str | None:
        """The secret of the channel's own app, opened. Raises BadKeys."""
        if self.sealed_secret is None:
            return None
        return str(vault.open(f"shopify_flow:{self.state_hash}", self.sealed_secret)["client_secret"])

    @own_secret.setter
    def own_secret(self, secret: str | None) -> None:
        sealed: dict[str, Any] | None = None if secret is None else {"client_secret": secret}
        self.sealed_secret = None if sealed is None else vault.seal(f"shopify_flow:{self.state_hash}", sealed)
