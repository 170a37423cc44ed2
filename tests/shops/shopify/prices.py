"""Changing variants in bulk: `productVariantsBulkUpdate`."""

from decimal import Decimal, InvalidOperation

from tests.shops.shopify.fields import field
from tests.shops.shopify.gids import number
from tests.shops.shopify.refusals import NotModelled, Refused

MOST_VARIANTS = 250
HIGHEST_PRICE = Decimal(10) ** 18
PLAIN = ("price", "compareAtPrice", "barcode", "taxable", "inventoryPolicy")
OF_ITEM = {"sku", "tracked", "requiresShipping", "countryCodeOfOrigin", "harmonizedSystemCode"}


@field("Mutation.productVariantsBulkUpdate")
def update(root, context, productId, variants, allowPartialUpdates=False, media=None):
    """All or none, unless partial updates are allowed; then the good ones."""
    if len(variants) > MOST_VARIANTS:
        message = (
            f"The input array size of {len(variants)} is greater than the maximum allowed of {MOST_VARIANTS}."
        )
        raise Refused(message, "MAX_INPUT_SIZE_EXCEEDED")
    catalogue = context.shop.catalogue
    product = catalogue.products.get(number(productId, "Product"))
    if product is None:
        return _payload(
            None, None, [_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")]
        )
    checked = [(each, _errors(product, place, each)) for place, each in enumerate(variants)]
    errors = [error for _, found in checked for error in found]
    good = [each for each, found in checked if not found] if allowPartialUpdates or not errors else []
    for each in good:
        context.shop.edit_variant(number(each["id"], "ProductVariant"), **_fields(each, catalogue))
    return _payload(catalogue.products[product["number"]], _named(variants, product, catalogue), errors)


def _named(variants, product, catalogue):
    numbers = (number(each.get("id") or "gid://shopify/None/0", "ProductVariant") for each in variants)
    return [catalogue.variants[each] for each in numbers if each in product["variants"]]


def _errors(product, place, given):
    where = ["variants", str(place)]
    if not given.get("id"):
        return [
            _error([*where, "id"], "Product variant is missing ID attribute", "PRODUCT_VARIANT_ID_MISSING")
        ]
    if number(given["id"], "ProductVariant") not in product["variants"]:
        message = "Product variant does not exist"
        return [_error([*where, "id"], message, "PRODUCT_VARIANT_DOES_NOT_EXIST")]
    if given.get("inventoryQuantities") is not None:
        message = "Inventory quantities can only be provided during create."
        code = "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"
        return [_error([*where, "inventoryQuantities"], message, code)]
    return _price_errors(where, given)


def _price_errors(where, given):
    errors = []
    for name, label in (("compareAtPrice", "Compare at price"), ("price", "Price")):
        value = _decimal(given.get(name))
        if value is None:
            continue
        if value >= HIGHEST_PRICE:
            errors.append(_error([*where, name], f"must be less than {HIGHEST_PRICE}", "INVALID_INPUT"))
        elif value < 0:
            message = f"{label} must be greater than or equal to 0"
            errors.append(_error([*where, name], message, "GREATER_THAN_OR_EQUAL_TO"))
    return errors


def _decimal(given):
    try:
        return None if given is None else Decimal(str(given))
    except InvalidOperation:
        raise Refused(f"{given!r} is no decimal number", "INVALID_VARIABLE") from None


def _fields(given, catalogue):
    item = given.get("inventoryItem") or {}
    unknown = given.keys() - {"id", "inventoryItem", *PLAIN} | item.keys() - OF_ITEM
    if unknown:
        raise NotModelled(f"productVariantsBulkUpdate with {', '.join(sorted(unknown))}")
    fields = {name: given[name] for name in PLAIN if name in given} | item
    for name in ("price", "compareAtPrice"):
        if name in fields:
            fields[name] = catalogue.money(fields[name])
    return fields


def _payload(product, variants, errors):
    return {"product": product, "productVariants": variants, "userErrors": errors}


def _error(where, message, code):
    kind = "ProductVariantsBulkUpdateUserError"
    return {"__typename": kind, "field": where, "message": message, "code": code}
