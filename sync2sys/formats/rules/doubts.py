"""What rules of several kinds say of a value."""

from sync2sys.formats.base import Context, Doubt, Field

#: What stands for no value at all.
NOTHING = (None, "", "[]", "{}")


def unusable(field: Field, context: Context) -> Doubt:
    """`invalid` where the shop has something, and no value can be made of it."""
    return lambda found, *rest: "invalid" if found not in NOTHING else None


def unknown_word(field: Field, context: Context) -> Doubt:
    """The same where only a few words can be used."""
    return lambda found, *rest: "unknown_word" if found else None


def not_a_word(field: Field, context: Context) -> Doubt:
    """The same where a number or a code will not do."""
    return lambda found, *rest: "not_a_word" if found else None


def no_word(field: Field, context: Context) -> Doubt:
    """Channels that have no word for what is sold out list what can be ordered, and nothing else."""
    refuse = unusable(field, context)
    return lambda found, *rest: "sold_out" if found == "out_of_stock" else refuse(found)
