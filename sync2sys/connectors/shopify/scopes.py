"""Access scopes: what an app may do in a shop. Being allowed to write means being allowed to read.

Source: https://shopify.dev/docs/api/usage/access-scopes.
"""

import re
from collections.abc import Iterable

#: Without it there is nothing to mirror.
NEEDED = frozenset(["read_products"])

#: Without them no price and no stock is written.
WRITING = frozenset(["write_products", "write_inventory"])

#: scope -> what does not work without it
LOSSES = {
    "read_products": "Nothing can be mirrored.",
    "read_inventory": "Shopify does not tell when stock changes. It is found out at the next regular look.",
    "write_products": "Prices are not written to the shop.",
    "write_inventory": "Stock is not written to the shop.",
}

_SCOPE = re.compile("[a-z][a-z0-9_]{0,99}")


def parse(text: str) -> frozenset[str]:
    """The scopes of a list parted by commas. Raises ValueError for anything that is no scope."""
    found = [scope.strip() for scope in text.split(",") if scope.strip()]
    for scope in found:
        if not _SCOPE.fullmatch(scope):
            raise ValueError(f"{scope[:100]!r} is no access scope")
    return frozenset(found)


def missing(granted: Iterable[str], wanted: Iterable[str]) -> frozenset[str]:
    """What was wanted and is not granted; Shopify does not name what is implied by something else."""
    return frozenset(wanted) - _with_implied(granted)


def told(scopes: Iterable[str]) -> str:
    """The scopes as Shopify wants them, without those that others imply."""
    asked = frozenset(scopes)
    implied = {_read(scope) for scope in asked if scope.startswith("write_")}
    return ",".join(sorted(asked - implied))


def _with_implied(scopes: Iterable[str]) -> frozenset[str]:
    given = frozenset(scopes)
    return given | {_read(scope) for scope in given if scope.startswith("write_")}


def _read(scope: str) -> str:
    return "read_" + scope.removeprefix("write_")
