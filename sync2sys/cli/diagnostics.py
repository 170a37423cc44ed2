"""flask feeds diagnose, explain and preview: what becomes of each item of a feed, and why."""

import shutil
import textwrap
from typing import TextIO

import click
from flask.cli import with_appcontext

from sync2sys.cli.definitions import json_of
from sync2sys.cli.feeds import find, told
from sync2sys.formats import issues, messages
from sync2sys.formats.base import Item
from sync2sys.formats.issues import EXCLUDED, PUBLISHED, SEVERITIES, WARNED
from sync2sys.formats.renderer import Line
from sync2sys.services import diagnostics, explanations
from sync2sys.services.diagnostics import Diagnosis, Wanted
from sync2sys.services.explanations import Explanation

#: Characters of a line: those of the terminal, within what can be read.
NARROWEST, WIDEST = 60, 120
INDENT = " " * 4


@click.command("diagnose")
@click.argument("feed")
@click.option("--code", help="Only items with this issue, such as missing.")
@click.option("--field", help="Only items with an issue of this field, such as gtin.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only items with an issue as grave.")
@click.option("--outcome", type=click.Choice([EXCLUDED, WARNED, PUBLISHED]))
@click.option("--held", is_flag=True, help="Of the render that is held, not of what is served.")
@click.option("--limit", default=20, show_default=True, help="How many items.")
@with_appcontext
@told
def diagnose(feed: str, held: bool, limit: int, **wanted: str | None) -> None:
    """Show what is wrong with a feed's items, and what to do.

    Without an option: the items that have something to repair, what matters most first.
    """
    report = diagnostics.report(find(feed).id, Wanted(**wanted), 0, max(0, limit), held)
    excluded = sum(report.render.excluded.values())
    published = f"{report.render.items} published ({report.warned} with warnings)"
    click.echo(f"{report.render.items + excluded} mirrored = {published} + {excluded} excluded\n")
    for remark in report.remarks:
        _wrapped(remark.message)
        click.echo()
    for count in report.counts:
        about = f"{count.code} {count.field or ''}".rstrip()
        click.echo(f"{count.items:>7}  {count.severity:<7}  {about}")
    for diagnosis in report.found:
        click.echo()
        _tell(diagnosis)
    if report.total > len(report.found):
        click.echo(f"\n{report.total - len(report.found)} more; --limit shows them.")


@click.command("explain")
@click.argument("feed")
@click.argument("key")
@with_appcontext
@told
def explain(feed: str, key: str) -> None:
    """Show how each field of an item comes about; KEY is its id in the shop."""
    _tell_all(explanations.explain(find(feed).id, key))


@click.command("preview")
@click.argument("feed")
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--key", help="Only this product or item, by its id in the shop.")
@click.option("--count", default=5, show_default=True, help="How many items.")
@with_appcontext
@told
def preview(feed: str, file: TextIO | None, key: str | None, count: int) -> None:
    """Show what items become, or would with the definition of a JSON file; nothing of it is kept.

    `-` reads standard input.
    """
    tried = {} if file is None else {"definition": json_of(file)}
    shown = explanations.preview(find(feed).id, tried, max(1, count), key)
    for explanation in shown.found:
        _tell_all(explanation)
        click.echo()
    left_out = ", ".join(f"{number} for {reason}" for reason, number in shown.excluded.items())
    click.echo(f"{shown.looked_at} looked at, {shown.published} published; left out: {left_out or 'none'}")
    if shown.message is not None:
        _wrapped(shown.message)


def _tell_all(explanation: Explanation) -> None:
    _tell(explanation.diagnosis)
    empty = []
    for line in explanation.lines:
        if line.value is None and not line.steps and not _found(line, explanation.item):
            empty.append(line.field.name)
        else:
            _tell_line(line, explanation.item)
    if empty:
        click.echo()
        _wrapped(f"Nothing for {', '.join(empty)}.")


def _tell(diagnosis: Diagnosis) -> None:
    item = diagnosis.item
    name = ", ".join(filter(None, [item.title or "(no title)", item.variant, item.sku and f"SKU {item.sku}"]))
    _wrapped(f"{item.key}  {issues.shown(name)}: {diagnosis.outcome}")
    if item.edit_link:
        click.echo(f"{INDENT}{item.edit_link}")
    for issue in diagnosis.issues:
        _wrapped(f"{issue.severity} {issue.code}: {issue.message}", INDENT)
        if issue.value is not None:
            _wrapped(f"The shop has: {issue.value}", INDENT * 2)


def _tell_line(line: Line, item: Item) -> None:
    click.echo()
    _wrapped(f"{line.field.name}: {issues.shown(line.value) or 'nothing'}")
    if line.meaning is not None:
        _wrapped(line.meaning, INDENT)
    for step in line.steps:
        _wrapped(f"{step.what}: {issues.shown(step.after) or 'nothing'}", INDENT)
    found = _found(line, item)
    if found:
        _wrapped(f"Made of {', '.join(f'{name} ({value})' for name, value in found.items())}", INDENT)
    _wrapped(line.rule, INDENT)


def _found(line: Line, item: Item) -> dict[str, str]:
    """What the shop has for a field, by what owners call it."""
    columns = {column: getattr(item, column) for column in line.field.source}
    shown = {column: issues.shown(value) for column, value in columns.items() if not isinstance(value, bool)}
    return {messages.name(column): value for column, value in shown.items() if value is not None}


def _wrapped(text: str, indent: str = "") -> None:
    """Print a paragraph. Long words, which are mostly addresses, stay whole."""
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    click.echo(
        textwrap.fill(
            text,
            width,
            initial_indent=indent,
            subsequent_indent=indent + INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
