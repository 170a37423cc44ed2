"""Shopify's products and variants made ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sync2sys.connectors import fields, gtins
from sync2sys.connectors.base import RemoteProduct, RemoteVariant
from sync2sys.errors import StoreGarbled

TITLE, DESCRIPTION, META_VALUE = 1000, 1_000_000, 5000
TAGS, OPTIONS = 250, 10
#: Images and metafields of a product that are looked at: no channel takes more than twenty images beside
#: the first.
IMAGES, METAFIELDS = 21, 100

#: Metafields of a variant in which owners keep its identifiers, (namespace, key) by the alias they are asked
#: under: Shopify's own field for a GTIN is the barcode, for an MPN it has none.
GTINS = {
    "gtin": ("custom", "gtin"),
    "ean": ("custom", "ean"),
    "upc": ("custom", "upc"),
    "isbn": ("custom", "isbn"),
}
MPNS = {"mpn": ("custom", "mpn"), "googleMpn": ("mm-google-shopping", "mpn")}
IDENTIFIERS = GTINS | MPNS

#: What anybody finds in the shop, and, in our spelling, what is as good as deleted.
LISTED, ARCHIVED = "ACTIVE", "archived"
#: A product without options.
ALONE = "simple"
#: The name and value of the single option of a product that has none.
NO_OPTION = ("Title", "Default Title")
#: Our unit -> grams.
GRAMS = {"kg": Decimal(1000), "g": Decimal(1), "lb": Decimal("453.59237"), "oz": Decimal("28.349523125")}
UNITS = {"KILOGRAMS": "kg", "GRAMS": "g", "POUNDS": "lb", "OUNCES": "oz"}
#: Metafields of these types are no text of the merchant's.
NOT_TEXT = ("_reference", "json", "rich_text_field", "list.")

Row = Mapping[str, Any]


def number(gid: Any) -> int:
    """The number of a global id, `gid://shopify/Product/1`. Raises StoreGarbled."""
    found = fields.ident(gid.rpartition("/")[2]) if isinstance(gid, str) else None
    if found is None:
        raise StoreGarbled("The shop listed something without an id.")
    return found


class Reader:
    """Reads what a shop sends; `weight_unit` is the shop's own."""

    def __init__(self, weight_unit: str) -> None:
        self._unit = weight_unit

    def product(
        self, row: Row, media: Sequence[Any], metafields: Sequence[Any], variants: Sequence[int]
    ) -> RemoteProduct:
        """A product with its images, its metafields, and the numbers of all its variants."""
        key = str(number(row.get("id")))
        alone = _is_alone(row)
        status = fields.text(row.get("status"), 50)
        link = fields.address(row.get("onlineStoreUrl"), "")
        return RemoteProduct(
            external_id=key,
            kind=ALONE if alone else "variable",
            status=status.lower(),
            # UNLISTED ones can be bought by whoever has the link, and are meant to be found by nobody else.
            published=status == LISTED and bool(link),
            title=fields.text(row.get("title"), TITLE),
            link=link,
            description=fields.text(row.get("descriptionHtml"), DESCRIPTION),
            brand=fields.text(row.get("vendor"), fields.LABEL).strip(),
            categories=_categories(row),
            tags=_texts(row.get("tags"), TAGS),
            # The first one is the featured one, whatever the order in which a file names them.
            images=_images([row.get("featuredMedia"), *media])[:IMAGES],
            meta=_meta(metafields),
            variant_ids=tuple(map(str, variants)),
            modified_at=fields.moment(row.get("updatedAt")),
        )

    def variant(self, row: Row, media: Sequence[Any], product: RemoteProduct) -> RemoteVariant:
        """A variant of the product, with the images of its own."""
        key = str(number(row.get("id")))
        price, before = fields.amount(row.get("price")), fields.amount(row.get("compareAtPrice"))
        is_reduced = price is not None and before is not None and before > price
        options = _options(row)
        item = row.get("inventoryItem")
        item = item if isinstance(item, dict) else {}
        quantity = fields.quantity(row.get("inventoryQuantity")) if item.get("tracked") is True else None
        return RemoteVariant(
            external_id=key,
            product_external_id=product.external_id,
            published=product.published,
            purchasable=price is not None,
            title=fields.text(row.get("title"), TITLE) if options else "",
            sku=fields.text(row.get("sku"), fields.LABEL).strip(),
            gtin=_gtin(row, product),
            mpn=next(filter(None, _identifiers(row, product, MPNS)), ""),
            link=f"{product.link}?variant={key}" if product.link and options else "",
            image=next(iter(_images(media)), ""),
            options=options,
            price=before if is_reduced else price,
            sale_price=price if is_reduced else None,
            availability=_availability(row, quantity),
            quantity=quantity,
            weight=self._weight(item),
            taxable=row.get("taxable") is not False,
            modified_at=fields.moment(row.get("updatedAt")),
        )

    def _weight(self, item: Row) -> Decimal | None:
        """In the shop's unit; each variant has a unit of its own."""
        measurement = item.get("measurement")
        weight = measurement.get("weight") if isinstance(measurement, dict) else None
        if not isinstance(weight, dict):
            return None
        exact = fields.amount(weight.get("value"))
        unit, own = GRAMS.get(UNITS.get(str(weight.get("unit")), "")), GRAMS.get(self._unit)
        if not exact or unit is None or own is None:
            return None
        return exact if unit == own else (exact * unit / own).quantize(Decimal("0.0001"))


def _gtin(row: Row, product: RemoteProduct) -> str:
    """What the shop has in its own field, as it is; otherwise what its owner keeps elsewhere."""
    own = fields.text(row.get("barcode"), 64).strip()
    return own or gtins.first(_identifiers(row, product, GTINS))


def _identifiers(row: Row, product: RemoteProduct, names: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """The texts of these metafields; of a product without options its own count, too."""
    for alias, (namespace, key) in names.items():
        found = row.get(alias)
        yield fields.label(found.get("value"), 100) if isinstance(found, dict) else ""
        if product.kind == ALONE:
            yield fields.label(product.meta.get(f"{namespace}.{key}"), 100)


def _is_alone(row: Row) -> bool:
    return row.get("hasOnlyDefaultVariant") is True


def _availability(row: Row, quantity: int | None) -> str:
    if row.get("availableForSale") is not True:
        return "out_of_stock"
    is_sold_out = quantity is not None and quantity <= 0
    return "backorder" if is_sold_out and row.get("inventoryPolicy") == "CONTINUE" else "in_stock"


def _options(row: Row) -> dict[str, str]:
    found = {}
    for option in fields.rows(row.get("selectedOptions"), OPTIONS):
        name = fields.text(option.get("name"), fields.LABEL).strip()
        value = fields.text(option.get("value"), fields.LABEL).strip()
        if name and value and (name, value) != NO_OPTION:
            found[name] = value
    return found


def _categories(row: Row) -> tuple[str, ...]:
    """The merchant's own word, and the path in Shopify's taxonomy."""
    category = row.get("category")
    path = category.get("fullName") if isinstance(category, dict) else None
    found = (fields.text(text, 750).strip() for text in (row.get("productType"), path))
    return tuple(dict.fromkeys(filter(None, found)))


def _texts(values: Any, most: int) -> tuple[str, ...]:
    listed = values[:most] if isinstance(values, list) else []
    return tuple(dict.fromkeys(filter(None, (fields.text(value, fields.LABEL).strip() for value in listed))))


def _images(media: Iterable[Any]) -> tuple[str, ...]:
    found = []
    for row in media:
        image = row.get("image") if isinstance(row, dict) else None
        found.append(fields.address(image.get("url"), "") if isinstance(image, dict) else "")
    return tuple(dict.fromkeys(filter(None, found)))


def _meta(metafields: Sequence[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in metafields[:METAFIELDS]:
        if not isinstance(row, dict):
            continue
        kind = fields.text(row.get("type"), 100)
        if any(part in kind for part in NOT_TEXT):
            continue
        key = f"{fields.text(row.get('namespace'), 100)}.{fields.text(row.get('key'), 100)}"
        value = fields.text(row.get("value"), META_VALUE)
        if value and key != ".":
            found[key] = value
    return found
