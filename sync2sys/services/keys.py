"""Rotation of the master keys over what is sealed with them."""

from sqlalchemy import select

from sync2sys.crypto import BadKeys
from sync2sys.extensions import db, vault
from sync2sys.models import Channel

BATCH = 100


def reseal_some() -> int:
    """Seal a batch of old credentials anew with the newest key; how many are left to do."""
    old = list(db.session.scalars(_stale().limit(BATCH)))
    for channel in old:
        channel.credentials = channel.credentials
    db.session.flush()
    return len(list(db.session.scalars(_stale())))


def _stale():  # type: ignore[no-untyped-def]
    return select(Channel).where(
        Channel.sealed_credentials.is_not(None),
        Channel.sealed_credentials.not_like(f"{vault.kids[0]}$%"),
    )


def check_all_open() -> None:
    """Raise BadKeys when something is sealed with a key that is not there any more.

    Without this a service with a new key would run, and every store would be lost.
    """
    sealed = db.session.scalars(
        select(Channel.sealed_credentials).where(
            Channel.sealed_credentials.is_not(None),
            *(Channel.sealed_credentials.not_like(f"{kid}$%") for kid in vault.kids),
        )
    ).first()
    if sealed is not None:
        kid = sealed.partition("$")[0]
        raise BadKeys(f"Store credentials are sealed with master key {kid!r}, which is not set in KEYS.")
