"""A connected Shopify shop."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync2sys.connectors.base import Hook, Page, Secrets, Shop
from sync2sys.connectors.line import Line, Patience
from sync2sys.connectors.shopify import hooks, shop
from sync2sys.connectors.shopify.admin import Admin
from sync2sys.connectors.shopify.bulk import Bulk
from sync2sys.connectors.shopify.products import Reader
from sync2sys.connectors.shopify.pull import Pull
from sync2sys.errors import StoreNotVerified
from sync2sys.outbound import Outbound

#: Seconds for one answer.
SECONDS = 60.0


class _Tokens:
    """The access token out of a channel's credentials."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def token(self) -> str:
        return str(self._secrets.current()["access_token"])

    def after(self, refused: str) -> str:
        return str(self._secrets.after(refused)["access_token"])


class Shopify:
    """A `Connector` for a shop whose owner agreed.

    `capabilities` say its `domain` and the `version` of the API to ask for.
    """

    def __init__(
        self,
        outbound: Outbound,
        secrets: Secrets,
        capabilities: dict[str, Any],
        *,
        seconds: float = SECONDS,
        total: float | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._capabilities = dict(capabilities)
        try:
            domain, version = str(capabilities["domain"]), str(capabilities["version"])
        except KeyError:
            raise StoreNotVerified("It is not known how to reach this shop. Connect it again.") from None
        line = Line(outbound, domain, seconds=seconds, total=total, patience=patience)
        self._admin = Admin(line, version, _Tokens(secrets))
        self._bulk = Bulk(self._admin, outbound, line)

    def shop(self) -> Shop:
        """Ask the shop who it is. Raises StoreError."""
        found = shop.facts(self._admin)
        self._capabilities |= found.capabilities
        return replace(found, capabilities=self._capabilities)

    def pull(
        self,
        since: datetime | None = None,
        cursor: dict[str, Any] | None = None,
        hints: Sequence[str] = (),
    ) -> Iterator[Page]:
        """The catalogue, or what changed after `since`, page by page; see `Connector.pull`."""
        reader = Reader(str(self._capabilities.get("weight_unit", "")))
        return Pull(self._admin, self._bulk, reader, since, cursor, hints).pages()

    def hooks(self, address: str, secret: str) -> list[Hook]:
        """See that the shop tells this address of changes; Shopify signs with the app's secret."""
        return hooks.ensure(self._admin, address)
