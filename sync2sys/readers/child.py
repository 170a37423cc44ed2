"""Reading in a child process, which may run out of memory or time, or die, without harm to this one."""

import contextlib
import logging
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from sync2sys.readers.base import Limits, Read, Refused, Row, Shape, Unreadable
from sync2sys.readers.guesses import Guess
from sync2sys.readers.reading import DEFAULTS

log = logging.getLogger(__name__)

_MAIN = Path(__file__).with_name("__main__.py")
#: Bytes of one frame of a child; a row that is as long as it may be needs some of it, escaped.
LONGEST_FRAME = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Confines:
    """What a child may use."""

    #: bytes of memory, the interpreter and its libraries among it
    memory: int = 512 * 1024 * 1024
    #: of processor time
    seconds: int = 600
    #: that we wait for it in all; while it waits for us nobody counts
    wait: float = 900.0


USUAL = Confines()


def guess_apart(
    path: Path,
    name: str = "",
    content_type: str = "",
    limits: Limits = DEFAULTS,
    confines: Confines = USUAL,
) -> Guess:
    """As `guesses.guess`, in a child. Raises Unreadable, also for a child that died."""
    asked = {"do": "guess", "name": name, "content_type": content_type}
    with contextlib.closing(_frames(path, asked, limits, confines)) as frames:
        found = next(frames)["guess"]
    rows = [Row(*each) for each in found["rows"]]
    return Guess(Shape.from_dict(found["shape"]), found["columns"], rows, found["remarks"])


def read_apart(
    path: Path, shape: Shape, limits: Limits = DEFAULTS, confines: Confines = USUAL
) -> Generator[list[Read], None, None]:
    """As `reading.read`, in a child and in batches. Closing it ends the child.

    Raises Unreadable, also for a child that died; as with `read` this may come after rows.
    """
    asked = {"do": "read", "shape": shape.as_dict()}
    with contextlib.closing(_frames(path, asked, limits, confines)) as frames:
        for frame in frames:
            yield [Row(*each) if len(each) == 2 else Refused(*each) for each in frame["rows"]]


def _frames(
    path: Path, asked: dict[str, Any], limits: Limits, confines: Confines
) -> Generator[dict[str, Any], None, None]:
    """What a child tells, until it is done."""
    asked = asked | {"path": str(path.resolve()), "limits": asdict(limits)}
    asked |= {"memory": confines.memory, "seconds": confines.seconds}
    with tempfile.TemporaryFile() as complaints:
        child = _started(asked, complaints)
        assert child.stdout is not None
        try:
            yield from _until_end(child, _Patient(child.stdout, confines.wait), complaints)
        finally:
            child.kill()
            child.stdout.close()
            child.wait()


def _started(asked: dict[str, Any], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    """A child that knows what to do. It gets no environment: there may be secrets in ours."""
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", str(_MAIN)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, bufsize=0,
        env={}, start_new_session=True,
    )  # fmt: skip
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(orjson.dumps(asked))
    return child


def _until_end(
    child: subprocess.Popen[bytes], stream: "_Patient", complaints: IO[bytes]
) -> Iterator[dict[str, Any]]:
    while True:
        size = int.from_bytes(stream.read(4), "big")
        data = stream.read(size) if 0 < size <= LONGEST_FRAME else b""
        if not data:
            raise _died(child, complaints)
        frame = orjson.loads(data)
        if "unreadable" in frame:
            raise Unreadable(*frame["unreadable"])
        if "end" in frame:
            return
        yield frame


class _Patient:
    """Reads from a pipe, with a limit on all the time that is spent waiting."""

    def __init__(self, pipe: IO[bytes], seconds: float) -> None:
        self._pipe, self._left = pipe, seconds
        self._data = bytearray()

    def read(self, size: int) -> bytes:
        """So many bytes; none if the pipe ends before."""
        while len(self._data) < size:
            piece = self._piece()
            if not piece:
                return b""
            self._data += piece
        data = bytes(self._data[:size])
        del self._data[:size]
        return data

    def _piece(self) -> bytes:
        since = time.monotonic()
        ready, _, _ = select.select([self._pipe], [], [], max(0.0, self._left))
        self._left -= time.monotonic() - since
        if not ready:
            raise Unreadable("FILE_TOO_SLOW", "Reading the file takes too long. Split it into several.")
        return os.read(self._pipe.fileno(), 1 << 20)


def _died(child: subprocess.Popen[bytes], complaints: IO[bytes]) -> Unreadable:
    """What to say of a child that ended without a word."""
    try:
        code = child.wait(5)
    except subprocess.TimeoutExpired:
        code = 0
    complaints.seek(0)
    last = complaints.read()[-2000:].decode(errors="replace")
    log.error("A reader ended with %s: %s", code, last)
    if code == -24:  # SIGXCPU
        return Unreadable("FILE_TOO_SLOW", "Reading the file takes too long. Split it into several.")
    return Unreadable(
        "FILE_UNREADABLE",
        "Reading the file failed. Send it in another format, or ask who runs this service.",
    )
