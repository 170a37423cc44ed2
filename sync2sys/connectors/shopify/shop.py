"""Who a shop is."""

from typing import Any

from sync2sys.connectors import fields
from sync2sys.connectors.base import Shop
from sync2sys.connectors.shopify import documents
from sync2sys.connectors.shopify.admin import Admin
from sync2sys.connectors.shopify.products import UNITS
from sync2sys.errors import StoreGarbled


def facts(admin: Admin) -> Shop:
    """Everything about the shop. Raises StoreError."""
    answer = admin.ask(documents.SHOP)
    found, installation = answer.get("shop"), answer.get("currentAppInstallation")
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise StoreGarbled(f"{admin.host} did not say which shop it is.")
    primary = found.get("primaryDomain")
    url = primary.get("url") if isinstance(primary, dict) else found.get("url")
    taxes = found.get("taxesIncluded")
    address = found.get("shopAddress")
    country = address.get("countryCodeV2") if isinstance(address, dict) else None
    weight_unit = UNITS.get(str(found.get("weightUnit")), "")
    return Shop(
        name=fields.text(found.get("name"), 200).strip(),
        home=fields.address(url, "").rstrip("/") or f"https://{admin.host}",
        currency=fields.currency(found.get("currencyCode")),
        prices_include_tax=taxes if isinstance(taxes, bool) else None,
        weight_unit=weight_unit,
        # Shopify measures no products.
        dimension_unit="",
        timezone=fields.text(found.get("ianaTimezone"), 64),
        version=admin.answered_version,
        identity=found["id"][:100],
        capabilities={"scopes": _scopes(installation), "weight_unit": weight_unit},
        country=fields.country(country),
    )


def _scopes(installation: Any) -> list[str]:
    listed = installation.get("accessScopes") if isinstance(installation, dict) else None
    handles = [row.get("handle") for row in fields.rows(listed, 500)]
    return sorted({handle for handle in handles if isinstance(handle, str) and len(handle) <= 100})
