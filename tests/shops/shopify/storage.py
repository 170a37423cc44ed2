"""The storage host, where results of bulk operations lie: signed addresses that end, bytes in pieces.

It is another company's host: a shop's token that is sent there has leaked.
"""

import hashlib
import hmac
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from sync2sys.demo.web import Answer

HOST = "storage.googleapis.com"
FOLDER = "/shopify-tiers-assets-prod-us-east1/bulk-operation-outputs/"
SEVEN_DAYS = 7 * 24 * 3600
PIECE = 1 << 16


class TokenLeaked(Exception):
    """A request to the storage host had a shop's token with it."""


class FileAnswer(Answer):
    """A file from the disk, sent in pieces; `body` is there for the faults that spoil it."""

    def __init__(self, path, start=0, status=200, headers=None):
        self.path, self.start = path, start
        self.status, self.headers, self.chunked = status, headers or {}, False

    @property
    def body(self):
        return self.path.read_bytes()[self.start :]

    def send(self, request, line):
        head, _ = Answer(self.status, b"", self.headers, False).wire(request, line.request_version)
        length = self.path.stat().st_size - self.start
        line.wfile.write(head.replace(b"Content-Length: 0\r\n", b"Content-Length: %d\r\n" % length))
        if request.method == "HEAD":
            return
        with self.path.open("rb") as file:
            file.seek(self.start)
            while piece := file.read(PIECE):
                line.wfile.write(piece)


class Storage:
    """Files by address."""

    def __init__(self, clock):
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._folder = tempfile.TemporaryDirectory()
        self._files = {}

    def close(self):
        self._folder.cleanup()

    def new_file(self):
        """A path to write to."""
        return Path(self._folder.name) / secrets.token_hex(14)

    def address(self, path, name, seconds=SEVEN_DAYS):
        """Where the file can be fetched for so long."""
        self._files[FOLDER + path.name] = path
        expires = str(int(self._clock.seconds() + seconds))
        shown = f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        query = {
            "GoogleAccessId": "assets-us-prod@shopify-tiers.iam.gserviceaccount.com",
            "Expires": expires,
            "Signature": self._signature(FOLDER + path.name, expires),
            "response-content-disposition": shown,
            "response-content-type": "application/jsonl",
        }
        return f"https://{HOST}{FOLDER}{path.name}?{urlencode(query)}"

    def _signature(self, path, expires):
        # Ends in padding, so that who encodes the address anew breaks it.
        return hmac.new(self._key, f"{path}{expires}".encode(), hashlib.sha256).hexdigest() + "=="

    def answer(self, request):
        if "X-Shopify-Access-Token" in request.headers or "Authorization" in request.headers:
            raise TokenLeaked(request.target.partition("?")[0])
        path, query = self._files.get(request.path), request.query
        if path is None:
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        expires = query.get("Expires", "0")
        if not hmac.compare_digest(query.get("Signature", ""), self._signature(request.path, expires)):
            return _error(403, "SignatureDoesNotMatch", "Access denied.")
        if float(expires) < self._clock.seconds():
            ended = datetime.fromtimestamp(float(expires), UTC).isoformat()
            return _error(400, "ExpiredToken", f"The provided token has expired. Expired at {ended}")
        return self._file(request, path, query)

    def _file(self, request, path, query):
        headers = {
            "Server": "UploadServer",
            "Content-Type": query.get("response-content-type", "application/octet-stream"),
            "Accept-Ranges": "bytes",
        }
        wanted = request.headers.get("Range", "")
        if not wanted.startswith("bytes="):
            return FileAnswer(path, headers=headers)
        start, size = int(wanted.removeprefix("bytes=").partition("-")[0]), path.stat().st_size
        headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        return FileAnswer(path, start, 206, headers)


def _error(status, code, message):
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    declared = f"<?xml version='1.0' encoding='UTF-8'?>{body}"
    return Answer(status, declared.encode(), {"Content-Type": "application/xml; charset=UTF-8"}, False)
