"""What the owner says of the whole feed."""

import sys

from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, checked
from sync2sys.formats.text import clean, shorten


def _not_set(field: Field, context: Context) -> Doubt:
    return lambda *columns: "setting" if field.required else None


def setting(name: str) -> Rule:
    """A rule that gives what the owner set for the whole feed."""

    @checked(doubt=_not_set, setting=name)
    def rule(field: Field, context: Context) -> Reader:
        """What is set for the whole feed."""
        value = shorten(clean(context.settings.get(name, "")), field.limit or sys.maxsize) or None
        return lambda *columns: value

    return rule
