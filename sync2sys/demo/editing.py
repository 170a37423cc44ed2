"""Writing through the REST API, with WooCommerce's idea of what is valid.

A single PUT checks the types of what it gets. An item of a batch is not checked at all: a bad
status makes a draft, a bad price empties the price, and the answer is still 200.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync2sys.demo.listing import Check, Fault, boolean, integer, one_of, text
from sync2sys.demo.records import Record, amount, slugify, stamp
from sync2sys.demo.web import Refusal

if TYPE_CHECKING:
    from sync2sys.demo.shop import Shop

STATUSES = ("draft", "pending", "private", "publish", "future", "trash")

#: fields that are taken as they come
PLAIN = (
    "slug",
    "featured",
    "catalog_visibility",
    "description",
    "short_description",
    "virtual",
    "tax_status",
    "tax_class",
    "weight",
    "dimensions",
    "menu_order",
    "external_url",
    "button_text",
    "sold_individually",
    "purchase_note",
    "grouped_products",
    "attributes",
    "default_attributes",
    "post_password",
    "backorders",
)


def switch(name: str, value: Any) -> Fault | None:
    """A boolean, or for a variation's `manage_stock` the word "parent"."""
    return None if value == "parent" else boolean(name, value)


CHECKS: dict[str, Check] = {
    "name": text,
    "slug": text,
    "status": one_of(*STATUSES, "any"),
    "type": one_of("simple", "grouped", "external", "variable"),
    "description": text,
    "short_description": text,
    "sku": text,
    "global_unique_id": text,
    "regular_price": text,
    "sale_price": text,
    "weight": text,
    "virtual": boolean,
    "featured": boolean,
    "manage_stock": switch,
    "stock_quantity": integer(),
    "menu_order": integer(),
    "stock_status": one_of("instock", "outofstock", "onbackorder"),
    "backorders": one_of("no", "notify", "yes"),
}


def invalid_id(kind: str, status: int) -> Refusal:
    return Refusal(status, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")


def find_product(shop: "Shop", number: Any, status: int = 400) -> Record:
    """The product to write to. Raises Refusal, a special one for a variation."""
    record = _found(shop, number)
    if record is None:
        raise invalid_id("product", status)
    if record["type"] == "variation":
        raise Refusal(
            404,
            "woocommerce_rest_invalid_product_id",
            "To manipulate product variations you should use the "
            "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.",
        )
    return record


def find_variation(shop: "Shop", parent: int, number: Any, status: int = 400) -> Record:
    record = _found(shop, number)
    if record is None or record["type"] != "variation" or record["parent_id"] != parent:
        raise invalid_id("product_variation", status)
    return record


def _found(shop: "Shop", number: Any) -> Record | None:
    return shop.records.get(number) if isinstance(number, int) else None


def create_product(shop: "Shop", fields: Record) -> Record:
    """A product without a name is called "Product"; one without a status is published."""
    draft: Record = {
        "id": 0,
        "type": fields.get("type", "simple"),
        "status": "publish",
        "manage_stock": False,
    }
    changes = changed(shop, draft, fields)
    made = {"name": "Product", "type": draft["type"], "date_created_gmt": shop.now_text(), **changes}
    return shop.records[shop.add(made)]


def create_variation(shop: "Shop", parent: int, fields: Record) -> Record:
    find_product(shop, parent, 404)
    draft: Record = {"id": 0, "type": "variation", "status": "publish", "manage_stock": False}
    return shop.records[shop.add_variation(parent, changed(shop, draft, fields))]


def update(shop: "Shop", record: Record, fields: Record) -> Record:
    """Write what is known of the fields. Moves the modification time even if nothing differs."""
    shop.edit(record["id"], **changed(shop, record, fields))
    return record


def remove(shop: "Shop", record: Record, force: bool) -> None:
    """Trash it, or with `force` delete it for good. Raises Refusal if it is in the trash already."""
    if force:
        shop.delete(record["id"])
    elif record["status"] == "trash":
        raise Refusal(410, "woocommerce_rest_already_trashed", "The product has already been deleted.")
    else:
        shop.trash(record["id"])


def changed(shop: "Shop", record: Record, fields: Record) -> Record:
    """What a write comes to: cleaned values by field. Raises Refusal, having changed nothing."""
    changes: Record = {name: fields[name] for name in PLAIN if fields.get(name) is not None}
    for name, clean in CLEAN.items():
        if fields.get(name) is not None:
            changes |= clean(shop, record, fields[name])
    changes |= _prices(record, fields)
    changes |= _stock(record, fields)
    changes |= _sale_dates(shop, fields)
    return changes


def _name(shop: "Shop", record: Record, value: Any) -> Record:
    return {"name": re.sub(r"&(?!\w+;|#\d+;)", "&amp;", str(value))}


def _status(shop: "Shop", record: Record, value: Any) -> Record:
    status = value if value in STATUSES else "draft"
    slug = record.get("slug", "")
    if record["status"] == "trash" and status != "trash":
        return {"status": status, "slug": slug.removesuffix("__trashed")}
    if status in ("publish", "private") and not slug and record.get("name"):
        return {"status": status, "slug": slugify(record["name"])}
    return {"status": status}


def _sku(shop: "Shop", record: Record, value: Any) -> Record:
    sku = str(value).strip()
    owner = _owner(shop, record, "sku", sku)
    if owner is not None:
        message = "Invalid or duplicated SKU."
        raise Refusal(400, "product_invalid_sku", message, resource_id=owner, unique_sku=f"{sku}-1")
    return {"sku": sku}


def _gtin(shop: "Shop", record: Record, value: Any) -> Record:
    gtin = str(value)
    owner = _owner(shop, record, "global_unique_id", gtin)
    if not re.fullmatch(r"[\d-]*", gtin) or owner is not None:
        message = "Invalid or duplicated GTIN, UPC, EAN or ISBN."
        extra = {} if owner is None else {"resource_id": owner}
        raise Refusal(400, "product_invalid_global_unique_id", message, **extra)
    return {"global_unique_id": gtin}


def _owner(shop: "Shop", record: Record, field: str, value: str) -> int | None:
    """Who else has that value, trashed ones aside."""
    others = (
        each for each in shop.records.values() if each["id"] != record["id"] and each["status"] != "trash"
    )
    return next((int(each["id"]) for each in others if value and each[field] == value), None)


def _categories(shop: "Shop", record: Record, value: Any) -> Record:
    """Unknown ones are dropped; a product left without any lands in Uncategorized."""
    given = [each.get("id") for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    return {"categories": [{"id": number} for number in given if number in shop.categories] or [{"id": 15}]}


def _images(shop: "Shop", record: Record, value: Any) -> Record:
    """Images the shop has, by id. It would download others; this shop reaches no other host."""
    have = {image["id"]: image for each in shop.records.values() for image in each["images"]}
    images = []
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict) or each.get("id") not in have:
            src = each.get("src", "") if isinstance(each, dict) else ""
            message = f"Error getting remote image {src}. Error: A valid URL was not provided."
            raise Refusal(400, "woocommerce_product_image_upload_error", message)
        images.append(have[each["id"]])
    return {"images": images}


def _meta(shop: "Shop", record: Record, value: Any) -> Record:
    kept = {each["key"]: each for each in record.get("meta_data", ())}
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict) and each.get("key"):
            number = kept.get(each["key"], {}).get("id") or 500_000 + len(kept) + 100 * record["id"]
            kept[each["key"]] = {"id": number, "key": each["key"], "value": each.get("value")}
    return {"meta_data": list(kept.values())}


CLEAN: dict[str, Callable[["Shop", Record, Any], Record]] = {
    "name": _name,
    "status": _status,
    "sku": _sku,
    "global_unique_id": _gtin,
    "categories": _categories,
    "images": _images,
    "image": _images,
    "meta_data": _meta,
}


def decimal(value: Any) -> str:
    """A price as typed into a shop with comma decimals; what is no number becomes no price."""
    typed = re.sub(r"[^\d.,-]", "", str(value))
    if "," in typed:
        typed = typed.replace(".", "").replace(",", ".")
    return typed if re.fullmatch(r"-?\d*\.?\d+", typed) else ""


def _prices(record: Record, fields: Record) -> Record:
    """A variable or grouped product takes none; a sale price that is no less is dropped silently."""
    given = {
        name: decimal(fields[name])
        for name in ("regular_price", "sale_price")
        if fields.get(name) is not None
    }
    if record["type"] in ("variable", "grouped") or not given:
        return {}
    whole = {
        "regular_price": record.get("regular_price", ""),
        "sale_price": record.get("sale_price", ""),
    } | given
    if whole["sale_price"] and amount(whole["sale_price"]) >= amount(whole["regular_price"]):
        whole["sale_price"] = ""
    return whole


def _stock(record: Record, fields: Record) -> Record:
    """A quantity counts only where the shop manages stock; what is no number has no effect."""
    changes: Record = {}
    if fields.get("manage_stock") is not None:
        changes["manage_stock"] = fields["manage_stock"] in (True, "true", "1", 1)
    if fields.get("stock_status") in ("instock", "outofstock", "onbackorder"):
        changes["stock_status"] = fields["stock_status"]
    managed = changes.get("manage_stock", record["manage_stock"])
    if managed and fields.get("stock_quantity") is not None:
        with suppress(TypeError, ValueError, OverflowError):
            changes["stock_quantity"] = int(float(fields["stock_quantity"]))
    return changes


def _sale_dates(shop: "Shop", fields: Record) -> Record:
    changes: Record = {}
    for name in ("date_on_sale_from", "date_on_sale_to"):
        if f"{name}_gmt" in fields:
            changes[f"{name}_gmt"] = _gmt(fields[f"{name}_gmt"], UTC)
        elif name in fields:
            changes[f"{name}_gmt"] = _gmt(fields[name], shop.zone)
    return changes


def _gmt(value: Any, zone: Any) -> str | None:
    if not value:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return stamp((found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC))
