"""Which encoding bytes are in that do not say it: by what letters they would be, and of which languages."""

import re
from collections.abc import Iterable
from itertools import islice

from sync2sys.readers import texts

#: Letters of languages that one encoding of a byte a character has, the likeliest encoding first.
_ALPHABETS = {
    "windows-1252": ("äöüß", "éèêëàâçîïôûùüœ", "ñáéíóúü", "ãõáéíóúâêôàç", "àèéìòù", "åæøäö", "ëéïöü"),
    "windows-1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýžľĺôŕä", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "iso-8859-2": ("ąćęłńóśźż", "áčďéěíňóřšťúůýžľĺôŕä", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "windows-1251": ("абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґё",),
    "windows-1253": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",),
    "windows-1254": ("çğıöşüâîû",),
    "windows-1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöüõšž"),
    "cp850": ("äöüß", "éèêëàâçîïôûùü"),
}
_LETTERS = frozenset(frozenset(each) for alphabets in _ALPHABETS.values() for each in alphabets)
#: Encodings in which what begins a letter of UTF-8 is a letter itself, or a line of a frame.
_ONE_BYTE = ("windows-", "iso-8859-", "cp", "koi8-")
_SIGNS = frozenset("€„“”‚‘’–—…•™®©°²³½¼¾×±µ§«»´`·\xa0")
#: So many lines that are not ASCII are evidence enough.
EVIDENCE = 2000
_UTF_8_PAIR = re.compile(rb"[\xc3-\xc5\xc2\xd0\xd1\xe2][\x80-\xbf]")


def guess(lines: Iterable[bytes], hint: str = "") -> tuple[str, int]:
    """The encoding of lines that are not all ASCII, and how many of them are not in it.

    Some lines that are no UTF-8 in a file of UTF-8 are those of somebody's wrong export; they are refused one
    by one. `hint`: what the sender says, believed where the bytes allow several.
    """
    odd = list(islice((line for line in lines if not line.isascii()), EVIDENCE))
    bad = sum(1 for line in odd if not _is_utf_8(line))
    if bad * 2 <= len(odd):
        return "utf-8", bad
    sample = b"\n".join(odd)[:200_000]
    if hint and hint not in ("utf-8", "ascii") and _decodes(sample, hint):
        return hint, 0
    return max(_ALPHABETS, key=lambda each: _likelihood(sample, each)), sum(
        1 for line in odd if _is_utf_8(line) and _UTF_8_PAIR.search(line)
    )


def is_misread(text: str, encoding: str) -> bool:
    """Whether a text that was read in this encoding, of a byte a character, is in truth UTF-8.

    In capitals two letters of one language may by chance be the bytes of another one in UTF-8, as in the
    Romanian `CĂŞTI`. They are believed.
    """
    if text.isascii() or not encoding.startswith(_ONE_BYTE):
        return False
    try:
        meant = text.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return meant != text and not _is_in_capitals(text)


def _is_in_capitals(text: str) -> bool:
    odd = [word for word in text.split() if not word.isascii()]
    letters = {each for word in odd for each in word.lower() if not each.isascii()}
    return all(map(str.isupper, odd)) and any(letters <= alphabet for alphabet in _LETTERS)


def _is_utf_8(line: bytes) -> bool:
    return _decodes(line, "utf-8")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeError:
        return False
    return True


def _likelihood(sample: bytes, encoding: str) -> float:
    """How much of the letters that are not ASCII belong to the one language that explains most of them."""
    found = [each for each in sample.decode(encoding, "replace") if not each.isascii()]
    signs = sum(1 for each in found if each in _SIGNS)
    letters = [each.lower() for each in found if each not in _SIGNS]
    odd = sum(1 for each in letters if "\x80" <= each < "\xa0" or each == "\ufffd")
    best = max(
        sum(1 for each in letters if each in alphabet) for alphabet in map(frozenset, _ALPHABETS[encoding])
    )
    return (best + 0.8 * signs - odd) / max(1, len(found))


def of_two_bytes(head: bytes) -> str:
    """UTF-16 without a mark shows by the NULs at every other place; empty for anything else."""
    pairs = len(head) // 2
    if pairs < 2:
        return ""
    even, odd = head[: pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    if even > pairs * 0.4 and odd < pairs * 0.05:
        return "utf-16-be"
    return ""


def told(content_type: str) -> str:
    """The encoding that an answer's `Content-Type` names, as we spell it; empty if there is none we know."""
    found = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", content_type[:500])
    return texts.known(found[1]) if found else ""
