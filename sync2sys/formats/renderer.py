"""Items in, bytes out: a format bound to one feed at one moment.

What runs for each item is made by `compiled`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

from sync2sys.formats import issues, messages, money, sales, tailoring
from sync2sys.formats.base import (
    Context,
    Field,
    Format,
    Item,
    Syntax,
    Value,
    Variants,
)
from sync2sys.formats.compiled import OWN, Part, Stretch, columns_of, compiled, compiled_lack
from sync2sys.formats.custom import PLAIN, PRICES, Custom, Origin, Taxed
from sync2sys.formats.issues import ERROR, Issue, Mapped
from sync2sys.formats.steps import Step

T = TypeVar("T", bound=Iterable[Any])

#: One thing about an item: its code, the field it is about, and what is there: of a field what its columns
#: hold, of the whole item what `issues.of_item` takes.
Said = tuple[str, Field | None, Sequence[Any]]

_GROUP, _OPTIONS = Item._fields.index("group_key"), Item._fields.index("options")
_HAS_VARIANTS = Item._fields.index("has_variants")


class Line(NamedTuple):
    """What became of one field of one item, for the owner to see."""

    field: Field
    value: Value
    #: the field's rule in words
    rule: str
    #: how the feed's mapping made what the rule was given
    steps: Sequence[Step] = ()
    #: what the value stands for, where somebody looked that up
    meaning: str | None = None


class Chunk(NamedTuple):
    """Neighbouring items, rendered."""

    text: bytes
    #: the items that are left out
    left_out: list[Any]
    #: key -> what is to be said about a published item, for those about which there is something
    notes: dict[str, list[str]]


class _Product(NamedTuple):
    """A product of a nested format, put together from its variants."""

    head: str
    shows_variants: bool
    #: of each variant: its text, and its values of the fields that sum up all
    inner: list[str]
    summed: list[tuple[Value, ...]]


class Renderer:
    """Makes the bytes of one feed. Equal items, context and phases make equal bytes.

    An item is left out by `chunk` and `render` without a word; `reasons` then tells why, which costs
    more and few items need.
    """

    def __init__(self, format: Format, context: Context, custom: Custom = PLAIN) -> None:
        self.format = format
        self.context = context._replace(
            settings=custom.settings or context.settings,
            market=custom.market or context.market,
            tax=custom.tax or context.tax,
            shipping=custom.shipping or context.shipping,
        )
        #: the only one that an item can have, empty where it can have any
        self._currency = format.currency_in(self.context.market, context.currency)
        self.context = self.context._replace(currency=self._currency or context.currency)
        #: stands between two chunks that are not empty
        self.separator = format.syntax.separator
        #: keys of items that are left out because another one has their id -> which one, in words
        self.duplicates: Mapping[str, str] = {}
        #: keys of variants whose options an earlier one of their product has
        self.twins: frozenset[str] = frozenset()
        self._filter = custom.filter
        self._expressions = custom.mapping
        self._replaced = tailoring.replaced(format, self._expressions)
        self._tax = custom.tax
        untaxed = dict(self._replaced)
        if custom.tax is not None:
            self._replaced |= {amount: Taxed(custom.tax, amount, untaxed.get(amount)) for amount in PRICES}
        if "description" in self._replaced:
            self.context = self.context._replace(is_plain=False)
        self._head = self._made_ready(format.fields, format.syntax)
        self._inner: list[Part] = []
        self._summary: list[Part] = []
        stretches = [Stretch(self._head, format.syntax, format.syntax.closing)]
        if format.variants is not None:
            variants = format.variants
            self._inner = self._made_ready(variants.fields, variants.syntax)
            self._summary = self._made_ready([field for field, _ in variants.summary], format.syntax)
            # A product is closed behind its variants.
            head = Stretch(self._head, format.syntax, closing="")
            stretches = [head, Stretch(self._inner, variants.syntax, variants.syntax.closing)]
        self._write = compiled(stretches, self._summary, self._currency, self._filter, self._replaced)
        self._parts = self._head + self._inner + self._summary
        self._some_parts: dict[frozenset[str | None], list[Part]] = {}
        #: the field whose issue it is that variants have the same options, where the channel refuses that
        self._named_by_options = next(
            (part.field for part in self._head if "options" in part.field.source and format.wants_distinct),
            None,
        )
        self._required = [part for part in self._parts if part.field.required]
        self._lacking = compiled_lack(self._required, self._replaced)

    def _made_ready(self, fields: Iterable[Field], syntax: Syntax) -> list["Part"]:
        tailored = tailoring.tailored(fields, self.context, self._expressions, self._replaced)
        return [Part(field, self.context, syntax.writer(field), self._replaced) for field in tailored]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of this feed: those of the format without what is there on demand only."""
        return tuple(part.field for part in self._head)

    def prologue(self) -> bytes:
        """All that stands before the first item."""
        return self.format.syntax.prologue(self.context, self.format.version, self.fields)

    def epilogue(self) -> bytes:
        """All that stands behind the last item."""
        return self.format.syntax.epilogue()

    def render(self, item: Iterable[Any]) -> bytes | None:
        """The bytes of one item, or None where it is left out."""
        chunk = self.chunk([item])
        return None if chunk.left_out else chunk.text

    def chunk(self, items: Iterable[Any]) -> Chunk:
        """Render neighbouring items, whole products."""
        if self.format.variants is not None:
            return self._chunk_of_products(self.format.variants, items)
        texts, left_out, noted, write = [], [], {}, self._write
        seen: set[tuple[str, str]] | None = set() if self._named_by_options else None
        for item in items:
            text, _, notes = write(*item)
            if text is None or item[0] in self.duplicates:
                left_out.append(item)
            else:
                texts.append(text)
                if seen is not None and item[_HAS_VARIANTS] and self.is_twin(item, seen):
                    notes.append(issues.note(messages.SAME_OPTIONS, self._named_by_options))
                if notes:
                    noted[item[0]] = notes
        return Chunk(self.separator.decode().join(texts).encode(), left_out, noted)

    @staticmethod
    def is_twin(item: Any, seen: set[tuple[str, str]]) -> bool:
        """Whether one of its product's variants seen before has the same options; it is seen, too."""
        options = item[_OPTIONS]
        if options in (None, "", "{}"):
            return False
        before = len(seen)
        seen.add((item[_GROUP], options))
        return len(seen) == before

    def _chunk_of_products(self, variants: Variants, items: Iterable[Any]) -> Chunk:
        products: dict[tuple[str, str], _Product] = {}
        left_out, noted = [], {}
        for item in items:
            head, inner, summed, notes = self._write(*item)
            if head is None or item[0] in self.duplicates:
                left_out.append(item)
                continue
            if notes:
                # A field that product and variant both have is told of once.
                noted[item[0]] = list(dict.fromkeys(notes))
            identity = (item[_GROUP], variants.split(item[_OPTIONS]))
            product = products.get(identity)
            if product is None:
                product = products[identity] = _Product(head, variants.shown(item[_OPTIONS]), [], [])
            product.inner.append(inner)
            product.summed.append(summed)
        texts = [self._text_of(variants, product) for product in products.values()]
        return Chunk(self.separator.decode().join(texts).encode(), left_out, noted)

    def _text_of(self, variants: Variants, product: "_Product") -> str:
        syntax, by_field = self.format.syntax, zip(*product.summed, strict=True)
        summary = [
            part.write(combine(list(found)))
            for part, (_, combine), found in zip(self._summary, variants.summary, by_field, strict=True)
        ]
        text = product.head + syntax.glue.join(summary)
        if product.shows_variants:
            text += f"{variants.opening}{variants.between.join(product.inner)}{variants.closing}"
        return text + syntax.closing

    def reasons(self, item: Any) -> list[str]:
        """Why an item is left out, all reasons as notes of `issues`; empty for one that is not."""
        hidden = self._hidden(item)
        if hidden is not None:
            return [hidden[0]]
        lacking = [self._required[place] for place in self._lacking(*item)]
        found = ((code, field) for code, field, _ in self._said_of_shown(item, lacking))
        return list(dict.fromkeys(issues.note(*each) for each in found if issues.severity(*each) == ERROR))

    def issues(self, item: Any, fields: frozenset[str | None] | None = None) -> list[Issue]:
        """All that is to be said about an item, each thing once, what matters most first.

        Of these fields alone, if any are given; None among them is what concerns the whole item.
        """
        said: dict[str, Issue] = {}
        parts = self._parts_of(fields)
        is_whole = fields is None or None in fields
        for code, field, columns in self._said(item, parts) if is_whole else self._said_of_parts(item, parts):
            if field is None:
                issue = issues.of_item(code, *columns)
            else:
                issue = issues.of_field(code, field, columns, self._mapping_of(field, item))
            said.setdefault(issues.note(code, field), issue)
        found = list(said.values())
        if len(found) > 1:
            found.sort(key=lambda issue: issues.rank(issue.severity, issue.code))
        return found

    def _parts_of(self, fields: frozenset[str | None] | None) -> list["Part"]:
        if fields is None:
            return self._parts
        if fields not in self._some_parts:
            self._some_parts[fields] = [part for part in self._parts if part.field.name in fields]
        return self._some_parts[fields]

    def issue(self, note: str) -> Issue:
        """The issue that a note is short for, without a value."""
        code, name = issues.parsed(note)
        field = next((part.field for part in self._parts if part.field.name == name), None)
        if field is None:
            return issues.of_item(code)
        return issues.of_field(code, field, mapped=self._mapping_of(field))

    def id_of(self, item: Any) -> str:
        """The item's id in the feed."""
        return str((self._inner or self._head)[0].value_of(self._mapped(item)))

    def explain(self, item: Any) -> list[Line]:
        """Every field of the feed with this item's value, also of an item that is left out."""
        mapped = self._mapped(item)
        return [
            Line(
                part.field,
                part.value_of(mapped),
                issues.in_words(part.field),
                self._steps(part.field.name, item),
            )
            for part in self._parts
        ]

    def _mapped(self, item: Any) -> Any:
        """The item with what the mapping puts in the place of its columns, and the shop's own beside that."""
        if not self._replaced:
            return item
        own = {OWN + column: getattr(item, column) for column in self._replaced}
        mapped = {column: _read(origin, item) for column, origin in self._replaced.items()}
        return SimpleNamespace(**item._asdict() | own | mapped)

    def _steps(self, name: str, item: Any) -> Sequence[Step]:
        field = next((part.field for part in self._parts if part.field.name == name), None)
        taxed = self._replaced.get(field.source[0]) if field and field.source else None
        expression = taxed if isinstance(taxed, Taxed) else self._expressions.get(name)
        if expression is None:
            return ()
        return expression.trace(*columns_of(item, expression.columns))

    def _said(self, item: Any, parts: Iterable["Part"]) -> Iterator[Said]:
        """What is to be said about an item: of all of it, then of these parts."""
        hidden = self._hidden(item)
        if hidden is not None:
            # Its owner wants it so: whatever else there is to say would only be in the way.
            yield hidden
        else:
            yield from self._said_of_shown(item, parts)

    def _said_of_shown(self, item: Any, parts: Iterable["Part"]) -> Iterator[Said]:
        yield from self._unsellable(item, self._mapped(item))
        yield from self._said_of_parts(item, parts)

    def _said_of_parts(self, item: Any, parts: Iterable["Part"]) -> Iterator[Said]:
        mapped = self._mapped(item)
        for part in parts:
            columns = columns_of(mapped, part.arguments)
            if part.field is self._named_by_options and item.key in self.twins:
                yield messages.SAME_OPTIONS, part.field, columns
            value = part.read(*columns)
            # What a required price lacks was said of the whole item.
            if value is not None or not (part.field.required and "price" in part.field.source):
                yield from ((code, part.field, columns) for code in part.codes(value, columns))

    def _hidden(self, item: Any) -> Said | None:
        """Why nobody shall see the item."""
        if self._filter is not None:
            columns = columns_of(item, self._filter.columns)
            if not self._filter.takes(*columns):
                return messages.FILTERED, None, [self._filter.reason(*columns)]
        if not item.product_published:
            return messages.NOT_PUBLISHED, None, [item.status]
        return None if item.variant_published else (messages.SWITCHED_OFF, None, [])

    def _unsellable(self, item: Any, mapped: Any) -> Iterator[Said]:
        """Why the item cannot be bought, or not in this feed."""
        if self.duplicates and item.key in self.duplicates:
            yield messages.DUPLICATE, None, [self.id_of(item), self.duplicates[item.key]]
        # Any currency will do to see whether there is a price.
        currency = mapped.currency if money.is_currency(mapped.currency) else "EUR"
        if currency != mapped.currency:
            yield messages.NO_CURRENCY, None, [mapped.currency]
        elif self._currency and currency != self._currency:
            detail = f"{currency}, and the feed takes {self._currency}"
            yield messages.WRONG_CURRENCY, None, [currency, detail]
        if self._tax is not None and money.amount(item.price, currency) and mapped.price is None:
            detail = self._tax.doubt(item.tax_class, item.prices_include_tax)
            yield messages.TAX_UNKNOWN, None, [item.tax_class, detail]
        elif money.amount(mapped.price, currency) is None:
            yield messages.NO_PRICE, None, [mapped.price]
        elif not item.purchasable:
            yield messages.NOT_PURCHASABLE, None, [item.kind]

    def _mapping_of(self, field: Field, item: Any = None) -> Mapped | None:
        """What the feed's mapping puts in a field's place, if it does; of no item, it has no value."""
        expression = self._expressions.get(field.name)
        if expression is None:
            return None
        value = None if item is None else _read(expression, item)
        return Mapped(expression.words, expression.columns, value)

    def phase(self, item: Any) -> int:
        """The clock-dependent state of an item, part of what its bytes are made from; see `sales`."""
        return sales.phase(item, self.context.now)

    def next_change(self, item: Any) -> datetime | None:
        """When the clock next changes the phase of this item, or None if it never will."""
        return sales.next_change(item, self.context.now)


def _read(origin: Origin, item: Any) -> str | None:
    return origin.read(*columns_of(item, origin.columns))
