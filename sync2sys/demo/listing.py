"""Which products a list request gets, in which order: parameters checked, filters, sorting.

Unknown parameters are ignored without a word, as WooCommerce does.
"""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sync2sys.demo.records import TIME, Record, amount
from sync2sys.demo.web import Refusal

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?")
STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish")
ORDERS = (
    "date",
    "id",
    "include",
    "title",
    "slug",
    "modified",
    "popularity",
    "rating",
    "price",
    "sales",
    "menu_order",
    "random",
)


@dataclass(frozen=True)
class Fault:
    """Why one parameter is refused."""

    code: str
    message: str
    data: Any = None


Check = Callable[[str, Any], Fault | None]


def integer(least: int | None = None, most: int | None = None) -> Check:
    def check(name: str, value: Any) -> Fault | None:
        try:
            number = float(value)
        except (TypeError, ValueError):
            return _not_of_type(name, "integer")
        if not number.is_integer():
            return _not_of_type(name, "integer")
        inside = (least is None or number >= least) and (most is None or number <= most)
        return None if inside else Fault("rest_out_of_bounds", _bounds(name, least, most))

    return check


def _bounds(name: str, least: int | None, most: int | None) -> str:
    if most is None:
        return f"{name} must be greater than or equal to {least}"
    return f"{name} must be between {least} (inclusive) and {most} (inclusive)"


def boolean(name: str, value: Any) -> Fault | None:
    known = isinstance(value, bool) or str(value).lower() in ("true", "false", "1", "0", "")
    return None if known else _not_of_type(name, "boolean")


def text(name: str, value: Any) -> Fault | None:
    return None if isinstance(value, str) else _not_of_type(name, "string")


def one_of(*choices: str) -> Check:
    def check(name: str, value: Any) -> Fault | None:
        if value in choices:
            return None
        listed = ", ".join(choices[:-1]) + f", and {choices[-1]}"
        return Fault("rest_not_in_enum", f"{name} is not one of {listed}.")

    return check


def some_of(*choices: str) -> Check:
    one = one_of(*choices)

    def check(name: str, value: Any) -> Fault | None:
        faults = (one(f"{name}[{index}]", item) for index, item in enumerate(items(value)))
        return next((fault for fault in faults if fault), None)

    return check


def ids(name: str, value: Any) -> Fault | None:
    whole = all(re.fullmatch(r"-?\d+", item) for item in items(value))
    return None if whole else _not_of_type(f"{name}[0]", "integer", f"{name}[0]")


def moment(name: str, value: Any) -> Fault | None:
    good = isinstance(value, str) and MOMENT.fullmatch(value)
    return None if good else Fault("rest_invalid_date", "Invalid date.")


def _not_of_type(name: str, kind: str, param: str = "") -> Fault:
    return Fault("rest_invalid_type", f"{name} is not of type {kind}.", {"param": param or name})


PAGING: dict[str, Check] = {
    "page": integer(1),
    "per_page": integer(1, 100),
    "offset": integer(),
    "order": one_of("asc", "desc"),
    "include": ids,
    "exclude": ids,
    "search": text,
}

LIST: dict[str, Check] = {
    **PAGING,
    "orderby": one_of(*ORDERS),
    "status": one_of(*STATUSES),
    "include_status": some_of(*STATUSES),
    "exclude_status": some_of(*STATUSES),
    "after": moment,
    "before": moment,
    "modified_after": moment,
    "modified_before": moment,
    "dates_are_gmt": boolean,
    "sku": text,
    "slug": text,
    "on_sale": boolean,
    "featured": boolean,
    "virtual": boolean,
    "stock_status": one_of("instock", "outofstock", "onbackorder"),
    "min_price": text,
    "max_price": text,
    "parent": ids,
    "global_unique_id": text,
    "search_sku": text,
}

PRODUCTS: dict[str, Check] = {
    **LIST,
    "type": one_of("simple", "grouped", "external", "variable"),
    "category": text,
    "tag": text,
}

TAXES: dict[str, Check] = {
    **{name: PAGING[name] for name in ("page", "per_page", "offset", "order")},
    "orderby": one_of("id", "order", "priority"),
    "class": one_of("standard", "reduced-rate", "zero-rate"),
}

CATEGORIES: dict[str, Check] = {
    **PAGING,
    "orderby": one_of("id", "include", "name", "slug", "term_group", "description", "count"),
    "hide_empty": boolean,
    "parent": integer(),
    "slug": text,
}


def checked(given: dict[str, Any], checks: dict[str, Check]) -> dict[str, Any]:
    """The known parameters among the given. Raises Refusal that names every bad one."""
    known = {name: value for name, value in given.items() if name in checks}
    faults = {name: fault for name, value in known.items() if (fault := checks[name](name, value))}
    if faults:
        raise Refusal(
            400,
            "rest_invalid_param",
            f"Invalid parameter(s): {', '.join(faults)}",
            params={name: fault.message for name, fault in faults.items()},
            details={
                name: {"code": fault.code, "message": fault.message, "data": fault.data}
                for name, fault in faults.items()
            },
        )
    return known


def items(value: Any) -> list[str]:
    """A list parameter: `1,2`, `a[]=1&a[]=2` or a JSON list."""
    if isinstance(value, dict):
        return [str(item) for item in value.values()]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [item for item in re.split(r"[\s,]+", str(value)) if item]


def numbers(value: Any) -> list[int]:
    return [int(item) for item in items(value)]


def truth(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1")


def in_zone(value: str, zone: tzinfo) -> str:
    """A time as WordPress compares it: one with an offset is first turned into the shop's local time.

    That happens even where the comparison is with a GMT column (read from the source), so a `Z` at
    the end of a GMT time shifts it: a client must send none.
    """
    found = datetime.fromisoformat(value.upper().replace(" ", "T", 1))
    if found.tzinfo is not None:
        found = found.astimezone(zone)
    return found.strftime(TIME)


Keep = Callable[[Record], bool]


@dataclass(frozen=True)
class View:
    """What the filters need to know about the shop."""

    zone: tzinfo
    local: Callable[[str], str]
    figures: Callable[[Record], dict[str, Any]]
    has: Callable[[str], bool]


def chosen(records: Iterable[Record], given: dict[str, Any], view: View) -> list[Record]:
    """The records that the checked parameters ask for, in their order."""
    found = list(records)
    for keep in _filters(given, view):
        found = [record for record in found if keep(record)]
    return ordered(found, given, view)


def _filters(given: dict[str, Any], view: View) -> Iterable[Keep]:
    yield _by_status(given, view)
    for name, make in FILTERS.items():
        if name in given and given[name] != "":
            yield make(given[name], view)
    if view.has("modified_after"):
        yield from _by_time(given, view)


def _by_status(given: dict[str, Any], view: View) -> Keep:
    wanted = {given.get("status", "any")}
    barred = {"trash"} if "any" in wanted else set()
    if view.has("include_status"):
        wanted = set(items(given.get("include_status", ""))) or wanted
        barred |= set(items(given.get("exclude_status", "")))
        barred -= wanted
    return lambda record: ("any" in wanted or record["status"] in wanted) and record["status"] not in barred


def _by_time(given: dict[str, Any], view: View) -> Iterable[Keep]:
    gmt = truth(given.get("dates_are_gmt", False))
    for name, field, later in (
        ("after", "date_created_gmt", True),
        ("before", "date_created_gmt", False),
        ("modified_after", "date_modified_gmt", True),
        ("modified_before", "date_modified_gmt", False),
    ):
        if given.get(name):
            yield _beyond(field, in_zone(given[name], view.zone), later, gmt, view)


def _beyond(field: str, limit: str, later: bool, gmt: bool, view: View) -> Keep:
    def keep(record: Record) -> bool:
        time = record[field] if gmt else view.local(record[field])
        return time > limit if later else time < limit

    return keep


def _field_is(field: str) -> Callable[[Any, View], Keep]:
    return lambda value, view: lambda record: record.get(field) == value


def _field_among(field: str) -> Callable[[Any, View], Keep]:
    def make(value: Any, view: View) -> Keep:
        wanted = {item.strip() for item in str(value).split(",")}
        return lambda record: bool(record[field]) and record[field] in wanted

    return make


def _field_true(field: str) -> Callable[[Any, View], Keep]:
    return lambda value, view: lambda record: bool(record.get(field)) is truth(value)


def _has_term(field: str) -> Callable[[Any, View], Keep]:
    def make(value: Any, view: View) -> Keep:
        wanted = set(items(value))
        return lambda record: any(str(term["id"]) in wanted for term in record.get(field, ()))

    return make


def _priced(beyond: Callable[[float, float], bool]) -> Callable[[Any, View], Keep]:
    def make(value: Any, view: View) -> Keep:
        limit = amount(str(value))

        def keep(record: Record) -> bool:
            price = view.figures(record)["price"]
            return price != "" and beyond(amount(price), limit)

        return keep

    return make


def _number_among(field: str, wanted: bool = True) -> Callable[[Any, View], Keep]:
    def make(value: Any, view: View) -> Keep:
        named = set(numbers(value))
        return lambda record: (record[field] in named) is wanted

    return make


def _contains(field: str) -> Callable[[Any, View], Keep]:
    return lambda value, view: lambda record: str(value).lower() in record[field].lower()


def _figure_is(name: str, read: Callable[[Any], Any] = str) -> Callable[[Any, View], Keep]:
    return lambda value, view: lambda record: view.figures(record)[name] == read(value)


FILTERS: dict[str, Callable[[Any, View], Keep]] = {
    "include": _number_among("id"),
    "exclude": _number_among("id", wanted=False),
    "parent": _number_among("parent_id"),
    "search": _contains("name"),
    "search_sku": _contains("sku"),
    "sku": _field_among("sku"),
    "slug": _field_is("slug"),
    "type": _field_is("type"),
    "featured": _field_true("featured"),
    "virtual": _field_true("virtual"),
    "category": _has_term("categories"),
    "tag": _has_term("tags"),
    "global_unique_id": _field_among("global_unique_id"),
    "stock_status": _figure_is("stock_status"),
    "on_sale": _figure_is("on_sale", truth),
    "min_price": _priced(lambda price, limit: price >= limit),
    "max_price": _priced(lambda price, limit: price <= limit),
}

KEYS: dict[str, Callable[[Record], Any]] = {
    "date": lambda record: (record["date_created_gmt"], record["id"]),
    "modified": lambda record: (record["date_modified_gmt"], record["id"]),
    "id": lambda record: record["id"],
    "title": lambda record: (record["name"].lower(), record["id"]),
    "slug": lambda record: (record["slug"], record["id"]),
    "menu_order": lambda record: (record["menu_order"], record["id"]),
    "popularity": lambda record: (record.get("total_sales", 0), record["id"]),
    "sales": lambda record: (record.get("total_sales", 0), record["id"]),
    "rating": lambda record: record["id"],
}


def ordered(found: list[Record], given: dict[str, Any], view: View) -> list[Record]:
    """Sort by `orderby`, by date with the newest first where nothing is said."""
    by = given.get("orderby", "date")
    if by == "random":
        return random.sample(found, len(found))
    if by == "include":
        places = {number: place for place, number in enumerate(numbers(given.get("include", "")))}
        return sorted(found, key=lambda record: places.get(record["id"], len(places)))
    key = KEYS.get(by) or (lambda record: (amount(view.figures(record)["price"]), record["id"]))
    return sorted(found, key=key, reverse=given.get("order", "desc") == "desc")
