"""Accounts: silent ones that a plugin registers, and panel accounts with a password."""

import threading
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sync2sys.errors import BadRequest, Unauthorized
from sync2sys.extensions import db
from sync2sys.models import Installation, Membership, Organization, User
from sync2sys.models.base import digest, now
from sync2sys.services import organizations, tokens

#: OWASP's smaller argon2id profile: 19 MiB, 2 passes. A small host has threads to multiply it with.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
HASHING = threading.BoundedSemaphore(2)
PASSWORD_LENGTH = range(10, 1025)


@dataclass(frozen=True)
class Registered:
    user: User
    installation: Installation
    is_new: bool


def register(email: str, origin: str) -> Registered:
    """Note that a plugin runs in this store under this address. Grants nothing.

    `is_new` is True when the pair of address and store is new.
    """
    user = user_of(email)
    installation, is_new = installation_of(user, origin)
    return Registered(user, installation, is_new)


def user_of(email: str) -> User:
    """The account of an address, made if there is none; locked to the end of the transaction."""
    query = select(User).filter_by(email=email).with_for_update()
    user = db.session.scalar(query)
    if user is None:
        try:
            with db.session.begin_nested():
                db.session.add(User(email=email))
        except IntegrityError:
            pass  # Somebody else was faster; now it is there.
        user = db.session.scalars(query).one()
    return user


def installation_of(user: User, origin: str) -> tuple[Installation, bool]:
    """The installation of a store under a (locked) account, and whether it was made just now."""
    query = select(Installation).filter_by(user_id=user.id, origin_key=digest(origin))
    installation = db.session.scalar(query)
    if installation is not None:
        return installation, False
    installation = Installation(user_id=user.id, origin=origin, origin_key=digest(origin))
    db.session.add(installation)
    db.session.flush()
    return installation, True


def create(email: str, password: str, organization_name: str) -> User:
    """A panel account with an organization of its own. Raises BadRequest.

    Done by somebody with access to the server, so the address counts as confirmed. Stores that a
    plugin connected under it stay where they are: they join one by one, by invitation.
    """
    hashed = hash_password(password)
    user = user_of(email)
    if user.password_hash is not None:
        raise BadRequest(
            f"There is an account for {email} already. Set a password by `flask users password`."
        )
    user.password_hash = hashed
    user.email_verified_at = now()
    organization = organizations.create(organization_name or email.partition("@")[2])
    db.session.add(Membership(user_id=user.id, organization_id=organization.id, role="owner", state="active"))
    db.session.flush()
    return user


def set_password(email: str, password: str) -> User:
    """Give an existing account a password; whoever is signed in to it is no longer. Raises BadRequest."""
    user = db.session.scalar(select(User).filter_by(email=email))
    if user is None:
        raise BadRequest(f"There is no account for {email}.")
    user.password_hash = hash_password(password)
    tokens.end_sign_ins(user)
    return user


def join(email: str, organization: Organization) -> Membership:
    """Make an account an active member of an organization."""
    user = db.session.scalar(select(User).filter_by(email=email))
    if user is None:
        raise BadRequest(f"There is no account for {email}.")
    membership = db.session.get(Membership, (user.id, organization.id)) or Membership(
        user_id=user.id, organization_id=organization.id, role="owner"
    )
    membership.state = "active"
    db.session.add(membership)
    return membership


def login(email: str, password: str) -> User:
    """The account with this password. Raises Unauthorized, alike and as slowly for whatever is wrong."""
    user = db.session.scalar(select(User).filter_by(email=email))
    stored = user.password_hash if user is not None and user.password_hash else _dummy_hash()
    if not _verify(stored, password) or user is None or user.password_hash is None:
        raise Unauthorized("E-mail or password is wrong.")
    if HASHER.check_needs_rehash(stored):
        user.password_hash = hash_password(password)
    return user


def hash_password(password: str) -> str:
    """An argon2id hash. Raises BadRequest for a password too short or absurdly long."""
    if len(password.encode("utf-8", "surrogatepass")) not in PASSWORD_LENGTH:
        raise BadRequest(f"A password has {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} bytes.")
    with HASHING:
        return HASHER.hash(password)


def _verify(stored: str, password: str) -> bool:
    with HASHING:
        try:
            return HASHER.verify(stored, password[: PASSWORD_LENGTH.stop])
        except (VerificationError, InvalidHashError):
            return False


@cache
def _dummy_hash() -> str:
    return HASHER.hash("no account has this password")
