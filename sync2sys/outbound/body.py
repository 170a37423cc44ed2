"""Bodies read to their end, inflated, and never beyond a limit."""

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol

from sync2sys.errors import TooLarge, Unreachable

CHUNK = 64 * 1024
_GZIP = {"gzip", "x-gzip"}
_OTHER_COMPRESSION = {"br", "compress", "dcb", "dcz", "deflate", "x-compress", "zstd"}
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Readable(Protocol):
    """What is used of urllib3's response."""

    def read1(self, amt: int, decode_content: bool) -> bytes: ...


def read(raw: Readable, encoding: str, limit: int, into: BinaryIO | None = None) -> bytes:
    """The inflated body; nothing, where it goes `into` a file.

    Raises TooLarge as soon as it, or its compressed form, is more than `limit` bytes; Unreachable when the
    compressed data is broken, cut short or of a kind that was not asked for.
    """
    parts = _limited(_plain(_limited(_chunks(raw), limit), encoding), limit)
    if into is None:
        return b"".join(parts)
    into.writelines(parts)
    return b""


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"The answer is larger than {limit} bytes.")


def _chunks(raw: Readable) -> Iterator[bytes]:
    while chunk := raw.read1(CHUNK, decode_content=False):
        yield chunk


def _limited(parts: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The same parts. Applied before and after inflating: a long body may well inflate to nothing."""
    size = 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise too_large(limit)
        yield part


def _plain(chunks: Iterable[bytes], encoding: str) -> Iterable[bytes]:
    """Undo the Content-Encoding. Names that are no compression ("none", "utf-8") are somebody's mistake."""
    codings = [coding.strip().lower() for coding in encoding.split(",")]
    if len(codings) == 1 and codings[0] in _GZIP:
        return _inflated(chunks)
    if not (_GZIP | _OTHER_COMPRESSION).isdisjoint(codings):
        raise Unreachable("The answer is compressed in a way that was not asked for.")
    return chunks


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every gzip member's content, at most CHUNK at a time. What follows the last one is passed over."""
    begun, over = False, False
    member = zlib.decompressobj(_GZIP_WINDOW)
    for chunk in chunks:
        begun, rest = True, chunk
        while rest and not over:
            if member.eof and rest[0] == 0x1F:
                member = zlib.decompressobj(_GZIP_WINDOW)
            over = member.eof
            if not over:
                yield _step(member, rest)
                rest = member.unconsumed_tail or member.unused_data
    if begun and not member.eof:
        raise Unreachable("The compressed answer is cut short.")


def _step(member: "zlib._Decompress", data: bytes) -> bytes:
    try:
        return member.decompress(data, CHUNK)
    except zlib.error:
        raise Unreachable("The compressed answer is broken.") from None
