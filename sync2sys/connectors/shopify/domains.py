"""The one name of a Shopify shop: `mystore.myshopify.com`."""

import re

_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")


def normal(text: str) -> str:
    """The domain that somebody typed: a bare name, any case, with `https://` or a slash behind it.

    Raises ValueError with a sentence that says how to write it.
    """
    found = text.strip(" ").lower().removeprefix("https://").removesuffix("/")
    if "." not in found:
        found += ".myshopify.com"
    if not is_domain(found):
        raise ValueError("Give the shop's own name, such as mystore or mystore.myshopify.com.")
    return found


def is_domain(text: str) -> bool:
    """Whether this is a shop's domain in its normal form, to the letter."""
    return _DOMAIN.fullmatch(text) is not None
