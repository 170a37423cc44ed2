"""Category paths, `Shoes > Running`, as they are compared."""

from functools import lru_cache

#: Levels and characters that count; nobody's categories are as deep or their names as long.
DEEPEST, LONGEST = 32, 2_000


def names(path: str) -> tuple[str, ...]:
    """The names of a path from the root on, without idle blanks; empty ones left out."""
    found = (" ".join(name.split()) for name in path[:LONGEST].split(">", DEEPEST)[:DEEPEST])
    return tuple(filter(None, found))


def levels(path: str) -> tuple[str, ...]:
    """The names of a path as they are compared: without case."""
    return _levels(path[:LONGEST])


@lru_cache(maxsize=4096)
def _levels(path: str) -> tuple[str, ...]:
    return tuple(map(str.casefold, names(path)))
