"""The root fields that find things: lists with filter and order, single ones, and nodes by id."""

from tests.shops.shopify.catalogue import ONLINE_STORE
from tests.shops.shopify.connections import REACH, Rows, TableRows
from tests.shops.shopify.fields import field
from tests.shops.shopify.gids import kind_and_number, number
from tests.shops.shopify.inventory import item_at, item_of, level
from tests.shops.shopify.products import description, has_only_default_variant, published_at, total_inventory
from tests.shops.shopify.refusals import NotModelled
from tests.shops.shopify.search import Search

# What can be searched for


def product_fields(context):
    catalogue = context.shop.catalogue

    def of_variants(name):
        return lambda record: [each[name] for each in catalogue.variants_of(record)]

    return {
        "id": lambda record: record["number"],
        "title": lambda record: record["title"],
        "handle": lambda record: record["handle"],
        "vendor": lambda record: record["vendor"],
        "product_type": lambda record: record["productType"],
        "status": lambda record: record["status"],
        "tag": lambda record: record["tags"],
        "created_at": lambda record: record["createdAt"],
        "updated_at": lambda record: record["updatedAt"],
        "published_at": lambda record: published_at(record, context),
        "published_status": _published_statuses,
        "publication_ids": lambda record: list(record["publications"]),
        "gift_card": lambda record: record["isGiftCard"],
        "inventory_total": lambda record: total_inventory(record, context),
        "tracks_inventory": lambda record: any(of_variants("tracked")(record)),
        "has_only_default_variant": lambda record: has_only_default_variant(record, context),
        "collection_id": lambda record: record["collections"],
        "variant_id": lambda record: list(record["variants"]),
        "sku": of_variants("sku"),
        "barcode": of_variants("barcode"),
        "price": lambda record: [float(each) for each in of_variants("price")(record)],
    }


def _published_statuses(product):
    online = ONLINE_STORE in product["publications"]
    found = ["online_store_channel"]
    found += ["published", "visible"] if online else ["unpublished"]
    found += [] if product["publications"] else ["unavailable"]
    for each in product["publications"]:
        found += [f"{each}-published", f"{each}-visible"]
    return found


def variant_fields(context):
    def product(record):
        return context.shop.catalogue.products[record["product"]]

    return {
        "id": lambda record: record["number"],
        "product_id": lambda record: record["product"],
        "sku": lambda record: record["sku"],
        "barcode": lambda record: record["barcode"],
        "title": lambda record: " / ".join(record["options"]),
        "taxable": lambda record: record["taxable"],
        "updated_at": lambda record: record["updatedAt"],
        "inventory_quantity": lambda record: sum(record["levels"].values()),
        "vendor": lambda record: product(record)["vendor"],
        "product_type": lambda record: product(record)["productType"],
        "product_status": lambda record: product(record)["status"],
        "tag": lambda record: product(record)["tags"],
    }


COLLECTION_FIELDS = {
    "id": lambda record: record["number"],
    "title": lambda record: record["title"],
    "handle": lambda record: record["handle"],
    "updated_at": lambda record: record["updatedAt"],
}
ITEM_FIELDS = {
    "id": lambda record: record["number"],
    "sku": lambda record: record["variant"]["sku"],
    "created_at": lambda record: record["variant"]["createdAt"],
    "updated_at": lambda record: record["variant"]["updatedAt"],
}


# Orders


def _stamp(moment):
    return moment and moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def product_order(key, context):
    return {
        "ID": None,
        "RELEVANCE": None,
        "TITLE": lambda record: record["title"].lower(),
        "VENDOR": lambda record: record["vendor"].lower(),
        "PRODUCT_TYPE": lambda record: record["productType"].lower(),
        "CREATED_AT": lambda record: _stamp(record["createdAt"]),
        "UPDATED_AT": lambda record: _stamp(record["updatedAt"]),
        "PUBLISHED_AT": lambda record: _stamp(published_at(record, context)),
        "INVENTORY_TOTAL": lambda record: total_inventory(record, context),
    }[key]


VARIANT_ORDERS = {
    "ID": None,
    "RELEVANCE": None,
    "SKU": lambda record: record["sku"],
    "TITLE": lambda record: " / ".join(record["options"]),
    "POSITION": lambda record: record["position"],
    "INVENTORY_QUANTITY": lambda record: sum(record["levels"].values()),
}
COLLECTION_ORDERS = {
    "ID": None,
    "RELEVANCE": None,
    "TITLE": lambda record: record["title"].lower(),
    "UPDATED_AT": lambda record: _stamp(record["updatedAt"]),
}


def _rows(table, search, order):
    keep = None if search.is_empty else search.matches
    if order is None:
        return TableRows(table, keep)
    return Rows([record for record in table.values() if keep is None or keep(record)], order)


def _search(context, path, text, fields, default):
    """The filter, whose warnings are told beside the answer."""
    search = Search(text, fields, default, context.shop.zone)
    if search.warnings:
        told = {"path": [path], "query": text, "parsed": {"and": search.parsed}, "warnings": search.warnings}
        context.searches.append(told)
    return search


def _known(orders, key):
    if key not in orders:
        raise NotModelled(f"sorting by {key}")
    return orders[key]


# Products


def product_search(context, path, query):
    def words(record):
        return [
            record["title"],
            record["vendor"],
            record["productType"],
            *record["tags"],
            description(record, context),
        ]

    search = _search(context, path, query, product_fields(context), words)
    return search if search.is_empty else Indexed(search, context.shop)


class Indexed:
    """A search that goes by the index, which lags behind what was written."""

    is_empty = False

    def __init__(self, search, shop):
        self._search, self._shop = search, shop

    def matches(self, record):
        seen = self._shop.indexed(record)
        return seen is not None and self._search.matches(seen)


@field("QueryRoot.products")
def products(root, context, query=None, sortKey="ID", savedSearchId=None, **paging):
    search = product_search(context, "products", query)
    order = product_order(sortKey, context)
    return context.page(_rows(context.shop.catalogue.products, search, order), **paging)


@field("QueryRoot.productsCount")
def products_count(root, context, query=None, savedSearchId=None, limit=10_000):
    search, table = product_search(context, "productsCount", query), context.shop.catalogue.products
    found = len(table) if search.is_empty else sum(map(search.matches, table.values()))
    return _counted(found, limit)


def _counted(found, limit):
    """Nothing is counted beyond what was asked for, and never beyond what can be paged to."""
    top = min(limit or REACH + 1, REACH + 1)
    return {"count": min(found, top), "precision": "AT_LEAST" if found > top else "EXACT"}


@field("QueryRoot.product")
def product(root, context, id):
    found = context.shop.catalogue.products.get(number(id, "Product"))
    if found:
        context.alone.add(found["number"])
    return found


@field("QueryRoot.productByIdentifier")
def product_by_identifier(root, context, identifier):
    if identifier.get("id"):
        return product(root, context, identifier["id"])
    return product_by_handle(root, context, identifier["handle"])


@field("QueryRoot.productByHandle")
def product_by_handle(root, context, handle):
    found = (each for each in context.shop.catalogue.products.values() if each["handle"] == handle)
    return next(found, None)


@field("QueryRoot.productVariants")
def product_variants(root, context, query=None, sortKey="ID", savedSearchId=None, **paging):
    def words(record):
        return [record["sku"] or "", record["barcode"] or "", " / ".join(record["options"])]

    search = _search(context, "productVariants", query, variant_fields(context), words)
    rows = _rows(context.shop.catalogue.variants, search, _known(VARIANT_ORDERS, sortKey))
    return context.page(rows, **paging)


@field("QueryRoot.productVariantsCount")
def product_variants_count(root, context, query=None, savedSearchId=None, limit=10_000):
    if query:
        raise NotModelled("counting some of the variants")
    return _counted(len(context.shop.catalogue.variants), limit)


@field("QueryRoot.productVariant")
def product_variant(root, context, id):
    return context.shop.catalogue.variants.get(number(id, "ProductVariant"))


# The rest


@field("QueryRoot.collections")
def collections(root, context, query=None, sortKey="ID", savedSearchId=None, **paging):
    def words(record):
        return [record["title"]]

    search = _search(context, "collections", query, COLLECTION_FIELDS, words)
    order = _known(COLLECTION_ORDERS, sortKey)
    return context.page(_rows(context.shop.catalogue.collections, search, order), **paging)


@field("QueryRoot.collection")
def collection(root, context, id):
    return context.shop.catalogue.collections.get(number(id, "Collection"))


@field("QueryRoot.inventoryItems")
def inventory_items(root, context, query=None, **paging):
    search = _search(context, "inventoryItems", query, ITEM_FIELDS, lambda record: [])
    items = (item_of(variant) for variant in context.shop.catalogue.variants.values())
    rows = Rows([item for item in items if search.matches(item)], lambda record: record["number"])
    return context.page(rows, **paging)


@field("QueryRoot.inventoryItem")
def inventory_item(root, context, id):
    return item_at(context.shop.catalogue, number(id, "InventoryItem"))


@field("QueryRoot.locations")
def locations(
    root, context, query=None, sortKey="NAME", includeInactive=False, includeLegacy=False, **paging
):
    places = context.shop.catalogue.locations.values()
    listed = [record for record in places if record["isActive"] or includeInactive]
    found = Rows(listed, lambda record: record["name"])
    return context.page(found, **paging)


@field("QueryRoot.location")
def location(root, context, id=None):
    places = context.shop.catalogue.locations
    return places.get(number(id, "Location") if id else min(places))


@field("QueryRoot.publications")
def publications(root, context, catalogType=None, **paging):
    return context.page(TableRows(context.shop.catalogue.publications), **paging)


@field("QueryRoot.publication")
def publication(root, context, id):
    return context.shop.catalogue.publications.get(number(id, "Publication"))


# Nodes


@field("QueryRoot.node")
def node(root, context, id):
    return _node(context, id, "node")


@field("QueryRoot.nodes")
def nodes(root, context, ids):
    return [_node(context, each, "nodes") for each in ids]


def _node(context, id, name):
    kind, wanted = kind_and_number(id)
    context.check_kind(kind, name)
    shop, catalogue = context.shop, context.shop.catalogue
    tables = {
        "Product": catalogue.products,
        "ProductVariant": catalogue.variants,
        "Collection": catalogue.collections,
        "Location": catalogue.locations,
        "Publication": catalogue.publications,
        "WebhookSubscription": shop.webhooks.of(context.app),
    }
    if kind in tables:
        return tables[kind].get(wanted)
    if kind == "InventoryItem":
        return item_at(catalogue, wanted)
    if kind == "BulkOperation":
        return shop.bulk.polled(shop.bulk.of(context.app).get(wanted))
    if kind == "MediaImage":
        return _picture(catalogue, wanted)
    if kind == "InventoryLevel":
        return _level(catalogue, wanted, id)
    raise NotModelled(f"a node of type {kind}")


def _picture(catalogue, wanted):
    owner = catalogue.products.get(wanted // 1000)
    return next((each for each in owner["images"] if each["number"] == wanted), None) if owner else None


def _level(catalogue, place, id):
    item = item_at(catalogue, int(id.rpartition("=")[2]))
    return level(item, place, catalogue) if item and place in item["variant"]["levels"] else None
