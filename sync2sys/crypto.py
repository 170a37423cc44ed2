"""Keys and what is made with them: sealing at rest, token signing, fingerprints.

One master key (a kid and 32 random bytes) gives a separate key for each purpose by HKDF
(RFC 5869). The newest key seals and signs; older ones still open and verify until they are dropped.
"""

import base64
import binascii
import hmac
import json
import os
import secrets
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync2sys.errors import Sync2SysError


class BadKeys(Sync2SysError):
    """The master keys are missing, malformed, or do not open what was sealed."""


def new_key() -> str:
    """A fresh master key, `kid:base64`."""
    return f"k{secrets.token_hex(4)}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"


def parse_keys(text: str) -> dict[str, bytes]:
    """`kid:base64,kid:base64`, newest first. Raises BadKeys."""
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
        kid, _, encoded = entry.partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded)
        except (binascii.Error, ValueError) as error:
            raise BadKeys(f"Master key {kid!r}: not base64.") from error
        if not kid.isalnum() or len(key) < 32:
            raise BadKeys(
                "A master key is `kid:base64` with at least 32 bytes; make one by `flask keys new`."
            )
        keys[kid] = key
    return keys


def development_keys(path: Path) -> str:
    """The keys of a development instance, made once and readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii")
    with os.fdopen(descriptor, "w") as file:
        file.write(new_key() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return path.read_text("ascii")


class Vault:
    """Seals, opens and fingerprints with the master keys it is given, newest first."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise BadKeys(
                "No master key is set. Make one by `python -m sync2sys.crypto` and set SYNC2SYS_KEYS."
            )
        self.kids = list(keys)
        self.token_keys = {kid: _derive(key, "tokens").hex() for kid, key in keys.items()}
        self.cookie_keys = [_derive(key, "cookies").hex() for key in keys.values()]
        self._fernets = {
            kid: Fernet(base64.urlsafe_b64encode(_derive(key, "sealing"))) for kid, key in keys.items()
        }
        self._peppers = {kid: _derive(key, "fingerprints") for kid, key in keys.items()}

    def seal(self, subject: str, secret: Mapping[str, Any]) -> str:
        """Encrypt for one subject ("channel:<id>"); no other subject can open it."""
        plain = json.dumps({"subject": subject, "secret": dict(secret)}).encode()
        kid = self.kids[0]
        return f"{kid}${self._fernets[kid].encrypt(plain).decode()}"

    def open(self, subject: str, sealed: str) -> dict[str, Any]:
        """What was sealed for the subject. Raises BadKeys where no key opens it, or it was another's."""
        kid, _, token = sealed.partition("$")
        try:
            plain = json.loads(self._fernets[kid].decrypt(token))
        except (KeyError, InvalidToken) as error:
            raise BadKeys(f"No master key opens what was sealed with {kid!r}. Is a key missing?") from error
        if plain["subject"] != subject:
            raise BadKeys("A sealed secret stands in another row than the one it was sealed for.")
        return plain["secret"]

    def is_current(self, sealed: str) -> bool:
        """Whether the newest key sealed it."""
        return sealed.partition("$")[0] == self.kids[0]

    def fingerprint(self, text: str) -> str:
        """A keyed hash by which equal secrets are recognized without being kept."""
        return self._fingerprint(self.kids[0], text)

    def matches(self, fingerprint: str | None, text: str) -> bool:
        """Whether the text has this fingerprint, made with any of the known keys."""
        kid = (fingerprint or "").partition("$")[0]
        if fingerprint is None or kid not in self._peppers:
            return False
        return hmac.compare_digest(fingerprint, self._fingerprint(kid, text))

    def _fingerprint(self, kid: str, text: str) -> str:
        return f"{kid}${hmac.new(self._peppers[kid], text.encode(), sha256).hexdigest()}"


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"sync2sys {purpose}".encode()).derive(master)


if __name__ == "__main__":  # Works before there is a key, when the application refuses to start.
    sys.stdout.write(new_key() + "\n")
