"""What every platform is to the rest of the service: products, variants, pages of them.

A connector turns foreign JSON into these types at once; nobody behind it sees a field
name of a shop platform or an exception of an HTTP library.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from sync2sys.errors import StoreRefusedKeys

#: An amount, or the text that a shop has in its place, such as `19,90 EUR`, so that its owner can be told.
Figure = Decimal | str


@dataclass(frozen=True, slots=True)
class RemoteProduct:
    """One product as the shop shows it: what its variants share.

    Texts are decoded once from entities. `description` and `summary` stay HTML as received,
    `title`, `brand`, `categories`, `tags` and `attributes` are plain text.
    """

    external_id: str
    #: simple, variable, grouped, external, or a plugin's own type as received
    kind: str
    #: the shop's own word, such as publish, draft, private, active or unlisted
    status: str
    #: an anonymous buyer can see it at its link
    published: bool
    title: str
    link: str
    description: str = ""
    summary: str = ""
    brand: str = ""
    #: full paths from the root, "Shoes > Running"
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    #: addresses as received, absolute ones where they can be made so, the main one first
    images: tuple[str, ...] = ()
    #: attributes that do not tell variants apart: name -> values
    attributes: dict[str, list[str]] = field(default_factory=dict)
    #: when what can be ordered before will be there
    available_at: datetime | None = None
    #: scalar meta fields, for owners who keep a GTIN or a brand there
    meta: dict[str, str] = field(default_factory=dict)
    #: ids of all variants that exist in the shop now; None where the platform does not say
    variant_ids: tuple[str, ...] | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RemoteVariant:
    """One thing that can be bought. A simple product has one; some platforms give it the product's own id.

    An empty text, an empty `image` and a None weight or dimension mean: as the product's.
    """

    external_id: str
    product_external_id: str
    published: bool
    purchasable: bool
    title: str = ""
    sku: str = ""
    gtin: str = ""
    mpn: str = ""
    description: str = ""
    link: str = ""
    image: str = ""
    #: what tells it apart: option name -> value; an option left out means "any"
    options: dict[str, str] = field(default_factory=dict)
    #: the regular price in the shop's currency, None where it has none
    price: Figure | None = None
    #: as entered, whether it is lower or not
    sale_price: Figure | None = None
    sale_from: datetime | None = None
    sale_to: datetime | None = None
    #: in_stock, out_of_stock, backorder or preorder
    availability: str = "in_stock"
    #: when what is on pre-order or backorder will be there; None: as the product
    available_at: datetime | None = None
    #: None where the shop does not count; may be negative
    quantity: int | None = None
    #: in the shop's weight and dimension units
    weight: Figure | None = None
    length: Figure | None = None
    width: Figure | None = None
    height: Figure | None = None
    taxable: bool = True
    tax_class: str = ""
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """What a shop says about itself, and what we learnt about how to talk to it."""

    name: str
    #: the address its buyers see
    home: str
    currency: str
    #: None where the shop would not say
    prices_include_tax: bool | None
    weight_unit: str
    dimension_unit: str
    timezone: str
    version: str
    #: stable for the shop's life; None where the platform or its version has none
    identity: str | None
    #: what the connector needs to remember between calls; JSON, without secrets
    capabilities: dict[str, Any]
    #: where the shop is: ISO 3166-1 alpha-2; empty where it would not say
    country: str = ""
    #: whether it charges tax at all; None where it would not say
    charges_tax: bool | None = None
    #: country -> tax class -> rate in per cent, None where several taxes add up; the country "" is any other
    #: one, the class "" the standard one. None as a whole: the shop would not say now
    tax_rates: dict[str, dict[str, str | None]] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a pull. Everything up to and including it is kept when `cursor` is."""

    products: list[RemoteProduct]
    variants: list[RemoteVariant]
    #: JSON; a pull started with it goes on after this page
    cursor: dict[str, Any]
    #: steps done and expected in all, for a progress bar
    done: int
    of: int | None
    #: how many products and variants the shop says it has, where it says so
    product_total: int | None = None
    variant_total: int | None = None
    #: ids seen earlier in this pull that the shop has deleted meanwhile. A variant whose product is gone is
    #: as good as gone.
    gone_products: tuple[str, ...] = ()
    gone_variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook of a shop."""

    #: as the platform spells it
    topic: str
    #: active as found; made or renewed just now; refused where the shop will not have it
    state: str


@dataclass(frozen=True, slots=True)
class VariantRef:
    """A variant by the shop's own ids, as `RemoteVariant` has them."""

    product_id: str
    variant_id: str


@dataclass(frozen=True, slots=True)
class Current:
    """What stands in the shop now, as far as it can be written to."""

    #: the regular price in `currency`, None where there is none
    price: Decimal | None
    #: pieces that can be sold, at the one place that is written to; None where they are not counted there
    quantity: int | None
    counts_stock: bool
    #: what the connector needs to write; JSON, without secrets
    handle: dict[str, Any]
    #: of the shop, asked just now; empty where it would not say
    currency: str = ""
    #: a lower price that runs or is still to come
    sale_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to stand in the shop; a None leaves it as it is."""

    ref: VariantRef
    #: the regular price in the shop's currency, without more decimals than that has
    price: Decimal | None
    quantity: int | None
    #: what the decision was made upon; the handle says how to write
    expected: Current
    #: the shop may be made to count the stock of this variant where it does not yet
    count_stock: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one value of a change."""

    ref: VariantRef
    #: price or quantity
    field: str
    #: written; unchanged: it stood there before; refused: it will not be, until somebody changes something;
    #: stale: the shop has another value by now; odd: the shop took it and has something else; not_written:
    #: trouble, and the shop has what it had; unknown: trouble, and nobody knows what the shop has
    outcome: str
    #: what stands in the shop as far as is known, for the field that this is about
    price: Decimal | None = None
    quantity: int | None = None
    #: one of `connectors.writing`, a code of the platform, or that of a StoreError
    code: str = ""
    #: for the shop's owner
    message: str = ""


class Secrets(Protocol):
    """A channel's credentials. They may change while they are used: tokens expire and are renewed."""

    def current(self) -> Mapping[str, Any]:
        """Those that hold now. Raises StoreRefusedKeys where there are none any more."""

    def after(self, refused: str) -> Mapping[str, Any]:
        """Those that hold now that the shop has refused this access token. Raises StoreRefusedKeys."""


class Given:
    """Credentials as they were given, which nobody keeps or renews yet."""

    def __init__(self, **credentials: Any) -> None:
        self._credentials = credentials

    def current(self) -> Mapping[str, Any]:
        return self._credentials

    def after(self, refused: str) -> Mapping[str, Any]:
        raise StoreRefusedKeys("The store does not take these keys.")


class Connector(Protocol):
    """A connected shop."""

    def shop(self) -> Shop:
        """Ask the shop who it is. Raises StoreError."""

    def pull(
        self,
        since: datetime | None = None,
        cursor: dict[str, Any] | None = None,
        hints: Sequence[str] = (),
    ) -> Iterator[Page]:
        """Yield the whole catalogue, or what changed after `since`, page by page.

        `hints` are ids of products that are said to have changed; a shop whose list of changes lags behind
        is asked for them by name.

        An iterator that ends without raising has yielded every product and variant that existed
        during the whole pull; anything less raises a RemoteError, and `retryable` says whether
        going on later from the last cursor makes sense.
        """

    def hooks(self, address: str, secret: str) -> list[Hook]:
        """See that the shop tells this address of changes, signed with the secret or the platform's own.

        What is missing or was given up is made. Raises StoreError.
        """

    def may_write(self) -> list[str]:
        """What the keys lack for writing prices and stock, in the platform's words; empty: nothing.

        Raises StoreError.
        """

    def current(self, refs: Sequence[VariantRef]) -> dict[VariantRef, Current]:
        """What the shop has now of at most a hundred variants, asked of the shop itself.

        Those that it does not have are left out. Raises StoreError.
        """

    def write(self, changes: Sequence[Change], key: str) -> list[Written]:
        """Write at most a hundred changes, each variant once; an answer for each value, in their order.

        `key` names this writing: the same changes with the same key may be written again after a crash.
        Raises StoreError only where nothing was written; after that, trouble is told in the answers.
        """
