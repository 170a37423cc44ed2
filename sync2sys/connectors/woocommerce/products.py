"""WooCommerce's JSON turned into our products and variants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync2sys.connectors.base import Figure, RemoteProduct, RemoteVariant
from sync2sys.connectors.fields import (
    address,
    figure,
    given_address,
    ident,
    label,
    labels,
    moment,
    quantity,
    rows,
    text,
)
from sync2sys.connectors.woocommerce import arrivals, identifiers
from sync2sys.connectors.woocommerce.categories import Categories

TITLE = 2000
DESCRIPTION = 500_000
SUMMARY = 100_000
IMAGES = 200
CATEGORIES = 100
TAGS = 100
ATTRIBUTES = 100
VALUES = 200
META = 200
META_VALUE = 1000
VARIATIONS = 10_000

AVAILABILITY = {"instock": "in_stock", "outofstock": "out_of_stock", "onbackorder": "backorder"}

#: meta fields that change without the product changing, or that only an editor's screen wants
_MEANINGLESS = ("_edit_", "_oembed_", "_elementor_", "_wp_old_", "_transient", "_wpb_", "_et_pb_")


class NoId(ValueError):
    """An entry that cannot be told from others, so its page cannot be believed."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads entries of one shop. `home` makes relative addresses absolute."""

    home: str = ""
    categories: Categories = field(default_factory=Categories)

    def product(self, data: Any) -> tuple[RemoteProduct, RemoteVariant | None]:
        """A product, and the variant it is where it has no variations. Raises NoId."""
        key, kind = str(id_of(data)), label(data.get("type"), 50) or "simple"
        children = [
            str(found) for each in _list(data.get("variations"), VARIATIONS) if (found := ident(each))
        ]
        meta, attributes = identifiers.meta_of(data), _attributes(data)
        if children or kind.startswith("variable"):
            fixed = _fixed(data, attributes)
            return self._product(data, key, kind, meta, attributes, fixed, tuple(children)), None
        ids = () if kind == "grouped" else (key,)
        product = self._product(data, key, kind, meta, attributes, attributes, ids)
        return product, self._own_variant(data, product, meta, attributes) if ids else None

    def _product(
        self,
        data: dict[str, Any],
        key: str,
        kind: str,
        meta: dict[str, Any],
        attributes: dict[str, list[str]],
        fixed: dict[str, list[str]],
        variant_ids: tuple[str, ...],
    ) -> RemoteProduct:
        status = _status(data)
        return RemoteProduct(
            external_id=key,
            kind=kind,
            status=status,
            # Status and password alone decide: a product hidden from the catalogue can still be bought at
            # its link, and owners hide what they only advertise.
            published=status == "publish",
            title=label(data.get("name"), TITLE),
            link=given_address(data.get("permalink"), self.home),
            description=text(data.get("description"), DESCRIPTION),
            summary=text(data.get("short_description"), SUMMARY),
            brand=identifiers.brand(data, meta, attributes),
            categories=self._categories(data),
            tags=tuple(labels([row.get("name") for row in rows(data.get("tags"), TAGS)], TAGS)),
            images=self._images(data.get("images")),
            attributes=fixed,
            available_at=arrivals.day(meta),
            meta=_plain_meta(meta),
            variant_ids=variant_ids,
            modified_at=modified_at(data),
        )

    def _own_variant(
        self,
        data: dict[str, Any],
        product: RemoteProduct,
        meta: dict[str, Any],
        attributes: dict[str, list[str]],
    ) -> RemoteVariant:
        """The single variant of a product without variations. Texts and pictures are the product's."""
        external = product.kind == "external"
        return RemoteVariant(
            external_id=product.external_id,
            product_external_id=product.external_id,
            published=product.published,
            gtin=identifiers.gtin(data, meta, attributes),
            mpn=identifiers.mpn(meta, attributes),
            **_offer(data, meta, may_be_bought=not external),
        )

    def variation(self, data: Any, parent: int | None = None) -> RemoteVariant:
        """A variation. Old versions do not say whose it is: then `parent` does. Raises NoId."""
        key, owner = id_of(data), ident(data.get("parent_id")) or parent
        if owner is None:
            raise NoId("a variation without a parent")
        meta = identifiers.meta_of(data)
        return RemoteVariant(
            external_id=str(key),
            product_external_id=str(owner),
            published=data.get("status", "publish") == "publish",
            gtin=identifiers.gtin(data, meta, {}),
            mpn=identifiers.mpn(meta, {}),
            description=text(data.get("description"), DESCRIPTION),
            link=address(data.get("permalink"), self.home),
            image=next(iter(self._images([data.get("image")])), ""),
            options=_options(data),
            **_offer(data, meta),
        )

    def _categories(self, data: dict[str, Any]) -> tuple[str, ...]:
        found = (
            self.categories.path(ident(row.get("id")), label(row.get("name")))
            for row in rows(data.get("categories"), CATEGORIES)
        )
        return tuple(dict.fromkeys(filter(None, found)))

    def _images(self, value: Any) -> tuple[str, ...]:
        found = (given_address(row.get("src"), self.home) for row in rows(value, IMAGES))
        return tuple(dict.fromkeys(filter(None, found)))


def id_of(data: Any) -> int:
    """Raises NoId."""
    key = ident(data.get("id")) if isinstance(data, dict) else None
    if key is None:
        raise NoId("an entry without an id")
    return key


def modified_at(data: Any) -> datetime | None:
    return moment(data.get("date_modified_gmt")) if isinstance(data, dict) else None


def _status(data: dict[str, Any]) -> str:
    status = label(data.get("status"), 50)
    return "password" if status == "publish" and text(data.get("post_password"), 10) else status


def _list(value: Any, most: int) -> list[Any]:
    return value[:most] if isinstance(value, list) else []


def _attributes(data: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows(data.get("attributes"), ATTRIBUTES):
        name, values = label(row.get("name")), labels(row.get("options"), VALUES)
        if name and values:
            found.setdefault(name, values)
    return found


def _fixed(data: dict[str, Any], attributes: dict[str, list[str]]) -> dict[str, list[str]]:
    """The attributes that do not tell variants apart."""
    varying = {
        label(row.get("name")) for row in rows(data.get("attributes"), ATTRIBUTES) if row.get("variation")
    }
    return {name: values for name, values in attributes.items() if name not in varying}


def _options(data: dict[str, Any]) -> dict[str, str]:
    found = {}
    for row in rows(data.get("attributes"), ATTRIBUTES):
        name, option = label(row.get("name")), label(row.get("option"))
        if name and option:
            found[name] = option
    return found


def _plain_meta(meta: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in meta.items():
        if len(found) == META:
            break
        if key.startswith(_MEANINGLESS) or "views" in key or not isinstance(value, str | int | float):
            continue
        name, plain = text(key, 255), text(value, META_VALUE)
        if name and plain:
            found[name] = plain
    return found


def _offer(data: dict[str, Any], meta: Mapping[str, Any], may_be_bought: bool = True) -> dict[str, Any]:
    """What products without variations and variations say in the same words."""
    price = figure(data.get("regular_price"))
    dimensions = data.get("dimensions")
    sizes = dimensions if isinstance(dimensions, dict) else {}
    buyable = data.get("purchasable")
    return {
        "sku": label(data.get("sku")),
        "price": price,
        **_sale(data, price),
        "availability": arrivals.availability(_availability(data), meta),
        "available_at": arrivals.day(meta),
        "quantity": _quantity(data),
        "purchasable": may_be_bought and (buyable if isinstance(buyable, bool) else price is not None),
        "weight": figure(data.get("weight")),
        "length": figure(sizes.get("length")),
        "width": figure(sizes.get("width")),
        "height": figure(sizes.get("height")),
        # "shipping": of the product itself no tax is charged.
        "taxable": data.get("tax_status") not in ("none", "shipping"),
        "tax_class": label(data.get("tax_class")),
        "modified_at": moment(data.get("date_modified_gmt")),
    }


def _sale(data: dict[str, Any], price: Figure | None) -> dict[str, Any]:
    """The sale price and its time. `price` is not looked at: it lags behind when a sale starts or ends."""
    reduced = figure(data.get("sale_price"))
    if reduced is None or price is None:
        return {}
    begins, ends = data.get("date_on_sale_from_gmt"), data.get("date_on_sale_to_gmt")
    start, end = moment(begins), moment(ends)
    if (begins and start is None) or (ends and end is None):
        return {}  # an end that cannot be read must not become "for ever"
    return {"sale_price": reduced, "sale_from": start, "sale_to": end}


def _availability(data: dict[str, Any]) -> str:
    status = data.get("stock_status")
    return AVAILABILITY.get(status, "out_of_stock") if isinstance(status, str) else "out_of_stock"


def _quantity(data: dict[str, Any]) -> int | None:
    """ "parent" means that all variations share the parent's stock; the number given is the parent's."""
    counted = data.get("manage_stock") is True or data.get("manage_stock") == "parent"
    return quantity(data.get("stock_quantity")) if counted else None
