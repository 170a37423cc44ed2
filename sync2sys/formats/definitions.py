"""Checking what a merchant defines over the API: JSON in, checked values or `BadDefinition` out."""

import re
from collections.abc import Collection
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from sync2sys.formats.text import clean, shorten

#: Of one whole definition: levels of JSON, values in it, characters of all its texts.
DEEPEST, MOST_VALUES, MOST_TEXT = 32, 25_000, 500_000
#: Characters of a name: a column, an attribute, an option, a meta key.
LONGEST_NAME = 200

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,6})?").fullmatch


class BadDefinition(Exception):
    """A definition that cannot be used. `path`: where, as `then.0.truncate`, empty for all of it;
    `message`: a sentence that says what to do.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def below(path: str, key: str | int) -> str:
    """The path of what stands at `key` in the thing at `path`."""
    end = shown(str(key))
    return f"{path}.{end}" if path else end


def shown(text: str) -> str:
    """The text as sentences show it: one line, its beginning if it is long."""
    line = clean(text[:500])
    short = shorten(line, 60)
    return short if short == line and len(text) <= 500 else short + "…"


def quoted(text: str) -> str:
    """The text as sentences show it, in quotes."""
    return f'"{shown(text)}"'


def listed(names: Collection[str]) -> str:
    """`"a", "b"`: names as sentences show them, the first twenty."""
    ordered = sorted(names) if isinstance(names, set | frozenset) else list(names)
    first = ", ".join(map(quoted, ordered[:20]))
    return first + (", …" if len(names) > 20 else "")


def limit(spec: Any) -> None:
    """Refuses a definition that is too large, whatever it means. To be called before it is looked at."""
    values = text = 0
    waiting = [(spec, 1)]
    while waiting:
        found, depth = waiting.pop()
        values += 1
        if isinstance(found, str):
            text += len(found)
        elif isinstance(found, dict):
            text += sum(map(len, found))
            waiting += [(value, depth + 1) for value in found.values()]
        elif isinstance(found, list):
            waiting += [(value, depth + 1) for value in found]
        if depth > DEEPEST:
            raise BadDefinition("", f"This is nested too deeply. Keep to {DEEPEST} levels.")
        if values + len(waiting) > MOST_VALUES:
            raise BadDefinition("", f"This is too large. Keep to {MOST_VALUES} values in all.")
        if text > MOST_TEXT:
            raise BadDefinition("", f"This is too long. Keep to {MOST_TEXT} characters in all.")


def table(spec: Any, path: str) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(spec, dict):
        raise BadDefinition(path, "This should be an object, in braces.")
    return spec


def several(spec: Any, path: str, most: int, least: int = 1) -> list[Any]:
    """A JSON list of so many values."""
    if not isinstance(spec, list):
        raise BadDefinition(path, "This should be a list, in brackets.")
    if not least <= len(spec) <= most:
        allowed = f"{least} to {most}" if least < most else str(most)
        raise BadDefinition(path, f"This list has {len(spec)} entries. Give it {allowed}.")
    return spec


def text(spec: Any, path: str, longest: int, shortest: int = 1) -> str:
    """A text of so many characters."""
    if not isinstance(spec, str):
        raise BadDefinition(path, "This should be a text, in quotes.")
    if len(spec) < shortest:
        raise BadDefinition(path, "This text is empty. Write something into it.")
    if len(spec) > longest:
        raise BadDefinition(path, f"This text has {len(spec)} characters. Keep to {longest}.")
    return spec


def name(spec: Any, path: str) -> str:
    """A name, without blanks at its ends."""
    found = text(spec, path, LONGEST_NAME).strip()
    if not found:
        raise BadDefinition(path, "This name is blank. Write the name of something.")
    return found


def whole(spec: Any, path: str, least: int, most: int) -> int:
    """A whole number in this range."""
    if isinstance(spec, bool) or not isinstance(spec, int) or not least <= spec <= most:
        raise BadDefinition(path, f"This should be a whole number from {least} to {most}.")
    return spec


def number(spec: Any, path: str) -> Decimal:
    """An exact number, written as text or as a whole number."""
    if isinstance(spec, int) and not isinstance(spec, bool) and abs(spec) < 10**9:
        return Decimal(spec)
    if isinstance(spec, str) and _NUMBER(spec):
        return Decimal(spec)
    raise BadDefinition(path, 'This should be a number in quotes, as "1.50", with at most six decimals.')


def known(spec: Any, names: Collection[str], path: str, what: str) -> str:
    """One of these names; `what`: what they are, for the sentence that refuses another one."""
    if isinstance(spec, str) and spec in names:
        return spec
    if not isinstance(spec, str):
        raise BadDefinition(path, f"This should be a {what}: {listed(names)}.")
    near = get_close_matches(spec[:LONGEST_NAME], names, 1)
    hint = f"Did you mean {quoted(near[0])}?" if near else f"There are {listed(names)}."
    raise BadDefinition(path, f"There is no {what} {quoted(spec)}. {hint}")


def single(spec: Any, keys: Collection[str], path: str, what: str) -> str:
    """The one key out of `keys` that this object has."""
    given = [key for key in keys if key in table(spec, path)]
    if len(given) > 1:
        raise BadDefinition(path, f"Only one of {listed(given)} can be here. Remove the others.")
    if not given:
        for key in spec:
            known(key, keys, path, what)
        raise BadDefinition(path, f"A {what} is missing. There are {listed(keys)}.")
    return given[0]


def only(spec: dict[str, Any], keys: Collection[str], path: str) -> None:
    """Refuses an object with any other key."""
    for key in spec:
        if key not in keys:
            allowed = f"Here can only be {listed(keys)}." if keys else "Nothing can be here."
            raise BadDefinition(below(path, key), f"Remove this. {allowed}")
