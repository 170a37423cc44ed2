"""A connected Shopify shop."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync2sys.connectors.base import Change, Current, Hook, Page, Secrets, Shop, VariantRef, Written
from sync2sys.connectors.line import Line, Patience
from sync2sys.connectors.shopify import hooks, scopes, shop, writing
from sync2sys.connectors.shopify.admin import Admin
from sync2sys.connectors.shopify.bulk import Bulk
from sync2sys.connectors.shopify.look import Look
from sync2sys.connectors.shopify.products import Reader
from sync2sys.connectors.shopify.pull import LARGE, PRODUCTS, Pull
from sync2sys.errors import StoreNotVerified
from sync2sys.outbound import Outbound

#: Seconds for one answer.
SECONDS = 60.0


class Shopify:
    """A `Connector` for a shop whose owner agreed.

    `capabilities` say its `domain` and the `version` of the API to ask for, and may say the number of the
    `location` whose stock is written; `large` and `first` are `Pull`'s.
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
        large: int = LARGE,
        first: int = PRODUCTS,
    ) -> None:
        self._large, self._first = large, first
        self._capabilities = dict(capabilities)
        try:
            domain, version = str(capabilities["domain"]), str(capabilities["version"])
        except KeyError:
            raise StoreNotVerified("It is not known how to reach this shop. Connect it again.") from None
        line = Line(outbound, domain, seconds=seconds, total=total, patience=patience)
        self._admin = Admin(line, version, secrets)
        self._bulk = Bulk(self._admin, outbound, line.patience)

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
        sizes = {"large": self._large, "first": self._first}
        return Pull(self._admin, self._bulk, reader, since, cursor, hints, **sizes).pages()

    def hooks(self, address: str, secret: str) -> list[Hook]:
        """See that the shop tells this address of changes; Shopify signs with the app's secret."""
        return hooks.ensure(self._admin, address)

    def may_write(self) -> list[str]:
        """The access scopes for writing that the app was not granted, as the shop says now."""
        granted = shop.facts(self._admin).capabilities["scopes"]
        return sorted(scopes.missing(granted, scopes.WRITING))

    def current(self, refs: Sequence[VariantRef]) -> dict[VariantRef, Current]:
        """What the shop has now of at most a hundred variants; see `Connector.current`."""
        return self._look().at(refs)

    def write(self, changes: Sequence[Change], key: str) -> list[Written]:
        """Write at most a hundred changes; see `Connector.write`."""
        return writing.write(self._admin, self._look(), changes, key)

    def _look(self) -> Look:
        return Look(self._admin, self._capabilities.get("location"))
