"""What webhooks carry: products in the shape of the old REST API, the shop, customers' rights."""

from tests.shops.shopify.catalogue import ITEM, ONLINE_STORE
from tests.shops.shopify.gids import gid

#: so many variants are told in full, the others by their id
IN_FULL = 100


def product(record, catalogue):
    variants = sorted(catalogue.variants_of(record), key=lambda each: each["updatedAt"], reverse=True)
    told = sorted(variants[:IN_FULL], key=lambda each: each["position"])
    online = record["publications"].get(ONLINE_STORE)
    return {
        "admin_graphql_api_id": gid("Product", record["number"]),
        "id": record["number"],
        "title": record["title"],
        "body_html": record["descriptionHtml"],
        "vendor": record["vendor"],
        "product_type": record["productType"],
        "handle": record["handle"],
        "status": record["status"].lower(),
        "tags": ", ".join(record["tags"]),
        "created_at": _moment(record["createdAt"]),
        "updated_at": _moment(record["updatedAt"]),
        "published_at": online and _moment(online),
        "published_scope": "global",
        "template_suffix": record["templateSuffix"],
        "has_variants_that_requires_components": False,
        "category": None,
        "variants": [variant(each) for each in told],
        "variant_gids": [
            {
                "admin_graphql_api_id": gid("ProductVariant", each["number"]),
                "updated_at": _moment(each["updatedAt"]),
            }
            for each in variants
        ],
        "options": [
            {"product_id": record["number"], "name": name, "position": place, "values": values}
            for place, (name, values) in enumerate(record["options"].items(), start=1)
        ],
        "images": [image(record, each, place) for place, each in enumerate(record["images"], start=1)],
        "media": [],
    }


def variant(record):
    options = [*record["options"], None, None][:3]
    return {
        "admin_graphql_api_id": gid("ProductVariant", record["number"]),
        "id": record["number"],
        "product_id": record["product"],
        "title": " / ".join(record["options"]),
        "sku": record["sku"],
        "barcode": record["barcode"],
        "price": record["price"],
        "compare_at_price": record["compareAtPrice"],
        "position": record["position"],
        "taxable": record["taxable"],
        "inventory_policy": record["inventoryPolicy"].lower(),
        "inventory_item_id": record["number"] + ITEM,
        "inventory_quantity": sum(record["levels"].values()),
        "old_inventory_quantity": sum(record["levels"].values()),
        "option1": options[0],
        "option2": options[1],
        "option3": options[2],
        "created_at": _moment(record["createdAt"]),
        "updated_at": _moment(record["updatedAt"]),
        "image_id": None,
    }


def image(record, picture, place):
    return {
        "id": picture["number"],
        "product_id": record["number"],
        "admin_graphql_api_id": gid("MediaImage", picture["number"]),
        "position": place,
        "src": picture["src"],
        "alt": picture["alt"],
        "width": picture["width"],
        "height": picture["height"],
        "variant_ids": [],
    }


def deleted(number):
    return {"id": number}


def level(record, place, available, now):
    item = record["number"] + ITEM
    return {
        "inventory_item_id": item,
        "location_id": place,
        "available": available,
        "updated_at": _moment(now),
        "admin_graphql_api_id": f"{gid('InventoryLevel', place)}?inventory_item_id={item}",
    }


def shop(it):
    return {
        "id": it.number,
        "name": it.name,
        "email": it.email,
        "domain": it.host,
        "myshopify_domain": it.domain,
        "currency": it.currency,
        "iana_timezone": it.timezone,
        "country_code": it.address["countryCodeV2"],
        "taxes_included": it.taxes_included,
        "plan_name": it.plan,
    }


def compliance(topic, it):
    """What a shop's owner or the law asks for: the three topics of apps with public distribution."""
    known = {"shop_id": it.number, "shop_domain": it.domain}
    customer = {"id": 191_167, "email": "john@example.com", "phone": "555-625-1199"}
    if topic == "customers/data_request":
        return known | {"orders_requested": [299_938], "customer": customer, "data_request": {"id": 9999}}
    if topic == "customers/redact":
        return known | {"customer": customer, "orders_to_redact": [299_938]}
    return known


def _moment(value):
    return value.isoformat(timespec="seconds")
