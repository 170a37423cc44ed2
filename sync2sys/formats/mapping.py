"""Where a field of a feed takes its value from, as merchants define it: expressions in JSON.

An expression has one source and, under `then`, steps that change its text:

    {"field": "brand"}                              a column
    {"attribute": "Colour"}, {"option": "Size"}     by name, without regard to case
    {"meta": "_brand"}
    {"constant": "Acme"}
    {"template": "{brand} {title}[, {option:Size}]"}   see `templates`
    {"first": [expression, …]}                      the first of them that is not empty
    {"list": [expression, …]}                       all of them that are not empty

A field that takes several values gets each text of a list, or of a source that has several, as one of
them, and the steps change each. A field that takes one gets them with commas between.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from sync2sys.formats import campaigns, definitions, sources, steps, templates
from sync2sys.formats.definitions import BadDefinition, below, quoted
from sync2sys.formats.sources import Row, Scope
from sync2sys.formats.steps import Change, Step
from sync2sys.formats.text import shorten

#: Expressions one in another, in one list, and in all.
DEEPEST, MOST_ALTERNATIVES, MOST_LISTED, MOST_EXPRESSIONS = 5, 10, 30, 50
#: Characters of a constant, and of an expression in words.
LONGEST_CONSTANT, LONGEST_WORDS = 5_000, 300

KINDS = (*sources.KINDS, "constant", "template", "first", "list")
MAKERS = steps.MAKERS | {"campaign": campaigns.make}


class _Origin(NamedTuple):
    """An expression without its steps."""

    words: str
    read: Callable[[Row], str | None]
    #: what happens inside it, before its own value
    trace: Callable[[Row], list[Step]]
    #: its values, for a field that takes several; None: the one that it has
    texts: Callable[[Row], Sequence[str]] | None = None


class _Node(NamedTuple):
    """An expression that reads rows of a definition's columns."""

    origin: _Origin
    changes: list[Change]

    @property
    def words(self) -> str:
        return ", ".join((self.origin.words, *(change.words for change in self.changes)))

    def read(self, row: Row) -> str | None:
        value = self.origin.read(row)
        return steps.run(self.changes, value, row) if self.changes else value

    def texts(self, row: Row) -> list[str]:
        """Each of its values after all steps."""
        if self.origin.texts is None:
            value = self.read(row)
            return [] if value is None else [value]
        values = (steps.run(self.changes, steps.kept(text), row) for text in self.origin.texts(row))
        return [value for value in values if value is not None]

    def trace(self, row: Row) -> list[Step]:
        value = self.origin.read(row)
        found = Step(self.origin.words, None, value)
        return [*self.origin.trace(row), found, *steps.trace(self.changes, value, row)]


class Expression:
    """Where a value comes from. Reads any item without raising, in bounded time and memory."""

    def __init__(self, node: _Node, columns: tuple[str, ...]) -> None:
        self._node = node
        #: the columns it reads; what `read` and `trace` are given, in this order
        self.columns = columns
        #: all of it, in one line
        self.words = shorten(node.words, LONGEST_WORDS)

    def read(self, *columns: Any) -> str | None:
        """The value, never blank and never longer than `sources.LONGEST`, or None."""
        return self._node.read(columns)

    def texts(self, *columns: Any) -> Sequence[str]:
        """The values of a field that takes several; each as `read` gives one."""
        return self._node.texts(columns)

    def trace(self, *columns: Any) -> list[Step]:
        """How the value comes about: what was found and what each step made of it."""
        return self._node.trace(columns)


def parse(spec: Any, columns: Collection[str]) -> Expression:
    """The expression of this definition; `columns`: those it may read. Raises `BadDefinition`."""
    definitions.limit(spec)
    parser = _Parser(Scope(columns))
    node = parser.node(spec, "", 1)
    return Expression(node, tuple(parser.scope.read))


class _Parser:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.expressions = 0

    def node(self, spec: Any, path: str, depth: int) -> _Node:
        self.expressions += 1
        if depth > DEEPEST:
            raise BadDefinition(path, f"This is nested too deeply. Keep to {DEEPEST} levels.")
        if self.expressions > MOST_EXPRESSIONS:
            raise BadDefinition(path, f"These are too many expressions. Keep to {MOST_EXPRESSIONS}.")
        kind = definitions.single(spec, KINDS, path, "source")
        definitions.only(spec, (kind, "then"), path)
        origin = self._origin(kind, spec[kind], below(path, kind), depth)
        return _Node(origin, steps.parse(spec.get("then", []), self.scope, below(path, "then"), MAKERS))

    def _origin(self, kind: str, spec: Any, path: str, depth: int) -> _Origin:
        if kind == "constant":
            return _constant(spec, path)
        if kind == "template":
            template = templates.parse(spec, self.scope, path)
            return _Origin(f"template {quoted(spec)}", template.read, template.trace)
        if kind in ("first", "list"):
            found = definitions.several(spec, path, MOST_ALTERNATIVES if kind == "first" else MOST_LISTED)
            nodes = [self.node(each, below(path, no), depth + 1) for no, each in enumerate(found)]
            return _first(nodes) if kind == "first" else _list(nodes)
        source = sources.find(kind, spec, self.scope, path)
        texts = source.texts if source.many else None
        return _Origin(source.words, templates.value_of(source), lambda row: [], texts)


def _constant(spec: Any, path: str) -> _Origin:
    value = definitions.text(spec, path, LONGEST_CONSTANT)
    if value.isspace():
        raise BadDefinition(path, "This text is blank. Write something into it.")
    return _Origin(quoted(value), lambda row: value, lambda row: [])


def _first(nodes: list[_Node]) -> _Origin:
    def read(row: Row) -> str | None:
        for node in nodes:
            value = node.read(row)
            if value is not None:
                return value
        return None

    def trace(row: Row) -> list[Step]:
        done: list[Step] = []
        for node in nodes:
            done += node.trace(row)
            if done[-1].after is not None:
                break
        return done

    def texts(row: Row) -> list[str]:
        return next(filter(None, (node.texts(row) for node in nodes)), [])

    return _Origin(f"first of ({_told(nodes)})", read, trace, texts)


def _list(nodes: list[_Node]) -> _Origin:
    def texts(row: Row) -> list[str]:
        return [text for node in nodes for text in node.texts(row)]

    def read(row: Row) -> str | None:
        return steps.kept(", ".join(texts(row)))

    def trace(row: Row) -> list[Step]:
        return [step for node in nodes for step in node.trace(row)]

    return _Origin(f"list of ({_told(nodes)})", read, trace, texts)


def _told(nodes: list[_Node]) -> str:
    return "; ".join(node.words for node in nodes)
