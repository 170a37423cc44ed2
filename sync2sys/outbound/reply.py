"""What came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync2sys.outbound.retries import asked_to_wait


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer with any status, redirects included. Only harmless parts show in its repr."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in any case
    body: bytes = field(repr=False)  # inflated
    url: str = field(repr=False)  # as it was asked for, query included
    seconds: float

    @property
    def retry_after(self) -> float | None:
        """How many seconds the server asked to wait, by a number or a date."""
        return asked_to_wait(self.headers)
