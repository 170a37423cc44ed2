"""The channel's words: for ours, for what is mapped, or the same for all items."""

from collections.abc import Mapping

from sync2sys.formats.base import Context, Field, Reader, Rule, checked
from sync2sys.formats.money import is_currency
from sync2sys.formats.rules.doubts import no_word, unknown_word, unusable


def constant(value: str) -> Rule:
    """A rule that gives the same value for every item."""

    def rule(field: Field, context: Context) -> Reader:
        """The same for every item."""
        return lambda: value

    return rule


def listed(*words: str) -> Rule:
    """A rule that gives the same list for every item."""

    def rule(field: Field, context: Context) -> Reader:
        """The same for every item."""
        return lambda: words

    return rule


def word(words: Mapping[str, str], *more: str) -> Rule:
    """A rule that gives the channel's word for ours, and nothing for one it does not know.

    The channel's own words stay, `more` of them that none of ours means.
    """
    known = {own: own for own in (*words.values(), *more)} | dict(words)

    @checked(doubt=no_word)
    def rule(field: Field, context: Context) -> Reader:
        """The channel's own word for it."""
        return known.get

    return rule


def one_of(*words: str) -> Rule:
    """A rule for a mapped word that gives one of these, however it is written."""
    known = {_bare(word): word for word in words}

    @checked(doubt=unknown_word)
    def rule(field: Field, context: Context) -> Reader:
        return lambda found: known.get(_bare(found)) if found else None

    rule.__doc__ = f"One of {', '.join(words)}."
    return rule


def _bare(word: str) -> str:
    return word.strip().casefold().replace("_", " ").replace("-", " ")


@checked(doubt=unusable)
def country(field: Field, context: Context) -> Reader:
    """The two letters of a country in ISO 3166-1."""

    def read(found: str | None) -> str | None:
        letters = (found or "").strip().upper()
        return letters if len(letters) == 2 and letters.isascii() and letters.isalpha() else None

    return read


@checked(doubt=unusable)
def currency(field: Field, context: Context) -> Reader:
    """The three letters of a currency in ISO 4217."""

    def read(found: str | None) -> str | None:
        letters = (found or "").strip().upper()
        return letters if is_currency(letters) else None

    return read


def yes_or_no(column_means: str, yes: str = "true", no: str = "false") -> Rule:
    """A rule that turns a truth into the channel's words."""

    def rule(field: Field, context: Context) -> Reader:
        """Whether it is so, in the channel's words."""
        return lambda found: yes if found else no

    rule.__doc__ = f"Whether {column_means}, in the channel's words."
    return rule
