"""Fields of products and what stands on their page: options, media, collections, metafields, publications."""

import re

from tests.shops.shopify import connections
from tests.shops.shopify.catalogue import ONLINE_STORE
from tests.shops.shopify.connections import Rows, TableRows
from tests.shops.shopify.fields import amount, count, field, ids_of
from tests.shops.shopify.gids import gid, number

ids_of("Product", "ProductVariant", "Collection", "Publication", "Metafield")
ids_of("MediaImage", "Video", "ExternalVideo", "Model3d")

LISTED = ("ACTIVE", "UNLISTED")


# Products


@field("Product.description", "Collection.description")
def description(record, context, truncateAt=None):
    return re.sub(r"<[^>]*>", "", record["descriptionHtml"])[:truncateAt]


@field("Product.bodyHtml")
def body_html(product, context):
    return product["descriptionHtml"]


@field("Product.publishedAt")
def published_at(product, context):
    return product["publications"].get(ONLINE_STORE) if product["status"] in LISTED else None


@field("Product.onlineStoreUrl")
def online_store_url(product, context):
    is_there = product["status"] in LISTED and ONLINE_STORE in product["publications"]
    return f"{context.shop.url}/products/{product['handle']}" if is_there else None


@field("Product.onlineStorePreviewUrl")
def preview_url(product, context):
    return f"{context.shop.url}/products/{product['handle']}?preview_key=0"


@field("Product.options")
def options(product, context, first=None):
    return [
        option(product, place, name, values)
        for place, (name, values) in enumerate(product["options"].items(), start=1)
    ][:first]


def option(product, place, name, values):
    owner = product["number"] * 10 + place
    value_ids = (gid("ProductOptionValue", owner * 1000 + each) for each in range(len(values)))
    return {
        "id": gid("ProductOption", owner),
        "name": name,
        "position": place,
        "values": values,
        "optionValues": [
            {"id": value_id, "name": value, "hasVariants": True, "swatch": None, "linkedMetafieldValue": None}
            for value_id, value in zip(value_ids, values, strict=True)
        ],
        "linkedMetafield": None,
    }


@field("Product.hasOnlyDefaultVariant")
def has_only_default_variant(product, context):
    return product["options"] == {"Title": ["Default Title"]}


@field("Product.priceRangeV2")
def price_range(product, context):
    return _range(product, context, "price")


@field("Product.compareAtPriceRange")
def compare_at_price_range(product, context):
    found = _range(product, context, "compareAtPrice")
    return found and {
        "minVariantCompareAtPrice": found["minVariantPrice"],
        "maxVariantCompareAtPrice": found["maxVariantPrice"],
    }


def _range(product, context, name):
    prices = [each[name] for each in context.shop.catalogue.variants_of(product) if each[name] is not None]
    if not prices:
        return None
    currency = context.shop.currency
    return {
        "minVariantPrice": amount(min(prices, key=float), currency),
        "maxVariantPrice": amount(max(prices, key=float), currency),
    }


@field("Product.totalInventory")
def total_inventory(product, context):
    variants = context.shop.catalogue.variants_of(product)
    return sum(sum(each["levels"].values()) for each in variants if each["tracked"])


@field("Product.tracksInventory")
def tracks_inventory(product, context):
    return any(each["tracked"] for each in context.shop.catalogue.variants_of(product))


@field("Product.hasOutOfStockVariants")
def has_out_of_stock_variants(product, context):
    variants = context.shop.catalogue.variants_of(product)
    return any(each["tracked"] and sum(each["levels"].values()) <= 0 for each in variants)


@field("Product.variants")
def variants(product, context, sortKey="POSITION", **paging):
    alone = product["number"] in context.alone
    rows = Rows(context.shop.catalogue.variants_of(product), _variant_order(sortKey))
    return context.page(rows, connections.LONGEST_VARIANTS if alone else connections.LONGEST, **paging)


def _variant_order(key):
    return {
        "POSITION": lambda record: record["position"],
        "ID": lambda record: record["number"],
        "SKU": lambda record: record["sku"],
        "TITLE": lambda record: " / ".join(record["options"]),
    }[key]


@field("Product.variantsCount")
def variants_count(product, context):
    return count(len(product["variants"]))


@field("Product.totalVariants")
def total_variants(product, context):
    return len(product["variants"])


# Media


@field("Product.media")
def media(product, context, sortKey="POSITION", query=None, **paging):
    return context.page(Rows(product["images"]), **paging)


@field("Product.mediaCount")
def media_count(product, context):
    return count(len(product["images"]))


@field("Product.featuredMedia")
def featured_media(product, context):
    return product["images"][0] if product["images"] else None


@field("Product.featuredImage")
def featured_image(product, context):
    return image(product["images"][0], context) if product["images"] else None


@field("Product.images")
def images(product, context, sortKey=None, crop=None, maxHeight=None, maxWidth=None, scale=None, **paging):
    return context.page(Rows([image(each, context) for each in product["images"]]), **paging)


@field("MediaImage.image")
def image(picture, context):
    """Null until the picture was processed."""
    if picture["status"] != "READY":
        return None
    src = picture["src"]
    address = f"https://cdn.shopify.com/s/files/1/{context.shop.number}{src}?v=1748757600"
    return {
        "id": gid("ImageSource", picture["number"]),
        "url": address if src.startswith("/") else src,
        "altText": picture["alt"],
        "width": picture["width"],
        "height": picture["height"],
    }


@field("Image.url")
def image_url(record, context, transform=None):
    return record["url"]


@field("Image.src", "Image.originalSrc")
def image_src(record, context):
    return record["url"]


@field("MediaImage.preview", "Video.preview", "ExternalVideo.preview")
def preview(picture, context):
    return {"image": image(picture, context), "status": picture["status"]}


# Collections


@field("Product.collections")
def collections(product, context, sortKey="ID", query=None, **paging):
    table = context.shop.catalogue.collections
    return context.page(Rows([table[each] for each in product["collections"]], _own_number), **paging)


@field("Product.inCollection")
def in_collection(product, context, id):
    return number(id, "Collection") in product["collections"]


@field("Collection.products")
def products_of_collection(collection, context, sortKey=None, **paging):
    rows = TableRows(
        context.shop.catalogue.products, lambda each: collection["number"] in each["collections"]
    )
    return context.page(rows, **paging)


@field("Collection.productsCount")
def products_count(collection, context):
    return count(sum(1 for _ in context.shop.catalogue.in_collection(collection["number"])))


# Metafields


@field("Product.metafields", "ProductVariant.metafields", "Collection.metafields")
def metafields(owner, context, namespace=None, keys=None, **paging):
    found = [
        each
        for each in owner["metafields"]
        if namespace in (None, each["namespace"])
        and (keys is None or each["key"] in keys or f"{each['namespace']}.{each['key']}" in keys)
    ]
    return context.page(Rows(found, _own_number), **paging)


@field("Product.metafield", "ProductVariant.metafield", "Collection.metafield")
def metafield(owner, context, key, namespace=None):
    wanted = f"{namespace}.{key}" if namespace else key
    return next(
        (each for each in owner["metafields"] if f"{each['namespace']}.{each['key']}" == wanted), None
    )


# Publications


@field("Product.publishedOnPublication")
def published_on_publication(product, context, publicationId):
    return number(publicationId, "Publication") in product["publications"]


@field("ProductVariant.publishedOnPublication")
def variant_published_on_publication(variant, context, publicationId):
    return published_on_publication(
        context.shop.catalogue.products[variant["product"]], context, publicationId
    )


@field("Product.resourcePublicationsV2", "Product.resourcePublications")
def resource_publications(product, context, onlyPublished=True, catalogType=None, **paging):
    table = context.shop.catalogue.publications
    found = [
        {
            "number": each,
            "isPublished": True,
            "publishDate": date,
            "publication": table[each],
            "publishable": product,
        }
        for each, date in product["publications"].items()
    ]
    return context.page(Rows(found, _own_number), **paging)


@field("Product.resourcePublicationsCount")
def resource_publications_count(product, context, onlyPublished=True):
    return count(len(product["publications"]))


def _own_number(record):
    return record["number"]
