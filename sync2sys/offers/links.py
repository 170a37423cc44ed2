"""Where an article can be bought: an address with names in braces, `https://shop.example/p/{sku}`."""

import re
from collections import abc
from urllib.parse import quote, urlsplit

from sync2sys.formats import definitions
from sync2sys.formats.definitions import BadDefinition, listed

NAMES = ("id", "gtin", "sku", "mpn")
LONGEST = 1_000

_NAMED = re.compile(r"\{([^{}]*)\}")


class Link:
    """An address made ready. An empty one leads nowhere."""

    def __init__(self, text: str) -> None:
        self._text = text
        parts = urlsplit(text)
        #: scheme and host, "" for none
        self.home = f"{parts.scheme}://{parts.netloc}" if text else ""

    def of(self, values: abc.Mapping[str, str]) -> str:
        """The address for these values, by their names; "" where one that it needs is empty."""
        if not all(values[name] for name in _NAMED.findall(self._text)):
            return ""
        return _NAMED.sub(lambda found: quote(values[found[1]], safe=""), self._text)


def parse(spec: str) -> Link:
    """The address of this definition. Raises BadDefinition."""
    text = definitions.text(spec, "", LONGEST, shortest=0).strip()
    if not text:
        return Link("")
    for name in _NAMED.findall(text):
        definitions.known(name, NAMES, "", "name")
    if set("{}") & set(_NAMED.sub("", text)):
        raise BadDefinition("", "A brace stands alone. Names are written as {sku}.")
    try:
        parts = urlsplit(text)
        is_host = bool(parts.hostname) and parts.username is None and (parts.port or 443) > 0
        is_web = parts.scheme in ("http", "https") and is_host and "{" not in parts.netloc
    except ValueError:
        is_web = False
    if not is_web or re.search(r"[\s<>\"]", text):
        raise BadDefinition("", "This is no web address. Write it as https://shop.example/p/{sku}.")
    if not _NAMED.search(text):
        raise BadDefinition("", f"All articles would have one address. Use one of {listed(NAMES)} in braces.")
    return Link(text)
