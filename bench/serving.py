"""What serving a feed costs under gunicorn, beside a bare Flask route that returns the same bytes.

Measured as processor time of the server a request: that is what limits requests a second on a busy
machine, and it does not change with the client or with whatever else runs. Both servers take turns.

    python -m bench.serving
"""

import itertools
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import mirror
from sync2sys.config import PREFIX
from sync2sys.processes import web_command

#: Google items: some 200 KB and some 50 MB.
SMALL, LARGE = 115, 30_000
CLIENTS = 6
#: As many as the limit lets one address ask in a minute.
ASKED_BY_ONE = 30
#: Many short rounds by turns: the best of each is what it costs when nothing else disturbs it.
REQUESTS = CLIENTS * ASKED_BY_ONE * 8
ROUNDS = 12
_addresses = itertools.count(1)


@dataclass
class Server:
    """A gunicorn and its workers."""

    port: int
    process: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
        return [int(pid) for pid in children.split()]

    def seconds(self) -> float:
        """Processor time of all threads so far, to the nanosecond: the kernel's ticks are too few."""
        threads = (thread for pid in self.workers() for thread in Path(f"/proc/{pid}/task").iterdir())
        return sum(int((thread / "schedstat").read_text("ascii").split()[0]) for thread in threads) / 1e9


def run() -> Iterator[tuple[str, str, str, bool]]:
    """Yield (what, measured, requirement, whether it is met)."""
    with tempfile.TemporaryDirectory(prefix="sync2sys-bench-") as folder:
        instance = _rendered(folder, SMALL)
        with _service(instance) as ours:
            body = _fetch(ours.port, "/api/public/feeds/bench")
            path = Path(folder) / "body"
            path.write_bytes(body)
            with _gunicorn("bench.bare:app", {"BENCH_BODY": str(path)}) as bare:
                yield from _ratios(ours, bare, len(body))
    with (
        tempfile.TemporaryDirectory(prefix="sync2sys-bench-") as folder,
        _service(_rendered(folder, LARGE)) as ours,
    ):
        yield from _large(ours)


def _ratios(ours: Server, bare: Server, size: int) -> Iterator[tuple[str, str, str, bool]]:
    etag = _headers(ours.port, "/api/public/feeds/bench")["etag"]
    known = f"If-None-Match: {etag}\r\n"
    for what, least, path, headers, plain in (
        (f"a HIT of {size // 1000} KB, limiter on", 0.65, "/api/public/feeds/bench", "", "/body"),
        ("a 304", 0.55, "/api/public/feeds/bench", known, "/known"),
    ):
        costs = [(_cost(bare, plain, ""), _cost(ours, path, headers)) for _ in range(ROUNDS)]
        limit, cost = (min(each) for each in zip(*costs, strict=True))
        ratio = limit / cost
        measured = f"{ratio:.2f} of a bare route ({cost * 1e6:.0f} against {limit * 1e6:.0f} µs)"
        yield what, measured, f"{least}", ratio >= least


def _large(ours: Server) -> Iterator[tuple[str, str, str, bool]]:
    before = max(mirror.resident("VmRSS", pid) for pid in ours.workers())
    for coding in ("identity", "gzip"):
        times, size = [], 0
        for _ in range(8):
            first, size = _first_byte(ours.port, "/api/public/feeds/bench", coding)
            times.append(first)
        first = statistics.median(times)
        what = f"first byte of {size / 1e6:.0f} MB, {coding}"
        yield what, f"{first * 1000:.1f} ms", "20 ms", first < 0.020
    peak = max(mirror.resident("VmHWM", pid) for pid in ours.workers())
    yield (
        "memory that sending it takes",
        f"{peak - before:.0f} MB more than the {before:.0f} MB of an idle process",
        "60 MB",
        peak - before < 60,
    )


def _cost(server: Server, path: str, headers: str) -> float:
    """Seconds of the server's processor a request."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n".encode()
    before = server.seconds()
    clients = [threading.Thread(target=_ask, args=(server.port, request)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return (server.seconds() - before) / REQUESTS


def _ask(port: int, request: bytes) -> None:
    """Ask as often as the limit allows from one address, then from the next."""
    buffer = bytearray(1 << 20)
    for _ in range(REQUESTS // CLIENTS // ASKED_BY_ONE):
        with socket.create_connection(("127.0.0.1", port), source_address=_new_address()) as connection:
            for _ in range(ASKED_BY_ONE):
                connection.sendall(request)
                _receive(connection, buffer)


def _new_address() -> tuple[str, int]:
    """An address of this machine that nobody has asked from before."""
    number = next(_addresses)
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}", 0


def _receive(connection: socket.socket, buffer: bytearray) -> None:
    got = connection.recv_into(buffer)
    end = buffer.find(b"\r\n\r\n", 0, got)
    if not got or end < 0:
        raise RuntimeError("no answer")
    head = bytes(buffer[:end]).lower()
    _, named, rest = head.partition(b"content-length: ")
    if head.split()[1] not in {b"200", b"304"}:
        raise RuntimeError(head.decode())
    missing = (int(rest.split(b"\r\n")[0]) if named else 0) - (got - end - 4)
    while missing > 0:
        missing -= connection.recv_into(buffer)


def _first_byte(port: int, path: str, coding: str) -> tuple[float, int]:
    """Seconds to the first byte of the body, and how many there are."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        request = (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: {coding}\r\nConnection: close\r\n\r\n"
        )
        start = time.perf_counter()
        connection.sendall(request.encode())
        answer = b""
        while answer.find(b"\r\n\r\n") in {-1, len(answer) - 4}:
            answer += connection.recv(65536)
        first = time.perf_counter() - start
        size = len(answer) - answer.find(b"\r\n\r\n") - 4
        while more := connection.recv(1 << 20):
            size += len(more)
    return first, size


def _fetch(port: int, path: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := connection.recv(1 << 20):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.splitlines()[0]:
        raise RuntimeError(head.decode())
    return body


def _headers(port: int, path: str) -> dict[str, str]:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
        lines = connection.makefile("r", encoding="latin-1").read().splitlines()
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}


def _rendered(folder: str, count: int) -> str:
    """An instance with a feed of so many items, made by another process."""
    subprocess.run([sys.executable, "-m", "bench.mirror", folder, str(count), "rendered"], check=True)
    return folder


@contextmanager
def _service(instance: str) -> Iterator[Server]:
    settings = {"INSTANCE": instance, "DATABASE_URL": "", "REDIS_URL": ""}
    with _gunicorn("wsgi:app", {PREFIX + name: value for name, value in settings.items()}) as server:
        yield server


@contextmanager
def _gunicorn(application: str, environ: dict[str, str]) -> Iterator[Server]:
    """The application under the gunicorn that `flask serve` starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [application if word == "wsgi:app" else word for word in web_command("127.0.0.1", port)]
    process = subprocess.Popen(command, env=os.environ | environ, stderr=subprocess.DEVNULL)
    try:
        server = Server(port, process)
        _await(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def _await(server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", server.port)).close()
            if len(server.workers()) == 2:
                time.sleep(1)  # for both to have loaded the application
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("gunicorn does not answer")


if __name__ == "__main__":
    for row in run():
        print(*row, sep="\t", flush=True)
