"""The channel's words: for ours, for what options say, or the same for all items."""

from collections.abc import Callable, Mapping

from sync2sys.formats import attributes
from sync2sys.formats.base import Context, Field, Reader, Rule, Value, checked, unsaid
from sync2sys.formats.rules.doubts import unusable
from sync2sys.formats.rules.texts import text
from sync2sys.formats.text import clean


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


def word(words: Mapping[str, str]) -> Rule:
    """A rule that gives the channel's word for ours, and nothing for one it does not know."""

    @checked(doubt=unusable)
    def rule(field: Field, context: Context) -> Reader:
        """The channel's own word for it."""
        return words.get

    return rule


def yes_or_no(column_means: str, yes: str = "true", no: str = "false") -> Rule:
    """A rule that turns a truth into the channel's words."""

    def rule(field: Field, context: Context) -> Reader:
        """Whether it is so, in the channel's words."""
        return lambda found: yes if found else no

    rule.__doc__ = f"Whether {column_means}, in the channel's words."
    return rule


def option(attribute: str, usable: Callable[[str], bool] = bool) -> Rule:
    """A rule for a well-known attribute among the variant's options; see `attributes`."""

    def rule(field: Field, context: Context) -> Reader:
        """The option whose name means this, in any of eight languages."""
        shown = text(field, context)

        def read(options: str | None) -> Value:
            found = attributes.known(options).get(attribute, "")
            return shown(found) if usable(found) else None

        return read

    return rule


def all_options(field: Field, context: Context) -> Reader:
    """All options of the variant, name and value."""

    def read(options: str | None) -> dict[str, str] | None:
        found = attributes.options(options)
        return {clean(name): clean(value) for name, value in found.items()} or None

    return read


def unset(field: Field, context: Context) -> Reader:
    """Only what the feed's mapping says."""
    return unsaid
