"""Items in, bytes out: a format bound to one feed at one moment.

The fields stay data; what runs for each item is one function made from them, because calling into a
list of objects for every field takes longer than the rules themselves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from sync2sys.formats import issues, money, rules, sales
from sync2sys.formats.base import (
    Checked,
    Context,
    Doubt,
    Field,
    Format,
    Item,
    Missing,
    Reader,
    Rule,
    Syntax,
    Value,
    Variants,
    Writer,
    unsaid,
)
from sync2sys.formats.custom import PLAIN, PRICES, REPLACEABLE, Custom, Origin, Taxed
from sync2sys.formats.filters import Filter
from sync2sys.formats.issues import Issue
from sync2sys.formats.latest import latest
from sync2sys.formats.steps import Step

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

#: Writes an item given its columns, and says what it notes; None: it is left out.
Writing = Callable[..., tuple[str | None, list[str]]]
Notes = tuple[str, ...]

_GROUP, _OPTIONS = Item._fields.index("group_key"), Item._fields.index("options")


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
        #: keys of items that are left out because another one has their id
        self.duplicates: frozenset[str] = frozenset()
        self._filter = custom.filter
        self._expressions = custom.mapping
        self._replaced = _replaced(format, self._expressions)
        self._tax = custom.tax
        untaxed = dict(self._replaced)
        if custom.tax is not None:
            self._replaced |= {amount: Taxed(custom.tax, amount, untaxed.get(amount)) for amount in PRICES}
        self._head = self._made_ready(format.fields, format.syntax)
        self._inner: list[_Part] = []
        self._summary: list[_Part] = []
        #: a product is closed behind its variants
        closing = format.syntax.closing if format.variants is None else ""
        self._write = self._compile(self._head, format.syntax, closing)
        if format.variants is not None:
            variants = format.variants
            self._inner = self._made_ready(variants.fields, variants.syntax)
            self._summary = self._made_ready([field for field, _ in variants.summary], format.syntax)
            self._write_variant = self._compile(self._inner, variants.syntax, variants.syntax.closing)
        self._parts = self._head + self._inner + self._summary

    def _made_ready(self, fields: Iterable[Field], syntax: Syntax) -> list["_Part"]:
        customized = _customized(fields, self.context, self._expressions, self._replaced)
        return [_Part(field, self.context, syntax.writer(field)) for field in customized]

    def _compile(self, parts: list["_Part"], syntax: Syntax, closing: str) -> Writing:
        return _compiled(parts, syntax, closing, self._currency, self._filter, self._replaced)

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
        for item in items:
            text, notes = write(*item)
            if text is None or item[0] in self.duplicates:
                left_out.append(item)
            else:
                texts.append(text)
                if notes:
                    noted[item[0]] = notes
        return Chunk(self.separator.decode().join(texts).encode(), left_out, noted)

    def _chunk_of_products(self, variants: Variants, items: Iterable[Any]) -> Chunk:
        products: dict[tuple[str, str], list[Any]] = {}
        heads: dict[tuple[str, str], tuple[str, list[str]]] = {}
        left_out, noted = [], {}
        for item in items:
            head, notes = self._write(*item)
            inner, more = (None, []) if head is None else self._write_variant(*item)
            if head is None or inner is None or item[0] in self.duplicates:
                left_out.append(item)
                continue
            if notes or more:
                noted[item[0]] = notes + more
            product = (item[_GROUP], variants.split(item[_OPTIONS]))
            heads.setdefault(product, (head, []))[1].append(inner)
            products.setdefault(product, []).append(item)
        texts = []
        for product, (opened, its) in heads.items():
            rows = products[product]
            text = opened + self._summed(variants, rows)
            if variants.shown(rows[0][_OPTIONS]):
                text += f"{variants.opening}{variants.between.join(its)}{variants.closing}"
            texts.append(text + self.format.syntax.closing)
        return Chunk(self.separator.decode().join(texts).encode(), left_out, noted)

    def _summed(self, variants: Variants, rows: list[Any]) -> str:
        """The fields of a product that are made of all its variants."""
        items = [self._mapped(Item._make(row[: len(Item._fields)])) for row in rows]
        texts = []
        for part, (_, combine) in zip(self._summary, variants.summary, strict=True):
            texts.append(part.write(combine([part.value_of(item) for item in items])))
        return self.format.syntax.glue.join(texts)

    def reasons(self, item: Any) -> list[str]:
        """Why an item is left out, all reasons; empty for one that is not.

        filtered, wrong_currency, tax_unknown, duplicate_id, not_published (the product),
        variant_not_published, not_purchasable, no_price, no_currency, missing:FIELD for each other required
        field without a usable value.
        """
        mapped = self._mapped(item)
        missing = [
            issues.note("missing", part.field)
            for part in self._parts
            if part.field.required and "price" not in part.field.source and part.value_of(mapped) is None
        ]
        return [code for code, _ in self._reasons_of(item, mapped)] + missing

    def issues(self, item: Any) -> list[Issue]:
        """All that is to be said about an item: errors, which leave it out, before warnings."""
        mapped = self._mapped(item)
        found = [issues.of_item(code, detail) for code, detail in self._reasons_of(item, mapped)]
        for part in self._parts:
            columns = _columns(mapped, part.field.source)
            code = part.code(part.read(*columns), columns)
            # What a required price lacks was said of the whole item.
            if code is not None and not (part.field.required and "price" in part.field.source):
                found.append(issues.of_field(code, part.field, columns[0] if columns else None))
        return sorted(found, key=lambda issue: issue.severity)

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
        """The item with what the feed's mapping puts in the place of its columns."""
        if not self._replaced:
            return item
        return item._replace(**{column: _read(origin, item) for column, origin in self._replaced.items()})

    def _steps(self, name: str, item: Any) -> Sequence[Step]:
        field = next((part.field for part in self._parts if part.field.name == name), None)
        taxed = self._replaced.get(field.source[0]) if field and field.source else None
        expression = taxed if isinstance(taxed, Taxed) else self._expressions.get(name)
        if expression is None:
            return ()
        return expression.trace(*_columns(item, expression.columns))

    def _reasons_of(self, item: Any, mapped: Any) -> list[tuple[str, str]]:
        """What leaves the whole item out, code and detail: the feed's reasons, then the shop's."""
        found = list(self._reasons_of_feed(item))
        # A price that cannot be known is there.
        explained = {"no_price"} if issues.TAX_UNKNOWN in dict(found) else set()
        return found + [(code, "") for code in _reasons_of_item(mapped) if code not in explained]

    def _reasons_of_feed(self, item: Any) -> Iterator[tuple[str, str]]:
        """What in the feed itself leaves the item out: code and detail."""
        if self._filter is not None:
            columns = _columns(item, self._filter.columns)
            if not self._filter.takes(*columns):
                yield issues.FILTERED, self._filter.reason(*columns)
        if self._currency and item.currency != self._currency and money.is_currency(item.currency):
            yield issues.WRONG_CURRENCY, f"{item.currency}, and the feed takes {self._currency}"
        if self._tax is not None and item.price and _read(self._replaced["price"], item) is None:
            yield issues.TAX_UNKNOWN, self._tax.doubt(item.tax_class, item.prices_include_tax)
        if self.duplicates and item.key in self.duplicates:
            yield issues.DUPLICATE, self.id_of(item)

    def phase(self, item: Any) -> int:
        """The clock-dependent state of an item, part of what its bytes are made from; see `sales`."""
        return sales.phase(item, self.context.now)

    def next_change(self, item: Any) -> datetime | None:
        """When the clock next changes the phase of this item, or None if it never will."""
        return sales.next_change(item, self.context.now)


def _columns(item: Any, names: Sequence[str]) -> list[Any]:
    return [getattr(item, name) for name in names]


def _read(origin: Origin, item: Any) -> str | None:
    return origin.read(*_columns(item, origin.columns))


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


def _replaced(format: Format, expressions: Mapping[str, Origin]) -> dict[str, Origin]:
    """The columns that the mapping replaces: the first that a mapped field reads, if it is plain text.

    So all that is made of the column follows: a mapped brand decides on the identifiers, too.
    """
    found: dict[str, Origin] = {}
    for field in format.all_fields:
        column = field.source[0] if field.source else ""
        if field.name in expressions and column in REPLACEABLE:
            found.setdefault(column, expressions[field.name])
    return found


def _customized(
    fields: Iterable[Field],
    context: Context,
    expressions: Mapping[str, Origin],
    replaced: Mapping[str, Origin],
) -> Iterator[Field]:
    """The fields of a format; one whose mapping replaces no column is made of the mapping alone."""
    for field in fields:
        expression = expressions.get(field.name)
        if expression is None:
            if not field.on_demand or field.rule(field, context) is not unsaid:
                yield field
        elif field.source and _stands_for(replaced.get(field.source[0]), expression):
            yield field
        else:
            yield replace(field, rule=_rule_of(expression), source=expression.columns, given="")


def _stands_for(replacing: Origin | None, expression: Origin) -> bool:
    """Whether the column is replaced by this very expression, with tax or without."""
    return replacing is expression or (isinstance(replacing, Taxed) and replacing.mapped is expression)


def _rule_of(expression: Origin) -> Rule:
    def rule(field: Field, context: Context) -> Reader:
        shown = rules.text(field, context)
        return lambda *columns: shown(expression.read(*columns))

    rule.__doc__ = f"As the feed's mapping says: {expression.words}."
    return rule


class _Part:
    """A field made ready for one feed: how it is read and written, and what can be said about it."""

    def __init__(self, field: Field, context: Context, write: Writer) -> None:
        self.field, self.write = field, write
        self.read: Reader = field.rule(field, context)
        rule = field.rule if isinstance(field.rule, Checked) else None
        self.doubt: Doubt | None = rule.doubt(field, context) if rule and rule.doubt else None
        self.overflow: Doubt | None = None
        if rule and rule.overflow and (field.limit is not None or field.times is not None):
            self.overflow = rule.overflow(field, context)

    def value_of(self, item: Any) -> Value:
        """The field's value for an item."""
        return self.read(*_columns(item, self.field.source))

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


def _compiled(
    parts: list[_Part],
    syntax: Syntax,
    closing: str,
    currency: str,
    filter: Filter | None,
    replaced: Mapping[str, Origin],
) -> Writing:
    """A function that writes an item, given its columns in the order of `Item`, and says what it notes;
    the text is None where the item is left out.

    Only names of columns, which are ours, become source code; all else is passed as objects.
    """
    names: dict[str, Any] = {"Missing": Missing}
    names |= {"opening": syntax.opening, "glue": syntax.glue, "closing": closing}
    lines, texts = list(_preparation(currency, filter, replaced, names)), []
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
    write: Writing = names["write"]
    return write


def _preparation(
    only: str, filter: Filter | None, replaced: Mapping[str, Origin], names: dict[str, Any]
) -> Iterator[str]:
    """The lines that ask for the currency and the filter, and put mapped values in the place of columns."""
    if only:
        names["only"] = only
        yield "if currency != only: return None, notes"
    if filter is not None:
        names["takes"] = filter.takes
        yield f"if not takes({', '.join(filter.columns)}): return None, notes"
    if replaced:
        names |= {f"map_{column}": expression.read for column, expression in replaced.items()}
        calls = [f"map_{column}({', '.join(each.columns)})" for column, each in replaced.items()]
        # All at once: each reads what the shop has, never what another one made of it.
        yield f"{', '.join(replaced)}, = {', '.join(calls)},"


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
