"""Where a pull stands, and the cursor that carries it into another process."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sync2sys.connectors.ids import Ids
from sync2sys.connectors.woocommerce.walk import Walk

VERSION = 1

#: the stages of a pull, in order
PRODUCTS, VARIATIONS, SETTLING, DONE = STAGES = ("products", "variations", "settling", "done")

_WALKS = ("products", "variations")
_SETS = ("seen_products", "seen_variations", "without_own", "orphans")


@dataclass(slots=True)
class State:
    """As JSON it is the cursor. Only a full pull keeps account of what it saw."""

    since: datetime | None = None
    route: str = ""
    stage: str = PRODUCTS
    products: Walk = field(default_factory=Walk)
    variations: Walk = field(default_factory=Walk)
    #: what was yielded and the shop, as far as we know, still has
    seen_products: Ids = field(default_factory=Ids)
    seen_variations: Ids = field(default_factory=Ids)
    #: products that are no variant themselves
    without_own: Ids = field(default_factory=Ids)
    #: variations whose product the shop does not list
    orphans: Ids = field(default_factory=Ids)
    #: how many products and variations the shop counts but does not show
    hidden_products: int = 0
    hidden_variations: int = 0

    @property
    def is_full(self) -> bool:
        return self.since is None

    @property
    def variants(self) -> int:
        """How many variants were yielded: variations, and products that are one themselves."""
        return len(self.seen_products) - len(self.without_own) + len(self.seen_variations)

    def cursor(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "since": self.since and self.since.isoformat(),
            "route": self.route,
            "stage": self.stage,
            "hidden": [self.hidden_products, self.hidden_variations],
            **{name: getattr(self, name).state() for name in _WALKS},
            **{name: getattr(self, name).pack() for name in _SETS},
        }

    @classmethod
    def resumed(cls, cursor: Any) -> Self | None:
        """The state of a cursor; None for a damaged one or another version's: begin anew then."""
        try:
            if cursor["version"] != VERSION or cursor["stage"] not in STAGES:
                return None
            products, variations = map(int, cursor["hidden"])
            return cls(
                since=datetime.fromisoformat(cursor["since"]) if cursor["since"] else None,
                route=str(cursor["route"]),
                stage=cursor["stage"],
                hidden_products=products,
                hidden_variations=variations,
                **{name: Walk.resumed(cursor[name]) for name in _WALKS},  # type: ignore[arg-type]
                **{name: Ids.unpack(cursor[name]) for name in _SETS},  # type: ignore[arg-type]
            )
        except (KeyError, TypeError, ValueError):
            return None
