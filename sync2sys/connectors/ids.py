"""Sets of ids that fit into a pull's cursor."""

import base64
import zlib
from collections.abc import Iterable, Iterator


class Ids:
    """A set of positive ids that packs into little text: about a byte and a half for each.

    The text is kept up to date as ids are added, for a cursor is wanted after every page.
    """

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._ids: set[int] = set()
        self._steps = bytearray()
        self._last = 0
        self._packed: str | None = None
        self.update(ids)

    @classmethod
    def unpack(cls, packed: str) -> "Ids":
        """The set that gave this text. Raises ValueError for any other text."""
        try:
            steps = zlib.decompress(base64.b64decode(packed, validate=True)) if packed else b""
        except zlib.error:
            raise ValueError("not a packed set of ids") from None
        return cls(_from_steps(steps))

    def pack(self) -> str:
        if self._packed is None:
            self._packed = base64.b64encode(zlib.compress(self._steps, 1)).decode() if self._ids else ""
        return self._packed

    def __contains__(self, key: int) -> bool:
        return key in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def add(self, key: int) -> None:
        if key not in self._ids:
            self._ids.add(key)
            self._steps += _step(key - self._last)
            self._last = key
            self._packed = None

    def update(self, keys: Iterable[int]) -> None:
        for key in keys:
            self.add(key)

    def discard(self, keys: Iterable[int]) -> None:
        left = self._ids.difference(keys)
        if len(left) < len(self._ids):
            self._ids, self._steps, self._last, self._packed = set(), bytearray(), 0, None
            self.update(sorted(left))


def _step(difference: int) -> bytes:
    """A difference in as few bytes as it needs: seven bits each, the lowest first, the sign in the first."""
    number = difference << 1 if difference >= 0 else (-difference << 1) | 1
    step = bytearray()
    while number > 127:
        step.append(number & 127 | 128)
        number >>= 7
    step.append(number)
    return bytes(step)


def _from_steps(steps: bytes) -> Iterator[int]:
    key = number = shift = 0
    for byte in steps:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            key += -(number >> 1) if number & 1 else number >> 1
            if key <= 0:
                raise ValueError("not a packed set of ids")
            yield key
            number = shift = 0
    if shift:
        raise ValueError("not a packed set of ids")
