"""Texts with named parts: `{brand} {title|truncate:40}[, {option:Size}]`.

A part in braces is a field or `attribute:`, `option:` or `meta:` with a name, and steps after bars:
lower, upper, title, sentence, strip_html, truncate:40, add:1.50, multiply:1.19, round:0.05, ending:0.99.
What stands in brackets is left out when a part inside is empty. A brace or bracket that is meant as
such is doubled; doubled ones are read first, from left to right. There is nothing else: no
expressions, no access to anything that is not a column.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sync2sys.formats import definitions, sources, steps
from sync2sys.formats.definitions import BadDefinition, quoted
from sync2sys.formats.sources import OBJECTS, Row, Scope
from sync2sys.formats.steps import Change, Step

#: Characters of a template, and parts in it.
LONGEST, MOST_PARTS = 2_000, 50

_PIECES = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{[^{}]*\}|[\[\]{}]|[^\[\]{}]+")
_DOUBLED = {"{{": "{", "}}": "}", "[[": "[", "]]": "]"}
_STRAY = {
    "{": "A { is not closed. Close it by }, or write {{ for the brace itself.",
    "}": "A } has no {. Write }} for the brace itself.",
    "]": "A ] has no [. Write ]] for the bracket itself.",
}
_BLANKS = re.compile(" {2,}")


class Part(NamedTuple):
    """What stands in braces."""

    words: str
    read: Callable[[Row], str | None]
    changes: tuple[Change, ...]

    def filled(self, row: Row) -> str | None:
        """The part's text, or None where it is empty."""
        value = self.read(row)
        return steps.run(self.changes, value, row) if self.changes else value


#: Fixed texts and parts in their order.
Pieces = tuple[str | Part, ...]


class Template:
    """A template made ready."""

    def __init__(self, runs: list[tuple[Pieces, bool]]) -> None:
        #: each run of pieces, and whether it stands in brackets
        self._runs = runs
        self.parts = [piece for pieces, _ in runs for piece in pieces if isinstance(piece, Part)]
        self._any_free = any(_has_part(pieces) for pieces, optional in runs if not optional)

    def read(self, row: Row) -> str | None:
        """The text; None where all parts outside brackets are empty, or without any there, all inside."""
        told: list[str] = []
        filled, gaps = not self.parts, False
        for pieces, optional in self._runs:
            texts = [piece if isinstance(piece, str) else piece.filled(row) for piece in pieces]
            whole = None not in texts
            if optional and not whole:
                continue
            gaps = gaps or not whole
            filled = filled or self._fills(pieces, texts, optional)
            told += filter(None, texts)
        if not filled:
            return None
        text = "".join(told).strip()
        return steps.kept(_BLANKS.sub(" ", text) if gaps else text)

    def _fills(self, pieces: Pieces, texts: list[str | None], optional: bool) -> bool:
        """Whether what this run tells is reason enough to tell anything."""
        if optional:
            return not self._any_free
        return any(text for piece, text in zip(pieces, texts, strict=True) if isinstance(piece, Part))

    def trace(self, row: Row) -> list[Step]:
        """What the steps inside the parts do."""
        return [
            Step(f"{part.words}: {step.what}", step.before, step.after)
            for part in self.parts
            if part.changes
            for step in steps.trace(part.changes, part.read(row), row)
        ]


def _has_part(pieces: Pieces) -> bool:
    return any(isinstance(piece, Part) for piece in pieces)


def parse(spec: Any, scope: Scope, path: str) -> Template:
    """A template that has at least one part."""
    template = parse_text(spec, scope, path)
    if not template.parts:
        raise BadDefinition(path, 'This has no part in braces, as {title}. Use "constant" for a fixed text.')
    return template


def parse_text(spec: Any, scope: Scope, path: str) -> Template:
    """A template that may be a fixed text."""
    text = definitions.text(spec, path, LONGEST)
    template = Template(list(_runs(text, scope, path)))
    if len(template.parts) > MOST_PARTS:
        raise BadDefinition(path, f"This has {len(template.parts)} parts. Keep to {MOST_PARTS}.")
    return template


def _runs(text: str, scope: Scope, path: str) -> Iterator[tuple[Pieces, bool]]:
    pieces: list[str | Part] = []
    optional = False
    for piece in _PIECES.findall(text):
        if piece in _DOUBLED:
            pieces.append(_DOUBLED[piece])
        elif piece == "[" and optional:
            raise BadDefinition(path, "A [ stands inside brackets. Close the first by ], or write [[.")
        elif piece == "[" or (piece == "]" and optional):
            if optional and not _has_part(tuple(pieces)):
                raise BadDefinition(path, "These brackets hold no part in braces. Remove or double them.")
            yield tuple(pieces), optional
            pieces, optional = [], piece == "["
        elif piece in _STRAY:
            raise BadDefinition(path, _STRAY[piece])
        else:
            pieces.append(_part(piece[1:-1], scope, path) if piece[0] == "{" else piece)
    if optional:
        raise BadDefinition(path, "A [ is not closed. Close it by ], or write [[ for the bracket itself.")
    yield tuple(pieces), False


def _part(text: str, scope: Scope, path: str) -> Part:
    named, *pipes = text.split("|")
    kind, colon, name = named.partition(":")
    kind = kind.strip()
    if not colon:
        kind, name = "field", named
    elif kind not in OBJECTS:
        kinds = definitions.listed(OBJECTS)
        raise BadDefinition(
            path, f"{{{definitions.shown(text)}}} is not known. Before a colon can only stand {kinds}."
        )
    if not name.strip():
        raise BadDefinition(path, "There is nothing in a pair of braces. Write the name of a field there.")
    source = sources.find(kind, name, scope, path)
    changes = tuple(_pipe(pipe, scope, path) for pipe in pipes[: steps.MOST_STEPS + 1])
    if len(changes) > steps.MOST_STEPS:
        raise BadDefinition(path, f"A part has too many steps. Keep to {steps.MOST_STEPS}.")
    return Part(source.words, value_of(source), changes)


def value_of(source: sources.Source) -> Callable[[Row], str | None]:
    """A reader of all texts of a source as one."""
    texts = source.texts
    if source.many:
        return lambda row: steps.kept(", ".join(texts(row)))
    return lambda row: next(map(steps.kept, texts(row)), None)


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text


#: The name of each step that can stand after a bar -> its definition, given what follows the colon.
_PIPES: dict[str, Callable[[str], dict[str, Any]]] = {
    "lower": lambda given: {"case": "lower"},
    "upper": lambda given: {"case": "upper"},
    "title": lambda given: {"case": "title"},
    "sentence": lambda given: {"case": "sentence"},
    "strip_html": lambda given: {"strip_html": True},
    "truncate": lambda given: {"truncate": _whole(given)},
    "add": lambda given: {"add": given},
    "multiply": lambda given: {"multiply": given},
    "round": lambda given: {"round": {"to": given}},
    "ending": lambda given: {"round": {"ending": given}},
}
_WITHOUT_VALUE = frozenset(("lower", "upper", "title", "sentence", "strip_html"))


def _pipe(text: str, scope: Scope, path: str) -> Change:
    name, colon, given = (each.strip() for each in text.partition(":"))
    definitions.known(name, _PIPES, path, "step in braces")
    if colon and name in _WITHOUT_VALUE:
        raise BadDefinition(path, f"Nothing can follow {quoted(name)} here. Remove the colon and the rest.")
    try:
        return steps.parse_step(_PIPES[name](given), scope, path, steps.MAKERS)
    except BadDefinition as bad:
        raise BadDefinition(path, f"{quoted('|' + text)} cannot be used. {bad.message}") from None
