"""JSON of any shape: what stands at a path is an item, what stands below it and above it are its columns.

A document is cut into its items by its brackets and quotes alone, and each item is then read by itself. So a
row has its line, a broken one is refused and the file goes on, and one that is too long is passed over
without being kept.
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from sync2sys.readers import texts
from sync2sys.readers.ancestors import Ancestors
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
from sync2sys.readers.columns import readable
from sync2sys.readers.texts import Lines, LineTooLong, is_legible, is_whole

CHUNK = 64 * 1024
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
        #: the key of what is open instead of an item, and stands beside the path
        self._part: str | None = None
        self._above = Ancestors(len(self._path), limits)
        self.done = self._above.done

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
        if self._part is not None:
            self._check_depth(depth)
        return False

    def _end_item(self) -> None:
        line, limits = self._begin_line, self._limits
        refused = None
        if self._passing:
            refused = row_too_long(line, limits)
        elif self._deepest > limits.depth:
            refused = too_deep(line, limits)
        text = "" if refused else self._buffer[self._begin : self._at]
        if self._part is None:
            self._above.give(refused or parsed(line, text, limits))
        elif self._above.takes(self._part, line):
            self._above.add(self._part, refused or part(line, self._part, text, limits))
        self._begin, self._passing, self._part = -1, False, None

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
        """Whether something to be kept begins here: an item, or a part of what is above it.

        What is no object at the path is refused, and what is only a text above it noted at once.
        """
        if not self._is_value(sign):
            return False
        keys = self._place()
        is_item = len(keys) == len(self._path)
        if not all(wanted in (key, "*") for wanted, key in zip(self._path, keys, strict=False)):
            return self._begins_part(sign)
        if sign == "{" and is_item:
            self._begin_here()
            return True
        if is_item and sign not in ("[", "null"):
            self._count_lines()
            text = f"Here should be an object, and there is {begins(sign)}."
            self._above.give(Refused(self._line, "not_an_item", text))
        return False

    def _begins_part(self, sign: str) -> bool:
        key = self._key or ""
        if sign in "[{":
            self._begin_here()
            self._part = key
            return True
        self._count_lines()
        if self._above.takes(key, self._line):
            self._above.add(key, part(self._line, key, sign, self._limits))
        return False

    def _begin_here(self) -> None:
        self._count_lines()
        self._begin, self._begin_line, self._depth, self._deepest = self._at, self._line, 0, 0

    def _is_value(self, sign: str) -> bool:
        """Whether the sign is a value or the beginning of one."""
        return sign not in "]},:" and not (self._wants_key and sign[0] == '"')

    def _place(self) -> list[str]:
        """The keys that lead to the value that begins here."""
        keys = [key for _, key in self._open if key is not None]
        return keys if self._key is None else [*keys, self._key]

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
        if bracket == "{":
            is_member = any(each == "[" for each, _ in self._open) or "*" in self._path[: len(self._place())]
            self._above.open(is_one=not is_member)
        self._open.append((bracket, self._key))
        self._key, self._wants_key = None, bracket == "{"
        self._check_depth(len(self._open))

    def _check_depth(self, depth: int) -> None:
        if depth > 10 * self._limits.depth:
            raise Unreadable("FILE_TOO_DEEP", f"Lists are nested more than {depth - 1} deep.")

    def _leave(self, bracket: str) -> None:
        if not self._open or self._open[-1][0] != _CLOSES[bracket]:
            raise self._broken(f"{bracket} closes nothing")
        self._open.pop()
        if bracket == "}":
            self._above.close()
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
    value = _value(line, text, limits)
    if isinstance(value, Refused):
        return value
    if not isinstance(value, dict):
        return Refused(line, "not_an_item", f"Here should be an object, and there is {begins(text)}.")
    return _row(line, value, text, limits)


def part(line: int, key: str, text: str, limits: Limits) -> dict[str, list[str]] | Refused:
    """The texts in the JSON of what stands at a key beside the items, by their columns."""
    if "\0" in key or not is_whole(key):
        return unreadable_characters(line)
    value = _value(line, text, limits)
    return value if isinstance(value, Refused) else _found(line, {key: value}, text, limits)


def _value(line: int, text: str, limits: Limits) -> Any:
    """What the JSON says, or a Refused."""
    if "\0" in text:
        return nul(line)
    try:
        return _DECODER.decode(text)
    except RecursionError:
        return too_deep(line, limits)
    except ValueError as error:
        if not is_whole(text):
            return unreadable_characters(line, text)
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "not a value"
        return Refused(line, "not_json", f'The row is broken: {reason}. It begins: "{begins(text)}"')


def _row(line: int, value: dict[str, Any], text: str, limits: Limits) -> Read:
    found = _found(line, value, text, limits)
    if isinstance(found, Refused):
        return found
    joined = _joined(found)
    wrong = _objection(line, joined, limits)
    return replace(wrong, values=readable(joined.items())) if wrong else Row(line, joined)


def _joined(found: dict[str, list[str]]) -> dict[str, str]:
    return {column: "\n".join(filter(None, each)) for column, each in found.items()}


def _objection(line: int, joined: dict[str, str], limits: Limits) -> Refused | None:
    if any(len(column) > LONGEST_COLUMN for column in joined):
        return column_too_long(line)
    if len(joined) > limits.columns:
        return too_many_columns(line, limits)
    if any(len(each) > limits.cell_characters for each in joined.values()):
        return cell_too_long(line, limits)
    return None


def _found(line: int, value: Any, text: str, limits: Limits) -> dict[str, list[str]] | Refused:
    """All texts in an object that was written so, by their columns."""
    found: dict[str, list[str]] = {}
    if not _flatten(value, "", found, limits.depth):
        return too_deep(line, limits)
    # By an escape there may be characters that are not in the text as it stands there.
    everything = "\n".join(chain(found, *found.values())) if "\\u" in text else text
    if is_legible(everything):
        return found
    wrong = nul(line) if "\0" in everything else unreadable_characters(line, text)
    return replace(wrong, values=readable(_joined(found).items()))


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
        yield from cutter.done
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
