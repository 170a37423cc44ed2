"""The thin HTTP layer of the demo shop: what came in, what goes out, and the socket between."""

import gzip
import json
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

log = logging.getLogger(__name__)

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"

#: what nginx, as usually set up, compresses: error answers other than 403 and 404 go out plain
ZIPPED = frozenset({200, 403, 404})


def php_query(raw: str) -> dict[str, Any]:
    """Read a query string as PHP does: the last of equal names wins, `a[]=1&a[x]=2` makes a dict."""
    query: dict[str, Any] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        outer, bracket, rest = name.partition("[")
        outer = outer.replace(".", "_").replace(" ", "_")
        if not bracket or "]" not in rest:
            query[outer] = value
            continue
        inner = query.setdefault(outer, {})
        if not isinstance(inner, dict):
            inner = query[outer] = {}
        inner[rest.partition("]")[0] or str(len(inner))] = value
    return query


def php_json(data: Any) -> str:
    """JSON as PHP writes it: everything that is not ASCII is escaped, and slashes too."""
    return json.dumps(data, separators=(",", ":")).replace("/", "\\/")


@dataclass(frozen=True)
class Request:
    """One request as it arrived. `target` is the raw request line's part; `tls` says how it came."""

    method: str
    target: str
    headers: Message
    body: bytes = b""
    tls: bool = False
    at: float = field(default_factory=time.monotonic)

    @cached_property
    def path(self) -> str:
        """The path, percent-decoded, with runs of slashes made one."""
        path = unquote(self.target.partition("?")[0])
        while "//" in path:
            path = path.replace("//", "/")
        return path or "/"

    @cached_property
    def query(self) -> dict[str, Any]:
        return php_query(self.target.partition("?")[2])

    @property
    def host(self) -> str:
        return self.headers.get("Host", "localhost")

    @property
    def wants_gzip(self) -> bool:
        return "gzip" in self.headers.get("Accept-Encoding", "")


class Refusal(Exception):
    """A request that WordPress turns down; becomes its JSON error body."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}


@dataclass
class Answer:
    """One answer. Dynamic ones go out chunked, as PHP behind nginx sends them; files with their length."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = True

    @classmethod
    def json(cls, data: Any, status: int = 200, **headers: str) -> "Answer":
        return cls(status, php_json(data).encode(), {"Content-Type": JSON, **headers})

    @classmethod
    def html(cls, page: str, status: int = 200, **headers: str) -> "Answer":
        return cls(status, page.encode(), {"Content-Type": HTML, **headers})

    def payload(self, request: Request) -> bytes:
        """The bytes of the body on the wire, compressed if the client asked and the server would."""
        if not (self.chunked and self.body and self.status in ZIPPED and request.wants_gzip):
            return self.body
        self.headers = {**self.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return gzip.compress(self.body, compresslevel=1, mtime=0)

    def wire(self, request: Request, version: str) -> tuple[bytes, bytes]:
        """Status line with headers, and the framed body. HTTP/1.0 knows no chunks."""
        payload = self.payload(request)
        head_only = request.method == "HEAD" or self.status in (204, 304)
        headers = {"Server": "nginx", "Date": http_date(), **self.headers}
        chunked = self.chunked and version != "HTTP/1.0"
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(len(payload))
        lines = [f"HTTP/1.1 {self.status} {responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if head_only:
            return head, b""
        return head, b"".join(chunks(payload)) if chunked else payload

    def send(self, request: Request, line: "Line") -> None:
        head, body = self.wire(request, line.request_version)
        line.wfile.write(head + body)


def chunks(payload: bytes, size: int = 16_384) -> Iterator[bytes]:
    """The payload in the chunked transfer coding, end mark included."""
    for start in range(0, len(payload), size):
        piece = payload[start : start + size]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def http_date() -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())


class Line(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 65_536

    @property
    def stopping(self) -> threading.Event:
        return cast("Server", self.server).stopping

    def handle_any(self) -> None:
        server = cast("Server", self.server)
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if length < 0 or "Transfer-Encoding" in self.headers:
            self.send_error(411)
            return
        body = self.rfile.read(length) if length else b""
        request = Request(self.command, self.path, self.headers, body, server.tls is not None)
        server.answer(request).send(request, self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


class Server(ThreadingHTTPServer):
    """Listens on one address, with TLS or without, and gives every request to `answer`."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(
        self,
        answer: Callable[[Request], Answer],
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answer = answer
        self.tls = tls
        self.stopping = threading.Event()
        #: what went wrong in the shop itself, not on the line
        self.crashes: list[BaseException] = []
        self._lines: set[socket.socket] = set()
        super().__init__((host, port), Line)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="shop", daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, break all open connections, and wait for their threads."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        for line in tuple(self._lines):
            with suppress(OSError):
                # Below the TLS layer, which another thread may be reading from.
                socket.socket.shutdown(line, socket.SHUT_RDWR)
        self.server_close()

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for the host's name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = self.port

    def get_request(self) -> tuple[socket.socket, Any]:
        line, address = super().get_request()
        if self.tls is not None:
            # The handshake is left to the connection's thread, so a silent client blocks nobody.
            line = self.tls.wrap_socket(line, server_side=True, do_handshake_on_connect=False)
        self._lines.add(line)
        return line, address

    def close_request(self, request: Any) -> None:
        self._lines.discard(request)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what the shop did wrong; a client that hangs up is nobody's fault."""
        error = sys.exc_info()[1]
        broken_line = isinstance(error, (ConnectionError, ssl.SSLError, TimeoutError))
        if error is None or broken_line or (self.stopping.is_set() and isinstance(error, OSError)):
            return
        log.error("the shop failed to answer", exc_info=error)
        self.crashes.append(error)
