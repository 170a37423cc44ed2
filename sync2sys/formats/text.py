"""Text as feeds want it: legal in XML 1.0, folded, no longer than allowed."""

import html
import re
import unicodedata

import orjson

from sync2sys.formats.markup import defused, text_of, without_shortcodes

#: Code points that no feed may hold, or that nobody can read: controls, lone surrogates, the two
#: noncharacters XML 1.0 forbids, byte order marks, zero-width and soft blanks. The control
#: characters that count as white space are folded before this is applied.
_DROPPED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\ufeff\ud800-\udfff\ufffe\uffff]")
#: Numeric entities with so many digits that `html.unescape` would refuse or take long.
_ENDLESS_ENTITY = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")
_ZERO_WIDTH_JOINER = "\u200d"


def clean(text: str) -> str:
    """One line: no illegal code points, any run of white space one blank, none at the ends."""
    # Nothing printable is illegal, and no white space but the blank is printable.
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(_DROPPED.sub("", " ".join(text.split())).split())


def clean_lines(text: str) -> str:
    """Lines as `clean` makes them, joined by single line feeds; empty ones left out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(filter(None, map(clean, lines)))


def is_legal(text: str) -> bool:
    """Whether text with line breaks can stand in a feed as it is. Much faster than cleaning it."""
    # orjson writes a backslash for a control character and refuses lone surrogates, many bytes at a
    # time, which no other way of looking at each character does.
    for harmless in '\n"\\':
        if harmless in text:
            text = text.replace(harmless, " ")
    try:
        written = orjson.dumps(text)
    except orjson.JSONEncodeError:
        return False
    return b"\\" not in written and "\ufffe" not in text and "\uffff" not in text


def shorten(text: str, limit: int) -> str:
    """At most `limit` code points, cut after a word where one ends in the second half.

    A cut inside a word does not part a letter from its accents or an emoji from its modifiers.
    """
    if len(text) <= limit:
        return text
    cut = max(text.rfind(" ", limit // 2, limit + 1), text.rfind("\n", limit // 2, limit + 1))
    if cut < 0:
        cut = _between_characters(text, limit)
    return text[:cut].rstrip(" \n,;:-" + _ZERO_WIDTH_JOINER)


def _between_characters(text: str, cut: int) -> int:
    for place in range(cut, max(cut - 16, 0), -1):
        if not _extends(text[place]) and text[place - 1] != _ZERO_WIDTH_JOINER:
            return place
    return cut


def _extends(character: str) -> bool:
    """A combining mark, variation selector, joiner or skin tone: part of the character before it."""
    return (
        unicodedata.category(character) in ("Mn", "Me")
        or character == _ZERO_WIDTH_JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def plain(markup: str) -> str:
    """Readable text of a description in HTML, with the lines a browser would begin.

    Scripts, styles, comments, tags and page builders' shortcodes are gone; entities are decoded
    once. The result never holds a `<` that could begin a tag: one that is left stands before a
    blank. The time taken grows linearly with the length, whatever the input.
    """
    if "<" in markup or "&" in markup or "[" in markup:
        markup = without_shortcodes(text_of(markup))
        markup = html.unescape(_ENDLESS_ENTITY.sub("\ufffd", markup))
    # Last, because cleaning can bring a < and a letter together.
    return defused(clean_lines(markup))
