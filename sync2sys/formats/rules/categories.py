"""The shop's own category, and Google's."""

import sys

from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, checked
from sync2sys.formats.rules.doubts import unusable
from sync2sys.formats.rules.texts import entries
from sync2sys.formats.text import clean, shorten

#: What shops put a product into that is in no category, in the languages of `attributes`.
NO_CATEGORY = frozenset(
    (
        "uncategorized",
        "uncategorised",
        "unkategorisiert",
        "nicht kategorisiert",
        "non classé",
        "sin categorizar",
        "sin categoría",
        "senza categoria",
        "non categorizzato",
        "ongecategoriseerd",
        "geen categorie",
        "bez kategorii",
        "nezařazené",
        "nezařazeno",
        "χωρίς κατηγορία",
        "μη κατηγοριοποιημένο",
    )
)


def _long_path(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize
    return lambda categories: "truncated" if len(_deepest(categories)) > limit else None


def _no_category(field: Field, context: Context) -> Doubt:
    return lambda categories: "not_a_category" if _deepest(categories).casefold() in NO_CATEGORY else None


@checked(overflow=_long_path, remark=_no_category)
def deepest_category(field: Field, context: Context) -> Reader:
    """The first of the longest category paths; levels that do not fit are left out."""
    limit = field.limit or sys.maxsize

    def read(categories: str | None) -> str | None:
        path = _deepest(categories)
        while len(path) > limit and " > " in path:
            path = path.rpartition(" > ")[0]
        return shorten(path, limit) or None

    return read


def _deepest(categories: str | None) -> str:
    return max(entries(categories), key=lambda path: path.count(" > "), default="")


def category_path(joint: str, root: str = "") -> Rule:
    """A rule for the longest category path in a channel's own spelling, below a root of its own."""

    @checked(overflow=_long_path, remark=_no_category)
    def rule(field: Field, context: Context) -> Reader:
        """The first of the longest category paths; levels that do not fit are left out."""
        limit = field.limit or sys.maxsize

        def read(categories: str | None) -> str | None:
            levels = [root, *_deepest(categories).split(" > ")] if root else _deepest(categories).split(" > ")
            while len(joint.join(levels)) > limit and len(levels) > 1:
                levels.pop()
            path = joint.join(levels)
            return path if levels != [""] and levels != [root, ""] and len(path) <= limit else None

        return read

    return rule


@checked(doubt=unusable)
def google_category(field: Field, context: Context) -> Reader:
    """Google's category by number or full path: only what the feed's category rules or its mapping say."""
    limit = field.limit or sys.maxsize

    def read(found: str | None) -> str | None:
        path = clean(found or "")
        return path if 0 < len(path) <= limit else None

    return read
