"""Suppliers: whom an organization gets its lists of prices and stock from, and how these are read."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from sync2sys.errors import BadRequest, NotFound
from sync2sys.extensions import db
from sync2sys.formats.definitions import BadDefinition
from sync2sys.models import Organization, Supplier
from sync2sys.offers import mapping as mappings
from sync2sys.offers.quality import Thresholds
from sync2sys.outbound import urls
from sync2sys.readers.base import BadShape, Shape
from sync2sys.services import jobs, organizations, plans, repricing

#: What may change after a supplier was made; `credentials` as well, with or without the address.
CHANGEABLE = ("name", "url", "credentials", "shape", "mapping", "guard", "every_minutes")
SHORTEST_MINUTES, LONGEST_MINUTES = 5, 7 * 24 * 60
#: Between two looks at an address of which its owner says nothing else.
USUAL_MINUTES = 60


def create(
    organization: Organization,
    *,
    name: str,
    url: str = "",
    credentials: dict[str, str] | None = None,
    shape: dict[str, Any] | None = None,
    mapping: dict[str, Any] | None = None,
    guard: dict[str, Any] | None = None,
    every_minutes: int | None = None,
) -> Supplier:
    """A new supplier. Nothing is imported before its owner has confirmed `shape` and `mapping`.

    `credentials`: user and password for the address; `every_minutes`: between two looks at it, 0 for only
    when asked, None for the usual. Raises LimitReached (SUPPLIER_LIMIT) where the plan allows no more, and
    BadRequest for what cannot be used.
    """
    plans.require_room(organization, plans.SUPPLIERS)
    supplier = Supplier(organization_id=organization.id, name=name)
    given = {"url": url, "shape": shape, "mapping": mapping, "guard": guard or {}}
    minutes = _usual_minutes(url) if every_minutes is None else every_minutes
    _set(supplier, given | {"every_minutes": minutes, "credentials": credentials})
    db.session.add(supplier)
    db.session.flush()
    organizations.note_activity(organization.id)
    if supplier.url:
        ask_import(supplier)
    return supplier


def change(supplier: Supplier, **changes: Any) -> Supplier:
    """Change some of what is CHANGEABLE, each of them wholly. Raises BadRequest as `create`.

    The offers stay as they are until the list is read anew, which is queued where that matters.
    """
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"a supplier's {unknown} cannot be changed")
    db.session.refresh(supplier, with_for_update=True)
    before = (supplier.url, supplier.shape, supplier.mapping, supplier.credentials)
    if changes.get("url", supplier.url) != supplier.url:
        # What was said of another address says nothing of this one; nor do its keys go there.
        supplier.etag = supplier.last_modified = ""
        changes.setdefault("credentials", None)
        if not supplier.url or not changes["url"]:
            changes.setdefault("every_minutes", _usual_minutes(changes["url"]))
    _set(supplier, changes)
    db.session.flush()
    organizations.note_activity(supplier.organization_id)
    if before != (supplier.url, supplier.shape, supplier.mapping, supplier.credentials):
        ask_import(supplier)
    return supplier


def _usual_minutes(url: str) -> int:
    """What nobody has to say: an address has to be looked at again, what is sent is read as it comes."""
    return USUAL_MINUTES if url else 0


def delete(supplier: Supplier) -> None:
    """Remove the supplier with all that it offers. What was sent to shops stays there."""
    organizations.note_activity(supplier.organization_id)
    repricing.ask_of(supplier)
    db.session.delete(supplier)
    db.session.flush()


def visible(organization_ids: Collection[str]) -> Sequence[Supplier]:
    """The suppliers of these organizations, oldest first."""
    query = select(Supplier).where(Supplier.organization_id.in_(organization_ids))
    return db.session.scalars(query.order_by(Supplier.created_at, Supplier.id)).all()


def owned(organization_ids: Collection[str], supplier_id: str) -> Supplier:
    """One of them. Raises NotFound, alike for another organization's supplier and for none."""
    supplier = db.session.get(Supplier, supplier_id)
    if supplier is None or supplier.organization_id not in organization_ids:
        raise NotFound("No such supplier.")
    return supplier


def ask_import(supplier: Supplier) -> None:
    """Queue a look at the supplier's list, now."""
    jobs.enqueue("import", supplier.id)


def thresholds(supplier: Supplier) -> Thresholds:
    """When a new list is held: what its owner set, and the usual for the rest."""
    return Thresholds(**supplier.guard)


def _set(supplier: Supplier, given: Mapping[str, Any]) -> None:
    """All checks first: what is refused changes nothing."""
    checked = {name: _CHECKS[name](value) if name in _CHECKS else value for name, value in given.items()}
    for name, value in checked.items():
        setattr(supplier, name, value)
    if supplier.every_minutes and not supplier.url:
        _refuse("everyMinutes", "A list that is sent to us is read when it comes. Leave this out, or 0.")
    if supplier.sealed_credentials and not supplier.url:
        _refuse("credentials", "User and password are for an address. Name one.")


def _refuse(field: str, problem: str) -> None:
    raise BadRequest("This supplier cannot be kept.", details={field: [problem]})


def checked_url(url: str) -> str:
    """The address, as it is to be kept. Raises BadRequest."""
    parts = urlsplit(url)
    try:
        if url:
            urls.target(url)
    except ValueError as error:
        _refuse("url", f"This address cannot be used: {error}.")
    if parts.username or parts.password:
        _refuse("url", "Leave user and password out of the address, and give them as credentials.")
    return url


def checked_shape(spec: dict[str, Any] | None) -> dict[str, Any] | None:
    """The shape with all its fields. Raises BadRequest."""
    try:
        return None if spec is None else Shape.from_dict(spec).as_dict()
    except BadShape as bad:
        place = f"shape.{bad.path}" if bad.path else "shape"
        raise BadRequest("No file can be read so.", details={place: [bad.message]}) from bad


def checked_mapping(spec: dict[str, Any] | None) -> dict[str, Any] | None:
    """The mapping, if it is one. Raises BadRequest."""
    try:
        if spec is not None:
            mappings.parse(spec)
    except BadDefinition as bad:
        place = f"mapping.{bad.path}" if bad.path else "mapping"
        raise BadRequest("This mapping cannot be used.", details={place: [bad.message]}) from bad
    return spec


def _checked_guard(given: dict[str, Any]) -> dict[str, Any]:
    problems = [problem for name, value in given.items() if (problem := _threshold_problem(name, value))]
    if problems:
        raise BadRequest("These thresholds cannot be used.", details={"guard": problems})
    return dict(given)


def _threshold_problem(name: str, value: Any) -> str:
    if name not in Thresholds._fields:
        return f"There is no threshold {name}."
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} is a number."
    least, most = _RANGES.get(name, (0, 1))
    return "" if least <= value <= most else f"{name} is a number from {least} to {most}."


_RANGES = {"fewest": (1, 1_000_000), "factor": (1, 1000), "same": (0, 100)}


def _checked_minutes(minutes: int) -> int:
    if minutes and not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        _refuse("everyMinutes", f"Use 0 for never, or {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes.")
    return minutes


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "url": checked_url,
    "shape": checked_shape,
    "mapping": checked_mapping,
    "guard": _checked_guard,
    "every_minutes": _checked_minutes,
}
