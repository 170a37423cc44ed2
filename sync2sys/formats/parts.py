"""Pieces of a gzip file that can be put together in any order without being inflated.

A part is deflated on its own and ended by a full flush: a whole number of bytes, no reference to
anything before it. A gzip file is then a header, parts, an empty final block and a trailer, and the
trailer's checksum follows from the parts' (RFC 1951, RFC 1952).
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from isal import isal_zlib

from sync2sys.errors import Sync2SysError

#: isal's levels are 0 to 3; 2 was the best compromise of time and size on feeds.
LEVEL = 2
_RAW_DEFLATE = -15

#: Magic, deflate, no flags, no time, no hints, unknown system: nothing that differs between two runs.
HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
#: A final block of no bytes, with the fixed code.
_FINAL = bytes([0x03, 0x00])


class CorruptPart(Sync2SysError):
    """Stored bytes are not what their length and checksum say."""


class Extent(NamedTuple):
    """How long a piece is, inflated and deflated, and the CRC-32 of its inflated bytes."""

    raw_length: int
    crc: int
    length: int


NOTHING = Extent(0, 0, 0)


class Part(NamedTuple):
    """A piece of a document, ready to be stored or sent."""

    raw_length: int
    crc: int
    data: bytes
    #: 32 hexadecimal digits: of the inflated bytes, and of the deflated ones
    digest: str
    packed_digest: str

    @property
    def extent(self) -> Extent:
        return Extent(self.raw_length, self.crc, len(self.data))


def pack(raw: bytes) -> Part:
    """Deflate a piece so that it can stand anywhere in a gzip file. Nothing packs to nothing."""
    deflate = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, _RAW_DEFLATE)
    data = deflate.compress(raw) + deflate.flush(isal_zlib.Z_FULL_FLUSH) if raw else b""
    return Part(len(raw), isal_zlib.crc32(raw), data, _digest(raw), _digest(data))


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:32]


def total(extents: Iterable[Extent]) -> Extent:
    """The extent of all pieces one after the other, without their bytes."""
    length = raw_length = crc = 0
    combine = isal_zlib.crc32_combine
    for extent in extents:
        crc = combine(crc, extent.crc, extent.raw_length)
        raw_length += extent.raw_length
        length += extent.length
    return Extent(raw_length, crc, length)


def gzip_length(whole: Extent) -> int:
    """The size of the gzip file, for a Content-Length before its first byte."""
    return len(HEADER) + whole.length + len(_FINAL) + 8


def gzip(whole: Extent, data: Iterable[bytes]) -> Iterator[bytes]:
    """One gzip member of parts' bytes that come one by one; `whole` is their `total`.

    CorruptPart instead of the trailer where they are not as long together as promised, so that a
    reader sees a broken file and not a short one.
    """
    yield HEADER
    length = 0
    for piece in data:
        length += len(piece)
        yield piece
    if length != whole.length:
        raise CorruptPart(f"{length} deflated bytes instead of {whole.length}")
    sizes = (whole.raw_length & 0xFFFFFFFF).to_bytes(4, "little")
    yield _FINAL + whole.crc.to_bytes(4, "little") + sizes


def plain(whole: Extent, data: Iterable[bytes]) -> Iterator[bytes]:
    """The inflated document, part by part. CorruptPart where it is not what `whole` says."""
    length = crc = 0
    for piece in data:
        raw = unpack(piece)
        length += len(raw)
        crc = isal_zlib.crc32(raw, crc)
        yield raw
    if (length, crc) != (whole.raw_length, whole.crc):
        raise CorruptPart(f"{length} inflated bytes or their checksum are not as stored")


def unpack(data: bytes) -> bytes:
    """The inflated bytes of one part. CorruptPart for anything that is none."""
    try:
        inflate = isal_zlib.decompressobj(_RAW_DEFLATE)
        raw: bytes = inflate.decompress(data)
    except isal_zlib.error as err:  # type: ignore[misc]  # the stub declares an instance of it
        raise CorruptPart("a stored part cannot be inflated") from err
    if inflate.eof or inflate.unconsumed_tail:
        raise CorruptPart("a stored part ends early")
    return raw
