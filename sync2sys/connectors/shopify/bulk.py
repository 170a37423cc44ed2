"""Bulk operations: a question that Shopify works on for a while, and answers with a file.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries.
"""

import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from sync2sys.connectors.line import MIB, Line, Patience
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin, ScopeMissing, TooCostly
from sync2sys.connectors.shopify.lines import Lines, Node
from sync2sys.errors import StoreBusy, StoreError, StoreGarbled
from sync2sys.outbound import Outbound

#: Seconds between two looks at an operation, soon in the beginning and then longer, and of all of them.
FIRST_LOOK, LONGEST_LOOK, ALL_LOOKS = 1.0, 15.0, 2 * 3600.0
#: For a file of any size that is one.
FILE_SECONDS, FILE_BYTES = 3600.0, 8192 * MIB

WORKING, COMPLETED = ("CREATED", "RUNNING"), "COMPLETED"


class BulkFailed(StoreError):
    """No file came of it: whatever the reason, the products can still be had page by page."""


class Bulk:
    """Bulk operations of one shop. `outbound` is for their files, which lie elsewhere."""

    def __init__(self, admin: Admin, outbound: Outbound, patience: Patience) -> None:
        self._admin = admin
        self._outbound = outbound
        self._patience = patience

    def begin(self, question: str) -> str:
        """Begin an operation; returns its id. Raises BulkFailed where Shopify begins none."""
        answer = self._asked(documents.RUN_BULK, {"query": question}).get("bulkOperationRunQuery")
        operation = answer.get("bulkOperation") if isinstance(answer, dict) else None
        if not isinstance(operation, dict) or not isinstance(operation.get("id"), str):
            raise BulkFailed(f"{self._admin.host} gives its products only page by page.")
        return str(operation["id"])

    def looks(self, operation: str) -> Iterator[int]:
        """Wait until the operation is complete: yields how many products it has found, after each look.

        Raises BulkFailed where it ended otherwise, or does not end.
        """
        wait, waited = FIRST_LOOK, 0.0
        while (found := self._look(operation))["status"] in WORKING:
            yield _count(found.get("rootObjectCount"))
            if waited > ALL_LOOKS:
                raise BulkFailed(f"{self._admin.host} does not come to an end with its list of products.")
            self._patience.sleep(wait)
            waited += wait
            wait = min(LONGEST_LOOK, wait * 1.5)
        if found["status"] != COMPLETED:
            raise BulkFailed(f"{self._admin.host} gave up on its list of products ({found['status']}).")

    def _look(self, operation: str) -> dict[str, Any]:
        found = self._asked(documents.BULK, {"id": operation}).get("bulkOperation")
        if not isinstance(found, dict) or not isinstance(found.get("status"), str):
            raise BulkFailed(f"{self._admin.host} does not know its own operation any more.")
        return found

    def _asked(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The answer. Shopify refuses bulk operations to some tokens; to be away is another matter."""
        try:
            return self._admin.ask(document, variables)
        except (ScopeMissing, TooCostly, StoreGarbled) as error:
            raise BulkFailed(error.message) from None

    def products(self, operation: str, skipped: int) -> tuple[int, Iterator[Node]]:
        """How many products a complete operation's file has, and those behind so many of the first.

        Raises BulkFailed where the file cannot be had, or read.
        """
        found = self._look(operation)
        if found.get("url") is None:
            if _count(found.get("objectCount")):
                raise BulkFailed(f"{self._admin.host} has no file for its operation any more.")
            return 0, iter(())
        return _count(found.get("rootObjectCount")), self._read(found, skipped)

    def _read(self, found: dict[str, Any], skipped: int) -> Iterator[Node]:
        with Lines() as lines:
            try:
                self._take(str(found["url"]), _count(found.get("fileSize")), lines)
            except StoreError as error:
                raise BulkFailed(error.message) from None
            yield from lines.products(skipped)

    def _take(self, url: str, size: int, lines: Lines) -> None:
        with tempfile.TemporaryFile() as file:
            self._download(url, size, file)
            file.seek(0)
            lines.add(file)

    def _download(self, url: str, size: int, file: BinaryIO) -> None:
        """The file, whole; asked for without our token, which is none of its host's business."""
        host = urlsplit(url).hostname or self._admin.host
        line = Line(self._outbound, host, seconds=FILE_SECONDS, max_bytes=FILE_BYTES, patience=self._patience)

        def once() -> None:
            file.seek(0)
            file.truncate()
            reply = line.send("GET", url, into=file)
            if reply.status == 429 or reply.status >= 500:
                raise StoreBusy(f"{host} is busy ({reply.status}).", retry_after=reply.retry_after)
            if reply.status != 200:
                raise BulkFailed(f"{host} does not give the file of {self._admin.host} ({reply.status}).")
            if size and file.tell() != size:
                raise StoreGarbled(f"The file of {self._admin.host} is not as long as it should be.")

        line.patiently(once)


def _count(value: Any) -> int:
    is_count = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20
    return int(value) if is_count else 0
