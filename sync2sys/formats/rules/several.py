"""Several values of one kind, from several mapped texts."""

from collections.abc import Sequence
from typing import Any

from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, Words, checked, whole, words_of


def several(rule: Rule, least: int = 1) -> Rule:
    """A rule for mapped texts of which each is made a value by `rule`; so many at least."""

    def usable(read: Reader, texts: Sequence[str], rest: tuple[Any, ...]) -> list[str]:
        """The values, each once."""
        found = (read(text, *rest) for text in texts)
        return list(dict.fromkeys(str(value) for value in found if value is not None))

    def too_few(field: Field, context: Context) -> Doubt:
        read, refuse = rule(field, context), _doubt(rule, field, context)

        def doubt(texts: Sequence[str], *rest: Any) -> str | None:
            if not texts:
                return None
            return "too_few" if usable(read, texts, rest) else refuse(texts[0], *rest) or "invalid"

        return doubt

    def some_left_out(field: Field, context: Context) -> Doubt:
        read, cut = rule(field, context), _overflow(rule, field, context)

        def doubt(texts: Sequence[str], *rest: Any) -> str | None:
            if field.times is not None and len(usable(read, texts, rest)) > field.times:
                return "too_many"
            if any(read(text, *rest) is None for text in texts):
                return "partly_invalid"
            return next(filter(None, (cut(text, *rest) for text in texts)), None) if cut else None

        return doubt

    @checked(doubt=too_few, remark=some_left_out)
    def made(field: Field, context: Context) -> Reader:
        read = rule(field, context)

        def read_all(texts: Sequence[str], *rest: Any) -> Words | None:
            values = usable(read, texts, rest)[: field.times]
            return tuple(values) if len(values) >= least else None

        return read_all

    few = "" if least == 1 else f" {least} at least."
    made.__doc__ = f"Several of these:{few} {words_of(rule)}"
    return made


def _doubt(rule: Rule, field: Field, context: Context) -> Doubt:
    doubt = whole(rule).doubt
    return doubt(field, context) if doubt else lambda *columns: None


def _overflow(rule: Rule, field: Field, context: Context) -> Doubt | None:
    overflow = whole(rule).overflow
    return overflow(field, context) if overflow and field.limit is not None else None
