"""Who a shop is, and how it likes to be asked: what one has to know before a pull."""

import re
from collections.abc import Callable
from typing import Any

from sync2sys.connectors.base import Shop
from sync2sys.connectors.fields import address, country, currency, label, rows
from sync2sys.connectors.woocommerce import taxes
from sync2sys.connectors.woocommerce.client import Client, Root
from sync2sys.connectors.woocommerce.site import INDEX
from sync2sys.errors import RemoteError

STATUS_FIELDS = "environment.version,environment.store_id,settings.currency"
#: routes that list the variations of all products: since 10.3, and the internal one of older versions
VARIATION_ROUTES = ("wc/v3/variations", "wc-analytics/variations")
#: where neither is there, variations are asked for product by product
PER_PARENT = "per_parent"

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: `DE`, or `DE:DE-BY` with a state


def facts(
    client: Client,
    *,
    index: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    capabilities: dict[str, Any],
    hurried: bool = False,
) -> Shop:
    """Everything about a shop, asking for what is not given.

    With `hurried`, what the shop does not tell in time is left out rather than waited for.
    """

    def told(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except RemoteError:
            if not hurried:
                raise
            return None

    if index is None:
        index = told(lambda: client.single("", INDEX)) or {}
    if status is None:
        status = told(lambda: client.single("wc/v3/system_status", [("_fields", STATUS_FIELDS)])) or {}
    environment, settings = _part(status, "environment"), _part(status, "settings")
    home = address(index.get("home"), "") or client.root.site
    route = told(lambda: variations_route(client))
    general = told(lambda: general_settings(client)) or {}
    return Shop(
        name=label(index.get("name"), 200),
        home=home,
        currency=currency(settings.get("currency")) or told(lambda: current_currency(client)) or "",
        prices_include_tax=_yes(told(lambda: setting(client, "tax/woocommerce_prices_include_tax"))),
        weight_unit=told(lambda: setting(client, "products/woocommerce_weight_unit")) or "",
        dimension_unit=told(lambda: setting(client, "products/woocommerce_dimension_unit")) or "",
        timezone=timezone(index),
        version=label(environment.get("version"), 50),
        identity=identity(environment),
        capabilities=capabilities
        | {
            "root": client.root.base,
            "plain": client.root.plain,
            "way": client.way.value,
            "home": client.home,
            "version": label(environment.get("version"), 50),
            "variations": route or capabilities.get("variations"),
        },
        # Such as "US:CA".
        country=country((general.get("woocommerce_default_country") or "").partition(":")[0]),
        charges_tax=_yes(general.get("woocommerce_calc_taxes")),
        tax_rates=tax_rates(client),
    )


def root_of(capabilities: dict[str, Any]) -> Root:
    return Root(str(capabilities["root"]), bool(capabilities.get("plain")))


def variations_route(client: Client) -> str:
    """The cheapest route to variations that this shop has. Raises StoreError if it is out of order."""
    for route in VARIATION_ROUTES:
        answer = client.ask(route, [("per_page", "1"), ("_fields", "id")])
        if answer.ok and isinstance(answer.data, list):
            return route
    return PER_PARENT


def current_currency(client: Client) -> str:
    return currency((client.single("wc/v3/data/currencies/current") or {}).get("code"))


def tax_rates(client: Client) -> taxes.Rates | None:
    """The shop's tax rates; None where they cannot be had now, which no sync fails for."""
    try:
        return taxes.rates(client)
    except RemoteError:
        return None


def general_settings(client: Client) -> dict[str, str]:
    """Values of settings by name, empty where the key may not see them."""
    answer = client.ask("wc/v3/settings/general", [("_fields", "id,value")])
    found = rows(answer.data, 1000) if answer.ok else ()
    return {label(row.get("id")): label(row.get("value"), 50) for row in found}


def setting(client: Client, name: str) -> str:
    """A setting's value; "" where the key may not see it. Without `_fields` every option comes along."""
    found = client.single(f"wc/v3/settings/{name}", [("_fields", "id,value")]) or {}
    return label(found.get("value"), 50)


def identity(environment: dict[str, Any]) -> str | None:
    """The shop's own id; versions before 8.4 have none."""
    found = environment.get("store_id")
    return found.lower() if isinstance(found, str) and _UUID.fullmatch(found) else None


def timezone(index: dict[str, Any]) -> str:
    """`Europe/Berlin`, or `UTC+05:30` where the shop only set an offset."""
    named, offset = label(index.get("timezone_string"), 64), index.get("gmt_offset")
    if named:
        return named
    try:
        minutes = round(float(offset) * 60)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return ""
    if not -24 * 60 < minutes < 24 * 60:
        return ""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}" if minutes else "UTC"


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _yes(value: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(value or "")
