"""A row of a supplier's list and its mapping make an offer, or a refusal that says why.

What an offer is sold by must be right: a row whose key, amount, currency or stock cannot be read is refused.
What only describes it is left out instead, and a remark says so.
"""

import re
from collections import abc
from contextlib import suppress
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as Arithmetic
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import orjson

from sync2sys.formats import codes
from sync2sys.formats.definitions import shown
from sync2sys.formats.money import is_currency
from sync2sys.formats.text import clean
from sync2sys.offers import figures
from sync2sys.offers.fields import FIELDS, IN_STOCK, OUT_OF_STOCK, STOCK_WORDS
from sync2sys.offers.figures import BadFigure
from sync2sys.offers.mapping import MOST_IMAGES, UNKNOWN, Mapping, Source, stock_key

#: Characters of a key, and of the other codes; databases index them.
LONGEST_KEY, LONGEST_CODE = 200, 200
#: Characters of an address; browsers and channels take no more.
LONGEST_LINK = 2_000
#: An amount has at most so many decimals: a price for a thousand is exact with them, and a third never is.
_DECIMALS = Decimal("1e-8")
_EXACT = Arithmetic(prec=40, rounding=ROUND_HALF_UP)
_ONE = Decimal(1)
#: What stands in a cell in the place of nothing.
_NOTHING = frozenset(("-", "--", "–", "n/a", "na", "n.a.", "null", "none", "nan", "#n/a", "#nv", "nil", "?"))
_LONGEST_NOTHING = max(map(len, _NOTHING))
_WEB = re.compile('https?://[^\\s<>"\x00-\x1f\x7f\ud800-\udfff]+', re.IGNORECASE)
#: What no database takes: NUL and halves of surrogate pairs.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_ROUNDED_CODE = re.compile(r"[0-9][.,][0-9]+[Ee]\+[0-9]{2}").fullmatch


class Row(Protocol):
    """A row as a reader gives it."""

    @property
    def line(self) -> int:
        """Where it stands in the file, from 1."""

    @property
    def values(self) -> abc.Mapping[str, str]:
        """Column -> text; a cell that is missing is absent."""


class Unread(Protocol):
    """A row that a reader cannot give."""

    @property
    def line(self) -> int:
        """Where it stands in the file, from 1."""

    @property
    def code(self) -> str:
        """Why."""

    @property
    def text(self) -> str:
        """The same as a sentence."""

    @property
    def values(self) -> abc.Mapping[str, str]:
        """What can be read of it all the same."""


class Remark(NamedTuple):
    """What was left out of an offer, or read in another way than it stands there."""

    field: str
    code: str
    value: str
    message: str


class Offer(NamedTuple):
    """What a supplier offers. Texts are "" where there is none."""

    line: int
    #: tells it apart in its list
    key: str
    #: digits of a valid GTIN as the list has them, 8 to 14
    gtin: str = ""
    sku: str = ""
    mpn: str = ""
    brand: str = ""
    title: str = ""
    #: of one piece, in `currency`; what the merchant pays
    cost: Decimal | None = None
    #: with, without or unknown
    cost_tax: str = UNKNOWN
    #: likewise what the supplier recommends to ask for it
    price: Decimal | None = None
    price_tax: str = UNKNOWN
    #: ISO 4217; "" where the offer has no amount
    currency: str = ""
    #: pieces, never below zero; None where the list does not count
    quantity: int | None = None
    #: in_stock, out_of_stock, backorder, preorder, or "" where the list does not say
    availability: str = ""
    available_at: date | None = None
    description: str = ""
    link: str = ""
    images: tuple[str, ...] = ()
    category: str = ""
    item_group: str = ""
    #: kilograms
    weight: Decimal | None = None
    options: dict[str, str] = {}
    remarks: tuple[Remark, ...] = ()


#: What two rows for one key must agree on; whatever else they say only describes.
TERMS = (
    "key", "gtin", "sku", "mpn", "brand", "cost", "cost_tax", "price", "price_tax", "currency", "quantity",
    "availability", "available_at",
)  # fmt: skip
_TERMS = tuple(Offer._fields.index(name) for name in TERMS)


class Refusal(NamedTuple):
    """A row that makes no offer."""

    line: int
    code: str
    #: the field, "" for the row as a whole
    field: str
    #: what stands there, its beginning
    value: str
    #: why, and what to do
    message: str
    #: of the offer that the row is about, "" where that cannot be told
    key: str = ""


def content_hash(offer: Offer) -> str:
    """Equal for equal offers, wherever in the list they stand."""
    return _digest(offer[1:])


def terms_hash(offer: Offer) -> str:
    """Equal for offers that mean the same thing at the same price and stock (`TERMS`)."""
    return _digest([offer[place] for place in _TERMS])


def _digest(values: Any) -> str:
    written = orjson.dumps(values, default=_plain, option=orjson.OPT_SORT_KEYS)
    return blake2b(written, digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else tuple(value)


class _Refused(Exception):
    def __init__(self, field: str, code: str, value: str, message: str) -> None:
        self.field, self.code, self.value, self.message = field, code, value, message


def offer_of(row: Row, mapping: Mapping) -> Offer | Refusal:
    """The offer that a row makes. Never raises, whatever the row holds."""
    reading = _Reading(row, mapping)
    try:
        return reading.offer()
    except _Refused as no:
        label = FIELDS[no.field].label if no.field else "the row"
        message = f"{label[0].upper()}{label[1:]}: {no.message}"
        return Refusal(row.line, no.code, no.field, shown(no.value), message, reading.known_key)


def refusal_of(row: Unread, mapping: Mapping) -> Refusal:
    """The same for a row that a reader cannot give."""
    reading = _Reading(row, mapping)
    with suppress(_Refused):
        reading.identified()
    return Refusal(row.line, row.code, "", "", row.text, reading.known_key)


def _means_nothing(text: str) -> bool:
    return len(text) <= _LONGEST_NOTHING and text.casefold() in _NOTHING


class _Reading:
    """One row on its way to an offer."""

    def __init__(self, row: Row | Unread, mapping: Mapping) -> None:
        self.row, self.mapping = row, mapping
        texts = ((name, source.text(row.values)) for name, source in mapping.fields.items())
        #: what stands there, and what of it does not stand in the place of nothing
        self.texts = {name: text for name, text in texts if text}
        self.found = {name: text for name, text in self.texts.items() if not _means_nothing(text)}
        self.remarks: list[Remark] = []
        #: codes of currencies that stand beside amounts
        self.marks: set[str] = set()
        #: as soon as it is found
        self.known_key = ""

    def identified(self) -> dict[str, str]:
        """The codes that the row has; its key is known by them."""
        found = {"gtin": self.gtin()} | {name: self.code(name) for name in ("key", "sku", "mpn")}
        self.known_key = self.key(found)
        return found

    def offer(self) -> Offer:
        found = self.identified()
        (cost, cost_tax), (price, price_tax) = self.money("cost"), self.money("price")
        currency = self.currency(cost is not None or price is not None)
        quantity, availability = self.stock()
        return Offer(
            line=self.row.line,
            key=self.known_key,
            gtin=found["gtin"],
            sku=found["sku"],
            mpn=found["mpn"],
            brand=clean(self.text("brand")),
            title=clean(self.text("title")),
            cost=cost,
            cost_tax=cost_tax,
            price=price,
            price_tax=price_tax,
            currency=currency,
            quantity=quantity,
            availability=availability,
            available_at=self.figure("available_at", lambda text, source: figures.day(text, source.days)),
            description=_UNKEPT.sub("", self.text("description")).strip(),
            link=self.link(),
            images=self.images(),
            category=clean(self.text("category")),
            item_group=self.code("item_group"),
            weight=self.figure(
                "weight", lambda text, source: _canonical(figures.weight(text, source.numbers, source.unit))
            ),
            options=self.options(),
            remarks=tuple(self.remarks),
        )

    def source(self, name: str) -> Source | None:
        return self.mapping.fields.get(name)

    def text(self, name: str) -> str:
        return self.texts.get(name, "")

    def filled(self, name: str) -> str:
        """The text, "" for what stands in the place of nothing."""
        return self.found.get(name, "")

    def remark(self, field: str, code: str, value: str, message: str) -> None:
        self.remarks.append(Remark(field, code, shown(value), message))

    def key(self, found: dict[str, str]) -> str:
        name = self.mapping.key
        if not found[name]:
            refused = next((each for each in self.remarks if each.field == name), None)
            if refused:
                raise _Refused(name, refused.code, refused.value, refused.message)
            raise _Refused(
                name, "no_key", "", "This row has none, and it is what tells the offers of this list apart."
            )
        return found[name]

    def code(self, name: str) -> str:
        found = clean(self.filled(name))
        if not found:
            return ""
        if _ROUNDED_CODE(found):
            self.remark(name, "rounded_number", found, _FAULTS["rounded_number"])
        elif len(found) > LONGEST_CODE:
            self.remark(name, "too_long", found, f"This is longer than {LONGEST_CODE} characters.")
        else:
            return found
        return ""

    def gtin(self) -> str:
        found = self.filled("gtin")
        if not found or not found.strip("0 "):
            return ""
        number = codes.gtin(found[:100])
        if number is None:
            fault = codes.fault(found[:100])
            self.remark("gtin", fault, found, _FAULTS[fault])
        return number or ""

    def figure(self, name: str, read: abc.Callable[[str, Source], Any]) -> Any:
        """A figure that only describes: one that cannot be read is left out."""
        source, found = self.source(name), self.filled(name)
        if source is None or not found:
            return None
        try:
            return read(found, source)
        except BadFigure as bad:
            self.remark(name, bad.code, found, bad.message)
            return None

    def money(self, name: str) -> tuple[Decimal | None, str]:
        source, found = self.source(name), self.filled(name)
        if source is None or not found:
            return None, UNKNOWN
        try:
            value, mark = figures.money(found, source.numbers)
        except BadFigure as bad:
            raise _Refused(name, bad.code, found, bad.message) from None
        self.marked(name, found, mark)
        if value < 0:
            raise _Refused(name, "negative", found, "An amount cannot be below zero.")
        if not value:
            self.remark(name, "zero", found, "Zero is taken for no price at all.")
            return None, UNKNOWN
        return self.of_one_piece(
            name, found, value if source.times == 1 else value * source.times
        ), source.tax

    def marked(self, name: str, text: str, mark: str) -> None:
        """What stands beside an amount has to be the currency of the list, where the list says one."""
        given = self.given_currency() if mark else ""
        if given and not figures.means(mark, given):
            raise _Refused(name, "other_currency", text, "The currency beside it is not that of the list.")
        if is_currency(mark):
            self.marks.add(mark)

    def of_one_piece(self, name: str, text: str, amount: Decimal) -> Decimal:
        pieces = self.per()
        found = _canonical(amount if pieces == 1 else _EXACT.divide(amount, pieces))
        if not found:
            raise _Refused(
                name, "too_small", text, "For one piece this is nothing. Look at the factor of the mapping."
            )
        return found

    def per(self) -> Decimal:
        source, found = self.source("per"), self.filled("per")
        if source is None or not found:
            return _ONE
        try:
            pieces = figures.number(found, source.numbers if source.columns else figures.POINT)
        except BadFigure as bad:
            raise _Refused("per", bad.code, found, bad.message) from None
        if pieces <= 0:
            raise _Refused("per", "negative", found, "A price is for at least one piece.")
        return pieces

    def given_currency(self) -> str:
        # What is kept of so many cells should be short.
        found = self.filled("currency")[: figures.LONGEST]
        return figures.currency(found) or found.upper()

    def currency(self, needed: bool) -> str:
        if not needed:
            return ""
        found = self.given_currency() or (self.marks.pop() if len(self.marks) == 1 else "")
        if not is_currency(found):
            raise _Refused(
                "currency", "no_currency", found, 'An amount without one means nothing. Use a code, as "EUR".'
            )
        return found

    def stock(self) -> tuple[int | None, str]:
        quantity, told = self.quantity()
        availability, counted = self.availability(quantity is not None or bool(told))
        return (counted if quantity is None else quantity), availability or told

    def quantity(self) -> tuple[int | None, str]:
        """Pieces, and what a word in their place says instead."""
        source, found = self.source("quantity"), self.filled("quantity")
        if source is None or not found:
            return None, ""
        meaning = source.words.get(stock_key(found)) if source.words else None
        if meaning is not None:
            return _told(meaning)
        try:
            count = figures.count(found, source.numbers)
        except BadFigure as bad:
            word = STOCK_WORDS.get(stock_key(found))
            if word is None:
                raise _Refused("quantity", bad.code, found, bad.message) from None
            return _told(word)
        if count.remark:
            self.remark("quantity", count.remark, found, f"Taken as {count.pieces}.")
        return count.pieces, ""

    def availability(self, known: bool) -> tuple[str, int | None]:
        """What it says, and how many pieces that counts for. `known`: the stock is told by another column."""
        source, found = self.source("availability"), self.text("availability")
        if source is None or not found:
            return "", None
        word = stock_key(found)
        meaning = source.words.get(word, STOCK_WORDS.get(word))
        if isinstance(meaning, int):
            return IN_STOCK if meaning else OUT_OF_STOCK, meaning
        if meaning is not None:
            return meaning, 0 if meaning == OUT_OF_STOCK else None
        message = 'This word is not known. Say under "words" in the mapping what it means.'
        if not known:
            raise _Refused("availability", "unknown_word", found, message)
        self.remark("availability", "unknown_word", found, message)
        return "", None

    def link(self) -> str:
        found = self.filled("link")
        if found and (len(found) > LONGEST_LINK or not _WEB.fullmatch(found)):
            self.remark("link", "not_a_link", found, "This is not a web address.")
            return ""
        return found

    def images(self) -> tuple[str, ...]:
        """The web addresses in all its columns; what else is in them is between addresses."""
        source = self.source("images")
        if source is None:
            return ()
        cells = [self.row.values.get(column, "") for column in source.columns]
        found = [link for cell in cells for link in _addresses(cell[:100_000])]
        if not found and any(map(str.strip, cells)):
            self.remark("images", "not_a_link", " ".join(cells).strip(), "These are no web addresses.")
        return tuple(dict.fromkeys(link for link in found if len(link) <= LONGEST_LINK))[:MOST_IMAGES]

    def options(self) -> dict[str, str]:
        found = {name: clean(each.text(self.row.values)) for name, each in self.mapping.options.items()}
        return {name: value for name, value in found.items() if value}


_NEXT_ADDRESS = re.compile(r"[,;|](?=\s{0,9}(?:https?://|$))|\s+", re.IGNORECASE)


def _addresses(cell: str) -> list[str]:
    """Addresses with blanks, lines, commas, semicolons or bars between; a comma inside one stays."""
    found = (each.strip(",;|") for each in _NEXT_ADDRESS.split(cell))
    return [each for each in found if _WEB.fullmatch(each)]


def _told(meaning: int | str) -> tuple[int | None, str]:
    if isinstance(meaning, int):
        return meaning, ""
    return (0 if meaning == OUT_OF_STOCK else None), meaning


@lru_cache(maxsize=8192)
def _canonical(amount: Decimal) -> Decimal:
    """The amount without idle zeros, so that 12.5 and 12.50 are one."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -8:
        amount = amount.quantize(_DECIMALS, context=_EXACT)
    amount = amount.normalize(_EXACT)
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


#: What is wrong with a number that should be a GTIN, by `codes.fault`.
_FAULTS = {
    "rounded_number": "A spreadsheet rounded this number; its last digits are gone. Have it written as text.",
    "not_digits": "A GTIN has digits only.",
    "wrong_length": "A GTIN has 8, 12, 13 or 14 digits.",
    "only_zeros": "These are only zeros.",
    "wrong_check_digit": "Its check digit is wrong: one of the digits must be mistyped.",
    "restricted_number": "Such numbers are for use inside one company, and elsewhere mean another thing.",
}
