"""flask suppliers: from a file or an address to offers, and back."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TextIO

import click
import orjson
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import func, select

from sync2sys.cli.definitions import json_of
from sync2sys.cli.feeds import organization_of, told
from sync2sys.cli.ranges import range_
from sync2sys.database import look, transaction
from sync2sys.extensions import db, settings
from sync2sys.models import Import, Job, Offer, RefusedRow, Supplier
from sync2sys.offers.rows import Refusal
from sync2sys.services import import_runs, imports, jobs, supplier_files, supplier_previews
from sync2sys.services import suppliers as service
from sync2sys.worker import Worker

GLANCE_SECONDS = 0.1
MIB = 1024 * 1024

suppliers = AppGroup("suppliers", help="Suppliers: whose lists of prices and stock are read.")
suppliers.add_command(range_)


@dataclass(frozen=True)
class View:
    """What can be seen of an import from outside."""

    live: bool
    rows: int
    held: bool
    problem: str
    result: str


@suppliers.command("list")
def show_all() -> None:
    """List all suppliers, what they offer, and what is wrong."""
    for supplier in db.session.scalars(select(Supplier).order_by(Supplier.created_at, Supplier.id)):
        where = supplier.url or "sent to us"
        click.echo(f"{supplier.id}\t{supplier.name}\t{_standing(supplier.id)} offers\t{where}")
        if supplier.problem:
            click.echo(f"    {supplier.problem}")


@suppliers.command("add")
@click.argument("name")
@click.argument("source", metavar="URL|FILE")
@click.option("--organization", default="", help="Id; not needed where there is only one.")
@click.option("--user", default="", help="For the address; the password is asked for.")
@click.option("--password", default="", help="Asked for where left out.")
@click.option(
    "--every",
    "minutes",
    type=int,
    help=f"Minutes between two looks at the address, {service.USUAL_MINUTES} where left out. 0: by hand.",
)
@told
def add(name: str, source: str, organization: str, user: str, password: str, minutes: int | None) -> None:
    """Make a supplier of an address or a file. Nothing is offered before you `confirm` how it is read."""
    url = source if "://" in source else ""
    if user and not password:
        password = click.prompt("Password", hide_input=True)
    keys = {"user": user, "password": password} if user else None

    def make() -> str:
        owner = organization_of(organization)
        made = service.create(owner, name=name, url=url, credentials=keys, every_minutes=minutes)
        return made.id

    if url:
        supplier_id = transaction(make)()
        if problem := _work(supplier_id).problem:
            click.echo(problem)
    else:
        with _opened(source) as stream:
            supplier_id = transaction(make)()
            supplier_files.receive(supplier_id, stream, Path(source).name)
    click.echo(supplier_id)
    click.echo(f"Look at it with `flask suppliers guess {supplier_id}`.")


def _opened(name: str) -> IO[bytes]:
    path = Path(name)
    if not path.is_file():
        raise click.ClickException(f"There is no file {name}. An address begins with https://.")
    limit = settings.SUPPLIER_FILE_MB
    if path.stat().st_size > limit * MIB:
        raise click.ClickException(f"The file has more than {limit} MB (SUPPLIER_FILE_MB).")
    return path.open("rb")


@suppliers.command("send")
@click.argument("supplier")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@told
def send(supplier: str, file: str) -> None:
    """Give a supplier a newer FILE and import it now."""
    supplier_id = look(lambda: find(supplier).id)()
    with _opened(file) as stream:
        supplier_files.receive(supplier_id, stream, Path(file).name)
    _import(supplier_id, kept=True)


@suppliers.command("show")
@click.argument("supplier")
@told
def show(supplier: str) -> None:
    """Show a supplier: how its list is read, what it offers, what is held and why."""
    found = find(supplier)
    click.echo(f"{found.name}: {_standing(found.id)} offers, {found.url or 'sent to us'}")
    if found.every_minutes:
        click.echo(f"Asked every {found.every_minutes} minutes.")
    if found.mapping is None:
        click.echo(f"Not confirmed yet: `flask suppliers guess {found.id}` and `confirm`.")
    if found.problem:
        click.echo(found.problem)
    if found.pinned_at is not None:
        click.echo(f"Went back at {found.pinned_at:%Y-%m-%d %H:%M:%S}; newer lists are held.")
    if found.held_import_id:
        click.echo(f"Held: {found.held_import_id}. Say `release`, `drop`, or wait for a better list.")
    click.echo(_json({"shape": found.shape, "mapping": found.mapping}))


@suppliers.command("guess")
@click.argument("supplier")
@click.option("--json", "bare", is_flag=True, help="Print only shape and mapping, to be edited.")
@told
def guess(supplier: str, bare: bool) -> None:
    """Show what the last file seems to be, and a mapping to begin with."""
    supplier_id = look(lambda: find(supplier).id)()
    found, proposal = supplier_previews.guess(supplier_id)
    described = _json({"shape": found.shape.as_dict(), "mapping": proposal.definition})
    if bare:
        click.echo(described)
        return
    for remark in found.remarks:
        click.echo(remark)
    for reason in proposal.reasons:
        mark = " " if reason.sure else "?"
        click.echo(f"{mark} {reason.field or '-'}\t{', '.join(reason.columns) or '-'}\t{reason.why}")
    for row in found.rows[:3]:
        click.echo(f"line {row.line}: " + "; ".join(f"{name}={text}" for name, text in row.values.items()))
    click.echo(described)
    if proposal.lacks:
        click.echo(f"Something has to be said first. {proposal.lacks}")


@suppliers.command("preview")
@click.argument("supplier")
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--rows", "count", default=20, show_default=True, type=click.IntRange(1, 200))
@click.option("--line", default=1, type=click.IntRange(1), help="Show rows from this line of the list on.")
@click.option("--skip", default=0, type=click.IntRange(0), help="Pass over so many of them.")
@told
def preview(supplier: str, file: TextIO | None, count: int, line: int, skip: int) -> None:
    """Show what the first rows would become, or those from a line on.

    As confirmed, else as a FILE says, else as guessed.
    """
    supplier_id = look(lambda: find(supplier).id)()
    said = _said(supplier_id, file)
    found = supplier_previews.preview(
        supplier_id, count, said["shape"], said["mapping"], line=line, skip=skip
    )
    for _, made in found.rows:
        if isinstance(made, Refusal):
            value = f" ({made.value})" if made.value else ""
            click.echo(f"line {made.line}\trefused\t{made.message}{value}")
            continue
        amount = f"{made.cost:f} {made.currency}" if made.cost is not None else "no cost"
        stock = made.availability if made.quantity is None else made.quantity
        click.echo(f"line {made.line}\t{made.key}\t{amount}\t{stock}\t{made.title}")
        for remark in made.remarks:
            click.echo(f"    {remark.field}: {remark.message} ({remark.value})")
    click.echo(f"{found.offers} offers, {found.refused} refused.")


def _said(supplier_id: str, file: TextIO | None) -> dict[str, Any]:
    """Shape and mapping of a file; None for what is confirmed; as guessed where nothing is."""
    if file is not None:
        return _of_file(file)
    confirmed = look(lambda: db.session.get_one(Supplier, supplier_id).mapping is not None)()
    return {"shape": None, "mapping": None} if confirmed else _guessed(supplier_id)


def _of_file(file: TextIO) -> dict[str, Any]:
    said = json_of(file)
    if not isinstance(said, dict) or not said or set(said) - {"shape", "mapping"}:
        raise click.ClickException(
            'The file should hold {"shape": …, "mapping": …}, as `guess --json` prints.'
        )
    return {"shape": said.get("shape"), "mapping": said.get("mapping")}


def _guessed(supplier_id: str) -> dict[str, Any]:
    found, proposal = supplier_previews.guess(supplier_id)
    if proposal.lacks:
        raise click.ClickException(f"Something has to be said first. {proposal.lacks}")
    return {"shape": found.shape.as_dict(), "mapping": proposal.definition}


@suppliers.command("confirm")
@click.argument("supplier")
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@told
def confirm(supplier: str, file: TextIO | None) -> None:
    """Keep how the list is read: as guessed, or as a JSON FILE says."""
    supplier_id = look(lambda: find(supplier).id)()
    said = _guessed(supplier_id) if file is None else _of_file(file)
    given = {name: value for name, value in said.items() if value is not None}
    transaction(lambda: service.change(find(supplier_id), **given).id)()
    click.echo("Kept. The worker reads the list now; `flask suppliers import` does so here.")


@suppliers.command("import")
@click.argument("supplier")
@told
def import_(supplier: str) -> None:
    """Look at a supplier's list here and now."""
    _import(look(lambda: find(supplier).id)())


def _import(supplier_id: str, *, kept: bool = False) -> None:
    since = _last(supplier_id)
    view = _work(supplier_id, kept=kept)
    if view.problem:
        held = f" Take it over by: flask suppliers release {supplier_id}" if view.held else ""
        raise click.ClickException(view.problem + held)
    click.echo(view.result if _last(supplier_id) != since else "Nothing is new.")


def _last(supplier_id: str) -> str | None:
    newest = select(Import.id).filter_by(supplier_id=supplier_id).order_by(Import.started_at.desc())
    return look(lambda: db.session.scalar(newest.limit(1)))()


def _work(supplier_id: str, *, kept: bool = False) -> View:
    """Do it in this process, in a thread, while the rows are counted in this one; or watch who does it."""
    job_id = transaction(lambda: jobs.enqueue("import", supplier_id, {"kept": True} if kept else {}).id)()
    claim = jobs.claim(["import"], supplier_id)
    if claim is None:
        click.echo("A worker is at it.")
        _watch(supplier_id, job_id)
        return look(_view)(supplier_id, job_id)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    worker = Worker(app)

    def work() -> None:
        with app.app_context():
            worker.work(claim)

    thread = threading.Thread(target=work)
    with worker.beating():
        thread.start()
        try:
            _watch(supplier_id, job_id, thread)
        finally:
            worker.stop.set()
            thread.join()
    return look(_view)(supplier_id, job_id)


def _watch(supplier_id: str, job_id: str, thread: threading.Thread | None = None) -> None:
    """Count the rows until the job has ended, or waits to be tried again."""
    with click.progressbar(length=1, label="Reading", show_pos=True, show_percent=False) as bar:
        while True:
            ended = thread is not None and not thread.is_alive()
            view = look(_view)(supplier_id, job_id)
            bar.length = max(view.rows, bar.pos, 1)
            bar.update(view.rows - bar.pos if view.rows > bar.pos else 0)
            if ended or not view.live:
                break
            time.sleep(GLANCE_SECONDS)


def _view(supplier_id: str, job_id: str) -> View:
    job = db.session.get(Job, job_id)
    supplier = db.session.get(Supplier, supplier_id)
    newest = select(Import).filter_by(supplier_id=supplier_id).order_by(Import.started_at.desc()).limit(1)
    found = db.session.scalar(newest)
    live = job is not None and job.state == "running"
    again = " It will be tried again." if job is not None and job.state == "queued" and job.problem else ""
    return View(
        live=live,
        rows=found.rows if found is not None and live else 0,
        held=supplier is not None and supplier.problem_code == import_runs.HELD,
        problem=f"{supplier.problem}{again}" if supplier is not None and supplier.problem else "",
        result=_result(found) if found is not None else "",
    )


def _result(found: Import) -> str:
    counted = f"{found.offers} offers of {found.rows} rows, {found.refused} refused"
    said = f"{found.state}: {counted}; {found.added} added, {found.changed} changed, {found.removed} gone."
    return f"{said} {found.problem}".strip()


@suppliers.command("imports")
@click.argument("supplier")
@told
def list_imports(supplier: str) -> None:
    """List the imports of a supplier that are kept, newest first."""
    for found in imports.history(find(supplier)):
        click.echo(f"{found.id}\t{found.started_at:%Y-%m-%d %H:%M:%S}\t{_result(found)}")


@suppliers.command("refused")
@click.argument("supplier")
@click.argument("import_id", metavar="IMPORT", required=False)
@told
def list_refused(supplier: str, import_id: str | None) -> None:
    """List the rows of an import, the newest one where left out, that make no offer, each with the reason."""
    found = find(supplier)
    wanted = import_id or _last(found.id)
    if wanted is None:
        raise click.ClickException("Nothing was imported yet.")
    chosen = imports.of_supplier(find(supplier), wanted)
    rows = select(RefusedRow).filter_by(import_id=chosen.id).order_by(RefusedRow.line, RefusedRow.no)
    for row in db.session.scalars(rows):
        value = f" ({row.value})" if row.value else ""
        click.echo(f"line {row.line}\t{row.code}\t{row.message}{value}")


@suppliers.command("release")
@click.argument("supplier")
@told
def release(supplier: str) -> None:
    """Say that the held list is right, and take it over."""
    supplier_id = look(lambda: find(supplier).id)()
    transaction(lambda: imports.release(find(supplier_id), _held(supplier_id)).id)()
    _import(supplier_id, kept=True)


@suppliers.command("drop")
@click.argument("supplier")
@told
def drop(supplier: str) -> None:
    """Give the held list up; the offers stay as they are."""
    transaction(lambda: imports.drop(find(supplier), _held(supplier)).id)()
    click.echo("The held list is given up. The offers stay as they are.")


def _held(supplier: str) -> str:
    held = find(supplier).held_import_id
    if held is None:
        raise click.ClickException("No list of this supplier is held.")
    return held


@suppliers.command("undo")
@click.argument("supplier")
@told
def undo(supplier: str) -> None:
    """Take the last list back. Newer ones are held until you `release` one, or `resume`."""

    def go_back() -> int:
        found = find(supplier)
        imports.undo(found)
        return _standing(found.id)

    click.echo(f"There are {transaction(go_back)()} offers now. Newer lists are held until you resume.")


@suppliers.command("resume")
@click.argument("supplier")
@told
def resume(supplier: str) -> None:
    """Follow the lists again after one was taken back."""
    transaction(lambda: imports.resume(find(supplier)))()
    click.echo("The worker reads the newest list now.")


@suppliers.command("remove")
@click.argument("supplier")
@click.confirmation_option(prompt="All that it offers goes with it. Remove it?")
@told
def remove(supplier: str) -> None:
    """Remove a supplier with its offers."""
    transaction(lambda: service.delete(find(supplier)))()
    click.echo("The supplier is removed.")


def find(supplier: str) -> Supplier:
    """By id, or by a name that only one has."""
    found = db.session.get(Supplier, supplier)
    named = [found] if found else db.session.scalars(select(Supplier).filter_by(name=supplier)).all()
    if len(named) != 1:
        what = "Several suppliers have this name; use the id" if named else "No such supplier"
        raise click.ClickException(f"{what}. `flask suppliers list` shows them.")
    return named[0]


def _standing(supplier_id: str) -> int:
    offers = select(func.count()).select_from(Offer).filter_by(supplier_id=supplier_id, gone_at=None)
    return db.session.scalar(offers) or 0


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


commands = [suppliers]
