"""Channel formats: items in, bytes out. Pure; nothing here knows a database or a request."""

from sync2sys.formats import generic, google
from sync2sys.formats.base import Format

#: Every format by its name.
FORMATS: dict[str, Format] = {format.name: format for format in (google.FORMAT, generic.CSV, generic.JSON)}
