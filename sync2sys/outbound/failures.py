"""The libraries' errors in our words. Theirs are dropped: they print whatever they hold."""

import ssl
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

from sync2sys.errors import Unreachable


def broken(error: BaseException, host: str) -> Unreachable:
    """An exchange with `host` that failed, in a sentence for the owner of the store or file."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(f"The TLS certificate of {host} is not accepted: {cause.verify_message}.")
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return Unreachable(f"No TLS connection with {host} could be made.")
        if isinstance(cause, RemoteDisconnected | IncompleteRead | ConnectionError):
            return Unreachable(f"{host} closed the connection before the answer was complete.")
        if isinstance(cause, HTTPException):
            return Unreachable(f"What {host} answers is not HTTP.")
    return Unreachable(f"The exchange with {host} broke off.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps, each once. urllib3 wraps in `args` and `reason` too."""
    waiting, seen = [error], set()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
        waiting += [item for item in inner if isinstance(item, BaseException)]
