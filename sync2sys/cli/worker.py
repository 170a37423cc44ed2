"""flask worker: the process that mirrors stores and renders feeds."""

import click
from flask import current_app
from flask.cli import with_appcontext

from sync2sys.worker import Worker, run_until_signalled


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Mirror stores and render feeds until told to stop.

    Any number of workers may run, on any number of machines that share the database. Ctrl-C or SIGTERM
    lets it finish the page it is at and give back the rest; a second one ends it at once.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    run_until_signalled(Worker(app))


commands = [worker]
