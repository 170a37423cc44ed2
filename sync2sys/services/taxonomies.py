"""The product taxonomy that the operator loaded: one for all machines, parsed once in each process."""

from collections.abc import Mapping
from datetime import datetime
from io import StringIO
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, select

from sync2sys.errors import BadRequest
from sync2sys.extensions import db
from sync2sys.formats import taxonomy
from sync2sys.formats.definitions import BadDefinition
from sync2sys.formats.taxonomy import Taxonomy
from sync2sys.models import TaxonomyFile

#: Of a file; Google's has half a megabyte.
MOST_BYTES = 8 * 1024 * 1024

_FILE = TaxonomyFile.__table__.c
#: Id of the latest row -> what this process parsed of it.
_parsed: dict[str, Taxonomy] = {}


class Loaded(NamedTuple):
    """What is known of the taxonomy without parsing it."""

    version: str
    categories: int
    loaded_at: datetime


def parse(text: str) -> Taxonomy:
    """The taxonomy of a file's text. Raises BadRequest with the line and the reason."""
    try:
        return taxonomy.load(StringIO(text, newline=None))
    except BadDefinition as bad:
        raise BadRequest(f"This is no taxonomy: {bad}") from bad


def keep(text: str, parsed: Taxonomy) -> None:
    """Put this file, which was parsed, in the place of the one there is."""
    db.session.execute(delete(TaxonomyFile))
    db.session.add(TaxonomyFile(version=parsed.version, categories=len(parsed), text=text))
    db.session.flush()


def loaded(connection: Connection) -> Loaded | None:
    """What is loaded, or None."""
    row = connection.execute(_latest(_FILE.version, _FILE.categories, _FILE.loaded_at)).one_or_none()
    return None if row is None else Loaded(*row)


def current(connection: Connection) -> Taxonomy | None:
    """The taxonomy, or None. A short query, but for the first time in a process after each load."""
    id = connection.execute(_latest(_FILE.id)).scalar_one_or_none()
    if id is None:
        return None
    found = _parsed.get(id)
    if found is None:
        id, text = connection.execute(_latest(_FILE.id, _FILE.text)).one()
        found = parse(text)
        _parsed.clear()
        _parsed[id] = found
    return found


def needed_for(connection: Connection, definition: Mapping[str, Any]) -> Taxonomy | None:
    """What the categories of a definition are checked by; None where it has none."""
    return current(connection) if "categories" in definition else None


def _latest(*columns: Any) -> Select[Any]:
    return select(*columns).order_by(_FILE.loaded_at.desc(), _FILE.id).limit(1)
