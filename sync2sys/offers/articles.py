"""Which offers are one article, whoever has them, and what the article is like.

An article is known by what its offers say themselves, so its id stays the same whichever suppliers join or
leave: by a valid GTIN; else by brand and maker's number; else by the supplier and its key. A bare SKU is
never compared between suppliers: each numbers its shelf alone.
"""

import re
from collections import abc
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from sync2sys.formats.definitions import quoted
from sync2sys.formats.text import clean
from sync2sys.offers import matching
from sync2sys.offers.rows import Offer

#: Which articles are sold: those that no shop sells, or all.
UNMATCHED, ALL = TAKES = ("unmatched", "all")

#: What tells articles, in this order.
BY_GTIN, BY_PART, BY_KEY = "gtin", "brand_mpn", "supplier_key"

_PART = matching.parse([BY_PART])[0]


class Listed(NamedTuple):
    """An offer in its supplier's list."""

    supplier: str
    #: of the supplier: which one's texts come first
    rank: int
    offer: Offer
    #: the import that wrote it
    import_id: str = ""
    #: since when it is in the list no more
    gone_at: datetime | None = None
    #: why nobody knows what is in the list instead: its row is refused
    refusal: str | None = None

    @property
    def is_gone(self) -> bool:
        return self.gone_at is not None


class Identity(NamedTuple):
    """What makes offers one article."""

    #: at most 34 characters
    id: str
    #: one of the three above
    rule: str
    #: a sentence
    why: str


class Article(NamedTuple):
    identity: Identity
    #: in the order in which their texts count
    offers: tuple[Listed, ...]


class Described(NamedTuple):
    """What an article is like: of each field what the first of its offers says that says anything."""

    title: str
    brand: str
    gtin: str
    sku: str
    mpn: str
    description: str
    category: str
    link: str
    images: tuple[str, ...]
    #: in kilograms
    weight: Decimal | None
    #: id of the product that it is a variant of; "" where it is none
    group: str
    #: what tells it apart there
    options: dict[str, str]


def identity(supplier: str, offer: Offer) -> Identity:
    """What the offer is grouped by. Depends on nothing but this offer."""
    if gtin := matching.gtin_key(offer.gtin):
        return Identity(gtin, BY_GTIN, f"It has the GTIN {offer.gtin}.")
    if part := _PART.of_offer(offer):
        named = f"{offer.brand} {offer.mpn}"
        return Identity(f"p-{_hash(part)}", BY_PART, f"It has the brand and maker's number {quoted(named)}.")
    why = f"It has no GTIN, nor brand and maker's number, so it is told by its key {quoted(offer.key)}."
    return Identity(f"s-{_hash(supplier, offer.key)}", BY_KEY, why)


def _hash(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def articles(offers: abc.Iterable[Listed]) -> list[Article]:
    """The articles that these offers are, in the order of their ids. Each offer is in one of them."""
    found: dict[str, list[Listed]] = {}
    for each in sorted(offers, key=lambda each: (each.rank, each.supplier, each.is_gone, each.offer.key)):
        found.setdefault(identity(each.supplier, each.offer).id, []).append(each)
    return [
        Article(identity(several[0].supplier, several[0].offer), tuple(several))
        for _, several in sorted(found.items())
    ]


def described(article: Article) -> Described:
    """What the article is like."""
    offers = [each.offer for each in article.offers]

    def first(name: str) -> str:
        return next((found for each in offers if (found := getattr(each, name))), "")

    group, options = _variation(article)
    return Described(
        title=_without(first("title"), tuple(options.values())) if group else first("title"),
        brand=first("brand"),
        gtin=first("gtin"),
        sku=first("sku"),
        mpn=first("mpn"),
        description=first("description"),
        category=first("category"),
        link=first("link"),
        images=next((each.images for each in offers if each.images), ()),
        weight=next((each.weight for each in offers if each.weight is not None), None),
        group=group,
        options=options,
    )


def _variation(article: Article) -> tuple[str, dict[str, str]]:
    """The group and the options of one and the same offer: each supplier has its own words for both."""
    for each in article.offers:
        if each.offer.item_group:
            code = matching.code_key(each.offer.item_group)
            return f"g-{_hash(each.supplier, code)}", each.offer.options
    return "", next((each.offer.options for each in article.offers if each.offer.options), {})


def _without(title: str, values: tuple[str, ...]) -> str:
    """The title of what an article is a variant of: `Trail Runner 42` without the size `42`.

    Channels put the options behind the title again.
    """
    found = title
    for value in values:
        found = _word(value).sub(" ", found)
    return clean(_IDLE.sub(" ", found)).strip(" ,;/|-–") or title


_IDLE = re.compile(r"\(\s*\)|\[\s*\]")


@lru_cache(maxsize=1024)
def _word(value: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
