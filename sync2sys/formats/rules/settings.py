"""What the owner says of the whole feed."""

from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, checked
from sync2sys.formats.rules.texts import text


def _not_set(field: Field, context: Context) -> Doubt:
    return lambda *columns: "setting" if field.required or field.recommended else None


def setting(name: str, made_by: Rule = text) -> Rule:
    """A rule for what the owner set for the whole feed; `made_by`: makes the value of it."""

    @checked(doubt=_not_set, setting=name)
    def rule(field: Field, context: Context) -> Reader:
        """What is set for the whole feed."""
        value = made_by(field, context)(context.settings.get(name))
        return lambda *columns: value

    return rule
