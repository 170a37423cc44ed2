"""Pages of lists: which part is asked for, and the shape of the answer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from sync2sys.extensions import db

#: What `schemas.base.PageQuery` gives.
Query = Mapping[str, Any]


def bounds(query: Query) -> tuple[int, int]:
    """Where the page begins, from 0, and how many it may have."""
    return (query["page"] - 1) * query["perPage"], query["perPage"]


def answer(items: Iterable[Any], total: int, query: Query) -> dict[str, Any]:
    """The page with these items, of a list of so many."""
    return {"items": list(items), "page": query["page"], "perPage": query["perPage"], "total": total}


def some(everything: Sequence[Any], query: Query) -> Sequence[Any]:
    """The items of the page, of a list that is there as a whole."""
    start, count = bounds(query)
    return everything[start : start + count]


def select_some(found: Select[Any], query: Query) -> tuple[Sequence[Any], int]:
    """The items of the page, of what a query finds in its order, and how many it finds."""
    start, count = bounds(query)
    total = select(func.count()).select_from(found.order_by(None).subquery())
    return db.session.scalars(found.offset(start).limit(count)).all(), db.session.scalar(total) or 0
