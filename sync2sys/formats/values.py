"""The rules that channels share: each takes a field and a feed's context and makes a reader.

A reader takes the field's source columns and gives its value. Readers run for every field of every
item, so each looks first whether the column can be taken as it is. The first line of a rule's
docstring is shown to owners as the rule that made a value.
"""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

import orjson

from sync2sys.formats import attributes, codes, money, sales
from sync2sys.formats.addresses import ENCODED, encoded, is_encoded
from sync2sys.formats.base import Context, Doubt, Field, Reader, Rule, Value, checked
from sync2sys.formats.latest import latest
from sync2sys.formats.text import clean, clean_lines, is_legal, shorten

#: Addresses longer than this are refused by browsers, caches and channels alike.
LONGEST_ADDRESS = 2000

#: A JSON list of addresses that need no work.
_ENCODED_LIST = re.compile(rf'\["{ENCODED}"(?:,"{ENCODED}")*\]').fullmatch

Words = tuple[str, ...]


# What is to be said of a value


def _unusable(field: Field, context: Context) -> Doubt:
    """`invalid` where the shop has something, and no value can be made of it."""
    return lambda found, *rest: "invalid" if found not in _NOTHING else None


_NOTHING = (None, "", "[]", "{}")


def _cut_text(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize
    return lambda found, *rest: "truncated" if len(found) > limit and len(clean(found)) > limit else None


def _cut_lines(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize
    return lambda found: "truncated" if len(found) > limit and len(clean_lines(found)) > limit else None


def _cut_title(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize

    def doubt(title: str, options: str | None, has_variants: bool | int) -> str | None:
        told = _told(options) if has_variants else ""
        if len(title) + len(told) <= limit:
            return None
        return "truncated" if len(clean(title)) + len(told) > limit else None

    return doubt


def _unusable_address(field: Field, context: Context) -> Doubt:
    limit = field.limit or LONGEST_ADDRESS

    def doubt(found: str | None) -> str | None:
        if not found:
            return None
        usable = encoded(found)
        return "too_long" if usable is not None and len(usable) > limit else "invalid"

    return doubt


def _no_image(field: Field, context: Context) -> Doubt:
    return lambda own, images: "invalid" if own or images not in _NOTHING else None


def _too_many_images(field: Field, context: Context) -> Doubt:
    limit, times = field.limit or LONGEST_ADDRESS, field.times or sys.maxsize

    def doubt(own: str | None, images: str | None) -> str | None:
        others = set(_images(images, limit))
        return "too_many" if len(others) > times + 1 or len(others - {_usable(own, limit)}) > times else None

    return doubt


def _no_brand(field: Field, context: Context) -> Doubt:
    return lambda found: "not_a_brand" if found and clean(found) else None


def _long_number(field: Field, context: Context) -> Doubt:
    return lambda mpn, sku=None: "too_long" if clean(mpn or sku or "") else None


def _no_sale(field: Field, context: Context) -> Doubt:
    def doubt(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale in _NOTHING or sales.phase_of(begin, end, context.now) == sales.ENDED:
            return None
        return None if money.reduced(price, sale, currency) else "sale_not_lower"

    return doubt


def _no_weight(field: Field, context: Context) -> Doubt:
    def doubt(weight: str | None, *unit: str | None) -> str | None:
        exact = _decimal(weight)
        return "invalid" if weight and (exact is None or exact) else None

    return doubt


def _long_path(field: Field, context: Context) -> Doubt:
    limit = field.limit or sys.maxsize
    return lambda categories: "truncated" if len(_deepest(categories)) > limit else None


# The rules


@checked(overflow=_cut_text)
def text(field: Field, context: Context) -> Reader:
    """One line of text, cut after a word."""
    limit = field.limit or sys.maxsize

    def read(found: str | None) -> str | None:
        if not found:
            return None
        # Nothing printable is illegal, and no white space but the blank is printable.
        if len(found) <= limit and found.isprintable():
            return found.strip() or None
        return shorten(clean(found), limit) or None

    return read


@checked(overflow=_cut_lines)
def long_text(field: Field, context: Context) -> Reader:
    """Text with its line breaks, cut after a word."""
    limit = field.limit or sys.maxsize

    def read(found: str | None) -> str | None:
        if not found:
            return None
        found = found.strip() if is_legal(found) else clean_lines(found)
        return found if 0 < len(found) <= limit else shorten(found, limit) or None

    return read


def identifier(field: Field, context: Context) -> Reader:
    """The id; a longer one than allowed keeps its beginning and ends in a digest of the whole."""
    limit = field.limit or sys.maxsize

    def read(key: str | None) -> str | None:
        if not key:
            return None
        # Most ids are a number.
        return key if key.isalnum() and len(key) <= limit else _shortened_id(key, limit)

    return read


def _shortened_id(key: str, limit: int) -> str | None:
    cleaned = clean(key)
    if len(cleaned) <= limit:
        return cleaned or None
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{cleaned[: limit - 17].rstrip()}-{digest}"


def group(field: Field, context: Context) -> Reader:
    """The product's id, for products that have variants."""
    limit = field.limit or sys.maxsize

    def read(key: str, has_variants: bool | int) -> str | None:
        if not has_variants:
            return None
        return key if key.isalnum() and len(key) <= limit else _shortened_id(key, limit)

    return read


@checked(overflow=_cut_title)
def full_title(field: Field, context: Context) -> Reader:
    """The product's title and the variant's options; the title is cut first."""
    limit = field.limit or sys.maxsize

    def read(title: str | None, options: str | None, has_variants: bool | int) -> str | None:
        if not title:
            return None
        title = title.strip() if title.isprintable() else clean(title)
        if not title:
            return None
        if not has_variants:
            return shorten(title, limit) or None
        told = _told(options)
        if len(title) + len(told) <= limit:
            return title + told
        return _shortened_title(title, told, limit) or None

    return read


@lru_cache(maxsize=4096)
def _told(options: str | None) -> str:
    """`, Blue, 42`: the options as the end of a title."""
    return "".join(f", {value}" for value in map(clean, attributes.options(options).values()) if value)


def _shortened_title(title: str, told: str, limit: int) -> str:
    # What tells variants apart is worth more than the end of a long title.
    if len(told) <= limit // 2:
        return shorten(title, limit - len(told)) + told
    return shorten(title + told, limit)


@checked(doubt=_unusable_address)
def address(field: Field, context: Context) -> Reader:
    """An absolute http or https address, percent-encoded."""
    limit = field.limit or LONGEST_ADDRESS

    def read(found: str | None) -> str | None:
        if found and len(found) <= limit and is_encoded(found):
            return found
        return _usable(found, limit)

    return read


def _usable(found: str | None, limit: int) -> str | None:
    """The encoded address, or None where there is none or it is too long: a cut one leads nowhere."""
    usable = encoded(found) if found else None
    return usable if usable is not None and len(usable) <= limit else None


@checked(doubt=_no_image)
def main_image(field: Field, context: Context) -> Reader:
    """The variant's own image, else the product's first usable one."""
    limit = field.limit or LONGEST_ADDRESS

    def read(own: str | None, images: str | None) -> str | None:
        if own and len(own) <= limit and is_encoded(own):
            return own
        return _usable(own, limit) or next(iter(_images(images, limit)), None)

    return read


@checked(doubt=_no_image)
def comma_free_image(field: Field, context: Context) -> Reader:
    """The variant's own image, else the product's first usable one; commas are encoded."""
    read = main_image(field, context)

    def read_free(own: str | None, images: str | None) -> str | None:
        found = read(own, images)
        return found.replace(",", "%2C") if isinstance(found, str) else None

    return read_free


@checked(overflow=_too_many_images)
def more_images(field: Field, context: Context) -> Reader:
    """The product's other images, each once."""
    limit, times = field.limit or LONGEST_ADDRESS, field.times
    all_images = latest(partial(_images, limit=limit))

    def read(own: str | None, images: str | None) -> Words | None:
        usable = all_images(images)
        if not usable:
            return None
        main = own if own in usable else _usable(own, limit) or usable[0]
        return tuple([image for image in usable if image != main][:times]) or None

    return read


def joined_images(field: Field, context: Context) -> Reader:
    """The product's other images, parted by commas; commas inside are encoded."""
    read = more_images(field, context)

    def read_joined(own: str | None, images: str | None) -> str | None:
        found = read(own, images)
        return ",".join(image.replace(",", "%2C") for image in found) if isinstance(found, tuple) else None

    return read_joined


def _images(text: str | None, limit: int) -> Words:
    """The usable addresses of a JSON list, each once."""
    if not text or text == "[]":
        return ()
    if len(text) <= limit and _ENCODED_LIST(text):
        found = text[2:-2].split('","')
    else:
        found = [image for image in (_usable(each, limit) for each in orjson.loads(text)) if image]
    return tuple(found if len(set(found)) == len(found) else dict.fromkeys(found))


def constant(value: str) -> Rule:
    """A rule that gives the same value for every item."""

    def rule(field: Field, context: Context) -> Reader:
        """The same for every item."""
        return lambda: value

    return rule


def listed(*words: str) -> Rule:
    """A rule that gives the same list for every item."""

    def rule(field: Field, context: Context) -> Reader:
        """The same for every item."""
        return lambda: words

    return rule


def word(words: Mapping[str, str]) -> Rule:
    """A rule that gives the channel's word for ours, and nothing for one it does not know."""

    @checked(doubt=_unusable)
    def rule(field: Field, context: Context) -> Reader:
        """The channel's own word for it."""
        return words.get

    return rule


def price(field: Field, context: Context) -> Reader:
    """The regular price with its currency, rounded half up."""
    amount = money.amount

    def read(price: str | None, currency: str | None) -> str | None:
        number = amount(price, currency)
        return None if number is None else f"{number} {currency}"

    return read


def plain_price(field: Field, context: Context) -> Reader:
    """The regular price as a number, rounded half up."""
    return money.amount


@checked(doubt=_no_sale)
def sale_price(field: Field, context: Context) -> Reader:
    """The sale price with its currency, if lower, until the sale ends; dates announce a coming one."""
    now = context.now

    def read(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale is None:
            return None
        state = sales.phase_of(begin, end, now)
        # A price without dates holds at once, so a coming sale is only told with its dates.
        if state == sales.ACTIVE or (state == sales.PENDING and sales.window(begin, end)):
            number = money.reduced(price, sale, currency)
            return f"{number} {currency}" if number else None
        return None

    return read


def sale_window(field: Field, context: Context) -> Reader:
    """When the sale begins and ends, in UTC, for a sale that has an end."""
    sold = sale_price(field, context)

    def read(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale is None or not sold(sale, begin, end, price, currency):
            return None
        return sales.window(begin, end)

    return read


@checked(doubt=_no_sale)
def plain_sale_price(field: Field, context: Context) -> Reader:
    """The sale price as a number, if lower, until the sale ends."""
    now = context.now

    def read(
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
        price: str | None,
        currency: str | None,
    ) -> str | None:
        if sale is None or sales.phase_of(begin, end, now) == sales.ENDED:
            return None
        return money.reduced(price, sale, currency)

    return read


def sale_begin(field: Field, context: Context) -> Reader:
    """When the sale begins, in UTC, until it ends."""
    sold = plain_sale_price(field, context)
    return lambda sale, begin, *rest: sales.moment(begin) if sale and sold(sale, begin, *rest) else None


def sale_end(field: Field, context: Context) -> Reader:
    """When the sale ends, in UTC, until then."""
    sold = plain_sale_price(field, context)
    return lambda sale, begin, end, *rest: (
        sales.moment(end) if sale and sold(sale, begin, end, *rest) else None
    )


@checked(doubt=_unusable)
def gtin(field: Field, context: Context) -> Reader:
    """A GTIN whose length, check digit and prefix are right; any other is left out."""
    return lambda found: codes.gtin(found) if found else None


def branded(nobody: frozenset[str]) -> Rule:
    """A rule for brands that leaves out the words that mean there is none."""

    @checked(doubt=_no_brand, overflow=_cut_text)
    def rule(field: Field, context: Context) -> Reader:
        """The brand, unless it only says that there is none."""
        shown = text(field, context)

        def read(found: str | None) -> Value:
            return None if found and clean(found).casefold() in nobody else shown(found)

        return read

    return rule


@checked(doubt=_long_number)
def part_number(field: Field, context: Context) -> Reader:
    """The maker's number, else the shop's SKU; left out where it is too long."""
    limit = field.limit or sys.maxsize

    def read(mpn: str | None, sku: str | None) -> str | None:
        found = mpn or sku or ""
        found = found.strip() if found.isprintable() else clean(found)
        return found if found and len(found) <= limit else None

    return read


def identified(brand: Field, number: Field) -> Rule:
    """A rule that says `no` where there is neither a GTIN nor a brand with a number."""

    def rule(field: Field, context: Context) -> Reader:
        """`no` where there is neither a GTIN nor both brand and number."""
        maker, part = brand.rule(brand, context), number.rule(number, context)

        def read(gtin: str | None, name: str | None, mpn: str | None, sku: str | None) -> str | None:
            known = (gtin and codes.gtin(gtin)) or (maker(name) and part(mpn, sku))
            return None if known else "no"

        return read

    return rule


def option(attribute: str, usable: Callable[[str], bool] = bool) -> Rule:
    """A rule for a well-known attribute among the variant's options; see `attributes`."""

    def rule(field: Field, context: Context) -> Reader:
        """The option whose name means this, in any of eight languages."""
        shown = text(field, context)

        def read(options: str | None) -> Value:
            found = attributes.known(options).get(attribute, "")
            return shown(found) if usable(found) else None

        return read

    return rule


def all_options(field: Field, context: Context) -> Reader:
    """All options of the variant, name and value."""

    def read(options: str | None) -> dict[str, str] | None:
        found = attributes.options(options)
        return {clean(name): clean(value) for name, value in found.items()} or None

    return read


@checked(overflow=_long_path)
def deepest_category(field: Field, context: Context) -> Reader:
    """The first of the longest category paths; levels that do not fit are left out."""
    limit = field.limit or sys.maxsize

    def read(categories: str | None) -> str | None:
        path = _deepest(categories)
        while len(path) > limit and " > " in path:
            path = path.rpartition(" > ")[0]
        return shorten(path, limit) or None

    return read


def _deepest(categories: str | None) -> str:
    return max(_texts(categories), key=lambda path: path.count(" > "), default="")


def texts(field: Field, context: Context) -> Reader:
    """All of a list, each once."""
    return lambda found: _texts(found)[: field.times] or None


def _texts(text: str | None) -> Words:
    found = orjson.loads(text) if text else ()
    return tuple(dict.fromkeys(filter(None, map(clean, found))))


def number(field: Field, context: Context) -> Reader:
    """A whole number, never below zero."""
    return lambda found: None if found is None else max(found, 0)


def weight(units: Mapping[str, tuple[str, int]]) -> Rule:
    """A rule that gives `0.8 kg`; `units`: our unit -> the channel's and the most it takes."""

    @checked(doubt=_no_weight)
    def rule(field: Field, context: Context) -> Reader:
        """Number and unit; left out where it is zero or more than the channel takes."""

        def read(weight: str | None, unit: str | None) -> str | None:
            known, exact = units.get((unit or "").casefold()), _decimal(weight)
            if known is None or exact is None or not 0 < exact <= known[1]:
                return None
            return f"{exact:f} {known[0]}"

        return read

    return rule


def plain_weight(field: Field, context: Context) -> Reader:
    """The weight as a number."""

    def read(weight: str | None) -> str | None:
        exact = _decimal(weight)
        return f"{exact:f}" if exact is not None and exact > 0 else None

    return read


def _decimal(text: str | Decimal | None) -> Decimal | None:
    """The number with at most four decimals and no idle zeros, or None."""
    try:
        exact = Decimal(text or "x")
        rounded = exact.quantize(Decimal("0.0001")) if exact.is_finite() else None
    except InvalidOperation:
        return None
    if rounded is None:
        return None
    whole = rounded.to_integral_value()
    return whole if rounded == whole else rounded.normalize()


def unset(field: Field, context: Context) -> Reader:
    """Only what the feed's mapping says."""
    return lambda *columns: None


def setting(name: str) -> Rule:
    """A rule that gives what the owner set for the whole feed."""

    @checked(doubt=lambda field, context: lambda *columns: "setting" if field.required else None)
    def rule(field: Field, context: Context) -> Reader:
        """What is set for the whole feed."""
        value = shorten(clean(context.settings.get(name, "")), field.limit or sys.maxsize) or None
        return lambda *columns: value

    return rule


def setting_list(name: str) -> Rule:
    """A rule that gives what the owner set for the whole feed, parted by commas."""

    @checked(doubt=lambda field, context: lambda *columns: "setting" if field.required else None)
    def rule(field: Field, context: Context) -> Reader:
        """What is set for the whole feed."""
        limit = field.limit or sys.maxsize
        found = [clean(each) for each in context.settings.get(name, "").split(",")]
        value = tuple(dict.fromkeys(each for each in found if 0 < len(each) <= limit)) or None
        return lambda *columns: value

    return rule


def current_price(field: Field, context: Context) -> Reader:
    """What the buyer pays now: the sale price while a sale is on, else the regular one."""
    now = context.now

    def read(
        price: str | None,
        currency: str | None,
        sale: str | None,
        begin: datetime | None,
        end: datetime | None,
    ) -> str | None:
        if sale is not None and sales.phase_of(begin, end, now) == sales.ACTIVE:
            return money.reduced(price, sale, currency) or money.amount(price, currency)
        return money.amount(price, currency)

    return read


def price_before(field: Field, context: Context) -> Reader:
    """The regular price while a sale is on."""
    current = current_price(field, context)

    def read(price: str | None, currency: str | None, *sale: Any) -> str | None:
        regular = money.amount(price, currency)
        return regular if regular != current(price, currency, *sale) else None

    return read


def sale_period(field: Field, context: Context) -> Reader:
    """When the sale begins and ends, in UTC with a colon in the offset, for a sale that has an end."""
    window = sale_window(field, context)

    def read(*columns: Any) -> str | None:
        found = window(*columns)
        return found.replace("+0000", "+00:00") if isinstance(found, str) else None

    return read


def ean(field: Field, context: Context) -> Reader:
    """A valid GTIN in 13 digits; any other is left out."""
    return lambda found: _ean(found) if found else None


def _ean(found: str) -> str | None:
    number = codes.gtin(found)
    if number is None or len(number) == 14:
        return None
    return number.zfill(13)


def category_path(joint: str, root: str = "") -> Rule:
    """A rule for the longest category path in a channel's own spelling, below a root of its own."""

    @checked(overflow=_long_path)
    def rule(field: Field, context: Context) -> Reader:
        """The first of the longest category paths; levels that do not fit are left out."""
        limit = field.limit or sys.maxsize

        def read(categories: str | None) -> str | None:
            levels = [root, *_deepest(categories).split(" > ")] if root else _deepest(categories).split(" > ")
            while len(joint.join(levels)) > limit and len(levels) > 1:
                levels.pop()
            path = joint.join(levels)
            return path if levels != [""] and levels != [root, ""] and len(path) <= limit else None

        return read

    return rule


def narrow_identifier(field: Field, context: Context) -> Reader:
    """The id in letters, digits, hyphens and underscores; any other ends in a digest of the whole."""
    limit = field.limit or sys.maxsize

    def read(key: str | None) -> str | None:
        if not key:
            return None
        return key if len(key) <= limit and _NARROW(key) else _narrowed(key, limit)

    return read


_NARROW = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def _narrowed(key: str, limit: int) -> str:
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub('[^A-Za-z0-9_-]', '', key)[: limit - 17]}-{digest}"


def narrow_group(field: Field, context: Context) -> Reader:
    """The product's id as items have it, for products that have variants."""
    read_id = narrow_identifier(field, context)
    return lambda key, has_variants: read_id(key) if has_variants else None


#: By unit.
GRAMS = {"kg": "1000", "g": "1", "lb": "453.59237", "lbs": "453.59237", "oz": "28.349523125"}


def grams(field: Field, context: Context) -> Reader:
    """The weight in whole grams."""
    factors = {unit: Decimal(grams) for unit, grams in GRAMS.items()}

    def read(weight: str | None, unit: str | None) -> int | None:
        exact, factor = _decimal(weight), factors.get((unit or "").casefold())
        if exact is None or factor is None or exact <= 0:
            return None
        return max(1, int((exact * factor).to_integral_value(ROUND_HALF_UP)))

    return read


def kilograms(field: Field, context: Context) -> Reader:
    """The weight in kilograms."""
    in_grams = grams(field, context)

    def read(weight: str | None, unit: str | None) -> str | None:
        found = in_grams(weight, unit)
        return f"{(Decimal(found) / 1000).normalize():f}" if isinstance(found, int) else None

    return read


def in_stock_number(field: Field, context: Context) -> Reader:
    """How many there are: none where it is sold out, and one where the shop does not count."""

    def read(quantity: int | None, availability: str | None) -> int:
        if availability != "in_stock":
            return 0
        return 1 if quantity is None else max(quantity, 0)

    return read


def yes_or_no(column_means: str, yes: str = "true", no: str = "false") -> Rule:
    """A rule that turns a truth into the channel's words."""

    def rule(field: Field, context: Context) -> Reader:
        """Whether it is so, in the channel's words."""
        return lambda found: yes if found else no

    rule.__doc__ = f"Whether {column_means}, in the channel's words."
    return rule
