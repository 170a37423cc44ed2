"""flask sync, flask pulls: mirror a store now, and say what a held pull may do."""

import threading
import time
from dataclasses import dataclass

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from sync2sys.cli.channels import STORE
from sync2sys.database import look, transaction
from sync2sys.errors import Sync2SysError
from sync2sys.extensions import db
from sync2sys.models import Channel, Job, Pull
from sync2sys.services import catalog, holds, jobs
from sync2sys.worker import Worker

GLANCE_SECONDS = 0.2


@dataclass(frozen=True)
class View:
    """What can be seen of a sync from outside."""

    live: bool
    job_state: str
    problem: str
    pull_state: str
    done: int
    of: int | None
    result: str


@click.command("sync")
@click.argument("store", required=False, type=STORE)
@click.option("--full", is_flag=True, help="Compare everything, not only what changed.")
@click.option("--list", "show", is_flag=True, help="List the stores and how their syncs went.")
@with_appcontext
def sync(store: str | None, full: bool, show: bool) -> None:
    """Mirror STORE, a channel id or an address, now."""
    if show:
        _list()
    elif store is None:
        raise click.UsageError("Name a STORE, or --list them.")
    else:
        _sync(store, full)


def _sync(channel_id: str, full: bool) -> None:
    if look(_state)(channel_id) != "connected":
        raise click.ClickException("This store is not connected. Connect it anew first.")
    job_id = transaction(lambda: jobs.enqueue("sync", channel_id, {"full": full}).id)()
    claim = jobs.claim(["sync"], channel_id)
    if claim is None:
        click.echo("A worker is at it.")
        _watch(channel_id, job_id)
    else:
        _work(claim)
    view = look(_view)(channel_id, job_id)
    if view.problem:
        raise click.ClickException(view.problem)
    click.echo(view.result)


def _state(channel_id: str) -> str | None:
    return db.session.scalar(select(Channel.state).filter_by(id=channel_id))


def _work(claim: jobs.Claim) -> None:
    """Do it in this process, in a thread, while the bar is drawn in this one."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    worker = Worker(app)

    def work() -> None:
        with app.app_context():
            worker.work(claim)

    thread = threading.Thread(target=work)
    with worker.beating():
        thread.start()
        try:
            _watch(claim.subject, claim.id, thread)
        except KeyboardInterrupt:
            click.echo("\nStopping after this page; a worker goes on from there.", err=True)
        finally:
            worker.stop.set()
            thread.join()


def _watch(channel_id: str, job_id: str, thread: threading.Thread | None = None) -> None:
    """Draw the progress until the job has ended, or waits to be tried again."""
    with click.progressbar(length=1, label="Syncing", show_pos=True) as bar:
        while True:
            ended = thread is not None and not thread.is_alive()
            view = look(_view)(channel_id, job_id)
            if view.live and view.of:
                bar.length = max(view.of, view.done, 1)
                bar.update(view.done - bar.pos)
            if ended or not view.live:
                break
            time.sleep(GLANCE_SECONDS)
        if not view.problem:
            bar.update((bar.length or 1) - bar.pos)


def _view(channel_id: str, job_id: str) -> View:
    job = db.session.get(Job, job_id)
    pull = db.session.scalar(
        select(Pull).filter_by(channel_id=channel_id).order_by(Pull.started_at.desc(), Pull.id).limit(1)
    )
    live = job is not None and job.state == "running"
    return View(
        live=live,
        job_state=job.state if job else "done",
        problem=_problem(channel_id, job, pull),
        pull_state=pull.state if pull else "",
        done=pull.pages_done if pull else 0,
        of=pull.pages_total if pull else None,
        result=_result(channel_id, pull),
    )


def _problem(channel_id: str, job: Job | None, pull: Pull | None) -> str:
    if job is not None and job.problem and job.state in ("queued", "failed"):
        again = " It will be tried again." if job.state == "queued" else ""
        return job.problem + again
    if pull is not None and pull.state == "held":
        return f"{pull.problem} That is done by: flask pulls release {pull.id}"
    return ""


def _result(channel_id: str, pull: Pull | None) -> str:
    if pull is None:
        return "Nothing was synced."
    said = (
        f"{catalog.count(channel_id)} products are mirrored: {pull.added} added, {pull.changed} changed, "
        f"{pull.removed} removed."
    )
    return f"{said} {pull.problem}".strip()


def _list() -> None:
    for channel in db.session.scalars(select(Channel).order_by(Channel.created_at, Channel.id)):
        when = channel.synced_at.strftime("%Y-%m-%d %H:%M:%SZ") if channel.synced_at else "never synced"
        click.echo(f"{channel.id}\t{channel.origin}\t{channel.state}\t{when}")
        if channel.problem:
            click.echo(f"    {channel.problem}")
        for held in holds.of_channel(channel.id):
            if held.state == "held":
                click.echo(f"    release it by: flask pulls release {held.id}")


pulls = AppGroup("pulls", help="What shops answered, waiting to be applied.")


@pulls.command("release")
@click.argument("pull_id", metavar="PULL")
def release(pull_id: str) -> None:
    """Let a held pull's removals happen: the shop is asked once more, and believed.

    `flask sync --list` shows which are held.
    """
    try:
        transaction(_release)(pull_id)
    except Sync2SysError as error:
        raise click.ClickException(error.message) from error
    click.echo("Released. The next full sync, queued now, may remove as much.")


def _release(pull_id: str) -> None:
    pull = db.session.get(Pull, pull_id, with_for_update=True)
    if pull is None:
        raise click.ClickException("No such pull. `flask sync --list` shows those that are held.")
    holds.release(pull)


commands = [sync, pulls]
