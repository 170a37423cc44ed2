"""HTML as shops store it: builders' shortcodes, broken tags, pasted scripts. Syntax only.

A scanner of our own because the usual ones take quadratic time on garbage, and a description is
whatever somebody could paste into a shop. Every search here either moves the scan on or is
remembered, so none is paid for twice.
"""

import re


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


#: Elements that begin and end a line.
BLOCKS = _names(
    "address article aside blockquote br center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre "
    "section summary table tbody tfoot thead tr ul"
)
#: Elements set apart by a blank.
CELLS = _names("button caption input label select td textarea th")
#: Elements whose content is not text for readers.
HIDDEN = _names("audio canvas iframe noscript object script style svg template title video")

#: Stands for the end of a line until it is known whether the source's own line breaks count.
_BREAK = "\x1e"
_MARK = re.compile(r"<(?:(/?)([a-zA-Z][a-zA-Z0-9:-]*)|!--|[!?/])")
_QUOTE = re.compile(r"=\s*([\"'])")
_CLOSINGS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in HIDDEN}

#: Square brackets around ordinary words are left alone: a shortcode is a name with an underscore, one
#: with an attribute, an end mark, or a well-known name.
_SHORTCODE = re.compile(
    r"\[(?:/?[a-zA-Z][a-zA-Z0-9-]*_[a-zA-Z0-9_-]*(?:\s[^\[\]]*)?/?"
    r"|[a-zA-Z][a-zA-Z0-9_-]*\s+[a-zA-Z0-9_-]+=[^\[\]]*"
    r"|/[a-zA-Z][a-zA-Z0-9_-]*"
    r"|(?:accordion|audio|caption|columns?|embed|gallery|playlist|products?|row|section|tabs?|video))\]"
)
#: What stands between these is base64 or code.
_RAW_SHORTCODE = re.compile(r"\[(/?)vc_raw_(?:html|js)\b[^\[\]]*\]")
_TAG_LIKE = re.compile(r"<(?=[a-zA-Z/!?])")


def text_of(markup: str) -> str:
    """The text a browser would show, entities still encoded, with a line feed where a line ends.

    The source's own line breaks count only where nothing else makes lines.
    """
    markup = markup.replace(_BREAK, "")
    if "<![CDATA[" in markup:
        markup = markup.replace("<![CDATA[", "").replace("]]>", "")
    text = "".join(_Scan(markup).pieces())
    if _BREAK not in text:
        return text
    return text.replace("\r", " ").replace("\n", " ").replace(_BREAK, "\n")


def without_shortcodes(text: str) -> str:
    """The text without page builders' `[name …]` marks, what they enclose kept unless it is code."""
    if "[" not in text:
        return text
    if "[vc_raw_" in text:
        text = _outside_raw(text)
    return _SHORTCODE.sub(" ", text)


def defused(text: str) -> str:
    """The text with a blank behind every `<` that a reader of HTML could take for a tag."""
    return _TAG_LIKE.sub("< ", text) if "<" in text else text


def _outside_raw(text: str) -> str:
    kept, start, inside = [], 0, False
    for mark in _RAW_SHORTCODE.finditer(text):
        if not inside:
            kept.append(text[start : mark.start()])
        inside = not mark[1]
        start = mark.end()
    if not inside:
        kept.append(text[start:])
    return " ".join(kept)


class _Scan:
    """One pass over a piece of HTML."""

    def __init__(self, markup: str) -> None:
        self._markup = markup
        #: needle -> (from where it was searched, where it was found or -1)
        self._found: dict[str, tuple[int, int]] = {}
        #: set once quotes proved unbalanced to the end: from then on the first > ends a tag
        self._quotes_lie = False

    def pieces(self) -> list[str]:
        """Runs of text, with breaks and blanks where elements ask for them."""
        pieces, position = [], 0
        search = _MARK.search
        while position >= 0 and (mark := search(self._markup, position)):
            pieces.append(self._markup[position : mark.start()])
            end = self._end_of(mark)
            if end is None:
                pieces.append(mark[0])
                position = mark.end()
                continue
            name = (mark[2] or "").lower()
            pieces.append(_BREAK if name in BLOCKS else " " if name in CELLS else "")
            position = self._after_hidden(name, end) if name in HIDDEN and not mark[1] else end
        if position >= 0:
            pieces.append(self._markup[position:])
        return pieces

    def _end_of(self, mark: re.Match[str]) -> int | None:
        """Where the markup that begins here ends; -1: never, the rest is a comment; None: it is text."""
        if mark[0] == "<!--":
            # From behind "<!" on, because <!--> is a comment too.
            close = self._find("-->", mark.start() + 2)
            return close + 3 if close >= 0 else -1
        if mark[2]:
            return self._end_of_tag(mark.end())
        close = self._find(">", mark.end())
        return close + 1 if close >= 0 else None

    def _end_of_tag(self, position: int) -> int | None:
        """Behind the first > that is not inside a quoted attribute value."""
        first = close = self._find(">", position)
        while close >= 0 and not self._quotes_lie:
            quote = _QUOTE.search(self._markup, position, close)
            if quote is None:
                return close + 1
            unquoted = self._find(quote[1], quote.end())
            if unquoted < 0:
                break
            position = unquoted + 1
            close = self._find(">", position)
        if first < 0:
            return None
        self._quotes_lie = True
        return first + 1

    def _after_hidden(self, name: str, position: int) -> int:
        """Where the end tag of a hidden element begins, or -1 where it has none."""
        if self._markup[position - 2] == "/":
            return position
        closing = _CLOSINGS[name].search(self._markup, position)
        return closing.start() if closing else -1

    def _find(self, needle: str, start: int) -> int:
        """`str.find` that remembers: the same stretch is never searched twice for the same thing."""
        since, found = self._found.get(needle, (0, -2))
        if found == -2 or start < since or -1 < found < start:
            since, found = start, self._markup.find(needle, start)
            self._found[needle] = (since, found)
        return found
