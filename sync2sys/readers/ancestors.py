"""What stands above the items of a document and so belongs to each of them, as `../brand` or `../../@id`.

What comes before the items is known when they come. For what comes after them the rows of one ancestor are
held until it ends, which is for a product with its variants. An ancestor with more rows than may be held is
a list and no product; of it, and of what is there once in a document, counts what stands before the rows.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from sync2sys.readers.base import (
    LONGEST_COLUMN,
    LONGEST_TEXT,
    Limits,
    Read,
    Refused,
    Row,
    Unreadable,
    begins,
    row_too_long,
    too_many_columns,
)
from sync2sys.readers.columns import readable

#: Characters that a value counts for in addition to its own, so that very many empty ones count, too.
VALUE_COST = 16
#: What is wrong with a text and not only with its size.
_FAULTS = ("characters", "nul", "not_json")
#: Column -> texts.
Found = Mapping[str, list[str]]


class _Shared(NamedTuple):
    """What the rows below the same ancestors have from them."""

    values: dict[str, str]
    size: int
    fault: Refused | None


_NOTHING = _Shared({}, 0, None)


class _Ancestor:
    """One element or object with items somewhere below it."""

    def __init__(self, above: str, *, is_one: bool) -> None:
        #: the beginning of its columns' names
        self.above = above
        #: the only one of its kind, such as the root
        self.is_one = is_one
        #: nothing is added any more
        self.is_settled = False
        #: why its rows are refused
        self.fault: Refused | None = None
        #: part -> column -> texts; a part of which nothing is taken has none
        self.parts: dict[str, dict[str, list[str]]] = {}
        self._size = 0

    def add(self, name: str, found: Found | Refused, limits: Limits) -> None:
        if self.fault is not None or self.parts.get(name) == {} or not found:
            return
        if isinstance(found, Refused):
            if found.code in _FAULTS and not self.is_one:
                self._fail(found)
            else:
                self._leave_out(name)
            return
        part = self.parts.setdefault(name, {})
        for column, texts in found.items():
            part.setdefault(self.above + column, []).extend(texts)
            self._size += _size(texts)
        if not _is_small(part, limits):
            self._leave_out(name)
        if self._size > limits.row_characters:
            self._fail(row_too_long(0, limits))
        elif len(self.parts) > limits.columns:
            self._fail(too_many_columns(0, limits))

    def become_list(self) -> None:
        """Settle before the rows are all there: what very many share is short."""
        self.is_settled, self.fault = True, None
        self.parts = {name: part for name, part in self.parts.items() if _length(part) <= LONGEST_TEXT}

    def _leave_out(self, name: str) -> None:
        self._size -= sum(map(_size, self.parts.get(name, {}).values()))
        self.parts[name] = {}

    def _fail(self, fault: Refused) -> None:
        self.fault, self.parts = fault, {}


def _size(texts: list[str]) -> int:
    return sum(map(len, texts)) + VALUE_COST * len(texts)


def _length(part: Found) -> int:
    return sum(len(text) for texts in part.values() for text in texts)


def _is_small(part: Found, limits: Limits) -> bool:
    """Whether it is no list or document of its own."""
    return (
        sum(map(len, part.values())) <= limits.inherited_values
        and _length(part) <= min(limits.inherited_characters, limits.cell_characters)
        and max(map(len, part)) <= LONGEST_COLUMN
    )


class Ancestors:
    """The ancestors that are open, and the rows that wait for them. `done` has those that are complete."""

    def __init__(self, levels: int, limits: Limits) -> None:
        """`levels`: how many ancestors an item has."""
        self._levels, self._limits = levels, limits
        self.done: list[Read] = []
        #: from the outermost on
        self._open: tuple[_Ancestor, ...] = ()
        #: what the next row has from them; None: that is not known yet
        self._shared: _Shared | None = _NOTHING
        #: each with its size
        self._held: deque[tuple[Read, tuple[_Ancestor, ...], int]] = deque()
        self._held_size = self._given = 0
        #: level and name of parts that were taken, and of those that came too late
        self._taken: set[tuple[int, str]] = set()
        self._lost: set[tuple[int, str]] = set()

    def open(self, *, is_one: bool) -> None:
        """An ancestor begins. `is_one`: there is no other one of its kind in the document."""
        above = "../" * (self._levels - len(self._open))
        self._open = (*self._open, _Ancestor(above, is_one=is_one))
        self._shared = None

    def close(self) -> None:
        """The innermost ancestor ends."""
        self._open[-1].is_settled = True
        self._open = self._open[:-1]
        self._shared = None
        self._release()

    def takes(self, name: str, line: int) -> bool:
        """Whether a part of the innermost ancestor that begins here is not too late to be added."""
        ancestor, name = self._open[-1], name[: LONGEST_COLUMN + 1]
        if not ancestor.is_one:
            these, others = (self._lost, self._taken) if ancestor.is_settled else (self._taken, self._lost)
            kind = (len(self._open), name)
            if kind not in these and len(these) < self._limits.columns:
                these.add(kind)
                if kind in others:
                    self.give(_too_late(name, line, self._limits))
        return not ancestor.is_settled

    def add(self, name: str, found: Found | Refused) -> None:
        """Note a part of the innermost ancestor, with the texts in it by their columns."""
        self._open[-1].add(name[: LONGEST_COLUMN + 1], found, self._limits)

    def give(self, row: Read) -> None:
        """There is a row below the ancestors that are open."""
        if self._shared is not None:
            self.done.append(row if self._shared is _NOTHING else self._joined(row, self._shared))
            return
        for each in self._open:
            if each.is_one and not each.is_settled:
                each.become_list()
        size = _row_size(row)
        self._held.append((row, self._open, size))
        self._held_size += size
        self._release()
        while len(self._held) > self._limits.held_rows or self._held_size > self._limits.row_characters:
            next(each for each in self._open if not each.is_settled).become_list()
            self._release()

    def _release(self) -> None:
        """Lets go of rows of which all is known."""
        shared, above = None, None
        while self._held and _are_settled(self._held[0][1]):
            row, ancestors, size = self._held.popleft()
            self._held_size -= size
            # Rows below the same ancestors stand one after the other.
            if shared is None or ancestors is not above:
                shared, above = self._shared_by(ancestors), ancestors
            self.done.append(self._joined(row, shared))
        if not self._held and _are_settled(self._open):
            self._shared = shared if shared and above is self._open else self._shared_by(self._open)

    def _shared_by(self, ancestors: tuple[_Ancestor, ...]) -> _Shared:
        fault = next((each.fault for each in ancestors if each.fault is not None), None)
        values = {
            column: "\n".join(filter(None, texts))
            for ancestor in reversed(ancestors)
            for part in ancestor.parts.values()
            for column, texts in part.items()
        }
        size = sum(map(len, values.values()))
        if size > self._limits.row_characters:
            fault = fault or row_too_long(0, self._limits)
        return _Shared(values, size, fault) if values or fault else _NOTHING

    def _joined(self, row: Read, shared: _Shared) -> Read:
        """The row with what it has from above. One in which nothing stands has nothing."""
        if isinstance(row, Refused) or not row.values:
            return row
        if shared.fault is not None:
            return replace(shared.fault, line=row.line, values=readable(row.values.items()))
        values = row.values | shared.values
        if len(values) > self._limits.columns:
            return replace(too_many_columns(row.line, self._limits), values=readable(row.values.items()))
        self._given += shared.size
        if self._given > self._limits.inflated_bytes:
            raise Unreadable(
                "FILE_TOO_LARGE",
                "What stands above the items is too much to be that of each. Split the list.",
            )
        return Row(row.line, values)


def _are_settled(ancestors: tuple[_Ancestor, ...]) -> bool:
    return all(each.is_settled for each in ancestors)


def _row_size(row: Read) -> int:
    own = len(row.text) if isinstance(row, Refused) else 0
    return own + sum(map(len, row.values.values())) + VALUE_COST * len(row.values)


def _too_late(name: str, line: int, limits: Limits) -> Refused:
    text = (
        f"{begins(name)} stands behind more than {limits.held_rows:,} rows, which do not have it. Others do."
    )
    return Refused(line, "too_late", f"{text} Have it written before them.")
