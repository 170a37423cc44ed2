"""Inventory items, their levels at locations, and setting them."""

import hashlib
import json

from tests.shops.shopify.catalogue import ITEM, MAIN_LOCATION
from tests.shops.shopify.connections import Rows
from tests.shops.shopify.fields import amount, count, field, ids_of
from tests.shops.shopify.gids import gid, number
from tests.shops.shopify.refusals import NotModelled, Refused

ids_of("InventoryItem", "Location")

REASONS = frozenset(
    str.split(
        """
        correction cycle_count_available damaged movement_created movement_updated movement_received
        movement_canceled other promotion quality_control received reservation_created reservation_deleted
        reservation_updated restock safety_stock shrinkage
        """
    )
)
UNSTOCKED = "ITEM_NOT_STOCKED_AT_LOCATION"
MOST, FEWEST = 1_000_000_000, -1_000_000_000


def item_of(variant):
    return {"__typename": "InventoryItem", "number": variant["number"] + ITEM, "variant": variant}


def item_at(catalogue, item_number):
    """The item with this number, None where there is none."""
    variant = catalogue.variants.get(item_number - ITEM) if item_number else None
    return variant and item_of(variant)


def level(item, place, catalogue):
    return {
        "__typename": "InventoryLevel",
        "number": place,
        "id": f"{gid('InventoryLevel', place)}?inventory_item_id={item['number']}",
        "item": item,
        "location": catalogue.locations[place],
        "isActive": True,
        "canDeactivate": True,
        "deactivationAlert": None,
        "createdAt": item["variant"]["createdAt"],
        "updatedAt": item["variant"]["updatedAt"],
    }


def _from_variant(*names):
    for name in names:
        field(f"InventoryItem.{name}")(lambda item, context, name=name: item["variant"][name])


_from_variant(
    "sku",
    "tracked",
    "requiresShipping",
    "countryCodeOfOrigin",
    "provinceCodeOfOrigin",
    "harmonizedSystemCode",
    "createdAt",
    "updatedAt",
)


@field("InventoryItem.unitCost")
def unit_cost(item, context):
    cost = item["variant"]["unitCost"]
    return None if cost is None else amount(cost, context.shop.currency)


@field("InventoryItem.measurement")
def measurement(item, context):
    weight = {"value": float(item["variant"]["weight"]), "unit": context.shop.weight_unit}
    return {"id": gid("InventoryItemMeasurement", item["number"]), "weight": weight}


@field("InventoryItem.inventoryLevels")
def levels(item, context, includeInactive=False, query=None, **paging):
    catalogue = context.shop.catalogue
    found = [level(item, place, catalogue) for place in item["variant"]["levels"]]
    return context.page(Rows(found, lambda each: each["number"]), **paging)


@field("InventoryItem.inventoryLevel")
def one_level(item, context, locationId, includeInactive=False):
    place = number(locationId, "Location")
    return level(item, place, context.shop.catalogue) if place in item["variant"]["levels"] else None


@field("InventoryItem.locationsCount")
def locations_count(item, context):
    return count(len(item["variant"]["levels"]))


@field("InventoryLevel.quantities")
def quantities(record, context, names):
    here = record["item"]["variant"]["levels"][record["number"]]
    return [
        {
            "id": f"{record['id'].replace('InventoryLevel', 'InventoryQuantity')}&name={name}",
            "name": name,
            "quantity": here if name in ("available", "on_hand") else 0,
            "updatedAt": record["updatedAt"],
        }
        for name in names
    ]


@field("Location.isPrimary")
def is_primary(place, context):
    return place["number"] == MAIN_LOCATION


# Setting


@field("Mutation.inventorySetQuantities")
def set_quantities(root, context, input):
    """All or nothing, and with one key only once: the same call again answers as it did before."""
    key = _key(context, "inventorySetQuantities")
    for row in input["quantities"]:
        if context.wants_comparison and "changeFromQuantity" not in row:
            message = "InventoryQuantityInput must include the following argument: changeFromQuantity."
            raise Refused(message, "INVALID_FIELD_ARGUMENTS")
    return context.shop.once(key, _digest(input), lambda: _set_all(context, input), _mismatch)


def _key(context, mutation):
    key = context.keys.get(mutation)
    if context.wants_comparison and not (key or "").strip():
        message = "The @idempotent directive is required for this mutation but was not provided."
        raise Refused(message, "BAD_REQUEST")
    return key


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _mismatch():
    message = "The same idempotency key was used with other input."
    return _payload(None, [_error(["input"], message, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")])


def _set_all(context, input):
    if input["name"] not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        return _payload(None, [_error(["input", "name"], message, "INVALID_NAME")])
    if input["reason"] not in REASONS:
        message = f"The specified reason is invalid. Valid values are: {', '.join(sorted(REASONS))}."
        return _payload(None, [_error(["input", "reason"], message, "INVALID_REASON")])
    pairs = [(row["inventoryItemId"], row["locationId"]) for row in input["quantities"]]
    if len(set(pairs)) < len(pairs):
        message = "The combination of inventoryItemId and locationId must be unique."
        error = _error(["input", "quantities"], message, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")
        return _payload(None, [error])
    rows = [_row(context, place, row) for place, row in enumerate(input["quantities"])]
    errors = [error for _, found in rows for error in found]
    if errors:
        return _payload(None, errors)
    changes = [change for act, _ in rows for change in act()]
    return _payload(_group(context, input, changes), [])


def _row(context, place, row):
    """What to do for one quantity, and what is wrong with it."""
    catalogue, where = context.shop.catalogue, ["input", "quantities", str(place)]
    item = item_at(catalogue, number(row["inventoryItemId"], "InventoryItem"))
    spot = number(row["locationId"], "Location")
    errors = []
    if item is None:
        message = "The specified inventory item could not be found."
        errors.append(_error([*where, "inventoryItemId"], message, "INVALID_INVENTORY_ITEM"))
    if spot not in catalogue.locations:
        message = "The specified location could not be found."
        errors.append(_error([*where, "locationId"], message, "INVALID_LOCATION"))
    if row["quantity"] > MOST:
        message = f"The quantity can't be higher than {MOST}."
        errors.append(_error([*where, "quantity"], message, "INVALID_QUANTITY_TOO_HIGH"))
    if row["quantity"] < FEWEST:
        message = f"The quantity can't be lower than {FEWEST}."
        errors.append(_error([*where, "quantity"], message, "INVALID_QUANTITY_TOO_LOW"))
    if errors:
        return None, errors
    if spot not in item["variant"]["levels"] and _wants_stocked(context):
        message = "The specified inventory item is not stocked at the location."
        return None, [_error([*where, "locationId"], message, UNSTOCKED)]
    before = item["variant"]["levels"].get(spot, 0)
    if row.get("changeFromQuantity") not in (None, before):
        message = "The changeFromQuantity argument no longer matches the persisted quantity."
        return None, [_error([*where, "changeFromQuantity"], message, "CHANGE_FROM_QUANTITY_STALE")]
    return lambda: _act(context, item, spot, row["quantity"], before), []


def _wants_stocked(context):
    """Old versions set nothing where an item is not stocked; their schemas have a code for that."""
    return UNSTOCKED in context.schema.graphql.type_map["InventorySetQuantitiesUserErrorCode"].values


def _act(context, item, spot, quantity, before):
    context.shop.set_stock(item["variant"]["number"], quantity, spot)
    now = item_at(context.shop.catalogue, item["number"])
    return [
        {
            "name": name,
            "delta": quantity - before,
            "quantityAfterChange": None,
            "item": now,
            "location": context.shop.catalogue.locations[spot],
            "ledgerDocumentUri": None,
        }
        for name in ("available", "on_hand")
    ]


def _group(context, input, changes):
    return {
        "id": gid("InventoryAdjustmentGroup", context.shop.next_number()),
        "createdAt": context.shop.clock.now(),
        "reason": input["reason"],
        "referenceDocumentUri": input.get("referenceDocumentUri"),
        "changes": changes,
    }


@field("InventoryAdjustmentGroup.changes")
def changes(group, context, inventoryItemIds=None, locationIds=None, quantityNames=None):
    if inventoryItemIds or locationIds:
        raise NotModelled("changes of some items or locations")
    return [each for each in group["changes"] if quantityNames is None or each["name"] in quantityNames]


def _payload(group, errors):
    return {"inventoryAdjustmentGroup": group, "userErrors": errors}


def _error(where, message, code):
    return {"__typename": "InventorySetQuantitiesUserError", "field": where, "message": message, "code": code}


# Activating


@field("Mutation.inventoryActivate")
def activate(
    root, context, inventoryItemId, locationId, available=None, onHand=None, stockAtLegacyLocation=False
):
    """Stock an item at a location. Its errors have no codes."""
    key = _key(context, "inventoryActivate")
    digest = _digest([inventoryItemId, locationId, available, onHand])
    return context.shop.once(
        key,
        digest,
        lambda: _activated(context, inventoryItemId, locationId, available),
        lambda: _activation(None, [_bare(None, "The same idempotency key was used with other input.")]),
    )


def _activated(context, item_id, location_id, available):
    catalogue = context.shop.catalogue
    item, spot = item_at(catalogue, number(item_id, "InventoryItem")), number(location_id, "Location")
    if item is None:
        return _activation(None, [_bare(["inventoryItemId"], "Inventory item not found")])
    if spot not in catalogue.locations:
        return _activation(None, [_bare(["locationId"], "The product couldn't be stocked at this location.")])
    if spot in item["variant"]["levels"]:
        message = "Not allowed to set available quantity when the item is already active at the location."
        errors = [_bare(["available"], message)] if available is not None else []
        return _activation(level(item, spot, catalogue), errors)
    context.shop.set_stock(item["variant"]["number"], available or 0, spot)
    return _activation(level(item_at(catalogue, item["number"]), spot, catalogue), [])


def _activation(found, errors):
    return {"inventoryLevel": found, "userErrors": errors}


def _bare(where, message):
    return {"__typename": "UserError", "field": where, "message": message}
