"""Global ids: `gid://shopify/Product/1`."""

import re

from tests.shops.shopify.refusals import Refused

_FORM = re.compile(r"gid://shopify/([A-Za-z]+)/([^/?]+)(?:\?.*)?")


def gid(kind, number):
    return f"gid://shopify/{kind}/{number}"


def is_gid(text):
    return isinstance(text, str) and bool(_FORM.fullmatch(text))


def kind_and_number(text):
    """`("Product", 1)`; the number is None where it is none. Raises Refused for what is no id."""
    if not is_gid(text):
        raise Refused(f"Invalid global id '{text}'", "argumentLiteralsIncompatible", typeName="CoercionError")
    kind, number = _FORM.fullmatch(text).groups()
    return kind, int(number) if number.isdigit() else None


def number(text, kind):
    """The number of an id of this kind, None for one of another."""
    found, value = kind_and_number(text)
    return value if found == kind else None
