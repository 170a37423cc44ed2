"""The bytes of a file, inflated and counted while they are read."""

import gzip
import io
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, BinaryIO, cast

from sync2sys.readers.base import Limits, Shape, Unreadable

CHUNK = 256 * 1024
#: The end of a zip: its signature, four things that nobody needs, how many files and how long their list is.
_END, _END_SIGNATURE = struct.Struct("<4s4H2LH"), b"PK\5\6"
#: Bytes of one file's place in that list, on an average that nobody needs more of.
_LONGEST_ENTRY = 1000
#: What zipfile raises for bytes that are no zip.
_BROKEN_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, ValueError, OverflowError,
    struct.error, zlib.error, EOFError, IndexError, OSError,
)  # fmt: skip
_LISTS = (".csv", ".txt", ".tsv", ".tab", ".xml", ".rss", ".json", ".jsonl", ".ndjson", ".xlsx")


def truncated(what: str) -> Unreadable:
    return Unreadable(
        "FILE_TRUNCATED",
        f"The {what} is broken: it ends early or was damaged on its way. Download it again.",
    )


class Counted(io.RawIOBase):
    """Bytes of another stream. Raises Unreadable where they are too many, or where the stream breaks."""

    def __init__(self, inner: IO[bytes], packed: int, what: str, limits: Limits) -> None:
        self._inner, self._packed, self._what, self._limits = inner, packed, what, limits
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._inner.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile):
            raise truncated(self._what) from None
        self._count += len(data)
        check_size(self._count, self._packed, self._limits)
        buffer[: len(data)] = data
        return len(data)


def check_size(inflated: int, packed: int, limits: Limits) -> None:
    """Refuses what grows beyond any list."""
    if inflated > limits.inflated_bytes:
        size = limits.inflated_bytes // (1024 * 1024)
        raise Unreadable("FILE_TOO_LARGE", f"The list has more than {size:,} MB. Split it into several.")
    if inflated > limits.ratio_after and inflated > packed * limits.ratio:
        raise Unreadable(
            "FILE_BOMB",
            f"The file inflates to more than {limits.ratio} times its size, as no list does.",
        )


@contextmanager
def opened(path: Path, shape: Shape, limits: Limits) -> Iterator[io.BufferedReader]:
    """The bytes of the list, out of its gzip or zip. Raises Unreadable, also while they are read."""
    packed = path.stat().st_size
    with open(path, "rb") as file:
        if shape.compression == "zip":
            with archive(file, limits) as box, _entered(box, found(box, shape.member)) as inner:
                yield _counted(inner, packed, "zip file", limits)
        elif shape.compression == "gzip":
            with gzip.GzipFile(fileobj=file) as inner:
                yield _counted(cast(IO[bytes], inner), packed, "gzip file", limits)
        else:
            # What is not packed grows by nothing.
            yield _counted(file, max(packed, 1), "file", limits)


def _counted(inner: IO[bytes], packed: int, what: str, limits: Limits) -> io.BufferedReader:
    return io.BufferedReader(Counted(inner, packed, what, limits), CHUNK)


@contextmanager
def seekable(path: Path, shape: Shape, limits: Limits) -> Iterator[BinaryIO]:
    """The list as a file in which one can go back, unpacked on disk where it is packed."""
    if not shape.compression:
        with open(path, "rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as file, opened(path, shape, limits) as inner:
        shutil.copyfileobj(inner, file, CHUNK)
        yield cast(BinaryIO, file)


def archive(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """A zip, whose list of files was found to be short enough before it was read."""
    _check_end(file, limits)
    try:
        return zipfile.ZipFile(file)
    except _BROKEN_ZIP:
        raise truncated("zip file") from None


def _check_end(file: BinaryIO, limits: Limits) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size - 65_535))
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        raise truncated("zip file")
    _, _, _, _, files, length, _, _ = _END.unpack_from(tail, at)
    if files > limits.files or length > limits.files * _LONGEST_ENTRY:
        raise Unreadable(
            "FILE_TOO_MANY_FILES", f"The zip has more than {limits.files:,} files. Pack the list alone."
        )


@contextmanager
def _entered(box: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    with entered(box, member) as inner:
        yield inner


def entered(box: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """The inflated bytes of one file in a zip."""
    if member.flag_bits & 1:
        raise Unreadable("FILE_PROTECTED", "The file is protected by a password. Upload it without one.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable(
            "FILE_PACKED", "The zip is packed in an unusual way. Pack it by the usual one, deflate."
        )
    try:
        return box.open(member)
    except _BROKEN_ZIP:
        raise truncated("zip file") from None


def lists(box: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of a zip that can be a list, the largest first; all its files if none looks like one."""
    files = [each for each in box.infolist() if not each.is_dir() and not _is_litter(each.filename)]
    likely = [each for each in files if each.filename.lower().endswith(_LISTS)] or files
    return sorted(likely, key=lambda each: (-each.file_size, each.filename))


def _is_litter(name: str) -> bool:
    """What macOS and others leave in a zip."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def found(box: zipfile.ZipFile, pattern: str) -> zipfile.ZipInfo:
    """The file of a zip that is the list: by its name, a pattern, or the largest one."""
    candidates = lists(box)
    if not candidates:
        raise Unreadable("FILE_EMPTY", "There is no file in the zip.")
    for each in candidates:
        if not pattern or each.filename == pattern or fnmatchcase(each.filename, pattern):
            return each
    names = ", ".join(each.filename[:100] for each in candidates[:5])
    raise Unreadable("FILE_NOT_IN_ZIP", f"The zip has no file {pattern}. It has: {names}.")
