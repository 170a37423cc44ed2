"""What runs in the child: it takes away from itself what reading does not need, then reads."""

import ctypes
import os
import resource
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from sync2sys.readers.base import Limits, Read, Row, Shape, Unreadable
from sync2sys.readers.guesses import Guess, guess
from sync2sys.readers.reading import read

#: Of one frame, so that neither side ever holds much.
BATCH_ROWS, BATCH_CHARACTERS = 500, 1_000_000
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
#: What no reader does, and a file that took over a reader would want to.
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ctypes.")


def main() -> int:
    """Does what is asked on standard input, and answers on standard output."""
    asked = orjson.loads(sys.stdin.buffer.read())
    confine(asked["memory"], asked["seconds"], asked["limits"]["inflated_bytes"])
    out = sys.stdout.buffer
    try:
        for frame in _frames(asked):
            _send(out, frame)
        _send(out, {"end": True})
    except Unreadable as error:
        _send(out, {"unreadable": [error.code, error.message]})
    except MemoryError:
        _send(out, {"unreadable": ["FILE_TOO_LARGE", "Reading it takes more memory than it may."]})
    except BrokenPipeError:
        # Who asked has heard enough. Python would complain about what it could not send.
        os._exit(0)
    return 0


def confine(memory: int, seconds: int, file_bytes: int) -> None:
    """Limits this process for good: memory, processor time, size of files; no network, no other process."""
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    # At the first one the kernel says why it ends us, at the second it does not.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    _leave_network()
    sys.addaudithook(_refuse)


def _leave_network() -> None:
    """Goes into a network without any interface, where the system lets us; the hook below stands anyway."""
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(_NEW_NETWORK) != 0:
        unshare(_NEW_USER | _NEW_NETWORK)


def _refuse(event: str, _: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"A reader does not use {event}.")


def _send(out: BinaryIO, frame: dict[str, Any]) -> None:
    data = orjson.dumps(frame)
    out.write(len(data).to_bytes(4, "big") + data)
    out.flush()


def _frames(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    path, limits = Path(asked["path"]), Limits(**asked["limits"])
    if asked["do"] == "guess":
        yield {"guess": _told(guess(path, asked["name"], asked["content_type"], limits))}
    else:
        for batch in _batches(read(path, Shape.from_dict(asked["shape"]), limits)):
            yield {"rows": batch}


def _told(found: Guess) -> dict[str, Any]:
    return asdict(found) | {"rows": [[row.line, row.values] for row in found.rows]}


def _batches(rows: Iterable[Read]) -> Iterator[list[list[Any]]]:
    """Rows as line and values, refused ones as line, code, text and values."""
    batch: list[list[Any]] = []
    characters = 0
    for row in rows:
        if isinstance(row, Row):
            batch.append([row.line, row.values])
        else:
            batch.append([row.line, row.code, row.text, row.values])
        characters += sum(map(len, row.values.values()))
        if len(batch) >= BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
