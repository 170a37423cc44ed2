"""The market of a feed, and whether its prices are with tax there."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from sync2sys.formats import definitions
from sync2sys.formats.countries import CURRENCY, EEA, LANGUAGES, MISNAMED
from sync2sys.formats.definitions import BadDefinition

WITH, WITHOUT = "with", "without"
PARTS = ("country", "language")

_LANGUAGE = re.compile(r"[A-Za-z]{2}(?:-[A-Za-z0-9]{2,8}){0,3}").fullmatch


class Market(NamedTuple):
    """Where a feed's items are sold; empty: its owner does not say."""

    #: ISO 3166-1 alpha-2
    country: str = ""
    #: BCP 47, such as de or de-AT
    language: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a channel wants prices with tax, and where without."""

    #: for owners, behind the channel's name
    words: str
    #: where that is written
    source: str
    without: frozenset[str] = frozenset()
    #: None: everywhere else
    within: frozenset[str] | None = None

    def of(self, country: str) -> str | None:
        """`with` or `without`; None where it is not known. An empty country is any."""
        if self.within is None and (country or not self.without):
            return WITHOUT if country in self.without else WITH
        return WITH if self.within and country in self.within else None


#: Of channels that say nothing of their own.
BY_LAW = Wish(
    words="says nothing of tax, but the law of the European Economic Area and the United Kingdom wants "
    "prices with it",
    source="Directive 98/6/EC, article 2; Price Marking Order 2004",
    within=EEA | {"GB"},
)


def parse(spec: Any, only_in: str = "") -> Market:
    """`{"country": "DE", "language": "de"}`, each optional; `only_in`: the one country of the channel.

    Raises BadDefinition.
    """
    parts = definitions.table(spec, "")
    definitions.only(parts, PARTS, "")
    found = country(parts["country"], "country") if "country" in parts else ""
    if found and only_in and found != only_in:
        raise BadDefinition("country", f'This channel sells in {only_in}. Write "{only_in}".')
    return Market(found, _language(parts["language"]) if "language" in parts else "")


def country(spec: Any, path: str) -> str:
    """The code of a country, in capital letters. Raises BadDefinition."""
    found = definitions.text(spec, path, definitions.LONGEST_NAME).strip().upper()
    if found in CURRENCY:
        return found
    hint = f'Did you mean "{MISNAMED[found]}"?' if found in MISNAMED else 'Write two letters, as "DE".'
    raise BadDefinition(path, f"There is no country {definitions.quoted(found)} in ISO 3166. {hint}")


def _language(spec: Any) -> str:
    """A language with its usual capitals: `de-AT`, `zh-Hant-TW`."""
    found = definitions.text(spec, "language", definitions.LONGEST_NAME).strip()
    language, *rest = found.split("-")
    if not _LANGUAGE(found) or language.lower() not in LANGUAGES:
        problem = f"There is no language {definitions.quoted(found)} in ISO 639-1."
        raise BadDefinition("language", f'{problem} Write two letters, as "de", or "de-AT".')
    return "-".join([language.lower(), *map(_subtag, rest)])


def _subtag(text: str) -> str:
    """A region in capital letters, a script with one."""
    return text.upper() if len(text) == 2 else text.title() if len(text) == 4 else text.lower()
