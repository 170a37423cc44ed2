"""The walk over a shop's list that changes under our feet.

A list sorted by id is read in windows, each beginning with the last id of the one before. The shop has no
"ids greater than", only positions, and a delete moves everything behind it one place forward. But a window is
one moment's view of adjoining entries: if it holds an id that is not beyond the last one seen, then nothing
that existed lies between that and its end unseen. If it begins beyond, something moved, and the walk steps
back until a window joins on. So whatever existed during the whole walk is seen.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Self

from sync2sys.errors import StoreBusy, StoreGarbled

#: entries that WooCommerce lists at a time
MOST = 100
#: windows in a row that may show nothing before the total is not believed
BLANK = 20


@dataclass(frozen=True, slots=True)
class Window:
    offset: int
    size: int
    #: the number of the page that it is, where the shop takes no notice of offsets
    page: int | None = None

    @property
    def end(self) -> int:
        return self.offset + self.size

    def pairs(self) -> list[tuple[str, str]]:
        place = ("offset", str(self.offset)) if self.page is None else ("page", str(self.page))
        return [("per_page", str(self.size)), place, ("orderby", "id"), ("order", "asc")]


@dataclass(slots=True)
class Walk:
    """Where a walk stands. It begins anew from what `state` gives."""

    #: how many entries a window holds now, and how many it may
    size: int = MOST
    full: int = MOST
    #: the position of the last entry seen
    offset: int = 0
    last: int = 0
    total: int | None = None
    ended: bool = False
    #: windows taken in, and all that were asked for
    done: int = 0
    asked: int = 0
    #: nothing was seen to change on the way
    steady: bool = True
    #: the shop does not sort by id: then only counting in the end tells whether all was seen
    unsorted: bool = False
    #: places in windows that showed nothing: entries that are counted, but cannot be loaded
    short: int = 0
    #: so many of them in a row that no window can join on, and empty windows in a row
    blind: bool = False
    blank: int = 0
    #: whether the shop heeds offsets, and how often that looked doubtful
    heeded: bool = False
    doubts: int = 0
    by_page: bool = False
    #: how far the last step back went
    back: int = 0
    #: windows that proved too much for the shop, and smaller ones since that did not
    strikes: int = 0
    calm: int = 0

    def state(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def resumed(cls, state: dict[str, Any]) -> Self:
        """Raises ValueError for what is no state."""
        names = {each.name for each in fields(cls)}
        if not isinstance(state, dict) or set(state) != names:
            raise ValueError("not the state of a walk")
        if not all(isinstance(value, int) for name, value in state.items() if name != "total"):
            raise ValueError("not the state of a walk")
        return cls(**state)

    @property
    def left(self) -> int:
        """How many more windows it will probably take."""
        if self.ended or self.total is None:
            return 0
        return max(1, -(-(self.total - self.offset - 1) // max(1, self.size - 1)))

    def window(self, before: Window | None = None) -> Window | None:
        """The next window, or the one that will follow `before` if all goes well; None past the end."""
        if self.ended:
            return None
        if before is None:
            return self._at(self.offset)
        if self.total is None or before.end >= self.total:
            return None
        return self._at(before.end - 1)

    def _at(self, offset: int) -> Window:
        if not self.by_page:
            return Window(offset, self.size)
        # Pages of one size do not overlap. Of several sizes, one has a page around here that reaches far.
        sizes = range(max(2, self.size // 2), min(MOST, self.size + 8) + 1)
        size = max(sizes, key=lambda size: size - offset % size)
        return Window(offset // size * size, size, offset // size + 1)

    def accept(self, window: Window, ids: Sequence[int], total: int) -> bool:
        """Take in what a window showed. False if it does not join on to what was seen: then ask again.

        Raises StoreBusy when the list never comes to rest, StoreGarbled when its total cannot be true.
        """
        self.asked += 1
        if self.asked > 100 + 10 * max(total, self.total or 0) // max(1, self.size - 1):
            raise StoreBusy("The shop's products change faster than they can be read.")
        if window.offset and not ids and total <= window.offset:
            self._step_back(window, 0)  # past the end, where the shop may give any total
            return False
        dropped = (self.total or total) - total
        self._note(ids, total)
        if window.offset and ids and not self.unsorted and not self._joins_on(window, ids, dropped):
            return False
        self._advance(window, ids, total)
        return True

    def _note(self, ids: Sequence[int], total: int) -> None:
        self.unsorted = self.unsorted or not all(one < two for one, two in pairwise(ids))
        self.steady = self.steady and self.total in (None, total)
        self.total = total

    def _joins_on(self, window: Window, ids: Sequence[int], dropped: int) -> bool:
        if not self.by_page and not self._heeds(ids):
            return False
        if min(ids) > self.last and not self.blind:
            self._step_back(window, dropped)
            return False
        return True

    def _heeds(self, ids: Sequence[int]) -> bool:
        """Whether the shop takes notice of offsets: the second window then begins where the first one ended.

        If it does not even after a second look at the first one, the list is read by pages.
        """
        self.heeded = self.heeded or ids[0] == self.last
        if not self.heeded:
            self.doubts += 1
            self.by_page = self.doubts > 1
            self.offset = 0
        return self.heeded

    def _step_back(self, window: Window, dropped: int) -> None:
        if window.offset > self.offset and not self.by_page:
            return  # asked for ahead, from a place that turned out to be too far
        self.steady = False
        self.back = max(1, 2 * self.back, dropped)
        self.offset = max(0, window.offset - self.back)

    def _advance(self, window: Window, ids: Sequence[int], total: int) -> None:
        self.last = max(self.last, *ids, 0)
        self.short += max(0, min(window.size, total - window.offset) - len(ids))
        self.blank = 0 if ids else self.blank + 1
        if self.blank > BLANK:
            raise StoreGarbled(f"The shop counts {total} products or variations, but shows far fewer.")
        self.back = 0
        self.done += 1
        self.ended = window.end >= total
        # With entries that are not shown, this is a place before the last one seen, not behind it.
        beyond = window.offset + len(ids) - 1
        self.blind = beyond <= self.offset and not self.ended and window.end - 1 > self.offset
        self.steady = self.steady and not self.blind
        self.offset = window.end - 1 if self.blind else max(beyond, 0)
        self._recover()

    def _recover(self) -> None:
        if self.size < self.full:
            self.calm += 1
            if self.calm >= 5 * self.strikes:
                self.size, self.calm = self.full, 0

    @property
    def can_shrink(self) -> bool:
        return bool(self._smaller())

    def _smaller(self) -> list[int]:
        return [size for size in (2 * self.full // 5, self.full // 10) if 2 <= size < self.size]

    def shrink(self) -> bool:
        """Ask for less after a window was too much, for once may be chance. False if it is little already."""
        self.strikes += 1
        self.calm = 0
        smaller = self._smaller()
        if self.strikes > 1 and smaller:
            self.size = smaller[0]
        return bool(smaller)
