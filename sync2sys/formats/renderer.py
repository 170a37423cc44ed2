"""Items in, bytes out: a format bound to one feed at one moment.

The fields stay data; what runs for each item is one function made from them, because calling into a
list of objects for every field takes longer than the rules themselves.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from sync2sys.formats import money, sales
from sync2sys.formats.base import Context, Field, Format, Item, Missing, Reader, Value, Writer
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


class Line(NamedTuple):
    """What became of one field of one item, for the owner to see."""

    field: Field
    value: Value
    #: the field's rule in words
    rule: str


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
        self._readers = [field.rule(field, context) for field in format.fields]
        self._write = _compiled(format, self._readers)

    def prologue(self) -> bytes:
        """All that stands before the first item."""
        return self.format.syntax.prologue(self.context, self.format.version, self.format.fields)

    def epilogue(self) -> bytes:
        """All that stands behind the last item."""
        return self.format.syntax.epilogue()

    def render(self, item: Iterable[Any]) -> bytes | None:
        """The bytes of one item, or None where it is left out."""
        text = self._write(*item)
        return None if text is None else text.encode()

    def chunk(self, items: Iterable[T]) -> tuple[bytes, list[T]]:
        """The bytes of neighbouring items, and those that are left out."""
        texts, left_out, write = [], [], self._write
        for item in items:
            text = write(*item)
            if text is None:
                left_out.append(item)
            else:
                texts.append(text)
        return self.separator.decode().join(texts).encode(), left_out

    def reasons(self, item: Any) -> list[str]:
        """Why an item is left out, all reasons; empty for one that is not.

        not_published (the product), variant_not_published, not_purchasable, no_price, no_currency,
        missing:FIELD for each other required field without a usable value.
        """
        # Any currency will do to see whether there is a price.
        currency = item.currency if money.is_currency(item.currency) else "EUR"
        applying = {
            "not_published": not item.product_published,
            "variant_not_published": not item.variant_published,
            "not_purchasable": not item.purchasable,
            "no_currency": currency != item.currency,
            "no_price": money.amount(item.price, currency) is None,
        }
        missing = [
            f"missing:{line.field.name}"
            for line in self.explain(item)
            if line.field.required and line.value is None and "price" not in line.field.source
        ]
        return [reason for reason, applies in applying.items() if applies] + missing

    def explain(self, item: Any) -> list[Line]:
        """Every field of the format with this item's value, also of an item that is left out."""
        return [
            Line(field, read(*(getattr(item, column) for column in field.source)), _in_words(field))
            for field, read in zip(self.format.fields, self._readers, strict=True)
        ]

    def phase(self, item: Any) -> int:
        """The clock-dependent state of an item, part of what its bytes are made from; see `sales`."""
        return sales.phase(item, self.context.now)

    def next_change(self, item: Any) -> datetime | None:
        """When the clock next changes the phase of this item, or None if it never will."""
        return sales.next_change(item, self.context.now)


def _in_words(field: Field) -> str:
    return (field.rule.__doc__ or "").partition("\n")[0]


def _compiled(format: Format, readers: list[Reader]) -> Callable[..., str | None]:
    """A function that writes an item, given its columns in the order of `Item`; None: left out.

    Only names of columns, which are ours, become source code; all else is passed as objects.
    """
    syntax = format.syntax
    names: dict[str, Any] = {"Missing": Missing}
    names |= {"opening": syntax.opening, "glue": syntax.glue, "closing": syntax.closing}
    calls = list(_calls(format, readers, names))
    source = (
        f"def write({', '.join(Item._fields)}, *rest):\n"
        "    if not (product_published and variant_published and purchasable):\n"
        "        return None\n"
        "    try:\n"
        f"        return f'{{opening}}{'{glue}'.join(calls)}{{closing}}'\n"
        "    except Missing:\n"
        "        return None\n"
    )
    exec(source, names)  # noqa: S102
    write: Callable[..., str | None] = names["write"]
    return write


def _calls(format: Format, readers: list[Reader], names: dict[str, Any]) -> Iterator[str]:
    """`{write_3(read_3(price, currency))}` for each field; one call for all neighbours that come from
    the same columns where those are worth remembering. What is called is added to `names`.
    """
    fields = enumerate(zip(format.fields, readers, strict=True))
    for columns, neighbours in groupby(fields, key=lambda each: each[1][0].source):
        arguments = ", ".join(columns)
        written = {number: (read, format.syntax.writer(field)) for number, (field, read) in neighbours}
        remember = _memory(columns)
        if remember is not None:
            number = min(written)
            names[f"write_{number}"] = remember(_together(list(written.values()), format.syntax.glue))
            yield f"{{write_{number}({arguments})}}"
            continue
        for number, (read, write) in written.items():
            names |= {f"read_{number}": read, f"write_{number}": write}
            call = f"write_{number}(read_{number}({arguments}))"
            if given := format.fields[number].given:
                names[f"blank_{number}"] = write(None)
                call = f"{call} if {given} else blank_{number}"
            yield f"{{{call}}}"


def _memory(columns: tuple[str, ...]) -> Callable[[Callable[..., str]], Callable[..., str]] | None:
    if REPEATING.issuperset(columns):
        return lru_cache(maxsize=KEPT)
    return latest if columns == SHARED else None


def _together(pieces: list[tuple[Reader, Writer]], glue: str) -> Callable[..., str]:
    return lambda *columns: glue.join([write(read(*columns)) for read, write in pieces])
