"""A connected WooCommerce shop."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sync2sys.connectors.base import Change, Current, Hook, Page, Shop, VariantRef, Written
from sync2sys.connectors.line import Line, Patience
from sync2sys.connectors.woocommerce import hooks, rights, shop, writing
from sync2sys.connectors.woocommerce.auth import Keys, Way
from sync2sys.connectors.woocommerce.client import Client, Root
from sync2sys.connectors.woocommerce.look import Look
from sync2sys.connectors.woocommerce.pull import Pull
from sync2sys.errors import StoreNotVerified
from sync2sys.outbound import Outbound

#: Seconds for one page of a hundred products; slow hosts need half of them.
PAGE_SECONDS = 60.0


class WooCommerce:
    """A `Connector` for a shop that `connect` proved: `capabilities` are those it gave.

    `window` is how many entries are asked for at a time, `seconds` the deadline of one request and
    `patience` how long trouble is borne before an error says when to come back.
    """

    def __init__(
        self,
        outbound: Outbound,
        key: str,
        secret: str,
        capabilities: dict[str, Any],
        *,
        window: int = 100,
        seconds: float = PAGE_SECONDS,
        patience: Patience | None = None,
    ) -> None:
        self._capabilities = dict(capabilities)
        root, way = _way_back(self._capabilities)
        self._home = str(self._capabilities.get("home") or root.base)
        line = Line(outbound, root.host, seconds=seconds, patience=patience)
        self._client = Client(line, root, self._home, way, Keys(key.strip(), secret.strip()))
        self._window = max(2, min(window, 100))  # windows overlap by one

    def shop(self) -> Shop:
        """Ask the shop who it is. Raises StoreError."""
        found = shop.facts(self._client, capabilities=self._capabilities)
        self._capabilities = found.capabilities
        return found

    def pull(
        self,
        since: datetime | None = None,
        cursor: dict[str, Any] | None = None,
        hints: Sequence[str] = (),
    ) -> Iterator[Page]:
        """The catalogue, or what changed after `since`, page by page; see `Connector.pull`.

        The list of changes never lags behind, so `hints` tell nothing new.
        A cursor carries its own `since`. One that cannot be read begins the pull anew.
        """
        route = self._capabilities.get("variations")
        return Pull(self._client, self._home, route, since, cursor, self._window).pages()

    def hooks(self, address: str, secret: str) -> list[Hook]:
        """See that the shop tells this address of changes, signed with the secret."""
        return hooks.ensure(self._client, address, secret)

    def may_write(self) -> list[str]:
        """What the key lacks for writing: its right to."""
        return ["read/write"] if rights.is_denied(rights.probe(self._client)) else []

    def current(self, refs: Sequence[VariantRef]) -> dict[VariantRef, Current]:
        """What the shop has now of at most a hundred variants; see `Connector.current`."""
        return self._look().at(refs)

    def write(self, changes: Sequence[Change], key: str) -> list[Written]:
        """Write at most a hundred changes; see `Connector.write`. WooCommerce has no use for the `key`."""
        return writing.write(self._client, self._look(), changes)

    def _look(self) -> Look:
        return Look(self._client, self._capabilities.get("variations"))


def _way_back(capabilities: dict[str, Any]) -> tuple[Root, Way]:
    try:
        return shop.root_of(capabilities), Way(capabilities["way"])
    except (KeyError, ValueError):
        raise StoreNotVerified("It is not known how to reach this shop. Connect it again.") from None
