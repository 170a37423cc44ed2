"""flask feeds diagnose and explain: what became of each item of a feed, and why."""

import click
from flask.cli import with_appcontext

from sync2sys.cli.feeds import find, told
from sync2sys.formats.issues import EXCLUDED, WARNED
from sync2sys.services import explanations
from sync2sys.services.explanations import Wanted


@click.command("diagnose")
@click.argument("feed")
@click.option("--code", help="Only items with this issue, such as missing.")
@click.option("--field", help="Only items with an issue of this field, such as gtin.")
@click.option("--outcome", type=click.Choice([EXCLUDED, WARNED]))
@click.option("--limit", default=20, show_default=True, help="How many items.")
@with_appcontext
@told
def diagnose(feed: str, code: str | None, field: str | None, outcome: str | None, limit: int) -> None:
    """Show what is wrong with a feed's items, and what to do."""
    report = explanations.report(find(feed).id, Wanted(code, field, outcome), 0, max(0, limit))
    excluded = sum(report.render.excluded.values())
    click.echo(
        f"{report.render.items + excluded} mirrored = {report.render.items} published + {excluded} excluded"
    )
    for remark in report.remarks:
        click.echo(remark.message)
    for count in report.counts:
        click.echo(f"    {count.items}\t{count.severity}\t{count.code}\t{count.field or ''}")
    for diagnosis in report.found:
        click.echo(f"{diagnosis.key}\t{diagnosis.outcome}\t{diagnosis.title}")
        for issue in diagnosis.issues:
            click.echo(f"    {issue.severity}: {issue.message}")
    if report.total > len(report.found):
        click.echo(f"{report.total - len(report.found)} more; see --limit.")


@click.command("explain")
@click.argument("feed")
@click.argument("key")
@with_appcontext
@told
def explain(feed: str, key: str) -> None:
    """Show how each field of an item comes about; KEY is its id in the shop."""
    explanation = explanations.explain(find(feed).id, key)
    click.echo(f"{explanation.diagnosis.title}: {explanation.diagnosis.outcome}")
    for issue in explanation.diagnosis.issues:
        click.echo(f"    {issue.severity}: {issue.message}")
    for line in explanation.lines:
        click.echo(f"{line.field.name}\t{'' if line.value is None else line.value}")
        if line.meaning is not None:
            click.echo(f"    {line.meaning}")
        for step in line.steps:
            click.echo(f"    {step.what}: {step.after}")
        click.echo(f"    {line.rule}")
