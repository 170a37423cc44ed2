"""What tells variants apart, and what else a product is."""

from collections.abc import Callable
from typing import Any

from sync2sys.formats import attributes
from sync2sys.formats.base import Checked, Context, Doubt, Field, Reader, Rule, checked, whole
from sync2sys.formats.rules.doubts import unknown_word
from sync2sys.formats.rules.texts import text
from sync2sys.formats.text import clean

#: The columns that a well-known attribute is looked for in.
KNOWN = ("options", "attributes")


def option(attribute: str, made_by: Rule = text) -> Rule:
    """A rule for a well-known attribute among the variant's options, or the product's; see `attributes`."""
    code = "unknown_word" if attribute in attributes.VALUES else "not_a_word"

    def adapt(read: Callable[..., Any]) -> Callable[..., Any]:
        return lambda options, fixed: read(attributes.known(options, fixed).get(attribute))

    def no_word(field: Field, context: Context) -> Doubt:
        return lambda options, fixed: code if attributes.told(options, fixed).get(attribute) else None

    made = whole(made_by).given(adapt)
    rule = Checked(made.rule, no_word, made.overflow, made.remark)
    rule.__doc__ = "The option or attribute whose name means this, in any of eight languages."
    return rule


def known_word(attribute: str, *more: str) -> Rule:
    """A rule for a mapped gender or age group; `more`: words that this channel has beside the usual ones."""
    words = {attributes.folded(word): word for word in (*attributes.VALUES[attribute], *more)}

    @checked(doubt=unknown_word)
    def rule(field: Field, context: Context) -> Reader:
        def read(found: str | None) -> str | None:
            if not found:
                return None
            return words.get(attributes.folded(found)) or attributes.known_word(attribute, found)

        return read

    rule.__doc__ = f"One of {', '.join(words.values())}, in any of eight languages."
    return rule


def all_options(field: Field, context: Context) -> Reader:
    """All options of the variant, name and value."""

    def read(options: str | None) -> dict[str, str] | None:
        found = attributes.options(options)
        return {clean(name): clean(value) for name, value in found.items()} or None

    return read


def options_and_attributes(field: Field, context: Context) -> Reader:
    """All options of the variant and attributes of the product, name and value."""

    def read(options: str | None, fixed: str | None) -> dict[str, str] | None:
        joined = {
            name: ", ".join(values)
            for name, values in attributes.fixed(fixed).items()
            if not attributes.is_identifier(name)
        }
        found = joined | attributes.options(options)
        cleaned = {clean(name): clean(value) for name, value in found.items()}
        return {name: value for name, value in cleaned.items() if name and value} or None

    return read


def other_options(options: str | None) -> list[tuple[str, str]]:
    """Name and value of all of the variant's options, where one of them has no field of its own."""
    found = attributes.options(options)
    return [] if all(map(attributes.has_own_field, found)) else list(found.items())


def details(fixed: str | None) -> list[tuple[str, str, str]]:
    """Name and values of each of the product's attributes that has no field of its own."""
    return [
        ("", name, ", ".join(values))
        for name, values in attributes.fixed(fixed).items()
        if not attributes.has_own_field(name) and not attributes.is_identifier(name)
    ]


def other_options_in_a_line(field: Field, context: Context) -> Reader:
    """`Flavour:Lemon,Scent:Pine`: the options of the variant that have no field of their own."""

    def read(options: str | None) -> str | None:
        found = {
            _unparted(name): _unparted(value)
            for name, value in attributes.options(options).items()
            if not attributes.has_own_field(name)
        }
        return ",".join(f"{name}:{value}" for name, value in found.items() if name and value) or None

    return read


def _unparted(text: str) -> str:
    return clean(text.replace(",", " ").replace(":", " "))
