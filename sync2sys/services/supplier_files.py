"""Suppliers' files: fetched or sent, kept in the database, and laid out as a file again to be read.

The last file of each supplier is kept, so that another mapping can be tried on it, and whoever asks why a row
was refused finds the row. It is in the database because a worker may be on another machine than the web.
"""

import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from isal import isal_zlib
from sqlalchemy import delete, or_, select

from sync2sys.database import look, transaction
from sync2sys.errors import ListBusy, ListError, NotFound, RemoteError
from sync2sys.extensions import db, outbound, settings
from sync2sys.models import Supplier, SupplierFile, SupplierFilePart
from sync2sys.models.base import now
from sync2sys.outbound import Reply
from sync2sys.services.upserts import table_of

MIB = 1024 * 1024
#: Bytes of a part, before it is deflated.
PART = MIB
#: Seconds that a whole download may take.
FETCH_SECONDS = 300.0
#: What was begun earlier and is not there yet was given up: its process was killed.
WRITTEN_WITHIN = timedelta(hours=1)

part = table_of(SupplierFilePart)


class Replaced(Exception):
    """A newer file came while this one was laid out."""


@dataclass(frozen=True)
class Request:
    """Where a list is, and what is known of the file that was received last."""

    supplier_id: str
    url: str
    headers: dict[str, str]
    user: tuple[str, str] | None


@contextmanager
def spooled() -> Iterator[IO[bytes]]:
    """A temporary file for what comes from outside."""
    with tempfile.TemporaryFile(prefix="sync2sys-") as target:
        yield target


def receive(supplier_id: str, stream: IO[bytes], name: str = "", content_type: str = "") -> str:
    """Keep a file, which begins where the stream stands; returns its id. The one before is dropped.

    The same bytes once more change nothing. What is in it is looked at later. Raises NotFound where the
    supplier is gone.
    """
    digest, length = _measured(stream)
    told = {"name": name[:255], "content_type": content_type[:200]}
    known = transaction(_note_again)(supplier_id, digest, told)
    if known is not None:
        return known
    file_id = transaction(_begin)(supplier_id, {"digest": digest, "length": length, **told})
    # Part by part: nobody else could write while so much is written at once.
    for no, piece in enumerate(iter(lambda: stream.read(PART), b"")):
        transaction(_add)(file_id, no, isal_zlib.compress(piece, 1))
    transaction(_take)(supplier_id, file_id)
    return file_id


def _measured(stream: IO[bytes]) -> tuple[str, int]:
    start, digest, length = stream.tell(), blake2b(digest_size=32), 0
    while piece := stream.read(PART):
        digest.update(piece)
        length += len(piece)
    stream.seek(start)
    return digest.hexdigest(), length


def _note_again(supplier_id: str, digest: str, told: dict[str, str]) -> str | None:
    """The id of the last file, if it has these bytes."""
    supplier = _locked(supplier_id)
    last = db.session.get(SupplierFile, supplier.file_id) if supplier.file_id else None
    if last is None or last.digest != digest:
        return None
    last.received_at, last.name, last.content_type = now(), told["name"], told["content_type"]
    return last.id


def _locked(supplier_id: str) -> Supplier:
    supplier = db.session.get(Supplier, supplier_id, with_for_update=True)
    if supplier is None:
        raise NotFound("No such supplier.")
    return supplier


def _begin(supplier_id: str, given: dict[str, Any]) -> str:
    file = SupplierFile(supplier_id=_locked(supplier_id).id, **given)
    db.session.add(file)
    db.session.flush()
    return file.id


def _add(file_id: str, no: int, packed: bytes) -> None:
    if db.session.get(SupplierFile, file_id) is None:
        raise NotFound("No such supplier.")
    db.session.execute(part.insert(), {"file_id": file_id, "no": no, "packed": packed})


def _take(supplier_id: str, file_id: str) -> None:
    """Put the file in the place of the last one. Others that were begun lately are still being written."""
    supplier = _locked(supplier_id)
    surplus = or_(SupplierFile.id == supplier.file_id, SupplierFile.received_at < now() - WRITTEN_WITHIN)
    others = SupplierFile.supplier_id == supplier_id, SupplierFile.id != file_id, surplus
    db.session.execute(delete(SupplierFile).where(*others).execution_options(synchronize_session=False))
    supplier.file_id = file_id


@contextmanager
def laid_out(file_id: str) -> Iterator[Path]:
    """The file in a temporary folder, until it is left. Raises Replaced."""
    with tempfile.TemporaryDirectory(prefix="sync2sys-") as folder:
        path = Path(folder) / "list"
        with path.open("wb") as target:
            for no in count():
                packed = look(_part)(file_id, no)
                if packed is None:
                    break
                target.write(isal_zlib.decompress(packed))
        if path.stat().st_size != look(_length)(file_id):
            raise Replaced
        yield path


def _length(file_id: str) -> int | None:
    return db.session.scalar(select(SupplierFile.length).filter_by(id=file_id))


def _part(file_id: str, no: int) -> bytes | None:
    return db.session.scalar(select(part.c.packed).where(part.c.file_id == file_id, part.c.no == no))


def fetch(supplier_id: str) -> None:
    """Ask the supplier's address for its list, if it has one, and keep what is new.

    An answer that nothing changed costs nothing. Raises ListError, and then the last file stands.
    """
    asked = look(_request)(supplier_id)
    if asked is None:
        return
    with spooled() as target:
        reply = _answer(asked, target)
        transaction(_note_fetch)(supplier_id)
        if reply.status == 304:
            return
        target.seek(0)
        name = unquote(urlsplit(asked.url).path.rpartition("/")[2])
        receive(supplier_id, target, name, reply.headers.get("Content-Type", ""))
    # Only now: a file that was not kept has to come once more.
    transaction(_note_validators)(supplier_id, asked.url, reply)


def _request(supplier_id: str) -> Request | None:
    supplier = db.session.get(Supplier, supplier_id)
    if supplier is None or not supplier.url:
        return None
    known = {"If-None-Match": supplier.etag, "If-Modified-Since": supplier.last_modified}
    secret = supplier.credentials
    return Request(
        supplier.id,
        supplier.url,
        {name: value for name, value in known.items() if value and supplier.file_id},
        (secret["user"], secret["password"]) if secret else None,
    )


def _answer(asked: Request, target: IO[bytes]) -> Reply:
    headers = dict(asked.headers)
    if asked.user:
        headers["Authorization"] = basic(*asked.user)
    try:
        reply = outbound.get(
            asked.url,
            headers=headers,
            deadline=FETCH_SECONDS,
            max_bytes=settings.SUPPLIER_FILE_MB * MIB,
            into=target,
        )
    except RemoteError as error:
        kind = ListBusy if error.retryable else ListError
        raise kind(f"The list could not be fetched: {error.message}", retry_after=error.retry_after) from None
    if reply.status not in (200, 304):
        raise _refused(reply)
    return reply


def _refused(reply: Reply) -> ListError:
    status = reply.status
    if status == 429 or status >= 500:
        return ListBusy(f"The supplier's server answered {status}.", retry_after=reply.retry_after)
    if status in (401, 403):
        return ListError(
            f"The supplier's server answered {status}: user and password are missing or wrong.",
            code="LIST_AUTH_FAILED",
        )
    if 300 <= status < 400:
        return ListError(
            f"The address leads elsewhere ({status}). Use the address that it leads to.",
            code="LIST_REDIRECTS",
        )
    return ListError(f"The supplier's server answered {status}. Look whether the address is right.")


def basic(user: str, password: str) -> str:
    """The value of an Authorization header. Source: RFC 7617."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _note_fetch(supplier_id: str) -> None:
    supplier = db.session.get(Supplier, supplier_id)
    if supplier is not None:
        supplier.fetched_at = now()


def _note_validators(supplier_id: str, url: str, reply: Reply) -> None:
    supplier = db.session.get(Supplier, supplier_id, with_for_update=True)
    if supplier is not None and supplier.url == url:
        supplier.etag = reply.headers.get("ETag", "")[:500]
        supplier.last_modified = reply.headers.get("Last-Modified", "")[:100]
