"""What an owner should know about the whole feed, rather than about each of its items."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from sync2sys.formats.base import EACH, LOCAL, Format
from sync2sys.formats.custom import Custom
from sync2sys.formats.markets import WITH, WITHOUT, Market

#: Parts of a definition that remarks are about.
PARTS = ("market", "tax", "shipping")


class Store(Protocol):
    """What a store that a feed is made from says of itself; empty or None: it does not."""

    @property
    def name(self) -> str: ...

    @property
    def country(self) -> str: ...

    @property
    def currency(self) -> str: ...

    @property
    def charges_tax(self) -> bool | None: ...

    @property
    def prices_include_tax(self) -> bool | None: ...


class Remark(NamedTuple):
    """A sentence that says what to do, with its code."""

    code: str
    message: str


def about(format: Format, custom: Custom, stores: Sequence[Store]) -> list[Remark]:
    """What is to be said of a feed that is made from these stores."""
    return [
        *_of_prices(format, custom, stores),
        *_of_currency(format, custom, stores),
        *_of_shipping(format, custom, stores),
    ]


def _of_prices(format: Format, custom: Custom, stores: Sequence[Store]) -> Iterator[Remark]:
    """The stores whose prices go out as they are kept, although the channel may want them otherwise."""
    if format.wish is None or custom.tax is not None:
        return
    for store in stores:
        kept = None if store.prices_include_tax is None else WITH if store.prices_include_tax else WITHOUT
        wanted = format.wish.of(store.country)
        is_elsewhere = wanted is None and bool(store.country)
        if store.charges_tax is False or is_elsewhere or kept == (wanted or WITH):
            continue
        keeps = f"keeps them {kept} it" if kept else "does not say how it keeps them"
        yield Remark(
            "prices_as_kept",
            f"{format.label} {format.wish.words}; {store.name} {keeps}, and so they go out. "
            "Set market.country or tax.prices.",
        )


def _of_currency(format: Format, custom: Custom, stores: Sequence[Store]) -> Iterator[Remark]:
    if format.currency == EACH or not stores:
        return
    market = custom.market or Market()
    only = format.currency_in(market, stores[0].currency)
    if format.currency == LOCAL and not market.country:
        yield Remark(
            "currency_as_kept",
            f"A file for {format.label} names no currency. Its prices are in {only or 'none'}, as those of "
            f"{stores[0].name}. Set market.country to have them checked.",
        )
    for store in stores:
        if store.currency and store.currency != only:
            yield Remark(
                "wrong_currency",
                f"The feed takes prices in {only}; {store.name} sells in {store.currency}, so none of its "
                "items is in the feed.",
            )


def _of_shipping(format: Format, custom: Custom, stores: Sequence[Store]) -> Iterator[Remark]:
    own = {store.currency for store in stores}
    for place, line in enumerate(custom.shipping):
        if stores and line.currency and line.currency not in own:
            yield Remark(
                "shipping_unused",
                f"shipping.{place} is in {line.currency}, in which no store of the feed sells, so it is "
                "nowhere told. Give it in the currency of a store.",
            )
