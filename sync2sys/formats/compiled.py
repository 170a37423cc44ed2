"""The functions that a renderer runs for each item, made from the fields of a feed.

Fields stay data; calling into a list of objects for every one of them takes longer than the rules
themselves. So what they come to is written as one function, as Python has it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count, groupby
from types import CodeType
from typing import Any, NamedTuple

from sync2sys.formats import issues, messages
from sync2sys.formats.base import Checked, Context, Doubt, Field, Item, Missing, Reader, Syntax, Value, Writer
from sync2sys.formats.custom import Origin
from sync2sys.formats.filters import Filter
from sync2sys.formats.latest import latest, latest_of

#: Columns that few different values fill. What depends on nothing else is written once and kept.
REPEATING = frozenset(
    (
        "attributes",
        "availability",
        "available_at",
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

#: What is mostly the same for all variants of a product, which stand together, and what of it is long.
SHARED = frozenset(("attributes", "description", "title"))
LONG = frozenset(("attributes", "description"))
#: Begins the name of a column whose place was taken by what a mapping says.
OWN = "own_"
#: How many written values each group of fields keeps.
KEPT = 2048

#: Writes an item given its columns: the text of each of its stretches, the values that its product sums
#: up, and what it notes. The texts are None where it is left out.
Writing = Callable[..., tuple[Any, ...]]
#: The columns of `Item` as arguments, and what a row may have more.
_ARGUMENTS = (
    *(f"{column}=None" if column in Item._field_defaults else column for column in Item._fields),
    "*rest",
)


def columns_of(item: Any, names: Iterable[str]) -> list[Any]:
    """What an item has in these columns."""
    return [getattr(item, name) for name in names]


class Part:
    """A field made ready for one feed: how it is read and written, and what can be said about it."""

    def __init__(self, field: Field, context: Context, write: Writer, replaced: Collection[str]) -> None:
        self.field, self.write = field, write
        #: what its reader is given
        self.arguments = tuple(
            OWN + column if field.is_own and column in replaced else column for column in field.source
        )
        self.read: Reader = field.rule(field, context)
        rule = field.rule if isinstance(field.rule, Checked) else None
        self.doubt: Doubt | None = rule.doubt(field, context) if rule and rule.doubt else None
        self.overflow: Doubt | None = None
        if rule and rule.overflow and (field.limit is not None or field.times is not None):
            self.overflow = rule.overflow(field, context)
        self.remark: Doubt | None = rule.remark(field, context) if rule and rule.remark else None

    def value_of(self, item: Any) -> Value:
        """The field's value for an item as `Renderer._mapped` has it."""
        return self.read(*columns_of(item, self.arguments))

    @property
    def given(self) -> str:
        """The column without which nothing is written or said."""
        return "" if self.field.recommended else self.field.given

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

    def codes(self, value: Value, columns: Sequence[Any]) -> list[str]:
        """What is to be said of this value, made of these columns."""
        if value is None:
            doubt = self.doubt(*columns) if self.doubt else None
            wanted = self.field.recommended or self.field.required
            return [doubt] if doubt else [messages.MISSING] if wanted else []
        may_be_cut = self.overflow is not None and len(value) >= self.shortest_cut  # type: ignore[arg-type]
        asked = (self.overflow if may_be_cut else None, self.remark)
        return [code for ask in asked if ask is not None and (code := ask(*columns))]


class Stretch(NamedTuple):
    """Fields of an item that are written one after the other."""

    parts: list[Part]
    syntax: Syntax
    closing: str


def compiled(
    stretches: list[Stretch],
    summary: list[Part],
    currency: str,
    filter: Filter | None,
    replaced: Mapping[str, Origin],
) -> Writing:
    """A function that writes an item, given its columns in the order of `Item`; see `Writing`."""
    names: dict[str, Any] = {"Missing": Missing}
    numbers = count()
    lines, texts = list(_preparation(currency, filter, replaced, names)), []
    for stretch in stretches:
        text, more = _written(stretch, numbers, names)
        texts.append(text)
        lines += more
    lines.append(f"return {', '.join(texts)}, {_values(summary, numbers, names)}, notes")
    guarded = ["try:", *_indented(lines), "except Missing:"]
    lines = ["notes = []", *guarded, f"    return {'None, ' * len(texts)}(), notes"]
    return _function("write", _ARGUMENTS, lines, names)


def compiled_lack(required: list[Part], replaced: Mapping[str, Origin]) -> Callable[..., list[int]]:
    """A function that tells which of these fields have no value, given the columns in the order of `Item`."""
    names: dict[str, Any] = {}
    lines = ["found = []", *_mapped_columns(replaced, names)]
    for number, part in enumerate(required):
        if part.arguments or part.read() is None:
            names[f"read_{number}"] = part.read
            lines.append(f"if read_{number}({', '.join(part.arguments)}) is None: found.append({number})")
    return _function("lacking", _ARGUMENTS, [*lines, "return found"], names)


def _function(
    name: str, arguments: Iterable[str], lines: Iterable[str], names: dict[str, Any]
) -> Callable[..., Any]:
    """A function of these lines.

    Only names of columns, which are ours, become source code; all else is passed as objects.
    """
    body = "\n".join(_indented(lines))
    exec(_code(f"def {name}({', '.join(arguments)}):\n{body}\n"), names)  # noqa: S102
    made: Callable[..., Any] = names[name]
    return made


# Feeds of a channel are mostly made alike, and so is each preview of one.
@lru_cache(maxsize=512)
def _code(source: str) -> CodeType:
    return compile(source, "<fields>", "exec")


def _preparation(
    only: str, filter: Filter | None, replaced: Mapping[str, Origin], names: dict[str, Any]
) -> Iterator[str]:
    """The lines that ask whether the item is taken, and put mapped values in the place of columns."""
    yield "if not (product_published and variant_published and purchasable): raise Missing"
    if only:
        names["only"] = only
        yield "if currency != only: raise Missing"
    if filter is not None:
        names["takes"] = filter.takes
        yield f"if not takes({', '.join(filter.columns)}): raise Missing"
    yield from _mapped_columns(replaced, names)


def _mapped_columns(replaced: Mapping[str, Origin], names: dict[str, Any]) -> Iterator[str]:
    """The lines that put mapped values in the place of columns."""
    if replaced:
        names |= {f"map_{column}": expression.read for column, expression in replaced.items()}
        calls = [f"map_{column}({', '.join(each.columns)})" for column, each in replaced.items()]
        yield f"{', '.join(OWN + column for column in replaced)}, = {', '.join(replaced)},"
        # All at once: each reads what the shop has, never what another one made of it.
        yield f"{', '.join(replaced)}, = {', '.join(calls)},"


def _written(stretch: Stretch, numbers: Iterator[int], names: dict[str, Any]) -> tuple[str, list[str]]:
    """The text of a stretch, and the lines that come before it. What is called is added to `names`."""
    syntax, mark = stretch.syntax, next(numbers)
    names |= {
        f"opening_{mark}": syntax.opening,
        f"glue_{mark}": syntax.glue,
        f"closing_{mark}": stretch.closing,
    }
    lines, texts = [], []
    for text, more in _steps(stretch, mark, numbers, names):
        texts.append(text)
        lines += more
    joined = _between(syntax, mark).join(texts)
    return f"f'{{opening_{mark}}}{joined}{{closing_{mark}}}'", lines


def _values(parts: list[Part], numbers: Iterator[int], names: dict[str, Any]) -> str:
    """The values of fields, as a tuple. What is called is added to `names`."""
    calls = []
    for part, number in zip(parts, numbers, strict=False):
        names[f"read_{number}"] = part.read
        calls.append(f"read_{number}({', '.join(part.field.source)}), ")
    return f"({''.join(calls)})"


def _steps(
    stretch: Stretch, mark: int, numbers: Iterator[int], names: dict[str, Any]
) -> Iterator[tuple[str, list[str]]]:
    """The text of each field of the stretch with this mark, and the lines that come before it.

    Neighbours that come to nothing without the same column are one text.
    """
    between, glue = _between(stretch.syntax, mark), stretch.syntax.glue
    parts = zip(numbers, stretch.parts, strict=False)
    for given, run in groupby(parts, key=lambda each: each[1].given):
        numbered = dict(run)
        if not given:
            yield from _given_steps(numbered, glue, names)
            continue
        texts, lines = [], []
        for text, more in _given_steps(numbered, glue, names):
            texts.append(text)
            lines += more
        number = min(numbered)
        names[f"blank_{number}"] = glue.join(part.write(None) for part in numbered.values())
        lines.append(f"texts_{number} = f'{between.join(texts)}'")
        yield (
            f"{{texts_{number}}}",
            [f"if {given}:", *_indented(lines), f"else: texts_{number} = blank_{number}"],
        )


def _between(syntax: Syntax, mark: int) -> str:
    """What stands between the texts of an f-string; even nothing takes its time."""
    return f"{{glue_{mark}}}" if syntax.glue else ""


def _given_steps(parts: dict[int, Part], glue: str, names: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """One call serves all neighbours that come from the same columns where those are worth remembering."""
    for columns, numbered in _neighbours(parts):
        remember = _memory(columns)
        if remember is None:
            for number, part in numbered.items():
                yield _step(number, part, names)
            continue
        number = min(numbered)
        names[f"write_{number}"] = remember(_together(numbered, columns, glue))
        call = f"text_{number}, more = write_{number}({', '.join(columns)})"
        yield f"{{text_{number}}}", [call, "if more: notes += more"]


def _neighbours(parts: dict[int, Part]) -> Iterator[tuple[tuple[str, ...], dict[int, Part]]]:
    """Numbered neighbours with the columns of one of them, which are enough for all."""
    columns: tuple[str, ...] = ()
    numbered: dict[int, Part] = {}
    for number, part in parts.items():
        own = part.arguments
        wider = max(columns, own, key=len)
        if numbered and not (_memory(own) and _memory(columns) and set(columns) | set(own) == set(wider)):
            yield columns, numbered
            wider, numbered = own, {}
        columns = wider
        numbered[number] = part
    if numbered:
        yield columns, numbered


def _step(number: int, part: Part, names: dict[str, Any]) -> tuple[str, list[str]]:
    columns = ", ".join(part.arguments)
    if not columns and (same := part.read()) is not None:
        names[f"text_{number}"] = part.write(same)
        return f"{{text_{number}}}", []
    names |= {f"read_{number}": part.read, f"write_{number}": part.write}
    checks = _checks(number, part, names)
    if not checks:
        return f"{{write_{number}(read_{number}({columns}))}}", []
    lines = [f"value = read_{number}({columns})", f"text_{number} = write_{number}(value)", *checks]
    return f"{{text_{number}}}", lines


def _checks(number: int, part: Part, names: dict[str, Any]) -> list[str]:
    """The lines that note what is to be said of `value`: what `part.codes` tells, without its calls."""
    names[f"about_{number}"] = issues.note("", part.field)
    asked = {"doubt": part.doubt, "overflow": part.overflow, "remark": part.remark}
    names |= {f"{name}_{number}": ask for name, ask in asked.items()}
    ask = {name: f"{name}_{number}({', '.join(part.arguments)})" for name in asked}
    lacks, present = [], []
    if part.may_lack:
        otherwise = messages.MISSING if part.field.recommended else ""
        code = f"{ask['doubt']} or {otherwise!r}" if part.doubt else repr(otherwise)
        lacks.append(f"if code := {code}: notes.append(code + about_{number})")
    if part.overflow is not None:
        may_be_cut = f"len(value) >= {part.shortest_cut}"
        present.append(
            f"if {may_be_cut} and (code := {ask['overflow']}): notes.append(code + about_{number})"
        )
    if part.remark is not None:
        present.append(f"if code := {ask['remark']}: notes.append(code + about_{number})")
    if not present:
        return ["if value is None:", *_indented(lacks)] if lacks else []
    return ["if value is not None:", *_indented(present), *(["else:", *_indented(lacks)] if lacks else [])]


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _memory(columns: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]] | None:
    """What keeps the texts that are made of these columns, if they come again."""
    if columns and SHARED.issuperset(columns) and not LONG.isdisjoint(columns):
        return latest if len(columns) == 1 else latest_of
    return lru_cache(maxsize=KEPT) if columns and REPEATING.issuperset(columns) else None


def _together(
    parts: dict[int, Part], columns: Sequence[str], glue: str
) -> Callable[..., tuple[str, list[str]]]:
    """A function that writes neighbours that read some of these columns each."""
    names: dict[str, Any] = {"glue": glue}
    lines, texts = [], []
    for number, part in parts.items():
        text, more = _step(number, part, names)
        texts.append(text)
        lines += more
    joined = ("{glue}" if glue else "").join(texts)
    return _function("write", columns, ["notes = []", *lines, f"return f'{joined}', notes"], names)
