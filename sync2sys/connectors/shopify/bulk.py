"""Bulk operations: a question that Shopify works on for a while, and answers with a file.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from sync2sys.connectors.line import MIB, Line
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin
from sync2sys.connectors.shopify.lines import Lines, Node
from sync2sys.errors import StoreBusy, StoreError, StoreGarbled

#: Seconds between two looks at an operation: soon in the beginning, then longer.
FIRST_LOOK, LONGEST_LOOK = 1.0, 15.0
#: For a file of any size that is one.
FILE_SECONDS, FILE_BYTES = 3600.0, 8192 * MIB
BUSY = 60.0

_NUMBER = re.compile("[0-9]{1,12}")
IN_PROGRESS = "OPERATION_IN_PROGRESS"
WORKING, COMPLETED = ("CREATED", "RUNNING"), "COMPLETED"


class BulkRefused(StoreError):
    """The shop answers no such questions to this app."""


class BulkLost(StoreError):
    """The operation ended without a file; another one may do better."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Some products of a file, and how many there are in all."""

    nodes: list[Node]
    of: int


class Bulk:
    """Bulk operations of one shop. `outbound` is for their files, which lie elsewhere."""

    def __init__(self, admin: Admin, outbound: Any, line: Line) -> None:
        self._admin = admin
        self._outbound = outbound
        self._sleep = line.patience.sleep
        self._patience = line.patience

    def begin(self, question: str) -> str:
        """Begin an operation; returns its id. Raises BulkRefused, or StoreBusy while another one runs."""
        answer = self._admin.ask(documents.RUN_BULK, {"query": question}).get("bulkOperationRunQuery")
        found = answer if isinstance(answer, dict) else {}
        operation, errors = found.get("bulkOperation"), found.get("userErrors")
        if isinstance(operation, dict) and isinstance(operation.get("id"), str) and not errors:
            return str(operation["id"])
        codes = {error.get("code") for error in errors or () if isinstance(error, dict)}
        if IN_PROGRESS in codes:
            raise StoreBusy(f"{self._admin.host} is at work on another question.", retry_after=BUSY)
        raise BulkRefused(f"{self._admin.host} gives its products only page by page.")

    def looks(self, operation: str) -> Iterator[int]:
        """Wait until the operation is complete: yields how far it is after each look.

        Raises BulkLost where it ended otherwise.
        """
        wait = FIRST_LOOK
        while (found := self._look(operation))["status"] in WORKING:
            yield _count(found.get("rootObjectCount"))
            self._sleep(wait)
            wait = min(LONGEST_LOOK, wait * 1.5)
        if found["status"] != COMPLETED:
            raise BulkLost(f"{self._admin.host} gave up on its list of products ({found['status']}).")

    def _look(self, operation: str) -> dict[str, Any]:
        found = self._admin.ask(documents.BULK, {"id": operation}).get("bulkOperation")
        if not isinstance(found, dict) or not isinstance(found.get("status"), str):
            raise BulkLost(f"{self._admin.host} does not know its own operation any more.")
        return found

    def products(self, operation: str, skipped: int) -> Iterator[Batch]:
        """The products of a complete operation's file, but for so many of the first ones."""
        found = self._look(operation)
        of = _count(found.get("rootObjectCount"))
        if found.get("url") is None:
            if _count(found.get("objectCount")):
                raise BulkLost(f"{self._admin.host} has no file for its operation any more.")
            return
        with tempfile.TemporaryFile() as file, Lines() as lines:
            self._download(str(found["url"]), file)
            file.seek(0)
            if lines.add(file) != _count(found.get("objectCount")):
                raise StoreGarbled(f"The file of {self._admin.host} is not as long as it should be.")
            for nodes in lines.products(skipped):
                yield Batch(nodes, of)

    def _download(self, url: str, file: BinaryIO) -> None:
        """The file, whole; asked for without our token, which is none of its host's business."""
        host = urlsplit(url).hostname or self._admin.host
        line = Line(self._outbound, host, seconds=FILE_SECONDS, max_bytes=FILE_BYTES, patience=self._patience)

        def once() -> None:
            file.seek(0)
            file.truncate()
            reply = line.send("GET", url, into=file)
            if reply.status in (401, 403, 404, 410):
                raise BulkLost(f"{host} does not give the file of {self._admin.host} any more.")
            if reply.status != 200:
                raise StoreBusy(
                    f"{host} does not give the file ({reply.status}).", retry_after=reply.retry_after
                )

        line.patiently(once, at_once=(BulkLost,))


def _count(value: Any) -> int:
    return (
        int(value)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 12
        else 0
    )
