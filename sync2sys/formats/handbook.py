"""A page about all channels, made from the formats: what each one wants, and where that is written."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sync2sys.formats import FORMATS, issues, messages
from sync2sys.formats.base import EACH, LOCAL, Context, Field, Format, Value, unsaid, whole
from sync2sys.formats.markets import Market
from sync2sys.formats.shipping import ALWAYS, Delivery

INTRODUCTION = """\
# Channels

Made by `flask feeds handbook` from the rules that the service runs on; change those, not this page.

**Choosing one.** Take the format that is named after the channel you sell on, and read how far its rules can
be believed. Where a channel has several, the first one is the one to take; the others are for what is said
about them. `csv`, `tsv`, `json`, `jsonl` and `xml` are our own, for readers of yours. [feeds.md](feeds.md)
walks from a connected store to an approved feed.

**What is missing.** An item without a required value is left out, it alone, and the feed's diagnostics say
which value that is and where to fill it in. Without a recommended value it is published, and there is a hint,
because the channel shows it less or may refuse it. Without any other value nothing is said. Whatever the
channel, an item is left out that the shop does not publish or sell, or that has no price above zero.

**The market.** A feed's definition says where it sells (`market.country`) and what delivery costs
(`shipping`); [feeds.md](feeds.md) shows how. From the country follow the prices, with tax or without, as the
channel wants them. Without it they go out as the shop keeps them, and the feed's `remarks` say where that
may be wrong.

**Versions** name the month of the channel's rules that a format follows, such as `google-2026-10`; our own
are numbered. A version changes whenever the same products would make another file.
"""

#: How far the rules can be believed, by `Format.standing`.
STANDINGS = {
    "own": "The format is our own, and this is all there is to know about it.",
    "official": "The rules are the channel's own text: {source}.",
    "excerpt": "The rules come from parts of the channel's own text, not from all of it: {source}.",
    "second-hand": "The rules are, at least in part, what others wrote about the channel: {source}. "
    "Try a feed before you rely on it.",
}
SHORT_STANDINGS = {
    "own": "our own",
    "official": "official text",
    "excerpt": "excerpts",
    "second-hand": "second-hand",
}
FURTHER_FILES = "feeds.md#when-one-file-is-not-enough"
#: What availability is called among us, in the order in which it is told.
AVAILABILITIES = ("in_stock", "out_of_stock", "backorder", "preorder")

Row = tuple[str, ...]


def markdown() -> str:
    """The whole page. Equal formats make an equal page."""
    told: dict[tuple[Row, ...], str] = {}
    sections = []
    for format in FORMATS.values():
        rows = tuple(_row(field) for field in format.fields)
        twin = told.setdefault(rows, format.name)
        sections.append("\n".join(_section(format, rows, twin)))
    return "\n".join([INTRODUCTION, *_overview(), "", *sections])


def _overview() -> Iterator[str]:
    yield "| format | for | file | rules from |"
    yield "| --- | --- | --- | --- |"
    for format in FORMATS.values():
        link = f"[`{format.name}`](#{format.name})"
        yield f"| {link} | {format.label} | {format.extension} | {SHORT_STANDINGS[format.standing]} |"


def _section(format: Format, rows: tuple[Row, ...], twin: str) -> Iterator[str]:
    yield f"## {format.name}\n"
    yield f"**{format.label}**, version `{format.version}`, `{format.content_type}`.\n"
    yield STANDINGS[format.standing].format(source=format.source)
    if caps := " and ".join(_caps(format)):
        yield f"\nA file has at most {caps}; what is more goes into [further files]({FURTHER_FILES})."
    if format.remark:
        yield f"\n{format.remark}"
    yield from _market(format)
    if format.settings:
        yield "\nYou say once, in the feed's settings:\n"
        yield from _settings(format)
    yield ""
    if twin != format.name:
        yield f"The fields are those of [`{twin}`](#{twin}).\n"
        return
    yield from _table(rows)
    if format.variants is not None:
        yield "Each variant inside its product has:\n"
        yield from _table(_row(field) for field in format.variants.fields)
    if format.variants is not None and format.variants.summary:
        yield "And the product, of all its variants together:\n"
        yield from _table(_row(field) for field, _ in format.variants.summary)


def _caps(format: Format) -> Iterator[str]:
    if format.most_items is not None:
        yield f"{format.most_items:,} items"
    if format.most_bytes is not None:
        yield f"{format.most_bytes // 10**6:,} MB"


def _market(format: Format) -> Iterator[str]:
    """What it wants of prices, and takes of delivery."""
    if format.wish is not None:
        written = format.wish.source
        source = f"[page]({written})" if written.startswith("https:") else written
        yield f"\nIt {format.wish.words} ({source})."
    if format.currency == LOCAL:
        yield "The file names no currency: an item in another one than that of `market.country` is left out."
    elif format.currency != EACH:
        only = f"`market.country` can only be `{format.country}`"
        yield f"An item in another currency than {format.currency} is left out; {only}."
    if format.delivery is not None:
        yield f"\n{_delivery(format.delivery)}"


def _delivery(delivery: Delivery) -> str:
    lines = "one line" if delivery.most == 1 else f"up to {delivery.most} lines"
    places = "" if delivery.is_abroad or delivery.most == 1 else ", all for one country,"
    parts = ", ".join(f"`{name}`" for name in (*ALWAYS, *delivery.takes))
    told = f"`shipping` takes {lines}{places} with {parts}."
    if delivery.carriers:
        known = ", ".join(f"`{name}`" for name in delivery.carriers)
        told += f" Each names another `carrier` out of {known}."
    return told


def _table(rows: Iterable[Row]) -> Iterator[str]:
    yield "| field | | made of | rule | at most | written at |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _settings(format: Format) -> Iterator[str]:
    required = {whole(field.rule).setting for field in format.fields if field.required and not field.source}
    for name, meaning in format.settings.items():
        need = " (required: no item is published without it)" if name in required else ""
        yield f"- `{name}`{need}: {meaning}"


def _row(field: Field) -> Row:
    need = "required" if field.required else "recommended" if field.recommended else ""
    if field.wanted_for is not None:
        need = "recommended for clothes"
    page = f"[page]({field.reference})" if field.reference else ""
    cells = (f"`{field.name}`", need, _origin(field), _rule(field), _limit(field), page)
    return tuple(cell.replace("|", r"\|") for cell in cells)


def _origin(field: Field) -> str:
    if not field.source and (setting := whole(field.rule).setting):
        return f"the setting `{setting}`"
    if field.source and not _is_given(field) and field.rule(field, _CONTEXT) is unsaid:
        return "the definition's `shipping`"
    if not field.source and not _is_given(field) and _value(field, market=Market("DE")) != _value(field):
        return "the definition's `market`"
    mapped = ["what you map to it"] if _is_given(field) else []
    return ", ".join(mapped + [messages.name(column) for column in field.source])


def _is_given(field: Field) -> bool:
    """Whether its rule is given what a mapping says."""
    return field.on_demand and field.mapped is None


def _rule(field: Field) -> str:
    """In words, with the words that the channel wants where these are few."""
    rule = issues.in_words(field)
    if _is_given(field):
        return rule
    read = field.rule(field, _CONTEXT)
    if not field.source:
        value = read()
        return f"{rule.rstrip('.')}: `{value}`." if value is not None else rule
    if field.source != ("availability",):
        return rule
    words = {word.replace("_", " "): read(word) for word in AVAILABILITIES}
    told = ", ".join(f"{word} `{value}`" if value else f"{word} none" for word, value in words.items())
    return f"{rule.rstrip('.')}: {told}."


def _value(field: Field, **said: Any) -> Value:
    """What a field without sources tells where its owner said this."""
    return field.rule(field, _CONTEXT._replace(**said))()


def _limit(field: Field) -> str:
    limits = []
    if field.times is not None:
        limits.append(f"{field.times} values" if field.times > 1 else "1 value")
    if field.limit is not None:
        limits.append(f"{field.limit} characters")
    return " of ".join(limits)


_CONTEXT = Context("", "", "", datetime(2026, 1, 1, tzinfo=UTC))
