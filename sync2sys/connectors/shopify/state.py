"""Where a pull stands, and the cursor that carries it into another process."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sync2sys.connectors.ids import Ids

VERSION = 1

#: the stages of a pull: product by product or all in one file, then the comparison, then done
PAGES, BULK, SETTLING, DONE = STAGES = ("pages", "bulk", "settling", "done")


@dataclass(slots=True)
class State:
    """As JSON it is the cursor. Only a full pull keeps account of what it saw."""

    since: datetime | None = None
    stage: str = PAGES
    #: the number of the last product that was yielded from a list
    after: int = 0
    #: the bulk operation, and how many products of its file were yielded
    operation: str | None = None
    read: int = 0
    #: how many products are expected, for a progress bar
    total: int | None = None
    #: how many products the shop says it has, in the end
    told: int | None = None
    #: numbers of the products that were yielded
    products: Ids = field(default_factory=Ids)

    @property
    def is_full(self) -> bool:
        return self.since is None

    def cursor(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "since": self.since and self.since.isoformat(),
            "stage": self.stage,
            "after": self.after,
            "operation": self.operation,
            "read": self.read,
            "total": self.total,
            "told": self.told,
            "products": self.products.pack(),
        }

    @classmethod
    def resumed(cls, cursor: Any) -> Self | None:
        """The state of a cursor; None for a damaged one or another version's: begin anew then."""
        try:
            if cursor["version"] != VERSION or cursor["stage"] not in STAGES:
                return None
            return cls(
                since=datetime.fromisoformat(cursor["since"]) if cursor["since"] else None,
                stage=cursor["stage"],
                after=int(cursor["after"]),
                operation=None if cursor["operation"] is None else str(cursor["operation"]),
                read=int(cursor["read"]),
                total=None if cursor["total"] is None else int(cursor["total"]),
                told=None if cursor["told"] is None else int(cursor["told"]),
                products=Ids.unpack(cursor["products"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
