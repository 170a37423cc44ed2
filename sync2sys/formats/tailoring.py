"""The fields of one feed: its format's, with what its owner made of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sync2sys.formats import rules
from sync2sys.formats.base import Checked, Context, Doubt, Field, Format, Rule, unsaid, whole, words_of
from sync2sys.formats.custom import REPLACEABLE, Origin, Taxed


def replaced(format: Format, expressions: Mapping[str, Origin]) -> dict[str, Origin]:
    """The columns that the mapping replaces: the first that a mapped field reads, if it is plain text.

    So all that is made of the column follows: a mapped brand decides on the identifiers, too.
    """
    found: dict[str, Origin] = {}
    for field in format.all_fields:
        column = field.source[0] if field.source and field.mapped is None and not field.on_demand else ""
        if field.name in expressions and column in REPLACEABLE:
            found.setdefault(column, expressions[field.name])
    return found


def tailored(
    fields: Iterable[Field],
    context: Context,
    expressions: Mapping[str, Origin],
    replaced: Mapping[str, Origin],
) -> Iterator[Field]:
    """The fields of a format; one whose mapping replaces no column is made of the mapping alone."""
    fields = tuple(fields)
    category = next(
        (expressions.get(each.name) for each in fields if each.rule is rules.google_category), None
    )
    for field in fields:
        made = _made(field, expressions.get(field.name), replaced)
        if field.name in expressions or _is_there(field, context):
            yield _wanted(made, category) if category and made.wanted_for else made


def _is_there(field: Field, context: Context) -> bool:
    """Whether a field that is not mapped is there: on demand only if the definition says something of it."""
    if not field.on_demand:
        return True
    return field.mapped is not None and field.rule(field, context) is not unsaid


def _made(field: Field, origin: Origin | None, replaced: Mapping[str, Origin]) -> Field:
    if origin is None:
        return field
    if field.source and _stands_for(replaced.get(field.source[0]), origin):
        return field
    return _mapped(field, origin)


def _stands_for(replacing: Origin | None, expression: Origin) -> bool:
    """Whether the column is replaced by this very expression, with tax or without."""
    return replacing is expression or (isinstance(replacing, Taxed) and replacing.mapped is expression)


def _mapped(field: Field, origin: Origin) -> Field:
    """The field made of what the owner says, and of its own columns where it is only there for that."""
    usual: Rule = rules.text if field.times is None else rules.several(rules.text)
    is_given = field.on_demand and field.mapped is None
    rule = field.rule if is_given else field.mapped or usual
    beside = field.source if is_given else ()
    find: Callable[..., Any] = origin.read if field.times is None else origin.texts
    width = len(origin.columns)

    def adapt(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *columns: read(find(*columns[:width]), *columns[width:])

    made = whole(rule).given(adapt)
    made.__doc__ = f"As the feed's mapping says: {origin.words}. {words_of(rule)}"
    return replace(field, rule=made, source=(*origin.columns, *beside), given="", is_own=True)


def _wanted(field: Field, category: Origin) -> Field:
    """The field that is recommended for some of Google's categories, in a feed that gives items these."""
    width, asks = len(field.source), field.wanted_for
    narrow = whole(field.rule).given(lambda read: lambda *columns: read(*columns[:width]))
    usual = narrow.doubt

    def doubting(field: Field, context: Context) -> Doubt:
        known = usual(field, context) if usual else None

        def doubt(*columns: Any) -> str | None:
            found = category.read(*columns[width:])
            is_asked = asks is not None and found is not None and asks(found)
            return (known(*columns) if known else None) or ("apparel" if is_asked else None)

        return doubt

    made = Checked(narrow.rule, doubting, narrow.overflow, narrow.remark)
    made.__doc__ = field.rule.__doc__
    return replace(field, rule=made, source=(*field.source, *category.columns), given="")
