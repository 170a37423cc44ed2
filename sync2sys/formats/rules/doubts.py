"""What rules of several kinds say of a value."""

from sync2sys.formats.base import Context, Doubt, Field

#: What stands for no value at all.
NOTHING = (None, "", "[]", "{}")


def unusable(field: Field, context: Context) -> Doubt:
    """`invalid` where the shop has something, and no value can be made of it."""
    return lambda found, *rest: "invalid" if found not in NOTHING else None
