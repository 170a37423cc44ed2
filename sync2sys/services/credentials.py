"""The credentials of a channel while it is used: read when they are needed, renewed when they end."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sync2sys.database import look, transaction
from sync2sys.errors import StoreRefusedKeys
from sync2sys.extensions import db
from sync2sys.models import Channel
from sync2sys.models.base import now
from sync2sys.services import locks

#: What is still good for less is renewed before it is used.
EARLY = timedelta(minutes=5)
#: Renewing takes so many seconds at most, and less than others wait for it.
RENEWAL_SECONDS, LOCK_SECONDS = 45.0, 60.0

Credentials = Mapping[str, Any]
#: Asks the shop for the credentials that follow these, for so many seconds at most. Raises StoreError.
Renew = Callable[[Credentials, float], dict[str, Any]]


class ChannelSecrets:
    """`connectors.base.Secrets` of a channel. `renew` is None where its keys never change by themselves."""

    def __init__(self, channel_id: str, renew: Renew | None = None) -> None:
        self._channel_id = channel_id
        self._renew = renew

    def current(self) -> Credentials:
        """Those that hold now. Raises StoreRefusedKeys where the channel is not connected any more."""
        kept = self._kept()
        return self._renewed(kept) if self._renew is not None and _ends(kept) else kept

    def after(self, refused: str) -> Credentials:
        """Those that hold now that the shop has refused this access token. Raises StoreRefusedKeys."""
        kept = self._kept()
        if kept.get("access_token") != refused:
            return kept
        if self._renew is None or "expires_at" not in kept:
            raise StoreRefusedKeys("The store does not take our token any more. Connect it again.")
        return self._renewed(kept)

    def _kept(self) -> Credentials:
        return look(_opened)(self._channel_id)

    def _renewed(self, stale: Credentials) -> Credentials:
        """The credentials that follow; asked for once, whoever else needs them at the same time."""
        assert self._renew is not None
        with locks.held(f"secrets:{self._channel_id}", LOCK_SECONDS):
            kept = self._kept()
            if not _is_same(kept, stale):
                return kept
            try:
                fresh = self._renew(kept, RENEWAL_SECONDS)
            except StoreRefusedKeys:
                # Whoever connects the channel anew may end what it had before.
                if _is_same(self._kept(), stale):
                    raise
            else:
                transaction(_keep)(self._channel_id, stale, fresh)
            return self._kept()


def _is_same(credentials: Credentials, others: Credentials) -> bool:
    return credentials.get("access_token") == others.get("access_token")


def _ends(credentials: Credentials) -> bool:
    end = credentials.get("expires_at")
    return end is not None and datetime.fromisoformat(end).replace(tzinfo=UTC) <= now() + EARLY


def _opened(channel_id: str) -> dict[str, Any]:
    channel = db.session.get(Channel, channel_id)
    credentials = channel.credentials if channel is not None and channel.state == "connected" else None
    if credentials is None:
        raise StoreRefusedKeys("This store is not connected any more.")
    return credentials


def _keep(channel_id: str, stale: Credentials, fresh: dict[str, Any]) -> None:
    """Unless the channel was connected anew, or disconnected, meanwhile."""
    channel = db.session.get(Channel, channel_id, with_for_update=True, populate_existing=True)
    kept = channel.credentials if channel is not None else None
    if channel is not None and kept is not None and _is_same(kept, stale):
        channel.credentials = kept | fresh
