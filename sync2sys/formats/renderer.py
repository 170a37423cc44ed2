"""Items in, bytes out: a format bound to one feed at one moment.

The fields stay data; what runs for each item is one function made from them, because calling into a
list of objects for every field takes longer than the rules themselves.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from sync2sys.formats import issues, money, sales
from sync2sys.formats.base import Checked, Context, Doubt, Field, Format, Item, Missing, Reader, Value, Writer
from sync2sys.formats.issues import Issue
from sync2sys.formats.latest import latest

#: Columns that few different values fill. What depends on nothing else is written once and kept.
REPEATING = frozenset(
    (
        "availability",
        "brand",
        "categories",
        "currency",
        "options",
        "quantity",
        "tags",
        "weight",
        "weight_unit",
    )
)
T = TypeVar("T", bound=Iterable[Any])

#: What is long, and mostly the same for all variants of a product, which stand together.
SHARED = ("description",)
#: How many written values each group of fields keeps.
KEPT = 2048

Notes = tuple[str, ...]


class Line(NamedTuple):
    """What became of one field of one item, for the owner to see."""

    field: Field
    value: Value
    #: the field's rule in words
    rule: str


class Chunk(NamedTuple):
    """Neighbouring items, rendered."""

    text: bytes
    #: the items that are left out
    left_out: list[Any]
    #: key -> what is to be said about a published item, for those about which there is something
    notes: dict[str, list[str]]


class Renderer:
    """Makes the bytes of one feed. Equal items, context and phases make equal bytes.

    An item is left out by `chunk` and `render` without a word; `reasons` then tells why, which costs
    more and few items need.
    """

    def __init__(self, format: Format, context: Context) -> None:
        self.format = format
        self.context = context
        #: stands between two chunks that are not empty
        self.separator = format.syntax.separator
        self._parts = [_Part(field, context, format.syntax.writer(field)) for field in format.fields]
        self._write = _compiled(format, self._parts)

    def prologue(self) -> bytes:
        """All that stands before the first item."""
        return self.format.syntax.prologue(self.context, self.format.version, self.format.fields)

    def epilogue(self) -> bytes:
        """All that stands behind the last item."""
        return self.format.syntax.epilogue()

    def render(self, item: Iterable[Any]) -> bytes | None:
        """The bytes of one item, or None where it is left out."""
        text, _ = self._write(*item)
        return None if text is None else text.encode()

    def chunk(self, items: Iterable[Any]) -> Chunk:
        """Render neighbouring items."""
        texts, left_out, noted, write = [], [], {}, self._write
        for item in items:
            text, notes = write(*item)
            if text is None:
                left_out.append(item)
            else:
                texts.append(text)
                if notes:
                    noted[item[0]] = notes
        return Chunk(self.separator.decode().join(texts).encode(), left_out, noted)

    def reasons(self, item: Any) -> list[str]:
        """Why an item is left out, all reasons; empty for one that is not.

        not_published (the product), variant_not_published, not_purchasable, no_price, no_currency,
        missing:FIELD for each other required field without a usable value.
        """
        missing = [
            issues.note("missing", part.field)
            for part in self._parts
            if part.field.required and "price" not in part.field.source
            if part.read(*(getattr(item, column) for column in part.field.source)) is None
        ]
        return _reasons_of_item(item) + missing

    def issues(self, item: Any) -> list[Issue]:
        """All that is to be said about an item: errors, which leave it out, before warnings."""
        found = [issues.of_item(code) for code in _reasons_of_item(item)]
        for part in self._parts:
            columns = [getattr(item, column) for column in part.field.source]
            code = part.code(part.read(*columns), columns)
            is_told = code is None or (part.field.required and "price" in part.field.source)
            if code is not None and not is_told:
                found.append(issues.of_field(code, part.field, columns[0] if columns else None))
        return sorted(found, key=lambda issue: issue.severity)

    def explain(self, item: Any) -> list[Line]:
        """Every field of the format with this item's value, also of an item that is left out."""
        return [
            Line(
                part.field,
                part.read(*(getattr(item, column) for column in part.field.source)),
                issues.in_words(part.field),
            )
            for part in self._parts
        ]

    def phase(self, item: Any) -> int:
        """The clock-dependent state of an item, part of what its bytes are made from; see `sales`."""
        return sales.phase(item, self.context.now)

    def next_change(self, item: Any) -> datetime | None:
        """When the clock next changes the phase of this item, or None if it never will."""
        return sales.next_change(item, self.context.now)


def _reasons_of_item(item: Any) -> list[str]:
    # Any currency will do to see whether there is a price.
    currency = item.currency if money.is_currency(item.currency) else "EUR"
    applying = {
        "not_published": not item.product_published,
        "variant_not_published": not item.variant_published,
        "not_purchasable": not item.purchasable,
        "no_currency": currency != item.currency,
        "no_price": money.amount(item.price, currency) is None,
    }
    return [reason for reason, applies in applying.items() if applies]


class _Part:
    """A field made ready for one feed: how it is read and written, and what can be said about it."""

    def __init__(self, field: Field, context: Context, write: Writer) -> None:
        self.field, self.write = field, write
        self.read: Reader = field.rule(field, context)
        rule = field.rule if isinstance(field.rule, Checked) else None
        self.doubt: Doubt | None = rule.doubt(field, context) if rule and rule.doubt else None
        self.overflow: Doubt | None = rule.overflow(field, context) if rule and rule.overflow else None

    @property
    def may_lack(self) -> bool:
        """Whether anything is ever said where there is no value; a required one leaves the item out."""
        return not self.field.required and (self.field.recommended or self.doubt is not None)

    @property
    def shortest_cut(self) -> int:
        """A value shorter than this has lost nothing."""
        if self.field.times is not None:
            return self.field.times
        return (self.field.limit or 0) // 2

    def code(self, value: Value, columns: Iterable[Any]) -> str | None:
        """What is to be said of this value, made of these columns."""
        if value is None:
            doubt = self.doubt(*columns) if self.doubt else None
            return doubt or ("missing" if self.field.recommended or self.field.required else None)
        return self.overflow(*columns) if self.overflow else None

    def note(self, value: Value, *columns: Any) -> Notes:
        code = self.code(value, columns)
        return () if code is None else (issues.note(code, self.field),)


def _compiled(format: Format, parts: list[_Part]) -> Callable[..., tuple[str | None, list[str]]]:
    """A function that writes an item, given its columns in the order of `Item`, and says what it notes;
    the text is None where the item is left out.

    Only names of columns, which are ours, become source code; all else is passed as objects.
    """
    syntax = format.syntax
    names: dict[str, Any] = {"Missing": Missing}
    names |= {"opening": syntax.opening, "glue": syntax.glue, "closing": syntax.closing}
    lines, texts = [], []
    for text, more in _steps(parts, syntax.glue, names):
        texts.append(text)
        lines += more
    body = "\n".join(f"        {line}" for line in lines)
    arguments = [f"{name}=None" if name in Item._field_defaults else name for name in Item._fields]
    source = (
        f"def write({', '.join(arguments)}, *rest):\n"
        "    notes = []\n"
        "    if not (product_published and variant_published and purchasable):\n"
        "        return None, notes\n"
        "    try:\n"
        f"{body}\n"
        f"        return f'{{opening}}{'{glue}'.join(texts)}{{closing}}', notes\n"
        "    except Missing:\n"
        "        return None, notes\n"
    )
    exec(source, names)  # noqa: S102
    write: Callable[..., tuple[str | None, list[str]]] = names["write"]
    return write


def _steps(parts: list[_Part], glue: str, names: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The text of each field, and the lines that come before it. What is called is added to `names`.

    One call serves all neighbours that come from the same columns where those are worth remembering.
    """
    for columns, neighbours in groupby(enumerate(parts), key=lambda each: each[1].field.source):
        numbered = dict(neighbours)
        remember = _memory(columns)
        if remember is None:
            for number, part in numbered.items():
                yield _step(number, part, names)
            continue
        number = min(numbered)
        names[f"write_{number}"] = remember(_together(list(numbered.values()), glue))
        call = f"text_{number}, more = write_{number}({', '.join(columns)})"
        yield f"{{text_{number}}}", [call, "if more: notes += more"]


def _step(number: int, part: _Part, names: dict[str, Any]) -> tuple[str, list[str]]:
    field, columns = part.field, ", ".join(part.field.source)
    names |= {f"read_{number}": part.read, f"write_{number}": part.write, f"note_{number}": part.note}
    checks = []
    if part.may_lack:
        checks.append(f"if value is None: notes += note_{number}(None, {columns})")
    if part.overflow is not None:
        long = f"value is not None and len(value) >= {part.shortest_cut}"
        checks.append(f"{'el' if checks else ''}if {long}: notes += note_{number}(value, {columns})")
    if not checks and not field.given:
        return f"{{write_{number}(read_{number}({columns}))}}", []
    lines = [f"value = read_{number}({columns})", f"text_{number} = write_{number}(value)", *checks]
    if field.given:
        names[f"blank_{number}"] = part.write(None)
        lines = [
            f"if {field.given}:",
            *(f"    {line}" for line in lines),
            f"else: text_{number} = blank_{number}",
        ]
        if field.recommended:
            lines.append(f"if not {field.given}: notes.append({issues.note('missing', field)!r})")
    return f"{{text_{number}}}", lines


def _memory(columns: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]] | None:
    if columns and REPEATING.issuperset(columns):
        return lru_cache(maxsize=KEPT)
    return latest if columns == SHARED else None


def _together(parts: list[_Part], glue: str) -> Callable[..., tuple[str, Notes]]:
    def write(*columns: Any) -> tuple[str, Notes]:
        texts: list[str] = []
        notes: Notes = ()
        for part in parts:
            value = part.read(*columns)
            texts.append(part.write(value))
            notes += part.note(value, *columns)
        return glue.join(texts), notes

    return write
