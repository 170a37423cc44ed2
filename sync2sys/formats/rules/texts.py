"""Texts: one line, several, titles, and lists of them."""

import re
import sys
from functools import lru_cache

import orjson

from sync2sys.formats import attributes
from sync2sys.formats.base import Context, Doubt, Field, Reader, Words, checked
from sync2sys.formats.rules.doubts import NOTHING, unusable
from sync2sys.formats.text import clean, clean_lines, is_legal, shorten

#: A title of so many characters, all of them capitals, is shouted; a shorter one may be a name.
SHOUT = 20
#: Emoji and other pictures that stand for nothing one can read.
_SYMBOL = re.compile("[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]").search


def cut_text(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize
    return lambda found, *rest: "truncated" if len(found) > limit and len(clean(found)) > limit else None


def _cut_lines(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize
    return lambda found, *rest: (
        "truncated" if len(found) > limit and len(clean_lines(found)) > limit else None
    )


def cut_title(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize

    def doubt(title: str, options: str | None, has_variants: bool | int) -> str | None:
        told = _told(options) if has_variants else ""
        if len(title) + len(told) <= limit:
            return None
        return "truncated" if len(clean(title)) + len(told) > limit else None

    return doubt


def _unfit_title(field: Field, context: Context) -> Doubt:
    def remark(title: str, options: str | None, has_variants: bool | int) -> str | None:
        if has_variants and options in NOTHING:
            return "any_choice"
        if len(title) >= SHOUT and title.isupper():
            return "capitals"
        return None if title.isascii() or not _SYMBOL(title) else "symbols"

    return remark


@checked(overflow=cut_text)
def text(field: Field, context: Context) -> Reader:
    """One line of text, cut after a word."""
    limit = field.limit or sys.maxsize

    def read(found: str | None) -> str | None:
        if not found:
            return None
        # Nothing printable is illegal, and no white space but the blank is printable.
        if len(found) <= limit and found.isprintable():
            return found.strip() or None
        return shorten(clean(found), limit) or None

    return read


@checked(overflow=_cut_lines)
def long_text(field: Field, context: Context) -> Reader:
    """Text with its line breaks, cut after a word."""
    limit = field.limit or sys.maxsize

    def read(found: str | None) -> str | None:
        if not found:
            return None
        found = found.strip() if is_legal(found) else clean_lines(found)
        return found if 0 < len(found) <= limit else shorten(found, limit) or None

    return read


@checked(overflow=_cut_lines)
def description(field: Field, context: Context) -> Reader:
    """Text with its line breaks, cut after a word."""
    limit = field.limit or sys.maxsize
    if not context.is_plain:
        return long_text(field, context)

    def read(found: str | None) -> str | None:
        # Looking at each character takes longer than all else that is done with a description.
        return (found if len(found) <= limit else shorten(found, limit)) if found else None

    return read


@checked(overflow=cut_title, remark=_unfit_title)
def full_title(field: Field, context: Context) -> Reader:
    """The product's title and the variant's options; the title is cut first."""
    limit = field.limit or sys.maxsize

    def read(title: str | None, options: str | None, has_variants: bool | int) -> str | None:
        if not title:
            return None
        title = title.strip() if title.isprintable() else clean(title)
        if not title:
            return None
        if not has_variants:
            return shorten(title, limit) or None
        told = _told(options)
        if len(title) + len(told) <= limit:
            return title + told
        return _shortened_title(title, told, limit) or None

    return read


def _no_prose(field: Field, context: Context) -> Doubt:
    def remark(found: str, title: str | None) -> str | None:
        if len(found) <= 2 * len(title or "") and clean(found) == clean(title or ""):
            return "as_title"
        return "links" if "://" in found or "www." in found else None

    return remark


@checked(overflow=_cut_lines, remark=_no_prose)
def prose(field: Field, context: Context) -> Reader:
    """Text with its line breaks, cut after a word; more than the title, and without addresses."""
    read = description(field, context)
    return lambda found, title: read(found)


def group_title(field: Field, context: Context) -> Reader:
    """The product's title, for products that have variants."""
    shown = text(field, context)
    return lambda title, has_variants: shown(title) if has_variants else None


@lru_cache(maxsize=4096)
def _told(options: str | None) -> str:
    """`, Blue, 42`: the options as the end of a title."""
    return "".join(f", {value}" for value in map(clean, attributes.options(options).values()) if value)


def _shortened_title(title: str, told: str, limit: int) -> str:
    # What tells variants apart is worth more than the end of a long title.
    if len(told) <= limit // 2:
        return shorten(title, limit - len(told)) + told
    return shorten(title + told, limit)


@checked(doubt=unusable)
def text_object(field: Field, context: Context) -> Reader:
    """A mapped object of JSON whose values are texts."""

    def read(found: str | None) -> dict[str, str] | None:
        try:
            values = orjson.loads(found or "null")
        except orjson.JSONDecodeError:
            return None
        if not isinstance(values, dict) or not all(isinstance(each, str) for each in values.values()):
            return None
        return {clean(name): clean(each) for name, each in values.items()} or None

    return read


def text_list(field: Field, context: Context) -> Reader:
    """All of a list, each once."""
    return lambda found: entries(found)[: field.times] or None


def entries(text: str | None) -> Words:
    found = orjson.loads(text) if text else ()
    return tuple(dict.fromkeys(filter(None, map(clean, found))))
