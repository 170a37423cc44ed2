"""Global ids: `gid://shopify/Product/1`."""

import re

_FORM = re.compile(r"gid://shopify/([A-Za-z]+)/([^/?]+)(?:\?.*)?")


def gid(kind, number):
    return f"gid://shopify/{kind}/{number}"


def is_gid(text):
    return isinstance(text, str) and bool(_FORM.fullmatch(text))


def kind_and_number(text):
    """`("Product", 1)`; the number is None where it is none."""
    kind, number = _FORM.fullmatch(text).groups()
    return kind, int(number) if number.isdigit() else None


def number(text, kind):
    """The number of an id of this kind, None for one of another."""
    found, value = kind_and_number(text)
    return value if found == kind else None
