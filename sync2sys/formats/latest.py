"""Remembering one answer, for what neighbouring items share."""

from collections.abc import Callable
from typing import Any, TypeVar

V = TypeVar("V")


def latest(function: Callable[[Any], V]) -> Callable[[Any], V]:
    """The function, not called again while its argument stays equal.

    Variants of a product mostly stand together and share its long texts. Comparing two equal texts
    is ten times as fast as the hash that a larger memory would need.
    """
    last: tuple[Any, Any] = (object(), None)

    def remembering(argument: Any) -> V:
        nonlocal last
        known, value = last
        if argument != known:
            value = function(argument)
            last = (argument, value)
        return value

    return remembering


def latest_of(function: Callable[..., V]) -> Callable[..., V]:
    """As `latest`, for several arguments."""
    last: tuple[Any, Any] = (object(), None)

    def remembering(*arguments: Any) -> V:
        nonlocal last
        known, value = last
        if arguments != known:
            value = function(*arguments)
            last = (arguments, value)
        return value

    return remembering
