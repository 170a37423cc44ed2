"""A web server on a real loopback socket that misbehaves on demand.

    with FaultServer() as server:
        server.on("/slow", after(0.5, answer(b"late")))
        server.on("/busy", in_turn(answer(status=429, headers={"Retry-After": "2"}), answer(b"ok")))
        client.get(server.url + "/slow")
        assert [request.path for request in server.requests] == ["/slow"]

A behaviour is a function `(connection, request)` that writes to the connection; after it the connection
is kept alive, unless it raises `Hangup` (or the client left). `greeting=` takes one that acts on a new
connection before anything is read, even before TLS: that is where handshakes are dripped. Paths without a
behaviour answer 200 "ok". Everything ends with the `with` block, whatever it was waiting for.
"""

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import zlib
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser


class Hangup(Exception):
    """Ends the connection."""


@dataclass(frozen=True)
class Request:
    method: str
    target: str  # as it stood in the request line
    headers: Message
    body: bytes

    @property
    def path(self):
        return self.target.partition("?")[0]


class Connection:
    """One client's socket, and the server's end of the day (`pause` gives up then)."""

    def __init__(self, sock, closing):
        self.sock = sock
        self._closing = closing

    def send(self, data):
        self.sock.sendall(data)

    def pause(self, seconds):
        if self._closing.wait(seconds):
            raise Hangup

    def drip(self, data, every):
        for number in range(len(data)):
            self.send(data[number : number + 1])
            self.pause(every)


class FaultServer:
    """`url`, `port`; `requests` in the order they came; `arrivals`, our address for each connection."""

    def __init__(self, *, host="127.0.0.1", port=0, tls=None, greeting=None, name=None):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.requests = []
        self.arrivals = []
        self._callers = set()
        self._changed = threading.Condition()
        self._tls, self._greeting, self._behaviours = tls, greeting, {}
        self._closing = threading.Event()
        self._open, self._threads = set(), []
        self._listener = socket.create_server((host, port), family=family)
        self.port = self._listener.getsockname()[1]
        shown = name or (f"[{host}]" if ":" in host else host)
        self.url = f"{'https' if tls else 'http'}://{shown}:{self.port}"

    @property
    def connections(self):
        return len(self.arrivals)

    def on(self, path, behaviour):
        self._behaviours[path] = behaviour

    def wait_for(self, port):
        """Block until the connection from that port of the caller was accepted."""
        with self._changed:
            assert self._changed.wait_for(lambda: port in self._callers, timeout=30)

    def wait_for_requests(self, number):
        """Block until so many have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= number, timeout=30)

    def wait_for_end(self):
        """Block until the `with` block is left: for what has to hang elsewhere than on a connection."""
        self._closing.wait(60)

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *error):
        self._closing.set()
        for sock in (self._listener, *self._open.copy()):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads.copy():
            thread.join(5)
        self._listener.close()

    def _start(self, work, *args):
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, caller = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.add(sock)
                with self._changed:
                    self.arrivals.append(sock.getsockname()[0])
                    self._callers.add(caller[1])
                    self._changed.notify_all()
                self._start(self._converse, sock)

    def _converse(self, sock):
        with contextlib.suppress(OSError, Hangup), sock:
            if self._greeting:
                self._greeting(Connection(sock, self._closing), None)
            if self._tls:
                self._open.discard(sock)
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.add(sock)
            with sock:
                self._serve(sock)
        self._open.discard(sock)

    def _serve(self, sock):
        connection = Connection(sock, self._closing)
        with sock.makefile("rb") as stream:
            while request := _read(stream):
                with self._changed:
                    self.requests.append(request)
                    self._changed.notify_all()
                self._behaviours.get(request.path, answer(b"ok"))(connection, request)


def _read(stream):
    line = stream.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    lines = []
    while (header := stream.readline().decode("latin-1")).strip():
        lines.append(header)
    headers = Parser().parsestr("".join(lines), headersonly=True)
    body = stream.read(int(headers.get("Content-Length", 0)))
    return Request(line[0], line[1], headers, body)


def head(status=200, headers=None, length=None):
    """Status line and headers as bytes."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(body=b"", status=200, headers=None):
    """A good answer."""

    def behave(connection, request):
        sent = b"" if request.method == "HEAD" or status in (204, 304) else body
        connection.send(head(status, headers, len(body)) + sent)

    return behave


def raw(data):
    """These bytes as they are, then hang up."""

    def behave(connection, request):
        connection.send(data)
        raise Hangup

    return behave


def after(seconds, behaviour):
    """The same, late."""

    def behave(connection, request):
        connection.pause(seconds)
        behaviour(connection, request)

    return behave


def in_turn(*behaviours):
    """The first on the first request and so on; the last one stays."""
    left = list(behaviours)

    def behave(connection, request):
        (left.pop(0) if len(left) > 1 else left[0])(connection, request)

    return behave


def compressed(body, status=200, headers=None):
    """A good answer in gzip."""
    return answer(gzip.compress(body), status, {"Content-Encoding": "gzip", **(headers or {})})


def hang(connection, request):
    """Nothing at all."""
    connection.pause(60)


def drip_head(connection, request):
    """An endless header, a byte at a time."""
    connection.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    connection.drip(b"x" * 10_000, every=0.02)


def drip_body(connection, request):
    """A long body, a byte at a time."""
    connection.send(head(length=10_000))
    connection.drip(b"x" * 10_000, every=0.02)


def drip_unframed_body(connection, request):
    """A body that ends with the connection, a byte at a time: cut off, it looks complete."""
    connection.send(head(headers={"Connection": "close"}))
    connection.drip(b"x" * 10_000, every=0.02)


def drip_handshake(connection, request):
    """The start of a TLS record, then a byte at a time. For `greeting=`."""
    connection.send(b"\x16\x03\x03\x40\x00")
    connection.drip(b"\x02" + b"\x00" * 10_000, every=0.02)


def drip_interim(connection, request):
    """100 Continue, for ever."""
    while True:
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.pause(0.02)


def endless_head(connection, request):
    """Headers without end, as fast as they go."""
    connection.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(1_000_000):
        connection.send(b"X-%d: %s\r\n" % (number, b"y" * 1000))


def endless_body(connection, request):
    """A chunked body without end, as fast as it goes."""
    connection.send(head(headers={"Transfer-Encoding": "chunked"}))
    while True:
        connection.send(b"4000\r\n" + b"z" * 0x4000 + b"\r\n")


def reset(connection, request):
    """A TCP reset instead of an answer."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise Hangup


def hang_up(connection, request):
    """A polite end instead of an answer."""
    raise Hangup


def half_body(connection, request):
    """Half of what Content-Length promised."""
    connection.send(head(length=1000) + b"x" * 500)
    raise Hangup


def half_chunks(connection, request):
    """A chunked body that ends within a chunk."""
    connection.send(head(headers={"Transfer-Encoding": "chunked"}) + b"3e8\r\n" + b"x" * 500)
    raise Hangup


def truncated_gzip(connection, request):
    """A body of the promised length whose gzip stream is not complete."""
    data = gzip.compress(b"product," * 10_000)[:-12]
    connection.send(head(headers={"Content-Encoding": "gzip"}, length=len(data)) + data)


def gzip_bomb(mebibytes):
    """Zeros that inflate to so many MiB; a thousandth of that on the wire."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(packer.compress(bytes(1 << 20)) for _ in range(mebibytes)) + packer.flush()
    return answer(data, headers={"Content-Encoding": "gzip"})


def tls_context(certificate):
    """A server's TLS context from a certificate of trustme."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
