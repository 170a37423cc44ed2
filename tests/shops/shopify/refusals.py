"""Errors that stand in an answer of status 200."""


class Refused(Exception):
    """A field that is refused; becomes an entry of `errors` with this code."""

    def __init__(self, message, code, **extensions):
        super().__init__(message)
        self.extensions = {"code": code, **extensions}


class NotModelled(Exception):
    """Shopify can do what was asked, the fake cannot: it says so instead of guessing."""
