"""The JSON in which the shop tells its products, field by field as WooCommerce does.

The order and set of fields are those of a real shop's answers; `Shop.has` says which of them the
version knows. Shops tell things that change although nothing happened (`related_ids` is shuffled
for every answer) and so does this one.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from sync2sys.demo.records import PRODUCT, Record, amount, backordered, on_sale, slugify

if TYPE_CHECKING:
    from sync2sys.demo.shop import Shop

SYMBOLS = {"EUR": "&euro;", "USD": "&#36;", "GBP": "&pound;", "PLN": "&#122;&#322;"}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def local(gmt: str | None, zone: tzinfo, times: int = 1) -> str | None:
    """A GMT time in the shop's own, or off by the offset `times` times (images have that bug)."""
    if gmt is None:
        return None
    moment = datetime.fromisoformat(gmt)
    offset = zone.utcoffset(moment.replace(tzinfo=UTC).astimezone(zone)) or timedelta()
    return (moment + times * offset).isoformat()


def source(home: str, src: str) -> str:
    """The address of an image: the shop's own are kept as paths and follow the request's host."""
    own = src.startswith("/") and not src.startswith("//")
    return home + src if own else src


def permalink(shop: "Shop", record: Record, home: str) -> str:
    if record["type"] == "variation":
        return _variation_link(shop, record, home)
    if record["status"] not in ("publish", "private") or not record["slug"]:
        return f"{home}/?post_type=product&p={record['id']}"
    if shop.permalinks == "plain":
        return f"{home}/?product={record['slug']}"
    return f"{home}/product/{record['slug']}/"


def _variation_link(shop: "Shop", record: Record, home: str) -> str:
    link = permalink(shop, shop.records[record["parent_id"]], home)
    chosen = "&".join(
        f"attribute_{_taxonomy(attribute)}={_choice(attribute)}" for attribute in record["attributes"]
    )
    return f"{link}{'&' if '?' in link else '?'}{chosen}" if chosen else link


def _taxonomy(attribute: dict[str, Any]) -> str:
    """An attribute of the whole shop is a taxonomy, `pa_…`; one of a single product is not."""
    if attribute.get("slug"):
        return str(attribute["slug"])
    return f"pa_{slugify(attribute['name'])}" if attribute.get("id") else slugify(attribute["name"])


def _choice(attribute: dict[str, Any]) -> str:
    return slugify(attribute["option"]) if attribute.get("id") else quote_plus(attribute["option"])


def tell_product(shop: "Shop", record: Record, home: str, edit: bool = False) -> dict[str, Any]:
    """A product, or a variation asked for by `/products/<id>`. `edit` is the answer to a write."""
    if record["type"] == "variation":
        record = {**PRODUCT, **inherited(shop, record, edit), "name": full_name(shop, record)}
    now, zone = shop.now_text(), shop.zone
    figures = worked_out(shop, record, now)
    link = permalink(shop, record, home)
    told = {
        "id": record["id"],
        "name": record["name"],
        "slug": record["slug"],
        "permalink": link,
        "date_created": local(record["date_created_gmt"], zone),
        "date_created_gmt": record["date_created_gmt"],
        "date_modified": local(record["date_modified_gmt"], zone),
        "date_modified_gmt": record["date_modified_gmt"],
        "type": record["type"],
        "status": record["status"],
        "featured": record["featured"],
        "catalog_visibility": record["catalog_visibility"],
        "description": record["description"],
        "short_description": record["short_description"],
        "sku": record["sku"],
        "price": figures["price"],
        "regular_price": figures["regular_price"],
        "sale_price": figures["sale_price"],
        "date_on_sale_from": local(record["date_on_sale_from_gmt"], zone),
        "date_on_sale_from_gmt": record["date_on_sale_from_gmt"],
        "date_on_sale_to": local(record["date_on_sale_to_gmt"], zone),
        "date_on_sale_to_gmt": record["date_on_sale_to_gmt"],
        "on_sale": figures["on_sale"],
        "purchasable": figures["purchasable"],
        "total_sales": record["total_sales"],
        "virtual": record["virtual"],
        "downloadable": record["downloadable"],
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "external_url": record["external_url"],
        "button_text": record["button_text"],
        "tax_status": record["tax_status"],
        "tax_class": record["tax_class"],
        "manage_stock": record["manage_stock"],
        "stock_quantity": record["stock_quantity"],
        "backorders": record["backorders"],
        "backorders_allowed": record["backorders"] != "no",
        "backordered": backordered(record),
        "low_stock_amount": record["low_stock_amount"],
        "sold_individually": record["sold_individually"],
        "weight": record["weight"],
        "dimensions": record["dimensions"],
        "shipping_required": not record["virtual"],
        "shipping_taxable": record["tax_status"] == "taxable" and not record["virtual"],
        "shipping_class": record["shipping_class"],
        "shipping_class_id": record["shipping_class_id"],
        "reviews_allowed": True,
        "average_rating": "0.00",
        "rating_count": 0,
        "upsell_ids": record["upsell_ids"],
        "cross_sell_ids": record["cross_sell_ids"],
        "parent_id": record["parent_id"],
        "purchase_note": record["purchase_note"],
        "categories": [tell_term(shop.categories[each["id"]]) for each in record["categories"]],
        "brands": record["brands"],
        "tags": record["tags"],
        "images": [tell_image(shop, record, image, home, "srcset") for image in record["images"]],
        "attributes": [_tell_attribute(shop, record, *each) for each in enumerate(record["attributes"])],
        "default_attributes": record["default_attributes"],
        "variations": [child["id"] for child in shop.children(record["id"])],
        "grouped_products": record["grouped_products"],
        "menu_order": record["menu_order"],
        "price_html": figures["price_html"],
        "related_ids": shop.related(record["id"]),
        "meta_data": record["meta_data"],
        "stock_status": figures["stock_status"],
        "has_options": record["type"] == "variable",
        "post_password": record["post_password"],
        "global_unique_id": record["global_unique_id"],
    }
    for field in ("brands", "global_unique_id"):
        if not shop.has(field):
            del told[field]
    if edit:
        told["permalink_template"] = f"{home}/product/%pagename%/"
        told["generated_slug"] = record["slug"] or slugify(record["name"])
    told["_links"] = links(shop, home, f"products/{record['id']}", "products", hints=True)
    return told


def tell_variation(
    shop: "Shop", record: Record, home: str, route: str = "products", edit: bool = False
) -> dict[str, Any]:
    """A variation as one of three routes tells it: `products`, `variations` or `analytics`."""
    record = inherited(shop, record, edit)
    now, zone = shop.now_text(), shop.zone
    image = record["images"][0] if record["images"] else None
    told = {
        "id": record["id"],
        "type": "variation",
        "date_created": local(record["date_created_gmt"], zone),
        "date_created_gmt": record["date_created_gmt"],
        "date_modified": local(record["date_modified_gmt"], zone),
        "date_modified_gmt": record["date_modified_gmt"],
        "description": record["description"],
        "permalink": permalink(shop, record, home),
        "sku": record["sku"],
        "global_unique_id": record["global_unique_id"],
        "price": record["price"],
        "regular_price": record["regular_price"],
        "sale_price": record["sale_price"],
        "date_on_sale_from": local(record["date_on_sale_from_gmt"], zone),
        "date_on_sale_from_gmt": record["date_on_sale_from_gmt"],
        "date_on_sale_to": local(record["date_on_sale_to_gmt"], zone),
        "date_on_sale_to_gmt": record["date_on_sale_to_gmt"],
        "on_sale": on_sale(record, now),
        "status": record["status"],
        "purchasable": bool(record["price"]) and record["status"] == "publish",
        "virtual": record["virtual"],
        "downloadable": record["downloadable"],
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": record["tax_status"],
        "tax_class": record["tax_class"],
        "manage_stock": record["manage_stock"],
        "stock_quantity": record["stock_quantity"],
        "stock_status": record["stock_status"],
        "backorders": record["backorders"],
        "backorders_allowed": record["backorders"] != "no",
        "backordered": backordered(record),
        "low_stock_amount": record["low_stock_amount"],
        "weight": record["weight"],
        "dimensions": record["dimensions"],
        "shipping_class": record["shipping_class"],
        "shipping_class_id": record["shipping_class_id"],
        "image": tell_image(shop, record, image, home) if image else None,
        "gallery_image_ids": [],
        "attributes": [_tell_attribute(shop, record, *each) for each in enumerate(record["attributes"])],
        "menu_order": record["menu_order"],
        "meta_data": record["meta_data"],
        "name": full_name(shop, record) if route == "analytics" else short_name(record),
        "parent_id": record["parent_id"],
    }
    for field in _unknown_to(shop, route):
        del told[field]
    told["_links"] = _variation_links(shop, record, home, route)
    return told


def _unknown_to(shop: "Shop", route: str) -> list[str]:
    """The fields of a variation that the shop's version does not have on that route."""
    fields = [] if shop.has("global_unique_id") else ["global_unique_id"]
    if not shop.has("variation_names"):
        fields += ["gallery_image_ids"]
        fields += [] if route == "analytics" else ["type", "name", "parent_id"]
    return fields


def _variation_links(shop: "Shop", record: Record, home: str, route: str) -> dict[str, Any]:
    if route == "products":
        parent = f"products/{record['parent_id']}"
        own, collection = f"{parent}/variations/{record['id']}", f"{parent}/variations"
        return links(shop, home, own, collection, up=parent, hints=True)
    # The parent is 0 in the links of both lists over all variations.
    if route == "variations":
        return links(shop, home, f"variations/{record['id']}", "variations", up="products/0")
    parent = "products/0"
    own, collection = f"{parent}/variations/{record['id']}", f"{parent}/variations"
    return links(shop, home, own, collection, up=parent, namespace="wc-analytics")


def links(
    shop: "Shop",
    home: str,
    own: str,
    collection: str,
    up: str | None = None,
    hints: bool = False,
    methods: list[str] = METHODS,
    namespace: str = "wc/v3",
) -> dict[str, Any]:
    """The `_links` of one object."""
    root = shop.rest_url(home, f"/{namespace}/")
    this: dict[str, Any] = {"href": f"{root}{own}"}
    if hints and shop.has("target_hints"):
        this["targetHints"] = {"allow": methods}
    told: dict[str, Any] = {"self": [this], "collection": [{"href": f"{root}{collection}"}]}
    if up is not None:
        told["up"] = [{"href": f"{root}{up}"}]
    return told


def tell_tax(shop: "Shop", tax: dict[str, Any], home: str) -> dict[str, Any]:
    """A tax rate. `postcode` and `city` hold the last of several; old versions have nothing else."""
    told = dict(tax)
    for one, several in (("postcode", "postcodes"), ("city", "cities")):
        told[one] = (tax[several] or [""])[-1]
        if not shop.has("tax_places"):
            del told[several]
    return {**told, "_links": links(shop, home, f"taxes/{tax['id']}", "taxes")}


def tell_term(term: dict[str, Any]) -> dict[str, Any]:
    return {"id": term["id"], "name": term["name"], "slug": term["slug"]}


def tell_image(
    shop: "Shop", record: Record, image: dict[str, Any], home: str, sizes: str = ""
) -> dict[str, Any]:
    gmt = image.get("date_created_gmt") or record["date_created_gmt"]
    shifted, src = local(gmt, shop.zone, times=2), source(home, image["src"])
    told = {
        "id": image["id"],
        "date_created": shifted,
        "date_created_gmt": gmt,
        "date_modified": shifted,
        "date_modified_gmt": gmt,
        "src": src,
        "name": image["name"],
        "alt": image["alt"],
    }
    if sizes and shop.has("image_sizes"):
        told |= {"srcset": "", "sizes": "", "thumbnail": src}
    return told


def _tell_attribute(shop: "Shop", record: Record, position: int, attribute: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": attribute.get("id", 0), "name": attribute["name"]}
    is_choice = "option" in attribute
    if shop.has("attribute_slugs"):
        # On a product an attribute of its own has its name for a slug; on a variation a real one.
        bare = not told["id"] and not is_choice
        told["slug"] = attribute["name"] if bare else _taxonomy(attribute)
    if is_choice:
        return told | {"option": attribute["option"]}
    return told | {
        "position": attribute.get("position", position),
        "visible": attribute.get("visible", True),
        "variation": attribute.get("variation", False),
        "options": attribute["options"],
    }


def inherited(shop: "Shop", record: Record, edit: bool = False) -> Record:
    """A variation with what it takes from its parent: sku, measures, tax class, image, stock."""
    parent = shop.records[record["parent_id"]]
    whole = dict(record)
    for field in ("sku", "weight"):
        whole[field] = record[field] or parent[field]
    if not any(record["dimensions"].values()):
        whole["dimensions"] = parent["dimensions"]
    if not edit:
        whole["images"] = record["images"] or parent["images"][:1]
        whole["tax_class"] = parent["tax_class"] if record["tax_class"] == "parent" else record["tax_class"]
    if record["manage_stock"] is not True and parent["manage_stock"] is True:
        whole["manage_stock"] = "parent"
        whole |= {field: parent[field] for field in ("stock_quantity", "stock_status", "backorders")}
    return whole


def short_name(record: Record) -> str:
    return ", ".join(attribute["option"] for attribute in record["attributes"])


def full_name(shop: "Shop", record: Record) -> str:
    """The product's name and the choices, unless these are too many or too wordy to add."""
    parent = shop.records[record["parent_id"]]
    axes = [attribute for attribute in parent["attributes"] if attribute.get("variation")]
    wordy = len(axes) > 1 and any("-" in _taxonomy(attribute) for attribute in axes)
    chosen = short_name(record)
    plain = len(axes) > 2 or wordy or not chosen
    return parent["name"] if plain else f"{parent['name']} - {chosen}"


def worked_out(shop: "Shop", record: Record, now: str) -> dict[str, Any]:
    """What a product's price and stock come to; for variable and grouped ones from their parts."""
    kind = record["type"]
    figures = {
        "price": record["price"],
        "regular_price": record["regular_price"],
        "sale_price": record["sale_price"],
        "on_sale": on_sale(record, now),
        "stock_status": record["stock_status"],
    }
    parts = None
    if kind == "variable":
        parts = [child for child in shop.children(record["id"]) if child["status"] == "publish"]
        figures["stock_status"] = _joint_stock(record, parts)
    elif kind == "grouped":
        found = (shop.records.get(number) for number in record["grouped_products"])
        parts = [part for part in found if part is not None and part["status"] == "publish"]
    if parts is not None:
        prices = sorted((part["price"] for part in parts if part["price"]), key=amount)
        figures |= {"regular_price": "", "sale_price": "", "price": prices[0] if prices else ""}
        figures["on_sale"] = any(on_sale(part, now) for part in parts)
        figures["price_html"] = _range_html(shop, prices)
    else:
        figures["price_html"] = _price_html(shop, figures)
    figures["purchasable"] = kind in ("simple", "variable", "variation") and figures["price"] != ""
    return figures


def _joint_stock(record: Record, parts: list[Record]) -> str:
    if record["manage_stock"] is True:
        return str(record["stock_status"])
    present = {part["stock_status"] for part in parts}
    return next((status for status in ("instock", "onbackorder") if status in present), "outofstock")


def _amount(shop: "Shop", price: str, markup: str = "") -> str:
    number = f"{amount(price):.2f}".replace(".", ",")
    symbol = SYMBOLS.get(shop.currency, shop.currency)
    currency = f'<span class="woocommerce-Price-currencySymbol" translate="no">{symbol}</span>'
    return f'<span class="woocommerce-Price-amount amount"{markup}><bdi>{number}&nbsp;{currency}</bdi></span>'


def _price_html(shop: "Shop", figures: dict[str, Any]) -> str:
    if not figures["price"]:
        return ""
    if not figures["on_sale"]:
        return _amount(shop, figures["price"])
    was, now = _amount(shop, figures["regular_price"]), _amount(shop, figures["sale_price"])
    return f'<del aria-hidden="true">{was}</del> <ins aria-hidden="true">{now}</ins>'


def _range_html(shop: "Shop", prices: list[str]) -> str:
    if not prices:
        return ""
    if prices[0] == prices[-1]:
        return _amount(shop, prices[0])
    hidden = ' aria-hidden="true"'
    low, high = _amount(shop, prices[0], hidden), _amount(shop, prices[-1], hidden)
    return f"{low} <span{hidden}>&ndash;</span> {high}"
