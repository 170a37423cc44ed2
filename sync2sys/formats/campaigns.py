"""The step that marks addresses with query parameters, for whoever counts where visitors come from."""

import re
from typing import Any
from urllib.parse import quote, unquote_plus

from sync2sys.formats import definitions, templates
from sync2sys.formats.addresses import LONGEST_ADDRESS
from sync2sys.formats.definitions import BadDefinition, below, listed
from sync2sys.formats.sources import Row, Scope
from sync2sys.formats.steps import Change
from sync2sys.formats.templates import Template
from sync2sys.formats.text import clean

#: Parameters of one campaign.
MOST_PARAMETERS = 20

_WEB = re.compile("(?:https?:)?//", re.IGNORECASE).match


def make(spec: Any, scope: Scope, path: str) -> Change:
    """A step that gives an address these parameters, in place of its own of the same name.

    A parameter whose template is empty for an item is left out. What is no web address stays as it
    is, and so does one that would become longer than channels take.
    """
    given = definitions.table(spec, path)
    if not 1 <= len(given) <= MOST_PARAMETERS:
        raise BadDefinition(path, f"Give this 1 to {MOST_PARAMETERS} parameters.")
    parameters: dict[str, Template] = {}
    for key, value in given.items():
        place = below(path, key)
        name = clean(definitions.name(key, place))
        if not name or name in parameters:
            raise BadDefinition(place, "This parameter stands here twice or is blank. Remove it.")
        parameters[name] = templates.parse_text(value, scope, place)
    return Change(
        f"with {listed(parameters)} in the address", lambda value, row: _marked(value, parameters, row)
    )


def _marked(address: str, parameters: dict[str, Template], row: Row) -> str:
    stripped = address.strip()
    if not _WEB(stripped):
        return address
    rest, hash_sign, fragment = stripped.partition("#")
    page, _, query = rest.partition("?")
    kept = [pair for pair in query.split("&") if pair and _name(pair) not in parameters]
    values = {name: template.read(row) for name, template in parameters.items()}
    added = [
        f"{quote(name, safe='')}={quote(clean(value), safe='')}" for name, value in values.items() if value
    ]
    marked = page + "?" * bool(kept or added) + "&".join(kept + added) + hash_sign + fragment
    return marked if len(marked) <= LONGEST_ADDRESS else address


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0], errors="replace")
