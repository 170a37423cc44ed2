"""Rotation of the master keys over what is sealed with them."""

from typing import Any

from sqlalchemy import ColumnElement, select, union_all

from sync2sys.crypto import BadKeys
from sync2sys.extensions import db, vault
from sync2sys.models import Channel, Supplier

BATCH = 100
#: Tables whose rows have `credentials`, sealed.
SEALED: tuple[Any, ...] = (Channel, Supplier)


def reseal_some() -> int:
    """Seal a batch of old credentials anew with the newest key; how many are left to do."""
    for owner in [owner for kind in SEALED for owner in _stale(kind)][:BATCH]:
        owner.credentials = owner.credentials
    db.session.flush()
    return sum(len(_stale(kind)) for kind in SEALED)


def _stale(kind: Any) -> list[Any]:
    return list(db.session.scalars(select(kind).where(_sealed_otherwise(kind, vault.kids[:1]))))


def _sealed_otherwise(kind: Any, kids: list[str]) -> ColumnElement[bool]:
    """SQL: sealed with a key that is none of these."""
    sealed: ColumnElement[bool] = kind.sealed_credentials.is_not(None)
    for kid in kids:
        sealed &= kind.sealed_credentials.not_like(f"{kid}$%")
    return sealed


def check_all_open() -> None:
    """Raise BadKeys when something is sealed with a key that is not there any more.

    Without this a service with a new key would run, and every store would be lost.
    """
    lost = (select(kind.sealed_credentials).where(_sealed_otherwise(kind, vault.kids)) for kind in SEALED)
    sealed = db.session.scalar(union_all(*lost).limit(1))
    if sealed is not None:
        kid = sealed.partition("$")[0]
        raise BadKeys(f"Credentials are sealed with master key {kid!r}, which is not set in KEYS.")
