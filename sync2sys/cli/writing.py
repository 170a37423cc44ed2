"""flask writing: prices and stock to shops."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from sync2sys.cli.channels import STORE, channel_of
from sync2sys.cli.feeds import told
from sync2sys.database import look, transaction
from sync2sys.extensions import db
from sync2sys.models import WriteLine, WriteRun, Writing
from sync2sys.models.writing import DRY, OFF, ON, POLICIES
from sync2sys.services import jobs, write_lines, write_runs, write_settings, write_undo
from sync2sys.services.write_settings import FIELDS, KIND, Ceiling
from sync2sys.worker import Worker

writing = AppGroup("writing", help="Prices and stock to shops.")

OPERATOR = "operator"
RUNS_SHOWN = 5
POLICY = click.Choice(POLICIES)
USUAL = Ceiling()


@writing.command("show")
@click.argument("channel", metavar="STORE", type=STORE)
@told
def show(channel: str) -> None:
    """Show whether and how a shop is written to, and the last runs."""
    found = write_settings.find(channel_of(channel))
    policy = ", ".join(f"{field}: {found.policy.get(field, 'not said')}" for field in FIELDS)
    click.echo(f"{found.state}{', stopped' if found.stopped else ''}; who wins: {policy}")
    if found.problem:
        click.echo(found.problem)
    for run in write_runs.page(channel_of(channel), 0, RUNS_SHOWN)[0]:
        _tell(run)


@writing.command("plan")
@click.argument("channel", metavar="STORE", type=STORE)
@told
def plan(channel: str) -> None:
    """Show what would be written. Nothing is sent."""
    transaction(_dry)(channel)
    _work(channel)
    _show_lines(channel, None, "", RUNS_SHOWN * 10)


def _dry(channel_id: str) -> None:
    channel, known = channel_of(channel_id), db.session.get(Writing, channel_id)
    if known is not None and known.state == ON:
        raise click.ClickException("Writing is on. `flask writing run` sends what differs.")
    write_settings.set_up(channel, **_as_it_is(known), state=DRY, by=OPERATOR)


def _as_it_is(known: Writing | None) -> dict[str, Any]:
    if known is None:
        return {}
    return {"ceiling": known.ceiling, "count_stock": known.count_stock, "location": known.location}


@writing.command("on")
@click.argument("channel", metavar="STORE", type=STORE)
@click.option(
    "--price", type=POLICY, required=True, help="Who wins where somebody changed a price in the shop."
)
@click.option("--quantity", type=POLICY, required=True, help="Who wins where somebody changed a quantity.")
@click.option(
    "--share", type=float, default=USUAL.share, show_default=True, help="Of the variants, in one run."
)
@click.option("--values", type=int, default=USUAL.values, show_default=True, help="Values in one run.")
@click.option(
    "--price-change", type=float, default=USUAL.price_change, show_default=True, help="In per cent."
)
@click.option(
    "--count-stock", is_flag=True, help="Let the shop count the stock of what it does not count yet."
)
@click.option("--location", default="", help="Shopify: the number of the location whose stock is written.")
@told
def on(channel: str, price: str, quantity: str, count_stock: bool, location: str, **ceiling: Any) -> None:
    """Write decided prices and stock to the shop from now on."""
    channel_id, platform, capabilities = look(_place)(channel)
    connector = write_settings.open_shop(channel_id, platform, capabilities, location)
    write_settings.require_rights(platform, connector)
    options = {"ceiling": asdict(Ceiling(**ceiling)), "count_stock": count_stock, "location": location}
    policy = {"price": price, "quantity": quantity}
    transaction(_turn)(channel, state=ON, policy=policy, **options)
    click.echo(f"Writing is on. `flask writing run {channel}` sends what differs, or `flask worker` does.")


def _place(channel_id: str) -> tuple[str, str, dict[str, Any]]:
    channel = channel_of(channel_id)
    write_settings.require_shop(channel)
    return channel.id, channel.platform, channel.capabilities


def _turn(channel_id: str, **options: Any) -> None:
    write_settings.set_up(channel_of(channel_id), **options, by=OPERATOR)


@writing.command("off")
@click.argument("channel", metavar="STORE", type=STORE)
@told
def off(channel: str) -> None:
    """Write nothing any more. A run under way stops after its batch."""
    known = look(lambda: _as_it_is(db.session.get(Writing, channel)))()
    transaction(_turn)(channel, state=OFF, **known)
    click.echo("Writing is off.")


@writing.command("run")
@click.argument("channel", metavar="STORE", type=STORE)
@told
def run(channel: str) -> None:
    """Compare now, and send what differs where writing is on."""
    transaction(_ask)(channel)
    _work(channel)
    _show_last(channel)


def _ask(channel_id: str) -> None:
    write_settings.find(channel_of(channel_id))
    write_settings.ask(channel_id, OPERATOR)


@writing.command("lines")
@click.argument("channel", metavar="STORE", type=STORE)
@click.argument("run_id", metavar="RUN", required=False)
@click.option("--state", default="", help="Only those in this state, such as asked or refused.")
@click.option("--limit", default=100, show_default=True)
@told
def lines(channel: str, run_id: str | None, state: str, limit: int) -> None:
    """Show the values of a run, of the last one where none is named.

    With --state and no RUN: all values with which it stands so by now, whichever run they are of.
    """
    if state and not run_id:
        found, total = write_lines.page_of_all(channel_of(channel), state, 0, limit)
        _list_lines(found, total)
        if not total:
            click.echo("There are none.")
    else:
        _show_lines(channel, run_id, state, limit)


@writing.command("release")
@click.argument("channel", metavar="STORE", type=STORE)
@click.argument("run_id", metavar="RUN")
@told
def release(channel: str, run_id: str) -> None:
    """Let a held run go out."""
    transaction(lambda: write_runs.release(channel_of(channel), run_id).id)()
    _work(channel)
    _show_last(channel)


@writing.command("drop")
@click.argument("channel", metavar="STORE", type=STORE)
@click.argument("run_id", metavar="RUN")
@told
def drop(channel: str, run_id: str) -> None:
    """Give a held run up. The very same is not planned again by itself."""
    transaction(lambda: write_runs.drop(channel_of(channel), run_id).id)()
    _tell(write_runs.find(channel_of(channel), run_id))


@writing.command("stop")
@click.argument("channel", metavar="STORE", type=STORE)
@click.argument("run_id", metavar="RUN")
@told
def stop(channel: str, run_id: str) -> None:
    """Stop a run after the batch under way. Nothing goes out until `flask writing on`."""
    transaction(lambda: write_runs.stop(channel_of(channel), run_id).id)()
    _work(channel)
    _tell(write_runs.find(channel_of(channel), run_id))


@writing.command("accept")
@click.argument("channel", metavar="STORE", type=STORE)
@click.argument("line_id", metavar="LINE")
@told
def accept(channel: str, line_id: str) -> None:
    """Overwrite what somebody made it in the shop, if it still is what was found."""
    transaction(lambda: write_lines.accept(channel_of(channel), line_id).id)()
    _work(channel)
    _tell_line(db.session.get_one(WriteLine, int(line_id)))


@writing.command("refuse")
@click.argument("channel", metavar="STORE", type=STORE)
@click.argument("line_id", metavar="LINE")
@told
def refuse(channel: str, line_id: str) -> None:
    """Leave what somebody made it in the shop. Of another value you are asked again."""
    transaction(lambda: write_lines.refuse(channel_of(channel), line_id).id)()
    _tell_line(db.session.get_one(WriteLine, int(line_id)))


@writing.command("undo")
@click.argument("channel", metavar="STORE", type=STORE)
@told
def undo(channel: str) -> None:
    """Take the last run back where the shop still has what it wrote. Writing is dry from then on."""
    transaction(lambda: write_undo.undo(channel_of(channel), OPERATOR).id)()
    _work(channel)
    _show_last(channel)


def _work(channel_id: str) -> None:
    """Do in this process what is queued."""
    claim = jobs.claim([KIND], channel_id)
    if claim is None:
        click.echo("A worker is at it.")
        return
    worker = Worker(current_app._get_current_object())  # type: ignore[attr-defined]
    with worker.beating():
        worker.work(claim)


def _show_last(channel_id: str) -> None:
    found = write_settings.find(channel_of(channel_id))
    if found.problem:
        click.echo(found.problem)
    last = _last(channel_id)
    if last is None:
        click.echo("Nothing differs.")
    else:
        _tell(last)


def _last(channel_id: str) -> WriteRun | None:
    found, _ = write_runs.page(channel_of(channel_id), 0, 1)
    return found[0] if found else None


def _tell(run: WriteRun) -> None:
    counts = run.counts if run.finished_at else write_runs.counts(run.id)
    said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nothing differs"
    click.echo(f"{run.id}  {run.kind}  {run.state}  {run.planned_at:%Y-%m-%d %H:%M} UTC  {said}")
    for reason in run.hold or () if run.state == "held" else ():
        click.echo(f"    {reason['message']}")
    if run.problem:
        click.echo(f"    {run.problem}")


def _show_lines(channel_id: str, run_id: str | None, state: str, limit: int) -> None:
    channel = channel_of(channel_id)
    run = write_runs.find(channel, run_id) if run_id else _last(channel_id)
    if run is None:
        click.echo("Nothing was planned.")
        return
    _tell(run)
    _list_lines(*write_lines.page(run, state, 0, limit))


def _list_lines(found: Sequence[WriteLine], total: int) -> None:
    for line in found:
        _tell_line(line)
    if total > len(found):
        click.echo(f"{total - len(found)} more; --limit shows them.")


def _tell_line(line: WriteLine) -> None:
    is_other = line.found not in (None, line.before, line.after)
    said = f"{line.message} The shop has {line.found}." if is_other else line.message
    click.echo(
        f"{line.id}\t{line.external_id}\t{line.field}\t{line.before} -> {line.after}\t"
        f"{line.state}\t{said}".rstrip()
    )


commands = [writing]
