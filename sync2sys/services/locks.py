"""One at a time, over all processes and machines, and while the outside world is asked.

A transaction would keep everybody waiting meanwhile; a lock keeps only those who want the same.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import delete, update

from sync2sys.database import transaction
from sync2sys.errors import Unavailable
from sync2sys.extensions import db
from sync2sys.models import Lock
from sync2sys.services import jobs
from sync2sys.services.upserts import insert_missing, table_of

PAUSE_SECONDS = 0.1


@contextmanager
def held(name: str, seconds: float) -> Iterator[None]:
    """Hold the lock of this name, for so many seconds at most; wait as long for whoever has it.

    A holder that was killed loses it when its time is up. Raises Unavailable where waiting does not help.
    """
    holder = secrets.token_hex(16)
    ends = time.monotonic() + seconds
    while not transaction(_take)(name, holder, seconds):
        if time.monotonic() > ends:
            raise Unavailable("Somebody else is at it. Try again in a minute.", retry_after=60)
        time.sleep(PAUSE_SECONDS)
    try:
        yield
    finally:
        transaction(_give_back)(name, holder)


def _take(name: str, holder: str, seconds: float) -> bool:
    moment = jobs.clock()
    row = {"name": name, "holder": holder, "until": moment + timedelta(seconds=seconds)}
    insert_missing(table_of(Lock), row, ["name"])
    mine = (Lock.name == name) & ((Lock.holder == holder) | (Lock.until < moment))
    taken = db.session.execute(update(Lock).where(mine).values(holder=holder, until=row["until"]))
    return int(taken.rowcount) == 1  # type: ignore[attr-defined]


def _give_back(name: str, holder: str) -> None:
    db.session.execute(delete(Lock).filter_by(name=name, holder=holder))
