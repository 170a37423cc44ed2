"""JSON of any shape: what stands at a path is an item, what stands below it are its columns.

A document is cut into its items by its brackets and quotes alone, and each item is then read by itself. So a
row has its line, a broken one is refused and the file goes on, and one that is too long is passed over
without being kept.
"""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

from sync2sys.readers import texts
from sync2sys.readers.base import (
    LONGEST_COLUMN,
    Limits,
    Read,
    Refused,
    Row,
    Shape,
    Unreadable,
    begins,
    cell_too_long,
    column_too_long,
    nul,
    row_too_long,
    too_deep,
    too_many_columns,
    unreadable_characters,
)
from sync2sys.readers.texts import Lines, LineTooLong, is_whole

CHUNK = 256 * 1024
_STRING_BODY = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
#: All that has a meaning outside of items; a quote alone is a text that is not complete yet.
_TOKEN = re.compile(rf'"{_STRING_BODY}"|[\[\]{{}},:"]|[^\s\[\]{{}},:"]+', re.S)
#: All that has a meaning inside of them.
_BRACKET = re.compile(rf'"{_STRING_BODY}"|[\[\]{{}}"]', re.S)
_BODY = re.compile(_STRING_BODY, re.S)
#: Numbers stay as they are written: 19.90 is not 19.9, and a GTIN is no float.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
_CLOSES = {"]": "[", "}": "{"}


class Cutter:
    """Finds the items of a document while it is fed."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path = path.split("/") if path else []
        self._limits = limits
        self._buffer = ""
        self._at = 0
        self._line = 1
        #: where the line was counted up to
        self._counted = 0
        #: open brackets outside of items, and the key that each stands at
        self._open: list[tuple[str, str | None]] = []
        self._key: str | None = None
        self._wants_key = False
        #: of the item that is open: where it begins, how deep we are in it, its line
        self._begin = -1
        self._depth = self._deepest = self._begin_line = 0
        #: an item of which nothing is kept, for it is too long
        self._passing = False
        self._in_text = False
        self.done: list[tuple[int, str | Refused]] = []

    def feed(self, piece: str) -> None:
        """Finds what it can in the text so far."""
        self._buffer += piece
        while self._step():
            pass
        self._forget()

    def finish(self) -> None:
        """Raises Unreadable if the document is not complete."""
        if self._buffer.strip() and not self._open and self._begin < 0:
            raise self._broken(f"there is {begins(self._buffer)}")
        if self._open or self._begin >= 0 or self._passing or self._in_text:
            raise Unreadable(
                "FILE_TRUNCATED", f"The JSON ends early, in line {self._line}. Download or export it again."
            )

    def _step(self) -> bool:
        """Goes on by one run of signs; False where more text is needed."""
        if self._in_text and not self._leave_text():
            return False
        return self._inside() if self._begin >= 0 or self._passing else self._outside()

    def _leave_text(self) -> bool:
        """Passes over the rest of a text that is not kept."""
        found = _BODY.match(self._buffer, self._at)
        assert found is not None
        self._at = found.end()
        if self._buffer[self._at : self._at + 1] != '"':
            return False
        self._at += 1
        self._in_text = False
        return True

    def _inside(self) -> bool:
        """Looks for the end of the item."""
        depth, deepest = self._depth, self._deepest
        for found in _BRACKET.finditer(self._buffer, self._at):
            sign = found[0]
            if sign in "[{":
                depth += 1
                deepest = max(deepest, depth)
            elif sign in "]}":
                depth -= 1
                if depth == 0:
                    self._at, self._depth, self._deepest = found.end(), 0, deepest
                    self._end_item()
                    return True
            elif sign == '"':
                self._at, self._depth, self._deepest = found.start(), depth, deepest
                return False
        self._at, self._depth, self._deepest = len(self._buffer), depth, deepest
        return False

    def _end_item(self) -> None:
        line = self._begin_line
        if self._passing:
            self.done.append((line, row_too_long(line, self._limits)))
        elif self._deepest > self._limits.depth:
            self.done.append((line, too_deep(line, self._limits)))
        else:
            self.done.append((line, self._buffer[self._begin : self._at]))
        self._begin, self._passing = -1, False

    def _outside(self) -> bool:
        """Goes on to the next item."""
        for found in _TOKEN.finditer(self._buffer, self._at):
            sign = found[0]
            if found.end() == len(self._buffer) and sign[0] not in '[]{},:"':
                break  # it may go on in the next piece
            if sign == '"':
                break
            self._at = found.start()
            if self._begins_item(sign):
                return True
            self._at = found.end()
            self._note(sign)
        else:
            self._at = len(self._buffer)
            return False
        self._at = found.start()
        return False

    def _begins_item(self, sign: str) -> bool:
        """Whether a value begins here that stands at the path; then it is open, or refused."""
        if not self._is_value(sign) or not self._is_at_path():
            return False
        if sign == "{":
            self._count_lines()
            self._begin, self._begin_line, self._depth, self._deepest = self._at, self._line, 0, 0
            return True
        if sign == "[" or sign == "null":
            return False
        self._count_lines()
        text = f"Here should be an object, and there is {begins(sign)}."
        self.done.append((self._line, Refused(self._line, "not_an_item", text)))
        return False

    def _is_value(self, sign: str) -> bool:
        """Whether the sign is a value or the beginning of one."""
        return sign not in "]},:" and not (self._wants_key and sign[0] == '"')

    def _place(self) -> list[str]:
        """The keys that lead to the value that begins here."""
        keys = [key for _, key in self._open if key is not None]
        return keys if self._key is None else [*keys, self._key]

    def _is_at_path(self) -> bool:
        keys = self._place()
        return len(keys) == len(self._path) and all(
            wanted in (key, "*") for wanted, key in zip(self._path, keys, strict=True)
        )

    def _note(self, sign: str) -> None:
        """Follows one sign outside of items."""
        if sign in "[{":
            self._enter(sign)
        elif sign in "]}":
            self._leave(sign)
        elif sign == ",":
            self._key = None
            self._wants_key = bool(self._open) and self._open[-1][0] == "{"
        elif sign == ":":
            self._wants_key = False
        elif self._wants_key:
            self._key = _text_of(sign)
        elif not self._open:
            raise self._broken(f"there is {begins(sign)}")

    def _enter(self, bracket: str) -> None:
        self._open.append((bracket, self._key))
        self._key, self._wants_key = None, bracket == "{"
        if len(self._open) > 10 * self._limits.depth:
            raise Unreadable("FILE_TOO_DEEP", f"Lists are nested more than {len(self._open) - 1} deep.")

    def _leave(self, bracket: str) -> None:
        if not self._open or self._open[-1][0] != _CLOSES[bracket]:
            raise self._broken(f"{bracket} closes nothing")
        self._open.pop()
        self._key, self._wants_key = None, False

    def _broken(self, what: str) -> Unreadable:
        self._count_lines()
        return Unreadable("FILE_NOT_JSON", f"The JSON is broken in line {self._line}: {what}.")

    def _count_lines(self) -> None:
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at

    def _forget(self) -> None:
        """Lets go of text that was read, and of an item or a text that became too long."""
        waiting = len(self._buffer) - (self._begin if self._begin >= 0 else self._at)
        if waiting > self._limits.row_characters:
            self._pass_over()
        keep = self._begin if self._begin >= 0 else self._at
        self._count_lines()
        # An unfinished item is counted up to where we are, which is beyond its beginning.
        self._buffer = self._buffer[keep:]
        self._at -= keep
        self._counted -= keep
        if self._begin >= 0:
            self._begin = 0

    def _pass_over(self) -> None:
        if self._begin < 0 and not self._passing:
            raise Unreadable("FILE_NOT_JSON", f"A text near line {self._line} does not end.")
        self._begin, self._passing = -1, True
        if self._buffer[self._at : self._at + 1] == '"':
            self._in_text = True
            self._at += 1
            self._leave_text()


def _text_of(sign: str) -> str:
    try:
        return str(_DECODER.decode(sign))
    except ValueError:
        return sign


def parsed(line: int, text: str, limits: Limits) -> Read:
    """The row of an item's JSON."""
    if not is_whole(text):
        return unreadable_characters(line, text)
    if "\0" in text:
        return nul(line)
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        return too_deep(line, limits)
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "not a value"
        return Refused(line, "not_json", f'The row is broken: {reason}. It begins: "{begins(text)}"')
    if not isinstance(value, dict):
        return Refused(line, "not_an_item", f"Here should be an object, and there is {begins(text)}.")
    return _row(line, value, limits)


def _row(line: int, value: dict[str, Any], limits: Limits) -> Read:
    found: dict[str, list[str]] = {}
    if not _flatten(value, "", found, limits.depth):
        return too_deep(line, limits)
    if any(len(column) > LONGEST_COLUMN for column in found):
        return column_too_long(line)
    if len(found) > limits.columns:
        return too_many_columns(line, limits)
    joined = {column: "\n".join(filter(None, each)) for column, each in found.items()}
    if any(len(each) > limits.cell_characters for each in joined.values()):
        return cell_too_long(line, limits)
    for each in (*joined, *joined.values()):
        if "\0" in each:
            return nul(line)
        if not is_whole(each):
            return unreadable_characters(line)
    return Row(line, joined)


def _flatten(value: Any, column: str, found: dict[str, list[str]], depth: int) -> bool:
    """Notes the texts in a value by their columns; False if it is too deep.

    Names that are too long are cut, but not so far that they would pass.
    """
    if isinstance(value, dict):
        prefix = f"{column[:LONGEST_COLUMN]}/" if column else ""
        return depth > 0 and all(
            _flatten(each, prefix + key[: LONGEST_COLUMN + 1], found, depth - 1)
            for key, each in value.items()
        )
    if isinstance(value, list):
        return depth > 0 and all(_flatten(each, column, found, depth - 1) for each in value)
    if value is not None:
        text = value.strip() if isinstance(value, str) else "true" if value else "false"
        found.setdefault(column, []).append(text)
    return True


def rows(stream: io.BufferedReader, shape: Shape, limits: Limits) -> Iterator[Read]:
    """The items of a document, one by one."""
    texts.refuse_html(stream.peek(texts.HEAD))
    wrapped = texts.text(stream, shape.encoding)
    cutter = Cutter(shape.item_path, limits)
    while piece := wrapped.read(CHUNK):
        cutter.feed(piece)
        for line, item in cutter.done:
            yield item if isinstance(item, Refused) else parsed(line, item, limits)
        cutter.done.clear()
    cutter.finish()


def line_rows(stream: io.BufferedReader, shape: Shape, limits: Limits) -> Iterator[Read]:
    """The items of JSON lines: one a line."""
    texts.refuse_html(stream.peek(texts.HEAD))
    lines = Lines(texts.text(stream, shape.encoding), limits)
    while True:
        number = lines.begin()
        try:
            line = next(lines)
        except StopIteration:
            return
        except LineTooLong:
            yield row_too_long(number, limits)
            continue
        if line.strip():
            yield parsed(number, line.strip(), limits)
