"""What items are to their owner: by which name, number and address they are found in the shop."""

from collections.abc import Sequence
from typing import NamedTuple

from sync2sys.connectors.platforms import editor_of
from sync2sys.formats import attributes
from sync2sys.formats.addresses import encoded
from sync2sys.formats.base import Item
from sync2sys.services import items
from sync2sys.services.items import Shelved, Source

#: The columns of `Item` that are read for it.
COLUMNS = frozenset(("title", "options", "sku", "link", "has_variants"))


class Identity(NamedTuple):
    """What an item is to its owner. Empty where it is not mirrored any more."""

    key: str
    #: its own key where the product has no variants
    product_key: str
    #: the product's
    title: str
    #: `Blue, 42`: what tells it from the product's other variants
    variant: str
    sku: str
    #: the page that buyers see; None where that is no address
    link: str | None
    #: where its owner edits the product
    edit_link: str


def of_item(sources: Sequence[Source], item: Item) -> Identity:
    """Who an item is."""
    variant = ", ".join(attributes.options(item.options).values()) if item.has_variants else ""
    return Identity(
        key=item.key,
        product_key=item.group_key,
        title=item.title,
        variant=variant,
        sku=item.sku or "",
        link=encoded(item.link or ""),
        edit_link=_edit_link(sources, item.group_key),
    )


def _edit_link(sources: Sequence[Source], product_key: str) -> str:
    if len(sources) == 1:
        source, product_id = sources[0], product_key
    else:
        source, product_id = items.source_of(sources, product_key)
    return editor_of(source.platform, source.home, product_id)


def of_product(sources: Sequence[Source], key: str, product: Shelved | None) -> Identity:
    """Who a product is that is no item itself; None: it is not mirrored any more."""
    if product is None:
        return Identity(key, key, "", "", "", None, "")
    return Identity(key, key, product.title, "", "", encoded(product.link), _edit_link(sources, key))
