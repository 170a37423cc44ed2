"""The channel's words: for ours, for what options say, or the same for all items."""

from collections.abc import Callable, Mapping

from sync2sys.formats import attributes
from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, Value, checked, unsaid
from sync2sys.formats.rules.doubts import unusable
from sync2sys.formats.rules.texts import cut_text, text
from sync2sys.formats.text import clean


def _no_word(field: Field, context: Context) -> Doubt:
    """Channels that have no word for what is sold out list what can be ordered, and nothing else."""
    refuse = unusable(field, context)
    return lambda found: "sold_out" if found == "out_of_stock" else refuse(found)


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

    @checked(doubt=_no_word)
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

    def no_word(field: Field, context: Context) -> Doubt:
        code = "unknown_word" if attribute in attributes.VALUES else "not_a_word"
        return lambda options: code if attributes.told(options).get(attribute) else None

    def cut(field: Field, context: Context) -> Doubt:
        is_cut = cut_text(field, context)
        return lambda options: is_cut(attributes.known(options)[attribute])

    @checked(doubt=no_word, overflow=cut)
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
