"""Suppliers' files: fetched or sent, kept in the database, and laid out as a file again to be read.

The last file of each supplier is kept, so that another mapping can be tried on it, and whoever asks why a row
was refused finds the row. It is in the database because a worker may be on another machine than the web.
"""

import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from isal import isal_zlib
from sqlalchemy import delete, select

from sync2sys.database import look, transaction
from sync2sys.errors import ListBusy, ListError, RemoteError
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

part = table_of(SupplierFilePart)


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

    The same bytes once more change nothing. What is in it is looked at later.
    """
    digest, length = _measured(stream)
    return transaction(_keep)(supplier_id, stream, digest, length, name, content_type)


def _measured(stream: IO[bytes]) -> tuple[str, int]:
    start, digest, length = stream.tell(), blake2b(digest_size=32), 0
    while piece := stream.read(PART):
        digest.update(piece)
        length += len(piece)
    stream.seek(start)
    return digest.hexdigest(), length


def _keep(supplier_id: str, stream: IO[bytes], digest: str, length: int, name: str, content_type: str) -> str:
    supplier = db.session.get_one(Supplier, supplier_id, with_for_update=True)
    last = db.session.get(SupplierFile, supplier.file_id) if supplier.file_id else None
    if last is not None and last.digest == digest:
        last.received_at, last.name, last.content_type = now(), name[:255], content_type[:200]
        return last.id
    file = SupplierFile(
        supplier_id=supplier_id,
        name=name[:255],
        content_type=content_type[:200],
        length=length,
        digest=digest,
    )
    db.session.add(file)
    db.session.flush()
    start = stream.tell()
    for no, piece in enumerate(iter(lambda: stream.read(PART), b"")):
        db.session.execute(
            part.insert(), {"file_id": file.id, "no": no, "packed": isal_zlib.compress(piece, 1)}
        )
    stream.seek(start)  # a transaction may be run again
    others = SupplierFile.supplier_id == supplier_id, SupplierFile.id != file.id
    db.session.execute(delete(SupplierFile).where(*others).execution_options(synchronize_session=False))
    supplier.file_id = file.id
    return file.id


@contextmanager
def laid_out(file_id: str) -> Iterator[Path]:
    """The file in a temporary folder, until it is left. Raises FileNotFoundError where it was replaced."""
    with tempfile.TemporaryDirectory(prefix="sync2sys-") as folder:
        path = Path(folder) / "list"
        with path.open("wb") as target:
            for no in count():
                packed = look(_part)(file_id, no)
                if packed is None:
                    break
                target.write(isal_zlib.decompress(packed))
        if path.stat().st_size != look(_length)(file_id):
            raise FileNotFoundError(file_id)
        yield path


def _length(file_id: str) -> int | None:
    return db.session.scalar(select(SupplierFile.length).filter_by(id=file_id))


def _part(file_id: str, no: int) -> bytes | None:
    return db.session.scalar(select(part.c.packed).where(part.c.file_id == file_id, part.c.no == no))


def fetch(supplier_id: str) -> bool:
    """Ask the supplier's address for its list, if it has one; returns whether there is a file to read.

    An answer that nothing changed costs nothing. Raises ListError, and then the last file stands.
    """
    asked = look(_request)(supplier_id)
    if asked is None:
        return look(_has_file)(supplier_id)
    with spooled() as target:
        reply = _answer(asked, target)
        transaction(_note_fetch)(supplier_id)
        if reply.status == 304:
            return look(_has_file)(supplier_id)
        target.seek(0)
        name = unquote(urlsplit(asked.url).path.rpartition("/")[2])
        receive(supplier_id, target, name, reply.headers.get("Content-Type", ""))
    # Only now: a file that was not kept has to come once more.
    transaction(_note_validators)(supplier_id, asked.url, reply)
    return True


def _request(supplier_id: str) -> Request | None:
    supplier = db.session.get_one(Supplier, supplier_id)
    if not supplier.url:
        return None
    known = {"If-None-Match": supplier.etag, "If-Modified-Since": supplier.last_modified}
    secret = supplier.credentials
    return Request(
        supplier.id,
        supplier.url,
        {name: value for name, value in known.items() if value and supplier.file_id},
        (secret["user"], secret["password"]) if secret else None,
    )


def _has_file(supplier_id: str) -> bool:
    return db.session.scalar(select(Supplier.file_id).filter_by(id=supplier_id)) is not None


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
